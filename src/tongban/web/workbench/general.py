"""The general pages of the workbench: today, search, window, calendar."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from tongban.directory import queries as directory
from tongban.directory.models import Equipment, Window
from tongban.kernel import worktime
from tongban.people import queries as people
from tongban.web.kit import requests
from tongban.web.kit.requests import TongbanRequest
from tongban.web.workbench import calendar_page, search, today


@require_safe
def window(request: HttpRequest) -> HttpResponse:
    """Show the person's windows: where they are, when they are open, what they have, who works there (A2, A5)."""
    actor, at = cast(TongbanRequest, request).actor, requests.time_of(request)
    codes = {p.division_code for p in actor.posts if not p.window_id and p.division_code}
    found = directory.windows(actor.window_ids, codes=codes)
    posts = people.staff_of([w.id for w in found], on=at.astimezone(worktime.BEIJING).date())
    shown = [
        {"window": w, "equipment": equipment_of(w), "posts": [p for p in posts if p.window_id == w.id]}
        for w in found
    ]
    return render(request, "workbench/window.html", {"windows": shown})


def equipment_of(window: Window) -> list[dict[str, Any]]:
    """Give the check-list of a window: every piece that it must have, whether it is there, when it was checked."""
    there = {e.kind: e for e in window.equipment.all()}
    return [
        {"name": name, "is_present": kind in there and there[kind].is_present, "row": there.get(kind)}
        for kind, name in Equipment.KINDS
    ]


urlpatterns = [
    path("", today.page, name="today"),
    path("search/", search.page, name="search"),
    path("window/", window, name="window"),
    path("calendar/", calendar_page.page, name="calendar"),
    path("calendar/day/", calendar_page.change, name="calendar_day"),
]
