"""What comes out of the API, described for whoever writes a program against it."""

import datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import AliasChoices, Field, PlainSerializer, WithJsonSchema

from tongban.kernel import worktime


def _in_beijing(at: datetime.datetime) -> str:
    return at.astimezone(worktime.BEIJING).isoformat(timespec="seconds")


Moment = Annotated[
    datetime.datetime,
    PlainSerializer(_in_beijing, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "example": "2026-11-23T16:30:00+08:00"}),
]
Number = Annotated[
    str, Field(description="编号：三组四位字符，最后一位是校验位", examples=["2EPR-W3M0-DWPF"])
]
DivisionCode = Annotated[
    str, Field(pattern=r"^\d{12}$", description="十二位行政区划代码", examples=["510107000000"])
]


class Problem(Schema):
    """How every refusal reads."""

    code: str = Field(description="稳定的英文代码，供程序判断", examples=["not_ready"])
    message: str = Field(description="给人看的一句话", examples=["还不能完成：请填写联系电话。"])
    fields: dict[str, str] = Field(
        description="各栏的问题：栏名 → 一句话", examples=[{"phone": "请填写联系电话"}]
    )


# People and places


class PostOut(Schema):
    """A post that the token's person holds."""

    role: str = Field(description="岗位代码", examples=["clerk"])
    role_name: str = Field(examples=["窗口人员"])
    window_id: int | None = Field(description="窗口编号；不是窗口岗位的为空")
    authority_id: int | None = Field(description="机构编号；不是机构岗位的为空")
    place: str = Field(description="窗口或者机构名称")
    division_code: str = Field(description="所在区划代码")


class Me(Schema):
    """Who the token's person is, and what time it is for the product."""

    account: str = Field(examples=["clerk.520103"])
    name: str
    posts: list[PostOut]
    now: Moment = Field(description="系统时间；练习模式下可能被拨快")
    is_practice: bool = Field(description="是否练习模式")


class DivisionOut(Schema):
    """A division, and whether it has a cross-province window."""

    code: DivisionCode
    name: str = Field(examples=["武侯区"])
    full_name: str = Field(examples=["四川省成都市武侯区"])
    level: str = Field(examples=["county"])
    has_window: bool = Field(description="是否在“跨省通办”窗口联络清单内（第十三条）")


class WindowOut(Schema):
    """A cross-province window."""

    id: int
    name: str
    division_code: str
    phone: str
    address: str


# The catalogue


class ProcedureOut(Schema):
    """The smallest thing that one can apply for."""

    id: int = Field(description="办理项编号，选择事项时用")
    key: str = Field(examples=["015-1"])
    name: str = Field(examples=["机动车驾驶证换证"])
    kind: str = Field(examples=["行政许可"])
    province: str | None = Field(
        validation_alias=AliasChoices("province_id", "province"),
        description="由哪个省自设，只在那里办理；五省共用的为空",
    )
    levels: list[str] = Field(description="实施层级")
    applicants: list[str] = Field(description="申请人类别")
    fee: str
    delivery: list[str] = Field(description="送达方式")


class ItemOut(Schema):
    """A listed item with what can be applied for under it."""

    seq: int = Field(description="清单序号", examples=[15])
    name: str = Field(examples=["机动车驾驶证换证"])
    lead_department: str = Field(description="牵头部门")
    source: str = Field(description="事项来源")
    procedures: list[ProcedureOut] = Field(description="办理项；列表中每个事项至多 12 个，单个事项全部给出")


class WordOut(Schema):
    id: int
    word: str = Field(description="日常说法", examples=["驾照"])
    means: str = Field(description="清单用语", examples=["驾驶证"])
    is_shipped: bool = Field(description="随系统提供")


class CircumstanceOut(Schema):
    key: str = Field(examples=["expired"])
    name: str = Field(examples=["有效期满换证"])


class RequirementOut(Schema):
    """A material that the standard asks for."""

    key: str
    name: str
    originals: int = Field(description="原件份数")
    copies: int = Field(description="复印件份数")
    required: bool
    only_for: list[str] = Field(description="只在这些情形需要；空：都需要")
    source: str = Field(description="来源渠道")
    returned: bool = Field(description="原件核验后退还")
    note: str
    review_points: list[str] = Field(description="审查要点")


