"""Who is to be on duty at a window, planned ahead (P13, W4), and who is there now."""

import datetime
from typing import Any

from ninja import Router, Schema
from ninja.params.functions import Path
from pydantic import Field

from tongban.kernel import worktime
from tongban.people import keeping, permissions, queries, roster, staff
from tongban.web.api.bodies import Input
from tongban.web.api.writing import counts_once
from tongban.web.kit import requests
from tongban.web.kit.requests import TongbanRequest

router = Router(tags=["地方和联络清单"])
Id = Path(ge=1, le=2**62, description="窗口编号")
PersonId = Field(description="人员编号，安排值班时用")


class RosterPerson(Schema):
    """Somebody with a post at the window."""

    person_id: int = PersonId
    name: str
    role: str = Field(description="clerk 窗口人员，lead 窗口负责人")
    is_present: bool = Field(description="今天登记在岗")


class OnDuty(Schema):
    person_id: int = PersonId
    name: str


class RosterDayOut(Schema):
    """A working day, and who is to be on duty."""

    on: datetime.date
    people: list[OnDuty]


class RosterOut(Schema):
    """A window's people, and who of them is planned for which day."""

    window_id: int
    may_plan: bool = Field(description="您可以安排值班")
    people: list[RosterPerson]
    days: list[RosterDayOut] = Field(description="今天起 14 天；没有安排的日子不列")


class RosterIn(Input):
    first_on: datetime.date = Field(description="起日，今天或者以后", examples=["2026-11-23"])
    last_on: datetime.date = Field(description="止日；一次最多 62 天", examples=["2026-11-27"])
    people: list[int] = Field(
        max_length=200, description="人员编号，每个工作日都值班；空：取消这些日子的安排", examples=[[12]]
    )


class RosterPlanned(RosterOut):
    """The same after planning."""

    planned: list[datetime.date] = Field(description="安排了的工作日")


@router.get(
    "/windows/{window_id}/roster",
    response=RosterOut,
    operation_id="getRoster",
    summary="窗口的值班安排",
    description="窗口有哪些人员，谁今天在岗，今天起 14 天谁值班（第十三条）。本窗口人员、本地和上级管理机构、协调小组可以看。",
)
def get_roster(request: TongbanRequest, window_id: int = Id) -> dict[str, Any]:
    """Give who works at a window and who is planned."""
    return _shown(request, window_id)


@router.put(
    "/windows/{window_id}/roster",
    response=RosterPlanned,
    operation_id="planRoster",
    summary="安排值班",
    description="由窗口负责人，或者本地和上级管理机构安排；起止之间的每个工作日，替换原来的安排（第十三条）。",
)
@counts_once
def plan_roster(request: TongbanRequest, payload: RosterIn, window_id: int = Id) -> dict[str, Any]:
    """Plan who is on duty at a window."""
    keeping.window_seen(window_id, by=request.actor)
    planned = roster.plan(
        window_id,
        first_on=payload.first_on,
        last_on=payload.last_on,
        person_ids=payload.people,
        by=request.actor,
        at=requests.time_of(request),
    )
    return {**_shown(request, window_id), "planned": planned}


def _shown(request: TongbanRequest, window_id: int) -> dict[str, Any]:
    window = keeping.window_seen(window_id, by=request.actor)
    on = requests.time_of(request).astimezone(worktime.BEIJING).date()
    present = {p.person_id for p in staff.on_duty([window.id], on=on).get(window.id, [])}
    return {
        "window_id": window.id,
        "may_plan": permissions.may_plan_roster(request.actor, window),
        "people": [
            {
                "person_id": post.person_id,
                "name": post.person.name,
                "role": post.role,
                "is_present": post.person_id in present,
            }
            for post in queries.staff_of([window.id], on=on)
        ],
        "days": [
            {"on": day.on, "people": [{"person_id": p.pk, "name": p.name} for p in day.people]}
            for day in roster.of([window.id], on=on).get(window.id, [])
        ],
    }
