"""Accounts and posts (`/system/accounts/`): the system administrator's part."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tongban.journal import operations as writing
from tongban.journal import queries as journal
from tongban.kernel import refusals, worktime
from tongban.people import accounts
from tongban.people.models import Person
from tongban.people.roles import ADMINISTRATORS, EVERYWHERE, Role
from tongban.web.kit import once, requests
from tongban.web.system import entries


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """List accounts by a part of account or name, and make a new one."""
    if request.method == "POST":
        return _create(request)
    return _index(request)


def _index(request: HttpRequest, *, refusal: refusals.Refusal | None = None) -> HttpResponse:
    words, after = request.GET.get("q", "").strip()[:60], request.GET.get("after", "")[:60]
    rows = accounts.page_of(words=words, after=after)
    shown = {
        "rows": rows[: accounts.PAGE],
        "next": rows[accounts.PAGE - 1].account if len(rows) > accounts.PAGE else "",
        "words": words,
        "is_later": bool(after),
        "refusal": refusal,
        "typed": request.POST,
    }
    return render(request, "system/accounts.html", shown, status=refusal.status if refusal else 200)


def _create(request: HttpRequest) -> HttpResponse:
    said = {name: request.POST.get(name, "")[:200] for name in ("account", "name", "phone")}
    try:
        person, password = accounts.create(**said, by=_by(request), at=requests.machine_time())
    except refusals.Refusal as refused:
        return _index(request, refusal=refused)
    shown = {"person": person, "password": password, "is_new": True}
    return render(request, "system/password.html", shown)


def _by(request: HttpRequest) -> Person:
    return cast(Person, request.user)


@never_cache
@require_safe
def page(request: HttpRequest, person_id: int) -> HttpResponse:
    """Show an account with its posts and everything that was done to it."""
    return _page(request, person_id)


def _page(request: HttpRequest, person_id: int, *, refusal: refusals.Refusal | None = None) -> HttpResponse:
    person = accounts.get(person_id)
    role, words = request.GET.get("role", ""), request.GET.get("q", "").strip()[:60]
    is_placed = role in Role.values and role not in EVERYWHERE
    shown: dict[str, Any] = {
        "person": person,
        "posts": [
            {"row": p, "role": Role(p.role), "place": getattr(p.window or p.authority, "name", "")}
            for p in accounts.posts_of(person)
        ],
        "history": entries.lines(journal.chain(writing.chain_of("account", person.pk))),
        "is_self": person.pk == request.user.pk,
        "roles": [(r.value, r.label, r in ADMINISTRATORS) for r in Role],
        "role": role if role in Role.values else "",
        "role_label": Role(role).label if role in Role.values else "",
        "is_placed": is_placed,
        "words": words,
        "places": accounts.places_for(role, words) if is_placed and words else [],
        "refusal": refusal,
    }
    return render(request, "system/account.html", shown, status=refusal.status if refusal else 200)


@never_cache
@require_POST
@once.once
def act(request: HttpRequest, person_id: int, act: str) -> HttpResponse:
    """Give or take a post, open or shut the account, end its tokens; a refusal is shown on the page."""
    by, at = _by(request), requests.machine_time()
    on = requests.time_of(request).astimezone(worktime.BEIJING).date()
    try:
        if act == "give":
            role = request.POST.get("role", "")
            where = _place(role, request.POST.get("place", ""))
            accounts.give_post(person_id, role=role, **where, on=on, by=by, at=at)
            messages.success(request, _("岗位已授予，对方需要重新登录。"))
        elif act == "take":
            accounts.take_post(_number(request.POST.get("post", "")) or 0, on=on, by=by, at=at)
            messages.success(request, _("岗位已收回，对方的登录已失效。"))
        elif act in ("on", "off"):
            accounts.set_active(person_id, is_active=act == "on", by=by, at=at)
            messages.success(
                request, _("账号已启用。") if act == "on" else _("账号已停用，登录和令牌都已失效。")
            )
        elif act == "tokens":
            count = accounts.revoke_tokens(person_id, by=by, at=at)
            messages.success(request, _("已撤销{count}个接口令牌。").format(count=count))
        else:
            raise accounts.UnknownAccount()
    except refusals.NotFound:
        raise
    except refusals.Refusal as refused:
        return _page(request, person_id, refusal=refused)
    return redirect("system_account", person_id=person_id)


@never_cache
@require_POST
def reset(request: HttpRequest, person_id: int) -> HttpResponse:
    """Give somebody a new first password, which this page shows once. Not kept for repeats: it is a secret."""
    try:
        password = accounts.reset_password(person_id, by=_by(request), at=requests.machine_time())
    except refusals.NotFound:
        raise
    except refusals.Refusal as refused:
        return _page(request, person_id, refusal=refused)
    return render(request, "system/password.html", {"person": accounts.get(person_id), "password": password})


def _place(role: str, said: str) -> dict[str, int | None]:
    kind = "window_id" if role in (Role.CLERK, Role.LEAD) else "authority_id"
    return {"window_id": None, "authority_id": None} | ({kind: _number(said)} if said else {})


def _number(said: str) -> int | None:
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 16 else None


urlpatterns = [
    path("accounts/", index, name="system_accounts"),
    path("accounts/<int:person_id>/", page, name="system_account"),
    path("accounts/<int:person_id>/password/", reset, name="system_account_password"),
    path("accounts/<int:person_id>/<slug:act>/", act, name="system_account_act"),
]
