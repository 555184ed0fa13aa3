"""Reads of the catalogue: find an item, the standard in force at a place, the place that decides."""

import datetime
import threading
import time
from collections import defaultdict

from django.db.models import Prefetch, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from tongban.catalogue import rules, search
from tongban.catalogue.models import CATALOGUE, AcceptanceStandard, Item, Procedure, Synonym
from tongban.directory import queries as directory
from tongban.directory.models import Level

PROCEDURES_SHOWN = 12  # of an item in a list; its own page has them all
_FRESH_FOR = 1.0  # seconds for which a process trusts what it remembers of the catalogue


class _Memory:
    """The index that this process has built, and since when it is trusted."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.stamp = -1
        self.read = float("-inf")
        self.index = search.Index([])


_memory = _Memory()


def forget() -> None:
    """Make this process build its index anew."""
    _memory.stamp, _memory.read = -1, float("-inf")


def find_items(words: str, *, limit: int = 20) -> list[Item]:
    """Give the items that best fit what was typed: name, number, department, everyday words, pinyin (B1).

    An empty text gives the list in its order. Each item comes with its open procedures, 12 at most.
    """
    listed = Item.objects.prefetch_related(_open_procedures(shown=PROCEDURES_SHOWN))
    if not words.strip():
        return list(listed.order_by("seq")[:limit])
    seqs = _index().find(words, limit=limit)
    found = {item.seq: item for item in listed.filter(seq__in=seqs)} if seqs else {}
    return [found[seq] for seq in seqs if seq in found]


def _open_procedures(*, shown: int | None = None) -> "Prefetch[str, QuerySet[Procedure], str]":
    rows = Procedure.objects.filter(is_open=True).order_by("key")
    if shown is not None:
        place = Window(RowNumber(), partition_by="item_id", order_by="key")
        rows = rows.annotate(place=place).filter(place__lte=shown)
    return Prefetch("procedures", rows)


def _index() -> search.Index:
    """Give the index of items, procedures and synonyms as they are now, or were a moment ago.

    While one request builds it anew, the others go on with the one before.
    """
    if time.monotonic() - _memory.read > _FRESH_FOR and _memory.lock.acquire(blocking=_memory.stamp < 0):
        try:
            current = directory.stamp(CATALOGUE)
            if current != _memory.stamp:
                _memory.index, _memory.stamp = _built(), current
            _memory.read = time.monotonic()
        finally:
            _memory.lock.release()
    return _memory.index


def _built() -> search.Index:
    procedures: dict[int, list[str]] = defaultdict(list)
    for seq, name in Procedure.objects.filter(is_open=True).values_list("item_id", "name").distinct():
        procedures[seq].append(name)
    rows = Item.objects.order_by("seq").values_list("seq", "name", "lead_department", "aliases")
    items = [search.Listed(*row, procedures=procedures[row[0]]) for row in rows]
    return search.Index(items, synonyms=dict(Synonym.objects.values_list("word", "means")))


def synonyms(*, after: str = "", limit: int = 100) -> list[Synonym]:
    """Give synonyms in the order of their words, from behind a word on."""
    return list(Synonym.objects.filter(word__gt=after).order_by("word")[:limit])


def open_procedure(procedure_id: int) -> Procedure:
    """Give a procedure that can be applied for now.

    Raises:
        rules.UnknownProcedure: there is none. rules.NotOpen: it is closed.
    """
    procedure = Procedure.objects.select_related("item").filter(id=procedure_id).first()
    if procedure is None:
        raise rules.UnknownProcedure()
    if not procedure.is_open:
        raise rules.NotOpen()
    return procedure


def deciding_division(procedure: Procedure, home_code: str, *, level: str) -> str:
    """Give the code of the division that decides for a home place (P7).

    Args:
        home_code: the place as the clerk picked it, province, prefecture or county.
        level: the level that the clerk named; empty: not clear, so the highest one decides.

    Raises:
        rules.NobodyDecides: when none of the procedure's levels exists there.
    """
    above = {
        one: code
        for one in (Level.PROVINCE, Level.PREFECTURE, Level.COUNTY)
        if (code := directory.ancestor_at(home_code, one))
    }
    if Level.PREFECTURE in procedure.levels and Level.PREFECTURE not in above and Level.PROVINCE in above:
        # A municipality has no prefectures: its counties do that work, itself where none was picked.
        above[Level.PREFECTURE] = above.get(Level.COUNTY, above[Level.PROVINCE])
    return above[Level(rules.deciding_level(procedure, level, available=list(above)))]


def standard_in_force(procedure: Procedure, code: str, *, on: datetime.date) -> AcceptanceStandard:
    """Give the acceptance standard in force for a procedure at a place on a day (P23).

    The five-province standard goes before the province's own, that before the guide; of one stage, the
    province's own row goes before one for all, the newest version first.

    Raises:
        rules.NoStandard: when there is none.
    """
    province = code[:2].ljust(12, "0")
    row = (
        AcceptanceStandard.objects.filter(procedure=procedure, effective_from_on__lte=on)
        .filter(Q(province_id=province) | Q(province=None))
        .filter(Q(effective_until_on=None) | Q(effective_until_on__gt=on))
        .order_by("-stage", "province_id", "-version")
        .first()
    )
    if row is None:
        raise rules.NoStandard(procedure=procedure.name)
    return row


def procedures_of(item_seq: int) -> QuerySet[Procedure]:
    """Give the open procedures of an item."""
    return Procedure.objects.filter(item_id=item_seq, is_open=True).order_by("key")


def item(seq: int) -> Item:
    """Give an item of the list with its open procedures.

    Raises:
        rules.UnknownItem: the list has no such number.
    """
    row = Item.objects.prefetch_related(_open_procedures()).filter(seq=seq).first()
    if row is None:
        raise rules.UnknownItem()
    return row
