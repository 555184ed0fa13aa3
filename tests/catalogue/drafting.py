"""What tests of standards need: a sound standard, and publishing one with two people."""

import datetime
from typing import Any

from tests import stories
from tongban.catalogue.models import AcceptanceStandard, Procedure, Stage
from tongban.catalogue.operations import publishing

GUIZHOU, SICHUAN, YUNNAN = "520000000000", "510000000000", "530000000000"
PROCEDURE = "015-1"


def content(**changes: Any) -> dict[str, Any]:
    """Give what a small sound standard says."""
    return {
        "legal_limit": 20,
        "promised_limit": 5,
        "material": [material("id_card", "身份证"), material("photo", "照片")],
        "field": [{"key": "reason", "label": "办理原因", "type": "text"}],
        **changes,
    }


def material(key: str, name: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "name": name, "originals": 1, "copies": 0, "review_points": ["清晰", "有效"], **more}


def people(province: str | None) -> tuple[Any, Any]:
    """Give who writes and who reviews the standard of a province, or of all five for None."""
    if province is None:
        return stories.actor("group.1"), stories.actor("group.2")
    return stories.actor(f"manager.{province[:6]}"), stories.actor(f"reviewer.{province[:6]}")


def publish(
    province: str | None,
    *,
    at: datetime.datetime,
    effective_from_on: datetime.date | None = None,
    said: dict[str, Any] | None = None,
    procedure: str = PROCEDURE,
    stage: int | None = None,
) -> AcceptanceStandard:
    """Draft, submit, review and publish a standard by the product's own operations."""
    writer, reviewer = people(province)
    stage = stage or (Stage.PROVINCE if province else Stage.FIVE_PROVINCES)
    row = Procedure.objects.get(key=procedure)
    draft = publishing.begin(row, province=province, stage=stage, by=writer, at=at)
    publishing.save(draft.id, said or content(), revision=draft.revision, by=writer, at=at)
    publishing.submit(draft.id, by=writer, at=at)
    on = effective_from_on or (at + datetime.timedelta(hours=8)).date()
    return publishing.publish(draft.id, effective_from_on=on, by=reviewer, at=at)
