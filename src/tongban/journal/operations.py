"""Write entries, seal the chains, and prove that nothing was changed or removed since.

Entries are built here and inserted by whoever takes the step, in the same trip to the database.
"""

import datetime
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from tongban.journal.models import Entry, Look, Seal, SealedHead, Verification
from tongban.kernel import crypto, ids, keyring

NOTHING_BEFORE = bytes(32)
# A transaction that began before a seal may commit after it; none lasts as long as this.
OVERLAP = datetime.timedelta(minutes=10)
CHAINS = {
    "calendar": 1,
    "account": 2,
    "directory": 3,
    "standard": 4,
    "practice": 5,
    "security": 6,
    "catalogue": 7,
    "item_list": 20,
    "pilot": 21,
    "feedback": 9,
}
_ENTRY_COLUMNS = (
    "chain_id, seq, code, article, at, recorded_at, actor_id, actor, place, payload, digest_before, digest"
)


@dataclass(frozen=True)
class Fault:
    """The first thing that is wrong with a chain or a seal: where, and in words what."""

    chain_id: int | None
    seq: int | None
    what: str


def chain_of(kind: str, id_: int) -> int:
    """Give the chain of something that is not a case, for the kinds named in CHAINS. Always below zero."""
    return -((CHAINS[kind] << 56) + id_)


def entry(
    chain_id: int,
    *,
    seq: int,
    before: bytes,
    code: str,
    article: str,
    at: datetime.datetime,
    actor_id: int | None,
    actor: str,
    place: str,
    payload: Mapping[str, Any],
) -> Entry:
    """Give the next entry of a chain, digest and all, not yet inserted.

    Args:
        seq: one more than the last entry's.
        before: the last entry's digest, NOTHING_BEFORE for the first.
        payload: JSON without floating-point numbers, which would not read back the same.
    """
    row = Entry(
        chain_id=chain_id,
        seq=seq,
        code=code,
        article=article,
        at=at,
        recorded_at=datetime.datetime.now(datetime.UTC),
        actor_id=actor_id,
        actor=actor,
        place=place,
        payload=dict(payload),
        digest_before=before,
    )
    row.digest = digest_of(row)
    return row


def digest_of(row: Entry) -> bytes:
    """Compute what the digest of an entry must be from everything else that it says."""
    said = [
        row.chain_id,
        row.seq,
        row.code,
        row.article,
        row.at.astimezone(datetime.UTC).isoformat(timespec="microseconds"),
        row.recorded_at.astimezone(datetime.UTC).isoformat(timespec="microseconds"),
        row.actor_id,
        row.actor,
        row.place,
        row.payload,
    ]
    text = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return crypto.sm3(bytes(row.digest_before) + text.encode())


def append(
    kind: str,
    id_: int,
    *,
    code: str,
    article: str,
    at: datetime.datetime,
    actor_id: int | None,
    actor: str,
    place: str,
    payload: Mapping[str, Any],
) -> Entry:
    """Add an entry to the chain of something that is not a case, and give it.

    Meant for rare acts (a calendar edited, a standard published): it takes an advisory lock on the chain.
    """
    chain_id = chain_of(kind, id_)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [chain_id])
        last = Entry.objects.filter(chain_id=chain_id).order_by("-seq").first()
        row = entry(
            chain_id,
            seq=last.seq + 1 if last else 1,
            before=bytes(last.digest) if last else NOTHING_BEFORE,
            code=code,
            article=article,
            at=at,
            actor_id=actor_id,
            actor=actor,
            place=place,
            payload=payload,
        )
        row.save(force_insert=True)
    return row


def look(
    case_id: int,
    *,
    what: str,
    about_id: int | None,
    purpose: str,
    at: datetime.datetime,
    person_id: int,
    person: str,
    place: str,
) -> Look:
    """Record that a person saw protected data of a case, and what for (P26(4), P27(4))."""
    return Look.objects.create(
        id=ids.new_id(at),
        case_id=case_id,
        what=what,
        about_id=about_id,
        purpose=purpose,
        at=at,
        person_id=person_id,
        person=person,
        place=place,
    )


_KEPT_FAULTS = 50


