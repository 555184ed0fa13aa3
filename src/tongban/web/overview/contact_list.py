"""The contact list as those who compile it see it: what would change, publication, versions (P13)."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tongban.directory import contacts
from tongban.directory.models import Division, Level
from tongban.kernel import refusals, worktime
from tongban.people import keeping, permissions
from tongban.people.roles import Role
from tongban.web.kit import once, requests
from tongban.web.overview import door

_SHOWN_AT_MOST = 200


@require_safe
@door.open_to_authorities
def page(request: HttpRequest) -> HttpResponse:
    """Show, for each province that concerns somebody, what has changed since it last published."""
    return _page(request)


def _page(request: HttpRequest, *, refusal: refusals.Refusal | None = None) -> HttpResponse:
    actor, at = door.actor_of(request), requests.time_of(request)
    on = at.astimezone(worktime.BEIJING).date()
    codes = {p.division_code[:2].ljust(12, "0") for p in actor.posts if p.role == Role.MANAGER}
    provinces = Division.objects.filter(level=Level.PROVINCE, valid_until_on=None).order_by("code")
    if not actor.has(Role.GROUP):
        provinces = provinces.filter(code__in=codes)
    parts = []
    for province in provinces:
        draft = contacts.part_of(province, on=on, with_samples=settings.TONGBAN_PRACTICE)
        last = contacts.latest_of(province.code)
        changes = contacts.diff(last.content if last else {}, draft)
        parts.append(
            {
                "province": province,
                "last": last,
                "changes": changes[:_SHOWN_AT_MOST],
                "count": len(changes),
                "seen": contacts.digest_of(draft).hex(),
                "may_publish": permissions.may_publish(actor, province.code),
            }
        )
    shown = {
        "parts": parts,
        "versions": contacts.versions(limit=10),
        "refusal": refusal,
        "typed": request.POST,
    }
    return render(request, "overview/contact_list.html", shown, status=refusal.status if refusal else 200)


@require_POST
@door.open_to_authorities
@once.once
def publish(request: HttpRequest, code: str) -> HttpResponse:
    """Publish a province's part as a new version."""
    data = request.POST
    try:
        row = keeping.publish(
            code,
            note=data.get("note", "").strip(),
            seen=data.get("seen", ""),
            with_samples=settings.TONGBAN_PRACTICE,
            by=door.actor_of(request),
            at=requests.time_of(request),
        )
    except refusals.Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _page(request, refusal=refusal)
    messages.success(request, _("第 {number} 版联络清单已发布。").format(number=row.number))
    return HttpResponseRedirect(reverse("contact_list"))


urlpatterns = [
    path("contact-list/", page, name="contact_list"),
    path("contact-list/<str:code>/publish/", publish, name="contact_list_publish"),
]
