"""What the case page shows: everything about one case that one person may see, read once."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from tongban.cases import permissions, queries
from tongban.cases.models import Case, CaseMaterial, Scan, Transfer
from tongban.cases.states import DUTIES, PART_NAMES, STATES, Part, State
from tongban.catalogue import rules as catalogue_rules
from tongban.catalogue import standards
from tongban.duties import queries as duty_queries
from tongban.duties.models import BearerKind, Duty, Unit
from tongban.journal.models import Entry
from tongban.kernel import worktime
from tongban.notices import own
from tongban.notices import queries as notices
from tongban.people.actors import Actor
from tongban.web.kit.templatetags import kit
from tongban.web.workbench import case_forms, case_history
from tongban.web.workbench.case_forms import Facts, Typed
from tongban.web.workbench.case_history import FINDINGS

_LOOKS = {
    "identity": "申请人证件号码",
    "agent_identity": "代理人证件号码",
    "phone": "联系电话",
    "scan": "扫描件",
    "file": "扫描件",
    "notice": "文书",
    "form": "申请表内容",
}


@dataclass(frozen=True)
class Clock:
    """One open duty: who owes it, until when, how it stands, and why the date is what it is."""

    label: str | Promise
    article: str
    bearer: str
    is_turn: bool
    is_mine: bool
    due_at: datetime.datetime | None
    lateness: str
    left: str
    explanation: list[str]


@dataclass(frozen=True)
class Paper:
    """A material as it was handed in, with its scans and what the clerk looked at."""

    material: CaseMaterial
    scans: list[Scan]
    points: list[tuple[str, bool]]
    note: str

    @property
    def ticked(self) -> int:
        return sum(is_ticked for _text, is_ticked in self.points)


@dataclass(frozen=True)
class Sent:
    """A transfer with its list held against what was found, sheet by sheet."""

    transfer: Transfer
    rows: list[dict[str, Any]]
    digest: str


@dataclass(frozen=True)
class Answer:
    """A field of the application form; `key` is set where the answer is hidden and may be asked for."""

    label: str
    text: str
    key: str = ""
    scans: Sequence[Scan] = ()


def read(case: Case, actor: Actor, *, at: datetime.datetime, typed: Typed | None = None) -> dict[str, Any]:
    """Give everything that the page shows, in a number of queries that does not grow with the case.

    Args:
        typed: a step that was just refused; its form is drawn again with what was typed.
    """
    duties = queries.duties_of(case.id)
    history = queries.history_of(case.id)
    scans: dict[int, list[Scan]] = {}
    form_scans: dict[str, list[Scan]] = {}
    for scan in queries.scans_of(case.id):
        if scan.material_id:
            scans.setdefault(scan.material_id, []).append(scan)
        else:
            form_scans.setdefault(scan.field_key, []).append(scan)
    facts = Facts(
        materials=queries.materials_of(case.id),
        scans=scans,
        files=form_scans,
        transfers=queries.transfers_of(case.id),
        notices=queries.notices_of(case.id),
        answers=queries.answers_to_correct(case),
    )
    open_to = queries.steps_open_to(actor, case, open_duties=duties)
    steps = [s for s in open_to if s[1].article != "P24"]  # these have a page of their own: `off_list`
    offer = case_forms.offer(case, steps, duties=duties, facts=facts, typed=typed)
    hand_offs = queries.hand_offs_of(case.id)
    clocks = [_clock(duty, case, actor, at) for duty in duties]
    names = _names(case, facts, hand_offs)
    return {
        "case": case,
        "applicant": case.applicant,
        "progress": queries.progress_of(case),
        "turn": turn_of(case),
        "clocks": clocks,
        "offer": offer,
        "typed": typed,
        "lost": case_forms.said(typed, case) if typed and not offer.refused else [],
        "latest": case_history.last_words(history) if typed else "",
        "returned_because": _returned_because(case, history),
        "papers": papers_of(case, facts),
        "standard": case.standard,
        "answers": _answers(case, form_scans),
        "transfers": [_sent(t) for t in reversed(facts.transfers)],
        "corrections": list(reversed(facts.notices)),
        "decisions": list(reversed(queries.decisions_of(case.id))),
        "hand_offs": list(reversed(hand_offs)),
        "suspensions": list(reversed(queries.suspensions_of(case.id))),
        "deliveries": list(reversed(queries.deliveries_of(case.id))),
        "notices": list(notices.issued_of(case.id)),
        **_own_result(case, actor),
        "lines": case_history.lines_of(history, names=names),
        "looks": looks_of(case, actor),
        "may_reveal": may_reveal(case, actor),
        "may_scan": permissions.may_scan(case, by=actor),
        "findings": [(key, label) for key, label in FINDINGS.items()],
        "parts": sorted(permissions.parts_of(actor, case)),
    }


def _own_result(case: Case, actor: Actor) -> dict[str, Any]:
    """Give the office's own result to those who may bring it; nothing, and no look-up, to all others."""
    may_bring = own.may_bring(case, by=actor)
    return {"may_bring_result": may_bring, "own_result": own.standing(case.id) if may_bring else None}


def turn_of(case: Case) -> str:
    """Name whose turn it is: the window, the department, the applicant; empty when the case has ended."""
    part = STATES[State(case.state)].turn
    return queries.holder_name(case) or (str(PART_NAMES[part]) if part else "")


