"""The folder of the back-ups, the key that opens them, and what the environment says about both.

    about.json     whose back-ups these are: database system, name of the key, size of a WAL segment
    sets/STAMP/    a base back-up of the database: base.tar, manifest (sealed), set.json once it is complete
    wal/           everything the database wrote since, segment by segment (sealed)
    files/         the file store, sealed as it always is, under the installation's own keys

The installation's keys are not here: they lie in a folder of their own, sealed as well.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tongban.command import running
from tongban.command.archive import sealed
from tongban.command.problems import Problem
from tongban.kernel import crypto


@dataclass(frozen=True)
class Set:
    """A complete back-up: the database from `start` on, consistent from `end` on, with all its files."""

    name: str
    system: str
    timeline: int
    start: int
    end: int
    began_at: str
    ended_at: str
    size: int
    files: int

    @property
    def usable_from(self) -> datetime:
        """The first moment to which this set can be restored."""
        return datetime.fromisoformat(self.ended_at)


class Place:
    """A folder of back-ups, opened with its key."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self.folder = folder
        self.key = key
        self.sets_folder = folder / "sets"
        self.wal = folder / "wal"
        self.files = folder / "files"

    def prepare(self) -> None:
        """Make the folders, for this user's eyes only."""
        for path in (self.folder, self.sets_folder, self.wal, self.files):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def belongs_to(self, *, system: str, segment: int) -> None:
        """Refuse to mix the back-ups of two databases, or of one under two keys; takes a new folder into use."""
        about = self.about()
        if not about:
            said = {"system": system, "segment": segment, "key": sealed.key_name(self.key).hex()}
            _write(self.folder / "about.json", said)
        elif about["system"] != system:
            raise Problem(
                f"{self.folder} holds the back-ups of another database (system {about['system']}): "
                "set TONGBAN_BACKUP to an empty folder."
            )

    def about(self) -> dict[str, Any]:
        """Give what about.json says, once the key has been found to be the right one; empty for a new folder."""
        try:
            about: dict[str, Any] = json.loads((self.folder / "about.json").read_text())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError):
            raise sealed.Damaged(f"{self.folder / 'about.json'} is damaged.") from None
        if about.get("key") != sealed.key_name(self.key).hex():
            raise sealed.WrongKey(
                f"The back-ups in {self.folder} were sealed with another key: name the right one with "
                "TONGBAN_BACKUP_KEY."
            )
        return about

    def sets(self) -> list[Set]:
        """List the complete back-ups, the oldest first; raises Damaged for one whose record was changed."""
        return [self._read(path) for path in sorted(self.sets_folder.glob("*/set.json"))]

    def unfinished(self) -> list[Path]:
        """List the folders of back-ups that were begun and not completed, the oldest first."""
        return sorted(p for p in self.sets_folder.glob("*") if not (p / "set.json").exists())

    def complete(self, made: Set) -> None:
        """Record that a set is complete."""
        said = asdict(made)
        _write(self.sets_folder / made.name / "set.json", {**said, "proof": self._proof(said)})

    def _read(self, path: Path) -> Set:
        try:
            said = json.loads(path.read_text())
            proof = said.pop("proof")
            if proof != self._proof(said):
                raise ValueError
            return Set(**said)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise sealed.Damaged(f"{path} is damaged.") from None

    def _proof(self, said: dict[str, Any]) -> str:
        return crypto.hmac_sm3(self.key, json.dumps(said, sort_keys=True).encode()).hex()

    @contextmanager
    def alone(self, what: str) -> Iterator[bool]:
        """Hold the lock of this name inside the block; gives whether it could be had."""
        with open(self.folder / f"{what}.lock", "a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True


def is_wanted() -> bool:
    """Tell whether back-ups are switched on."""
    return bool(os.environ.get("TONGBAN_BACKUP"))


def waits() -> bool:
    """Tell whether nothing may be acknowledged before the archive has it."""
    return is_wanted() and os.environ.get("TONGBAN_BACKUP_WAIT", "0") == "1"


def days() -> timedelta:
    """Say for how long every moment stays within reach."""
    return timedelta(days=int(os.environ.get("TONGBAN_BACKUP_DAYS", "14")))


def folder(name: str = "TONGBAN_BACKUP") -> Path:
    """Give a folder named in the environment; raises Problem when it is not, or lies within the data."""
    value = os.environ.get(name)
    if not value:
        raise Problem(f"Set {name} to a folder on another disk or machine than the data.")
    found = Path(value).resolve()
    if found.is_relative_to(running.data_folder()) or running.data_folder().is_relative_to(found):
        raise Problem(f"{name} is {found}, inside the data folder: choose a place that survives its loss.")
    return found


def keys_apart() -> Path:
    """Give the folder for the installation's keys; raises Problem when it is with the data they open."""
    keys, backup = folder("TONGBAN_BACKUP_KEYS"), folder()
    if keys.is_relative_to(backup) or backup.is_relative_to(keys):
        raise Problem("TONGBAN_BACKUP_KEYS must not lie with the back-ups that the keys open.")
    return keys


def key_file() -> Path:
    """Give the place of the back-up key."""
    return Path(os.environ.get("TONGBAN_BACKUP_KEY") or running.keys_folder() / "backup.key").resolve()


def key(*, make: bool = False) -> bytes:
    """Read the back-up key, made on first use if `make`; raises Problem."""
    path = key_file()
    if make and not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(crypto.new_key().hex() + "\n")
            file.flush()
            os.fsync(descriptor)
        sealed.sync(path.parent)
    try:
        found = bytes.fromhex(path.read_text())
    except (OSError, ValueError):
        found = b""
    if len(found) != crypto.KEY_LENGTH:
        raise Problem(
            f"{path} holds no back-up key (32 hexadecimal digits): name its file with TONGBAN_BACKUP_KEY."
        )
    return found


def new_name() -> str:
    """Give a name for a set that sorts by time and never repeats."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ-") + secrets.token_hex(2)


def _write(path: Path, said: dict[str, Any]) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with open(draft, "w") as file:
        file.write(json.dumps(said, indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sealed.sync(path.parent)
