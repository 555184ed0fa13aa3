"""`tongban backup`: database, files and keys, consistent with each other, sealed, proven by reading back.

The database first, the files after it: a content is on the disk before the row that names it, so whatever a
row of the back-up names is there when the files are copied. Begun again after an interruption, it goes on
with what is missing.
"""

import argparse
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from tongban.command import archiver, running
from tongban.command.archive import base, files, keys, place, replication, wal
from tongban.command.archive.base import Span
from tongban.command.archive.sealed import Damaged
from tongban.command.problems import Problem
from tongban.kernel import worktime
from tongban.kernel.keyring import Keyring

ARCHIVED_WITHIN = 600.0  # seconds that the archiver may take to get the end of a base back-up


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what `tongban backup` understands."""
    parser.add_argument(
        "--list", action="store_true", help="list what there is and which moments are within reach"
    )
    parser.add_argument(
        "--check", action="store_true", help="read every back-up, all WAL and every file again"
    )
    parser.add_argument("--show-key", action="store_true", help="print the back-up key, to be kept on paper")
    parser.epilog = (
        "Environment: TONGBAN_BACKUP (the folder), TONGBAN_BACKUP_KEYS (the folder for sealed copies of the "
        "keys), TONGBAN_BACKUP_KEY (the key's file), TONGBAN_BACKUP_DAYS (14), TONGBAN_BACKUP_WAIT (0), "
        "TONGBAN_BACKUP_HOUR (2), TONGBAN_BACKUP_DATABASE_URL (a server of your own, as a role with "
        "REPLICATION). While TONGBAN_BACKUP is set, `tongban up` archives all that the database writes and "
        "makes a back-up every day. Read docs/operations.md."
    )


def run(options: argparse.Namespace) -> int:
    """Make a back-up, or say what there is."""
    os.umask(0o077)
    if options.show_key:
        print(place.key(make=True).hex())
        return 0
    where = place.Place(place.folder(), place.key(make=not (options.list or options.check)))
    if options.list:
        return _list(where)
    if options.check:
        return _check(where)
    where.prepare()
    with where.alone("backup") as got:
        if not got:
            raise Problem(f"Another back-up into {where.folder} is being made.")
        made = _make(where)
        gone = _prune(where)
    print(
        f"Back-up {made.name}: database {made.size / 2**20:.1f} MB, {made.files} files, read back and sound"
        + (f"; {gone} old ones removed." if gone else ".")
    )
    return 0


def _make(where: place.Place) -> place.Set:
    """Make a complete set, or complete the one that an interrupted run left behind."""
    where.about()
    if keys.pack(place.keys_apart(), where.key):
        print(f"The keys have a new sealed copy in {place.keys_apart()}.")
    with _database() as url:
        gap = (where.wal / wal.GAP).exists()
        name, span = _base(where, url, resume=not gap)
        folder = where.sets_folder / name
        count = _copy_files(where)
        _archive_until(where, url, span.end)
        base.verify(folder, where.key)
        made = place.Set(
            name=name,
            system=str(where.about()["system"]),
            timeline=span.timeline,
            start=span.start,
            end=span.end,
            began_at=datetime.fromtimestamp(folder.stat().st_ctime, UTC).isoformat(),
            ended_at=datetime.now(UTC).isoformat(),
            size=sum(path.stat().st_size for path in folder.iterdir()),
            files=count,
        )
        where.complete(made)
        if gap:
            (where.wal / wal.GAP).unlink()
    return made


@contextmanager
def _database() -> Iterator[str]:
    """Have the database running inside the block; gives how to reach it as a role that may replicate."""
    own = os.environ.get("TONGBAN_BACKUP_DATABASE_URL")
    if own:
        yield own
        return
    if not running.is_embedded():
        raise Problem("Set TONGBAN_BACKUP_DATABASE_URL: your server as a role with LOGIN and REPLICATION.")
    with running.embedded().in_use():
        yield running.embedded().admin_url


def _base(where: place.Place, url: str, *, resume: bool) -> tuple[str, Span]:
    """Take a base back-up, or find the one that an interrupted run of today had finished."""
    for left in reversed(where.unfinished()):
        fresh = time.time() - left.stat().st_mtime < 86_400
        span = base.taken(left, where.key) if resume and fresh else None
        if span is not None:
            print(f"Going on with {left.name}, which was interrupted.")
            return left.name, span
        shutil.rmtree(left)
    name = place.new_name()
    with replication.Line(url) as line:
        archiver.open_archive(where, line)
        line.ensure_slot()
        (where.sets_folder / name).mkdir(mode=0o700)
        return name, base.take(line, where.sets_folder / name, where.key)


def _copy_files(where: place.Place) -> int:
    """Copy every content that is missing, and prove each by reading it back; gives how many there are."""
    source = running.files_folder()
    new = [name for name, _size in files.copy_missing(source, where.files)]
    if new:
        ring = Keyring(running.keys_folder())
        for name in new:
            if not files.is_sound(where.files, name, ring):
                fault = "in the store itself" if not files.is_sound(source, name, ring) else "in the back-up"
                raise Damaged(f"The file {name} does not open {fault}.")
    return sum(1 for _ in files.names_in(where.files))


def _archive_until(where: place.Place, url: str, position: int) -> None:
    """Have the WAL up to this position in the archive: by the archiver that runs, or by ourselves."""
    deadline = time.monotonic() + ARCHIVED_WITHIN
    archive = wal.Archive(where.wal, where.key, segment=int(where.about()["segment"]))

    def is_over() -> bool:
        return archive.reached >= position or time.monotonic() > deadline

    while _end(archive) < position and not is_over():
        with where.alone("archiver") as got:
            if got:
                with replication.Line(url) as line:
                    companions = archiver.Companions(where)
                    wal.receive(line, archive, copy_companions=companions.copy, is_over=is_over)
        time.sleep(0.2)
    if _end(archive) < position:
        raise Problem("The archiver does not get on: see archiver.log. The back-up goes on when begun again.")


def _end(archive: wal.Archive) -> int:
    return max((archive.end(timeline) or 0 for timeline in archive.timelines()), default=0)


def _prune(where: place.Place) -> int:
    """Drop what no moment within reach needs any more; the newest complete set always stays."""
    sets = where.sets()
    limit = datetime.now(UTC) - place.days()
    # The last set before the limit is still needed for the moments just after it.
    needed = [made for made in sets if made.usable_from >= limit]
    before = [made for made in sets if made.usable_from < limit]
    keep = [*before[-1:], *needed]
    gone = before[:-1]
    for made in gone:
        (where.sets_folder / made.name / "set.json").unlink()
        shutil.rmtree(where.sets_folder / made.name)
    if keep:
        archive = wal.Archive(where.wal, where.key, segment=int(where.about()["segment"]))
        archive.prune(before=min(made.start for made in keep))
    return len(gone)


def _list(where: place.Place) -> int:
    if not where.about():
        print(f"{where.folder} holds no back-ups yet.")
        return 1
    sets = where.sets()
    for made in sets:
        when = made.usable_from.astimezone(worktime.BEIJING)
        print(f"{made.name}  {when:%Y-%m-%d %H:%M:%S}  {made.size / 2**20:8.1f} MB  {made.files} files")
    for left in where.unfinished():
        print(f"{left.name}  interrupted; the next `tongban backup` goes on with it")
    if sets:
        first = sets[0].usable_from.astimezone(worktime.BEIJING)
        last = datetime.fromtimestamp(max(p.stat().st_mtime for p in where.wal.iterdir()), worktime.BEIJING)
        print(
            f"Every moment from {first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S} (Beijing) can be had again."
        )
    return 0 if sets else 1


def _check(where: place.Place) -> int:
    if not where.about():
        raise Problem(f"{where.folder} holds no back-ups yet.")
    for made in where.sets():
        count = base.verify(where.sets_folder / made.name, where.key)
        print(f"{made.name}: {count} database files are sound.")
    archive = wal.Archive(where.wal, where.key, segment=int(where.about()["segment"]))
    for name in archive.names():
        archive.read(name)
    print(f"WAL: {len(archive.names())} segments are sound.")
    ring = Keyring(running.keys_folder())
    bad = [name for name in files.names_in(where.files) if not files.is_sound(where.files, name, ring)]
    for name in bad:
        print(f"DAMAGED: {where.files / name[:3] / name}")
    print(f"Files: {sum(1 for _ in files.names_in(where.files)) - len(bad)} are sound.")
    return 1 if bad else 0
