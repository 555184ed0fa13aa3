"""Apply online (`/apply/`): begin, answer one question a page, check, send; correct, take back, get the result (P22).

Everything is saved as it is answered, so that whoever began on one device goes on with another.
"""

import contextlib
import functools
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from tongban.cases import permissions, queries, rules
from tongban.cases.models import Case, Scan
from tongban.cases.operations import helping, online
from tongban.cases.states import WRITTEN_ONLINE, Mode, State
from tongban.catalogue import across
from tongban.catalogue import queries as catalogue
from tongban.catalogue.models import Procedure
from tongban.duties import queries as duties
from tongban.kernel import ids, refusals
from tongban.notices import online as papers
from tongban.notices import queries as notices
from tongban.notices.wording import Kind
from tongban.web.kit import applying, once, picking, requests
from tongban.web.portal import items, my_cases
from tongban.web.portal.my import actor_of, shown

DELIVERED = (State.DELIVERED, State.CLOSED)


class NotDelivered(refusals.OutOfTurn):
    """请先在申请页面按“下载并签收”，再打开电子文书。"""


class NotOnlineCase(refusals.NotFound):
    """没有找到这份在线申请。请从“我的空间”重新进入。"""


def _case(request: HttpRequest, number: str) -> Case:
    case = queries.get(ids.id_of(number), for_=actor_of(request))
    if case.mode != Mode.ONLINE:
        raise NotOnlineCase()
    return case


@once.once
def start(request: HttpRequest) -> HttpResponse:
    """Show what is needed to apply for a matter online at a place; by POST, begin a draft."""
    data = request.POST if request.method == "POST" else request.GET
    procedure = catalogue.procedure(data.get("procedure", ""))
    if request.method != "POST":
        return _start_page(request, procedure, data)
    try:
        case = _begin(request, procedure)
    except refusals.Refusal as refusal:
        return _start_page(request, procedure, data, refusal)
    return redirect("apply_question", case.number, applying.questions_of(case)[0].key)


def _begin(request: HttpRequest, procedure: Procedure) -> Case:
    home = picking.place(request.POST, "home", on=items.today_of(request))
    made = online.start(
        procedure_id=procedure.id,
        home_code=home.code,
        level=request.POST.get("level", ""),
        by=actor_of(request),
        at=requests.time_of(request),
    )
    return queries.get(made.id, for_=actor_of(request))


def _start_page(
    request: HttpRequest, procedure: Procedure, data: QueryDict, refusal: refusals.Refusal | None = None
) -> HttpResponse:
    on = items.today_of(request)
    home = picking.place(data, "home", on=on)
    found = None
    if home.code and not refusal:
        level = data.get("level", "")
        found = across.across(procedure, here=home.code, home=home.code, level=level, on=on)
    drafts = [c for c in queries.drafts_of(actor_of(request)) if c.procedure_id == procedure.id]
    values = {
        "procedure": procedure,
        "home": home,
        "level": data.get("level", ""),
        "found": found,
        "is_online": bool(found and found.can and Mode.ONLINE in found.modes),
        "drafts": drafts,
        "refusal": refusal,
    }
    return shown(request, "portal/apply/start.html", values, status=refusal.status if refusal else 200)


@require_safe
def page(request: HttpRequest, number: str) -> HttpResponse:
    """Show an application: the questions while it is written, else how it stands and what its applicant can do."""
    return _case_page(request, _case(request, number))


