"""A request is read before any view sees it: what cannot be read is refused with a sentence, and NUL is dropped.

PostgreSQL holds every character but NUL, and no one types it: it comes from broken programs and from attacks.
The API reads its own bodies and refuses by itself.
"""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, QueryDict, UnreadablePostError
from django.http.multipartparser import MultiPartParserError

from tongban.kernel import refusals
from tongban.web.kit import refusal as refusal_page

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_NUL = "\x00"


class TooMuch(refusals.Incomplete):
    """提交的内容太大，没有保存。请分次提交；单个文件最大 20 MB。"""


class Garbled(refusals.Incomplete):
    """提交的内容在传输中残缺，没有保存。请重新提交。"""


class UnreadableAddress(refusals.NotFound):
    """这个网址不完整或者有错。请从首页或列表中重新进入。"""


class ReadableMiddleware:
    """Refuses an unreadable request, and cleans what it asks and says of NUL."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _NUL in request.path_info:
            return refusal_page.answer(request, UnreadableAddress())
        request.GET = _clean(request.GET)  # type: ignore[assignment]  # a property that may be set
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Read a form now, once, so that a refusal looks the same wherever the form goes."""
        if request.content_type not in _FORMS or getattr(view, "csrf_exempt", False):
            return None
        try:
            posted = request.POST
        except (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent):
            return refusal_page.answer(request, TooMuch())
        except (MultiPartParserError, UnreadablePostError, UnicodeError):
            return refusal_page.answer(request, Garbled())
        request.POST = _clean(posted)  # type: ignore[assignment]
        return None


def _clean(said: QueryDict) -> QueryDict:
    if not any(_NUL in text for name, texts in said.lists() for text in (name, *texts)):
        return said
    cleaned = QueryDict(mutable=True, encoding=said.encoding)
    for name, texts in said.lists():
        cleaned.setlist(name.replace(_NUL, ""), [text.replace(_NUL, "") for text in texts])
    cleaned._mutable = False
    return cleaned
