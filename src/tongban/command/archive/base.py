"""A base back-up: the database's folder as one sealed tar, proven file by file against its manifest."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from tongban.command.archive import replication, sealed
from tongban.command.archive.replication import Line
from tongban.command.archive.sealed import Damaged

_TAR, _MANIFEST, _BEGUN = "base.tar", "manifest", "begun.json"
# What a server writes for itself, and therefore no manifest vouches for.
_UNLISTED = ("pg_wal/", "postgresql.auto.conf", "backup_manifest")


Keep = Callable[[tarfile.TarInfo, "_Counted | None"], None]


@dataclass(frozen=True)
class Span:
    """From where on a base back-up needs WAL, and from where on it is consistent."""

    timeline: int
    start: int
    end: int


def take(line: Line, folder: Path, key: bytes) -> Span:
    """Write the sealed tar and manifest of the whole database into the folder."""
    begun = ended = None
    manifest = bytearray()
    with sealed.Writer(folder / _TAR, key, about=f"{folder.name}:tar") as tar:
        into_manifest = False
        for event in line.base(folder.name):
            match event:
                case replication.Begun():
                    begun = event
                case replication.Part(name):
                    into_manifest = not name
                case replication.Ended():
                    ended = event
                case bytes() if into_manifest:
                    manifest += event
                case bytes():
                    tar.write(event)
    assert begun is not None and ended is not None
    sealed.write(folder / _MANIFEST, key, bytes(manifest), about=f"{folder.name}:manifest")
    span = Span(begun.timeline, begun.position, ended.position)
    sealed.write(folder / _BEGUN, key, json.dumps(vars(span)).encode(), about=f"{folder.name}:begun")
    return span


def taken(folder: Path, key: bytes) -> Span | None:
    """Tell of a base back-up that an earlier, interrupted run had finished; None when it had not."""
    if not (folder / _BEGUN).exists():
        return None
    return Span(**json.loads(b"".join(sealed.read(folder / _BEGUN, key, about=f"{folder.name}:begun"))))


def verify(folder: Path, key: bytes) -> int:
    """Read everything back and prove each file; gives how many there are. Raises Damaged."""
    return _walk(folder, key, keep=lambda _member, _content: None)


def extract(folder: Path, key: bytes, target: Path) -> int:
    """Write the database's folder into `target`, each file proven; gives how many there are. Raises Damaged."""

    def keep(member: tarfile.TarInfo, content: "_Counted | None") -> None:
        path = target / member.name
        if content is None:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            return
        with open(path, "xb") as file:
            while piece := content.read(sealed.CHUNK):
                file.write(piece)
        path.chmod(0o600)

    return _walk(folder, key, keep=keep)


def _walk(folder: Path, key: bytes, *, keep: Keep) -> int:
    """Give each member of the tar to `keep` while its digest is taken, and hold it against the manifest."""
    missing = _listed(folder, key)
    count = len(missing)
    pieces = sealed.read(folder / _TAR, key, about=f"{folder.name}:tar")
    try:
        with tarfile.open(fileobj=_Pieces(pieces), mode="r|", bufsize=sealed.CHUNK) as tar:
            for member in tar:
                _require_plain(folder, member)
                content = tar.extractfile(member) if member.isfile() else None
                if content is None:
                    keep(member, None)
                    continue
                counted = _Counted(content)
                keep(member, counted)
                counted.drain()
                expected = missing.pop(member.name, None)
                if expected is None and not member.name.startswith(_UNLISTED):
                    raise Damaged(f"{folder} is damaged: {member.name} is not in its manifest.")
                if expected is not None and expected != (counted.size, counted.digest.hexdigest()):
                    raise Damaged(f"{folder} is damaged: {member.name} is not what was backed up.")
    except tarfile.TarError:
        raise Damaged(f"{folder / _TAR} is damaged: it is no whole archive.") from None
    if missing:
        raise Damaged(f"{folder} is damaged: {min(missing)} is missing.")
    return count


def _listed(folder: Path, key: bytes) -> dict[str, tuple[int, str]]:
    content = b"".join(sealed.read(folder / _MANIFEST, key, about=f"{folder.name}:manifest"))
    said: dict[str, Any] = json.loads(content)
    body, _, _ = content.rpartition(b'"Manifest-Checksum"')
    if hashlib.sha256(body).hexdigest() != said["Manifest-Checksum"]:
        raise Damaged(f"{folder / _MANIFEST} is damaged: its own checksum does not hold.")
    return {
        file.get("Path") or bytes.fromhex(file["Encoded-Path"]).decode("utf-8", "surrogateescape"): (
            file["Size"],
            file["Checksum"],
        )
        for file in said["Files"]
    }


def _require_plain(folder: Path, member: tarfile.TarInfo) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or not (member.isfile() or member.isdir()):
        raise Damaged(f"{folder} is damaged: {member.name} has no place in a database.")


class _Counted(io.RawIOBase):
    """A file that takes its digest and size while it is read."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content = content
        self.digest = hashlib.sha256()
        self.size = 0

    def read(self, size: int = -1, /) -> bytes:
        piece = self._content.read(size)
        self.digest.update(piece)
        self.size += len(piece)
        return piece

    def drain(self) -> None:
        """Read what nobody wanted."""
        while self.read(sealed.CHUNK):
            pass


class _Pieces(io.RawIOBase):
    """Pieces of bytes as a file that can be read once."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int = -1, /) -> bytes:
        found = bytearray(self._rest)
        while size < 0 or len(found) < size:
            piece = next(self._pieces, b"")
            if not piece:
                break
            found += piece
        self._rest = bytes(found[size:]) if 0 <= size < len(found) else b""
        return bytes(found[:size] if size >= 0 else found)
