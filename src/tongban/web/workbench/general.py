"""The general pages of the workbench: today, search, window, calendar."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tongban.directory import queries as directory
from tongban.directory.models import Equipment, Window
from tongban.kernel import numbers, refusals, worktime
from tongban.people import permissions, roster, staff
from tongban.people import queries as people
from tongban.web.kit import once, requests, roster_form
from tongban.web.kit.requests import TongbanRequest
from tongban.web.workbench import calendar_page, search, today


@require_safe
def window(request: HttpRequest) -> HttpResponse:
    """Show the person's windows: where they are, when they are open, what they have, who works there (A2, A5)."""
    return _window(request)


def _window(request: HttpRequest, refusal: refusals.Refusal | None = None) -> HttpResponse:
    actor, at = cast(TongbanRequest, request).actor, requests.time_of(request)
    codes = {p.division_code for p in actor.posts if not p.window_id and p.division_code}
    found = directory.windows(actor.window_ids, codes=codes)
    on = at.astimezone(worktime.BEIJING).date()
    posts = people.staff_of([w.id for w in found], on=on)
    on_duty = staff.on_duty([w.id for w in found], on=on)
    planned = roster.of([w.id for w in found], on=on)
    shown = []
    for w in found:
        present = [p.person_id for p in on_duty.get(w.id, [])]
        mine = [p for p in posts if p.window_id == w.id]
        shown.append(
            {
                "window": w,
                "equipment": equipment_of(w),
                "posts": mine,
                "present": present,
                "is_present": actor.id in present,
                "roster": planned.get(w.id, []),
                "may_plan": permissions.may_plan_roster(actor, w),
            }
        )
    more = {
        "today": on,
        "typed": request.POST,
        "refusal": refusal,
        "wrong": refusal.fields if refusal else {},
    }
    status = refusal.status if refusal else 200
    return render(request, "workbench/window.html", {"windows": shown, **more}, status=status)


@require_POST
@once.once
def plan(request: HttpRequest) -> HttpResponse:
    """Plan who is on duty at a window that the person leads."""
    actor, at, data = cast(TongbanRequest, request).actor, requests.time_of(request), request.POST
    try:
        days = roster_form.plan(numbers.whole(data.get("window", "")) or 0, data, by=actor, at=at)
    except refusals.Incomplete as refusal:
        return _window(request, refusal)
    messages.success(request, _("已安排 {n} 个工作日的值班。").format(n=len(days)))
    return HttpResponseRedirect(reverse("window"))


@require_POST
@once.once
def presence(request: HttpRequest) -> HttpResponse:
    """Mark oneself as on duty at a window of one's own, or no longer."""
    actor, at, data = cast(TongbanRequest, request).actor, requests.time_of(request), request.POST
    if data.get("present") == "1":
        asked = data.get("window", "")
        window_id = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else 0
        staff.mark_present(window_id=window_id, by=actor, at=at)
        messages.success(request, _("已登记在岗，今天结束时自动失效。"))
    else:
        staff.mark_away(by=actor, at=at)
        messages.success(request, _("已登记离岗。"))
    return HttpResponseRedirect(reverse("window"))


def equipment_of(window: Window) -> list[dict[str, Any]]:
    """Give the check-list of a window: every piece that it must have, whether it is there, when it was checked."""
    there = {e.kind: e for e in window.equipment.all()}
    return [
        {"name": name, "is_present": kind in there and there[kind].is_present, "row": there.get(kind)}
        for kind, name in Equipment.KINDS
    ]


urlpatterns = [
    path("", today.page, name="today"),
    path("noted/", today.note, name="today_note"),
    path("search/", search.page, name="search"),
    path("window/", window, name="window"),
    path("window/presence/", presence, name="presence"),
    path("window/roster/", plan, name="roster"),
    path("calendar/", calendar_page.page, name="calendar"),
    path("calendar/day/", calendar_page.change, name="calendar_day"),
]
