"""Open, find, read and enter cases; see a number in full."""

from collections.abc import Callable
from typing import Any

from ninja import Router, Status
from ninja.params.functions import Query

from tongban.cases import permissions, queries
from tongban.cases import search as finding
from tongban.cases.models import Case, CaseApplicant
from tongban.cases.operations import holding, intake
from tongban.catalogue import addresses, standards
from tongban.journal import operations as journal
from tongban.kernel import ids, refusals
from tongban.web.api import bodies, shapes, showing
from tongban.web.api.writing import counts_once
from tongban.web.kit import requests
from tongban.web.kit.requests import TongbanRequest

router = Router(tags=["办件"])


class NotYourCase(refusals.NotAllowed):
    """只有办理本件的人员可以查看完整号码。"""


class IdentityInAddress(refusals.Incomplete):
    """证件号码不能写在网址里，会留在沿途的日志中。请用 POST /api/v1/cases/search，把它放在请求正文的 q 里。"""


class NothingToShow(refusals.NotFound):
    """没有“{what}”这一项，或者还没有填写。"""


@router.post(
    "/cases",
    response={201: shapes.CaseBrief},
    operation_id="openCase",
    summary="登记办件",
    description="在自己的窗口登记一个新办件。窗口不在联络清单内的不能收件（第十三条）。",
)
@counts_once
def open_case(request: TongbanRequest, payload: bodies.OpenIn) -> Status[Any]:
    """Open a case at the person's window."""
    at = requests.time_of(request)
    case = intake.open_case(by=request.actor, at=at, window_id=payload.window_id)
    return Status(201, showing.after_step(case, now=at))


def _answer(case_id: int, request: TongbanRequest) -> dict[str, Any]:
    case = queries.as_left(case_id, for_=request.actor)
    return showing.after_step(case, now=requests.time_of(request))


@router.get(
    "/cases",
    response=shapes.CasePage,
    operation_id="searchCases",
    summary="查办件",
    description="按业务编号或者姓名开头查找看得到的办件，新的在前，每页 50 件。"
    "证件号码不能写在网址里，请用 POST /api/v1/cases/search。",
)
def search(
    request: TongbanRequest,
    q: str = Query("", max_length=120, description="业务编号或者姓名开头；不填：全部"),
    after: str = Query("", max_length=20, description="上一页给出的 after"),
) -> dict[str, Any]:
    """Find visible cases, a page at a time."""
    if finding.looks_like_identity(q):
        raise IdentityInAddress(fields={"q": IdentityInAddress().message})
    return _found(request, q, after)


@router.post(
    "/cases/search",
    response=shapes.CasePage,
    operation_id="findCases",
    summary="凭证件号码查办件",
    description="同“查办件”，也可以按完整的证件号码查找；查询内容在请求正文里，不留在网址和日志里。"
    "不改变任何内容，所以不需要 Idempotency-Key。",
)
def find(request: TongbanRequest, payload: bodies.SearchIn) -> dict[str, Any]:
    """Find visible cases by what must not stand in an address, too."""
    return _found(request, payload.q, payload.after)


def _found(request: TongbanRequest, q: str, after: str) -> dict[str, Any]:
    last = ids.id_of(after) if after else None
    rows = finding.find(request.actor, q, after=last)
    now = requests.time_of(request)
    return {
        "cases": [showing.brief(row, now=now) for row in rows],
        "after": rows[-1].number if len(rows) == queries.PAGE else None,
    }


@router.get(
    "/cases/{number}",
    response=shapes.CaseOut,
    operation_id="getCase",
    summary="一个办件",
    description="办件页面上的全部内容：状态、进度、时限及其由来、材料、流转、文书、决定、送达、留痕，以及您现在可以办理的步骤。",
)
def get(request: TongbanRequest, number: str) -> dict[str, Any]:
    """Give everything that the case page shows."""
    case = queries.get(ids.id_of(number), for_=request.actor)
    return showing.whole(case, actor=request.actor, now=requests.time_of(request))


@router.patch(
    "/cases/{number}",
    response=shapes.CaseBrief,
    operation_id="changeCase",
    summary="录入",
    description="保存申请人、申请表、流转方式和送达方式。只保存给出的各栏；有一栏不对，全部不保存。",
)
@counts_once
def change(request: TongbanRequest, number: str, payload: bodies.ChangesIn) -> dict[str, Any]:
    """Save what was typed."""
    case_id, at = ids.id_of(number), requests.time_of(request)
    given = payload.model_dump(exclude_unset=True)
    form = given.pop("form", {})
    answers = {f"form.{key}": value for key, value in form.items()}
    with holding.holding(case_id, by=request.actor) as held:
        _check_addresses(held.case, form)
        intake.save(case_id, {**given, **answers}, by=request.actor, at=at)
    return _answer(case_id, request)


def _check_addresses(case: Case, form: dict[str, str]) -> None:
    """Refuse addresses without a place at once: kept as they are, they would count as missing only at receipt."""
    if not form:
        return
    for field in standards.of(queries.standard_of(case)).fields:
        if field.type == "address":
            said = form.get(field.key, "")
            addresses.check_posted(said, label=field.label, field=f"form.{field.key}")


@router.post(
    "/cases/{number}/choose",
    response=shapes.CaseBrief,
    operation_id="chooseMatter",
    summary="选择事项和属地",
    description="选择办理项、属地、实施层级和情形，锁定属地现行标准并列出应交材料。已审查的材料保留。",
)
@counts_once
def choose(request: TongbanRequest, number: str, payload: bodies.ChoiceIn) -> dict[str, Any]:
    """Choose what is applied for and where."""
    case_id, at = ids.id_of(number), requests.time_of(request)
    with holding.holding(case_id, by=request.actor):
        intake.choose(case_id, **payload.model_dump(exclude_unset=True), by=request.actor, at=at)
    return _answer(case_id, request)


@router.post(
    "/cases/{number}/identity",
    response=shapes.RevealOut,
    operation_id="revealIdentity",
    summary="查看完整号码",
    description=(
        "查看一个被遮盖的号码。每次查看都连同目的、时间、人员记入留痕（第二十六条），"
        "因此不需要 Idempotency-Key。"
    ),
)
def reveal(request: TongbanRequest, number: str, payload: bodies.RevealIn) -> dict[str, Any]:
    """Show a masked number in full and record who looked and what for; the answer is kept nowhere."""
    case = queries.get(ids.id_of(number), for_=request.actor)
    at, by = requests.time_of(request), request.actor
    if not permissions.parts_of(by, case):
        raise NotYourCase()
    value = _opened(case, payload.what)
    if not value:
        raise NothingToShow(what=payload.what)
    journal.look(
        case.id,
        what=payload.what[:40],
        about_id=None,
        purpose=payload.purpose.strip(),
        at=at,
        person_id=by.id or 0,
        person=by.name,
        place=by.place,
    )
    return {"value": value, "recorded_at": at}


def _opened(case: Case, what: str) -> str:
    if what.startswith("form."):
        masked = {f.key for f in standards.of(case.standard).fields if f.type in showing.MASKED_TYPES}
        key = what.removeprefix("form.")
        return queries.answer_of(case, key) if key in masked else ""
    known: dict[str, Callable[[CaseApplicant], str]] = {
        "identity": queries.identity_of,
        "agent_identity": queries.agent_identity_of,
        "phone": queries.phone_of,
    }
    return known[what](case.applicant) if what in known else ""
