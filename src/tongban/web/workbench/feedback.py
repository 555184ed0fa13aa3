"""At the window: its ratings as figures, help given, a complaint entered for somebody, a ticket to rate (F4–F6)."""

from typing import Any, cast
from urllib.parse import urlsplit

import segno
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from tongban.cases import queries as cases
from tongban.directory.models import Window
from tongban.feedback import queries
from tongban.feedback.operations import guidance
from tongban.feedback.states import GuidanceKind
from tongban.kernel import ids, numbers, refusals
from tongban.people.actors import Actor
from tongban.web.kit import complaining, once, rating, requests
from tongban.web.kit.requests import TongbanRequest


def _actor(request: HttpRequest) -> Actor:
    return cast(TongbanRequest, request).actor


@require_safe
def ratings(request: HttpRequest) -> HttpResponse:
    """Show the figures of the person's windows for three months, and words of past months without raters."""
    actor, at = _actor(request), requests.time_of(request)
    since = queries.month_of(at, back=2)
    shown = {
        "since": since,
        "figures": queries.window_figures(actor, since=since),
        "words": queries.window_words(actor, until=queries.month_of(at)),
    }
    return render(request, "workbench/feedback/ratings.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
@once.once
def guide(request: HttpRequest) -> HttpResponse:
    """Show what help was given at the person's windows; a post records one more."""
    actor, at = _actor(request), requests.time_of(request)
    shown: dict[str, Any] = {"typed": request.POST, "fields": {}, "kinds": GuidanceKind.choices}
    status = 200
    if request.method == "POST":
        said = request.POST
        try:
            guidance.record(
                window_id=numbers.whole(said.get("window", ""), most=ids.LARGEST),
                kind=said.get("kind", ""),
                matter=said.get("matter", ""),
                outcome=said.get("outcome", ""),
                minutes=said.get("minutes", ""),
                by=actor,
                at=at,
            )
        except refusals.Incomplete as refusal:
            shown["refusal"], shown["fields"], status = refusal, refusal.fields, refusal.status
        else:
            messages.success(request, _("已记下。"))
            return redirect("guidance")
    shown |= {
        "windows": list(Window.objects.filter(id__in=actor.window_ids).order_by("id")),
        "rows": queries.guidance_of(actor),
        "counts": queries.guidance_counts(actor, since=queries.month_of(at)),
    }
    return render(request, "workbench/feedback/guidance.html", shown, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@once.once
def complain(request: HttpRequest) -> HttpResponse:
    """Enter a complaint for somebody who stands at the window."""
    return complaining.enter(
        request, template="workbench/feedback/complaint_new.html", then="desk_ratings", by_phone=False
    )


@require_safe
def ticket(request: HttpRequest, number: str) -> HttpResponse:
    """Show a code that opens the rating of a case for ten minutes, on the window's tablet or the person's phone."""
    case = cases.get(ids.id_of(number), for_=_actor(request))
    address, _until = rating.ticket_of(case.id)
    code = segno.make(address, error="m")
    shown = {
        "address": urlsplit(address).path,
        "number": case.number,
        "picture": code.svg_data_uri(scale=5, border=2, dark="#1d2733", light="#fff"),
    }
    return render(request, "workbench/feedback/ticket.html", shown)


urlpatterns = [
    path("ratings/", ratings, name="desk_ratings"),
    path("guidance/", guide, name="guidance"),
    path("complaints/new/", complain, name="desk_complaint_new"),
    path("cases/<str:number>/rate/", ticket, name="case_ticket"),
]
