"""One's own account (`/my/account/`): real name, phone and e-mail, where one is signed in, everything that is held."""

import datetime
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tongban.kernel import refusals, worktime
from tongban.people import applicants, codes, limits, mandates, policy, security, sessions
from tongban.people.actors import Actor, PartyKind
from tongban.people.models import Enterprise, Person, Session
from tongban.web.kit import requests
from tongban.web.portal import my_export
from tongban.web.portal.my import actor_of, shown

EXPORTS = limits.Limit("my.export", 6, datetime.timedelta(hours=1))


class UnknownSession(refusals.NotFound):
    """这个会话已经结束。"""


class OtherParty(refusals.Conflict):
    """您已经换成以别人的名义办事，这个邮箱没有保存。请换回原来的企业后再试。"""


def _person(request: HttpRequest) -> Person:
    return cast(Person, request.user)


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show how sure it is who one is, how one is reached, and where one is signed in now."""
    return _page(request)


def _page(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    person, at, party = _person(request), requests.machine_time(), actor_of(request).party
    is_enterprise = party.kind == PartyKind.ENTERPRISE
    values = {
        "applicant": applicants.of(person.pk),
        "languages": settings.LANGUAGES,
        "enterprise": Enterprise.objects.get(id=party.id) if is_enterprise else None,
        "may_hold_email": party.items is None,
        "sessions": [
            {
                "row": row,
                "handle": sessions.handle_of(row.session_key),
                "is_this": row.session_key == request.session.session_key,
            }
            for row in sessions.sessions_of(person, at=at)
        ],
        "idle_minutes": policy.value(policy.IDLE_MINUTES),
    }
    return shown(request, "portal/my/account.html", values | more, status=status)


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
    return redirect("my_account")


@require_POST
@sensitive_post_parameters("email", "code")
def email(request: HttpRequest) -> HttpResponse:
    """Send a code to an e-mail address, and keep the address once the code comes back.

    The address is the person's own, or that of the enterprise for which they act; the form says which it was for.
    """
    actor, at = actor_of(request), requests.machine_time()
    whose = request.POST.get("party", "")[:40]
    said: dict[str, Any] = {"email": request.POST.get("email", "").strip()[:200], "party": whose}
    is_check = request.POST.get("step") == "check"
    try:
        _check_whose(whose, actor)
        to = applicants.check_email(said["email"])
        subject = f"{whose or actor.id}:{to}"
        if not is_check:
            address = requests.address_of(request)
            digits = codes.issue(codes.EMAIL, to, subject=subject, address=address, at=at)
            return _page(request, **said, asks_code=True, digits=digits)
        if not codes.spend(codes.EMAIL, subject=subject, digits=request.POST.get("code", ""), at=at):
            raise codes.WrongCode(fields={"code": codes.WrongCode().message})
        if whose:
            mandates.hold_email(email=to, by=actor, at=at)
        else:
            applicants.hold_email(actor.id or 0, email=to, at=at)
    except refusals.Refusal as refused:
        is_about_code = is_check and "email" not in refused.fields
        return _page(request, status=refused.status, refusal=refused, asks_code=is_about_code, **said)
    messages.success(request, _("电子邮箱已确认。"))
    return redirect("my_account")


def _check_whose(whose: str, actor: Actor) -> None:
    if not whose:
        return
    if actor.party.kind != PartyKind.ENTERPRISE or whose != actor.party.key:
        raise OtherParty()
    mandates.require_hold_email(actor)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("identity", "name")
def identity(request: HttpRequest) -> HttpResponse:
    """Check name and identity number by a simulator, in practice alone: elsewhere the national service does it."""
    if not settings.TONGBAN_PRACTICE:
        raise Http404
    said = {name: request.POST.get(name, "").strip()[:80] for name in ("name", "identity")}
    if request.method == "POST":
        try:
            applicants.prove(
                _person(request).pk,
                name=said["name"],
                number=said["identity"],
                how="practice",
                at=requests.time_of(request),
            )
        except refusals.Refusal as refused:
            return shown(
                request, "portal/my/identity.html", said | {"refusal": refused}, status=refused.status
            )
        messages.success(request, _("模拟核验通过，您已实名。"))
        return redirect("my")
    applicant = applicants.of(_person(request).pk)
    return shown(request, "portal/my/identity.html", said | {"applicant": applicant})


@require_POST
def export(request: HttpRequest) -> HttpResponseBase:
    """Give everything that is held about the one for whom somebody acts, as a ZIP of JSON and PDF files."""
    actor, at = actor_of(request), requests.time_of(request)
    now, address = requests.machine_time(), requests.address_of(request)
    limits.spend(EXPORTS, str(actor.id), at=now)
    security.record("data_exported", at=now, by=_person(request), address=address, party=actor.party.key)
    day = at.astimezone(worktime.BEIJING).date()
    answer = FileResponse(
        my_export.everything(actor, at=at), as_attachment=True, filename=f"tongban-my-data-{day:%Y%m%d}.zip"
    )
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


urlpatterns = [
    path("my/account/", page, name="my_account"),
    path("my/account/sessions/end/", end_session, name="my_session_end"),
    path("my/account/email/", email, name="my_email"),
    path("my/identity/", identity, name="my_identity"),
    path("my/export/", export, name="my_export"),
]
