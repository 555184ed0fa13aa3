"""Acceptance standards as an Excel workbook: written, and read back as drafts, all or nothing (B8).

A workbook never publishes: what it says of a procedure becomes the draft of whoever brings it — a province's
standard, or the five-province one for the coordination group — and goes through review like any other. Sheets and
columns that are not in the workbook leave what was there as it is.
"""

import copy
import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from tongban.catalogue import book_lines, local_codes, permissions, queries, rules, soundness
from tongban.catalogue.book_lines import PARTS, STANDARDS
from tongban.catalogue.models import AcceptanceStandard, Draft, Procedure, Stage
from tongban.catalogue.operations import procedures, publishing
from tongban.kernel import worktime
from tongban.kernel.sheets import Book, Fault, Row, Sheet
from tongban.people.actors import Actor

SHEETS = (STANDARDS, *PARTS)
ABOUT = (
    "第一行是列名，不要改动；带 * 的必填。一行一条，不要合并单元格，不要用公式。",
    "“标准”表里列出的办理项，它的情形、问题、材料、表单、法定依据以工作簿为准：没有列出的会从草案里去掉。",
    "工作簿里没有的工作表和列，草案里的内容保持原样。",
    "导入不会发布：改动成为您所在省份（协调小组为五省统一标准）的草案，送审、审核、发布仍按原来的办法。",
)
_ROW_KEY = re.compile(r"[A-Za-z0-9_-]{1,40}")
Contents = list[tuple[Procedure, Draft | None, dict[str, Any]]]


@dataclass
class Plan:
    """What a workbook would do: each change in words, every fault, and the drafts that are to be written."""

    changes: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    same: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    drafts: list[tuple[Procedure, Draft | None, dict[str, Any]]] = field(default_factory=list)


def may(by: Actor) -> bool:
    """Tell whether somebody writes standards: a province's authority, or the coordination group."""
    return permissions.may_edit(None, by=by) or bool(permissions.provinces_of(by))


def whose(by: Actor) -> tuple[str | None, int]:
    """Give the province (None: all five) and the stage whose drafts a person's workbook is about."""
    provinces = permissions.provinces_of(by)
    return (provinces[0], Stage.PROVINCE) if provinces else (None, Stage.FIVE_PROVINCES)


def export(by: Actor, at: datetime.datetime) -> list[tuple[Sheet, Iterable[Mapping[str, Any]]]]:
    """Give the sheets with one's own draft of each procedure, else what is in force, for `sheets.write`."""
    return sheets_with(STANDARDS, PARTS, _contents(by, at))


def sheets_with(
    main: Sheet, parts: Sequence[Sheet], contents: Contents
) -> list[tuple[Sheet, Iterable[Mapping[str, Any]]]]:
    """Give a main sheet with a line a procedure, and its parts with a line a row, for `sheets.write`."""
    rows: dict[str, list[dict[str, Any]]] = {sheet.key: [] for sheet in (main, *parts)}
    for procedure, _draft, content in contents:
        said = {"key": procedure.key, **settled(procedure)}
        rows[main.key].append({**book_lines.shown(main, content), **said})
        for sheet in parts:
            rows[sheet.key] += [{**line, "key": procedure.key} for line in book_lines.lines(sheet, content)]
    return [(sheet, rows[sheet.key]) for sheet in (main, *parts)]


def settled(procedure: Procedure) -> dict[str, Any]:
    """Give what a line says of a procedure that holds once it is made; of a pilot no kind that can be chosen."""
    return {
        "item_seq": procedure.item_id,
        "item": procedure.item.name,
        "name": procedure.name,
        "statutory_name": procedure.statutory_name,
        "kind": procedure.kind if procedure.kind in procedures.KINDS else "",
    }


def _contents(by: Actor, at: datetime.datetime) -> Contents:
    """Give every procedure with one's own draft, if there is one, and the content that a change starts from."""
    province, stage = whose(by)
    drafts = {d.procedure_id: d for d in Draft.objects.filter(province_id=province, stage=stage)}
    rows = Procedure.objects.filter(is_open=True).filter(Q(province=None) | Q(province_id=province))
    procedures = list(rows.select_related("item").order_by("key"))
    ids = [p.id for p in procedures]
    own = AcceptanceStandard.objects.filter(procedure_id__in=ids, province_id=province, stage=stage)
    last = {row.procedure_id: row for row in own.order_by("procedure_id", "version")}
    on = at.astimezone(worktime.BEIJING).date()
    for row in queries.lines_in_force(ids, on=on, province=province or ""):
        last.setdefault(row.procedure_id, row)
    found = []
    for procedure in procedures:
        draft = drafts.get(procedure.id)
        content = draft.content if draft else publishing.content_of(last.get(procedure.id))
        found.append((procedure, draft, content))
    return found


