"""An online application as questions, one a page: the same for the applicant and for the clerk who helps (P22).

A question is named by its key: `who`, `place`, `circumstance`, `form.<key>`, `paper.<key>`, `delivery`. What is
asked follows from the standard and from what has been answered; after a correction notice only what it names.
"""

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, QueryDict
from django.utils.cache import patch_cache_control
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from tongban.cases import permissions, queries, rules
from tongban.cases.models import Case, CaseMaterial, Scan, Verdict
from tongban.cases.operations import online
from tongban.cases.states import DELIVERY_WAYS, DeliveryWay, Mode, Part, State
from tongban.catalogue import standards
from tongban.catalogue.standards import FormField
from tongban.documents import queries as documents
from tongban.journal import operations as journal
from tongban.kernel import ids, numbers, refusals, worktime
from tongban.people.actors import Actor
from tongban.people.limits import Limit
from tongban.web.kit import form_fields, reading
from tongban.web.kit.form_fields import Attached, Choice, Files


class NoSuchQuestion(refusals.NotFound):
    """没有这个问题，可能选择了别的情形。请回到申请页面，从列表中继续。"""


class NothingChosen(refusals.Incomplete):
    """请先选择文件，再按上传；已经上传的，按“下一步”。"""


class NotOfThisQuestion(refusals.Incomplete):
    """这个问题没有这一栏，请对照接口文档。"""


CODE_TRIES = Limit("help.code", 20, datetime.timedelta(hours=1))  # a clerk's: a code is not to be guessed
VALUE = "value"  # what a field of the form is answered with
NAMES: dict[str, tuple[str, ...]] = {
    "who": ("contact_name", "phone"),
    "place": ("home_code",),
    "circumstance": ("circumstance",),
    "delivery": ("delivery_way", "delivery_address"),
}


@dataclass(frozen=True)
class Question:
    """One question: how it is called, what was answered, and whether that is all."""

    key: str
    title: str | Promise
    answer: str | Promise = ""
    is_done: bool = False
    is_required: bool = True
    advice: str = ""  # of a correction notice


@dataclass(frozen=True)
class Papers:
    """What a page about one paper shows."""

    material: CaseMaterial
    points: Sequence[str]
    note: str
    source: str
    files: Sequence[Attached]


@dataclass(frozen=True)
class Page:
    """One question as a page: its inputs, and the questions before and after it."""

    question: Question
    place: int
    count: int
    before: str = ""
    after: str = ""
    fields: Sequence[form_fields.Field] = ()
    choices: Sequence[Choice] = ()
    decision: standards.Question | None = None
    papers: Papers | None = None
    selects: Sequence[form_fields.Select] = ()
    errors: dict[str, str] = field(default_factory=dict)


Url = Callable[[Scan], str]


def helped(number: str, *, by: Actor) -> Case:
    """Give a draft that somebody helps to write now.

    Raises:
        rules.UnknownCase: they do not, whether or not there is such a case.
    """
    case = queries.get(ids.id_of(number), for_=by)
    if Part.HELPER not in permissions.parts_of(by, case):
        raise rules.UnknownCase()
    return case


def questions_of(case: Case) -> list[Question]:
    """Give the questions of an application in their order, each with its answer so far."""
    standard = standards.of(case.standard)
    said = queries.shown_answers(case)
    scans = queries.scans_of(case.id)
    fields = standard.fields_for(case.circumstance, said)
    rows = [_who(case), _place(case)]
    if standard.circumstances:
        names = {c.key: c.name for c in standard.circumstances}
        rows.append(
            Question("circumstance", _("您的情形"), names.get(case.circumstance, ""), bool(case.circumstance))
        )
    rows += [_form(f, said.get(f.key, "")) for f in fields]
    rows += [_paper(m, scans) for m in queries.materials_of(case.id) if m.verdict != Verdict.NOT_NEEDED]
    rows.append(_delivery(case))
    return _named(case, rows) if case.state == State.HOME_CORRECTION else rows


