"""Who listens to which step: the one place where what follows a step is written down."""

import json
from collections.abc import Iterable
from typing import Any

from django.db import connection

from tongban.cases import following
from tongban.cases.models import Case
from tongban.directory import queries as directory
from tongban.messages import gateways
from tongban.messages.operations import writing
from tongban.messages.states import MOMENTS, Channel
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
    if send_code not in codes.SENDERS:
        codes.SENDERS.append(send_code)
    following.queue_after(TELL, steps=MOMENTS)  # in the step's own transaction (P21(4))


def send_code(code: codes.Outgoing) -> None:
    """Bring a one-time code to a phone or an e-mail address, as a message.

    Raises:
        codes.NoSender: no gateway is set up for that way.
    """
    channel = Channel.EMAIL if code.what == codes.EMAIL else Channel.SMS
    if not gateways.of(channel):
        raise codes.NoSender()
    minutes = int(codes.LIFE.total_seconds() // 60)
    writing.send_code(channel, code.to, digits=code.digits, minutes=minutes, at=directory.now())


def ping(case: Case, windows: Iterable[int]) -> None:
    """Tell the live process who sees a change of a case; no word about the case itself."""
    names = [f"w{window_id}" for window_id in sorted(set(windows))]
    if case.department_id:
        names.append(f"d{case.department_id}")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [LIVE_CHANNEL, json.dumps(names)])
