"""The WAL archive: what the database wrote, kept up to the last commit, so that any moment can be had again.

A segment that grows lies in `wal/<segment>.growing`: pieces as they arrived, each sealed and on the disk
before the database hears of it. A full one is compressed, sealed as one and read back before its pieces go.
"""

import hashlib
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from tongban.command.archive import replication, sealed
from tongban.command.archive.replication import Line, Lost, Removed
from tongban.command.problems import Problem
from tongban.kernel import crypto

log = logging.getLogger(__name__)
Question = Callable[[], bool]
GAP = "gap"  # in the folder: WAL is missing, and no base back-up was made since
JUMP = "jump"  # in the folder: what is missing cannot be had, go on with what the server has
_TAIL = 16  # bytes; nought at the end of a record that was made room for and not written
_HEX = frozenset("0123456789ABCDEF")


class Archive:
    """The archived WAL of one database."""

    def __init__(self, folder: Path, key: bytes, *, segment: int) -> None:
        """`segment` is the size of a WAL segment in bytes."""
        self.folder = folder
        self.segment = segment
        self._key = key
        self._file: IO[bytes] | None = None
        self._own_key = b""
        self._name = ""
        self._offset = 0
        self._dirty = False
        self.reached = 0  # the highest position appended by this one

    # What is there

    def names(self) -> list[str]:
        """List the segments that are there, whole or growing, in order."""
        found = {path.name.removesuffix(".growing") for path in self.folder.iterdir()}
        return sorted(name for name in found if len(name) == 24 and _HEX.issuperset(name))

    def timelines(self) -> list[int]:
        """List the timelines of which there is something."""
        return sorted({int(name[:8], 16) for name in self.names()})

    def end(self, timeline: int) -> int | None:
        """Give the position up to which this timeline is archived; None when nothing of it is."""
        last = max((name for name in self.names() if int(name[:8], 16) == timeline), default=None)
        if last is None:
            return None
        start = self.start_of(last)
        return start + (self.segment if (self.folder / last).exists() else self._grown(last))

    def _grown(self, name: str) -> int:
        """Give how much of a growing segment is there, by its records' lengths; quick, and proves nothing."""
        path = self.folder / f"{name}.growing"
        try:
            with open(path, "rb") as file:
                sealed.open_head(file, self._key, about=f"growing:{name}")
                size, grown = path.stat().st_size, 0
                while length := file.read(4):
                    end = file.tell() + int.from_bytes(length, "big")
                    if end > size:
                        break
                    grown += end - file.tell() - crypto.SEAL_LENGTH
                    file.seek(end)
        except FileNotFoundError:  # it has just become whole
            return self.segment if (self.folder / name).exists() else 0
        return grown

    def read(self, name: str) -> bytes:
        """Give a segment, a growing one filled up with zeros; raises Damaged."""
        if (self.folder / name).exists():
            content = b"".join(sealed.read(self.folder / name, self._key, about=f"wal:{name}"))
        else:
            content = b"".join(self._pieces(name)).ljust(self.segment, b"\0")
        if len(content) != self.segment:
            raise sealed.Damaged(f"{self.folder / name} is damaged: it is not a whole segment.")
        return content

    def histories(self) -> Iterator[tuple[str, bytes]]:
        """Give the name and content of each timeline's history file."""
        for path in sorted(self.folder.glob("*.history")):
            yield path.name, b"".join(sealed.read(path, self._key, about=f"wal:{path.name}"))

    def name_at(self, timeline: int, position: int) -> str:
        """Give the name of the segment in which a position lies."""
        number, each = position // self.segment, (1 << 32) // self.segment
        return f"{timeline:08X}{number // each:08X}{number % each:08X}"

    def start_of(self, name: str) -> int:
        """Give the position at which a segment begins."""
        return (int(name[8:16], 16) << 32) + int(name[16:], 16) * self.segment

    # Adding

    def add_history(self, timeline: int, content: bytes) -> None:
        """Keep how a timeline came about."""
        path = self.folder / f"{timeline:08X}.history"
        if not path.exists():
            sealed.write(path, self._key, content, about=f"wal:{path.name}")

    def append(self, timeline: int, position: int, data: bytes) -> None:
        """Add WAL that follows on what is there; safe only after `flush`."""
        while data:
            name = self.name_at(timeline, position)
            if name != self._name:
                self._open(name)
            offset = position - self.start_of(name)
            if offset != self._offset:
                raise Problem(
                    f"WAL arrived at {replication.show(position)}, which does not follow on {name}."
                )
            piece, data = data[: self.segment - offset], data[self.segment - offset :]
            record = crypto.seal(self._own_key, piece, about=_about(name, offset))
            assert self._file is not None
            self._file.write(len(record).to_bytes(4, "big") + record)
            self._dirty = True
            self._offset += len(piece)
            position += len(piece)
            self.reached = max(self.reached, position)
            if self._offset == self.segment:
                self._finish()

    def flush(self) -> None:
        """Bring to the disk what was appended."""
        if self._file is not None and self._dirty:
            self._file.flush()
            os.fdatasync(self._file.fileno())
            self._dirty = False

    def close(self) -> None:
        """Let go of the growing segment."""
        if self._file is not None:
            self.flush()
            self._file.close()
        self._file, self._name = None, ""

    def mend(self, timeline: int) -> None:
        """Prove the growing segment of a timeline, and cut off what a crash tore; raises Damaged."""
        for name in self.names()[::-1]:
            if int(name[:8], 16) == timeline:
                if not (self.folder / name).exists():
                    for _piece in self._pieces(name, mend=True):
                        pass
                return

    def _open(self, name: str) -> None:
        self.close()
        path = self.folder / f"{name}.growing"
        self._offset = 0
        if path.exists():
            self._offset = sum(len(piece) for piece in self._pieces(name, mend=True))
        if path.exists():
            self._file = open(path, "r+b")  # noqa: SIM115 (closed by close)
            self._own_key = sealed.open_head(self._file, self._key, about=f"growing:{name}")
            self._file.seek(0, os.SEEK_END)
        else:
            self._file = open(path, "xb")  # noqa: SIM115 (closed by close)
            self._own_key = sealed.new_head(self._file, self._key, about=f"growing:{name}")
            self._file.flush()
            os.fsync(self._file.fileno())
            sealed.sync(self.folder)
        self._name = name

    def _pieces(self, name: str, *, mend: bool = False) -> Iterator[bytes]:
        """Give the pieces of a growing segment up to the first that was torn by a crash; `mend` cuts it off."""
        path = self.folder / f"{name}.growing"
        with open(path, "r+b" if mend else "rb") as file:
            try:
                own_key = sealed.open_head(file, self._key, about=f"growing:{name}")
            except sealed.Damaged:
                if mend and path.stat().st_size < 128:  # torn before anything was in it
                    path.unlink()
                    return
                raise
            offset, good = 0, file.tell()
            while length := file.read(4):
                record = file.read(int.from_bytes(length, "big"))
                if len(record) < int.from_bytes(length, "big") or not any(record[-_TAIL:]):
                    break  # torn: never acknowledged
                try:
                    piece = crypto.open_sealed(own_key, record, about=_about(name, offset))
                except crypto.Tampered:
                    # The server sends again what the archiver cuts off here, or a gap shows; a restore must not.
                    if mend and not file.read(1):
                        break
                    raise sealed.Damaged(f"{path} is damaged: it is not what was written.") from None
                yield piece
                offset, good = offset + len(piece), file.tell()
            if mend:
                file.truncate(good)

    def _finish(self) -> None:
        """Make one sealed file of a full segment, read it back, and only then drop its pieces."""
        name = self._name
        self.close()
        content = b"".join(self._pieces(name))
        sealed.write(self.folder / name, self._key, content, about=f"wal:{name}")
        if hashlib.sha256(self.read(name)).digest() != hashlib.sha256(content).digest():
            raise sealed.Damaged(f"{self.folder / name} does not read back as it was written.")
        (self.folder / f"{name}.growing").unlink()
        sealed.sync(self.folder)

    # Taking away

    def prune(self, *, before: int) -> int:
        """Drop the segments that end before a position; gives how many went."""
        old = [name for name in self.names() if self.start_of(name) + self.segment <= before]
        for name in old:
            (self.folder / name).unlink(missing_ok=True)
            (self.folder / f"{name}.growing").unlink(missing_ok=True)
        return len(old)


