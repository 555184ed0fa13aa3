"""Who may use which operation: every operation asks `web.kit.access` once its token is known."""

import functools
from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from ninja import NinjaAPI

from tongban.kernel import refusals
from tongban.web.api.auth import BEARER
from tongban.web.kit import access
from tongban.web.kit.requests import TongbanRequest


class NotOffered(refusals.NotFound):
    """接口里没有这个地址。请对照 /api/v1/docs 的接口文档。"""


def guard(api: NinjaAPI) -> None:
    """Let every operation look at its line before it reads or keeps anything; one without a line refuses all."""
    for _prefix, router in api._routers:
        for view in router.path_operations.values():
            for operation in view.operations:
                line = access.OPERATIONS.get(str(operation.operation_id))
                _decorate(operation, functools.partial(_guarded, line=line))


def _decorate(operation: Any, decorator: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Wrap an operation's run as the framework does itself, which it repeats for the copy that it mounts."""
    operation.run = decorator(operation.run)
    operation._run_decorators = [*getattr(operation, "_run_decorators", ()), decorator]


def _guarded(run: Callable[..., Any], *, line: access.Line | None) -> Callable[..., Any]:
    @functools.wraps(run)
    def wrapper(request: TongbanRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if line is None:
            raise NotOffered()
        if BEARER(request):  # without a token the operation itself answers that there is none
            access.require(line, request.actor)
        answer: HttpResponse = run(request, *args, **kwargs)
        return answer

    return wrapper
