"""Pilots: two places try an additional item between them, under the standing rules (B5, P6, W16).

A manager of one place proposes, one of the other agrees; that makes the item, its procedure and the list of
papers for both provinces. A good pilot is proposed for the next batch, into which the coordination group takes it.
"""

import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from tongban.catalogue import listing, permissions, rules
from tongban.catalogue.models import (
    CATALOGUE,
    AcceptanceStandard,
    Item,
    Pilot,
    Procedure,
    Stage,
    Standing,
)
from tongban.catalogue.operations import digest_of, lists, off_list
from tongban.directory import operations as directory
from tongban.directory import queries as places
from tongban.directory.models import Division
from tongban.journal import operations as journal
from tongban.kernel import refusals, text
from tongban.people.actors import Actor

ARTICLE = "P6"
KIND = "试点事项"
WORDS = 500
MOST_DAYS = 365
LONGEST = datetime.timedelta(days=3 * 366)


class NotYourPilot(refusals.NotAllowed):
    """这一步由{who}的政务服务管理机构办理，您的岗位不在其中。"""


class NotAPair(refusals.Incomplete):
    """试点在不同省份的两个市（州）或者两个县（市、区）之间进行，请选择另一省的同级地方。"""


class PilotIncomplete(refusals.Incomplete):
    """试点还没有提出，请先填好标出的各项。"""


class AnsweredAlready(refusals.OutOfTurn):
    """这个试点已经答复过了，请刷新后查看。"""


class OwnProposal(refusals.NotAllowed):
    """试点是您提出的，要由对方的人员答复。"""


class NoWords(refusals.Incomplete):
    """请写明不同意的理由，对方要知道为什么。"""


class NotRunning(refusals.OutOfTurn):
    """这个试点没有在进行，不能办理这一步。请刷新后查看。"""


class RecommendedAlready(refusals.OutOfTurn):
    """这个试点已经推荐列入下一批清单，请等待协调小组答复。"""


class NoMerit(refusals.Incomplete):
    """请写明推荐的理由，例如试点期间收件、办结的情况。"""


class NotRecommended(refusals.OutOfTurn):
    """这个试点没有推荐列入清单，或者已经列入。请刷新后查看。"""


@transaction.atomic
def propose(
    *,
    first: str,
    second: str,
    name: str,
    lead_department: str,
    why: str,
    materials: str,
    legal_limit: int | None,
    promised_limit: int | None,
    begin_on: datetime.date | None,
    end_on: datetime.date | None,
    by: Actor,
    at: datetime.datetime,
) -> Pilot:
    """Propose to try an item between one's own place and another one in another province (P6).

    Args:
        first: code of the own city or county. second: code of the other one, of the same level.
        materials: one a line, see `off_list.materials_of`.

    Raises:
        NotYourPilot, NotAPair, PilotIncomplete: with `fields` naming what is missing.
    """
    require_side(first, by=by)
    mine = Division.objects.get(code=first)
    other = Division.objects.filter(code=second).first()
    if other is None or other.level != mine.level or rules.province_of(second) == rules.province_of(first):
        raise NotAPair(fields={"second": NotAPair().message})
    places.check_in_force(second, on=rules.day_of(at))
    words = {"name": (name, 120), "lead_department": (lead_department, 60), "why": (why, WORDS)}
    kept = {key: text.clean(said)[:most] for key, (said, most) in words.items()}
    wrong = _wrong(kept, materials, (legal_limit, promised_limit), (begin_on, end_on), at=at)
    if wrong:
        raise PilotIncomplete(fields=wrong)
    assert legal_limit is not None and promised_limit is not None and begin_on and end_on
    row = Pilot.objects.create(
        **kept,
        materials=text.clean(materials, keep_lines=True),
        legal_limit=legal_limit,
        promised_limit=promised_limit,
        first=mine,
        second=other,
        begin_on=begin_on,
        end_on=end_on,
        proposed_at=at,
        proposed_by_id=by.id or 0,
        proposed_by_name=by.name,
    )
    _note("propose", row, by=by, at=at)
    return row


