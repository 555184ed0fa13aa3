"""Tags and filters of all pages: icons, keys for forms, times in words."""

import datetime
import functools
import re
import uuid
from typing import Any

from django import template
from django.conf import settings
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from tongban.catalogue import wording
from tongban.kernel import ids, worktime

register = template.Library()
_SIZE = re.compile(r' (?:width|height|class)="[^"]*"')


@functools.cache
def _svg(name: str) -> str:
    path = settings.TONGBAN_ICONS / "outline" / f"{name}.svg"
    text = path.read_text()
    text = text[text.index("<svg") :]
    return _SIZE.sub("", text).replace(
        "<svg", '<svg class="icon" width="20" height="20" aria-hidden="true"', 1
    )


@register.simple_tag
def icon(name: str) -> SafeString:
    """Draw a Tabler icon, which says nothing to a screen reader: words stand beside it."""
    return mark_safe(_svg(name))  # our own files


@register.simple_tag
def new_key() -> str:
    """Give a fresh idempotency key for a form."""
    return str(uuid.uuid4())


@register.filter
def number(id_: int) -> str:
    """Write an id for people."""
    return ids.number_of(id_)


@register.filter
def lookup(mapping: Any, key: Any) -> Any:
    """Give what a mapping has under a key; empty when it has nothing."""
    return mapping.get(key, "") if mapping else ""


@register.filter
def moment(at: datetime.datetime | None) -> str:
    """Write a time the way documents do: 2026年11月23日 16:30; to readers of English 2026-11-23 16:30."""
    return f"{at.astimezone(worktime.BEIJING):{_day_format()} %H:%M}" if at else ""


@register.filter
def day(on: datetime.date | datetime.datetime | None) -> str:
    """Write a date the way documents do: 2026年11月23日; to readers of English 2026-11-23."""
    if isinstance(on, datetime.datetime):
        on = on.astimezone(worktime.BEIJING).date()
    return f"{on:{_day_format()}}" if on else ""


def _day_format() -> str:
    return "%Y年%-m月%-d日" if (get_language() or "zh").startswith("zh") else "%Y-%m-%d"


@register.simple_tag
def lateness(
    due_at: datetime.datetime | None, amber_at: datetime.datetime | None, now: datetime.datetime
) -> str:
    """Say how a clock stands: `late`, `soon`, `fine`, or `stopped`."""
    if due_at is None:
        return "stopped"
    if now > due_at:
        return "late"
    return "soon" if amber_at and now >= amber_at else "fine"


_LATENESS = {
    "late": gettext_lazy("已逾期"),
    "soon": gettext_lazy("即将到期"),
    "fine": gettext_lazy("正常"),
    "stopped": gettext_lazy("依法暂停"),
}


@register.filter
def lateness_label(word: str) -> str:
    """Name how a clock stands, since colour alone must not say it."""
    return str(_LATENESS.get(word, ""))


_ARTICLE = re.compile(r"P(\d+)(?:\((\d+)\))?")
_DIGITS = "〇一二三四五六七八九"


@register.filter
def article_label(article: str) -> str:
    """Name an article of the regulation for people: P21(2) is 工作规程第二十一条（二）."""
    return _label_in(get_language(), article)


@functools.lru_cache(maxsize=1024)
def _label_in(_language: str | None, article: str) -> str:
    if not _ARTICLE.fullmatch(article):
        return article
    return _("工作规程{article}").format(article=article_in_words(article))


@register.filter
def article_in_words(code: str) -> str:
    """Write an article the way people cite it where the regulation is understood: P21(3) is 第二十一条（三）."""
    found = _ARTICLE.fullmatch(code)
    if not found:
        return code
    item = f"（{_numeral(int(found[2]))}）" if found[2] else ""
    return _("第{numeral}条{item}").format(numeral=_numeral(int(found[1])), item=item, article=code[1:])


def _numeral(value: int) -> str:
    tens, ones = divmod(value, 10)
    if not tens:
        return _DIGITS[ones]
    return ("" if tens == 1 else _DIGITS[tens]) + "十" + (_DIGITS[ones] if ones else "")


@register.filter
def field_type(type_: str) -> str:
    """Name a kind of form field."""
    return str(wording.FIELD_TYPES.get(type_, type_))
