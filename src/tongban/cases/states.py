"""The life of a collected case (异地代收代办) as three tables: states, duties, steps. Data only.

A state says whose turn it is and which duty that turn is. A step says from where, to where, by whom, under
which article, which further duties it opens and discharges, and under which code the journal keeps it.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tongban.duties.models import Outcome, Unit


class State(models.TextChoices):
    DRAFTING = "drafting", _("形式审查中")
    CORRECTION = "correction", _("待申请人补正")
    RETURNED = "returned", _("属地退回待处理")
    RECEIVED = "received", _("已收件待流转")
    IN_TRANSFER = "in_transfer", _("材料流转中")
    ARRIVED = "arrived", _("已到达待受理")
    RELAY = "relay", _("待收件地转告补正")
    HOME_CORRECTION = "home_correction", _("属地要求补正")
    APPROVAL = "approval", _("审批中")
    WITH_DEPARTMENT = "with_department", _("部门办理中")
    SUSPENDED = "suspended", _("依法暂停计时")
    DECIDED = "decided", _("已决定待送达")
    DELIVERING = "delivering", _("结果寄送中")
    RESULT_IN_TRANSFER = "result_in_transfer", _("结果寄往收件地")
    PICKUP_HOME = "pickup_home", _("待属地窗口领取")
    PICKUP_RECEIVING = "pickup_receiving", _("待收件地窗口领取")
    DELIVERY_FAILED = "delivery_failed", _("送达未成功")
    DELIVERED = "delivered", _("已送达待办结")
    RETURNING_RECEIVING = "returning_receiving", _("收件地退还材料中")
    RETURNING_HOME = "returning_home", _("属地退还材料中")
    CLOSED = "closed", _("已办结")
    LAPSED = "lapsed", _("逾期未补正")
    WITHDRAWN = "withdrawn", _("已撤回")
    EXPLAINED = "explained", _("清单外，已解释说明")


class Part(StrEnum):
    """The part that somebody plays on a case."""

    RECEIVING = "receiving"
    HOME = "home"
    DEPARTMENT = "department"
    APPLICANT = "applicant"
    SYSTEM = "system"


PART_NAMES = {
    Part.RECEIVING: _("收件地窗口"),
    Part.HOME: _("属地窗口"),
    Part.DEPARTMENT: _("审批部门"),
    Part.APPLICANT: _("申请人"),
    Part.SYSTEM: _("系统"),
}


class Mode(models.TextChoices):
    COLLECTED = "collected", _("异地代收代办")
    ONLINE = "online", _("全程网办")


class Channel(models.TextChoices):
    """How papers travel (P21(2))."""

    ONLINE = "online", _("线上流转")
    POST = "post", _("邮政速递")
    ONLINE_PAPER = "online_paper", _("线上流转，纸质后寄")


CHANNEL_DAYS = {Channel.ONLINE: 1, Channel.ONLINE_PAPER: 1, Channel.POST: 2}  # working days, P21(2)


class DeliveryWay(models.TextChoices):
    POST = "post", _("邮寄给申请人")
    PICK_UP_HOME = "pick_up_home", _("到属地窗口领取")
    PICK_UP_RECEIVING = "pick_up_receiving", _("到收件地窗口领取")


class CaseOutcome(models.TextChoices):
    GRANTED = "granted", _("准予")
    REFUSED = "refused", _("不予许可")
    DECLINED = "declined", _("不予受理")
    WITHDRAWN = "withdrawn", _("申请人撤回")
    LAPSED = "lapsed", _("逾期未补正")
    OFF_LIST = "off_list", _("清单外未收件")


class Counts(StrEnum):
    """Since when a duty's time counts, where it is not simply the moment that opens it."""

    NOW = "now"
    RECEIVED = "received_at"
    ACCEPTED = "accepted_at"
    DECIDED = "decided_at"


class Limit(StrEnum):
    """Where a duty's length comes from, where it is not a parameter of its own."""

    OWN = "own"
    LEGAL = "legal_limit"
    PROMISED = "promised_limit"
    CHANNEL = "channel"  # 1 working day online, 2 by post
    GIVEN = "given"  # the step names the last day


