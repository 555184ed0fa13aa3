"""Read the form by which somebody plans who is on duty at a window (`kit/_roster.html`)."""

import datetime

from django.http import QueryDict
from django.utils.translation import gettext as _

from tongban.kernel import numbers, refusals
from tongban.people import roster
from tongban.people.actors import Actor


class NoDay(refusals.Incomplete):
    """请填写日期。"""


def plan(window_id: int, data: QueryDict, *, by: Actor, at: datetime.datetime) -> list[datetime.date]:
    """Plan what was posted; gives the working days.

    Raises:
        NoDay, and what `roster.plan` raises: each at its field.
    """
    days: dict[str, datetime.date] = {}
    for name in ("first_on", "last_on"):
        try:
            days[name] = datetime.date.fromisoformat(data.get(name, ""))
        except ValueError:
            raise NoDay(fields={name: _("请填写日期，例如 2026-11-23")}) from None
    people = [n for n in (numbers.whole(text) for text in data.getlist("people")) if n is not None]
    return roster.plan(window_id, **days, person_ids=people, by=by, at=at)
