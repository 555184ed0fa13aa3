"""Whose part of the directory may whom touch: each authority edits its own, those above see, the province publishes."""

from django.db.models import Q, QuerySet

from tongban.directory.models import Authority, Division, Level, Window
from tongban.directory.places import Who
from tongban.kernel import refusals
from tongban.people.actors import Actor, HeldPost
from tongban.people.roles import AT_WINDOW, Role


class NotYourPart(refusals.NotAllowed):
    """{place}由它自己的政务服务管理机构维护，您没有那里的管理岗位。"""


class NotTheProvince(refusals.NotAllowed):
    """联络清单由省级政务服务管理机构发布（第十三条），您没有这个省的省级管理岗位。"""


class NotYourArea(refusals.NotAllowed):
    """只有当地及上级政务服务管理机构的人员可以安排{place}的人员。"""


class NotYourRoster(refusals.NotAllowed):
    """{place}的值班由窗口负责人或者当地管理机构安排，您没有那里的岗位。"""


class NotAtYourWindow(refusals.NotAllowed):
    """您在{place}没有窗口岗位，不能在那里登记在岗。"""


def may_edit(actor: Actor, authority_id: int) -> bool:
    """Tell whether somebody keeps what belongs to an authority: its own managers do, nobody above it."""
    return _managing(actor, authority_id) is not None


def require_edit(actor: Actor, authority: Authority) -> Who:
    """Give who edits, for the record, or refuse somebody who is not a manager of this very authority.

    Raises:
        NotYourPart: another authority's manager, or no manager.
    """
    post = _managing(actor, authority.id)
    if post is None:
        raise NotYourPart(place=authority.name)
    return Who(actor.id, actor.name, post.place)


def _managing(actor: Actor, authority_id: int) -> HeldPost | None:
    return next((p for p in actor.posts if p.role == Role.MANAGER and p.authority_id == authority_id), None)


def may_publish(actor: Actor, province_code: str) -> bool:
    """Tell whether somebody may publish a province's part of the contact list."""
    return any(p.role == Role.MANAGER and p.division_code == province_code for p in actor.posts)


def require_publish(actor: Actor, province_code: str) -> Who:
    """Give who publishes, for the record.

    Raises:
        NotTheProvince: not a manager of the authority of the province itself.
    """
    for post in actor.posts:
        if post.role == Role.MANAGER and post.division_code == province_code:
            return Who(actor.id, actor.name, post.place)
    raise NotTheProvince()


def provinces_to_publish(actor: Actor) -> list[str]:
    """Give the codes of the provinces whose part somebody may publish."""
    codes = {p.division_code for p in actor.posts if p.role == Role.MANAGER}
    return sorted(code for code in codes if code.endswith("0" * 10))


def may_manage_area(actor: Actor, code: str) -> bool:
    """Tell whether a division lies in the area of one of somebody's authorities."""
    return any(code.startswith(prefix) for prefix in actor.managed_prefixes)


def require_area(actor: Actor, code: str, *, place: str) -> Who:
    """Give who arranges staff at a place, for the record.

    Raises:
        NotYourArea: the place lies outside every area that the person manages.
    """
    for post in actor.posts:
        if post.role == Role.MANAGER and code.startswith(post.division_prefix):
            return Who(actor.id, actor.name, post.place)
    raise NotYourArea(place=place)


def may_plan_roster(actor: Actor, window: Window) -> bool:
    """Tell whether somebody plans who is on duty at a window: its leads, and who manages its area."""
    return window.id in actor.lead_window_ids or may_manage_area(actor, window.hall.authority.division_id)


def require_roster(actor: Actor, window: Window) -> Who:
    """Give who plans the duty of a window, for the record.

    Raises:
        NotYourRoster: neither a lead of the window nor a manager of its area.
    """
    if not may_plan_roster(actor, window):
        raise NotYourRoster(place=window.name)
    return Who(actor.id, actor.name, actor.place)


def authorities_seen_by(actor: Actor) -> QuerySet[Authority]:
    """Give the authorities whose part somebody may see: their own area's, their window's, all for the group."""
    rows = Authority.objects.filter(kind="management")
    if actor.has(Role.GROUP):
        return rows
    return rows.filter(_inside(actor, "division__code", "halls__windows")).distinct()


def windows_seen_by(actor: Actor) -> QuerySet[Window]:
    """Give the windows that somebody may see with what is not public: equipment, staff, what is being prepared."""
    if actor.has(Role.GROUP):
        return Window.objects.all()
    return Window.objects.filter(_inside(actor, "hall__authority__division__code", ""))


def _inside(actor: Actor, code_path: str, window_path: str) -> Q:
    found = Q(pk__in=[])
    for prefix in actor.managed_prefixes:
        found |= Q(**{f"{code_path}__startswith": prefix})
    own = [p.window_id for p in actor.posts if p.window_id and p.role in AT_WINDOW]
    if own:
        found |= Q(**{f"{window_path}__id__in" if window_path else "id__in": own})
    return found


class NotYourAnnouncement(refusals.NotAllowed):
    """公告由各级政务服务管理机构为本地发布、由协调小组为五省发布，您没有相应的岗位。"""


def places_to_announce(actor: Actor) -> list[str | None]:
    """Give for which places somebody may publish announcements, None first for all five provinces."""
    if actor.has(Role.GROUP):
        rows = Division.objects.filter(level=Level.PROVINCE).order_by("code")
        return [None, *rows.values_list("code", flat=True)]
    codes = {p.division_code for p in actor.posts if p.role == Role.MANAGER and p.division_code}
    return [*sorted(codes)]


def require_announce(actor: Actor, place: str | None) -> Who:
    """Give who publishes or withdraws an announcement for a place (None: all five provinces), for the record.

    Raises:
        NotYourAnnouncement: neither a manager of the place's own authority nor of the coordination group.
    """
    for post in actor.posts:
        if post.role == Role.GROUP or (place and post.role == Role.MANAGER and post.division_code == place):
            return Who(actor.id, actor.name, post.place)
    raise NotYourAnnouncement()
