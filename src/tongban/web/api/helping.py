"""Help an applicant to apply online, as the pages under `/desk/help/` do: by code, question by question (P22, C8).

Whoever helps writes and uploads; only the applicant sends. Everything stands on record and is shown to the applicant.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import File, Router, Schema, Status
from ninja.files import UploadedFile
from ninja.params.functions import Path
from pydantic import Field

from tongban.cases import queries
from tongban.cases.models import Case, Scan
from tongban.cases.operations import helping, online
from tongban.kernel import ids
from tongban.people import limits
from tongban.web.api import shapes, showing
from tongban.web.api.bodies import Input
from tongban.web.api.shapes import DivisionCode
from tongban.web.api.writing import counts_once, counts_once_after
from tongban.web.kit import applying, form_fields, requests
from tongban.web.kit.requests import TongbanRequest

router = Router(tags=["协助申请"])
Key = Path(max_length=80, description="问题编号，见 questions", example="delivery")
ARTICLE = "（第二十二条）"


class HelpIn(Input):
    code: str = Field(max_length=40, description="申请人出示的协助码", examples=["K7QM-2XHD"])
    purpose: str = Field(max_length=200, description="协助什么，记入留痕", examples=["不会上传照片"])
    window_id: int | None = Field(None, description="在几个窗口有岗位的，说明在哪个窗口")


class QuestionOut(Schema):
    """A question of the application, and what has been answered."""

    key: str = Field(examples=["form.licence_class"])
    title: str
    answer: str = Field(description="现在的回答；号码已遮盖")
    is_done: bool
    is_required: bool
    advice: str = Field(description="补正意见；没有的为空")


class HelpOut(Schema):
    """A draft that one helps to write, and what it asks."""

    case: shapes.CaseBrief
    questions: list[QuestionOut]


class ChoiceOut(Schema):
    value: str
    label: str
    note: str


class InputOut(Schema):
    """What a question wants to be told."""

    name: str = Field(description="回答时用的栏名", examples=["delivery_way"])
    label: str
    type: str = Field(
        description="text、number、date、choice、address（12 位区划代码 空格 门牌）、"
        "division（12 位区划代码）或者 secret（不回显，只给出遮盖的）"
    )
    value: str = Field(description="现在的内容")
    is_required: bool
    choices: list[ChoiceOut] = Field(description="可选的；空：不限")


class HelpFileOut(Schema):
    id: shapes.Number
    name: str
    media_type: str = Field(examples=["image/png"])
    pages: int
    url: str = Field(description="取原样文件的地址；每次取都会留痕")


class AskedOut(QuestionOut):
    """A question with what it wants: words by name, or files."""

    inputs: list[InputOut]
    takes_files: bool = Field(description="回答是文件：用 addHelpFile 上传")
    points: list[str] = Field(description="材料的审查要点")
    note: str
    source: str = Field(description="材料的来源渠道")
    files: list[HelpFileOut]
    before: str = Field(description="上一个问题；没有的为空")
    after: str = Field(description="下一个问题；没有的为空")


class AnswerIn(Input):
    """What is not given stays as it is; only the names that the question itself has."""

    value: str | None = Field(None, max_length=2000, description="form.* 的回答", examples=["C1"])
    contact_name: str | None = Field(None, max_length=200, description="who：联系人")
    phone: str | None = Field(None, max_length=60, description="who：联系电话", examples=["13800000000"])
    home_code: DivisionCode | None = Field(None, description="place：由哪里办")
    circumstance: str | None = Field(None, max_length=60, description="circumstance：情形代码")
    delivery_way: str | None = Field(None, max_length=20, description="delivery：怎么拿结果")
    delivery_address: str | None = Field(None, max_length=300, description="delivery：邮寄地址")


def _file_url(case: Case, scan: Scan) -> str:
    return f"{showing.ROOT}/help/{case.number}/files/{ids.number_of(scan.id)}"


def _whole(request: TongbanRequest, number: str) -> dict[str, Any]:
    case = applying.helped(number, by=request.actor)
    return {
        "case": showing.after_step(case, now=requests.time_of(request)),
        "questions": [_question(row) for row in applying.questions_of(case)],
    }


def _question(row: applying.Question) -> dict[str, Any]:
    return {**vars(row), "title": str(row.title), "answer": str(row.answer)}


def _asked(request: TongbanRequest, case: Case, key: str) -> dict[str, Any]:
    page = applying.page_of(case, key, at=requests.time_of(request), url=lambda scan: _file_url(case, scan))
    papers = page.papers
    files = papers.files if papers else [file for field in page.fields for file in field.files]
    return {
        **_question(page.question),
        "inputs": _inputs(page, case),
        "takes_files": papers is not None or any(f.type == "file" for f in page.fields),
        "points": list(papers.points) if papers else [],
        "note": papers.note if papers else "",
        "source": papers.source if papers else "",
        "files": [{**vars(file), "id": ids.number_of(file.id)} for file in files],
        "before": page.before,
        "after": page.after,
    }


def _inputs(page: applying.Page, case: Case) -> list[dict[str, Any]]:
    """Give what can be said in answer: the names of `applying.NAMES`, or `value` of a field of the form."""
    rows = [_input(field) for field in page.fields if field.type != "file"]
    if page.question.key == "place":
        rows.append(_row("home_code", str(page.question.title), "division", case.home_code))
    if page.choices:
        name = applying.NAMES[page.question.key][0]
        chosen = next((c.value for c in page.choices if c.is_chosen), "")
        row = _row(name, str(page.question.title), "choice", chosen)
        row["choices"] = [
            {"value": c.value, "label": str(c.label), "note": str(c.note)} for c in page.choices
        ]
        rows.insert(0, row)
    return rows


def _input(field: form_fields.Field) -> dict[str, Any]:
    name = applying.VALUE if field.name.startswith("form.") else field.name
    row = _row(name, str(field.label), field.type, field.value, is_required=field.is_required)
    row["choices"] = [{"value": c, "label": c, "note": ""} for c in field.choices]
    return row


def _row(name: str, label: str, type_: str, value: str, *, is_required: bool = True) -> dict[str, Any]:
    return {
        "name": name,
        "label": label,
        "type": type_,
        "value": value,
        "is_required": is_required,
        "choices": [],
    }


@router.get(
    "/help",
    response=list[shapes.CaseBrief],
    operation_id="listHelped",
    summary="正在协助的申请",
    description=f"您现在协助填写的申请{ARTICLE}。",
)
def list_helped(request: TongbanRequest) -> list[dict[str, Any]]:
    """List the drafts that the person helps to write."""
    now = requests.time_of(request)
    return [showing.brief(case, now=now) for case in queries.helped_by(request.actor)]


def _spend_try(request: HttpRequest) -> None:
    limits.spend(applying.CODE_TRIES, str(request.user.pk), at=requests.machine_time())


@router.post(
    "/help",
    response={201: HelpOut},
    operation_id="beginHelp",
    summary="开始协助",
    description="凭申请人出示的协助码开始协助填写，写明协助什么；协助码用一次即失效，次数有限制。"
    f"只能填写和上传，由申请人自己提交；全部留痕，申请人看得到{ARTICLE}。",
)
@counts_once_after(_spend_try)
def begin(request: TongbanRequest, payload: HelpIn) -> Status[Any]:
    """Let the person into the draft of the applicant who shows a code."""
    case = helping.begin(
        payload.code,
        purpose=payload.purpose,
        window_id=payload.window_id,
        by=request.actor,
        at=requests.time_of(request),
    )
    return Status(201, _whole(request, case.number))


@router.get(
    "/help/{number}",
    response=HelpOut,
    operation_id="getHelp",
    summary="协助的申请",
    description=f"一个正在协助的申请和它的全部问题{ARTICLE}。",
)
def get(request: TongbanRequest, number: str) -> dict[str, Any]:
    """Give a draft with its questions."""
    return _whole(request, number)


@router.get(
    "/help/{number}/questions/{key}",
    response=AskedOut,
    operation_id="getHelpQuestion",
    summary="申请的一个问题",
    description=f"一个问题要填什么、可选什么、已经上传了哪些文件{ARTICLE}。",
)
def get_question(request: TongbanRequest, number: str, key: str = Key) -> dict[str, Any]:
    """Give one question of a draft."""
    return _asked(request, applying.helped(number, by=request.actor), key)


@router.post(
    "/help/{number}/questions/{key}",
    response=AskedOut,
    operation_id="answerHelpQuestion",
    summary="回答一个问题",
    description="代申请人填写一个问题；只保存给出的各栏。是文件的，用 addHelpFile。"
    f"告知补正以后，只能改告知书列出的{ARTICLE}。",
)
@counts_once
def answer(request: TongbanRequest, number: str, payload: AnswerIn, key: str = Key) -> dict[str, Any]:
    """Answer one question of a draft in words."""
    case, by = applying.helped(number, by=request.actor), request.actor
    applying.question_of(case, key)
    applying.say(case, key, payload.model_dump(exclude_none=True), by=by, at=requests.time_of(request))
    return _asked(request, applying.helped(number, by=by), key)


@router.post(
    "/help/{number}/questions/{key}/files",
    response={201: AskedOut},
    operation_id="addHelpFile",
    summary="为一个问题上传文件",
    description="材料的扫描件，或者申请表中要求的文件：JPEG、PNG 或者 PDF，最大 20 MB。"
    f"文件经检查、清理、加密，落盘之后才答复{ARTICLE}。",
)
@counts_once
def add_file(request: TongbanRequest, number: str, file: File[UploadedFile], key: str = Key) -> Status[Any]:
    """Take in a file that answers a question of a draft."""
    case, at = applying.helped(number, by=request.actor), requests.time_of(request)
    applying.question_of(case, key)
    applying.attach(case, key, data=file.read(), name=file.name or "", by=request.actor, at=at)
    return Status(201, _asked(request, applying.helped(number, by=request.actor), key))


@router.get(
    "/help/{number}/files/{scan}",
    operation_id="getHelpFile",
    summary="取申请中的文件",
    description=f"取一个文件的原样内容；谁在什么时候取的会留痕（第二十六条），申请人看得到{ARTICLE}。",
    openapi_extra={"responses": {200: {"description": "文件内容"}}},
)
def get_file(request: TongbanRequest, number: str, scan: str) -> HttpResponse:
    """Give a file of a draft; the look is recorded."""
    case = applying.helped(number, by=request.actor)
    at = requests.time_of(request)
    return applying.file_of(case, ids.id_of(scan), by=request.actor, at=at, is_own=False)


@router.delete(
    "/help/{number}/files/{scan}",
    response=shapes.Done,
    operation_id="removeHelpFile",
    summary="移除申请中的文件",
    description=f"移除一个上传的文件；属地窗口已经收下的不能移除{ARTICLE}。",
)
@counts_once
def remove_file(request: TongbanRequest, number: str, scan: str) -> dict[str, Any]:
    """Take a file off a draft."""
    case = applying.helped(number, by=request.actor)
    row = queries.scan(case.id, ids.id_of(scan))
    online.remove_scan(case.id, scan_id=row.id, by=request.actor, at=requests.time_of(request))
    return {"done": True}


@router.post(
    "/help/{number}/end",
    response=shapes.Done,
    operation_id="endHelp",
    summary="结束协助",
    description=f"结束后您不再看得到这个申请，由申请人自己检查并提交{ARTICLE}。",
)
@counts_once
def end(request: TongbanRequest, number: str) -> dict[str, Any]:
    """End the help: the draft is its applicant's alone again."""
    case = applying.helped(number, by=request.actor)
    helping.end(case.id, by=request.actor, at=requests.time_of(request))
    return {"done": True}
