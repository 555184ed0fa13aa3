"""Big tables taken apart for loading and put together again: indexes, keys and constraints as they were."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import psycopg
from psycopg import sql

from tongban.command.problems import Problem

_CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname, contype::text, pg_get_constraintdef(oid)
      FROM pg_constraint
     WHERE contype IN ('p', 'u', 'f') AND (conrelid = ANY(%s::regclass[]) OR confrelid = ANY(%s::regclass[]))
     ORDER BY contype, conname
"""
_INDEXES = """
    SELECT i.indrelid::regclass::text, c.relname, pg_get_indexdef(i.indexrelid)
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
     WHERE i.indrelid = ANY(%s::regclass[])
       AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u'))
     ORDER BY c.relname
"""


@dataclass(frozen=True)
class _Part:
    table: str
    name: str
    kind: str  # p, u, f: constraints; i: an index
    text: str


class Bulk:
    """The big tables of one database."""

    def __init__(self, owner_url: str, names: Sequence[str]) -> None:
        self._url = owner_url
        self._names = list(names)
        self._parts: list[_Part] = []

    def take_down(self) -> None:
        """Drop every index, key and foreign key of the tables, and remember them."""
        with psycopg.connect(self._url) as into:
            self._parts = self._read(into)
            for part in sorted(self._parts, key=lambda p: "fupi".index(p.kind)):
                name, table = sql.Identifier(part.name), sql.Identifier(part.table)
                if part.kind == "i":
                    into.execute(sql.SQL("DROP INDEX {}").format(name))
                else:
                    into.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(table, name))

    def put_up(self, *, workers: int) -> None:
        """Make everything again as it was; PostgreSQL checks every row against it.

        Raises:
            Problem: something came out other than it was.
        """
        tables = sorted({p.table for p in self._parts if p.kind != "f"})
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(self._index, tables))
        with psycopg.connect(self._url) as into:
            into.execute("SET work_mem = '256MB'")
            for part in (p for p in self._parts if p.kind == "f"):
                _add(into, part)
        with psycopg.connect(self._url) as into:
            if self._read(into) != self._parts:
                raise Problem("The tables were not put together as they were: delete this data folder.")

    def analyze(self) -> None:
        """Let PostgreSQL measure the tables, and mark their pages as seen by all."""
        with psycopg.connect(self._url, autocommit=True) as into:
            for name in self._names:
                into.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(name)))

    def size(self) -> str:
        """Say how big the tables and the indexes are."""
        with psycopg.connect(self._url) as into:
            row = into.execute(
                "SELECT sum(pg_table_size(n::regclass)), sum(pg_indexes_size(n::regclass)) FROM unnest(%s::text[]) n",
                [self._names],
            ).fetchone()
        assert row is not None
        return f"tables {int(row[0] or 0) / 2**30:.1f} GB, indexes {int(row[1] or 0) / 2**30:.1f} GB"

    def _read(self, into: "psycopg.Connection[tuple[object, ...]]") -> list[_Part]:
        constraints = into.execute(_CONSTRAINTS, [self._names, self._names]).fetchall()
        indexes = into.execute(_INDEXES, [self._names]).fetchall()
        found = [_Part(*(str(x) for x in row)) for row in constraints]
        return found + [_Part(str(t), str(n), "i", str(d)) for t, n, d in indexes]

    def _index(self, table: str) -> None:
        with psycopg.connect(self._url) as into:
            into.execute("SET maintenance_work_mem = '512MB'")
            for part in (p for p in self._parts if p.table == table and p.kind != "f"):
                if part.kind == "i":
                    into.execute(part.text.encode())
                else:
                    _add(into, part)


def _add(into: "psycopg.Connection[tuple[object, ...]]", part: _Part) -> None:
    head = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} ").format(
        sql.Identifier(part.table), sql.Identifier(part.name)
    )
    into.execute(head.as_bytes(into) + part.text.encode())
