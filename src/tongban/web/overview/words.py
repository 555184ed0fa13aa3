"""Everyday words (`/overview/words/`): what people call things, and how the list calls them (B1, W5)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tongban.catalogue import permissions, queries
from tongban.catalogue.operations import words as operations
from tongban.kernel import refusals
from tongban.web.kit import once, requests
from tongban.web.overview import door

SHOWN_AT_MOST = 100
TRIED_AT_MOST = 5


@require_safe
@door.open_to_authorities
def page(request: HttpRequest) -> HttpResponse:
    """Show the everyday words, a form for another one, and what a text finds."""
    return _page(request)


def _page(request: HttpRequest, *, refusal: refusals.Refusal | None = None) -> HttpResponse:
    after = request.GET.get("after", "")[:30]
    rows = queries.synonyms(after=after, limit=SHOWN_AT_MOST + 1)
    tried = request.GET.get("try", "").strip()[:100]
    shown = {
        "rows": rows[:SHOWN_AT_MOST],
        "next": rows[SHOWN_AT_MOST - 1].word if len(rows) > SHOWN_AT_MOST else "",
        "may_edit": permissions.may_keep_words(door.actor_of(request)),
        "tried": tried,
        "found": queries.find_items(tried, limit=TRIED_AT_MOST) if tried else [],
        "typed": request.POST,
        "refusal": refusal,
    }
    return render(request, "overview/words.html", shown, status=refusal.status if refusal else 200)


@require_POST
@door.open_to_authorities
@once.once
def add(request: HttpRequest) -> HttpResponse:
    """Add a word, or give a known one its new meaning."""
    try:
        row = operations.add_synonym(
            word=request.POST.get("word", ""),
            means=request.POST.get("means", ""),
            by=door.actor_of(request),
            at=requests.time_of(request),
        )
    except refusals.Incomplete as refusal:
        return _page(request, refusal=refusal)
    messages.success(request, _("已保存：{word}，按“{means}”查找。").format(word=row.word, means=row.means))
    return HttpResponseRedirect(reverse("words"))


@require_POST
@door.open_to_authorities
@once.once
def remove(request: HttpRequest, synonym_id: int) -> HttpResponse:
    """Take a word off."""
    operations.remove_synonym(synonym_id, by=door.actor_of(request), at=requests.time_of(request))
    messages.success(request, _("已删除这个日常说法。"))
    return HttpResponseRedirect(reverse("words"))


urlpatterns = [
    path("words/", page, name="words"),
    path("words/add/", add, name="word_add"),
    path("words/<int:synonym_id>/remove/", remove, name="word_remove"),
]
