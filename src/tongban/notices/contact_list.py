"""The published contact list as files: Excel and PDF (P13). A version's files are the same whenever asked for."""

import functools
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typst
from django.utils.translation import gettext as _

from tongban.directory.contacts import WholeList
from tongban.directory.models import Host, WindowKind
from tongban.kernel import sheets, worktime
from tongban.kernel.sheets import Column, Sheet
from tongban.notices import fonts, pdf

_TEMPLATE = Path(__file__).parent / "typst" / "contacts.typ"
_lock = threading.Lock()
_WINDOWS = Sheet(
    "windows",
    "窗口",
    (
        Column("place", "区划", width=28),
        Column("code", "区划代码", width=14),
        Column("name", "窗口", width=32),
        Column("kind_name", "类别", width=18),
        Column("authority", "管理机构", width=28),
        Column("hall", "大厅", width=28),
        Column("contact_name", "联系人"),
        Column("phone", "电话", width=18),
        Column("email", "电子邮箱", width=26),
        Column("address", "邮寄地址", width=46),
        Column("postcode", "邮编", width=9),
        Column("hours", "办公时间", width=26),
        Column("supervisor", "指导监督窗口", width=28),
    ),
)
_AUTHORITIES = Sheet(
    "authorities",
    "管理机构",
    (
        Column("place", "区划", width=28),
        Column("code", "区划代码", width=14),
        Column("name", "机构", width=32),
        Column("phone", "电话", width=18),
    ),
)


def title() -> str:
    """Name the list as the rules of work do."""
    return "西南五省政务服务“跨省通办”窗口联络清单"


def kind_name(row: Mapping[str, Any]) -> str:
    """Name what a listed window is: a hall window, or at whose counter the outlet is."""
    if row["kind"] == WindowKind.OUTLET:
        return str(Host(row["host"]).label) if row["host"] in Host.values else str(WindowKind.OUTLET.label)
    return str(WindowKind.HALL.label)


def subtitle(whole: WholeList) -> str:
    """Name version and date: 第6版，2026年11月23日发布."""
    on = whole.published_at.astimezone(worktime.BEIJING)
    said = f"第{whole.number}版，{on:%Y年%-m月%-d日}发布"
    return said + ("（含示例数据）" if is_sample(whole) else "")


def is_sample(whole: WholeList) -> bool:
    """Tell whether any part holds sample rows."""
    return any(part.is_sample for part in whole.parts)


def as_workbook(whole: WholeList) -> bytes:
    """Give a version as Excel: windows and authorities of every province, for reading."""
    windows = [{**row, "kind_name": kind_name(row)} for row in whole.windows]
    about = [subtitle(whole), "依据《工作规程》第十三条公布。清单未涉及的地方，不适用工作规程。"]
    # A version that was published before windows had an address keeps the very columns that it had.
    has_email = any(row.get("email") for row in windows)
    columns = [column for column in _WINDOWS.columns if has_email or column.key != "email"]
    listed = Sheet(_WINDOWS.key, _WINDOWS.title, columns)
    return sheets.write([(listed, windows), (_AUTHORITIES, whole.authorities)], title=title(), about=about)


def as_pdf(whole: WholeList) -> bytes:
    """Give a version as PDF, A4 across, a table a province."""
    has_email = any(row.get("email") for row in whole.windows)
    heads = "联系人、电话、电子邮箱" if has_email else "联系人、电话"
    inputs = {
        "title": title(),
        "subtitle": subtitle(whole),
        "page": "第{page}页 共{pages}页",
        "heads": ["区划", "窗口", heads, "邮寄地址", "办公时间"],
        "parts": [
            {"name": part.province.full_name, "rows": [_line(row) for row in part.content["windows"]]}
            for part in whole.parts
        ],
    }
    said = json.dumps(inputs, ensure_ascii=False)
    with _lock:
        made = _compiler().compile(format="pdf", sys_inputs={"data": said})
    assert isinstance(made, bytes)
    return made


def _line(row: Mapping[str, Any]) -> list[str]:
    """Give the cells of a window; the e-mail, which stands below its telephone, comes last."""
    name = row["name"] if row["kind"] == WindowKind.HALL else f"{row['name']}（{kind_name(row)}）"
    contact = "　".join(filter(None, [row["contact_name"], row["phone"]]))
    address = " ".join(filter(None, [row["address"], row["postcode"]]))
    said = [pdf.printable(text) for text in (row["place"], name, contact, address, row["hours"])]
    return [*said, row.get("email", "")]


@functools.cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(
        str(_TEMPLATE), font_paths=[str(f) for f in fonts.folders()], ignore_system_fonts=True
    )


def file_name(whole: WholeList, suffix: str) -> str:
    """Name a file of a version: 联络清单-第6版.xlsx."""
    return _("联络清单") + f"-第{whole.number}版.{suffix}"
