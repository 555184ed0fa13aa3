"""Who may take a step on a case: the people whose turn the step's row names."""

from django.utils.translation import gettext as _

from tongban.cases.models import Case
from tongban.cases.states import PART_NAMES, STEPS, WRITTEN_ONLINE, Mode, Part, State
from tongban.kernel import refusals
from tongban.people.actors import Actor


class NotYourPart(refusals.NotAllowed):
    """“{step}”由{parts}办理，您的岗位不在其中。"""


class NotThisState(refusals.OutOfTurn):
    """本件现在的状态是“{state}”，不能办理“{step}”。可能别人已经办过了，请刷新后查看最新进度。"""


class NotThisMode(refusals.OutOfTurn):
    """“{mode}”的办件没有“{step}”这一步。"""


class NotChecked(refusals.NotAllowed):
    """全程网办须先实名核验。请完成实名核验后再申请，也可以就近到窗口办理。"""


class OutsideMandate(refusals.NotAllowed):
    """您的授权不包括这个事项。请联系授权人扩大授权范围，或者切换办理身份。"""


class NoWindow(refusals.NotAllowed):
    """您目前没有窗口岗位，不能收件。请联系本单位的管理人员安排岗位。"""


def parts_of(actor: Actor, case: Case) -> frozenset[Part]:
    """Give the parts that somebody plays on a case; one window may play both (P9)."""
    if actor.is_system:
        return frozenset({Part.SYSTEM})
    if actor.is_applicant:
        return frozenset({Part.APPLICANT}) if _is_theirs(actor, case) else frozenset()
    parts = set()
    if case.helper_id == actor.id:
        parts.add(Part.HELPER)
    if case.receiving_window_id in actor.window_ids and not is_unsent(case):
        parts.add(Part.RECEIVING)
    if case.home_window_id in actor.window_ids and (case.received_at or case.off_list_asked_at):
        parts.add(Part.HOME)
    if case.department_id in actor.department_ids:
        parts.add(Part.DEPARTMENT)
    return frozenset(parts)


def is_unsent(case: Case) -> bool:
    """Say whether a case is its applicant's alone still: written online, and not sent to any window."""
    return case.mode == Mode.ONLINE and case.received_at is None


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
        NotThisMode: there is no such step in the way in which the case is handled.
        NotThisState: the case is elsewhere in its life.
    """
    step = STEPS[name]
    if not step.by & parts_of(by, case):
        names = "、".join(str(PART_NAMES[part]) for part in sorted(step.by))
        raise NotYourPart(step=step.label, parts=names)
    _require_now(name, case)


def _require_now(name: str, case: Case) -> None:
    step = STEPS[name]
    if case.mode not in step.modes:
        raise NotThisMode(mode=Mode(case.mode).label, step=step.label)
    if case.state not in step.from_:
        raise NotThisState(state=State(case.state).label, step=step.label)


def require_help(name: str, case: Case, *, by: Actor) -> None:
    """Refuse to become somebody's helper, except to a clerk while the case is in its applicant's hands.

    That the applicant has given the clerk a code is for the caller to see.
    """
    if not by.window_ids:
        raise NotYourPart(step=STEPS[name].label, parts=PART_NAMES[Part.HELPER])
    _require_now(name, case)


def may_step(name: str, case: Case, *, by: Actor) -> bool:
    """Say whether `require_step` would let the person pass."""
    step = STEPS[name]
    return case.mode in step.modes and case.state in step.from_ and bool(step.by & parts_of(by, case))


def require_edit(case: Case, *, by: Actor) -> None:
    """Refuse changes to what was entered, except by the receiving window while it reviews the papers."""
    if Part.RECEIVING not in parts_of(by, case):
        raise NotYourPart(step="录入", parts=PART_NAMES[Part.RECEIVING])
    if case.state not in (State.DRAFTING, State.RETURNED):
        raise NotThisState(state=State(case.state).label, step="录入")


def require_writing(case: Case, *, by: Actor) -> None:
    """Refuse changes to an online case, except by its applicant and whom they let help, while they have it (P22)."""
    if not parts_of(by, case) & {Part.APPLICANT, Part.HELPER}:
        raise NotYourPart(step=_("填写申请"), parts=PART_NAMES[Part.APPLICANT])
    if case.mode != Mode.ONLINE:
        raise NotThisMode(mode=Mode(case.mode).label, step=_("填写申请"))
    if case.state not in WRITTEN_ONLINE:
        raise NotThisState(state=State(case.state).label, step=_("填写申请"))


def require_start(actor: Actor, item_id: int) -> None:
    """Refuse an online application by somebody whose number nobody has checked, or outside their mandate.

    Raises:
        NotChecked, OutsideMandate; NotYourPart: one of the staff.
    """
    if not actor.is_applicant:
        raise NotYourPart(step=_("填写申请"), parts=PART_NAMES[Part.APPLICANT])
    standing = actor.standing
    if standing is None or not standing.is_checked or not actor.party.digest:
        raise NotChecked()
    if not actor.party.covers(item_id):
        raise OutsideMandate()


def require_scan(case: Case, *, by: Actor) -> None:
    """Refuse scans, except by the receiving window until the papers are sent: they become electronic then (P21(2))."""
    if Part.RECEIVING not in parts_of(by, case):
        raise NotYourPart(step=_("上传扫描件"), parts=PART_NAMES[Part.RECEIVING])
    if case.state not in (State.DRAFTING, State.RETURNED, State.RECEIVED):
        raise NotThisState(state=State(case.state).label, step=_("上传扫描件"))


def may_see_looks(case: Case, *, by: Actor) -> bool:
    """Say whether somebody answers for a case, and so may see who has looked at its protected data (P26(4))."""
    leads = by.lead_window_ids & {case.receiving_window_id, case.home_window_id}
    return bool(leads or by.managed_prefixes)


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
