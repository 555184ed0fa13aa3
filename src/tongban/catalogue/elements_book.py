"""Procedures and their elements as an Excel workbook (B2, B8): written, and read back as drafts, all or nothing.

Those of all five are the coordination group's; a province has those of the procedures that it made for itself. A line
with a number that no procedure has makes a new one, as the page of items does.
"""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from tongban.catalogue import elements, permissions, queries, rules
from tongban.catalogue.book import Contents, Plan, Planner, settled, sheets_with
from tongban.catalogue.book_lines import ELEMENTS, LAWS
from tongban.catalogue.models import AcceptanceStandard, Draft, Item, Procedure, Stage
from tongban.catalogue.operations import procedures, publishing
from tongban.kernel import worktime
from tongban.kernel.sheets import Book, Row, Sheet
from tongban.people.actors import Actor

SHEETS = (ELEMENTS, LAWS)
_ASKED = ("item", "name", "statutory_name", "kind", "lead_department")
ABOUT = (
    "第一行是列名，不要改动；带 * 的必填。一行一个办理项，不要合并单元格，不要用公式。",
    "实施层级、申请人、办理模式、送达方式各有一列，适用的选“是”，每样至少一个“是”。",
    "“要素”表里列出的办理项，它的法定依据以工作簿为准：没有列出的会从草案里去掉。工作簿里没有的列保持原样。",
    "新建办理项：写一个没有用过的编号，填好事项序号、办理项、事项类型和各项要素，“法定依据”至少一行。",
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


class _Planner(Planner):
    """Also plans procedures that are not there yet: all five's for the coordination group, a province's its own."""

    def __init__(self, book: Book, *, by: Actor, at: datetime.datetime) -> None:
        super().__init__(book, _contents(by, at), main=ELEMENTS, parts=(LAWS,), stage=Stage.ELEMENTS)
        self.at = at
        self.province = None if permissions.may_edit(None, by=by) else permissions.provinces_of(by)[0]
        keys = {str(row.values["key"]) for row in book.rows.get(ELEMENTS.key, [])}
        there = Procedure.objects.filter(key__in=keys - self.known.keys())
        self.others = set(there.values_list("key", flat=True))
        self.items: dict[int, Item] = {}  # new ones of earlier lines

    def line(self, line: Row) -> None:
        key = str(line.values["key"])
        known = self.known.get(key)
        if known is None:
            if not self._new(line, key):
                return
        elif key not in self.seen:
            self._settled(line, known[0])
        super().line(line)

    def _settled(self, line: Row, procedure: Procedure) -> None:
        for name, value in settled(procedure).items():
            if line.values[name] not in (None, "", value):
                said = _("建好以后不能在这里修改，现在是“{value}”").format(value=value)
                self.fault(ELEMENTS, line, name, said)

    def _new(self, line: Row, key: str) -> bool:
        """Take a line for a new procedure; tells whether it stands."""
        said = {name: str(line.values[name] or "") for name in _ASKED}
        seq: int | None = line.values["item_seq"]
        if key in self.others:
            self.fault(ELEMENTS, line, "key", _("这个编号的办理项不由您维护；新建的请换一个没有用过的编号"))
            return False
        if seq is None and not (said["name"] or said["kind"]):
            self.fault(ELEMENTS, line, "key", _("没有这个办理项；要新建的，请填写事项序号、办理项和事项类型"))
            return False
        if seq is None:  # an item that an earlier line makes is named as there
            seq = next((n for n, item in self.items.items() if item.name == said["item"]), None)
        try:
            procedure = procedures.planned(
                name=said["name"],
                statutory_name=said["statutory_name"],
                kind=said["kind"],
                item_seq=seq,
                item_name=said["item"],
                lead_department=said["lead_department"],
                province=self.province,
                key=key,
                at=self.at,
                coming=self.items,
            )
        except procedures.NotComplete as refusal:
            for name, what in refusal.fields.items():
                self.fault(ELEMENTS, line, "item" if name == "item_name" else name, what)
            return False
        if said["item"] not in ("", procedure.item.name):
            what = _("序号 {seq} 的事项是“{name}”").format(seq=procedure.item_id, name=procedure.item.name)
            self.fault(ELEMENTS, line, "item", what)
        if procedure.item._state.adding:
            self.items[procedure.item_id] = procedure.item
        self.known[key] = (procedure, None, elements.of(procedure))
        return True


def plan(book: Book, *, by: Actor, at: datetime.datetime) -> Plan:
    """Hold a workbook against the drafts and elements of whoever brings it; nothing is written."""
    planner = _Planner(book, by=by, at=at)
    for line in book.rows.get(ELEMENTS.key, []):
        planner.line(line)
    planner.check_codes(province=None, on=rules.day_of(at))
    return planner.plan


def apply(wanted: Plan, *, by: Actor, at: datetime.datetime) -> None:
    """Write what a plan without faults wants as drafts, in the open transaction; each is in its own journal."""
    assert not wanted.faults
    for procedure, draft, content in wanted.drafts:
        if procedure.pk is None:
            begun = _made(procedure, by=by, at=at)
        else:
            begun = draft or publishing.begin(
                procedure, province=procedure.province_id, stage=Stage.ELEMENTS, by=by, at=at
            )
        publishing.save(begun.id, content, revision=begun.revision, by=by, at=at)


def _made(procedure: Procedure, *, by: Actor, at: datetime.datetime) -> Draft:
    """Make a planned procedure, its item too unless an earlier line has made it; gives the draft of its elements."""
    there = Item.objects.filter(seq=procedure.item_id).exists()
    return procedures.make(
        name=procedure.name,
        statutory_name=procedure.statutory_name,
        kind=procedure.kind,
        item_seq=procedure.item_id if there else None,
        item_name=procedure.item.name,
        lead_department=procedure.item.lead_department,
        province=procedure.province_id,
        key=procedure.key,
        by=by,
        at=at,
    )
