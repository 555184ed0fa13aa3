"""What every page shows: practice mode, who acts, what time it is for the product."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from tongban.web.kit import kiosk, requests

LARGE_TYPE = "tongban-type"  # cookie: "large" while somebody reads in large type (长辈版)


def reading_class(request: HttpRequest) -> str:
    """Give the classes of the whole page by which style sheets follow how somebody wants to read."""
    if kiosk.of(request):
        return "large-type kiosk"
    return "large-type" if request.COOKIES.get(LARGE_TYPE) == "large" else ""


def _kiosk(request: HttpRequest) -> dict[str, Any]:
    terminal = kiosk.of(request)
    return {"kiosk": terminal, "kiosk_idle": kiosk.idle_seconds(terminal)} if terminal else {}


def page(request: HttpRequest) -> dict[str, Any]:
    """Give the template variables that every page has."""
    return {
        "is_practice": settings.TONGBAN_PRACTICE,
        "has_oidc": bool(settings.TONGBAN_OIDC_ISSUER),
        "actor": getattr(request, "actor", requests.NOBODY),
        "now": requests.time_of(request),
        "reading_class": reading_class(request),
        **_kiosk(request),
    }
