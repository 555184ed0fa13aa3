"""Announcements for everybody: the newest first, and each on a page of its own."""

import datetime

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from tongban.directory import announcements
from tongban.directory import queries as directory
from tongban.web.portal import items

PAGE = 20


@login_not_required
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Show announcements, 20 a page, of all, or of one place with those of the places above and in it."""
    on = items.today_of(request)
    provinces = list(directory.divisions_of(None, on=on))
    asked = request.GET.get("place", "") or request.GET.get("province", "")
    names = directory.names_of([asked]) if len(asked) == 12 else {}
    place = asked if asked in names else ""
    rows = announcements.page(on=on, place=place, after=_after(request.GET.get("after", "")), limit=PAGE + 1)
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    shown = {
        "rows": rows[:PAGE],
        "provinces": provinces,
        "place": place,
        "province": place[:2].ljust(12, "0") if place else "",
        "place_name": names.get(place, ""),
        "next": f"{last.from_on.isoformat()}_{last.id}" if last else "",
    }
    return render(request, "portal/announcements.html", shown)


@login_not_required
@require_safe
def page(request: HttpRequest, announcement_id: int) -> HttpResponse:
    """Show one announcement."""
    row = announcements.get(announcement_id, on=items.today_of(request))
    return render(request, "portal/announcement.html", {"row": row})


def _after(text: str) -> tuple[datetime.date, int] | None:
    day, _sep, id_ = text.partition("_")
    try:
        return datetime.date.fromisoformat(day), int(id_[:18])
    except ValueError:
        return None


urlpatterns = [
    path("announcements/", listing, name="announcements"),
    path("announcements/<int:announcement_id>/", page, name="announcement"),
]
