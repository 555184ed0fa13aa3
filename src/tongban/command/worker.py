"""The job worker: runs what was deferred, and what is due at set times, until it is told to stop.

It outlives its database: when the server ends or another takes over, the process stays, waits until one
can be reached, and goes on.
"""

import asyncio
import logging
import os
import signal
from typing import TYPE_CHECKING

import django
import psycopg
from django.db import connections

from tongban.kernel import jobs

if TYPE_CHECKING:
    from procrastinate import App
    from procrastinate.psycopg_connector import PsycopgConnector

CONCURRENCY = 4
GRACE = 3.0  # seconds that running jobs get to finish after the signal to stop
AGAIN = 0.5  # seconds between two attempts to reach the database

log = logging.getLogger(__name__)


def main() -> None:
    """Work until SIGTERM or SIGINT; jobs that were done leave the queue, failed ones stay to be seen."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tongban.config.settings")
    django.setup()
    from tongban.kernel import logs

    logs.guard()
    from procrastinate.contrib.django import app

    from tongban.command import rescue

    assert rescue.TASK in app.tasks  # known by being imported
    connections.close_all()
    asyncio.run(_work(app))


async def _work(app: "App") -> None:
    """Run one worker after another, each as long as its database lives, until told to stop."""
    from procrastinate import exceptions

    told = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, told.set)
    while not told.is_set():
        try:
            if await _is_there():
                with app.replace_connector(_connector()) as worker:
                    async with worker.open_async():
                        await _run_until(told, worker)
        except (exceptions.ConnectorException, psycopg.Error, OSError) as error:
            log.warning("the database is out of reach, trying again: %s", error.__cause__ or error)
        if not told.is_set():
            await asyncio.sleep(AGAIN)


async def _run_until(told: asyncio.Event, worker: "App") -> None:
    """Run a worker until it ends by itself, or is told to and has finished what it can within GRACE."""
    running = asyncio.create_task(
        worker.run_worker_async(
            name=f"tongban-{os.getpid()}",
            concurrency=CONCURRENCY,
            shutdown_graceful_timeout=GRACE,
            delete_jobs="successful",
            install_signal_handlers=False,
            task_middleware=[jobs.outlive_the_database],
        )
    )
    waiting = asyncio.create_task(told.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if told.is_set():
        running.cancel()
    try:
        await running
    except asyncio.CancelledError:
        if not told.is_set():
            raise


def _connector() -> "PsycopgConnector":
    """Give the queue's own connections: as the application's, to the server that leads."""
    from procrastinate.contrib.django import utils
    from procrastinate.psycopg_connector import PsycopgConnector

    from tongban.kernel import primary

    return PsycopgConnector(
        kwargs=utils.connector_params(),
        connection_class=primary.AsyncConnection,
        min_size=1,
        timeout=5,
        reconnect_timeout=2,
    )


async def _is_there() -> bool:
    """Tell whether the database can be reached now; opening the pool would wait for long."""
    from procrastinate.contrib.django import utils

    from tongban.kernel import primary

    try:
        async with await primary.AsyncConnection.connect(**utils.connector_params(), autocommit=True):
            return True
    except psycopg.OperationalError:
        return False


if __name__ == "__main__":
    main()
