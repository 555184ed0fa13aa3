"""Jobs about messages: written when a step was taken, sent at once or when due, reminders. All safe to run twice."""

from procrastinate.contrib.django import app

from tongban.directory import queries as directory
from tongban.kernel import jobs
from tongban.messages.operations import sending, writing

TELL = "tongban.messages.tasks.tell"


@app.task(name=TELL, retry=jobs.AGAIN)
def tell(case_id: int, seq: int) -> None:
    """Write what the applicant is told of a step (P21(4))."""
    writing.tell(case_id, seq=seq, at=directory.now())


@app.task(name=writing.SEND, retry=jobs.AGAIN)
def send(case_id: int, message_id: int) -> None:
    """Send one message now; if this job is lost, `send_due` does it."""
    sending.send(case_id, message_id, at=directory.now())


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="send_messages")
def send_due(timestamp: int) -> None:
    """Send what has become due."""
    sending.send_due(at=directory.now())


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="remind_of_corrections")
def remind(timestamp: int) -> None:
    """Remind of corrections on the working day before their last one (P21(1))."""
    writing.remind(at=directory.now())
