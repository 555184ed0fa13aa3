"""How the product runs (`/system/queue/`, `/system/health/`): jobs that failed, and whether all parts work."""

import datetime
import shutil
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateEvent, ProcrastinateJob, ProcrastinateWorker

from tongban.journal import queries as journal
from tongban.kernel import refusals
from tongban.people import security
from tongban.people.models import Person
from tongban.web.kit import health, once, requests

SHOWN = 100
PARTS = {
    "database": gettext_lazy("数据库"),
    "queue": gettext_lazy("后台任务进程"),
    "storage": gettext_lazy("文件存储"),
}


class NoSuchJob(refusals.NotFound):
    """没有这个失败的任务，或者已经重新执行。请刷新后查看。"""


@never_cache
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """Show how many jobs wait, and those that failed for good; what they are about is not shown."""
    failed = list(ProcrastinateJob.objects.filter(status="failed").order_by("-id")[: SHOWN + 1])
    ended = dict(
        ProcrastinateEvent.objects.filter(job_id__in=[j.id for j in failed], type="failed").values_list(
            "job_id", "at"
        )
    )
    waiting = ProcrastinateJob.objects.filter(status="todo").order_by("scheduled_at", "id")[:SHOWN]
    shown = {
        "failed": [{"job": j, "at": ended.get(j.id)} for j in failed[:SHOWN]],
        "is_cut": len(failed) > SHOWN,
        "waiting": list(waiting),
        "doing": list(ProcrastinateJob.objects.filter(status="doing").order_by("id")[:SHOWN]),
    }
    return render(request, "system/queue.html", shown)


@never_cache
@require_POST
@once.once
def replay(request: HttpRequest, job_id: int) -> HttpResponse:
    """Let a job that failed run again."""
    job = ProcrastinateJob.objects.filter(id=job_id, status="failed").first()
    if job is None:
        raise NoSuchJob()
    at = requests.machine_time()
    app.job_manager.retry_job_by_id(job_id, retry_at=at)
    by = cast(Person, request.user)
    security.record(
        "job_replayed", at=at, by=by, address=requests.address_of(request), job=job_id, task=job.task_name
    )
    messages.success(request, _("任务 {job} 已重新排队。").format(job=job_id))
    return redirect("system_queue")


@never_cache
@require_safe
def state(request: HttpRequest) -> HttpResponse:
    """Show whether every part works, how full the disk is, and when last sealed and verified."""
    seals, runs = journal.seals(limit=1), journal.verifications(limit=1)
    disk = shutil.disk_usage(settings.TONGBAN_DATA if settings.TONGBAN_DATA.exists() else "/")
    shown: dict[str, Any] = {
        "checks": [
            {"name": PARTS[name], "is_well": health.works(check)} for name, check in health.CHECKS.items()
        ],
        "workers": list(ProcrastinateWorker.objects.order_by("-last_heartbeat")[:20]),
        "now_real": datetime.datetime.now(datetime.UTC),
        "disk_free": disk.free // 2**30,
        "disk_share": round(100 * disk.used / disk.total),
        "database_size": _database_size(),
        "seal": seals[0] if seals else None,
        "verification": runs[0] if runs else None,
    }
    return render(request, "system/health.html", shown)


def _database_size() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database()) / 1048576")
        return int(cursor.fetchone()[0])


urlpatterns = [
    path("queue/", queue, name="system_queue"),
    path("queue/<int:job_id>/replay/", replay, name="system_replay"),
    path("health/", state, name="system_health"),
]
