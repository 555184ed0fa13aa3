"""Acceptance standards as an Excel workbook: written, and read back as drafts, all or nothing (B8).

A workbook never publishes: what it says of a procedure becomes the draft of whoever brings it — a province's
standard, or the five-province one for the coordination group — and goes through review like any other. Parts that
have no sheet (decision list, codes, legal basis) stay as they are.
"""

import copy
import datetime
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from tongban.catalogue import permissions, queries, soundness
from tongban.catalogue.models import AcceptanceStandard, Draft, Procedure, Stage
from tongban.catalogue.operations import publishing
from tongban.kernel import worktime
from tongban.kernel.sheets import Book, Column, Fault, Row, Sheet
from tongban.people.actors import Actor

_KEY = Column("key", "办理项编号", required=True, width=14, help="例如 015-1，不能新增办理项")
_YES = {"yes": "是", "no": "否"}
_TYPES = {
    "text": "文字",
    "number": "数字",
    "date": "日期",
    "choice": "单选",
    "identity_number": "公民身份号码",
    "credit_code": "统一社会信用代码",
    "phone": "电话",
    "address": "地址",
    "file": "文件",
}
STANDARDS = Sheet(
    "standards",
    "标准",
    (
        _KEY,
        Column("item", "事项", width=34, is_shown_only=True),
        Column("name", "办理项", width=34, is_shown_only=True),
        Column("legal_limit", "法定时限", kind="integer", required=True, help="工作日，0 为当场办结"),
        Column("promised_limit", "承诺期限", kind="integer", required=True, help="工作日，不长于法定时限"),
        Column("fee", "收费", width=24),
        Column("guide_url", "办事指南网址", width=40),
        Column("guide_note", "办事指南说明", width=40),
    ),
)
CIRCUMSTANCES = Sheet(
    "circumstance",
    "情形",
    (
        _KEY,
        Column(
            "row_key", "情形编号", required=True, help="英文字母、数字、下划线；材料和表单用它指明适用的情形"
        ),
        Column("name", "情形名称", required=True, width=34),
    ),
)
MATERIALS = Sheet(
    "material",
    "材料",
    (
        _KEY,
        Column("row_key", "材料编号", required=True, help="英文字母、数字、下划线"),
        Column("name", "材料名称", required=True, width=34),
        Column("originals", "原件", kind="integer", required=True),
        Column("copies", "复印件", kind="integer", required=True),
        Column("required", "必要", required=True, choices=_YES),
        Column("returned", "核验后退还", required=True, choices=_YES),
        Column("only_for", "适用情形", width=24, help="情形编号，用逗号隔开；不填为全部情形"),
        Column("source", "来源", width=18),
        Column("note", "说明", width=34),
        Column("review_points", "审查要点", width=60, help="一行一条（单元格内换行）"),
    ),
)
FIELDS = Sheet(
    "field",
    "表单",
    (
        _KEY,
        Column("row_key", "栏目编号", required=True, help="英文字母、数字、下划线"),
        Column("label", "栏目名称", required=True, width=28),
        Column("type", "类型", required=True, choices=_TYPES),
        Column("required", "必填", required=True, choices=_YES),
        Column("choices", "选项", width=34, help="单选的选项，一行一个（单元格内换行）"),
        Column("only_for", "适用情形", width=24, help="情形编号，用逗号隔开；不填为全部情形"),
        Column("help", "填写提示", width=34),
    ),
)
SHEETS = (STANDARDS, CIRCUMSTANCES, MATERIALS, FIELDS)
ABOUT = (
    "第一行是列名，不要改动；带 * 的必填。一行一条，不要合并单元格，不要用公式。",
    "“标准”表里列出的办理项，它的情形、材料、表单以工作簿为准：没有列出的情形、材料、表单栏目会从草案里去掉。",
    "导入不会发布：改动成为您所在省份（协调小组为五省统一标准）的草案，送审、审核、发布仍按原来的办法。",
)
_PARTS = (CIRCUMSTANCES, MATERIALS, FIELDS)
_ROW_KEY = re.compile(r"[A-Za-z0-9_-]{1,40}")


