"""One's own account (`/desk/account/`): password, second factor, sessions; and whether the session still counts."""

from typing import Any, cast

import segno
from django.contrib import auth, messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tongban.kernel import refusals
from tongban.people import factors, gate, passwords, policy, security, sessions
from tongban.people.models import Person, Session
from tongban.web.kit import gate as door
from tongban.web.kit import requests
from tongban.web.kit.requests import TongbanRequest


class UnknownSession(refusals.NotFound):
    """这个会话已经结束。"""


def _person(request: HttpRequest) -> Person:
    return cast(Person, request.user)


@never_cache
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show who one is here, with which posts, how one signs in, and where one is signed in now."""
    return _page(request)


def _page(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    person, at = _person(request), requests.machine_time()
    shown = {
        "person": person,
        "factor_is_on": factors.is_on(person),
        "needs_factor": policy.needs_factor(cast(TongbanRequest, request).actor.posts),
        "codes_left": factors.codes_left(person),
        "sessions": [
            {
                "row": row,
                "handle": sessions.handle_of(row.session_key),
                "is_this": row.session_key == request.session.session_key,
            }
            for row in sessions.sessions_of(person, at=at)
        ],
        "password_days": policy.value(policy.PASSWORD_DAYS),
        "idle_minutes": policy.value(policy.IDLE_MINUTES),
    }
    return render(request, "account/page.html", shown | more, status=status)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """Change one's own password; every other session of one's own ends."""
    person = _person(request)
    shown = {
        "person": person,
        "is_first": request.session.get(door.MUST) == "password",
        "rules": [
            v.get_help_text()
            for v in (passwords.Length(), passwords.Kinds(), passwords.NotAboutThem(), passwords.NotRecent())
        ],
    }
    if request.method != "POST":
        return render(request, "account/password.html", shown)
    at, address = requests.machine_time(), requests.address_of(request)
    said = {name: request.POST.get(name, "") for name in ("old", "new", "again")}
    try:
        gate.let_try(person.account, address=address, at=at)
        passwords.change(person, **said, at=at, address=address)
    except refusals.Refusal as refused:
        return render(request, "account/password.html", shown | {"refusal": refused}, status=refused.status)
    gate.forgive(person, address=address)
    auth.update_session_auth_hash(request, person)
    _after_first(request)
    messages.success(request, _("密码已修改。您在其他地方的登录都已退出。"))
    return redirect("account_factor" if request.session.get(door.MUST) else "account")


def _after_first(request: HttpRequest) -> None:
    """Note what must come next, after a password was chosen or a second factor set up."""
    person, posts = _person(request), cast(TongbanRequest, request).actor.posts
    request.session.pop(door.MUST, None)
    if passwords.must_change(person, at=requests.machine_time()):
        request.session[door.MUST] = "password"
    elif policy.needs_factor(posts) and not factors.is_on(person):
        request.session[door.MUST] = "factor"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def factor(request: HttpRequest) -> HttpResponse:
    """Set up the second factor: scan, type the first code, keep the recovery codes."""
    person = _person(request)
    if factors.is_on(person):
        return redirect("account")
    shown: dict[str, Any] = {"person": person, "is_first": request.session.get(door.MUST) == "factor"}
    if request.method == "POST":
        at, address = requests.machine_time(), requests.address_of(request)
        try:
            codes = factors.confirm(person, code=request.POST.get("code", "")[:40], at=at, address=address)
        except refusals.Refusal as refused:
            shown["refusal"] = refused
        else:
            _after_first(request)
            return render(request, "account/codes.html", {"codes": codes, "person": person, "is_new": True})
    secret = factors.secret_to_scan(person)
    if secret:
        code = segno.make(factors.address_to_scan(person, secret), error="m")
        shown["picture"] = code.svg_data_uri(scale=5, border=2, dark="#1d2733", light="#fff")
        shown["secret"] = " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))
    refusal = shown.get("refusal")
    return render(request, "account/factor.html", shown, status=refusal.status if refusal else 200)


@require_POST
def begin_factor(request: HttpRequest) -> HttpResponse:
    """Make the secret that is scanned next."""
    factors.begin(_person(request))
    return redirect("account_factor")


@never_cache
@require_POST
def renew_codes(request: HttpRequest) -> HttpResponse:
    """Make new recovery codes, for a code of the phone."""
    refused = _check(request)
    if refused:
        return _page(request, status=refused.status, refusal=refused)
    codes = factors.renew_recovery_codes(_person(request))
    return render(request, "account/codes.html", {"codes": codes, "person": _person(request)})


@require_POST
def turn_factor_off(request: HttpRequest) -> HttpResponse:
    """Do without a second factor, for a code of the phone, where the posts allow it."""
    if policy.needs_factor(cast(TongbanRequest, request).actor.posts):
        raise factors.FactorRequired()
    refused = _check(request)
    if refused:
        return _page(request, status=refused.status, refusal=refused)
    person, address = _person(request), requests.address_of(request)
    factors.turn_off(person, by=person, at=requests.machine_time(), address=address)
    messages.success(request, _("第二验证已停用。"))
    return redirect("account")


def _check(request: HttpRequest) -> refusals.Refusal | None:
    """Tell what is wrong with the code that was typed, if anything."""
    person, at, address = _person(request), requests.machine_time(), requests.address_of(request)
    try:
        gate.let_try(person.account, address=address, at=at)
        factors.check(person, code=request.POST.get("code", "")[:40], at=at, address=address)
    except refusals.Refusal as refused:
        return refused
    gate.forgive(person, address=address)
    return None


@require_POST
def end_session(request: HttpRequest) -> HttpResponse:
    """End one of one's own sessions, or all others."""
    person, at = _person(request), requests.machine_time()
    mine = [s for s in sessions.sessions_of(person, at=at) if s.session_key != request.session.session_key]
    handle = request.POST.get("handle", "")
    ended = [s for s in mine if handle == "others" or sessions.handle_of(s.session_key) == handle]
    if not ended and handle != "others":
        raise UnknownSession()
    Session.objects.filter(session_key__in=[s.session_key for s in ended]).delete()
    for row in ended:
        security.record(
            "session_ended", at=at, by=person, address=requests.address_of(request), of=row.address
        )
    messages.success(request, _("已退出{count}处登录。").format(count=len(ended)))
    return redirect("account")


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def alive(request: HttpRequest) -> JsonResponse:
    """Say for how long the session still counts; a POST says that somebody is there and begins the time anew.

    The token is that of the forms on the page, which change it when one signs in again elsewhere.
    """
    if not request.user.is_authenticated:
        return JsonResponse({"left": 0}, status=401)
    left = door.seconds_left(request, now=requests.machine_time())
    account = _person(request).account
    return JsonResponse({"left": left, "account": account, "token": get_token(request)})
