"""Ratings and complaints (F4, F5, P11): anybody rates, complains and follows; managers put right and answer."""

import hashlib
from typing import Any

from ninja import Router
from ninja.params.functions import Header, Path, Query

from tongban.feedback import queries, rules
from tongban.feedback.models import Complaint, Rectification
from tongban.feedback.operations import bringing, complaints, hotline, ratings, rectifications
from tongban.feedback.states import Road
from tongban.kernel import ids
from tongban.people import limits
from tongban.web.api import feedback_shapes as shapes
from tongban.web.api.bodies import Input
from tongban.web.api.writing import KEY_PARAMETER, counts_once
from tongban.web.kit import complaining, rating, requests
from tongban.web.kit.once import KEY_LENGTH
from tongban.web.kit.requests import KEY_HEADER, TongbanRequest

router = Router(tags=["评价和投诉"])
After = Query("", max_length=60, description="上一页最后一行的 next")
Limit = Query(50, ge=1, le=200)
ComplaintNumber = Path(max_length=60, description="投诉编号")
RectificationNumber = Path(max_length=60, description="整改编号")
LIMITED = "编号不存在和后四位不对，回答一样；次数有限制。不需要令牌。"


@router.post(
    "/ratings",
    response=shapes.RatingOut,
    auth=None,
    operation_id="rateCase",
    summary="评价一个环节",
    description="凭业务编号和证件号码后四位，评价收件、办理或者寄递，一个环节一次，自愿。不满意的产生差评整改。"
    f"不记评价人。一个环节只收一次，重发得到 409，因此不需要 Idempotency-Key。{LIMITED}",
)
def rate(request: TongbanRequest, payload: shapes.RatingIn) -> dict[str, Any]:
    """Keep a rating of whoever holds a case's two numbers."""
    four = rules.four_of(payload.tail, field="tail")
    rating.spend_tries(request, payload.number)
    row = ratings.rate(
        queries.case_by_four(payload.number, four).id,
        **payload.model_dump(include={"leg", "level", "words", "may_publish"}),
        road=Road.NUMBER,
        by=requests.NOBODY,
        at=requests.time_of(request),
    )
    return {
        "leg": row.leg,
        "level": int(row.level),
        "level_name": str(row.get_level_display()),
        "is_to_be_rectified": row.level in (1, 2),
    }


@router.post(
    "/ratings/import",
    response=shapes.RatingsDone,
    operation_id="importRatings",
    summary="导入其他系统的评价",
    description="12345 热线和各省“好差评”系统的评价：全部导入，或者一条也不导入，并指出每一处错误。"
    "同一来源编号只导入一次。差评照样产生整改，期限从导入时起算。",
)
@counts_once
def bring(request: TongbanRequest, payload: shapes.RatingsIn) -> dict[str, Any]:
    """Take ratings of another system in."""
    told = [bringing.Told(**row.model_dump()) for row in payload.rows]
    return vars(bringing.take_all(told, by=request.actor, at=requests.time_of(request)))


@router.post(
    "/complaints",
    response=shapes.ComplaintFiled,
    auth=None,
    operation_id="fileComplaint",
    summary="投诉、举报、求助、建议",
    description="当场给出编号，由当地政务服务管理机构在一个工作日内答复；两地都涉及的联合办理、统一答复（第十一条）。"
    "关于办件的，给出业务编号和证件号码后四位；其他的给出区划代码。同一个 Idempotency-Key 和同样的内容只登记一次。"
    f"{LIMITED}",
)
def file(
    request: TongbanRequest,
    payload: shapes.ComplaintIn,
    key: str = Header(
        ...,
        alias=KEY_HEADER,
        min_length=1,
        max_length=KEY_LENGTH,
        description=str(KEY_PARAMETER["description"]),
    ),
) -> dict[str, Any]:
    """Take a complaint in."""
    limits.spend(complaining.FILED, requests.address_of(request), at=requests.machine_time())
    case_id = None
    if payload.number:
        rating.spend_tries(request, payload.number)
        case_id = queries.case_by_four(payload.number, payload.tail).id
    # Nobody is signed in to whom a key could belong: key and content together name the complaint.
    named = hashlib.sha256(f"{key}\n{payload.model_dump_json()}".encode()).hexdigest()
    row = complaints.file(
        kind=payload.kind,
        words=payload.words,
        place_code=payload.place_code,
        case_id=case_id,
        about=payload.about,
        complainant=complaints.Complainant(name=payload.name, phone=payload.phone, four=payload.four),
        road=Road.NUMBER,
        form_key=f"api {named}",
        by=requests.NOBODY,
        at=requests.time_of(request),
    )
    return followed(row)


@router.post(
    "/complaints/follow",
    response=shapes.ComplaintFiled,
    auth=None,
    operation_id="followComplaint",
    summary="查投诉答复",
    description="凭投诉编号和查询码查由谁办理、最迟何时答复和答复内容。不改变任何内容，所以不需要幂等键；"
    f"用 POST 是为了查询码不留在网址里。{LIMITED}",
)
def follow(request: TongbanRequest, payload: shapes.FollowIn) -> dict[str, Any]:
    """Tell how a complaint stands to whoever filed it."""
    return followed(_own(request, payload))


