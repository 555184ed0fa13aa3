"""Matters off the list (P24). Asked, answered and explained by the steps of the case: see `POST …/steps/{step}`."""

import datetime
from typing import Any

from ninja import Router, Schema
from ninja.params.functions import Query
from pydantic import Field

from tongban.cases import off_list
from tongban.cases.models import OffListRequest
from tongban.kernel import ids, worktime
from tongban.web.kit import requests
from tongban.web.kit.requests import TongbanRequest

router = Router(tags=["清单外事项"])


class OffListOut(Schema):
    """A matter off the list: what, from where to where, what became of it, and whom it was reported to."""

    number: str = Field(description="办件的业务编号")
    revision: int = Field(description="答复时放进请求的 revision")
    matter: str = Field(description="要办的事")
    why: str = Field(description="申请人的情况和需求")
    state: str = Field(description="explained、asked、consented、declined、dropped 或者 closed")
    state_name: str
    receiving_window: str
    home_code: str
    home: str
    reported_to: str = Field(description="报送的上一级机构；省级报协调小组的为空")
    asked_at: datetime.datetime
    due_at: datetime.datetime | None = Field(None, description="答复期限；只有等待答复、单独查看时给出")
    answer: str
    told: str = Field(description="对申请人的说明")
    next: str = Field(description="翻页时放进 after 的值")


class DemandOut(Schema):
    """How often a matter off the list was asked for from one place in another."""

    matter: str
    from_code: str
    from_name: str
    to_code: str
    to_name: str
    n: int = Field(description="次数")
    consented: int = Field(description="其中属地同意办理的次数")
    last_at: datetime.datetime
    next: str = Field(description="翻页时放进 after 的值")


@router.get(
    "/off-list",
    response=list[OffListOut],
    operation_id="listOffList",
    summary="清单外请示",
    description="本窗口、本辖区的清单外事项，新的在前（第二十四条）。提出和答复用办件的步骤："
    "ask_off_list、consent_off_list、decline_off_list、drop_off_list、explain_off_list。",
)
def requests_(
    request: TongbanRequest,
    after: str = Query("", max_length=60, description="上一页最后一行的 next"),
    limit: int = Query(50, ge=1, le=200),
) -> list[dict[str, Any]]:
    """List requests."""
    rows = off_list.visible_to(request.actor)
    return [_shown(r) for r in off_list.page_of(rows, after=requests.moment_of(after), limit=limit)]


@router.get(
    "/off-list/{number}",
    response=OffListOut,
    operation_id="getOffList",
    summary="一件清单外请示",
    description="一个办件的清单外请示，含答复期限。",
)
def one(request: TongbanRequest, number: str) -> dict[str, Any]:
    """Give the request of a case."""
    row = off_list.get(ids.id_of(number), for_=request.actor)
    duty = off_list.duty_of(row.case_id)
    return {**_shown(row), "due_at": duty.due_at if duty else None}


@router.get(
    "/off-list-demand",
    response=list[DemandOut],
    operation_id="listDemand",
    summary="清单外需求",
    description="一年里清单外事项办什么、从哪里到哪里、多少次，次数多的在前；各级只看本辖区，协调小组看全部。",
)
def demand(
    request: TongbanRequest,
    year: int = Query(2026, ge=2021, le=2100),
    after: str = Query(
        "", max_length=60, pattern=r"^(\d{1,9}-\d{1,19})?$", description="上一页最后一行的 next"
    ),
    limit: int = Query(50, ge=1, le=200),
) -> list[dict[str, Any]]:
    """List demand."""
    n, _sep, first_id = after.partition("-")
    rows = off_list.demand(
        request.actor,
        since=datetime.datetime(year, 1, 1, tzinfo=worktime.BEIJING),
        until=datetime.datetime(year + 1, 1, 1, tzinfo=worktime.BEIJING),
        after=(int(n), min(int(first_id), ids.LARGEST)) if after else None,
        limit=limit,
    )
    return [{**vars(row), "next": f"{row.n}-{row.first_id}"} for row in rows]


def _shown(row: OffListRequest) -> dict[str, Any]:
    return {
        "number": row.case.number,
        "revision": row.case.revision,
        "matter": row.matter,
        "why": row.why,
        "state": str(row.outcome),
        "state_name": str(row.get_outcome_display()),
        "receiving_window": row.receiving_window.name,
        "home_code": row.home_id,
        "home": row.home.full_name,
        "reported_to": row.reported_to.name if row.reported_to else "",
        "asked_at": row.asked_at,
        "answer": row.answer,
        "told": row.told,
        "next": requests.moment_text(row.asked_at, row.id),
    }
