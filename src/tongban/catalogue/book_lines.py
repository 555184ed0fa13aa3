"""How a standard, and the elements of a procedure, stand on the sheets of a workbook: columns, and there and back.

A row that says what it said before gives the very part that was there, so that an export read again changes nothing.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tongban.catalogue.operations import procedures
from tongban.kernel.sheets import Column, Row, Sheet

Content = dict[str, Any]
Said = Mapping[str, Any]


def _key(help_: str = "") -> Column:
    said = "例如 015-1"
    return Column("key", "办理项编号", required=True, width=14, help=f"{said}；{help_}" if help_ else said)


_YES = {"yes": "是", "no": "否"}
LEVELS = {"province": "省级实施", "prefecture": "市级实施", "county": "县级实施"}
APPLICANTS = {"person": "自然人", "organisation": "法人或其他组织"}
MODES = {"collected": "异地代收代办", "online": "全程网办", "joint": "多地联办"}
DELIVERY = {
    "post": "邮寄",
    "pick_up_home": "到属地窗口领取",
    "pick_up_receiving": "到收件地窗口领取",
    "electronic": "电子送达",
}
SEVERAL: Mapping[str, Mapping[str, str]] = {
    "levels": LEVELS,
    "applicants": APPLICANTS,
    "modes": MODES,
    "delivery": DELIVERY,
}


def _several(name: str) -> list[Column]:
    """Give a yes-or-no column for each of several choices, since a drop-down lets people pick one only."""
    return [Column(f"{name}_{key}", label, choices=_YES) for key, label in SEVERAL[name].items()]


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
        _key("新建办理项用“办理项和要素”的表格"),
        Column("item", "事项", width=34, is_shown_only=True),
        Column("name", "办理项", width=34, is_shown_only=True),
        Column("legal_limit", "法定时限", kind="integer", required=True, help="工作日，0 为当场办结"),
        Column("promised_limit", "承诺期限", kind="integer", required=True, help="工作日，不长于法定时限"),
        Column("fee", "收费", width=24, help="不填的，与办理项要素相同"),
        *_several("modes"),
        *_several("delivery"),
        Column("results", "办理结果", width=24, help="一行一种（单元格内换行）"),
        Column("codes_base", "基本编码", help="12 位"),
        Column(
            "codes_implementing", "实施编码", width=34, help="31 位，前 18 位为实施部门的统一社会信用代码"
        ),
        Column("codes_procedure", "业务办理项编码", width=36, help="33 位，前 31 位与实施编码相同"),
        Column("codes_local", "地方编码", width=24),
        Column("guide_url", "办事指南网址", width=40),
        Column("guide_note", "办事指南说明", width=40),
    ),
)
CIRCUMSTANCES = Sheet(
    "circumstance",
    "情形",
    (
        _key(),
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
        _key(),
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
        _key(),
        Column("row_key", "栏目编号", required=True, help="英文字母、数字、下划线"),
        Column("label", "栏目名称", required=True, width=28),
        Column("type", "类型", required=True, choices=_TYPES),
        Column("required", "必填", required=True, choices=_YES),
        Column("choices", "选项", width=34, help="单选的选项，一行一个（单元格内换行）"),
        Column("only_for", "适用情形", width=24, help="情形编号，用逗号隔开；不填为全部情形"),
        Column("help", "填写提示", width=34),
        Column("when_field", "条件栏目", help="排在前面的单选栏目的编号；不填的，总是要填"),
        Column("when_values", "条件选项", width=24, help="条件栏目选了这些才要填，一行一个（单元格内换行）"),
    ),
)
QUESTIONS = Sheet(
    "question",
    "问题",
    (
        _key(),
        Column("row_key", "问题编号", required=True, help="一个回答一行，同一问题的各行相连、编号相同"),
        Column("text", "问题", required=True, width=34),
        Column("answer", "回答", required=True, width=24),
        Column("circumstance", "通向情形", help="情形编号；与“接着问”填其中一个"),
        Column("question", "接着问", help="后面的问题的编号"),
    ),
)
LAWS = Sheet(
    "legal_basis",
    "法定依据",
    (
        _key(),
        Column("title", "名称", required=True, width=44),
        Column("article", "条款", width=24),
        Column("document_number", "文号", width=24),
    ),
)
ELEMENTS = Sheet(
    "elements",
    "要素",
    (
        _key("新建的，写事项序号、横线和一个没有用过的数，例如 015-9"),
        Column("item_seq", "事项序号", kind="integer", width=10, help="新建的填写；新事项不填"),
        Column("item", "事项", width=34, help="新事项填名称，只由协调小组新建；已有的事项填序号就行"),
        Column("name", "办理项", width=34, help="新建的必填；建好以后不能在这里修改"),
        Column("statutory_name", "法定事项名称", width=34, help="新建的填写，不填的同办理项名称"),
        Column("kind", "事项类型", choices={kind: kind for kind in procedures.KINDS}, help="新建的必填"),
        Column("lead_department", "牵头部门", required=True, width=18),
        *_several("levels"),
        *_several("applicants"),
        *_several("modes"),
        *_several("delivery"),
        Column("fee", "收费", width=24),
        Column("results", "办理结果", width=24, help="一行一种（单元格内换行）"),
        Column("words", "日常说法", width=24, help="一行一种（单元格内换行），群众这样说也能找到"),
        Column("codes_base", "基本编码", help="12 位"),
        Column("codes_local", "地方编码", width=24, help="一个省自设的办理项填写"),
    ),
)
PARTS = (CIRCUMSTANCES, QUESTIONS, MATERIALS, FIELDS, LAWS)
_COUNTS = ("originals", "copies")


def shown(sheet: Sheet, content: Said) -> Content:
    """Give the main line of a standard or of elements."""
    guide, codes = content.get("guide", {}), content.get("codes", {})
    values: Content = {
        **content,
        "guide_url": guide.get("url", ""),
        "guide_note": guide.get("note", ""),
        "results": "\n".join(content.get("results", ())),
        "words": "\n".join(content.get("words", ())),
        **{f"codes_{name}": code for name, code in codes.items()},
    }
    for name, choices in SEVERAL.items():
        chosen = content.get(name, ())
        values |= {f"{name}_{key}": _yes(key in chosen) if chosen else "" for key in choices}
    return {column.key: values.get(column.key, "") for column in sheet.columns}


def read(sheet: Sheet, said: Said, before: Said) -> Content:
    """Give the content that a main line asks for; what says the same as before stays as it was."""
    content, there = dict(before), shown(sheet, before)
    changed = {name for name, value in said.items() if (value or "") != (there.get(name) or "")}
    for name in ("legal_limit", "promised_limit"):
        if name in said:
            content[name] = said[name]
    for name in changed & {"fee", "lead_department"}:
        content[name] = said[name] or ""
    for name in changed & {"results", "words"}:
        content[name] = _lines(said[name])
    for name, choices in SEVERAL.items():
        wanted = [key for key in choices if said.get(f"{name}_{key}") == "yes"]
        if changed & {f"{name}_{key}" for key in choices} and set(wanted) != set(before.get(name, ())):
            content[name] = wanted
    for name in ("guide", "codes"):
        parts = {key.removeprefix(f"{name}_") for key in changed if key.startswith(f"{name}_")}
        if parts:
            values = {part: str(said[f"{name}_{part}"] or "") for part in parts}
            whole = {**before.get(name, {}), **values}
            content[name] = {part: value for part, value in whole.items() if value}
    return content


def lines(sheet: Sheet, content: Said) -> list[Content]:
    """Give the lines of one part of a standard, a line a row."""
    if sheet is QUESTIONS:
        return [_answer_line(q, a) for q in content.get("question", ()) for a in q.get("answers", ())]
    return [_line(sheet, part) for part in content.get(sheet.key, ())]


def _answer_line(question: Said, answer: Said) -> Content:
    kind, _sep, about = str(answer.get("to", "")).partition(":")
    return {
        "row_key": question["key"],
        "text": question.get("text", ""),
        "answer": answer.get("text", ""),
        "circumstance": about if kind == "circumstance" else "",
        "question": about if kind == "question" else "",
    }


def _line(sheet: Sheet, part: Said) -> Content:
    line: Content = {**part}
    if "key" in line:
        line["row_key"] = line.pop("key")
    if sheet in (CIRCUMSTANCES, LAWS):
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
        when = part.get("when") or {}
        line["when_field"], line["when_values"] = when.get("field", ""), "\n".join(when.get("values", ()))
    return line


def parts(sheet: Sheet, rows: Sequence[Row], before: Said, *, there: frozenset[str]) -> list[Content]:
    """Give the parts that the rows of one sheet ask for.

    Args:
        there: the columns that the sheet has; of those it lacks, a part keeps what it said.
    """
    known = before.get(sheet.key, ())
    if sheet is QUESTIONS:
        told = [{name: value or "" for name, value in row.values.items() if name != "key"} for row in rows]
        return list(known) if told == lines(sheet, before) else _questions(told)
    if sheet is LAWS:
        by_place: Mapping[Any, Said] = dict(enumerate(known))
        return [_part(sheet, row, by_place.get(n), there) for n, row in enumerate(rows)]
    by_key = {part["key"]: part for part in known}
    return [_part(sheet, row, by_key.get(str(row.values["row_key"])), there) for row in rows]


def _questions(told: Sequence[Said]) -> list[Content]:
    made: dict[str, Content] = {}
    for row in told:
        question = made.setdefault(
            str(row["row_key"]), {"key": str(row["row_key"]), "text": row["text"], "answers": []}
        )
        to = f"circumstance:{row['circumstance']}" if row["circumstance"] else f"question:{row['question']}"
        question["answers"].append({"text": row["answer"], "to": to})
    return list(made.values())


def _part(sheet: Sheet, row: Row, before: Said | None, there: frozenset[str]) -> Content:
    shown_before = _line(sheet, before) if before is not None else {}
    said = {
        column.key: row.values[column.key] if column.key in there else shown_before.get(column.key)
        for column in sheet.columns
        if column.key != "key"
    }
    if before is not None and all((said[n] or "") == (shown_before.get(n) or "") for n in said):
        return dict(before)
    part = dict(before or {})
    if "row_key" in said:
        part["key"] = str(said.pop("row_key"))
    field, values = said.pop("when_field", None), said.pop("when_values", None)
    if field or values:
        part["when"] = {"field": field or "", "values": _lines(values)}
    else:
        part.pop("when", None)
    for name, value in said.items():
        part[name] = _READ[name](value) if name in _READ else (value if name in _COUNTS else value or "")
    return part


def place(sheet: Sheet, rows: Sequence[Row], number: str, about: str) -> tuple[Row, str]:
    """Give the row and the column of what is said about a part by its number: `2`, `when.field`.

    Without a number it is about the sheet as a whole, and the first row is named.
    """
    n = int(number) if number.isdigit() else 0
    column, _dot, rest = about.partition(".")
    if sheet is not QUESTIONS:
        row = rows[min(n, len(rows) - 1)]
        return row, f"when_{rest}" if column == "when" and rest else column
    keys = list(dict.fromkeys(str(row.values["row_key"]) for row in rows))
    own = [row for row in rows if str(row.values["row_key"]) == keys[min(n, len(keys) - 1)]]
    if column != "answers":
        return own[0], column
    answer, _dot, what = rest.partition(".")
    row = own[min(int(answer), len(own) - 1)]
    return row, {"text": "answer", "to": "question" if row.values["question"] else "circumstance"}[what]


def _yes(value: Any) -> str:
    return "yes" if value else "no"


def _lines(value: Any) -> list[str]:
    return [line.strip() for line in str(value or "").split("\n") if line.strip()]


_READ: Mapping[str, Callable[[Any], Any]] = {
    "required": lambda value: value == "yes",
    "returned": lambda value: value == "yes",
    "only_for": lambda value: [w for w in re.split(r"[，,、\s]+", str(value or "")) if w],
    "review_points": _lines,
    "choices": _lines,
}
