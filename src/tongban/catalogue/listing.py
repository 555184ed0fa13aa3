"""Which items are on the list on a day, and which are tried between two places (B5, P6): reads."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, Prefetch, Q

from tongban.catalogue import rules
from tongban.catalogue.models import ItemList, ItemListLine, Pilot, Procedure
from tongban.directory.models import Level
from tongban.kernel import compiled
from tongban.people.actors import Actor
from tongban.people.roles import Role

PILOT_LEVELS = (Level.PREFECTURE, Level.COUNTY)


@dataclass(frozen=True)
class Offers:
    """What published batches and agreed pilots say, small enough to be remembered whole."""

    lines: Sequence[tuple[int, str, datetime.date]]  # item, kind, from when; the later one last
    pilots: Sequence[Pilot]

    def listed(self, *, on: datetime.date) -> frozenset[int]:
        """Give the numbers of the items on the list on a day."""
        said = {item: kind for item, kind, since in self.lines if since <= on}
        return frozenset(item for item, kind in said.items() if kind == "listed")

    def piloted(self, at_code: str, *, on: datetime.date) -> frozenset[int]:
        """Give the numbers of the items that a place may receive for another as a pilot on a day."""
        return frozenset(
            p.procedure.item_id
            for p in self.pilots
            if p.procedure and is_in_force(p, on=on) and other_side(p, at_code) is not None
        )


def offers() -> Offers:
    """Read what every published batch and agreed pilot says."""
    lines = ItemListLine.objects.exclude(batch__published_at=None).order_by(
        "batch__effective_from_on", "batch_id"
    )
    pilots = Pilot.objects.filter(state="agreed").select_related("procedure", "first", "second")
    said = lines.values_list("item_id", "kind", "batch__effective_from_on")
    return Offers([(item, kind, since) for item, kind, since in said if since], list(pilots))


def is_listed(item_id: int, *, on: datetime.date) -> bool:
    """Say whether an item is on the list on a day: its newest line that has taken effect counts."""
    newest = _newest.first(item_id, on)
    return newest is not None and newest.kind == "listed"


_newest = compiled.Read(
    lambda item_id, on: (
        ItemListLine.objects.filter(item_id=item_id, batch__effective_from_on__lte=on)
        .exclude(batch__published_at=None)
        .order_by("-batch__effective_from_on", "-batch_id")[:1]
    ),
    int,
    datetime.date,
)


def last_day(pilot: Pilot) -> datetime.date:
    """Give the last day of a pilot: what was agreed, or the day before it was ended early."""
    if pilot.ended_at is None:
        return pilot.end_on
    return min(pilot.end_on, rules.day_of(pilot.ended_at) - datetime.timedelta(days=1))


def is_in_force(pilot: Pilot, *, on: datetime.date) -> bool:
    """Say whether a pilot runs on a day."""
    return pilot.state == "agreed" and pilot.begin_on <= on <= last_day(pilot)


def side_of(pilot: Pilot, code: str) -> str | None:
    """Give the code of the side of a pilot in whose area a place lies."""
    for side in (pilot.first, pilot.second):
        if code.startswith(side.code[: 4 if side.level == Level.PREFECTURE else 6]):
            return side.code
    return None


def other_side(pilot: Pilot, code: str) -> str | None:
    """Give the code of the side of a pilot that decides what a place receives."""
    mine = side_of(pilot, code)
    if mine is None:
        return None
    return pilot.second_id if mine == pilot.first_id else pilot.first_id


def require_offered(
    procedure: Procedure, *, at_code: str, decided_by: str | None, on: datetime.date
) -> Pilot | None:
    """Give the pilot under which a place may receive a procedure on a day; none for what is on the list.

    Args:
        decided_by: the place that decides; None while it is not known yet.

    Raises:
        rules.NotOnTheList: it is neither on the list nor tried between the two places.
    """
    if is_listed(procedure.item_id, on=on):
        return None
    pilot = Pilot.objects.select_related("first", "second").filter(procedure=procedure).first()
    if pilot is None or not is_in_force(pilot, on=on):
        raise rules.NotOnTheList(procedure=procedure.name)
    other = other_side(pilot, at_code)
    if other is None or decided_by not in (None, other):
        raise rules.OnlyBetween(first=pilot.first.name, second=pilot.second.name)
    return pilot


def batches() -> list[ItemList]:
    """Give the batches, the newest first, each with how many items it lists and takes off."""
    rows = ItemList.objects.annotate(
        n_listed=Count("lines", filter=Q(lines__kind="listed")),
        n_withdrawn=Count("lines", filter=Q(lines__kind="withdrawn")),
    )
    return list(rows.order_by("-year", "-number"))


def batch(batch_id: int) -> ItemList:
    """Give a batch with its lines.

    Raises:
        rules.UnknownBatch: there is none.
    """
    lines = ItemListLine.objects.select_related("item").order_by("kind", "item_id")
    row = ItemList.objects.prefetch_related(Prefetch("lines", lines)).filter(id=batch_id).first()
    if row is None:
        raise rules.UnknownBatch()
    return row


def draft_batches() -> list[ItemList]:
    """Give the batches that are being put together."""
    return list(ItemList.objects.filter(published_at=None).order_by("-year", "-number"))


def listed_in(item_ids: Iterable[int]) -> dict[int, ItemListLine]:
    """Give for each item the newest line of a published batch, to say which batch it belongs to."""
    lines = ItemListLine.objects.filter(item_id__in=list(item_ids)).exclude(batch__published_at=None)
    lines = lines.select_related("batch").order_by("batch__effective_from_on", "batch_id")
    return {line.item_id: line for line in lines}


def pilots(*, before: int | None = None, limit: int) -> list[Pilot]:
    """Give the pilots, the newest first, from behind one on."""
    rows = Pilot.objects.select_related("first", "second", "procedure", "batch")
    if before is not None:
        rows = rows.filter(id__lt=before)
    return list(rows.order_by("-id")[:limit])


def pilot(pilot_id: int) -> Pilot:
    """Give a pilot.

    Raises:
        rules.UnknownPilot: there is none.
    """
    rows = Pilot.objects.select_related("first", "second", "procedure__item", "batch")
    row = rows.filter(id=pilot_id).first()
    if row is None:
        raise rules.UnknownPilot()
    return row


def recommended() -> list[Pilot]:
    """Give the pilots that were proposed for the next batch and are in none yet, the first first."""
    rows = Pilot.objects.exclude(recommended_at=None).filter(batch=None)
    return list(rows.select_related("first", "second").order_by("recommended_at"))


def standing_of(row: Pilot, *, on: datetime.date) -> str:
    """Say how a pilot stands on a day: proposed, declined, coming, running or over."""
    if row.state != "agreed":
        return row.state
    if on < row.begin_on and row.ended_at is None:
        return "coming"
    return "running" if is_in_force(row, on=on) else "over"


def places_of(actor: Actor) -> list[tuple[str, str]]:
    """Give the cities and counties for which somebody may propose or agree to a pilot: code and name of the post."""
    return [
        (p.division_code, p.place)
        for p in actor.posts
        if p.role == Role.MANAGER and len(p.division_prefix) in (4, 6)
    ]
