"""Reads of the catalogue: find an item, the standard in force at a place, the place that decides."""

import datetime
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from tongban.catalogue import elements, listing, permissions, rules, search, standards
from tongban.catalogue.models import (
    CATALOGUE,
    AcceptanceStandard,
    Difference,
    DifferenceAnswer,
    Draft,
    Item,
    Procedure,
    Stage,
    Standing,
    Synonym,
)
from tongban.directory import queries as directory
from tongban.directory.models import Level
from tongban.journal import operations as journal
from tongban.journal.models import Entry
from tongban.kernel import compiled, text
from tongban.people.actors import Actor

# Of several that pin standards to cases, and of the one that replaces samples nothing stands on.
STANDARDS_LOCK = 7_305_105
NUMBERS_LOCK = 7_305_106  # of those who make items
PROCEDURES_SHOWN = 12  # of an item in a list; its own page has them all
_FRESH_FOR = 1.0  # seconds for which a process trusts what it remembers of the catalogue


class _Memory:
    """The index that this process has built, and since when it is trusted."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.stamp = -1
        self.read = float("-inf")
        self.index = search.Index([])
        self.offers = listing.Offers([], [])
        self.elements: dict[int, list[AcceptanceStandard]] = {}  # of each procedure, the newest first


_memory = _Memory()


def forget() -> None:
    """Make this process build its index anew."""
    _memory.stamp, _memory.read = -1, float("-inf")


def find_items(
    words: str, *, limit: int = 20, on: datetime.date | None = None, at_code: str = ""
) -> list[Item]:
    """Give the items that best fit what was typed: name, number, department, everyday words, pinyin (B1).

    An empty text gives the list in its order. Each item comes with its open procedures, 12 at most.

    Args:
        on: the day whose list is searched; today, if none is given.
        at_code: a place that receives: what it tries with another place is found too.
    """
    on = on or _today()
    memory = _current()
    among = memory.offers.listed(on=on)
    if at_code:
        among |= memory.offers.piloted(at_code, on=on)
    rows = Item.objects.prefetch_related(_open_procedures(on=on, shown=PROCEDURES_SHOWN))
    words = text.clean(words)
    if not words:
        return [_as_published(row, on=on) for row in rows.filter(seq__in=among).order_by("seq")[:limit]]
    seqs = memory.index.find(words, limit=limit, among=among)
    found = {item.seq: item for item in rows.filter(seq__in=seqs)} if seqs else {}
    return [_as_published(found[seq], on=on) for seq in seqs if seq in found]


def listed_items(*, on: datetime.date | None = None) -> QuerySet[Item]:
    """Give the items that are on the list on a day; today, if no day is given (B5)."""
    return Item.objects.filter(seq__in=_current().offers.listed(on=on or _today()))


def _today() -> datetime.date:
    return rules.day_of(directory.now())


def _opened(on: datetime.date) -> Q:
    """Ask that a procedure can be applied for on a day: it is open, and its elements are not withdrawn."""
    line = AcceptanceStandard.objects.filter(
        procedure_id=OuterRef("pk"), stage=Stage.ELEMENTS, effective_from_on__lte=on
    )
    later = AcceptanceStandard.objects.filter(
        procedure_id=OuterRef("procedure_id"),
        stage=Stage.ELEMENTS,
        effective_from_on__lte=on,
        version__gt=OuterRef("version"),
    )
    taken_back = line.filter(withdrawal__from_on__lte=on).filter(~Exists(later))
    return Q(is_open=True) & (Q(opens_on=None) | Q(opens_on__lte=on)) & Q(~Exists(taken_back))


def _open_procedures(
    *, on: datetime.date, shown: int | None = None
) -> "Prefetch[str, QuerySet[Procedure], str]":
    rows = Procedure.objects.filter(_opened(on)).select_related("province").order_by("key")
    if shown is not None:
        place = Window(RowNumber(), partition_by="item_id", order_by="key")
        rows = rows.annotate(place=place).filter(place__lte=shown)
    return Prefetch("procedures", rows)


def _current() -> _Memory:
    """Give the index of items, procedures and synonyms as they are now, or were a moment ago, and what is listed.

    While one request builds it anew, the others go on with the one before.
    """
    if time.monotonic() - _memory.read > _FRESH_FOR and _memory.lock.acquire(blocking=_memory.stamp < 0):
        try:
            current = directory.stamp(CATALOGUE)
            if current != _memory.stamp:
                _memory.index, _memory.offers, _memory.stamp = _built(), listing.offers(), current
                _memory.elements = _elements()
            _memory.read = time.monotonic()
        finally:
            _memory.lock.release()
    return _memory


def _built() -> search.Index:
    procedures: dict[int, list[str]] = defaultdict(list)
    for seq, name in Procedure.objects.filter(is_open=True).values_list("item_id", "name").distinct():
        procedures[seq].append(name)
    said = AcceptanceStandard.objects.filter(stage=Stage.ELEMENTS, withdrawal=None).order_by("version")
    for seq, words in said.values_list("procedure__item_id", "content__words"):
        procedures[seq] += [word for word in words or () if word not in procedures[seq]]
    known = Item.objects.exclude(standing=Standing.OFF_LIST).order_by("seq")
    rows = known.values_list("seq", "name", "lead_department", "aliases")
    items = [search.Listed(*row, procedures=procedures[row[0]]) for row in rows]
    return search.Index(
        items, synonyms=dict(Synonym.objects.filter(is_off=False).values_list("word", "means"))
    )


def offered_items(seqs: Sequence[int], *, on: datetime.date) -> set[int]:
    """Give those of some items that have a procedure which can be applied for on a day."""
    rows = Procedure.objects.filter(_opened(on), item_id__in=list(seqs))
    return set(rows.values_list("item_id", flat=True))


def hold_numbers() -> None:
    """Keep everybody else from giving an item its number until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [NUMBERS_LOCK])