def _case_page(
    request: HttpRequest, case: Case, *, refusal: refusals.Refusal | None = None, code: str = ""
) -> HttpResponse:
    at = requests.time_of(request)
    turn = duties.open_of_case(case.id).filter(is_turn=True).first()
    is_written = case.state in WRITTEN_ONLINE
    rows = applying.questions_of(case) if is_written else []
    values: dict[str, Any] = {
        "case": case,
        "line": my_cases.line_of(case, turn, at=at),
        "is_written": is_written,
        "is_correction": case.state == State.HOME_CORRECTION,
        "questions": rows,
        "left": sum(not row.is_done for row in rows),
        "next": next((row for row in rows if not row.is_done), None),
        "receipt": notices.current_of(case.id),
        "result": notices.result_of(case.id) if case.state in DELIVERED else None,
        "may_download": case.state == State.DOWNLOADABLE,
        "may_take_back": permissions.may_step("take_back", case, by=actor_of(request)),
        "helps": queries.helps_of(case.id),
        "code": code,
        "code_minutes": int(helping.CODE_LASTS.total_seconds() // 60),
        "refusal": refusal,
    }
    return shown(request, "portal/apply/case.html", values, status=refusal.status if refusal else 200)


def _file_url(case: Case, scan: Scan) -> str:
    return reverse("apply_file", args=[case.number, scan.id])


def question(request: HttpRequest, number: str, key: str) -> HttpResponse:
    """Show one question, or save its answer and go on to the next."""
    case = _case(request, number)
    if case.state not in WRITTEN_ONLINE:
        return redirect("apply_case", case.number)
    if request.method != "POST":
        return _question(request, case, key)
    actor, at = actor_of(request), requests.time_of(request)
    applying.page_of(case, key, at=at, url=functools.partial(_file_url, case))
    try:
        stays = applying.answer(case, key, request.POST, request.FILES, by=actor, at=at)
    except refusals.Refusal as refusal:
        return _question(request, _case(request, number), key, refusal)
    if stays:
        return redirect("apply_question", case.number, key)
    return redirect(_onwards(_case(request, number), key, is_check="check" in request.GET))


def _onwards(case: Case, key: str, *, is_check: bool) -> str:
    """Give the page after a question; whoever came from the check goes back to it."""
    keys = [row.key for row in applying.questions_of(case)]
    index = keys.index(key) if key in keys else len(keys)
    if is_check or index + 1 >= len(keys):
        return reverse("apply_check", args=[case.number])
    return reverse("apply_question", args=[case.number, keys[index + 1]])


def _question(
    request: HttpRequest, case: Case, key: str, refusal: refusals.Refusal | None = None
) -> HttpResponse:
    drawn = applying.page_of(
        case,
        key,
        at=requests.time_of(request),
        url=functools.partial(_file_url, case),
        data=request.POST if request.method == "POST" else None,
        change=request.GET.get("change", ""),
        errors=refusal.fields if refusal else None,
    )
    values = {"case": case, "page": drawn, "refusal": refusal}
    status = refusal.status if refusal else 200
    return shown(request, "portal/apply/question.html", values, status=status)


@require_safe
def check(request: HttpRequest, number: str) -> HttpResponse:
    """Show everything that was answered, to be checked before it is sent."""
    case = _case(request, number)
    if case.state not in WRITTEN_ONLINE:
        return redirect("apply_case", case.number)
    return _check(request, case)


def _check(request: HttpRequest, case: Case, refusal: refusals.Refusal | None = None) -> HttpResponse:
    values = {
        "case": case,
        "questions": applying.questions_of(case),
        "is_correction": case.state == State.HOME_CORRECTION,
        "refusal": refusal,
    }
    status = refusal.status if refusal else 200
    return shown(request, "portal/apply/check.html", values, status=status)


@require_POST
@once.once
def send(request: HttpRequest, number: str) -> HttpResponse:
    """Send the application, or what a notice asked to be corrected, to the home window."""
    case, actor, at = _case(request, number), actor_of(request), requests.time_of(request)
    try:
        if case.state == State.HOME_CORRECTION:
            online.send_correction(case.id, by=actor, at=at)
            messages.success(request, _("补正已经提交。"))
        else:
            papers.submit(case.id, by=actor, at=at)
            messages.success(request, _("申请已经提交。"))
    except refusals.Incomplete as refusal:
        return _check(request, _case(request, number), refusal)
    return redirect("apply_case", case.number)


@require_POST
@once.once
def take_back(request: HttpRequest, number: str) -> HttpResponse:
    """Withdraw the application before it is decided."""
    case = _case(request, number)
    reason = request.POST.get("reason", "")
    online.take_back(case.id, reason=reason, by=actor_of(request), at=requests.time_of(request))
    messages.success(request, _("申请已经撤回。"))
    return redirect("apply_case", case.number)


@require_POST
def help_code(request: HttpRequest, number: str) -> HttpResponse:
    """Make a code that lets a window clerk help, shown this once."""
    case, at = _case(request, number), requests.time_of(request)
    try:
        code = helping.make_code(case.id, by=actor_of(request), at=at)
    except refusals.OutOfTurn as refusal:
        return _case_page(request, _case(request, number), refusal=refusal)
    return _case_page(request, case, code=code)


@require_POST
def end_help(request: HttpRequest, number: str) -> HttpResponse:
    """End the help of a clerk."""
    case, at = _case(request, number), requests.time_of(request)
    with contextlib.suppress(rules.NotHelped):  # the clerk ended it in this very moment: as was wished
        helping.end(case.id, by=actor_of(request), at=at)
    messages.success(request, _("协助已经结束。"))
    return redirect("apply_case", case.number)


@require_POST
@once.once
def download(request: HttpRequest, number: str) -> HttpResponse:
    """Sign for the electronic result by fetching it (送达回证)."""
    case = _case(request, number)
    if case.state not in DELIVERED:
        online.download(case.id, by=actor_of(request), at=requests.time_of(request))
    document = notices.result_of(case.id)
    if document is None:
        raise rules.NoElectronicResult()
    return redirect("apply_document", case.number, document.serial)


@require_GET
def document(request: HttpRequest, number: str, serial: str) -> HttpResponse:
    """Give a document of the application as PDF: its receipt, and the result once it was signed for."""
    case = _case(request, number)
    found = notices.get(ids.id_of(serial), for_=actor_of(request))
    if found.case_id != case.id or found.issued_at is None:
        raise NotOnlineCase()
    if found.kind == Kind.RESULT and case.state not in DELIVERED:
        raise NotDelivered()
    response = HttpResponse(notices.content(found), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{found.serial}.pdf"'
    patch_cache_control(response, private=True, no_store=True)
    return response


@require_safe
def file(request: HttpRequest, number: str, scan_id: int) -> HttpResponse:
    """Give a file that the applicant has uploaded."""
    case, at = _case(request, number), requests.time_of(request)
    return applying.file_of(case, scan_id, by=actor_of(request), at=at, is_own=True)


urlpatterns = [
    path("apply/", start, name="apply"),
    path("apply/<str:number>/", page, name="apply_case"),
    path("apply/<str:number>/questions/<str:key>/", question, name="apply_question"),
    path("apply/<str:number>/check/", check, name="apply_check"),
    path("apply/<str:number>/send/", send, name="apply_send"),
    path("apply/<str:number>/take-back/", take_back, name="apply_take_back"),
    path("apply/<str:number>/help/", help_code, name="apply_help"),
    path("apply/<str:number>/help/end/", end_help, name="apply_help_end"),
    path("apply/<str:number>/download/", download, name="apply_download"),
    path("apply/<str:number>/documents/<str:serial>.pdf", document, name="apply_document"),
    path("apply/<str:number>/files/<int:scan_id>/", file, name="apply_file"),
]
