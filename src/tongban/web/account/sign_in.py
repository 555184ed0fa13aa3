"""Sign-in (`/desk/sign-in/`): account and password, then the second factor where there is one."""

from typing import Any

from django.conf import settings
from django.contrib import auth
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from tongban.kernel import refusals
from tongban.people import factors, gate, passwords, policy, security
from tongban.people.models import Person
from tongban.web.kit import devices, requests
from tongban.web.kit import gate as door

PENDING = "pending"  # in the session: who gave the right password and owes the second factor
PENDING_LIFE = 5 * 60
BACKEND = "tongban.people.sessions.Accounts"


class SignInForm(AuthenticationForm):
    """Account and password, with a sentence that says what to do when they do not fit."""

    def clean(self) -> dict[str, Any]:
        """Find out who this is; unknown, wrong and shut accounts get the same answers."""
        said = self.cleaned_data
        if said.get("username") is not None and said.get("password"):
            assert self.request is not None
            try:
                self.user_cache = gate.check_password(
                    self.request,
                    account=said["username"],
                    password=said["password"],
                    address=requests.address_of(self.request),
                    at=requests.machine_time(),
                )
            except refusals.Refusal as refused:
                raise ValidationError(refused.message, code=refused.code) from None
        return said


class SignIn(auth_views.LoginView):
    """Lets staff in; a person who is in already goes on to where they wanted."""

    template_name = "account/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Give the page its form, and the practice accounts where there are any."""
        more = {"practice_accounts": practice_accounts(), "again": self.request.POST.get("again", "")}
        return super().get_context_data(**kwargs) | more

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Let the person in, or ask for the second factor first."""
        person = form.get_user()
        if not factors.is_on(person):
            return let_in(self.request, person, going_to=self.get_redirect_url())
        self.request.session[PENDING] = {
            "person": person.pk,
            "at": requests.machine_time().timestamp(),
            "hash": person.get_session_auth_hash(),
            "next": self.get_redirect_url(),
            "again": self.request.POST.get("again", ""),
        }
        return redirect("sign_in_code")


class SignOut(auth_views.LogoutView):
    """Ends the session."""

    next_page = "sign_in"

    @method_decorator(never_cache)
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Put it on record, then end it."""
        if isinstance(request.user, Person):
            address = requests.address_of(request)
            security.record("sign_out", at=requests.machine_time(), by=request.user, address=address)
        return super().post(request, *args, **kwargs)


@login_not_required
@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """Ask for the six digits of the phone, or a recovery code."""
    person = _pending(request)
    if person is None:
        return redirect("sign_in")
    if request.method != "POST":
        return render(request, "account/code.html")
    at, address = requests.machine_time(), requests.address_of(request)
    try:
        gate.let_try(person.account, address=address, at=at)
        factors.check(person, code=request.POST.get("code", "")[:40], at=at, address=address)
    except refusals.Refusal as refused:
        return render(request, "account/code.html", {"refusal": refused}, status=refused.status)
    kept = request.session.pop(PENDING)
    return let_in(request, person, going_to=kept["next"], again=kept["again"])


def _pending(request: HttpRequest) -> Person | None:
    """Give who has given the right password a moment ago, if nothing about them has changed since."""
    kept = request.session.get(PENDING)
    if not kept or requests.machine_time().timestamp() - kept["at"] > PENDING_LIFE:
        return None
    person = Person.objects.filter(pk=kept["person"], is_active=True).first()
    return person if person and person.get_session_auth_hash() == kept["hash"] else None


def let_in(request: HttpRequest, person: Person, *, going_to: str, again: str = "") -> HttpResponse:
    """Open a session for somebody who has proved who they are, and lead on: to what must come first, to a form
    that waits, to the page asked for, or to the door of their posts.
    """
    at = requests.machine_time()
    sent = door.carried_for(person, again or request.POST.get("again", ""))
    auth.login(request, person, backend=BACKEND)
    door.begin(request, device=devices.name_of(request.headers.get("User-Agent", "")))
    gate.let_in(person, address=requests.address_of(request), at=at)
    actor = requests.person_acting(person, at=requests.time_of(request))
    if passwords.must_change(person, at=at):
        request.session[door.MUST] = "password"
    elif policy.needs_factor(actor.posts) and not factors.is_on(person):
        request.session[door.MUST] = "factor"
    elif sent:
        return render(request, "account/resend.html", {"sent": sent, "texts": door.texts_of(sent["said"])})
    home = settings.TONGBAN_ADMINISTRATORS_HOME if actor.is_administrator else settings.LOGIN_REDIRECT_URL
    is_ours = url_has_allowed_host_and_scheme(
        going_to, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return HttpResponseRedirect(going_to if going_to and is_ours else home)


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
