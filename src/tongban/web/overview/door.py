"""Who comes in by this door: people of authorities and of the coordination group."""

import functools
from collections.abc import Callable
from typing import Any, cast

from django.http import HttpRequest, HttpResponse

from tongban.people.actors import Actor
from tongban.web.kit import access
from tongban.web.kit.requests import TongbanRequest


def open_to_authorities(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let in managers of authorities and people of the coordination group only.

    Raises:
        access.OnlyOverseers: to anybody else who is signed in.
    """

    @functools.wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not actor_of(request).oversees:
            raise access.OnlyOverseers
        return view(request, *args, **kwargs)

    return wrapper


def actor_of(request: HttpRequest) -> Actor:
    """Give who acts."""
    return cast(TongbanRequest, request).actor
