"""Take in what other systems were told: ratings by API and Excel, each outside number once (F4, W9).

All of a list are taken, or none. A workbook goes through the door of all workbooks: shown first, kept when confirmed.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tongban.cases import queries as cases
from tongban.catalogue import imports
from tongban.directory.models import Authority, Window
from tongban.feedback import permissions, queries, rules
from tongban.feedback.models import Rating
from tongban.feedback.operations import ratings
from tongban.feedback.states import BAD, Leg, Level, Road
from tongban.kernel import ids, keyring, numbers, refusals, sheets, text, worktime
from tongban.kernel.sheets import Book, Column, Fault, Row, Sheet
from tongban.people.actors import Actor

KIND = "ratings"
LOCK = 7_305_108  # of pg_advisory_xact_lock: one list is taken at a time, so that a number is taken once
# In Chinese whatever the page's language is, as all workbooks are: one who fills it in need not be who took it.
SHEET = Sheet(
    KIND,
    "评价",
    (
        Column("system", "来源系统", required=True, width=18, help="例如：12345"),
        Column("number", "来源编号", required=True, width=24, help="同一编号只导入一次"),
        Column("case", "业务编号", width=18, help="没有的可不填，但须填写区划代码"),
        Column("code", "区划代码", width=16, help="评价的是哪里，十二位代码"),
        Column("leg", "环节", required=True, choices={x.value: x.label for x in Leg}),
        Column("level", "等级", required=True, choices={str(x.value): x.label for x in Level}),
        Column("on", "评价日期", kind="date", required=True),
        Column("words", "评价内容", width=40),
        Column("phone", "联系电话", width=18, help="差评回访用，加密保存"),
    ),
)
ABOUT = (
    "第一行是列名，不要改动；带 * 的必填。一行一条评价，不要合并单元格，不要用公式。",
    "关于办件的填业务编号，其他的填区划代码。差评照样产生整改，期限从导入时起算。",
    "导入后先显示将要登记的评价，有一处错误就全部不导入；同一来源编号只导入一次，重新上传不会重复。",
    "导出的是本辖区已经导入的评价，不含业务编号和联系电话。",
)
T = TypeVar("T")


@dataclass(frozen=True)
class Told:
    """One rating as another system tells it; of a case of ours, or of a place."""

    system: str
    number: str
    leg: str
    level: int
    on: datetime.date
    case: str = ""
    code: str = ""
    words: str = ""
    phone: str = ""


@dataclass(frozen=True)
class Done:
    """How many were new, and how many had been taken in before."""

    new: int
    known: int


@dataclass
class Plan(Generic[T]):
    """What a workbook would do: each new row in words, every fault, and what is to be taken."""

    changes: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    same: int = 0
    changed: int = 0  # what was taken in stays as it was
    removed: int = 0
    rows: list[T] = field(default_factory=list)

    @property
    def added(self) -> int:
        return len(self.changes)


class Future(refusals.Incomplete):
    """评价日期不能晚于今天。"""


class NotNamed(refusals.Incomplete):
    """请填写来源系统（至多 40 个字）和来源编号（至多 80 个字）。"""


class Elsewhere(refusals.OutOfTurn):
    """这个来源编号已经导入，是别的地方的评价。请核对来源编号。"""


class Repeated(refusals.Incomplete):
    """与第 {row} 行的来源编号相同，一个编号只填一行。"""


class RatedTwice(refusals.Incomplete):
    """与第 {row} 行评价的是同一办件的同一环节，一个环节只评价一次。"""


class Refused(refusals.Incomplete):
    """第 {row} 条：{why} 一条也没有导入，请改正后重新发送。"""


def _prepared(told: Told, *, by: Actor, at: datetime.datetime) -> Rating | None:
    """Give a rating that may be kept; None when it was taken in before.

    Raises:
        NotNamed, Elsewhere, Future, rules.NoLeg, rules.NoLevel, rules.TooLong, rules.Unknown, rules.NobodyResponsible.
        rules.RatedAlready: that leg has a rating of our own. permissions.NotYours: another area's.
        numbers.InvalidNumber.
    """
    system, number = named(told.system, told.number)
    known = Rating.objects.filter(system=system, outside_number=number).first()
    if known is not None:
        if not queries.ratings_visible_to(by).filter(id=known.id).exists():
            raise Elsewhere(fields={"number": Elsewhere().message})
        return None
    today = at.astimezone(worktime.BEIJING).date()
    if told.on > today:
        raise Future(fields={"on": Future().message})
    leg, level = rules.leg_of(told.leg), rules.level_of(told.level)
    case_id, window, authority = _responsible(told, leg, by=by)
    permissions.require_answers_for(by, authority)
    if case_id is not None and Rating.objects.filter(about_case_id=case_id, leg=leg).exists():
        raise rules.RatedAlready(fields={"case": rules.RatedAlready().message})
    row = Rating(
        id=ids.new_id(at),
        about_case_id=case_id,
        leg=leg,
        window=window,
        authority=authority,
        level=level,
        words=rules.words_of(told.words, field="words"),
        road=Road.IMPORT,
        rated_at=min(at, datetime.datetime.combine(told.on, datetime.time(12), tzinfo=worktime.BEIJING)),
        system=system,
        outside_number=number,
    )
    if text.clean(told.phone):
        phone = numbers.check_phone(text.clean(told.phone))
        row.phone_sealed = keyring.current().seal_text(phone, about=f"rating.phone:{row.id}")
        row.phone_masked = numbers.mask_phone(phone)
    return row


def named(system: str, number: str) -> tuple[str, str]:
    """Give the cleaned name of something in another system.

    Raises:
        NotNamed.
    """
    system, number = text.clean(system), text.clean(number)
    if not (0 < len(system) <= 40 and 0 < len(number) <= 80):
        raise NotNamed(fields={"number": NotNamed().message})
    return system, number


@transaction.atomic
def take_all(rows: Sequence[Told], *, by: Actor, at: datetime.datetime) -> Done:
    """Keep all of these ratings, or none of them. The clocks of the bad ones run from now.

    Raises:
        Refused: the first one that cannot be taken, and why; its field is named by its place in the list.
        permissions.NotYours, rules.Unknown: one is about what is not theirs.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    new = 0
    for place, told in enumerate(rows):
        try:
            row = _prepared(told, by=by, at=at)
        except (refusals.Incomplete, refusals.OutOfTurn) as refusal:
            fields = {f"rows.{place}.{name}": why for name, why in refusal.fields.items()}
            raise Refused(fields=fields, row=place + 1, why=refusal.message) from refusal
        if row is not None:
            ratings.keep(row, by=by, at=at)
            new += 1
    return Done(new, len(rows) - new)


