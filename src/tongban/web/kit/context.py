"""What every page shows: practice mode, who acts, what time it is for the product."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from tongban.web.kit import requests


def page(request: HttpRequest) -> dict[str, Any]:
    """Give the template variables that every page has."""
    return {
        "is_practice": settings.TONGBAN_PRACTICE,
        "actor": getattr(request, "actor", requests.NOBODY),
        "now": requests.time_of(request),
    }
