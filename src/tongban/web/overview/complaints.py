"""Complaints of somebody's area (`/overview/complaints/`): answer, answer together, take over what is late (P11)."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tongban.feedback import permissions, queries
from tongban.feedback.models import Complaint
from tongban.feedback.operations import complaints
from tongban.kernel import ids, numbers, refusals
from tongban.web.kit import complaining, once, owed, requests
from tongban.web.overview import door

PAGE = 50


@require_safe
@door.open_to_authorities
def list_(request: HttpRequest) -> HttpResponse:
    """Show the complaints of somebody's area, the newest first, each with its owners and what is owed next."""
    actor, at = door.actor_of(request), requests.time_of(request)
    state = "open" if request.GET.get("only") == "open" else ""
    after = requests.moment_of(request.GET.get("after", ""))
    rows = queries.complaints_page(actor, after=after, state=state, limit=PAGE + 1)
    ids_ = [r.id for r in rows]
    duties, owners = queries.duties_of(ids_), queries.owners_by_complaint(ids_)
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    lines = [
        (r, owners.get(r.id, []), owed.of(duties[r.id][0], at=at) if r.id in duties else None)
        for r in rows[:PAGE]
    ]
    next_ = requests.moment_text(last.filed_at, last.id) if last else ""
    shown = {"lines": lines, "next": next_, "only": state, "may_import": bool(actor.managed_prefixes)}
    return render(request, "overview/complaints.html", shown)


@door.open_to_authorities
@once.once
def new(request: HttpRequest) -> HttpResponse:
    """Enter what somebody told the hotline or the authority itself."""
    return complaining.enter(
        request, template="overview/complaint_new.html", then="overview_complaints", by_phone=True
    )


@door.open_to_authorities
@once.once
def one(request: HttpRequest, number: str) -> HttpResponse:
    """Show a complaint; a post answers it, agrees, objects, or brings in the second place."""
    id_, actor = ids.id_of(number), door.actor_of(request)
    row = queries.complaint(id_, for_=actor)
    if request.method != "POST":
        return _one(request, row)
    try:
        if request.POST.get("do") == "who":
            who = complaints.complainant(id_, by=actor, at=requests.time_of(request))
            return _one(request, row, who=who)
        if request.POST.get("do") == "place":
            return _one(request, row)
        _act(request, id_)
    except refusals.NotFound:
        raise
    except refusals.Refusal as refusal:
        return _one(request, queries.complaint(id_, for_=actor), refusal=refusal)
    messages.success(request, _("已登记。"))
    return redirect("overview_complaint", number)


def _act(request: HttpRequest, id_: int) -> None:
    said, by, at = request.POST, door.actor_of(request), requests.time_of(request)
    seen = numbers.whole(said.get("revision", ""))
    if said.get("do") == "agree":
        complaints.agree(id_, by=by, at=at, revision=seen)
    elif said.get("do") == "object":
        complaints.object_to(id_, words=said.get("words", ""), by=by, at=at, revision=seen)
    elif said.get("do") == "involve":
        code = complaining.picked_place(request).code
        complaints.involve(id_, place_code=code, by=by, at=at, revision=seen)
    else:
        complaints.answer(id_, answer=said.get("answer", ""), by=by, at=at, revision=seen)


def _one(request: HttpRequest, row: Complaint, **more: Any) -> HttpResponse:
    actor, at = door.actor_of(request), requests.time_of(request)
    owners, refusal = queries.owners_of(row.id), more.get("refusal")
    is_above = complaints.is_above(row, actor)
    leads = any(o.leads and permissions.answers_for(actor, o.authority) for o in owners)
    agrees = any(not o.leads and permissions.answers_for(actor, o.authority) for o in owners)
    duties = queries.duties_of([row.id]).get(row.id, [])
    shown = {
        "row": row,
        "owners": owners,
        "owed": owed.with_bearers(duties, at=at),
        "may_answer": row.state == "open" and (leads or is_above),
        "may_agree": row.state == "open" and agrees and row.draft,
        "may_involve": row.state == "open" and leads and len(owners) == 1,
        "may_know": leads or agrees or is_above,
        "place": complaining.picked_place(request),
        "typed": request.POST,
        "fields": refusal.fields if refusal else {},
        **more,
    }
    return render(request, "overview/complaint.html", shown, status=refusal.status if refusal else 200)


urlpatterns = [
    path("complaints/", list_, name="overview_complaints"),
    path("complaints/new/", new, name="overview_complaint_new"),
    path("complaints/<str:number>/", one, name="overview_complaint"),
]
