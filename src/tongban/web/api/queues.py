"""What is owed today, and what is on its way here."""

from collections.abc import Sequence
from typing import Any

from ninja import Router
from ninja.params.functions import Query

from tongban.cases import queries
from tongban.cases.models import Case
from tongban.duties.models import Duty
from tongban.messages import queries as messages
from tongban.messages.models import Message
from tongban.messages.operations import writing
from tongban.web.api import shapes, showing
from tongban.web.api.writing import counts_once
from tongban.web.kit import requests
from tongban.web.kit.requests import TongbanRequest

router = Router(tags=["待办"])
AT_MOST = 100


@router.get(
    "/today",
    response=shapes.Today,
    operation_id="today",
    summary="今日待办",
    description="本窗口、本部门现在要办的，按已逾期、即将到期、其余分组，先到期的在前；以及等申请人补正的。"
    "每页最多 100 项：next 不为空的，把它作为 after 再查下一页。",
)
def today(request: TongbanRequest, after: str = Query("", max_length=60)) -> dict[str, Any]:
    """Give what the person's windows and departments owe."""
    found, last = queries.today(request.actor, after=requests.due_of(after), limit=AT_MOST)
    rows = _rows(request, found)
    grouped: dict[str, Any] = {"late": [], "soon": [], "rest": []}
    for row in rows:
        grouped.get(row["clock"]["lateness"], grouped["rest"]).append(row)
    waiting = _rows(request, queries.waiting_for_applicants(request.actor))
    told = [_told(row) for row in messages.to_note(request.actor)]
    return {
        **grouped,
        "waiting": waiting,
        "told": told,
        "next": requests.due_text(last.due_at, last.id) if last else "",
    }


@router.post(
    "/today/told/{key}/note",
    response=shapes.Done,
    operation_id="noteTold",
    summary="知悉办件结果",
    description="窗口知悉本窗口收的办件已有结果（第二十一条第四项）；谁在什么时候知悉的会留痕，再知悉一次不改变什么。",
)
@counts_once
def note(request: TongbanRequest, key: str) -> dict[str, Any]:
    """Take note of what the person's window was told."""
    writing.note(key, by=request.actor, at=requests.time_of(request))
    return {"done": True}


@router.get(
    "/incoming",
    response=list[shapes.QueueRow],
    operation_id="incoming",
    summary="待核对接收、待受理",
    description="正寄往或者已发到本窗口、等逐份核对的材料和结果，以及已到达、等决定受理的，先到期的在前；"
    "clock.kind 为 decide_acceptance 的是待受理。",
)
def incoming(request: TongbanRequest) -> list[dict[str, Any]]:
    """Give the papers and results that the person's windows expect, and what waits there for acceptance."""
    return _rows(request, queries.incoming(request.actor))


def _told(row: Message) -> dict[str, Any]:
    text = messages.text_of(row)
    return {"key": row.key, "number": row.number, "text": text, "told_at": row.written_at}


def _rows(request: TongbanRequest, rows: Sequence[tuple[Duty, Case]]) -> list[dict[str, Any]]:
    now = requests.time_of(request)
    return [
        {"clock": showing.clock(duty, case, now=now), "case": showing.brief(case, now=now)}
        for duty, case in rows
    ]
