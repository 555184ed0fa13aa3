"""At the receiving window: open a case, enter it as it is typed, correct, receive (P21(1), P23)."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import models

from tongban.cases import off_list, permissions, queries, rules
from tongban.cases.models import (
    Case,
    CaseApplicant,
    CaseMaterial,
    CorrectionNotice,
    OffListState,
    Scan,
    Verdict,
)
from tongban.cases.operations import _step, answers, entering
from tongban.cases.states import CaseOutcome, Mode, State
from tongban.catalogue import standards
from tongban.directory import queries as directory
from tongban.journal.operations import NOTHING_BEFORE
from tongban.kernel import ids, refusals, trip
from tongban.kernel import text as text_of
from tongban.people.actors import Actor


def open_case(*, by: Actor, at: datetime.datetime, window_id: int | None = None) -> Case:
    """Open a new case at the person's window and give it.

    Raises:
        permissions.NoWindow: the person is clerk of no window, or not of this one.
        directory.rules.NotListed: the window is not on the contact list (P13).
    """
    window_id = permissions.require_window(by, window_id)
    with trip.part():
        window, stamp = directory.open_window_held(window_id)
        case = Case(
            id=ids.new_id(at),
            mode=Mode.COLLECTED,
            state=State.DRAFTING,
            receiving_window=window,
            opened_at=at,
            opened_by_id=by.id or 0,
            journal_head=NOTHING_BEFORE,
        )
        _step.begin(case, rows=[CaseApplicant(case=case)], by=by, at=at, stamp=stamp)
    return case


def save(case_id: int, changes: Mapping[str, Any], *, by: Actor, at: datetime.datetime) -> Case:
    """Save what was typed about the applicant, the form or the delivery, field by field, and give the case.

    `changes` maps field names to values; fields of the application form are named `form.<key>`.

    Raises:
        entering.UnknownField, BadChoice, TooLong, numbers.*: with the field named; nothing of the call is saved.
    """
    with _step.editing(case_id, by=by) as case:
        entering.write(case, changes, at=at)
    return case


def choose(
    case_id: int,
    *,
    procedure_id: int | None = None,
    home_code: str | None = None,
    level: str | None = None,
    circumstance: str | None = None,
    by: Actor,
    at: datetime.datetime,
) -> Case:
    """Choose what is applied for and where, pin the standard in force there, and list its materials.

    What was already marked on a material that the new list has too stays as it is. Where the matter has
    several levels and none is named, the highest one gets it (P7).

    Raises:
        directory.rules.NotListed: the home place has no window on the contact list (P13).
        directory.rules.PlaceReplaced: the home place has ended; names what came after it.
    """
    with _step.editing(case_id, by=by) as case:
        entering.choose(
            case,
            procedure_id=procedure_id,
            home_code=home_code,
            level=level,
            circumstance=circumstance,
            at=at,
        )
    return case


def add_material(case_id: int, *, name: str, by: Actor, at: datetime.datetime) -> CaseMaterial:
    """Add a material that the home window asks for and the standard does not list (P23, first stage)."""
    text = text_of.clean(name)
    if not text:
        raise refusals.Incomplete(fields={"name": refusals.Incomplete().message})
    with _step.editing(case_id, by=by) as case:
        row = CaseMaterial(id=ids.new_id(at), case=case, name=text[:200], is_required=True, copies_asked=1)
        row.key = f"added-{ids.number_of(row.id)[-6:].lower()}"
        row.position = CaseMaterial.objects.filter(case=case).count() + 100
        row.save(force_insert=True)
    return row


def mark_material(
    case_id: int,
    *,
    key: str,
    originals: int | None = None,
    copies: int | None = None,
    verdict: str | None = None,
    advice: str | None = None,
    points: Sequence[int] | None = None,
    by: Actor,
    at: datetime.datetime,
) -> CaseMaterial:
    """Note what was handed in for a material and what the clerk found; what is not given stays as it is.

    A material found in order without a count is taken to be there in the number asked for.
    """
    with _step.editing(case_id, by=by) as case:
        row = queries.material_of(case.id, key)
        if row is None:
            raise entering.UnknownMaterial()
        for name, count in (("originals", originals), ("copies", copies)):
            if count is not None:
                if not 0 <= count <= 999:
                    raise entering.BadChoice(
                        value=count, fields={name: entering.BadChoice(value=count).message}
                    )
                setattr(row, name, count)
        if advice is not None:
            text = text_of.clean(advice)
            entering.check_length(CaseMaterial._meta.get_field("advice"), "advice", text)
            row.advice = text
        if points is not None:
            row.points = sorted({int(p) for p in points if 0 <= int(p) < 50})
        if verdict is not None:
            if verdict not in Verdict.values:
                raise entering.BadChoice(value=verdict)
            row.verdict = verdict
            if verdict == Verdict.PASSED:
                row.advice = ""
                if not row.originals + row.copies:
                    row.originals, row.copies = row.originals_asked, row.copies_asked
        _step.save((row, ("originals", "copies", "advice", "points", "verdict")))
    return row


def add_scan(case_id: int, *, key: str, data: bytes, name: str, by: Actor, at: datetime.datetime) -> Scan:
    """Check, clean, encrypt and keep a scanned sheet of a material; on disk before this returns.

    Raises:
        documents.rules.*: when the file cannot be taken, each with what to do about it.
    """
    return entering.keep_scan(
        case_id, key=key, data=data, name=name, by=by, at=at, require=permissions.require_scan
    )


def remove_scan(case_id: int, *, scan_id: int, by: Actor, at: datetime.datetime) -> None:
    """Take a scan off a material or a form field; the file itself stays for the record."""
    with _step.editing(case_id, by=by, require=permissions.require_scan) as case:
        row = Scan.objects.filter(case=case, id=scan_id, removed_at=None).first()
        if row is None:
            return
        if row.field_key:
            permissions.require_edit(case, by=by)  # the form is fixed with the receipt
        row.removed_at = at
        row.save(update_fields=["removed_at"])
        if row.field_key:
            answers.say_files(case, row.field_key)


def ask_correction(
    case_id: int,
    *,
    days: int,
    beyond_reason: str = "",
    by: Actor,
    at: datetime.datetime,
    revision: int | None = None,
    also: Sequence[models.Model] = (),
) -> CorrectionNotice:
    """Tell the applicant once everything that is missing, and by which day to bring it (P21(1), form 1).

    Args:
        days: calendar days for bringing it; the case lapses by itself after the last one.
        beyond_reason: why a window lead asks for more than the first notice of the case named (C11).
        also: rows to be written in the same step (the frozen notice).

    Raises:
        rules.BeyondFirstNotice, rules.OnlyTheLead: it would ask for more without reason or by somebody else.
    """
    with _step.taking(case_id, "ask_correction", by=by, at=at, revision=revision) as step:
        applicant, fields, materials = queries.for_review(step.case)
        rules.check_ready_to_ask(step.case, applicant, fields, materials, days)
        told = queries.to_correct(materials)
        window_id = step.case.receiving_window_id
        beyond, reason = _step.asking_once(step, told, window_id=window_id, reason=beyond_reason)
        notice = CorrectionNotice(
            id=ids.new_id(at),
            case=step.case,
            asked_by="receiving",
            items=told,
            window_id=window_id,
            standard_id=step.case.standard_id,
            beyond=beyond,
            beyond_reason=reason,
            days=days,
            due_on=queries.last_day(step.case, at=at, days=days),
            asked_at=at,
            asked_by_name=by.name,
        )
        step.due_on = notice.due_on
        step.watched_by_id = step.case.receiving_window_id
        step.add(notice, *also)
        step.note(items=[i["key"] for i in notice.items], due_on=notice.due_on.isoformat())
        step.note(standard=step.case.standard_id)
    return notice


def bring_correction(case_id: int, *, by: Actor, at: datetime.datetime, revision: int | None = None) -> Case:
    """Open the papers again because the applicant has brought what the notice named."""
    with _step.taking(case_id, "bring_correction", by=by, at=at, revision=revision) as step:
        for notice in CorrectionNotice.objects.filter(case=step.case, settled_at=None):
            step.update(notice, settled_at=at)
    return step.case


def receive(
    case_id: int,
    *,
    by: Actor,
    at: datetime.datetime,
    revision: int | None = None,
    also: Sequence[models.Model] = (),
) -> Case:
    """Take the papers in (收件): complete and of the lawful form. This is not acceptance (P21(1), form 2).

    Raises:
        rules.NotReady: naming everything that is missing beside its field.
        directory.rules.NotListed: the home window has left the contact list meanwhile (P13).
    """
    with _step.taking(case_id, "receive", by=by, at=at, revision=revision) as step:
        applicant, fields, materials = queries.for_review(step.case)
        rules.check_ready_to_receive(step.case, applicant, fields, materials)
        directory.open_window(step.case.home_window_id or 0)
        standard = step.case.standard
        assert standard is not None
        asked = standards.of(standard).materials_for(step.case.circumstance)
        followed = rules.followed_standard(asked, materials)
        step.set(received_at=at, followed_standard=followed)
        step.add(*also)
        step.note(
            standard=entering.seen_standard(step.case),
            followed=followed,
            channel=step.case.channel,
            materials=[[m.key, m.originals, m.copies] for m in materials if m.verdict == Verdict.PASSED],
        )
    return step.case


def lapse(case_id: int, *, by: Actor, at: datetime.datetime) -> Case:
    """End a case whose correction was not brought in time: deemed given up (P21(1), form 1).

    Raises:
        rules.TimeStillRuns: the time for bringing it is not over.
    """
    with _step.taking(case_id, "lapse", by=by, at=at) as step:
        step.check_turn_is_over()
        _close_question(step)
        step.set(outcome=CaseOutcome.LAPSED, closed_at=at)
    return step.case


def withdraw_early(
    case_id: int, *, reason: str, by: Actor, at: datetime.datetime, revision: int | None = None
) -> Case:
    """End a case that the applicant takes back before receipt; the papers never left their hands."""
    rules.check_reason(reason)
    with _step.taking(case_id, "withdraw_early", by=by, at=at, revision=revision) as step:
        _close_question(step)
        step.set(outcome=CaseOutcome.WITHDRAWN, closed_at=at)
        step.note(reason=reason.strip()[:200])
    return step.case


def _close_question(step: _step.Taking) -> None:
    """Let a question about a matter off the list end with its case: nobody owes an answer any more (P24)."""
    if step.case.off_list_asked_at is None:
        return
    request = off_list.latest(step.case.id)
    step.set(off_list_asked_at=None)
    step.update(request, outcome=OffListState.CLOSED)
    step.note(request=ids.number_of(request.id))
