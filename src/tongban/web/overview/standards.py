"""Standards in the overview: which procedure stands at which stage, every version with who and when (B4, P23)."""

import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tongban.catalogue import elements, permissions, queries, rules, standards
from tongban.catalogue.models import AcceptanceStandard, Procedure, Stage
from tongban.catalogue.operations import publishing
from tongban.directory import queries as directory
from tongban.directory.models import Level
from tongban.kernel import refusals, worktime
from tongban.people.actors import Actor
from tongban.web.kit import once, requests
from tongban.web.overview import door, element_form, standard_form

PAGE = 40
ACTS: dict[str, str | Promise] = {
    "standard.begin": gettext_lazy("开始起草"),
    "standard.submit": gettext_lazy("送审"),
    "standard.send_back": gettext_lazy("退回修改"),
    "standard.discard": gettext_lazy("删除草案"),
    "standard.publish": gettext_lazy("审核发布"),
    "standard.withdraw": gettext_lazy("撤销"),
    "standard.open_difference": gettext_lazy("提出差异事项"),
    "standard.answer_difference": gettext_lazy("答复差异事项"),
    "standard.settle_difference": gettext_lazy("决定差异事项"),
    "standard.edit_procedure": gettext_lazy("修改办理项"),
    "standard.make_procedure": gettext_lazy("新建办理项"),
}


def today_of(request: HttpRequest) -> datetime.date:
    """Give the day in Beijing on which a request happens."""
    return requests.time_of(request).astimezone(worktime.BEIJING).date()


@require_safe
@door.open_to_authorities
def index(request: HttpRequest) -> HttpResponse:
    """List procedures with the stage at which each stands in each province; what waits for the person first."""
    actor, on = door.actor_of(request), today_of(request)
    words, after = request.GET.get("q", "")[:60], request.GET.get("after", "")[:20]
    rows = queries.procedures(words, after=after, limit=PAGE + 1)
    provinces = list(directory.divisions_of(None, on=on))
    lines = queries.lines_in_force([p.id for p in rows[:PAGE]], on=on, with_content=False)
    shown = {
        "rows": [(p, _stages(p, lines, [d.code for d in provinces])) for p in rows[:PAGE]],
        "provinces": provinces,
        "words": words,
        "next": rows[PAGE - 1].key if len(rows) > PAGE else "",
        "waiting": [(d, permissions.may_review(d, by=actor)) for d in queries.drafts_waiting(actor)],
    }
    return render(request, "overview/standards.html", shown)


def _stages(
    procedure: Procedure, lines: list[AcceptanceStandard], provinces: list[str]
) -> list[AcceptanceStandard | None]:
    """Give the standard in force in each province; the lines come with the one that goes first first."""
    own = [row for row in lines if row.procedure_id == procedure.id]
    return [next((row for row in own if row.province_id in (code, None)), None) for code in provinces]


@require_safe
@door.open_to_authorities
def procedure(request: HttpRequest, key: str) -> HttpResponse:
    """Show a procedure: what holds where, every version, the drafts, and who did what."""
    return _procedure(request, queries.procedure(key))


def _procedure(request: HttpRequest, row: Procedure, refusal: refusals.Refusal | None = None) -> HttpResponse:
    actor, on = door.actor_of(request), today_of(request)
    provinces = list(directory.divisions_of(None, on=on))
    in_force = queries.lines_in_force([row.id], on=on, with_content=False)
    drafts = queries.drafts_of(row.id, for_=actor)
    names = {d.code: d.name for d in provinces}
    elements.applied(row, queries.newest_elements(row.id, on=on))
    shown = {
        "procedure": row,
        "levels": [Level(level).label for level in row.levels],
        "modes": [standard_form.MODES.get(mode, mode) for mode in row.modes],
        "places": list(zip(provinces, _stages(row, in_force, [d.code for d in provinces]), strict=True)),
        "versions": [(v, queries.standing(v, in_force, on=on)) for v in queries.versions_of(row.id)],
        "drafts": [(d, permissions.may_review(d, by=actor)) for d in drafts],
        "may_begin": _may_begin(actor, row, {(d.province_id, d.stage) for d in drafts}),
        "acts": [
            (ACTS.get(e.code, e.code), e, names.get(e.payload.get("province", ""), ""))
            for e in queries.history_of(row.id)
        ],
        "open_differences": queries.open_differences(row.id).count(),
        "refusal": refusal,
    }
    status = refusal.status if refusal else 200
    return render(request, "overview/procedure.html", shown, status=status)