class WhenOut(Schema):
    """The condition under which a field is asked for."""

    field: str
    values: list[str]


class FormFieldOut(Schema):
    """A field of the application form."""

    key: str
    label: str
    type: str = Field(
        description="text、number、date、choice、identity_number、credit_code、phone、address 或者 file"
    )
    required: bool
    choices: list[str]
    only_for: list[str]
    help: str
    when: WhenOut | None = Field(description="只在另一栏（单选）的回答是其中之一时才问；空：总是问")


class BasisOut(Schema):
    title: str
    article: str
    document_number: str


class StandardOut(Schema):
    """The acceptance standard in force at a home place, and the window that decides there."""

    procedure: ProcedureOut
    home_code: str = Field(description="询问的属地")
    deciding_code: str = Field(description="按实施层级办理的区划")
    window: WindowOut | None = Field(description="属地窗口；空：不在联络清单内，不能收件")
    stage: int = Field(description="1 办事指南，2 本省统一，3 五省统一（第二十三条）")
    version: int
    effective_from_on: datetime.date
    legal_limit: int = Field(description="法定时限，工作日")
    promised_limit: int = Field(description="承诺期限，工作日")
    is_sample: bool = Field(description="是否示例数据")
    circumstances: list[CircumstanceOut]
    materials: list[RequirementOut]
    fields: list[FormFieldOut]
    legal_basis: list[BasisOut]


# A case


class ClockOut(Schema):
    """A duty with its clock, and why the date is what it is."""

    kind: str = Field(examples=["send_papers"])
    label: str = Field(examples=["流转材料"])
    article: str = Field(description="工作规程的条款", examples=["P21(2)"])
    bearer: str = Field(description="由谁办理")
    is_turn: bool = Field(description="是不是当前环节")
    due_at: Moment | None = Field(description="到期时间；空：依法暂停计时")
    amber_at: Moment | None = Field(description="开始预警的时间")
    lateness: Literal["late", "soon", "fine", "stopped"] = Field(
        description="已逾期、即将到期、正常、依法暂停"
    )


class ExplainedClock(ClockOut):
    """A clock with the sentences that explain its date."""

    explained: list[str] = Field(description="起算、计入、不计入及原因、到期，一句一条")


class CaseBrief(Schema):
    """A case as lists and answers to steps show it."""

    number: Number
    revision: int = Field(description="办理步数；办理下一步时带上，防止覆盖别人的办理")
    state: str = Field(description="状态代码", examples=["received"])
    state_name: str = Field(examples=["已收件待流转"])
    progress: str = Field(description="一句话进度，申请人和两地窗口看到的相同（第十五条）")
    holder: str = Field(description="现在在谁手上；申请人手上时为空")
    turn: str = Field(
        description="轮到谁：receiving 收件地、home 属地、department 部门、applicant 申请人；已结束为空"
    )
    is_open: bool
    outcome: str = Field(description="结果代码；办理中为空")
    item: str = Field(description="办理项名称")
    applicant: str
    receiving_window: str
    home_window: str
    opened_at: Moment
    received_at: Moment | None
    clock: ClockOut | None = Field(description="当前环节的时限；已结束或者列表中未给出时为空")


class CasePage(Schema):
    """A page of a search, newest first."""

    cases: list[CaseBrief]
    after: str | None = Field(description="取下一页时带上；空：没有更多")


class ApplicantOut(Schema):
    """Who applies; numbers are masked."""

    kind: str = Field(examples=["person"])
    name: str
    identity_kind: str = Field(examples=["resident"])
    identity_masked: str = Field(examples=["110***********002X"])
    is_identity_checked: bool
    contact_name: str
    phone_masked: str
    legal_representative: str
    has_agent: bool
    agent_name: str
    agent_identity_masked: str
    has_agent_letter: bool


class ResultFileOut(Schema):
    """The office's own electronic result, as it was cleaned."""

    name: str
    pages: int
    digest: str = Field(description="清理后文件的 SM3 摘要（十六进制）")


