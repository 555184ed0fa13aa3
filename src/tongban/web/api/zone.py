"""What the public's zone shows, for programs: life events, announcements, figures, progress. No token needed."""

import datetime
from typing import Any

from ninja import Router, Schema
from ninja.params.functions import Query
from pydantic import Field

from tongban.cases import figures, progress
from tongban.catalogue import across
from tongban.directory import announcements
from tongban.people import limits
from tongban.web.api.bodies import Input
from tongban.web.api.catalogue import today_of
from tongban.web.api.shapes import DivisionCode, Moment
from tongban.web.kit import requests
from tongban.web.kit.requests import TongbanRequest

router = Router(tags=["公众专区"])


class LifeEventOut(Schema):
    """A life event and the items of the list that it calls for, the likeliest first."""

    key: str = Field(examples=["driving"])
    name: str = Field(examples=["开车"])
    items: list[int] = Field(description="事项序号")


class AnnouncementOut(Schema):
    """A public announcement."""

    id: int
    title: str
    body: str
    province: DivisionCode | None = Field(description="所在省份的代码；五省的为空")
    place: DivisionCode | None = Field(description="范围：省、市州或者区县的代码；五省的为空")
    from_on: datetime.date
    until_on: datetime.date | None
    published_at: Moment
    published_by: str = Field(description="发布单位")


class FiguresOut(Schema):
    """What a province did in a year."""

    province: str = Field(description="省份代码；五省合计为空")
    name: str
    received: int = Field(description="收件")
    sent_here: int = Field(description="外省转来")
    decided: int = Field(description="办出")
    in_time: int = Field(description="按期办出")
    asked_for_more: int = Field(description="超出首次告知的补正次数")


class YearOut(Schema):
    """The five provinces' figures of a year, as counted last night."""

    year: int
    counted_at: Moment | None
    whole: FiguresOut
    provinces: list[FiguresOut]


class ProgressIn(Input):
    number: str = Field(max_length=60, description="业务编号", examples=["0A7K-29QX-M4TR"])
    tail: str = Field(min_length=4, max_length=4, description="申请人证件号码的最后四位", examples=["002X"])


class ProgressOut(Schema):
    """How a case stands, and nothing beyond."""

    number: str
    state: str
    state_name: str
    sentence: str
    is_over: bool
    since_at: Moment | None
    due_at: Moment | None
    to_do: str = Field(description="申请人要做什么")
    ask: str = Field(description="可以问的窗口")
    phone: str


@router.get(
    "/life-events",
    response=list[LifeEventOut],
    auth=None,
    operation_id="listLifeEvents",
    summary="生活事件",
    description="按生活事件归类的事项。公开，不需要令牌。",
)
def life_events(request: TongbanRequest) -> list[dict[str, Any]]:
    """List life events with their items."""
    return [{"key": e.key, "name": e.name, "items": e.items} for e in across.life_events()]


@router.get(
    "/announcements",
    response=list[AnnouncementOut],
    auth=None,
    operation_id="listAnnouncements",
    summary="公告",
    description="现在公布的公告，新的在前。按地方查的，包括上级、下级和面向五省的。公开，不需要令牌。",
)
def list_announcements(
    request: TongbanRequest,
    province: str = Query("", pattern=r"^(\d{12})?$", description="省份代码，同 place"),
    place: str = Query("", pattern=r"^(\d{12})?$", description="省、市州或者区县的代码"),
    limit: int = Query(50, ge=1, le=200),
) -> list[dict[str, Any]]:
    """List what is announced now."""
    rows = announcements.page(on=today_of(request), place=place or province, limit=limit)
    return [
        {
            **{n: getattr(row, n) for n in ("id", "title", "body", "from_on", "until_on", "published_at")},
            "place": row.place_id,
            "province": row.place_id[:2].ljust(12, "0") if row.place_id else None,
            "published_by": row.published_by_place,
        }
        for row in rows
    ]


@router.get(
    "/figures",
    response=YearOut,
    auth=None,
    operation_id="getFigures",
    summary="五省统计",
    description="各省一年的收件、办出、按期办出和超出首次告知的补正，每天夜里统计。公开，不需要令牌。",
)
def get_figures(
    request: TongbanRequest,
    year: int | None = Query(None, ge=2020, le=9999, description="年份；不填为最近有统计的一年"),
) -> dict[str, Any]:
    """Give the figures of a year."""
    found = figures.of_year(year)
    return {
        "year": found.year,
        "counted_at": found.counted_at,
        "whole": _figures(found.whole),
        "provinces": [_figures(p) for p in found.provinces],
    }


def _figures(row: figures.Figures) -> dict[str, Any]:
    return {"province": row.code, "name": row.name, **row.counts}


@router.post(
    "/progress",
    response=ProgressOut,
    auth=None,
    operation_id="getProgress",
    summary="查进度",
    description="凭业务编号和申请人证件号码后四位查进度，只给进度。编号不存在和后四位不对，回答一样；次数有限制。"
    "不改变任何内容，所以不需要令牌和幂等键；用 POST 是为了号码不留在网址里。",
)
def get_progress(request: TongbanRequest, payload: ProgressIn) -> dict[str, Any]:
    """Tell how a case stands to whoever holds its two numbers."""
    at = requests.machine_time()
    limits.spend(progress.BY_ADDRESS, requests.address_of(request), at=at)
    limits.spend(progress.BY_NUMBER, progress.subject_of(payload.number), at=at)
    found = progress.find(payload.number, payload.tail)
    return {
        **{n: getattr(found, n) for n in ("number", "sentence", "is_over", "since_at", "due_at", "to_do")},
        "state": found.state.value,
        "state_name": str(found.state.label),
        "ask": found.ask.name,
        "phone": found.ask.phone,
    }
