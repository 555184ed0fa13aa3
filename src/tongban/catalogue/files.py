"""Reads the item files: one TOML file an item, checked before anything of it reaches the database."""

import datetime
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tongban.directory.models import Level
from tongban.kernel import refusals

KINDS = {"行政许可", "行政确认", "行政给付", "公共服务", "行政备案", "其他"}
LEVELS = {Level.PROVINCE.value, Level.PREFECTURE.value, Level.COUNTY.value}
APPLICANTS = {"person", "organisation"}
MODES = {"collected", "online", "joint"}
DELIVERY = {"post", "pick_up_home", "pick_up_receiving", "electronic"}
FIELD_TYPES = frozenset(
    {"text", "number", "date", "choice", "identity_number", "credit_code", "phone", "address", "file"}
)

_TEXT, _TEXTS, _FLAG, _COUNT, _DATE = "text", "texts", "flag", "count", "date"
FIRST_EFFECTIVE_ON = datetime.date(2021, 5, 21)  # the day on which the five provinces issued the list
# What each table of a file may say: key → kind of value.
_ITEM = {"seq": _COUNT, "aliases": _TEXTS, "reviewed": _TEXT, "procedure": "tables"}
_PROCEDURE = {
    "key": _TEXT,
    "name": _TEXT,
    "statutory_name": _TEXT,
    "kind": _TEXT,
    "levels": _TEXTS,
    "applicants": _TEXTS,
    "modes": _TEXTS,
    "legal_limit": _COUNT,
    "promised_limit": _COUNT,
    "fee": _TEXT,
    "results": _TEXTS,
    "delivery": _TEXTS,
    "complete": _FLAG,
    "version": _COUNT,
    "effective_from_on": _DATE,
}
_OPTIONAL = {"version", "effective_from_on"}
_PARTS: dict[str, tuple[dict[str, str], set[str]]] = {
    "legal_basis": (
        {"title": _TEXT, "article": _TEXT, "document_number": _TEXT},
        {"title"},
    ),
    "circumstance": ({"key": _TEXT, "name": _TEXT}, {"key", "name"}),
    "material": (
        {
            "key": _TEXT,
            "name": _TEXT,
            "originals": _COUNT,
            "copies": _COUNT,
            "required": _FLAG,
            "only_for": _TEXTS,
            "source": _TEXT,
            "returned": _FLAG,
            "note": _TEXT,
            "review_points": _TEXTS,
        },
        {"key", "name"},
    ),
    "field": (
        {
            "key": _TEXT,
            "label": _TEXT,
            "type": _TEXT,
            "required": _FLAG,
            "choices": _TEXTS,
            "only_for": _TEXTS,
            "help": _TEXT,
        },
        {"key", "label", "type"},
    ),
}


class BadItemFile(refusals.Incomplete):
    """事项文件 {file} 有误，未载入：{reason}"""


@dataclass(frozen=True)
class ProcedureOfFile:
    """A procedure as its file has it: what `Procedure` keeps, and the newest version of its standard."""

    key: str
    attributes: Mapping[str, Any]
    legal_limit: int
    promised_limit: int
    is_complete: bool
    version: int
    effective_from_on: datetime.date
    content: Mapping[str, Any]


@dataclass(frozen=True)
class ItemOfFile:
    """An item as its file has it."""

    file: str
    seq: int
    aliases: Sequence[str]
    procedures: Sequence[ProcedureOfFile]


class _Wrong(Exception):
    """What is wrong, in words; becomes BadItemFile with the file's name."""


def read_all(folder: Path) -> list[ItemOfFile]:
    """Read every item file of a folder, in the order of the list.

    Raises:
        BadItemFile: naming the first bad file and what is wrong with it.
    """
    items: list[ItemOfFile] = []
    keys: dict[str, str] = {}
    for path in sorted(folder.glob("*.toml")):
        item = read(path)
        for procedure in item.procedures:
            if procedure.key in keys:
                raise BadItemFile(
                    file=path.name, reason=f"办理项编号 {procedure.key} 已用于 {keys[procedure.key]}"
                )
            keys[procedure.key] = path.name
        items.append(item)
    return items


