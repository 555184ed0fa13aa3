"""Local codes (地方编码): a province's own numbers, each of one procedure there (B2).

A code is a procedure's from the publication of a version that says it until that version is withdrawn or replaced;
the versions and stages of one procedure share it. A code in what all five provinces share counts in each of them.
"""

import datetime
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, Upper
from django.utils.translation import gettext as _

from tongban.catalogue import soundness
from tongban.catalogue.models import AcceptanceStandard, Draft
from tongban.kernel import text

LOCK = 7_305_109  # of pg_advisory_xact_lock: of two who publish the same code one sees the other
FIELD = "codes.local"


def of(content: Mapping[str, Any]) -> str:
    """Give the local code that a content says, as it is compared: large and small letters are the same."""
    return _plain(str(content.get("codes", {}).get("local", ""))).upper()


def tidied(content: Mapping[str, Any]) -> dict[str, Any]:
    """Give a content with its local code as it is kept: nothing invisible, no blanks around, no full-width letters."""
    codes = content.get("codes") or {}
    said = str(codes.get("local", ""))
    return {**content, "codes": {**codes, "local": plain}} if (plain := _plain(said)) != said else {**content}


def _plain(code: str) -> str:
    return unicodedata.normalize("NFKC", text.clean(code)).strip()


def alone() -> None:
    """Let nobody else publish a local code until the open transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def holders(codes: Iterable[str], *, on: datetime.date) -> dict[str, list[AcceptanceStandard]]:
    """Give the published versions that hold codes on a day or will later, by code."""
    newer = (
        AcceptanceStandard.objects.annotate(whose=Coalesce("province_id", Value("")))
        .filter(procedure=OuterRef("procedure"), stage=OuterRef("stage"), version__gt=OuterRef("version"))
        .filter(whose=Coalesce(OuterRef("province_id"), Value("")), effective_from_on__lte=on)
    )
    rows = (
        AcceptanceStandard.objects.annotate(code=Upper(KT("content__codes__local")))
        .filter(code__in=sorted({code for code in codes if code}), withdrawal=None)
        .exclude(effective_until_on__lte=on)
        .exclude(Exists(newer))
        .select_related("procedure", "province")
        .defer("content")
        .order_by("id")
    )
    found: dict[str, list[AcceptanceStandard]] = {}
    for row in rows:
        code: str = row.code
        found.setdefault(code, []).append(row)
    return found


def clash(
    code: str, held: Iterable[AcceptanceStandard], *, procedure_id: int | None, province: str | None
) -> str:
    """Say whose a code is already, of those who hold it; nothing where it is free for a procedure in a province."""
    for row in held:
        if row.procedure_id != procedure_id and meet(row.province_id, province):
            return _("地方编码“{code}”在{place}已经用于“{name}”（{key}），同一省内不能重复，请核对。").format(
                code=code,
                place=row.province.name if row.province else _("五省共用的内容里"),
                name=row.procedure.name,
                key=row.procedure.key,
            )
    return ""


def meet(one: str | None, other: str | None) -> bool:
    """Tell whether what two provinces say counts in the same place; None: all five."""
    return one is None or other is None or one == other


def faults(content: Mapping[str, Any], *, draft: Draft, on: datetime.date) -> soundness.Faults:
    """Name everything that keeps a draft's content from being reviewed, a code that is another's among it."""
    found = soundness.faults(content, stage=draft.stage)
    code = of(content)
    held = holders([code], on=on).get(code, ()) if code else ()
    said = clash(code, held, procedure_id=draft.procedure_id, province=draft.province_id)
    return {**found, FIELD: said} if said and FIELD not in found else found
