"""Batches of the item list and pilots by program, as the overview does it (B5, P6, W5, W16)."""

import datetime
from typing import Any, Literal

from ninja import Router, Schema, Status
from ninja.params.functions import Query
from pydantic import Field

from tongban.cases import pilots as figures
from tongban.catalogue import listing
from tongban.catalogue.models import ItemList, Pilot
from tongban.catalogue.operations import lists, pilots
from tongban.kernel import ids
from tongban.web.api import shapes
from tongban.web.api.bodies import Input
from tongban.web.api.catalogue import today_of
from tongban.web.api.shapes import DivisionCode, Moment
from tongban.web.api.writing import counts_once
from tongban.web.kit import requests
from tongban.web.kit.requests import TongbanRequest

router = Router(tags=["清单和试点"])
Words = Field("", max_length=500)


class ListLineOut(Schema):
    """What a batch says of one item."""

    seq: int = Field(description="事项序号")
    name: str
    kind: str = Field(description="listed 列入，或者 withdrawn 移出")
    reason: str


class ItemListOut(Schema):
    """A batch of the item list."""

    id: int
    year: int
    number: int = Field(description="当年第几批")
    document: str = Field(description="文号")
    effective_from_on: datetime.date | None = Field(description="生效日期；编制中的为空")
    published_at: Moment | None
    published_by_name: str
    lines: list[ListLineOut] = Field(description="只在单独查看一批时给出")


class ItemListIn(Input):
    year: int = Field(description="年份", examples=[2026])
    document: str = Field("", max_length=120, description="文号")


class ListLineIn(Input):
    seq: int = Field(description="事项序号", ge=-(2**31), lt=2**31)
    kind: Literal["listed", "withdrawn"] = Field("listed", description="列入或者移出")
    reason: str = Field("", max_length=300, description="理由；移出的必填")


class EffectiveIn(Input):
    effective_from_on: datetime.date = Field(description="生效日期，当日零时（北京时间）起")


class PilotFiguresOut(Schema):
    """How a pilot goes in one direction."""

    from_name: str
    to_name: str
    received: int
    decided: int
    in_time: int = Field(description="在承诺期限内作出决定的")
    corrections: int = Field(description="告知补正的次数")


class PilotOut(Schema):
    """An additional item that two places try between them."""

    id: int
    name: str
    lead_department: str
    why: str
    materials: str
    legal_limit: int
    promised_limit: int
    first: DivisionCode = Field(description="提出地")
    second: DivisionCode = Field(description="对方")
    begin_on: datetime.date
    end_on: datetime.date = Field(description="最后一天；提前结束的，到结束前一天")
    standing: str = Field(description="proposed、declined、coming、running 或者 over")
    answer: str
    procedure_id: int | None = Field(description="同意后可以收件的办理项")
    recommendation: str = Field(description="推荐列入清单的理由；没有推荐的为空")
    item_list_id: int | None = Field(description="列入了哪一批清单")
    figures: list[PilotFiguresOut] = Field(description="两个方向的情况；只在单独查看时给出")


class PilotIn(Input):
    first: DivisionCode = Field(description="本地，市（州）或者县（市、区）")
    second: DivisionCode = Field(description="另一省的同级地方")
    name: str = Field(max_length=120)
    lead_department: str = Field(max_length=60)
    why: str = Field(max_length=500)
    materials: str = Field(max_length=4000, description="一行一份，例如：身份证，原件1份，复印件2份")
    legal_limit: int = Field(description="工作日，1 到 365")
    promised_limit: int = Field(description="工作日，不长于法定时限")
    begin_on: datetime.date
    end_on: datetime.date


class PilotAnswerIn(Input):
    agrees: bool
    words: str = Words


class PilotWordsIn(Input):
    words: str = Field(max_length=500, description="推荐理由")


class TakeUpIn(Input):
    item_list_id: int = Field(description="正在编制的批次", ge=0, le=ids.LARGEST)


