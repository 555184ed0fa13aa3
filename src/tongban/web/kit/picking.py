"""A place picked level by level, province to county, by a form that is sent anew at each step: no script needed."""

import datetime
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tongban.directory import queries as directory
from tongban.directory.models import Division, Level

_LABELS: tuple[str | Promise, ...] = (_("省份"), _("市州"), _("区县"))


@dataclass(frozen=True)
class Select:
    """One select of a place: its name in the form, what it is called, what can be chosen, what is."""

    name: str
    label: str | Promise
    options: list[Division]
    chosen: str


@dataclass(frozen=True)
class Place:
    """A place as far as it has been picked."""

    selects: list[Select]
    code: str = ""
    name: str = ""


def place(data: QueryDict, prefix: str, *, on: datetime.date) -> Place:
    """Read a place that was picked with the selects `<prefix>1` to `<prefix>3`, or sent whole as `<prefix>`.

    What does not lie inside the level above is taken as not picked.
    """
    wanted = [data.get(f"{prefix}{n}", "") for n in (1, 2, 3)]
    whole = data.get(prefix, "")
    if whole and not wanted[0] and len(whole) == 12 and whole.isascii() and whole.isdigit():
        wanted = [whole[:2].ljust(12, "0"), *_below(whole)]
    selects: list[Select] = []
    parent: Division | None = None
    for n, label in enumerate(_LABELS):
        if parent is not None and parent.level == Level.COUNTY:
            break
        options = [
            d
            for d in directory.divisions_below(parent.code if parent else None, on=on)
            if d.level in (Level.PROVINCE, Level.PREFECTURE, Level.COUNTY)
        ]
        if not options:
            break
        found = next((d for d in options if d.code == wanted[n]), None)
        if found is None and n == 1:  # right below a municipality come its counties
            found = next((d for d in options if d.code == wanted[2]), None)
        selects.append(Select(f"{prefix}{n + 1}", label, options, found.code if found else ""))
        if found is None:
            break
        parent = found
    return Place(selects, parent.code if parent else "", parent.full_name if parent else "")


def _below(code: str) -> list[str]:
    prefecture = code[:4].ljust(12, "0") if code[2:4] != "00" else ""
    county = code[:6].ljust(12, "0") if code[4:6] != "00" else ""
    return [prefecture, county]
