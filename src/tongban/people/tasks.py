"""Periodic work on sign-in: forget what counts no more."""

import datetime

from procrastinate.contrib.django import app

from tongban.people import codes, gate
from tongban.people.models import Session


@app.periodic(cron="20 * * * *")
@app.task(queueing_lock="forget_sessions")
def forget(timestamp: int) -> None:
    """Delete sessions that are over, tallies, known addresses and codes that count no more."""
    at = datetime.datetime.fromtimestamp(timestamp, datetime.UTC)
    Session.objects.filter(expire_date__lt=at).delete()
    gate.forget_old(at=at)
    codes.forget_old(at=at)
