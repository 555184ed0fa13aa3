"""The papers of a case: what was handed in, what was found, scans in and out."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from ninja import File, Router, Status
from ninja.files import UploadedFile

from tongban.cases import queries
from tongban.cases.models import Case
from tongban.cases.operations import answers, holding, intake
from tongban.documents import queries as documents
from tongban.journal import operations as journal
from tongban.kernel import ids
from tongban.notices import own
from tongban.people.actors import Actor
from tongban.web.api import bodies, shapes, showing
from tongban.web.api.writing import counts_once
from tongban.web.kit import reading, requests
from tongban.web.kit.requests import TongbanRequest

router = Router(tags=["材料"])


@router.post(
    "/cases/{number}/materials",
    response={201: shapes.MaterialOut},
    operation_id="addMaterial",
    summary="加一份材料",
    description="加一份属地要求而标准没有列出的材料（第二十三条第一阶段）。",
)
@counts_once
def add(request: TongbanRequest, number: str, payload: bodies.MaterialIn) -> Status[Any]:
    """Add a material by hand."""
    case = queries.get(ids.id_of(number), for_=request.actor)
    row = intake.add_material(case.id, name=payload.name, by=request.actor, at=requests.time_of(request))
    return Status(201, showing.material(row, case, scans=[]))


@router.patch(
    "/cases/{number}/materials/{key}",
    response=shapes.MaterialOut,
    operation_id="markMaterial",
    summary="审查一份材料",
    description="记下份数、审查结果、补正意见和已核的要点。合格而没有填份数的，按应交份数计。",
)
@counts_once
def mark(request: TongbanRequest, number: str, key: str, payload: bodies.MarkIn) -> dict[str, Any]:
    """Note what was handed in for a material and what was found."""
    case_id, at = ids.id_of(number), requests.time_of(request)
    with holding.holding(case_id, by=request.actor) as held:
        row = intake.mark_material(
            case_id, key=key, **payload.model_dump(exclude_unset=True), by=request.actor, at=at
        )
    case = held.case
    scans = [showing.scan(s, case) for s in queries.scans_of(case.id) if s.material_id == row.id]
    return showing.material(row, case, scans=scans)


@router.post(
    "/cases/{number}/materials/{key}/scans",
    response={201: shapes.ScanOut},
    operation_id="addScan",
    summary="上传扫描件",
    description="JPEG、PNG 或者 PDF，最大 20 MB。文件经检查、清理、加密，落盘之后才答复。",
)
@counts_once
def add_scan(request: TongbanRequest, number: str, key: str, file: File[UploadedFile]) -> Status[Any]:
    """Take in a scanned sheet of a material."""
    case = queries.get(ids.id_of(number), for_=request.actor)
    row = intake.add_scan(
        case.id,
        key=key,
        data=file.read(),
        name=file.name or "",
        by=request.actor,
        at=requests.time_of(request),
    )
    return Status(201, showing.scan(row, case))


@router.post(
    "/cases/{number}/form/{field}/files",
    response={201: shapes.ScanOut},
    operation_id="addFormFile",
    summary="上传申请表的文件",
    description="申请表中类型为 file 的一栏，与材料的扫描件同样检查、清理、加密；每栏最多 10 个。",
)
@counts_once
def add_form_file(request: TongbanRequest, number: str, field: str, file: File[UploadedFile]) -> Status[Any]:
    """Take in a file that answers a field of the application form."""
    case = queries.get(ids.id_of(number), for_=request.actor)
    row = answers.add_file(
        case.id,
        key=field,
        data=file.read(),
        name=file.name or "",
        by=request.actor,
        at=requests.time_of(request),
    )
    return Status(201, showing.scan(row, case))


@router.post(
    "/cases/{number}/result-file",
    response={201: shapes.ResultFileOut},
    operation_id="addResultFile",
    summary="上传电子结果",
    description="全程网办的办件，准予之前上传本机关出具的证照、批文（PDF）。文件经检查、清理；准予时由系统签名，"
    "作为结果送达申请人。再传一次替换前一份；原有的电子签章不再有效。",
)
@counts_once
def add_result_file(request: TongbanRequest, number: str, file: File[UploadedFile]) -> Status[Any]:
    """Take in the office's own PDF as what the applicant gets when the case is granted."""
    case = queries.get(ids.id_of(number), for_=request.actor)
    row = own.bring(
        case.id, data=file.read(), name=file.name or "", by=request.actor, at=requests.time_of(request)
    )
    return Status(201, {"name": row.name, "pages": row.pages, "digest": bytes(row.digest).hex()})


