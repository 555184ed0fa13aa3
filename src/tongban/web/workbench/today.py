"""Today (`/desk/`): what the person owes now, late first, and what their windows wait for."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from tongban.cases import queries
from tongban.cases.models import Case
from tongban.cases.states import DUTIES, State
from tongban.directory import queries as directory
from tongban.duties import queries as duties
from tongban.duties.models import Duty
from tongban.kernel import refusals, worktime
from tongban.people.actors import Actor, HeldPost
from tongban.web.kit import requests
from tongban.web.kit.requests import TongbanRequest
from tongban.web.kit.templatetags import kit

LIVE_SALT = "tongban.live"
GROUPS: dict[str, str | Promise] = {
    "late": gettext_lazy("已逾期"),
    "soon": gettext_lazy("即将到期"),
    "rest": gettext_lazy("其余"),
}
_AT_DESK = (State.DRAFTING, State.RETURNED)


@dataclass
class Owed:
    """A duty as a line of the page: what, by when, how it stands, and why the date is what it is."""

    label: str | Promise
    article: str
    due_at: datetime.datetime | None
    word: str
    left: str
    why: list[str]


@dataclass
class Line:
    """A case on the page: its most pressing duty, and its others."""

    case: Case
    owed: Owed
    address: str
    is_from_here: bool
    is_to_here: bool
    others: list[Owed] = field(default_factory=list)


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show what the person owes; HTMX gets the part that changes."""
    actor, at = cast(TongbanRequest, request).actor, requests.time_of(request)
    owed = lines_of(queries.today(actor), actor=actor, at=at)
    waiting = lines_of(queries.waiting_for_applicants(actor), actor=actor, at=at)
    shown = {
        "groups": grouped(owed),
        "waiting": waiting,
        "count": len(owed),
        "begin_at": _begin_at(actor),
        "has_desk": bool(actor.window_ids or actor.department_ids),
        "calendar_warning": directory.calendar_warning(at.astimezone(worktime.BEIJING).date()),
        **live(actor),
    }
    is_part = getattr(request, "htmx", False)
    return render(request, "workbench/_today.html" if is_part else "workbench/today.html", shown)


def _begin_at(actor: Actor) -> list[HeldPost]:
    """Give the posts among which somebody of several windows chooses where to receive; none with one window."""
    posts = {post.window_id: post for post in actor.posts if post.window_id in actor.window_ids}
    return list(posts.values()) if len(posts) > 1 else []


def live(actor: Actor) -> dict[str, Any]:
    """Give what the page needs to hear of changes: where, and a token that says for whom."""
    names = [f"w{id_}" for id_ in sorted(actor.window_ids)] + [
        f"d{id_}" for id_ in sorted(actor.department_ids)
    ]
    token = signing.TimestampSigner(salt=LIVE_SALT).sign(" ".join(names)) if names else ""
    return {
        "live_token": token,
        "live_address": settings.TONGBAN_LIVE_ADDRESS,
        "live_port": settings.TONGBAN_LIVE_PORT,
    }


def lines_of(rows: Iterable[tuple[Duty, Case]], *, actor: Actor, at: datetime.datetime) -> list[Line]:
    """Give one line a case, in the order of the most pressing duty of each."""
    lines: dict[int, Line] = {}
    for duty, case in rows:
        owed = _owed(duty, at=at)
        if case.id in lines:
            lines[case.id].others.append(owed)
            continue
        place = (
            "receive" if case.state in _AT_DESK and case.receiving_window_id in actor.window_ids else "cases"
        )
        lines[case.id] = Line(
            case=case,
            owed=owed,
            address=f"/desk/{place}/{case.number}/",
            is_from_here=case.receiving_window_id in actor.window_ids,
            is_to_here=case.home_window_id in actor.window_ids,
        )
    return list(lines.values())


def grouped(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Give the lines by how their clocks stand: late, soon, the rest."""
    return [
        {"key": key, "title": title, "lines": [x for x in lines if _group(x.owed.word) == key]}
        for key, title in GROUPS.items()
    ]


def _group(word: str) -> str:
    return word if word in GROUPS else "rest"


def _owed(duty: Duty, *, at: datetime.datetime) -> Owed:
    return Owed(
        label=DUTIES[duty.kind].label,
        article=duty.article,
        due_at=duty.due_at,
        word=kit.lateness(duty.due_at, duty.amber_at, at),
        left=left(duty.due_at, at=at),
        why=_why(duty),
    )


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
