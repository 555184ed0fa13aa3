"""Excel workbooks in and out: sheets with titled columns, drop-downs, and every fault named by sheet, row, column.

What is written is text, never a formula: a name that begins with `=` stays a name. What is read comes from
strangers: the archive is looked over before anything is unpacked (size, entities, macros, links to elsewhere),
then read row by row, so that a million empty rows cost time but no memory.
"""

import datetime
import functools
import io
import itertools
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import openpyxl
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from tongban.kernel import refusals, text

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ABOUT, CHOICES = "说明", "选项"  # sheets of ours that hold no rows
MAX_BYTES = 20 * 1024 * 1024
MAX_UNPACKED = 256 * 1024 * 1024
MAX_PARTS = 500
MAX_ROWS = 50_000  # rows with something in them, over all sheets
MAX_FAULTS = 200
_DROP_DOWN_ROWS = 20_000
_MACROS = re.compile(r"vbaproject|activex|macrosheets", re.IGNORECASE)
_LOOKS_LIKE_MORE = re.compile(r"^[=+\-@\t\r#']")
_TIME = re.compile(r"([01]?\d|2[0-3])[:：]([0-5]\d)(?::[0-5]\d)?")


# What the reader stumbles over in a broken workbook, as found by feeding it thousands of them.
_STUMBLES = (
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    NotImplementedError,  # of openpyxl, for parts of the format that it does not read
    OSError,
    EOFError,
    SyntaxError,  # of XML
    RecursionError,
    zlib.error,
    struct.error,
    zipfile.BadZipFile,
)


class NotAWorkbook(refusals.Incomplete):
    """这不是 Excel 工作簿（.xlsx），或者文件已经损坏。请用 Excel 另存为“.xlsx”格式后再上传。"""


class TooBig(refusals.Incomplete):
    """工作簿太大：文件最大 {megabytes} MB，内容最多 {rows} 行。请拆成几个文件分次导入。"""


class Dangerous(refusals.Incomplete):
    """工作簿里有{what}，不能导入。请删除后另存为“.xlsx”格式再上传。"""


@dataclass(frozen=True)
class Column:
    """A column: its key in code, its title on the sheet, and what may stand in it.

    `kind` is text, integer, date or time. `choices` maps what is kept to what the drop-down says.
    """

    key: str
    title: str
    kind: str = "text"
    required: bool = False
    choices: Mapping[str, Any] = field(default_factory=dict)
    width: int = 16
    help: str = ""
    is_shown_only: bool = False  # written for people, not read back

    @functools.cached_property
    def labels(self) -> dict[str, str]:
        """What the drop-down says, by what is kept: in Chinese like the titles, whoever writes and whoever reads."""
        with translation.override(settings.LANGUAGE_CODE):
            return {key: str(label) for key, label in self.choices.items()}


TAKE_BACK = "take_back"


def act() -> Column:
    """Give the column by which a row is taken away: one that is only left out stays as it is."""
    said = "不填的，是新增或者修改；选“撤销”的，去掉这一行原来的安排"
    return Column("act", "操作", choices={TAKE_BACK: "撤销"}, width=10, help=said)


@dataclass(frozen=True)
class Sheet:
    """A sheet: its key in code, its title, its columns."""

    key: str
    title: str
    columns: Sequence[Column]


@dataclass(frozen=True)
class Row:
    """A row that was read: its number on the sheet, and what each column holds; empty cells are None."""

    number: int
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Fault:
    """What is wrong and where, in words; no column: the whole row, no row: the whole sheet."""

    sheet: str
    row: int | None
    column: str
    what: str

    def as_json(self) -> dict[str, Any]:
        return {"sheet": self.sheet, "row": self.row, "column": self.column, "what": self.what}


@dataclass
class Book:
    """What was read: the good rows of each sheet that was there, its columns, and every fault up to MAX_FAULTS."""

    rows: dict[str, list[Row]]
    faults: list[Fault]
    columns: dict[str, frozenset[str]] = field(default_factory=dict)

    def left_out(self, sheet: Sheet) -> frozenset[str]:
        """Give the columns that a sheet that was there does not have: they say nothing, not that a cell is empty."""
        there = self.columns.get(sheet.key)
        return frozenset() if there is None else frozenset(c.key for c in sheet.columns) - there


