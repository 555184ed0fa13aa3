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
    """Show announcements, 20 a page, of all or of one province with those for all five."""
    on = items.today_of(request)
    provinces = list(directory.divisions_of(None, on=on))
    asked = request.GET.get("province", "")
    province = asked if asked in {p.code for p in provinces} else ""
    rows = announcements.page(
        on=on, province=province, after=_after(request.GET.get("after", "")), limit=PAGE + 1
    )
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    shown = {
        "rows": rows[:PAGE],
        "provinces": provinces,
        "province": province,
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
