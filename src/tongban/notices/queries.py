"""Reads: the forms of a case, their bytes, and whether a form that somebody holds is genuine."""

import datetime
from dataclasses import dataclass

from django.db.models import QuerySet

from tongban.cases import queries as cases
from tongban.cases.models import Case, CaseApplicant, CaseMaterial, Verdict
from tongban.documents import queries as documents
from tongban.documents.models import StoredFile
from tongban.kernel import ids, keyring
from tongban.notices import rules, signature
from tongban.notices.models import Notice
from tongban.notices.wording import Kind
from tongban.people.actors import Actor

_STATEMENT_LENGTH = 100  # longer than any serial number, shorter than any statement


@dataclass(frozen=True)
class VerifyAnswer:
    """What anybody may know of a form: nothing of a person. Empty where the form is not genuine.

    `genuine`: this installation issued it. `current`: and no later form of the case has replaced it.
    """

    genuine: bool
    current: bool = False
    kind: str = ""
    serial: str = ""
    number: str = ""
    printed_at: datetime.datetime | None = None  # the hour that stands on the form
    issued_at: datetime.datetime | None = None
    superseded_at: datetime.datetime | None = None
    receiving_window: str = ""
    home_window: str = ""


NOT_GENUINE = VerifyAnswer(genuine=False)


def get(notice_id: int, *, for_: Actor) -> Notice:
    """Give a form of a case that the person may see, issued or not.

    Raises:
        rules.UnknownNotice: there is none, or it is not theirs to see; which of the two is not told.
    """
    notice = (
        Notice.objects.select_related("case").filter(id=notice_id, case__in=cases.visible_to(for_)).first()
    )
    if notice is None:
        raise rules.UnknownNotice
    return notice


@dataclass(frozen=True)
class Preview:
    """What a form tells, to be looked at before it is issued; `due_on` where it sets a time."""

    applicant: CaseApplicant
    to_correct: list[dict[str, str]]
    passed: list[CaseMaterial]
    due_on: datetime.date | None


def preview_of(notice: Notice, case: Case) -> Preview:
    """Give what a form tells of its case."""
    applicant, _fields, materials = cases.for_review(case)
    return Preview(
        applicant,
        cases.to_correct(materials),
        [m for m in materials if m.verdict == Verdict.PASSED],
        cases.last_day(case, at=notice.prepared_at, days=notice.days) if notice.days else None,
    )


def current_of(case_id: int) -> Notice | None:
    """Give the form that counts for a case now, if one was issued. Whoever asks may see the case."""
    rows = Notice.objects.filter(case_id=case_id, issued_at__isnull=False, superseded_at=None)
    return rows.exclude(kind=Kind.RESULT).first()


def result_of(case_id: int) -> Notice | None:
    """Give the signed decision of an online case, None where there is none. Whoever asks may see the case."""
    return Notice.objects.filter(case_id=case_id, kind=Kind.RESULT, issued_at__isnull=False).first()


def issued_of(case_id: int) -> QuerySet[Notice]:
    """Give every form issued in a case, the newest first. Whoever asks may see the case."""
    return Notice.objects.filter(case_id=case_id, issued_at__isnull=False).order_by("-issued_at", "-id")


def content(notice: Notice) -> bytes:
    """Give the PDF of a form: the very bytes that were previewed, checked against their digest.

    Raises:
        documents.Damaged: when they are missing or changed.
    """
    return documents.content_of(StoredFile.objects.get(id=notice.file_id))


def verify(text: str) -> VerifyAnswer:
    """Tell whether a form is genuine and current, by its serial number or by what its QR code holds.

    Raises:
        ids.BadNumber: when a serial number was typed wrongly.
    """
    if len(text.strip()) < _STATEMENT_LENGTH:
        return _answer(_issued(ids.id_of(text)))
    try:
        said = signature.verify_statement(text, keyring.current().public_pem)
    except signature.NotGenuine:
        return NOT_GENUINE
    notice = _issued(said.serial)
    if notice is None or bytes(notice.data_digest) != said.data_digest:
        return NOT_GENUINE
    return _answer(notice)


def _issued(notice_id: int) -> Notice | None:
    shown = Notice.objects.select_related("case__receiving_window", "case__home_window")
    return shown.filter(id=notice_id, issued_at__isnull=False).first()


def _answer(notice: Notice | None) -> VerifyAnswer:
    if notice is None:
        return NOT_GENUINE
    home = notice.case.home_window
    return VerifyAnswer(
        genuine=True,
        current=notice.is_current,
        kind=notice.kind,
        serial=notice.serial,
        number=notice.case.number,
        printed_at=notice.prepared_at,
        issued_at=notice.issued_at,
        superseded_at=notice.superseded_at,
        receiving_window=notice.case.receiving_window.name,
        home_window=home.name if home else "",
    )
