"""Sign-in of applicants (`/sign-in/`): a phone, then the code that was sent to it. Nothing else is asked."""

from typing import Any, cast

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tongban.kernel import keyring, numbers, refusals
from tongban.people import applicants, codes, gate, security, unified
from tongban.people.models import Person
from tongban.web.kit import devices, reading, requests
from tongban.web.kit import gate as door
from tongban.web.kit.requests import TongbanRequest

UNDER_WAY = "unified"  # in the session: what must come back from the national identity service
ASKED_LIFE = 15 * 60
BACKEND = "tongban.people.sessions.Accounts"


@login_not_required
@never_cache
@sensitive_post_parameters("code", "phone", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Ask for a phone, send a code to it, and let in who gives it back; who is in already goes on."""
    if request.method != "POST":
        if cast(TongbanRequest, request).actor.is_applicant:
            return HttpResponseRedirect(onward(request, request.GET.get("next", "")))
        return _page(request, {"next": request.GET.get("next", "")})
    said = {name: request.POST.get(name, "").strip() for name in ("phone", "code", "next", "again")}
    try:
        phone = said["phone"] or _phone_of(said["again"])
        if request.POST.get("step") == "check":
            return _check(request, said, phone)
        return _send(request, said, phone)
    except refusals.Refusal as refused:
        is_about_code = request.POST.get("step") == "check" and "phone" not in refused.fields
        return _page(request, said | {"refusal": refused, "asks_code": is_about_code}, status=refused.status)


def _send(request: HttpRequest, said: dict[str, Any], phone: str) -> HttpResponse:
    address, at = requests.address_of(request), requests.machine_time()
    shown = codes.send(phone=phone, address=address, at=at)
    return _page(request, said | {"asks_code": True, "digits": shown, "masked": _masked(phone)})


def _check(request: HttpRequest, said: dict[str, Any], phone: str) -> HttpResponse:
    address, at = requests.address_of(request), requests.machine_time()
    row = codes.enter(phone=phone, digits=said["code"], address=address, at=at)
    return let_in(request, row.person, going_to=said["next"], again=said["again"])


def _page(request: HttpRequest, shown: dict[str, Any], *, status: int = 200) -> HttpResponse:
    if shown.get("asks_code") and "masked" not in shown:
        shown["masked"] = _masked(shown["phone"] or _phone_of(shown["again"]))
    more = {"minutes": int(codes.LIFE.total_seconds() // 60), "samples": applicants.samples()}
    return render(request, "portal/enter.html", shown | more, status=status)


def _masked(phone: str) -> str:
    return numbers.mask_phone(codes.check_mobile(phone))


def _phone_of(again: str) -> str:
    """Give the phone of whoever wrote a form that is carried: the page that carries it does not show it."""
    person_id = door.carried_by(again) if again else None
    return applicants.phone_of(applicants.of(person_id)) if person_id else ""


def let_in(request: HttpRequest, person: Person, *, going_to: str, again: str = "") -> HttpResponse:
    """Open a new session for an applicant who has proved who they are, and lead on: to a form that waits, or to the
    page that they asked for.
    """
    at = requests.machine_time()
    sent = door.carried_for(person, again) if again else None
    if request.user.is_authenticated and request.user.pk != person.pk:
        auth.logout(request)  # one of the staff at the same browser; nothing of theirs goes over
    auth.login(request, person, backend=BACKEND)
    request.session.cycle_key()  # also where the same person was in already: a key from before is worth nothing
    door.begin(request, device=devices.name_of(request.headers.get("User-Agent", "")))
    gate.let_in(person, address=requests.address_of(request), at=at)
    if sent:
        request.session[requests.PARTY] = sent.get("party", "")
        return render(request, "portal/resend.html", {"sent": sent, "texts": door.texts_of(sent["said"])})
    return HttpResponseRedirect(onward(request, going_to))


def onward(request: HttpRequest, wanted: str) -> str:
    """Give where somebody goes on after signing in: what they wanted, if it is ours."""
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if wanted and is_ours else reverse("my")


@login_not_required
@never_cache
@sensitive_post_parameters("again")
@require_POST
def to_unified(request: HttpRequest) -> HttpResponse:
    """Send the browser to the national identity service, and keep what must come back with it."""
    try:
        begun = unified.begin(back=_back())
    except refusals.Refusal as refused:
        return _page(request, {"refusal": refused}, status=refused.status)
    actor, again = cast(TongbanRequest, request).actor, request.POST.get("again", "")
    request.session[UNDER_WAY] = {
        "state": begun.state,
        "nonce": begun.nonce,
        "verifier": begun.verifier,
        "next": request.POST.get("next", "")[:2000],
        # What was typed holds what people wrote of themselves.
        "again": keyring.current().seal_text(again, about=UNDER_WAY).hex() if again else "",
        "person": actor.id if actor.is_applicant else None,
        "at": int(requests.machine_time().timestamp()),
    }
    return HttpResponseRedirect(begun.address)


@login_not_required
@never_cache
@require_safe
def from_unified(request: HttpRequest) -> HttpResponse:
    """Let in whoever comes back from the national identity service with an answer to our own question."""
    with reading.letting_in():
        try:
            return _from_unified(request)
        except refusals.Refusal as refused:
            return _page(request, {"refusal": refused}, status=refused.status)


def _from_unified(request: HttpRequest) -> HttpResponse:
    kept, at = request.session.pop(UNDER_WAY, None), requests.machine_time()
    state = request.GET.get("state", "")
    if (
        not kept
        or not constant_time_compare(state, kept["state"])
        or at.timestamp() - kept["at"] > ASKED_LIFE
    ):
        raise unified.NotGenuine()
    if not request.GET.get("code"):
        raise unified.GivenUp()
    said = {name: kept[name] for name in ("nonce", "verifier")}
    told = unified.finish(code=request.GET["code"], back=_back(), **said)
    row = unified.enter(told, current_id=kept["person"], at=at)
    if not row.person.is_active:
        raise codes.SwitchedOff()
    sealed = kept["again"]
    again = keyring.current().open_text(bytes.fromhex(sealed), about=UNDER_WAY) if sealed else ""
    return let_in(request, row.person, going_to=kept["next"], again=again)


def _back() -> str:
    return settings.TONGBAN_ADDRESS + reverse("enter_oidc_back")


@never_cache
@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """End the session, on record."""
    person = cast(Person, request.user)
    security.record("sign_out", at=requests.machine_time(), by=person, address=requests.address_of(request))
    auth.logout(request)
    return HttpResponseRedirect(reverse("home"))


urlpatterns = [
    path("sign-in/", page, name="enter"),
    path("sign-in/oidc/", to_unified, name="enter_oidc"),
    path("sign-in/oidc/back/", from_unified, name="enter_oidc_back"),
    path("my/sign-out/", leave, name="my_sign_out"),
]
