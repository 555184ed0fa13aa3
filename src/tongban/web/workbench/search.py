"""Search (`/desk/search/`): by number, by name, and by identity number, which never stands in an address."""

from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tongban.cases import queries, search
from tongban.cases.models import Case
from tongban.cases.states import FINAL, State
from tongban.kernel import ids, numbers
from tongban.people.actors import Actor
from tongban.web.kit.requests import TongbanRequest

_LONGEST = 60


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Show what was found. The form is posted: what may stand in an address goes on as a GET."""
    words = (request.POST if request.method == "POST" else request.GET).get("q", "").strip()[:_LONGEST]
    secret = search.looks_like_identity(words)
    if request.method == "POST" and not secret:
        return HttpResponseRedirect(reverse("search") + (f"?{urlencode({'q': words})}" if words else ""))
    if secret and request.method != "POST":
        messages.warning(request, _("证件号码不能写在网址里。请在下面的框中输入后查询。"))
        return HttpResponseRedirect(reverse("search"))
    return _results(request, words, secret=secret)


def _results(request: HttpRequest, words: str, *, secret: bool) -> HttpResponse:
    actor = cast(TongbanRequest, request).actor
    after = None if secret else _after(request.GET.get("after", ""))
    found = search.find(actor, words, after=after)
    is_full = len(found) == queries.PAGE
    shown: dict[str, Any] = {
        "words": "" if secret else words,
        "said": numbers.mask_identity(search.plain(words)) if secret else words,
        "is_secret": secret,
        "lines": [_line(case, actor) for case in found],
        "hint": "" if found else _hint(words, secret=secret),
        "is_later_page": after is not None,
    }
    if is_full and not secret:
        shown["next"] = "?" + urlencode({"q": words, "after": ids.number_of(found[-1].id)})
    shown["is_cut"] = is_full and secret
    return _render(request, shown)


def _render(request: HttpRequest, shown: dict[str, Any]) -> HttpResponse:
    response = render(request, "workbench/search.html", shown)
    patch_cache_control(response, private=True, no_store=True)
    return response


def _line(case: Case, actor: Actor) -> dict[str, Any]:
    return {
        "case": case,
        "state": State(case.state).label,
        "progress": queries.progress_of(case),
        "is_over": case.state in FINAL,
        "is_from_here": case.receiving_window_id in actor.window_ids,
        "is_to_here": case.home_window_id in actor.window_ids,
    }


def _after(number: str) -> int | None:
    """Give the case after which the page goes on; a number that is none begins at the first page."""
    try:
        return ids.id_of(number) if number else None
    except ids.BadNumber:
        return None


def _hint(words: str, *, secret: bool) -> str:
    """Say what may be wrong when nothing was found."""
    if secret:
        return _("没有这个证件号码的办件。请逐位核对；其他窗口的办件不在您的查询范围内。")
    if len(search.plain(words)) == ids.LENGTH + 1 and search.plain(words).isascii():
        try:
            ids.id_of(words)
        except ids.BadNumber as wrong:
            return wrong.message
        return _("没有这个编号的办件，或者它不属于您的窗口。")
    if words:
        return _("没有以“{words}”开头的申请人名称。可以换业务编号或者证件号码查询。").format(words=words)
    return _("您的窗口还没有办件。")
