"""The elements of procedures as an Excel workbook (B2, B8): written, and read back as drafts, all or nothing.

Those of all five are the coordination group's; a province has those of the procedures that it made for itself.
"""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from tongban.catalogue import elements, permissions, queries, rules
from tongban.catalogue.book import Contents, Plan, Planner, sheets_with
from tongban.catalogue.book_lines import ELEMENTS, LAWS
from tongban.catalogue.models import AcceptanceStandard, Draft, Item, Procedure, Stage
from tongban.catalogue.operations import publishing
from tongban.kernel import worktime
from tongban.kernel.sheets import Book, Sheet
from tongban.people.actors import Actor

SHEETS = (ELEMENTS, LAWS)
ABOUT = (
    "第一行是列名，不要改动；带 * 的必填。一行一个办理项，不要合并单元格，不要用公式。",
    "实施层级、申请人、办理模式、送达方式各有一列，适用的选“是”，每样至少一个“是”。",
    "“要素”表里列出的办理项，它的法定依据以工作簿为准：没有列出的会从草案里去掉。工作簿里没有的列保持原样。",
    "导入不会发布：改动成为草案，由另一人审核后发布。五省共用的办理项由协调小组导入，省自设的由该省导入。",
)


def export(by: Actor, at: datetime.datetime) -> list[tuple[Sheet, Iterable[Mapping[str, Any]]]]:
    """Give the sheets with one's own draft of each procedure's elements, else the last version, or what shipped."""
    return sheets_with(ELEMENTS, (LAWS,), _contents(by, at))


def _contents(by: Actor, at: datetime.datetime) -> Contents:
    """Give every procedure whose elements are somebody's own, its draft, and the content a change starts from."""
    rows = Procedure.objects.exclude(item_id=Item.OFF_LIST)
    provinces = permissions.provinces_of(by)
    own = rows.filter(province_id__in=provinces)
    if permissions.may_edit(None, by=by):
        own = own | rows.filter(province=None)
    procedures = list(own.select_related("item").order_by("key"))
    ids = [p.id for p in procedures]
    drafts = {d.procedure_id: d for d in Draft.objects.filter(procedure_id__in=ids, stage=Stage.ELEMENTS)}
    versions = AcceptanceStandard.objects.filter(procedure_id__in=ids, stage=Stage.ELEMENTS)
    last = {row.procedure_id: row for row in versions.order_by("version")}
    on = at.astimezone(worktime.BEIJING).date()
    laws: dict[int, Any] = {}
    for row in queries.lines_in_force(ids, on=on, province=""):
        laws.setdefault(row.procedure_id, row.content.get("legal_basis", []))
    found: Contents = []
    for procedure in procedures:
        draft, before = drafts.get(procedure.id), last.get(procedure.id)
        if draft is not None:
            content = draft.content
        elif before is not None:
            content = publishing.content_of(before)
        else:
            content = {**elements.of(procedure), "legal_basis": laws.get(procedure.id, [])}
        found.append((procedure, draft, content))
    return found


def plan(book: Book, *, by: Actor, at: datetime.datetime) -> Plan:
    """Hold a workbook against the drafts and elements of whoever brings it; nothing is written."""
    planner = Planner(book, _contents(by, at), main=ELEMENTS, parts=(LAWS,), stage=Stage.ELEMENTS)
    for line in book.rows.get(ELEMENTS.key, []):
        planner.line(line)
    planner.check_codes(province=None, on=rules.day_of(at))
    return planner.plan


def apply(wanted: Plan, *, by: Actor, at: datetime.datetime) -> None:
    """Write what a plan without faults wants as drafts, in the open transaction; each is in its own journal."""
    assert not wanted.faults
    for procedure, draft, content in wanted.drafts:
        begun = draft or publishing.begin(
            procedure, province=procedure.province_id, stage=Stage.ELEMENTS, by=by, at=at
        )
        publishing.save(begun.id, content, revision=begun.revision, by=by, at=at)
