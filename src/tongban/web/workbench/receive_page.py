"""What the receive page shows: the applicant, matter and place, papers, what is missing, what comes next."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tongban.cases import off_list, queries, rules
from tongban.cases.models import (
    Case,
    CaseApplicant,
    CaseMaterial,
    Scan,
    Verdict,
)
from tongban.cases.states import CHANNEL_DAYS, DELIVERY_WAYS, DUTIES, Channel, DeliveryWay, Mode, State
from tongban.catalogue import elements, standards
from tongban.catalogue import queries as catalogue
from tongban.catalogue.models import Procedure, Stage
from tongban.catalogue.standards import FormField, MaterialRequirement
from tongban.directory import queries as directory
from tongban.directory.models import Level
from tongban.duties import queries as duties
from tongban.kernel import worktime
from tongban.people.identity import ApplicantKind, IdentityKind
from tongban.web.kit import form_fields
from tongban.web.kit.form_fields import Choice, Field
from tongban.web.workbench import receive_form
from tongban.web.workbench.receive_form import Applied

FOUND_AT_MOST = 8
DAYS = 10  # default time for correction

_IDENTITY_LABELS: dict[str, str | Promise] = {
    IdentityKind.RESIDENT: gettext_lazy("公民身份号码"),
    IdentityKind.CREDIT_CODE: gettext_lazy("统一社会信用代码"),
}


@dataclass(frozen=True)
class Card:
    """One material: what is asked, what was handed in, what was found."""

    row: CaseMaterial
    position: int
    asked: MaterialRequirement | None
    points: Sequence[tuple[int, str, bool]]
    scans: Sequence[Scan]
    originals: int
    copies: int
    errors: Mapping[str, str]

    @property
    def id(self) -> str:
        return f"f-material-{self.row.key}"

    @property
    def is_passed(self) -> bool:
        return self.row.verdict == Verdict.PASSED

    @property
    def is_to_correct(self) -> bool:
        return self.row.verdict == Verdict.TO_CORRECT

    @property
    def shortcut(self) -> str:
        return f"Alt+{self.position}" if self.position <= 9 else ""


@dataclass(frozen=True)
class Coming:
    """One thing that will happen after receipt: who, what, until when, and how that day was found."""

    who: str
    what: str | Promise
    until: str
    explained: Sequence[str] = ()


def read(
    case: Case,
    *,
    at: datetime.datetime,
    applied: Applied | None = None,
    typed: Mapping[str, str] | None = None,
    change: str = "",
    words: str = "",
) -> dict[str, Any]:
    """Give everything that the page shows of a case.

    Args:
        applied: what came of the form that was just posted.
        typed: plain values that were refused, to be shown again as they were typed.
        change: the field that is to be opened again although it is filled: a secret one, or `procedure`.
        words: what was typed into the search for an item.
    """
    errors = applied.errors if applied else {}
    applicant, fields, materials = queries.for_review(case)
    standard = case.standard if case.home_window_id else None
    if case.procedure is not None:
        elements.applied(case.procedure, case.elements)
    content = standards.of(standard)
    values = {**receive_form.stored(case, applicant), **(typed or {})}
    scans, on = queries.scans_of(case.id), at.astimezone(worktime.BEIJING).date()
    cards = _cards(content.materials, materials, scans, errors) if standard else []
    suggested = suggested_channel(cards)
    missing = rules.missing_before_receipt(case, applicant, fields, materials)
    if suggested:
        missing.pop("channel", None)  # the form posts it with the finish
    if applied and applied.place is not None and not case.home_window_id and case.procedure_id:
        missing.setdefault("home", _("请选择属地"))
    place = applied.place if applied and applied.place is not None else case.home_code
    channel = case.channel or suggested
    return {
        "case": case,
        "applicant": applicant,
        "values": values,
        "errors": errors,
        "who": _who(applicant, values, errors, change),
        "answers": _answers(case, fields, scans, values, typed or {}, errors, change, on=on),
        "standard": standard,
        "stage": Stage(standard.stage).label if standard else "",
        "content": content,
        # Read when a template asks: most answers to a save draw neither.
        "selects": lambda: form_fields.selects_of(place, on=on),
        "levels": _levels(case, case.procedure),
        "is_searching": case.procedure_id is None or change == "procedure" or bool(words),
        "words": words,
        "found": lambda: found(words, case, at=at),
        "cards": cards,
        "left_over": [m for m in materials if m.verdict == Verdict.NOT_NEEDED],
        "reviewed": sum(c.is_passed or c.is_to_correct for c in cards),
        "to_correct": sum(c.is_to_correct for c in cards),
        "phrases": [(n, word) for n, (word, _sentence) in enumerate(receive_form.PHRASES)],
        "missing": [(anchor(name), sentence) for name, sentence in missing.items()],
        "suggested": suggested if not case.channel else "",
        "channels": _channels(channel, suggested if not case.channel else ""),
        "ways": _ways(case, values.get("delivery_way", "")),
        "days": (typed or {}).get("days") or DAYS,
        "due_on": queries.last_day(case, at=at, days=DAYS),
        "coming": _coming(case, channel, at=at),
        "review_due": _review_due(case),
        "asked": off_list.latest_or_none(case.id) if case.procedure_id is None else None,
        "returned": _why_returned(case),
        "first_notice": queries.first_notice(case),
        "kinds": ApplicantKind.choices,
        "identity_kinds": [c for c in IdentityKind.choices if c[0] != IdentityKind.CREDIT_CODE],
        "is_organisation": applicant.kind == ApplicantKind.ORGANISATION,
        "revision": case.revision,
    }


def anchor(name: str) -> str:
    """Give the element at which a missing field is filled in."""
    return "f-" + name.replace(".", "-")


def found(words: str, case: Case, *, at: datetime.datetime) -> list[tuple[Any, list[Procedure]]]:
    """Give the items that fit what was typed, each with its procedures: of the list, or piloted here (B5)."""
    if not words.strip():
        return []
    here = directory.division_of_window(case.receiving_window_id)
    on = at.astimezone(worktime.BEIJING).date()
    items = catalogue.find_items(words, limit=FOUND_AT_MOST, on=on, at_code=here)
    return [(item, list(item.procedures.all())) for item in items]


def _who(
    applicant: CaseApplicant, values: Mapping[str, str], errors: Mapping[str, str], change: str
) -> dict[str, Field]:
    """Give the applicant's inputs by name."""
    organisation = applicant.kind == ApplicantKind.ORGANISATION

    def plain(name: str, label: str, *, limit: int, required: bool = False, help: str = "") -> Field:
        value, error = values.get(name, ""), errors.get(name, "")
        return Field(name, label, value=value, error=error, limit=limit, is_required=required, help=help)

    def secret(name: str, label: str | Promise, masked: str, *, required: bool = True) -> Field:
        error = errors.get(name, "")
        is_open = not masked or change == name or bool(error)
        return Field(name, label, "secret", masked, required, error=error, is_open=is_open, limit=40)

    identity_label = _IDENTITY_LABELS.get(applicant.identity_kind, gettext_lazy("证件号码"))
    rows = [
        secret("identity", identity_label, applicant.identity_masked),
        plain("name", _("单位名称") if organisation else _("申请人姓名"), limit=120, required=True),
        plain("legal_representative", _("法定代表人"), limit=60, required=True),
        plain("contact_name", _("申请联系人"), limit=60, help=_("不填即为申请人或代理人")),
        secret("phone", _("联系电话"), applicant.phone_masked),
        plain("agent_name", _("代理人姓名"), limit=60, required=True),
        secret("agent_identity", _("代理人公民身份号码"), applicant.agent_identity_masked),
    ]
    return {row.name: row for row in rows}