def _own(request: TongbanRequest, payload: shapes.FollowIn) -> Complaint:
    """Give the complaint of whoever holds its number and code; each try counts."""
    four = rules.four_of(payload.four)
    rating.spend_tries(request, payload.number)
    return queries.complaint_by_four(payload.number, four)


@router.post(
    "/complaints/judge",
    response=shapes.ComplaintFiled,
    auth=None,
    operation_id="judgeComplaint",
    summary="对投诉答复提出意见",
    description="投诉人凭编号和查询码说明答复是否解决了问题；没有解决的，转上一级机构重新答复（第十一条）。"
    f"只能提出一次，重发得到 409，因此不需要 Idempotency-Key。{LIMITED}",
)
def judge(request: TongbanRequest, payload: shapes.VerdictIn) -> dict[str, Any]:
    """Keep what the complainant says of the answer."""
    row = complaints.judge(
        _own(request, payload).id,
        is_settled=payload.is_settled,
        words=payload.words,
        by=requests.NOBODY,
        at=requests.time_of(request),
    )
    return followed(row)


@router.get(
    "/complaints",
    response=list[shapes.ComplaintOut],
    operation_id="listComplaints",
    summary="投诉",
    description="本辖区负责答复的投诉，新的在前；协调小组看全部。不含投诉人的姓名和电话。",
)
def list_complaints(
    request: TongbanRequest,
    state: str = Query("", pattern="^(open|answered)?$", description="open 办理中，answered 已答复"),
    after: str = After,
    limit: int = Limit,
) -> list[dict[str, Any]]:
    """List complaints."""
    page = requests.moment_of(after)
    rows = queries.complaints_page(request.actor, after=page, state=state, limit=limit)
    wanted = [row.id for row in rows]
    owners, duties = queries.owners_by_complaint(wanted), queries.duties_of(wanted)
    return [shapes.complaint(r, owners.get(r.id, []), duties.get(r.id, [])) for r in rows]


@router.post(
    "/complaints/import",
    response=shapes.ComplaintsTaken,
    operation_id="importComplaints",
    summary="导入 12345 热线的投诉",
    description="全部登记，或者一件也不登记，并指出错在哪一件。同一来源编号只登记一次，重发给出原来的编号。"
    "每件当场给出编号和最迟答复时间，由当地政务服务管理机构答复；涉及两地的联合办理。期限从导入时起算，"
    "当地另定热线期限的从其规定，没有的为一个工作日（第十一条）。",
)
@counts_once
def take(request: TongbanRequest, payload: shapes.ComplaintsIn) -> dict[str, Any]:
    """Take complaints of the 12345 desk in."""
    told = [hotline.Told(**row.model_dump()) for row in payload.rows]
    taken = hotline.take_all(told, by=request.actor, at=requests.time_of(request))
    duties = queries.duties_of([one.row.id for one in taken])
    return {
        "new": sum(one.is_new for one in taken),
        "known": sum(not one.is_new for one in taken),
        "rows": [shapes.taken(one.row, one.is_new, duties.get(one.row.id, [])) for one in taken],
    }


@router.post(
    "/complaints/{number}/answer",
    response=shapes.ComplaintOut,
    operation_id="answerComplaint",
    summary="答复投诉",
    description="由责任机构答复；联合办理的由牵头机构拟答复，另一方同意后答复。已督办的由督办机构直接答复。",
)
@counts_once
def answer(
    request: TongbanRequest, payload: shapes.AnswerComplaintIn, number: str = ComplaintNumber
) -> dict[str, Any]:
    """Answer a complaint."""
    return _complaint(complaints.answer(ids.id_of(number), **_said(request, payload)))


@router.post(
    "/complaints/{number}/agree",
    response=shapes.ComplaintOut,
    operation_id="agreeToComplaintAnswer",
    summary="同意拟答复",
    description="联合办理的另一方同意，答复随即发出。",
)
@counts_once
def agree(request: TongbanRequest, payload: shapes.AgreeIn, number: str = ComplaintNumber) -> dict[str, Any]:
    """Agree to the lead's answer."""
    return _complaint(complaints.agree(ids.id_of(number), **_said(request, payload)))


@router.post(
    "/complaints/{number}/object",
    response=shapes.ComplaintOut,
    operation_id="objectToComplaintAnswer",
    summary="不同意拟答复",
    description="联合办理的另一方写明意见，由牵头机构重新拟答复。",
)
@counts_once
def object_to(
    request: TongbanRequest, payload: shapes.ObjectIn, number: str = ComplaintNumber
) -> dict[str, Any]:
    """Say what is wrong with the lead's answer."""
    return _complaint(complaints.object_to(ids.id_of(number), **_said(request, payload)))