class ScanOut(Schema):
    """A scanned sheet."""

    id: Number
    name: str
    media_type: str = Field(examples=["image/png"])
    pages: int
    digest: str = Field(description="内容的 SM3 摘要，十六进制")
    added_at: Moment
    url: str = Field(description="取原样文件的地址；每次取都会留痕")


class FormFileOut(ScanOut):
    """A file that answers a field of the application form."""

    field: str = Field(description="申请表的栏名")


class MaterialOut(Schema):
    """A material of the case: what is asked for, what was handed in, what was found."""

    key: str = Field(examples=["id_card"])
    name: str
    is_required: bool
    is_returned: bool
    originals_asked: int
    copies_asked: int
    originals: int
    copies: int
    verdict: str = Field(description="空 待审查，passed 合格，to_correct 需补正，not_needed 不需要")
    advice: str = Field(description="补正意见")
    points: list[int] = Field(description="已核的审查要点，按序号从 0 起")
    review_points: list[str]
    scans: list[ScanOut]


class CorrectionOut(Schema):
    """What was asked for once, and by when."""

    asked_by: str = Field(description="receiving 收件地，home 属地")
    items: list[dict[str, str]]
    days: int
    due_on: datetime.date
    asked_at: Moment
    asked_by_name: str
    settled_at: Moment | None
    beyond: list[str] = Field(description="超出首次告知的材料编号")
    beyond_reason: str = Field(description="窗口负责人要求它们的理由")


class NoticeOut(Schema):
    """A form: it counts once it is issued and until a later one replaces it."""

    serial: Number
    kind: str = Field(description="receipt 收件通知书，correction 一次性告知书")
    kind_name: str
    prepared_at: Moment
    issued_at: Moment | None = Field(description="空：只是预览，未出具")
    superseded_at: Moment | None
    is_current: bool
    days: int | None = Field(description="补正期限（日）")
    digest: str = Field(description="PDF 的 SM3 摘要，十六进制")
    pdf_url: str


class ToCorrectOut(Schema):
    key: str
    name: str
    advice: str


class PreviewOut(NoticeOut):
    """What a form tells of its case."""

    applicant: str
    to_correct: list[ToCorrectOut]
    passed: list[str] = Field(description="已合格的材料")
    due_on: datetime.date | None = Field(description="补正的最后一天；收件通知书为空")


class ForwardOut(Schema):
    """A listed window to which a case may be forwarded."""

    home_code: DivisionCode = Field(description="转送（forward）时填的 home_code")
    place: str = Field(examples=["四川省成都市武侯区"])
    window: str


class TransferOut(Schema):
    """Papers under way between two windows."""

    kind: str
    kind_name: str
    channel: str
    channel_name: str
    from_window: str
    to_window: str
    carrier: str
    waybill: str
    sheets: list[dict[str, Any]] = Field(description="签名的清单：材料、份数、扫描件摘要")
    digest: str = Field(description="清单的 SM3 摘要")
    signature: str = Field(description="清单的 SM2 签名")
    sent_at: Moment
    sent_by_name: str
    arrived_at: Moment | None
    found: list[dict[str, Any]] | None = Field(description="逐份核对结果")
    is_complete: bool | None
    answer: str
    answered_at: Moment | None


class DecisionOut(Schema):
    kind: str
    kind_name: str
    reason: str
    remedies: str
    result_name: str
    result_number: str
    made_at: Moment
    made_by_name: str


class HandOffOut(Schema):
    department: str
    request: str
    handed_at: Moment
    opinion: str
    answered_at: Moment | None
    answered_by_name: str


class SuspensionOut(Schema):
    reason: str
    reason_name: str
    note: str
    from_at: Moment
    expected_on: datetime.date
    until_at: Moment | None


class DeliveryOut(Schema):
    attempt: int
    way: str
    way_name: str
    address: str
    carrier: str
    waybill: str
    begun_at: Moment
    at_window_since_at: Moment | None
    delivered_at: Moment | None
    proof: str
    received_by: str
    failed_at: Moment | None
    failure: str


class EntryOut(Schema):
    """A line of the journal."""

    seq: int
    code: str = Field(examples=["case.receive"])
    label: str = Field(examples=["收件并出具收件通知书"])
    article: str
    at: Moment
    actor: str
    place: str
    payload: dict[str, Any]
    digest: str = Field(description="链上摘要（SM3）")


