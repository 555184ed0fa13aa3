"""Turn what the receive page posts into operations, field by field, so that one wrong field loses no other.

The page is one form. Its script posts the fields that changed; without script the whole form comes, of which
only what differs from what is stored counts. `do` names the button that was pressed: `pass:<key>`,
`correct:<key>`, `reopen:<key>`, `phrase:<key>:<n>`, `unscan:<id>`, `procedure:<id>`, `add`, or nothing.
"""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tongban.cases import queries
from tongban.cases.models import Case, CaseApplicant, CaseMaterial, Verdict
from tongban.cases.operations import answers, entering, intake
from tongban.catalogue import elements, standards
from tongban.catalogue import rules as catalogue_rules
from tongban.directory import queries as directory
from tongban.directory import rules as directory_rules
from tongban.directory.models import Level
from tongban.documents import rules as document_rules
from tongban.documents import store
from tongban.kernel import ids, numbers, refusals, worktime
from tongban.people.actors import Actor
from tongban.web.kit import form_fields

# In the order in which they must be saved: a new kind clears the number, a new number clears the tick.
APPLICANT = (
    "kind",
    "identity_kind",
    "identity",
    "name",
    "legal_representative",
    "contact_name",
    "phone",
    "has_agent",
    "agent_name",
    "agent_identity",
    "has_agent_letter",
    "is_identity_checked",
)
DELIVERY = ("channel", "delivery_way", "delivery_address")
FLAGS = frozenset({"has_agent", "has_agent_letter", "is_identity_checked"})
SECRETS = frozenset({"identity", "phone", "agent_identity"})  # never written back into a page

# What a clerk says most often about a paper: the word on the button, and the sentence it adds to the advice.
PHRASES: tuple[tuple[str | Promise, str | Promise], ...] = (
    (gettext_lazy("缺少"), gettext_lazy("未提交，请补交。")),
    (gettext_lazy("过期"), gettext_lazy("已过有效期，请提交有效期内的材料。")),
    (gettext_lazy("不清晰"), gettext_lazy("不清晰，请重新复印或拍摄。")),
    (gettext_lazy("未签字"), gettext_lazy("未签字，请由本人签字并写明日期。")),
    (gettext_lazy("未盖章"), gettext_lazy("未盖章，请加盖公章。")),
    (gettext_lazy("份数不足"), gettext_lazy("份数不足，请补足。")),
    (gettext_lazy("信息不一致"), gettext_lazy("姓名或号码与申请信息不一致，请核对后重新提交。")),
)

LACKING = 0  # the phrase that says that nothing was handed in

_UNFIT_PLACES = (
    directory_rules.NotListed,
    directory_rules.PlaceReplaced,
    catalogue_rules.NobodyDecides,
    catalogue_rules.NoStandard,
    catalogue_rules.OnlyBetween,
)

_UNFIT_MATTERS = (
    catalogue_rules.NotOpen,
    catalogue_rules.UnknownProcedure,
    catalogue_rules.NotOnTheList,
)


@dataclass
class Applied:
    """What came of a posted form: a sentence for each field that was refused, and which parts changed."""

    errors: dict[str, str] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)  # names of the fields that were posted
    saved: set[str] = field(
        default_factory=set
    )  # names of applicant's, form and delivery fields that changed
    place: str | None = None  # the home place as picked, where it does not lead to a window yet
    who_changed: bool = False  # person or organisation, kind of identity document
    matter_changed: bool = False  # procedure, place, level, circumstance: other papers are asked for
    cards: set[str] = field(default_factory=set)  # keys of materials to be drawn anew
    scans: set[str] = field(default_factory=set)  # keys of materials whose scans changed


def stored(case: Case, applicant: CaseApplicant) -> dict[str, str]:
    """Give what is stored for each plain field, as the form would post it."""
    values = {name: _text(getattr(applicant, name)) for name in APPLICANT if name not in SECRETS}
    values |= {name: getattr(case, name) for name in DELIVERY}
    values |= {f"form.{key}": shown for key, shown in queries.shown_answers(case).items()}
    return values


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else ""
    return str(value)


