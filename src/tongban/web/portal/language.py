"""The language of the pages (`/language/setlang/`): kept in a cookie, and by an applicant's account for their messages."""

from typing import cast

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponseBase
from django.views.i18n import set_language

from tongban.people import applicants
from tongban.web.kit.requests import TongbanRequest


@login_not_required  # it can be chosen before signing in, too
def choose(request: HttpRequest) -> HttpResponseBase:
    """Show the pages in a language from now on; who is signed in as an applicant is written to in it, too."""
    actor = cast(TongbanRequest, request).actor
    if request.method == "POST" and actor.is_applicant and actor.id:
        applicants.choose_language(actor.id, request.POST.get("language", ""))
    return set_language(request)
