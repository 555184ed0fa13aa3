"""Where every step is taken: lock and read, check, move, open and discharge duties, write the journal.

    with taking(case_id, "accept", by=officer, at=now, revision=seen) as step:
        rules.check_reconciled(step.case)
        step.set(accepted_at=now)
        step.add(Decision(...))

Two round trips besides BEGIN and COMMIT: one locks the case and reads it with its open duties, one writes
everything. Nothing outside the database happens in between.
"""

import datetime
import functools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import models, transaction

from tongban.cases import following, permissions, queries, rules
from tongban.cases.clocks import Counts, Limit
from tongban.cases.models import Case, CaseChild
from tongban.cases.operations import holding
from tongban.cases.states import (
    BEGINNINGS,
    CHANNEL_DAYS,
    DUTIES,
    STATES,
    STEPS,
    Channel,
    Part,
    State,
)
from tongban.directory import queries as directory
from tongban.duties import operations as duties
from tongban.duties import queries as duty_queries
from tongban.duties.models import BearerKind, Duty, Outcome
from tongban.journal import operations as journal
from tongban.kernel import text, trip, worktime
from tongban.people.actors import Actor

_DEFER = (
    "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW('default', %s::varchar, 0, NULL, NULL, %s::jsonb, NULL)"
    "::procrastinate_job_to_defer_v1])"
)


# What moves of a duty while it stays open: its clock, and whose it is when a window's place is taken.
_MOVABLE = ("stops", "due_at", "amber_at", "bearer_id", "calendar_code", "watched_by_id")