def _elements() -> dict[int, list[AcceptanceStandard]]:
    found: dict[int, list[AcceptanceStandard]] = defaultdict(list)
    rows = AcceptanceStandard.objects.filter(stage=Stage.ELEMENTS, withdrawal=None)
    for row in rows.order_by("-version"):
        found[row.procedure_id].append(row)
    return dict(found)


def _as_published(item: Item, *, on: datetime.date) -> Item:
    """Give an item whose procedures are what their published elements say on a day."""
    for procedure in item.procedures.all():
        rows = _memory.elements.get(procedure.id, ())
        elements.applied(procedure, next((r for r in rows if r.effective_from_on <= on), None))
    return item


def synonyms(*, after: str = "", limit: int = 100) -> list[Synonym]:
    """Give synonyms in the order of their words, from behind a word on."""
    return list(Synonym.objects.filter(word__gt=after, is_off=False).order_by("word")[:limit])


def open_procedure(procedure_id: int, *, on: datetime.date | None = None) -> Procedure:
    """Give a procedure that can be applied for on a day; today, if none is given.

    Raises:
        rules.UnknownProcedure: there is none. rules.NotOpen: it is closed.
    """
    procedure = _procedure.first(procedure_id)
    if procedure is None:
        raise rules.UnknownProcedure()
    on = on or _today()
    if not procedure.is_open or (procedure.opens_on and procedure.opens_on > on):
        raise rules.NotOpen()
    return elements.applied(procedure, elements_to_pin(procedure.id, on=on))


_procedure = compiled.Read(
    lambda procedure_id: Procedure.objects.select_related("item", "province").filter(id=procedure_id), int
)


def deciding_division(procedure: Procedure, home_code: str, *, level: str) -> str:
    """Give the code of the division that decides for a home place (P7).

    Args:
        home_code: the place as the clerk picked it, province, prefecture or county.
        level: the level that the clerk named; empty: not clear, so the highest one decides.

    Raises:
        rules.NobodyDecides: when none of the procedure's levels exists there.
        rules.OfAnotherProvince: it is one that another province has for itself.
    """
    if procedure.province_id and procedure.province_id != rules.province_of(home_code):
        names = directory.names_of([procedure.province_id])
        raise rules.OfAnotherProvince(
            procedure=procedure.name, province=names.get(procedure.province_id, procedure.province_id)
        )
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

    What authorities have published goes before samples; then the five-province standard before the
    province's own, that before the guide.

    Raises:
        rules.NoStandard: when there is none.
    """
    in_force = lines_in_force([procedure.id], on=on, province=rules.province_of(code))
    if not in_force:
        raise rules.NoStandard(procedure=procedure.name)
    return in_force[0]


def lines_in_force(
    procedure_ids: Sequence[int],
    *,
    on: datetime.date,
    province: str | None = None,
    with_content: bool = True,
) -> list[AcceptanceStandard]:
    """Give the version in force on a day of each line of standards, the one that goes first first.

    A line is what one body publishes for one stage of a procedure. Its newest version that has taken effect
    holds; if that one is withdrawn, none does: what it replaced stays replaced.

    Args:
        province: the code of the province whose lines count, besides those for all five; None: all lines.
    """
    values: list[Any] = [list(procedure_ids), on]
    rows = _lines.shaped((province, with_content), *values)
    newest: dict[tuple[int, bool, int, str | None], AcceptanceStandard] = {}
    for row in rows:
        newest.setdefault((row.procedure_id, row.is_sample, row.stage, row.province_id), row)
    return [row for row in newest.values() if rules.is_in_force(row, on=on)]


def newest_elements(procedure_id: int, *, on: datetime.date) -> AcceptanceStandard | None:
    """Give the newest version of a procedure's elements that has taken effect by a day, withdrawn or not."""
    return _newest_elements.first(procedure_id, on)