@dataclass(frozen=True)
class DutyKind:
    """One kind of duty: what it is called, which article, and how its time is counted.

    `amount` is the default of the parameter `duty.<kind>`, which a place may set for itself, except where
    the article itself fixes it.
    """

    label: str | Promise
    article: str
    amount: int = 0
    unit: Unit = Unit.WORKING_DAY
    limit: Limit = Limit.OWN
    counts: Counts = Counts.NOW
    fixed_by_law: bool = False
    can_be_stopped: bool = False


DUTIES: dict[str, DutyKind] = {
    # whose turn it is
    "finish_review": DutyKind(_("完成形式审查并收件"), "P21(1)", 1),
    "bring_correction": DutyKind(_("补齐补正材料"), "P21(1)", 10, limit=Limit.GIVEN),
    "amend_returned": DutyKind(_("处理属地退回的办件"), "P21(1)", 2),
    "send_papers": DutyKind(
        _("流转材料"), "P21(2)", limit=Limit.CHANNEL, counts=Counts.RECEIVED, fixed_by_law=True
    ),
    "confirm_arrival": DutyKind(_("逐份核对到达材料"), "P21(3)", 7),
    "decide_acceptance": DutyKind(_("作出受理决定"), "P21(3)", 5, fixed_by_law=True),
    "relay_correction": DutyKind(_("向申请人转告补正要求"), "P21(3)", 1),
    "decide": DutyKind(
        _("作出审批决定"), "P21(3)", limit=Limit.PROMISED, counts=Counts.ACCEPTED, can_be_stopped=True
    ),
    "give_opinion": DutyKind(_("部门反馈办理意见"), "P21(3)", limit=Limit.GIVEN),
    "end_suspension": DutyKind(_("结束特别程序"), "P21(3)", limit=Limit.GIVEN),
    "issue_result": DutyKind(_("颁发并送达结果"), "P21(4)", 10, counts=Counts.DECIDED, fixed_by_law=True),
    "confirm_delivery": DutyKind(_("确认结果妥投"), "P21(4)", 7),
    "confirm_result_arrival": DutyKind(_("确认结果寄达本窗口"), "P21(4)", 7),
    "hand_over": DutyKind(_("向申请人交付结果"), "P21(4)", 20),
    "retry_delivery": DutyKind(_("重新安排送达"), "P21(4)", 2),
    "close_case": DutyKind(_("归档办结"), "P21(4)", 3),
    "return_papers": DutyKind(_("向申请人退还材料"), "P21(1)", 2),
    # beside the turn
    "off_list_consent": DutyKind(_("答复清单外事项请求"), "P24", 1),
    "send_paper": DutyKind(_("补寄纸质材料"), "P21(2)", 2, counts=Counts.RECEIVED, fixed_by_law=True),
    "answer_discrepancy": DutyKind(_("处理材料差异"), "P21(2)", 2),
    "confirm_paper": DutyKind(_("核对后寄纸质材料"), "P21(3)", 7),
    "promised_limit": DutyKind(
        _("承诺期限"), "P21(3)", limit=Limit.PROMISED, counts=Counts.ACCEPTED, can_be_stopped=True
    ),
    "legal_limit": DutyKind(
        _("法定时限"),
        "P21(3)",
        limit=Limit.LEGAL,
        counts=Counts.ACCEPTED,
        fixed_by_law=True,
        can_be_stopped=True,
    ),
    "tell_result": DutyKind(_("告知申请人和收件地窗口结果"), "P21(4)", 1, counts=Counts.DECIDED),
}


@dataclass(frozen=True)
class StateRow:
    """Whose turn a state is, and the duty that this turn is; neither for a state that ends the case."""

    turn: Part | None
    duty: str | None
    # The sentence that applicant, receiving and home window all read (C10). {holder} has the case.
    sentence: str | Promise


