"""What became of the cases of a pilot, in either direction (B5, W16): the figures by which it is judged."""

from dataclasses import dataclass

from django.db.models import Count, Exists, F, OuterRef, Q

from tongban.cases.models import Case, CorrectionNotice
from tongban.catalogue.models import Pilot
from tongban.duties.models import Duty

LIMIT = "promised_limit"


@dataclass(frozen=True)
class Figures:
    """How a pilot goes in one direction: received, decided, decided in time, sent back to be corrected."""

    from_name: str
    to_name: str
    received: int
    decided: int
    in_time: int
    corrections: int


def figures(pilot: Pilot) -> list[Figures]:
    """Give the figures of a pilot in both directions, in three queries over its own cases.

    In time means decided within what was promised; a correction counts once for each notice that asked for one.
    """
    cases = Case.objects.filter(pilot=pilot, received_at__isnull=False)
    rows = cases.values(to=F("home_window__division")).annotate(
        received=Count("id"), decided=Count("id", filter=Q(decided_at__isnull=False))
    )
    counted = {row["to"]: (int(row["received"]), int(row["decided"])) for row in rows}
    too_late = Duty.objects.filter(case_id=OuterRef("id"), kind=LIMIT, done_at__gt=F("due_at"))
    decided = cases.filter(decided_at__isnull=False)
    n_late = decided.filter(Exists(too_late)).values(to=F("home_window__division")).annotate(n=Count("id"))
    late = {row["to"]: row["n"] for row in n_late}
    notices = CorrectionNotice.objects.filter(case__pilot=pilot)
    n_asked = notices.values(to=F("case__home_window__division")).annotate(n=Count("id"))
    asked = {row["to"]: row["n"] for row in n_asked}
    both = ((pilot.first, pilot.second), (pilot.second, pilot.first))
    return [
        Figures(
            from_name=one.name,
            to_name=other.name,
            received=counted.get(other.code, (0, 0))[0],
            decided=counted.get(other.code, (0, 0))[1],
            in_time=counted.get(other.code, (0, 0))[1] - late.get(other.code, 0),
            corrections=asked.get(other.code, 0),
        )
        for one, other in both
    ]
