"""The job worker: runs what was deferred, and what is due at set times, until it is told to stop."""

import os

import django
from django.db import connections

CONCURRENCY = 4
GRACE = 3.0  # seconds that running jobs get to finish after the signal to stop


def main() -> None:
    """Work until SIGTERM or SIGINT; jobs that were done leave the queue, failed ones stay to be seen."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tongban.config.settings")
    django.setup()
    from procrastinate.contrib.django import app

    from tongban.command import rescue

    assert rescue.TASK in app.tasks  # known by being imported
    connections.close_all()
    with app.replace_connector(app.connector.get_worker_connector()) as worker:  # type: ignore[attr-defined]
        worker.run_worker(
            name=f"tongban-{os.getpid()}",
            concurrency=CONCURRENCY,
            shutdown_graceful_timeout=GRACE,
            delete_jobs="successful",
        )


if __name__ == "__main__":
    main()
