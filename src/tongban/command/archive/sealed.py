"""Sealed files: compressed and encrypted (SM4-GCM) record by record, so that any change or cut shows.

A file is: four bytes of mark, eight that name the back-up key, the file's own key sealed under the back-up
key, and records of at most one megabyte. Each record is bound to the file's purpose (`about`), to its
place in the file and to being the last or not.
"""

import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from tongban.command.problems import Problem
from tongban.kernel import crypto

CHUNK = 1 << 20
_MARK = b"TBA1"
_HEAD = 14


class WrongKey(Problem):
    """What was sealed with another key than the one given."""


class Damaged(Problem):
    """A sealed file is cut, changed, or not one."""


def key_name(key: bytes) -> bytes:
    """Give the eight bytes that tell a key from others without telling the key."""
    return crypto.hmac_sm3(key, b"tongban back-up key")[:8]


class Writer:
    """Writes a sealed file; it has its name only once it is whole and on the disk."""

    def __init__(self, path: Path, key: bytes, *, about: str) -> None:
        self._path = path
        self._draft = path.with_name(f"{path.name}.partial")
        self._about = about
        self._file = open(self._draft, "wb")  # noqa: SIM115 (closed by __exit__)
        self._own_key = new_head(self._file, key, about=about)
        self._buffer = bytearray()
        self._count = 0
        self.plain = 0  # bytes written so far, before compression

    def write(self, data: bytes | memoryview) -> None:
        """Add to the content."""
        self._buffer += data
        self.plain += len(data)
        while len(self._buffer) > CHUNK:
            self._record(bytes(self._buffer[:CHUNK]), is_last=False)
            del self._buffer[:CHUNK]

    def _record(self, data: bytes, *, is_last: bool) -> None:
        packed = zlib.compress(data, 1)
        record = crypto.seal(
            self._own_key, packed, about=_place_in(self._about, self._count, is_last=is_last)
        )
        self._file.write(len(record).to_bytes(4, "big") + record)
        self._count += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        with self._file:
            if kind is not None:
                return
            self._record(bytes(self._buffer), is_last=True)
            self._file.flush()
            os.fsync(self._file.fileno())
            with suppress(OSError):  # let the reading back that follows come from the disk
                os.posix_fadvise(self._file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        self._draft.replace(self._path)
        sync(self._path.parent)


def write(path: Path, key: bytes, content: bytes, *, about: str) -> None:
    """Write a sealed file of a content at hand."""
    with Writer(path, key, about=about) as file:
        file.write(content)


def read(path: Path, key: bytes, *, about: str) -> Iterator[bytes]:
    """Give the content piece by piece, each proven before it is given.

    Raises:
        WrongKey, Damaged: with a sentence that names the file.
    """
    try:
        with open(path, "rb") as file:
            own_key = open_head(file, key, about=about)
            count = 0
            length = file.read(4)
            while length:
                record = file.read(int.from_bytes(length, "big"))
                length = file.read(4)
                place = _place_in(about, count, is_last=not length)
                yield zlib.decompress(crypto.open_sealed(own_key, record, about=place))
                count += 1
            if not count:
                raise Damaged(f"{path} is damaged: it has been cut short.")
    except (crypto.Tampered, zlib.error):
        raise Damaged(f"{path} is damaged: it is not what was written.") from None
    except OSError as error:
        raise Damaged(f"{path} cannot be read: {error.strerror}.") from None


def new_head(file: IO[bytes], key: bytes, *, about: str) -> bytes:
    """Begin a sealed file; gives the key of its own under which its records are sealed."""
    own_key = crypto.new_key()
    wrapped = crypto.seal(key, own_key, about=b"key:" + about.encode())
    file.write(_MARK + key_name(key) + len(wrapped).to_bytes(2, "big") + wrapped)
    return own_key


def open_head(file: IO[bytes], key: bytes, *, about: str) -> bytes:
    """Read the beginning of a sealed file; gives its own key.

    Raises:
        WrongKey: it was sealed with another back-up key.
        Damaged: it is not a sealed file, or not the one it should be.
    """
    head = file.read(_HEAD)
    if len(head) < _HEAD or head[:4] != _MARK:
        raise Damaged(f"{file.name} is damaged: it does not begin as a sealed file does.")
    if head[4:12] != key_name(key):
        raise WrongKey(f"{file.name} was sealed with another back-up key than the one given.")
    try:
        return crypto.open_sealed(
            key, file.read(int.from_bytes(head[12:], "big")), about=b"key:" + about.encode()
        )
    except crypto.Tampered:
        raise Damaged(f"{file.name} is damaged: its key does not open.") from None


def sync(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _place_in(about: str, count: int, *, is_last: bool) -> bytes:
    return f"{about}:{count}:{'last' if is_last else 'more'}".encode()
