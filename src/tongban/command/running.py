"""Where the data is, and how a command finds the database of a product that runs or rests.

`<data>/run.json` is written by `tongban up`: process numbers and ports, no secrets.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tongban.command import postgres, processes
from tongban.command.problems import Problem

CHECKOUT = Path(__file__).resolve().parents[3]
MARK_EMBEDDED = "TONGBAN_DATABASE_EMBEDDED"  # the addresses in the environment were put there by us
MARK = "TONGBAN_RUN"  # in the environment of every process that `tongban up` starts


@dataclass
class State:
    """What `tongban up` says about itself while it runs."""

    pid: int
    port: int
    live_port: int
    address: str
    started_at: str
    children: dict[str, int] = field(default_factory=dict)


def data_folder() -> Path:
    """The folder with the embedded database, files, keys and logs."""
    return Path(os.environ.get("TONGBAN_DATA") or CHECKOUT / "var").resolve()


def files_folder() -> Path:
    """The folder of the file store."""
    return Path(os.environ.get("TONGBAN_FILES") or data_folder() / "files").resolve()


def keys_folder() -> Path:
    """The folder with the keys of this installation."""
    return Path(os.environ.get("TONGBAN_KEYS") or data_folder() / "keys").resolve()


def state() -> State | None:
    """What the running `tongban up` of this data folder says about itself; None when there is none."""
    try:
        found = State(**json.loads((data_folder() / "run.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return found if processes.exists(found.pid) else None


def write_state(now: State) -> None:
    """Note what runs, whole or not at all."""
    target = data_folder() / "run.json"
    draft = target.with_suffix(".json.new")
    draft.write_text(json.dumps(asdict(now), indent=2) + "\n")
    draft.replace(target)


def forget_state() -> None:
    """Note that nothing runs."""
    (data_folder() / "run.json").unlink(missing_ok=True)


def is_embedded() -> bool:
    """Tell whether the database is the embedded one."""
    return not os.environ.get("TONGBAN_DATABASE_URL") or MARK_EMBEDDED in os.environ


def embedded() -> postgres.Cluster:
    """The embedded database server of the data folder."""
    if not is_embedded():
        raise Problem("TONGBAN_DATABASE_URL names a server of your own: start and stop it by its own means.")
    return postgres.Cluster(data_folder() / "postgres")


def point_to_database() -> None:
    """Let the settings, read after this, mean the embedded server unless the environment names another."""
    if is_embedded():
        found = embedded()
        os.environ["TONGBAN_DATABASE_URL"] = found.owner_url
        os.environ["TONGBAN_DATABASE_APP_URL"] = found.app_url
        os.environ[MARK_EMBEDDED] = "1"


@contextmanager
def database() -> Iterator[None]:
    """Have the database running, with all its tables, inside the block.

    One that rested before rests again afterwards.
    """
    if not is_embedded():
        yield
        return
    found = embedded()
    rested = not found.is_running()
    with found.in_use():
        if not rested and state() is None:
            found.apply({})  # a product that was killed may have left it waiting for an archiver
        if found.owner_url != os.environ["TONGBAN_DATABASE_URL"]:
            raise Problem("The database had to move to another port just now: please type the command again.")
        if rested:
            from tongban.command import database as tables

            tables.prepare(found.owner_url)
        yield
