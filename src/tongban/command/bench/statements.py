"""The very SQL that the product sends for one piece of work, written down for pgbench to send again."""

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg
from psycopg import sql

from tongban.command import postgres
from tongban.command.problems import Problem

_QUOTED = re.compile(r"E?'(?:[^']|'')*'")


@dataclass(frozen=True)
class Statement:
    """One statement: its text with %s, its values, and whether it went together with the one before."""

    text: str
    values: tuple[Any, ...]
    trip: int  # statements of one pipeline have the same number
    in_pipeline: bool = False


class Recording:
    """What was sent while it ran, in order."""

    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self._trip = 0
        self._pipeline: object = None
        self._begun = False

    @property
    def trips(self) -> int:
        """How many times the product waited for the database, BEGIN and COMMIT not counted."""
        return len({s.trip for s in self.statements if s.text not in ("BEGIN", "COMMIT")})

    @property
    def trips_within(self) -> int:
        """How many of them are inside a transaction, BEGIN and COMMIT not counted."""
        within, found = False, set()
        for statement in self.statements:
            if statement.text in ("BEGIN", "COMMIT", "ROLLBACK"):
                within = statement.text == "BEGIN"
            elif within:
                found.add(statement.trip)
        return len(found)

    def note(self, connection: "psycopg.Connection[Any]", text: Any, values: Any) -> None:
        """Add a statement."""
        pipeline = connection._pipeline
        if not connection.autocommit and not self._begun:
            self._begun = True
            self._add("BEGIN", (), pipeline=pipeline)
        said = text if isinstance(text, str) else str(text)
        self._add(said, tuple(values or ()), pipeline=pipeline)
        self._begun &= said != "COMMIT"  # what goes with the last trip leaves nothing to commit

    def end(self, word: str) -> None:
        """Add the end of a transaction."""
        if self._begun:
            self._add(word, ())
            self._begun = False

    def _add(self, text: str, values: tuple[Any, ...], *, pipeline: object = None) -> None:
        if pipeline is None or pipeline is not self._pipeline:
            self._trip += 1
        self._pipeline = pipeline
        self.statements.append(Statement(text, values, self._trip, pipeline is not None))


@contextmanager
def recording() -> Iterator[Recording]:
    """Record every statement of this process inside the block."""
    found = Recording()
    execute, commit, rollback = psycopg.Cursor.execute, psycopg.Connection.commit, psycopg.Connection.rollback

    def note(self: Any, query: Any, params: Any = None, **more: Any) -> Any:
        found.note(self.connection, query, params)
        return execute(self, query, params, **more)

    def committed(self: Any) -> None:
        found.end("COMMIT")
        commit(self)

    def rolled_back(self: Any) -> None:
        found.end("ROLLBACK")
        rollback(self)

    with (
        mock.patch.object(psycopg.Cursor, "execute", note),
        mock.patch.object(psycopg.Connection, "commit", committed),
        mock.patch.object(psycopg.Connection, "rollback", rolled_back),
    ):
        yield found


def script(
    found: Recording, *, names: Mapping[Any, str], first: Sequence[str], last: Sequence[str] = ()
) -> str:
    """Write a recording as a pgbench script.

    Args:
        names: values that differ from one run to the next → the pgbench variable in their place.
        first, last: lines before and after, which set the variables.
    """
    lines = [*first]
    open_trip: int | None = None
    for statement in found.statements:
        if open_trip is not None and statement.trip != open_trip:
            lines.append("\\endpipeline")
            open_trip = None
        if statement.in_pipeline and open_trip is None:
            lines.append("\\startpipeline")
            open_trip = statement.trip
        lines.append(_written(statement, names) + ";")
    if open_trip is not None:
        lines.append("\\endpipeline")
    return "\n".join([*lines, *last]) + "\n"


def _written(statement: Statement, names: Mapping[Any, str]) -> str:
    parts = statement.text.split("%s")
    assert len(parts) == len(statement.values) + 1, statement.text
    said = parts[0].replace("%%", "%")
    for place, (value, rest) in enumerate(zip(statement.values, parts[1:], strict=True)):
        is_seq = (
            place == 1 and parts[0].startswith('INSERT INTO "journal_entry"') and "case" in names.values()
        )
        said += (":seq" if is_seq else _literal(value, names)) + rest.replace("%%", "%")
    return " ".join(said.split("\n"))


def _literal(value: Any, names: Mapping[Any, str]) -> str:
    if isinstance(value, list):
        kind = "bigint" if all(isinstance(v, int) for v in value) else "text"
        return f"ARRAY[{', '.join(_literal(v, names) for v in value)}]::{kind}[]"
    if isinstance(value, int | str) and not isinstance(value, bool) and value in names:
        return f":{names[value]}"
    # pgbench takes a colon for the beginning of a variable, also inside quotes
    return _QUOTED.sub(_without_colons, sql.Literal(value).as_string(None))


def _without_colons(found: re.Match[str]) -> str:
    text = found[0]
    if ":" not in text:
        return text
    if not text.startswith("E"):
        text = "E" + text.replace("\\", "\\\\")
    return text.replace(":", "\\x3a")


def pgbench(
    url: str, file: Path, *, clients: int, seconds: float, variables: Mapping[str, int] | None = None
) -> float:
    """Run a script with pgbench, prepared; gives transactions a second.

    Raises:
        Problem: pgbench says that something is wrong.
    """
    command: list[str] = [
        str(postgres.binaries() / "pgbench"), "-n", "-M", "prepared", "-c", str(clients), "-j", "2",
        "-T", str(max(1, round(seconds))), "-f", str(file),
    ]  # fmt: skip
    for name, value in (variables or {}).items():
        command += ["-D", f"{name}={value}"]
    done = subprocess.run([*command, url], capture_output=True, text=True)
    found = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    failed = re.search(r"^number of failed transactions: (\d+)", done.stdout, re.MULTILINE)
    if done.returncode or not found or (failed and failed[1] != "0"):
        raise Problem(f"pgbench could not run {file}:\n{done.stderr[-1500:]}\n{done.stdout[-300:]}")
    return float(found[1])


def sent_by(work: Callable[[], object]) -> Recording:
    """Give what a piece of work sends, once it has been done before and everything is warm."""
    with recording() as found:
        work()
    return found