def _who(case: Case) -> Question:
    applicant = case.applicant
    words = "，".join(filter(None, [applicant.name, applicant.identity_masked, applicant.phone_masked]))
    return Question("who", _("申请人和联系方式"), words, bool(applicant.phone_masked))


def _place(case: Case) -> Question:
    name = case.home_window.name if case.home_window else ""
    return Question("place", _("由哪里办"), name, bool(name))


def _form(row: FormField, said: str) -> Question:
    return Question(f"form.{row.key}", row.label, said, bool(said) or not row.required, row.required)


def _paper(row: CaseMaterial, scans: Sequence[Scan]) -> Question:
    count = sum(s.material_id == row.id for s in scans)
    words = _("已上传 {n} 个文件").format(n=count) if count else ""
    return Question(f"paper.{row.key}", row.name, words, bool(count) or not row.is_required, row.is_required)


def _delivery(case: Case) -> Question:
    words = DeliveryWay(case.delivery_way).label if case.delivery_way else ""
    if case.delivery_way == DeliveryWay.POST and case.delivery_address:
        words = f"{words}：{case.delivery_address}"
    is_done = bool(case.delivery_way) and (
        case.delivery_way != DeliveryWay.POST or bool(case.delivery_address)
    )
    return Question("delivery", _("怎么拿结果"), words, is_done)


def _named(case: Case, rows: Sequence[Question]) -> list[Question]:
    """Give only what the correction notice names, with its advice; done is what is fresh."""
    notice = online.standing_notice(case)
    named = online.named_by(notice) if notice else {}
    missing = online.uncorrected(case)
    found = []
    for row in rows:
        key = row.key.removeprefix("paper.")
        if key in named:
            is_done = row.key not in missing and f"material.{key}" not in missing
            found.append(Question(row.key, row.title, row.answer, is_done, True, named[key]))
    return found


def question_of(case: Case, key: str) -> Question:
    """Give one question of an application.

    Raises:
        NoSuchQuestion: the application does not ask it now.
    """
    for row in questions_of(case):
        if row.key == key:
            return row
    raise NoSuchQuestion()


def page_of(
    case: Case,
    key: str,
    *,
    at: datetime.datetime,
    url: Url,
    data: QueryDict | None = None,
    change: str = "",
    errors: dict[str, str] | None = None,
) -> Page:
    """Give one question as a page.

    Args:
        url: where a file that was uploaded is seen.
        data: what was typed and refused, to be shown again, with `errors` by field.
        change: the hidden number that is to be typed anew.

    Raises:
        NoSuchQuestion: the application does not ask it now.
    """
    rows = questions_of(case)
    index = next((n for n, row in enumerate(rows) if row.key == key), None)
    if index is None:
        raise NoSuchQuestion()
    more = _inputs(case, key, at=at, url=url, data=data, change=change, errors=errors or {})
    return Page(
        question=rows[index],
        place=index + 1,
        count=len(rows),
        before=rows[index - 1].key if index else "",
        after=rows[index + 1].key if index + 1 < len(rows) else "",
        errors=errors or {},
        **more,
    )


