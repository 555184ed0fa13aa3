"""Workbooks that people hand in: kept, watched while they are gone through, and what came of them."""

import datetime
from collections.abc import Sequence
from typing import Any

from tongban.documents import rules, store
from tongban.documents.models import Import, ImportState
from tongban.kernel import crypto, ids, refusals, sheets

SHOWN_AT_MOST = 500


class UnknownImport(refusals.NotFound):
    """没有找到这次导入。请重新上传工作簿。"""


class NotReady(refusals.OutOfTurn):
    """这次导入现在不能确认：它已经导入、有错误，或者还在检查。请刷新后查看。"""


def begin(data: bytes, *, kind: str, name: str, by_id: int, at: datetime.datetime) -> Import:
    """Look a workbook over and keep it, to be gone through by a job.

    Raises:
        sheets.NotAWorkbook, sheets.TooBig, sheets.Dangerous. store.StoreFull, store.StoreFailed.
    """
    sheets.look_over(data)
    digest = crypto.sm3(data)
    store.put(data, digest=digest)
    return Import.objects.create(
        id=ids.new_id(at),
        kind=kind,
        name=rules.shown_name(name) or "工作簿.xlsx",
        digest=digest,
        size=len(data),
        made_by_id=by_id,
        made_at=at,
    )


def of(import_id: int, *, by_id: int) -> Import:
    """Give an import of somebody's own.

    Raises:
        UnknownImport: there is none, or it is another person's.
    """
    row = Import.objects.filter(id=import_id, made_by_id=by_id).first()
    if row is None:
        raise UnknownImport()
    return row


def lately(by_id: int) -> list[Import]:
    """Give the last ten imports of a person, without what they say."""
    rows = Import.objects.filter(made_by_id=by_id).defer("changes", "faults").order_by("-id")
    return list(rows[:10])


def confirm(import_id: int, *, by_id: int) -> Import:
    """Let a checked import be applied.

    Raises:
        UnknownImport, NotReady.
    """
    row = of(import_id, by_id=by_id)
    if not Import.objects.filter(id=row.id, status=ImportState.CHECKED).update(
        status=ImportState.APPLYING, done=0
    ):
        raise NotReady()
    row.status = ImportState.APPLYING
    return row


def content_of(row: Import) -> bytes:
    """Give the workbook as it was handed in."""
    return store.get(bytes(row.digest))


def mark(row: Import, **changes: Any) -> None:
    """Write how far an import is."""
    for name, value in changes.items():
        setattr(row, name, value)
    Import.objects.filter(id=row.id).update(**changes)


def say(
    row: Import,
    state: ImportState,
    *,
    changes: Sequence[str],
    faults: Sequence[sheets.Fault],
    at: datetime.datetime,
) -> None:
    """Write what came of an import."""
    said = [fault.as_json() for fault in faults[: sheets.MAX_FAULTS]]
    mark(row, status=state, changes=list(changes[:SHOWN_AT_MOST]), faults=said, ended_at=at)
