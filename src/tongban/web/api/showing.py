"""A case, its clock and its parts as the shapes that programs read. Numbers of people are masked here."""

import datetime
from collections.abc import Sequence
from typing import Any, cast

from tongban.cases import permissions, queries, rules
from tongban.cases.models import Case, CaseApplicant, CaseMaterial, Delivery, Scan, Transfer
from tongban.cases.states import BEGINNINGS, DUTIES, STATES, STEPS, Channel, DeliveryWay, Mode, State, Step
from tongban.catalogue import standards
from tongban.catalogue.models import Procedure
from tongban.directory.models import Window
from tongban.duties import queries as duties
from tongban.duties.models import BearerKind, Duty
from tongban.kernel import ids
from tongban.notices import queries as notices
from tongban.notices.models import Notice
from tongban.notices.wording import Kind
from tongban.people.actors import Actor
from tongban.web.api import shapes
from tongban.web.kit import verbs
from tongban.web.kit.templatetags import kit

ROOT = "/api/v1"
MASKED_TYPES = ("identity_number", "phone")  # of form fields; see `cases.reveal`


def brief(case: Case, *, now: datetime.datetime, turn: Duty | None = None) -> dict[str, Any]:
    """Give a case as a `CaseBrief`, with the clock of its turn where it is at hand."""
    part = STATES[State(case.state)].turn
    applicant: CaseApplicant | None = getattr(case, "applicant", None)
    return {
        "number": case.number,
        "revision": case.revision,
        "state": case.state,
        "state_name": str(State(case.state).label),
        "progress": queries.progress_of(case),
        "holder": queries.holder_name(case),
        "turn": str(part or ""),
        "is_open": case.is_open,
        "outcome": case.outcome,
        "item": case.procedure.name if case.procedure else "",
        "applicant": applicant.name if applicant else "",
        "receiving_window": case.receiving_window.name,
        "home_window": case.home_window.name if case.home_window else "",
        "opened_at": case.opened_at,
        "received_at": case.received_at,
        "clock": clock(turn, case, now=now) if turn else None,
    }


def after_step(case: Case, *, now: datetime.datetime) -> dict[str, Any]:
    """Give a case as a write answers with it: brief, and whose turn it is until when."""
    open_duties = queries.duties_of(case.id) if case.left_open is None else case.left_open
    turn = next((d for d in open_duties if d.is_turn), None)
    return brief(case, now=now, turn=turn)


def clock(duty: Duty, case: Case, *, now: datetime.datetime) -> dict[str, Any]:
    """Give a duty as a `ClockOut`."""
    return {
        "kind": duty.kind,
        "label": str(DUTIES[duty.kind].label),
        "article": duty.article,
        "bearer": _bearer(duty, case),
        "is_turn": duty.is_turn,
        "due_at": duty.due_at,
        "amber_at": duty.amber_at,
        "lateness": kit.lateness(duty.due_at, duty.amber_at, now),
    }


def _bearer(duty: Duty, case: Case) -> str:
    if duty.bearer_kind == BearerKind.APPLICANT:
        return case.applicant.name
    if duty.bearer_kind == BearerKind.DEPARTMENT:
        return case.department.name if case.department else ""
    windows = {w.id: w.name for w in (case.receiving_window, case.home_window) if w}
    return windows.get(duty.bearer_id, "")


def procedure(row: Procedure) -> shapes.ProcedureOut:
    return shapes.ProcedureOut.from_orm(row)


def window(row: Window) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "division_code": row.division_id,
        "phone": row.phone,
        "address": row.address,
    }


def whole(case: Case, *, actor: Actor, now: datetime.datetime) -> dict[str, Any]:
    """Give a case as a `CaseOut`: everything that the case page shows to this person."""
    open_duties = queries.duties_of(case.id)
    turn = next((d for d in open_duties if d.is_turn), None)
    applicant, fields, materials = queries.for_review(case)
    under_review = case.state in (State.DRAFTING, State.RETURNED)
    missing = rules.missing_before_receipt(case, applicant, fields, materials) if under_review else {}
    return {
        **brief(case, now=now, turn=turn),
        "mode": case.mode,
        "mode_name": str(Mode(case.mode).label),
        "procedure": procedure(case.procedure) if case.procedure else None,
        "receiving": window(case.receiving_window),
        "home": window(case.home_window) if case.home_window else None,
        "home_code": case.home_code,
        "circumstance": case.circumstance,
        "channel": case.channel,
        "delivery_way": case.delivery_way,
        "delivery_address": case.delivery_address,
        "legal_limit": case.legal_limit,
        "promised_limit": case.promised_limit,
        "accepted_at": case.accepted_at,
        "decided_at": case.decided_at,
        "closed_at": case.closed_at,
        "person": _person(applicant),
        "form": _form(case),
        "form_fields": [form_field(f) for f in fields],
        "form_files": [
            {**scan(s, case), "field": s.field_key} for s in queries.scans_of(case.id) if s.field_key
        ],
        "materials": _materials(case, materials),
        "missing": {name: str(sentence) for name, sentence in missing.items()},
        "clocks": [{**clock(d, case, now=now), "explained": duties.due_of(d).explain()} for d in open_duties],
        "steps": steps(case, queries.steps_open_to(actor, case, open_duties=open_duties)),
        **_story(case),
        "looks": queries.looks_at(case.id) if permissions.may_see_looks(case, by=actor) else [],
    }


