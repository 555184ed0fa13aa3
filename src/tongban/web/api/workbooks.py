"""Excel in and out for programs (B8): export, template, an import that first says what it would change."""

from typing import Any, Literal

from django.http import HttpResponse
from ninja import File, Router, Schema
from ninja.files import UploadedFile
from ninja.params.functions import Path
from pydantic import Field

from tongban.catalogue import imports
from tongban.documents import imports as kept
from tongban.documents.models import Import, ImportState
from tongban.kernel import sheets
from tongban.web.api.writing import counts_once
from tongban.web.kit import requests
from tongban.web.kit.requests import TongbanRequest

router = Router(tags=["Excel 导入导出"])
Id = Path(ge=1, le=2**63 - 1, description="导入编号")
Kind = Path(
    pattern=r"^[a-z]{1,12}$",
    description="表格：contacts 机构和窗口，staff 人员，standards 收件标准，elements 办理项和要素（可以新建），"
    "ratings 其他系统的评价，complaints 热线投诉",
)


class FaultOut(Schema):
    """What is wrong and where."""

    sheet: str
    row: int | None
    column: str
    what: str


class ImportOut(Schema):
    """An import: how far it is, what it would change, what is wrong."""

    id: str
    kind: str
    name: str
    state: Literal["queued", "checking", "faulty", "checked", "applying", "applied", "unchanged"]
    state_name: str
    done: int = Field(description="已处理的行数")
    added: int
    changed: int
    removed: int
    same: int
    problem: str = Field(description="整个文件不能读的原因")
    faults: list[FaultOut]
    changes: list[str] = Field(description="将作的改动，最多 500 条")


def _shown(row: Import) -> dict[str, Any]:
    names = ("kind", "name", "done", "added", "changed", "removed", "same", "problem", "faults", "changes")
    return {n: getattr(row, n) for n in names} | {
        "id": str(row.id),
        "state": row.status,
        "state_name": str(ImportState(row.status).label),
    }


@router.get(
    "/workbooks/{kind}/{what}.xlsx",
    operation_id="getWorkbook",
    summary="导出或者空白模板",
    description="export：本人管理范围内的现有内容；template：带说明和下拉列表的空白模板。",
)
def get_workbook(
    request: TongbanRequest,
    kind: str = Kind,
    what: str = Path(pattern="^(export|template)$", description="export 或者 template"),
) -> HttpResponse:
    """Give a workbook."""
    at = requests.time_of(request)
    by = request.actor
    made = imports.export(kind, by=by, at=at) if what == "export" else imports.template(kind, by=by)
    return HttpResponse(made, content_type=sheets.MEDIA_TYPE)


@router.post(
    "/workbooks/{kind}/imports",
    response=ImportOut,
    operation_id="importWorkbook",
    summary="上传工作簿",
    description="上传后先检查：列出将作的改动或者每一处错误，什么都不写入；确认后才写入，全部写入或者全部不写入。",
)
@counts_once
def hand_in(request: TongbanRequest, file: File[UploadedFile], kind: str = Kind) -> dict[str, Any]:
    """Take a workbook in."""
    at = requests.time_of(request)
    return _shown(imports.hand_in(file.read(), kind=kind, name=file.name or "", by=request.actor, at=at))


@router.get(
    "/workbooks/imports/{import_id}",
    response=ImportOut,
    operation_id="getImport",
    summary="导入的进度和结果",
    description="只能看自己的导入。",
)
def get_import(request: TongbanRequest, import_id: int = Id) -> dict[str, Any]:
    """Say how far an import is."""
    return _shown(kept.of(import_id, by_id=request.actor.id or 0))


@router.post(
    "/workbooks/imports/{import_id}/confirm",
    response=ImportOut,
    operation_id="confirmImport",
    summary="确认导入",
    description="写入检查时列出的改动；其间内容又有变化的，重新检查，不写入。",
)
@counts_once
def confirm(request: TongbanRequest, import_id: int = Id) -> dict[str, Any]:
    """Let a checked import be written."""
    return _shown(imports.confirm(import_id, by=request.actor))
