"""Whether something can be done from one place to another, and on what terms: what the public's item page says."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from tongban.catalogue import queries, rules, standards
from tongban.catalogue.models import AcceptanceStandard, Item, LifeEvent, Procedure
from tongban.catalogue.standards import Standard
from tongban.directory import near
from tongban.directory import queries as directory
from tongban.directory.models import Window
from tongban.kernel import refusals


@dataclass(frozen=True)
class Across:
    """A procedure between two places: who takes in, who decides, by which standard; or why not."""

    procedure: Procedure
    standard: AcceptanceStandard | None = None
    said: Standard = standards.EMPTY
    deciding_code: str = ""
    deciding_name: str = ""
    receiving: Window | None = None
    home: Window | None = None
    is_same_province: bool = False
    refusal: refusals.Refusal | None = None

    @property
    def can(self) -> bool:
        """Whether it can be handed in at the one place and is decided at the other."""
        return self.refusal is None

    @property
    def modes(self) -> Sequence[str]:
        return self.said.modes or self.procedure.modes

    @property
    def delivery(self) -> Sequence[str]:
        return self.said.delivery or self.procedure.delivery

    @property
    def fee(self) -> str:
        return self.said.fee or self.procedure.fee

    @property
    def results(self) -> Sequence[str]:
        return self.said.results or self.procedure.results


def across(procedure: Procedure, *, here: str, home: str, level: str = "", on: datetime.date) -> Across:
    """Give what holds for a procedure handed in at one place and decided for another (P7, P13, P23).

    A reason why it cannot be done is part of the answer, in words; nothing is raised.
    """
    receiving = near.receiving_at(here)
    found = Across(procedure, receiving=receiving, is_same_province=here[:2] == home[:2])
    try:
        if not procedure.is_open:
            raise rules.NotOpen()
        code = queries.deciding_division(procedure, home, level=level)
        name = directory.names_of([code]).get(code, code)
        version = queries.standard_in_force(procedure, code, on=on)
    except refusals.Refusal as refusal:
        return _but(found, refusal=refusal)
    found = _but(
        found,
        standard=version,
        said=standards.of(version),
        deciding_code=code,
        deciding_name=name,
        home=directory.window_of(code),
    )
    if found.home is None:
        return _but(found, refusal=NotHere(place=name))
    if receiving is None:
        return _but(found, refusal=NotHere(place=directory.names_of([here]).get(here, here)))
    return found


def _but(found: Across, **changes: object) -> Across:
    return Across(**{**vars(found), **changes})


def life_events() -> list[LifeEvent]:
    """Give the life events under which items are offered, in their order."""
    return list(LifeEvent.objects.order_by("position"))


def items_of_event(key: str) -> tuple[LifeEvent, list[Item]]:
    """Give a life event with its items, the likeliest first.

    Raises:
        UnknownEvent: there is none of that key.
    """
    event = LifeEvent.objects.filter(key=key).first()
    if event is None:
        raise UnknownEvent()
    rows = {row.seq: row for row in queries.listed_items().filter(seq__in=event.items)}
    return event, [rows[seq] for seq in event.items if seq in rows]


def departments() -> list[tuple[str, int]]:
    """Give the lead departments of the list in its order, each with how many items it leads."""
    counts: dict[str, int] = {}
    rows = queries.listed_items().order_by("seq")
    for name in rows.values_list("lead_department", flat=True):
        counts[name] = counts.get(name, 0) + 1
    return list(counts.items())


def items_of_department(name: str) -> list[Item]:
    """Give the items that a department leads, in the order of the list."""
    rows = queries.listed_items().filter(lead_department=name)
    return list(rows.order_by("seq"))


class NotHere(refusals.NotAllowed):
    """{place}没有列入五省“跨省通办”窗口联络清单，暂时不能在那里收件或者办理（工作规程第十三条）。"""


class UnknownEvent(refusals.NotFound):
    """没有这一类事项。请从首页重新选择，或者直接搜索。"""
