"""Pilots (`/overview/pilots/`): proposed by one place, agreed by the other, judged by figures (B5, P6, W16)."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tongban.cases import pilots as figures
from tongban.catalogue import listing, rules
from tongban.catalogue.models import Pilot
from tongban.catalogue.operations import pilots as operations
from tongban.directory import queries as directory
from tongban.kernel import numbers, refusals
from tongban.people.roles import Role
from tongban.web.kit import once, requests
from tongban.web.overview import door
from tongban.web.overview.standards import today_of

PAGE = 50
STANDINGS: dict[str, str | Promise] = {
    "proposed": gettext_lazy("等待对方答复"),
    "declined": gettext_lazy("对方未同意"),
    "coming": gettext_lazy("尚未开始"),
    "running": gettext_lazy("进行中"),
    "over": gettext_lazy("已结束"),
}
# What is asked for in a proposal: name, label, kind of input, help.
FIELDS: tuple[tuple[str, str | Promise, str, str | Promise], ...] = (
    ("name", gettext_lazy("试点事项名称"), "text", ""),
    ("lead_department", gettext_lazy("牵头部门"), "text", ""),
    ("why", gettext_lazy("为什么试点"), "long", gettext_lazy("例如：近一年清单外需求、群众往来情况。")),
    (
        "materials",
        gettext_lazy("需要的材料"),
        "long",
        gettext_lazy("一行一份，例如：身份证，原件1份，复印件2份。两地都按这份清单收件。"),
    ),
    ("legal_limit", gettext_lazy("法定时限（工作日）"), "number", ""),
    ("promised_limit", gettext_lazy("承诺期限（工作日）"), "number", ""),
    ("begin_on", gettext_lazy("开始日期"), "date", ""),
    ("end_on", gettext_lazy("结束日期"), "date", gettext_lazy("最后一天；双方可以提前结束。")),
)


@require_safe
@door.open_to_authorities
def page(request: HttpRequest) -> HttpResponse:
    """Show the pilots, the newest first, and a form to propose one."""
    return _page(request)


def _page(request: HttpRequest, refusal: refusals.Refusal | None = None) -> HttpResponse:
    actor, on = door.actor_of(request), today_of(request)
    rows = listing.pilots(before=numbers.whole(request.GET.get("before", "")), limit=PAGE + 1)
    own = listing.places_of(actor)
    first = request.POST.get("first") or request.GET.get("first", "")
    first = first if first in [code for code, _place in own] else (own[0][0] if own else "")
    typed, wrong = request.POST, refusal.fields if refusal else {}
    shown = {
        "rows": [
            (row, STANDINGS[key], key) for row in rows[:PAGE] if (key := listing.standing_of(row, on=on))
        ],
        "next": rows[PAGE - 1].id if len(rows) > PAGE else "",
        "own": own,
        "first": first,
        "peers": list(directory.peers_of(first, on=on)) if first else [],
        "second": typed.get("second", ""),
        "inputs": [
            {
                "name": n,
                "label": label,
                "type": kind,
                "help": help_,
                "value": typed.get(n, ""),
                "error": wrong.get(n),
            }
            for n, label, kind, help_ in FIELDS
        ],
        "refusal": refusal,
    }
    return render(request, "overview/pilots.html", shown, status=refusal.status if refusal else 200)


@require_POST
@door.open_to_authorities
@once.once
def propose(request: HttpRequest) -> HttpResponse:
    """Propose a pilot to another place."""
    data = request.POST
    said: dict[str, Any] = {n: data.get(n, "") for n in ("first", "second", "name", "lead_department", "why")}
    said |= {n: numbers.whole(data.get(n, "")) for n in ("legal_limit", "promised_limit")}
    said |= {n: requests.date_of(data.get(n, "")) for n in ("begin_on", "end_on")}
    try:
        row = operations.propose(
            **said,
            materials=data.get("materials", ""),
            by=door.actor_of(request),
            at=requests.time_of(request),
        )
    except operations.NotYourPilot:
        raise
    except refusals.Refusal as refusal:
        return _page(request, refusal)
    messages.success(request, _("已提出，等待{place}答复。").format(place=row.second.name))
    return redirect("pilot", row.id)


@require_safe
@door.open_to_authorities
def one(request: HttpRequest, pilot_id: int) -> HttpResponse:
    """Show a pilot with its figures, and what the person may do with it."""
    return _one(request, listing.pilot(pilot_id))


def _one(request: HttpRequest, row: Pilot, refusal: refusals.Refusal | None = None) -> HttpResponse:
    actor = door.actor_of(request)
    standing = listing.standing_of(row, on=today_of(request))
    is_side = operations.may_act_for(row.first_id, row.second_id, by=actor)
    shown = {
        "row": row,
        "standing": STANDINGS[standing],
        "key": standing,
        "last_day": listing.last_day(row),
        "figures": figures.figures(row) if row.procedure_id else [],
        "may_answer": standing == "proposed" and operations.may_act_for(row.second_id, by=actor),
        "may_end": is_side and standing in ("running", "coming"),
        "may_recommend": is_side and standing in ("running", "over") and row.recommended_at is None,
        "drafts": listing.draft_batches()
        if actor.has(Role.GROUP) and row.recommended_at and not row.batch_id
        else None,
        "typed": request.POST,
        "refusal": refusal,
    }
    return render(request, "overview/pilot.html", shown, status=refusal.status if refusal else 200)


@require_POST
@door.open_to_authorities
@once.once
def act(request: HttpRequest, pilot_id: int) -> HttpResponse:
    """Agree, say no, end, propose for the next batch, or take into a batch."""
    by, at, data = door.actor_of(request), requests.time_of(request), request.POST
    row, do, words = listing.pilot(pilot_id), data.get("do", ""), data.get("words", "")
    try:
        if do == "end":
            operations.end(row.id, by=by, at=at)
            messages.success(request, _("试点已结束，已收的办件继续办理。"))
        elif do == "recommend":
            operations.recommend(row.id, words=words, by=by, at=at)
            messages.success(request, _("已推荐列入下一批清单，等待协调小组答复。"))
        elif do == "take_up":
            operations.take_up(row.id, batch_id=numbers.whole(data.get("batch", "")) or 0, by=by, at=at)
            messages.success(request, _("已列入正在编制的清单。"))
        else:
            operations.answer(row.id, agrees=do == "agree", words=words, by=by, at=at)
            messages.success(request, _("已答复。"))
    except (rules.UnknownPilot, operations.NotYourPilot):
        raise
    except refusals.Refusal as refusal:
        return _one(request, listing.pilot(pilot_id), refusal)
    return redirect("pilot", row.id)


urlpatterns = [
    path("pilots/", page, name="pilots"),
    path("pilots/propose/", propose, name="pilot_propose"),
    path("pilots/<int:pilot_id>/", one, name="pilot"),
    path("pilots/<int:pilot_id>/act/", act, name="pilot_act"),
]