@dataclass
class Plan:
    """What a workbook would do: each change in words, every fault, and the drafts that are to be written."""

    changes: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    same: int = 0
    added: int = 0
    changed: int = 0
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
    rows: dict[str, list[dict[str, Any]]] = {sheet.key: [] for sheet in SHEETS}
    for procedure, _draft, content in _contents(by, at):
        said = _shown(content)
        rows["standards"].append(
            {"key": procedure.key, "item": procedure.item.name, "name": procedure.name, **said}
        )
        for sheet in _PARTS:
            rows[sheet.key] += [
                {"key": procedure.key, **_line(sheet, part)} for part in content.get(sheet.key, ())
            ]
    return [(sheet, rows[sheet.key]) for sheet in SHEETS]


def _contents(by: Actor, at: datetime.datetime) -> list[tuple[Procedure, Draft | None, dict[str, Any]]]:
    """Give every procedure with one's own draft, if there is one, and the content that a change starts from."""
    province, stage = whose(by)
    drafts = {d.procedure_id: d for d in Draft.objects.filter(province_id=province, stage=stage)}
    procedures = list(Procedure.objects.filter(is_open=True).select_related("item").order_by("key"))
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


def _shown(content: Mapping[str, Any]) -> dict[str, Any]:
    guide = content.get("guide", {})
    return {
        "legal_limit": content.get("legal_limit"),
        "promised_limit": content.get("promised_limit"),
        "fee": content.get("fee", ""),
        "guide_url": guide.get("url", ""),
        "guide_note": guide.get("note", ""),
    }


def _line(sheet: Sheet, part: Mapping[str, Any]) -> dict[str, Any]:
    line: dict[str, Any] = {**part, "row_key": part["key"]}
    line.pop("key")
    if sheet is CIRCUMSTANCES:
        return line
    line["only_for"] = "，".join(part.get("only_for", ()))
    line["required"] = _yes(part.get("required", True))
    if sheet is MATERIALS:
        line["returned"] = _yes(part.get("returned", False))
        line["originals"], line["copies"] = part.get("originals", 0), part.get("copies", 0)
        line["review_points"] = "\n".join(part.get("review_points", ()))
    if sheet is FIELDS:
        line["type"] = part.get("type", "text")
        line["choices"] = "\n".join(part.get("choices", ()))
    return line


def _yes(value: Any) -> str:
    return "yes" if value else "no"


