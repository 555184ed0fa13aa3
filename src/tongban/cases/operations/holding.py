"""A case that somebody may see, locked and read once, with all its names, for what a request does to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from tongban.cases import queries, rules
from tongban.cases.models import Case
from tongban.directory import queries as directory
from tongban.duties.models import Duty
from tongban.kernel import trip
from tongban.people.actors import Actor


class Held:
    """A locked case with its open duties, and the stamp of calendars that stands until the transaction ends."""

    def __init__(self, case: Case, open_duties: list[Duty], stamp: int) -> None:
        self.case = case
        self.open_duties = open_duties
        self.stamp = stamp
        self.is_fresh = True  # nobody has changed it since it was read


_held: ContextVar[Held | None] = ContextVar("held", default=None)


@contextmanager
def holding(case_id: int, *, by: Actor) -> Iterator[Held]:
    """Lock a case for somebody who may see it; the step or entry that is made inside reads nothing again.

    Raises:
        rules.UnknownCase: there is none, or it is not theirs to see; which of the two is not told.
    """
    with trip.part():
        mark = _held.set(Held(*_seen(case_id, by)))
        try:
            held = _held.get()
            assert held is not None
            yield held
        finally:
            _held.reset(mark)


def take(case_id: int) -> Held | None:
    """Give what is held of a case to whoever is about to change it, once; None when it must be read."""
    held = _held.get()
    if held is None or held.case.id != case_id or not held.is_fresh:
        return None
    held.is_fresh = False
    return held


def read(case_id: int) -> Held:
    """Lock a case whoever asks, and read it.

    Raises:
        rules.UnknownCase: there is no such case.
    """
    rows, open_duties, stamp = _locked((Case, "WHERE id = %s FOR UPDATE", [case_id]), case_id)
    if not rows:
        raise rules.UnknownCase()
    return Held(rows[0], open_duties, stamp)


def _seen(case_id: int, by: Actor) -> tuple[Case, list[Duty], int]:
    if by.is_system or by.is_applicant:  # an applicant's number is not kept in a text
        queries.get(case_id, for_=by)
        held = read(case_id)
        return held.case, held.open_duties, held.stamp
    rows, open_duties, stamp = _locked(queries.locked_for(by, case_id), case_id)
    if not rows:
        # A helper's draft, or one that another window got while its lock was waited for: both are found by asking anew.
        visible = queries.visible_to(by).select_related(*queries.SHOWN).filter(id=case_id)
        rows = list(visible.select_for_update(of=("self",)))
        open_duties = queries.duties_of(case_id) if rows else []
    if not rows:
        raise rules.UnknownCase()
    return rows[0], open_duties, stamp


def _locked(case: trip.Query, case_id: int) -> tuple[list[Case], list[Duty], int]:
    _hold, rows, open_duties, stamps = trip.read_models(
        [
            directory.HOLD,  # before the row's lock: nobody who has a case waits for a calendar
            case,
            (Duty, "WHERE case_id = %s AND done_at IS NULL ORDER BY is_turn DESC, due_at", [case_id]),
            directory.STAMP,
        ]
    )
    return rows, open_duties, stamps[0][0]
