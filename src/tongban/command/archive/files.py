"""The file store in the back-up: every content once, sealed as it is in the store.

The store names each new content in `fresh/` before anybody is told that it is safe. The archiver copies what is
named there before it archives WAL that has arrived, so the row of a file is never there without the file.
"""

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tongban.command.archive import sealed
from tongban.documents import store
from tongban.kernel.keyring import Keyring

_SHARD = re.compile(r"[0-9a-f]{3}")
_NAME = re.compile(r"[0-9a-f]{64}")


def copy_fresh(files: Path, target: Path) -> int:
    """Copy what the store took in since the last time; gives how many contents."""
    try:
        names = [name for name in os.listdir(files / store.FRESH) if _NAME.fullmatch(name)]
    except FileNotFoundError:
        return 0
    for name in names:
        there = target / name[:3] / name
        if not there.exists() or there.stat().st_size != (files / name[:3] / name).stat().st_size:
            copy(files, target, name)
        (files / store.FRESH / name).unlink(missing_ok=True)
    return len(names)


def copy_missing(files: Path, target: Path) -> Iterator[tuple[str, int]]:
    """Copy every content that the target lacks; gives the name and the size of each as it is safe."""
    for shard in _shards(files):
        there = {entry.name: entry.stat().st_size for entry in _entries(target / shard)}
        for entry in _entries(files / shard):
            if there.get(entry.name) != entry.stat().st_size:
                yield entry.name, copy(files, target, entry.name)


def names_in(folder: Path) -> Iterator[str]:
    """List the contents of a store."""
    for shard in _shards(folder):
        for entry in _entries(folder / shard):
            yield entry.name


def copy(source: Path, target: Path, name: str) -> int:
    """Copy a content so that it is whole and on the disk, or not there at all; gives its size."""
    content = (source / name[:3] / name).read_bytes()
    folder = target / name[:3]
    is_new = not folder.exists()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = folder / f".{name}.{secrets.token_hex(4)}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
            with suppress(OSError):
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        draft.rename(folder / name)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sealed.sync(folder)
    if is_new:
        sealed.sync(target)
    return len(content)


def is_sound(folder: Path, name: str, keys: Keyring) -> bool:
    """Tell whether a content opens under the installation's keys and is what its name says."""
    try:
        store.unseal((folder / name[:3] / name).read_bytes(), digest=bytes.fromhex(name), keys=keys)
    except (OSError, store.Unreadable):
        return False
    return True


def _shards(folder: Path) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder) if _SHARD.fullmatch(name))
    except FileNotFoundError:
        return []


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        return [entry for entry in os.scandir(folder) if _NAME.fullmatch(entry.name)]
    except FileNotFoundError:
        return []
