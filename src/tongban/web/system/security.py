"""The security administrator's part: events, locks, sessions and second factors, and the rules of sign-in."""

import datetime
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tongban.directory import operations as directory
from tongban.directory import queries as places
from tongban.directory.models import Division
from tongban.journal import queries as journal
from tongban.kernel import refusals, worktime
from tongban.people import accounts, factors, gate, policy, security, sessions
from tongban.people.models import Person, Session
from tongban.web.kit import once, requests
from tongban.web.kit.requests import TongbanRequest
from tongban.web.system import entries


class BadNumber(refusals.Incomplete):
    """请填写范围内的整数。"""


class NoSuchAccount(refusals.NotFound):
    """没有这个账号。请核对后重新输入。"""


class NotYourOwn(refusals.NotAllowed):
    """不能停用自己的第二验证。请由另一位安全管理员办理。"""


def _by(request: HttpRequest) -> Person:
    return cast(Person, request.user)


@never_cache
@require_safe
def events(request: HttpRequest) -> HttpResponse:
    """List security events, the latest first, by kind and account."""
    code, account = request.GET.get("code", ""), request.GET.get("account", "").strip()[:60]
    before = request.GET.get("before", "")
    code = code if code in security.CODES else ""
    rows = journal.events(
        security.CHAIN,
        code=f"security.{code}" if code else "",
        account=account,
        before=int(before) if before.isdecimal() and len(before) < 10 else None,
    )
    shown: dict[str, Any] = {
        "lines": entries.lines(rows[: journal.PAGE]),
        "codes": security.CODES.items(),
        "code": code,
        "account": account,
        "next": "",
        "locks": gate.lockouts(at=requests.machine_time()),
    }
    if len(rows) > journal.PAGE:
        last = rows[journal.PAGE - 1].seq
        shown["next"] = "?" + urlencode({"code": code, "account": account, "before": str(last)})
    return render(request, "system/events.html", shown)


@never_cache
@require_POST
@once.once
def unlock(request: HttpRequest, lockout_id: int) -> HttpResponse:
    """Open what was shut after too many tries."""
    gate.unlock(lockout_id, by=_by(request), at=requests.machine_time())
    messages.success(request, _("已解锁，可以重新登录。"))
    return redirect("system_events")


@never_cache
@require_safe
def session_list(request: HttpRequest) -> HttpResponse:
    """Show where an account is signed in, and whether it has a second factor."""
    account = request.GET.get("account", "").strip()[:60]
    person = Person.objects.filter(account=account).first() if account else None
    at = requests.machine_time()
    shown: dict[str, Any] = {
        "account": account,
        "person": person,
        "is_missing": bool(account) and person is None,
    }
    if person:
        shown["factor_is_on"] = factors.is_on(person)
        shown["rows"] = [
            {"row": row, "handle": sessions.handle_of(row.session_key)}
            for row in sessions.sessions_of(person, at=at)
        ]
    return render(request, "system/sessions.html", shown)


@never_cache
@require_POST
@once.once
def session_act(request: HttpRequest, person_id: int, act: str) -> HttpResponse:
    """End one session or all of an account, or turn its second factor off for a lost phone."""
    person, by, at = accounts.get(person_id), _by(request), requests.machine_time()
    address = requests.address_of(request)
    if act == "all":
        accounts.end_sessions(person)
        Session.objects.filter(person=person).delete()
        security.record("session_ended", at=at, by=by, about=person, address=address, of="all")
        messages.success(request, _("该账号的登录已全部结束。"))
    elif act == "factor":
        if person.pk == by.pk:
            raise NotYourOwn()
        factors.turn_off(person, by=by, at=at, address=address)
        accounts.end_sessions(person)
        messages.success(request, _("第二验证已停用，下次登录时重新设置。"))
    else:
        _end_one(request, person)
    return redirect(f"{reverse('system_sessions')}?{urlencode({'account': person.account})}")


def _end_one(request: HttpRequest, person: Person) -> None:
    at, handle = requests.machine_time(), request.POST.get("handle", "")
    for row in sessions.sessions_of(person, at=at):
        if sessions.handle_of(row.session_key) == handle:
            Session.objects.filter(session_key=row.session_key).delete()
            security.record("session_ended", at=at, by=_by(request), about=person, of=row.address)
            messages.success(request, _("这处登录已结束。"))
            return
    raise NoSuchAccount()


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@once.once
def rules(request: HttpRequest) -> HttpResponse:
    """Show and set the rules of sign-in, and of which places' staff a second factor is asked."""
    provinces = list(places.divisions_of(None, on=_today(request)).values_list("code", "name"))
    if request.method == "POST":
        typed = {n.name: request.POST.get(n.name, "").strip()[:6] for n in policy.NUMBERS}
        wrong = {n.name: _range(n) for n in policy.NUMBERS if not _fits(n, typed[n.name])}
        place = request.POST.get("factor_place", "").strip()[:120]
        added = _place(place, on=_today(request)) if place else ""
        if added is None:
            wrong["factor_place"] = _("没有这个地方。请填写 12 位区划代码，或者全称，例如贵州省贵阳市。")
        wrong |= _overtaken(request, typed)
        if wrong:
            return _rules(request, provinces, typed=typed, refusal=BadNumber(fields=wrong))
        asked, seen = set(request.POST.getlist("second_factor")), set(request.POST.getlist("seen_factor"))
        numbers = {name: int(said) for name, said in typed.items() if said != request.POST.get(_seen(name))}
        _save(request, numbers, ask={*(asked - seen), added or ""} - {""}, lift=seen - asked)
        messages.success(request, _("登录策略已保存。"))
        return redirect("system_policy")
    return _rules(request, provinces, typed={n.name: str(policy.value(n)) for n in policy.NUMBERS})


