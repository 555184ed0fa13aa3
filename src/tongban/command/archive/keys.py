"""The installation's keys as a sealed parcel of their own, kept apart from what they open."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from tongban.command import postgres, running
from tongban.command.archive import place, sealed
from tongban.command.problems import Problem

_ABOUT = "keys"
_KEPT = 10  # parcels: a mistake in the newest must not be the end


def pack(folder: Path, key: bytes) -> bool:
    """Put a parcel of the keys as they are now into the folder; tell whether they had changed."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = json.dumps(_found(), sort_keys=True).encode()
    parcels = _parcels(folder)
    if parcels and b"".join(sealed.read(parcels[-1], key, about=_ABOUT)) == content:
        return False
    path = folder / f"keys-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.sealed"
    sealed.write(path, key, content, about=_ABOUT)
    if b"".join(sealed.read(path, key, about=_ABOUT)) != content:
        raise sealed.Damaged(f"{path} does not read back as it was written.")
    for old in parcels[: 1 - _KEPT]:
        old.unlink()
    return True


def unpack(folder: Path, key: bytes) -> dict[str, bytes]:
    """Give the files of the newest parcel: `keys/…` and, of the embedded server, `passwords.json`."""
    parcels = _parcels(folder)
    if not parcels:
        raise Problem(f"{folder} holds no keys: name the folder with their copies by TONGBAN_BACKUP_KEYS.")
    said: dict[str, str] = json.loads(b"".join(sealed.read(parcels[-1], key, about=_ABOUT)))
    return {name: bytes.fromhex(content) for name, content in said.items()}


def put_back(files: dict[str, bytes], *, keys: Path) -> None:
    """Write the keys to their place, for their owner's eyes only."""
    keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, content in files.items():
        if name.startswith("keys/"):
            write_private(keys / name.removeprefix("keys/"), content)
            if name == "keys/public.pem":
                (keys / "public.pem").chmod(0o644)
    sealed.sync(keys)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner reads, and bring it to the disk."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _found() -> dict[str, str]:
    """Read every key there is, the back-up key excepted."""
    own = place.key_file()
    files = {f"keys/{path.name}": path for path in running.keys_folder().iterdir() if path.is_file()}
    secret = os.environ.get("TONGBAN_SECRET_KEY_FILE")
    if secret:
        files["keys/django.key"] = Path(secret)
    if (running.data_folder() / "postgres").exists():
        files["passwords.json"] = (
            postgres.Cluster(running.data_folder() / "postgres").place / "passwords.json"
        )
    return {
        name: path.read_bytes().hex()
        for name, path in files.items()
        if path.exists() and path.resolve() != own and not path.name.startswith(".")
    }


def _parcels(folder: Path) -> list[Path]:
    return sorted(folder.glob("keys-*.sealed"))
