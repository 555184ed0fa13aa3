"""A complaint that staff enter for somebody: at a window for who stands there, at an authority for who has called."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from tongban.cases import queries as cases
from tongban.feedback.models import Complaint
from tongban.feedback.operations import complaints
from tongban.feedback.states import ComplaintKind, Road
from tongban.kernel import ids, refusals, worktime
from tongban.people import limits
from tongban.people.actors import Actor
from tongban.web.kit import picking, rating, requests
from tongban.web.kit.requests import TongbanRequest

# From one address, whoever complains: enough for a family or a hall's tablet, too little for a flood.
FILED = limits.Limit("complaint", tries=20, within=rating.ASKED)


def picked_place(request: HttpRequest) -> picking.Place:
    """Give the place as far as it has been picked in the form."""
    return picking.place(request.POST, "at", on=requests.time_of(request).astimezone(worktime.BEIJING).date())


def enter(request: HttpRequest, *, template: str, then: str, by_phone: bool) -> HttpResponse:
    """Show the form, or take the complaint in and tell its number and code, to be passed on."""
    said, place = request.POST, picked_place(request)
    shown: dict[str, Any] = {"typed": said, "fields": {}, "kinds": ComplaintKind.choices, "place": place}
    status = 200
    if request.method == "POST" and said.get("do") != "place":
        try:
            number = _file(request, place.code, by_phone=by_phone)
        except refusals.NotFound as refusal:
            shown["refusal"], shown["fields"], status = refusal, {"number": refusal.message}, 422
        except refusals.Refusal as refusal:
            shown["refusal"], shown["fields"], status = refusal, refusal.fields, refusal.status
        else:
            sentence = _("已登记，编号 {number}。请把编号和查询码告诉投诉人。")
            messages.success(request, sentence.format(number=number))
            return redirect(then)
    return render(request, template, shown, status=status)


def _file(request: HttpRequest, place_code: str, *, by_phone: bool) -> str:
    said = request.POST
    outside = said.get("outside", "").strip()[:80]
    row = take(
        kind=said.get("kind", ""),
        words=said.get("words", ""),
        place_code=place_code,
        number=said.get("number", "").strip()[:60],
        about=said.get("about", "home"),
        complainant=complaints.Complainant(
            name=said.get("name", ""), phone=said.get("phone", ""), four=said.get("four", "")
        ),
        road=Road.PHONE if by_phone else Road.WINDOW,
        outside=complaints.Outside("12345", outside) if outside and by_phone else None,
        form_key=said.get(requests.KEY_FIELD, ""),
        by=cast(TongbanRequest, request).actor,
        at=requests.time_of(request),
    )
    return row.number


def take(*, number: str, by: Actor, **said: Any) -> Complaint:
    """Take in what somebody says, about a case that whoever enters it can see (`number`), or about a place.

    Args:
        said: what `complaints.file` takes.

    Raises:
        ids.BadNumber, cases.rules.UnknownCase; what `complaints.file` raises.
    """
    case_id = cases.get(ids.id_of(number), for_=by).id if number else None
    return complaints.file(case_id=case_id, by=by, **said)
