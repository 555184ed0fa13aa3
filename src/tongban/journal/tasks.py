"""Periodic work on the journal: seal what has grown. Cases know their heads, so `cases.tasks` verifies."""

import datetime

from procrastinate.contrib.django import app

from tongban.journal import operations


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="seal")
def seal(timestamp: int) -> None:
    """Seal every chain that grew (S2); the seal bears the machine's time, which practice does not move."""
    operations.seal(at=datetime.datetime.fromtimestamp(timestamp, datetime.UTC))
