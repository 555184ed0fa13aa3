"""Ratings and rectifications of somebody's area (`/overview/ratings/`, `/overview/rectifications/`; F4)."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tongban.feedback import permissions, queries
from tongban.feedback.models import Rectification
from tongban.feedback.operations import rectifications
from tongban.feedback.states import AppealOutcome, CallBack
from tongban.kernel import ids, refusals
from tongban.web.kit import once, owed, requests
from tongban.web.overview import door

PAGE = 50


@require_safe
@door.open_to_authorities
def page(request: HttpRequest) -> HttpResponse:
    """Show how often each level was given in three months, by authority, and the newest ratings one by one."""
    actor, at = door.actor_of(request), requests.time_of(request)
    since = queries.month_of(at, back=2)
    rows = queries.ratings_page(
        queries.ratings_visible_to(actor),
        after=requests.moment_of(request.GET.get("after", "")),
        limit=PAGE + 1,
    )
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    shown = {
        "since": since,
        "figures": queries.figures_by_authority(actor, since=since),
        "guidance": queries.guidance_counts(actor, since=since),
        "rows": rows[:PAGE],
        "next": requests.moment_text(last.rated_at, last.id) if last else "",
        "may_import": bool(actor.managed_prefixes),
    }
    return render(request, "overview/ratings.html", shown)


@require_safe
@door.open_to_authorities
def list_(request: HttpRequest) -> HttpResponse:
    """Show the rectifications of somebody's area, the newest first, each with what is owed next."""
    actor, at = door.actor_of(request), requests.time_of(request)
    after = requests.moment_of(request.GET.get("after", ""))
    rows = queries.rectifications_page(actor, after=after, limit=PAGE + 1)
    duties = queries.duties_of([r.id for r in rows])
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    lines = [(r, owed.of(duties[r.id][0], at=at) if r.id in duties else None) for r in rows[:PAGE]]
    shown = {"lines": lines, "next": requests.moment_text(last.opened_at, last.id) if last else ""}
    return render(request, "overview/rectifications.html", shown)


@door.open_to_authorities
@once.once
def one(request: HttpRequest, number: str) -> HttpResponse:
    """Show a rectification; a post takes its next step."""
    id_, actor = ids.id_of(number), door.actor_of(request)
    row = queries.rectification(id_, for_=actor)
    if request.method != "POST":
        return _one(request, row)
    verb = request.POST.get("do", "")
    try:
        if verb == "phone":
            phone = rectifications.phone(id_, by=actor, at=requests.time_of(request))
            return _one(request, row, phone=phone)
        _VERBS.get(verb, _unknown)(id_, request)
    except refusals.NotFound:
        raise
    except refusals.Refusal as refusal:
        return _one(request, queries.rectification(id_, for_=actor), refusal=refusal)
    messages.success(request, _("已登记。"))
    return redirect("overview_rectification", number)


def _one(request: HttpRequest, row: Rectification, **more: Any) -> HttpResponse:
    actor, at = door.actor_of(request), requests.time_of(request)
    appeal, refusal = queries.appeal_of(row.rating_id), more.get("refusal")
    open_ids = [row.id, *([appeal.id] if appeal else [])]
    duties = [d for rows in queries.duties_of(open_ids).values() for d in rows]
    shown = {
        "row": row,
        "owed": owed.with_bearers(duties, at=at),
        "appeal": appeal,
        "may_act": permissions.answers_for(actor, row.authority),
        "may_decide": appeal is not None
        and not appeal.outcome
        and permissions.answers_for(actor, appeal.decided_by)
        and appeal.made_by_id != actor.id,
        "results": CallBack.choices,
        "outcomes": AppealOutcome.choices,
        "typed": request.POST,
        "fields": refusal.fields if refusal else {},
        **more,
    }
    return render(request, "overview/rectification.html", shown, status=refusal.status if refusal else 200)


def _unknown(id_: int, request: HttpRequest) -> None:
    raise refusals.NotFound()


def _said(request: HttpRequest, *names: str) -> dict[str, Any]:
    said = {name: request.POST.get(name, "") for name in names}
    return {**said, "by": door.actor_of(request), "at": requests.time_of(request)}


_VERBS: dict[str, Callable[[int, HttpRequest], Any]] = {
    "contact": lambda id_, r: rectifications.contact(id_, **_said(r, "note")),
    "extend": lambda id_, r: rectifications.extend(id_, **_said(r, "reason")),
    "rectify": lambda id_, r: rectifications.rectify(id_, **_said(r, "measures", "reply")),
    "call_back": lambda id_, r: rectifications.call_back(id_, **_said(r, "result", "note")),
    "appeal": lambda id_, r: rectifications.appeal(id_, **_said(r, "reason")),
    "decide": lambda id_, r: rectifications.decide(id_, **_said(r, "outcome", "words")),
}

urlpatterns = [
    path("ratings/", page, name="overview_ratings"),
    path("rectifications/", list_, name="overview_rectifications"),
    path("rectifications/<str:number>/", one, name="overview_rectification"),
]