def write(
    sheets: Sequence[tuple[Sheet, Iterable[Mapping[str, Any]]]], *, title: str, about: Sequence[str]
) -> bytes:
    """Give a workbook: a sheet of instructions, each sheet with its rows, drop-downs where there are choices."""
    book = openpyxl.Workbook(write_only=True)
    _write_about(book, title, about, [sheet for sheet, _rows in sheets])
    places = _places_of_choices([sheet for sheet, _rows in sheets])
    for sheet, rows in sheets:
        page = book.create_sheet(sheet.title)
        page.freeze_panes = "A2"
        for number, column in enumerate(sheet.columns, start=1):
            letter = get_column_letter(number)
            page.column_dimensions[letter].width = column.width
            if column.choices:
                where = places[sheet.key, column.key]
                rule = DataValidation(
                    "list", formula1=where, allow_blank=not column.required, showErrorMessage=True
                )
                rule.error, rule.errorTitle = _("请从下拉列表中选择"), column.title
                rule.add(f"{letter}2:{letter}{_DROP_DOWN_ROWS}")
                page.data_validations.append(rule)
        page.append([_head(page, c) for c in sheet.columns])
        for row in rows:
            page.append([_cell(page, column, row.get(column.key)) for column in sheet.columns])
    _write_choices(book, [sheet for sheet, _rows in sheets])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _write_about(book: Any, title: str, about: Sequence[str], sheets: Sequence[Sheet]) -> None:
    page = book.create_sheet(ABOUT)
    page.column_dimensions["A"].width, page.column_dimensions["B"].width = 24, 18
    page.column_dimensions["C"].width = 90
    head = WriteOnlyCell(page, value=title)
    head.font = Font(bold=True, size=14)
    page.append([head])
    for line in about:
        page.append([_plain(page, line)])
    page.append([])
    page.append([_("工作表"), _("列"), _("怎么填")])
    for sheet in sheets:
        for column in sheet.columns:
            said = [column.help] if column.help else []
            if column.required:
                said.insert(0, _("必填"))
            if column.is_shown_only:
                said.insert(0, _("只供查看，导入时不读"))
            if column.choices:
                said.append(_("从下拉列表中选择：") + "、".join(column.labels.values()))
            page.append([_plain(page, x) for x in (sheet.title, column.title, "；".join(said))])


def _places_of_choices(sheets: Sequence[Sheet]) -> dict[tuple[str, str], str]:
    columns = [(s.key, c) for s in sheets for c in s.columns if c.choices]
    return {
        (
            key,
            column.key,
        ): f"'{CHOICES}'!${get_column_letter(n)}$2:${get_column_letter(n)}${len(column.choices) + 1}"
        for n, (key, column) in enumerate(columns, start=1)
    }


def _write_choices(book: Any, sheets: Sequence[Sheet]) -> None:
    columns = [c for s in sheets for c in s.columns if c.choices]
    if not columns:
        return
    page = book.create_sheet(CHOICES)
    page.sheet_state = "hidden"
    page.append([c.title for c in columns])
    listed = [list(c.labels.values()) for c in columns]
    for row in itertools.zip_longest(*listed):
        page.append(row)


def _head(page: Any, column: Column) -> Any:
    cell = WriteOnlyCell(page, value=column.title + ("*" if column.required else ""))
    cell.font = Font(bold=True)
    cell.fill = PatternFill("solid", start_color="E8F0FA")
    cell.alignment = Alignment(vertical="center", wrap_text=True)
    return cell


def _cell(page: Any, column: Column, value: Any) -> Any:
    if value is None or value == "":
        return None
    if column.choices:
        value = column.labels.get(value, str(value))
    if isinstance(value, datetime.time):
        value = f"{value:%H:%M}"
    if isinstance(value, datetime.date):
        value = value.isoformat()
    if isinstance(value, int) and column.kind == "integer":
        return value
    return _plain(page, str(value))


