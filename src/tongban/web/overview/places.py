"""The places that somebody runs: gaps over all of them, one authority's part, one window with all that it has."""

import datetime
from collections.abc import Callable, Mapping
from typing import Any, cast

from django.contrib import messages
from django.db.models import Count, Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tongban.cases.operations import windows as closing
from tongban.directory import contacts, kiosks, rules
from tongban.directory.models import Division, Equipment, Host, Level, Window, WindowKind
from tongban.kernel import refusals, worktime
from tongban.people import keeping, permissions, queries, roster, staff
from tongban.people.roles import AT_WINDOW, Role
from tongban.web.kit import once, requests, roster_form
from tongban.web.overview import door

PAGE = 50
_LEVELS = (Level.PROVINCE, Level.PREFECTURE, Level.COUNTY)


class UnknownAct(refusals.NotFound):
    """没有这个操作。请从页面上的按钮操作。"""


class NoDate(refusals.Incomplete):
    """请选择日期。"""


@require_safe
@door.open_to_authorities
def page(request: HttpRequest) -> HttpResponse:
    """Show the windows of the person's area with their gaps, 50 a page, and the gaps by level above them."""
    actor, on = door.actor_of(request), _today(request)
    seen = permissions.windows_seen_by(actor).filter(closed_at=None)
    words, only = request.GET.get("q", "").strip()[:60], request.GET.get("only", "")
    rows = seen
    if words:
        rows = rows.filter(Q(name__contains=words) | Q(division__full_name__contains=words))
    if only == "gaps":
        rows = rows.filter(Exists(Equipment.objects.filter(window=OuterRef("pk"), is_present=False)))
    elif only == "unlisted":
        rows = rows.filter(is_open=False)
    elif only == "outlets":
        rows = rows.filter(kind=WindowKind.OUTLET)
    elif only == "unstaffed":
        rows = rows.exclude(posts__role__in=AT_WINDOW, posts__valid_until_on=None)
    code, _dash, id_ = request.GET.get("after", "").partition("-")
    if code.isdigit() and id_.isdigit() and len(id_) < 19:
        rows = rows.filter(Q(division_id__gt=code[:12]) | Q(division_id=code[:12], id__gt=int(id_)))
    found = list(
        rows.select_related("division", "hall__authority")
        .prefetch_related("equipment")
        .order_by("division_id", "id")[: PAGE + 1]
    )
    shown = found[:PAGE]
    present = staff.on_duty([w.id for w in shown], on=on)
    posts = queries.staff_of([w.id for w in shown], on=on)
    last = shown[-1] if len(found) > PAGE else None
    return render(
        request,
        "overview/places.html",
        {
            "rows": [
                {
                    "window": w,
                    "missing": missing_of(w),
                    "staff": sum(p.window_id == w.id for p in posts),
                    "present": len(present.get(w.id, [])),
                    "is_mine": permissions.may_edit(actor, w.hall.authority_id),
                }
                for w in shown
            ],
            "gaps": gaps_by_level(actor),
            "kinds": Equipment.KINDS,
            "own": [p for p in actor.posts if p.role == Role.MANAGER],
            "words": words,
            "only": only,
            "next": f"{last.division_id}-{last.id}" if last else "",
        },
    )


def missing_of(window: Window) -> list[str]:
    """Name the equipment that a window lacks or has not registered."""
    there = {e.kind for e in window.equipment.all() if e.is_present}
    return [str(name) for kind, name in Equipment.KINDS if kind not in there]


def gaps_by_level(actor: Any) -> list[dict[str, Any]]:
    """Give, for each level of the person's area, how many windows there are and how many lack each piece."""
    seen = permissions.windows_seen_by(actor).filter(closed_at=None)
    lacking = {
        f"without_{kind}": Count(
            "id", filter=~Exists(Equipment.objects.filter(window=OuterRef("pk"), kind=kind, is_present=True))
        )
        for kind, _name in Equipment.KINDS
    }
    rows = {
        row["hall__authority__division__level"]: row
        for row in seen.values("hall__authority__division__level")
        .annotate(windows=Count("id"), **lacking)
        .order_by()
    }
    return [
        {
            "level": Level(level).label,
            "windows": rows[level]["windows"],
            "cells": [
                (name, cast(dict[str, Any], rows[level])[f"without_{kind}"]) for kind, name in Equipment.KINDS
            ],
        }
        for level in _LEVELS
        if level in rows
    ]


@require_safe
@door.open_to_authorities
def authority(request: HttpRequest, authority_id: int) -> HttpResponse:
    """Show an authority's part: itself, its halls, its windows; to edit for its own people."""
    return _authority_page(request, authority_id)