def apply(
    case: Case,
    data: QueryDict,
    files: "MultiValueDict[str, UploadedFile[bytes]]",
    *,
    by: Actor,
    at: datetime.datetime,
) -> Applied:
    """Save what was posted, each field for itself, and do what the pressed button says.

    Raises:
        permissions.NotYourPart, permissions.NotThisState: the case is not open to this person's changes.
    """
    applied = Applied(touched=set(data) - {"do", "csrfmiddlewaretoken", "_key"})
    do, _sep, about = data.get("do", "").partition(":")
    _save_fields(case, data, applied, by=by, at=at)
    _choose(case, data, applied, procedure=about if do == "procedure" else "", by=by, at=at)
    materials = queries.materials_of(case.id)
    for material in materials:
        _mark(case, material, data, applied, do=do, about=about, by=by, at=at)
    for material in materials:
        _scan(case, material, files, applied, by=by, at=at)
    _attach(case, files, applied, by=by, at=at)
    scan_id = numbers.whole(about, most=ids.LARGEST) if do == "unscan" else None
    if scan_id is not None:
        scan = queries.scan(case.id, scan_id)
        if scan.material:
            applied.scans.add(scan.material.key)
        else:
            applied.saved.add(f"form.{scan.field_key}")
        intake.remove_scan(case.id, scan_id=scan_id, by=by, at=at)
    if do == "add":
        _add(case, data.get("new_material", ""), applied, by=by, at=at)
    return applied


def _save_fields(case: Case, data: QueryDict, applied: Applied, *, by: Actor, at: datetime.datetime) -> None:
    was = stored(case, CaseApplicant.objects.get(case=case))
    for name in APPLICANT:
        if name not in data or (name == "identity_kind" and applied.who_changed):
            continue  # the kind of document follows from a kind of applicant that was just changed
        value = data.getlist(name)[-1].strip()
        if _unchanged(case, name, value, was, "") or not _save(case, name, value, applied, by=by, at=at):
            continue
        if name in ("kind", "identity_kind"):
            applied.who_changed = True
    _save_answers(case, data, applied, was, by=by, at=at)
    for name in DELIVERY:
        if name not in data:
            continue
        value = data.getlist(name)[-1].strip()
        if not _unchanged(case, name, value, was, data.get("suggested", "")):
            _save(case, name, value, applied, by=by, at=at)


def _save(case: Case, name: str, value: str, applied: Applied, *, by: Actor, at: datetime.datetime) -> bool:
    try:
        intake.save(case.id, {name: value}, by=by, at=at)
    except refusals.Incomplete as refusal:
        applied.errors.update(refusal.fields or {name: refusal.message})
        return False
    applied.saved.add(name)
    return True


def _save_answers(
    case: Case, data: QueryDict, applied: Applied, was: dict[str, str], *, by: Actor, at: datetime.datetime
) -> None:
    """Save what was posted of the application form, field by field."""
    fields = standards.of(case.standard).fields if case.standard else ()
    known = {n for asked in fields for n in (f"form.{asked.key}", *form_fields.names_of(asked))}
    for name in data:
        if name.startswith("form.") and name not in known:  # a form of another matter, or no form of ours
            applied.errors[name] = entering.UnknownField(name=name).message
    for asked in fields:
        name, value = f"form.{asked.key}", form_fields.posted(asked, data)
        kept = case.form.get(asked.key)
        if value is None or not form_fields.is_changed(asked, value, kept=kept, shown=was.get(name, "")):
            continue
        if _save(case, name, value, applied, by=by, at=at) and _is_looked_at(case, asked.key):
            applied.matter_changed = True  # other fields are asked for or no more


def _unchanged(case: Case, name: str, value: str, was: dict[str, str], suggested: str) -> bool:
    """Tell whether a field says what is stored; an empty number means that nobody touched it."""
    if name in SECRETS:
        return not value
    if name == "channel" and not case.channel and value == suggested:
        return True  # shown as a suggestion, chosen only with the receipt
    return value == was.get(name, "")


