"""Wholly online (全程网办): the applicant writes, sends, corrects, takes back and gets the result (P22, W4, W15).

The window of the home place plays both parts from the start: there is nothing to collect and nothing to send on.
"""

import datetime
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _

from tongban.cases import permissions, queries, rules
from tongban.cases.models import (
    Case,
    CaseApplicant,
    CaseMaterial,
    CorrectionNotice,
    Delivery,
    Help,
    Scan,
    Verdict,
)
from tongban.cases.operations import _step, answers, entering
from tongban.cases.states import CaseOutcome, DeliveryWay, Mode, State
from tongban.catalogue import elements
from tongban.catalogue import queries as catalogue
from tongban.catalogue import rules as catalogue_rules
from tongban.directory import queries as directory
from tongban.journal.operations import NOTHING_BEFORE
from tongban.kernel import ids, keyring, numbers, worktime
from tongban.kernel import text as text_of
from tongban.people import applicants
from tongban.people.actors import Actor

# Who applies is known and checked: what applicants write about themselves is how to reach them.
APPLICANT_FIELDS = frozenset({"contact_name", "phone"})
CASE_FIELDS = frozenset({"delivery_way", "delivery_address"})
MOST_FILES = 20  # of one material


def start(*, procedure_id: int, home_code: str, level: str = "", by: Actor, at: datetime.datetime) -> Case:
    """Begin a draft for the one for whom the applicant acts, with everything that is known of them filled in.

    Raises:
        permissions.NotChecked, OutsideMandate, NotYourPart: they may not.
        rules.NoHome, rules.NotOnline: no home place, or one that does not handle this online.
        directory.rules.NotListed, PlaceReplaced; catalogue.rules.NotOpen, NoStandard, NobodyDecides.
    """
    on = catalogue_rules.day_of(at)
    procedure = catalogue.open_procedure(procedure_id, on=on)
    permissions.require_start(by, procedure.item_id)
    known = applicants.details_of(by)
    case = Case(
        id=ids.new_id(at),
        mode=Mode.ONLINE,
        state=State.FILLING,
        procedure=procedure,
        elements=catalogue.elements_to_pin(procedure_id, on=on),
        home_code=home_code,
        level_chosen=level,
        opened_at=at,
        opened_by_id=by.id or 0,
        journal_head=NOTHING_BEFORE,
        delivery_way=DeliveryWay.ELECTRONIC,
    )
    with transaction.atomic():
        elements.applied(procedure, case.elements)
        entering.pin(case, at=at)
        _check_offered(case, at=at)
        case.receiving_window_id = case.home_window_id or 0
        entering.check_offered(case, on=on)
        _step.begin(case, rows=[_applicant(case, known)], by=by, at=at, name="start")
        entering.list_materials(case, at=at)
    return case


def _check_offered(case: Case, *, at: datetime.datetime) -> None:
    if case.home_window is None or case.procedure is None:
        raise rules.NoHome(fields={"home": rules.NoHome().message})
    code = directory.division_of_window(case.home_window.id)
    on = at.astimezone(worktime.BEIJING).date()
    if Mode.ONLINE not in catalogue.modes_of(case.procedure, on=on, code=code):
        sentence = rules.NotOnline(procedure=case.procedure.name).message
        raise rules.NotOnline(procedure=case.procedure.name, fields={"home": sentence})


def _applicant(case: Case, known: applicants.Details) -> CaseApplicant:
    def about(what: str) -> str:
        return f"{what}:{case.id}"

    return CaseApplicant(
        case=case,
        kind=known.kind,
        name=known.name,
        identity_kind=known.identity_kind,
        identity_sealed=entering.sealed(known.number, about=about("identity")),
        identity_digest=keyring.current().lookup_digest(known.number),
        identity_masked=numbers.mask_identity(known.number),
        is_identity_checked=True,
        contact_name=known.contact_name,
        phone_sealed=entering.sealed(known.phone, about=about("phone")),
        phone_masked=numbers.mask_phone(known.phone) if known.phone else "",
        legal_representative=known.legal_representative,
        has_agent=bool(known.agent_name),
        agent_name=known.agent_name,
        agent_identity_sealed=entering.sealed(known.agent_number, about=about("agent")),
        agent_identity_digest=keyring.current().lookup_digest(known.agent_number)
        if known.agent_number
        else b"",
        agent_identity_masked=numbers.mask_identity(known.agent_number) if known.agent_number else "",
        has_agent_letter=bool(known.agent_name),  # the mandate that the account holds
    )


def choose(
    case_id: int,
    *,
    home_code: str | None = None,
    level: str | None = None,
    circumstance: str | None = None,
    by: Actor,
    at: datetime.datetime,
) -> Case:
    """Choose another home place or the circumstance of a draft; what was answered and uploaded stays.

    Raises:
        permissions.NotThisState: it was sent already. As `start` about the place.
    """
    with _step.editing(case_id, by=by, require=_require_draft) as case:
        entering.choose(case, home_code=home_code, level=level, circumstance=circumstance, at=at)
        _check_offered(case, at=at)
        if case.receiving_window_id != case.home_window_id:
            case.receiving_window_id = case.home_window_id or 0
            case.save(update_fields=["receiving_window"])
    return case


