"""Batches of the item list: put together, published by the coordination group, never changed again (B5, P6, W5).

What a batch lists stays on the list until a later batch takes it off; cases of what is taken off go on.
"""

import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from tongban.catalogue import listing, permissions, queries, rules
from tongban.catalogue.models import CATALOGUE, Item, ItemList, ItemListLine, Pilot
from tongban.directory import operations as directory
from tongban.journal import operations as journal
from tongban.kernel import refusals, text
from tongban.people.actors import Actor

ARTICLE = "P6"


class BadYear(refusals.Incomplete):
    """请填写批次的年份，2021 至 {last}。"""


class BatchPublished(refusals.OutOfTurn):
    """这一批清单已经发布，不能再改。要增加或者移出事项，请编制新的一批。"""


class NoSuchItem(refusals.Incomplete):
    """没有序号为 {seq} 的事项。请核对序号，或者先在“事项与办理项”里新建。"""


class ListedAlready(refusals.Incomplete):
    """“{item}”已经在清单上，不用再列入。"""


class NotListed(refusals.Incomplete):
    """“{item}”不在清单上，不能移出。"""


class NoWhy(refusals.Incomplete):
    """请写明移出清单的理由，收件窗口要据此向申请人解释。"""


class EmptyBatch(refusals.Incomplete):
    """这一批还没有事项。请先列入或者移出至少一个事项。"""


class NothingToApplyFor(refusals.Incomplete):
    """“{item}”在生效之日还没有可以办理的办理项，不能列入。请先发布办理项的要素。"""


class NoDay(refusals.Incomplete):
    """请填写生效日期，最早是今天（{today}），也不能早于上一批的生效日期（{before}）。"""


@transaction.atomic
def begin(*, year: int | None, document: str = "", by: Actor, at: datetime.datetime) -> ItemList:
    """Begin the next batch of a year (W5).

    Raises:
        permissions.NotTheGroup, BadYear.
    """
    permissions.require_group(by)
    this = rules.day_of(at).year
    if year is None or not 2021 <= year <= this + 1:
        raise BadYear(last=this + 1, fields={"year": BadYear(last=this + 1).message})
    last = ItemList.objects.filter(year=year).aggregate(n=Max("number"))["n"] or 0
    row = ItemList(year=year, number=last + 1, document=text.clean(document)[:120])
    row.begun_at, row.begun_by_name = at, by.name
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:  # somebody began one at this very moment: theirs is the last, ours comes after it
        row.number += 1
        row.save(force_insert=True)
    _note("begin", row, by=by, at=at)
    return row


@transaction.atomic
def put(
    batch_id: int,
    *,
    seq: int | None,
    kind: str = "listed",
    reason: str = "",
    by: Actor,
    at: datetime.datetime,
) -> ItemListLine:
    """Say in a draft batch that an item comes on the list or goes off it; said again, the later word counts.

    Raises:
        permissions.NotTheGroup, rules.UnknownBatch, BatchPublished, NoSuchItem, ListedAlready, NotListed, NoWhy.
    """
    permissions.require_group(by)
    batch = _draft(batch_id)
    item = Item.objects.filter(seq=seq).exclude(seq=Item.OFF_LIST).first() if seq is not None else None
    if item is None:
        said = "—" if seq is None else seq
        raise NoSuchItem(seq=said, fields={"seq": NoSuchItem(seq=said).message})
    is_listed = listing.is_listed(item.seq, on=datetime.date.max)
    words = text.clean(reason)[:300]
    if kind == "withdrawn":
        if not is_listed:
            raise NotListed(item=item.name, fields={"seq": NotListed(item=item.name).message})
        if not words:
            raise NoWhy(fields={"reason": NoWhy().message})
    elif is_listed:
        raise ListedAlready(item=item.name, fields={"seq": ListedAlready(item=item.name).message})
    kind = "withdrawn" if kind == "withdrawn" else "listed"
    line, _is_new = ItemListLine.objects.update_or_create(
        batch=batch, item=item, defaults={"kind": kind, "reason": words}
    )
    _note("put", batch, by=by, at=at, item=item.seq, kind=kind)
    return line