def _returned_because(case: Case, history: Sequence[Entry]) -> str:
    return case_history.reason_of_last(history, "return_case") if case.state == State.RETURNED else ""


def _names(case: Case, facts: Facts, hand_offs: Sequence[Any]) -> dict[str, dict[Any, str]]:
    windows = {t.from_window_id: t.from_window.name for t in facts.transfers}
    windows |= {t.to_window_id: t.to_window.name for t in facts.transfers}
    return {
        "window": windows,
        "department": {h.department_id: h.department.name for h in hand_offs},
        "material": {m.key: m.name for m in facts.materials},
    }


def _clock(duty: Duty, case: Case, actor: Actor, at: datetime.datetime) -> Clock:
    bearers = {
        (BearerKind.WINDOW, case.receiving_window_id): case.receiving_window.name,
        (BearerKind.APPLICANT, case.id): str(PART_NAMES[Part.APPLICANT]),
    }
    if case.home_window:
        bearers[BearerKind.WINDOW, case.home_window.id] = case.home_window.name
    if case.department:
        bearers[BearerKind.DEPARTMENT, case.department.id] = case.department.name
    bearer = (BearerKind(duty.bearer_kind), duty.bearer_id)
    try:
        due = duty_queries.due_of(duty)
        explanation, left = due.explain(), _left(duty, due, at)
    except worktime.NoCalendar as refusal:
        explanation, left = [refusal.message], ""
    return Clock(
        label=DUTIES[duty.kind].label,
        article=kit.article_in_words(duty.article),
        bearer=bearers.get(bearer, ""),
        is_turn=duty.is_turn,
        is_mine=bearer in queries.bearers_of(actor),
        due_at=duty.due_at,
        lateness=kit.lateness(duty.due_at, duty.amber_at, at),
        left=left,
        explanation=explanation,
    )


def _left(duty: Duty, due: worktime.Due, at: datetime.datetime) -> str:
    if duty.due_at is None:
        return _("恢复后还剩 {days} 个工作日").format(days=due.days_left)
    today, last = (moment.astimezone(worktime.BEIJING).date() for moment in (at, duty.due_at))
    if at > duty.due_at:
        days = (today - last).days
        return _("已超过 {days} 天").format(days=days) if days else _("今天已到期")
    if today == last:
        return _("今天到期")
    if duty.unit == Unit.WORKING_DAY:
        return _("还剩 {days} 个工作日").format(days=sum(on > today for on in due.counted))
    return _("还剩 {days} 天").format(days=(last - today).days)


def papers_of(case: Case, facts: Facts) -> list[Paper]:
    """Give the papers of a case with their scans and the review points of the standard that it began under."""
    asked = {m.key: m for m in standards.of(case.standard).materials_for(case.circumstance)}
    papers = []
    for material in facts.materials:
        requirement = asked.get(material.key)
        points = requirement.review_points if requirement else ()
        ticked = [(text, index in material.points) for index, text in enumerate(points)]
        note = requirement.note if requirement else ""
        papers.append(Paper(material, facts.scans.get(material.id, []), ticked, note))
    return papers


def _answers(case: Case, scans: Mapping[str, list[Scan]]) -> list[Answer]:
    rows = []
    said = queries.shown_answers(case)
    for asked in standards.of(case.standard).fields_for(case.circumstance, said):
        text = said.get(asked.key, "").strip()
        if not text:
            continue
        is_secret = asked.type in catalogue_rules.SECRET_TYPES
        key = f"form.{asked.key}" if is_secret else ""
        rows.append(Answer(asked.label, text, key, scans.get(asked.key, ())))
    return rows


def _sent(transfer: Transfer) -> Sent:
    found = {row["key"]: row for row in transfer.found or []}
    rows = [{"sent": sheet, "found": found.pop(sheet["key"], None)} for sheet in transfer.sheets]
    rows += [{"sent": None, "found": row} for row in found.values()]
    for row in rows:
        finding = row["found"]["finding"] if row["found"] else ""
        name = (row["sent"] or row["found"])["name"]
        sent = row["sent"]
        is_electronic = bool(sent and sent["scans"] and not sent["originals"] + sent["copies"])
        row |= {"name": name, "finding": finding, "label": FINDINGS.get(finding, "")}
        row["is_electronic"] = is_electronic
    return Sent(transfer, rows, bytes(transfer.digest).hex())


def may_reveal(case: Case, actor: Actor) -> bool:
    """Say whether somebody works on the case, and so may see its hidden numbers for a purpose (S1)."""
    return bool(permissions.parts_of(actor, case))


def looks_of(case: Case, actor: Actor) -> list[dict[str, Any]] | None:
    """Give who has looked at protected data of a case, to those who answer for it; None to all others."""
    if not permissions.may_see_looks(case, by=actor):
        return None
    return [{"look": look, "what": _look_label(look.what)} for look in queries.looks_at(case.id)]


def _look_label(what: str) -> str:
    return _LOOKS.get(what.split(".")[0], what)


def secret_of(case: Case, what: str) -> str | None:
    """Open one hidden number of a case; the caller records the look first. None when there is no such thing."""
    readers: Mapping[str, Any] = {
        "identity": queries.identity_of,
        "agent_identity": queries.agent_identity_of,
        "phone": queries.phone_of,
    }
    if what in readers:
        return str(readers[what](case.applicant))
    if what.startswith("form.") and what.removeprefix("form.") in case.form:
        return queries.answer_of(case, what.removeprefix("form."))
    return None
