"""Matters off the list (`/desk/off-list/…`): explain, ask the home window, answer (P24)."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tongban.cases import off_list as reads
from tongban.cases import permissions, queries
from tongban.cases.models import Case, OffListRequest, OffListState
from tongban.cases.operations import off_list
from tongban.kernel import ids, numbers, refusals, worktime
from tongban.people.actors import Actor
from tongban.web.kit import form_fields, once, owed, requests
from tongban.web.kit.requests import TongbanRequest

PAGE = 50
NOT_OPEN = (permissions.NotThisState, permissions.NotYourPart)


def _actor(request: HttpRequest) -> Actor:
    return cast(TongbanRequest, request).actor


@once.once
def new(request: HttpRequest, number: str) -> HttpResponse:
    """Ask the home window about a matter off the list, or explain and take nothing in; a GET shows the form."""
    case = queries.get(ids.id_of(number), for_=_actor(request))
    if request.method != "POST":
        try:
            permissions.require_edit(case, by=_actor(request))
        except NOT_OPEN:
            return redirect(f"/desk/cases/{case.number}/")
        return _form(request, case)
    permissions.require_edit(case, by=_actor(request))
    if request.POST.get("do") == "place":
        return _form(request, case, status=422)
    try:
        return _done(request, case)
    except refusals.NotFound:
        raise
    except refusals.Refusal as refusal:
        return _form(request, case, refusal=refusal, status=refusal.status)


def _done(request: HttpRequest, case: Case) -> HttpResponse:
    said, by, at = request.POST, _actor(request), requests.time_of(request)
    matter, home = said.get("matter", ""), form_fields.picked_place(said) or ""
    if said.get("do") == "explain":
        off_list.explain(case.id, matter=matter, home_code=home, told=said.get("told", ""), by=by, at=at)
        messages.success(request, _("已记录解释说明，本件结束，情况已报上一级。"))
        return redirect(f"/desk/cases/{case.number}/")
    off_list.ask(case.id, matter=matter, home_code=home, why=said.get("why", ""), by=by, at=at)
    messages.success(request, _("已请示属地窗口。答复前，申请人信息可以继续填写。"))
    return redirect("off_list_request", case.number)


def _form(
    request: HttpRequest, case: Case, *, refusal: refusals.Refusal | None = None, status: int = 200
) -> HttpResponse:
    last = reads.latest_or_none(case.id)
    place = form_fields.picked_place(request.POST)
    matter = request.GET.get("q", "")[:120] or (last.matter if last else "")
    declined = last is not None and last.outcome == OffListState.DECLINED
    told = _("您要办的事项不在西南五省统一公布的“跨省通办”事项清单内，请向属地办理机关咨询和申请。")
    shown = {
        "case": case,
        "refusal": refusal,
        "fields": refusal.fields if refusal else {},
        "matter": request.POST.get("matter", matter),
        "why": request.POST.get("why", ""),
        "told": request.POST.get("told", (last.answer if declined and last else "") or told),
        "selects": form_fields.selects_of(
            case.home_code if place is None else place,
            on=requests.time_of(request).astimezone(worktime.BEIJING).date(),
        ),
    }
    return render(request, "workbench/off_list/new.html", shown, status=status)


@require_safe
def list_(request: HttpRequest) -> HttpResponse:
    """Show the requests of the person's windows, the newest first."""
    rows = reads.page_of(
        reads.visible_to(_actor(request)),
        after=requests.moment_of(request.GET.get("after", "")),
        limit=PAGE + 1,
    )
    shown = {
        "rows": rows[:PAGE],
        "next": requests.moment_text(rows[PAGE - 1].asked_at, rows[PAGE - 1].id) if len(rows) > PAGE else "",
    }
    return render(request, "workbench/off_list/list.html", shown)


@once.once
def page(request: HttpRequest, number: str) -> HttpResponse:
    """Show a request; a post answers it (the home window) or takes it back (the receiving one)."""
    row = reads.get(ids.id_of(number), for_=_actor(request))
    if request.method != "POST":
        return _page(request, row)
    try:
        _answer(request, row)
    except refusals.NotFound:
        raise
    except refusals.Refusal as refusal:
        return _page(request, reads.get(row.case_id, for_=_actor(request)), refusal=refusal)
    return redirect("off_list_request", number)


def _answer(request: HttpRequest, row: OffListRequest) -> None:
    said, by, at = request.POST, _actor(request), requests.time_of(request)
    if said.get("do") == "drop":
        off_list.drop(row.case_id, by=by, at=at)
        messages.success(request, _("已撤回请示，可以重新选择事项。"))
    elif said.get("do") == "decline":
        off_list.decline(row.case_id, words=said.get("words", ""), by=by, at=at)
        messages.success(request, _("已答复：不同意办理。"))
    else:
        off_list.consent(
            row.case_id,
            materials=said.get("materials", ""),
            legal_limit=numbers.whole(said.get("legal_limit", "")) or 0,
            promised_limit=numbers.whole(said.get("promised_limit", "")) or 0,
            words=said.get("note", ""),
            by=by,
            at=at,
        )
        messages.success(request, _("已答复：同意办理。收件地窗口将按您列的材料收件。"))


def _page(
    request: HttpRequest, row: OffListRequest, *, refusal: refusals.Refusal | None = None
) -> HttpResponse:
    actor, at, case = _actor(request), requests.time_of(request), row.case
    duty = reads.duty_of(case.id) if row.outcome == OffListState.ASKED else None
    shown: dict[str, Any] = {
        "row": row,
        "case": case,
        "owed": owed.of(duty, at=at) if duty else None,
        "may_answer": permissions.may_step("consent_off_list", case, by=actor) and duty is not None,
        "may_drop": permissions.may_step("drop_off_list", case, by=actor) and duty is not None,
        "is_mine": row.receiving_window_id in actor.window_ids,
        "refusal": refusal,
        "fields": refusal.fields if refusal else {},
        "typed": request.POST,
    }
    return render(
        request, "workbench/off_list/request.html", shown, status=refusal.status if refusal else 200
    )


urlpatterns = [
    path("receive/<str:number>/off-list/", new, name="off_list_new"),
    path("off-list/", list_, name="off_list"),
    path("off-list/<str:number>/", page, name="off_list_request"),
]
