"""How the API says no: always JSON with a code, a sentence, and a sentence for each field."""

import functools
import logging
from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from tongban.kernel import refusals
from tongban.web.kit import refusal as refusal_page

_log = logging.getLogger(__name__)


class NoToken(refusals.NotAllowed):
    """请在 Authorization 请求头中提供有效的令牌：Bearer 加空格加令牌。令牌可能已过期或撤销，请重新签发。"""

    status = 401


class UnknownPath(refusals.NotFound):
    """接口里没有这个地址。请对照 /api/v1/docs 的接口文档。"""


class WrongMethod(refusals.Refusal):
    """这个地址不支持 {method} 方法，可以用 {allowed}。"""

    status = 405


class Unreadable(refusals.Refusal):
    """请求内容读不出来，请按接口文档发送 UTF-8 编码的 JSON，文件用 multipart/form-data。"""


class Invalid(refusals.Incomplete):
    """请求内容与接口文档不符，请按各栏的提示修改。"""


class UnknownParameter(Invalid):
    """地址里有接口没有的参数，没有按它查找或办理。请对照接口文档。"""


class Failed(refusals.Refusal):
    """系统出错，没有办成。请稍后用同一个 Idempotency-Key 重试；仍不成功的，请告知系统管理员。"""

    status = 500


def register(api: NinjaAPI) -> None:
    """Give every kind of failure inside an operation its answer."""
    api.add_exception_handler(refusals.Refusal, _refused)
    api.add_exception_handler(AuthenticationError, _no_token)
    api.add_exception_handler(ValidationError, _invalid)
    api.add_exception_handler(HttpError, _unreadable)


def refuse_unknown_parameters(api: NinjaAPI) -> None:
    """Let every operation refuse a query parameter that it does not have: a mistyped filter must not show all."""
    for _prefix, router in api._routers:
        for view in router.path_operations.values():
            for operation in view.operations:
                operation.view_func = _minding_parameters(operation.view_func, known=_parameters(operation))


def _parameters(operation: Any) -> set[str]:
    models = [m for m in operation.models if m.__ninja_param_source__ == "query"]
    return {name for model in models for name in model.__ninja_flatten_map__}


def _minding_parameters(run: Callable[..., Any], *, known: set[str]) -> Callable[..., Any]:
    @functools.wraps(run)
    def wrapper(request: HttpRequest, **values: Any) -> Any:
        unknown = sorted(set(request.GET) - known)
        if unknown:
            raise UnknownParameter(fields={name: _("没有这一栏，请对照接口文档") for name in unknown})
        return run(request, **values)

    return wrapper


def as_json(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Make a view public to the sign-in middleware, and its every refusal JSON; tokens are checked inside."""

    @functools.wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except refusals.Refusal as refused:
            return refusal_page.answer(request, refused)
        except (SuspiciousOperation, MultiPartParserError, UnicodeDecodeError, UnreadablePostError):
            return refusal_page.answer(request, Unreadable())
        except refusal_page.AWAY:
            _log.warning("The database was away at %s %s", request.method, request.path, exc_info=True)
            return refusal_page.away(request)
        except Exception:
            _log.exception("the API failed")
            return refusal_page.answer(request, Failed())
        if isinstance(response, HttpResponseNotAllowed):
            allowed = response["Allow"]
            response = refusal_page.answer(request, WrongMethod(method=request.method, allowed=allowed))
            response["Allow"] = allowed
        response.setdefault("Cache-Control", "private, no-store")
        return response

    wrapper.login_required = False  # type: ignore[attr-defined]
    wrapper.csrf_exempt = True  # type: ignore[attr-defined]
    return wrapper


@as_json
def unknown(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    """Answer for every address that is not there."""
    raise UnknownPath()


def _refused(request: HttpRequest, refusal: Any) -> HttpResponse:
    return refusal_page.answer(request, refusal)


def _unreadable(request: HttpRequest, error: Any) -> HttpResponse:
    return refusal_page.answer(request, Unreadable())


def _no_token(request: HttpRequest, error: Any) -> HttpResponse:
    response = refusal_page.answer(request, NoToken())
    response["WWW-Authenticate"] = 'Bearer realm="tongban"'
    return response


def _invalid(request: HttpRequest, error: Any) -> HttpResponse:
    fields = {_name(e["loc"]): _sentence(e["type"], e.get("ctx") or {}) for e in error.errors}
    return refusal_page.answer(request, Invalid(fields=fields))


def _name(place: tuple[Any, ...]) -> str:
    """Name a field as the sender knows it: without where ninja found it and under which argument."""
    parts = [str(part) for part in place]
    inner = parts[2:] if parts[0] in ("body", "form") and len(parts) > 2 else parts[1:]
    return ".".join(inner) or parts[-1]


def _sentence(kind: str, context: Mapping[str, Any]) -> str:
    """Say in a sentence what pydantic found wrong with a field."""
    known = {
        "missing": _("请填写这一项"),
        "extra_forbidden": _("没有这一栏，请对照接口文档"),
        "string_type": _("请填写文字"),
        "string_too_long": _("最多 {max_length} 个字"),
        "string_too_short": _("至少 {min_length} 个字"),
        "string_pattern_mismatch": _("格式不对，请对照接口文档"),
        "literal_error": _("请从这些值中选择：{expected}"),
        "greater_than_equal": _("不能小于 {ge}"),
        "less_than_equal": _("不能大于 {le}"),
        "dict_type": _("请填写一组名称和值"),
        "list_type": _("请填写一个列表"),
    }
    if kind.startswith("int"):
        return _("请填写整数")
    if kind.startswith("bool"):
        return _("请填写 true 或者 false")
    if kind.startswith("date"):
        return _("请填写日期，例如 2026-11-23")
    return known.get(kind, _("格式不对，请对照接口文档")).format(**context)