_newest_elements = compiled.Read(
    lambda procedure_id, on: (
        AcceptanceStandard.objects.filter(procedure_id=procedure_id, stage=Stage.ELEMENTS)
        .filter(effective_from_on__lte=on)
        .select_related("withdrawal")
        .order_by("-version")[:1]
    ),
    int,
    datetime.date,
)


def elements_to_pin(procedure_id: int, *, on: datetime.date) -> AcceptanceStandard | None:
    """Give the version of a procedure's elements that holds on a day; none: it is what it shipped as (B2).

    Raises:
        rules.NotOpen: its elements are withdrawn, and with them the procedure.
    """
    row = newest_elements(procedure_id, on=on)
    if row is not None and not rules.is_in_force(row, on=on):
        raise rules.NotOpen()
    return row


def modes_of(procedure: Procedure, *, on: datetime.date, code: str = "") -> tuple[str, ...]:
    """Give the handling modes that are offered for a procedure on a day: `collected`, `online`, `joint` (B2, C1).

    Args:
        code: the place that decides; where the standard in force there names modes of its own, those count.
    """
    if code:
        in_force = lines_in_force([procedure.id], on=on, province=rules.province_of(code))
        own = standards.of(in_force[0]).modes if in_force else ()
        if own:
            return tuple(own)
    row = newest_elements(procedure.id, on=on)
    if row is not None:
        return tuple(row.content["modes"]) if rules.is_in_force(row, on=on) else ()
    return tuple(procedure.modes)


def standard_to_pin(procedure: Procedure, code: str, *, on: datetime.date) -> AcceptanceStandard:
    """Give the standard in force as `standard_in_force` does, its content held until the transaction ends.

    Raises:
        rules.NoStandard: when there is none.
    """
    with connection.cursor() as cursor:
        # What a case is about to stand on is not replaced under it: see `operations.load_items`.
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [STANDARDS_LOCK])
    return standard_in_force(procedure, code, on=on)


def _lines_of(
    shape: tuple[str | None, bool], procedure_ids: list[int], on: datetime.date
) -> QuerySet[AcceptanceStandard]:
    province, with_content = shape
    rows = AcceptanceStandard.objects.filter(procedure__id__any=procedure_ids, effective_from_on__lte=on)
    rows = rows.exclude(stage=Stage.ELEMENTS)
    if province is not None:
        rows = rows.filter(Q(province_id=province) | Q(province=None))
    if not with_content:
        rows = rows.defer("content")
    return rows.select_related("withdrawal").order_by(
        "procedure_id", "is_sample", "-stage", F("province_id").asc(nulls_last=True), "-version"
    )


_lines = compiled.Read(_lines_of, list, datetime.date)


def item(seq: int, *, on: datetime.date | None = None) -> Item:
    """Give an item that is on the list on a day with its open procedures; today, if no day is given.

    Raises:
        rules.UnknownItem: the list has no such number.
    """
    on = on or _today()
    row = Item.objects.prefetch_related(_open_procedures(on=on)).filter(seq=seq).first()
    if row is None or not listing.is_listed(row.seq, on=on):
        raise rules.UnknownItem()
    _current()
    return _as_published(row, on=on)


def procedure(key: str) -> Procedure:
    """Give a procedure by its key, open or not, with its item.

    Raises:
        rules.UnknownProcedure: there is none.
    """
    row = Procedure.objects.select_related("item", "province").filter(key=key).first()
    if row is None:
        raise rules.UnknownProcedure()
    return row


def procedures(words: str, *, after: str = "", limit: int) -> list[Procedure]:
    """Give procedures with their items: those that fit what was typed, else all in the order of their keys.

    Args:
        after: the key of the last procedure of the page before.
    """
    rows = Procedure.objects.exclude(item_id=Item.OFF_LIST).select_related("item").order_by("key")
    if words.strip():
        rows = rows.filter(item_id__in=_current().index.find(text.clean(words), limit=limit))
    if after:
        rows = rows.filter(key__gt=after)
    return list(rows[:limit])


