"""Batches of the item list (`/overview/lists/`): put together, published, and what is on the list today (B5, P6, W5)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tongban.catalogue import listing, permissions, rules
from tongban.catalogue.models import ItemList
from tongban.catalogue.operations import lists as operations
from tongban.kernel import numbers, refusals
from tongban.people.roles import Role
from tongban.web.kit import once, requests
from tongban.web.overview import door
from tongban.web.overview.standards import today_of


@require_safe
@door.open_to_authorities
def page(request: HttpRequest) -> HttpResponse:
    """Show the batches, how many items are on the list today, and the pilots proposed for the next batch."""
    return _page(request)


def _page(request: HttpRequest, refusal: refusals.Refusal | None = None) -> HttpResponse:
    on = today_of(request)
    shown = {
        "batches": listing.batches(),
        "n_listed": len(listing.offers().listed(on=on)),
        "on": on,
        "recommended": listing.recommended(),
        "is_group": door.actor_of(request).has(Role.GROUP),
        "year": on.year,
        "typed": request.POST,
        "refusal": refusal,
    }
    return render(request, "overview/lists.html", shown, status=refusal.status if refusal else 200)


@require_POST
@door.open_to_authorities
@once.once
def begin(request: HttpRequest) -> HttpResponse:
    """Begin the next batch of a year and go to it."""
    try:
        row = operations.begin(
            year=numbers.whole(request.POST.get("year", "")),
            document=request.POST.get("document", ""),
            by=door.actor_of(request),
            at=requests.time_of(request),
        )
    except refusals.Refusal as refusal:
        return _page(request, refusal)
    return redirect("list", row.id)


@require_safe
@door.open_to_authorities
def one(request: HttpRequest, list_id: int) -> HttpResponse:
    """Show a batch: what it lists and takes off; a draft can be changed and published."""
    return _one(request, listing.batch(list_id))


def _one(request: HttpRequest, row: ItemList, refusal: refusals.Refusal | None = None) -> HttpResponse:
    is_draft = row.published_at is None
    shown = {
        "row": row,
        "lines": list(row.lines.all()),
        "may_edit": is_draft and door.actor_of(request).has(Role.GROUP),
        "recommended": listing.recommended() if is_draft else [],
        "today": today_of(request).isoformat(),
        "typed": request.POST,
        "refusal": refusal,
    }
    return render(request, "overview/list.html", shown, status=refusal.status if refusal else 200)


@require_POST
@door.open_to_authorities
@once.once
def act(request: HttpRequest, list_id: int) -> HttpResponse:
    """List an item, take one off, take a line out again, publish, or throw the draft away."""
    by, at, data = door.actor_of(request), requests.time_of(request), request.POST
    row, do = listing.batch(list_id), data.get("do", "")
    try:
        if do == "publish":
            on = requests.date_of(data.get("effective_from_on", ""))
            operations.publish(row.id, effective_from_on=on, by=by, at=at)
            messages.success(request, _("{batch}已发布，此后不能再改。").format(batch=row))
        elif do == "discard":
            operations.discard(row.id, by=by, at=at)
            messages.success(request, _("已删除。"))
            return redirect("lists")
        elif do.startswith("out:"):
            operations.take_out(row.id, seq=numbers.whole(do[4:]) or 0, by=by, at=at)
        else:
            seq = numbers.whole(data.get("seq", ""))
            kind, reason = data.get("kind", ""), data.get("reason", "")
            operations.put(row.id, seq=seq, kind=kind, reason=reason, by=by, at=at)
    except rules.UnknownBatch:
        raise
    except permissions.NotTheGroup:
        raise
    except refusals.Refusal as refusal:
        return _one(request, listing.batch(list_id), refusal)
    return redirect("list", row.id)


urlpatterns = [
    path("lists/", page, name="lists"),
    path("lists/begin/", begin, name="list_begin"),
    path("lists/<int:list_id>/", one, name="list"),
    path("lists/<int:list_id>/act/", act, name="list_act"),
]
