"""Whose standard may whom touch: a province its own, the coordination group the five-province one (P8, P23); everyday words."""

from tongban.catalogue.models import Draft
from tongban.kernel import refusals
from tongban.people.actors import Actor
from tongban.people.roles import Role


class NotYourStandard(refusals.NotAllowed):
    """收件受理标准由{who}维护，您可以查看，不能修改。"""


class OwnWork(refusals.NotAllowed):
    """标准要由起草人以外的人审核。请本单位的另一位人员审核发布，或者退回修改。"""


class NotTheGroup(refusals.NotAllowed):
    """只有协调小组人员可以办理这一步。"""


class NotYourProcedure(NotYourStandard):
    """五省共用的办理项由协调小组新建，一个省自己的办理项由该省政务服务管理机构新建。"""


class NotAProvince(refusals.NotAllowed):
    """只有省级政务服务管理机构人员可以代表本省答复。"""


def provinces_of(actor: Actor) -> tuple[str, ...]:
    """Give the codes of the provinces for whose authority somebody works."""
    codes = (p.division_code for p in actor.posts if p.role == Role.MANAGER and len(p.division_prefix) == 2)
    return tuple(dict.fromkeys(codes))


def may_edit(province: str | None, *, by: Actor) -> bool:
    """Say whether a standard is somebody's to write: a province's by its code, None for the five-province one."""
    return by.has(Role.GROUP) if province is None else province in provinces_of(by)


def require_edit(province: str | None, *, by: Actor) -> None:
    """Refuse changes to a standard that is not the person's own.

    Raises:
        NotYourStandard: naming who keeps it.
    """
    if not may_edit(province, by=by):
        raise NotYourStandard(who="协调小组" if province is None else "该省政务服务管理机构")


def require_make(province: str | None, *, by: Actor) -> None:
    """Refuse a new procedure of all five to all but the coordination group, a province's to all but its authority.

    Raises:
        NotYourProcedure.
    """
    if not may_edit(province, by=by):
        raise NotYourProcedure


def may_review(draft: Draft, *, by: Actor) -> bool:
    """Say whether somebody may review a draft: it is theirs to keep, and they have not written on it."""
    return may_edit(draft.province_id, by=by) and by.id not in draft.writers


def require_review(draft: Draft, *, by: Actor) -> None:
    """Refuse a review by somebody who wrote on the draft.

    Raises:
        NotYourStandard, OwnWork.
    """
    require_edit(draft.province_id, by=by)
    if by.id in draft.writers:
        raise OwnWork


def require_group(by: Actor) -> None:
    """Refuse everybody who does not work for the coordination group.

    Raises:
        NotTheGroup.
    """
    if not by.has(Role.GROUP):
        raise NotTheGroup


def require_province(by: Actor) -> str:
    """Give the code of the province for which somebody answers.

    Raises:
        NotAProvince: they work for none.
    """
    provinces = provinces_of(by)
    if not provinces:
        raise NotAProvince
    return provinces[0]


class NotYourWords(refusals.NotAllowed):
    """日常说法由各级政务服务管理机构和协调小组维护，您的岗位不在其中。"""


def may_keep_words(by: Actor) -> bool:
    """Tell whether somebody may add and remove everyday words (W5)."""
    return by.has(Role.MANAGER) or by.has(Role.GROUP)


def require_words(by: Actor) -> None:
    """Refuse everyday words from anybody else.

    Raises:
        NotYourWords.
    """
    if not may_keep_words(by):
        raise NotYourWords
