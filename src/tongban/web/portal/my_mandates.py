"""Enterprises and mandates (`/my/mandates/`): register, appoint, accept, decline, end (A6)."""

import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tongban.catalogue.models import Item
from tongban.kernel import refusals, worktime
from tongban.people import mandates
from tongban.people.actors import PartyKind
from tongban.web.kit import requests
from tongban.web.kit.once import once
from tongban.web.portal.my import actor_of, shown


class UnknownAct(refusals.NotFound):
    """没有这个操作。请从页面上的按钮选择。"""


@require_http_methods(["GET", "HEAD", "POST"])
@once
def page(request: HttpRequest) -> HttpResponse:
    """Show whom one may act for and who may act for one; POST appoints an agent."""
    if request.method != "POST":
        return _page(request)
    said: dict[str, Any] = {
        name: request.POST.get(name, "").strip()[:100]
        for name in ("agent_name", "agent_phone", "relation", "until_on")
    }
    chosen = [int(i) for i in request.POST.getlist("items") if i.isascii() and i.isdigit() and len(i) < 6]
    try:
        row = mandates.offer(
            agent_name=said["agent_name"],
            agent_phone=said["agent_phone"],
            relation=said["relation"],
            until_on=_day(said["until_on"]),
            items=chosen,
            by=actor_of(request),
            at=requests.time_of(request),
        )
    except refusals.Refusal as refused:
        return _page(request, status=refused.status, refusal=refused, said=said, chosen=chosen)
    messages.success(request, _("已授权{name}，等对方用手机号登录后接受。").format(name=row.agent_name))
    return redirect("my_mandates")


def _day(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None


def _page(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    actor, at = actor_of(request), requests.time_of(request)
    items = list(Item.objects.order_by("seq"))
    names = {item.seq: item.name for item in items}
    today = at.astimezone(worktime.BEIJING).date()

    def rows(found: list[Any]) -> list[dict[str, Any]]:
        return [
            {
                "mandate": m,
                "items": [names.get(int(i), str(i)) for i in m.items],
                "is_over": m.ended_at is not None or m.valid_until_on < today,
            }
            for m in found
        ]

    values = {
        "offers": rows(mandates.offered_to(actor, at=at)),
        "held": rows(mandates.held_by(actor)),
        "given": rows(mandates.given_by(actor)),
        "enterprises": mandates.enterprises_of(actor),
        "items": items,
        "today": today,
        "may_give": actor.standing is not None
        and actor.standing.is_checked
        and actor.party.mandate_id is None,
        "is_enterprise": actor.party.kind == PartyKind.ENTERPRISE,
    }
    return shown(request, "portal/my/mandates.html", values | more, status=status)


@require_POST
@once
def register(request: HttpRequest) -> HttpResponse:
    """Register an enterprise that one represents by law; practice alone asks a simulator, else OIDC has said it."""
    if not settings.TONGBAN_PRACTICE:
        raise Http404
    said = {"code": request.POST.get("code", "")[:40], "enterprise_name": request.POST.get("name", "")[:200]}
    try:
        row = mandates.register_enterprise(
            code=said["code"],
            name=said["enterprise_name"],
            how="practice",
            by=actor_of(request),
            at=requests.time_of(request),
        )
    except refusals.Refusal as refused:
        return _page(request, status=refused.status, enterprise_refusal=refused, **said)
    messages.success(request, _("已登记{name}，可以切换到企业空间。").format(name=row.name))
    return redirect("my_mandates")


@require_POST
@once
def act(request: HttpRequest, mandate_id: int, act: str) -> HttpResponse:
    """Accept, decline or end a mandate."""
    by, at = actor_of(request), requests.time_of(request)
    try:
        if act == "accept":
            mandates.accept(mandate_id, by=by, at=at)
            messages.success(request, _("已接受授权。在页面上方可以切换以谁的名义办事。"))
        elif act == "end":
            mandates.end(mandate_id, by=by, at=at)
            messages.success(request, _("授权已终止，立即生效。"))
        else:
            raise UnknownAct()
    except refusals.NotFound:
        raise
    except refusals.Refusal as refused:
        return _page(request, status=refused.status, refusal=refused)
    return redirect("my_mandates")


urlpatterns = [
    path("my/mandates/", page, name="my_mandates"),
    path("my/enterprises/", register, name="my_enterprise"),
    path("my/mandates/<int:mandate_id>/<str:act>/", act, name="my_mandate_act"),
]
