"""Who may take a step on a case: the people whose turn the step's row names."""

from django.utils.translation import gettext as _

from tongban.cases.models import Case
from tongban.cases.states import PART_NAMES, STEPS, Part, State
from tongban.kernel import refusals
from tongban.people.actors import Actor


class NotYourPart(refusals.NotAllowed):
    """“{step}”由{parts}办理，您的岗位不在其中。"""


class NotThisState(refusals.OutOfTurn):
    """本件现在的状态是“{state}”，不能办理“{step}”。可能别人已经办过了，请刷新后查看最新进度。"""


class NoWindow(refusals.NotAllowed):
    """您目前没有窗口岗位，不能收件。请联系本单位的管理人员安排岗位。"""


def parts_of(actor: Actor, case: Case) -> frozenset[Part]:
    """Give the parts that somebody plays on a case; one window may play both (P9)."""
    if actor.is_system:
        return frozenset({Part.SYSTEM})
    if actor.is_applicant:
        return frozenset({Part.APPLICANT}) if _is_theirs(actor, case) else frozenset()
    parts = set()
    if case.receiving_window_id in actor.window_ids:
        parts.add(Part.RECEIVING)
    if case.home_window_id in actor.window_ids and (case.received_at or case.off_list_asked_at):
        parts.add(Part.HOME)
    if case.department_id in actor.department_ids:
        parts.add(Part.DEPARTMENT)
    return frozenset(parts)


def _is_theirs(actor: Actor, case: Case) -> bool:
    """Tell whether a case is that of the one for whom an applicant acts, within the mandate."""
    party = actor.party
    if not party.digest or bytes(case.applicant.identity_digest) != party.digest:
        return False
    return party.items is None or (case.procedure is not None and party.covers(case.procedure.item_id))


def require_step(name: str, case: Case, *, by: Actor) -> None:
    """Refuse a step that the case's state does not have, or that is not this person's to take.

    Raises:
        NotYourPart: the step belongs to another part.
        NotThisState: the case is elsewhere in its life.
    """
    step = STEPS[name]
    if not step.by & parts_of(by, case):
        names = "、".join(str(PART_NAMES[part]) for part in sorted(step.by))
        raise NotYourPart(step=step.label, parts=names)
    if case.state not in step.from_:
        raise NotThisState(state=State(case.state).label, step=step.label)


def may_step(name: str, case: Case, *, by: Actor) -> bool:
    """Say whether `require_step` would let the person pass."""
    return bool(STEPS[name].by & parts_of(by, case)) and case.state in STEPS[name].from_


def require_edit(case: Case, *, by: Actor) -> None:
    """Refuse changes to what was entered, except by the receiving window while it reviews the papers."""
    if Part.RECEIVING not in parts_of(by, case):
        raise NotYourPart(step="录入", parts=PART_NAMES[Part.RECEIVING])
    if case.state not in (State.DRAFTING, State.RETURNED):
        raise NotThisState(state=State(case.state).label, step="录入")


def require_scan(case: Case, *, by: Actor) -> None:
    """Refuse scans, except by the receiving window until the papers are sent: they become electronic then (P21(2))."""
    if Part.RECEIVING not in parts_of(by, case):
        raise NotYourPart(step=_("上传扫描件"), parts=PART_NAMES[Part.RECEIVING])
    if case.state not in (State.DRAFTING, State.RETURNED, State.RECEIVED):
        raise NotThisState(state=State(case.state).label, step=_("上传扫描件"))


def may_scan(case: Case, *, by: Actor) -> bool:
    """Say whether `require_scan` would let the person pass."""
    try:
        require_scan(case, by=by)
    except (NotYourPart, NotThisState):
        return False
    return True


def require_window(actor: Actor, window_id: int | None) -> int:
    """Give the window at which somebody receives: the one named, or the only one held.

    Raises:
        NoWindow: when the person holds no post there.
    """
    if window_id is None and len(actor.window_ids) >= 1:
        return min(actor.window_ids)
    if window_id is None or window_id not in actor.window_ids:
        raise NoWindow()
    return window_id
