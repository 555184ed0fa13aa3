"""The way in (`/system/`): leads each administrator to the first page of their own part."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.http import require_safe

from tongban.people.roles import Role
from tongban.web.kit.requests import TongbanRequest

FIRST = {
    Role.SYSTEM_ADMIN: "system_accounts",
    Role.SECURITY_ADMIN: "system_events",
    Role.AUDIT_ADMIN: "system_audit",
}


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Lead on to the part of whoever comes."""
    actor = cast(TongbanRequest, request).actor
    return redirect(next(name for role, name in FIRST.items() if actor.has(role)))


urlpatterns = [path("", page, name="system")]
