"""Rate (`/rate/`): by number and last four, by a link or a window's ticket, from one's own space (F4)."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from tongban.feedback import queries, rules
from tongban.feedback.operations import ratings
from tongban.feedback.states import BAD, Level, Road
from tongban.kernel import numbers, refusals
from tongban.people.actors import Actor
from tongban.web.kit import once, rating, requests
from tongban.web.portal import my


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for the number and the last four, and lead to what can be rated; too many tries from one place wait."""
    number = (request.POST.get("number") or request.GET.get("number", "")).strip()[:60]
    shown: dict[str, Any] = {"number": number}
    status = 200
    if request.method == "POST":
        try:
            four = rules.four_of(request.POST.get("four", "")[:20])
            rating.spend_tries(request, number)
            case = queries.case_by_four(number, four)
            until = requests.machine_time() + rating.ASKED
            return redirect("rate_legs", rating.token_for(case.id, road=Road.NUMBER, until=until))
        except refusals.Refusal as refusal:
            shown["refusal"], status = refusal, refusal.status
    return render(request, "portal/rate.html", shown, status=status)


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@once.once
def legs(request: HttpRequest, token: str) -> HttpResponse:
    """Show what can be rated of the case that a token opens; a post rates one leg."""
    case_id, road = rating.read(token, at=requests.machine_time())
    shown: dict[str, Any] = {"typed": request.POST, "token": token, "levels": Level.choices}
    status = 200
    if request.method == "POST":
        try:
            row = ratings.rate(
                case_id,
                leg=request.POST.get("leg", ""),
                level=numbers.whole(request.POST.get("level", "")),
                words=request.POST.get("words", ""),
                may_publish=request.POST.get("may_publish") == "yes",
                road=road,
                by=_rater(request),
                at=requests.time_of(request),
            )
        except refusals.NotFound:
            raise
        except refusals.Refusal as refusal:
            shown["refusal"], shown["fields"], status = refusal, refusal.fields, refusal.status
        else:
            said = _("感谢您的评价。") + (
                _("我们会在一个工作日内联系您，整改后回访。") if row.level in BAD else ""
            )
            messages.success(request, said)
            return redirect("rate_legs", token)
    case = queries.case_of(case_id)
    shown |= {"case": case, "legs": queries.legs_of(case)}
    response = render(request, "portal/rate_legs.html", shown, status=status)
    patch_cache_control(response, private=True, no_store=True)
    response["Referrer-Policy"] = "same-origin"
    return response


def _rater(request: HttpRequest) -> Actor:
    """Nobody in particular: whoever rates stays unnamed, signed in or not."""
    return requests.NOBODY


@require_safe
def own(request: HttpRequest) -> HttpResponse:
    """Show an applicant's cases that can be rated, with what they have said and what was replied."""
    until = requests.machine_time() + rating.ASKED
    lines = [
        {
            "case": case,
            "legs": found,
            "token": rating.token_for(case.id, road=Road.PORTAL, until=until),
            "is_open": any(leg.rating is None for leg in found),
        }
        for case, found in queries.own_cases_to_rate(my.actor_of(request), limit=20)
    ]
    return my.shown(request, "portal/my/ratings.html", {"lines": lines})


@login_not_required
@require_safe
def published(request: HttpRequest) -> HttpResponse:
    """Show the replies to bad ratings whose raters agreed, and the ways to rate and to complain."""
    return render(request, "portal/ratings.html", {"rows": queries.published()})


urlpatterns = [
    path("rate/", ask, name="rate"),
    path("rate/<str:token>/", legs, name="rate_legs"),
    path("ratings/", published, name="ratings"),
    path("my/ratings/", own, name="my_ratings"),
]
