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
from tongban.cases.operations import _step, answers
from tongban.cases.states import CaseOutcome, Mode, State
from tongban.catalogue import elements, listing, standards
from tongban.catalogue import queries as catalogue
from tongban.catalogue import rules as catalogue_rules
from tongban.catalogue.models import AcceptanceStandard
from tongban.directory import queries as directory
from tongban.directory import rules as directory_rules
from tongban.documents import operations as documents
from tongban.journal.operations import NOTHING_BEFORE
from tongban.kernel import ids, keyring, numbers, refusals, worktime
from tongban.kernel import text as text_of
from tongban.people import identity
from tongban.people.actors import Actor
from tongban.people.identity import ApplicantKind, IdentityKind

APPLICANT_FIELDS = frozenset(
    {
        "kind",
        "name",
        "identity_kind",
        "identity",
        "is_identity_checked",
        "contact_name",
        "phone",
        "legal_representative",
        "has_agent",
        "agent_name",
        "agent_identity",
        "has_agent_letter",
    }
)
_NAMES = frozenset({"name", "contact_name", "legal_representative", "agent_name"})
CASE_FIELDS = frozenset({"channel", "delivery_way", "delivery_address"})


class UnknownField(refusals.Incomplete):
    """没有“{name}”这一栏，系统没有保存。请刷新页面后重试。"""


class BadChoice(refusals.Incomplete):
    """“{value}”不在可选范围内，请从列表中选择。"""


class UnknownMaterial(refusals.NotFound):
    """材料清单里没有这一份材料。请刷新后查看最新清单。"""


class TooLong(refusals.Incomplete):
    """内容太长，最多 {limit} 个字。请精简后再填。"""


def open_case(*, by: Actor, at: datetime.datetime, window_id: int | None = None) -> Case:
    """Open a new case at the person's window and give it.

    Raises:
        permissions.NoWindow: the person is clerk of no window, or not of this one.
        directory.rules.NotListed: the window is not on the contact list (P13).
    """
    window = directory.open_window(permissions.require_window(by, window_id))
    case = Case(
        id=ids.new_id(at),
        mode=Mode.COLLECTED,
        state=State.DRAFTING,
        receiving_window_id=window.id,
        opened_at=at,
        opened_by_id=by.id or 0,
        journal_head=NOTHING_BEFORE,
    )
    _step.begin(case, rows=[CaseApplicant(case=case)], by=by, at=at)
    return case


def save(case_id: int, changes: Mapping[str, Any], *, by: Actor, at: datetime.datetime) -> Case:
    """Save what was typed about the applicant, the form or the delivery, field by field, and give the case.

    `changes` maps field names to values; fields of the application form are named `form.<key>`.

    Raises:
        UnknownField, BadChoice, TooLong, numbers.*: with the field named; nothing of the call is saved.
    """
    with _step.editing(case_id, by=by) as case:
        applicant = CaseApplicant.objects.get(case=case)
        case_columns: set[str] = set()
        for name, value in changes.items():
            if name in APPLICANT_FIELDS:
                _save_applicant(applicant, name, value, on=at.astimezone(worktime.BEIJING).date())
            elif name.startswith("form."):
                key = name.removeprefix("form.")
                field = standards.of(case.standard).field(key)
                case.form[key] = answers.kept(case, field, value, on=at.astimezone(worktime.BEIJING).date())
                case_columns.add("form")
            elif name in CASE_FIELDS:
                _save_case_field(case, name, str(value).strip())
                case_columns.add(name)
            else:
                raise UnknownField(name=name)
        applicant.save()
        if case_columns:
            case.save(update_fields=sorted(case_columns))
    return case


def _save_case_field(case: Case, name: str, value: str) -> None:
    field = Case._meta.get_field(name)
    choices = dict(getattr(field, "choices", None) or [])
    if choices and value and value not in choices:
        raise BadChoice(value=value, fields={name: BadChoice(value=value).message})
    _check_length(field, name, value)
    setattr(case, name, value)


def _check_length(field: Any, name: str, value: str) -> None:
    if field.max_length and len(value) > field.max_length:
        raise TooLong(limit=field.max_length, fields={name: TooLong(limit=field.max_length).message})


