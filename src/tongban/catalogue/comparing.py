"""The provinces' standards of one procedure side by side, line by line, and one put together from them (B7).

Materials, circumstances and form fields stand on one line where their key or their name is the same. Pure
functions over contents as `AcceptanceStandard.content` keeps them, with the limits beside.
"""

import copy
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tongban.catalogue import wording

Content = Mapping[str, Any]
NAME_OF = {"circumstance": "name", "material": "name", "field": "label"}
_PARTS: dict[str, str | Promise] = {
    "circumstance": gettext_lazy("办理情形"),
    "material": gettext_lazy("材料"),
    "field": gettext_lazy("表单项"),
}
_WHOLE: dict[str, str | Promise] = {
    "legal_limit": gettext_lazy("法定时限（工作日）"),
    "promised_limit": gettext_lazy("承诺期限（工作日）"),
    "fee": gettext_lazy("收费"),
    "results": gettext_lazy("办理结果"),
    "legal_basis": gettext_lazy("法律依据"),
}
# What is compared of a row beside its being there: the name of the line, and the parts that it copies.
_ASPECTS: dict[str, dict[str, tuple[str | Promise, tuple[str, ...]]]] = {
    "material": {
        "sheets": (gettext_lazy("份数"), ("originals", "copies")),
        "duty": (gettext_lazy("必交、退还"), ("required", "returned")),
        "only_for": (gettext_lazy("适用情形"), ("only_for",)),
        "review_points": (gettext_lazy("审查要点"), ("review_points",)),
        "note": (gettext_lazy("来源和说明"), ("source", "note")),
    },
    "field": {
        "kind": (gettext_lazy("类型和选项"), ("type", "choices")),
        "duty": (gettext_lazy("必填"), ("required",)),
        "only_for": (gettext_lazy("适用情形"), ("only_for", "when")),
    },
    "circumstance": {},
}


@dataclass(frozen=True)
class Cell:
    """What one province says on a line; empty `said` with `is_absent`: its standard lacks the thing."""

    province: str
    said: tuple[str, ...]
    is_absent: bool = False
    is_odd: bool = False  # it says something else than most of the others


@dataclass(frozen=True)
class Line:
    """One line of the comparison. `key` names it for good: `material:id_card:sheets`."""

    key: str
    label: str
    section: str
    cells: tuple[Cell, ...]
    differs: bool


def lines_of(contents: Mapping[str, Content]) -> list[Line]:
    """Give the comparison of standards by province code, in the order of the mapping."""
    lines = [
        _line(key, str(label), "", {p: _said(key, c.get(key)) for p, c in contents.items()})
        for key, label in _WHOLE.items()
    ]
    circumstances = {p: _names(c) for p, c in contents.items()}
    for part, title in _PARTS.items():
        for key, name, rows in aligned(part, contents):
            said = {p: (str(rows[p][NAME_OF[part]]),) if p in rows else None for p in contents}
            lines.append(_line(f"{part}:{key}", name, str(title), said))
            for aspect, (label, parts) in _ASPECTS[part].items():
                each = {p: _aspect(rows[p], parts, circumstances[p]) if p in rows else None for p in contents}
                label = _("{name}：{what}").format(name=name, what=label)
                lines.append(_line(f"{part}:{key}:{aspect}", label, str(title), each, is_detail=True))
    return [line for line in lines if any(cell.said for cell in line.cells)]


def _names(content: Content) -> dict[str, str]:
    return {c["key"]: c["name"] for c in content.get("circumstance", ())}


def aligned(
    part: str, contents: Mapping[str, Content]
) -> list[tuple[str, str, dict[str, Mapping[str, Any]]]]:
    """Give the rows of a part that belong together: key, name, and each province's row."""
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    by_name: dict[str, str] = {}
    for province, content in contents.items():
        for row in content.get(part, ()):
            name = str(row[NAME_OF[part]]).strip()
            key = row["key"] if row["key"] in found else by_name.get(name, row["key"])
            if province in found.get(key, {}):
                key = f"{key}~{province[:2]}"  # a province has two rows that another calls by one name
            found.setdefault(key, {})[province] = row
            by_name.setdefault(name, key)
    return [(key, str(next(iter(rows.values()))[NAME_OF[part]]), rows) for key, rows in found.items()]