def _inputs(
    case: Case,
    key: str,
    *,
    at: datetime.datetime,
    url: Url,
    data: QueryDict | None,
    change: str,
    errors: dict[str, str],
) -> dict[str, Any]:
    standard = standards.of(case.standard)
    if key.startswith("form."):
        row = standard.field(key.removeprefix("form."))
        drawn = form_fields.of(
            row,
            kept=case.form.get(row.key),
            shown=queries.shown_answers(case).get(row.key, ""),
            on=at.astimezone(worktime.BEIJING).date(),
            typed=form_fields.typed_of(row, data) if data is not None else None,
            error=errors.get(key, ""),
            change=change,
            files=form_fields.attached(queries.scans_of(case.id), row.key, url=url),
        )
        return {"fields": [drawn]}
    if key.startswith("paper."):
        return {"papers": _papers(case, key.removeprefix("paper."), url=url)}
    if key == "circumstance":
        chosen = case.circumstance
        return {
            "choices": [Choice(c.key, c.name, c.key == chosen) for c in standard.circumstances],
            "decision": standard.question,
        }
    if key == "place":
        picked = form_fields.picked_place(data) if data is not None else None
        code = case.home_code if picked is None else picked
        return {"selects": form_fields.selects_of(code, on=at.astimezone(worktime.BEIJING).date())}
    if key == "delivery":
        address = form_fields.Field(
            "delivery_address",
            _("邮寄地址"),
            value=_typed(data, "delivery_address", case.delivery_address),
            help=_("只在选择邮寄时填写"),
            error=errors.get("delivery_address", ""),
            limit=300,
        )
        ways = ways_of(case, chosen=_typed(data, "delivery_way", case.delivery_way))
        return {"choices": ways, "fields": [address]}
    return {"fields": _contact(case, data, change, errors) if key == "who" else ()}


def _typed(data: QueryDict | None, name: str, kept: str) -> str:
    return data.get(name, kept) if data is not None else kept


def _contact(
    case: Case, data: QueryDict | None, change: str, errors: dict[str, str]
) -> list[form_fields.Field]:
    applicant = case.applicant
    name = _typed(data, "contact_name", applicant.contact_name)
    is_open = not applicant.phone_masked or change == "phone" or "phone" in errors
    return [
        form_fields.Field(
            "contact_name", _("联系人"), value=name, limit=60, error=errors.get("contact_name", "")
        ),
        form_fields.Field(
            "phone",
            _("联系电话"),
            "secret",
            applicant.phone_masked,
            True,
            error=errors.get("phone", ""),
            is_open=is_open,
        ),
    ]


def ways_of(case: Case, *, chosen: str) -> list[Choice]:
    """Give the ways in which the result of an online case can be had."""
    notes = {
        DeliveryWay.ELECTRONIC: _("带数字签名，登录后下载，不用跑路、不用等邮件"),
        DeliveryWay.POST: _("寄到您填写的地址"),
        DeliveryWay.PICK_UP_HOME: case.home_window.name if case.home_window else "",
    }
    return [Choice(way, way.label, way == chosen, notes[way]) for way in DELIVERY_WAYS[Mode.ONLINE]]


def _papers(case: Case, key: str, *, url: Url) -> Papers:
    material = next(m for m in queries.materials_of(case.id) if m.key == key)
    asked = {m.key: m for m in standards.of(case.standard).materials_for(case.circumstance)}.get(key)
    files = [
        Attached(s.id, s.name, url(s), s.media_type, s.pages)
        for s in queries.scans_of(case.id)
        if s.material_id == material.id
    ]
    return Papers(
        material=material,
        points=asked.review_points if asked else (),
        note=asked.note if asked else "",
        source=asked.source if asked else "",
        files=files,
    )


def answer(case: Case, key: str, data: QueryDict, files: Files, *, by: Actor, at: datetime.datetime) -> bool:
    """Save what one page was answered with; tell whether the page is to be shown again (a file came or went).

    Raises:
        NothingChosen; what `attach` and `say` raise.
    """
    button, _sep, about = data.get("do", "").partition(":")
    if button == "unscan":
        online.remove_scan(case.id, scan_id=numbers.whole(about, most=2**63) or 0, by=by, at=at)
        return True
    sent = _files(case, key, files)
    for file in sent:
        attach(case, key, data=file.read(), name=file.name or "", by=by, at=at)
    if key.startswith("paper."):
        if button == "upload" and not sent:
            raise NothingChosen(fields={"files": NothingChosen().message})
    else:
        say(case, key, _said(case, key, data), by=by, at=at)
    return bool(sent)


def _files(case: Case, key: str, files: Files) -> "Sequence[UploadedFile[bytes]]":
    if key.startswith("paper."):
        return files.getlist("files")
    if key.startswith("form."):
        return form_fields.files_of(standards.of(case.standard).field(key.removeprefix("form.")), files)
    return ()


