"""Whether the product lives, and whether it can serve: for supervisors and load balancers, not for people."""

from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.http import require_safe

from tongban.documents import queries as documents


@login_not_required
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """Say that the process answers."""
    return JsonResponse({"status": "ok"})


@login_not_required
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Say whether database, queue and storage can be used; 503 when one cannot."""
    checks = {name: _works(check) for name, check in CHECKS.items()}
    well = all(checks.values())
    parts = {name: "ok" if fine else "failed" for name, fine in checks.items()}
    return JsonResponse({"status": "ok" if well else "failed", **parts}, status=200 if well else 503)


def _works(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Exception:  # whatever is wrong with it, it cannot be used
        return False


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone() == (1,))


def _queue() -> bool:
    """A worker was heard of within the last minute."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '60 s'"
        )
        row = cursor.fetchone()
    return bool(row and row[0])


CHECKS = {"database": _database, "queue": _queue, "storage": documents.storage_ready}

urlpatterns = [path("live", live, name="health_live"), path("ready", ready, name="health_ready")]
