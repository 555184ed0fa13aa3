"""The words of a message: which fields a text may name, how it is filled, and what must never stand in it."""

import re
import string
from collections.abc import Mapping
from typing import Any

from tongban.kernel import refusals
from tongban.kernel import text as text_of
from tongban.messages.states import Channel, fields_of

LONGEST = {Channel.SMS: 500, Channel.EMAIL: 5000, Channel.IN_SITE: 2000}
LONGEST_TITLE = 100
# Fifteen or eighteen signs of a resident's number, also with blanks or hyphens between them.
_IDENTITY = re.compile(
    r"(?<![0-9A-Za-z])\d(?:[\s-]?\d){13}(?:(?:[\s-]?\d){3}[\s-]?[\dXx]|[\s-]?\d)?(?![0-9A-Za-z])"
)


class UnknownField(refusals.Incomplete):
    """“{name}”不是可以使用的字段。可以使用：{known}。字段写在花括号里，例如“{{number}}”。"""


class BracesWrong(refusals.Incomplete):
    """花括号没有成对。字段写作“{{number}}”，内容里不要单独出现花括号。"""


class TextMissing(refusals.Incomplete):
    """请填写标题和内容。"""


class TooLong(refusals.Incomplete):
    """内容太长：最多 {limit} 个字。"""


class IdentityInText(refusals.Incomplete):
    """消息里不能出现完整的证件号码，请删去。"""


def clean(text: str, *, keep_lines: bool) -> str:
    """Give a wording as it is kept."""
    return text_of.clean(text, keep_lines=keep_lines)


def check(title: str, text: str, *, kind: str, channel: str) -> None:
    """Refuse a wording that could not be filled, or would tell what must not be told.

    Raises:
        TextMissing, TooLong, BracesWrong, UnknownField, IdentityInText.
    """
    for field, words, limit in (
        ("title", title, LONGEST_TITLE),
        ("text", text, LONGEST[Channel(channel)]),
    ):
        if not words:
            raise TextMissing(fields={field: TextMissing().message})
        if len(words) > limit:
            raise TooLong(limit=limit, fields={field: TooLong(limit=limit).message})
        _check_fields(words, kind=kind, field=field)
        if holds_identity(words):
            raise IdentityInText(fields={field: IdentityInText().message})


def _check_fields(words: str, *, kind: str, field: str) -> None:
    known = fields_of(kind)
    try:
        named = [
            (name, spec, conversion)
            for _literal, name, spec, conversion in string.Formatter().parse(words)
            if name is not None
        ]
    except ValueError:
        raise BracesWrong(fields={field: BracesWrong().message}) from None
    for name, spec, conversion in named:
        if name not in known or spec or conversion:
            details: dict[str, Any] = {"name": name, "known": "、".join(known)}
            raise UnknownField(**details, fields={field: UnknownField(**details).message})


def holds_identity(words: str) -> bool:
    """Tell whether a full identity number of a resident stands in a text."""
    return _IDENTITY.search(words) is not None


def fill(words: str, values: Mapping[str, str]) -> str:
    """Put values in; whatever they hold, no full identity number comes out."""
    return _IDENTITY.sub("***", words.format(**values))


def sample(words: str, *, kind: str) -> str:
    """Give a checked wording with sample values, for a preview."""
    return fill(words, {name: shown for name, (_what, shown) in fields_of(kind).items()})