def _said(case: Case, key: str, data: QueryDict) -> dict[str, str]:
    """Read what the page of a question posted, as `say` takes it; what nobody touched is left out."""
    if key.startswith("form."):
        row = standards.of(case.standard).field(key.removeprefix("form."))
        said, shown = form_fields.posted(row, data), queries.shown_answers(case).get(row.key, "")
        is_new = said is not None and form_fields.is_changed(
            row, said, kept=case.form.get(row.key), shown=shown
        )
        return {VALUE: said} if is_new and said is not None else {}
    if key == "place":
        return {"home_code": form_fields.picked_place(data) or ""}
    if key == "circumstance":
        return {key: data.get(key, "")}
    words = {name: data.get(name, "") for name in NAMES.get(key, ()) if name in data}
    if key == "who" and not words.get("phone", "").strip():
        words.pop("phone", None)  # the number that stands is not shown: an empty field leaves it
    return words


def say(case: Case, key: str, said: Mapping[str, str], *, by: Actor, at: datetime.datetime) -> None:
    """Save what one question was answered with in words; what is not said stays as it is.

    Args:
        said: the names that the question has (`NAMES`), or `value` of a field of the form.

    Raises:
        NoSuchQuestion; NotOfThisQuestion: a name of another question.
        refusals of `cases.operations.online`, with the field named.
    """
    names = (VALUE,) if key.startswith("form.") else NAMES.get(key)
    if names is None:
        raise NoSuchQuestion()
    strange = sorted(set(said) - set(names))
    if strange:
        raise NotOfThisQuestion(fields={name: NotOfThisQuestion().message for name in strange})
    if not said:
        return
    if key == "circumstance":
        online.choose(case.id, circumstance=said[key], by=by, at=at)
    elif key == "place":
        if said["home_code"] != case.home_code:
            online.choose(case.id, home_code=said["home_code"], by=by, at=at)
    else:
        address = said.get("delivery_address", case.delivery_address).strip()
        if said.get("delivery_way") == DeliveryWay.POST and not address:
            raise rules.NoAddress(fields={"delivery_address": rules.NoAddress().message})
        online.save(case.id, {key if name == VALUE else name: v for name, v in said.items()}, by=by, at=at)


def attach(case: Case, key: str, *, data: bytes, name: str, by: Actor, at: datetime.datetime) -> Scan:
    """Keep a file that answers a question: of a paper, or of a field of the form that asks for files.

    Raises:
        NoSuchQuestion: the question takes no files. Refusals of `cases.operations.online`.
    """
    if key.startswith("paper."):
        return online.add_scan(case.id, key=key.removeprefix("paper."), data=data, name=name, by=by, at=at)
    if key.startswith("form."):
        return online.add_file(case.id, key=key.removeprefix("form."), data=data, name=name, by=by, at=at)
    raise NoSuchQuestion()


def file_of(case: Case, scan_id: int, *, by: Actor, at: datetime.datetime, is_own: bool) -> HttpResponse:
    """Give a file of an application; a look by anybody but its applicant is recorded (P26(4)).

    Raises:
        rules.UnknownCase: the case has no such file.
    """
    scan = queries.scan(case.id, scan_id)
    content = documents.content_of(documents.of_case(case.id).get(id=scan.file_id))
    if not is_own and not queries.looked_lately(case.id, person_id=by.id or 0, about_id=scan.id, at=at):
        with reading.recording_a_look():
            journal.look(
                case.id,
                what="scan",
                about_id=scan.id,
                purpose=_("协助填写申请"),
                at=at,
                person_id=by.id or 0,
                person=by.name,
                place=by.place,
            )
    response = HttpResponse(content, content_type=scan.media_type)
    ending = {"image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf"}[scan.media_type]
    response["Content-Disposition"] = f'inline; filename="{ids.number_of(scan.id)}.{ending}"'
    patch_cache_control(response, private=True, no_store=True)
    return response
