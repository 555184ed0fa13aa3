"""A PDF of the office's own as the electronic result of an online case: brought, looked at, taken off (E4, P22).

It is checked and cleaned like every upload. That writes the file anew: a signature inside it does not survive, and
ours, set when the case is granted, takes its place (`notices.online`).
"""

import datetime

from django.db import transaction

from tongban.cases import permissions
from tongban.cases import queries as cases
from tongban.cases import rules as case_rules
from tongban.cases.models import Case
from tongban.cases.states import Mode
from tongban.documents import operations as documents
from tongban.documents import queries as files
from tongban.documents import rules as file_rules
from tongban.documents.models import MediaType, Purpose, StoredFile
from tongban.kernel import ids
from tongban.notices import rules
from tongban.notices.models import OwnResult
from tongban.people.actors import Actor


def bring(case_id: int, *, data: bytes, name: str, by: Actor, at: datetime.datetime) -> OwnResult:
    """Keep a PDF as what the applicant gets when the case is granted; it replaces the one before.

    Raises:
        permissions.NotYourPart, NotThisState: the case is not this person's to grant, or not now.
        rules.OnlyOnline, rules.OnlyPdf; documents.rules.*: the file cannot be taken, and what to do about it.
    """
    _check(cases.get(case_id, for_=by), by=by)
    shown = file_rules.shown_name(name)
    if data and file_rules.media_type_of(data, name=shown) != MediaType.PDF:
        raise rules.OnlyPdf(fields={"file": rules.OnlyPdf().message})
    stored = documents.prepare_scan(
        data, name=name, case_id=case_id, by_id=by.id, at=at, purpose=Purpose.RESULT
    )
    with transaction.atomic():
        _take_off(case_id, by=by, at=at)
        stored.save(force_insert=True)
        return OwnResult.objects.create(
            id=ids.new_id(at),
            case_id=case_id,
            file_id=stored.id,
            name=stored.name,
            pages=stored.pages or 1,
            digest=stored.digest,
            added_at=at,
            added_by_name=by.name,
        )


def remove(case_id: int, *, by: Actor, at: datetime.datetime) -> None:
    """Take the file off again: the applicant gets the decision that the product draws. Twice changes nothing."""
    _check(cases.get(case_id, for_=by), by=by)
    with transaction.atomic():
        _take_off(case_id, by=by, at=at)


def _take_off(case_id: int, *, by: Actor, at: datetime.datetime) -> None:
    # The case is held as a step would hold it: no grant can cross.
    _check(Case.objects.select_for_update(of=("self",)).select_related("applicant").get(id=case_id), by=by)
    OwnResult.objects.filter(case_id=case_id, removed_at=None).update(removed_at=at)


def _check(case: Case, *, by: Actor) -> None:
    if case.mode != Mode.ONLINE:
        raise rules.OnlyOnline()
    permissions.require_step("grant", case, by=by)


def may_bring(case: Case, *, by: Actor) -> bool:
    """Say whether somebody may bring the result of a case now."""
    return case.mode == Mode.ONLINE and permissions.may_step("grant", case, by=by)


def standing(case_id: int) -> OwnResult | None:
    """Give the file that would be the result of a case. Whoever asks may see the case."""
    return OwnResult.objects.filter(case_id=case_id, removed_at=None).first()


def shown(case_id: int, *, by: Actor) -> OwnResult:
    """Give the file that would be the result, to whoever may change it.

    Raises:
        cases.rules.UnknownCase: they may not see the case. rules.NoOwnResult: there is none, or not for them.
    """
    case, row = cases.get(case_id, for_=by), standing(case_id)
    if row is None or not may_bring(case, by=by):
        raise rules.NoOwnResult()
    return row


def content(row: OwnResult) -> bytes:
    """Give the cleaned file; raises documents.Damaged when it cannot be read."""
    return files.content_of(StoredFile.objects.get(id=row.file_id))


def check_still(case_id: int, row: OwnResult | None) -> None:
    """Refuse a grant whose file was changed while it was signed; for use while the case is held."""
    now = standing(case_id)
    if (now.id if now else None) != (row.id if row else None):
        raise case_rules.changed_meanwhile(Case.objects.get(id=case_id))
