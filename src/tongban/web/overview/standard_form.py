"""The editing page of a draft: from what was typed to the draft's content, and from the content to inputs.

Inputs are named by where they stand, `material.0.name`, as `catalogue.soundness` names its faults. Whatever was
typed is kept, sound or not. `do` names the button that was pressed: `add:material`, `up:field:2`,
`down:field:2`, `remove:circumstance:0`, `add:question:1:answers`, `remove:question:1:answers:0`, or nothing.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tongban.catalogue import wording
from tongban.kernel import crypto, text

MODES, DELIVERY = wording.MODES, wording.DELIVERY
LONGEST = 4000  # characters of one input
ROWS = 200  # of one part; soundness asks for far fewer
PARTS = ("circumstance", "question", "material", "field", "legal_basis")
_NAMES = {"circumstance": "name", "material": "name", "field": "label", "question": "text"}


@dataclass(frozen=True)
class Input:
    """One input: `type` is text, count, lines, check, checks (several), or select."""

    name: str
    label: str | Promise
    type: str = "text"
    value: Any = ""
    error: str = ""
    choices: Sequence[tuple[str, str | Promise]] = ()
    help: str | Promise = ""
    limit: int = 120
    is_wide: bool = False

    @property
    def id(self) -> str:
        return "f-" + self.name.replace(".", "-")


@dataclass(frozen=True)
class Row:
    """One circumstance, question, material, field or law, with its place among its neighbours."""

    path: str
    number: int
    key: str
    inputs: Sequence[Input]
    children: Sequence["Row"] = field(default_factory=tuple)
    is_first: bool = False
    is_last: bool = False

    @property
    def id(self) -> str:
        return "row-" + self.path.replace(".", "-")

    @property
    def press(self) -> str:
        return self.path.replace(".", ":")


# From the page to the draft


def parse(data: QueryDict) -> dict[str, Any]:
    """Give the content that a posted page says."""
    content: dict[str, Any] = {
        "legal_limit": _count(data.get("legal_limit", "")),
        "promised_limit": _count(data.get("promised_limit", "")),
        "fee": _word(data, "fee"),
        "results": _lines(data.get("results", "")),
        "modes": data.getlist("modes"),
        "delivery": data.getlist("delivery"),
        "guide": _filled({name: _word(data, f"guide.{name}") for name in ("url", "note")}),
        "codes": _filled(
            {
                name: _word(data, f"codes.{name}").upper() if name != "local" else _word(data, "codes.local")
                for name in ("base", "implementing", "procedure", "local")
            }
        ),
        "circumstance": _rows(data, "circumstance", _circumstance),
        "question": _rows(data, "question", _question),
        "material": _rows(data, "material", _material),
        "field": _rows(data, "field", _field),
        "legal_basis": _rows(data, "legal_basis", _law),
    }
    for part in PARTS:
        if part in _NAMES:
            _give_keys(content[part], part)
    return _filled(content)


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in ("", [], {}, ())}


def _word(data: QueryDict, name: str) -> str:
    return text.clean(data.get(name, ""))[:LONGEST]


def _lines(typed: str) -> list[str]:
    return [line for one in typed[:LONGEST].splitlines() if (line := text.clean(one))]


def _count(typed: str) -> int | str:
    """Give a number, or what was typed instead, to be shown again with its fault."""
    word = text.clean(typed)[:20]
    return int(word) if word.isascii() and word.isdigit() and len(word) < 6 else word


def _rows(data: QueryDict, part: str, read: Any) -> list[dict[str, Any]]:
    found = {
        int(m[1]) for name in data if (m := re.fullmatch(rf"{re.escape(part)}\.(\d{{1,4}})\.here", name))
    }
    return [read(data, f"{part}.{n}") for n in sorted(found)[:ROWS]]


def _circumstance(data: QueryDict, at: str) -> dict[str, Any]:
    return {"key": _key(data, at), "name": _word(data, f"{at}.name")}


def _question(data: QueryDict, at: str) -> dict[str, Any]:
    answers = _rows(
        data, f"{at}.answers", lambda d, a: {"text": _word(d, f"{a}.text"), "to": _word(d, f"{a}.to")}
    )
    return {"key": _key(data, at), "text": _word(data, f"{at}.text"), "answers": answers}


def _material(data: QueryDict, at: str) -> dict[str, Any]:
    return {
        "key": _key(data, at),
        "name": _word(data, f"{at}.name"),
        "originals": _count(data.get(f"{at}.originals", "") or "0"),
        "copies": _count(data.get(f"{at}.copies", "") or "0"),
        "required": f"{at}.required" in data,
        "returned": f"{at}.returned" in data,
        "source": _word(data, f"{at}.source")[:120],
        "note": _word(data, f"{at}.note")[:300],
        "review_points": _lines(data.get(f"{at}.review_points", "")),
        "only_for": data.getlist(f"{at}.only_for"),
    }


def _field(data: QueryDict, at: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "key": _key(data, at),
        "label": _word(data, f"{at}.label"),
        "type": _word(data, f"{at}.type") or "text",
        "required": f"{at}.required" in data,
        "choices": _lines(data.get(f"{at}.choices", "")),
        "help": _word(data, f"{at}.help")[:300],
        "only_for": data.getlist(f"{at}.only_for"),
    }
    if row["type"] != "choice":
        row["choices"] = []
    if data.get(f"{at}.when.field"):
        row["when"] = {
            "field": data[f"{at}.when.field"],
            "values": _lines(data.get(f"{at}.when.values", "")),
        }
    return row


def _law(data: QueryDict, at: str) -> dict[str, Any]:
    return {name: _word(data, f"{at}.{name}") for name in ("title", "article", "document_number")}


def _key(data: QueryDict, at: str) -> str:
    typed = data.get(f"{at}.key", "")
    return typed if re.fullmatch(r"[A-Za-z0-9_.-]{1,40}", typed) else ""


def _give_keys(rows: list[dict[str, Any]], part: str) -> None:
    """Give every row a key that stays with it. The same name gets the same key in every province, so that the
    comparison finds them together."""
    taken = {row["key"] for row in rows if row["key"]}
    for row in rows:
        if row["key"]:
            continue
        name = row[_NAMES[part]] or f"{len(taken)}"
        key = base = f"{part[0]}-{crypto.sm3(name.encode()).hex()[:8]}"
        n = 2
        while key in taken:
            key, n = f"{base}-{n}", n + 1
        row["key"] = key
        taken.add(key)


# What a button does


def act(content: dict[str, Any], do: str) -> str:
    """Do what was pressed to a content, in place, and give the element to come back to."""
    verb, _sep, rest = do.partition(":")
    steps = rest.split(":") if rest else []
    if verb not in ("add", "up", "down", "remove") or not steps or steps[0] not in PARTS:
        return ""
    part, *more = steps
    rows = content.get(part, [])
    if len(more) >= 2 and more[0].isdigit() and more[1] == "answers" and part == "question":
        if int(more[0]) >= len(rows):
            return ""
        rows = rows[int(more[0])].setdefault("answers", [])
        part, more = f"question-{more[0]}-answers", more[2:]
    if verb == "add":
        rows.append(_blank(part))
        if part in PARTS:
            content[part] = rows
        if part in _NAMES:
            _give_keys(rows, part)
        return f"row-{part}-{len(rows) - 1}"
    if not more or not more[0].isdigit() or int(more[0]) >= len(rows):
        return ""
    return _moved(rows, verb, int(more[0]), part)


def _moved(rows: list[Any], verb: str, n: int, part: str) -> str:
    if verb == "remove":
        del rows[n]
        return f"part-{part}" if not rows or part not in PARTS else f"row-{part}-{min(n, len(rows) - 1)}"
    other = n - 1 if verb == "up" else n + 1
    if 0 <= other < len(rows):
        rows[n], rows[other] = rows[other], rows[n]
        n = other
    return f"row-{part}-{n}"


def _blank(part: str) -> dict[str, Any]:
    if part == "material":
        return {"key": "", "name": "", "originals": 1, "copies": 0, "required": True}
    if part == "field":
        return {"key": "", "label": "", "type": "text", "required": True}
    if part == "question":
        return {"key": "", "text": "", "answers": [{"text": "", "to": ""}, {"text": "", "to": ""}]}
    if part == "circumstance":
        return {"key": "", "name": ""}
    return {"title": ""} if part == "legal_basis" else {"text": "", "to": ""}


# From the draft to the page


def shown(content: Mapping[str, Any], faults: Mapping[str, str]) -> dict[str, Any]:
    """Give the page its inputs and rows."""
    make = _Maker(content, faults)
    return {
        "basics": make.basics(),
        "codes": make.codes(),
        "guide": make.guide(),
        "parts": [
            {
                "name": part,
                "title": title,
                "help": help_,
                "add": add,
                "rows": make.rows(part),
                "error": faults.get(part, ""),
            }
            for part, title, help_, add in _TITLES
        ],
    }


_TITLES: tuple[tuple[str, str | Promise, str | Promise, str | Promise], ...] = (
    (
        "circumstance",
        gettext_lazy("办理情形"),
        gettext_lazy("不同情形要交不同材料的，在这里列出情形；没有区别的，不用填。"),
        gettext_lazy("增加情形"),
    ),
    (
        "question",
        gettext_lazy("判断情形的问题"),
        gettext_lazy("收件时按这些问题选出情形。不填的，直接列出全部情形供选择。"),
        gettext_lazy("增加问题"),
    ),
    (
        "material",
        gettext_lazy("申请材料和形式审查要点"),
        gettext_lazy("按收件时核对的顺序排列。审查要点每行写一条，写看得见、判断得了的内容。"),
        gettext_lazy("增加材料"),
    ),
    (
        "field",
        gettext_lazy("申请表单"),
        gettext_lazy("材料里没有、办理时必须知道的信息。能从材料上看到的不要重复填写。"),
        gettext_lazy("增加表单项"),
    ),
    (
        "legal_basis",
        gettext_lazy("法律依据"),
        gettext_lazy("法律、法规、规章和规范性文件的名称、条款和文号。"),
        gettext_lazy("增加依据"),
    ),
)


class _Maker:
    def __init__(self, content: Mapping[str, Any], faults: Mapping[str, str]) -> None:
        self.content = content
        self.faults = faults
        self.circumstances = [(c["key"], c.get("name", "")) for c in content.get("circumstance", ())]

    def input(self, name: str, label: str | Promise, value: Any, type_: str = "text", **more: Any) -> Input:
        return Input(name, label, type_, value, self.faults.get(name, ""), **more)

    def basics(self) -> list[Input]:
        said = self.content
        modes, delivery = list(MODES.items()), list(DELIVERY.items())
        inherited = _("不勾选的，按事项清单")
        return [
            self.input("legal_limit", _("法定时限（工作日）"), said.get("legal_limit", ""), "count"),
            self.input("promised_limit", _("承诺期限（工作日）"), said.get("promised_limit", ""), "count"),
            self.input("fee", _("收费"), said.get("fee", ""), help=_("不填的，按事项清单")),
            self.input("results", _("办理结果"), said.get("results", []), "lines", help=_("每行写一种")),
            self.input(
                "modes", _("办理模式"), said.get("modes", []), "checks", choices=modes, help=inherited
            ),
            self.input(
                "delivery",
                _("送达方式"),
                said.get("delivery", []),
                "checks",
                choices=delivery,
                help=inherited,
            ),
        ]

    def guide(self) -> list[Input]:
        said = self.content.get("guide", {})
        return [
            self.input("guide.url", _("办事指南网址"), said.get("url", ""), limit=500, is_wide=True),
            self.input("guide.note", _("给收件窗口的提示"), said.get("note", ""), limit=300, is_wide=True),
        ]

    def codes(self) -> list[Input]:
        said = self.content.get("codes", {})
        labels = (
            ("base", _("基本编码（12 位）"), 12),
            ("implementing", _("实施编码（31 位）"), 31),
            ("procedure", _("业务办理项编码（33 位）"), 33),
            ("local", _("地方编码"), 64),
        )
        return [self.input(f"codes.{n}", label, said.get(n, ""), limit=limit) for n, label, limit in labels]

    def rows(self, part: str) -> list[Row]:
        rows = self.content.get(part, ())
        make = getattr(self, f"_{part}")
        return [
            Row(
                path=f"{part}.{n}",
                number=n + 1,
                key=row.get("key", ""),
                inputs=make(f"{part}.{n}", row, n),
                children=self._answers(f"{part}.{n}", row, n) if part == "question" else (),
                is_first=n == 0,
                is_last=n == len(rows) - 1,
            )
            for n, row in enumerate(rows)
        ]

    def _circumstance(self, at: str, row: Mapping[str, Any], n: int) -> list[Input]:
        return [self.input(f"{at}.name", _("情形名称"), row.get("name", ""))]

    def _question(self, at: str, row: Mapping[str, Any], n: int) -> list[Input]:
        return [self.input(f"{at}.text", _("问题"), row.get("text", ""), is_wide=True)]

    def _answers(self, at: str, row: Mapping[str, Any], n: int) -> list[Row]:
        later = self.content.get("question", ())[n + 1 :]
        leads = [
            (f"circumstance:{key}", _("情形：{name}").format(name=name)) for key, name in self.circumstances
        ]
        leads += [(f"question:{q['key']}", _("接着问：{name}").format(name=q.get("text", ""))) for q in later]
        choices = [("", _("请选择")), *leads]
        return [
            Row(
                path=f"{at}.answers.{m}",
                number=m + 1,
                key="",
                inputs=[
                    self.input(f"{at}.answers.{m}.text", _("回答"), answer.get("text", "")),
                    self.input(
                        f"{at}.answers.{m}.to", _("对应"), answer.get("to", ""), "select", choices=choices
                    ),
                ],
            )
            for m, answer in enumerate(row.get("answers", ()))
        ]

    def _only_for(self, at: str, row: Mapping[str, Any]) -> list[Input]:
        known = {key for key, _name in self.circumstances}
        chosen = row.get("only_for", [])
        # What pointed to a circumstance that was removed must not silently hold for all of them.
        gone = [(key, _("（已删除的情形，请取消）")) for key in chosen if key not in known]
        choices = [*self.circumstances, *gone]
        if not choices:
            return []
        help_ = _("不勾选的，各种情形都适用")
        return [
            self.input(
                f"{at}.only_for", _("只适用于"), chosen, "checks", choices=choices, help=help_, is_wide=True
            )
        ]

    def _material(self, at: str, row: Mapping[str, Any], n: int) -> list[Input]:
        return [
            self.input(f"{at}.name", _("材料名称"), row.get("name", ""), is_wide=True),
            self.input(f"{at}.originals", _("原件份数"), row.get("originals", 0), "count"),
            self.input(f"{at}.copies", _("复印件份数"), row.get("copies", 0), "count"),
            self.input(f"{at}.required", _("必交"), row.get("required", True), "check"),
            self.input(f"{at}.returned", _("原件核验后退还"), row.get("returned", False), "check"),
            self.input(f"{at}.source", _("材料来源"), row.get("source", "")),
            self.input(f"{at}.note", _("填写说明"), row.get("note", ""), limit=300),
            self.input(
                f"{at}.review_points",
                _("形式审查要点（每行一条）"),
                row.get("review_points", []),
                "lines",
                is_wide=True,
            ),
            *self._only_for(at, row),
        ]

    def _choices(self, at: str, row: Mapping[str, Any]) -> list[Input]:
        if row.get("type") != "choice":
            return []
        label = _("选项（每行一个）")
        return [self.input(f"{at}.choices", label, row.get("choices", []), "lines", is_wide=True)]

    def _field(self, at: str, row: Mapping[str, Any], n: int) -> list[Input]:
        before = self.content.get("field", ())[:n]
        askable = [(f["key"], f.get("label", "")) for f in before if f.get("type") == "choice"]
        when = row.get("when") or {}
        inputs = [
            self.input(f"{at}.label", _("名称"), row.get("label", "")),
            self.input(
                f"{at}.type",
                _("类型"),
                row.get("type", "text"),
                "select",
                choices=list(wording.FIELD_TYPES.items()),
            ),
            self.input(f"{at}.required", _("必填"), row.get("required", True), "check"),
            self.input(f"{at}.help", _("填写提示"), row.get("help", ""), limit=300),
            *self._choices(at, row),
            *self._only_for(at, row),
        ]
        if askable or when:
            choices = [("", _("总是显示")), *askable]
            label = _("什么时候显示")
            values = _("上面所选项的回答（每行一个）")
            inputs += [
                self.input(f"{at}.when.field", label, when.get("field", ""), "select", choices=choices),
                self.input(f"{at}.when.values", values, when.get("values", []), "lines"),
            ]
        return inputs

    def _legal_basis(self, at: str, row: Mapping[str, Any], n: int) -> list[Input]:
        return [
            self.input(f"{at}.title", _("名称"), row.get("title", ""), is_wide=True),
            self.input(f"{at}.article", _("条款"), row.get("article", "")),
            self.input(f"{at}.document_number", _("文号"), row.get("document_number", "")),
        ]
