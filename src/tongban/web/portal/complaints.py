"""Complain (`/complain/`) and follow it (`/complaints/`): by number and last four, or in one's own space (F5, P11)."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from tongban.cases import queries as cases
from tongban.feedback import queries, rules
from tongban.feedback.models import Complaint
from tongban.feedback.operations import complaints
from tongban.feedback.states import ComplaintKind, Road
from tongban.kernel import ids, links, refusals, worktime
from tongban.people import limits
from tongban.people.actors import SYSTEM
from tongban.web.kit import complaining, picking, rating, requests
from tongban.web.portal import my

PURPOSE = "complaint"


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def complain(request: HttpRequest) -> HttpResponse:
    """Take a complaint in, with or without signing in, and acknowledge it with its number at once."""
    said = request.POST
    place = picking.place(said, "at", on=requests.time_of(request).astimezone(worktime.BEIJING).date())
    shown: dict[str, Any] = {
        "typed": said,
        "fields": {},
        "kinds": ComplaintKind.choices,
        "key": said.get(requests.KEY_FIELD, ""),
        "place": place,
        "rate": said.get("rate") or request.GET.get("rate", ""),
        "number": said.get("number") or request.GET.get("number", ""),
        "is_own": my.actor_of(request).is_applicant,
    }
    status = 200
    if request.method == "POST" and said.get("do") != "place":
        try:
            limits.spend(complaining.FILED, requests.address_of(request), at=requests.machine_time())
            row = _file(request, place.code)
        except refusals.Refusal as refusal:
            shown["refusal"], shown["fields"], status = refusal, refusal.fields, refusal.status
        else:
            messages.success(request, _("已收到，编号 {number}。").format(number=row.number))
            return redirect("complaint", _token(row.id, request))
    return render(request, "portal/complain.html", shown, status=status)


def _file(request: HttpRequest, place_code: str) -> Complaint:
    said, actor = request.POST, my.actor_of(request)
    case_id, road = _case_of(request)
    return complaints.file(
        kind=said.get("kind", ""),
        words=said.get("words", ""),
        place_code=place_code,
        case_id=case_id,
        about=said.get("about", "home"),
        complainant=complaints.Complainant(
            name=said.get("name", ""), phone=said.get("phone", ""), four=said.get("four", "")
        ),
        road=road,
        form_key=said.get(requests.KEY_FIELD, ""),
        by=actor if actor.is_applicant else requests.NOBODY,
        at=requests.time_of(request),
    )


def _case_of(request: HttpRequest) -> tuple[int | None, Road]:
    """Give the case that a complaint is about, once it is sure that it is theirs."""
    said, actor = request.POST, my.actor_of(request)
    own = Road.PORTAL if actor.is_applicant else Road.NUMBER
    if said.get("rate"):
        return rating.read(said["rate"], at=requests.machine_time())[0], Road.RATING
    number = said.get("number", "").strip()[:60]
    if not number:
        return None, own
    if actor.is_applicant:
        return cases.get(ids.id_of(number), for_=actor).id, own
    rating.spend_tries(request, number)
    return queries.case_by_four(number, said.get("case_four", "")[:20]).id, own


def _token(complaint_id: int, request: HttpRequest) -> str:
    until = requests.machine_time() + rating.ASKED
    return links.make(purpose=PURPOSE, subject=str(complaint_id), until=until)


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def follow(request: HttpRequest) -> HttpResponse:
    """Ask for a complaint's number and its last four, and lead to its answer."""
    number, status = request.POST.get("number", "").strip()[:60], 200
    shown: dict[str, Any] = {"number": number}
    if request.method == "POST":
        try:
            four = rules.four_of(request.POST.get("four", "")[:20])
            rating.spend_tries(request, number)
            row = queries.complaint_by_four(number, four)
            return redirect("complaint", _token(row.id, request))
        except refusals.Refusal as refusal:
            shown["refusal"], status = refusal, refusal.status
    return render(request, "portal/complaint_follow.html", shown, status=status)


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def one(request: HttpRequest, token: str) -> HttpResponse:
    """Show a complaint to whoever filed it: who has it, until when, the answer; a post says whether it settles it."""
    id_ = int(links.read(token, purpose=PURPOSE, at=requests.machine_time()))
    shown: dict[str, Any] = {"token": token, "typed": request.POST}
    status = 200
    if request.method == "POST":
        try:
            complaints.judge(
                id_,
                is_settled=request.POST.get("settled") == "yes",
                words=request.POST.get("words", ""),
                by=requests.NOBODY,
                at=requests.time_of(request),
            )
        except refusals.Refusal as refusal:
            shown["refusal"], shown["fields"], status = refusal, refusal.fields, refusal.status
        else:
            messages.success(request, _("已记下您的意见。"))
            return redirect("complaint", token)
    row = queries.complaint(id_, for_=SYSTEM)  # the token has said which one
    duties = queries.duties_of([id_]).get(id_, [])
    shown |= {"row": row, "owners": queries.owners_of(id_), "due_at": duties[-1].due_at if duties else None}
    response = render(request, "portal/complaint.html", shown, status=status)
    patch_cache_control(response, private=True, no_store=True)
    return response


@require_safe
def own(request: HttpRequest) -> HttpResponse:
    """Show an applicant's complaints, the newest first."""
    rows = queries.complaints_page(my.actor_of(request), after=None)
    lines = [(row, _token(row.id, request)) for row in rows]
    return my.shown(request, "portal/my/complaints.html", {"lines": lines})


urlpatterns = [
    path("complain/", complain, name="complain"),
    path("complaints/", follow, name="complaint_follow"),
    path("complaints/<str:token>/", one, name="complaint"),
    path("my/complaints/", own, name="my_complaints"),
]