def _answers(
    case: Case,
    fields: Sequence[FormField],
    scans: Sequence[Scan],
    values: Mapping[str, str],
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    change: str,
    *,
    on: datetime.date,
) -> list[Field]:
    """Give the inputs of the application form."""
    return [
        form_fields.of(
            field,
            kept=case.form.get(field.key),
            shown=values.get(f"form.{field.key}", ""),
            on=on,
            typed=typed,
            error=errors.get(f"form.{field.key}", ""),
            change=change,
            files=form_fields.attached(
                scans, field.key, url=lambda scan: f"/desk/cases/{case.number}/files/{scan.id}/"
            ),
        )
        for field in (fields if case.standard else ())
    ]


def _levels(case: Case, procedure: Procedure | None) -> list[Choice]:
    """Give the levels among which a clerk may choose, the unclear case first (P7)."""
    if procedure is None or len(procedure.levels) < 2:
        return []
    unclear = Choice("", _("不能确定（由最高一级办理）"), is_chosen=not case.level_chosen)
    known = [Choice(v, Level(v).label, case.level_chosen == v) for v in Level.values if v in procedure.levels]
    return [unclear, *known]


def _cards(
    asked: Iterable[MaterialRequirement],
    rows: Sequence[CaseMaterial],
    scans: Sequence[Scan],
    errors: Mapping[str, str],
) -> list[Card]:
    by_key = {m.key: m for m in asked}
    shown = [row for row in rows if row.verdict != Verdict.NOT_NEEDED]
    return [
        Card(
            row=row,
            position=position,
            asked=by_key.get(row.key),
            points=[
                (n, text, n in row.points)
                for n, text in enumerate(by_key[row.key].review_points if row.key in by_key else ())
            ],
            scans=[s for s in scans if s.material_id == row.id],
            errors={
                part: errors[f"{part}.{row.key}"]
                for part in ("originals", "copies", "advice", "files", "material")
                if f"{part}.{row.key}" in errors
            },
            **receive_form.shown_counts(row),
        )
        for position, row in enumerate(shown, 1)
    ]


