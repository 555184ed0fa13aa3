"""Under approval at the home place: departments, lawful suspension, the decision (P21(3))."""

import datetime
from collections.abc import Sequence

from django.db import models
from django.utils import translation

from tongban.cases import queries, rules
from tongban.cases.models import Case, Decision, HandOff, Suspension
from tongban.cases.operations import _step
from tongban.cases.states import CaseOutcome
from tongban.directory import queries as directory
from tongban.kernel import ids, worktime
from tongban.kernel import text as text_of
from tongban.people.actors import Actor


def hand_off(
    case_id: int,
    *,
    department_id: int,
    until_on: datetime.date,
    request: str = "",
    by: Actor,
    at: datetime.datetime,
    revision: int | None = None,
) -> HandOff:
    """Hand a case to a department of the home place until a day; legal and promised limit run on.

    Raises:
        rules.NotThere: the department is not one of the home place. rules.PastDay: the day is over.
    """
    _check_future(until_on, at=at, field="until_on")
    case = queries.get(case_id, for_=by)
    code = directory.division_of_window(case.home_window_id or 0)
    if not directory.departments_of(code).filter(id=department_id).exists():
        raise rules.NotThere(fields={"department_id": rules.NotThere().message})
    with _step.taking(case_id, "hand_off", by=by, at=at, revision=revision) as step:
        row = HandOff(
            id=ids.new_id(at),
            case=step.case,
            department_id=department_id,
            request=text_of.clean(request, keep_lines=True),
            handed_at=at,
        )
        step.set(department_id=department_id)
        step.due_on = until_on
        step.add(row)
        step.note(department=department_id, until_on=until_on.isoformat())
    return row


def _check_future(on: datetime.date, *, at: datetime.datetime, field: str) -> None:
    if on <= at.astimezone(worktime.BEIJING).date():
        raise rules.PastDay(fields={field: rules.PastDay().message})


def give_opinion(
    case_id: int, *, opinion: str, by: Actor, at: datetime.datetime, revision: int | None = None
) -> Case:
    """Give the department's opinion; the case goes back to the home window."""
    text = text_of.clean(opinion, keep_lines=True)
    rules.check_reason(text, field="opinion")
    with _step.taking(case_id, "give_opinion", by=by, at=at, revision=revision) as step:
        for row in HandOff.objects.filter(case=step.case, answered_at=None):
            step.update(row, opinion=text, answered_at=at, answered_by_name=by.name)
        step.note(department=step.case.department_id)
        step.set(department_id=None)
    return step.case


def recall(
    case_id: int, *, reason: str, by: Actor, at: datetime.datetime, revision: int | None = None
) -> Case:
    """Take a case back from the department to which it was handed."""
    rules.check_reason(reason)
    with _step.taking(case_id, "recall", by=by, at=at, revision=revision) as step:
        for row in HandOff.objects.filter(case=step.case, answered_at=None):
            step.update(row, answered_at=at)
        step.note(department=step.case.department_id, reason=text_of.clean(reason)[:200])
        step.set(department_id=None)
    return step.case


def suspend(
    case_id: int,
    *,
    reason: str,
    note: str,
    expected_on: datetime.date,
    by: Actor,
    at: datetime.datetime,
    revision: int | None = None,
) -> Suspension:
    """Stop the legal and the promised limit for a special procedure, and say why (行政许可法 Art. 45).

    Args:
        reason: one of Suspension.REASONS.
        expected_on: the day by which the procedure should be over.
    """
    with translation.override("zh-hans"):  # kept with the clock, whatever language its reader chose
        labels = {code: str(label) for code, label in Suspension.REASONS}
    if reason not in labels:
        raise rules.NoLawfulReason(fields={"reason": rules.NoLawfulReason().message})
    text = text_of.clean(note, keep_lines=True)
    rules.check_reason(text, field="note")
    _check_future(expected_on, at=at, field="expected_on")
    with _step.taking(case_id, "suspend", by=by, at=at, revision=revision) as step:
        row = Suspension(
            id=ids.new_id(at), case=step.case, reason=reason, note=text, from_at=at, expected_on=expected_on
        )
        step.stop_clocks(reason=labels[reason])
        step.due_on = expected_on
        step.add(row)
        step.note(reason=reason, expected_on=expected_on.isoformat())
    return row


def resume(case_id: int, *, by: Actor, at: datetime.datetime, revision: int | None = None) -> Case:
    """Let the clocks run on; due times move by the working days of the special procedure."""
    with _step.taking(case_id, "resume", by=by, at=at, revision=revision) as step:
        for row in Suspension.objects.filter(case=step.case, until_at=None):
            step.update(row, until_at=max(at, row.from_at))
        step.restart_clocks()
    return step.case


def grant(
    case_id: int,
    *,
    result_name: str,
    result_number: str = "",
    by: Actor,
    at: datetime.datetime,
    revision: int | None = None,
    document_id: int | None = None,
    also: Sequence[models.Model] = (),
) -> Case:
    """Grant what was applied for (准予); the result is to be issued and told.

    Args:
        document_id, also: the frozen electronic result, and the rows to be written with it (E4).
    """
    name = text_of.clean(result_name)
    rules.check_reason(name, field="result_name")
    decision = Decision(
        kind="grant", result_name=name[:120], result_number=text_of.clean(result_number)[:120]
    )
    decision.document_id = document_id
    return _decide(case_id, decision, outcome=CaseOutcome.GRANTED, by=by, at=at, revision=revision, also=also)


def refuse(
    case_id: int,
    *,
    reason: str,
    remedies: str,
    by: Actor,
    at: datetime.datetime,
    revision: int | None = None,
    document_id: int | None = None,
    also: Sequence[models.Model] = (),
) -> Case:
    """Refuse what was applied for (不予许可), with the reason and the legal remedies (行政许可法 Art. 38).

    Args:
        document_id, also: the frozen electronic decision, and the rows to be written with it (E4).
    """
    text = text_of.clean(reason, keep_lines=True)
    rules.check_reason(text)
    rules.check_reason(remedies, field="remedies")
    decision = Decision(kind="refuse", reason=text, remedies=text_of.clean(remedies, keep_lines=True))
    decision.document_id = document_id
    return _decide(case_id, decision, outcome=CaseOutcome.REFUSED, by=by, at=at, revision=revision, also=also)


def _decide(
    case_id: int,
    decision: Decision,
    *,
    outcome: CaseOutcome,
    by: Actor,
    at: datetime.datetime,
    revision: int | None,
    also: Sequence[models.Model],
) -> Case:
    with _step.taking(case_id, decision.kind, by=by, at=at, revision=revision) as step:
        decision.id = ids.new_id(at)
        decision.case = step.case
        decision.made_at = at
        decision.made_by_name = by.name
        step.set(decided_at=at, outcome=outcome)
        step.add(decision, *also)
        step.note(decision=ids.number_of(decision.id))
    return step.case