class Taking:
    """A step that is being taken: the locked case, its open duties, and what is to be written."""

    def __init__(
        self, name: str, case: Case, *, open_duties: list[Duty], stamp: int, by: Actor, at: datetime.datetime
    ) -> None:
        self.name = name
        self.row = STEPS.get(name) or BEGINNINGS[name]
        self.case = case
        self.open_duties = open_duties
        self.by = by
        self.at = at
        self.due_on: datetime.date | None = None  # last day of a duty whose limit the step names
        self.amounts: dict[str, int] = {}  # lengths that this step knows better than the table
        self.count_from: datetime.datetime = at  # since when the time counts, if not since a date of the case
        self.counts_anew = False
        self.watched_by_id: int | None = None
        self.payload: dict[str, Any] = {}
        self._also: set[str] = set()
        self._stamp = stamp
        self._rows: list[models.Model] = []
        self._changes: dict[str, Any] = {}
        self._updates: list[tuple[type[models.Model], dict[str, Any], dict[str, Any]]] = []
        self._closed: dict[Outcome, list[int]] = {}
        self._moved: list[Duty] = []

    def set(self, **changes: Any) -> None:
        """Change fields of the case."""
        for name, value in changes.items():
            setattr(self.case, name, value)
        self._changes.update(changes)

    def add(self, *rows: models.Model) -> None:
        """Insert rows that belong to the step."""
        self._rows.extend(rows)

    def update(self, row: models.Model, **changes: Any) -> None:
        """Change fields of a row that belongs to the case."""
        for name, value in changes.items():
            setattr(row, name, value)
        self._updates.append((type(row), changes, {"id": row.pk, "case": self.case.id}))

    def open_also(self, kind: str) -> None:
        """Open a duty that the step's row says it may open."""
        assert kind in {side.kind for side in self.row.may_open}
        self._also.add(kind)

    def note(self, **payload: Any) -> None:
        """Say more about the step in the journal: codes and numbers, no personal data."""
        self.payload.update(payload)

    def check_turn_is_over(self) -> None:
        """Refuse to end a turn for its time while that still runs, by the calendar as it is now.

        Raises:
            rules.TimeStillRuns: it was not this turn whose time was over, or the calendar gave it more.
        """
        turn = next(d for d in self.open_duties if d.is_turn)
        calendar = directory.calendar_of(turn.calendar_code, stamp=self._stamp)
        due_at = duty_queries.due_of(turn, calendar=calendar).at
        if due_at is None or due_at >= self.at:
            raise rules.TimeStillRuns()

    def stop_clocks(self, *, reason: str) -> None:
        """Stop the limits that the law lets stop (行政许可法 Art. 45)."""
        for duty in self._stoppable():
            duty.stops = [*duty.stops, {"from": self.at.isoformat(), "until": None, "reason": reason}]
            duty.due_at = duty.amber_at = None
            self._moved.append(duty)

    def restart_clocks(self) -> None:
        """Let stopped limits run on; their due times move by the days of the stop."""
        for duty in self._stoppable():
            if duty.stops and duty.stops[-1]["until"] is None:
                # A machine's clock that was put back, or the practice clock, must not hold a case for ever.
                until = max(self.at, datetime.datetime.fromisoformat(duty.stops[-1]["from"]))
                duty.stops = [*duty.stops[:-1], {**duty.stops[-1], "until": until.isoformat()}]
                calendar = directory.calendar_of(duty.calendar_code, stamp=self._stamp)
                duties.set_clock(duty, calendar=calendar, stamp=self._stamp)
                self._moved.append(duty)

    def hand_window_over(self, old_id: int, new_id: int) -> None:
        """Let another window take every part that one plays: the case, what it owes, what it keeps an eye on.

        The state stays, and so does the moment since which each time counts; it is counted in the calendar of
        the new window's place.
        """
        case = self.case
        names = [n for n in ("receiving_window_id", "home_window_id") if getattr(case, n) == old_id]
        self.set(**{name: new_id for name in names})
        code = directory.division_of_window(new_id)
        for duty in self.open_duties:
            if duty.bearer_kind == BearerKind.WINDOW and duty.bearer_id == old_id:
                duty.bearer_id, duty.calendar_code = new_id, code
                duties.set_clock(duty, calendar=directory.calendar_of(code, stamp=self._stamp))
            elif duty.watched_by_id == old_id:
                duty.watched_by_id = new_id
            else:
                continue
            self._moved.append(duty)

    def _stoppable(self) -> list[Duty]:
        return [d for d in self.open_duties if not d.is_turn and DUTIES[d.kind].can_be_stopped]

    def _finish_duties(self) -> None:
        leaving = self.row.to is not None
        for duty in self.open_duties:
            if duty.is_turn:
                outcome = self.row.turn_ends if leaving else None
            elif duty.kind in self.row.discharges:
                outcome = Outcome.DONE
            else:
                outcome = Outcome.CANCELLED if duty.kind in self.row.cancels else None
            if outcome:
                self._closed.setdefault(outcome, []).append(duty.id)
                duty.outcome = outcome

    def _open_duties(self) -> None:
        if self.row.to is not None:
            turn = STATES[self.row.to]
            if turn.duty and turn.turn:
                self._open(turn.duty, turn.turn, is_turn=True)
        still_open = {d.kind for d in self.open_duties if not d.outcome}
        for side in (*self.row.opens, *(o for o in self.row.may_open if o.kind in self._also)):
            if side.kind not in still_open:
                self._open(side.kind, side.bearer, is_turn=False)

    def _open(self, kind: str, part: Part, *, is_turn: bool) -> None:
        row = DUTIES[kind]
        bearer, calendar_code = self._bearer(part)
        stops: Sequence[worktime.Stop] = ()
        if row.can_be_stopped:
            stops = next((duty_queries.stops_of(d) for d in self._stoppable()), [])
        duty = duties.build(
            self.case.id,
            kind=kind,
            article=row.article,
            bearer=bearer,
            watched_by_id=self.watched_by_id if part == Part.APPLICANT else None,
            is_turn=is_turn,
            at=self.at,
            counts_from_at=self._counts_from(row.counts),
            amount=self._amount(kind, calendar_code),
            unit=row.unit,
            calendar=directory.calendar_of(calendar_code, stamp=self._stamp),
            stops=stops,
            due_on=self.due_on if row.limit == Limit.GIVEN else None,
            stamp=self._stamp,
        )
        self._rows.append(duty)
        self.open_duties.append(duty)

    def _counts_from(self, counts: Counts) -> datetime.datetime:
        if counts == Counts.NOW or self.counts_anew:
            return self.at
        since: datetime.datetime | None = getattr(self.case, counts.value)
        return since or self.at

    def _amount(self, kind: str, calendar_code: str) -> int:
        row = DUTIES[kind]
        if kind in self.amounts:
            return self.amounts[kind]
        if row.limit == Limit.LEGAL:
            return self.case.legal_limit or 0
        if row.limit == Limit.PROMISED:
            return self.case.promised_limit or 0
        if row.limit == Limit.CHANNEL:
            return CHANNEL_DAYS[Channel(self.case.channel)]
        if row.fixed_by_law or row.limit == Limit.GIVEN:
            return row.amount
        return int(directory.parameter(f"duty.{kind}", row.amount, code=calendar_code, stamp=self._stamp))

    def _bearer(self, part: Part) -> tuple[tuple[BearerKind, int], str]:
        case = self.case
        receiving_code = directory.division_of_window(case.receiving_window_id)
        if part == Part.RECEIVING:
            return (BearerKind.WINDOW, case.receiving_window_id), receiving_code
        if part == Part.APPLICANT:
            return (BearerKind.APPLICANT, case.id), receiving_code
        assert case.home_window_id is not None
        home_code = directory.division_of_window(case.home_window_id)
        if part == Part.DEPARTMENT:
            assert case.department_id is not None
            return (BearerKind.DEPARTMENT, case.department_id), home_code
        return (BearerKind.WINDOW, case.home_window_id), home_code

    def _entry(self, from_: str) -> models.Model:
        case = self.case
        entry = journal.entry(
            case.id,
            seq=case.journal_seq + 1 if from_ else 1,
            before=bytes(case.journal_head) if from_ else journal.NOTHING_BEFORE,
            code=f"case.{self.name}",
            article=self.row.article,
            at=self.at,
            actor_id=self.by.id,
            actor=self.by.name,
            place=_place(self.by, case),
            payload={"from": from_, "to": str(case.state), **self.payload},
        )
        self._changes |= {"journal_seq": entry.seq, "journal_head": entry.digest}
        case.journal_seq, case.journal_head = entry.seq, entry.digest
        return entry

    def write(self, *, is_new: bool = False) -> None:
        """Write everything in one round trip."""
        from_ = "" if is_new else str(self.case.state)
        windows = {self.case.receiving_window_id, self.case.home_window_id}
        if self.row.to is not None:
            self.set(state=State(self.row.to))
        self._finish_duties()
        self._open_duties()
        self._rows.append(self._entry(from_))
        out = trip.Trip()
        if is_new:
            out.insert([self.case])
        else:
            self.set(revision=self.case.revision + 1)
            out.update(Case, self._changes, where={"id": self.case.id})
        for outcome, ids_ in self._closed.items():
            out.update(
                Duty,
                {"done_at": self.at, "done_by_id": self.by.id, "outcome": outcome},
                where={"case_id": self.case.id, "id": ids_},
            )
        for duty in self._moved:
            if not duty.outcome:
                changes = {name: getattr(duty, name) for name in _MOVABLE}
                out.update(Duty, changes, where={"case_id": self.case.id, "id": duty.id})
        for model, changes, where in self._updates:
            out.update(model, changes, where=where)
        out.insert(self._rows)
        for task in following.JOBS.get(self.name, ()):
            out.call(_DEFER, [task, json.dumps({"case_id": self.case.id, "seq": self.case.journal_seq})])
        out.send()
        case = self.case
        case.left_open = [d for d in self.open_duties if not d.outcome]
        changed = [w for w in windows | {self.case.home_window_id} if w]
        for listener in following.ON_CHANGE:
            transaction.on_commit(functools.partial(listener, self.case, changed), robust=True)


