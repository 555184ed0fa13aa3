"""No orphan (C12): every open case has exactly one holder, one next action, one running clock."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

from tongban.cases.states import DUTIES, FINAL, LIMITS, STATES, UNDER_DECISION, Part, State
from tongban.duties.models import BearerKind
from tongban.kernel import ids

_BEARERS = {
    Part.RECEIVING: BearerKind.WINDOW,
    Part.HOME: BearerKind.WINDOW,
    Part.DEPARTMENT: BearerKind.DEPARTMENT,
    Part.APPLICANT: BearerKind.APPLICANT,
}
_CASES = """
SELECT c.id, c.state, c.receiving_window_id, c.home_window_id, c.department_id,
       d.kind, d.bearer_kind, d.bearer_id, d.due_at, d.turns
FROM cases_case c
LEFT JOIN LATERAL (
    SELECT min(kind) AS kind, min(bearer_kind) AS bearer_kind, min(bearer_id) AS bearer_id,
           min(due_at) AS due_at, count(*) AS turns
    FROM duties_duty WHERE case_id = c.id AND is_turn AND done_at IS NULL
) d ON true
"""


@dataclass(frozen=True)
class Ailment:
    """A case that breaks the promise: its number, and in words what is wrong."""

    number: str
    what: str


def examine(*, at: datetime.datetime) -> Iterator[Ailment]:
    """Go over every case and give each exception to: one holder, one next action, one running clock."""
    with connection.cursor() as cursor:
        cursor.execute(_CASES)
        while rows := cursor.fetchmany(5000):
            for row in rows:
                what = _wrong(*row[1:])
                if what:
                    yield Ailment(ids.number_of(row[0]), what)
    yield from _side_duties()
    yield from _missing_limits()
    yield from _missing_applicants()
    yield from _at_closed_windows()


def _wrong(
    state: str,
    receiving: int,
    home: int | None,
    department: int | None,
    kind: str | None,
    bearer_kind: str | None,
    bearer_id: int | None,
    due_at: datetime.datetime | None,
    turns: int,
) -> str:
    if state not in State:
        return f"state {state} is none that a case can be in"
    row = STATES[State(state)]
    if row.turn is None:
        return "finished, but still somebody's turn" if turns else ""
    if turns != 1:
        return f"{turns} holders instead of one"
    if kind != row.duty:
        return f"next action is {kind}, state {state} asks for {row.duty}"
    if due_at is None:
        return "the clock of the next action stands still"
    holder = {Part.RECEIVING: receiving, Part.HOME: home, Part.DEPARTMENT: department}.get(
        row.turn, bearer_id
    )
    if bearer_kind != _BEARERS[row.turn] or bearer_id != holder:
        return f"held by {bearer_kind} {bearer_id}, should be by {row.turn}"
    return ""


def _side_duties() -> Iterator[Ailment]:
    """Find duties left open on finished cases, duties of no case, and limits that stand without a suspension."""
    stoppable = [kind for kind, row in DUTIES.items() if row.can_be_stopped]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.case_id, d.kind, c.state, d.due_at IS NULL FROM duties_duty d"
            " LEFT JOIN cases_case c ON c.id = d.case_id WHERE d.done_at IS NULL AND d.bearer_kind = ANY(%s)"
            " AND (c.id IS NULL OR c.state = ANY(%s) OR (d.due_at IS NULL AND NOT (c.state = %s AND d.kind = ANY(%s))))",
            [[str(k) for k in _BEARERS.values()], [str(s) for s in FINAL], State.SUSPENDED, stoppable],
        )
        for case_id, kind, state, stands in cursor.fetchall():
            if state is None:
                yield Ailment(ids.number_of(case_id), f"duty {kind} of a case that does not exist")
            elif stands:
                yield Ailment(
                    ids.number_of(case_id), f"the clock of {kind} stands still without a suspension"
                )
            else:
                yield Ailment(ids.number_of(case_id), f"finished, but {kind} is still owed")


def _missing_limits() -> Iterator[Ailment]:
    """Find cases under decision whose legal or promised limit nobody owes, or twice."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.id, k.kind, count(d.id) FROM cases_case c"
            " CROSS JOIN unnest(%s::text[]) AS k(kind)"
            " LEFT JOIN duties_duty d ON d.case_id = c.id AND d.kind = k.kind AND d.done_at IS NULL"
            " WHERE c.state = ANY(%s) GROUP BY c.id, k.kind HAVING count(d.id) <> 1",
            [list(LIMITS), [str(s) for s in UNDER_DECISION]],
        )
        for case_id, kind, clocks in cursor.fetchall():
            yield Ailment(ids.number_of(case_id), f"{clocks} clocks for {kind} instead of one")


def _missing_applicants() -> Iterator[Ailment]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.id FROM cases_case c LEFT JOIN cases_caseapplicant a ON a.case_id = c.id"
            " WHERE a.case_id IS NULL"
        )
        for (case_id,) in cursor.fetchall():
            yield Ailment(ids.number_of(case_id), "no applicant")


def _at_closed_windows() -> Iterator[Ailment]:
    """Find open cases in which a closed window still plays a part (P13)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.id FROM directory_window w JOIN cases_case c"
            " ON c.receiving_window_id = w.id OR c.home_window_id = w.id"
            " WHERE w.closed_at IS NOT NULL AND NOT c.state = ANY(%s)",
            [[str(s) for s in FINAL]],
        )
        for (case_id,) in cursor.fetchall():
            yield Ailment(ids.number_of(case_id), "held by a window that is closed")