def _line(
    key: str,
    label: str,
    section: str,
    said: Mapping[str, tuple[str, ...] | None],
    *,
    is_detail: bool = False,
) -> Line:
    """Build a line; of a detail only the provinces that have the thing are held against each other."""
    counted = [s for s in said.values() if s is not None or not is_detail]
    most = Counter(counted).most_common(1)[0][0] if counted else None
    differs = len(set(counted)) > 1
    cells = tuple(
        Cell(p, s or (), is_absent=s is None, is_odd=differs and s != most and not (is_detail and s is None))
        for p, s in said.items()
    )
    return Line(key, label, section, cells, differs)


def _said(key: str, value: Any) -> tuple[str, ...] | None:
    if value in (None, "", []):
        return None
    if key == "legal_basis":
        return tuple(f"《{b['title']}》{b.get('article', '')}{b.get('document_number', '')}" for b in value)
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)


def _aspect(
    row: Mapping[str, Any], parts: Sequence[str], circumstances: Mapping[str, str]
) -> tuple[str, ...]:
    return tuple(said for part in parts for said in _part_of_row(row, part, circumstances))


def _part_of_row(row: Mapping[str, Any], part: str, circumstances: Mapping[str, str]) -> Iterable[str]:
    value = row.get(part)
    if part == "originals":
        return [_("原件{n}").format(n=value or 0)]
    if part == "copies":
        return [_("复印件{n}").format(n=value or 0)]
    if part == "required":
        return [_("必需") if row.get("required", True) else _("非必需")]
    if part == "returned":
        return [_("原件核验后退还")] if value else []
    if part == "only_for":
        return [circumstances.get(key, key) for key in value or ()] or [_("各种情形")]
    if part == "when":
        return [_("视前面的回答而定")] if value else []
    if part == "type":
        return [str(wording.FIELD_TYPES.get(value or "text", value))]
    if isinstance(value, list):
        return [str(one) for one in value]
    return [str(value)] if value else []


def composed(
    base: str, contents: Mapping[str, Content], follows: Iterable[tuple[str, str]]
) -> dict[str, Any]:
    """Put a standard together: one province's as the base, and on settled lines what another one says.

    Args:
        base: code of the province to start from.
        follows: (key of a line, code of the province whose words were decided on), the oldest first.
    """
    result: dict[str, Any] = copy.deepcopy(dict(contents[base]))
    for line, province in follows:
        if province in contents:
            _follow(result, line, contents, base=base, province=province)
    return result


def _follow(
    result: dict[str, Any], line: str, contents: Mapping[str, Content], *, base: str, province: str
) -> None:
    part, _sep, rest = line.partition(":")
    if part in _WHOLE:
        result.pop(part, None)
        if part in contents[province]:
            result[part] = copy.deepcopy(contents[province][part])
        return
    key, _sep, aspect = rest.partition(":")
    rows = {k: found for k, _name, found in aligned(part, contents)}.get(key, {})
    own = rows.get(base, rows.get(province))
    if own is None:
        return
    at = next((n for n, r in enumerate(result.get(part, ())) if r["key"] == own["key"]), None)
    theirs = rows.get(province)
    if not aspect:
        if theirs is None and at is not None:
            del result[part][at]
        elif theirs is not None and at is None:
            result.setdefault(part, []).append(copy.deepcopy(dict(theirs)))
        elif theirs is not None and at is not None:
            result[part][at][NAME_OF[part]] = theirs[NAME_OF[part]]
    elif theirs is not None and at is not None:
        for name in _ASPECTS[part].get(aspect, ("", ()))[1]:
            result[part][at].pop(name, None)
            if name in theirs:
                result[part][at][name] = copy.deepcopy(theirs[name])