def _wrong(
    kept: dict[str, str],
    materials: str,
    limits: tuple[int | None, int | None],
    days: tuple[datetime.date | None, datetime.date | None],
    *,
    at: datetime.datetime,
) -> dict[str, str]:
    """Name what is missing or impossible in a proposal, by field."""
    asked = {
        "name": _("请填写要试点的事项名称，至多 120 个字。"),
        "lead_department": _("请填写牵头部门。"),
        "why": _("请写明为什么试点，例如群众的需求。"),
    }
    wrong = {key: sentence for key, sentence in asked.items() if not kept[key]}
    if not off_list.materials_of(materials):
        wrong["materials"] = _("请列出需要的材料，一行一份；两地窗口都按这份清单收件。")
    legal, promised = limits
    if legal is None or not 1 <= legal <= MOST_DAYS:
        wrong["legal_limit"] = _("请填写工作日数，1 到 365。")
    elif promised is None or not 0 <= promised <= legal:
        wrong["promised_limit"] = _("请填写工作日数，不能长于法定时限。")
    begin, end = days
    if begin is None or begin < rules.day_of(at):
        wrong["begin_on"] = _("请填写开始日期，最早是今天。")
    elif end is None or not begin <= end <= begin + LONGEST:
        wrong["end_on"] = _("请填写结束日期，不早于开始日期，试点最长三年。")
    return wrong


@transaction.atomic
def answer(pilot_id: int, *, agrees: bool, words: str = "", by: Actor, at: datetime.datetime) -> Pilot:
    """Agree to a proposed pilot for the other place, or say no; agreeing makes what is applied for.

    Raises:
        rules.UnknownPilot, NotYourPilot, AnsweredAlready, OwnProposal, NoWords.
        NotRunning: its last day is over.
    """
    row = _locked(pilot_id)
    require_side(row.second_id, by=by)
    if row.state != "proposed":
        raise AnsweredAlready()
    if by.id == row.proposed_by_id:
        raise OwnProposal()
    said = text.clean(words)[:WORDS]
    if not agrees and not said:
        raise NoWords(fields={"words": NoWords().message})
    if agrees and row.end_on < rules.day_of(at):
        raise NotRunning()
    row.state = "agreed" if agrees else "declined"
    row.answer, row.answered_at = said, at
    row.answered_by_id, row.answered_by_name = by.id, by.name
    if agrees:
        row.procedure = _what_is_applied_for(row, by=by, at=at)
    row.save()
    directory.mark_changed(CATALOGUE)
    _note("agree" if agrees else "decline", row, by=by, at=at)
    return row


def _what_is_applied_for(row: Pilot, *, by: Actor, at: datetime.datetime) -> Procedure:
    """Make the item, its procedure, and the list of papers for either province: drafted here, agreed there."""
    seq = lists.next_seq()
    item = Item.objects.create(
        seq=seq,
        name=row.name,
        lead_department=row.lead_department,
        source=f"{row.first.name}、{row.second.name}试点",
        standing=Standing.PILOT,
    )
    procedure = Procedure.objects.create(
        item=item,
        key=f"{seq:03d}-1",
        name=row.name,
        statutory_name=row.name,
        kind=KIND,
        levels=[row.first.level],
        applicants=["person", "organisation"],
        modes=["collected"],
        fee="",
        delivery=off_list.DELIVERY,
        edited_at=at,
    )
    content, limits = (
        {"material": off_list.materials_of(row.materials)},
        (row.legal_limit, row.promised_limit),
    )
    for place in (row.first, row.second):
        AcceptanceStandard.objects.create(
            procedure=procedure,
            province_id=rules.province_of(place.code),
            stage=Stage.GUIDE,
            version=1,
            effective_from_on=row.begin_on,
            legal_limit=limits[0],
            promised_limit=limits[1],
            content=content,
            digest=digest_of(content, limits=limits),
            drafted_by_id=row.proposed_by_id,
            drafted_by_name=row.proposed_by_name,
            drafted_at=row.proposed_at,
            published_by_id=by.id,
            published_by_name=by.name,
            published_at=at,
        )
    return procedure


