"""Closing a window (P9, P13): none closes that holds open cases; one order hands all of them to another window.

The order is the authority's and stands in the directory's journal; the cases follow one by one, each with a
step of its own, in batches that the queue carries on until none is left.
"""

import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from procrastinate.contrib.django import app

from tongban.cases import following, rules
from tongban.cases.models import Case
from tongban.cases.operations import _step, transfer
from tongban.cases.states import FINAL, Mode, State
from tongban.directory import places
from tongban.directory import rules as directory_rules
from tongban.directory.models import Window, WindowKind
from tongban.people import permissions
from tongban.people.actors import SYSTEM, Actor

TASK = "tongban.cases.tasks.hand_window_over"
BATCH = 100
# Papers lie at the receiving window until they are sent, at the home window from their arrival on.
_AT_RECEIVING = frozenset(
    {State.DRAFTING, State.CORRECTION, State.RETURNED, State.RECEIVED, State.RETURNING_RECEIVING}
)
_ON_THE_WAY = frozenset({State.IN_TRANSFER, State.RESULT_IN_TRANSFER, State.DELIVERING})


def open_cases_of(window_id: int) -> int:
    """Count the open cases in which a window plays a part."""
    return _held_by(window_id).count()


def _held_by(window_id: int) -> "QuerySet[Case]":
    return Case.objects.exclude(state__in=sorted(FINAL)).filter(
        Q(receiving_window=window_id) | Q(home_window=window_id)
    )


@transaction.atomic
def close(window_id: int, *, reason: str, by: Actor, at: datetime.datetime) -> Window:
    """Close a window that holds no open case: it leaves the contact list at once and for good (P13).

    Raises:
        permissions.NotYourPart: it belongs to another authority. rules.NoReason.
        rules.HoldsCases: it holds open cases; `hand_over` gives them to another window first.
        rules.SupervisesOutlets: outlets are under its supervision. directory.rules.WindowClosed.
    """
    row, who = _closable(window_id, reason=reason, by=by)
    count = open_cases_of(window_id)
    if count:
        raise rules.HoldsCases(window=row.name, count=count)
    _finish(row, who=who, reason=reason, at=at)
    return row


@transaction.atomic
def hand_over(window_id: int, *, successor_id: int, reason: str, by: Actor, at: datetime.datetime) -> Window:
    """Hand every open case of a window to another one, and close it when none is left: one order for all.

    The window leaves the contact list at once; the cases follow in the queue, `window.closed_at` says when the
    last one has gone.

    Raises:
        permissions.NotYourPart, rules.NoReason, rules.SupervisesOutlets, directory.rules.WindowClosed.
        rules.UnfitSuccessor: not another listed window of a hall in the same province.
    """
    row, who = _closable(window_id, reason=reason, by=by)
    rows = Window.objects.select_for_update().filter(is_open=True, kind=WindowKind.HALL)
    successor = rows.filter(id=successor_id, division__code__startswith=row.division_id[:2]).first()
    if successor is None or successor.id == row.id:
        raise rules.UnfitSuccessor(fields={"successor_id": rules.UnfitSuccessor().message})
    row.is_open, row.successor = False, successor
    row.save(update_fields=["is_open", "successor"])
    code = row.hall.authority.division_id
    payload = {"window": row.id, "successor": successor.id, "reason": reason.strip()[:200]}
    places.note("window_handed_over", code=code, who=who, at=at, payload=payload)
    app.configure_task(TASK).defer(window_id=row.id, ordered_by=who.actor)
    return row


def _closable(window_id: int, *, reason: str, by: Actor) -> tuple[Window, places.Who]:
    row = places.window(window_id)
    who = permissions.require_edit(by, row.hall.authority)
    rules.check_reason(reason)
    Window.objects.select_for_update().get(id=window_id)
    if row.closed_at or row.successor_id:
        raise directory_rules.WindowClosed(window=row.name)
    outlets = Window.objects.filter(supervisor=row, closed_at=None).count()
    if outlets:
        raise rules.SupervisesOutlets(window=row.name, count=outlets)
    return row, who


def _finish(row: Window, *, who: places.Who, reason: str, at: datetime.datetime) -> None:
    row.is_open, row.closed_at = False, at
    row.save(update_fields=["is_open", "closed_at"])
    payload = {"window": row.id, "name": row.name, "reason": reason.strip()[:200]}
    places.note("window_closed", code=row.hall.authority.division_id, who=who, at=at, payload=payload)


def hand_batch_over(window_id: int, *, ordered_by: str, at: datetime.datetime) -> int:
    """Hand the next open cases of a window to its successor; gives how many, zero once it is closed.

    Safe to run twice: a case that has gone is not found again. The last batch closes the window.
    """
    row = places.window(window_id)
    if row.closed_at or row.successor_id is None:
        return 0
    found = list(_held_by(window_id).order_by("id").values_list("id", flat=True)[:BATCH])
    for case_id in found:
        take_over(case_id, old_id=window_id, new_id=row.successor_id, ordered_by=ordered_by, at=at)
    if found:
        return len(found)
    with transaction.atomic():
        _finish(row, who=places.SYSTEM, reason="", at=at)
        _follow(window_id, row.successor_id)
    return 0


def take_over(case_id: int, *, old_id: int, new_id: int, ordered_by: str, at: datetime.datetime) -> Case:
    """Let a window take the place of another one in a case: same state, same clocks, custody signed over (C13)."""
    with _step.taking(case_id, "take_over", by=SYSTEM, at=at) as step:
        if _has_papers(step.case, old_id):
            transfer.custody(step, from_window_id=old_id, to_window_id=new_id)
        step.hand_window_over(old_id, new_id)
        step.note(from_window=old_id, to_window=new_id, ordered_by=ordered_by[:100])
        _follow(old_id, new_id, case_id)
    return step.case


def _follow(old_id: int, new_id: int, case_id: int | None = None) -> None:
    for follow in following.ON_HAND_OVER:
        follow(old_id, new_id, case_id)


def _has_papers(case: Case, window_id: int) -> bool:
    """Tell whether a case's papers lie at a window now, rather than on their way or at the other one."""
    if case.state in _ON_THE_WAY or case.mode == Mode.ONLINE:
        return False
    at_receiving = case.state in _AT_RECEIVING or case.state == State.PICKUP_RECEIVING
    return window_id == (case.receiving_window_id if at_receiving else case.home_window_id)


def in_progress() -> list[int]:
    """Give the windows whose cases are being handed over."""
    return list(Window.objects.filter(successor__isnull=False, closed_at=None).values_list("id", flat=True))