@transaction.atomic
def take_out(batch_id: int, *, seq: int, by: Actor, at: datetime.datetime) -> None:
    """Take what a draft batch says of an item out of it again.

    Raises:
        permissions.NotTheGroup, rules.UnknownBatch, BatchPublished, NoSuchItem.
    """
    permissions.require_group(by)
    batch = _draft(batch_id)
    gone, _of_kinds = ItemListLine.objects.filter(batch=batch, item_id=seq).delete()
    if not gone:
        raise NoSuchItem(seq=seq, fields={"seq": NoSuchItem(seq=seq).message})
    Pilot.objects.filter(batch=batch, procedure__item_id=seq).update(batch=None)
    _note("take_out", batch, by=by, at=at, item=seq)


@transaction.atomic
def discard(batch_id: int, *, by: Actor, at: datetime.datetime) -> None:
    """Throw a draft batch away.

    Raises:
        permissions.NotTheGroup, rules.UnknownBatch, BatchPublished.
    """
    permissions.require_group(by)
    batch = _draft(batch_id)
    _note("discard", batch, by=by, at=at)
    Pilot.objects.filter(batch=batch).update(batch=None)  # recommended still, for another batch
    batch.delete()


@transaction.atomic
def publish(
    batch_id: int, *, effective_from_on: datetime.date | None, by: Actor, at: datetime.datetime
) -> ItemList:
    """Publish a batch; from its day on, midnight in Beijing, the list is what it says.

    Raises:
        permissions.NotTheGroup, rules.UnknownBatch, BatchPublished, EmptyBatch, NoDay, NothingToApplyFor.
    """
    permissions.require_group(by)
    batch = _draft(batch_id)
    on = _checked_day(effective_from_on, at=at)
    lines = list(ItemListLine.objects.filter(batch=batch).select_related("item"))
    if not lines:
        raise EmptyBatch()
    wanted = [line.item_id for line in lines if line.kind == "listed"]
    there = queries.offered_items(wanted, on=on)
    for line in lines:
        if line.kind == "listed" and line.item_id not in there:
            raise NothingToApplyFor(item=line.item.name)
    batch.effective_from_on, batch.published_at = on, at
    batch.published_by_id, batch.published_by_name = by.id, by.name
    batch.save()
    directory.mark_changed(CATALOGUE)
    _note("publish", batch, by=by, at=at, effective_from_on=on.isoformat(), lines=len(lines))
    return batch


def _checked_day(on: datetime.date | None, *, at: datetime.datetime) -> datetime.date:
    today = rules.day_of(at)
    last = ItemList.objects.exclude(published_at=None).aggregate(last=Max("effective_from_on"))["last"]
    earliest = max(today, last) if last else today
    if on is None or on < earliest:
        words = NoDay(today=today.isoformat(), before=earliest.isoformat())
        raise NoDay(
            today=today.isoformat(),
            before=earliest.isoformat(),
            fields={"effective_from_on": words.message},
        )
    return on


def _draft(batch_id: int) -> ItemList:
    """Lock a batch that is still being put together."""
    row = ItemList.objects.filter(id=batch_id).first()
    if row is None:
        raise rules.UnknownBatch()
    locked = ItemList.objects.select_for_update().filter(id=batch_id, published_at=None).first()
    if locked is None:
        raise BatchPublished()
    return locked


def next_seq() -> int:
    """Give the number of the next item; the caller's transaction keeps anybody else from taking it."""
    queries.hold_numbers()
    return last_seq() + 1


def last_seq() -> int:
    """Give the highest number that an item has."""
    return Item.objects.aggregate(last=Max("seq"))["last"] or 0


def _note(what: str, row: ItemList, *, by: Actor, at: datetime.datetime, **payload: Any) -> None:
    journal.append(
        "item_list",
        row.id,
        code=f"item_list.{what}",
        article=ARTICLE,
        at=at,
        actor_id=by.id,
        actor=by.name,
        place=by.place,
        payload={"year": row.year, "number": row.number, **payload},
    )
