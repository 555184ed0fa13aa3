"""Periodic work on the directory."""

import logging

from procrastinate.contrib.django import app

from tongban.directory import queries
from tongban.kernel import worktime

log = logging.getLogger(__name__)


@app.periodic(cron="40 6 * * *")
@app.task(queueing_lock="calendar_warning")
def warn_of_calendar_end(timestamp: int) -> None:
    """Say every morning in the log when the calendar ends in less than 90 days; pages say it, too."""
    warning = queries.calendar_warning(queries.now().astimezone(worktime.BEIJING).date())
    if warning:
        log.warning("calendar: %s", warning)