def check(*, heads: Callable[[], Iterable[tuple[int, int, bytes]]], by: str = "") -> Verification:
    """Verify everything as it stood at one moment, and keep what was found.

    Args:
        heads: gives what cases say their last entry is; read in the same moment as the chains.
        by: the account that asks for it, empty for the schedule.
    """
    began_at = datetime.datetime.now(datetime.UTC)
    is_alone = not connection.in_atomic_block
    with transaction.atomic():
        if is_alone:  # else somebody else's transaction decides what is seen
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        faults = list(verify(heads=heads()))
        entries = Entry.objects.count()
    return Verification.objects.create(
        began_at=began_at,
        ended_at=datetime.datetime.now(datetime.UTC),
        by=by,
        entries=entries,
        faults=len(faults),
        found=[{"chain": f.chain_id, "seq": f.seq, "what": f.what} for f in faults[:_KEPT_FAULTS]],
    )


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Give the SM3 Merkle root of leaves in their order; an odd one out moves up as it is."""
    level = [crypto.sm3(b"\x00" + leaf) for leaf in leaves] or [NOTHING_BEFORE]
    while len(level) > 1:
        pairs = [crypto.sm3(b"\x01" + a + b) for a, b in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


def _leaf(head: SealedHead) -> bytes:
    return f"{head.chain_id}:{head.seq}:".encode() + bytes(head.digest)


def _seal_digest(seal: Seal) -> bytes:
    said = f"{seal.number}|{seal.sealed_at.astimezone(datetime.UTC).isoformat(timespec='microseconds')}|{seal.heads}|"
    return crypto.sm3(bytes(seal.digest_before) + said.encode() + bytes(seal.root))


def seal(*, at: datetime.datetime) -> Seal | None:
    """Sign a root over the heads of all chains that grew since the last seal; None when none did."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [chain_of("practice", 0)])
        last = Seal.objects.order_by("-number").first()
        until_at = datetime.datetime.now(datetime.UTC)
        grown = Entry.objects.filter(recorded_at__lte=until_at)
        if last:
            grown = grown.filter(recorded_at__gt=last.until_at - OVERLAP)
        seqs = dict(grown.values_list("chain_id").annotate(last=Max("seq")).order_by())
        number = last.number + 1 if last else 1
        sealed = dict(
            SealedHead.objects.filter(chain_id__in=list(seqs))
            .values_list("chain_id")
            .annotate(last=Max("seq"))
            .order_by()
        )
        heads = _heads({c: s for c, s in seqs.items() if s > sealed.get(c, 0)}, number)
        if not heads:
            return None
        new = Seal(number=number, sealed_at=at, until_at=until_at, heads=len(heads))
        new.root = merkle_root([_leaf(h) for h in heads])
        new.digest_before = bytes(last.digest) if last else NOTHING_BEFORE
        new.digest = _seal_digest(new)
        new.signature = keyring.current().sign(new.digest)
        new.save(force_insert=True)
        SealedHead.objects.bulk_create(heads, batch_size=2000)
    return new


def seal_first(leaves: Sequence[bytes], *, until_at: datetime.datetime, at: datetime.datetime) -> Seal:
    """Sign the first seal over leaves whose heads were put in by hand: for made-up data in bulk.

    Args:
        leaves: `chain:seq:` and digest of each head, in the order of the chains.
    """
    new = Seal(number=1, sealed_at=at, until_at=until_at, heads=len(leaves), digest_before=NOTHING_BEFORE)
    new.root = merkle_root(leaves)
    new.digest = _seal_digest(new)
    new.signature = keyring.current().sign(new.digest)
    new.save(force_insert=True)
    return new


def _heads(seqs: Mapping[int, int], number: int) -> list[SealedHead]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.chain_id, e.seq, e.digest FROM journal_entry e"
            " JOIN unnest(%s::bigint[], %s::int[]) AS h(chain_id, seq) USING (chain_id, seq) ORDER BY e.chain_id",
            [list(seqs.keys()), list(seqs.values())],
        )
        return [
            SealedHead(chain_id=c, seq=s, digest=bytes(d), seal_number=number)
            for c, s, d in cursor.fetchall()
        ]


def verify(*, heads: Iterable[tuple[int, int, bytes]] = ()) -> Iterator[Fault]:
    """Check every chain and every seal, and give each fault found: for a chain, the first one.

    Args:
        heads: (chain_id, seq, digest) of what cases say their last entry is, to be held against the chains.
    """
    ends: dict[int, tuple[int, bytes]] = {}
    broken: set[int] = set()
    for row in Entry.objects.order_by("chain_id", "seq").iterator(chunk_size=2000):
        seq, before = ends.get(row.chain_id, (0, NOTHING_BEFORE))
        ends[row.chain_id] = (row.seq, bytes(row.digest))
        if row.chain_id in broken:
            continue
        fault = None
        if row.seq != seq + 1:
            fault = Fault(row.chain_id, seq + 1, "entry is missing")
        elif bytes(row.digest_before) != before or bytes(row.digest) != digest_of(row):
            fault = Fault(row.chain_id, row.seq, "entry was changed")
        if fault:
            broken.add(row.chain_id)
            yield fault
    for chain_id, seq, digest in heads:
        if chain_id not in broken and ends.get(chain_id) != (seq, bytes(digest)):
            what = "chain is missing" if chain_id not in ends else "entries after this are missing"
            broken.add(chain_id)
            yield Fault(chain_id, ends.get(chain_id, (0, b""))[0] or None, what)
    yield from _verify_seals(broken)


def _verify_seals(broken: set[int]) -> Iterator[Fault]:
    before = NOTHING_BEFORE
    for number, row in enumerate(Seal.objects.order_by("number").iterator(), start=1):
        if row.number != number:
            yield Fault(None, number, "seal is missing")
            return
        leaves = list(SealedHead.objects.filter(seal_number=row.number).order_by("chain_id"))
        genuine = (
            bytes(row.digest_before) == before
            and bytes(row.root) == merkle_root([_leaf(h) for h in leaves])
            and bytes(row.digest) == _seal_digest(row)
            and keyring.current().verify(bytes(row.digest), bytes(row.signature))
        )
        if not genuine:
            yield Fault(None, row.number, "seal was changed")
        before = bytes(row.digest)
    yield from _verify_sealed_heads(broken)


def _verify_sealed_heads(broken: set[int]) -> Iterator[Fault]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (h.chain_id) h.chain_id, h.seq, e.seq IS NULL FROM journal_sealedhead h"
            " LEFT JOIN journal_entry e ON e.chain_id = h.chain_id AND e.seq = h.seq"
            " WHERE e.digest IS DISTINCT FROM h.digest ORDER BY h.chain_id, h.seq"
        )
        rows = cursor.fetchall()
    for chain_id, seq, missing in rows:
        if chain_id not in broken:
            yield Fault(chain_id, seq, "sealed entry is missing" if missing else "sealed entry was changed")
