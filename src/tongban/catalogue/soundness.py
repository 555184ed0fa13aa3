"""What a standard must be before it may be reviewed and published: no impossible thing, each fault in words.

A draft keeps whatever was typed; `faults` names what does not hold, by the name of the input on the editing
page: `material.0.name`, `field.2.choices`, `legal_limit`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from tongban.catalogue import elements
from tongban.catalogue.files import DELIVERY, FIELD_TYPES, MODES
from tongban.catalogue.models import Stage
from tongban.kernel import numbers, refusals

LONGEST_LIMIT = 3650
MOST = {"circumstance": 30, "question": 20, "material": 60, "field": 80, "legal_basis": 30}
NAME, TEXT = 120, 500  # characters
_URL = re.compile(r"https?://[^\s/]+\.[^\s]+")
_CODE = re.compile(r"[0-9A-Z]+")

Faults = dict[str, str]


class Unsound(refusals.Incomplete):
    """标准还不能送审，请先改好：{what}"""


def refuse(found: Faults) -> None:
    """Refuse a standard of which something was found that does not hold, with a sentence for each.

    Raises:
        Unsound: with `fields` naming the inputs.
    """
    if found:
        raise Unsound(fields=found, what="".join(dict.fromkeys(found.values())))


def faults(content: Mapping[str, Any], *, stage: int) -> Faults:
    """Name everything that keeps a draft from being reviewed."""
    found: Faults = {}
    if stage == Stage.ELEMENTS:
        codes = {f"codes.{name}": said for name, said in code_faults(content.get("codes", {})).items()}
        return {**elements.faults(content), **codes}
    for part, most in MOST.items():
        if len(content.get(part, ())) > most:
            found[part] = _("最多 {most} 行，现在有 {n} 行。").format(most=most, n=len(content[part]))
    _limits(content, found)
    _basics(content, found)
    _guide(content, stage, found)
    _circumstances(content, found)
    _questions(content, found)
    _materials(content, stage, found)
    _fields(content, found)
    for n, row in enumerate(content.get("legal_basis", ())):
        if not str(row.get("title", "")).strip():
            found[f"legal_basis.{n}.title"] = _("请填写法律依据的名称。")
    return found


def _limits(content: Mapping[str, Any], found: Faults) -> None:
    legal, promised = content.get("legal_limit"), content.get("promised_limit")
    for name, value in (("legal_limit", legal), ("promised_limit", promised)):
        if not _is_count(value, LONGEST_LIMIT):
            found[name] = _("请填写工作日数（0 到 3650 的整数，0 为当场办结）。")
    if not found.keys() & {"legal_limit", "promised_limit"} and int(promised or 0) > int(legal or 0):
        found["promised_limit"] = _(
            "承诺期限（{promised}个工作日）不能长于法定时限（{legal}个工作日）。"
        ).format(promised=promised, legal=legal)


def _basics(content: Mapping[str, Any], found: Faults) -> None:
    for name, allowed in (("modes", MODES), ("delivery", DELIVERY)):
        if set(content.get(name, ())) - set(allowed):
            found[name] = _("请从列出的选项中选择。")
    if len(str(content.get("fee", ""))) > NAME:
        found["fee"] = _("最多 120 个字。")
    codes = content.get("codes", {})
    found.update({f"codes.{name}": sentence for name, sentence in code_faults(codes).items()})


def code_faults(codes: Mapping[str, str]) -> Faults:
    """Name what is wrong with the form of the national codes (GB/T 39554.1: 12, 31 and 33 characters)."""
    found: Faults = {}
    base, implementing = codes.get("base", ""), codes.get("implementing", "")
    whole = codes.get("procedure", "")
    for name, length, what in (("base", 12, _("基本编码")), ("implementing", 31, _("实施编码"))):
        value = codes.get(name, "")
        if value and not (len(value) == length and _CODE.fullmatch(value)):
            found[name] = _("{what}应为 {length} 位数字或大写字母，现在是 {n} 位。").format(
                what=what, length=length, n=len(value)
            )
    if implementing and "implementing" not in found:
        try:
            numbers.check_credit_code(implementing[:18])
        except refusals.Refusal:
            found["implementing"] = _("实施编码的前 18 位应为实施部门的统一社会信用代码，请核对。")
        else:
            if base and implementing[19:] != base:
                found["implementing"] = _("实施编码的后 12 位应与基本编码相同。")
    if whole and not (len(whole) == 33 and _CODE.fullmatch(whole)):
        found["procedure"] = _("业务办理项编码应为 33 位数字或大写字母，现在是 {n} 位。").format(n=len(whole))
    elif whole and implementing and not whole.startswith(implementing):
        found["procedure"] = _("业务办理项编码的前 31 位应与实施编码相同。")
    if len(codes.get("local", "")) > 64:
        found["local"] = _("地方编码最多 64 位。")
    return found


def _guide(content: Mapping[str, Any], stage: int, found: Faults) -> None:
    url = str(content.get("guide", {}).get("url", ""))
    if url and not (_URL.fullmatch(url) and len(url) <= TEXT):
        found["guide.url"] = _("请填写完整的网址，例如 https://www.example.gov.cn/guide/1。")
    elif not url and stage == Stage.GUIDE:
        found["guide.url"] = _("第一阶段按本省办事指南收件，请填写办事指南的网址。")


def _circumstances(content: Mapping[str, Any], found: Faults) -> None:
    rows = content.get("circumstance", ())
    _names("circumstance", "name", rows, found, what=_("情形名称"))
    materials = content.get("material", ())
    if not materials:
        return
    for n, row in enumerate(rows):
        if not any(not m.get("only_for") or row["key"] in m["only_for"] for m in materials):
            found.setdefault(
                f"circumstance.{n}.name",
                _("情形“{name}”没有任何材料，请至少让一份材料适用于它。").format(name=row.get("name", "")),
            )


def _questions(content: Mapping[str, Any], found: Faults) -> None:
    """Ask that the questions are a tree that reaches every circumstance exactly once."""
    rows = content.get("question", ())
    if not rows:
        return
    circumstances = {c["key"]: c.get("name", "") for c in content.get("circumstance", ())}
    questions = {q["key"] for q in rows}
    led_to: dict[str, int] = {}
    for n, row in enumerate(rows):
        if not str(row.get("text", "")).strip():
            found[f"question.{n}.text"] = _("请填写问题。")
        if len(row.get("answers", ())) < 2:
            found.setdefault(f"question.{n}.text", _("一个问题至少要有两个回答。"))
        for m, answer in enumerate(row.get("answers", ())):
            name, to = f"question.{n}.answers.{m}", str(answer.get("to", ""))
            kind, _sep, about = to.partition(":")
            led_to[to] = led_to.get(to, 0) + 1
            if not str(answer.get("text", "")).strip():
                found[f"{name}.text"] = _("请填写回答。")
            if about not in (circumstances if kind == "circumstance" else questions):
                found[f"{name}.to"] = _("请选择这个回答对应的情形，或者接着问的问题。")
            elif led_to[to] > 1:
                found[f"{name}.to"] = _("另一个回答已经指向这里，每个情形和问题只能由一个回答到达。")
            elif kind == "question" and about in {q["key"] for q in rows[: n + 1]}:
                found[f"{name}.to"] = _("只能接着问后面的问题，否则会绕回来。")
    for key, name in circumstances.items():
        if f"circumstance:{key}" not in led_to:
            found.setdefault("question", _("没有回答通向情形“{name}”。").format(name=name))
    for n, row in enumerate(rows[1:], 1):
        if f"question:{row['key']}" not in led_to:
            found.setdefault(f"question.{n}.text", _("没有回答通向这个问题。"))


def _materials(content: Mapping[str, Any], stage: int, found: Faults) -> None:
    rows = content.get("material", ())
    if not rows and stage != Stage.GUIDE:
        found["material"] = _("标准至少要列出一份申请材料。")
    _names("material", "name", rows, found, what=_("材料名称"))
    circumstances = {c["key"] for c in content.get("circumstance", ())}
    for n, row in enumerate(rows):
        for part in ("originals", "copies"):
            if not _is_count(row.get(part, 0), 99):
                found[f"material.{n}.{part}"] = _("请填写 0 到 99 之间的份数。")
        if row.get("originals", 0) in (0, "0") and row.get("copies", 0) in (0, "0"):
            found.setdefault(f"material.{n}.originals", _("原件和复印件不能都是 0 份。"))
        points = row.get("review_points", ())
        if not points and stage != Stage.GUIDE:
            found[f"material.{n}.review_points"] = _("请至少写一条审查要点。")
        elif len(points) > 30 or any(len(p) > TEXT for p in points):
            found[f"material.{n}.review_points"] = _("审查要点最多 30 条，每条最多 500 个字。")
        elif len(set(points)) != len(points):
            found[f"material.{n}.review_points"] = _("审查要点有重复。")
        if set(row.get("only_for", ())) - circumstances:
            found[f"material.{n}.only_for"] = _("适用的情形已经删除，请重新勾选。")


def _fields(content: Mapping[str, Any], found: Faults) -> None:
    rows = content.get("field", ())
    _names("field", "label", rows, found, what=_("表单项名称"))
    circumstances = {c["key"] for c in content.get("circumstance", ())}
    for n, row in enumerate(rows):
        choices = row.get("choices", ())
        if row.get("type", "text") not in FIELD_TYPES:
            found[f"field.{n}.type"] = _("请从列出的选项中选择。")
        if row.get("type") == "choice" and not choices:  # one alone is a declaration: 属实
            found[f"field.{n}.choices"] = _("单选至少要有一个选项，每行写一个。")
        elif len(set(choices)) != len(choices):
            found[f"field.{n}.choices"] = _("选项有重复。")
        if set(row.get("only_for", ())) - circumstances:
            found[f"field.{n}.only_for"] = _("适用的情形已经删除，请重新勾选。")
        if row.get("when"):
            _condition(n, row["when"], rows[:n], found)


def _condition(n: int, when: Mapping[str, Any], before: Sequence[Mapping[str, Any]], found: Faults) -> None:
    """Ask that a condition looks at a choice that stands before the field."""
    asked = next((f for f in before if f["key"] == when.get("field")), None)
    if asked is None or asked.get("type") != "choice":
        found[f"field.{n}.when.field"] = _("条件只能看排在前面的单选项。")
    elif not when.get("values") or set(when["values"]) - set(asked.get("choices", ())):
        found[f"field.{n}.when.values"] = _("请填写“{label}”的选项之一，每行写一个。").format(
            label=asked.get("label", "")
        )


def _names(part: str, name: str, rows: Iterable[Mapping[str, Any]], found: Faults, *, what: str) -> None:
    """Ask that every row of a part has a name and a key, each once."""
    names: set[str] = set()
    keys: set[str] = set()
    for n, row in enumerate(rows):
        text = str(row.get(name, "")).strip()
        if not text:
            found[f"{part}.{n}.{name}"] = _("请填写{what}。").format(what=what)
        elif len(text) > NAME:
            found[f"{part}.{n}.{name}"] = _("最多 120 个字。")
        elif text in names or row.get("key") in keys:
            found[f"{part}.{n}.{name}"] = _("“{name}”重复了，请合并或者改名。").format(name=text)
        names.add(text)
        keys.add(str(row.get("key")))


def _is_count(value: Any, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most
