"""Changes of the catalogue: the listed items, their procedures and the standards they ship with."""

import csv
import datetime
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction

from tongban.catalogue import files, queries
from tongban.catalogue.models import (
    CATALOGUE,
    AcceptanceStandard,
    Item,
    ItemList,
    ItemListLine,
    LifeEvent,
    Procedure,
    Stage,
    Synonym,
)
from tongban.directory import operations as directory
from tongban.kernel import crypto, refusals, worktime

DATA = Path(__file__).resolve().parents[1] / "data"
_ATTRIBUTES = ["item_id", *("name", "statutory_name", "kind", "levels", "applicants", "modes", "fee")]
_ATTRIBUTES += ["results", "delivery"]


class Published(refusals.Conflict):
    """事项文件 {file}：“{procedure}”第 {version} 版标准已经发布，不能再改。请恢复文件，改动写作新版本。"""


def sectors() -> list[str]:
    """Give the lead departments of the listed items, each once, in the order of the list."""
    return list(dict.fromkeys(line["lead_department"] for line in _list()))


@transaction.atomic
def load_items(folder: Path = DATA / "items") -> int:
    """Load the listed items, their procedures and standards; gives how many rows were new or had changed.

    Every standard is a sample for all five provinces: stage 3 where the file calls it complete, else
    stage 1. A published one is never changed: a file that says something new names a new version and the
    day from which it holds, and the version before it ends on that day.

    Raises:
        files.BadItemFile: a file is wrong. Published: a file would change a published standard.
    """
    read = files.read_all(folder)
    count = _load_list({item.seq: item.aliases for item in read})
    count += _load_procedures(read) + _load_standards(read) + _load_synonyms()
    count += _load_life_events() + _load_first_batch()
    if count:
        directory.mark_changed(CATALOGUE)
    return count


def _load_synonyms() -> int:
    """Load the synonyms that ship with the product; what an authority added under the same word stays."""
    with (DATA / "synonyms.csv").open(encoding="utf-8", newline="") as file:
        shipped = {line["word"]: line["means"] for line in csv.DictReader(file)}
    stored = {row.word: row for row in Synonym.objects.all()}
    new = [Synonym(word=w, means=m, is_shipped=True) for w, m in shipped.items() if w not in stored]
    changed = [r for w, r in stored.items() if r.is_shipped and w in shipped and r.means != shipped[w]]
    for row in changed:
        row.means = shipped[row.word]
    Synonym.objects.bulk_create(new)
    Synonym.objects.bulk_update(changed, ["means"])
    return len(new) + len(changed)


def _load_life_events() -> int:
    """Load the life events under which the portal offers items; the file is the whole of them."""
    with (DATA / "life_events.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    rows = [
        LifeEvent(
            key=line["key"],
            name=line["name"],
            icon=line["icon"],
            position=place,
            items=[int(seq) for seq in line["items"].split()],
        )
        for place, line in enumerate(lines)
    ]
    fields = ["name", "icon", "position", "items"]
    stored = {row.key: row for row in LifeEvent.objects.all()}
    new = [row for row in rows if row.key not in stored]
    changed = [row for row in rows if row.key in stored and _differ(row, stored[row.key], fields)]
    LifeEvent.objects.bulk_create(new)
    LifeEvent.objects.bulk_update(changed, fields)
    gone, _each = LifeEvent.objects.exclude(key__in=[row.key for row in rows]).delete()
    return len(new) + len(changed) + gone