class Planner:
    """Holds a workbook against drafts and what is in force, without writing anything.

    Args:
        main: the sheet with a line a procedure. parts: the sheets with a line a row.
        stage: of the drafts that the workbook becomes.
    """

    def __init__(
        self, book: Book, contents: Contents, *, main: Sheet, parts: Sequence[Sheet], stage: int
    ) -> None:
        self.book, self.main, self.sheets, self.stage = book, main, parts, stage
        self.plan = Plan(faults=list(book.faults))
        self.known = {p.key: (p, draft, local_codes.tidied(said)) for p, draft, said in contents}
        self.parts: dict[tuple[str, str], list[Row]] = {}
        listed = {str(row.values["key"]) for row in book.rows.get(main.key, [])}
        # Of a line of the main sheet that could not be read it is not known which procedure it lists.
        is_whole = not any(fault.sheet == main.title for fault in book.faults)
        for sheet in parts:
            for row in book.rows.get(sheet.key, []):
                key = str(row.values["key"])
                if is_whole and key not in listed:
                    sentence = _("“{sheet}”表里没有列出这个办理项").format(sheet=main.title)
                    self.fault(sheet, row, "key", sentence)
                self.parts.setdefault((sheet.key, key), []).append(row)
        self.seen: set[str] = set()
        self.codes: dict[str, list[str]] = {}  # the keys of the lines that say a local code, by code

    def fault(self, sheet: Sheet, row: Row, key: str, what: str) -> None:
        titles = {column.key: column.title for column in sheet.columns}
        self.plan.faults.append(Fault(sheet.title, row.number, titles.get(key, ""), what))

    def line(self, line: Row) -> None:
        """Plan what a line of the main sheet and its parts ask for."""
        key = str(line.values["key"])
        if key not in self.known:
            self.fault(self.main, line, "key", _("没有这个办理项"))
            return
        if key in self.seen:
            self.fault(self.main, line, "key", _("与前面的一行重复"))
            return
        self.seen.add(key)
        procedure, draft, before = self.known[key]
        content = self._content(line, before)
        if code := local_codes.of(content):
            self.codes.setdefault(code, []).append(key)
        if content == before and procedure.pk is not None:
            self.plan.same += 1
            return
        if draft is not None and draft.state != "draft":
            self.fault(self.main, line, "key", _("这个办理项的草案正在审核，不能修改"))
            return
        for name, what in soundness.faults(content, stage=self.stage).items():
            self._unsound(line, key, name, what)
        said = {"key": key, "name": procedure.name}
        if procedure.pk is None:
            self.plan.added += 1
            self.plan.changes.append(_("新建办理项：{key} {name}").format(**said))
        elif draft is None:
            self.plan.added += 1
            self.plan.changes.append(_("新起草：{key} {name}").format(**said))
        else:
            self.plan.changed += 1
            self.plan.changes.append(_("修改草案：{key} {name}").format(**said))
        self.plan.drafts.append((procedure, draft, content))

    def check_codes(self, *, province: str | None, on: datetime.date) -> None:
        """Name the local codes that another procedure has, in the province or in the same workbook.

        Args:
            province: whose standards the workbook brings; of a procedure of one province always that one's.
        """
        lines = {str(row.values["key"]): row for row in self.book.rows.get(self.main.key, [])}
        held = local_codes.holders(self.codes, on=on)
        for procedure, _draft, content in self.plan.drafts:
            code = local_codes.of(content)
            whose = procedure.province_id or province
            said = local_codes.clash(code, held.get(code, ()), procedure_id=procedure.id, province=whose)
            for key in self.codes.get(code, ()):
                if key != procedure.key and not said:
                    said = _("与“{key}”一行的地方编码相同，一个编码只能给一个办理项。").format(key=key)
            if said:
                self.fault(self.main, lines[procedure.key], "codes_local", said)

    def _content(self, line: Row, before: Mapping[str, Any]) -> dict[str, Any]:
        """Give the content that a line and its parts ask for; what is not in the workbook stays as it was."""
        there = self.book.columns[self.main.key]
        said = {name: value for name, value in line.values.items() if name in there}
        content = book_lines.read(self.main, said, copy.deepcopy(dict(before)))
        for sheet in self.sheets:
            if sheet.key not in self.book.rows:
                continue
            rows = self.parts.get((sheet.key, str(line.values["key"])), [])
            for row in rows:
                if "row_key" in row.values and not _ROW_KEY.fullmatch(str(row.values["row_key"])):
                    what = _("编号只用英文字母、数字、下划线和横线，最多 40 个")
                    self.fault(sheet, row, "row_key", what)
            columns = self.book.columns.get(sheet.key, frozenset())
            made = book_lines.parts(sheet, rows, before, there=columns)
            if made or before.get(sheet.key):
                content[sheet.key] = made
        return local_codes.tidied(content)

    def _unsound(self, line: Row, key: str, name: str, what: str) -> None:
        """Name what `soundness` found by sheet, row and column."""
        part, _dot, rest = name.partition(".")
        number, _dot, column = rest.partition(".")
        sheet = next((s for s in self.sheets if s.key == part), None)
        rows = self.parts.get((part, key), [])
        if sheet is None or not rows:
            names = {column.key for column in self.main.columns}
            wanted = name.replace(".", "_")
            several = next((f"{wanted}_{one}" for one in book_lines.SEVERAL.get(name, ())), wanted)
            self.fault(self.main, line, wanted if wanted in names else several, what)
            return
        row, column = book_lines.place(sheet, rows, number, column)
        self.fault(sheet, row, column, what)


def plan(book: Book, *, by: Actor, at: datetime.datetime) -> Plan:
    """Hold a workbook against the drafts and standards of whoever brings it; nothing is written."""
    planner = Planner(book, _contents(by, at), main=STANDARDS, parts=PARTS, stage=whose(by)[1])
    for line in book.rows.get(STANDARDS.key, []):
        planner.line(line)
    planner.check_codes(province=whose(by)[0], on=rules.day_of(at))
    return planner.plan


def apply(wanted: Plan, *, by: Actor, at: datetime.datetime) -> None:
    """Write what a plan without faults wants as drafts, in the open transaction; each is in its own journal."""
    assert not wanted.faults
    province, stage = whose(by)
    for procedure, draft, content in wanted.drafts:
        begun = draft or publishing.begin(procedure, province=province, stage=stage, by=by, at=at)
        publishing.save(begun.id, content, revision=begun.revision, by=by, at=at)
