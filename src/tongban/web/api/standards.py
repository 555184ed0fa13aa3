"""Standards by program: drafts, review, publication, comparison and differences, as the overview does it."""

import datetime
from typing import Any

from ninja import Router, Status
from ninja.params.functions import Query

from tongban.cases import figures
from tongban.catalogue import comparing, local_codes, queries
from tongban.catalogue.models import AcceptanceStandard, Difference, Draft
from tongban.catalogue.operations import publishing, settling
from tongban.kernel import worktime
from tongban.people.roles import Role
from tongban.web.api import shapes
from tongban.web.api import standard_shapes as said
from tongban.web.api.catalogue import today_of
from tongban.web.api.writing import counts_once
from tongban.web.kit import requests
from tongban.web.kit.requests import TongbanRequest

router = Router(tags=["标准的制定"])


def draft_shown(row: Draft, request: TongbanRequest) -> dict[str, Any]:
    """Give a draft with what keeps it from review on the day of the request."""
    return {
        **{n: getattr(row, n) for n in ("id", "stage", "state", "revision", "remark")},
        "procedure": row.procedure.key,
        "province": row.province_id,
        "changed_by_name": row.changed_by_name,
        "changed_at": row.changed_at,
        "content": row.content,
        "faults": local_codes.faults(row.content, draft=row, on=today_of(request)),
    }


def _version(
    row: AcceptanceStandard, in_force: list[AcceptanceStandard], *, on: datetime.date
) -> dict[str, Any]:
    names = ("id", "stage", "version", "effective_from_on", "drafted_by_name", "published_by_name")
    return {
        **{n: getattr(row, n) for n in (*names, "published_at", "is_sample")},
        "province": row.province_id,
        "standing": queries.standing(row, in_force, on=on),
    }


def _difference(row: Difference) -> dict[str, Any]:
    names = ("id", "line", "label", "question", "opened_by_name", "opened_at")
    return {
        **{n: getattr(row, n) for n in (*names, "settled_at", "settled_by_name", "decision")},
        "follows": row.follows_id,
        "answers": [
            {
                "province": a.province_id,
                "agrees_with": a.agrees_with_id,
                "text": a.text,
                "by_name": a.by_name,
                "at": a.at,
            }
            for a in row.answers.order_by("id")
        ],
    }


@router.get(
    "/standards/{procedure}/versions",
    response=list[said.VersionOut],
    operation_id="listStandardVersions",
    summary="一个办理项的全部标准版本",
    description="各省和五省的每一版标准，谁起草、谁审核发布、现在是否有效。",
)
def versions(request: TongbanRequest, procedure: str) -> list[dict[str, Any]]:
    """List every published version for a procedure."""
    row, on = queries.procedure(procedure), today_of(request)
    in_force = queries.lines_in_force([row.id], on=on, with_content=False)
    return [_version(v, in_force, on=on) for v in queries.versions_of(row.id)]


@router.post(
    "/standard-drafts",
    response={201: said.DraftOut},
    operation_id="beginStandard",
    summary="起草新版标准",
    description="省级管理机构起草本省的，协调小组起草五省统一的；内容从现行标准抄起。",
)
@counts_once
def begin(request: TongbanRequest, payload: said.BeginIn) -> Status[Any]:
    """Begin the next version of a standard."""
    row = publishing.begin(
        queries.procedure(payload.procedure),
        province=payload.province,
        stage=payload.stage,
        by=request.actor,
        at=requests.time_of(request),
    )
    return Status(201, draft_shown(row, request))


@router.get(
    "/standard-drafts/{draft_id}",
    response=said.DraftOut,
    operation_id="getStandardDraft",
    summary="看草案",
    description="草案的内容，以及送审前还要改好的地方。只有维护这份标准的单位能看到。",
)
def draft(request: TongbanRequest, draft_id: int) -> dict[str, Any]:
    """Give a draft with its faults."""
    return draft_shown(queries.draft(draft_id, for_=request.actor), request)


@router.put(
    "/standard-drafts/{draft_id}",
    response=said.DraftOut,
    operation_id="writeStandardDraft",
    summary="写草案",
    description="整份替换草案的内容。内容有问题也会保存，问题列在 faults 里。",
)
@counts_once
def write(request: TongbanRequest, draft_id: int, payload: said.WriteIn) -> dict[str, Any]:
    """Replace what a draft says."""
    row = queries.draft(draft_id, for_=request.actor)
    content = payload.content.model_dump(exclude_defaults=True)
    limits = {n: getattr(payload.content, n) for n in publishing.LIMITS}
    at = requests.time_of(request)
    publishing.save(row.id, {**content, **limits}, revision=payload.revision, by=request.actor, at=at)
    return draft_shown(queries.draft(draft_id, for_=request.actor), request)


@router.post(
    "/standard-drafts/{draft_id}/submit",
    response=said.DraftOut,
    operation_id="submitStandard",
    summary="送审",
    description="内容没有问题才能送审；之后由起草人以外的人审核发布。",
)
@counts_once
def submit(request: TongbanRequest, draft_id: int) -> dict[str, Any]:
    """Hand a draft over for review."""
    row = queries.draft(draft_id, for_=request.actor)
    return draft_shown(publishing.submit(row.id, by=request.actor, at=requests.time_of(request)), request)


@router.post(
    "/standard-drafts/{draft_id}/send-back",
    response=said.DraftOut,
    operation_id="sendBackStandard",
    summary="退回修改",
    description="写明要改什么，退回起草人。",
)
@counts_once
def send_back(request: TongbanRequest, draft_id: int, payload: said.RemarkIn) -> dict[str, Any]:
    """Give a draft back to its writers."""
    row = queries.draft(draft_id, for_=request.actor)
    at = requests.time_of(request)
    return draft_shown(publishing.send_back(row.id, remark=payload.remark, by=request.actor, at=at), request)