def _authority_page(
    request: HttpRequest, authority_id: int, *, act: str = "", refusal: refusals.Refusal | None = None
) -> HttpResponse:
    actor = door.actor_of(request)
    row = keeping.authority_seen(authority_id, by=actor)
    windows = Window.objects.filter(hall__authority=row).select_related("hall", "division", "supervisor")
    shown = {
        "authority": row,
        "halls": list(row.halls.order_by("id")),
        "windows": list(windows.order_by("hall_id", "-kind", "id")),
        "supervisors": [w for w in windows if w.kind == WindowKind.HALL and w.closed_at is None],
        "inside": list(_inside(row.division)),
        "hosts": Host.choices,
        "may_edit": permissions.may_edit(actor, row.id),
        "act": act,
        "typed": request.POST if refusal else {},
        "wrong": refusal.fields if refusal else {},
        "refusal": refusal,
    }
    return render(request, "overview/authority.html", shown, status=refusal.status if refusal else 200)


def _inside(division: Division) -> Any:
    rows = Division.objects.filter(parent=division, valid_until_on=None).order_by("code")
    return rows.values_list("code", "name")


@require_POST
@door.open_to_authorities
@once.once
def change_authority(request: HttpRequest, authority_id: int, act: str) -> HttpResponse:
    """Change an authority or one of its halls, or add a hall or a window."""
    by, at, data = door.actor_of(request), requests.time_of(request), request.POST.dict()
    try:
        if act == "save":
            keeping.save_authority(authority_id, data, by=by, at=at)
        elif act == "hall":
            keeping.open_hall(authority_id, data, by=by, at=at)
        elif act == "save-hall":
            keeping.save_hall(_number(data.get("hall")), data, by=by, at=at)
        elif act == "window":
            row = keeping.open_window(
                _number(data.get("hall")),
                data,
                host=data.get("host", ""),
                supervisor_id=_number(data.get("supervisor")),
                division_code=data.get("division", "") if data.get("host") else "",
                by=by,
                at=at,
            )
            messages.success(request, _("已增加。省级发布新版联络清单之后，才能收件。"))
            return HttpResponseRedirect(reverse("place_window", args=[row.id]))
        else:
            raise UnknownAct()
    except refusals.Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _authority_page(request, authority_id, act=act, refusal=refusal)
    messages.success(request, _("已保存。省级发布新版联络清单之后，公众看到的才会更新。"))
    return HttpResponseRedirect(reverse("place_authority", args=[authority_id]))


def _number(value: str | None) -> int:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 19 else 0


@require_safe
@door.open_to_authorities
def window(request: HttpRequest, window_id: int) -> HttpResponse:
    """Show a window: contact, hours and exceptions, equipment, outlets, staff, who is on duty; to edit for its own."""
    return _window_page(request, window_id)


def _window_page(
    request: HttpRequest, window_id: int, *, act: str = "", refusal: refusals.Refusal | None = None
) -> HttpResponse:
    actor, on = door.actor_of(request), _today(request)
    row = keeping.window_seen(window_id, by=actor)
    there = {e.kind: e for e in row.equipment.all()}
    may_edit = (
        permissions.may_edit(actor, row.hall.authority_id) and not row.closed_at and not row.successor_id
    )
    shown = {
        "window": row,
        "hours": contacts.hours_of(row),
        "host": Host(row.host).label if row.host else "",
        "equipment": [{"kind": kind, "name": name, "row": there.get(kind)} for kind, name in Equipment.KINDS],
        "days": list(row.days.filter(on__gte=on).order_by("on")),
        "outlets": list(row.outlets.filter(closed_at=None).order_by("id")),
        "posts": queries.staff_of([row.id], on=on),
        "present": [p.person_id for p in staff.on_duty([row.id], on=on).get(row.id, [])],
        "kiosks": kiosks.of_window(row.id),
        "roster": roster.of([row.id], on=on).get(row.id, []),
        "open_cases": closing.open_cases_of(row.id),
        "successors": _successors(row) if may_edit else [],
        "may_edit": may_edit,
        "may_staff": permissions.may_manage_area(actor, row.hall.authority.division_id) and not row.closed_at,
        "today": on,
        "act": act,
        "typed": request.POST if refusal else {},
        "wrong": refusal.fields if refusal else {},
        "refusal": refusal,
    }
    return render(request, "overview/window.html", shown, status=refusal.status if refusal else 200)


def _successors(row: Window) -> list[tuple[int, str]]:
    """Give the windows that may take a window's cases, those of the same city first."""
    rows = Window.objects.filter(
        is_open=True, kind=WindowKind.HALL, division__code__startswith=row.division_id[:2]
    )
    pairs = list(rows.exclude(id=row.id).order_by("division_id").values_list("division_id", "id", "name"))
    pairs.sort(key=lambda p: not p[0].startswith(row.division_id[:4]))
    return [(id_, name) for _code, id_, name in pairs]


