"""The five provinces' public figures: counted at night over all cases, month by month, and only read by pages (F1, G3).

Counted by events: a case that a window received in January and another province decided in March is one
receipt in January of the one and one decision in March of the other. Nothing personal is counted.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Q

from tongban.cases.models import CorrectionNotice
from tongban.directory import rules
from tongban.directory.models import Division, Level, ProvinceFigures, Window

COUNTED = ("received", "sent_here", "decided", "in_time", "asked_for_more")
_MONTH = "date_trunc('month', {at} AT TIME ZONE 'Asia/Shanghai')::date"
_BY = "SELECT left(w.division_id, 2), {month}, {counts} FROM {rows} GROUP BY 1, 2"
_OF_CASES = "cases_case c JOIN directory_window w ON w.id = c.{window}_id WHERE c.received_at IS NOT NULL"
_SQL: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("received",),
        _BY.format(
            month=_MONTH.format(at="c.received_at"),
            counts="count(*)",
            rows=_OF_CASES.format(window="receiving_window"),
        ),
    ),
    (
        ("sent_here",),
        _BY.format(
            month=_MONTH.format(at="c.received_at"),
            counts="count(*)",
            rows=_OF_CASES.format(window="home_window"),
        ),
    ),
    (
        ("decided", "in_time"),
        _BY.format(
            month=_MONTH.format(at="d.done_at"),
            counts="count(*), count(*) FILTER (WHERE d.done_at <= d.due_at)",
            rows="duties_duty d JOIN cases_case c ON c.id = d.case_id"
            " JOIN directory_window w ON w.id = c.home_window_id"
            " WHERE d.kind = 'promised_limit' AND d.outcome = 'done'",
        ),
    ),
    (
        ("asked_for_more",),
        _BY.format(
            month=_MONTH.format(at="n.asked_at"),
            counts="count(*)",
            rows="cases_correctionnotice n JOIN directory_window w ON w.id = n.window_id"
            " WHERE n.beyond_reason <> ''",
        ),
    ),
)


@dataclass
class Figures:
    """What a province (or all) did in a time."""

    name: str
    code: str = ""
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0))

    def add(self, row: ProvinceFigures) -> None:
        for one in COUNTED:
            self.counts[one] += getattr(row, one)

    @property
    def share_in_time(self) -> float | None:
        """The share of decisions within the promised limit in per cent; None before the first decision."""
        decided = self.counts["decided"]
        return 100 * self.counts["in_time"] / decided if decided else None


@dataclass
class Published:
    """The figures of a year: all five provinces, each of them, each month; and when they were counted."""

    year: int
    years: list[int]
    whole: Figures
    provinces: list[Figures]
    months: list[tuple[datetime.date, Figures]]
    counted_at: datetime.datetime | None


@transaction.atomic
def count_all(*, at: datetime.datetime) -> int:
    """Count every month of every province anew, in the place of what was counted before; gives how many rows.

    Reads all cases once for each figure: for the night, never for a page. Safe to run twice.
    """
    found: dict[tuple[str, datetime.date], dict[str, int]] = defaultdict(dict)
    for names, sql in _SQL:
        for digits, month, *counts in _rows(sql):
            found[digits, month] |= dict(zip(names, counts, strict=True))
    provinces = set(Division.objects.filter(level=Level.PROVINCE).values_list("code", flat=True))
    rows = [
        ProvinceFigures(province_id=code, month_on=month, counted_at=at, **counts)
        for (digits, month), counts in found.items()
        if (code := rules.chain_of(digits.ljust(12, "0"))[0]) in provinces
    ]
    ProvinceFigures.objects.all().delete()
    ProvinceFigures.objects.bulk_create(rows)
    return len(rows)


def _rows(sql: str) -> Iterator[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        yield from cursor.fetchall()


def of_year(year: int | None = None) -> Published:
    """Give the figures of a year, the newest one that has any without; a few rows whatever the number of cases."""
    rows = list(ProvinceFigures.objects.order_by("month_on", "province_id"))
    years = sorted({row.month_on.year for row in rows}, reverse=True)
    chosen = year if year in years else (years[0] if years else 0)
    provinces = {
        p.code: Figures(p.name, p.code)
        for p in Division.objects.filter(level=Level.PROVINCE, valid_until_on=None).order_by("code")
    }
    whole, months = Figures(""), dict[datetime.date, Figures]()
    for row in rows:
        if row.month_on.year == chosen:
            for one in (whole, provinces.get(row.province_id), months.setdefault(row.month_on, Figures(""))):
                if one is not None:
                    one.add(row)
    counted = max((row.counted_at for row in rows), default=None)
    return Published(chosen, years, whole, list(provinces.values()), sorted(months.items()), counted)


def asked_for_more(
    *, since: datetime.datetime, until: datetime.datetime, prefixes: Sequence[str] | None = None
) -> list[tuple[Window, int]]:
    """Count by window the notices that asked for more than the first one named (C11), the most first.

    Holds no personal data: the figures may be published.

    Args:
        prefixes: the leading digits of the places whose windows count; None: all five provinces.
    """
    rows = CorrectionNotice.objects.exclude(beyond_reason="").filter(asked_at__gte=since, asked_at__lte=until)
    if prefixes is not None:
        here = Q(pk__in=[])
        for prefix in prefixes:
            here |= Q(window__division__code__startswith=prefix)
        rows = rows.filter(here)
    counts = dict(rows.values_list("window").annotate(n=Count("id")).order_by("-n", "window"))
    windows = Window.objects.in_bulk([w for w in counts if w])
    return [(windows[w], n) for w, n in counts.items() if w in windows]
