"""Who is to be on duty at a window, planned ahead day by day (P13, W4); who really is there marks it (`staff`)."""

import datetime
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from tongban.directory import places
from tongban.directory import queries as directory
from tongban.directory.models import Window
from tongban.journal import operations as journal
from tongban.kernel import refusals, worktime
from tongban.people import permissions, queries
from tongban.people.actors import Actor
from tongban.people.models import Person, RosterDay

ARTICLE = "P13"
SHOWN = 14  # days ahead
MOST = 62  # days that are planned at once
FURTHEST = 366


class BadSpan(refusals.Incomplete):
    """请填写今天以后的日期，止日不早于起日，一次最多安排 62 天，最远一年。"""


class NotOfThisWindow(refusals.Incomplete):
    """只能安排在这些日子里都有本窗口岗位的人员：{names}没有。"""


@dataclass(frozen=True)
class Day:
    """A working day of a window, and who is to be on duty."""

    on: datetime.date
    people: Sequence[Person]


@transaction.atomic
def plan(
    window_id: int,
    *,
    first_on: datetime.date,
    last_on: datetime.date,
    person_ids: Collection[int],
    by: Actor,
    at: datetime.datetime,
) -> list[datetime.date]:
    """Say who is on duty on every working day of a span, in place of what was planned; nobody: nothing is planned.

    Returns:
        The working days that were planned.

    Raises:
        permissions.NotYourRoster: neither a lead of the window nor a manager of its area.
        BadSpan: with the field named. NotOfThisWindow: somebody has no post there on those days.
        worktime.NoCalendar: the year is not open yet.
    """
    window = places.window(window_id)
    who = permissions.require_roster(by, window)
    today = at.astimezone(worktime.BEIJING).date()
    span = (last_on - first_on).days
    if not (today <= first_on <= last_on and span < MOST and (last_on - today).days <= FURTHEST):
        raise BadSpan(fields={"first_on": BadSpan().message})
    wanted = sorted(set(person_ids))
    _check_posts(window, wanted, first_on, last_on)
    calendar = directory.calendar_of(window.division_id)
    span_days = (first_on + datetime.timedelta(days=n) for n in range(span + 1))
    days = [on for on in span_days if calendar.day(on).working]
    RosterDay.objects.filter(window=window, on__gte=first_on, on__lte=last_on).delete()
    RosterDay.objects.bulk_create(RosterDay(window=window, on=on, person_id=p) for on in days for p in wanted)
    journal.append(
        "directory",
        int(window.division_id),
        code="roster_planned",
        article=ARTICLE,
        at=at,
        actor_id=who.actor_id,
        actor=who.actor,
        place=who.place,
        payload={
            "window": window.id,
            "from": first_on.isoformat(),
            "until": last_on.isoformat(),
            "people": wanted,
        },
    )
    return days


def _check_posts(
    window: Window, wanted: Sequence[int], first_on: datetime.date, last_on: datetime.date
) -> None:
    there = {p.person_id for p in queries.staff_of([window.id], on=first_on)}
    there &= {p.person_id for p in queries.staff_of([window.id], on=last_on)}
    missing = [p for p in wanted if p not in there]
    if missing:
        known = Person.objects.filter(pk__in=missing).values_list("name", flat=True)
        names = "、".join(known) or _("所选人员")
        raise NotOfThisWindow(names=names, fields={"people": NotOfThisWindow(names=names).message})


def of(window_ids: Iterable[int], *, on: datetime.date, days: int = SHOWN) -> dict[int, list[Day]]:
    """Give what is planned at windows from a day on, by window; days of nobody are not named.

    Somebody who has left meanwhile is not named either.
    """
    last = on + datetime.timedelta(days=days - 1)
    rows = (
        RosterDay.objects.filter(window_id__in=list(window_ids), on__gte=on, on__lte=last)
        .filter(person__is_active=True)
        .select_related("person")
        .order_by("window_id", "on", "person_id")
    )
    found: dict[int, dict[datetime.date, list[Person]]] = {}
    for row in rows:
        found.setdefault(row.window_id, {}).setdefault(row.on, []).append(row.person)
    return {window: [Day(on, people) for on, people in by_day.items()] for window, by_day in found.items()}
