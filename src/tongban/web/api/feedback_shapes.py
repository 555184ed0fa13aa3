"""What goes into and comes out of the API about ratings and complaints."""

import datetime
from collections.abc import Sequence
from typing import Any, Literal

from ninja import Schema
from pydantic import AwareDatetime, Field

from tongban.duties.models import Duty
from tongban.feedback.models import Complaint, Owner, Rectification
from tongban.feedback.states import DUTIES
from tongban.kernel import ids
from tongban.web.api.bodies import Input
from tongban.web.api.shapes import Moment, Number
from tongban.web.kit import requests

KindName = Literal["complaint", "report", "request", "suggestion", "consultation"]
LegName = Literal["receiving", "home", "parcel"]
AboutName = Literal["home", "receiving", "both"]
PLACE_CODE = Field("", max_length=12, description="与办件无关的：区划代码", examples=["520103000000"])
FOUR = Field("", max_length=4, description="查询码，四位；不填则为联系电话的末四位", examples=["8F2K"])
NEXT = Field(description="翻页时放进 after 的值")


class RatingIn(Input):
    number: str = Field(max_length=60, description="业务编号", examples=["0A7K-29QX-M4TR"])
    tail: str = Field(min_length=4, max_length=4, description="证件号码的最后四位", examples=["002X"])
    leg: LegName = Field(description="环节：receiving 收件，home 属地办理，parcel 寄递")
    level: int = Field(ge=1, le=5, description="5 非常满意，4 满意，3 基本满意，2 不满意，1 非常不满意")
    words: str = Field("", max_length=500, description="想说的话")
    may_publish: bool = Field(False, description="同意公开评价内容和答复")


class RatingOut(Schema):
    """The rating, as it was kept; it names nobody."""

    leg: LegName
    level: int
    level_name: str
    is_to_be_rectified: bool = Field(description="不满意的：一个工作日内联系，整改后回访")


class OutsideRatingIn(Input):
    system: str = Field(max_length=40, description="来源系统", examples=["12345"])
    number: str = Field(max_length=80, description="来源编号；同一编号只导入一次", examples=["R-20261128-1"])
    leg: LegName
    level: int = Field(ge=1, le=5)
    on: datetime.date = Field(description="评价日期", examples=["2026-03-02"])
    case: str = Field("", max_length=60, description="业务编号；没有的填区划代码")
    code: str = Field("", max_length=12, description="评价的是哪里：区划代码", examples=["520103000000"])
    words: str = Field("", max_length=500)
    phone: str = Field("", max_length=30, description="差评回访用，加密保存")


class RatingsIn(Input):
    rows: list[OutsideRatingIn] = Field(min_length=1, max_length=500)


class RatingsDone(Schema):
    """How many were new, and how many had been taken in before."""

    new: int
    known: int


class ComplaintIn(Input):
    kind: KindName = Field(description="投诉、举报、求助、建议、咨询")
    words: str = Field(max_length=2000, description="要反映的问题", examples=["窗口中午没有人"])
    number: str = Field("", max_length=60, description="业务编号；与办件无关的不填")
    tail: str = Field("", max_length=4, description="该办件证件号码的最后四位")
    about: AboutName = Field("home", description="问题出在属地、收件地还是两地")
    place_code: str = PLACE_CODE
    name: str = Field("", max_length=60, description="可不填，加密保存")
    phone: str = Field("", max_length=30, description="可不填，加密保存")
    four: str = FOUR


