"""Each write counts once: what every POST, PATCH, PUT and DELETE of the API is wrapped in."""

import functools
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja.decorators import decorate_view

from tongban.web.api.auth import BEARER
from tongban.web.kit import once

KEY_PARAMETER = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "schema": {"type": "string", "maxLength": once.KEY_LENGTH},
    "description": "每个新的请求一个新值（例如 UUID），重发同一请求时用原值。",
    "example": "5f0c1f2e-8f6a-4a53-9a8e-0d6b5f2f8a11",
}


def _after_token(run: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    counted = once.once_with_key(run)

    @functools.wraps(run)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # Without a token the operation itself answers that there is none.
        return (counted if BEARER(request) else run)(request, *args, **kwargs)

    return wrapper


def counts_once(view: Callable[..., Any]) -> Callable[..., Any]:
    """Make an operation's effect happen once for each Idempotency-Key, and refuse it without one."""
    decorated: Callable[..., Any] = decorate_view(_after_token)(view)
    return decorated


def counts_once_after(
    before: Callable[[HttpRequest], None],
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Do the same, and first what must last even when the write is refused and rolled back: counting a try."""

    def wrap(run: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @functools.wraps(run)
        def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if BEARER(request):
                before(request)
            return run(request, *args, **kwargs)

        return wrapper

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        decorated: Callable[..., Any] = decorate_view(_after_token, wrap)(view)  # the last is the outermost
        return decorated

    return decorate
