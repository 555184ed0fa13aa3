"""Help an applicant to apply online (`/desk/help/`): by the code that they show, question by question (P22, C8).

The clerk types and uploads; only the applicant sends. Everything stands on record and is shown to the applicant.
"""

import functools
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tongban.cases import queries
from tongban.cases.models import Case, Scan
from tongban.cases.operations import helping
from tongban.kernel import refusals
from tongban.people import limits
from tongban.people.actors import Actor
from tongban.web.kit import applying, requests
from tongban.web.kit.requests import TongbanRequest


def _actor(request: HttpRequest) -> Actor:
    return cast(TongbanRequest, request).actor


def _shown(request: HttpRequest, template: str, values: dict[str, object], status: int = 200) -> HttpResponse:
    response = render(request, template, values, status=status)
    patch_cache_control(response, private=True, no_store=True)
    return response


def _case(request: HttpRequest, number: str) -> Case:
    return applying.helped(number, by=_actor(request))


def page(request: HttpRequest) -> HttpResponse:
    """Show the drafts that the clerk helps with, and take the code of another one."""
    actor, at = _actor(request), requests.time_of(request)
    refusal: refusals.Refusal | None = None
    if request.method == "POST":
        limits.spend(applying.CODE_TRIES, str(actor.id), at=requests.machine_time())
        code, purpose = request.POST.get("code", ""), request.POST.get("purpose", "")
        try:
            case = helping.begin(code, purpose=purpose, by=actor, at=at)
        except refusals.Refusal as refused:
            refusal = refused
        else:
            return redirect("help_case", case.number)
    values: dict[str, Any] = {"cases": queries.helped_by(actor), "refusal": refusal, "typed": request.POST}
    return _shown(request, "workbench/help/list.html", values, refusal.status if refusal else 200)


@require_safe
def case_page(request: HttpRequest, number: str) -> HttpResponse:
    """Show the questions of a draft."""
    case = _case(request, number)
    return _shown(
        request, "workbench/help/case.html", {"case": case, "questions": applying.questions_of(case)}
    )


def _file_url(case: Case, scan: Scan) -> str:
    return reverse("help_file", args=[case.number, scan.id])


def question(request: HttpRequest, number: str, key: str) -> HttpResponse:
    """Show one question of a draft, or save its answer and go on to the next."""
    case, at = _case(request, number), requests.time_of(request)
    if request.method != "POST":
        return _question(request, case, key)
    applying.page_of(case, key, at=at, url=functools.partial(_file_url, case))
    try:
        stays = applying.answer(case, key, request.POST, request.FILES, by=_actor(request), at=at)
    except refusals.Refusal as refusal:
        return _question(request, _case(request, number), key, refusal)
    if stays:
        return redirect("help_question", case.number, key)
    keys = [row.key for row in applying.questions_of(_case(request, number))]
    after = keys[keys.index(key) + 1 :] if key in keys else []
    return redirect("help_question", case.number, after[0]) if after else redirect("help_case", case.number)


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
    return _shown(request, "workbench/help/question.html", values, refusal.status if refusal else 200)


@require_safe
def file(request: HttpRequest, number: str, scan_id: int) -> HttpResponse:
    """Give a file of a draft; the look is recorded."""
    case, at = _case(request, number), requests.time_of(request)
    return applying.file_of(case, scan_id, by=_actor(request), at=at, is_own=False)


@require_POST
def end(request: HttpRequest, number: str) -> HttpResponse:
    """End the help: the draft is its applicant's alone again."""
    helping.end(_case(request, number).id, by=_actor(request), at=requests.time_of(request))
    messages.success(request, _("协助已经结束。请提醒申请人自己检查并提交。"))
    return redirect("help")


urlpatterns = [
    path("help/", page, name="help"),
    path("help/<str:number>/", case_page, name="help_case"),
    path("help/<str:number>/questions/<str:key>/", question, name="help_question"),
    path("help/<str:number>/files/<int:scan_id>/", file, name="help_file"),
    path("help/<str:number>/end/", end, name="help_end"),
]
