"""My space (`/my/`): the cases of the one for whom an applicant acts, and for whom that is."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_POST, require_safe

from tongban.cases import queries
from tongban.people import applicants, mandates
from tongban.people.actors import Actor
from tongban.web.kit import requests
from tongban.web.kit.requests import TongbanRequest
from tongban.web.portal import my_cases

PAGE = 20


def actor_of(request: HttpRequest) -> Actor:
    """Give the applicant who acts, and for whom."""
    return cast(TongbanRequest, request).actor


def shown(
    request: HttpRequest, template: str, values: dict[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """Draw a page of somebody's own space, which no cache may keep."""
    response = render(request, template, values or {}, status=status)
    patch_cache_control(response, private=True, no_store=True)
    return response


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show the cases: first those in which something must be done now, then the others, the newest first."""
    actor, at = actor_of(request), requests.time_of(request)
    after = requests.moment_of(request.GET.get("after", ""))
    rows = queries.of_party(actor, after=after, limit=PAGE + 1)
    more = requests.moment_text(rows[PAGE - 1].opened_at, rows[PAGE - 1].id) if len(rows) > PAGE else ""
    waiting = [] if after else queries.waiting_for(actor)
    return shown(
        request,
        "portal/my/home.html",
        {
            "waiting": my_cases.lines_of(waiting, at=at),
            "lines": my_cases.lines_of(rows[:PAGE], at=at),
            "more": more,
            "is_first": not after,
            "applicant": applicants.of(actor.id or 0),
            "offers": mandates.offered_to(actor, at=at),
        },
    )


@require_POST
def choose_party(request: HttpRequest) -> HttpResponse:
    """Act for somebody else from now on: oneself, an enterprise, a relative. A key that is not theirs is themselves."""
    actor = actor_of(request).acting_for(request.POST.get("party", ""))
    request.session[requests.PARTY] = actor.party.key
    return redirect("my")


urlpatterns = [
    path("my/", page, name="my"),
    path("my/party/", choose_party, name="my_party"),
]
