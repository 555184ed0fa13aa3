"""The elements of a procedure that hold wherever it is applied for (B2): levels, modes, fee, legal basis, delivery.

They are versioned as standards are: a line of `Stage.ELEMENTS` that the coordination group writes and reviews, or
the province whose procedure it is.
What ships with the product counts while nothing is published here. A place's own standard may say more.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from tongban.catalogue.files import APPLICANTS, DELIVERY, LEVELS, MODES
from tongban.catalogue.models import AcceptanceStandard, Procedure

# What a published version says in place of the procedure's own columns.
COLUMNS = ("levels", "applicants", "modes", "fee", "results", "delivery")
SHORT, LONG, MOST = 120, 300, 30


def of(procedure: Procedure) -> dict[str, Any]:
    """Give what a procedure shipped with, as a draft of its elements keeps it."""
    return {
        **{name: getattr(procedure, name) for name in COLUMNS},
        "lead_department": procedure.item.lead_department,
        "words": [],
        "legal_basis": [],
        "codes": {
            name: code
            for name, code in (("base", procedure.base_code), ("local", procedure.local_code))
            if code
        },
        "legal_limit": 0,
        "promised_limit": 0,
    }


def applied(procedure: Procedure, row: AcceptanceStandard | None) -> Procedure:
    """Give a procedure as a version of its elements has it; the row that is given is changed, never saved."""
    if row is not None:
        for name in COLUMNS:
            if row.content.get(name):
                setattr(procedure, name, row.content[name])
        codes = row.content.get("codes", {})
        procedure.base_code = codes.get("base", "") or procedure.base_code
        procedure.local_code = codes.get("local", "") or procedure.local_code
    return procedure


def faults(content: Mapping[str, Any]) -> dict[str, str]:
    """Name everything that keeps elements from being reviewed, by the name of the input."""
    found: dict[str, str] = {}
    choices = {"levels": LEVELS, "applicants": APPLICANTS, "modes": MODES, "delivery": DELIVERY}
    for name, allowed in choices.items():
        if not content.get(name) or set(content[name]) - set(allowed):
            found[name] = _("请至少选择一项。")
    if not str(content.get("lead_department", "")).strip():
        found["lead_department"] = _("请填写牵头部门。")
    for name in ("lead_department", "fee"):
        if len(str(content.get(name, ""))) > SHORT:
            found[name] = _("最多 120 个字。")
    for name in ("results", "words"):
        rows = content.get(name, ())
        if len(rows) > MOST or any(len(row) > SHORT for row in rows):
            found[name] = _("最多 30 行，每行最多 120 个字。")
    laws = content.get("legal_basis", ())
    if not laws:
        found["legal_basis"] = _("请至少写一条法律依据。")
    elif len(laws) > MOST or any(len(law.get("title", "")) > LONG for law in laws):
        found["legal_basis"] = _("最多 30 行，每行最多 300 个字。")
    return found
