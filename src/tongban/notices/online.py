"""Steps of an online case that end with a document: the very bytes that are frozen with the step (P22, E4).

Drawn before the transaction, written in it; a document that would say something else by then is refused.
"""

import datetime
from collections.abc import Callable
from typing import Any

from django.db import transaction

from tongban.cases import permissions
from tongban.cases import queries as cases
from tongban.cases import rules as case_rules
from tongban.cases.models import Case
from tongban.cases.operations import acceptance, approval
from tongban.cases.operations import online as case_online
from tongban.cases.states import Mode
from tongban.documents import operations as documents
from tongban.documents.models import MediaType, Purpose, StoredFile
from tongban.kernel import crypto, ids, keyring, text, trip
from tongban.notices import letters, own, rules, signature
from tongban.notices.letters import Facts, Letter, Said
from tongban.notices.models import Notice, OwnResult
from tongban.notices.wording import Kind
from tongban.people.actors import Actor


def submit(case_id: int, *, by: Actor, at: datetime.datetime, revision: int | None = None) -> Notice:
    """Send an online application and freeze the acknowledgement of what was sent, both or neither.

    Raises:
        As `cases.operations.online.submit`; rules.ChangedSincePreview: somebody wrote in it at this very moment.
    """
    case = cases.get(case_id, for_=by)
    permissions.require_step("submit", case, by=by)
    missing = case_online.missing_of(case)
    if missing:
        raise case_rules.NotReady(fields=missing, what="；".join(missing.values()))
    serial = ids.new_id(at)
    letter = _acknowledgement(case, serial=serial, at=at)
    notice, stored = _frozen(case, letter, by=by, at=at)
    with transaction.atomic():
        done = case_online.submit(case_id, by=by, at=at, revision=revision, also=(stored, notice))
        again = _acknowledgement(cases.get(done.id, for_=by), serial=serial, at=at)
        if letters.digest_of(again) != letters.digest_of(letter):
            raise rules.ChangedSincePreview
    return notice


def _acknowledgement(case: Case, *, serial: int, at: datetime.datetime) -> Letter:
    scans = cases.scans_of(case.id)
    counts = [(m.name, sum(s.material_id == m.id for s in scans)) for m in cases.materials_of(case.id)]
    files = [(name, count) for name, count in counts if count]
    return letters.acknowledgement(facts=_facts(case), files=files, serial=serial, at=at)


def _facts(case: Case) -> Facts:
    assert case.procedure is not None and case.home_window is not None
    limits = [
        f"{label}{days}个工作日"
        for label, days in (("法定时限", case.legal_limit), ("承诺期限", case.promised_limit))
        if days is not None
    ]
    rows = [
        ("属地“跨省通办”窗口", case.home_window.name),
        ("申请人", case.applicant.name),
        ("证件号码", case.applicant.identity_masked),
        ("申请事项", case.procedure.name),
        ("法定事项名称", case.procedure.statutory_name),
        ("时限", "，".join(limits)),
    ]
    if case.applicant.agent_name:
        rows.insert(3, ("代理人", case.applicant.agent_name))
    return Facts(
        case_id=case.id,
        number=case.number,
        window=case.home_window.name,
        item=case.procedure.name,
        rows=tuple((label, value) for label, value in rows if value),
    )


def grant(
    case_id: int,
    *,
    result_name: str,
    result_number: str = "",
    by: Actor,
    at: datetime.datetime,
    revision: int | None = None,
) -> Case:
    """Grant what was applied for; online, the signed electronic result is frozen with the decision.

    The result is the office's own PDF where it has brought one, else the decision as the product draws it.

    Raises:
        As `approval.grant`.
    """
    said = Said("grant", text.clean(result_name)[:120], text.clean(result_number)[:120])
    values = {"result_name": result_name, "result_number": result_number}
    return _decide(case_id, "grant", approval.grant, said, values, by=by, at=at, revision=revision)


