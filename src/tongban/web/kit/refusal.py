"""The one place where a refusal becomes what people or programs get: a page, a fragment, or JSON."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
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