@transaction.atomic
def end(pilot_id: int, *, by: Actor, at: datetime.datetime) -> Pilot:
    """End a pilot from today on, for either side; cases received under it go on.

    Raises:
        rules.UnknownPilot, NotYourPilot, NotRunning.
    """
    row = _locked(pilot_id)
    require_side(row.first_id, row.second_id, by=by)
    if listing.standing_of(row, on=rules.day_of(at)) not in ("running", "coming"):
        raise NotRunning()
    row.ended_at, row.ended_by_name = at, by.name
    row.save(update_fields=["ended_at", "ended_by_name"])
    directory.mark_changed(CATALOGUE)
    _note("end", row, by=by, at=at)
    return row


@transaction.atomic
def recommend(pilot_id: int, *, words: str, by: Actor, at: datetime.datetime) -> Pilot:
    """Propose a pilot for the next batch of the list, with what speaks for it (W16).

    Raises:
        rules.UnknownPilot, NotYourPilot, NotRunning: it was never agreed, or has not begun.
        RecommendedAlready, NoMerit.
    """
    row = _locked(pilot_id)
    require_side(row.first_id, row.second_id, by=by)
    if listing.standing_of(row, on=rules.day_of(at)) not in ("running", "over"):
        raise NotRunning()
    if row.recommended_at is not None:
        raise RecommendedAlready()
    said = text.clean(words)[:WORDS]
    if not said:
        raise NoMerit(fields={"words": NoMerit().message})
    row.recommended_at, row.recommended_by_name, row.recommendation = at, by.name, said
    row.save(update_fields=["recommended_at", "recommended_by_name", "recommendation"])
    _note("recommend", row, by=by, at=at)
    return row


@transaction.atomic
def take_up(pilot_id: int, *, batch_id: int, by: Actor, at: datetime.datetime) -> Pilot:
    """Take a recommended pilot into a batch that is being put together.

    Raises:
        permissions.NotTheGroup, rules.UnknownPilot, NotRecommended, rules.UnknownBatch, lists.BatchPublished.
    """
    permissions.require_group(by)
    row = _locked(pilot_id)
    if row.recommended_at is None or row.batch_id is not None or row.procedure is None:
        raise NotRecommended()
    lists.put(batch_id, seq=row.procedure.item_id, by=by, at=at)
    row.batch_id = batch_id
    row.save(update_fields=["batch"])
    _note("take_up", row, by=by, at=at, batch=batch_id)
    return row


def may_act_for(*codes: str, by: Actor) -> bool:
    """Say whether somebody manages one of the places."""
    return bool({code for code, _place in listing.places_of(by)} & set(codes))


def require_side(*codes: str, by: Actor) -> None:
    """Refuse everybody who manages none of the places.

    Raises:
        NotYourPilot: naming whose turn it is.
    """
    if not may_act_for(*codes, by=by):
        names = places.names_of(codes)
        raise NotYourPilot(who="、".join(names.get(code, code) for code in codes))


def _locked(pilot_id: int) -> Pilot:
    rows = Pilot.objects.select_for_update(of=("self",)).select_related("first", "second", "procedure")
    row = rows.filter(id=pilot_id).first()
    if row is None:
        raise rules.UnknownPilot()
    return row


def _note(what: str, row: Pilot, *, by: Actor, at: datetime.datetime, **payload: Any) -> None:
    journal.append(
        "pilot",
        row.id,
        code=f"pilot.{what}",
        article=ARTICLE,
        at=at,
        actor_id=by.id,
        actor=by.name,
        place=by.place,
        payload={"first": row.first_id, "second": row.second_id, **payload},
    )
