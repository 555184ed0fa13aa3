"""What must be true of places and calendars."""

from tongban.kernel import refusals


class NotListed(refusals.NotAllowed):
    """{place}没有列入五省“跨省通办”窗口联络清单，不适用工作规程（第十三条），不能收件或转办。请向申请人解释说明。"""


class UnknownPlace(refusals.NotFound):
    """没有代码为“{code}”的行政区划。请重新选择地方。"""


class NoReason(refusals.Incomplete):
    """请填写这一天放假或者上班的原因，期限说明中会原样显示。"""


class NoSource(refusals.Incomplete):
    """请填写依据，例如放假通知的名称和文号。"""


class NothingSet(refusals.NotFound):
    """{on}没有单独的日历安排，无需撤销。"""


class YearKnown(refusals.Conflict):
    """{year}年的工作日历已经维护，请直接修改其中的日期。"""


class NotBackwards(refusals.NotAllowed):
    """练习时钟只能向前拨。要回到当前时间，请使用重置。"""


def chain_of(code: str) -> list[str]:
    """Give the codes from the province down to the division itself, each once."""
    if not code:
        return []
    chain = [code[:digits].ljust(12, "0") for digits in (2, 4, 6, 9, 12)]
    return list(dict.fromkeys(c for c in chain if c <= code))


def prefix_of(code: str) -> str:
    """Give the leading digits that everything inside a place shares."""
    length = len(code.rstrip("0"))
    return code[: next(n for n in (2, 4, 6, 9, 12) if length <= n)]


class PlaceReplaced(refusals.Incomplete):
    """{place}已于{on}撤销，由{successor}承接。请改选{successor}。"""


class UnknownWindow(refusals.NotFound):
    """没有找到这个窗口。请从列表中重新进入。"""


class UnknownAuthority(refusals.NotFound):
    """没有找到这个机构。请从列表中重新进入。"""


class UnknownList(refusals.NotFound):
    """联络清单没有第{number}版。请从版本列表中选择。"""


class NotFilled(refusals.Incomplete):
    """还有内容没有填对，请按各栏的提示修改。"""


class NameTaken(refusals.Conflict):
    """“{name}”在这个大厅里已经有了，请换一个名称。"""


class WindowClosed(refusals.OutOfTurn):
    """{window}已经撤销或者正在移交，不能再修改。"""


class NothingToPublish(refusals.OutOfTurn):
    """与已发布的第{number}版相比没有任何变化，不需要发布新版本。"""


class ListIncomplete(refusals.Incomplete):
    """还不能发布：{what}。"""


class ChangedSinceSeen(refusals.Conflict):
    """您打开页面之后，这些内容又有变化。请核对最新内容后再提交，您填写的内容没有丢失。"""
