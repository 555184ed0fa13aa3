"""Windows near somebody: by the place they name, or by distance from where they stand."""

import datetime
import math
from dataclasses import dataclass

from tongban.directory import rules
from tongban.directory.models import Window, WindowDay
from tongban.kernel import compiled

EARTH = 6371.0  # km, mean radius


@dataclass(frozen=True)
class Near:
    """A listed window and how far away it is, in km as the crow flies; None: it has no position."""

    window: Window
    distance: float | None = None


def distance(latitude: float, longitude: float, *, to: tuple[float, float]) -> float:
    """Give the kilometres between two points of the earth along its surface."""
    a, b = math.radians(latitude), math.radians(to[0])
    half = math.sin((b - a) / 2) ** 2
    half += math.cos(a) * math.cos(b) * math.sin(math.radians(to[1] - longitude) / 2) ** 2
    return 2 * EARTH * math.asin(min(1.0, math.sqrt(half)))


def nearest(latitude: float, longitude: float, *, limit: int = 20) -> tuple[list[Near], int]:
    """Give the listed windows nearest to a point, and how many listed ones have no position to go by.

    There are some hundreds of windows: each distance is worked out, none is kept.
    """
    rows = list(Window.objects.filter(is_open=True).values_list("id", "latitude", "longitude").order_by("id"))
    far = [
        (distance(latitude, longitude, to=(lat, lng)), id_)
        for id_, lat, lng in rows
        if lat is not None and lng is not None
    ]
    far.sort()
    found = _windows([id_ for _km, id_ in far[:limit]])
    return [Near(found[id_], km) for km, id_ in far[:limit]], len(rows) - len(far)


def _windows(ids: list[int]) -> dict[int, Window]:
    return Window.objects.select_related("division", "hall__authority").in_bulk(ids)


def at_place(code: str) -> list[Near]:
    """Give the listed windows of a division, its own hall's first, then outlets and what lies inside it.

    A place without any gives those of the place above it.
    """
    rows = Window.objects.filter(is_open=True).select_related("division", "hall__authority", "supervisor")
    for place in reversed(rules.chain_of(code)):
        inside = rows.filter(division__code__startswith=rules.prefix_of(place))
        found = list(inside.order_by("division_id", "-kind", "id")[:300])
        if found:
            found.sort(key=lambda w, own=place: w.division_id != own)  # type: ignore[misc]
            return [Near(w) for w in found]
    return []


def receiving_at(code: str) -> Window | None:
    """Give the hall window at which somebody at a place hands in: the place's own, else of the place above."""
    found = (_hall.first(place) for place in reversed(rules.chain_of(code)))
    return next((row for row in found if row), None)


_hall = compiled.Read(
    lambda code: (
        Window.objects.filter(is_open=True, kind="hall", division_id=code)
        .select_related("division", "hall__authority")
        .order_by("id")[:1]
    ),
    str,
)


def days_off(window: Window, *, on: datetime.date, limit: int = 5) -> list[str]:
    """Give the coming days on which a window is closed or keeps other hours, in words."""
    rows = _days(window.id, on)[:limit]
    return [
        f"{d.on:%Y-%m-%d} {d.opens_at:%H:%M}–{d.closes_at:%H:%M} {d.reason}"
        if d.opens_at and d.closes_at
        else f"{d.on:%Y-%m-%d} ✕ {d.reason}"
        for d in rows
    ]


_days = compiled.Read(
    lambda window_id, on: WindowDay.objects.filter(window_id=window_id, on__gte=on).order_by("on"),
    int,
    datetime.date,
)
