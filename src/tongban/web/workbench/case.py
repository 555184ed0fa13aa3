"""The case page (`/desk/cases/<number>/`) and every step on it; hidden numbers shown for a purpose; notices."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tongban.cases import permissions, queries
from tongban.cases.models import Case
from tongban.cases.operations import intake
from tongban.cases.states import DUTIES, PART_NAMES, STATES, STEPS, Part, State
from tongban.duties import queries as duties
from tongban.journal import operations as journal
from tongban.kernel import ids, numbers, refusals
from tongban.notices import own
from tongban.notices import queries as notices
from tongban.people.actors import Actor
from tongban.web.kit import once, reading, requests, verbs
from tongban.web.kit.requests import TongbanRequest
from tongban.web.kit.templatetags import kit
from tongban.web.workbench import case_forms, case_page
from tongban.web.workbench.case_forms import Typed

OTHER_PURPOSE = "other"
PURPOSES = {
    "verify": gettext_lazy("核对申请人身份"),
    "compare": gettext_lazy("与纸质材料核对"),
    "enter": gettext_lazy("录入本地业务系统"),
    "contact": gettext_lazy("联系申请人"),
    OTHER_PURPOSE: gettext_lazy("其他（请写明）"),
}


class NotYourCase(refusals.NotAllowed):
    """只有办理本件的人员可以查看完整号码。"""


class NoFile(refusals.Incomplete):
    """请先选择要上传的照片或者 PDF 文件。"""


class NoPurpose(refusals.Incomplete):
    """请选择查看目的；选择“其他”的，请写明。"""


class NothingHidden(refusals.NotFound):
    """本件没有这一项内容。请刷新后再试。"""


def _actor(request: HttpRequest) -> Actor:
    return cast(TongbanRequest, request).actor


@require_safe
def page(request: HttpRequest, number: str) -> HttpResponse:
    """Show a case to anybody who may see it."""
    case = queries.get(ids.id_of(number), for_=_actor(request))
    return _page(request, case)


def _page(
    request: HttpRequest,
    case: Case,
    *,
    typed: Typed | None = None,
    refusal: refusals.Refusal | None = None,
) -> HttpResponse:
    shown = case_page.read(case, _actor(request), at=requests.time_of(request), typed=typed)
    shown |= {"purposes": PURPOSES.items(), "refusal": refusal}
    refused = typed.refusal if typed else refusal
    response = render(request, "workbench/case/page.html", shown, status=refused.status if refused else 200)
    patch_cache_control(response, private=True, no_store=True)
    return response


@require_POST
@once.once
def take_step(request: HttpRequest, number: str, step: str) -> HttpResponse:
    """Take a step; when it is refused, show the page again with that form open and everything typed in it."""
    verbs.verb(step)
    case_id, actor, at = ids.id_of(number), _actor(request), requests.time_of(request)
    try:
        values = case_forms.read(step, queries.get(case_id, for_=actor), request.POST)
        case = verbs.run(step, case_id, values=values, by=actor, at=at, revision=_revision(request.POST))
    except refusals.Refusal as refusal:
        return _again(request, case_id, Typed(step, request.POST, refusal))
    messages.success(request, _what_follows(step, case))
    return redirect(_where_next(case, actor))


def _again(request: HttpRequest, case_id: int, typed: Typed) -> HttpResponse:
    """Show the case as it is now with what was typed; where it is out of sight, at least what was typed."""
    try:
        case = queries.get(case_id, for_=_actor(request))
    except refusals.NotFound as gone:
        return _out_of_sight(request, typed.step, gone)
    return _page(request, case, typed=typed)


def _revision(data: QueryDict) -> int:
    """Give the revision that the form was drawn from; one that is not there fits no case."""
    return numbers.whole(data.get("revision", ""), most=999_999_999) or 0


def _out_of_sight(request: HttpRequest, step: str, refusal: refusals.Refusal) -> HttpResponse:
    """Tell that the case has left the person's hands meanwhile, and give back what was typed."""
    skipped = {"csrfmiddlewaretoken", "revision", requests.KEY_FIELD, "sheet", "advice_keys", "keys"}
    texts = [
        v for k, values in request.POST.lists() if k not in skipped for v in values if len(v.strip()) > 3
    ]
    shown = {"refusal": refusal, "step": STEPS[step].label, "texts": texts}
    return render(request, "workbench/case/out_of_sight.html", shown, status=refusal.status)