def items(words: str, *, after: int | None = None, limit: int) -> list[Item]:
    """Give items, on the list or not, with all their procedures: those that fit what was typed, else all in order."""
    rows = Item.objects.exclude(seq=Item.OFF_LIST)
    procedures = Procedure.objects.select_related("province").order_by("key")
    rows = rows.prefetch_related(Prefetch("procedures", procedures))
    words = text.clean(words)
    if words:
        seqs = _current().index.find(words, limit=limit)
        found = {row.seq: row for row in rows.filter(seq__in=seqs)}
        return [found[seq] for seq in seqs if seq in found]
    if after is not None:
        rows = rows.filter(seq__gt=after)
    return list(rows.order_by("seq")[:limit])


def versions_of(procedure_id: int) -> list[AcceptanceStandard]:
    """Give every published version for a procedure, the newest of each line first."""
    rows = AcceptanceStandard.objects.filter(procedure_id=procedure_id)
    rows = rows.select_related("withdrawal", "province").defer("content")
    return list(rows.order_by("-stage", F("province_id").asc(nulls_first=True), "is_sample", "-version"))


def standing(row: AcceptanceStandard, in_force: Sequence[AcceptanceStandard], *, on: datetime.date) -> str:
    """Say how a version stands on a day: in force, to come, replaced, or withdrawn."""
    if getattr(row, "withdrawal", None):
        return "withdrawn"
    if row.effective_from_on > on:
        return "coming"
    if row.stage == Stage.ELEMENTS:
        newest = newest_elements(row.procedure_id, on=on)
        return "in_force" if newest is not None and newest.id == row.id else "replaced"
    return "in_force" if row.id in {r.id for r in in_force} else "replaced"


def version(standard_id: int) -> AcceptanceStandard:
    """Give a published version with its procedure.

    Raises:
        rules.UnknownStandard: there is none.
    """
    rows = AcceptanceStandard.objects.select_related("procedure__item", "province", "withdrawal")
    row = rows.filter(id=standard_id).first()
    if row is None:
        raise rules.UnknownStandard()
    return row


def drafts_of(procedure_id: int, *, for_: Actor) -> list[Draft]:
    """Give the drafts for a procedure that are somebody's own to write or review."""
    rows = Draft.objects.filter(_own(for_), procedure_id=procedure_id).select_related("province")
    return list(rows.order_by("-stage", "province_id"))


def draft(draft_id: int, *, for_: Actor) -> Draft:
    """Give a draft with its procedure to those whose standard it is.

    Raises:
        rules.UnknownDraft: there is none, or it is not theirs to see.
    """
    rows = Draft.objects.select_related("procedure__item", "province", "based_on")
    row = rows.filter(id=draft_id).first()
    if row is None or not permissions.may_edit(row.province_id, by=for_):
        raise rules.UnknownDraft()
    return row


def drafts_waiting(by: Actor) -> list[Draft]:
    """Give the drafts that somebody may go on with or review, those to be reviewed first."""
    rows = Draft.objects.filter(_own(by))
    return list(rows.select_related("procedure__item", "province").order_by("-state", "changed_at"))


def own_standards(procedure_id: int) -> dict[str, AcceptanceStandard]:
    """Give each province's own newest standard by its code: the unified one, else its guide; none withdrawn."""
    rows = AcceptanceStandard.objects.filter(procedure_id=procedure_id, withdrawal=None, is_sample=False)
    rows = rows.exclude(province=None).order_by("province_id", "-stage", "-version")
    found: dict[str, AcceptanceStandard] = {}
    for row in rows:
        found.setdefault(str(row.province_id), row)
    return found


def difference(difference_id: int) -> Difference:
    """Give a difference with its procedure.

    Raises:
        rules.UnknownDifference: there is none.
    """
    row = Difference.objects.select_related("procedure__item").filter(id=difference_id).first()
    if row is None:
        raise rules.UnknownDifference()
    return row


def _own(actor: Actor) -> Q:
    own = Q(province_id__in=permissions.provinces_of(actor))
    return own | Q(province=None) if permissions.may_edit(None, by=actor) else own


def open_differences(procedure_id: int) -> QuerySet[Difference]:
    """Give the differences of a procedure that are still to be settled, the oldest first."""
    return Difference.objects.filter(procedure_id=procedure_id, settled_at=None).order_by("id")


def differences_of(procedure_id: int) -> list[Difference]:
    """Give every difference that was opened for a procedure with its answers, the newest first."""
    rows = Difference.objects.filter(procedure_id=procedure_id).select_related("follows")
    answers = DifferenceAnswer.objects.select_related("province", "agrees_with").order_by("id")
    return list(rows.prefetch_related(Prefetch("answers", answers)).order_by("-id"))


def history_of(procedure_id: int) -> list[Entry]:
    """Give what was done about the standards of a procedure, the newest first, at most 200."""
    chain = journal.chain_of("standard", procedure_id)
    return list(Entry.objects.filter(chain_id=chain).order_by("-seq")[:200])
