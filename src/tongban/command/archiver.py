"""The archiver: a part of the running product that archives the database's WAL, and makes the daily back-up.

The database tells it everything it has written; it seals that, brings it to the back-up's disk together with
the files named in it, and says so. With TONGBAN_BACKUP_WAIT=1 nothing is acknowledged before.
"""

import logging
import os
import signal
import subprocess
import sys
import time
from datetime import datetime
from zoneinfo import ZoneInfo

from tongban.command import running
from tongban.command.archive import files, keys, place, replication, wal
from tongban.command.problems import Problem

AGAIN = 0.3  # seconds between two attempts to reach the database
BETWEEN = 30.0  # seconds between two looks whether a back-up is due
_BEIJING = ZoneInfo("Asia/Shanghai")

log = logging.getLogger("tongban.archiver")


def main() -> int:
    """Archive until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    os.umask(0o077)
    told: list[int] = []
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda number, _frame: told.append(number))
    try:
        where = place.Place(place.folder(), place.key(make=True))
        where.prepare()
        with where.alone("archiver") as got:
            if not got:
                raise Problem(f"Another archiver works on {where.folder}.")
            Archiver(where, told).run()
    except Problem as problem:
        print(f"ERROR {problem}", file=sys.stderr)
        return 1
    return 0


class Archiver:
    """Follows one database until told to stop."""

    def __init__(self, where: place.Place, told: list[int]) -> None:
        self._where = where
        self._told = told
        self._backup: subprocess.Popen[bytes] | None = None
        self._look_at = 0.0

    def run(self) -> None:
        """Connect, archive, and connect again whenever the line breaks."""
        while not self._told:
            try:
                with replication.Line(os.environ["TONGBAN_BACKUP_DATABASE_URL"]) as line:
                    archive = open_archive(self._where, line)
                    log.info("archiving timeline %d from the database", line.timeline)
                    wal.receive(
                        line, archive, copy_companions=Companions(self._where).copy, is_over=self._is_over
                    )
            except replication.Lost as error:
                log.warning("the database is out of reach, trying again: %s", str(error).split("\n", 1)[0])
            except OSError as error:
                log.error("the archive cannot be written, trying again: %s", error)
            if not self._told:
                time.sleep(AGAIN)
        if self._backup is not None:
            self._backup.terminate()
            self._backup.wait()

    def _is_over(self) -> bool:
        if time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + BETWEEN
            self._back_up_when_due()
        return bool(self._told)

    def _back_up_when_due(self) -> None:
        """Start the daily back-up in a process of its own; one that failed is tried again at the next look."""
        if self._backup is not None:
            code = self._backup.poll()
            if code is None:
                return
            if code:
                log.error("the back-up failed (exit code %d); see above", code)
            self._backup = None
        if (self._where.wal / wal.GAP).exists() or is_due(self._where.sets(), now=datetime.now(_BEIJING)):
            log.info("the daily back-up begins")
            self._backup = subprocess.Popen([sys.executable, "-m", "tongban.command.main", "backup"])


def is_due(sets: list[place.Set], *, now: datetime) -> bool:
    """Tell whether today's back-up is still to be made; the first of all is due at once."""
    if not sets:
        return True
    hour = int(os.environ.get("TONGBAN_BACKUP_HOUR", "2"))
    return sets[-1].usable_from.astimezone(_BEIJING).date() < now.date() and now.hour >= hour


def open_archive(where: place.Place, line: replication.Line) -> wal.Archive:
    """Give the WAL archive of the database at the other end of the line; raises Problem for another's."""
    segment = line.segment_size()
    where.belongs_to(system=line.system, segment=segment)
    return wal.Archive(where.wal, where.key, segment=segment)


class Companions:
    """What must be in the back-up before the rows that depend on it: keys, and the contents of files."""

    def __init__(self, where: place.Place) -> None:
        self._where = where
        self._keys_at = 0

    def copy(self) -> None:
        """Copy what is new since the last time; cheap when nothing is."""
        changed_at = running.keys_folder().stat().st_mtime_ns
        if changed_at != self._keys_at:
            keys.pack(place.keys_apart(), self._where.key)
            self._keys_at = changed_at
        files.copy_fresh(running.files_folder(), self._where.files)


if __name__ == "__main__":
    sys.exit(main())
