"""Reads of the directory: places, windows, calendars, parameters, and what time it is for the product."""

import datetime
import threading
import time
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from tongban.directory import calendar, rules
from tongban.directory.models import (
    Authority,
    AuthorityKind,
    CalendarDay,
    CalendarYear,
    Division,
    Level,
    Parameter,
    Stamp,
    Window,
)
from tongban.kernel import worktime

CLOCK_OFFSET = "practice.clock_offset"
_FRESH_FOR = 1.0  # seconds for which a process trusts what it remembers of clock and stamps


class _Memory:
    """What this process remembers of small tables that change rarely."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.offset = datetime.timedelta()
        self.offset_read = float("-inf")
        self.stamp = -1
        self.stamp_read = float("-inf")
        self.country: tuple[dict[int, str], dict[datetime.date, worktime.Day]] | None = None
        self.calendars: dict[str, calendar.PlaceCalendar] = {}
        self.parameters: dict[tuple[str, str], Any] = {}
        self.window_codes: dict[int, str] = {}


_memory = _Memory()


def forget() -> None:
    """Make this process read calendars, parameters and the practice clock anew."""
    _memory.offset_read = _memory.stamp_read = float("-inf")
    _memory.stamp = -1
    _memory.window_codes = {}


def now() -> datetime.datetime:
    """Give the product's time: the machine's, moved by `tongban practice advance` in practice mode."""
    real = datetime.datetime.now(datetime.UTC)
    if not settings.TONGBAN_PRACTICE:
        return real
    if time.monotonic() - _memory.offset_read > _FRESH_FOR:
        seconds = (
            Parameter.objects.filter(name=CLOCK_OFFSET, division=None).values_list("value", flat=True).first()
        )
        _memory.offset = datetime.timedelta(seconds=seconds or 0)
        _memory.offset_read = time.monotonic()
    return real + _memory.offset


def stamp() -> int:
    """Give the number of times that calendars or parameters have changed."""
    return Stamp.objects.filter(name="calendar").values_list("value", flat=True).first() or 0


def _refresh(current: int | None) -> None:
    """Forget remembered calendars and parameters when they have changed; `current` is the stamp if known."""
    if current is None:
        if time.monotonic() - _memory.stamp_read < _FRESH_FOR:
            return
        current = stamp()
    _memory.stamp_read = time.monotonic()
    if current != _memory.stamp:
        with _memory.lock:
            _memory.calendars, _memory.country = {}, None
            _memory.parameters = {
                (name, code or ""): value
                for name, code, value in Parameter.objects.values_list("name", "division_id", "value")
            }
            _memory.stamp = current


def calendar_of(code: str, *, stamp: int | None = None) -> calendar.PlaceCalendar:
    """Give the working calendar of a division, with what its city and province have added to the country's.

    Args:
        code: the division's 12 digits.
        stamp: the number of changes as read in the open transaction, when the answer must be exact.
    """
    _refresh(stamp)
    known = _memory.calendars.get(code)
    if known is None:
        known = _read_calendar(code)
        _memory.calendars[code] = known
    return known


def _read_calendar(code: str) -> calendar.PlaceCalendar:
    chain = rules.chain_of(code)
    years, days = _country()
    rows = sorted(
        CalendarDay.objects.filter(division_id__in=chain), key=lambda r: chain.index(r.division_id or "")
    )
    if rows:
        days = days | {row.on: _day(row) for row in rows}
    window = Window.objects.filter(division_id=code, is_open=True).order_by("id").first()
    if window is None:
        return calendar.PlaceCalendar(code=code, years=years, exceptions=days)
    return calendar.PlaceCalendar(
        code=code, years=years, exceptions=days, opens=window.opens_at, closes=window.closes_at
    )


def _country() -> tuple[dict[int, str], dict[datetime.date, worktime.Day]]:
    """Give the country's years and days; every place without days of its own shares this one table."""
    known = _memory.country
    if known is None:
        years = dict(CalendarYear.objects.values_list("year", "source"))
        days = {row.on: _day(row) for row in CalendarDay.objects.filter(division=None)}
        known = _memory.country = (years, days)
    return known


def _day(row: CalendarDay) -> worktime.Day:
    return worktime.Day(working=row.is_working, reason=row.reason, source=row.source)


def parameter(name: str, default: Any, *, code: str = "", stamp: int | None = None) -> Any:
    """Give a parameter as the place has it, else its city, its province, everyone, else the default."""
    _refresh(stamp)
    for place in (*reversed(rules.chain_of(code)), ""):
        if (name, place) in _memory.parameters:
            return _memory.parameters[name, place]
    return default