def _may_begin(
    actor: Actor, row: Procedure, begun: set[tuple[str | None, int]]
) -> list[tuple[int, str, Any]]:
    """Give what somebody may begin: stage, province, and what the button says."""
    offers: list[tuple[int, str, Any]] = []
    for code in permissions.provinces_of(actor):
        if row.province_id in (None, code):
            offers.append((Stage.PROVINCE, code, _("起草本省统一标准")))
            offers.append((Stage.GUIDE, code, _("登记本省办事指南")))
    if row.province_id is None and permissions.may_edit(None, by=actor):
        offers.append((Stage.FIVE_PROVINCES, "", _("起草五省统一标准")))
    if permissions.may_edit(row.province_id, by=actor):
        offers.append((Stage.ELEMENTS, row.province_id or "", _("修改办理项要素")))
    return [(s, code, label) for s, code, label in offers if (code or None, s) not in begun]


@require_POST
@door.open_to_authorities
@once.once
def begin(request: HttpRequest, key: str) -> HttpResponse:
    """Begin a draft and go to write it."""
    row, stage = queries.procedure(key), request.POST.get("stage", "")
    try:
        draft = publishing.begin(
            row,
            province=request.POST.get("province") or None,
            stage=int(stage) if stage.isdigit() and len(stage) < 3 else 0,
            by=door.actor_of(request),
            at=requests.time_of(request),
        )
    except refusals.Refusal as refusal:
        return _procedure(request, row, refusal)
    return redirect("overview_draft", draft.id)


@require_safe
@door.open_to_authorities
def version(request: HttpRequest, standard_id: int) -> HttpResponse:
    """Show a published version the way the receive page will."""
    return _version(request, queries.version(standard_id))


def _version(
    request: HttpRequest, row: AcceptanceStandard, refusal: refusals.Refusal | None = None
) -> HttpResponse:
    on = today_of(request)
    in_force = queries.lines_in_force([row.procedure_id], on=on, with_content=False)
    shown = {
        "row": row,
        "standing": queries.standing(row, in_force, on=on),
        "may_withdraw": permissions.may_edit(row.province_id, by=door.actor_of(request))
        and not getattr(row, "withdrawal", None)
        and not row.is_sample,
        "refusal": refusal,
        "typed": request.POST.get("reason", ""),
        **_said(row, request),
    }
    return render(request, "overview/version.html", shown, status=refusal.status if refusal else 200)


def _said(row: AcceptanceStandard, request: HttpRequest) -> dict[str, Any]:
    if row.stage == Stage.ELEMENTS:
        return {"elements": element_form.words_of(row.content)}
    return preview_of(standards.of(row), request, legal=row.legal_limit, promised=row.promised_limit)


def preview_of(
    content: standards.Standard, request: HttpRequest, *, legal: Any, promised: Any
) -> dict[str, Any]:
    """Give what the preview shows of a standard, in the circumstance that was chosen."""
    known = [c.key for c in content.circumstances]
    chosen = request.GET.get("circumstance", "")
    chosen = chosen if chosen in known else ""
    return {
        "content": content,
        "chosen": chosen,
        "circumstances": [(c.key, c.name, c.key == chosen) for c in content.circumstances],
        "materials": content.materials_for(chosen),
        "fields": content.fields_for(chosen),
        "legal": legal,
        "promised": promised,
        "modes": [standard_form.MODES.get(m, m) for m in content.modes],
        "delivery": [standard_form.DELIVERY.get(d, d) for d in content.delivery],
    }


@require_POST
@door.open_to_authorities
@once.once
def withdraw(request: HttpRequest, standard_id: int) -> HttpResponse:
    """Take a published version back from today on."""
    row = queries.version(standard_id)
    try:
        publishing.withdraw(
            row.id,
            reason=request.POST.get("reason", ""),
            by=door.actor_of(request),
            at=requests.time_of(request),
        )
    except rules.UnknownStandard:
        raise
    except refusals.Refusal as refusal:
        return _version(request, row, refusal)
    messages.success(request, _("已撤销。今天起新收的办件不再使用这一版，已收的办件不受影响。"))
    return redirect("overview_version", row.id)


urlpatterns = [
    path("standards/", index, name="overview_standards"),
    path("standards/of/<str:key>/", procedure, name="overview_procedure"),
    path("standards/of/<str:key>/begin/", begin, name="overview_begin"),
    path("standards/versions/<int:standard_id>/", version, name="overview_version"),
    path("standards/versions/<int:standard_id>/withdraw/", withdraw, name="overview_withdraw"),
]
