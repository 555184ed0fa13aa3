"""Open, stop and restart duties. Rows are built here and written by whoever takes the step, in its one trip."""

import datetime
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from procrastinate.contrib.django import app

from tongban.directory import operations as calendars
from tongban.directory import queries as directory
from tongban.directory.calendar import PlaceCalendar
from tongban.directory.models import CalendarDay, Division
from tongban.duties import queries
from tongban.duties.models import BearerKind, Duty, Unit
from tongban.journal import operations as journal
from tongban.kernel import ids, worktime

AMBER_SHARE = "duty.amber_share"
RECOMPUTE = "tongban.duties.tasks.recompute_clocks"
_BATCH = 500
log = logging.getLogger(__name__)


def build(
    case_id: int,
    *,
    kind: str,
    article: str,
    bearer: tuple[BearerKind, int],
    watched_by_id: int | None,
    is_turn: bool,
    at: datetime.datetime,
    counts_from_at: datetime.datetime,
    amount: int,
    unit: Unit,
    calendar: PlaceCalendar,
    stops: Sequence[worktime.Stop] = (),
    due_on: datetime.date | None = None,
    stamp: int | None = None,
) -> Duty:
    """Give a new duty with its clock set, not yet inserted.

    Args:
        bearer: the kind and id of who owes it.
        amount: how many of `unit`; not counted when `due_on` names the last day itself.
        calendar: of the place that owes it.
        stamp: the one that the calendar was read under, when the answer must be exact.

    Raises:
        worktime.NoCalendar: when the time would run into a year without a calendar.
    """
    duty = Duty(
        id=ids.new_id(at),
        bearer_kind=bearer[0],
        bearer_id=bearer[1],
        watched_by_id=watched_by_id,
        case_id=case_id,
        kind=kind,
        article=article,
        is_turn=is_turn,
        opened_at=at,
        counts_from_at=counts_from_at,
        unit=unit,
        amount=amount,
        calendar_code=calendar.code,
        stops=queries.stops_as_json(stops),
    )
    if due_on is not None:
        duty.unit = Unit.CALENDAR_DAY
        duty.amount = max((due_on - counts_from_at.astimezone(worktime.BEIJING).date()).days, 0)
    set_clock(duty, calendar=calendar, stamp=stamp)
    return duty


def set_clock(duty: Duty, *, calendar: PlaceCalendar, stamp: int | None = None) -> None:
    """Compute `due_at` and `amber_at` of a duty anew from its own parameters; both empty while it is stopped."""
    due = queries.due_of(duty, calendar=calendar)
    default = queries.default_amber_share()
    share = float(directory.parameter(AMBER_SHARE, default, code=duty.calendar_code, stamp=stamp))
    duty.due_at = due.at
    duty.amber_at = due.amber_at(share) if due.at else None


def change_day(
    code: str | None,
    *,
    on: datetime.date,
    is_working: bool,
    reason: str,
    source: str,
    actor_id: int | None,
    actor_name: str,
    place: str,
    at: datetime.datetime,
) -> CalendarDay:
    """Say whether people work on a day in a place (no code: everywhere), and have running clocks follow (G1).

    Raises:
        What `directory.operations.set_day` raises.
    """
    with transaction.atomic():
        row = calendars.set_day(
            code,
            on=on,
            is_working=is_working,
            reason=reason,
            source=source,
            actor_id=actor_id,
            actor_name=actor_name,
            place=place,
            at=at,
        )
        queue_recompute(code)
    return row


def restore_day(
    code: str | None,
    *,
    on: datetime.date,
    actor_id: int | None,
    actor_name: str,
    place: str,
    at: datetime.datetime,
) -> None:
    """Take back what a place has said about a day, and have running clocks follow (G1).

    Raises:
        What `directory.operations.clear_day` raises.
    """
    with transaction.atomic():
        calendars.clear_day(code, on=on, actor_id=actor_id, actor_name=actor_name, place=place, at=at)
        queue_recompute(code)


def queue_recompute(code: str | None) -> None:
    """Queue, in the open transaction, that the clocks of a place (no code: all) are computed anew."""
    app.configure_task(RECOMPUTE).defer(code=code or "")


def recompute_clocks(code: str, *, at: datetime.datetime) -> int:
    """Compute the clocks of all open duties under a division anew (empty: all); gives how many have moved.

    Safe to run twice. One entry in the division's calendar chain says how many were looked at and moved;
    a duty whose time now runs into a year without a calendar keeps its clock and is counted apart.
    """
    rows = Duty.objects.filter(done_at=None)
    if code:
        rows = rows.filter(calendar_code__startswith=Division.objects.get(code=code).prefix)
    looked_at = moved = left = last = 0
    later: list[int] = []
    while True:
        batch = list(rows.filter(id__gt=last).order_by("id").values_list("id", flat=True)[:_BATCH])
        if not batch:
            break
        last = batch[-1]
        # A step may hold some of these rows and want others: what is held now is left for the end.
        done = _recompute(rows.filter(id__in=batch).select_for_update(skip_locked=True))
        later += sorted(set(batch) - done.ids)
        looked_at, moved, left = looked_at + len(done.ids), moved + done.moved, left + done.unclear
    for id_ in later:
        # One by one: whoever waits for a single row and holds no other keeps nobody waiting for ever.
        done = _recompute(rows.filter(id=id_).select_for_update())
        looked_at, moved, left = looked_at + len(done.ids), moved + done.moved, left + done.unclear
    journal.append(
        "calendar",
        int(code or 0),
        code="clocks_recomputed",
        article="G1",
        at=at,
        actor_id=None,
        actor="系统",
        place="",
        payload={"duties": looked_at, "moved": moved, "left_without_calendar": left},
    )
    return moved


@dataclass(frozen=True)
class _Recomputed:
    ids: set[int]
    moved: int
    unclear: int  # how many ran out of calendar


def _recompute(rows: QuerySet[Duty]) -> _Recomputed:
    """Lock duties and set their clocks by the calendar as it is once they are locked."""
    changed, unclear = [], 0
    with transaction.atomic():
        duties = list(rows)
        stamp = directory.stamp()
        for duty in duties:
            before = (duty.due_at, duty.amber_at)
            try:
                calendar = directory.calendar_of(duty.calendar_code, stamp=stamp)
                set_clock(duty, calendar=calendar, stamp=stamp)
            except worktime.NoCalendar as refusal:
                unclear += 1
                log.error("duty %s keeps its clock: %s", duty.id, refusal)
                continue
            if (duty.due_at, duty.amber_at) != before:
                changed.append(duty)
        Duty.objects.bulk_update(changed, ["due_at", "amber_at"])
    return _Recomputed({d.id for d in duties}, len(changed), unclear)
