"""Whether the product lives, and whether it can serve: for supervisors and load balancers, not for people."""

import datetime
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import Http404, HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.http import require_safe

from tongban.documents import queries as documents
from tongban.journal import queries as journal
from tongban.web.kit import metrics, requests


@login_not_required
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """Say that the process answers."""
    return JsonResponse({"status": "ok"})


@login_not_required
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Say whether database, queue and storage can be used; 503 when one cannot."""
    checks = {name: works(check) for name, check in CHECKS.items()}
    well = all(checks.values())
    parts = {name: "ok" if fine else "failed" for name, fine in checks.items()}
    return JsonResponse({"status": "ok" if well else "failed", **parts}, status=200 if well else 503)


def works(check: Callable[[], bool]) -> bool:
    """Tell whether a part can be used."""
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


@login_not_required
@require_safe
def detail(request: HttpRequest) -> JsonResponse:
    """Say how each part does, in figures; for this machine and for whoever shows the metrics secret."""
    if not metrics.is_admitted(request):
        raise Http404
    checks = {name: works(check) for name, check in CHECKS.items()}
    heard_at, sealed_at, usage = _heard_at(), journal.last_sealed_at(), metrics.disk()
    now = requests.machine_time()
    free, total = usage or (0, 0)
    said: dict[str, object] = {
        "status": "ok" if all(checks.values()) else "failed",
        **{name: "ok" if fine else "failed" for name, fine in checks.items()},
        "worker_silent_seconds": round((now - heard_at).total_seconds()) if heard_at else None,
        "files_free_bytes": free,
        "files_free_share": round(free / total, 3) if total else 0,
        "calendar_days_left": metrics.days_covered(),
        "seal_age_seconds": round((now - sealed_at).total_seconds()) if sealed_at else None,
        "practice": settings.TONGBAN_PRACTICE,
    }
    return JsonResponse(said, status=200 if said["status"] == "ok" else 503)


def _heard_at() -> datetime.datetime | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(last_heartbeat) FROM procrastinate_workers")
        row = cursor.fetchone()
    return row[0] if row else None


def failed_jobs(*, most: int = 1000) -> dict[str, int]:
    """Count the jobs that failed for good by their task, the newest first; of all together at most so many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT task_name, count(*) FROM (SELECT task_name FROM procrastinate_jobs WHERE status = 'failed'"
            " ORDER BY id DESC LIMIT %s) AS newest GROUP BY task_name ORDER BY task_name",
            [most],
        )
        return dict(cursor.fetchall())


CHECKS = {"database": _database, "queue": _queue, "storage": documents.storage_ready}

urlpatterns = [
    path("live", live, name="health_live"),
    path("ready", ready, name="health_ready"),
    path("detail", detail, name="health_detail"),
]