def _place(actor: Actor, case: Case) -> str:
    """Name the post at which somebody acts on this case."""
    for post in actor.posts:
        if post.window_id and post.window_id in (case.receiving_window_id, case.home_window_id):
            return post.place
        if post.authority_id and post.authority_id == case.department_id:
            return post.place
    return actor.place


@contextmanager
def taking(
    case_id: int,
    name: str,
    *,
    by: Actor,
    at: datetime.datetime,
    revision: int | None = None,
    require: Callable[..., None] = permissions.require_step,
) -> Iterator[Taking]:
    """Lock a case for one step of STEPS, let the body check and add, and write everything when it ends.

    Args:
        revision: the case's revision as the person saw it; any other step taken since is a conflict.
        require: who may take the step, and when; of its own only where the step is what gives somebody their part.

    Raises:
        rules.UnknownCase: there is no such case.
        rules.ChangedMeanwhile: somebody took a step since.
        permissions.NotYourPart, permissions.NotThisState: not this person's step, or not now.
    """
    known = holding.take(case_id)
    with trip.part(of_another=known is not None):
        held = known or holding.read(case_id)
        case = held.case
        if revision is not None and revision != case.revision:
            raise rules.changed_meanwhile(case)
        require(name, case, by=by)
        step = Taking(name, case, open_duties=held.open_duties, stamp=held.stamp, by=by, at=at)
        yield step
        step.write()


