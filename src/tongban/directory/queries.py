"""Reads of the directory: places, windows, calendars, parameters, and what time it is for the product."""

import datetime
import re
import time
from collections.abc import Iterable, Sequence
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
    WindowKind,
)
from tongban.kernel import compiled, trip, worktime

CLOCK_OFFSET = "practice.clock_offset"
# Whoever counts time in the open transaction holds this lock together with others; whoever changes days or
# parameters holds it alone. A step therefore ends before the change it did not see, or sees it.
CALENDAR_LOCK = 7_305_104
HOLD: trip.Query = (None, "SELECT pg_advisory_xact_lock_shared(%s)", [CALENDAR_LOCK])
STAMP: trip.Query = (
    None,
    "SELECT coalesce((SELECT value FROM directory_stamp WHERE name = 'calendar'), 0)",
    [],
)
_FRESH_FOR = 1.0  # seconds for which a process trusts what it remembers of clock and stamps


class _Known:
    """Calendars and parameters as read under one stamp; what a slower thread still reads stays under its own."""

    def __init__(self, stamp: int, parameters: dict[tuple[str, str], Any]) -> None:
        self.stamp = stamp
        self.parameters = parameters
        self.calendars: dict[str, calendar.PlaceCalendar] = {}
        # The country's years and days: every place without days of its own shares this one table.
        self.country: tuple[dict[int, str], dict[datetime.date, worktime.Day]] | None = None


class _Memory:
    """What this process remembers of small tables that change rarely."""

    def __init__(self) -> None:
        self.offset = datetime.timedelta()
        self.offset_read = float("-inf")
        self.known = _Known(-1, {})
        self.stamp_read = float("-inf")
        self.window_codes: dict[int, str] = {}


_memory = _Memory()


def forget() -> None:
    """Make this process read calendars, parameters and the practice clock anew."""
    _memory.offset_read = _memory.stamp_read = float("-inf")
    _memory.known = _Known(-1, {})
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


def stamp(name: str = "calendar") -> int:
    """Give the number of times that something which processes remember has changed: calendars and parameters."""
    return Stamp.objects.filter(name=name).values_list("value", flat=True).first() or 0


def held_stamp() -> int:
    """Give the stamp, and keep calendars and parameters as they are until the open transaction ends."""
    return int(trip.read_models([HOLD, STAMP])[1][0][0])


def _known(current: int | None) -> _Known:
    """Give what is remembered, read anew when it has changed; `current` is the stamp if known."""
    known = _memory.known
    if current is None:
        if time.monotonic() - _memory.stamp_read < _FRESH_FOR:
            return known
        current = stamp()
    _memory.stamp_read = time.monotonic()
    if current != known.stamp:
        rows = Parameter.objects.values_list("name", "division_id", "value")
        known = _memory.known = _Known(current, {(name, code or ""): value for name, code, value in rows})
    return known


def calendar_of(code: str, *, stamp: int | None = None) -> calendar.PlaceCalendar:
    """Give the working calendar of a division, with what its city and province have added to the country's.

    Args:
        code: the division's 12 digits.
        stamp: the number of changes as read in the open transaction, when the answer must be exact.
    """
    known = _known(stamp)
    found = known.calendars.get(code)
    if found is None:
        found = known.calendars[code] = _read_calendar(code, known)
    return found


def _read_calendar(code: str, known: _Known) -> calendar.PlaceCalendar:
    chain = rules.chain_of(code)
    years, days = _country(known)
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


def _country(known: _Known) -> tuple[dict[int, str], dict[datetime.date, worktime.Day]]:
    if known.country is None:
        years = dict(CalendarYear.objects.values_list("year", "source"))
        known.country = (years, {row.on: _day(row) for row in CalendarDay.objects.filter(division=None)})
    return known.country


def _day(row: CalendarDay) -> worktime.Day:
    return worktime.Day(working=row.is_working, reason=row.reason, source=row.source)


def parameter(name: str, default: Any, *, code: str = "", stamp: int | None = None) -> Any:
    """Give a parameter as the place has it, else its city, its province, everyone, else the default."""
    known = _known(stamp).parameters
    for place in (*reversed(rules.chain_of(code)), ""):
        if (name, place) in known:
            return known[name, place]
    return default


def places_where(name: str, value: Any) -> list[Division]:
    """Give the divisions that have set a parameter to a value for themselves, in the order of codes."""
    codes = Parameter.objects.filter(name=name, value=value, division__isnull=False).values("division_id")
    return list(Division.objects.filter(code__in=codes).order_by("code"))


def divisions_of(parent_code: str | None, *, on: datetime.date) -> QuerySet[Division]:
    """Give the divisions right below one (the provinces for None) that exist on a day, in the order of codes."""
    rows = Division.objects.filter(parent_id=parent_code, valid_from_on__lte=on)
    return (rows.filter(valid_until_on=None) | rows.filter(valid_until_on__gt=on)).order_by("code")


def divisions_below(parent_code: str | None, *, on: datetime.date) -> list[Division]:
    """Give what `divisions_of` gives, for pages on which places are picked."""
    return _below(parent_code, on) if parent_code else _provinces(on)


