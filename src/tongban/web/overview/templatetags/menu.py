"""The menu of the overview: groups on top, the pages of the group one is in below, so that it stays readable."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

register = template.Library()


@dataclass(frozen=True)
class Group:
    """Pages that belong together: a label, an icon, and each page by its URL name with what it is called."""

    label: str | Promise
    icon: str
    pages: tuple[tuple[str, str | Promise], ...]


GROUPS = (
    Group(_("办件与时限"), "checklist", (("overview", _("时限和督办")),)),
    Group(
        _("评价和投诉"),
        "message-report",
        (
            ("overview_ratings", _("评价")),
            ("overview_rectifications", _("差评整改")),
            ("overview_complaints", _("投诉")),
        ),
    ),
    Group(
        _("事项与标准"),
        "list-check",
        (
            ("overview_items", _("事项与办理项")),
            ("overview_standards", _("收件标准")),
            ("lists", _("事项清单")),
            ("pilots", _("试点")),
            ("overview_off_list", _("清单外需求")),
            ("words", _("日常说法")),
        ),
    ),
    Group(
        _("地点与人员"),
        "building-community",
        (("places", _("窗口")), ("contact_list", _("联络清单")), ("staff", _("人员"))),
    ),
    Group(_("公告"), "speakerphone", (("overview_announcements", _("公告")),)),
    Group(_("Excel"), "file-spreadsheet", (("workbooks", _("Excel")),)),
)


@register.inclusion_tag("overview/_menu.html")
def overview_menu(path: str) -> dict[str, Any]:
    """Draw the groups."""
    return {"groups": _groups(path)}


@register.inclusion_tag("overview/_submenu.html")
def overview_submenu(path: str) -> dict[str, Any]:
    """Draw the pages of the group in which one is."""
    return {"pages": next((g["pages"] for g in _groups(path) if g["is_current"]), [])}


def _groups(path: str) -> list[dict[str, Any]]:
    """Give the groups with their pages; the page whose address the present one begins with is the current one."""
    addresses = {name: reverse(name) for group in GROUPS for name, _label in group.pages}
    fits = [name for name, address in addresses.items() if path.startswith(address)]
    current = max(fits, key=lambda name: len(addresses[name]), default="")
    return [
        {
            "label": group.label,
            "icon": group.icon,
            "address": addresses[group.pages[0][0]],
            "is_current": any(name == current for name, _label in group.pages),
            "pages": [(addresses[name], label, name == current) for name, label in group.pages],
        }
        for group in GROUPS
    ]
