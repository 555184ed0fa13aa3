"""What every write here has in common: its clocks, its entry in the journal, and who is named in it."""

import datetime
from collections.abc import Sequence
from typing import Any

from tongban.directory import queries as directory
from tongban.directory.models import Authority
from tongban.duties import operations as duties
from tongban.duties.models import BearerKind, Duty, Outcome, Unit
from tongban.feedback.states import DUTIES
from tongban.journal import operations as journal
from tongban.people.actors import Actor

GROUP_ID = 0  # the coordination group is one: it has no row of its own


def open_duty(
    about_id: int,
    kind: str,
    *,
    bearer: Authority | None,
    calendar_code: str,
    at: datetime.datetime,
    days: int | None = None,
) -> Duty:
    """Let an authority owe something about a rectification, an appeal or a complaint (G1); None: the group."""
    row, stamp = DUTIES[kind], directory.held_stamp()
    amount = (
        days
        if days is not None
        else int(directory.parameter(row.parameter, row.days, code=calendar_code, stamp=stamp))
    )
    duty = duties.build(
        about_id,
        kind=kind,
        article=row.article,
        bearer=(BearerKind.AUTHORITY, bearer.id) if bearer else (BearerKind.GROUP, GROUP_ID),
        watched_by_id=None,
        is_turn=False,
        at=at,
        counts_from_at=at,
        amount=amount,
        unit=Unit.WORKING_DAY,
        calendar=directory.calendar_of(calendar_code, stamp=stamp),
        stamp=stamp,
    )
    duty.save(force_insert=True)
    return duty


def end_duties(
    about_id: int,
    *,
    by: Actor,
    at: datetime.datetime,
    kinds: Sequence[str] = tuple(DUTIES),
    outcome: Outcome = Outcome.DONE,
) -> int:
    """End what is owed about something; gives how many duties that were."""
    rows = Duty.objects.filter(case_id=about_id, kind__in=list(kinds), done_at=None)
    return rows.update(done_at=at, done_by_id=by.id, outcome=outcome)


def note(
    about_id: int, code: str, *, by: Actor, at: datetime.datetime, article: str = "F4", **payload: Any
) -> None:
    """Put a step on record: codes and numbers, and never whoever rates or complains."""
    is_staff = bool(by.posts) or by.is_system
    journal.append(
        "feedback",
        about_id,
        code=f"feedback.{code}",
        article=article,
        at=at,
        actor_id=by.id if is_staff else None,
        actor=by.name if is_staff else "群众",
        place=by.place,
        payload=payload,
    )
