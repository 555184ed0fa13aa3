"""Take in the complaints of the 12345 desk, by API and Excel: each outside number once, each with its clock (F5, W9).

All of them are taken, or none. A clock runs from the moment when the authority gets the complaint here; when the
caller told the desk is kept beside it. The limits are the hotline's own where a place has set them.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tongban.cases import queries as cases
from tongban.catalogue import imports
from tongban.directory import queries as directory
from tongban.directory.models import Authority
from tongban.feedback import permissions, queries
from tongban.feedback.models import Complaint
from tongban.feedback.operations import bringing, complaints
from tongban.feedback.states import ComplaintKind, Road
from tongban.kernel import ids, refusals, sheets, text, worktime
from tongban.kernel.sheets import Book, Column, Row, Sheet
from tongban.people.actors import Actor

KIND = "complaints"
LOCK = 7_305_107  # of pg_advisory_xact_lock: one list is taken at a time, so that a number is taken once
_WORDS = complaints.LONGEST
_NAMED = "十二位区划代码或者全称，例如 四川省成都市武侯区"
# The drop-downs are Chinese whatever the page's language is: the job that reads them has none.
SHEET = Sheet(
    KIND,
    "投诉",
    (
        Column("system", "来源系统", required=True, width=16, help="例如：12345"),
        Column("number", "来源编号", required=True, width=24, help="热线的工单编号，同一编号只导入一次"),
        Column(
            "kind",
            "类别",
            required=True,
            choices={
                "complaint": "投诉",
                "report": "举报",
                "request": "求助",
                "suggestion": "建议",
                "consultation": "咨询",
            },
        ),
        Column("case", "业务编号", width=20, help="关于办件的填写，没有的填写发生在哪里"),
        Column(
            "about",
            "问题出在",
            choices={"home": "属地", "receiving": "收件地", "both": "两地"},
            help="填了业务编号的才用，不选为属地；两地的联合办理",
        ),
        Column("code", "区划代码", width=18, help="问题发生在一地的：哪里，十二位代码"),
        Column("receiving_place", "收件地", width=26, help=f"涉及两地、没有业务编号的：在哪里收件，{_NAMED}"),
        Column(
            "home_place",
            "属地",
            width=26,
            help=f"涉及两地、没有业务编号的：由哪里办理，{_NAMED}；由属地牵头答复",
        ),
        Column("words", "反映的问题", required=True, width=60, help=f"最多 {_WORDS} 个字"),
        Column("on", "来电日期", kind="date", required=True, help="例如 2026-11-23"),
        Column("time", "来电时间", kind="time", required=True, help="例如 09:05"),
        Column("name", "姓名", help="可不填，加密保存"),
        Column("phone", "联系电话", width=18, help="可不填，加密保存"),
        Column(
            "four", "查询码", help="四位，投诉人查答复用；不填为联系电话末四位，没有电话的为来源编号末四位"
        ),
    ),
)
ABOUT = (
    "第一行是列名，不要改动；带 * 的必填。一行一件，不要合并单元格，不要用公式。",
    "关于办件的填业务编号，其他的填区划代码，由当地政务服务管理机构答复。期限从导入时起算。",
    "没有业务编号、涉及两地的，不填区划代码，填收件地和属地，由两地联合办理、统一答复。",
    "导入后先显示将要登记的投诉，有一处错误就全部不导入；同一来源编号只登记一次，重新上传不会重复。",
    "导出的是本辖区已经导入的投诉，不含姓名和电话。",
)


@dataclass(frozen=True)
class Told:
    """One complaint as the hotline tells it; about a case of ours, or about a place."""

    system: str
    number: str
    kind: str
    words: str
    told_at: datetime.datetime
    case: str = ""
    about: str = "home"
    code: str = ""
    receiving_place: str = ""  # without a case, by code or full name: two places give one answer
    home_place: str = ""
    name: str = ""
    phone: str = ""
    four: str = ""


@dataclass(frozen=True)
class Taken:
    """A complaint that stands in our books, and whether it is there only now."""

    row: Complaint
    is_new: bool


class Future(refusals.Incomplete):
    """来电时间不能晚于现在。"""


class NoSuchPlace(refusals.Incomplete):
    """没有找到“{said}”，或者没有负责那里的机构。请填写十二位区划代码或者全称，例如：四川省成都市武侯区。"""


class PlacesTwice(refusals.Incomplete):
    """填了业务编号或者区划代码的，不要再填收件地和属地；由哪里答复只说一次。"""


class Elsewhere(refusals.OutOfTurn):
    """这个来源编号已经登记，由别的地方答复。请核对来源编号。"""


def _prepared(told: Told, *, by: Actor, at: datetime.datetime) -> tuple[Complaint, list[Authority]]:
    """Give a complaint with those who would owe its answer; without them it is known already."""
    system, number = bringing.named(told.system, told.number)
    known = queries.complaint_of_outside(system, number)
    if known is not None:
        if not queries.complaints_visible_to(by).filter(id=known.id).exists():
            raise Elsewhere(fields={"number": Elsewhere().message})
        return known, []
    if told.told_at > at:
        raise Future(fields={"on": Future().message})
    place, joint = _places(told, on=at.astimezone(worktime.BEIJING).date())
    row, owners = complaints.prepare(
        kind=told.kind,
        words=told.words,
        place_code=place,
        joint_code=joint,
        case_id=cases.get(ids.id_of(told.case), for_=by).id if told.case else None,
        about=told.about,
        complainant=complaints.Complainant(name=told.name, phone=told.phone, four=_four(told)),
        road=Road.IMPORT,
        outside=complaints.Outside(system, number, told.told_at),
        by=by,
        at=at,
    )
    if not any(permissions.answers_for(by, owner) for owner in owners):
        raise permissions.NotYours(place=owners[0].name)
    return row, owners


def _places(told: Told, *, on: datetime.date) -> tuple[str, str]:
    """Give the codes of the place that answers and of the one that answers with it, "" where there is none."""
    codes = []
    for key in ("home_place", "receiving_place"):
        said = text.clean(getattr(told, key))
        if not said:
            continue
        if told.case or text.clean(told.code):
            raise PlacesTwice(fields={key: PlacesTwice().message})
        code = directory.code_of_place(said[:120], on=on)
        if not code or queries.authority_of_place(code) is None:
            raise NoSuchPlace(said=said[:40], fields={key: NoSuchPlace(said=said[:40]).message})
        codes.append(code)
    place, joint = [*(codes or [text.clean(told.code)]), ""][:2]
    return place, joint


def _four(told: Told) -> str:
    if text.clean(told.four) or text.clean(told.phone):
        return told.four
    shown = [c for c in told.number.upper() if c.isascii() and c.isalnum()]
    return "".join(["0", "0", "0", "0", *shown][-4:])


@transaction.atomic
def take_all(told: Sequence[Told], *, by: Actor, at: datetime.datetime) -> list[Taken]:
    """Register all of these complaints, or none of them; gives each with its number, to be passed on to the caller.

    Raises:
        bringing.Refused: the first one that cannot be taken, and why; its field is named by its place in the list.
        permissions.NotYours, rules.Unknown: one is about what is not theirs.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    taken = []
    for place, one in enumerate(told):
        try:
            row, owners = _prepared(one, by=by, at=at)
        except (refusals.Incomplete, refusals.OutOfTurn) as refusal:
            fields = {f"rows.{place}.{name}": why for name, why in refusal.fields.items()}
            raise bringing.Refused(fields=fields, row=place + 1, why=refusal.message) from refusal
        if owners:
            complaints.keep(row, owners, by=by, at=at)
        taken.append(Taken(row, is_new=bool(owners)))
    return taken


