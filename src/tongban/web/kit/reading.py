"""GET may only read: the database refuses every write while a GET is answered.

Three writes are part of reading and are let through by name: the session's own row; what is put on record
about the reading itself: that somebody looked at protected data (P26(4)) or was turned away (S2), which must
not depend on people pressing a button; and the sign-in of somebody who comes back from the national identity
service, which sends browsers by GET.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse

_WRITES = re.compile(r"^\s*(?:WITH\b.*?\b)?(INSERT|UPDATE|DELETE|TRUNCATE)\b", re.IGNORECASE | re.DOTALL)
_SESSION = re.compile(r'"people_session"')
_lifted: ContextVar[bool] = ContextVar("lifted", default=False)


class WriteOnGet(RuntimeError):
    """A view wrote to the database while answering a GET."""


class ReadOnlyGetMiddleware:
    """Refuses writes through Django while a GET or HEAD is answered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return self.get_response(request)
        with connection.execute_wrapper(_refuse_writes):
            return self.get_response(request)


def _refuse_writes(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    if _WRITES.match(sql) and not _lifted.get() and not _SESSION.search(sql):
        raise WriteOnGet(sql[:80])
    return execute(sql, params, many, context)


@contextmanager
def recording_a_look() -> Iterator[None]:
    """Let the record of a look be written while a GET is answered."""
    token = _lifted.set(True)
    try:
        yield
    finally:
        _lifted.reset(token)


recording_an_event = recording_a_look
letting_in = recording_a_look