def _what_follows(step: str, case: Case) -> str:
    """Say what was done, what comes next, whose turn that is, and by when."""
    done = _("已办理“{step}”。").format(step=STEPS[step].label)
    turn = STATES[State(case.state)].turn
    duty = duties.open_of_case(case.id).filter(is_turn=True).first()
    if turn is None or duty is None:
        return done + str(STATES[State(case.state)].sentence)
    holder = queries.holder_name(case) or PART_NAMES[turn]
    following = _("下一步由{holder}办理“{duty}”").format(holder=holder, duty=DUTIES[duty.kind].label)
    by_when = _("，{due}前").format(due=kit.moment(duty.due_at)) if duty.due_at else ""
    return f"{done}{following}{by_when}。"


def _where_next(case: Case, actor: Actor) -> str:
    """Go on with the papers, back to the case, or to Today when the case has left the person's sight."""
    if not queries.visible_to(actor).filter(id=case.id).exists():
        return reverse("today")
    if case.state in (State.DRAFTING, State.RETURNED) and Part.RECEIVING in permissions.parts_of(actor, case):
        return reverse("receive", args=[case.number])
    return reverse("case", args=[case.number])


@require_POST
@once.once
def add_scans(request: HttpRequest, number: str, key: str) -> HttpResponse:
    """Take in scans of a paper that was received, before it is sent on; the case page tells what became of them."""
    case, actor = queries.get(ids.id_of(number), for_=_actor(request)), _actor(request)
    files = request.FILES.getlist("files")
    try:
        for file in files:
            intake.add_scan(
                case.id,
                key=key,
                data=file.read(),
                name=file.name or "",
                by=actor,
                at=requests.time_of(request),
            )
        if not files:
            raise NoFile(fields={"files": NoFile().message})
    except refusals.Refusal as refusal:
        return _page(request, queries.get(case.id, for_=actor), refusal=refusal)
    messages.success(request, _("已上传 {n} 个文件。").format(n=len(files)))
    return redirect(reverse("case", args=[case.number]) + "#papers-title")


@require_safe
def windows(request: HttpRequest, number: str) -> HttpResponse:
    """Find windows to which a case may be forwarded, by a part of their place's name."""
    case = queries.get(ids.id_of(number), for_=_actor(request))
    words = request.GET.get("home_code_words", "").strip()
    found = queries.windows_to_forward_to(case, words=words) if words else []
    choices = [(w.division_id, f"{w.division.full_name} · {w.name}") for w in found]
    return render(
        request, "workbench/case/_windows.html", {"choices": choices, "words": words, "name": "home_code"}
    )


@require_POST
def look(request: HttpRequest, number: str) -> HttpResponse:
    """Show a hidden number in full, once, after recording who looked and what for (P26(4))."""
    case, actor = queries.get(ids.id_of(number), for_=_actor(request)), _actor(request)
    if not case_page.may_reveal(case, actor):
        raise NotYourCase()
    purpose = _purpose(request.POST)
    what = request.POST.get("what", "")
    text = case_page.secret_of(case, what)
    if text is None:
        raise NothingHidden()
    _record(request, case, what=what[:40], purpose=purpose)
    template = (
        "workbench/case/_revealed.html" if getattr(request, "htmx", False) else "workbench/case/revealed.html"
    )
    response = render(request, template, {"case": case, "text": text, "purpose": purpose})
    patch_cache_control(response, private=True, no_store=True)
    return response


def _purpose(data: QueryDict) -> str:
    chosen, words = data.get("purpose", ""), data.get("purpose_words", "").strip()
    if chosen not in PURPOSES or (chosen == OTHER_PURPOSE and not words):
        raise NoPurpose(fields={"purpose": NoPurpose().message})
    return "：".join(filter(None, (str(PURPOSES[chosen]) if chosen != OTHER_PURPOSE else "", words)))[:200]


