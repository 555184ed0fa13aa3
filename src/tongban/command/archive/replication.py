"""A line to a database server in PostgreSQL's replication protocol: base back-ups, and the WAL as it is written."""

import re
import select
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tongban.command.problems import Problem

SLOT = "tongban_archive"
_EPOCH = 946_684_800  # 2000-01-01, from which PostgreSQL counts
_ENOUGH = 4 << 20  # bytes after which what has arrived is brought to the disk
_UNITS = {"B": 1, "kB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}


class Lost(psycopg.OperationalError):
    """The line broke, or the server cannot be reached."""


class Removed(Exception):
    """The server no longer has the WAL asked for."""


@dataclass(frozen=True)
class Begun:
    """A base back-up begins at this position of this timeline."""

    position: int
    timeline: int


@dataclass(frozen=True)
class Part:
    """What follows is a tar archive of this name, or, without name, the manifest."""

    name: str


@dataclass(frozen=True)
class Ended:
    """A base back-up is consistent from this position on."""

    position: int
    timeline: int


class Line:
    """A connection that speaks the replication protocol; use it as a context manager."""

    def __init__(self, url: str) -> None:
        """Connect to the server, of several to the one on the newest timeline; raises Lost."""
        self._url = url
        self._connection = _connect(url)
        self.system, timeline, position, _ = self._row("IDENTIFY_SYSTEM")
        self.timeline = int(timeline)
        self.position = lsn(position)
        self._is_over = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.finish()

    def segment_size(self) -> int:
        """Give the size of a WAL segment in bytes."""
        found = re.fullmatch(r"(\d+)(\w+)", self._row("SHOW wal_segment_size")[0])
        assert found is not None
        return int(found[1]) * _UNITS[found[2]]

    def flushed(self) -> int:
        """Give how far the server has written its WAL to disk by now."""
        return lsn(self._row("IDENTIFY_SYSTEM")[2])

    def history(self) -> list[tuple[int, int]]:
        """Give the timelines before this one, the oldest first, each with the position at which it ended."""
        return parse_history(self.history_file()) if self.timeline > 1 else []

    def history_file(self) -> bytes:
        """Give the server's own account of how its timeline came about."""
        return self._row_bytes(f"TIMELINE_HISTORY {self.timeline}")[1]

    def ensure_slot(self) -> int:
        """Have the server keep its WAL until we have it; gives the position from which on it does."""
        kind, position, _ = self._row(f"READ_REPLICATION_SLOT {SLOT}")
        if not kind:
            self._row(f"CREATE_REPLICATION_SLOT {SLOT} PHYSICAL (RESERVE_WAL)")
            kind, position, _ = self._row(f"READ_REPLICATION_SLOT {SLOT}")
        if not position:  # invalidated: it had fallen too far behind
            self._row(f"DROP_REPLICATION_SLOT {SLOT}")
            return self.ensure_slot()
        return lsn(position)

    def drop_slot(self) -> None:
        """Let the server throw its WAL away again."""
        if self._row(f"READ_REPLICATION_SLOT {SLOT}")[0]:
            self._connection.exec_(f"DROP_REPLICATION_SLOT {SLOT}".encode())

    def base(self, label: str) -> "Iterator[Begun | Part | bytes | Ended]":
        """Take a base back-up: its beginning, its parts each followed by their bytes, its end."""
        self._connection.send_query(
            f"BASE_BACKUP (LABEL '{label}', CHECKPOINT 'fast', WAIT false, MANIFEST 'yes',"
            " MANIFEST_CHECKSUMS 'SHA256')".encode()
        )
        positions = []
        while (result := self._connection.get_result()) is not None:
            _check(result)
            if result.status == pq.ExecStatus.COPY_OUT:
                yield from self._copied()
            elif result.nfields == 2:
                row = [_text(result.get_value(0, column)) for column in range(2)]
                positions.append((lsn(row[0]), int(row[1])))
                if len(positions) == 1:
                    yield Begun(*positions[0])
            elif result.ntuples > 1:
                raise Problem(
                    "Databases with tablespaces of their own cannot be backed up by tongban backup."
                )
        yield Ended(*positions[-1])

    def _copied(self) -> "Iterator[Part | bytes]":
        while True:
            count, data = self._connection.get_copy_data(0)
            if count < 0:
                return
            kind, rest = bytes(data[:1]), data[1:]
            if kind == b"n":
                yield Part(bytes(rest).split(b"\0", 1)[0].decode())
            elif kind == b"m":
                yield Part("")
            elif kind == b"d":
                yield bytes(rest)

    def start(self, position: int, timeline: int) -> None:
        """Begin to receive WAL; raises Removed when the server has it no longer."""
        result = self._connection.exec_(
            f"START_REPLICATION SLOT {SLOT} PHYSICAL {show(position)} TIMELINE {timeline}".encode()
        )
        if result.status == pq.ExecStatus.FATAL_ERROR and b"already been removed" in result.error_message:
            raise Removed(_text(result.error_message))
        if result.status != pq.ExecStatus.COPY_BOTH:
            _check(result)
        self._connection.nonblocking = 1

    def receive(self, *, within: float) -> "list[tuple[int, bytes]] | None":
        """Give the WAL that has arrived, (position, bytes) each; waits up to `within` seconds for some.

        None when the timeline is over and another goes on. Raises Lost, Removed.
        """
        arrived: list[tuple[int, bytes]] = []
        size = 0
        try:
            while size < _ENOUGH and not self._is_over:
                count, data = self._connection.get_copy_data(1)
                if count < 0:
                    self._is_over = True
                elif count > 0 and bytes(data[:1]) == b"w":
                    arrived.append((int.from_bytes(data[1:9], "big"), bytes(data[25:])))
                    size += count
                elif count > 0 and data[17]:  # the server wants to know how far we are
                    break
                elif count == 0:
                    if arrived or not select.select([self._connection.socket], [], [], within)[0]:
                        break
                    self._connection.consume_input()
            if arrived or not self._is_over:
                return arrived
            result = self._connection.get_result()
            said = _text(result.error_message) if result is not None else ""
        except psycopg.OperationalError as error:
            said = str(error).strip()
        if "already been removed" in said:
            raise Removed(said)
        if said:
            raise Lost(said)
        return None

    def acknowledge(self, position: int) -> None:
        """Tell the server up to where its WAL lies safely with us."""
        now = int((time.time() - _EPOCH) * 1_000_000)
        said = b"r" + position.to_bytes(8, "big") * 3 + now.to_bytes(8, "big") + b"\0"
        try:
            self._connection.put_copy_data(said)
            while self._connection.flush():
                select.select([], [self._connection.socket], [], 5.0)
        except psycopg.OperationalError as error:
            raise Lost(str(error).strip()) from None

    def _row(self, command: str) -> list[str]:
        return [_text(value) for value in self._row_bytes(command)]

    def _row_bytes(self, command: str) -> list[bytes]:
        try:
            result = self._connection.exec_(command.encode())
        except psycopg.OperationalError as error:
            raise Lost(str(error).strip()) from None
        _check(result)
        return (
            [result.get_value(0, column) or b"" for column in range(result.nfields)] if result.ntuples else []
        )


def lsn(text: str) -> int:
    """Read a WAL position as PostgreSQL writes it."""
    high, low = text.split("/")
    return (int(high, 16) << 32) + int(low, 16)


def show(position: int) -> str:
    """Write a WAL position as PostgreSQL does."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"


def parse_history(content: bytes) -> list[tuple[int, int]]:
    """Read a timeline's history file: (timeline, position at which it ended) each, the oldest first."""
    lines = (line.split(b"\t") for line in content.splitlines() if line.strip() and not line.startswith(b"#"))
    return [(int(fields[0]), lsn(fields[1].decode())) for fields in lines]


def _connect(url: str) -> pq.abc.PGconn:
    given = conninfo_to_dict(url, replication="true", application_name=SLOT)
    given.setdefault("connect_timeout", "5")
    hosts = str(given.get("host") or "").split(",")
    if len(hosts) > 1:
        given["target_session_attrs"] = "read-write"
    ports = str(given.get("port") or "").split(",")
    ports = ports if len(ports) == len(hosts) else ports[:1] * len(hosts)
    best: tuple[int, pq.abc.PGconn] | None = None
    said = []
    for host, port in zip(hosts, ports, strict=True):
        connection = pq.PGconn.connect(make_conninfo("", **{**given, "host": host, "port": port}).encode())
        if connection.status != pq.ConnStatus.OK:
            said.append(connection.get_error_message())
            connection.finish()
            continue
        timeline = int(_text(connection.exec_(b"IDENTIFY_SYSTEM").get_value(0, 1)))
        if best is None or timeline > best[0]:
            if best is not None:
                best[1].finish()
            best = (timeline, connection)
        else:
            connection.finish()
    if best is None:
        raise Lost("; ".join(said).strip())
    return best[1]


def _check(result: pq.abc.PGresult) -> None:
    if result.status == pq.ExecStatus.FATAL_ERROR:
        raise Problem(f"The database refuses the back-up: {_text(result.error_message).strip()}")


def _text(value: bytes | None) -> str:
    return (value or b"").decode()
