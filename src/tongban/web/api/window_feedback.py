"""At the window: its ratings as figures, help given, a complaint entered for somebody, a ticket to rate (F4–F6)."""

import datetime
from typing import Any, Literal

from ninja import Router, Schema, Status
from ninja.params.functions import Query
from pydantic import Field

from tongban.cases import queries as cases
from tongban.feedback import queries
from tongban.feedback.models import Guidance
from tongban.feedback.operations import complaints, guidance
from tongban.feedback.states import GuidanceKind, Road
from tongban.kernel import ids, worktime
from tongban.web.api import feedback_shapes as shapes
from tongban.web.api.bodies import Input
from tongban.web.api.feedback import followed
from tongban.web.api.shapes import Moment
from tongban.web.api.writing import counts_once
from tongban.web.kit import complaining, rating, requests
from tongban.web.kit.requests import TongbanRequest

router = Router(tags=["评价和投诉"])


class WindowFiguresOut(Schema):
    """How often a window was given each level."""

    window: str
    counts: dict[int, int] = Field(description="等级（5 非常满意 … 1 非常不满意）→ 次数")
    total: int
    bad: int = Field(description="差评：1 和 2")
    share_good: int | None = Field(description="好评率，百分之几；没有评价的为空")


class SaidOut(Schema):
    """What was written about a window, with its month alone."""

    month: datetime.date = Field(description="月份的第一天", examples=["2026-10-01"])
    leg: str
    level: str
    words: str


class WindowRatingsOut(Schema):
    """The ratings of one's own windows; who rated is not told."""

    since_on: datetime.date
    figures: list[WindowFiguresOut]
    words: list[SaidOut] = Field(description="只含以前月份的，不按先后排列")


class GuidanceIn(Input):
    window_id: int = Field(ge=1, le=ids.LARGEST)
    kind: Literal["consultation", "help", "proxy", "company"] = Field(description="咨询、帮办、代办、陪办")
    matter: str = Field(max_length=200, description="事由", examples=["咨询驾驶证换证要带什么"])
    outcome: str = Field("", max_length=300, description="结果", examples=["已告知"])
    minutes: int | None = Field(None, ge=1, le=999, description="用时（分钟）", examples=[5])


class GuidanceOut(Schema):
    """Help given at a window; it names nobody who was helped."""

    window: str
    kind: str
    kind_name: str
    matter: str
    outcome: str
    minutes: int | None
    given_at: Moment
    given_by: str = Field(description="经办人")
    next: str = shapes.NEXT


class GuidanceCount(Schema):
    kind_name: str
    n: int = Field(description="本月次数")


class GuidancePage(Schema):
    """Help given at one's windows, and how often this month."""

    counts: list[GuidanceCount]
    rows: list[GuidanceOut]


class TicketOut(Schema):
    """An address where the legs of a case can be rated, open for ten minutes."""

    address: str = Field(description="给申请人打开，或者做成二维码")
    until_at: Moment


class EnteredComplaintIn(Input):
    kind: shapes.KindName = Field(description="投诉、举报、求助、建议、咨询")
    words: str = Field(max_length=2000, description="要反映的问题", examples=["窗口中午没有人"])
    number: str = Field("", max_length=60, description="您看得到的办件的业务编号；与办件无关的不填")
    about: shapes.AboutName = Field("home", description="问题出在属地、收件地还是两地")
    place_code: str = shapes.PLACE_CODE
    name: str = Field("", max_length=60, description="投诉人姓名，可不填，加密保存")
    phone: str = Field("", max_length=30, description="投诉人电话，可不填，加密保存")
    four: str = shapes.FOUR


@router.get(
    "/window-ratings",
    response=WindowRatingsOut,
    operation_id="getWindowRatings",
    summary="本窗口的评价",
    description="您的窗口三个月来每个等级的次数，以及以前月份写了什么。不含评价人、办件和日期，本月写的下月才给出。",
)
def get_ratings(request: TongbanRequest) -> dict[str, Any]:
    """Give figures and words of the person's windows, without raters."""
    actor, at = request.actor, requests.time_of(request)
    since = queries.month_of(at, back=2)
    return {
        "since_on": since.date(),
        "figures": [{**vars(row), "window": row.name} for row in queries.window_figures(actor, since=since)],
        "words": [
            {**vars(row), "month": row.month.astimezone(worktime.BEIJING).date()}
            for row in queries.window_words(actor, until=queries.month_of(at))
        ],
    }


@router.get(
    "/guidance",
    response=GuidancePage,
    operation_id="listGuidance",
    summary="咨询和帮办代办登记",
    description="您的窗口提供了哪些咨询、帮办、代办、陪办（第十条），新的在前，以及本月各多少次。",
)
def list_guidance(
    request: TongbanRequest,
    after: str = Query("", max_length=60, description="上一页最后一行的 next"),
    limit: int = Query(50, ge=1, le=200),
) -> dict[str, Any]:
    """List what help was given at the person's windows."""
    actor, page = request.actor, requests.moment_of(after)
    month = queries.month_of(requests.time_of(request))
    return {
        "counts": [{"kind_name": name, "n": n} for name, n in queries.guidance_counts(actor, since=month)],
        "rows": [_given(row) for row in queries.guidance_of(actor, after=page, limit=limit)],
    }


@router.post(
    "/guidance",
    response={201: GuidanceOut},
    operation_id="recordGuidance",
    summary="登记一次咨询或者帮办代办",
    description="窗口人员登记自己窗口提供的帮助（第十条）；不登记群众的姓名。",
)
@counts_once
def record(request: TongbanRequest, payload: GuidanceIn) -> Status[Any]:
    """Record help that was given."""
    said = {**payload.model_dump(), "minutes": str(payload.minutes or "")}
    row = guidance.record(**said, by=request.actor, at=requests.time_of(request))
    return Status(201, _given(row))


def _given(row: Guidance) -> dict[str, Any]:
    return {
        **{n: getattr(row, n) for n in ("kind", "matter", "outcome", "minutes", "given_at")},
        "window": row.window.name,
        "kind_name": str(GuidanceKind(row.kind).label),
        "given_by": row.given_by_name,
        "next": requests.moment_text(row.given_at, row.id),
    }


@router.post(
    "/complaints/at-window",
    response={201: shapes.ComplaintFiled},
    operation_id="enterComplaint",
    summary="代登记投诉",
    description="窗口人员为来到窗口的人登记投诉、举报、求助、建议（第十一条）；请把编号和查询码告诉投诉人。"
    "关于办件的给出业务编号，其他的给出区划代码。",
)
@counts_once
def enter(request: TongbanRequest, payload: EnteredComplaintIn) -> Status[Any]:
    """Take in a complaint of somebody who stands at the window."""
    said = payload.model_dump()
    who = complaints.Complainant(**{n: said.pop(n) for n in ("name", "phone", "four")})
    row = complaining.take(
        **said,
        complainant=who,
        road=Road.WINDOW,
        by=request.actor,
        at=requests.time_of(request),
    )
    return Status(201, followed(row))


@router.get(
    "/cases/{number}/rating-ticket",
    response=TicketOut,
    operation_id="getRatingTicket",
    summary="评价码",
    description="一个十分钟内有效的网址，申请人打开即可评价这个办件的各个环节（窗口平板或者本人手机），自愿。",
)
def get_ticket(request: TongbanRequest, number: str) -> dict[str, Any]:
    """Give an address where a case can be rated for ten minutes."""
    case = cases.get(ids.id_of(number), for_=request.actor)
    address, until = rating.ticket_of(case.id)
    return {"address": address, "until_at": until}
