"""Jobs whose worker was killed under them: taken up again, so that none waits for ever.

Every task does no harm when it runs twice; a worker that only seemed dead is no danger.
"""

import logging

from procrastinate import exceptions, job_context
from procrastinate.contrib.django import app
from procrastinate.jobs import Job, Status

TASK = "tongban.command.rescue"
SILENT = 30.0  # seconds after which a worker that was not heard of is taken to be dead
TRIES = 5  # a job that takes its worker with it each time is left among the failed ones, to be seen

log = logging.getLogger(__name__)


@app.periodic(cron="* * * * *")
@app.task(name=TASK, queueing_lock="rescue", pass_context=True)
async def rescue(context: job_context.JobContext, timestamp: int) -> None:
    """Queue every job of a dead worker again."""
    jobs = context.app.job_manager
    for job in await jobs.get_stalled_jobs(seconds_since_heartbeat=SILENT):
        if job.id != context.job.id:
            log.warning("job %s (%s): %s", job.id, job.task_name, await _take_up(context, job))


async def _take_up(context: job_context.JobContext, job: Job) -> str:
    jobs = context.app.job_manager
    if job.attempts >= TRIES:
        await jobs.finish_job(job, status=Status.FAILED, delete_job=False)
        return "given up, its worker died every time"
    try:
        await jobs.retry_job(job)
    except exceptions.UniqueViolation:
        # The same work is queued already, under the same queueing lock.
        await jobs.finish_job(job, status=Status.ABORTED, delete_job=True)
        return "dropped, the same work is queued"
    return "queued again, its worker has died"
