"""Connections to the one database server, among several named, that may be written to.

With `postgresql://…@first:5432,second:5432/…` a standby may be promoted at any moment, and the server that
led before may come back believing that it still leads. PostgreSQL counts such changes: each promotion
begins a new timeline. A server on an older timeline than one already seen is never spoken to again; among
servers not known yet, the newest timeline wins. The newest seen is kept in the data folder, so that a
process started later knows it too. With one server named nothing of this happens.
"""

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import psycopg
from django.conf import settings
from psycopg import conninfo as conninfos

# A row in autocommit or not: (which family of servers, how many promotions it has been through).
_STANDING = (
    "SELECT (pg_control_system()).system_identifier::text,"
    " ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int"
)
_OWN = frozenset(
    {"autocommit", "prepare_threshold", "context", "row_factory", "cursor_factory", "server_cursor_factory"}
)
Standing = tuple[str, int]


class Superseded(psycopg.OperationalError):
    """The server answered as one that leads, but another has been promoted since."""


class Connection(psycopg.Connection[Any]):
    """A connection to the server that leads."""

    @classmethod
    def connect(cls, conninfo: str = "", **options: Any) -> Self:
        """Connect to the newest of the servers named; raises OperationalError, Superseded."""
        search = _Search(conninfo, options)
        if search.is_simple:
            return super().connect(conninfo, **options)
        best: Self | None = None
        for server in search.servers():
            try:
                found = super().connect(**server)
            except psycopg.OperationalError as error:
                search.failed(error)
                continue
            row = found.execute(_STANDING).fetchone()
            if not found.autocommit:
                found.rollback()
            if not search.is_better((row[0], row[1]) if row else ("", 0)):
                found.close()
                continue
            if best is not None:
                best.close()
            best = found
            if search.is_over:
                break
        if best is None:
            raise search.failure()
        search.remember()
        return best


class AsyncConnection(psycopg.AsyncConnection[Any]):
    """A connection to the server that leads, for asynchronous code."""

    @classmethod
    async def connect(cls, conninfo: str = "", **options: Any) -> Self:
        """Connect to the newest of the servers named; raises OperationalError, Superseded."""
        search = _Search(conninfo, options)
        if search.is_simple:
            return await super().connect(conninfo, **options)
        best: Self | None = None
        for server in search.servers():
            try:
                found = await super().connect(**server)
            except psycopg.OperationalError as error:
                search.failed(error)
                continue
            row = await (await found.execute(_STANDING)).fetchone()
            if not found.autocommit:
                await found.rollback()
            if not search.is_better((row[0], row[1]) if row else ("", 0)):
                await found.close()
                continue
            if best is not None:
                await best.close()
            best = found
            if search.is_over:
                break
        if best is None:
            raise search.failure()
        search.remember()
        return best


class _Search:
    """What both kinds of connection decide alike: whom to ask, whom to believe, what to remember."""

    def __init__(self, conninfo: str, options: Mapping[str, Any]) -> None:
        own = {name: value for name, value in options.items() if name in _OWN}
        rest = {name: value for name, value in options.items() if name not in _OWN}
        self._options = {**conninfos.conninfo_to_dict(conninfo, **rest), **own}
        self._hosts = str(self._options.get("host") or "").split(",")
        self._ports = str(self._options.get("port") or "").split(",")
        self._seen = _seen()
        self._errors: list[psycopg.OperationalError] = []
        self._best: Standing | None = None
        self.is_over = False

    @property
    def is_simple(self) -> bool:
        """Whether only one server is named."""
        return len(self._hosts) < 2

    def servers(self) -> Iterator[dict[str, Any]]:
        """Give the options of each server, in the order in which they are named."""
        ports = self._ports if len(self._ports) == len(self._hosts) else self._ports[:1] * len(self._hosts)
        for host, port in zip(self._hosts, ports, strict=True):
            yield {**self._options, "host": host, "port": port, "target_session_attrs": "read-write"}

    def is_better(self, standing: Standing) -> bool:
        """Tell whether the server just met is to be preferred to those met before."""
        system, timeline = standing
        if timeline < self._seen.get(system, 0):
            self._errors.append(Superseded("this server led before another was promoted; it is not used"))
            return False
        if self._best is not None and (system != self._best[0] or timeline <= self._best[1]):
            return False
        self._best = standing
        self.is_over = timeline == self._seen.get(system)
        return True

    def failed(self, error: psycopg.OperationalError) -> None:
        """Note why a server could not be used."""
        self._errors.append(error)

    def failure(self) -> psycopg.OperationalError:
        """Give what to raise when no server could be used: everything that was said."""
        said = "; ".join(str(error).strip() for error in self._errors)
        kind = (
            Superseded if any(isinstance(e, Superseded) for e in self._errors) else psycopg.OperationalError
        )
        return kind(f"none of {len(self._hosts)} database servers can be used: {said}")

    def remember(self) -> None:
        """Keep the standing of the server chosen for every process that comes after."""
        if self._best is None or self.is_over:
            return
        seen = _seen()
        seen[self._best[0]] = max(seen.get(self._best[0], 0), self._best[1])
        draft = _place().with_name(f".timelines.{os.getpid()}.{secrets.token_hex(4)}")
        draft.write_text(json.dumps(seen) + "\n")
        draft.replace(_place())


def _place() -> Path:
    return Path(settings.TONGBAN_DATA) / "timelines.json"


def _seen() -> dict[str, int]:
    with suppress(OSError, ValueError, AttributeError):
        return {str(system): int(timeline) for system, timeline in json.loads(_place().read_text()).items()}
    return {}
