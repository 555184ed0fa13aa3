"""Jobs whose worker was killed are taken up again, by the real queue on the real database."""

import asyncio
import datetime
from typing import Any

import pytest
from django.db import OperationalError, connection
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from tongban.command import rescue, worker
from tongban.duties import operations as duties
from tongban.kernel import jobs

pytestmark = pytest.mark.usefixtures("committed")
DEAD, ALIVE = 900_001, 900_002


def sql(statement: str, *parameters: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else None


@pytest.fixture(autouse=True)
def _workers() -> None:
    """One worker was not heard of for a minute, another just now."""
    sql("DELETE FROM procrastinate_jobs")
    for id_, ago in ((DEAD, 60), (ALIVE, 1)):
        sql(
            "INSERT INTO procrastinate_workers (id, last_heartbeat) OVERRIDING SYSTEM VALUE"
            " VALUES (%s, now() - make_interval(secs => %s)) ON CONFLICT (id) DO NOTHING",
            id_,
            ago,
        )


def doing(by: int, *, attempts: int = 0, lock: str | None = None) -> int:
    """Give the id of a job that a worker had begun."""
    row = sql(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, args, status, attempts, worker_id)"
        " VALUES ('default', %s, %s, '{\"code\": \"\"}', 'doing', %s, %s) RETURNING id",
        duties.RECOMPUTE,
        lock,
        attempts,
        by,
    )
    return int(row[0][0])


def run_rescue() -> None:
    """Run the task as the worker does, once."""
    app.configure_task(rescue.TASK).defer(timestamp=0)
    with app.replace_connector(app.connector.get_worker_connector()) as live:  # type: ignore[attr-defined]
        live.run_worker(wait=False, delete_jobs="successful", install_signal_handlers=False)


def status_of(job_id: int) -> str:
    return ProcrastinateJob.objects.values_list("status", flat=True).filter(id=job_id).first() or "gone"


@pytest.mark.article("S3")
class TestRescue:
    def test_is_known_to_the_worker(self) -> None:
        assert worker.CONCURRENCY and rescue.TASK in app.tasks

    def test_queues_the_job_of_a_dead_worker_again_and_no_other(self) -> None:
        dead, alive = doing(DEAD), doing(ALIVE)
        run_rescue()
        assert status_of(dead) in ("todo", "gone")  # the same worker may have done it already
        assert status_of(alive) == "doing"

    def test_drops_it_when_the_same_work_is_queued_already(self) -> None:
        dead = doing(DEAD, lock="sweep")
        later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
        queued = sql(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, args, scheduled_at)"
            " VALUES ('default', %s, 'sweep', '{}', %s) RETURNING id",
            duties.RECOMPUTE,
            later,
        )[0][0]
        run_rescue()
        assert (status_of(dead), status_of(queued)) == ("gone", "todo")

    def test_leaves_one_that_takes_every_worker_with_it_to_be_seen(self) -> None:
        poison = doing(DEAD, attempts=rescue.TRIES)
        run_rescue()
        assert status_of(poison) == "failed"


@pytest.mark.article("S4")
class TestTryingAgain:
    @pytest.fixture(autouse=True)
    def _at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(jobs, "WAITS", (0.0, 0.0))

    def test_a_job_whose_database_process_was_killed_runs_on_a_new_one(self) -> None:
        processes = []

        def work() -> str:
            processes.append(sql("SELECT pg_backend_pid()")[0][0])
            if len(processes) == 1:
                sql("SELECT pg_terminate_backend(pg_backend_pid())")
            return "done"

        assert jobs.outlive_the_database(work) == "done"
        assert len(set(processes)) == 2

    @pytest.mark.parametrize(("fault", "times"), [(OperationalError, 3), (ValueError, 1)])
    def test_only_a_lost_database_is_tried_again_on_the_spot_and_told_at_last(
        self, fault: type[Exception], times: int
    ) -> None:
        tries = []

        def work() -> None:
            tries.append(1)
            raise fault

        with pytest.raises(fault):
            jobs.outlive_the_database(work)
        assert len(tries) == times

    def test_the_worker_gives_every_job_these_tries(self) -> None:
        tries = []

        @app.task(name="tests.loses_its_database_once")
        def work() -> None:
            tries.append(1)
            if len(tries) == 1:
                raise OperationalError

        async def run() -> None:
            told = asyncio.Event()
            with app.replace_connector(worker._connector()) as live:
                async with live.open_async():
                    running = asyncio.create_task(worker._run_until(told, live))
                    for _ in range(100):
                        await asyncio.sleep(0.1)
                        if len(tries) == 2:
                            break
                    told.set()
                    await running

        job = work.defer()
        try:
            asyncio.run(run())
        finally:
            app.tasks.pop(work.name)
        assert len(tries) == 2
        assert status_of(job) == "gone"

    def test_no_task_of_ours_fails_for_good_at_the_first_try(self) -> None:
        by_the_clock = {each.task.name for each in app.periodic_registry.periodic_tasks.values()}
        ours = {name: task for name, task in app.tasks.items() if name.startswith("tongban.")}
        once = {name for name, task in ours.items() if task.retry_strategy != jobs.AGAIN} - by_the_clock
        assert len(ours) > 10 and not once
