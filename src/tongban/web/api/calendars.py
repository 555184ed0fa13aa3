"""The working days of a place: read by everybody, set by those who manage it."""

import datetime
from typing import Any

from ninja import Router
from ninja.params.functions import Path, Query

from tongban.directory import queries as directory
from tongban.directory import rules
from tongban.duties import operations as duties
from tongban.kernel import refusals
from tongban.people.actors import Actor
from tongban.web.api import bodies, shapes
from tongban.web.api.catalogue import today_of
from tongban.web.api.writing import counts_once
from tongban.web.kit import requests
from tongban.web.kit.requests import TongbanRequest

router = Router(tags=["工作日历"])
Code = Path(pattern=r"^\d{12}$", description="区划代码", example="520100000000")


class NotYourCalendar(refusals.NotAllowed):
    """工作日历由当地及上级政务服务管理机构维护，您没有这里的管理岗位。"""


@router.get(
    "/calendars/{code}",
    response=shapes.CalendarOut,
    operation_id="getCalendar",
    summary="某地某年的工作日历",
    description="与星期几不一致的日子：放假和调休上班，含省、市两级的规定，最近一级优先。",
)
def get(
    request: TongbanRequest,
    code: str = Code,
    year: int = Query(0, ge=0, le=9999, description="年度；不填：今年"),
) -> dict[str, Any]:
    """Give the days of a place that are not what their weekday says."""
    if not directory.names_of([code]):
        raise rules.UnknownPlace(code=code)
    wanted = year or today_of(request).year
    found = directory.calendar_of(code, stamp=directory.stamp())
    return {
        "code": code,
        "year": wanted,
        "source": found.years.get(wanted, ""),
        "opens": f"{found.opens:%H:%M}",
        "closes": f"{found.closes:%H:%M}",
        "days": [
            {"on": on, "is_working": day.working, "reason": day.reason, "source": day.source}
            for on, day in sorted(found.exceptions.items())
            if on.year == wanted
        ],
    }


@router.put(
    "/calendars/{code}/days/{on}",
    response=shapes.DayOut,
    operation_id="setDay",
    summary="规定一天是否上班",
    description="由管理机构规定本地及下级某一天是否上班；受影响的期限随后自动重算并留痕。",
)
@counts_once
def put(
    request: TongbanRequest, payload: bodies.DayIn, on: datetime.date, code: str = Code
) -> dict[str, Any]:
    """Say whether people work on a day in a place, and have running clocks follow."""
    row = duties.change_day(
        code, on=on, **payload.model_dump(), **_who(request, code), at=requests.time_of(request)
    )
    return {"on": row.on, "is_working": row.is_working, "reason": row.reason, "source": row.source}


@router.delete(
    "/calendars/{code}/days/{on}",
    response=shapes.Done,
    operation_id="clearDay",
    summary="撤销本地对一天的规定",
    description="撤销后恢复上级的规定；受影响的期限随后自动重算并留痕。",
)
@counts_once
def delete(request: TongbanRequest, on: datetime.date, code: str = Code) -> dict[str, Any]:
    """Take back what a place has said about a day."""
    duties.restore_day(code, on=on, **_who(request, code), at=requests.time_of(request))
    return {"done": True}


def _who(request: TongbanRequest, code: str) -> dict[str, Any]:
    """Give who edits, as the calendar's journal wants it.

    Raises:
        NotYourCalendar: the person manages neither this place nor one above it.
    """
    by: Actor = request.actor
    if not any(code.startswith(prefix) for prefix in by.managed_prefixes):
        raise NotYourCalendar()
    return {"actor_id": by.id, "actor_name": by.name, "place": by.place}