def _is_looked_at(case: Case, key: str) -> bool:
    return any(f.when is not None and f.when.field == key for f in standards.of(case.standard).fields)


def _choose(
    case: Case, data: QueryDict, applied: Applied, *, procedure: str, by: Actor, at: datetime.datetime
) -> None:
    """Choose matter, place, level and circumstance as far as they were posted and differ."""
    wanted: dict[str, Any] = {}
    procedure_id = numbers.whole(procedure)
    if procedure_id is not None and procedure_id != case.procedure_id:
        wanted |= {"procedure_id": procedure_id, "level": ""}
    place = form_fields.picked_place(data)
    if place is not None and place != case.home_code:
        wanted["home_code"] = place
    for name, column in (("level", "level_chosen"), ("circumstance", "circumstance")):
        if name in data and data[name] != getattr(case, column):
            wanted.setdefault(name, data[name])
    if not wanted:
        return
    applied.matter_changed = True
    if place and "home_code" in wanted and _is_halfway(case, place, at=at):
        applied.place = place
        wanted["home_code"] = ""
    try:
        intake.choose(case.id, **wanted, by=by, at=at)
    except _UNFIT_PLACES as refusal:
        # The rest is chosen all the same; the place stays picked on the page and says what is wrong with it.
        applied.place = place if place is not None else case.home_code
        applied.errors["home"] = refusal.message
        intake.choose(case.id, **{**wanted, "home_code": ""}, by=by, at=at)
    except _UNFIT_MATTERS as refusal:
        applied.errors["procedure"] = refusal.message


def _is_halfway(case: Case, place: str, *, at: datetime.datetime) -> bool:
    """Tell whether the way down to the home place must go on: nobody at this height decides the matter."""
    levels = elements.applied(case.procedure, case.elements).levels if case.procedure else []
    below = directory.divisions_of(place, on=at.astimezone(worktime.BEIJING).date()).first()
    if not levels or below is None or below.level not in (Level.PREFECTURE, Level.COUNTY):
        return False
    highest = [Level.PROVINCE] if place.endswith("0" * 10) else [Level.PROVINCE, Level.PREFECTURE]
    if below.level == Level.COUNTY:
        highest.append(Level.PREFECTURE)  # a municipality does a city's work itself where no county is picked
    return not set(levels) & set(highest)


def _mark(
    case: Case,
    material: CaseMaterial,
    data: QueryDict,
    applied: Applied,
    *,
    do: str,
    about: str,
    by: Actor,
    at: datetime.datetime,
) -> None:
    """Note what was posted about one material: counts, ticks, advice, and the verdict that was pressed."""
    key = material.key
    marks: dict[str, Any] = _counts(material, data, applied)
    advice = data.get(f"advice.{key}")
    if advice is not None and advice.strip() != material.advice:
        marks["advice"] = advice
    asked = len(points_of(case, material))
    if f"points.{key}" in data:
        ticked = sorted(points_in(data.getlist(f"points.{key}")))
        if ticked != sorted(material.points):
            marks["points"] = ticked
            marks |= _verdict_by_points(material, len(ticked), asked)
    pressed, _sep, rest = about.partition(":")
    if pressed == key:
        marks |= _verdict_pressed(material, do, rest, asked, str(marks.get("advice", material.advice)))
    if not marks:
        return
    try:
        intake.mark_material(case.id, key=key, **marks, by=by, at=at)
    except refusals.Incomplete as refusal:
        named = refusal.fields or {"advice": refusal.message}
        applied.errors.update({f"{name}.{key}": sentence for name, sentence in named.items()})
    if "verdict" in marks or do == "phrase":
        applied.cards.add(key)


def points_of(case: Case, material: CaseMaterial) -> Sequence[str]:
    """Give the review points of a case's material; one added by hand has none."""
    asked = {m.key: m.review_points for m in standards.of(case.standard).materials}
    return asked.get(material.key, ())


def shown_counts(material: CaseMaterial) -> dict[str, int]:
    """Give the counts that the page shows: what is asked for, until something else was entered."""
    if material.verdict == Verdict.PENDING and not material.originals + material.copies:
        return {"originals": material.originals_asked, "copies": material.copies_asked}
    return {"originals": material.originals, "copies": material.copies}


