"""The workbook of another system's ratings (12345, a province's own): its columns, and what may be wrong in it."""

from collections.abc import Sequence

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


# In Chinese whatever the page's language is, as all workbooks are: one who fills it in need not be who took it.
SHEET = Sheet(
    "ratings",
    "评价",
    (
        Column("system", "来源系统", required=True, width=18, help="例如：12345"),
        Column("number", "来源编号", required=True, width=24, help="同一编号只导入一次"),
        Column("case", "业务编号", width=18, help="没有的可不填，但须填写区划代码"),
        Column("code", "区划代码", width=16, help="评价的是哪里，十二位代码"),
        Column("leg", "环节", required=True, choices={x.value: x.label for x in Leg}),
        Column("level", "等级", required=True, choices={str(x.value): x.label for x in Level}),
        Column("on", "评价日期", kind="date", required=True),
        Column("words", "评价内容", width=40),
        Column("phone", "联系电话", width=18, help="差评回访用，加密保存"),
    ),
)
ABOUT = ("一行一条评价。有一处错误，整个工作簿都不导入；改好后重新上传，已导入的不会重复。",)


def template() -> bytes:
    """Give the empty workbook."""
    return sheets.write([(SHEET, [])], title="导入评价", about=ABOUT)
