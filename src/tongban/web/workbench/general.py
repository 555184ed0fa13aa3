"""The general pages of the workbench: sign-in and sign-out, today, search, window, calendar."""

from typing import Any, cast

from django.conf import settings
from django.contrib.auth import views as auth_views
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from tongban.directory import queries as directory
from tongban.directory.models import Equipment, Window
from tongban.kernel import worktime
from tongban.people import queries as people
from tongban.web.kit import requests
from tongban.web.kit.requests import TongbanRequest
from tongban.web.workbench import calendar_page, search, today


class SignInForm(AuthenticationForm):
    """Account and password, with a sentence that says what to do when they do not fit."""

    error_messages = {
        "invalid_login": _("账号或者密码不正确。请核对大小写后重新输入；忘记密码请联系系统管理员。"),
        "inactive": _("这个账号已经停用。请联系系统管理员。"),
    }


class SignIn(auth_views.LoginView):
    """Lets staff in; a person who is in already goes on to where they wanted."""

    template_name = "workbench/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Give the page its form, and the practice accounts where there are any."""
        return super().get_context_data(**kwargs) | {"practice_accounts": practice_accounts()}


def practice_accounts() -> list[tuple[str, str]]:
    """Give how practice accounts are named, with what each may do; none outside practice mode."""
    if not settings.TONGBAN_PRACTICE:
        return []
    return [
        ("clerk.520103", str(_("窗口人员，贵阳市云岩区（收件地）"))),
        ("clerk.510100", str(_("窗口人员，成都市（属地）"))),
        ("lead.520103", str(_("窗口负责人"))),
        ("approver.510100", str(_("审批部门人员，成都市"))),
        ("manager.520103", str(_("政务服务管理机构人员；市、省用 manager.520100、manager.520000"))),
        ("group.1", str(_("协调小组人员"))),
        ("sysadmin", str(_("系统管理员；另有 secadmin、auditadmin"))),
    ]


@require_safe
def window(request: HttpRequest) -> HttpResponse:
    """Show the person's windows: where they are, when they are open, what they have, who works there (A2, A5)."""
    actor, at = cast(TongbanRequest, request).actor, requests.time_of(request)
    codes = {p.division_code for p in actor.posts if not p.window_id and p.division_code}
    found = directory.windows(actor.window_ids, codes=codes)
    posts = people.staff_of([w.id for w in found], on=at.astimezone(worktime.BEIJING).date())
    shown = [
        {"window": w, "equipment": equipment_of(w), "posts": [p for p in posts if p.window_id == w.id]}
        for w in found
    ]
    return render(request, "workbench/window.html", {"windows": shown})


def equipment_of(window: Window) -> list[dict[str, Any]]:
    """Give the check-list of a window: every piece that it must have, whether it is there, when it was checked."""
    there = {e.kind: e for e in window.equipment.all()}
    return [
        {"name": name, "is_present": kind in there and there[kind].is_present, "row": there.get(kind)}
        for kind, name in Equipment.KINDS
    ]


urlpatterns = [
    path("", today.page, name="today"),
    path("search/", search.page, name="search"),
    path("window/", window, name="window"),
    path("calendar/", calendar_page.page, name="calendar"),
    path("calendar/day/", calendar_page.change, name="calendar_day"),
    path("sign-in/", SignIn.as_view(), name="sign_in"),
    path("sign-out/", auth_views.LogoutView.as_view(next_page="sign_in"), name="sign_out"),
]