def _save_applicant(applicant: CaseApplicant, name: str, value: Any, *, on: datetime.date) -> None:
    if name in ("is_identity_checked", "has_agent", "has_agent_letter"):
        setattr(applicant, name, value in (True, "true", "on", "1"))
        return
    text = text_of.clean_name(str(value)) if name in _NAMES else text_of.clean(str(value))
    try:
        if name == "identity":
            _save_identity(applicant, text, on=on)
        elif name == "agent_identity":
            number = numbers.check_identity_number(text, on=on) if text else ""
            applicant.agent_identity_sealed = _sealed(number, about=f"agent:{applicant.case_id}")
            applicant.agent_identity_digest = keyring.current().lookup_digest(number) if number else b""
            applicant.agent_identity_masked = numbers.mask_identity(number) if number else ""
        elif name == "phone":
            number = numbers.check_phone(text) if text else ""
            applicant.phone_sealed = _sealed(number, about=f"phone:{applicant.case_id}")
            applicant.phone_masked = numbers.mask_phone(number) if number else ""
        else:
            _save_word(applicant, name, text)
    except refusals.Refusal as refusal:
        refusal.fields.setdefault(name, refusal.message)
        raise


def _save_word(applicant: CaseApplicant, name: str, text: str) -> None:
    field = CaseApplicant._meta.get_field(name)
    choices = dict(getattr(field, "choices", None) or [])
    if choices and text not in choices:
        raise BadChoice(value=text)
    _check_length(field, name, text)
    setattr(applicant, name, text)
    if name == "kind":
        organisation = text == ApplicantKind.ORGANISATION
        applicant.identity_kind = IdentityKind.CREDIT_CODE if organisation else IdentityKind.RESIDENT
    if name in ("kind", "identity_kind"):
        _save_identity(applicant, "", on=datetime.date.max)


def _save_identity(applicant: CaseApplicant, text: str, *, on: datetime.date) -> None:
    number = identity.check(applicant.identity_kind, text, on=on) if text else ""
    applicant.identity_sealed = _sealed(number, about=f"identity:{applicant.case_id}")
    applicant.identity_digest = keyring.current().lookup_digest(number) if number else b""
    applicant.identity_masked = numbers.mask_identity(number) if number else ""
    applicant.is_identity_checked = False


def _sealed(text: str, *, about: str) -> bytes:
    return keyring.current().seal_text(text, about=about) if text else b""


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
        rules.check_may_choose(case, procedure_id=procedure_id, home_code=home_code)
        changed = False
        if procedure_id is not None and procedure_id != case.procedure_id:
            case.procedure = catalogue.open_procedure(procedure_id, on=catalogue_rules.day_of(at))
            case.elements = catalogue.elements_to_pin(procedure_id, on=catalogue_rules.day_of(at))
            case.circumstance = ""
            changed = True
        if home_code is not None:
            changed = changed or home_code != case.home_code
            case.home_code = home_code
        if level is not None:
            case.level_chosen = level
        if case.procedure is not None:
            elements.applied(case.procedure, case.elements)
        if changed:
            _check_offered(case, on=catalogue_rules.day_of(at))
        _pin(case, at=at)
        known = {c.key for c in standards.of(case.standard).circumstances}
        if circumstance is not None and (circumstance in known or not circumstance):
            case.circumstance = circumstance
        elif case.circumstance not in known:
            case.circumstance = ""
        case.save(
            update_fields=[
                "procedure",
                "home_code",
                "level_chosen",
                "home_window",
                "standard",
                "pilot",
                "elements",
                "circumstance",
                "legal_limit",
                "promised_limit",
            ]
        )
        _list_materials(case, at=at)
    return case


def _check_offered(case: Case, *, on: datetime.date) -> None:
    """Ask that the matter is on the list today, or tried between the two places; notes the pilot (B5, P6).

    Raises:
        catalogue_rules.NotOnTheList, catalogue_rules.OnlyBetween.
    """
    if case.procedure is None:
        return
    code = ""
    if case.home_code:
        code = catalogue.deciding_division(case.procedure, case.home_code, level=case.level_chosen)
    here = directory.division_of_window(case.receiving_window_id)
    case.pilot = listing.require_offered(case.procedure, at_code=here, decided_by=code or None, on=on)


def _pin(case: Case, *, at: datetime.datetime) -> None:
    """Find the window that decides and the standard in force there, when both matter and place are known.

    A case that has its standard keeps it as long as matter and province stay the same, whatever is
    published meanwhile (B4, C11).
    """
    before = directory.division_of_window(case.home_window_id) if case.home_window_id else ""
    case.home_window = None
    if case.home_code:
        directory.check_in_force(case.home_code, on=at.astimezone(worktime.BEIJING).date())
    if case.procedure is None or not case.home_code:
        return
    code = catalogue.deciding_division(case.procedure, case.home_code, level=case.level_chosen)
    window = directory.window_of(code)
    if window is None:
        names = directory.names_of([code])
        raise directory_rules.NotListed(
            place=names.get(code, code),
            fields={"home": directory_rules.NotListed(place=names.get(code, code)).message},
        )
    case.home_window = window
    pinned = case.standard
    if (
        pinned is None
        or pinned.procedure_id != case.procedure_id
        or not before
        or (catalogue_rules.province_of(before) != catalogue_rules.province_of(code))
    ):
        on = at.astimezone(worktime.BEIJING).date()
        found = catalogue.standard_to_pin(case.procedure, code, on=on)
        if pinned is None or _line_of(pinned) != _line_of(found):  # a place picked anew may be the same one
            case.standard = found
    assert case.standard is not None
    case.legal_limit = case.standard.legal_limit
    case.promised_limit = case.standard.promised_limit