def _responsible(told: Told, leg: Leg, *, by: Actor) -> tuple[int | None, Window | None, Authority]:
    if told.case:
        seen = cases.get(ids.id_of(told.case), for_=by)
        window, authority = ratings.responsible(queries.case_of(seen.id), leg)
        return seen.id, window, authority
    place = queries.authority_of_place(text.clean(told.code))
    if place is None:
        raise rules.NobodyResponsible(fields={"code": rules.NobodyResponsible().message})
    return None, None, place


def plan(book: Book, by: Actor, at: datetime.datetime) -> Plan[Told]:
    """Hold a workbook against what is there: what would be kept, and every fault by row and column."""
    found = Plan[Told](faults=list(book.faults))
    lines, legs = dict[tuple[str, str], int](), dict[tuple[int, str], int]()
    for row in book.rows.get(KIND, []):
        said = {key: value for key, value in row.values.items() if value is not None}
        told = Told(**{**said, "level": int(said["level"])})
        try:
            once(lines, told.system, told.number, row=row)
            rating = _prepared(told, by=by, at=at)
            if rating is not None and rating.about_case_id is not None:
                first = legs.setdefault((rating.about_case_id, rating.leg), row.number)
                if first != row.number:
                    raise RatedTwice(row=first, fields={"case": ""})
        except refusals.Refusal as refusal:
            found.faults.append(fault(SHEET, row, refusal))
            continue
        if rating is None:
            found.same += 1
        else:
            found.rows.append(told)
            found.changes.append(_sentence(rating))
    return found


def once(lines: dict[tuple[str, str], int], system: str, number: str, *, row: Row) -> None:
    """Remember the row of an outside number.

    Raises:
        Repeated: an earlier row has it.
    """
    first = lines.setdefault((text.clean(system), text.clean(number)), row.number)
    if first != row.number:
        raise Repeated(row=first, fields={"number": ""})


def fault(sheet: Sheet, row: Row, refusal: refusals.Refusal) -> Fault:
    """Say a refusal of a row where it belongs: in the column of its field, else in the one that says where it was."""
    titles = {column.key: column.title for column in sheet.columns}
    column = next((name for name in refusal.fields if name in titles), "")
    if not column:
        is_phone = isinstance(refusal, numbers.InvalidNumber)
        column = "phone" if is_phone else "case" if row.values.get("case") else "code"
    return Fault(sheet.title, row.number, titles[column], refusal.message)


def _sentence(row: Rating) -> str:
    said = _("{system} {number}：{leg}，{level}，由{place}负责")
    if row.level in BAD:
        said = _("{system} {number}：{leg}，{level}，由{place}整改")
    return said.format(
        system=row.system,
        number=row.outside_number,
        leg=row.get_leg_display(),
        level=row.get_level_display(),
        place=row.authority.name,
    )


def _apply(wanted: Plan[Told], digest: bytes, by: Actor, at: datetime.datetime) -> None:
    take_all(wanted.rows, by=by, at=at)


def _export(by: Actor, at: datetime.datetime) -> imports.Sheets:
    return [(SHEET, map(_line, queries.imported_ratings(by)[: sheets.MAX_ROWS]))]


def _line(row: Rating) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in ("system", "leg", "words")},
        "number": row.outside_number,
        "code": row.authority.division_id,
        "level": str(row.level),
        "on": row.rated_at.astimezone(worktime.BEIJING).date(),
    }


WORKBOOK = imports.Kind(
    gettext_lazy("其他系统的评价"),
    ABOUT,
    (SHEET,),
    lambda by: bool(by.managed_prefixes),
    _export,
    plan,
    _apply,
)
