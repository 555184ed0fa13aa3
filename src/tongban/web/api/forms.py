"""The two forms: preview, issue together with the step, fetch the PDF."""

from typing import Any

from django.http import HttpResponse
from ninja import Router, Status

from tongban.cases import queries as cases
from tongban.kernel import ids
from tongban.notices import operations, queries, rules
from tongban.notices.models import Notice
from tongban.notices.wording import Kind
from tongban.web.api import bodies, papers, shapes, showing
from tongban.web.api.writing import counts_once
from tongban.web.kit import requests
from tongban.web.kit.requests import TongbanRequest

router = Router(tags=["文书"])


@router.post(
    "/cases/{number}/notices",
    response={201: shapes.NoticeOut},
    operation_id="prepareNotice",
    summary="预览文书",
    description="制作收件通知书或者一次性告知书供预览：已签名、已存档，出具之前不产生效力。预览、存档和打印的是同一份文件。",
)
@counts_once
def prepare(request: TongbanRequest, number: str, payload: bodies.NoticeIn) -> Status[Any]:
    """Make a form ready for preview."""
    notice = operations.prepare(
        ids.id_of(number),
        kind=payload.kind,
        days=payload.days,
        beyond_reason=payload.beyond_reason,
        by=request.actor,
        at=requests.time_of(request),
    )
    return Status(201, showing.notice(notice))


@router.post(
    "/cases/{number}/notices/{serial}/issue",
    response=shapes.StepDone,
    operation_id="issueNotice",
    summary="出具文书",
    description="办理文书所述的那一步（收件，或者一次性告知），并使预览的文书生效；要么都成，要么都不成。",
)
@counts_once
def issue(request: TongbanRequest, number: str, serial: str) -> dict[str, Any]:
    """Take the step that a previewed form tells of, and let the form count."""
    notice = operations.issue(
        _of_case(request, number, serial).id, by=request.actor, at=requests.time_of(request)
    )
    case = cases.get(notice.case_id, for_=request.actor)
    return {**showing.after_step(case, now=requests.time_of(request)), "notice": showing.notice(notice)}


def _of_case(request: TongbanRequest, number: str, serial: str) -> Notice:
    notice = queries.get(ids.id_of(serial), for_=request.actor)
    if notice.case_id != ids.id_of(number):
        raise rules.UnknownNotice
    return notice


@router.get(
    "/cases/{number}/notices/{serial}.pdf",
    operation_id="getNotice",
    summary="取文书 PDF",
    description="取文书的 PDF；谁在什么时候取的会留痕。用公布的公钥可以离线核验：tongban verify 文件。",
    openapi_extra={"responses": {200: {"description": "PDF 文件"}}},
)
def get(request: TongbanRequest, number: str, serial: str) -> HttpResponse:
    """Give a form's PDF; the look is recorded."""
    notice = _of_case(request, number, serial)
    content = queries.content(notice)
    papers.look(notice.case, what="notice", about_id=notice.id, by=request.actor, request=request)
    name = f"{Kind(notice.kind).label} {notice.serial}.pdf"
    return papers.file_answer(content, name=name, media_type="application/pdf")


@router.get(
    "/cases/{number}/notices/{serial}",
    response=shapes.PreviewOut,
    operation_id="previewNotice",
    summary="看文书的内容",
    description="一份文书写了什么：要补正的、已合格的、补正的最后一天；issued_at 为空的还只是预览。PDF 用 getNotice 取。",
)
def preview(request: TongbanRequest, number: str, serial: str) -> dict[str, Any]:
    """Give what a form tells, before it is issued or after."""
    notice = _of_case(request, number, serial)
    told = queries.preview_of(notice, cases.get(notice.case_id, for_=request.actor))
    return {
        **showing.notice(notice),
        "applicant": told.applicant.name,
        "to_correct": told.to_correct,
        "passed": [material.name for material in told.passed],
        "due_on": told.due_on,
    }