def _plain(page: Any, value: str) -> Any:
    """Give a cell that holds text whatever it looks like: nothing in it is ever computed."""
    if not _LOOKS_LIKE_MORE.match(value):
        return value
    cell = WriteOnlyCell(page, value=value)
    cell.data_type = "s"
    cell.quotePrefix = True
    return cell


def read(
    data: bytes, sheets: Sequence[Sheet], *, progress: Callable[[int], None] = lambda rows: None
) -> Book:
    """Give the rows of a workbook and every fault in it; sheets that are not there are left out.

    Args:
        progress: told now and then how many rows have been read.

    Raises:
        NotAWorkbook, TooBig, Dangerous: it is not read at all.
    """
    look_over(data)
    found = Book({}, [])
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        _read_all(book, data, sheets, found, progress)
    except refusals.Refusal:
        raise
    except (
        Exception
    ) as problem:  # whatever a broken workbook makes the reader stumble over, it is not readable
        raise NotAWorkbook() from problem
    return found


def look_over(data: bytes) -> None:
    """Refuse an archive that is no workbook, would unpack to too much, or holds more than cells.

    Raises:
        NotAWorkbook, TooBig, Dangerous.
    """
    if len(data) > MAX_BYTES:
        raise _too_big()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            if "xl/workbook.xml" not in names or len(names) != len(parts):
                raise NotAWorkbook()
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise _too_big()
            for part in parts:
                _look_at(archive, part)
    except _STUMBLES as problem:
        raise NotAWorkbook() from problem


