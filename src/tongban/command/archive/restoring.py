"""From a back-up to a database that stands where it stood at a moment: base, WAL, recovery."""

import itertools
import os
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

from tongban.command import postgres
from tongban.command.archive import base, keys, place, sealed, wal
from tongban.command.problems import Problem
from tongban.kernel import worktime

_PATIENCE = 24 * 3600.0  # seconds that a replay may take
_FEED = "restored-wal"
_TOO_LATE = "recovery ended before configured recovery target was reached"


def choose(sets: list[place.Set], *, to: datetime | None) -> place.Set:
    """Give the set to begin with: the newest, or the newest that was complete at the moment; raises Problem."""
    if not sets:
        raise Problem("There is no complete back-up to restore.")
    fit = [made for made in sets if to is None or made.usable_from <= to]
    if not fit:
        first = sets[0].usable_from.astimezone(worktime.BEIJING)
        raise Problem(f"The earliest moment within reach is {first:%Y-%m-%d %H:%M:%S} (Beijing).")
    return fit[-1]


def lay_out(where: place.Place, made: place.Set, data: Path, feed: Path) -> int:
    """Write the database's folder into `data` and the WAL that it needs into `feed`; gives the files' number.

    Raises Damaged, or Problem when WAL is missing in between.
    """
    count = base.extract(where.sets_folder / made.name, where.key, data)
    (data / "pg_wal").mkdir(mode=0o700, exist_ok=True)
    feed.mkdir(mode=0o700)
    archive = wal.Archive(where.wal, where.key, segment=int(where.about()["segment"]))
    for name, content in archive.histories():
        keys.write_private(feed / name, content)
    names = [name for name in archive.names() if archive.start_of(name) + archive.segment > made.start]
    names = [name for name in names if int(name[:8], 16) >= made.timeline]
    _require_unbroken(archive, names, made)
    for name in names:
        keys.write_private(feed / name, archive.read(name))
    for path in (data, feed):
        sealed.sync(path)
    return count


def _require_unbroken(archive: wal.Archive, names: list[str], made: place.Set) -> None:
    """Refuse when a segment is missing between the base back-up and the end of its timeline."""
    first = archive.name_at(made.timeline, made.start)
    if first not in names:
        raise Problem(f"The archive lacks WAL segment {first}, with which the back-up {made.name} begins.")
    for before, after in itertools.pairwise(names):
        follows = archive.name_at(int(before[:8], 16), archive.start_of(before) + archive.segment)
        if before[:8] == after[:8] and after != follows:
            raise Problem(
                f"The archive lacks WAL segment {follows}: only moments before it, or after a later "
                "back-up, can be had again."
            )
    if archive.end(made.timeline) is None or (archive.end(made.timeline) or 0) < made.end:
        raise Problem(f"The archive ends before the back-up {made.name} is consistent.")


def settings(feed: Path, *, to: datetime | None) -> dict[str, object]:
    """Give PostgreSQL's settings for the replay."""
    made: dict[str, object] = {
        "restore_command": f"""'cp "{feed}/%f" "%p"'""",
        "recovery_target_timeline": "'latest'",
        "hot_standby": "off",  # nobody gets in, and the server does not call itself ready, before it is done
    }
    if to is not None:
        made["recovery_target_time"] = f"'{to.astimezone(UTC).isoformat(sep=' ')}'"
        made["recovery_target_action"] = "'promote'"
    return made


class Restored:
    """The embedded server while it is being restored."""

    def __init__(self, cluster: postgres.Cluster) -> None:
        self.cluster = cluster
        self._feed = cluster.place / _FEED

    def fill(self, where: place.Place, made: place.Set, passwords: bytes) -> int:
        """Lay everything out, in the server user's hands; gives how many database files there are."""
        draft = self.cluster.place / "cluster.partial"
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(self._feed, ignore_errors=True)
        draft.mkdir(mode=0o700)
        count = lay_out(where, made, draft, self._feed)
        (draft / "recovery.signal").touch()
        uid, gid = self.cluster.server_user()
        if os.geteuid() == 0:
            for path in (draft, *draft.rglob("*"), self._feed, *self._feed.iterdir()):
                os.chown(path, uid, gid)
        keys.write_private(self.cluster.place / "passwords.json", passwords)
        draft.rename(self.cluster.data)
        return count

    def replay(self, *, to: datetime | None) -> bool:
        """Replay the WAL, and leave the server at rest; tell whether the moment was reached.

        When nothing was written after the moment, everything there is has been replayed.
        """
        self.cluster.patience = _PATIENCE
        reached = True
        self.cluster.settings = settings(self._feed, to=to)
        try:
            self.cluster.start()
        except Problem as problem:
            if to is None or not re.search(_TOO_LATE, str(problem)):
                raise
            reached = False
            self.cluster.settings = settings(self._feed, to=None)
            self.cluster.start()
        self.cluster.stop()
        self.cluster.settings = {}
        shutil.rmtree(self._feed)
        return reached
