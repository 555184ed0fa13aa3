"""The duties that cases bring: what each is called, which article, and how its time is counted. Data only."""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tongban.duties.models import Unit


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
    "finish_application": DutyKind(_("填写并提交申请"), "P22", 30, Unit.CALENDAR_DAY),
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
    "download_result": DutyKind(_("下载电子结果"), "P21(4)", 10, Unit.CALENDAR_DAY),
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
