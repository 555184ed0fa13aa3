"""The life of a case, collected (异地代收代办) or online (全程网办), as three tables: states, duties, steps. Data only.

A state says whose turn it is and which duty that turn is. A step says from where, to where, by whom, in which
modes, under which article, which further duties it opens and discharges, and under which code the journal keeps it.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tongban.cases.clocks import DUTIES as DUTIES
from tongban.duties.models import Outcome


class State(models.TextChoices):
    FILLING = "filling", _("申请人填写中")
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
    DOWNLOADABLE = "downloadable", _("待申请人下载结果")
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
    UNSENT = "unsent", _("逾期未提交")


class Part(StrEnum):
    """The part that somebody plays on a case."""

    RECEIVING = "receiving"
    HOME = "home"
    DEPARTMENT = "department"
    APPLICANT = "applicant"
    HELPER = "helper"  # a clerk whom an applicant lets write in their draft
    SYSTEM = "system"


PART_NAMES = {
    Part.RECEIVING: _("收件地窗口"),
    Part.HOME: _("属地窗口"),
    Part.DEPARTMENT: _("审批部门"),
    Part.APPLICANT: _("申请人"),
    Part.HELPER: _("协助填写的窗口人员"),
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
    ELECTRONIC = "electronic", _("电子结果，自行下载")


DELIVERY_WAYS = {  # the ways that a result can take in each mode; a paper one is never sent to a window far away
    Mode.COLLECTED: (DeliveryWay.POST, DeliveryWay.PICK_UP_HOME, DeliveryWay.PICK_UP_RECEIVING),
    Mode.ONLINE: (DeliveryWay.ELECTRONIC, DeliveryWay.POST, DeliveryWay.PICK_UP_HOME),
}


class CaseOutcome(models.TextChoices):
    GRANTED = "granted", _("准予")
    REFUSED = "refused", _("不予许可")
    DECLINED = "declined", _("不予受理")
    WITHDRAWN = "withdrawn", _("申请人撤回")
    LAPSED = "lapsed", _("逾期未补正")
    OFF_LIST = "off_list", _("清单外未收件")
    UNSENT = "unsent", _("逾期未提交")


@dataclass(frozen=True)
class StateRow:
    """Whose turn a state is, and the duty that this turn is; neither for a state that ends the case."""

    turn: Part | None
    duty: str | None
    # The sentence that applicant, receiving and home window all read (C10). {holder} has the case.
    sentence: str | Promise


STATES: dict[State, StateRow] = {
    State.FILLING: StateRow(Part.APPLICANT, "finish_application", _("申请人正在填写，还没有提交。")),
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
    State.DOWNLOADABLE: StateRow(
        Part.APPLICANT, "download_result", _("电子结果已经出具，请申请人登录下载。")
    ),
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
    State.UNSENT: StateRow(None, None, _("没有按时提交，申请没有生效。需要办理的，请重新申请。")),
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
    modes: frozenset[Mode] = frozenset({Mode.COLLECTED})
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
    S.DOWNLOADABLE,
    S.PICKUP_HOME,
    S.PICKUP_RECEIVING,
    S.DELIVERY_FAILED,
    S.DELIVERED,
)
LIMITS = ("promised_limit", "legal_limit")
SIDE = ("send_paper", "answer_discrepancy", "confirm_paper", *LIMITS)
ASKED = ("off_list_consent",)
R, H, D, SYS = Part.RECEIVING, Part.HOME, Part.DEPARTMENT, Part.SYSTEM
A, HELPER = Part.APPLICANT, Part.HELPER
ONLINE = frozenset({Mode.ONLINE})
BOTH = frozenset({Mode.COLLECTED, Mode.ONLINE})
WRITTEN_ONLINE = _s(S.FILLING, S.HOME_CORRECTION)  # where an online case is in its applicant's hands

OPENING = Step(_("登记"), frozenset(), S.DRAFTING, _p(R), "P21(1)")
STARTING = Step(_("开始填写申请"), frozenset(), S.FILLING, _p(A), "P22", ONLINE)
BEGINNINGS = {"open": OPENING, "start": STARTING}  # what begins a case, by the journal's code

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
        BOTH,
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
        _("转部门办理"), _s(S.APPROVAL), S.WITH_DEPARTMENT, _p(H), "P21(3)", BOTH, turn_ends=Outcome.CANCELLED
    ),
    "give_opinion": Step(
        _("反馈办理意见"), _s(S.WITH_DEPARTMENT), S.APPROVAL, _p(D), "P21(3)", BOTH, is_main=True
    ),
    "recall": Step(
        _("收回自办"), _s(S.WITH_DEPARTMENT), S.APPROVAL, _p(H), "P21(3)", BOTH, turn_ends=Outcome.CANCELLED
    ),
    "suspend": Step(
        _("依法暂停计时"), _s(S.APPROVAL), S.SUSPENDED, _p(H), "P21(3)", BOTH, turn_ends=Outcome.CANCELLED
    ),
    "resume": Step(_("恢复计时"), _s(S.SUSPENDED), S.APPROVAL, _p(H), "P21(3)", BOTH, is_main=True),
    "grant": Step(
        _("准予"),
        _s(S.APPROVAL),
        S.DECIDED,
        _p(H),
        "P21(3)",
        BOTH,
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
        BOTH,
        opens=(Opens("tell_result", H),),
        discharges=LIMITS,
        cancels=("send_paper", "answer_discrepancy", "confirm_paper"),
    ),
    # result
    "tell_result": Step(
        _("已告知结果"), AFTER_DECISION, None, _p(H), "P21(4)", BOTH, discharges=("tell_result",)
    ),
    "post_result": Step(
        _("寄送结果"), _s(S.DECIDED, S.DELIVERY_FAILED), S.DELIVERING, _p(H), "P21(4)", BOTH, is_main=True
    ),
    "offer_pickup": Step(
        _("结果留窗待领"), _s(S.DECIDED, S.DELIVERY_FAILED), S.PICKUP_HOME, _p(H), "P21(4)", BOTH
    ),
    "send_result": Step(
        _("结果寄往收件地窗口"), _s(S.DECIDED, S.DELIVERY_FAILED), S.RESULT_IN_TRANSFER, _p(H), "P21(4)"
    ),
    "confirm_result_arrival": Step(
        _("结果已寄达"), _s(S.RESULT_IN_TRANSFER), S.PICKUP_RECEIVING, _p(R), "P21(4)", is_main=True
    ),
    "hand_over": Step(_("交付申请人"), _s(S.PICKUP_HOME), S.DELIVERED, _p(H), "P21(4)", BOTH, is_main=True),
    "hand_over_here": Step(
        _("交付申请人"), _s(S.PICKUP_RECEIVING), S.DELIVERED, _p(R), "P21(4)", is_main=True
    ),
    "confirm_delivery": Step(
        _("确认妥投"), _s(S.DELIVERING), S.DELIVERED, _p(H), "P21(4)", BOTH, is_main=True
    ),
    "fail_delivery": Step(
        _("送达未成功"),
        _s(S.DELIVERING, S.PICKUP_HOME),
        S.DELIVERY_FAILED,
        _p(H),
        "P21(4)",
        BOTH,
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
        _("归档办结"),
        _s(S.DELIVERED),
        S.CLOSED,
        _p(H),
        "P21(4)",
        BOTH,
        cancels=("tell_result",),
        is_main=True,
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
    "take_over": Step(_("窗口撤销，由其他窗口承接"), OPEN, None, _p(SYS), "P13", BOTH),
    "finish_return_at_home": Step(
        _("材料已退还"), _s(S.RETURNING_HOME), S.CLOSED, _p(H), "P21(1)", is_main=True
    ),
    # online (P22): the applicant writes, sends, corrects, takes back and downloads; nothing travels on paper
    "submit": Step(_("提交申请"), _s(S.FILLING), S.ARRIVED, _p(A), "P22", ONLINE, is_main=True),
    "lapse_draft": Step(
        _("逾期未提交"), _s(S.FILLING), S.UNSENT, _p(SYS), "P22", ONLINE, turn_ends=Outcome.LAPSED
    ),
    "begin_help": Step(_("窗口开始协助填写"), WRITTEN_ONLINE, None, _p(HELPER), "P22", ONLINE),
    "end_help": Step(_("结束协助填写"), WRITTEN_ONLINE, None, _p(A, HELPER), "P22", ONLINE),
    "ask_online_correction": Step(
        _("要求补正，在线告知申请人"), _s(S.ARRIVED), S.HOME_CORRECTION, _p(H), "P21(3)", ONLINE
    ),
    "send_correction": Step(
        _("提交补正"), _s(S.HOME_CORRECTION), S.ARRIVED, _p(A), "P22", ONLINE, is_main=True
    ),
    "lapse_online": Step(
        _("逾期未补正"), _s(S.HOME_CORRECTION), S.LAPSED, _p(SYS), "P22", ONLINE, turn_ends=Outcome.LAPSED
    ),
    "take_back": Step(
        _("申请人撤回"),
        WRITTEN_ONLINE | _s(S.ARRIVED) | UNDER_DECISION,
        S.WITHDRAWN,
        _p(A),
        "P22",
        ONLINE,
        cancels=LIMITS,
        turn_ends=Outcome.CANCELLED,
    ),
    "forward_online": Step(
        _("转往其他属地窗口"), _s(S.ARRIVED), S.ARRIVED, _p(H), "P7", ONLINE, turn_ends=Outcome.CANCELLED
    ),
    "decline_online": Step(
        _("不予受理"),
        _s(S.ARRIVED),
        S.DECIDED,
        _p(H),
        "P21(3)",
        ONLINE,
        opens=(Opens("tell_result", H),),
    ),
    "offer_online": Step(
        _("发布电子结果"),
        _s(S.DECIDED, S.DELIVERY_FAILED),
        S.DOWNLOADABLE,
        _p(H),
        "P21(4)",
        ONLINE,
        is_main=True,
    ),
    "download": Step(
        _("下载电子结果"),
        _s(S.DOWNLOADABLE),
        S.DELIVERED,
        _p(A),
        "P21(4)",
        ONLINE,
        discharges=("tell_result",),
        is_main=True,
    ),
    "lapse_download": Step(
        _("逾期未下载"),
        _s(S.DOWNLOADABLE),
        S.DELIVERY_FAILED,
        _p(SYS),
        "P21(4)",
        ONLINE,
        turn_ends=Outcome.LAPSED,
    ),
}