@router.get(
    "/cases/{number}/result-file",
    operation_id="getResultFile",
    summary="查看已上传的电子结果",
    description="取准予之前上传的电子结果（PDF），是清理后的内容；准予之后请取结果文书。",
    openapi_extra={"responses": {200: {"description": "文件内容"}}},
)
def get_result_file(request: TongbanRequest, number: str) -> HttpResponse:
    """Give the office's own PDF as it was cleaned."""
    row = own.shown(ids.id_of(number), by=request.actor)
    return file_answer(own.content(row), name=row.name, media_type="application/pdf")


@router.delete(
    "/cases/{number}/result-file",
    response=shapes.Done,
    operation_id="removeResultFile",
    summary="移除已上传的电子结果",
    description="移除后，准予时由系统生成决定书作为结果。没有上传过的，再移除一次也不改变什么。",
)
@counts_once
def remove_result_file(request: TongbanRequest, number: str) -> dict[str, Any]:
    """Take the office's own PDF off again."""
    case = queries.get(ids.id_of(number), for_=request.actor)
    own.remove(case.id, by=request.actor, at=requests.time_of(request))
    return {"done": True}


@router.get(
    "/cases/{number}/scans/{scan}",
    operation_id="getScan",
    summary="取扫描件",
    description="取扫描件的原样内容；谁在什么时候取的会留痕。",
    openapi_extra={"responses": {200: {"description": "文件内容"}}},
)
def get_scan(request: TongbanRequest, number: str, scan: str) -> HttpResponse:
    """Give a scan's content; the look is recorded."""
    case = queries.get(ids.id_of(number), for_=request.actor)
    row = queries.scan(case.id, ids.id_of(scan))
    content = documents.content_of(documents.of_case(case.id).get(id=row.file_id))
    look(case, what="scan", about_id=row.id, by=request.actor, request=request)
    return file_answer(content, name=row.name, media_type=row.media_type)


@router.delete(
    "/cases/{number}/scans/{scan}",
    response=shapes.Done,
    operation_id="removeScan",
    summary="移除扫描件",
    description="把扫描件从材料上移除；文件本身留存备查。",
)
@counts_once
def remove_scan(request: TongbanRequest, number: str, scan: str) -> dict[str, Any]:
    """Take a scan off its material."""
    case = queries.get(ids.id_of(number), for_=request.actor)
    row = queries.scan(case.id, ids.id_of(scan))
    intake.remove_scan(case.id, scan_id=row.id, by=request.actor, at=requests.time_of(request))
    return {"done": True}


def look(case: Case, *, what: str, about_id: int, by: Actor, request: HttpRequest) -> None:
    """Record that a program's person saw a paper of a case."""
    with reading.recording_a_look():
        journal.look(
            case.id,
            what=what,
            about_id=about_id,
            purpose=_("通过接口查看"),
            at=requests.time_of(request),
            person_id=by.id or 0,
            person=by.name,
            place=by.place,
        )


def file_answer(content: bytes, *, name: str, media_type: str) -> HttpResponse:
    """Give a file as it is, never to be kept by a cache."""
    response = HttpResponse(content, content_type=media_type)
    response["Content-Disposition"] = (
        content_disposition_header(as_attachment=False, filename=name) or "inline"
    )
    response["Cache-Control"] = "private, no-store"
    return response
