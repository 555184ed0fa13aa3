"""What must be true before a form is issued."""

import datetime

from tongban.kernel import refusals
from tongban.notices.models import Notice
from tongban.notices.wording import OFFICE_TIME

# The form names the hour, and a correction notice counts its days from the date.
PREVIEW_LASTS = datetime.timedelta(hours=1)


class UnknownNotice(refusals.NotFound):
    """没有找到这份文书。请核对文书编号，或者从办件页面重新进入。"""


class AlreadyIssued(refusals.OutOfTurn):
    """这份文书已经出具，不必重复办理。需要再打印的，请在办件页面打开。"""


class OnlyOnline(refusals.OutOfTurn):
    """只有全程网办的办件由系统送达电子结果；这一件的结果请邮寄或者到窗口领取。"""


class NoOwnResult(refusals.NotFound):
    """没有上传本机关的电子结果，或者现在不能查看。准予时由系统生成决定书。"""


class OnlyPdf(refusals.Incomplete):
    """电子结果只能是 PDF 文件。请把证照、批文另存为 PDF 后上传。"""


class PreviewTooOld(refusals.Conflict):
    """这份预览已超过一小时或已跨日，上面的日期不再准确。请重新预览后出具。"""


class ChangedSincePreview(refusals.Conflict):
    """预览之后，办件内容有改动，预览的文书与现在的内容不一致。请重新预览，核对后出具。"""


def check_can_be_issued(notice: Notice, *, at: datetime.datetime) -> None:
    """Refuse a form that counts already, or whose date would no longer be true."""
    if notice.issued_at is not None:
        raise AlreadyIssued
    same_day = at.astimezone(OFFICE_TIME).date() == notice.prepared_at.astimezone(OFFICE_TIME).date()
    if not same_day or at - notice.prepared_at > PREVIEW_LASTS:
        raise PreviewTooOld
