"""One line in the log and one count in the figures for each request, by route: addresses hold numbers of cases."""

import logging
import secrets
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from tongban.kernel import logs
from tongban.web.kit import metrics

HEADER = "X-Request-Id"
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_log = logging.getLogger(__name__)


class SeeingMiddleware:
    """Names each request, says how it ended, and counts it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        begun = time.perf_counter()
        # Always a name of our own: one from outside could carry anything into the log.
        with logs.about(request_id=secrets.token_hex(8)) as said:
            response = self.get_response(request)
            response[HEADER] = said["request_id"]
            self._tell(request, response, seconds=time.perf_counter() - begun)
        return response

    @staticmethod
    def _tell(request: HttpRequest, response: HttpResponse, *, seconds: float) -> None:
        route = route_of(request)
        method = request.method if request.method in _METHODS else "OTHER"
        metrics.REQUESTS.labels(route, method, response.status_code).inc()
        metrics.SECONDS.labels(route).observe(seconds)
        metrics.note_pool()
        level = logging.ERROR if response.status_code >= 500 else logging.INFO
        facts = {
            "route": route,
            "method": method,
            "status": response.status_code,
            "milliseconds": round(seconds * 1000, 1),
            "account_id": account_of(request),
        }
        _log.log(level, "request", extra=facts)


def route_of(request: HttpRequest) -> str:
    """Give the route as it stands in the code; no part of the address that somebody asked for."""
    match = request.resolver_match
    if match is not None:
        return match.route or "/"
    return "static" if request.path_info.startswith("/static/") else "unmatched"


def account_of(request: HttpRequest) -> int | None:
    """Give the account's id when the request has already looked who asks; no look-up for the log's sake."""
    person = request.__dict__.get("_token_person") or request.__dict__.get("_cached_user")
    return getattr(person, "pk", None)
