"""The landing page of the overview: what is late or soon due at the places that somebody runs (P25, G1)."""

import datetime
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tongban.cases import figures, off_list, queries
from tongban.cases.models import Case
from tongban.duties.models import Duty
from tongban.feedback import queries as feedback
from tongban.kernel import ids, worktime
from tongban.people.actors import Actor
from tongban.people.roles import Role
from tongban.web.kit import owed, requests
from tongban.web.kit.owed import Owed
from tongban.web.overview import door

SHOWN_AT_MOST = 100


@dataclass(frozen=True)
class Line:
    """A duty of a place below: who owes it, about which case, and how its clock stands."""

    bearer: str
    case: Case
    owed: Owed


@require_safe
@door.open_to_authorities
def page(request: HttpRequest) -> HttpResponse:
    """Show the duties late and soon at the person's places, the longest overdue first."""
    actor, at = door.actor_of(request), requests.time_of(request)
    after = requests.moment_of(request.GET.get("after", ""))
    rows = queries.pressing_at_managed(actor, at=at, after=after, limit=SHOWN_AT_MOST + 1)
    shown = [_line(d, c, at=at) for d, c in rows[:SHOWN_AT_MOST]]
    more = rows[SHOWN_AT_MOST - 1][0] if len(rows) > SHOWN_AT_MOST else None
    return render(
        request,
        "overview/landing.html",
        {
            "groups": [
                {"key": key, "title": title, "lines": [x for x in shown if x.owed.word == key]}
                for key, title in (("late", _("已逾期")), ("soon", _("即将到期")))
            ],
            "places": places_of(actor),
            "late_answers": [
                (owed.of(d, at=at), r) for d, r in off_list.late_answers(actor.managed_prefixes, at=at)
            ],
            "feedback": feedback_lines(actor, at=at),
            "year": year_of(at),
            "asked_for_more": figures.asked_for_more(
                since=year_of(at),
                until=at,
                prefixes=None if actor.has(Role.GROUP) else actor.managed_prefixes,
            ),
            "next": requests.moment_text(more.due_at, more.id) if more and more.due_at else "",
        },
    )


def feedback_lines(actor: Actor, *, at: datetime.datetime) -> list[tuple[Owed, str, str]]:
    """Give what the person's authorities owe for bad ratings and complaints, late or soon: owed, by whom, where."""
    rows = feedback.pressing(actor, at=at)
    names = feedback.bearer_names(rows)
    return [(owed.of(d, at=at), names[d.id], _address(d)) for d in rows]


def _address(duty: Duty) -> str:
    number = ids.number_of(duty.case_id)
    if "complaint" in duty.kind:
        return reverse("overview_complaint", args=[number])
    return (
        reverse("overview_rectifications")
        if duty.kind == "decide_appeal"
        else reverse("overview_rectification", args=[number])
    )


def year_of(at: datetime.datetime) -> datetime.datetime:
    """Give the moment at which the year began in Beijing."""
    return datetime.datetime(at.astimezone(worktime.BEIJING).year, 1, 1, tzinfo=worktime.BEIJING)


def places_of(actor: Actor) -> list[str]:
    """Name what somebody runs."""
    return [post.place for post in actor.posts if post.role in (Role.MANAGER, Role.GROUP)]


def _line(duty: Duty, case: Case, *, at: datetime.datetime) -> Line:
    return Line(bearer=queries.bearer_name(duty, case), case=case, owed=owed.of(duty, at=at))


urlpatterns = [path("", page, name="overview")]
