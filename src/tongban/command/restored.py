"""What a database that was just restored still needs, and the proof that its files are there.

A return to an earlier moment brings back sessions that had been ended since, and jobs as if somebody were
still at them. Everybody signs in again, the jobs are done again (each may run twice), and the record says so.
"""

from datetime import datetime

from django.db import connection, transaction

from tongban.directory import queries as directory
from tongban.documents import store
from tongban.documents.models import StoredFile
from tongban.people import security
from tongban.people.models import Session


def settle(*, since: str, to: datetime | None) -> list[str]:
    """End sessions, free jobs, record the restoration; gives the contents that rows name and the store lacks.

    Args:
        since: the back-up that it began with.
        to: the moment that was asked for; None: everything.
    """
    with transaction.atomic():
        ended, _ = Session.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE procrastinate_jobs SET status = 'todo', worker_id = NULL WHERE status = 'doing'"
            )
            jobs = cursor.rowcount
            cursor.execute("DELETE FROM procrastinate_workers")
        moment = to.isoformat() if to else ""
        security.record("restored", at=directory.now(), backup=since, to=moment, sessions=ended, jobs=jobs)
    return missing_files()


def missing_files() -> list[str]:
    """List the digests of contents that rows name and that are not in the store, or do not open."""
    missing = []
    for digest in StoredFile.objects.values_list("digest", flat=True).distinct().iterator(chunk_size=2000):
        try:
            store.get(bytes(digest))
        except store.Unreadable:
            missing.append(bytes(digest).hex())
    return missing