def _seen(name: str) -> str:
    """Give the name of the hidden input that says what a number was when the page was shown."""
    return f"seen.{name}"


def _overtaken(request: HttpRequest, typed: dict[str, str]) -> dict[str, str]:
    """Name the numbers that this person changes and another administrator has changed since the page was shown."""
    found = {}
    for n in policy.NUMBERS:
        seen, now = request.POST.get(_seen(n.name)), str(policy.value(n))
        if seen is not None and now not in (seen, typed[n.name]) and typed[n.name] != seen:
            found[n.name] = _("另一位管理员刚刚改成了 {now}。请核对后再保存。").format(now=now)
    return found


def _today(request: HttpRequest) -> datetime.date:
    return requests.machine_time().astimezone(worktime.BEIJING).date()


def _place(said: str, *, on: datetime.date) -> str | None:
    """Give the code of a place named by its code or in full; None when there is none."""
    code = said.ljust(12, "0") if said.isascii() and said.isdecimal() else ""
    rows = Division.objects.filter(code=code) if code else Division.objects.filter(full_name=said)
    return (
        rows.filter(valid_from_on__lte=on)
        .exclude(valid_until_on__lte=on)
        .values_list("code", flat=True)
        .first()
    )


def _rules(
    request: HttpRequest,
    provinces: list[tuple[str, str]],
    *,
    typed: dict[str, str],
    refusal: refusals.Refusal | None = None,
) -> HttpResponse:
    rows = places.places_where(policy.SECOND_FACTOR, True)
    asked = {row.code for row in rows}
    # What was ticked stays; a place that came since the page was shown stands there as it now is.
    new = asked - set(request.POST.getlist("seen_factor"))
    ticked = {*request.POST.getlist("second_factor"), *new} if refusal else asked
    wrong = refusal.fields if refusal else {}
    shown = {
        "numbers": [
            {
                "row": n,
                "value": typed[n.name],
                "seen": (_seen(n.name), policy.value(n)),
                "said": wrong.get(n.name) or _range(n),
            }
            for n in policy.NUMBERS
        ],
        "provinces": [
            {"code": c, "name": n, "is_asked": c in asked, "is_ticked": c in ticked} for c, n in provinces
        ],
        "places": [
            {"code": row.code, "name": row.full_name, "is_ticked": row.code in ticked}
            for row in rows
            if row.code not in dict(provinces)
        ],
        "place": request.POST.get("factor_place", "") if refusal else "",
        "refusal": refusal,
    }
    return render(request, "system/policy.html", shown, status=refusal.status if refusal else 200)


def _range(number: policy.Number) -> str:
    return _("{least} 到 {most}").format(least=number.least, most=number.most)


def _fits(number: policy.Number, said: str) -> bool:
    return said.isascii() and said.isdecimal() and number.least <= int(said) <= number.most


def _save(request: HttpRequest, numbers: dict[str, int], *, ask: set[str], lift: set[str]) -> None:
    """Set what this person changed, each on record; what another administrator did meanwhile stays."""
    actor, at = cast(TongbanRequest, request).actor, requests.machine_time()
    who: dict[str, Any] = {"actor_id": actor.id, "actor_name": actor.name, "place": actor.place, "at": at}
    changes: list[tuple[str, str | None, Any]] = [
        (n.name, None, numbers[n.name])
        for n in policy.NUMBERS
        if n.name in numbers and policy.value(n) != numbers[n.name]
    ]
    asked_now = {row.code for row in places.places_where(policy.SECOND_FACTOR, True)}
    wanted = {code: True for code in ask - asked_now} | {code: False for code in lift & asked_now}
    changes += [(policy.SECOND_FACTOR, code, wanted[code]) for code in sorted(places.names_of(wanted))]
    for name, division, value in changes:
        directory.set_parameter(name, value=value, code=division, **who)
        security.record(
            "policy_set", at=at, by=_by(request), name=name, value=value, division=division or "", account=""
        )


urlpatterns = [
    path("events/", events, name="system_events"),
    path("events/locks/<int:lockout_id>/unlock/", unlock, name="system_unlock"),
    path("sessions/", session_list, name="system_sessions"),
    path("sessions/<int:person_id>/<slug:act>/", session_act, name="system_session_act"),
    path("policy/", rules, name="system_policy"),
]
