"""The country's days off: as the library has them, and worked out by the law for years not announced yet."""

import datetime
import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass, field

from chinese_calendar import constants

_ONE_DAY = datetime.timedelta(days=1)
_NAMES = {"清明": "清明节", "端午": "端午节", "中秋": "中秋节"}

# New Year's Eve, Qingming, Dragon Boat, Mid-Autumn of the years that no announcement covers yet.
SAMPLE_YEARS = {2027: ("02-05", "04-05", "06-09", "09-15"), 2028: ("01-25", "04-04", "05-28", "10-03")}
SAMPLE_SOURCE = "示例：该年度放假安排尚未公布，按周末和法定节假日推定"


@dataclass(frozen=True)
class ChangedDay:
    """A day that is not what its weekday says, and why."""

    is_working: bool
    reason: str


@dataclass(frozen=True)
class Year:
    """The working days of one year: on whose word, and every day that is not what its weekday says."""

    year: int
    source: str
    is_sample: bool
    days: Mapping[datetime.date, ChangedDay] = field(default_factory=dict)


def announced_years() -> list[Year]:
    """Give every year that the library knows, as the State Council arranged it."""
    version = importlib.metadata.version("chinesecalendar")
    days: dict[datetime.date, ChangedDay] = {}
    for on, name in constants.holidays.items():
        ending = "调休" if on in constants.in_lieu_days else ""
        days[on] = ChangedDay(is_working=False, reason=_chinese(name) + ending)
    for on, name in constants.workdays.items():
        days[on] = ChangedDay(is_working=True, reason=f"{_chinese(name)}调休上班")
    return [
        Year(
            year=year,
            source=f"国务院办公厅{year}年节假日安排（chinesecalendar {version}）",
            is_sample=False,
            days={on: day for on, day in days.items() if on.year == year},
        )
        for year in sorted({on.year for on in constants.holidays})
    ]


def sample_years() -> list[Year]:
    """Give the years after the announced ones, worked out from the law of 2024 for practice only."""
    return [_by_law(year, lunar) for year, lunar in SAMPLE_YEARS.items()]


def _chinese(name: str) -> str:
    chinese = str(constants.Holiday(name).chinese)
    return _NAMES.get(chinese, chinese)


def _by_law(year: int, lunar: tuple[str, str, str, str]) -> Year:
    """Put the holidays on their days; one on a weekend or on another holiday is made up after it."""
    eve, qingming, dragon_boat, mid_autumn = (datetime.date.fromisoformat(f"{year}-{day}") for day in lunar)
    stretches = [
        ("元旦", datetime.date(year, 1, 1), 1),
        ("春节", eve, 4),
        ("清明节", qingming, 1),
        ("劳动节", datetime.date(year, 5, 1), 2),
        ("端午节", dragon_boat, 1),
        ("中秋节", mid_autumn, 1),
        ("国庆节", datetime.date(year, 10, 1), 3),
    ]
    days: dict[datetime.date, ChangedDay] = {}
    made_up: list[tuple[str, datetime.date]] = []
    for name, first, count in stretches:
        for on in (first + _ONE_DAY * n for n in range(count)):
            if on.weekday() >= 5 or on in days:
                made_up.append((name, first + _ONE_DAY * count))
            days[on] = ChangedDay(is_working=False, reason=name)
    for name, on in made_up:
        while on.weekday() >= 5 or on in days:
            on += _ONE_DAY
        days[on] = ChangedDay(is_working=False, reason=f"{name}补假")
    return Year(year=year, source=SAMPLE_SOURCE, is_sample=True, days=days)
