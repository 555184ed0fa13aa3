"""A registered self-service terminal (F3): known by a secret in a signed cookie, and never left with anything of anybody."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from tongban.directory import kiosks
from tongban.directory import queries as directory
from tongban.directory.models import Kiosk

COOKIE = "__Host-tongban-kiosk" if settings.SECURE else "tongban-kiosk"
_SALT = "tongban.kiosk"
_LIFE = 400 * 24 * 3600  # the longest for which browsers keep a cookie
IDLE, IDLE_SECONDS = "kiosk.idle_seconds", 120


def of(request: HttpRequest) -> Kiosk | None:
    """Give the terminal from which a request comes; None for every other browser, without asking the database."""
    known: dict[str, Any] = request.__dict__
    if "_kiosk" not in known:
        known["_kiosk"] = _read(request.COOKIES.get(COOKIE, ""))
    found: Kiosk | None = known["_kiosk"]
    return found


def _read(cookie: str) -> Kiosk | None:
    if not cookie:
        return None
    try:
        return kiosks.of_secret(str(signing.loads(cookie, salt=_SALT)))
    except signing.BadSignature:
        return None


def remember(response: HttpResponse, secret: str) -> None:
    """Let the device know that it is a terminal."""
    response.set_cookie(
        COOKIE,
        signing.dumps(secret, salt=_SALT),
        max_age=_LIFE,
        secure=settings.SECURE,
        httponly=True,
        samesite="Strict",
    )


def idle_seconds(kiosk: Kiosk) -> int:
    """Give after how many seconds without a touch a terminal ends by itself, as its place has set it."""
    code = directory.division_of_window(kiosk.window_id)
    return int(directory.parameter(IDLE, IDLE_SECONDS, code=code))


def wipe(request: HttpRequest, response: HttpResponse) -> None:
    """End the session of whoever used the terminal, and take every cookie away but its own."""
    request.session.flush()
    for name in request.COOKIES:
        if name != COOKIE:
            response.delete_cookie(name, samesite="Lax")
    # Its own cookie must stay, so the others go by name; forms and answers are never stored (see below).
    response["Clear-Site-Data"] = '"cache", "storage"'


class KioskMiddleware:
    """Lets a terminal store no page: nothing can be called back with the browser's own buttons."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if COOKIE in request.COOKIES and not request.path.startswith(settings.STATIC_URL):
            response["Cache-Control"] = "no-store"
        return response