class OutsideComplaintIn(Input):
    system: str = Field(max_length=40, description="来源系统", examples=["12345"])
    number: str = Field(
        max_length=80, description="热线的工单编号；同一编号只登记一次", examples=["GZ-20261128-1"]
    )
    kind: KindName = Field(description="投诉、举报、求助、建议、咨询")
    words: str = Field(max_length=2000, description="反映的问题", examples=["窗口中午没有人"])
    told_at: AwareDatetime = Field(description="来电时间", examples=["2026-03-02T09:05:00+08:00"])
    case: str = Field("", max_length=60, description="业务编号；没有的填区划代码")
    about: AboutName = Field("home", description="问题出在属地、收件地还是两地")
    code: str = Field(
        "", max_length=12, description="问题发生在一地的，哪里：区划代码", examples=["520103000000"]
    )
    receiving_place: str = Field(
        "",
        max_length=120,
        description="没有业务编号、涉及两地的，收件地：区划代码或者全称；填了它们就不填 code",
        examples=["贵州省贵阳市云岩区"],
    )
    home_place: str = Field(
        "",
        max_length=120,
        description="同上，属地，牵头答复：区划代码或者全称",
        examples=["510107000000"],
    )
    name: str = Field("", max_length=60, description="可不填，加密保存")
    phone: str = Field("", max_length=30, description="可不填，加密保存")
    four: str = Field(
        "",
        max_length=4,
        description="查询码，四位；不填为联系电话末四位，没有电话的为来源编号末四位",
        examples=["8F2K"],
    )


class ComplaintsIn(Input):
    rows: list[OutsideComplaintIn] = Field(min_length=1, max_length=500)


class ComplaintTaken(Schema):
    """A complaint of another system as it stands here: the number is passed on to the caller."""

    outside_number: str
    number: Number
    is_new: bool
    state: str = Field(description="open 或者 answered")
    due_at: Moment | None = Field(description="最迟答复；已答复的为空")


class ComplaintsTaken(Schema):
    """How many were new, how many had been taken in before, and each with its number."""

    new: int
    known: int
    rows: list[ComplaintTaken]


class FollowIn(Input):
    number: str = Field(max_length=60, description="投诉编号")
    four: str = Field(min_length=4, max_length=4, description="查询码")


class VerdictIn(FollowIn):
    is_settled: bool = Field(description="答复是否解决了问题")
    words: str = Field("", max_length=500, description="意见")


class ComplaintFiled(Schema):
    """A complaint as whoever filed it sees it."""

    number: Number
    state: str = Field(description="open 或者 answered")
    state_name: str
    filed_at: Moment
    owners: list[str] = Field(description="由谁办理；两个的联合办理，第一个牵头")
    due_at: Moment | None = Field(description="最迟答复；已答复的为空")
    answer: str
    answered_by: str
    answered_at: Moment | None
    is_settled: bool | None = Field(description="您的意见：是否解决；还没有提出的为空")


class ComplaintOwnerOut(Schema):
    """An authority that owes the answer, and whether it agrees to the one proposed."""

    code: str = Field(description="区划代码")
    name: str
    leads: bool
    agreed_at: Moment | None
    objection: str


class FeedbackDutyOut(Schema):
    """What is still owed and by when."""

    kind: str
    name: str
    due_at: Moment | None


class ComplaintOut(Schema):
    """A complaint as those who owe its answer see it."""

    number: Number
    revision: int = Field(description="答复时放进请求的 revision")
    kind: str
    kind_name: str
    road: str = Field(description="渠道")
    system: str = Field(description="来源系统；本系统的为空")
    outside_number: str = Field(description="来源编号")
    told_at: Moment | None = Field(description="来电时间；期限从 filed_at 起算")
    state: str
    state_name: str
    words: str
    case_number: str = Field(description="业务编号；与办件无关的为空")
    filed_at: Moment
    owners: list[ComplaintOwnerOut]
    duties: list[FeedbackDutyOut]
    draft: str = Field(description="联合办理的拟答复")
    answer: str
    answered_by: str
    answered_at: Moment | None
    is_settled: bool | None = Field(description="投诉人的意见：是否解决")
    next: str = NEXT


class AgreeIn(Input):
    revision: int = Field(ge=0, le=2**31 - 1, description="看到的 revision")


class AnswerComplaintIn(AgreeIn):
    answer: str = Field(max_length=2000, examples=["经核实，已改正。"])


class ObjectIn(AgreeIn):
    words: str = Field(max_length=500, description="不同意的意见")


class InvolveIn(AgreeIn):
    place_code: str = Field(max_length=12, description="另一地的区划代码", examples=["510100000000"])


