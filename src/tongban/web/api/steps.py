"""Every step of a case, by the same table of verbs that the pages draw their forms from."""

import datetime
from typing import Any

from ninja import Router
from ninja.params.functions import Query

from tongban.cases import queries, rules
from tongban.cases.models import Case
from tongban.cases.states import STEPS
from tongban.kernel import ids, refusals
from tongban.notices import operations as notices
from tongban.notices.models import Notice
from tongban.people.actors import Actor
from tongban.web.api import bodies, shapes, showing
from tongban.web.api.writing import counts_once
from tongban.web.kit import requests, verbs
from tongban.web.kit.requests import TongbanRequest

router = Router(tags=["办理"])
FORM_OF_STEP = {step: kind for kind, step in notices.STEP_OF.items()}


class UnknownAsk(refusals.Incomplete):
    """这一步没有这一栏，请对照接口文档。"""


@router.get(
    "/steps",
    response=list[shapes.VerbOut],
    operation_id="listSteps",
    summary="全部步骤",
    description="每一步由谁办理、从哪些状态到哪个状态、依据、要填什么。随办件而定的可选项见办件的 steps。",
)
def table(request: TongbanRequest) -> list[dict[str, Any]]:
    """Give the table of steps that people can take."""
    return [described(name) for name in verbs.VERBS]


def described(name: str) -> dict[str, Any]:
    """Give a step of the table as a `VerbOut`."""
    step, found = STEPS[name], verbs.VERBS[name]
    return {
        "name": name,
        "label": str(step.label),
        "article": step.article,
        "by": sorted(str(part) for part in step.by),
        "from_states": sorted(str(state) for state in step.from_),
        "to": str(step.to or ""),
        "makes_notice": found.shows_notice,
        "asks": [showing.ask(a, None) for a in found.asks],
    }


@router.post(
    "/cases/{number}/steps/{step}",
    response=shapes.StepDone,
    operation_id="takeStep",
    summary="办理一步",
    description=(
        "办理一步。请求内容是看到的 revision，加上这一步要填的各栏（见 GET /steps，或者办件的 steps）。"
        "收件和一次性告知同时出具文书；要先预览的，用“文书”一节的接口。"
    ),
)
@counts_once
def take(request: TongbanRequest, number: str, step: str, payload: bodies.StepIn) -> dict[str, Any]:
    """Take a step with what was filled in."""
    case_id, at, by = ids.id_of(number), requests.time_of(request), request.actor
    values = dict(payload.model_extra or {})
    found = verbs.verb(step)
    unknown = set(values) - {a.name for a in found.asks}
    if unknown:
        raise UnknownAsk(fields={name: UnknownAsk().message for name in sorted(unknown)})
    notice: Notice | None = None
    if found.shows_notice:
        case, notice = _with_form(step, case_id, values, revision=payload.revision, by=by, at=at)
    else:
        case = verbs.run(step, case_id, values=values, by=by, at=at, revision=payload.revision)
    answer = showing.after_step(case, now=at)
    return {**answer, "notice": showing.notice(notice) if notice else None}


@router.get(
    "/cases/{number}/forward-windows",
    response=list[shapes.ForwardOut],
    operation_id="findForwardWindows",
    summary="可以转送的窗口",
    description="寄错了窗口的办件可以转往哪里：按地名的一部分查联络清单内的窗口，至多 20 个（第十三条）。",
)
def forward_windows(
    request: TongbanRequest,
    number: str,
    q: str = Query("", max_length=60, description="地名的一部分；不填：没有结果", example="武侯"),
) -> list[dict[str, Any]]:
    """Find windows to which a case may be forwarded."""
    case = queries.get(ids.id_of(number), for_=request.actor)
    return [
        {"home_code": w.division_id, "place": w.division.full_name, "window": w.name}
        for w in (queries.windows_to_forward_to(case, words=q) if q.strip() else ())
    ]


def _with_form(
    step: str, case_id: int, values: dict[str, Any], *, revision: int, by: Actor, at: datetime.datetime
) -> tuple[Case, Notice]:
    """Take a step that ends with a form: prepare and issue it at once."""
    case = queries.get(case_id, for_=by)
    if case.revision != revision:
        raise rules.changed_meanwhile(case)
    asked = {a.name: verbs.read(a, values.get(a.name)) for a in verbs.verb(step).asks}
    notice = notices.prepare(
        case_id,
        kind=FORM_OF_STEP[step],
        days=asked.get("days"),
        beyond_reason=asked.get("beyond_reason") or "",
        by=by,
        at=at,
    )
    issued = notices.issue(notice.id, by=by, at=at)
    return queries.get(case_id, for_=by), issued
