"""The practice outbox (`/practice/outbox/`): what applicants would have been sent. Without practice mode it is not there."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tongban.messages import gateways, queries
from tongban.web.kit import requests


@login_not_required
@never_cache
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show text messages and e-mails with their words, the newest first, 50 a page."""
    if not settings.TONGBAN_PRACTICE:
        raise Http404
    rows = queries.outbox(after=requests.moment_of(request.GET.get("after", "")[:60]), limit=queries.PAGE + 1)
    shown = rows[: queries.PAGE]
    last = shown[-1].message if len(rows) > queries.PAGE else None
    return render(
        request,
        "portal/outbox.html",
        {
            "rows": shown,
            "simulated": gateways.SIMULATED,
            "next": requests.moment_text(last.written_at, last.id) if last else "",
        },
    )


urlpatterns = [path("practice/outbox/", page, name="practice_outbox")]