class RectificationOut(Schema):
    """A bad rating and what is being done about it; the rater is not named."""

    number: Number
    authority: str
    window: str
    leg: str
    level: int
    words: str
    may_publish: bool
    state: str = Field(description="open、rectified、closed 或者 dropped")
    state_name: str
    opened_at: Moment
    duties: list[FeedbackDutyOut]
    contacted_at: Moment | None
    extended_at: Moment | None
    rectified_at: Moment | None
    measures: str
    reply: str
    called_back_at: Moment | None
    call_back: str
    next: str = NEXT


class ContactRaterIn(Input):
    note: str = Field(max_length=500, description="联系情况")


class ReasonGiven(Input):
    reason: str = Field(max_length=500, description="理由；延长期限的最多 300 字")


class RectifyIn(Input):
    measures: str = Field(max_length=1000, description="整改措施")
    reply: str = Field(max_length=1000, description="给评价人的答复")


class CallBackIn(Input):
    result: Literal["satisfied", "unsatisfied", "unreachable"]
    note: str = Field("", max_length=500, description="回访情况")


class DecideAppealIn(Input):
    outcome: Literal["upheld", "rejected"]
    words: str = Field(max_length=500, description="审定意见")


def complaint(row: Complaint, owners: Sequence[Owner], duties: Sequence[Duty]) -> dict[str, Any]:
    """Show a complaint to those who owe its answer."""
    names = (
        "number",
        "revision",
        "kind",
        "road",
        "system",
        "outside_number",
        "told_at",
        "state",
        "words",
        "filed_at",
        "draft",
        "answer",
    )
    return {
        **{n: getattr(row, n) for n in (*names, "answered_by", "answered_at", "is_settled")},
        "kind_name": str(row.get_kind_display()),
        "state_name": str(row.get_state_display()),
        "case_number": ids.number_of(row.about_case_id) if row.about_case_id else "",
        "owners": [
            {
                **{n: getattr(o, n) for n in ("leads", "agreed_at", "objection")},
                "code": o.authority.division_id,
                "name": o.authority.name,
            }
            for o in owners
        ],
        "duties": _owed(duties),
        "next": requests.moment_text(row.filed_at, row.id),
    }


def taken(row: Complaint, is_new: bool, duties: Sequence[Duty]) -> dict[str, Any]:
    """Show a complaint to the desk that it came from."""
    return {
        **{n: getattr(row, n) for n in ("outside_number", "number", "state")},
        "is_new": is_new,
        "due_at": duties[-1].due_at if duties else None,
    }


def followed(row: Complaint, owners: Sequence[Owner], duties: Sequence[Duty]) -> dict[str, Any]:
    """Show a complaint to whoever filed it: who has it, until when, the answer."""
    return {
        **{n: getattr(row, n) for n in ("number", "state", "filed_at", "answer", "answered_by")},
        "answered_at": row.answered_at,
        "is_settled": row.is_settled,
        "state_name": str(row.get_state_display()),
        "owners": [o.authority.name for o in owners],
        "due_at": duties[-1].due_at if duties else None,
    }


def rectification(row: Rectification, duties: Sequence[Duty]) -> dict[str, Any]:
    """Show a rectification without its rater."""
    moments = ("opened_at", "contacted_at", "extended_at", "rectified_at", "called_back_at")
    window = row.rating.window
    return {
        **{n: getattr(row, n) for n in ("number", "state", "measures", "reply", "call_back", *moments)},
        **{n: getattr(row.rating, n) for n in ("leg", "level", "words", "may_publish")},
        "authority": row.authority.name,
        "window": window.name if window else "",
        "state_name": str(row.get_state_display()),
        "duties": _owed(duties),
        "next": requests.moment_text(row.opened_at, row.id),
    }


def _owed(duties: Sequence[Duty]) -> list[dict[str, Any]]:
    return [{"kind": d.kind, "name": str(DUTIES[d.kind].label), "due_at": d.due_at} for d in duties]
