"""Reads of duties: the queue of a bearer, and why a date is what it is."""

import collections
import datetime
from collections.abc import Iterable, Sequence

from django.conf import settings
from django.db.models import Q, QuerySet

from tongban.directory import queries as directory
from tongban.directory.calendar import PlaceCalendar
from tongban.duties.models import BearerKind, Duty, Unit
from tongban.kernel import worktime

TALLIED_AT_MOST = 1000


def default_amber_share() -> float:
    """Give the share of a duty's time after which it shows amber where no place has set its own."""
    return float(settings.TONGBAN_AMBER_SHARE)


def stops_as_json(stops: Sequence[worktime.Stop]) -> list[dict[str, str | None]]:
    """Write lawful suspensions the way a duty keeps them."""
    return [
        {
            "from": stop.from_at.isoformat(),
            "until": stop.until_at.isoformat() if stop.until_at else None,
            "reason": stop.reason,
        }
        for stop in stops
    ]


def stops_of(duty: Duty) -> list[worktime.Stop]:
    """Read the lawful suspensions that a duty keeps."""
    return [
        worktime.Stop(
            from_at=datetime.datetime.fromisoformat(stop["from"]),
            until_at=datetime.datetime.fromisoformat(stop["until"]) if stop["until"] else None,
            reason=stop["reason"],
        )
        for stop in duty.stops
    ]


def due_of(duty: Duty, *, calendar: PlaceCalendar | None = None) -> worktime.Due:
    """Work out a duty's due time with everything that explains it: days counted, days skipped and why.

    Raises:
        worktime.NoCalendar: when the time runs into a year without a calendar.
    """
    place = calendar or directory.calendar_of(duty.calendar_code)
    if duty.unit == Unit.CALENDAR_DAY:
        return worktime.calendar_days_due(duty.counts_from_at, days=duty.amount, calendar=place)
    return worktime.due(duty.counts_from_at, working_days=duty.amount, calendar=place, stops=stops_of(duty))


def open_of_case(case_id: int) -> QuerySet[Duty]:
    """Give the open duties of a case, the turn first, then by due time."""
    return Duty.objects.filter(case_id=case_id, done_at=None).order_by("-is_turn", "due_at")


def turns_of(case_ids: Iterable[int]) -> dict[int, Duty]:
    """Give for each case the open duty that is its turn, in one query."""
    rows = Duty.objects.filter(case_id__in=list(case_ids), done_at=None, is_turn=True)
    return {duty.case_id: duty for duty in rows}


def queue_of(bearers: Sequence[tuple[BearerKind, int]]) -> QuerySet[Duty]:
    """Give the open duties of bearers, the soonest due first."""
    rows = Duty.objects.none()
    by_kind: dict[BearerKind, list[int]] = {}
    for kind, id_ in bearers:
        by_kind.setdefault(kind, []).append(id_)
    for kind, ids_ in by_kind.items():
        rows = rows | Duty.objects.filter(bearer_kind=kind, bearer_id__in=ids_, done_at=None)
    return rows.order_by("due_at", "id")


def after_in_queue(
    rows: QuerySet[Duty], after: tuple[datetime.datetime | None, int] | None
) -> QuerySet[Duty]:
    """Go on in a queue after the duty whose due time and id are given; clocks that stand come last."""
    if after is None:
        return rows
    due_at, id_ = after
    if due_at is None:
        return rows.filter(due_at=None, id__gt=id_)
    return rows.filter(Q(due_at__gt=due_at) | Q(due_at=due_at, id__gt=id_) | Q(due_at=None))


def tally_of(
    bearers: Sequence[tuple[BearerKind, int]], *, at: datetime.datetime, most: int = TALLIED_AT_MOST
) -> dict[str, int]:
    """Count what bearers owe: late, soon due, the rest; of all together at most so many, the soonest due first."""
    counts = {"late": 0, "soon": 0, "rest": 0}
    for due_at, amber_at in queue_of(bearers).values_list("due_at", "amber_at")[:most]:
        late = due_at is not None and due_at < at
        soon = not late and due_at is not None and amber_at is not None and amber_at <= at
        counts["late" if late else "soon" if soon else "rest"] += 1
    return counts


def watched_by(window_ids: Sequence[int]) -> QuerySet[Duty]:
    """Give the open duties of others (applicants) that windows keep an eye on."""
    return Duty.objects.filter(watched_by_id__in=list(window_ids), done_at=None).order_by("due_at", "id")


def pressing_at(
    prefixes: Sequence[str], *, at: datetime.datetime, after: tuple[datetime.datetime, int] | None = None
) -> QuerySet[Duty]:
    """Give the open duties of windows and departments of places, late or past amber, the soonest due first.

    Args:
        prefixes: the leading digits of the places' codes.
        after: due time and id of the last duty of the page before.
    """
    here = Q()
    for prefix in prefixes:
        here |= Q(calendar_code__startswith=prefix)
    rows = Duty.objects.filter(here, bearer_kind__in=[BearerKind.WINDOW, BearerKind.DEPARTMENT])
    rows = rows.filter(done_at=None, due_at__isnull=False, amber_at__lte=at)
    if after:
        due_at, id_ = after
        rows = rows.filter(Q(due_at__gt=due_at) | Q(due_at=due_at, id__gt=id_))
    return rows.order_by("due_at", "id")


def late_by_kind(*, at: datetime.datetime, most: int) -> dict[str, int]:
    """Count the open duties whose time is over, by kind; of all together at most so many."""
    late = Duty.objects.filter(done_at=None, due_at__lt=at).order_by("due_at").values_list("kind", flat=True)
    return dict(collections.Counter(late[:most]))


def overdue(kind: str, *, at: datetime.datetime) -> QuerySet[Duty]:
    """Give the open duties of a kind whose time is over."""
    return Duty.objects.filter(kind=kind, done_at=None, due_at__lt=at).order_by("due_at")
