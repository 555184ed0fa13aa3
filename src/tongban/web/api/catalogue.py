"""Who asks, what can be applied for, by which standard, and where."""

import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja import Router
from ninja.params.functions import Query

from tongban.catalogue import queries, standards
from tongban.directory import queries as directory
from tongban.kernel import worktime
from tongban.people.roles import Role
from tongban.web.api import shapes, showing
from tongban.web.kit import requests
from tongban.web.kit.requests import TongbanRequest

router = Router()


def today_of(request: HttpRequest) -> datetime.date:
    """Give the day in Beijing on which a request happens."""
    return requests.time_of(request).astimezone(worktime.BEIJING).date()


@router.get(
    "/me",
    response=shapes.Me,
    operation_id="me",
    tags=["人员和地方"],
    summary="我是谁",
    description="令牌属于谁、有哪些岗位，以及系统现在的时间。",
)
def me(request: TongbanRequest) -> dict[str, Any]:
    """Tell who the token's person is."""
    return {
        "account": request.user.get_username(),
        "name": request.actor.name,
        "posts": [
            {
                "role": str(p.role),
                "role_name": str(Role(p.role).label),
                "window_id": p.window_id,
                "authority_id": p.authority_id,
                "place": p.place,
                "division_code": p.division_code,
            }
            for p in request.actor.posts
        ],
        "now": requests.time_of(request),
        "is_practice": settings.TONGBAN_PRACTICE,
    }


@router.get(
    "/divisions",
    response=list[shapes.DivisionOut],
    operation_id="listDivisions",
    tags=["人员和地方"],
    summary="下级区划",
    description="某区划的下一级；不填 parent 为五省。has_window 表示是否在窗口联络清单内。",
)
def divisions(
    request: TongbanRequest,
    parent: str = Query("", pattern=r"^(\d{12})?$", description="上级区划代码"),
) -> list[dict[str, Any]]:
    """List the divisions right below one."""
    rows = list(directory.divisions_of(parent or None, on=today_of(request)))
    listed = directory.listed_among([d.code for d in rows])
    return [
        {
            "code": d.code,
            "name": d.name,
            "full_name": d.full_name,
            "level": d.level,
            "has_window": d.code in listed,
        }
        for d in rows
    ]


@router.get(
    "/items",
    response=list[shapes.ItemOut],
    operation_id="findItems",
    tags=["事项和标准"],
    summary="找事项",
    description="按名称、序号、部门、日常说法、拼音或拼音首字母查找，最合适的在前；不填 q 按清单顺序列出。公开，不需要令牌。",
    auth=None,
)
def items(
    request: TongbanRequest,
    q: str = Query("", max_length=200, description="要办什么事，可以是一句话", example="换驾照"),
    limit: int = Query(20, ge=1, le=200),
) -> list[dict[str, Any]]:
    """Find items by what people type."""
    return [_item(row) for row in queries.find_items(q, limit=limit)]


@router.get(
    "/items/{seq}",
    response=shapes.ItemOut,
    operation_id="getItem",
    tags=["事项和标准"],
    summary="一个事项",
    description="清单里的一个事项和它的办理项。公开，不需要令牌。",
    auth=None,
)
def item(request: TongbanRequest, seq: int) -> dict[str, Any]:
    """Give one item of the list."""
    return _item(queries.item(seq))


def _item(row: Any) -> dict[str, Any]:
    return {
        "seq": row.seq,
        "name": row.name,
        "lead_department": row.lead_department,
        "source": row.source,
        "procedures": [showing.procedure(p) for p in row.procedures.all()],
    }


@router.get(
    "/procedures/{procedure_id}/standard",
    response=shapes.StandardOut,
    operation_id="getStandard",
    tags=["事项和标准"],
    summary="属地的收件受理标准",
    description="某办理项在属地现行的收件受理标准（第二十三条），以及按实施层级由哪里办理（第七条）。",
)
def standard(
    request: TongbanRequest,
    procedure_id: int,
    home: str = Query(pattern=r"^\d{12}$", description="属地区划代码", example="510107000000"),
    level: str = Query("", pattern="^(|province|prefecture|county)$", description="实施层级；不清楚的不填"),
) -> dict[str, Any]:
    """Give the standard in force at a home place."""
    row = queries.open_procedure(procedure_id)
    code = queries.deciding_division(row, home, level=level)
    version = queries.standard_in_force(row, code, on=today_of(request))
    said = standards.of(version)
    window = directory.window_of(code)
    return {
        "procedure": showing.procedure(row),
        "home_code": home,
        "deciding_code": code,
        "window": showing.window(window) if window else None,
        "stage": version.stage,
        "version": version.version,
        "effective_from_on": version.effective_from_on,
        "legal_limit": version.legal_limit,
        "promised_limit": version.promised_limit,
        "is_sample": version.is_sample,
        "circumstances": [vars(c) for c in said.circumstances],
        "materials": [
            {**vars(m), "only_for": list(m.only_for), "review_points": list(m.review_points)}
            for m in said.materials
        ],
        "fields": [showing.form_field(f) for f in said.fields],
        "legal_basis": [vars(b) for b in said.legal_basis],
    }
