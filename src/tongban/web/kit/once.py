"""A write sent twice counts once: the second gets the first one's answer, pages and API alike.

The answer is kept in the same transaction as the write. Two at the same moment: one waits for the other, at
the row that both want or at the unique key, rolls back what it did, and gives the other's answer. Refusals
are not kept: nothing was written, so the same key may try again. What failed by chance (two new ids that met,
two transactions that waited for each other) was rolled back whole and is tried once more.
"""

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, cast

from django.core.exceptions import RequestDataTooBig
from django.db import IntegrityError, OperationalError, transaction
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError

from tongban.kernel import crypto, refusals, trip
from tongban.people import operations as people
from tongban.people import queries
from tongban.people.models import Submission
from tongban.web.kit import readable, requests
from tongban.web.kit import refusal as refusal_page

_READS = ("GET", "HEAD", "OPTIONS")
_KEPT_HEADERS = ("Location", "HX-Redirect", "HX-Location", "HX-Trigger", "Content-Type")
_BY_CHANCE = ("40P01", "40001")  # deadlock, serialization failure
REPLAY_HEADER = "Idempotent-Replay"
KEY_LENGTH = 80


class KeyReused(refusals.Conflict):
    """这个幂等键已经用于另一个不同的请求。请为每个新的请求换一个键。"""


class KeyMissing(refusals.Incomplete):
    """写操作需要 Idempotency-Key 请求头：每个新的请求一个新值，重发时用原值。"""


class KeyTooLong(refusals.Incomplete):
    """Idempotency-Key 最多 {limit} 个字符。"""


def once(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Make a view's writes count once for each idempotency key of a person; a view without key runs as it is.

    A view that shows a form again because something was wrong answers with 422 or another status from 400 up:
    anything below counts as done, is kept, and is what a repeat gets.
    """

    @functools.wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method in _READS or not requests.idempotency_key(request) or not request.user.pk:
            return view(request, *args, **kwargs)
        return _counted(view, request, *args, **kwargs)

    return wrapper


def once_with_key(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Make a view's writes count once, and refuse a write without a key: for programs.

    What a program is refused undoes the whole request; pages show their form again, and read on for it.

    Raises:
        KeyMissing, KeyTooLong: the key is not there, or is not one.
    """

    @functools.wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        key = request.headers.get(requests.KEY_HEADER, "").strip()
        if not key:
            raise KeyMissing(fields={requests.KEY_HEADER: KeyMissing().message})
        if len(key) > KEY_LENGTH:
            raise KeyTooLong(limit=KEY_LENGTH)
        return _counted(view, request, *args, within=trip.all_or_nothing, **kwargs)

    return wrapper


def _counted(
    view: Callable[..., HttpResponse],
    request: HttpRequest,
    *args: Any,
    within: Callable[[], AbstractContextManager[None]] = transaction.atomic,
    **kwargs: Any,
) -> HttpResponse:
    key, digest = requests.idempotency_key(request), digest_of(request)
    person_id = cast(int, request.user.pk)
    known = requests.answer_given(request)
    if known:
        return replay(known, digest)
    run = functools.partial(_run, view, request, *args, **kwargs)
    once_written = functools.partial(_once_written, run, request, key, digest, within)
    try:
        return once_written()
    except _NotKept as refused:
        # Perhaps only because the same write was done while this one waited for the row.
        known = queries.answer_to(person_id, key)
        return replay(known, digest) if known else refused.response
    except IntegrityError:
        known = queries.answer_to(person_id, key)
        if known:
            return replay(known, digest)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) not in _BY_CHANCE:
            raise
    _rewind(request)
    try:
        return once_written()
    except _NotKept as refused:
        return refused.response


def _once_written(
    run: Callable[[], HttpResponse],
    request: HttpRequest,
    key: str,
    digest: bytes,
    within: Callable[[], AbstractContextManager[None]],
) -> HttpResponse:
    with within():
        response = run()
        if response.status_code >= 400:
            raise _NotKept(response)
        keep(request, key, digest, response)
    return response


def _rewind(request: HttpRequest) -> None:
    for _name, files in request.FILES.lists():
        for file in files:
            file.seek(0)


class _NotKept(Exception):
    """Carries a refusal out of the transaction, which is rolled back."""

    def __init__(self, response: HttpResponse) -> None:
        self.response = response


def _run(view: Callable[..., HttpResponse], request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    try:
        return view(request, *args, **kwargs)
    except refusals.Refusal as refused:
        return refusal_page.answer(request, refused)


def digest_of(request: HttpRequest) -> bytes:
    """Give the SM3 digest of where a request goes and what it says.

    Raises:
        readable.TooMuch, readable.Garbled: it cannot be read.
    """
    try:
        return crypto.sm3(f"{request.method} {request.get_full_path()}\n".encode() + _said_by(request))
    except RequestDataTooBig:
        raise readable.TooMuch() from None
    except (MultiPartParserError, UnreadablePostError):
        raise readable.Garbled() from None


def _said_by(request: HttpRequest) -> bytes:
    if request.content_type != "multipart/form-data" and not request.POST:
        return request.body
    own = ("csrfmiddlewaretoken", requests.KEY_FIELD)
    said = repr(sorted((k, v) for k, v in request.POST.lists() if k not in own)).encode()
    for name, files in sorted(request.FILES.lists()):
        for file in files:
            said += f"\n{name} {file.name} ".encode() + crypto.sm3(file.read())
            file.seek(0)
    return said


def keep(request: HttpRequest, key: str, digest: bytes, response: HttpResponse) -> None:
    """Keep an answer for repeats of the same write, in the transaction that is open."""
    people.keep_answer(
        request.user.pk or 0,
        key=key,
        request_digest=digest,
        status=response.status_code,
        headers={name: response[name] for name in _KEPT_HEADERS if name in response},
        body=response.content.decode(),
        at=requests.time_of(request),
    )


def replay(known: Submission, digest: bytes) -> HttpResponse:
    """Give the kept answer again.

    Raises:
        KeyReused: the key was used for another request.
    """
    if bytes(known.request_digest) != digest:
        raise KeyReused()
    response = HttpResponse(known.body, status=known.status)
    for name, value in known.headers.items():
        response[name] = value
    response[REPLAY_HEADER] = "true"
    return response
