"""The editing page of a procedure's elements: from what was typed to the draft's content, and back to inputs (B2)."""

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from tongban.catalogue import wording
from tongban.directory.models import Level
from tongban.kernel import text
from tongban.web.overview.standard_form import LONGEST, Input

SEVERAL = ("levels", "applicants", "modes", "delivery")
_LAW_PARTS = ("title", "article", "document_number")


def parse(data: QueryDict) -> dict[str, Any]:
    """Give the content that a posted page says."""
    codes = {
        "base": text.clean(data.get("codes.base", ""))[:40].upper(),
        "local": text.clean(data.get("codes.local", ""))[:LONGEST],
    }
    return {
        **{name: data.getlist(name)[:10] for name in SEVERAL},
        "lead_department": text.clean(data.get("lead_department", ""))[:LONGEST],
        "fee": text.clean(data.get("fee", ""))[:LONGEST],
        "results": _lines(data.get("results", "")),
        "words": _lines(data.get("words", "")),
        "legal_basis": [_law(line) for line in _lines(data.get("legal_basis", ""))],
        "codes": {name: code for name, code in codes.items() if code},
        "legal_limit": 0,
        "promised_limit": 0,
    }


def _lines(typed: str) -> list[str]:
    return [line for one in typed[:LONGEST].splitlines() if (line := text.clean(one))]


def _law(line: str) -> dict[str, str]:
    """Read a law written in one line: name, article, document number, with bars between."""
    parts = [part.strip() for part in line.replace("｜", "|").split("|")][:3]
    return {name: part for name, part in zip(_LAW_PARTS, parts, strict=False) if part}


def _law_line(law: Mapping[str, str]) -> str:
    return " | ".join(law[name] for name in _LAW_PARTS if law.get(name))


def shown(content: Mapping[str, Any], faults: Mapping[str, str]) -> dict[str, Any]:
    """Give the page its inputs."""

    def several(name: str, label: str, choices: Mapping[str, str | Promise]) -> Input:
        return Input(
            name,
            label,
            "checks",
            content.get(name, ()),
            faults.get(name, ""),
            choices=list(choices.items()),
        )

    def lines(name: str, label: str, value: Any, help_: str) -> Input:
        return Input(name, label, "lines", value, faults.get(name, ""), help=help_, is_wide=True)

    levels = {level.value: level.label for level in (Level.PROVINCE, Level.PREFECTURE, Level.COUNTY)}
    laws = [_law_line(law) for law in content.get("legal_basis", ())]
    codes = content.get("codes", {})
    return {
        "element_inputs": [
            Input(
                "lead_department",
                _("牵头部门"),
                value=content.get("lead_department", ""),
                error=faults.get("lead_department", ""),
            ),
            Input("fee", _("收费"), value=content.get("fee", ""), error=faults.get("fee", "")),
            Input(
                "codes.base",
                _("基本编码（12 位）"),
                value=codes.get("base", ""),
                error=faults.get("codes.base", ""),
                help=_("实施编码、业务办理项编码随各省标准填写。"),
            ),
            Input(
                "codes.local",
                _("地方编码"),
                value=codes.get("local", ""),
                error=faults.get("codes.local", ""),
                help=_("本省自设的办理项填写；五省共用的不填，随各省标准填写。"),
            ),
        ],
        "element_choices": [
            several("levels", _("实施层级"), levels),
            several("applicants", _("申请人类别"), wording.APPLICANTS),
            several("modes", _("办理模式"), wording.MODES),
            several("delivery", _("送达方式"), wording.DELIVERY),
        ],
        "element_lines": [
            lines("results", _("办理结果"), content.get("results", ()), _("每行写一种")),
            lines("words", _("日常说法"), content.get("words", ()), _("每行写一种，群众这样说也能找到。")),
            lines("legal_basis", _("法定依据"), laws, _("每行写一部：名称 | 条款 | 文号。")),
        ],
    }


def words_of(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Give what elements say, in words, line by line."""
    levels = {level.value: str(level.label) for level in Level}

    def named(name: str, names: Mapping[str, str | Promise]) -> str:
        return "、".join(str(names.get(v, v)) for v in content.get(name, ()))

    rows = [
        (_("牵头部门"), content.get("lead_department", "")),
        (_("实施层级"), named("levels", levels)),
        (_("申请人类别"), named("applicants", wording.APPLICANTS)),
        (_("办理模式"), named("modes", wording.MODES)),
        (_("收费"), content.get("fee", "")),
        (_("办理结果"), "、".join(content.get("results", ()))),
        (_("送达方式"), named("delivery", wording.DELIVERY)),
        (_("法定依据"), "；".join(_law_line(law) for law in content.get("legal_basis", ()))),
        (_("基本编码"), content.get("codes", {}).get("base", "")),
        (_("地方编码"), content.get("codes", {}).get("local", "")),
        (_("日常说法"), "、".join(content.get("words", ()))),
    ]
    return [(label, said) for label, said in rows if said]
