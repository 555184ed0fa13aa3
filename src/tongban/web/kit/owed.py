"""A duty in words, the same on every page: what, by when, how it stands, and why the date is what it is."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from tongban.cases.states import DUTIES
from tongban.duties import queries as duties
from tongban.duties.models import Duty
from tongban.feedback import queries as about_feedback
from tongban.feedback import states as feedback
from tongban.kernel import refusals
from tongban.web.kit.templatetags import kit


@dataclass
class Owed:
    """A duty as a line of the page: what, by when, how it stands, and why the date is what it is."""

    label: str | Promise
    article: str
    due_at: datetime.datetime | None
    word: str
    left: str
    why: list[str]


def of(duty: Duty, *, at: datetime.datetime) -> Owed:
    """Give a duty the way pages show it."""
    return Owed(
        label=DUTIES[duty.kind].label if duty.kind in DUTIES else feedback.DUTIES[duty.kind].label,
        article=duty.article,
        due_at=duty.due_at,
        word=kit.lateness(duty.due_at, duty.amber_at, at),
        left=left(duty.due_at, at=at),
        why=_why(duty),
    )


def with_bearers(rows: Sequence[Duty], *, at: datetime.datetime) -> list[tuple[Owed, str]]:
    """Give duties of ratings and complaints, each with who owes it: two places may owe the same."""
    names = about_feedback.bearer_names(rows)
    return [(of(duty, at=at), names[duty.id]) for duty in rows]


def _why(duty: Duty) -> list[str]:
    try:
        return duties.due_of(duty).explain()
    except refusals.Refusal as refusal:  # a calendar that was taken back: the page must still open
        return [refusal.message]


def left(due_at: datetime.datetime | None, *, at: datetime.datetime) -> str:
    """Say in words how much time is left, or how long it has been over."""
    if due_at is None:
        return _("计时已暂停")
    sentence = _("还剩{span}") if due_at >= at else _("已超过{span}")
    return sentence.format(span=_span(abs(due_at - at)))


def _span(span: datetime.timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    days, hours = minutes // 1440, minutes % 1440 // 60
    if days:
        return (
            _("{days}天{hours}小时").format(days=days, hours=hours)
            if hours
            else _("{days}天").format(days=days)
        )
    if hours:
        return _("{hours}小时").format(hours=hours)
    return _("{minutes}分钟").format(minutes=max(minutes, 1))
