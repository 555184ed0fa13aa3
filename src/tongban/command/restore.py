"""`tongban restore`: from the back-up's folder, the copies of the keys and the back-up key to a product that runs.

Only into an empty place: whatever lies there might be the last copy of something.
"""

import argparse
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from tongban.command import running
from tongban.command.archive import files, keys, place, restoring
from tongban.command.archive.sealed import Damaged
from tongban.command.problems import Problem
from tongban.kernel import worktime
from tongban.kernel.keyring import Keyring


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what `tongban restore` understands."""
    parser.add_argument("--to", metavar="MOMENT", type=_moment,
                        help="e.g. 2026-11-24T09:30:00 (Beijing time unless it says otherwise); default: everything")  # fmt: skip
    parser.add_argument("--database-to", metavar="FOLDER", type=Path,
                        help="write the database's folder here for a server of your own, and do not start it")  # fmt: skip
    parser.epilog = (
        "Environment: TONGBAN_BACKUP, TONGBAN_BACKUP_KEYS and TONGBAN_BACKUP_KEY say what is restored; "
        "TONGBAN_DATA, TONGBAN_FILES and TONGBAN_KEYS say where to, and must be empty. Read docs/operations.md."
    )


def run(options: argparse.Namespace) -> int:
    """Restore, and prove that every file that a row names is there and opens."""
    _require_empty(options.database_to)
    where = place.Place(place.folder(), place.key())
    if not where.about():
        raise Problem(f"{where.folder} holds no back-ups.")
    made = restoring.choose(where.sets(), to=options.to)
    parcel = keys.unpack(place.keys_apart(), where.key)
    if options.database_to is None and "passwords.json" not in parcel:
        raise Problem(
            "This is the back-up of a server of your own: say with --database-to where its folder goes."
        )
    print(f"Restoring from the back-up {made.name} …", flush=True)
    keys.put_back(parcel, keys=running.keys_folder())
    count = _files(where)
    print(f"{count} files are back and open.", flush=True)
    if options.database_to is not None:
        return _for_own_server(where, made, options)
    return _embedded(where, made, parcel["passwords.json"], options.to)


def _embedded(where: place.Place, made: place.Set, passwords: bytes, to: datetime | None) -> int:
    cluster = running.embedded()
    restored = restoring.Restored(cluster)
    restored.fill(where, made, passwords)
    if not restored.replay(to=to):
        print("Nothing was archived after that moment: everything there is has been restored.")
    with cluster.in_use():
        _settle(made, to)
    print(
        "The database is back. Start with `tongban up`; prove it with `tongban doctor` and `tongban verify`."
    )
    return 0


def _settle(made: place.Set, to: datetime | None) -> None:
    """Do in the restored database what a return to an earlier moment asks for; raises Problem for missing files."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tongban.config.settings")
    running.point_to_database()
    import django

    django.setup()
    from tongban.command import restored

    missing = restored.settle(since=made.name, to=to)
    if missing:
        raise Damaged(
            f"{len(missing)} files that the database names are not in the back-up: {', '.join(missing[:5])}"
        )


def _for_own_server(where: place.Place, made: place.Set, options: argparse.Namespace) -> int:
    """Write a folder that a server of the same PostgreSQL version recovers from when it is started."""
    target: Path = options.database_to.resolve()
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    feed = target / "restored-wal"
    restoring.lay_out(where, made, target, feed)
    (target / "recovery.signal").touch()
    with open(target / "postgresql.auto.conf", "a") as configuration:
        for name, value in restoring.settings(feed, to=options.to).items():
            configuration.write(f"{name} = {value}\n")
    print(
        f"The database's folder is in {target}. Give it to the server's user (chown -R) and start the server on "
        f"it: it replays what is in {feed.name}. When it accepts writes, delete that folder and the "
        "recovery lines at the end of postgresql.auto.conf. Then run `tongban db restored`."
    )
    return 0


def _files(where: place.Place) -> int:
    """Copy the file store back, each content proven to open under the restored keys; gives how many."""
    target, ring = running.files_folder(), Keyring(running.keys_folder())
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    count = 0
    for name in files.names_in(where.files):
        files.copy(where.files, target, name)
        if not files.is_sound(target, name, ring):
            raise Damaged(
                f"{where.files / name[:3] / name} is damaged: it does not open under the restored keys."
            )
        count += 1
    return count


def _require_empty(database_to: Path | None) -> None:
    own_key = place.key_file()
    places = [running.data_folder(), running.files_folder(), running.keys_folder(), database_to]
    for folder in places:
        for path in _contents(folder):
            if path.resolve() != own_key and not own_key.is_relative_to(path.resolve()):
                raise Problem(f"{folder} is not empty ({path.name}): restore only into an empty place.")


def _contents(folder: Path | None) -> Iterator[Path]:
    if folder is not None and folder.exists():
        if not folder.is_dir():
            raise Problem(f"{folder} is not a folder.")
        yield from folder.iterdir()


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no moment; write it like 2026-11-24T09:30:00"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=worktime.BEIJING)
