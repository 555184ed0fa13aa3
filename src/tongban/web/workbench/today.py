"""Today (`/desk/`): what the person owes now, late first, and what their windows wait for."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tongban.cases import off_list, queries
from tongban.cases.models import Case
from tongban.cases.states import State
from tongban.directory import queries as directory
from tongban.duties import queries as duties
from tongban.duties.models import Duty
from tongban.kernel import worktime
from tongban.messages import queries as told
from tongban.messages.models import Message
from tongban.messages.operations import writing
from tongban.people.actors import Actor, HeldPost
from tongban.web.kit import owed, requests
from tongban.web.kit.owed import Owed
from tongban.web.kit.requests import TongbanRequest

LIVE_SALT = "tongban.live"
GROUPS: dict[str, str | Promise] = {
    "late": gettext_lazy("已逾期"),
    "soon": gettext_lazy("即将到期"),
    "rest": gettext_lazy("其余"),
}
_AT_DESK = (State.DRAFTING, State.RETURNED)


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
    after = requests.due_of(request.GET.get("after", ""))
    rows, last = queries.today(actor, after=after)
    mine = lines_of(rows, actor=actor, at=at)
    tally = queries.tally(actor, at=at)
    waiting = lines_of(queries.waiting_for_applicants(actor), actor=actor, at=at)
    shown = {
        "groups": grouped(mine, tally),
        "is_later_page": after is not None,
        "next": requests.due_text(last.due_at, last.id) if last else "",
        "page_address": request.get_full_path(),
        "many": duties.TALLIED_AT_MOST,
        "waiting": waiting,
        "to_answer": [(owed.of(d, at=at), r) for d, r in off_list.to_answer(actor)],
        "to_note": _to_note(actor),
        "count": len(mine),
        "begin_at": _begin_at(actor),
        "has_desk": bool(actor.window_ids or actor.department_ids),
        "calendar_warning": directory.calendar_warning(at.astimezone(worktime.BEIJING).date()),
        **live(actor),
    }
    is_part = getattr(request, "htmx", False)
    return render(request, "workbench/_today.html" if is_part else "workbench/today.html", shown)


def _to_note(actor: Actor) -> list[tuple[Message, str, bool]]:
    """Give what the person's windows were told, its text, and whether its case can be opened here.

    One that ended at a window that closed is not its successor's.
    """
    rows = told.to_note(actor)
    seen = set(
        queries.visible_to(actor).filter(id__in=[m.case_id for m in rows]).values_list("id", flat=True)
    )
    return [(m, told.text_of(m), m.case_id in seen) for m in rows]


@require_POST
def note(request: HttpRequest) -> HttpResponse:
    """Take note of what the person's window was told; twice changes nothing."""
    actor, at = cast(TongbanRequest, request).actor, requests.time_of(request)
    writing.note(request.POST.get("message", "")[:60], by=actor, at=at)
    return redirect("today")


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
        debt = owed.of(duty, at=at)
        if case.id in lines:
            lines[case.id].others.append(debt)
            continue
        place = (
            "receive" if case.state in _AT_DESK and case.receiving_window_id in actor.window_ids else "cases"
        )
        lines[case.id] = Line(
            case=case,
            owed=debt,
            address=f"/desk/{place}/{case.number}/",
            is_from_here=case.receiving_window_id in actor.window_ids,
            is_to_here=case.home_window_id in actor.window_ids,
        )
    return list(lines.values())


def grouped(lines: Sequence[Line], tally: Mapping[str, int]) -> list[dict[str, Any]]:
    """Give the lines by how their clocks stand: late, soon, the rest; with how many duties there are of each."""
    return [
        {
            "key": key,
            "title": title,
            "count": tally[key],
            "lines": [x for x in lines if _group(x.owed.word) == key],
        }
        for key, title in GROUPS.items()
    ]


def _group(word: str) -> str:
    return word if word in GROUPS else "rest"
