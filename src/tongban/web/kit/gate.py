"""Between sign-in and the pages: ends sessions that rest too long, and leads first to what must be done first.

A form that comes after the time is over is not lost: the answer asks to sign in again (staff by password, an
applicant by a code or the national identity service), carries what was typed, signed, and offers it for sending
once its writer is back.
"""

import datetime
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import auth, messages
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import reverse
from django.utils.translation import gettext as _

from tongban.people import policy, security
from tongban.people.models import Person, PersonKind
from tongban.people.sessions import ADDRESS, BEGAN, DEVICE, SEEN
from tongban.web.kit import reading, requests

MUST = "must"  # in the session: what must be done before anything else, one of FIRST
FIRST = {"password": "account_password", "factor": "account_factor"}
ALIVE = "account_alive"
_ALWAYS = {"sign_out", "set_language", ALIVE, "account_factor_begin", *FIRST.values()}
_TOUCH_EVERY = 60
AGAIN_SALT = "tongban.again"
_AGAIN_LIFE = 12 * 3600
_NOT_CARRIED = ("csrfmiddlewaretoken",)


class GateMiddleware:
    """Looks at the session of whoever is signed in, before the view runs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if request.path.startswith(("/api/", "/health/")) or not request.user.is_authenticated:
            return None
        name = request.resolver_match.url_name if request.resolver_match else ""
        now = requests.machine_time()
        if seconds_left(request, now=now) <= 0:
            return _end(request, request.user, now=now)
        _touch(request, now=now, is_sign_of_life=_is_sign_of_life(request, name or ""))
        first = FIRST.get(request.session.get(MUST, ""))
        if first and name not in _ALWAYS:
            return _go(request, reverse(first))
        return None


def begin(request: HttpRequest, *, device: str) -> None:
    """Note in the session when it began, from where and with what."""
    now = int(requests.machine_time().timestamp())
    request.session.update({BEGAN: now, SEEN: now, ADDRESS: requests.address_of(request), DEVICE: device})


def seconds_left(request: HttpRequest, *, now: datetime.datetime) -> int:
    """Give for how long a session still counts if nothing happens in it."""
    seen = request.session.get(SEEN)
    if seen is None:
        return policy.value(policy.IDLE_MINUTES) * 60
    at = now.timestamp()
    idle = seen + policy.value(policy.IDLE_MINUTES) * 60 - at
    whole = request.session.get(BEGAN, seen) + policy.value(policy.LONGEST_HOURS) * 3600 - at
    return int(min(idle, whole))


def _is_sign_of_life(request: HttpRequest, name: str) -> bool:
    """Tell whether a person is behind a request: what pages fetch by themselves is none."""
    return request.method != "GET" or (name != ALIVE and "HX-Request" not in request.headers)


def _touch(request: HttpRequest, *, now: datetime.datetime, is_sign_of_life: bool) -> None:
    if SEEN not in request.session:
        begin(request, device="")
    elif is_sign_of_life and now.timestamp() - request.session[SEEN] >= _TOUCH_EVERY:
        request.session[SEEN] = int(now.timestamp())


def _end(request: HttpRequest, person: Any, *, now: datetime.datetime) -> HttpResponse:
    with reading.recording_an_event():
        security.record("idle_end", at=now, by=person, address=requests.address_of(request))
    kept = "" if request.method in ("GET", "HEAD") else carried(request, person)
    auth.logout(request)
    door = resolve_url("enter" if person.kind == PersonKind.APPLICANT else "sign_in")
    if request.method in ("GET", "HEAD"):
        messages.warning(request, _("您较长时间没有操作，已自动退出。请重新登录后继续。"))
        return _go(request, f"{door}?{_next(request.get_full_path())}")
    if "HX-Request" in request.headers:
        return _go(request, door)
    page = "kit/again_code.html" if person.kind == PersonKind.APPLICANT else "kit/again.html"
    return render(request, page, {"again": kept, "person": person}, status=401)


def _next(path: str) -> str:
    return urlencode({"next": path})


def _go(request: HttpRequest, address: str) -> HttpResponse:
    if "HX-Request" in request.headers:
        return HttpResponse(headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def carried(request: HttpRequest, person: Person) -> str:
    """Give what a form said, signed, so that its writer can send it after signing in again. No passwords, no files."""
    said = {
        name: values
        for name, values in request.POST.lists()
        if name not in _NOT_CARRIED and "password" not in name
    }
    sent = {
        "person": person.pk,
        "path": request.get_full_path(),
        "said": said,
        "had_files": bool(request.FILES),
        "party": request.session.get(requests.PARTY, ""),
    }
    return signing.dumps(sent, salt=AGAIN_SALT, compress=True)


def carried_by(text: str) -> int | None:
    """Give whose form it is that `carried` signed; None when it is too old, or not ours."""
    try:
        return int(signing.loads(text, salt=AGAIN_SALT, max_age=_AGAIN_LIFE)["person"])
    except signing.BadSignature:
        return None


def texts_of(said: dict[str, list[str]]) -> list[str]:
    """Give what people wrote in a form, without keys and codes, so that they see what will be sent."""
    return [
        v for k, values in said.items() if k not in ("revision", "_key", "next") for v in values if len(v) > 3
    ]


def carried_for(person: Person, text: str) -> dict[str, Any] | None:
    """Give back what `carried` signed; None when it is not this person's, too old, or not ours."""
    try:
        sent: dict[str, Any] = signing.loads(text, salt=AGAIN_SALT, max_age=_AGAIN_LIFE)
    except signing.BadSignature:
        return None
    return sent if sent.get("person") == person.pk else None
