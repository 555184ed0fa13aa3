"""Announcements (`/overview/announcements/`): written, published and withdrawn by each authority for its
place, and by the coordination group for all five provinces."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tongban.directory import announcements
from tongban.directory import queries as directory
from tongban.kernel import refusals, worktime
from tongban.people import keeping, permissions
from tongban.web.kit import once, requests
from tongban.web.overview import door

PAGE = 30


@require_safe
@door.open_to_authorities
def page(request: HttpRequest) -> HttpResponse:
    """Show every announcement, withdrawn ones too, and a form for a new one to those who may publish."""
    return _page(request)


def _page(request: HttpRequest, *, refusal: refusals.Refusal | None = None, about: int = 0) -> HttpResponse:
    before = request.GET.get("before", "")
    rows = announcements.published(
        before=int(before) if before.isascii() and before.isdigit() and len(before) < 18 else None,
        limit=PAGE + 1,
    )
    allowed = permissions.places_to_announce(door.actor_of(request))
    names = directory.names_of([code for code in allowed if code])
    on = requests.time_of(request).astimezone(worktime.BEIJING).date()
    shown = {
        "rows": [
            {
                "row": row,
                "is_over": bool(row.until_on and row.until_on < on),
                "is_coming": row.from_on > on,
                "may_withdraw": row.withdrawn_at is None and row.place_id in allowed,
            }
            for row in rows[:PAGE]
        ],
        "next": rows[PAGE - 1].id if len(rows) > PAGE else "",
        "choices": [(code or "all", names.get(code or "", "") or _("五省")) for code in allowed],
        "typed": request.POST if refusal and not about else {},
        "refusal": refusal,
        "wrong": refusal.fields if refusal else {},
        "about": about,
        "today": on,
    }
    status = refusal.status if refusal else 200
    return render(request, "overview/announcements.html", shown, status=status)


@require_POST
@door.open_to_authorities
@once.once
def publish(request: HttpRequest) -> HttpResponse:
    """Publish a new announcement."""
    wanted = request.POST.get("place", "")
    try:
        row = keeping.publish_announcement(
            request.POST.dict(),
            place=None if wanted == "all" else wanted,
            by=door.actor_of(request),
            at=requests.time_of(request),
        )
    except refusals.Incomplete as refusal:
        return _page(request, refusal=refusal)
    messages.success(request, _("已发布：{title}。").format(title=row.title))
    return HttpResponseRedirect(reverse("overview_announcements"))


@require_POST
@door.open_to_authorities
@once.once
def withdraw(request: HttpRequest, announcement_id: int) -> HttpResponse:
    """Take an announcement back."""
    try:
        keeping.withdraw_announcement(
            announcement_id,
            reason=request.POST.get("reason", ""),
            by=door.actor_of(request),
            at=requests.time_of(request),
        )
    except refusals.Incomplete as refusal:
        return _page(request, refusal=refusal, about=announcement_id)
    messages.success(request, _("已撤回，公众不再看到。"))
    return HttpResponseRedirect(reverse("overview_announcements"))


urlpatterns = [
    path("announcements/", page, name="overview_announcements"),
    path("announcements/publish/", publish, name="announcement_publish"),
    path("announcements/<int:announcement_id>/withdraw/", withdraw, name="announcement_withdraw"),
]