def _too_big() -> TooBig:
    return TooBig(megabytes=MAX_BYTES // 1024 // 1024, rows=MAX_ROWS)


def _look_at(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    if part.flag_bits & 0x1:
        raise Dangerous(what=_("密码"))
    if _MACROS.search(part.filename):
        raise Dangerous(what=_("宏"))
    if part.filename.startswith("xl/externalLinks/"):
        raise Dangerous(what=_("指向其他文件的链接"))
    if part.filename.endswith((".xml", ".rels")):
        with archive.open(part) as file:
            head = file.read(4096)
        if b"\x00" in head[:4] or head[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise NotAWorkbook()
        if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
            raise Dangerous(what=_("实体声明"))


def _read_all(
    book: Any, data: bytes, sheets: Sequence[Sheet], found: Book, progress: Callable[[int], None]
) -> None:
    known = {sheet.title: sheet for sheet in sheets}
    count = 0
    for name in book.sheetnames:
        page = book[name]
        if name in (ABOUT, CHOICES):
            continue
        if name not in known:
            titles = "、".join(known)
            found.faults.append(
                Fault(name, None, "", _("没有这个工作表，应为：{titles}").format(titles=titles))
            )
        else:
            count = _read_sheet(page, known[name], found, count, progress, merged=_merged(data, page))
    if not found.rows and not found.faults:
        titles = "、".join(known)
        found.faults.append(
            Fault("", None, "", _("工作簿里没有可以导入的工作表，应为：{titles}").format(titles=titles))
        )


def _merged(data: bytes, page: Any) -> list[str]:
    path = getattr(page, "_worksheet_path", "").lstrip("/")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        said = archive.read(path) if path in archive.namelist() else b""
    return [
        m.decode("ascii", "replace")
        for m in re.findall(rb"<(?:\w+:)?mergeCell\s[^>]*ref=\"([^\"]{1,40})\"", said)
    ]


def _read_sheet(
    page: Any,
    sheet: Sheet,
    found: Book,
    count: int,
    progress: Callable[[int], None],
    *,
    merged: Sequence[str],
) -> int:
    for range_ in merged[:20]:
        found.faults.append(
            Fault(sheet.title, None, "", _("{range}是合并单元格，请取消合并").format(range=range_))
        )
    rows = found.rows.setdefault(sheet.key, [])
    columns: dict[int, Column] | None = None
    for number, cells in enumerate(page.iter_rows(max_col=len(sheet.columns) + 10), start=1):
        if all(cell.value is None for cell in cells):
            continue
        if columns is None:
            columns = _columns_of(cells, sheet, found)
            if columns is None:
                return count
            found.columns[sheet.key] = frozenset(column.key for column in columns.values())
            continue
        count += 1
        if count > MAX_ROWS:
            raise _too_big()
        if count % 500 == 0:
            progress(count)
        if len(found.faults) >= MAX_FAULTS:
            return count
        row = _row(number, cells, columns, sheet, found)
        if row is not None:
            rows.append(row)
    if columns is None:
        found.faults.append(Fault(sheet.title, None, "", _("是空的，第一行应当是列名")))
    return count


def _columns_of(cells: Sequence[Any], sheet: Sheet, found: Book) -> dict[int, Column] | None:
    """Give which column stands where, by the titles of the first row; None when one that must be there is not."""
    by_title = {column.title: column for column in sheet.columns}
    placed: dict[int, Column] = {}
    is_whole = True
    for index, cell in enumerate(cells):
        title = text.clean(str(cell.value or "")).rstrip("*")
        if not title:
            continue
        if title not in by_title:
            found.faults.append(
                Fault(sheet.title, 1, title[:40], _("没有这一列，请删除或者改回模板里的列名"))
            )
            is_whole = False
        elif by_title[title] in placed.values():
            found.faults.append(Fault(sheet.title, 1, title, _("这一列出现了两次")))
            is_whole = False
        else:
            placed[index] = by_title[title]
    for column in sheet.columns:
        if column.required and column not in placed.values():
            found.faults.append(Fault(sheet.title, 1, column.title, _("缺少这一列")))
            is_whole = False
    return placed if is_whole else None


def _row(
    number: int, cells: Sequence[Any], columns: Mapping[int, Column], sheet: Sheet, found: Book
) -> Row | None:
    values: dict[str, Any] = {}
    is_good = True
    for index, cell in enumerate(cells):
        column = columns.get(index)
        if column is None:
            if cell.value is not None:
                letter = get_column_letter(index + 1)
                found.faults.append(Fault(sheet.title, number, letter, _("这一列没有列名，不能填写")))
                is_good = False
            continue
        if column.is_shown_only:
            continue
        try:
            values[column.key] = _value(cell, column)
        except ValueError as problem:
            found.faults.append(Fault(sheet.title, number, column.title, str(problem)))
            is_good = False
    for column in sheet.columns:
        values.setdefault(column.key, None)
    return Row(number, values) if is_good else None


def _value(cell: Any, column: Column) -> Any:
    value, type_ = cell.value, getattr(cell, "data_type", "n")
    if type_ == "f" or (type_ != "s" and str(value or "").startswith("=")):
        raise ValueError(_("不能用公式，请粘贴为值"))
    if type_ == "e":
        raise ValueError(_("单元格是错误值"))
    shown = _shown(value)
    if not shown:
        if column.required:
            raise ValueError(_("必填，不能为空"))
        return None
    if column.choices:
        kept = {label: key for key, label in column.labels.items()}
        if shown not in kept:
            raise ValueError(
                _("“{value}”不在可选范围内，应为：{choices}").format(
                    value=shown[:40], choices="、".join(kept)
                )
            )
        return kept[shown]
    return _READERS[column.kind](value, shown)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(" ")
    return text.clean(str(value), keep_lines=True)


def _read_integer(value: Any, shown: str) -> int:
    if not re.fullmatch(r"-?\d{1,15}", shown):
        raise ValueError(_("应当是整数"))
    return int(shown)


def _read_date(value: Any, shown: str) -> datetime.date:
    found = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", shown)
    try:
        if found:
            return datetime.date(*map(int, found.groups()))
    except ValueError:
        pass
    raise ValueError(_("应当是日期，例如 2026-11-23"))


def _read_time(value: Any, shown: str) -> datetime.time:
    found = _TIME.fullmatch(shown)
    if not found:
        raise ValueError(_("应当是时间，例如 09:00"))
    return datetime.time(int(found[1]), int(found[2]))


_READERS: dict[str, Callable[[Any, str], Any]] = {
    "text": lambda value, shown: shown,
    "integer": _read_integer,
    "date": _read_date,
    "time": _read_time,
}
