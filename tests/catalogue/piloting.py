"""What tests of pilots need: two cities of different provinces, and a pilot between them."""

import datetime
from typing import Any

from tests import stories
from tongban.catalogue.models import Pilot
from tongban.catalogue.operations import pilots

FIRST, SECOND = "520100000000", "510100000000"  # 贵阳市, 成都市
PROPOSER, ANSWERER = "manager.520100", "manager.510100"
NAME = "补办独生子女父母光荣证"


def proposal(at: datetime.datetime, **changes: Any) -> dict[str, Any]:
    """Give a sound proposal for a hundred days from today."""
    on = (at + datetime.timedelta(hours=8)).date()
    return {
        "first": FIRST,
        "second": SECOND,
        "name": NAME,
        "lead_department": "卫生健康部门",
        "why": "在两地之间往来的群众常要办理",
        "materials": "身份证，原件1份，复印件1份\n申请书",
        "legal_limit": 20,
        "promised_limit": 10,
        "begin_on": on,
        "end_on": on + datetime.timedelta(days=100),
        **changes,
    }


def proposed(at: datetime.datetime, **changes: Any) -> Pilot:
    """Give a pilot that waits for an answer."""
    return pilots.propose(**proposal(at, **changes), by=stories.actor(PROPOSER), at=at)


def agreed(at: datetime.datetime, **changes: Any) -> Pilot:
    """Give a pilot on which both places agree."""
    row = proposed(at, **changes)
    return pilots.answer(row.id, agrees=True, by=stories.actor(ANSWERER), at=at)


def story(at: datetime.datetime, pilot: Pilot, **places: str) -> stories.Story:
    """Give a case of a pilot, received in the first place for the second."""
    assert pilot.procedure is not None
    wanted = {"receiver": "clerk.520100", "home": "clerk.510100", "home_code": SECOND, **places}
    return stories.Story(at=at, procedure=pilot.procedure.key, **wanted).open()