def read(path: Path) -> ItemOfFile:
    """Read one item file.

    Raises:
        BadItemFile: naming what is wrong with it.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        return _item(path, data)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadItemFile(file=path.name, reason=f"不是正确的 TOML 文件（{error}）") from None
    except _Wrong as wrong:
        raise BadItemFile(file=path.name, reason=str(wrong)) from None


def _item(path: Path, data: dict[str, Any]) -> ItemOfFile:
    _check_table(data, _ITEM, required={"seq", "aliases", "procedure"}, where="文件")
    if f"{data['seq']:03d}" != path.stem:
        raise _Wrong(f"序号 {data['seq']} 与文件名不符")
    if not data["procedure"]:
        raise _Wrong("没有办理项")
    return ItemOfFile(
        file=path.name,
        seq=data["seq"],
        aliases=tuple(data["aliases"]),
        procedures=tuple(_procedure(row, path.stem, data.get("reviewed", "")) for row in data["procedure"]),
    )


def _procedure(row: dict[str, Any], stem: str, reviewed: str) -> ProcedureOfFile:
    where = f"办理项 {row.get('key', '？')}"
    parts = {name: row.get(name, []) for name in _PARTS}
    plain = {key: value for key, value in row.items() if key not in _PARTS}
    _check_table(plain, _PROCEDURE, required=set(_PROCEDURE) - _OPTIONAL, where=where)
    if not row["key"].startswith(f"{stem}-"):
        raise _Wrong(f"{where}：编号应以 {stem}- 开头")
    _check_among(f"{where}的 kind", [row["kind"]], KINDS)
    for name, allowed in (
        ("levels", LEVELS),
        ("applicants", APPLICANTS),
        ("modes", MODES),
        ("delivery", DELIVERY),
    ):
        if not row[name]:
            raise _Wrong(f"{where}：{name} 不能为空")
        _check_among(f"{where}的 {name}", row[name], allowed)
    if row["promised_limit"] > row["legal_limit"]:
        raise _Wrong(f"{where}：承诺期限长于法定时限")
    version = row.get("version", 1)
    if version < 1 or (version > 1) != ("effective_from_on" in row):
        raise _Wrong(f"{where}：第 2 版起须写明生效日期 effective_from_on，第 1 版不写")
    _check_parts(parts, where)
    if row["complete"]:
        _check_complete(parts, where)
    content = {name: part for name, part in parts.items() if part}
    if reviewed:
        content["reviewed"] = reviewed
    kept = ("name", "statutory_name", "kind", "levels", "applicants", "modes", "fee", "results", "delivery")
    return ProcedureOfFile(
        key=row["key"],
        attributes={name: row[name] for name in kept},
        legal_limit=row["legal_limit"],
        promised_limit=row["promised_limit"],
        is_complete=row["complete"],
        version=version,
        effective_from_on=row.get("effective_from_on", FIRST_EFFECTIVE_ON),
        content=content,
    )


def _check_parts(parts: Mapping[str, Any], where: str) -> None:
    for name, (schema, required) in _PARTS.items():
        if not isinstance(parts[name], list) or not all(isinstance(row, dict) for row in parts[name]):
            raise _Wrong(f"{where}：{name} 应写作 [[procedure.{name}]]")
        for row in parts[name]:
            _check_table(row, schema, required=required, where=f"{where}的 {name} {row.get('key', '')}")
        keys = [row["key"] for row in parts[name] if "key" in row]
        if len(set(keys)) != len(keys):
            raise _Wrong(f"{where}：{name} 的编号有重复")
    circumstances = {row["key"] for row in parts["circumstance"]}
    for row in [*parts["material"], *parts["field"]]:
        _check_among(f"{where}的 {row['key']} only_for", row.get("only_for", []), circumstances)
    for row in parts["field"]:
        _check_among(f"{where}的 {row['key']} type", [row["type"]], FIELD_TYPES)
        if (row["type"] == "choice") != bool(row.get("choices")):
            raise _Wrong(f"{where}的 {row['key']}：选择项（choices）与类型不符")


def _check_complete(parts: Mapping[str, Any], where: str) -> None:
    """A complete standard stands on law, asks for papers, says what to look at, and has a form."""
    if not parts["legal_basis"]:
        raise _Wrong(f"{where}：完整标准缺少法律依据")
    if len(parts["material"]) < 2:
        raise _Wrong(f"{where}：完整标准至少有两份材料")
    if not parts["field"]:
        raise _Wrong(f"{where}：完整标准缺少表单项")
    for row in parts["material"]:
        if not row.get("review_points"):
            raise _Wrong(f"{where}：材料“{row['name']}”缺少审查要点")


def _check_table(
    row: Mapping[str, Any], schema: Mapping[str, str], *, required: set[str], where: str
) -> None:
    unknown = set(row) - set(schema)
    if unknown:
        raise _Wrong(f"{where}：不认识 {'、'.join(sorted(unknown))}")
    missing = required - set(row)
    if missing:
        raise _Wrong(f"{where}：缺少 {'、'.join(sorted(missing))}")
    for key, value in row.items():
        if not _fits(value, schema[key]):
            raise _Wrong(f"{where}：{key} 的写法不对")


def _fits(value: Any, kind: str) -> bool:
    if kind == _COUNT:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if kind == _FLAG:
        return isinstance(value, bool)
    if kind == _TEXT:
        return isinstance(value, str) and bool(value.strip())
    if kind == _TEXTS:
        return isinstance(value, list) and all(_fits(one, _TEXT) for one in value)
    if kind == _DATE:
        return isinstance(value, datetime.date) and not isinstance(value, datetime.datetime)
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _check_among(where: str, values: Collection[str], allowed: Collection[str]) -> None:
    for value in values:
        if value not in allowed:
            raise _Wrong(f"{where} 不能是“{value}”")
