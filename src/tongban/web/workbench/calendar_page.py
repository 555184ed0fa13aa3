"""The calendar (`/desk/calendar/`): a place's working days, why each exception is one, and who set it."""

import calendar
import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tongban.directory import queries as directory
from tongban.directory import rules
from tongban.directory.models import CalendarDay
from tongban.duties import operations as duties
from tongban.kernel import numbers, refusals, worktime
from tongban.people.actors import Actor
from tongban.people.roles import Role
from tongban.web.kit import once, requests
from tongban.web.kit.requests import TongbanRequest
from tongban.web.kit.templatetags import kit

_FIRST_YEAR, _LAST_YEAR = 2000, 2199


class NotYourCalendar(refusals.NotAllowed):
    """只有本地或者上级政务服务管理机构的人员可以修改{place}的工作日历。"""


@dataclass
class Exceptions:
    """Days in a row for which the same was said by the same level."""

    row: CalendarDay
    last: datetime.date
    level: str
    holds: bool
    is_own: bool

    def goes_on_with(self, day: "Exceptions") -> bool:
        """Tell whether a day belongs to this row of days."""
        said = [(d.row.is_working, d.row.reason, d.row.source, d.level, d.holds) for d in (self, day)]
        return said[0] == said[1] and not day.is_own and (day.row.on - self.last).days == 1


class NoDate(refusals.Incomplete):
    """请选择日期。"""


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show a month and the year's exceptions of a place."""
    return _page(request, request.GET)


def _page(
    request: HttpRequest,
    asked: QueryDict,
    *,
    typed: QueryDict | None = None,
    refusal: refusals.Refusal | None = None,
) -> HttpResponse:
    actor, at = cast(TongbanRequest, request).actor, requests.time_of(request)
    today = at.astimezone(worktime.BEIJING).date()
    places = places_of(actor, on=today)
    code = asked.get("code") or places[0][0]
    name = directory.names_of([code]).get(code)
    if name is None:
        raise rules.UnknownPlace(code=code[:12])
    first = _month(asked, today)
    rows = directory.days_set_for(code, year=first.year)
    year = directory.year_row(first.year)
    shown = {
        "code": code,
        "place": name,
        "places": places if code in dict(places) else [(code, name), *places],
        "first": first,
        "today": today,
        "year": year,
        "weeks": weeks_of(first, code=code, rows=rows, today=today) if year else [],
        "exceptions": [
            (_("本月"), exceptions_of([r for r in rows if r.on.month == first.month], code=code)),
            (_("全年"), exceptions_of(rows, code=code)),
        ],
        "months": [
            _link(code, datetime.date(first.year, m, 1)) | {"is_here": m == first.month} for m in range(1, 13)
        ],
        "before": _link(code, first - datetime.timedelta(days=1)),
        "after": _link(code, first + datetime.timedelta(days=31)),
        "years": directory.covered_years(),
        "warning": directory.calendar_warning(today),
        "may_edit": may_edit(actor, code),
        "typed": typed or {},
        "refusal": refusal,
    }
    return render(request, "workbench/calendar.html", shown, status=refusal.status if refusal else 200)


@require_POST
@once.once
def change(request: HttpRequest) -> HttpResponse:
    """Set a day of a place, or take back what was set; running clocks follow."""
    actor, at, data = cast(TongbanRequest, request).actor, requests.time_of(request), request.POST
    code = data.get("code", "")
    who: dict[str, Any] = {"actor_id": actor.id, "actor_name": actor.name, "place": actor.place, "at": at}
    try:
        if not may_edit(actor, code):
            raise NotYourCalendar(place=directory.names_of([code]).get(code, ""))
        on = _date(data.get("on", ""))
        if "clear" in data:
            duties.restore_day(code, on=on, **who)
            messages.success(
                request, _("{day}已恢复为上级的安排，正在计时的期限会随之重算。").format(day=kit.day(on))
            )
        else:
            is_working = data.get("is_working") == "1"
            reason, source = data.get("reason", ""), data.get("source", "")
            duties.change_day(code, on=on, is_working=is_working, reason=reason, source=source, **who)
            messages.success(request, _("{day}已保存，正在计时的期限会随之重算。").format(day=kit.day(on)))
    except refusals.Refusal as refusal:
        return _page(request, data, typed=data, refusal=refusal)
    query = urlencode({"code": code, "year": on.year, "month": on.month})
    return HttpResponseRedirect(f"{reverse('calendar')}?{query}")


def may_edit(actor: Actor, code: str) -> bool:
    """Tell whether somebody may set days of a division: managers of it or of what stands above it."""
    return len(code) == 12 and any(code.startswith(prefix) for prefix in actor.managed_prefixes)


def places_of(actor: Actor, *, on: datetime.date) -> list[tuple[str, str]]:
    """Give the places whose calendars concern somebody: their own, those above, and right below a manager's."""
    codes: list[str] = []
    for post in actor.posts:
        codes += reversed(rules.chain_of(post.division_code))
        if post.role == Role.MANAGER:
            codes += [d.code for d in directory.divisions_of(post.division_code, on=on)]
    codes = list(dict.fromkeys(codes)) or [d.code for d in directory.divisions_of(None, on=on)]
    names = directory.names_of(codes)
    return [(code, names[code]) for code in codes if code in names]


def weeks_of(
    first: datetime.date, *, code: str, rows: Sequence[CalendarDay], today: datetime.date
) -> list[list[dict[str, Any] | None]]:
    """Give the weeks of a month from Monday on; None for a day of another month."""
    place = directory.calendar_of(code)
    set_by = {row.on: row for row in rows}  # the narrowest level comes last and holds
    weeks: list[list[dict[str, Any] | None]] = []
    for week in calendar.Calendar().monthdatescalendar(first.year, first.month):
        weeks.append([])
        for on in week:
            day = place.day(on) if on.month == first.month else None
            cell = {"on": on, "day": day, "row": set_by.get(on), "is_today": on == today}
            weeks[-1].append(cell if day else None)
    return weeks


def exceptions_of(rows: Sequence[CalendarDay], *, code: str) -> list[Exceptions]:
    """Give the days that are not what their weekday says, by date, with who set them and whether they hold.

    Neighbours that somebody else set alike stand together; a place's own days stand alone, to be taken back.
    """
    holding = {row.on: row for row in rows}
    spans: list[Exceptions] = []
    for row in sorted(rows, key=lambda r: (r.on, r.division_id or "")):
        level = row.division.full_name if row.division else _("全国")
        day = Exceptions(row, row.on, level, holding[row.on] is row, row.division_id == code)
        if spans and spans[-1].goes_on_with(day):
            spans[-1].last = row.on
        else:
            spans.append(day)
    return spans


def _month(asked: QueryDict, today: datetime.date) -> datetime.date:
    """Give the first day of the month asked for; this month when none, or none that there is, was asked for."""
    on = asked.get("on", "")  # a form that was refused names its day
    if on:
        try:
            return datetime.date.fromisoformat(on).replace(day=1)
        except ValueError:
            return today.replace(day=1)
    year, month = (numbers.whole(asked.get(part, ""), most=_LAST_YEAR) or 0 for part in ("year", "month"))
    y = year if year >= _FIRST_YEAR else today.year
    m = month if 1 <= month <= 12 else today.month
    return datetime.date(y, m, 1)


def _date(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise NoDate(fields={"on": NoDate().message}) from None


def _link(code: str, on: datetime.date) -> dict[str, Any]:
    return {"on": on, "query": "?" + urlencode({"code": code, "year": on.year, "month": on.month})}