def receive(line: Line, archive: Archive, *, copy_companions: Callable[[], None], is_over: Question) -> None:
    """Archive what the server writes until `is_over`, or its timeline ends.

    Args:
        copy_companions: called before WAL that has arrived is archived, so that a file is there before the row
            that names it, and a key before what it sealed.

    Raises:
        Lost: the line broke: connect again and go on.
    """
    if line.timeline > 1:
        archive.add_history(line.timeline, line.history_file())
    kept_from = line.ensure_slot()
    timeline, position = _where_to_start(line, archive, kept_from)
    try:
        line.start(position, timeline)
        while not is_over():
            arrived = line.receive(within=0.5)
            if arrived is None:
                break
            copy_companions()
            for at, data in arrived:
                archive.append(timeline, at, data)
                position = at + len(data)
            archive.flush()
            line.acknowledge(position)
    except Removed:
        # The slot was lost. What is missing cannot be had again: go on, and let a new base back-up close the gap.
        log.error("the archive has a gap after %s: a new base back-up is needed", replication.show(position))
        (archive.folder / JUMP).touch()
        (archive.folder / GAP).touch()
        raise Lost("the server had thrown away WAL that the archive lacks") from None
    finally:
        archive.close()


def _where_to_start(line: Line, archive: Archive, kept_from: int) -> tuple[int, int]:
    """Give the timeline and the position at which the archive goes on."""
    if (archive.folder / JUMP).exists():
        (archive.folder / JUMP).unlink()
        return line.timeline, kept_from - kept_from % archive.segment
    newest = max(archive.timelines(), default=0)
    if newest > line.timeline:
        raise Lost(
            f"the server is on timeline {line.timeline}, the archive on {newest}: another server leads now"
        )
    chain = [*line.history(), (line.timeline, 1 << 63)]
    for place in range(len(chain) - 1, -1, -1):
        timeline, switch = chain[place]
        archive.mend(timeline)
        end = archive.end(timeline)
        if end is not None and end < switch:
            return timeline, end
        if end is not None:
            return chain[place + 1][0], switch - switch % archive.segment
    return line.timeline, kept_from - kept_from % archive.segment


def _about(name: str, offset: int) -> bytes:
    return f"growing:{name}:{offset}".encode()
