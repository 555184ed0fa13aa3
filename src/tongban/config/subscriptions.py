"""Who listens to which step: the one place where what follows a step is written down."""

import json
from collections.abc import Iterable
from typing import Any

from django.db import connection

from tongban.cases import following
from tongban.cases.models import Case
from tongban.messages import codes as codes_out
from tongban.messages.states import MOMENTS
from tongban.people import codes

LIVE_CHANNEL = "tongban_live"
TELL = "tongban.messages.tasks.tell"


def on_app_ready(app: Any) -> None:
    """Connect listeners when the job queue is ready, in every process."""
    connect()


def connect() -> None:
    """Connect every listener once, however often this is called."""
    if ping not in following.ON_CHANGE:
        following.ON_CHANGE.append(ping)
    if codes_out.queue not in codes.SENDERS:
        codes.SENDERS.append(codes_out.queue)
    following.queue_after(TELL, steps=MOMENTS)  # in the step's own transaction (P21(4))


def ping(case: Case, windows: Iterable[int]) -> None:
    """Tell the live process who sees a change of a case; no word about the case itself."""
    names = [f"w{window_id}" for window_id in sorted(set(windows))]
    if case.department_id:
        names.append(f"d{case.department_id}")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [LIVE_CHANNEL, json.dumps(names)])
