"""What must hold of ratings and complaints, and the sentences that say no."""

from collections.abc import Iterable

from tongban.feedback.states import Leg, Level
from tongban.kernel import refusals, text

LONGEST = 500


class Unknown(refusals.NotFound):
    """没有找到。请核对编号和末四位，或者从列表中重新进入。"""


class NothingToRate(refusals.OutOfTurn):
    """这个环节还没有完成，完成后再请您评价。"""


class RatedAlready(refusals.OutOfTurn):
    """这个环节已经评价过了，一个环节评价一次。"""


class NoLevel(refusals.Incomplete):
    """请选择一个等级：从非常满意到非常不满意，共五级。"""


class NoLeg(refusals.Incomplete):
    """请选择要评价的环节。"""


class TooLong(refusals.Incomplete):
    """内容太长，最多 {limit} 个字。"""


class NeedsWords(refusals.Incomplete):
    """请填写{what}。"""


class NotNow(refusals.OutOfTurn):
    """这一步已经办过了，或者现在还不能办。请刷新后查看最新情况。"""


class ContactFirst(refusals.OutOfTurn):
    """请先联系评价人、核实情况，再登记整改结果。"""


class NotTheLead(refusals.NotAllowed):
    """联合办理的投诉由牵头机构{place}拟答复，您所在机构对拟答复表示同意或者提出意见。"""


class OwnAppeal(refusals.NotAllowed):
    """申诉由上一级机构审定，提出申诉的人不能审定。"""


class NobodyResponsible(refusals.Incomplete):
    """请选择投诉的是哪里：没有找到负责那里的政务服务管理机构。"""


class BadFour(refusals.Incomplete):
    """请填写四位查询码：证件号码或者手机号码的末四位。"""


class BadKind(refusals.Incomplete):
    """请从列表中选择一项。"""


class TakenAlready(refusals.OutOfTurn):
    """这个来源编号的投诉已经登记过，一个编号登记一次。"""


class BadMinutes(refusals.Incomplete):
    """请填写分钟数，1 到 999，也可以不填。"""


class AnsweredMeanwhile(refusals.Conflict):
    """在您操作期间，别人已经改了拟答复或者已经答复。您填写的内容没有丢失，请核对最新情况后再提交。"""


def level_of(value: int | None) -> Level:
    """Read a level.

    Raises:
        NoLevel.
    """
    if value not in Level.values:
        raise NoLevel(fields={"level": NoLevel().message})
    return Level(value)


def leg_of(value: str) -> Leg:
    """Read a leg.

    Raises:
        NoLeg.
    """
    if value not in Leg.values:
        raise NoLeg(fields={"leg": NoLeg().message})
    return Leg(value)


def words_of(value: str, *, field: str, what: str = "", limit: int = LONGEST) -> str:
    """Clean what was written; `what` names it when it must not be empty.

    Raises:
        NeedsWords, TooLong.
    """
    said = text.clean(value, keep_lines=True)
    if what and not said:
        raise NeedsWords(what=what, fields={field: NeedsWords(what=what).message})
    if len(said) > limit:
        raise TooLong(fields={field: TooLong(limit=limit).message}, limit=limit)
    return said


def one_of(value: str, allowed: Iterable[str], *, field: str) -> str:
    """Give a choice that is one.

    Raises:
        BadKind.
    """
    if value not in set(allowed):
        raise BadKind(fields={field: BadKind().message})
    return value


def four_of(value: str, *, field: str = "four") -> str:
    """Clean the last four characters by which something is found again.

    Raises:
        BadFour.
    """
    said = text.clean(value).upper()
    if len(said) != 4 or not said.isascii() or not said.isalnum():
        raise BadFour(fields={field: BadFour().message})
    return said