@router.post(
    "/complaints/{number}/involve",
    response=shapes.ComplaintOut,
    operation_id="involveInComplaint",
    summary="联合办理",
    description="涉及另一地的，由牵头机构请那里的管理机构一起办理，统一答复。",
)
@counts_once
def involve(
    request: TongbanRequest, payload: shapes.InvolveIn, number: str = ComplaintNumber
) -> dict[str, Any]:
    """Bring in the second place."""
    return _complaint(complaints.involve(ids.id_of(number), **_said(request, payload)))


@router.get(
    "/rectifications",
    response=list[shapes.RectificationOut],
    operation_id="listRectifications",
    summary="差评整改",
    description="本辖区的差评整改，新的在前；协调小组看全部。不含评价人。",
)
def list_rectifications(
    request: TongbanRequest, after: str = After, limit: int = Limit
) -> list[dict[str, Any]]:
    """List rectifications."""
    rows = queries.rectifications_page(request.actor, after=requests.moment_of(after), limit=limit)
    duties = queries.duties_of([row.id for row in rows])
    return [shapes.rectification(row, duties.get(row.id, [])) for row in rows]


@router.post(
    "/rectifications/{number}/contact",
    response=shapes.RectificationOut,
    operation_id="contactRater",
    summary="登记联系情况",
    description="收到差评后一个工作日内联系评价人。",
)
@counts_once
def contact(
    request: TongbanRequest, payload: shapes.ContactRaterIn, number: str = RectificationNumber
) -> dict[str, Any]:
    """Record that the rater was contacted."""
    return _rectification(rectifications.contact(ids.id_of(number), **_said(request, payload)), request)


@router.post(
    "/rectifications/{number}/extend",
    response=shapes.RectificationOut,
    operation_id="extendRectification",
    summary="延长整改期限",
    description="情况复杂的延长一次，写明理由。",
)
@counts_once
def extend(
    request: TongbanRequest, payload: shapes.ReasonGiven, number: str = RectificationNumber
) -> dict[str, Any]:
    """Give a complex rectification its longer time."""
    return _rectification(rectifications.extend(ids.id_of(number), **_said(request, payload)), request)


@router.post(
    "/rectifications/{number}/rectify",
    response=shapes.RectificationOut,
    operation_id="rectifyRating",
    summary="登记整改结果",
    description="写明措施和给评价人的答复；评价人同意公开的，回访后答复向社会公开。",
)
@counts_once
def rectify(
    request: TongbanRequest, payload: shapes.RectifyIn, number: str = RectificationNumber
) -> dict[str, Any]:
    """Record what was put right."""
    return _rectification(rectifications.rectify(ids.id_of(number), **_said(request, payload)), request)


@router.post(
    "/rectifications/{number}/call-back",
    response=shapes.RectificationOut,
    operation_id="callBackRater",
    summary="登记回访",
    description="差评整改后逐件回访，登记后整改完成。",
)
@counts_once
def call_back(
    request: TongbanRequest, payload: shapes.CallBackIn, number: str = RectificationNumber
) -> dict[str, Any]:
    """Record the call-back."""
    return _rectification(rectifications.call_back(ids.id_of(number), **_said(request, payload)), request)


@router.post(
    "/rectifications/{number}/appeal",
    response=shapes.RectificationOut,
    operation_id="appealRating",
    summary="申诉恶意差评",
    description="写明理由，由上一级机构审定；省级的由协调小组审定。",
)
@counts_once
def appeal(
    request: TongbanRequest, payload: shapes.ReasonGiven, number: str = RectificationNumber
) -> dict[str, Any]:
    """Say that a bad rating is malicious."""
    rectifications.appeal(ids.id_of(number), **_said(request, payload))
    return _rectification(queries.rectification(ids.id_of(number), for_=request.actor), request)


@router.post(
    "/rectifications/{number}/decide-appeal",
    response=shapes.RectificationOut,
    operation_id="decideRatingAppeal",
    summary="审定差评申诉",
    description="由上一级机构审定：upheld 认定为恶意评价，不计入；rejected 维持评价。",
)
@counts_once
def decide(
    request: TongbanRequest, payload: shapes.DecideAppealIn, number: str = RectificationNumber
) -> dict[str, Any]:
    """Decide an appeal."""
    rectifications.decide(ids.id_of(number), **_said(request, payload))
    return _rectification(queries.rectification(ids.id_of(number), for_=request.actor), request)


def _said(request: TongbanRequest, payload: Input) -> dict[str, Any]:
    return {**payload.model_dump(), "by": request.actor, "at": requests.time_of(request)}


def _complaint(row: Complaint) -> dict[str, Any]:
    return shapes.complaint(row, queries.owners_of(row.id), queries.duties_of([row.id]).get(row.id, []))


def _rectification(row: Rectification, request: TongbanRequest) -> dict[str, Any]:
    row = queries.rectification(row.id, for_=request.actor)
    return shapes.rectification(row, queries.duties_of([row.id]).get(row.id, []))


def followed(row: Complaint) -> dict[str, Any]:
    """Show a complaint to whoever filed it."""
    duties = queries.duties_of([row.id]).get(row.id, [])
    return shapes.followed(row, queries.owners_of(row.id), duties)
