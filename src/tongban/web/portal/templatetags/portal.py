"""The way through the zone: which pages stand in the header of the portal, and which of them one is on."""

from typing import Any

from django import template
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

register = template.Library()

# The page that a word leads to, the word, and the pages that belong to it besides.
NAV: tuple[tuple[str, str | Promise, frozenset[str]], ...] = (
    ("home", _("首页"), frozenset()),
    ("items", _("事项"), frozenset({"item"})),
    ("windows", _("窗口"), frozenset()),
    ("contacts", _("联络清单"), frozenset({"contact_versions", "contacts_version", "contact_changes"})),
    ("announcements", _("公告"), frozenset({"announcement"})),
    ("figures", _("统计"), frozenset()),
    ("progress", _("查进度"), frozenset()),
    (
        "ratings",
        _("评价和投诉"),
        frozenset({"rate", "rate_legs", "complain", "complaint_follow", "complaint"}),
    ),
    ("verify", _("核验"), frozenset()),
)


@register.simple_tag(takes_context=True)
def zone_nav(context: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the links of the header: where each leads, its word, and whether one is there now."""
    match = getattr(context.get("request"), "resolver_match", None)
    here = match.url_name if match else ""
    return [
        {"href": reverse(name), "label": label, "is_here": here == name or here in more}
        for name, label, more in NAV
    ]