STATES: dict[State, StateRow] = {
    State.DRAFTING: StateRow(Part.RECEIVING, "finish_review", _("{holder}正在审查申请材料。")),
    State.CORRECTION: StateRow(
        Part.APPLICANT, "bring_correction", _("请申请人按一次性告知书补齐材料，送至{receiving}。")
    ),
    State.RETURNED: StateRow(
        Part.RECEIVING, "amend_returned", _("属地窗口已退回，由{holder}处理，已录内容全部保留。")
    ),
    State.RECEIVED: StateRow(Part.RECEIVING, "send_papers", _("{holder}已收件，正在准备流转材料。")),
    State.IN_TRANSFER: StateRow(Part.HOME, "confirm_arrival", _("材料已发出，等{holder}核对接收。")),
    State.ARRIVED: StateRow(Part.HOME, "decide_acceptance", _("材料已到{holder}，等待受理决定。")),
    State.RELAY: StateRow(Part.RECEIVING, "relay_correction", _("属地要求补正，由{holder}转告申请人。")),
    State.HOME_CORRECTION: StateRow(Part.APPLICANT, "bring_correction", _("请申请人按属地要求补正材料。")),
    State.APPROVAL: StateRow(Part.HOME, "decide", _("{holder}已受理，正在审批。")),
    State.WITH_DEPARTMENT: StateRow(Part.DEPARTMENT, "give_opinion", _("{holder}正在办理。")),
    State.SUSPENDED: StateRow(
        Part.HOME, "end_suspension", _("正在进行依法不计时的特别程序，由{holder}跟进。")
    ),
    State.DECIDED: StateRow(Part.HOME, "issue_result", _("已作出决定，等{holder}颁发送达。")),
    State.DELIVERING: StateRow(Part.HOME, "confirm_delivery", _("结果已寄给申请人，由{holder}跟踪妥投。")),
    State.RESULT_IN_TRANSFER: StateRow(Part.RECEIVING, "confirm_result_arrival", _("结果正寄往{holder}。")),
    State.PICKUP_HOME: StateRow(Part.HOME, "hand_over", _("结果已备好，请申请人到{holder}领取。")),
    State.PICKUP_RECEIVING: StateRow(Part.RECEIVING, "hand_over", _("结果已到，请申请人到{holder}领取。")),
    State.DELIVERY_FAILED: StateRow(Part.HOME, "retry_delivery", _("送达未成功，由{holder}重新安排。")),
    State.DELIVERED: StateRow(Part.HOME, "close_case", _("结果已送达，等{holder}归档。")),
    State.RETURNING_RECEIVING: StateRow(Part.RECEIVING, "return_papers", _("由{holder}向申请人退还材料。")),
    State.RETURNING_HOME: StateRow(Part.HOME, "return_papers", _("由{holder}向申请人退还材料。")),
    State.CLOSED: StateRow(None, None, _("本件已办结。")),
    State.LAPSED: StateRow(None, None, _("逾期未补正，视为放弃本次申请。")),
    State.WITHDRAWN: StateRow(None, None, _("申请人已撤回申请。")),
    State.EXPLAINED: StateRow(None, None, _("所办事项不在通办清单内，窗口已解释说明，没有收件。")),
}

FINAL = frozenset(s for s, row in STATES.items() if row.turn is None)
OPEN = frozenset(State) - FINAL


@dataclass(frozen=True)
class Opens:
    """A duty beside the turn that a step opens, and who owes it."""

    kind: str
    bearer: Part


@dataclass(frozen=True)
class Step:
    """One way on: a row of STEPS. `to` is empty where the state stays and the turn goes on."""

    label: str | Promise
    from_: frozenset[State]
    to: State | None
    by: frozenset[Part]
    article: str
    opens: tuple[Opens, ...] = ()
    may_open: tuple[Opens, ...] = ()  # opened when the verb finds cause
    discharges: tuple[str, ...] = ()
    cancels: tuple[str, ...] = ()
    is_main: bool = False  # the step that the state is there for: offered first
    turn_ends: Outcome = Outcome.DONE  # what becomes of the duty that was the turn


