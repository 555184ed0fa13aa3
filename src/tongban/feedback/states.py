"""What is rated, what a bad rating and a complaint go through, and every clock of them as a row. Data only."""

from dataclasses import dataclass

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Leg(models.TextChoices):
    RECEIVING = "receiving", _("收件窗口的服务")
    HOME = "home", _("属地窗口的办理")
    PARCEL = "parcel", _("结果的寄递")


class Level(models.IntegerChoices):
    VERY_GOOD = 5, _("非常满意")
    GOOD = 4, _("满意")
    FAIR = 3, _("基本满意")
    BAD = 2, _("不满意")
    VERY_BAD = 1, _("非常不满意")


BAD = frozenset({Level.BAD, Level.VERY_BAD})


class Road(models.TextChoices):
    """By which way a rating or a complaint came."""

    PORTAL = "portal", _("个人空间")
    LINK = "link", _("短信链接")
    NUMBER = "number", _("凭编号")
    TICKET = "ticket", _("窗口评价码")
    WINDOW = "window", _("窗口代录")
    PHONE = "phone", _("热线电话")
    RATING = "rating", _("评价转入")
    IMPORT = "import", _("外部系统")


class RectificationState(models.TextChoices):
    OPEN = "open", _("整改中")
    RECTIFIED = "rectified", _("待回访")
    CLOSED = "closed", _("已完成")
    DROPPED = "dropped", _("评价不计入，已撤销")


class CallBack(models.TextChoices):
    SATISFIED = "satisfied", _("满意")
    UNSATISFIED = "unsatisfied", _("仍不满意")
    UNREACHABLE = "unreachable", _("多次联系未果")


class AppealOutcome(models.TextChoices):
    UPHELD = "upheld", _("认定为恶意评价，不计入")
    REJECTED = "rejected", _("维持评价")


class ComplaintKind(models.TextChoices):
    COMPLAINT = "complaint", _("投诉")
    REPORT = "report", _("举报")
    REQUEST = "request", _("求助")
    SUGGESTION = "suggestion", _("建议")
    CONSULTATION = "consultation", _("咨询")


class ComplaintState(models.TextChoices):
    OPEN = "open", _("办理中")
    ANSWERED = "answered", _("已答复")


class GuidanceKind(models.TextChoices):
    CONSULTATION = "consultation", _("咨询")
    HELP = "help", _("帮办")
    PROXY = "proxy", _("代办")
    COMPANY = "company", _("陪办")


@dataclass(frozen=True)
class DutyRow:
    """A clock: its name, article and length in working days, which a place may set under `parameter`."""

    label: str | Promise
    article: str
    days: int
    parameter: str


DUTIES: dict[str, DutyRow] = {
    "contact_rater": DutyRow(_("联系评价人"), "F4", 1, "feedback.contact_days"),
    "rectify_rating": DutyRow(_("整改差评"), "F4", 5, "feedback.rectify_days"),
    "call_back_rater": DutyRow(_("回访评价人"), "F4", 2, "feedback.call_back_days"),
    "decide_appeal": DutyRow(_("审定差评申诉"), "F4", 5, "feedback.appeal_days"),
    "answer_complaint": DutyRow(_("答复投诉"), "P11", 1, "feedback.complaint_days"),
    "answer_late_complaint": DutyRow(_("督办逾期投诉"), "P11", 1, "feedback.complaint_days_above"),
    "settle_late_complaint": DutyRow(_("协调逾期投诉"), "P11", 2, "feedback.complaint_days_group"),
}
COMPLEX = ("feedback.rectify_days_complex", 15)