class LookOut(Schema):
    """Somebody saw protected data."""

    what: str
    purpose: str
    at: Moment
    person: str
    place: str


class AskOut(Schema):
    """One thing that a step wants to know."""

    name: str
    label: str
    type: str = Field(
        description="text、long、date、days、choice、division、found（逐份核对）、advice（补正意见）、keys（材料编号）"
    )
    required: bool
    choices: list[list[str]] = Field(description="可选的值和名称；空：不限")
    help: str
    default: str


class StepOut(Schema):
    """A step that may be taken now by whoever asks."""

    name: str = Field(examples=["send"])
    label: str = Field(examples=["发出材料"])
    article: str
    is_main: bool = Field(description="这一状态的主要办理")
    to: str = Field(description="办理后的状态；空：状态不变")
    makes_notice: bool = Field(description="同时出具文书")
    asks: list[AskOut]


class CaseOut(CaseBrief):
    """Everything that the case page shows."""

    mode: str
    mode_name: str
    procedure: ProcedureOut | None
    receiving: WindowOut
    home: WindowOut | None
    home_code: str
    circumstance: str
    channel: str
    delivery_way: str
    delivery_address: str
    legal_limit: int | None
    promised_limit: int | None
    accepted_at: Moment | None
    decided_at: Moment | None
    closed_at: Moment | None
    person: ApplicantOut
    form: dict[str, Any] = Field(description="申请表；其中的证件号码已遮盖")
    form_fields: list[FormFieldOut]
    form_files: list[FormFileOut] = Field(description="申请表中的文件")
    materials: list[MaterialOut]
    missing: dict[str, str] = Field(description="收件前还缺什么：栏名 → 一句话；只在形式审查时给出")
    clocks: list[ExplainedClock]
    corrections: list[CorrectionOut]
    notices: list[NoticeOut]
    transfers: list[TransferOut]
    decisions: list[DecisionOut]
    hand_offs: list[HandOffOut]
    suspensions: list[SuspensionOut]
    deliveries: list[DeliveryOut]
    journal: list[EntryOut]
    looks: list[LookOut] = Field(
        description="谁看过受保护的内容；只给两地窗口的负责人和当地、上级管理机构，其他人为空"
    )
    steps: list[StepOut] = Field(description="您现在可以办理的步骤，主要的在前")


class RevealOut(Schema):
    value: str = Field(examples=["11010519491231002X"])
    recorded_at: Moment


# Queues and calendars


class QueueRow(Schema):
    """A duty, and the case that it is about."""

    clock: ClockOut
    case: CaseBrief


class ToldRow(Schema):
    """What a window was told about a case that it has received, as long as nobody there has taken note of it."""

    key: str = Field(description="知悉时写在地址里")
    number: str = Field(description="业务编号")
    text: str
    told_at: datetime.datetime


class Today(Schema):
    """What the person's windows and departments owe, and what they wait for."""

    late: list[QueueRow]
    soon: list[QueueRow]
    rest: list[QueueRow]
    waiting: list[QueueRow] = Field(description="等申请人补正")
    told: list[ToldRow] = Field(description="本窗口收的办件有结果了，还没有人知悉的")
    next: str = Field("", description="下一页从这里开始；空：没有了")


class DayOut(Schema):
    on: datetime.date
    is_working: bool
    reason: str
    source: str


class CalendarOut(Schema):
    """The days of a place that are not what their weekday says, the most local rule having won."""

    code: str
    year: int
    source: str = Field(description="年度日历的依据；空：这一年还没有日历，不能计算期限")
    opens: str = Field(examples=["09:00"])
    closes: str = Field(examples=["17:00"])
    days: list[DayOut]


class Done(Schema):
    done: bool


class StepDone(CaseBrief):
    """The case after a step, and the form that the step issued."""

    notice: NoticeOut | None = Field(description="这一步出具的文书；没有的为空")


class VerbOut(Schema):
    """A step of the table: from where, by whom, and what it asks."""

    name: str
    label: str
    article: str
    by: list[str] = Field(description="由谁办理")
    from_states: list[str]
    to: str = Field(description="办理后的状态；空：状态不变")
    makes_notice: bool
    asks: list[AskOut]