def _line_of(standard: AcceptanceStandard) -> tuple[int, bool, str | None, int]:
    """Tell of what a standard is a version: matter, sample or not, province, stage."""
    return standard.procedure_id, standard.is_sample, standard.province_id, standard.stage


def _list_materials(case: Case, *, at: datetime.datetime) -> None:
    """Make the case's materials what the standard asks for, keeping what was entered and what was added by hand."""
    asked = standards.of(case.standard).materials_for(case.circumstance) if case.standard else ()
    there = {m.key: m for m in CaseMaterial.objects.filter(case=case)}
    wanted = {m.key for m in asked}
    touched = set(Scan.objects.filter(case=case, removed_at=None).values_list("material_id", flat=True))
    new, changed = [], []
    for position, requirement in enumerate(asked):
        row = there.get(requirement.key)
        if row is None:
            row = CaseMaterial(id=ids.new_id(at), case=case, key=requirement.key)
            new.append(row)
        else:
            changed.append(row)
        row.position = position
        row.name = requirement.name
        row.is_required = requirement.required
        row.is_returned = requirement.returned
        row.originals_asked = requirement.originals
        row.copies_asked = requirement.copies
        if row.verdict == Verdict.NOT_NEEDED:
            row.verdict = Verdict.PENDING
    for key, row in there.items():
        if key in wanted or key.startswith("added-"):
            continue
        if (
            row.id in touched
            or row.verdict in (Verdict.PASSED, Verdict.TO_CORRECT)
            or row.originals + row.copies
        ):
            row.verdict, row.is_required = Verdict.NOT_NEEDED, False  # entered already: kept, not asked for
            changed.append(row)
        else:
            row.delete()
    CaseMaterial.objects.bulk_create(new)
    CaseMaterial.objects.bulk_update(
        changed,
        ["position", "name", "is_required", "is_returned", "originals_asked", "copies_asked", "verdict"],
    )


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
        row = CaseMaterial.objects.filter(case=case, key=key).first()
        if row is None:
            raise UnknownMaterial()
        for name, count in (("originals", originals), ("copies", copies)):
            if count is not None:
                if not 0 <= count <= 999:
                    raise BadChoice(value=count, fields={name: BadChoice(value=count).message})
                setattr(row, name, count)
        if advice is not None:
            text = text_of.clean(advice)
            _check_length(CaseMaterial._meta.get_field("advice"), "advice", text)
            row.advice = text
        if points is not None:
            row.points = sorted({int(p) for p in points if 0 <= int(p) < 50})
        if verdict is not None:
            if verdict not in Verdict.values:
                raise BadChoice(value=verdict)
            row.verdict = verdict
            if verdict == Verdict.PASSED:
                row.advice = ""
                if not row.originals + row.copies:
                    row.originals, row.copies = row.originals_asked, row.copies_asked
        row.save(update_fields=["originals", "copies", "advice", "points", "verdict"])
    return row


def add_scan(case_id: int, *, key: str, data: bytes, name: str, by: Actor, at: datetime.datetime) -> Scan:
    """Check, clean, encrypt and keep a scanned sheet of a material; on disk before this returns.

    Raises:
        documents.rules.*: when the file cannot be taken, each with what to do about it.
    """
    case = queries.get(case_id, for_=by)
    permissions.require_scan(case, by=by)
    row = CaseMaterial.objects.filter(case=case, key=key).first()
    if row is None:
        raise UnknownMaterial()
    stored = documents.prepare_scan(data, name=name, case_id=case_id, by_id=by.id, at=at)
    scan = Scan(
        id=ids.new_id(at),
        case=case,
        material=row,
        file_id=stored.id,
        name=stored.name,
        media_type=stored.media_type,
        pages=stored.pages or 1,
        digest=stored.digest,
        added_at=at,
    )
    with _step.editing(case_id, by=by, require=permissions.require_scan):
        # Another matter may have been chosen while the file was checked, and the list be without it now.
        if not CaseMaterial.objects.filter(case=case, id=row.id).exists():
            raise UnknownMaterial()
        stored.save(force_insert=True)
        scan.save(force_insert=True)
    return scan


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
            standard={
                "id": standard.id,
                "stage": standard.stage,
                "version": standard.version,
                "digest": bytes(standard.digest).hex(),
            },
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