def suggested_channel(cards: Sequence[Card]) -> str:
    """Give how the papers had best travel: online once every paper that goes along is scanned, else by post."""
    going = [c for c in cards if c.row.is_required or c.is_passed]
    if not going:
        return ""
    return Channel.ONLINE if all(c.scans for c in going) else Channel.POST


def _channels(channel: str, suggested: str) -> list[Choice]:
    return [
        Choice(
            value,
            label,
            value == channel,
            _("建议，{days}个工作日内发出").format(days=CHANNEL_DAYS[Channel(value)])
            if value == suggested
            else _("{days}个工作日内发出").format(days=CHANNEL_DAYS[Channel(value)]),
        )
        for value, label in Channel.choices
    ]


def _ways(case: Case, chosen: str) -> list[Choice]:
    by_list = case.procedure.delivery if case.procedure else []
    offered = standards.of(case.standard).delivery or by_list or DeliveryWay.values
    notes = {
        DeliveryWay.PICK_UP_RECEIVING: case.receiving_window.name,
        DeliveryWay.PICK_UP_HOME: case.home_window.name if case.home_window else "",
    }
    return [
        Choice(value, label, value == chosen, notes.get(DeliveryWay(value), ""))
        for value, label in DeliveryWay.choices
        if value in DELIVERY_WAYS[Mode.COLLECTED] and (value in offered or value == chosen)
    ]


def _coming(case: Case, channel: str, *, at: datetime.datetime) -> list[Coming]:
    """Give what will happen once the case is received, with the day by which each thing must be done."""
    if case.home_window is None:
        return []
    home = case.home_window.name
    steps = []
    if channel:
        code = directory.division_of_window(case.receiving_window_id)
        days = CHANNEL_DAYS[Channel(channel)]
        try:
            due = worktime.due(at, working_days=days, calendar=directory.calendar_of(code))
            until, why = _until(due.at), due.explain()
        except worktime.NoCalendar as refusal:
            until, why = "", [refusal.message]
        steps.append(Coming(_("本窗口"), _("发出材料"), until, why))
    accept = DUTIES["decide_acceptance"].amount
    steps.append(Coming(home, _("决定是否受理"), _("材料到达后{days}个工作日内").format(days=accept)))
    steps.append(Coming(home, _("审批"), _limits(case)))
    issue = DUTIES["issue_result"].amount
    steps.append(Coming(home, _("颁发并送达结果"), _("决定后{days}个工作日内").format(days=issue)))
    return steps


def _limits(case: Case) -> str:
    if not case.legal_limit:
        return _("当场办结")
    return _("受理后{promised}个工作日内（承诺），法定{legal}个工作日").format(
        promised=case.promised_limit, legal=case.legal_limit
    )


def _until(at: datetime.datetime | None) -> str:
    if at is None:
        return ""
    at = at.astimezone(worktime.BEIJING)
    return _("{month}月{day}日 {time}前").format(month=at.month, day=at.day, time=f"{at:%H:%M}")


def _review_due(case: Case) -> dict[str, Any] | None:
    """Give the clock of the review itself, with its explanation."""
    turn = next((d for d in queries.duties_of(case.id) if d.is_turn), None)
    if turn is None:
        return None
    return {"duty": turn, "label": DUTIES[turn.kind].label, "explained": duties.due_of(turn).explain()}


def _why_returned(case: Case) -> str:
    """Give the reason with which the home window has sent a case back."""
    if case.state != State.RETURNED:
        return ""
    entry = next((e for e in reversed(queries.history_of(case.id)) if e.code == "case.return_case"), None)
    return str(entry.payload.get("reason", "")) if entry else ""
