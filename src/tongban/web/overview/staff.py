"""The staff of an area: who holds which post at which window, what they have learnt, who is on duty (A5)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tongban.kernel import refusals, worktime
from tongban.people import permissions, staff
from tongban.web.kit import once, requests
from tongban.web.overview import door, places


@require_safe
@door.open_to_authorities
def page(request: HttpRequest) -> HttpResponse:
    """Show the staff of the person's area, 50 a page."""
    return _page(request)


def _page(request: HttpRequest, *, about: int = 0, refusal: refusals.Refusal | None = None) -> HttpResponse:
    actor, at = door.actor_of(request), requests.time_of(request)
    on = at.astimezone(worktime.BEIJING).date()
    words = request.GET.get("q", "").strip()[:60]
    code, _dash, id_ = request.GET.get("after", "").partition("-")
    after = (code[:12], int(id_)) if code.isdigit() and id_.isdigit() and len(id_) < 19 else None
    rows = staff.under(actor, on=on)
    untrained = request.GET.get("only") == "untrained"
    if untrained:
        rows = rows.filter(person__trainings=None)
    found = staff.page_of(rows, words=words, after=after)
    shown = found[: staff.PAGE]
    present = staff.on_duty({p.window_id for p in shown if p.window_id}, on=on)
    on_duty = {(w, p.person_id) for w, people in present.items() for p in people}
    last = shown[-1] if len(found) > staff.PAGE else None
    lines = [
        {
            "post": post,
            "is_present": (post.window_id, post.person_id) in on_duty,
            "may_edit": post.window is not None
            and permissions.may_manage_area(actor, post.window.hall.authority.division_id),
        }
        for post in shown
    ]
    return render(
        request,
        "overview/staff.html",
        {
            "lines": lines,
            "words": words,
            "untrained": untrained,
            "next": f"{last.window.division_id}-{last.pk}" if last and last.window else "",
            "today": on,
            "about": about,
            "typed": request.POST if refusal else {},
            "wrong": refusal.fields if refusal else {},
            "refusal": refusal,
        },
        status=refusal.status if refusal else 200,
    )


@require_POST
@door.open_to_authorities
@once.once
def change(request: HttpRequest, post_id: int, act: str) -> HttpResponse:
    """End a post, or record a training of whoever holds it."""
    by, at, data = door.actor_of(request), requests.time_of(request), request.POST
    try:
        if act == "end":
            until_on = places.date_of(data.get("until_on", ""), "until_on")
            post = staff.end_post(post_id, until_on=until_on, by=by, at=at)
            messages.success(request, _("{name}的岗位已结束。").format(name=post.person.name))
        elif act == "training":
            passed_on = places.date_of(data.get("passed_on", ""), "passed_on")
            staff.add_training(post_id, title=data.get("title", ""), passed_on=passed_on, by=by, at=at)
            messages.success(request, _("培训已登记。"))
        else:
            raise places.UnknownAct()
    except refusals.Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _page(request, about=post_id, refusal=refusal)
    return HttpResponseRedirect(reverse("staff"))


urlpatterns = [
    path("staff/", page, name="staff"),
    path("staff/<int:post_id>/<slug:act>/", change, name="staff_act"),
]