def _list() -> list[dict[str, str]]:
    with (DATA / "items.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _load_list(aliases: Mapping[int, Sequence[str]]) -> int:
    rows = []
    for line in _list():
        seq = int(line["seq"])
        words = list(aliases.get(seq, ()))
        rows.append(
            Item(
                seq=seq,
                name=line["name"],
                lead_department=line["lead_department"],
                source=line["source"],
                aliases=words,
            )
        )
    fields = ["name", "lead_department", "source", "aliases"]
    stored = {row.seq: row for row in Item.objects.all()}
    new = [row for row in rows if row.seq not in stored]
    changed = [row for row in rows if row.seq in stored and _differ(row, stored[row.seq], fields)]
    Item.objects.bulk_create(new)
    Item.objects.bulk_update(changed, fields)
    return len(new) + len(changed)


def _load_first_batch() -> int:
    """Make what the five provinces issued together the first published batch (P6); once."""
    year = files.FIRST_EFFECTIVE_ON.year
    if ItemList.objects.filter(year=year, number=1).exists():
        return 0
    at = datetime.datetime.combine(files.FIRST_EFFECTIVE_ON, datetime.time(), worktime.BEIJING)
    batch = ItemList.objects.create(year=year, number=1, begun_at=at)
    lines = [ItemListLine(batch=batch, item_id=int(line["seq"])) for line in _list()]
    ItemListLine.objects.bulk_create(lines)
    ItemList.objects.filter(id=batch.id).update(effective_from_on=files.FIRST_EFFECTIVE_ON, published_at=at)
    return len(lines) + 1


def _load_procedures(items: Iterable[files.ItemOfFile]) -> int:
    stored = {row.key: row for row in Procedure.objects.all()}
    new, changed = [], []
    for item in items:
        for procedure in item.procedures:
            row = Procedure(key=procedure.key, item_id=item.seq, **procedure.attributes)
            known = stored.get(row.key)
            if known is None:
                new.append(row)
            elif _differ(row, known, _ATTRIBUTES):
                row.pk = known.pk
                changed.append(row)
    Procedure.objects.bulk_create(new)
    Procedure.objects.bulk_update(changed, [name.removesuffix("_id") for name in _ATTRIBUTES])
    return len(new) + len(changed)


def _load_standards(items: Iterable[files.ItemOfFile]) -> int:
    ids = dict(Procedure.objects.values_list("key", "id"))
    rows = AcceptanceStandard.objects.filter(is_sample=True, province=None)
    stored = {(row.procedure_id, row.version): row for row in rows}
    new, changed, ended = [], [], []
    for item in items:
        for procedure in item.procedures:
            row = _standard(ids[procedure.key], procedure)
            known = stored.get((row.procedure_id, row.version))
            if known is None:
                new.append(row)
                before = stored.get((row.procedure_id, row.version - 1))
                if before is not None:
                    before.effective_until_on = row.effective_from_on
                    ended.append(before)
            elif bytes(known.digest) != row.digest or known.stage != row.stage:
                _check_replaceable(known, file=item.file, name=procedure.attributes["name"])
                row.pk = known.pk
                changed.append(row)
    AcceptanceStandard.objects.bulk_create(new)
    AcceptanceStandard.objects.bulk_update(ended, ["effective_until_on"])
    fields = ["stage", "legal_limit", "promised_limit", "content", "digest"]
    AcceptanceStandard.objects.bulk_update(changed, fields)
    return len(new) + len(changed)


def _standard(procedure_id: int, procedure: files.ProcedureOfFile) -> AcceptanceStandard:
    return AcceptanceStandard(
        procedure_id=procedure_id,
        province=None,
        stage=Stage.FIVE_PROVINCES if procedure.is_complete else Stage.GUIDE,
        version=procedure.version,
        effective_from_on=procedure.effective_from_on,
        legal_limit=procedure.legal_limit,
        promised_limit=procedure.promised_limit,
        content=dict(procedure.content),
        digest=digest_of(procedure.content, limits=(procedure.legal_limit, procedure.promised_limit)),
        is_sample=True,
    )


def digest_of(content: Mapping[str, Any], *, limits: tuple[int, int]) -> bytes:
    """Give the SM3 digest of a standard's content, legal and promised limit, as canonical JSON."""
    said = {"content": content, "legal_limit": limits[0], "promised_limit": limits[1]}
    return crypto.sm3(json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode())


def _check_replaceable(row: AcceptanceStandard, *, file: str, name: str) -> None:
    """Refuse to change a published standard, except in practice mode one that nothing stands on.

    Until the load is over no case is pinned: one that was just being pinned is waited for, and seen here.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [queries.STANDARDS_LOCK])
    if not settings.TONGBAN_PRACTICE or _is_used(row):
        raise Published(file=file, procedure=name, version=row.version)


def _is_used(row: AcceptanceStandard) -> bool:
    """Ask every table that points to standards; those tables belong to apps that stand above this one."""
    return any(
        model._base_manager.filter(**{field.name: row}).exists()
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.related_model is AcceptanceStandard
    )


def _differ(row: Any, stored: Any, fields: Iterable[str]) -> bool:
    return any(getattr(row, name) != getattr(stored, name) for name in fields)
