"""Record what help was given at a window: advice, and free help in the applicant's place or at their side (P10, F6)."""

import datetime

from django.utils.translation import gettext as _

from tongban.directory.models import Window
from tongban.feedback import permissions, rules
from tongban.feedback.models import Guidance
from tongban.feedback.states import GuidanceKind
from tongban.kernel import ids, numbers
from tongban.people.actors import Actor


def record(
    *,
    window_id: int | None,
    kind: str,
    matter: str,
    outcome: str = "",
    minutes: str = "",
    by: Actor,
    at: datetime.datetime,
) -> Guidance:
    """Keep one piece of help; nobody's name is asked for.

    Raises:
        permissions.NotYours: the window is not theirs.
        rules.BadKind, rules.NeedsWords, rules.TooLong, rules.BadMinutes.
    """
    chosen = rules.one_of(kind, GuidanceKind.values, field="kind")
    said = rules.words_of(matter, field="matter", what=_("事由"), limit=200)
    done = rules.words_of(outcome, field="outcome", limit=300)
    taken = numbers.whole(minutes.strip(), most=999) if minutes.strip() else None
    if minutes.strip() and not taken:
        raise rules.BadMinutes(fields={"minutes": rules.BadMinutes().message})
    if window_id not in by.window_ids:
        window = Window.objects.filter(id=window_id or 0).first()
        raise permissions.NotYours(place=window.name if window else "")
    return Guidance.objects.create(
        id=ids.new_id(at),
        window_id=window_id,
        kind=chosen,
        matter=said,
        outcome=done,
        minutes=taken,
        given_at=at,
        given_by_id=by.id or 0,
        given_by_name=by.name,
    )