def _record(
    request: HttpRequest, case: Case, *, what: str, purpose: str, about_id: int | None = None
) -> None:
    actor = _actor(request)
    journal.look(
        case.id,
        what=what,
        about_id=about_id,
        purpose=purpose,
        at=requests.time_of(request),
        person_id=actor.id or 0,
        person=actor.name,
        place=actor.place,
    )


@require_safe
def notice(request: HttpRequest, number: str, serial: str) -> HttpResponse:
    """Give a form of a case as PDF, to be shown in the browser; the look is recorded, for it names a phone number."""
    form = notices.get(ids.id_of(serial), for_=_actor(request))
    if form.case_id != ids.id_of(number):
        raise NothingHidden()
    content = notices.content(form)
    if request.method == "GET":
        with reading.recording_a_look():
            purpose = _("查看{kind}").format(kind=form.get_kind_display())
            _record(request, form.case, what="notice", purpose=purpose, about_id=form.id)
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{form.serial}.pdf"'
    patch_cache_control(response, private=True, no_store=True)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@once.once
def result_file(request: HttpRequest, number: str) -> HttpResponse:
    """Show the office's own result as it was cleaned; POST brings one, or takes it off."""
    case, actor, at = (
        queries.get(ids.id_of(number), for_=_actor(request)),
        _actor(request),
        requests.time_of(request),
    )
    if request.method != "POST":
        content = own.content(own.shown(case.id, by=actor))
        response = HttpResponse(content, content_type="application/pdf")
        response["Content-Disposition"] = "inline"
        patch_cache_control(response, private=True, no_store=True)
        return response
    file = request.FILES.get("file")
    try:
        if request.POST.get("do") == "remove":
            own.remove(case.id, by=actor, at=at)
        elif file is None:
            raise NoFile(fields={"file": NoFile().message})
        else:
            own.bring(case.id, data=file.read(), name=file.name or "", by=actor, at=at)
    except refusals.Refusal as refusal:
        return _page(request, queries.get(case.id, for_=actor), refusal=refusal)
    messages.success(
        request, _("电子结果已移除。") if file is None else _("电子结果已上传，准予时签名生效。")
    )
    return redirect(reverse("case", args=[case.number]) + "#own-result")


@require_safe
def incoming(request: HttpRequest) -> HttpResponse:
    """List what is on its way to the person's windows, and what has arrived and waits for acceptance."""
    at = requests.time_of(request)
    rows = queries.incoming(_actor(request))
    transfers = queries.last_transfers_of([case.id for _duty, case in rows])
    lines: list[dict[str, Any]] = [
        {
            "duty": duty,
            "case": case,
            "what": DUTIES[duty.kind].label,
            "transfer": transfers.get(case.id),
            "lateness": kit.lateness(duty.due_at, duty.amber_at, at),
        }
        for duty, case in rows
    ]
    groups = [
        {"title": _("待核对"), "lines": [x for x in lines if x["duty"].kind != "decide_acceptance"]},
        {"title": _("已到达，待受理"), "lines": [x for x in lines if x["duty"].kind == "decide_acceptance"]},
    ]
    return render(request, "workbench/case/incoming.html", {"groups": groups, "count": len(lines)})


urlpatterns = [
    path("incoming/", incoming, name="incoming"),
    path("cases/<str:number>/", page, name="case"),
    path("cases/<str:number>/steps/<str:step>/", take_step, name="case_step"),
    path("cases/<str:number>/windows/", windows, name="case_windows"),
    path("cases/<str:number>/materials/<str:key>/scans/", add_scans, name="case_scan"),
    path("cases/<str:number>/result-file/", result_file, name="case_result_file"),
    path("cases/<str:number>/looks/", look, name="case_look"),
    path("cases/<str:number>/notices/<str:serial>.pdf", notice, name="case_notice"),
]