@router.post(
    "/standard-drafts/{draft_id}/publish",
    response=said.VersionOut,
    operation_id="publishStandard",
    summary="审核发布",
    description="由起草人以外的人审核发布。发布后不能再改。",
)
@counts_once
def publish(request: TongbanRequest, draft_id: int, payload: said.PublishIn) -> dict[str, Any]:
    """Publish a reviewed draft."""
    row = queries.draft(draft_id, for_=request.actor)
    published = publishing.publish(
        row.id,
        effective_from_on=payload.effective_from_on,
        by=request.actor,
        at=requests.time_of(request),
    )
    on = today_of(request)
    in_force = queries.lines_in_force([published.procedure_id], on=on, with_content=False)
    return _version(published, in_force, on=on)


@router.delete(
    "/standard-drafts/{draft_id}",
    response=shapes.Done,
    operation_id="discardStandardDraft",
    summary="删除草案",
    description="删除没有送审的草案；已发布的版本不受影响。",
)
@counts_once
def discard(request: TongbanRequest, draft_id: int) -> dict[str, Any]:
    """Throw a draft away."""
    row = queries.draft(draft_id, for_=request.actor)
    publishing.discard(row.id, by=request.actor, at=requests.time_of(request))
    return {"done": True}


@router.post(
    "/standard-versions/{standard_id}/withdraw",
    response=shapes.Done,
    operation_id="withdrawStandard",
    summary="撤销已发布的标准",
    description="从今天起新收的办件不再使用这一版；已收的办件不受影响。",
)
@counts_once
def withdraw(request: TongbanRequest, standard_id: int, payload: said.ReasonIn) -> dict[str, Any]:
    """Take a published version back."""
    publishing.withdraw(standard_id, reason=payload.reason, by=request.actor, at=requests.time_of(request))
    return {"done": True}


@router.get(
    "/standards/{procedure}/comparison",
    response=said.ComparisonOut,
    operation_id="compareStandards",
    summary="五省比对",
    description="各省自己的标准逐项对齐，标出不同；以及提出过的差异事项。",
)
def comparison(request: TongbanRequest, procedure: str) -> dict[str, Any]:
    """Give the provinces' standards side by side."""
    row = queries.procedure(procedure)
    return {
        "procedure": row.key,
        "lines": comparing.lines_of(settling.contents_of(row.id)),
        "differences": [_difference(d) for d in queries.differences_of(row.id)],
    }


@router.post(
    "/standards/{procedure}/differences",
    response={201: said.DifferenceOut},
    operation_id="openDifference",
    summary="提出差异事项",
    description="协调小组把各省不同的一项提出来，请各省答复。",
)
@counts_once
def open_difference(request: TongbanRequest, procedure: str, payload: said.OpenDifferenceIn) -> Status[Any]:
    """Open a line as a matter."""
    row = settling.open_difference(
        queries.procedure(procedure),
        line=payload.line,
        question=payload.question,
        by=request.actor,
        at=requests.time_of(request),
    )
    return Status(201, _difference(row))


@router.post(
    "/differences/{difference_id}/answer",
    response=said.DifferenceOut,
    operation_id="answerDifference",
    summary="答复差异事项",
    description="省级管理机构答复；可以重新答复，以最后一次为准。",
)
@counts_once
def answer(request: TongbanRequest, difference_id: int, payload: said.ActIn) -> dict[str, Any]:
    """Give a province's answer."""
    at = requests.time_of(request)
    settling.answer(difference_id, words=payload.words, agrees_with=payload.province, by=request.actor, at=at)
    return _difference(queries.difference(difference_id))


@router.post(
    "/differences/{difference_id}/settle",
    response=said.DifferenceOut,
    operation_id="settleDifference",
    summary="决定差异事项",
    description="协调小组作出决定；采用某省写法的，会写入五省统一标准的草案。",
)
@counts_once
def settle(request: TongbanRequest, difference_id: int, payload: said.ActIn) -> dict[str, Any]:
    """Decide a difference."""
    at = requests.time_of(request)
    settling.settle(difference_id, decision=payload.words, follows=payload.province, by=request.actor, at=at)
    return _difference(queries.difference(difference_id))


@router.post(
    "/standards/{procedure}/compose",
    response={201: said.DraftOut},
    operation_id="composeStandard",
    summary="按比对结果起草五省统一标准",
    description="差异都决定以后，以一个省的标准为基础，写入决定的内容。",
)
@counts_once
def compose(request: TongbanRequest, procedure: str, payload: said.ComposeIn) -> Status[Any]:
    """Begin the five-province standard from the comparison."""
    row = settling.begin_common(
        queries.procedure(procedure), base=payload.base, by=request.actor, at=requests.time_of(request)
    )
    return Status(201, draft_shown(row, request))


@router.get(
    "/figures/asked-for-more",
    response=list[said.MoreOut],
    operation_id="askedForMore",
    summary="超出首次告知的补正次数",
    description="按窗口统计要求了首次一次性告知以外材料的次数。不含个人信息。",
)
def asked_for_more(
    request: TongbanRequest, year: int = Query(0, ge=0, le=9998, description="年度；不填：今年")
) -> list[dict[str, Any]]:
    """Count by window the notices that went beyond the first one."""
    wanted = year or today_of(request).year
    since, until = (datetime.datetime(y, 1, 1, tzinfo=worktime.BEIJING) for y in (wanted, wanted + 1))
    actor = request.actor
    prefixes = None if actor.has(Role.GROUP) else actor.managed_prefixes
    found = figures.asked_for_more(since=since, until=until, prefixes=prefixes)
    return [{"window_id": w.id, "window": w.name, "times": n} for w, n in found]