_below = compiled.Read(lambda parent_code, on: divisions_of(parent_code, on=on), str, datetime.date)
_provinces = compiled.Read(lambda on: divisions_of(None, on=on), datetime.date)


def peers_of(code: str, *, on: datetime.date) -> QuerySet[Division]:
    """Give the divisions of the same level in other provinces that exist on a day, in the order of codes."""
    rows = Division.objects.filter(level=Division.objects.filter(code=code).values("level")[:1])
    rows = rows.exclude(code__startswith=code[:2]).filter(valid_from_on__lte=on)
    return (rows.filter(valid_until_on=None) | rows.filter(valid_until_on__gt=on)).order_by("code")


def ended_of(parent_code: str | None, *, on: datetime.date) -> list[tuple[Division, Division]]:
    """Give the divisions right below one that have ended by a day, each with the one that takes its cases now."""
    rows = Division.objects.filter(
        parent_id=parent_code, valid_until_on__lte=on, successor__isnull=False
    ).order_by("code")
    pairs = [(row, successor_of(row, on=on)) for row in rows.select_related("successor")]
    return [(row, after) for row, after in pairs if after is not None]


def successor_of(division: Division, *, on: datetime.date) -> Division | None:
    """Give the division that exists on a day in place of one that has ended; None when nothing came after it."""
    seen = {division.code}
    row: Division | None = division
    while row is not None and row.valid_until_on and row.valid_until_on <= on:
        row = row.successor
        if row is not None and row.code in seen:
            return None
        if row is not None:
            seen.add(row.code)
    return row


def check_in_force(code: str, *, on: datetime.date) -> None:
    """Refuse a division that has ended by a day, naming what came after it.

    Raises:
        rules.PlaceReplaced: its `details` name the successor's code, too.
    """
    row = _ended.first(code, on)
    after = successor_of(row, on=on) if row else None
    if row is None or after is None:
        return
    assert row.valid_until_on is not None
    said: dict[str, Any] = {
        "place": row.full_name,
        "on": f"{row.valid_until_on:%Y年%-m月%-d日}",
        "successor": after.full_name,
        "successor_code": after.code,
    }
    raise rules.PlaceReplaced(**said, fields={"home": rules.PlaceReplaced(**said).message})


_ended = compiled.Read(
    lambda code, on: Division.objects.filter(code=code, valid_until_on__lte=on).select_related("successor"),
    str,
    datetime.date,
)


def window_of(code: str) -> Window | None:
    """Give the cross-province window of a division, None when it is not on the contact list (P13)."""
    return _window_of.first(code)


_window_of = compiled.Read(
    lambda code: (
        Window.objects.select_related("division", "hall", "hall__authority")
        .filter(division_id=code, is_open=True, kind=WindowKind.HALL)
        .order_by("id")[:1]
    ),
    str,
)


def open_window(window_id: int) -> Window:
    """Give a window that may receive and be sent cases.

    Raises:
        rules.NotListed: it is not on the contact list (P13).
    """
    return _must_be_open(_window(window_id))


def open_window_held(window_id: int) -> tuple[Window, int]:
    """Give an open window, and the stamp of `held_stamp`, in one trip.

    Raises:
        rules.NotListed: it is not on the contact list (P13).
    """
    _hold, windows, stamps = trip.read_models([HOLD, _window.asked(window_id), STAMP])
    return _must_be_open(windows), int(stamps[0][0])


def _must_be_open(found: Sequence[Window]) -> Window:
    window = found[0] if found else None
    if window is None or not window.is_open:
        raise rules.NotListed(place=window.name if window else "")
    return window


_window = compiled.Read(lambda window_id: Window.objects.filter(id=window_id), int)


def windows_under(prefix: str, *, most: int) -> list[int] | None:
    """Give the ids of all windows of a place and those below it, None when there are more than so many.

    Args:
        prefix: the leading digits of the place's code.
    """
    rows = Window.objects.filter(division__code__startswith=prefix).order_by("id")
    found = list(rows.values_list("id", flat=True)[: most + 1])
    return found if len(found) <= most else None


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
    return target if _at_level(target, str(Level(level))) else None


_at_level = compiled.Read(lambda code, level: Division.objects.filter(code=code, level=level), str, str)


def covered_years() -> list[int]:
    """Give the years whose working days are known, in order."""
    return sorted(_country(_known(None))[0])


def names_of(codes: Iterable[str]) -> dict[str, str]:
    """Give the full names of divisions by code."""
    return {row.code: row.full_name for row in _divisions(list(codes))}


_divisions = compiled.Read(lambda codes: Division.objects.filter(code__any=codes), list)


def code_of_place(said: str, *, on: datetime.date) -> str:
    """Give the code of the division that is named by its code or by its full name on a day; "" when there is none."""
    if re.fullmatch(r"[0-9]{12}", said):
        rows = Division.objects.filter(code=said)
    else:
        rows = Division.objects.filter(full_name=said, valid_from_on__lte=on)
        rows = rows.filter(valid_until_on=None) | rows.filter(valid_until_on__gt=on)
    return rows.order_by("code").values_list("code", flat=True).first() or ""


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
    rows = Window.objects.filter(division_id__in=list(codes), is_open=True, kind=WindowKind.HALL)
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
