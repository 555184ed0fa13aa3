"""Working time: when a limit ends, how much of it is used, and why.

A limit in working days starts on the next working day after the day on which it is set off (开始当日不计入)
and ends at the close of office hours of its last day, in the calendar of the place that owes it. A lawful
suspension (a `Stop`) takes every day that it touches out of the count. All of it happens in Beijing time.

Calendars come from outside, see `Calendar`; this module knows no holiday.
"""

import dataclasses
import datetime
import enum
import functools
import itertools
from collections.abc import Iterator, Sequence
from typing import Protocol
from zoneinfo import ZoneInfo

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tongban.kernel import refusals

BEIJING = ZoneInfo("Asia/Shanghai")
_NO_DAY = datetime.timedelta()
_ONE_DAY = datetime.timedelta(days=1)
_ONE_MINUTE = datetime.timedelta(minutes=1)


class NoCalendar(refusals.Conflict):
    """{year}年的工作日历尚未维护，无法计算期限。请联系系统管理员维护该年度工作日历。"""


@dataclasses.dataclass(frozen=True)
class Day:
    """What a calendar says about one day: whether people work, the reason, and who ordered it."""

    working: bool
    reason: str
    source: str


class Calendar(Protocol):
    """The working days and office hours of one place."""

    def day(self, on: datetime.date) -> Day:
        """Tell about one day; raises NoCalendar for a year that is not covered."""

    def opens_at(self, on: datetime.date) -> datetime.time:
        """Give the local time at which office hours begin."""

    def closes_at(self, on: datetime.date) -> datetime.time:
        """Give the local time at which office hours end."""


class Unit(enum.StrEnum):
    """What a limit is counted in."""

    WORKING_DAYS = "working_days"
    OFFICE_MINUTES = "office_minutes"
    CALENDAR_DAYS = "calendar_days"


@dataclasses.dataclass(frozen=True)
class Stop:
    """A lawful suspension of a limit; without an end it is still going on."""

    from_at: datetime.datetime
    until_at: datetime.datetime | None
    reason: str

    def __post_init__(self) -> None:
        if self.until_at is not None and self.until_at < self.from_at:
            raise ValueError("a stop ends after it begins")

    def touches(self, on: datetime.date) -> bool:
        """Tell whether some of the day lies in the stop; an end at midnight leaves the next day free."""
        if on < _local(self.from_at).date():
            return False
        if self.until_at is None or on == _local(self.from_at).date():
            return True
        return _moment(on, datetime.time.min) < self.until_at


@dataclasses.dataclass(frozen=True)
class Skipped:
    """A day that does not count, why, and on whose word."""

    on: datetime.date
    reason: str
    source: str


@dataclasses.dataclass(frozen=True)
class Period:
    """A stretch of office hours that counts, and how many units of the limit it is worth."""

    from_at: datetime.datetime
    until_at: datetime.datetime
    worth: float


