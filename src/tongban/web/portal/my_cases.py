"""What an applicant reads about their cases: who has it, until when and why, and what they must do."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from tongban.cases import queries
from tongban.cases.models import Case
from tongban.cases.states import Mode, State
from tongban.duties import queries as duty_queries
from tongban.duties.models import Duty
from tongban.kernel import worktime
from tongban.web.kit.templatetags import kit


@dataclass(frozen=True)
class Line:
    """One case in one sentence, the date that counts with its reasons, and what its applicant must do."""

    case: Case
    progress: str
    due_at: datetime.datetime | None
    why: list[str]
    lateness: str
    todo: str
    waits: bool  # for the applicant

    @property
    def is_online(self) -> bool:
        """Whether the applicant writes and follows it on pages of its own."""
        return self.case.mode == Mode.ONLINE

    @property
    def item(self) -> str:
        """What the case is about, in the words of the procedure."""
        return self.case.procedure.name if self.case.procedure else _("还没有选定事项")


def lines_of(cases: Sequence[Case], *, at: datetime.datetime) -> list[Line]:
    """Give what is said of each case, in one query whatever their number."""
    turns = duty_queries.turns_of(case.id for case in cases)
    return [line_of(case, turns.get(case.id), at=at) for case in cases]


def line_of(case: Case, turn: Duty | None, *, at: datetime.datetime) -> Line:
    """Give what is said of a case.

    Args:
        turn: the open duty that is its turn; None when it has ended.
    """
    return Line(
        case=case,
        progress=queries.progress_of(case),
        due_at=turn.due_at if turn else None,
        why=why_of(turn) if turn else [],
        lateness=kit.lateness(turn.due_at, turn.amber_at, at) if turn and turn.due_at else "",
        todo=todo_of(case, turn),
        waits=case.state in queries.WAITS_FOR_APPLICANT,
    )


def why_of(duty: Duty) -> list[str]:
    """Say how a date was counted: since when, which days, which not and why."""
    try:
        return duty_queries.due_of(duty).explain()
    except worktime.NoCalendar as refusal:
        return [refusal.message]


def todo_of(case: Case, turn: Duty | None) -> str:
    """Say what the applicant must do now, and by when."""
    by_when = kit.day(turn.due_at) if turn and turn.due_at else ""
    if case.state == State.CORRECTION:
        return _("请在{day}前把要补的材料送到{window}，逾期视为放弃本次申请。").format(
            day=by_when, window=case.receiving_window.name
        )
    if case.state == State.FILLING:
        return _("请在{day}前填写完并提交。").format(day=by_when)
    if case.state == State.DOWNLOADABLE:
        return _("请在{day}前下载电子结果，下载即为签收。").format(day=by_when)
    if case.state == State.HOME_CORRECTION and case.mode == Mode.ONLINE:
        return _("请在{day}前在线补正，逾期视为放弃本次申请。").format(day=by_when)
    if case.state == State.HOME_CORRECTION:
        return _("请在{day}前按属地的要求补正材料。").format(day=by_when)
    if case.state in (State.PICKUP_HOME, State.PICKUP_RECEIVING):
        return _("请带身份证件到{window}领取结果。").format(window=queries.holder_name(case))
    if case.state == State.DELIVERING:
        return _("结果已寄出，请留意签收。")
    return "" if not case.is_open else _("您现在不用做什么。")