def _batch(row: ItemList, *, with_lines: bool) -> dict[str, Any]:
    names = ("id", "year", "number", "document", "effective_from_on", "published_at", "published_by_name")
    lines = row.lines.all() if with_lines else ()
    return {
        **{n: getattr(row, n) for n in names},
        "lines": [{"seq": x.item_id, "name": x.item.name, "kind": x.kind, "reason": x.reason} for x in lines],
    }


def _pilot(row: Pilot, *, on: datetime.date, with_figures: bool) -> dict[str, Any]:
    names = ("id", "name", "lead_department", "why", "materials", "legal_limit", "promised_limit", "begin_on")
    return {
        **{n: getattr(row, n) for n in (*names, "answer", "procedure_id", "recommendation")},
        "first": row.first_id,
        "second": row.second_id,
        "end_on": listing.last_day(row),
        "standing": listing.standing_of(row, on=on),
        "item_list_id": row.batch_id,
        "figures": [vars(f) for f in figures.figures(row)] if with_figures and row.procedure_id else [],
    }


@router.get(
    "/item-lists",
    response=list[ItemListOut],
    operation_id="listItemLists",
    summary="各批事项清单",
    description="按年份分批的事项清单，新的在前；发布的一批不再改动。",
)
def item_lists(request: TongbanRequest) -> list[dict[str, Any]]:
    """List the batches."""
    return [_batch(row, with_lines=False) for row in listing.batches()]


@router.post(
    "/item-lists",
    response={201: ItemListOut},
    operation_id="beginItemList",
    summary="编制新的一批清单",
    description="由协调小组编制。",
)
@counts_once
def begin(request: TongbanRequest, payload: ItemListIn) -> Status[Any]:
    """Begin a batch."""
    row = lists.begin(**payload.model_dump(), by=request.actor, at=requests.time_of(request))
    return Status(201, _batch(row, with_lines=False))


@router.get(
    "/item-lists/{item_list_id}",
    response=ItemListOut,
    operation_id="getItemList",
    summary="一批清单",
    description="这一批列入和移出的事项。",
)
def item_list(request: TongbanRequest, item_list_id: int) -> dict[str, Any]:
    """Give a batch with its lines."""
    return _batch(listing.batch(item_list_id), with_lines=True)


@router.put(
    "/item-lists/{item_list_id}/lines",
    response=ItemListOut,
    operation_id="putItemListLine",
    summary="列入或者移出事项",
    description="写进正在编制的一批；再写一次，以后写的为准。",
)
@counts_once
def put(request: TongbanRequest, item_list_id: int, payload: ListLineIn) -> dict[str, Any]:
    """Say what a draft batch does with an item."""
    lists.put(item_list_id, **payload.model_dump(), by=request.actor, at=requests.time_of(request))
    return _batch(listing.batch(item_list_id), with_lines=True)


@router.delete(
    "/item-lists/{item_list_id}/lines/{seq}",
    response=ItemListOut,
    operation_id="removeItemListLine",
    summary="从正在编制的一批拿掉事项",
    description="这一批不再写到这个事项。",
)
@counts_once
def remove(request: TongbanRequest, item_list_id: int, seq: int) -> dict[str, Any]:
    """Take an item out of a draft batch."""
    lists.take_out(item_list_id, seq=seq, by=request.actor, at=requests.time_of(request))
    return _batch(listing.batch(item_list_id), with_lines=True)


@router.post(
    "/item-lists/{item_list_id}/publish",
    response=ItemListOut,
    operation_id="publishItemList",
    summary="发布一批清单",
    description="从生效日期起，收件和搜索按这份清单；发布后不能再改。",
)
@counts_once
def publish(request: TongbanRequest, item_list_id: int, payload: EffectiveIn) -> dict[str, Any]:
    """Publish a batch."""
    on = payload.effective_from_on
    lists.publish(item_list_id, effective_from_on=on, by=request.actor, at=requests.time_of(request))
    return _batch(listing.batch(item_list_id), with_lines=True)