@dataclasses.dataclass(frozen=True)
class Span:
    """Days in a row that count, or that do not count for the same reason."""

    first: datetime.date
    last: datetime.date
    counts: bool
    reason: str
    source: str

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclasses.dataclass(frozen=True)
class Due:
    """When a limit ends and how that came about.

    `at` is None while an open stop holds the limit. `counted` and `skipped` together are every day from
    the first to the last of the limit (or to the open stop). `periods` are the office hours that count.
    """

    start: datetime.datetime
    at: datetime.datetime | None
    unit: Unit
    amount: int
    counted: tuple[datetime.date, ...]
    skipped: tuple[Skipped, ...]
    stops: tuple[Stop, ...]
    periods: tuple[Period, ...]

    @property
    def days_used(self) -> int:
        """Days counted by the end of the limit or, when a stop is open, before it."""
        return len(self.counted)

    @property
    def days_left(self) -> int:
        """Days still to be counted once the open stop ends; 0 when the end is known."""
        return max(0, self.amount - self.days_used) if self.at is None else 0

    def share_used(self, now: datetime.datetime) -> float:
        """Give the used share of the limit's working time, from 0 to 1."""
        if self.at is not None and now >= self.at:
            return 1.0
        used = 0.0
        for period in self.periods:
            if now > period.from_at:
                passed = min(now, period.until_at) - period.from_at
                used += period.worth * (passed / (period.until_at - period.from_at))
        return min(1.0, used / self._worth)

    def amber_at(self, share: float) -> datetime.datetime | None:
        """Give the moment at which that share of the working time is used; None if a stop comes first."""
        if not 0 <= share <= 1:
            raise ValueError("a share lies between 0 and 1")
        if share == 1:
            return self.at
        missing = share * self._worth
        for period in self.periods:
            if missing <= period.worth:
                return period.from_at + (period.until_at - period.from_at) * (missing / period.worth)
            missing -= period.worth
        return self.at

    def explain(self) -> list[str]:
        """Say in sentences for people how the end was found: start, days counted, days skipped and why."""
        return list(_sentences(self))

    def spans(self) -> tuple["Span", ...]:
        """Give the days in order, neighbours with the same fate together."""
        fates = {on: (True, "", "") for on in self.counted}
        fates |= {day.on: (False, day.reason, day.source) for day in self.skipped}
        spans: list[Span] = []
        for fate, together in itertools.groupby(sorted(fates), key=fates.__getitem__):
            days = list(together)
            spans.append(Span(days[0], days[-1], *fate))
        return tuple(spans)

    @property
    def _worth(self) -> float:
        if self.at is None:
            return float(max(1, self.amount))
        return sum(period.worth for period in self.periods)


def due(
    start: datetime.datetime, *, working_days: int, calendar: Calendar, stops: Sequence[Stop] = ()
) -> Due:
    """Give the end of a limit in working days.

    0 working days end on the very day, or on the next working day when set off after closing or on a day
    off.

    Raises:
        NoCalendar: when the count runs into a year that the calendar does not cover.
    """
    if working_days < 0:
        raise ValueError("a limit is not negative")
    start = _local(start)
    skipped: list[Skipped] = []
    periods: list[Period] = []
    on = start.date() + (_ONE_DAY if working_days else _NO_DAY)
    while len(periods) < max(1, working_days):
        stop = next((stop for stop in stops if stop.touches(on)), None)
        if stop and stop.until_at is None:
            break
        day_off = _day_off(on, calendar, start)
        if day_off:
            skipped.append(day_off)
        elif stop:
            skipped.append(Skipped(on, stop.reason, _("依法中止计时")))
        else:
            periods.append(Period(*_hours(on, calendar, start), worth=1.0))
        on += _ONE_DAY
    return Due(
        start=start,
        at=periods[-1].until_at if len(periods) == max(1, working_days) else None,
        unit=Unit.WORKING_DAYS,
        amount=working_days,
        counted=tuple(period.from_at.date() for period in periods),
        skipped=tuple(skipped),
        stops=tuple(stops),
        periods=tuple(periods),
    )


def office_hours_due(start: datetime.datetime, *, minutes: int, calendar: Calendar) -> Due:
    """Give the end of a limit in minutes of office hours, which runs from the moment it is set off.

    Raises:
        NoCalendar: when the count runs into a year that the calendar does not cover.
    """
    if minutes <= 0:
        raise ValueError("a limit in minutes is positive")
    start = _local(start)
    left = minutes * _ONE_MINUTE
    skipped: list[Skipped] = []
    periods: list[Period] = []
    on = start.date()
    while left:
        day_off = _day_off(on, calendar, start)
        if day_off:
            skipped.append(day_off)
        else:
            opens_at, closes_at = _hours(on, calendar, start)
            part = min(left, closes_at - opens_at)
            periods.append(Period(opens_at, opens_at + part, worth=part / _ONE_MINUTE))
            left -= part
        on += _ONE_DAY
    return Due(
        start=start,
        at=periods[-1].until_at,
        unit=Unit.OFFICE_MINUTES,
        amount=minutes,
        counted=tuple(period.from_at.date() for period in periods),
        skipped=tuple(skipped),
        stops=(),
        periods=tuple(periods),
    )


