"""The rules under which one consented matter off the list is handled (P24): a procedure and a standard of its own."""

import datetime
import re
from collections.abc import Sequence
from typing import Any

from tongban.catalogue import rules
from tongban.catalogue.models import AcceptanceStandard, Item, Procedure, Stage, Standing
from tongban.catalogue.operations import digest_of
from tongban.directory.models import Division
from tongban.kernel import text, worktime
from tongban.people.actors import Actor

KIND = "清单外事项"
DELIVERY = ["post", "pick_up_home", "pick_up_receiving"]
_COUNT = re.compile(r"[\s，,、;；：:（(]*(原件|复印件)\s*(\d{1,2})\s*[份张]?[）)]?$")
MOST_MATERIALS = 40


def materials_of(words: str) -> list[dict[str, Any]]:
    """Read a home window's list of materials, one a line: `身份证，原件1份，复印件2份`; one original if no count is given."""
    rows: list[dict[str, Any]] = []
    for line in text.clean(words, keep_lines=True).splitlines():
        name, counts = line.strip(), {"原件": 0, "复印件": 0}
        while (found := _COUNT.search(name)) is not None:
            counts[found[1]] = int(found[2])
            name = name[: found.start()].strip()
        if name:
            originals = counts["原件"] if any(counts.values()) else 1
            rows.append(
                {
                    "key": f"off-{len(rows) + 1}",
                    "name": name[:200],
                    "originals": originals,
                    "copies": counts["复印件"],
                    "source": "属地窗口要求",
                }
            )
    return rows[:MOST_MATERIALS]


def begin(
    key: str,
    *,
    matter: str,
    home: Division,
    materials: Sequence[dict[str, Any]],
    limits: tuple[int, int],
    asked_by: tuple[int, str],
    asked_at: datetime.datetime,
    by: Actor,
    at: datetime.datetime,
) -> AcceptanceStandard:
    """Make the procedure and the standard under which one case is handled, and give the standard.

    Nobody can choose the procedure for another case. Who asked counts as the one who drafted the standard, who
    consented as the one who reviewed it.

    Args:
        key: what the procedure is known by, unique.
        limits: legal and promised limit in working days.
    """
    item, _is_new = Item.objects.get_or_create(
        seq=Item.OFF_LIST,
        defaults={
            "name": KIND,
            "lead_department": "",
            "source": "规程第二十四条",
            "standing": Standing.OFF_LIST,
        },
    )
    procedure = Procedure.objects.create(
        item=item,
        key=key,
        name=matter,
        statutory_name=matter,
        kind=KIND,
        levels=[home.level],
        applicants=["person", "organisation"],
        modes=["collected"],
        fee="",
        delivery=DELIVERY,
        is_open=False,
        edited_at=at,
    )
    content = {"material": list(materials)}
    return AcceptanceStandard.objects.create(
        procedure=procedure,
        province_id=rules.province_of(home.code),
        stage=Stage.GUIDE,
        version=1,
        effective_from_on=at.astimezone(worktime.BEIJING).date(),
        legal_limit=limits[0],
        promised_limit=limits[1],
        content=content,
        digest=digest_of(content, limits=limits),
        drafted_by_id=asked_by[0],
        drafted_by_name=asked_by[1],
        drafted_at=asked_at,
        published_by_id=by.id,
        published_by_name=by.name,
        published_at=at,
    )