def _counts(material: CaseMaterial, data: QueryDict, applied: Applied) -> dict[str, Any]:
    """Give both counts when one of them was changed, so that the other is stored as it was shown."""
    shown = shown_counts(material)
    posted = dict(shown)
    for part in ("originals", "copies"):
        name = f"{part}.{material.key}"
        text = data.get(name, "").strip()
        if name not in data:
            continue
        count = numbers.whole(text, most=999)
        if count is None:
            applied.errors[name] = _("请填写 0 到 999 之间的份数")
            return {}
        posted[part] = count
    return posted if posted != shown else {}


def points_in(ticked: Iterable[str]) -> set[int]:
    """Read which review points were ticked; what is no number was ticked by nobody."""
    return {point for point in (numbers.whole(text, most=999) for text in ticked) if point is not None}


def _verdict_by_points(material: CaseMaterial, ticked: int, asked: int) -> dict[str, Any]:
    """Every point ticked is a pass; a tick taken away takes the pass back."""
    if ticked == asked and material.verdict == Verdict.PENDING:
        return {"verdict": Verdict.PASSED}
    if ticked < asked and material.verdict == Verdict.PASSED:
        return {"verdict": Verdict.PENDING}
    return {}


def _verdict_pressed(material: CaseMaterial, do: str, rest: str, asked: int, advice: str) -> dict[str, Any]:
    if do == "pass":
        return {"verdict": Verdict.PASSED, "points": list(range(asked))}
    if do == "correct":
        return {"verdict": Verdict.TO_CORRECT, **shown_counts(material)}
    if do == "reopen":
        return {"verdict": Verdict.PENDING, "points": []}
    phrase = numbers.whole(rest, most=len(PHRASES) - 1) if do == "phrase" else None
    if phrase is not None:
        sentence, said = str(PHRASES[phrase][1]), advice.strip()
        handed_in = {"originals": 0, "copies": 0} if phrase == LACKING else shown_counts(material)
        return {
            "verdict": Verdict.TO_CORRECT,
            "advice": said if sentence in said else said + sentence,
            **handed_in,
        }
    return {}


def _scan(
    case: Case,
    material: CaseMaterial,
    files: "MultiValueDict[str, UploadedFile[bytes]]",
    applied: Applied,
    *,
    by: Actor,
    at: datetime.datetime,
) -> None:
    """Take in the files chosen for a material; one that cannot be taken leaves the others alone."""
    name = f"files.{material.key}"
    wrong = []
    for file in files.getlist(name):
        applied.scans.add(material.key)
        try:
            intake.add_scan(case.id, key=material.key, data=file.read(), name=file.name or "", by=by, at=at)
        except (document_rules.UnfitFile, store.StoreFailed) as refusal:
            wrong.append(refusal.message)
    if wrong:
        applied.errors[name] = "\n".join(wrong)


def _attach(
    case: Case, files: form_fields.Files, applied: Applied, *, by: Actor, at: datetime.datetime
) -> None:
    """Take in the files chosen for fields of the form; one that cannot be taken leaves the others alone."""
    for asked in standards.of(case.standard).fields if case.standard else ():
        name, wrong = f"form.{asked.key}", []
        for file in form_fields.files_of(asked, files):
            applied.saved.add(name)
            try:
                answers.add_file(case.id, key=asked.key, data=file.read(), name=file.name or "", by=by, at=at)
            except (document_rules.UnfitFile, catalogue_rules.TooManyFiles, store.StoreFailed) as refusal:
                wrong.append(refusal.message)
        if wrong:
            applied.errors[name] = "\n".join(wrong)


def _add(case: Case, name: str, applied: Applied, *, by: Actor, at: datetime.datetime) -> None:
    try:
        intake.add_material(case.id, name=name, by=by, at=at)
    except refusals.Incomplete:
        applied.errors["new_material"] = _("请填写材料名称")
        return
    applied.matter_changed = True
