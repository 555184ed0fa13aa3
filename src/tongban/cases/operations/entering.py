"""What is entered into a case while its papers are open: applicant, form, delivery, matter, papers.

Shared by the receiving window, which enters for the applicant, and by the applicant who writes online: each
operation says who may, this says how.
"""

import datetime
from collections.abc import Callable, Collection, Mapping
from typing import Any

from tongban.cases import queries, rules
from tongban.cases.models import Case, CaseApplicant, CaseMaterial, Scan, Verdict
from tongban.cases.operations import _step, answers
from tongban.cases.states import DELIVERY_WAYS, Mode
from tongban.catalogue import elements, listing, standards
from tongban.catalogue import queries as catalogue
from tongban.catalogue import rules as catalogue_rules
from tongban.catalogue.models import AcceptanceStandard
from tongban.directory import queries as directory
from tongban.directory import rules as directory_rules
from tongban.documents import operations as documents
from tongban.kernel import ids, keyring, numbers, refusals, trip, worktime
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


def write(
    case: Case,
    changes: Mapping[str, Any],
    *,
    at: datetime.datetime,
    applicant_fields: Collection[str] = APPLICANT_FIELDS,
    case_fields: Collection[str] = CASE_FIELDS,
) -> None:
    """Write what was typed into a case that the caller holds, field by field.

    Args:
        changes: field names to values; fields of the application form are named `form.<key>`.
        applicant_fields, case_fields: what may be written; the form always may.

    Raises:
        UnknownField, BadChoice, TooLong, numbers.*: with the field named.
    """
    on = at.astimezone(worktime.BEIJING).date()
    applicant = queries.applicant_of(case.id)
    case_columns: set[str] = set()
    standard = standards.of(queries.standard_of(case))
    for name, value in changes.items():
        if name in applicant_fields:
            _save_applicant(applicant, name, value, on=on)
        elif name.startswith("form."):
            field = standard.field(name.removeprefix("form."))
            case.form[field.key] = answers.kept(case, field, value, on=on)
            case_columns.add("form")
        elif name in case_fields:
            _save_case_field(case, name, str(value).strip())
            case_columns.add(name)
        else:
            raise UnknownField(name=name)
    columns = [f.attname for f in CaseApplicant._meta.local_concrete_fields if not f.primary_key]
    _step.save((applicant, columns), *([(case, sorted(case_columns))] if case_columns else []))


def _save_case_field(case: Case, name: str, value: str) -> None:
    field = Case._meta.get_field(name)
    choices = dict(getattr(field, "choices", None) or [])
    if name == "delivery_way":
        choices = {str(way): "" for way in DELIVERY_WAYS[Mode(case.mode)]}
    if choices and value and value not in choices:
        raise BadChoice(value=value, fields={name: BadChoice(value=value).message})
    check_length(field, name, value)
    setattr(case, name, value)


def check_length(field: Any, name: str, value: str) -> None:
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
            applicant.agent_identity_sealed = sealed(number, about=f"agent:{applicant.case_id}")
            applicant.agent_identity_digest = keyring.current().lookup_digest(number) if number else b""
            applicant.agent_identity_masked = numbers.mask_identity(number) if number else ""
        elif name == "phone":
            number = numbers.check_phone(text) if text else ""
            applicant.phone_sealed = sealed(number, about=f"phone:{applicant.case_id}")
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
    check_length(field, name, text)
    setattr(applicant, name, text)
    if name == "kind":
        organisation = text == ApplicantKind.ORGANISATION
        applicant.identity_kind = IdentityKind.CREDIT_CODE if organisation else IdentityKind.RESIDENT
    if name in ("kind", "identity_kind"):
        _save_identity(applicant, "", on=datetime.date.max)


def _save_identity(applicant: CaseApplicant, text: str, *, on: datetime.date) -> None:
    number = identity.check(applicant.identity_kind, text, on=on) if text else ""
    applicant.identity_sealed = sealed(number, about=f"identity:{applicant.case_id}")
    applicant.identity_digest = keyring.current().lookup_digest(number) if number else b""
    applicant.identity_masked = numbers.mask_identity(number) if number else ""
    applicant.is_identity_checked = False


def sealed(text: str, *, about: str) -> bytes:
    return keyring.current().seal_text(text, about=about) if text else b""


