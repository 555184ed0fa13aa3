"""Refusals about wordings and messages, and the hours at which nobody is woken."""

import datetime

from tongban.kernel import refusals, worktime

QUIET_FROM = "messages.quiet_from"  # parameters, whole hours in Beijing
QUIET_UNTIL = "messages.quiet_until"
DEFAULT_QUIET = (22, 8)


class SameWords(refusals.Conflict):
    """内容与现行版本相同，没有发布新版本。"""


class ChangedMeanwhile(refusals.Conflict):
    """在您编辑期间，别人已经发布了新版本。请核对现行版本后再发布。"""


class UnknownWording(refusals.NotFound):
    """没有这个消息模板。请从列表中重新进入。"""


class UnknownMessage(refusals.NotFound):
    """没有这条消息，或者它不需要重发。请刷新后查看。"""


class NotTheGateway(refusals.NotAllowed):
    """回执的签名不正确，没有采信。请核对通道名称和密钥。"""


def after_quiet(at: datetime.datetime, *, quiet: tuple[int, int] = DEFAULT_QUIET) -> datetime.datetime:
    """Give the first moment from `at` on at which people may be disturbed; equal hours: at any time."""
    begins, ends = quiet
    local = at.astimezone(worktime.BEIJING)
    is_quiet = begins <= local.hour or local.hour < ends if begins > ends else begins <= local.hour < ends
    if not is_quiet:
        return at
    day = local.date() + datetime.timedelta(days=1 if local.hour >= ends else 0)
    return datetime.datetime.combine(day, datetime.time(ends), worktime.BEIJING).astimezone(datetime.UTC)
