"""Take in what other systems were told: ratings by API and Excel, each outside number once (F4, W9)."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from tongban.cases import queries as cases
from tongban.directory.models import Authority, Window
from tongban.feedback import imports, permissions, queries, rules
from tongban.feedback.models import Rating
from tongban.feedback.operations import ratings
from tongban.feedback.states import Leg, Road
from tongban.kernel import ids, keyring, numbers, refusals, sheets, text, worktime
from tongban.people.actors import Actor


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


class Future(refusals.Incomplete):
    """评价日期不能晚于今天。"""


class NotNamed(refusals.Incomplete):
    """请填写来源系统（至多 40 个字）和来源编号（至多 80 个字）。"""


class Refused(refusals.Incomplete):
    """第 {row} 条：{why} 一条也没有导入，请改正后重新发送。"""


def take(told: Told, *, by: Actor, at: datetime.datetime) -> bool:
    """Keep one rating of another system; says whether it is new. Its rectification counts from now.

    Raises:
        NotNamed, Future, rules.NoLeg, rules.NoLevel, rules.TooLong, rules.Unknown, rules.NobodyResponsible.
        rules.RatedAlready: that leg has a rating of our own. permissions.NotYours: another area's.
        numbers.InvalidNumber.
    """
    system, number = named(told.system, told.number)
    if Rating.objects.filter(system=system, outside_number=number).exists():
        return False
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
    ratings.keep(row, by=by, at=at)
    return True


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
    """Keep all of these ratings, or none of them.

    Raises:
        Refused: the first one that cannot be taken, and why; its field is named by its place in the list.
        permissions.NotYours, rules.Unknown: one is about what is not theirs.
    """
    new = 0
    for place, told in enumerate(rows):
        try:
            new += take(told, by=by, at=at)
        except (refusals.Incomplete, refusals.OutOfTurn) as refusal:
            fields = {f"rows.{place}.{name}": why for name, why in refusal.fields.items()}
            raise Refused(fields=fields, row=place + 1, why=refusal.message) from refusal
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


def from_workbook(data: bytes, *, by: Actor, at: datetime.datetime) -> Done:
    """Keep all ratings of a workbook, or none of them.

    Raises:
        imports.Faulty: with every fault by row and column.
        sheets.NotAWorkbook, sheets.TooBig, sheets.Dangerous.
    """
    sheet = imports.SHEET
    book = sheets.read(data, [sheet])
    faults, new = list(book.faults), 0
    rows: Sequence[sheets.Row] = book.rows.get(sheet.key, [])
    titles = {column.key: column.title for column in sheet.columns}
    with transaction.atomic():
        for row in rows:
            said = {key: value for key, value in row.values.items() if value is not None}
            said["level"] = int(said["level"])
            try:
                with transaction.atomic():
                    new += take(Told(**said), by=by, at=at)
            except refusals.Refusal as refusal:
                field = next(iter(refusal.fields), "case" if told_case(said) else "code")
                faults.append(sheets.Fault(sheet.title, row.number, titles.get(field, ""), refusal.message))
        if not rows and not faults:
            faults.append(sheets.Fault(sheet.title, None, "", _("没有可以导入的行")))
        if faults:
            raise imports.Faulty(faults)
    return Done(new, len(rows) - new)


def told_case(said: dict[str, object]) -> bool:
    """Say whether a row names a case of ours."""
    return bool(said.get("case"))
