"""Prepare a form for preview, then issue those very bytes together with the step that they tell of."""

import datetime

from django.conf import settings

from tongban.cases import permissions
from tongban.cases import queries as cases
from tongban.cases import rules as case_rules
from tongban.cases.models import Case, CaseApplicant, CaseMaterial, Verdict
from tongban.cases.operations import intake
from tongban.documents import operations as documents
from tongban.documents.models import MediaType, Purpose
from tongban.journal import operations as journal
from tongban.kernel import crypto, ids, text, trip
from tongban.notices import pdf, rules, signature
from tongban.notices.models import Notice
from tongban.notices.wording import FormData, Kind, Material
from tongban.people.actors import Actor

STEP_OF = {Kind.CORRECTION: "ask_correction", Kind.RECEIPT: "receive"}


def prepare(
    case_id: int,
    *,
    kind: str,
    by: Actor,
    at: datetime.datetime,
    days: int | None = None,
    beyond_reason: str = "",
) -> Notice:
    """Make a form ready for preview: drawn, signed, stored; it counts for nothing until it is issued.

    Args:
        kind: a value of `wording.Kind`.
        days: of a correction notice: calendar days for bringing what is missing.
        beyond_reason: why a window lead asks for more than the first notice of the case named (C11).

    Raises:
        case_rules.UnknownCase, permissions.NotYourPart, permissions.NotThisState: not theirs, or not now.
        case_rules.NotReady, NothingToCorrect, NoAdvice, DueDateTooSoon: it could not be issued as things are.
        case_rules.BeyondFirstNotice, OnlyTheLead: it would ask for more than the first notice named.
    """
    kind = Kind(kind)
    case = cases.get(case_id, for_=by)
    permissions.require_step(STEP_OF[kind], case, by=by)
    assert by.id is not None  # the system has no part in either step
    applicant, materials = _checked(case, kind=kind, days=days)
    reason = text.clean(beyond_reason)[:300] if kind == Kind.CORRECTION else ""
    if kind == Kind.CORRECTION:
        is_lead = case.receiving_window_id in by.lead_window_ids
        told, first = cases.to_correct(materials), cases.first_notice(case)
        case_rules.check_told_once(first, told, reason=reason, is_lead=is_lead)
    notice = Notice(
        id=ids.new_id(at),
        case=case,
        kind=kind,
        revision=case.revision,
        days=days if kind == Kind.CORRECTION else None,
        beyond_reason=reason,
        prepared_at=at,
        prepared_by_id=by.id,
    )
    trip.rest()
    drawn = pdf.draw(_form(notice, case, applicant, materials, by=by))
    notice.digest = crypto.sm3(drawn.content)
    notice.signature = signature.signature_in(drawn.content)
    notice.data_digest = drawn.data_digest
    stored = documents.prepare(
        drawn.content,
        name=f"{kind.label} {case.number}.pdf",
        media_type=MediaType.PDF,
        case_id=case.id,
        by_id=by.id,
        at=at,
        purpose=Purpose.NOTICE,
    )
    notice.file_id = stored.id
    with trip.part():
        out = trip.Trip()
        out.insert([stored, notice])
        out.send()
        _record_look(notice, by=by, at=at)
    return notice


def issue(notice_id: int, *, by: Actor, at: datetime.datetime) -> Notice:
    """Take the step that a previewed form tells of, and let the form count, both or neither (P21(1)).

    Raises:
        rules.UnknownNotice: there is none, or its case is not theirs to see.
        rules.AlreadyIssued: somebody was here before.
        rules.PreviewTooOld, rules.ChangedSincePreview, case_rules.ChangedMeanwhile: preview again.
        As `intake.receive` and `intake.ask_correction` do.
    """
    notice = Notice.objects.filter(id=notice_id, case__in=cases.visible_to(by)).first()
    if notice is None:
        raise rules.UnknownNotice
    rules.check_can_be_issued(notice, at=at)
    with trip.part():
        _take_step(notice, by=by, at=at)
        _check_unchanged(notice, by=by)
        current = Notice.objects.filter(case_id=notice.case_id, issued_at__isnull=False, superseded_at=None)
        current.update(superseded_at=at)
        notice.issued_at = at
        notice.save(update_fields=["issued_at"])
    return notice


def _take_step(notice: Notice, *, by: Actor, at: datetime.datetime) -> None:
    if notice.kind == Kind.RECEIPT:
        intake.receive(notice.case_id, by=by, at=at, revision=notice.revision)
    else:
        assert notice.days is not None
        intake.ask_correction(
            notice.case_id,
            days=notice.days,
            beyond_reason=notice.beyond_reason,
            by=by,
            at=at,
            revision=notice.revision,
        )


def _check_unchanged(notice: Notice, *, by: Actor) -> None:
    """Refuse a form that would say something else now; the step just taken holds the lock on the case."""
    case = cases.get(notice.case_id, for_=by)
    applicant, _fields, materials = cases.for_review(case)
    if pdf.digest_of(_form(notice, case, applicant, materials, by=by)) != bytes(notice.data_digest):
        raise rules.ChangedSincePreview


def _checked(case: Case, *, kind: Kind, days: int | None) -> tuple[CaseApplicant, list[CaseMaterial]]:
    applicant, fields, materials = cases.for_review(case)
    if kind == Kind.RECEIPT:
        case_rules.check_ready_to_receive(case, applicant, fields, materials)
    else:
        case_rules.check_ready_to_ask(case, applicant, fields, materials, days or 0)
    return applicant, materials


def _form(
    notice: Notice, case: Case, applicant: CaseApplicant, materials: list[CaseMaterial], *, by: Actor
) -> FormData:
    assert case.procedure is not None and case.home_window is not None
    at = notice.prepared_at
    return FormData(
        kind=notice.kind,
        serial=notice.id,
        case_id=case.id,
        number=case.number,
        opened_at=case.opened_at,
        receiving_window=case.receiving_window.name,
        home_window=case.home_window.name,
        applicant=applicant.name,
        item=case.procedure.name,
        statutory_item=case.procedure.statutory_name,
        contact=applicant.contact_name or applicant.agent_name or applicant.name,
        phone=cases.phone_of(applicant),
        legal_limit=case.legal_limit,
        promised_limit=case.promised_limit,
        materials=tuple(_material(m) for m in materials if _is_listed(m)),
        clerk=by.name,
        issued_at=at,
        window_phone=case.receiving_window.phone,
        days=notice.days,
        due_on=cases.last_day(case, at=at, days=notice.days) if notice.days is not None else None,
        is_practice=settings.TONGBAN_PRACTICE,
    )


def _is_listed(material: CaseMaterial) -> bool:
    """Tell whether a form names a material: what was handed in and passed, and what must be corrected."""
    if material.verdict == Verdict.TO_CORRECT:
        return True
    return material.verdict == Verdict.PASSED and bool(material.originals or material.copies)


def _material(material: CaseMaterial) -> Material:
    passed = material.verdict == Verdict.PASSED
    return Material(
        name=material.name,
        originals=material.originals,
        copies=material.copies,
        advice="" if passed else material.advice,
        passed=passed,
        is_returned=material.is_returned,
    )


def _record_look(notice: Notice, *, by: Actor, at: datetime.datetime) -> None:
    """Record that the form shows the applicant's telephone number in full."""
    assert by.id is not None
    journal.look(
        notice.case_id,
        what="phone",
        about_id=notice.id,
        purpose=f"制作{Kind(notice.kind).label}",
        at=at,
        person_id=by.id,
        person=by.name,
        place=by.place,
    )