def refuse(
    case_id: int,
    *,
    reason: str,
    remedies: str,
    by: Actor,
    at: datetime.datetime,
    revision: int | None = None,
) -> Case:
    """Refuse what was applied for; online, the signed electronic decision is frozen with it.

    Raises:
        As `approval.refuse`.
    """
    said = Said("refuse", reason=_words(reason), remedies=_words(remedies))
    values = {"reason": reason, "remedies": remedies}
    return _decide(case_id, "refuse", approval.refuse, said, values, by=by, at=at, revision=revision)


def decline(
    case_id: int, *, reason: str, by: Actor, at: datetime.datetime, revision: int | None = None
) -> Case:
    """Refuse acceptance of an online case; the signed electronic notice is frozen with it.

    Raises:
        As `acceptance.decline_online`.
    """
    said = Said("decline", reason=_words(reason))
    run, values = acceptance.decline_online, {"reason": reason}
    return _decide(case_id, "decline_online", run, said, values, by=by, at=at, revision=revision)


def _words(typed: str) -> str:
    return text.clean(typed, keep_lines=True)


def _decide(
    case_id: int,
    step: str,
    run: Callable[..., Case],
    said: Said,
    values: dict[str, Any],
    *,
    by: Actor,
    at: datetime.datetime,
    revision: int | None,
) -> Case:
    case = cases.get(case_id, for_=by)
    if case.mode != Mode.ONLINE:
        return run(case_id, **values, by=by, at=at, revision=revision)
    permissions.require_step(step, case, by=by)
    if revision is not None and revision != case.revision:
        raise case_rules.changed_meanwhile(case)
    brought = own.standing(case_id) if step == "grant" else None
    if brought is None:
        letter = letters.decision(facts=_facts(case), said=said, serial=ids.new_id(at), at=at)
        notice, stored = _frozen(case, letter, by=by, at=at)
    else:
        notice, stored = _signed(case, brought, by=by, at=at)
    # What the document names changes with a step only, and any step since would be refused here.
    seen = case.revision if revision is None else revision
    with transaction.atomic():
        done = run(
            case_id, **values, by=by, at=at, revision=seen, document_id=notice.id, also=(stored, notice)
        )
        if step == "grant":
            own.check_still(case_id, brought)
    return done


def _frozen(case: Case, letter: Letter, *, by: Actor, at: datetime.datetime) -> tuple[Notice, StoredFile]:
    """Draw, sign and store a document; give its rows, unsaved."""
    trip.rest()
    drawn = letters.draw(letter)
    about = signature.Statement(letter.kind, letter.serial, case.id, at, drawn.data_digest)
    return _rows(case, drawn.content, about, name=f"{letter.title} {case.number}.pdf", by=by)


def _signed(case: Case, brought: OwnResult, *, by: Actor, at: datetime.datetime) -> tuple[Notice, StoredFile]:
    """Sign and store what the office brought; give its rows, unsaved."""
    about = signature.Statement(Kind.RESULT, ids.new_id(at), case.id, at, bytes(brought.digest))
    content = own.content(brought)
    trip.rest()
    content = signature.sign_file(content, about=about, sign=keyring.current().sign)
    return _rows(case, content, about, name=brought.name, by=by)


def _rows(
    case: Case, content: bytes, about: signature.Statement, *, name: str, by: Actor
) -> tuple[Notice, StoredFile]:
    at = about.issued_at
    stored = documents.prepare(
        content,
        name=name,
        media_type=MediaType.PDF,
        case_id=case.id,
        by_id=by.id,
        at=at,
        purpose=Purpose.NOTICE,
    )
    notice = Notice(
        id=about.serial,
        case_id=case.id,
        kind=Kind(about.kind),
        revision=case.revision,
        file_id=stored.id,
        digest=crypto.sm3(content),
        signature=signature.signature_in(content),
        data_digest=about.data_digest,
        prepared_at=at,
        prepared_by_id=by.id or 0,
        issued_at=at,
    )
    return notice, stored