@router.delete(
    "/item-lists/{item_list_id}",
    response=shapes.Done,
    operation_id="discardItemList",
    summary="删除正在编制的一批",
    description="已发布的一批不能删除。",
)
@counts_once
def discard(request: TongbanRequest, item_list_id: int) -> dict[str, Any]:
    """Throw a draft batch away."""
    lists.discard(item_list_id, by=request.actor, at=requests.time_of(request))
    return {"done": True}


@router.get(
    "/pilots",
    response=list[PilotOut],
    operation_id="listPilots",
    summary="试点",
    description="两地之间的试点，新的在前；翻页时把最后一个的 id 放进 before。",
)
def pilots_(
    request: TongbanRequest,
    before: int | None = Query(None, ge=0, le=ids.LARGEST, description="从这个 id 之后（更早的）开始"),
    limit: int = Query(50, ge=1, le=200),
) -> list[dict[str, Any]]:
    """List pilots."""
    on = today_of(request)
    return [_pilot(row, on=on, with_figures=False) for row in listing.pilots(before=before, limit=limit)]


@router.post(
    "/pilots",
    response={201: PilotOut},
    operation_id="proposePilot",
    summary="提出试点",
    description="由本地管理机构向另一省的同级地方提出（第六条）。",
)
@counts_once
def propose(request: TongbanRequest, payload: PilotIn) -> Status[Any]:
    """Propose a pilot."""
    row = pilots.propose(**payload.model_dump(), by=request.actor, at=requests.time_of(request))
    return Status(201, _pilot(row, on=today_of(request), with_figures=False))


@router.get(
    "/pilots/{pilot_id}",
    response=PilotOut,
    operation_id="getPilot",
    summary="一个试点",
    description="试点的内容和两个方向的情况。",
)
def pilot(request: TongbanRequest, pilot_id: int) -> dict[str, Any]:
    """Give a pilot with its figures."""
    return _now(request, pilot_id)


def _now(request: TongbanRequest, pilot_id: int) -> dict[str, Any]:
    return _pilot(listing.pilot(pilot_id), on=today_of(request), with_figures=True)


@router.post(
    "/pilots/{pilot_id}/answer",
    response=PilotOut,
    operation_id="answerPilot",
    summary="答复试点",
    description="由对方的管理机构答复；同意后，两地窗口即可在起止日期内互相收件。",
)
@counts_once
def answer(request: TongbanRequest, pilot_id: int, payload: PilotAnswerIn) -> dict[str, Any]:
    """Agree to a pilot or say no."""
    pilots.answer(pilot_id, **payload.model_dump(), by=request.actor, at=requests.time_of(request))
    return _now(request, pilot_id)


@router.post(
    "/pilots/{pilot_id}/end",
    response=PilotOut,
    operation_id="endPilot",
    summary="提前结束试点",
    description="今天起不再收件；已收的办件继续办理。",
)
@counts_once
def end(request: TongbanRequest, pilot_id: int) -> dict[str, Any]:
    """End a pilot."""
    pilots.end(pilot_id, by=request.actor, at=requests.time_of(request))
    return _now(request, pilot_id)


@router.post(
    "/pilots/{pilot_id}/recommend",
    response=PilotOut,
    operation_id="recommendPilot",
    summary="推荐列入下一批清单",
    description="由任一方的管理机构推荐。",
)
@counts_once
def recommend(request: TongbanRequest, pilot_id: int, payload: PilotWordsIn) -> dict[str, Any]:
    """Propose a pilot for the next batch."""
    pilots.recommend(pilot_id, words=payload.words, by=request.actor, at=requests.time_of(request))
    return _now(request, pilot_id)


@router.post(
    "/pilots/{pilot_id}/take-up",
    response=PilotOut,
    operation_id="takeUpPilot",
    summary="把推荐的试点列入一批",
    description="由协调小组列入正在编制的一批。",
)
@counts_once
def take_up(request: TongbanRequest, pilot_id: int, payload: TakeUpIn) -> dict[str, Any]:
    """Take a recommended pilot into a draft batch."""
    at = requests.time_of(request)
    pilots.take_up(pilot_id, batch_id=payload.item_list_id, by=request.actor, at=at)
    return _now(request, pilot_id)