def plan(book: Book, by: Actor, at: datetime.datetime) -> bringing.Plan[Told]:
    """Hold a workbook against what is there: what would be registered, and every fault by row and column."""
    found, lines = bringing.Plan[Told](faults=list(book.faults)), dict[tuple[str, str], int]()
    for row in book.rows.get(KIND, []):
        told = _told(row)
        try:
            bringing.once(lines, told.system, told.number, row=row)
            complaint, owners = _prepared(told, by=by, at=at)
        except refusals.Refusal as refusal:
            found.faults.append(bringing.fault(SHEET, row, refusal))
            continue
        if owners:
            found.rows.append(told)
            found.changes.append(_sentence(complaint, owners))
        else:
            found.same += 1
    return found


def _told(row: Row) -> Told:
    said = {key: value for key, value in row.values.items() if value is not None}
    moment = datetime.datetime.combine(said.pop("on"), said.pop("time"), tzinfo=worktime.BEIJING)
    return Told(**said, told_at=moment)


def _sentence(row: Complaint, owners: Sequence[Authority]) -> str:
    return _("{system} {number}：{kind}，由{places}答复").format(
        system=row.system,
        number=row.outside_number,
        kind=ComplaintKind(row.kind).label,
        places="、".join(owner.name for owner in owners),
    )


def _apply(wanted: bringing.Plan[Told], digest: bytes, by: Actor, at: datetime.datetime) -> None:
    take_all(wanted.rows, by=by, at=at)


def _export(by: Actor, at: datetime.datetime) -> imports.Sheets:
    return [(SHEET, [_line(row) for row in queries.imported_complaints(by)[: sheets.MAX_ROWS]])]


def _line(row: Complaint) -> dict[str, Any]:
    told = (row.told_at or row.filed_at).astimezone(worktime.BEIJING)
    return {
        **{name: getattr(row, name) for name in ("system", "kind", "words")},
        "number": row.outside_number,
        **_where(row),
        "on": told.date(),
        "time": told.time(),
    }


def _where(row: Complaint) -> dict[str, str]:
    if row.about_case_id:
        return {"case": ids.number_of(row.about_case_id)}
    owners = sorted(row.owners.all(), key=lambda owner: not owner.leads)
    keys = ("home_place", "receiving_place") if len(owners) > 1 else ("code",)
    return {key: owner.authority.division_id for key, owner in zip(keys, owners, strict=True)}


WORKBOOK = imports.Kind(
    gettext_lazy("12345 热线的投诉"),
    ABOUT,
    (SHEET,),
    lambda by: bool(by.managed_prefixes),
    _export,
    plan,
    _apply,
)
