"""Reads of the catalogue: find an item, the standard in force at a place, the place that decides."""

import datetime

from django.db.models import Prefetch, Q, QuerySet

from tongban.catalogue import rules, search
from tongban.catalogue.models import AcceptanceStandard, Item, Procedure
from tongban.directory import queries as directory
from tongban.directory.models import Level
from tongban.kernel import trip


def find_items(words: str, *, limit: int = 20) -> list[Item]:
    """Give the items that best fit what was typed: name, number, department, everyday words, pinyin (B1).

    An empty text gives the list in its order. Each item comes with its open procedures.
    """
    open_ones = Prefetch("procedures", Procedure.objects.filter(is_open=True).order_by("key"))
    if not words.strip():
        return list(Item.objects.prefetch_related(open_ones).order_by("seq")[:limit])
    terms = search.terms_of_query(words)
    if not terms:
        return []
    candidates = Item.objects.filter(terms__overlap=terms)
    ranked = search.rank(words, candidates.values_list("seq", "name", "lead_department", "aliases", "terms"))
    seqs = ranked[:limit]
    found = {i.seq: i for i in Item.objects.filter(seq__in=seqs).prefetch_related(open_ones)}
    return [found[seq] for seq in seqs]


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


def standard_to_pin(procedure: Procedure, code: str, *, on: datetime.date) -> AcceptanceStandard:
    """Give the standard in force as `standard_in_force` does, its content held until the transaction ends.

    Raises:
        rules.NoStandard: when there is none.
    """
    found = standard_in_force(procedure, code, on=on)
    # What a case is about to stand on is not replaced under it: see `operations.load_items`.
    held = trip.read_models([(AcceptanceStandard, "WHERE id = %s FOR KEY SHARE", [found.pk])])
    row: AcceptanceStandard = held[0][0]
    return row


def procedures_of(item_seq: int) -> QuerySet[Procedure]:
    """Give the open procedures of an item."""
    return Procedure.objects.filter(item_id=item_seq, is_open=True).order_by("key")


def item(seq: int) -> Item:
    """Give an item of the list with its open procedures.

    Raises:
        rules.UnknownItem: the list has no such number.
    """
    open_ones = Prefetch("procedures", Procedure.objects.filter(is_open=True).order_by("key"))
    row = Item.objects.prefetch_related(open_ones).filter(seq=seq).first()
    if row is None:
        raise rules.UnknownItem()
    return row