def choose(
    case: Case,
    *,
    procedure_id: int | None = None,
    home_code: str | None = None,
    level: str | None = None,
    circumstance: str | None = None,
    at: datetime.datetime,
) -> None:
    """Choose for a case that the caller holds what is applied for and where; pin the standard in force there, and
    list its materials.

    What was already marked on a material that the new list has too stays as it is. Where the matter has
    several levels and none is named, the highest one gets it (P7).

    Raises:
        directory.rules.NotListed: the home place has no window on the contact list (P13).
        directory.rules.PlaceReplaced: the home place has ended; names what came after it.
    """
    rules.check_may_choose(case, procedure_id=procedure_id, home_code=home_code)
    on, changed = catalogue_rules.day_of(at), False
    if procedure_id is not None and procedure_id != case.procedure_id:
        case.procedure = catalogue.open_procedure(procedure_id, on=on)
        case.elements = catalogue.elements_to_pin(procedure_id, on=on)
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
        check_offered(case, on=on)
    pin(case, at=at)
    known = {c.key for c in standards.of(case.standard).circumstances}
    if circumstance is not None and (circumstance in known or not circumstance):
        case.circumstance = circumstance
    elif case.circumstance not in known:
        case.circumstance = ""
    _step.save((case, _CHOSEN))
    list_materials(case, at=at)


def check_offered(case: Case, *, on: datetime.date) -> None:
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


def pin(case: Case, *, at: datetime.datetime) -> None:
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
    pinned = queries.standard_of(case)
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


def list_materials(case: Case, *, at: datetime.datetime) -> None:
    """Make the case's materials what the standard asks for, keeping what was entered and what was added by hand."""
    asked = standards.of(queries.standard_of(case)).materials_for(case.circumstance)
    there = {m.key: m for m in queries.materials_of(case.id)}
    before = {row.id: _listed(row) for row in there.values()}
    wanted = {m.key for m in asked}
    touched = {scan.material_id for scan in queries.scans_of(case.id)} if there else set()
    new: list[CaseMaterial] = []
    for position, requirement in enumerate(asked):
        row = there.get(requirement.key)
        if row is None:
            row = CaseMaterial(id=ids.new_id(at), case_id=case.id, key=requirement.key)
            new.append(row)
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
        else:
            del before[row.id]
            row.delete()
    changed = [row for row in there.values() if row.id in before and _listed(row) != before[row.id]]
    rows = [(row, _LISTED) for row in changed]
    _step.save(*rows, new=new)


_CHOSEN = (
    "procedure_id",
    "home_code",
    "level_chosen",
    "home_window_id",
    "standard_id",
    "pilot_id",
    "elements_id",
    "circumstance",
    "legal_limit",
    "promised_limit",
)
_LISTED = (
    "position",
    "name",
    "is_required",
    "is_returned",
    "originals_asked",
    "copies_asked",
    "verdict",
)


def _listed(row: CaseMaterial) -> list[Any]:
    return [getattr(row, name) for name in _LISTED]


def keep_scan(
    case_id: int,
    *,
    key: str,
    data: bytes,
    name: str,
    by: Actor,
    at: datetime.datetime,
    require: Callable[..., None],
) -> Scan:
    """Check, clean, encrypt and keep a scanned sheet of a material; on disk before this returns.

    Args:
        require: who may add one, and when.

    Raises:
        documents.rules.*: when the file cannot be taken, each with what to do about it.
    """
    case = queries.get(case_id, for_=by)
    require(case, by=by)
    row = queries.material_of(case.id, key)
    if row is None:
        raise UnknownMaterial()
    trip.rest()
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
    with _step.editing(case_id, by=by, require=require):
        # Another matter may have been chosen while the file was checked, and the list be without it now.
        held = queries.material_of(case_id, key)
        if held is None or held.id != row.id:
            raise UnknownMaterial()
        _step.save(new=[stored, scan])
    return scan


def seen_standard(case: Case) -> dict[str, Any]:
    """Give what the journal says of the standard under which a case is taken in."""
    standard = case.standard
    assert standard is not None
    return {
        "id": standard.id,
        "stage": standard.stage,
        "version": standard.version,
        "digest": bytes(standard.digest).hex(),
    }