class _Planner:
    def __init__(self, book: Book, by: Actor, at: datetime.datetime) -> None:
        self.book = book
        self.stage = whose(by)[1]
        self.plan = Plan(faults=list(book.faults))
        self.known = {p.key: (p, draft, content) for p, draft, content in _contents(by, at)}
        self.parts: dict[tuple[str, str], list[Row]] = {}
        listed = {str(row.values["key"]) for row in book.rows.get("standards", [])}
        for sheet in _PARTS:
            for row in book.rows.get(sheet.key, []):
                key = str(row.values["key"])
                if key not in listed:
                    self.fault(sheet, row, "key", _("“标准”表里没有列出这个办理项"))
                self.parts.setdefault((sheet.key, key), []).append(row)
        self.seen: set[str] = set()

    def fault(self, sheet: Sheet, row: Row, key: str, what: str) -> None:
        titles = {column.key: column.title for column in sheet.columns}
        self.plan.faults.append(Fault(sheet.title, row.number, titles.get(key, ""), what))

    def standard(self, line: Row) -> None:
        key = str(line.values["key"])
        if key not in self.known:
            self.fault(STANDARDS, line, "key", _("没有这个办理项"))
            return
        if key in self.seen:
            self.fault(STANDARDS, line, "key", _("与前面的一行重复"))
            return
        self.seen.add(key)
        procedure, draft, before = self.known[key]
        content = self._content(line, before)
        if content == before:
            self.plan.same += 1
            return
        if draft is not None and draft.state != "draft":
            self.fault(STANDARDS, line, "key", _("这个办理项的草案正在审核，不能修改"))
            return
        for name, what in soundness.faults(content, stage=self.stage).items():
            self._unsound(line, key, name, what)
        said = {"key": key, "name": procedure.name}
        if draft is None:
            self.plan.added += 1
            self.plan.changes.append(_("新起草：{key} {name}").format(**said))
        else:
            self.plan.changed += 1
            self.plan.changes.append(_("修改草案：{key} {name}").format(**said))
        self.plan.drafts.append((procedure, draft, content))

    def _content(self, line: Row, before: Mapping[str, Any]) -> dict[str, Any]:
        """Give the content that a line and its parts ask for; a row that says the same keeps what it was."""
        content = copy.deepcopy(dict(before))
        said, shown = line.values, _shown(before)
        for name in ("legal_limit", "promised_limit"):
            content[name] = said[name]
        if (said["fee"] or "") != shown["fee"]:
            content["fee"] = said["fee"] or ""
        guide = {"url": said["guide_url"] or "", "note": said["guide_note"] or ""}
        if (guide["url"], guide["note"]) != (shown["guide_url"], shown["guide_note"]):
            content["guide"] = guide
        for sheet in _PARTS:
            if sheet.key not in self.book.rows:
                continue
            there = {part["key"]: part for part in before.get(sheet.key, ())}
            rows = self.parts.get((sheet.key, str(said["key"])), [])
            made = [self._part(sheet, row, there.get(str(row.values["row_key"]))) for row in rows]
            if made or before.get(sheet.key):
                content[sheet.key] = made
        return content

    def _part(self, sheet: Sheet, row: Row, before: Mapping[str, Any] | None) -> dict[str, Any]:
        said = {column.key: row.values[column.key] for column in sheet.columns if column.key != "key"}
        if not _ROW_KEY.fullmatch(str(said["row_key"])):
            self.fault(sheet, row, "row_key", _("编号只用英文字母、数字、下划线和横线，最多 40 个"))
        if before is not None:
            shown = _line(sheet, before)
            words = all((said[n] or "") == (shown.get(n) or "") for n in said if n not in _COUNTS)
            if words and all((said.get(n) or 0) == (shown.get(n) or 0) for n in _COUNTS):
                return dict(before)
        part = {**(before or {}), "key": said.pop("row_key")}
        for name, value in said.items():
            part[name] = _READ[name](value) if name in _READ else (value if name in _COUNTS else value or "")
        return part

    def _unsound(self, line: Row, key: str, name: str, what: str) -> None:
        """Name what `soundness` found by sheet, row and column."""
        part, _dot, rest = name.partition(".")
        number, _dot, column = rest.partition(".")
        rows = self.parts.get((part, key), [])
        sheet = next((s for s in _PARTS if s.key == part), None)
        if sheet is not None and number.isdigit() and int(number) < len(rows):
            self.fault(sheet, rows[int(number)], column.split(".")[0], what)
        else:
            self.fault(STANDARDS, line, name.replace(".", "_"), what)


_COUNTS = ("originals", "copies")
_READ: Mapping[str, Any] = {
    "required": lambda value: value == "yes",
    "returned": lambda value: value == "yes",
    "only_for": lambda value: [w for w in re.split(r"[，,、\s]+", str(value or "")) if w],
    "review_points": lambda value: _lines(value),
    "choices": lambda value: _lines(value),
}


def _lines(value: Any) -> list[str]:
    return [line.strip() for line in str(value or "").split("\n") if line.strip()]


def plan(book: Book, *, by: Actor, at: datetime.datetime) -> Plan:
    """Hold a workbook against the drafts and standards of whoever brings it; nothing is written."""
    planner = _Planner(book, by, at)
    for line in book.rows.get("standards", []):
        planner.standard(line)
    return planner.plan


def apply(wanted: Plan, *, by: Actor, at: datetime.datetime) -> None:
    """Write what a plan without faults wants as drafts, in the open transaction; each is in its own journal."""
    assert not wanted.faults
    province, stage = whose(by)
    for procedure, draft, content in wanted.drafts:
        begun = draft or publishing.begin(procedure, province=province, stage=stage, by=by, at=at)
        publishing.save(begun.id, content, revision=begun.revision, by=by, at=at)
