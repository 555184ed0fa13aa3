"""The workbook of another system's ratings (12345, a province's own): its columns, and what may be wrong in it."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from tongban.feedback.states import Leg, Level
from tongban.kernel import refusals, sheets
from tongban.kernel.sheets import Column, Fault, Sheet


class NoFile(refusals.Incomplete):
    """请选择要导入的 Excel 工作簿。"""


class Faulty(refusals.Incomplete):
    """工作簿里有 {count} 处错误，一条也没有导入。请按提示改正后重新上传。"""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = list(faults)
        super().__init__(count=len(self.faults))


def sheet() -> Sheet:
    """Give the one sheet of ratings, in the language in force."""
    return Sheet(
        "ratings",
        _("评价"),
        [
            Column("system", _("来源系统"), required=True, width=18, help=_("例如：12345")),
            Column("number", _("来源编号"), required=True, width=24, help=_("同一编号只导入一次")),
            Column("case", _("业务编号"), width=18, help=_("没有的可不填，但须填写区划代码")),
            Column("code", _("区划代码"), width=16, help=_("评价的是哪里，十二位代码")),
            Column("leg", _("环节"), required=True, choices={x.value: x.label for x in Leg}),
            Column("level", _("等级"), required=True, choices={str(x.value): x.label for x in Level}),
            Column("on", _("评价日期"), kind="date", required=True),
            Column("words", _("评价内容"), width=40),
            Column("phone", _("联系电话"), width=18, help=_("差评回访用，加密保存")),
        ],
    )


def template() -> bytes:
    """Give the empty workbook."""
    about = [_("一行一条评价。有一处错误，整个工作簿都不导入；改好后重新上传，已导入的不会重复。")]
    return sheets.write([(sheet(), [])], title=_("导入评价"), about=about)