def _story(case: Case) -> dict[str, Any]:
    """Give what has happened to a case so far."""
    return {
        "corrections": queries.notices_of(case.id),
        "notices": [notice(n) for n in notices.issued_of(case.id)],
        "transfers": [_transfer(t) for t in queries.transfers_of(case.id)],
        "decisions": [
            {**_columns(d), "kind_name": str(d.get_kind_display())} for d in queries.decisions_of(case.id)
        ],
        "hand_offs": [
            {**_columns(h), "department": h.department.name} for h in queries.hand_offs_of(case.id)
        ],
        "suspensions": [
            {**_columns(s), "reason_name": str(s.get_reason_display())}
            for s in queries.suspensions_of(case.id)
        ],
        "deliveries": [_delivery(d) for d in queries.deliveries_of(case.id)],
        "journal": [
            {**_columns(e), "label": _entry_label(e.code), "digest": bytes(e.digest).hex()}
            for e in queries.history_of(case.id)
        ],
    }


def _columns(row: Any) -> dict[str, Any]:
    return {f.attname: getattr(row, f.attname) for f in row._meta.local_concrete_fields}


def _person(applicant: CaseApplicant) -> dict[str, Any]:
    shown = shapes.ApplicantOut.model_fields
    return {name: value for name, value in _columns(applicant).items() if name in shown}


def _form(case: Case) -> dict[str, Any]:
    return queries.shown_answers(case)


def form_field(field: standards.FormField) -> dict[str, Any]:
    """Give a form field as a `FormFieldOut`."""
    return {
        **{name: getattr(field, name) for name in ("key", "label", "type", "required", "help")},
        "choices": list(field.choices),
        "only_for": list(field.only_for),
        "when": {"field": field.when.field, "values": list(field.when.values)} if field.when else None,
    }


def _materials(case: Case, rows: Sequence[CaseMaterial]) -> list[dict[str, Any]]:
    scans: dict[int, list[dict[str, Any]]] = {}
    for row in queries.scans_of(case.id):
        if row.material_id:
            scans.setdefault(row.material_id, []).append(scan(row, case))
    return [material(row, case, scans=scans.get(row.id, [])) for row in rows]


def material(row: CaseMaterial, case: Case, *, scans: list[dict[str, Any]]) -> dict[str, Any]:
    """Give a material as a `MaterialOut`."""
    points = {m.key: m.review_points for m in standards.of(case.standard).materials}
    return {**_columns(row), "review_points": list(points.get(row.key, ())), "scans": scans}


def scan(row: Scan, case: Case) -> dict[str, Any]:
    """Give a scan as a `ScanOut`."""
    id_ = ids.number_of(row.id)
    return {
        **_columns(row),
        "id": id_,
        "digest": bytes(row.digest).hex(),
        "url": f"{ROOT}/cases/{case.number}/scans/{id_}",
    }


def notice(row: Notice) -> dict[str, Any]:
    """Give a form as a `NoticeOut`."""
    return {
        **_columns(row),
        "serial": row.serial,
        "kind_name": str(Kind(row.kind).label),
        "is_current": row.is_current,
        "digest": bytes(row.digest).hex(),
        "pdf_url": f"{ROOT}/cases/{ids.number_of(row.case_id)}/notices/{row.serial}.pdf",
    }


def _transfer(row: Transfer) -> dict[str, Any]:
    return {
        **_columns(row),
        "kind_name": str(row.get_kind_display()),
        "channel_name": str(Channel(row.channel).label),
        "from_window": row.from_window.name,
        "to_window": row.to_window.name,
        "digest": bytes(row.digest).hex(),
        "signature": bytes(row.signature).hex(),
    }


def _delivery(row: Delivery) -> dict[str, Any]:
    return {**_columns(row), "way_name": str(DeliveryWay(row.way).label)}


def _entry_label(code: str) -> str:
    """Name a line of the journal; a code that is no step of a case stands for itself."""
    step = {**BEGINNINGS, **STEPS}.get(code.removeprefix("case."))
    return str(step.label) if step else code


def steps(case: Case, open_steps: Sequence[tuple[str, Step]]) -> list[dict[str, Any]]:
    """Give the steps that may be taken now as `StepOut`s, each with what it asks."""
    return [
        {
            "name": name,
            "label": str(step.label),
            "article": step.article,
            "is_main": step.is_main,
            "to": str(step.to or ""),
            "makes_notice": verbs.VERBS[name].shows_notice,
            "asks": [ask(a, case) for a in verbs.VERBS[name].asks],
        }
        for name, step in open_steps
        if name in verbs.VERBS
    ]


def ask(row: verbs.Ask, case: Case | None) -> dict[str, Any]:
    """Give one thing that a step wants to know as an `AskOut`; some choices hang on the case."""
    choices: list[tuple[str, str]] = []
    if row.choices and (case is not None or not row.name.endswith("_id")):
        choices = row.choices(cast(Case, case))
    return {
        "name": row.name,
        "label": str(row.label),
        "type": row.type,
        "required": row.required,
        "choices": [[value, label] for value, label in choices],
        "help": str(row.help),
        "default": row.default,
    }
