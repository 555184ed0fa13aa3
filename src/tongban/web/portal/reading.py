"""How somebody wants to read: large type (长辈版), kept in a cookie that holds nothing else (GB/T 37668)."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from tongban.web.kit import context

_YEAR = 365 * 24 * 3600


@login_not_required
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Turn large type on or off, and go back to where one was."""
    response = HttpResponseRedirect(_back(request))
    if request.POST.get("type") == "large":
        response.set_cookie(
            context.LARGE_TYPE,
            "large",
            max_age=_YEAR,
            secure=settings.SECURE,
            httponly=True,
            samesite="Lax",
        )
    else:
        response.delete_cookie(context.LARGE_TYPE, samesite="Lax")
    return response


def _back(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=settings.SECURE
    )
    return wanted if is_ours else "/"


urlpatterns = [path("reading/", choose, name="set_reading")]
