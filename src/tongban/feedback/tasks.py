"""Periodic work on complaints. Safe to run twice."""

import datetime
import logging

from procrastinate.contrib.django import app

from tongban.directory import queries as directory
from tongban.duties import queries as duties
from tongban.feedback import soundness
from tongban.feedback.operations import complaints
from tongban.people.actors import SYSTEM

log = logging.getLogger(__name__)


def escalate_all(*, at: datetime.datetime) -> int:
    """Hand every late complaint to the level above, or from there to the group; gives how many moved (P11)."""
    late = {
        duty.case_id
        for kind in (complaints.ANSWER, complaints.ABOVE)
        for duty in duties.overdue(kind, at=at)[:1000]
    }
    return sum(complaints.escalate(id_, by=SYSTEM, at=at) for id_ in sorted(late))


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="escalate_complaints")
def escalate(timestamp: int) -> None:
    """Hand late complaints upwards."""
    escalate_all(at=directory.now())


@app.periodic(cron="40 2 * * *")
@app.task(queueing_lock="feedback_doctor")
def examine(timestamp: int) -> None:
    """Prove every night that no rectification, appeal or complaint waits without a bearer and a clock."""
    for ailment in soundness.examine():
        log.error("doctor: %s %s: %s", ailment.part, ailment.number, ailment.what)
