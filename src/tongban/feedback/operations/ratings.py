"""Rate a leg of a case; a bad one opens its rectification in the same moment (F4)."""

import datetime

from django.db import IntegrityError, transaction

from tongban.cases.models import Case
from tongban.directory.models import Authority, Window
from tongban.feedback import queries, rules
from tongban.feedback.models import Rating, Rectification
from tongban.feedback.operations import _record
from tongban.feedback.states import BAD, Leg, RectificationState, Road
from tongban.kernel import ids
from tongban.people.actors import Actor


def rate(
    case_id: int,
    *,
    leg: str,
    level: int | None,
    words: str = "",
    may_publish: bool = False,
    road: Road,
    by: Actor,
    at: datetime.datetime,
) -> Rating:
    """Keep one rating of one leg; whoever calls has made sure that the case is the rater's (F4).

    Args:
        road: by which way it came; nothing else about the rater is kept.

    Raises:
        rules.Unknown, rules.NoLeg, rules.NoLevel, rules.TooLong, rules.NothingToRate, rules.RatedAlready.
    """
    chosen, given = rules.leg_of(leg), rules.level_of(level)
    said = rules.words_of(words, field="words")
    case = queries.case_of(case_id)
    found = next((row for row in queries.legs_of(case) if row.leg == chosen), None)
    if found is None:
        raise rules.NothingToRate(fields={"leg": rules.NothingToRate().message})
    if found.rating is not None:
        raise rules.RatedAlready(fields={"leg": rules.RatedAlready().message})
    window, authority = responsible(case, chosen)
    row = Rating(
        id=ids.new_id(at),
        about_case_id=case.id,
        leg=chosen,
        window=window,
        authority=authority,
        level=given,
        words=said,
        may_publish=may_publish,
        road=road,
        rated_at=at,
    )
    try:
        keep(row, by=by, at=at)
    except IntegrityError:  # the same leg, twice at the same moment
        if Rating.objects.filter(about_case_id=case.id, leg=chosen).exists():
            raise rules.RatedAlready(fields={"leg": rules.RatedAlready().message}) from None
        raise
    return row


@transaction.atomic
def keep(row: Rating, *, by: Actor, at: datetime.datetime) -> None:
    """Insert a rating, and open its rectification with both clocks when it is bad."""
    row.save(force_insert=True)
    _record.note(row.id, "rated", by=by, at=at, leg=str(row.leg), level=int(row.level), road=str(row.road))
    if row.level not in BAD:
        return
    opened = Rectification.objects.create(
        id=ids.new_id(at),
        rating=row,
        authority=row.authority,
        state=RectificationState.OPEN,
        opened_at=at,
    )
    for kind in ("contact_rater", "rectify_rating"):
        _record.open_duty(
            opened.id, kind, bearer=row.authority, calendar_code=row.authority.division_id, at=at
        )
    _record.note(opened.id, "rectification_opened", by=by, at=at, rating=row.number)


def responsible(case: Case, leg: Leg) -> tuple[Window, Authority]:
    """Give the window that gave the leg, and the authority that runs it; a result's parcel is the home place's.

    Raises:
        rules.NothingToRate: nobody decides the case yet.
    """
    window = case.receiving_window if leg == Leg.RECEIVING else case.home_window
    if window is None:
        raise rules.NothingToRate(fields={"leg": rules.NothingToRate().message})
    return window, window.hall.authority
