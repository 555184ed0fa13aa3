"""The one place where a refusal becomes what people or programs get: a page, a fragment, or JSON."""

import sys
from collections.abc import Callable

from django.contrib import messages
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseServerError, JsonResponse
from django.shortcuts import render
from django.template import loader
from django.utils.translation import gettext as _

from tongban.kernel import refusals


class RefusalMiddleware:
    """Answers a view that raised a refusal. Forms that show refusals themselves catch them before."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, refusals.Refusal):
            return answer(request, exception)
        return None


def as_json(refusal: refusals.Refusal) -> dict[str, object]:
    """Give a refusal the way programs read it: code, sentence, and a sentence for each field."""
    return {"code": refusal.code, "message": refusal.message, "fields": refusal.fields}


def answer(request: HttpRequest, refusal: refusals.Refusal) -> HttpResponse:
    """Turn a refusal into JSON for programs, a fragment for HTMX, a page for everybody else."""
    if request.path.startswith("/api/"):
        return JsonResponse(
            as_json(refusal), status=refusal.status, json_dumps_params={"ensure_ascii": False}
        )
    if getattr(request, "htmx", False):
        response = render(request, "kit/refusal_fragment.html", {"refusal": refusal}, status=refusal.status)
        response["HX-Retarget"] = "#refusal"
        response["HX-Reswap"] = "innerHTML"
        return response
    return render(request, "kit/refusal.html", {"refusal": refusal}, status=refusal.status)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that a form came from an old page or another site, and what to do."""
    messages.error(request, _("页面已过期，请重新打开后再提交。"))
    return render(request, "kit/refusal.html", {"refusal": Stale()}, status=403)


class Stale(refusals.NotAllowed):
    """页面已过期或者来源不明，没有提交。请返回上一页刷新后再试，已保存的内容不会丢失。"""


class Away(refusals.Conflict):
    """系统暂时连不上数据库，刚才的操作可能没有完成。请过几秒钟原样再提交一次，不会重复办理。"""

    status = 503


AWAY = (OperationalError, InterfaceError)  # the database ended, restarts, or cannot be reached
COME_AGAIN = "2"  # seconds, in Retry-After


def away(request: HttpRequest) -> HttpResponse:
    """Say that the database is away for a moment, without asking it anything."""
    refusal = Away()
    if request.path.startswith("/api/"):
        response: HttpResponse = answer(request, refusal)
    else:
        response = HttpResponse(loader.get_template("500.html").render({"refusal": refusal}), status=503)
    response["Retry-After"] = COME_AGAIN
    return response


def failed(request: HttpRequest) -> HttpResponse:
    """Answer when something went wrong on our side: Django's handler of status 500."""
    if isinstance(sys.exc_info()[1], AWAY):
        return away(request)
    return HttpResponseServerError(loader.get_template("500.html").render())
