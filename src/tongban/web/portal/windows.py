"""Windows near somebody: at a place they pick, or nearest to where their browser says they are."""

import re

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from tongban.directory import announcements, contacts, near
from tongban.web.kit import picking
from tongban.web.portal import items

_POINT = re.compile(r"(-?\d{1,2}(?:\.\d{1,8})?),(-?\d{1,3}(?:\.\d{1,8})?)")


@login_not_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show the listed windows of a place, or the nearest to a point `at=latitude,longitude`, nearest first."""
    on = items.today_of(request)
    place = picking.place(request.GET, "place", on=on)
    point = _point(request.GET.get("at", ""))
    found: list[near.Near] = []
    unplaced = 0
    if point:
        found, unplaced = near.nearest(*point)
    elif place.code:
        found = near.at_place(place.code)
    shown = {
        "place": place,
        "point": point,
        "is_bad_point": bool(request.GET.get("at")) and point is None,
        "rows": [{"window": n.window, "km": n.distance, "hours": contacts.hours_of(n.window)} for n in found],
        "unplaced": unplaced,
        "announcements": announcements.of_place(place.code, on=on, limit=4)
        if place.code and not point
        else [],
        "is_elsewhere": bool(
            found and not point and not found[0].window.division_id.startswith(_root(place.code))
        ),
    }
    return render(request, "portal/windows.html", shown)


def _root(code: str) -> str:
    return code.rstrip("0")


def _point(text: str) -> tuple[float, float] | None:
    found = _POINT.fullmatch(text.strip())
    if not found:
        return None
    latitude, longitude = float(found[1]), float(found[2])
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


urlpatterns = [path("windows/", page, name="windows")]