@require_POST
@door.open_to_authorities
@once.once
def change_window(request: HttpRequest, window_id: int, act: str) -> HttpResponse:
    """Do one thing to a window: save it, its equipment, a day of it; give a post; close it."""
    if act not in _ACTS:
        raise UnknownAct()
    keeping.window_seen(window_id, by=door.actor_of(request))
    try:
        said = _ACTS[act](request, window_id)
    except refusals.Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _window_page(request, window_id, act=act, refusal=refusal)
    messages.success(request, said)
    return HttpResponseRedirect(reverse("place_window", args=[window_id]))


def _save(request: HttpRequest, window_id: int) -> str:
    keeping.save_window(window_id, request.POST.dict(), **_by(request))
    return _("已保存。省级发布新版联络清单之后，公众看到的才会更新。")


def _equipment(request: HttpRequest, window_id: int) -> str:
    data = request.POST
    found = {kind: kind in data for kind, _name in Equipment.KINDS if kind != "bandwidth"}
    typed = data.get("bandwidth", "").strip()
    if typed and not (typed.isascii() and typed.isdigit() and len(typed) < 8):
        raise rules.NotFilled(fields={"bandwidth": _("带宽请填 0 以上的整数，单位 M")})
    bandwidth = int(typed) if typed else None
    if bandwidth is None:
        found["bandwidth"] = False
    keeping.check_equipment(window_id, found, bandwidth=bandwidth, on=_today(request), **_by(request))
    return _("设备核查结果已登记。")


def _day(request: HttpRequest, window_id: int) -> str:
    data = request.POST
    on = date_of(data.get("on", ""), "on")
    if "clear" in data:
        keeping.clear_window_day(window_id, on=on, **_by(request))
        return _("已恢复平常的办公时间。")
    hours: dict[str, Any] = {name: data.get(f"day_{name}", "") for name in ("opens_at", "closes_at")}
    keeping.set_window_day(window_id, on=on, **hours, reason=data.get("reason", ""), **_by(request))
    return _("已保存这一天的安排。")


def _close(request: HttpRequest, window_id: int) -> str:
    data = request.POST
    successor = _number(data.get("successor_id"))
    if successor:
        closing.hand_over(window_id, successor_id=successor, reason=data.get("reason", ""), **_by(request))
        return _("窗口已停止收件，未办结的办件正在逐件移交，全部移交后窗口撤销。")
    closing.close(window_id, reason=data.get("reason", ""), **_by(request))
    return _("窗口已撤销。")


def _roster(request: HttpRequest, window_id: int) -> str:
    days = roster_form.plan(window_id, request.POST, **_by(request))
    return _("已安排 {n} 个工作日的值班。").format(n=len(days))


def _post(request: HttpRequest, window_id: int) -> str:
    data = request.POST
    values: dict[str, Any] = {name: data.get(name, "") for name in ("account", "name", "phone", "role")}
    post = staff.give_post(
        window_id,
        **values,
        from_on=date_of(data.get("from_on", ""), "from_on"),
        **_by(request),
    )
    return _("{name}已安排到岗。").format(name=post.person.name)


def _kiosk(request: HttpRequest, window_id: int) -> str:
    ending = _number(request.POST.get("end"))
    if ending:
        keeping.end_kiosk(window_id, ending, **_by(request))
        return _("自助终端已停用，那台设备不再是终端。")
    name = request.POST.get("kiosk_name", "")
    row, code = keeping.register_kiosk(window_id, name=name, **_by(request))
    return _(
        "已登记“{name}”。请在那台设备上打开 /kiosk/，输入登记码 {code}。只显示这一次，30 分钟内有效。"
    ).format(name=row.name, code=f"{code[:4]}-{code[4:]}")


_ACTS: Mapping[str, Callable[[HttpRequest, int], str]] = {
    "save": _save,
    "equipment": _equipment,
    "day": _day,
    "close": _close,
    "post": _post,
    "kiosk": _kiosk,
    "roster": _roster,
}


def _by(request: HttpRequest) -> dict[str, Any]:
    return {"by": door.actor_of(request), "at": requests.time_of(request)}


def date_of(text: str, field: str) -> datetime.date:
    """Read a date from a form.

    Raises:
        NoDate: naming the field.
    """
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise NoDate(fields={field: NoDate().message}) from None


def _today(request: HttpRequest) -> datetime.date:
    return requests.time_of(request).astimezone(worktime.BEIJING).date()


urlpatterns = [
    path("places/", page, name="places"),
    path("places/authorities/<int:authority_id>/", authority, name="place_authority"),
    path("places/authorities/<int:authority_id>/<slug:act>/", change_authority, name="place_authority_act"),
    path("places/windows/<int:window_id>/", window, name="place_window"),
    path("places/windows/<int:window_id>/<slug:act>/", change_window, name="place_window_act"),
]