def _require_draft(case: Case, *, by: Actor) -> None:
    permissions.require_writing(case, by=by)
    if case.state != State.FILLING:
        raise permissions.NotThisState(state=State(case.state).label, step=_("填写申请"))


def save(case_id: int, changes: Mapping[str, Any], *, by: Actor, at: datetime.datetime) -> Case:
    """Save answers as they are given; after a correction notice only what it names.

    Args:
        changes: `contact_name`, `phone`, `delivery_way`, `delivery_address`, `form.<key>` to values.

    Raises:
        entering.UnknownField, BadChoice, TooLong, numbers.*: with the field named; nothing of the call is saved.
        rules.NotNamed: the notice does not name it.
    """
    with _step.editing(case_id, by=by, require=permissions.require_writing) as case:
        for name in changes:
            _check_named(case, name)
        entering.write(case, changes, at=at, applicant_fields=APPLICANT_FIELDS, case_fields=CASE_FIELDS)
    return case


def _check_named(case: Case, name: str) -> None:
    """Refuse to change what a standing correction notice does not name; a draft is free."""
    notice = standing_notice(case)
    if case.state == State.HOME_CORRECTION and (notice is None or name not in named_by(notice)):
        raise rules.NotNamed(what=name)


def standing_notice(case: Case) -> CorrectionNotice | None:
    """Give the correction notice that has not been answered yet."""
    return CorrectionNotice.objects.filter(case=case, settled_at=None).order_by("-id").first()


def named_by(notice: CorrectionNotice) -> dict[str, str]:
    """Give what a notice names, the advice by key: of a material, or `form.<key>` of an answer."""
    return {item["key"]: item["advice"] for item in notice.items}


def add_scan(case_id: int, *, key: str, data: bytes, name: str, by: Actor, at: datetime.datetime) -> Scan:
    """Check, clean, encrypt and keep a file of a material; on disk before this returns.

    Raises:
        documents.rules.*: when the file cannot be taken, each with what to do about it.
        rules.TooManyFiles, rules.NotNamed, entering.UnknownMaterial.
    """

    def require(case: Case, *, by: Actor) -> None:
        permissions.require_writing(case, by=by)
        _check_named(case, key)
        rows = Scan.objects.filter(case=case, material__key=key, removed_at=None)
        if len(rows.values_list("id")[:MOST_FILES]) >= MOST_FILES:
            raise rules.TooManyFiles(most=MOST_FILES)

    return entering.keep_scan(case_id, key=key, data=data, name=name, by=by, at=at, require=require)


def add_file(case_id: int, *, key: str, data: bytes, name: str, by: Actor, at: datetime.datetime) -> Scan:
    """Keep a file that answers a field of the form, as `answers.add_file` does.

    Raises:
        rules.NotNamed: a correction notice stands and does not name it.
    """

    def require(case: Case, *, by: Actor) -> None:
        permissions.require_writing(case, by=by)
        _check_named(case, f"form.{key}")

    return answers.add_file(case_id, key=key, data=data, name=name, by=by, at=at, require=require)


def remove_scan(case_id: int, *, scan_id: int, by: Actor, at: datetime.datetime) -> None:
    """Take a file off a material or an answer, except one that the home window has already received."""
    with _step.editing(case_id, by=by, require=permissions.require_writing) as case:
        rows = Scan.objects.filter(case=case, id=scan_id, removed_at=None)
        notice = standing_notice(case)
        if notice is not None:
            rows = rows.filter(added_at__gt=notice.asked_at)
        row = rows.first()
        if row is None:
            return
        row.removed_at = at
        row.save(update_fields=["removed_at"])
        if row.field_key:
            answers.say_files(case, row.field_key)


def submit(
    case_id: int,
    *,
    by: Actor,
    at: datetime.datetime,
    revision: int | None = None,
    also: Sequence[models.Model] = (),
) -> Case:
    """Send an application to the home window, which has received it with that (P22).

    Args:
        also: rows to be written in the same step (the frozen acknowledgement).

    Raises:
        rules.NotReady: naming everything that is missing beside its field.
        rules.NotOnline, directory.rules.NotListed: the place no longer takes it online.
    """
    with _step.taking(case_id, "submit", by=by, at=at, revision=revision) as step:
        missing = missing_of(step.case)
        if missing:
            raise rules.NotReady(fields=missing, what="；".join(missing.values()))
        directory.open_window(step.case.home_window_id or 0)
        _check_offered(step.case, at=at)
        step.set(received_at=at)
        _let_go(step)
        step.add(*also)
        scans = queries.scans_of(case_id)
        step.note(
            standard=entering.seen_standard(step.case),
            materials=[
                [m.key, sum(s.material_id == m.id for s in scans)] for m in queries.materials_of(case_id)
            ],
        )
    return step.case


