"""Which moments of a case are told, by which ways, and what becomes of a message. Data only."""

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    """A moment that somebody is told of: those that P21 names, and those that anybody would expect."""

    RECEIPT = "receipt", _("已收件")
    CORRECTION = "correction", _("收件地要求补正")
    HOME_CORRECTION = "home_correction", _("属地要求补正")
    ONLINE_CORRECTION = "online_correction", _("要求在线补正")
    CORRECTION_DUE = "correction_due", _("补正即将到期")
    ONLINE_DUE = "online_due", _("在线补正即将到期")
    LAPSED = "lapsed", _("逾期未补正")
    ACCEPTED = "accepted", _("已受理")
    DECLINED = "declined", _("不予受理")
    SUSPENDED = "suspended", _("依法暂停计时")
    RESUMED = "resumed", _("恢复计时")
    GRANTED = "granted", _("准予")
    REFUSED = "refused", _("不予许可")
    RESULT_SENT = "result_sent", _("结果已寄出")
    READY_HOME = "ready_home", _("结果可到属地窗口领取")
    READY_HERE = "ready_here", _("结果可到收件地窗口领取")
    READY_ONLINE = "ready_online", _("电子结果可以下载")
    DELIVERY_FAILED = "delivery_failed", _("送达未成功")
    DELIVERED = "delivered", _("结果已送达")
    WITHDRAWN = "withdrawn", _("已撤回")
    RESULT_HERE = "result_here", _("告知收件地窗口：已有结果")  # to the window that took the papers in
    CODE = "code", _("验证码")  # of no case: somebody asked for it this minute


class Channel(models.TextChoices):
    SMS = "sms", _("短信")
    EMAIL = "email", _("电子邮件")
    IN_SITE = "in_site", _("站内消息")


class MessageState(models.TextChoices):
    """What is known of a message. `unknown`: a gateway was asked, and whether it took the message is not known."""

    QUEUED = "queued", _("待发送")
    SENT = "sent", _("已发出")
    DELIVERED = "delivered", _("已送达")
    FAILED = "failed", _("发送失败")
    UNKNOWN = "unknown", _("结果不明")


WAITING = (MessageState.QUEUED, MessageState.UNKNOWN)

# Step → what is told of it. A step that is not here concerns the windows, not the applicant.
MOMENTS: dict[str, Kind] = {
    "receive": Kind.RECEIPT,
    "ask_correction": Kind.CORRECTION,
    "ask_home_correction": Kind.HOME_CORRECTION,
    "relay_correction": Kind.HOME_CORRECTION,
    "lapse": Kind.LAPSED,
    "lapse_at_home": Kind.LAPSED,
    "accept": Kind.ACCEPTED,
    "decline": Kind.DECLINED,
    "suspend": Kind.SUSPENDED,
    "resume": Kind.RESUMED,
    "grant": Kind.GRANTED,
    "refuse": Kind.REFUSED,
    "post_result": Kind.RESULT_SENT,
    "offer_pickup": Kind.READY_HOME,
    "confirm_result_arrival": Kind.READY_HERE,
    "fail_delivery": Kind.DELIVERY_FAILED,
    "fail_delivery_here": Kind.DELIVERY_FAILED,
    "hand_over": Kind.DELIVERED,
    "hand_over_here": Kind.DELIVERED,
    "confirm_delivery": Kind.DELIVERED,
    "withdraw_early": Kind.WITHDRAWN,
    "withdraw": Kind.WITHDRAWN,
    "withdraw_at_home": Kind.WITHDRAWN,
    "submit": Kind.RECEIPT,
    "ask_online_correction": Kind.ONLINE_CORRECTION,
    "lapse_online": Kind.LAPSED,
    "decline_online": Kind.DECLINED,
    "offer_online": Kind.READY_ONLINE,
    "download": Kind.DELIVERED,
    "take_back": Kind.WITHDRAWN,
}

# Step → what the receiving window is told of it, where another window decided (P21(4)).
RESULTS: dict[str, str | Promise] = {"grant": _("准予"), "refuse": _("不予许可"), "decline": _("不予受理")}

# Whose window the applicant is sent to: the receiving one, where they have been, unless it is said here.
AT_HOME = frozenset(
    {
        *(Kind.HOME_CORRECTION, Kind.ACCEPTED, Kind.DECLINED, Kind.SUSPENDED, Kind.RESUMED, Kind.GRANTED),
        *(Kind.REFUSED, Kind.RESULT_SENT, Kind.READY_HOME, Kind.DELIVERY_FAILED, Kind.RESULT_HERE),
    }
)

# What a text may name in braces, and what stands for it in a preview.
FIELDS: dict[str, tuple[str | Promise, str]] = {
    "number": (_("业务编号"), "2EPR-W3M0-DWPF"),
    "item": (_("事项"), "社会保险参保缴费记录查询"),
    "window": (_("窗口名称"), "示例区“跨省通办”窗口"),
    "phone": (_("窗口电话"), "000-12345678"),
    "due": (_("截止日期"), "2026-03-16"),
    "link": (_("进度查询地址"), "https://example.gov.cn/progress/?number=2EPR-W3M0-DWPF"),
    "rating": (
        _("评价地址"),
        "https://example.gov.cn/rate/AaW0XjEyMzQ1Njc4OTAxMjM0NTY3ODkBI0VniavN7wEjRWeJq83v/",
    ),
}
CODE_FIELDS: dict[str, tuple[str | Promise, str]] = {
    "code": (_("验证码"), "123456"),
    "minutes": (_("有效分钟数"), "5"),
}
OUTCOME_FIELD = {"outcome": (_("决定"), "准予")}
CHINESE = "zh-hans"  # what is written where a language has no wording
LANGUAGES = {CHINESE: _("中文"), "en": _("英文")}
# Only these moments set a day; elsewhere `{due}` would stay empty.
WITH_A_DAY = frozenset(
    {
        *(Kind.CORRECTION, Kind.HOME_CORRECTION, Kind.ONLINE_CORRECTION),
        *(Kind.CORRECTION_DUE, Kind.ONLINE_DUE),
    }
)
# Only after these something can be rated that could not before (F4); elsewhere `{rating}` would stay empty.
WITH_RATING = frozenset({Kind.RECEIPT, Kind.DECLINED, Kind.DELIVERED})


def fields_of(kind: str) -> dict[str, tuple[str | Promise, str]]:
    """Give what the texts of a moment may name, each with what it is and a sample."""
    if kind == Kind.CODE:
        return dict(CODE_FIELDS)
    if kind == Kind.RESULT_HERE:
        return {name: FIELDS[name] for name in ("number", "item", "window", "phone")} | OUTCOME_FIELD
    left_out = {name for name, kinds in (("due", WITH_A_DAY), ("rating", WITH_RATING)) if kind not in kinds}
    return {name: said for name, said in FIELDS.items() if name not in left_out}
