"""What can be done: found by words, by what happens in life, by department; and each item for any pair of places."""

import datetime
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from tongban.catalogue import across, queries, wording
from tongban.catalogue.models import Item, Procedure, Stage
from tongban.directory import contacts, near
from tongban.directory.models import Level, Window
from tongban.kernel import worktime
from tongban.web.kit import picking, requests

FOUND_AT_MOST = 40


def today_of(request: HttpRequest) -> datetime.date:
    """Give the day in Beijing on which a request happens."""
    return requests.time_of(request).astimezone(worktime.BEIJING).date()


@login_not_required
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Show the items that fit what was typed, a life event or a department; all of the list without any."""
    words = request.GET.get("q", "").strip()[:60]
    event, department = request.GET.get("event", ""), request.GET.get("department", "")[:60]
    title = ""
    if words:
        found = queries.find_items(words, limit=FOUND_AT_MOST)
    elif event:
        row, found = across.items_of_event(event[:20])
        title = row.name
    elif department:
        found, title = across.items_of_department(department), department
    else:
        found = queries.find_items("", limit=1000)
    shown = {
        "words": words,
        "items": found,
        "title": title,
        "events": across.life_events(),
        "event": event,
        "departments": across.departments(),
        "department": department,
        "is_everything": not (words or event or department),
    }
    return render(request, "portal/items.html", shown)


@login_not_required
@require_safe
def page(request: HttpRequest, seq: int) -> HttpResponse:
    """Show an item, and for two places that were picked whether it can be done and on what terms."""
    item, on = queries.item(seq), today_of(request)
    procedures = list(item.procedures.all())
    asked = request.GET.get("procedure", "")
    procedure = next((p for p in procedures if p.key == asked), procedures[0] if procedures else None)
    here = picking.place(request.GET, "here", on=on)
    home = picking.place(request.GET, "home", on=on)
    shown: dict[str, Any] = {
        "item": item,
        "procedures": procedures,
        "procedure": procedure,
        "levels": _levels(procedure),
        "level": request.GET.get("level", ""),
        "here": here,
        "home": home,
    }
    if procedure:
        shown |= _facts_of(procedure)
        if here.code and home.code:
            shown |= _answer(request, procedure, here=here.code, home=home.code, on=on)
    return render(request, "portal/item.html", shown)


def _levels(procedure: Procedure | None) -> list[tuple[str, str]]:
    levels = procedure.levels if procedure else []
    return [(str(one), str(Level(one).label)) for one in levels] if len(levels) > 1 else []


def _facts_of(procedure: Procedure) -> dict[str, Any]:
    return {
        "modes": [wording.MODES.get(one, one) for one in procedure.modes],
        "applicants": [wording.APPLICANTS.get(one, one) for one in procedure.applicants],
        "level_names": [Level(one).label for one in procedure.levels],
    }


def _answer(
    request: HttpRequest, procedure: Procedure, *, here: str, home: str, on: datetime.date
) -> dict[str, Any]:
    found = across.across(procedure, here=here, home=home, level=request.GET.get("level", ""), on=on)
    chosen = request.GET.get("circumstance", "")
    if chosen not in {c.key for c in found.said.circumstances}:
        chosen = ""
    return {
        "answer": found,
        "circumstance": chosen,
        "materials": found.said.materials_for(chosen),
        "stage": Stage(found.standard.stage).label if found.standard else "",
        "modes": [wording.MODES.get(one, one) for one in found.modes],
        "starts_online": found.can and "online" in found.modes,
        "delivery": [wording.DELIVERY.get(one, one) for one in found.delivery],
        "receiving": card_of(found.receiving, on=on),
        "deciding": card_of(found.home, on=on),
    }


def card_of(window: Window | None, *, on: datetime.date) -> dict[str, Any] | None:
    """Give a window the way the public's pages show it; nothing for none."""
    if window is None:
        return None
    hours, off = contacts.hours_of(window), near.days_off(window, on=on)
    return {"window": window, "hours": hours, "days_off": off}


def by_department(items: list[Item]) -> dict[str, list[Item]]:
    """Give items under the departments that lead them, in their order."""
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(item.lead_department, []).append(item)
    return groups


urlpatterns = [
    path("items/", listing, name="items"),
    path("items/<int:seq>/", page, name="item"),
]