def divisions_of(parent_code: str | None, *, on: datetime.date) -> QuerySet[Division]:
    """Give the divisions right below one (the provinces for None) that exist on a day, in the order of codes."""
    rows = Division.objects.filter(parent_id=parent_code, valid_from_on__lte=on)
    return (rows.filter(valid_until_on=None) | rows.filter(valid_until_on__gt=on)).order_by("code")


def window_of(code: str) -> Window | None:
    """Give the cross-province window of a division, None when it is not on the contact list (P13)."""
    return (
        Window.objects.select_related("division", "hall", "hall__authority")
        .filter(division_id=code, is_open=True)
        .order_by("id")
        .first()
    )


def open_window(window_id: int) -> Window:
    """Give a window that may receive and be sent cases.

    Raises:
        rules.NotListed: it is not on the contact list (P13).
    """
    window = Window.objects.filter(id=window_id).first()
    if window is None or not window.is_open:
        raise rules.NotListed(place=window.name if window else "")
    return window


def open_window_of(code: str) -> Window:
    """Give the window of a division that may be sent cases.

    Raises:
        rules.NotListed: the place is not on the contact list (P13).
    """
    window = window_of(code)
    if window is None:
        raise rules.NotListed(place=names_of([code]).get(code, code))
    return window


def division_of_window(window_id: int) -> str:
    """Give the code of the division that a window belongs to; a window never moves to another one."""
    code = _memory.window_codes.get(window_id)
    if code is None:
        code = Window.objects.values_list("division_id", flat=True).get(id=window_id)
        _memory.window_codes[window_id] = code
    return code


def departments_of(code: str, *, sector: str = "") -> QuerySet[Authority]:
    """Give the approving departments of a division, of one sector if named."""
    rows = Authority.objects.filter(division_id=code, kind=AuthorityKind.DEPARTMENT).order_by("sector")
    return rows.filter(sector=sector) if sector else rows


def ancestor_at(code: str, level: str) -> str | None:
    """Give the code of the division of a level that holds this one (or is it), None when there is none.

    A county right under a municipality has no prefecture above it: the municipality decides in its place.
    """
    digits = {Level.PROVINCE: 2, Level.PREFECTURE: 4, Level.COUNTY: 6}[Level(level)]
    target = code[:digits].ljust(12, "0")
    if Division.objects.filter(code=target, level=level).exists():
        return target
    return None


def covered_years() -> list[int]:
    """Give the years whose working days are known, in order."""
    return sorted(CalendarYear.objects.values_list("year", flat=True))


def names_of(codes: Iterable[str]) -> dict[str, str]:
    """Give the full names of divisions by code."""
    return dict(Division.objects.filter(code__in=list(codes)).values_list("code", "full_name"))


def calendar_warning(on: datetime.date, *, days: int = 90) -> str | None:
    """Say to managers and the system administrator that the calendar ends soon; None while it does not."""
    years = set(covered_years())
    last = on.year - 1
    while last + 1 in years:
        last += 1
    if last < on.year:
        return _("{year}年的工作日历尚未维护，无法计算期限。请立即维护该年度的放假安排。").format(
            year=on.year
        )
    left = (datetime.date(last, 12, 31) - on).days
    if left >= days:
        return None
    return _(
        "工作日历只到{last}年12月31日，还剩{left}天。请及时维护{next}年的放假安排，否则将无法计算期限。"
    ).format(last=last, left=left, next=last + 1)


def listed_among(codes: Iterable[str]) -> set[str]:
    """Give those of some divisions that have a window on the contact list (P13)."""
    rows = Window.objects.filter(division_id__in=list(codes), is_open=True)
    return set(rows.values_list("division_id", flat=True))


def windows(window_ids: Iterable[int], *, codes: Iterable[str] = ()) -> list[Window]:
    """Give windows by id, and those of some divisions, with hall, authority and what equipment they have."""
    rows = Window.objects.filter(Q(id__in=list(window_ids)) | Q(division_id__in=list(codes)))
    return list(
        rows.select_related("division", "hall__authority").prefetch_related("equipment").order_by("id")
    )


def days_set_for(code: str, *, year: int) -> list[CalendarDay]:
    """Give what the country and the levels down to a division have said about days of a year, widest first.

    Where two levels speak of one day the later row holds.
    """
    chain = rules.chain_of(code)
    rows = CalendarDay.objects.filter(Q(division=None) | Q(division_id__in=chain), on__year=year)
    return sorted(
        rows.select_related("division"),
        key=lambda r: (chain.index(r.division_id) if r.division_id else -1, r.on),
    )


def year_row(year: int) -> CalendarYear | None:
    """Give the source of a year's working days; None when the year is not covered."""
    return CalendarYear.objects.filter(year=year).first()
