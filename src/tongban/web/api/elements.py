"""Elements of procedures by program (B2); they are submitted, reviewed, published and withdrawn as standards are."""

from typing import Any, Literal

from ninja import Router, Status
from pydantic import Field

from tongban.catalogue import queries
from tongban.catalogue.models import Stage
from tongban.catalogue.operations import procedures, publishing
from tongban.web.api import standard_shapes as said
from tongban.web.api.bodies import Input
from tongban.web.api.shapes import DivisionCode
from tongban.web.api.standards import draft_shown as shown
from tongban.web.api.writing import counts_once
from tongban.web.kit import requests
from tongban.web.kit.requests import TongbanRequest

router = Router(tags=["标准的制定"])


class ElementCodesIn(Input):
    base: str = Field("", max_length=40, description="基本编码，12 位")
    local: str = Field("", max_length=64, description="地方编码；一个省自设的办理项填写")


class ElementsIn(Input):
    levels: list[Literal["province", "prefecture", "county"]] = Field(description="实施层级", max_length=3)
    applicants: list[Literal["person", "organisation"]] = Field(description="申请人类别", max_length=2)
    modes: list[Literal["collected", "online", "joint"]] = Field(description="办理模式", max_length=3)
    delivery: list[Literal["post", "pick_up_home", "pick_up_receiving", "electronic"]] = Field(
        description="送达方式", max_length=4
    )
    lead_department: str = Field(max_length=120, description="牵头部门")
    fee: str = Field("", max_length=120, description="收费")
    results: list[str] = Field([], max_length=30, description="办理结果")
    words: list[str] = Field([], max_length=30, description="日常说法")
    legal_basis: list[said.LawIn] = Field([], max_length=30)
    codes: ElementCodesIn = ElementCodesIn(base="", local="")


class WriteElementsIn(Input):
    revision: int = Field(ge=0, le=2**31 - 1, description="看到的修改次数")
    content: ElementsIn


class MakeProcedureIn(Input):
    name: str = Field(max_length=120, description="办理项名称")
    statutory_name: str = Field("", max_length=120, description="法定事项名称；不填的同办理项名称")
    kind: str = Field(max_length=20, description="事项类型", examples=["公共服务"])
    item_seq: int | None = Field(None, description="已有事项的序号", ge=1, lt=2**31)
    item_name: str = Field("", max_length=120, description="新事项的名称")
    lead_department: str = Field("", max_length=60, description="新事项的牵头部门")
    province: DivisionCode | None = Field(
        None, description="哪个省自设、只由该省办理；不填的由五省共用", examples=["520000000000"]
    )


@router.post(
    "/procedures",
    response={201: said.DraftOut},
    operation_id="makeProcedure",
    summary="新建办理项",
    description="五省共用的由协调小组新建；一个省自设的由该省新建，属于清单上的一个事项，五省都可以收件，"
    "只由该省办理。同时开始起草它的要素；要素发布后才能办理，新事项还要列入一批清单。",
)
@counts_once
def make(request: TongbanRequest, payload: MakeProcedureIn) -> Status[Any]:
    """Make a procedure and begin its elements."""
    row = procedures.make(**payload.model_dump(), by=request.actor, at=requests.time_of(request))
    return Status(201, shown(row, request))


@router.post(
    "/procedures/{procedure}/elements",
    response={201: said.DraftOut},
    operation_id="beginElements",
    summary="修改办理项要素",
    description="由协调小组（省自设的办理项由该省）起草下一版要素，内容从现行的抄起；送审、审核发布、撤销与标准相同。",
)
@counts_once
def begin(request: TongbanRequest, procedure: str) -> Status[Any]:
    """Begin the next version of a procedure's elements."""
    row = queries.procedure(procedure)
    at = requests.time_of(request)
    draft = publishing.begin(row, province=None, stage=Stage.ELEMENTS, by=request.actor, at=at)
    return Status(201, shown(draft, request))


@router.put(
    "/element-drafts/{draft_id}",
    response=said.DraftOut,
    operation_id="writeElements",
    summary="写办理项要素",
    description="整份替换草案的内容。内容有问题也会保存，问题列在 faults 里。",
)
@counts_once
def write(request: TongbanRequest, draft_id: int, payload: WriteElementsIn) -> dict[str, Any]:
    """Replace what a draft of elements says."""
    row = queries.draft(draft_id, for_=request.actor)
    content = {**payload.content.model_dump(), "legal_limit": 0, "promised_limit": 0}
    at = requests.time_of(request)
    if row.stage != Stage.ELEMENTS:
        raise publishing.WrongStage
    publishing.save(row.id, content, revision=payload.revision, by=request.actor, at=at)
    return shown(queries.draft(draft_id, for_=request.actor), request)