def asking_once(
    step: Taking, told: Sequence[Mapping[str, str]], *, window_id: int, reason: str
) -> tuple[list[str], str]:
    """Check a correction notice against the first one of the case, by whichever window; note what goes beyond it.

    Gives the keys beyond it and the cleaned reason, both empty when there are none.

    Raises:
        rules.BeyondFirstNotice, rules.OnlyTheLead.
    """
    words = text.clean(reason)[:300]
    first, is_lead = queries.first_notice(step.case), window_id in step.by.lead_window_ids
    beyond = rules.check_told_once(first, told, reason=words, is_lead=is_lead)
    if not beyond:
        return [], ""
    step.note(beyond=beyond, beyond_reason=words)
    return beyond, words


def begin(
    case: Case,
    *,
    rows: Sequence[models.Model],
    by: Actor,
    at: datetime.datetime,
    name: str = "open",
    stamp: int | None = None,
) -> Taking:
    """Write a new case with everything it begins with, in one round trip; `name` is one of BEGINNINGS.

    Args:
        stamp: `directory.held_stamp` of the open transaction, where the caller has it.
    """
    with trip.part(of_another=stamp is not None):
        held = directory.held_stamp() if stamp is None else stamp
        step = Taking(name, case, open_duties=[], stamp=held, by=by, at=at)
        step.add(*rows)
        step.write(is_new=True)
    return step


@contextmanager
def editing(
    case_id: int, *, by: Actor, require: Callable[..., None] = permissions.require_edit
) -> Iterator[Case]:
    """Lock a case whose papers are being reviewed, so that what is typed cannot cross a step.

    Args:
        require: who may change what is entered, and when.

    Raises:
        permissions.NotYourPart, permissions.NotThisState: what was entered can't be changed by this person, or now.
    """
    known = holding.take(case_id)
    with trip.part(of_another=known is not None):
        case = known.case if known else _locked(case_id)
        require(case, by=by)
        yield case


def _locked(case_id: int) -> Case:
    (rows,) = trip.read_models([(Case, "WHERE id = %s FOR UPDATE", [case_id])])
    if not rows:
        raise rules.UnknownCase()
    case: Case = rows[0]
    return case


def save(*changes: tuple[models.Model, Iterable[str]], new: Sequence[models.Model] = ()) -> None:
    """Write what was typed into a case that the caller holds, which is no step, in one round trip.

    Args:
        changes: the case or rows that belong to it, each with the names of the fields to write.
        new: rows to insert.
    """
    out = trip.Trip()
    for row, names in changes:
        where = {"id": row.pk} if isinstance(row, Case) else {"case": row.case_id}  # type: ignore[attr-defined]
        if isinstance(row, CaseChild):
            where["id"] = row.id
        out.update(type(row), {n: getattr(row, n) for n in names}, where=where)
    out.insert(new)
    out.send()
