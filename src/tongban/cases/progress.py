"""Progress of a case for whoever holds its number and the last four characters of the identity number (F1, C10).

It says how the case stands and nothing beyond: no name, no matter, no paper. Who guesses is told the same
whether the number, the four characters or both are wrong; doors spend `BY_ADDRESS` and `BY_NUMBER` first.
"""

import datetime
import hmac
from dataclasses import dataclass

from django.utils.translation import gettext as _

from tongban.cases import queries
from tongban.cases.models import Case, CaseApplicant, CorrectionNotice
from tongban.cases.states import FINAL, STATES, Mode, Part, State
from tongban.directory import contacts
from tongban.directory.models import Window
from tongban.duties import queries as duties
from tongban.duties.models import Duty
from tongban.kernel import ids, keyring, refusals
from tongban.people.limits import Limit

# Four characters are 11,000 possibilities: so many tries find nothing, from one place or about one number.
BY_ADDRESS = Limit("progress.address", 20, datetime.timedelta(minutes=10))
BY_NUMBER = Limit("progress.number", 10, datetime.timedelta(hours=1))
_NOBODY = "\0" * 18


class NotFound(refusals.NotFound):
    """没有查到。请核对业务编号和证件号码后四位，两项都对才能查到；业务编号印在收件通知书或者一次性告知书上。"""


@dataclass(frozen=True)
class Progress:
    """How a case stands: one sentence, since when and until when, what its applicant must do, whom to ask."""

    number: str
    state: State
    sentence: str
    is_over: bool
    since_at: datetime.datetime | None
    due_at: datetime.datetime | None
    why: list[str]
    to_do: str
    ask: Window


def find(number: str, tail: str) -> Progress:
    """Give the progress of the case of a number to whoever also gives the last four of the applicant's identity.

    Raises:
        NotFound: the same for a number that is not there and for other characters.
    """
    case = _case(number)
    applicant = CaseApplicant.objects.filter(case_id=case.id).first() if case else None
    identity = queries.identity_of(applicant) if applicant else ""
    typed = tail.strip().upper().ljust(4, "\0")
    is_right = hmac.compare_digest((identity or _NOBODY)[-4:].upper().encode(), typed.encode())
    if case is None or not identity or not is_right:
        raise NotFound()
    return of(case)


def subject_of(number: str) -> str:
    """Give under which name tries about a number are counted, however it is written; all wrong ones share one."""
    try:
        return ids.number_of(ids.id_of(number))
    except ids.BadNumber:
        return "wrong"


def _case(number: str) -> Case | None:
    rows = Case.objects.select_related("receiving_window", "home_window", "department")
    try:
        row = rows.filter(id=ids.id_of(number)).first()
    except ids.BadNumber:
        row = None
    if row is None:
        keyring.current().lookup_digest(_NOBODY)  # as much work as opening a number would be
    return row


def of(case: Case) -> Progress:
    """Give the progress of a case, for somebody whose right to it is known."""
    turn = next((d for d in queries.duties_of(case.id) if d.is_turn), None)
    state = State(case.state)
    return Progress(
        number=case.number,
        state=state,
        sentence=queries.progress_of(case),
        is_over=state in FINAL,
        since_at=turn.opened_at if turn else case.closed_at,
        due_at=turn.due_at if turn else None,
        why=_why(turn),
        to_do=_to_do(case, state),
        ask=_asked(case, state),
    )


def _why(turn: Duty | None) -> list[str]:
    if turn is None or turn.due_at is None:
        return []
    try:
        return duties.due_of(turn).explain()
    except refusals.Refusal as refusal:  # a calendar that was taken back: the progress is still told
        return [refusal.message]


def _asked(case: Case, state: State) -> Window:
    """Give the window that can be asked: whoever holds it now, the receiving window while that is the applicant."""
    if STATES[state].turn in (Part.HOME, Part.DEPARTMENT) and case.home_window:
        return case.home_window
    return case.receiving_window


def _to_do(case: Case, state: State) -> str:
    if state in (State.CORRECTION, State.HOME_CORRECTION):
        notice = (
            CorrectionNotice.objects.filter(case_id=case.id, settled_at=None).order_by("-asked_at").first()
        )
        if case.mode == Mode.ONLINE and notice is not None:
            return _("请登录后在{day}前按告知的内容在线补正。逾期视为放弃本次申请。").format(
                day=f"{notice.due_on:%Y-%m-%d}"
            )
        if notice is None:
            return _("请按一次性告知书补齐材料，送到{window}。").format(window=case.receiving_window.name)
        return _("请在{day}前按一次性告知书补齐材料，送到{window}。逾期视为放弃本次申请。").format(
            day=f"{notice.due_on:%Y-%m-%d}", window=case.receiving_window.name
        )
    if state in (State.PICKUP_HOME, State.PICKUP_RECEIVING):
        at_home = state == State.PICKUP_HOME and case.home_window
        window = case.home_window if at_home and case.home_window else case.receiving_window
        return _("请带身份证件到{window}领取结果，地址：{address}，办公时间：{hours}。").format(
            window=window.name, address=window.address, hours=contacts.hours_of(window)
        )
    if state == State.FILLING:
        return _("请登录后填写完并提交。")
    if state == State.DOWNLOADABLE:
        return _("请登录后下载电子结果，下载即为签收。")
    if state in FINAL:
        return _("没有需要您做的。")
    return _("您现在不用做什么。")