def missing_of(case: Case) -> dict[str, str]:
    """Name, by field, everything that an application lacks before it can be sent."""
    applicant, fields, materials = queries.for_review(case)
    handed_in = {s.material_id for s in queries.scans_of(case.id) if s.material_id}
    return rules.missing_before_submission(case, applicant, fields, materials, handed_in=handed_in)


def _let_go(step: _step.Taking) -> None:
    """End the help of a clerk: the case leaves the applicant's hands."""
    if step.case.helper_id is None:
        return
    step.set(helper_id=None)
    for row in Help.objects.filter(case=step.case, begun_at__isnull=False, ended_at=None):
        step.update(row, ended_at=step.at, ended_by_name=step.by.name)


def send_correction(case_id: int, *, by: Actor, at: datetime.datetime, revision: int | None = None) -> Case:
    """Send back to the home window everything that its notice named.

    Raises:
        rules.NotReady: naming what the applicant has not corrected yet.
    """
    with _step.taking(case_id, "send_correction", by=by, at=at, revision=revision) as step:
        notice = standing_notice(step.case)
        named: Collection[str] = named_by(notice) if notice else ()
        missing = uncorrected(step.case)
        if missing:
            raise rules.NotReady(fields=missing, what="；".join(missing.values()))
        for material in CaseMaterial.objects.filter(case=step.case, key__in=list(named)):
            step.update(material, verdict=Verdict.PENDING, advice="")
        if notice:
            step.update(notice, settled_at=at)
        _let_go(step)
        step.note(brought=sorted(named))
    return step.case


def uncorrected(case: Case) -> dict[str, str]:
    """Name, by field, what the standing notice asks for and the applicant has not brought yet."""
    notice = standing_notice(case)
    if notice is None:
        return {}
    fresh = {s.material_id for s in queries.scans_of(case.id) if s.added_at > notice.asked_at}
    handed_in = {m.key for m in queries.materials_of(case.id) if m.id in fresh}
    missing = {}
    for item in notice.items:
        key, name = item["key"], item["name"]
        if key.startswith("form."):
            if not case.form.get(key.removeprefix("form.")):
                missing[key] = _("请填写{label}").format(label=name)
        elif key not in handed_in:
            missing[f"material.{key}"] = _("请重新上传“{name}”").format(name=name)
    return missing


def take_back(
    case_id: int, *, reason: str = "", by: Actor, at: datetime.datetime, revision: int | None = None
) -> Case:
    """Withdraw an application before it is decided; nothing has to be returned."""
    with _step.taking(case_id, "take_back", by=by, at=at, revision=revision) as step:
        step.set(outcome=CaseOutcome.WITHDRAWN, closed_at=at, department_id=None)
        _let_go(step)
        step.note(reason=text_of.clean(reason)[:200])
    return step.case


def lapse_draft(case_id: int, *, by: Actor, at: datetime.datetime) -> Case:
    """End a draft that was not sent in time.

    Raises:
        rules.TimeStillRuns: the time for sending it is not over.
    """
    return _lapse(case_id, "lapse_draft", outcome=CaseOutcome.UNSENT, by=by, at=at)


def lapse_correction(case_id: int, *, by: Actor, at: datetime.datetime) -> Case:
    """End an online case whose correction was not sent in time: deemed given up (P21(1)).

    Raises:
        rules.TimeStillRuns: the time for it is not over.
    """
    return _lapse(case_id, "lapse_online", outcome=CaseOutcome.LAPSED, by=by, at=at)


def _lapse(case_id: int, name: str, *, outcome: str, by: Actor, at: datetime.datetime) -> Case:
    with _step.taking(case_id, name, by=by, at=at) as step:
        step.check_turn_is_over()
        step.set(outcome=outcome, closed_at=at)
        _let_go(step)
    return step.case


def lapse_download(case_id: int, *, by: Actor, at: datetime.datetime) -> Case:
    """Let the home window reach an applicant who has not downloaded the result in time (P21(4)).

    Raises:
        rules.TimeStillRuns: the time for downloading it is not over.
    """
    with _step.taking(case_id, "lapse_download", by=by, at=at) as step:
        step.check_turn_is_over()
        for row in Delivery.objects.filter(case=step.case, delivered_at=None, failed_at=None):
            step.update(row, failed_at=at, failure=_("申请人没有在期限内下载"))
    return step.case


def download(case_id: int, *, by: Actor, at: datetime.datetime, revision: int | None = None) -> Case:
    """Deliver the electronic result to the applicant who fetches it: that is the proof of delivery (P21(4), E4)."""
    with _step.taking(case_id, "download", by=by, at=at, revision=revision) as step:
        delivery = Delivery.objects.filter(case=step.case).latest("attempt")
        step.update(delivery, delivered_at=at, proof="download", received_by=by.name)
        step.note(attempt=delivery.attempt)
    return step.case