def _s(*states: State) -> frozenset[State]:
    return frozenset(states)


def _p(*parts: Part) -> frozenset[Part]:
    return frozenset(parts)


S = State
BEFORE_RECEIPT = _s(S.DRAFTING, S.RETURNED)
UNDER_DECISION = _s(S.APPROVAL, S.WITH_DEPARTMENT, S.SUSPENDED)
AT_HOME = _s(S.IN_TRANSFER, S.ARRIVED, S.RELAY, S.HOME_CORRECTION) | UNDER_DECISION
AFTER_DECISION = _s(
    S.DECIDED,
    S.DELIVERING,
    S.RESULT_IN_TRANSFER,
    S.PICKUP_HOME,
    S.PICKUP_RECEIVING,
    S.DELIVERY_FAILED,
    S.DELIVERED,
)
LIMITS = ("promised_limit", "legal_limit")
SIDE = ("send_paper", "answer_discrepancy", "confirm_paper", *LIMITS)
ASKED = ("off_list_consent",)
R, H, D, SYS = Part.RECEIVING, Part.HOME, Part.DEPARTMENT, Part.SYSTEM

OPENING = Step(_("登记"), frozenset(), S.DRAFTING, _p(R), "P21(1)")

STEPS: dict[str, Step] = {
    # formality review at the receiving window
    "ask_correction": Step(
        _("出具一次性告知书"), BEFORE_RECEIPT, S.CORRECTION, _p(R), "P21(1)", cancels=ASKED
    ),
    "bring_correction": Step(
        _("申请人送来补正材料"), _s(S.CORRECTION), S.DRAFTING, _p(R), "P21(1)", is_main=True
    ),
    "lapse": Step(_("逾期未补正"), _s(S.CORRECTION), S.LAPSED, _p(SYS), "P21(1)", turn_ends=Outcome.LAPSED),
    "receive": Step(
        _("收件并出具收件通知书"), BEFORE_RECEIPT, S.RECEIVED, _p(R), "P21(1)", cancels=ASKED, is_main=True
    ),
    "withdraw_early": Step(
        _("申请人撤回"),
        BEFORE_RECEIPT | _s(S.CORRECTION),
        S.WITHDRAWN,
        _p(R),
        "P21(1)",
        cancels=(*SIDE, *ASKED),
        turn_ends=Outcome.CANCELLED,
    ),
    # what is not on the list (P24): the receiving window explains, or asks the home window
    "ask_off_list": Step(
        _("就清单外事项请示属地窗口"),
        _s(S.DRAFTING),
        None,
        _p(R),
        "P24",
        opens=(Opens("off_list_consent", H),),
    ),
    "consent_off_list": Step(_("同意按规程办理"), _s(S.DRAFTING), None, _p(H), "P24", discharges=ASKED),
    "decline_off_list": Step(_("不同意办理"), _s(S.DRAFTING), None, _p(H), "P24", discharges=ASKED),
    "drop_off_list": Step(_("撤回请示"), _s(S.DRAFTING), None, _p(R), "P24", cancels=ASKED),
    "explain_off_list": Step(
        _("解释说明，不收件"),
        _s(S.DRAFTING),
        S.EXPLAINED,
        _p(R),
        "P24",
        cancels=(*SIDE, *ASKED),
        turn_ends=Outcome.CANCELLED,
    ),
    # transfer
    "choose_channel": Step(
        _("改变流转方式"), _s(S.RECEIVED), S.RECEIVED, _p(R), "P21(2)", turn_ends=Outcome.CANCELLED
    ),
    "send": Step(_("发出材料"), _s(S.RECEIVED), S.IN_TRANSFER, _p(R), "P21(2)", is_main=True),
    "send_with_paper": Step(
        _("发出电子材料，纸质后寄"),
        _s(S.RECEIVED),
        S.IN_TRANSFER,
        _p(R),
        "P21(2)",
        opens=(Opens("send_paper", R),),
        is_main=True,
    ),
    "demand_paper": Step(
        _("要求补寄纸质材料"),
        _s(S.ARRIVED) | UNDER_DECISION,
        None,
        _p(H),
        "P21(2)",
        opens=(Opens("send_paper", R),),
    ),
    "post_paper": Step(
        _("补寄纸质材料"),
        AT_HOME,
        None,
        _p(R),
        "P21(2)",
        opens=(Opens("confirm_paper", H),),
        discharges=("send_paper",),
    ),
    "confirm_paper": Step(
        _("核对后寄纸质材料"),
        AT_HOME,
        None,
        _p(H),
        "P21(3)",
        may_open=(Opens("answer_discrepancy", R),),
        discharges=("confirm_paper",),
    ),
    "confirm_arrival": Step(
        _("核对到达材料"),
        _s(S.IN_TRANSFER),
        S.ARRIVED,
        _p(H),
        "P21(3)",
        may_open=(Opens("answer_discrepancy", R),),
        is_main=True,
    ),
    "answer_discrepancy": Step(
        _("处理材料差异"), AT_HOME, None, _p(R), "P21(2)", discharges=("answer_discrepancy",)
    ),
    "forward": Step(
        _("转往其他属地窗口"),
        _s(S.IN_TRANSFER, S.ARRIVED),
        S.IN_TRANSFER,
        _p(H),
        "P7",
        turn_ends=Outcome.CANCELLED,
    ),
    "return_case": Step(
        _("退回收件地窗口"),
        _s(S.IN_TRANSFER, S.ARRIVED),
        S.RETURNED,
        _p(H),
        "P21(3)",
        cancels=SIDE,
        turn_ends=Outcome.CANCELLED,
    ),
    # acceptance
    "accept": Step(
        _("受理"),
        _s(S.ARRIVED),
        S.APPROVAL,
        _p(H),
        "P21(3)",
        opens=(Opens("promised_limit", H), Opens("legal_limit", H)),
        is_main=True,
    ),
    "ask_home_correction": Step(
        _("要求补正，直接告知申请人"), _s(S.ARRIVED), S.HOME_CORRECTION, _p(H), "P21(3)"
    ),
    "ask_relayed_correction": Step(_("要求补正，由收件地转告"), _s(S.ARRIVED), S.RELAY, _p(H), "P21(3)"),
    "relay_correction": Step(
        _("已转告申请人"), _s(S.RELAY), S.HOME_CORRECTION, _p(R), "P21(3)", is_main=True
    ),
    "bring_to_receiving": Step(
        _("补正材料已送到收件地"), _s(S.HOME_CORRECTION), S.RECEIVED, _p(R), "P21(1)", is_main=True
    ),
    "bring_to_home": Step(
        _("补正材料已送到属地"), _s(S.HOME_CORRECTION), S.ARRIVED, _p(H), "P21(3)", is_main=True
    ),
    "lapse_at_home": Step(
        _("逾期未补正"),
        _s(S.HOME_CORRECTION),
        S.RETURNING_HOME,
        _p(SYS),
        "P21(1)",
        cancels=SIDE,
        turn_ends=Outcome.LAPSED,
    ),
    "decline": Step(_("不予受理"), _s(S.ARRIVED), S.RETURNING_HOME, _p(H), "P21(3)", cancels=SIDE),
    # approval
    "hand_off": Step(
        _("转部门办理"), _s(S.APPROVAL), S.WITH_DEPARTMENT, _p(H), "P21(3)", turn_ends=Outcome.CANCELLED
    ),
    "give_opinion": Step(_("反馈办理意见"), _s(S.WITH_DEPARTMENT), S.APPROVAL, _p(D), "P21(3)", is_main=True),
    "recall": Step(
        _("收回自办"), _s(S.WITH_DEPARTMENT), S.APPROVAL, _p(H), "P21(3)", turn_ends=Outcome.CANCELLED
    ),
    "suspend": Step(
        _("依法暂停计时"), _s(S.APPROVAL), S.SUSPENDED, _p(H), "P21(3)", turn_ends=Outcome.CANCELLED
    ),
    "resume": Step(_("恢复计时"), _s(S.SUSPENDED), S.APPROVAL, _p(H), "P21(3)", is_main=True),
    "grant": Step(
        _("准予"),
        _s(S.APPROVAL),
        S.DECIDED,
        _p(H),
        "P21(3)",
        opens=(Opens("tell_result", H),),
        discharges=LIMITS,
        cancels=("send_paper", "answer_discrepancy", "confirm_paper"),
        is_main=True,
    ),
    "refuse": Step(
        _("不予许可"),
        _s(S.APPROVAL),
        S.DECIDED,
        _p(H),
        "P21(3)",
        opens=(Opens("tell_result", H),),
        discharges=LIMITS,
        cancels=("send_paper", "answer_discrepancy", "confirm_paper"),
    ),
    # result
    "tell_result": Step(_("已告知结果"), AFTER_DECISION, None, _p(H), "P21(4)", discharges=("tell_result",)),
    "post_result": Step(
        _("寄送结果"), _s(S.DECIDED, S.DELIVERY_FAILED), S.DELIVERING, _p(H), "P21(4)", is_main=True
    ),
    "offer_pickup": Step(_("结果留窗待领"), _s(S.DECIDED, S.DELIVERY_FAILED), S.PICKUP_HOME, _p(H), "P21(4)"),
    "send_result": Step(
        _("结果寄往收件地窗口"), _s(S.DECIDED, S.DELIVERY_FAILED), S.RESULT_IN_TRANSFER, _p(H), "P21(4)"
    ),
    "confirm_result_arrival": Step(
        _("结果已寄达"), _s(S.RESULT_IN_TRANSFER), S.PICKUP_RECEIVING, _p(R), "P21(4)", is_main=True
    ),
    "hand_over": Step(_("交付申请人"), _s(S.PICKUP_HOME), S.DELIVERED, _p(H), "P21(4)", is_main=True),
    "hand_over_here": Step(
        _("交付申请人"), _s(S.PICKUP_RECEIVING), S.DELIVERED, _p(R), "P21(4)", is_main=True
    ),
    "confirm_delivery": Step(_("确认妥投"), _s(S.DELIVERING), S.DELIVERED, _p(H), "P21(4)", is_main=True),
    "fail_delivery": Step(
        _("送达未成功"),
        _s(S.DELIVERING, S.PICKUP_HOME),
        S.DELIVERY_FAILED,
        _p(H),
        "P21(4)",
        turn_ends=Outcome.CANCELLED,
    ),
    "fail_delivery_here": Step(
        _("送达未成功"),
        _s(S.RESULT_IN_TRANSFER, S.PICKUP_RECEIVING),
        S.DELIVERY_FAILED,
        _p(R),
        "P21(4)",
        turn_ends=Outcome.CANCELLED,
    ),
    "close": Step(
        _("归档办结"), _s(S.DELIVERED), S.CLOSED, _p(H), "P21(4)", cancels=("tell_result",), is_main=True
    ),
    # the applicant takes it back after receipt: whoever holds the papers returns them
    "withdraw": Step(
        _("申请人撤回"),
        _s(S.RECEIVED),
        S.RETURNING_RECEIVING,
        _p(R),
        "P21(1)",
        cancels=SIDE,
        turn_ends=Outcome.CANCELLED,
    ),
    "withdraw_at_home": Step(
        _("申请人撤回"),
        AT_HOME,
        S.RETURNING_HOME,
        _p(R, H),
        "P21(3)",
        cancels=SIDE,
        turn_ends=Outcome.CANCELLED,
    ),
    "finish_return": Step(
        _("材料已退还"), _s(S.RETURNING_RECEIVING), S.CLOSED, _p(R), "P21(1)", is_main=True
    ),
    # the window that holds it is closed: another one takes its place, whatever the state
    "take_over": Step(_("窗口撤销，由其他窗口承接"), OPEN, None, _p(SYS), "P13"),
    "finish_return_at_home": Step(
        _("材料已退还"), _s(S.RETURNING_HOME), S.CLOSED, _p(H), "P21(1)", is_main=True
    ),
}