def calendar_days_due(start: datetime.datetime, *, days: int, calendar: Calendar) -> Due:
    """Give the end of a limit in calendar days, days off included.

    It starts on the next day and ends at the close of office hours of its last day, or of the next
    working day when the last one is a day off (民法典 Art. 201 to 203).

    Raises:
        NoCalendar: when the count runs into a year that the calendar does not cover.
    """
    if days < 0:
        raise ValueError("a limit is not negative")
    start = _local(start)
    first = start.date() + (_ONE_DAY if days else _NO_DAY)
    before_last = [first + _ONE_DAY * count for count in range(days - 1)]
    skipped: list[Skipped] = []
    last = first + _ONE_DAY * len(before_last)
    while day_off := _day_off(last, calendar, start):
        skipped.append(day_off)
        last += _ONE_DAY
    at_work = [on for on in before_last if not _day_off(on, calendar, start)]
    periods = tuple(Period(*_hours(on, calendar, start), worth=1.0) for on in [*at_work, last])
    return Due(
        start=start,
        at=periods[-1].until_at,
        unit=Unit.CALENDAR_DAYS,
        amount=days,
        counted=(*before_last, last),
        skipped=tuple(skipped),
        stops=(),
        periods=periods,
    )


def _local(at: datetime.datetime) -> datetime.datetime:
    if at.tzinfo is None:
        raise ValueError("a time without a time zone")
    return at.astimezone(BEIJING)


def _moment(on: datetime.date, at: datetime.time) -> datetime.datetime:
    return datetime.datetime.combine(on, at, tzinfo=BEIJING)


def _hours(
    on: datetime.date, calendar: Calendar, start: datetime.datetime
) -> tuple[datetime.datetime, datetime.datetime]:
    """Give the office hours of a day, from the start of the limit at the earliest."""
    return max(start, _moment(on, calendar.opens_at(on))), _moment(on, calendar.closes_at(on))


def _day_off(on: datetime.date, calendar: Calendar, start: datetime.datetime) -> Skipped | None:
    """Tell why a day cannot count: nobody works, or nobody works any more."""
    day = calendar.day(on)
    if not day.working:
        return Skipped(on, day.reason, day.source)
    opens_at, closes_at = _hours(on, calendar, start)
    return Skipped(on, _("当日已无办公时间"), day.source) if opens_at >= closes_at else None


def _sentences(due: Due) -> Iterator[str]:
    limit = {
        Unit.WORKING_DAYS: _("{amount}个工作日") if due.amount else _("当个工作日内"),
        Unit.OFFICE_MINUTES: _("{amount}分钟办公时间"),
        Unit.CALENDAR_DAYS: _("{amount}个自然日") if due.amount else _("当日内"),
    }[due.unit].format(amount=due.amount)
    yield _("{start}开始，期限为{limit}。").format(start=_moment_text(due.start), limit=limit)
    if due.unit is not Unit.OFFICE_MINUTES and due.amount:
        yield _("开始当日不计入，自次日起算。")
    for span in due.spans():
        dates = _date_text(span.first)
        if span.last != span.first:
            dates = _("{first}至{last}").format(first=dates, last=_date_text(span.last))
        if span.counts:
            yield _("{dates}：计入，共{days}天。").format(dates=dates, days=span.days)
        elif span.source:
            yield _("{dates}：不计入，{reason}（{source}）。").format(
                dates=dates, reason=span.reason, source=span.source
            )
        else:
            yield _("{dates}：不计入，{reason}。").format(dates=dates, reason=span.reason)
    if due.at is not None:
        yield _("{at}到期。").format(at=_moment_text(due.at))
        return
    stop = min((stop for stop in due.stops if stop.until_at is None), key=lambda stop: stop.from_at)
    yield _("{at}起依法中止计时：{reason}。已用{used}天，恢复后还剩{left}天。").format(
        at=_moment_text(_local(stop.from_at)), reason=stop.reason, used=due.days_used, left=due.days_left
    )


def _date_text(on: datetime.date) -> str:
    return _date_in(get_language(), on)


@functools.lru_cache(maxsize=8192)
def _date_in(_language: str | None, on: datetime.date) -> str:
    return _("{year}年{month}月{day}日").format(year=on.year, month=on.month, day=on.day)


def _moment_text(at: datetime.datetime) -> str:
    return f"{_date_text(at.date())} {at:%H:%M}"
