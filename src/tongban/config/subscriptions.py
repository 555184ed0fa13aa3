"""Who listens to which step: the one place where what follows a step is written down."""

import datetime
import json
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import connection
from django.urls import reverse
from django.utils import translation

from tongban.cases import following
from tongban.cases.models import Case
from tongban.catalogue import imports
from tongban.directory import queries as directory
from tongban.feedback.operations import bringing, hotline
from tongban.kernel import links
from tongban.messages import gateways
from tongban.messages.operations import writing
from tongban.messages.states import MOMENTS, Channel
from tongban.people import codes
from tongban.web.kit import rating

LIVE_CHANNEL = "tongban_live"
TELL = "tongban.messages.tasks.tell"
RATING_COUNTS = datetime.timedelta(days=30)  # how long the link of a message opens the rating


def on_app_ready(app: Any) -> None:
    """Connect listeners when the job queue is ready, in every process."""
    connect()


def connect() -> None:
    """Connect every listener once, however often this is called."""
    if ping not in following.ON_CHANGE:
        following.ON_CHANGE.append(ping)
    if send_code not in codes.SENDERS:
        codes.SENDERS.append(send_code)
    if rating_link not in writing.RATING:
        writing.RATING.append(rating_link)
    if writing.hand_over not in following.ON_HAND_OVER:
        following.ON_HAND_OVER.append(writing.hand_over)
    imports.KINDS.setdefault(bringing.KIND, bringing.WORKBOOK)
    imports.KINDS.setdefault(hotline.KIND, hotline.WORKBOOK)
    following.queue_after(TELL, steps=MOMENTS)  # in the step's own transaction (P21(4))


def rating_link(case_id: int, at: datetime.datetime) -> str:
    """Give the address where an applicant rates the legs of a case that are done (F4)."""
    # Without a road it is read as a link that was sent; a text message has room for no letter more.
    token = links.make(purpose=rating.PURPOSE, subject=str(case_id), until=at + RATING_COUNTS)
    return settings.TONGBAN_ADDRESS + reverse("rate_legs", args=[token])


def send_code(code: codes.Outgoing) -> None:
    """Bring a one-time code to a phone or an e-mail address, as a message.

    Raises:
        codes.NoSender: no gateway is set up for that way.
    """
    channel = Channel.EMAIL if code.what == codes.EMAIL else Channel.SMS
    if not gateways.of(channel):
        raise codes.NoSender()
    minutes = int(codes.LIFE.total_seconds() // 60)
    language = translation.get_language() or settings.LANGUAGE_CODE  # of the page on which it was asked for
    writing.send_code(
        channel, code.to, digits=code.digits, minutes=minutes, at=directory.now(), language=language
    )


def ping(case: Case, windows: Iterable[int]) -> None:
    """Tell the live process who sees a change of a case; no word about the case itself."""
    names = [f"w{window_id}" for window_id in sorted(set(windows))]
    if case.department_id:
        names.append(f"d{case.department_id}")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [LIVE_CHANNEL, json.dumps(names)])
