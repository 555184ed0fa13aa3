"""The audit administrator's part: whether the journal is whole, and reading all of it. Nothing here changes anything."""

import datetime
from typing import cast

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import AlreadyEnqueued

from tongban.cases import tasks
from tongban.journal import queries as journal
from tongban.kernel import ids
from tongban.people import security
from tongban.people.models import Person
from tongban.web.kit import once, requests
from tongban.web.system import entries


@never_cache
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show what was verified lately and found, and the seals."""
    under_way = ProcrastinateJob.objects.filter(
        task_name=tasks.verify_journal.name, status__in=["todo", "doing"]
    ).exclude(status="todo", scheduled_at__gt=requests.machine_time())
    shown = {
        "runs": journal.verifications(),
        "seals": journal.seals(),
        "is_under_way": under_way.exists(),
    }
    return render(request, "system/audit.html", shown)


@never_cache
@require_POST
@once.once
def verify(request: HttpRequest) -> HttpResponse:
    """Have everything verified now; one verification at a time."""
    by, at = cast(Person, request.user), requests.machine_time()
    try:
        with transaction.atomic():  # a job that waits already must not spoil what is around this
            job = app.configure_task(tasks.verify_journal.name, queueing_lock="verify")
            job.defer(timestamp=int(at.timestamp()), by=by.account)
    except AlreadyEnqueued:
        messages.warning(request, _("已经有一次核验在进行，请稍后刷新查看结果。"))
    else:
        security.record("audit_checked", at=at, by=by, address=requests.address_of(request))
        messages.success(request, _("已开始核验，完成后结果列在下面。"))
    return redirect("system_audit")


@never_cache
@require_safe
def entries_page(request: HttpRequest) -> HttpResponse:
    """Read the journal of everything, or of one case: who did which step when, without contents."""
    number, before = request.GET.get("number", "").strip()[:30], request.GET.get("before", "")[:80]
    chain_id, is_wrong = None, False
    if number:
        try:
            chain_id = ids.id_of(number)
        except ids.BadNumber:
            is_wrong = True
    rows = [] if is_wrong else journal.latest(before=_before(before), chain_id=chain_id)
    shown = {"lines": entries.lines(rows[: journal.PAGE]), "number": number, "is_wrong": is_wrong, "next": ""}
    if len(rows) > journal.PAGE:
        last = rows[journal.PAGE - 1]
        after = f"{last.recorded_at.isoformat()} {last.chain_id} {last.seq}"
        shown["next"] = "?" + urlencode({"number": number, "before": after})
    return render(request, "system/journal.html", shown)


def _before(said: str) -> tuple[str, int, int] | None:
    """Give where the page before ended; what is none begins at the first page."""
    try:
        at, chain, seq = said.split(" ")
        datetime.datetime.fromisoformat(at)
        return at, int(chain), int(seq)
    except ValueError:
        return None


urlpatterns = [
    path("audit/", page, name="system_audit"),
    path("audit/verify/", verify, name="system_verify"),
    path("journal/", entries_page, name="system_journal"),
]
