"""What goes into and comes out of the standards' part of the API."""

import datetime
from typing import Literal

from ninja import Schema
from pydantic import Field

from tongban.web.api.bodies import Input
from tongban.web.api.shapes import DivisionCode, Moment

Key = Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_.~-]+$", description="编号，同一事物各省相同")
Short = Field("", max_length=300)
Stage = Literal[1, 2, 3]


class CircumstanceIn(Input):
    key: str = Key
    name: str = Field(max_length=300)


class AnswerIn(Input):
    text: str = Field(max_length=300)
    to: str = Field(max_length=60, description="circumstance:编号，或者 question:编号")


class QuestionIn(Input):
    key: str = Key
    text: str = Field(max_length=300)
    answers: list[AnswerIn] = Field(max_length=30)


class MaterialIn(Input):
    key: str = Key
    name: str = Field(max_length=300)
    originals: int = Field(0, ge=0, le=99)
    copies: int = Field(0, ge=0, le=99)
    required: bool = True
    returned: bool = False
    source: str = Short
    note: str = Short
    review_points: list[str] = Field([], max_length=60)
    only_for: list[str] = Field([], max_length=30, description="只适用于哪些情形；空：各种情形")


class WhenIn(Input):
    field: str = Field(max_length=40, description="排在前面的单选项")
    values: list[str] = Field(max_length=60)


class FieldIn(Input):
    key: str = Key
    label: str = Field(max_length=300)
    type: str = Field("text", max_length=20)
    required: bool = True
    choices: list[str] = Field([], max_length=100)
    help: str = Short
    only_for: list[str] = Field([], max_length=30)
    when: WhenIn | None = None


class LawIn(Input):
    title: str = Field(max_length=300)
    article: str = Short
    document_number: str = Short


class GuideIn(Input):
    url: str = Field("", max_length=500)
    note: str = Short


class CodesIn(Input):
    base: str = Field("", max_length=64, description="基本编码，12 位")
    implementing: str = Field("", max_length=64, description="实施编码，31 位")
    procedure: str = Field("", max_length=64, description="业务办理项编码，33 位")
    local: str = Field("", max_length=64, description="地方编码")


class ContentIn(Input):
    """What a standard says; whether it holds together is checked when it is submitted."""

    legal_limit: int = Field(ge=0, le=3650, description="法定时限（工作日）")
    promised_limit: int = Field(ge=0, le=3650, description="承诺期限（工作日）")
    fee: str = Short
    results: list[str] = Field([], max_length=30)
    modes: list[Literal["collected", "online", "joint"]] = []
    delivery: list[Literal["post", "pick_up_home", "pick_up_receiving", "electronic"]] = []
    guide: GuideIn | None = None
    codes: CodesIn | None = None
    circumstance: list[CircumstanceIn] = Field([], max_length=60)
    question: list[QuestionIn] = Field([], max_length=60)
    material: list[MaterialIn] = Field([], max_length=120)
    field: list[FieldIn] = Field([], max_length=160)
    legal_basis: list[LawIn] = Field([], max_length=60)


class BeginIn(Input):
    procedure: str = Field(max_length=20, description="办理项编号", examples=["015-1"])
    stage: Stage = Field(description="1 本省办事指南，2 本省统一标准，3 五省统一标准")
    province: DivisionCode | None = Field(None, description="省份；五省统一标准不填")


class WriteIn(Input):
    revision: int = Field(ge=0, le=2**31 - 1, description="看到的修改次数")
    content: ContentIn


class RemarkIn(Input):
    remark: str = Field(max_length=500, description="要改什么")


class PublishIn(Input):
    effective_from_on: datetime.date = Field(description="生效日期，当日零时（北京时间）起")


class ReasonIn(Input):
    reason: str = Field(max_length=300, description="撤销的理由")


class OpenDifferenceIn(Input):
    line: str = Field(max_length=120, description="比对项", examples=["material:id_card:sheets"])
    question: str = Field(max_length=500, description="需要各省统一的问题")


class ActIn(Input):
    words: str = Field(max_length=500, description="本省意见，或者决定")
    province: DivisionCode | None = Field(None, description="同意或者采用哪个省的写法")


class ComposeIn(Input):
    base: DivisionCode = Field(description="以哪个省的标准为基础")


class VersionOut(Schema):
    id: int
    stage: int
    province: str | None = Field(description="省份；五省统一标准为空")
    version: int
    effective_from_on: datetime.date
    standing: str = Field(description="in_force 现行，coming 未生效，replaced 已被代替，withdrawn 已撤销")
    drafted_by_name: str
    published_by_name: str
    published_at: Moment | None
    is_sample: bool


class DraftOut(Schema):
    id: int
    procedure: str
    stage: int
    province: str | None
    state: str = Field(description="draft 起草中，review 待审核")
    revision: int
    remark: str
    changed_by_name: str
    changed_at: Moment
    content: dict[str, object]
    faults: dict[str, str] = Field(description="送审前要改的：栏名 → 一句话")


class CellOut(Schema):
    province: str
    said: list[str]
    is_absent: bool
    is_odd: bool = Field(description="与多数不同")


class LineOut(Schema):
    key: str
    label: str
    differs: bool
    cells: list[CellOut]


class AnswerOut(Schema):
    province: str
    agrees_with: str | None
    text: str
    by_name: str
    at: Moment


class DifferenceOut(Schema):
    id: int
    line: str
    label: str
    question: str
    opened_by_name: str
    opened_at: Moment
    answers: list[AnswerOut]
    settled_at: Moment | None
    settled_by_name: str
    decision: str
    follows: str | None


class ComparisonOut(Schema):
    procedure: str
    lines: list[LineOut]
    differences: list[DifferenceOut]


class MoreOut(Schema):
    window_id: int
    window: str
    times: int
