"""Several writes in one round trip to the database.

The few writes that carry the load (take a step, open a case) collect their statements here and send
them together through PostgreSQL's pipeline. They run in the order given, inside the caller's transaction.
The form can change (one statement, a database function) without its callers noticing.
"""

import datetime
import functools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import psycopg
from django.db import connection, models, transaction
from django.db.utils import InternalError, ProgrammingError

from tongban.kernel import compiled

# A compiled query; or a model and what follows `SELECT ... FROM table`, or None and a whole query, then its parameters.
Query = compiled.Asked | tuple[type[models.Model] | None, str, Sequence[Any]]
_Statement = tuple[str, Sequence[Any]]

# Values that go to the database as they are, by the kind of field; all others the field itself prepares.
_AS_THEY_ARE: "Mapping[type[models.Field[Any, Any]], type]" = {
    models.BigAutoField: int,
    models.BigIntegerField: int,
    models.IntegerField: int,
    models.CharField: str,
    models.TextField: str,
    models.BooleanField: bool,
    models.DateTimeField: datetime.datetime,
    models.DateField: datetime.date,
}
# What waits to be written, in a transaction that is undone as a whole; None in all others.
_waiting: ContextVar[list[_Statement] | None] = ContextVar("waiting", default=None)


@contextmanager
def all_or_nothing() -> Iterator[None]:
    """Open a transaction that whatever is refused inside undoes as a whole.

    Its parts then need no savepoints, each of which is two trips. Nobody inside may catch a refusal and go on
    asking the database: that raises an error. What trips write waits for whoever asks the database next, or for
    COMMIT, and goes with that: an error of it is raised there, and undoes as much.
    """
    mark = _waiting.set([])
    try:
        with transaction.atomic(), connection.execute_wrapper(_write_first):
            yield
            _commit()
    finally:
        _waiting.reset(mark)


def part(*, of_another: bool = False) -> transaction.Atomic:
    """Begin a transaction, or a part of the open one that is undone by itself, unless all of it is.

    Args:
        of_another: it belongs to a part that is open, and is undone with that.
    """
    return transaction.atomic(savepoint=_waiting.get() is None and not of_another)


def _write_first(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    if _waiting.get():
        _send(_taken())
    return execute(sql, params, many, context)


def _taken() -> list[_Statement]:
    """Give what waits to be written, which then waits no more."""
    waiting = _waiting.get() or []
    statements = waiting.copy()
    waiting.clear()
    return statements


def _commit() -> None:
    """Write what waits and commit, in one trip; inside somebody else's transaction only write."""
    connection.validate_no_broken_transaction()
    is_outermost = len(connection.atomic_blocks) == 1
    statements = _taken()
    if not statements:
        return
    said = _send([*statements, ("COMMIT", ())] if is_outermost else statements)
    # Django finds nothing left to commit and goes on to what was to happen afterwards.
    if is_outermost and said != "COMMIT":
        raise InternalError("the transaction was broken before it ended")


def _send(statements: Sequence[_Statement]) -> str | None:
    """Send statements together and give what the database says of the last one."""
    raw = raw_connection()
    cursor = psycopg.Cursor(raw)
    with connection.wrap_database_errors, raw.pipeline():
        for sql, values in statements:
            cursor = psycopg.Cursor(raw).execute(sql, values, prepare=True)
    return cursor.statusmessage


def rest() -> None:
    """Leave the database alone before something slow, such as a drawing; what follows is a new transaction.

    Only where the open one has written nothing and locked no row yet, and nobody else's is around it: it goes on
    otherwise. A lock by number (`pg_advisory_xact_lock`) does not outlast it: who holds one does not rest.
    """
    if len(connection.atomic_blocks) != 1 or _waiting.get():
        return
    connection.validate_no_broken_transaction()
    raw = raw_connection()
    with connection.wrap_database_errors:
        row = raw.execute("SELECT pg_current_xact_id_if_assigned() IS NULL").fetchone()
        if row is not None and row[0]:
            raw.commit()  # Django's own transaction is still open: the driver begins it anew with the next statement


class Trip:
    """Statements that wait to be sent together."""

    def __init__(self) -> None:
        self._statements: list[tuple[str, list[Any]]] = []

    def insert(self, rows: Sequence[models.Model]) -> None:
        """Insert new rows, of one or several models; rows of one model go in one statement."""
        by_model: dict[type[models.Model], list[models.Model]] = {}
        for row in rows:
            by_model.setdefault(type(row), []).append(row)
        for model, group in by_model.items():
            sql, line, fields = _inserting(model)
            values = [_prepared(field, getattr(row, field.attname)) for row in group for field in fields]
            self._statements.append((sql + ", ".join([line] * len(group)), values))

    def update(
        self, model: type[models.Model], changes: Mapping[str, Any], *, where: Mapping[str, Any]
    ) -> None:
        """Set fields of the rows for which all of `where` (field → value, or list of values) holds.

        A foreign key is named and set as the field that holds the key: `home_window_id`.
        """
        fields = model._meta.get_field
        sets, values = [], []
        for name, value in changes.items():
            field = fields(name)
            assert isinstance(field, models.Field)
            sets.append(f'"{field.column}" = %s')
            values.append(_prepared(field, value))
        tests = []
        for name, value in where.items():
            field = fields(name)
            assert isinstance(field, models.Field)
            tests.append(
                f'"{field.column}" = ANY(%s)' if isinstance(value, list) else f'"{field.column}" = %s'
            )
            values.append(value)
        sql = f'UPDATE "{model._meta.db_table}" SET {", ".join(sets)} WHERE {" AND ".join(tests)}'
        self._statements.append((sql, values))

    def call(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Run any other statement."""
        self._statements.append((sql, list(parameters)))

    def send(self) -> None:
        """Send everything and wait until the database has done it; see `all_or_nothing` for when it waits itself.

        Raises:
            django.db.IntegrityError: when a constraint does not hold; the transaction is then over.
        """
        waiting = _waiting.get()
        if waiting is None:
            _send(self._statements)
        else:
            raw_connection()  # refuses outside a transaction
            waiting += self._statements
        self._statements = []


@functools.cache
def _inserting(model: type[models.Model]) -> "tuple[str, str, list[models.Field[Any, Any]]]":
    """Give how a statement that inserts rows begins, what it says of each row, and the fields whose values follow."""
    fields = [
        f
        for f in model._meta.local_concrete_fields
        if f.column and not (isinstance(f, models.AutoField | models.BigAutoField) and f.primary_key)
    ]
    assert not any(getattr(f, "auto_now", False) or getattr(f, "auto_now_add", False) for f in fields)
    columns = ", ".join(f'"{f.column}"' for f in fields)
    line = "(" + ", ".join(["%s"] * len(fields)) + ")"
    return f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES ', line, fields


def _prepared(field: "models.Field[Any, Any]", value: Any) -> Any:
    if value is None or type(value) is _AS_THEY_ARE.get(type(_target(field))):
        return value
    return field.get_db_prep_save(value, connection)


@functools.cache
def _target(field: "models.Field[Any, Any]") -> "models.Field[Any, Any]":
    """Give the field whose values a field holds: of a foreign key the one that it points at."""
    return _target(field.target_field) if isinstance(field, models.ForeignKey) else field


def raw_connection() -> "psycopg.Connection[Any]":
    """Give the driver's connection of the transaction that is open."""
    if not connection.in_atomic_block:
        raise ProgrammingError("a trip goes inside a transaction")
    connection.ensure_connection()
    raw = connection.connection
    assert isinstance(raw, psycopg.Connection)
    return raw


def read_models(queries: Sequence[Query]) -> list[list[Any]]:
    """Run prepared queries in one round trip and give the rows of each, as models where one is named.

    Each query sees what was committed before it began, also after an earlier one waited for a lock.

    Args:
        queries: (model, what follows `SELECT ... FROM table`, parameters), or (None, whole query, parameters).
    """
    return _read(raw_connection(), queries, _taken())


def read(*queries: compiled.Asked) -> list[list[Any]]:
    """Run compiled queries in one round trip, inside a transaction or outside, and give the rows of each."""
    if connection.in_atomic_block:
        return read_models(queries)
    connection.ensure_connection()
    return _read(connection.connection, queries, ())


def _read(
    raw: "psycopg.Connection[Any]", queries: Sequence[Query], first: Sequence[_Statement]
) -> list[list[Any]]:
    cursors = []
    with connection.wrap_database_errors, raw.pipeline():
        for sql, parameters in first:
            psycopg.Cursor(raw).execute(sql, parameters, prepare=True)
        for query in queries:
            text, parameters = query[:2] if isinstance(query, compiled.Asked) else (_whole(query), query[2])
            cursors.append(psycopg.Cursor(raw).execute(text, parameters, prepare=True))
    return [_models(query, cursor.fetchall()) for query, cursor in zip(queries, cursors, strict=True)]


def _models(query: Query, rows: list[Any]) -> list[Any]:
    if isinstance(query, compiled.Asked):
        return query.models(rows)
    model = query[0]
    return rows if model is None else [_from_row(model, row) for row in rows]


def _whole(query: tuple[type[models.Model] | None, str, Sequence[Any]]) -> str:
    model, sql, _parameters = query
    return sql if model is None else f"{_select(model)} {sql}"


@functools.cache
def _select(model: type[models.Model]) -> str:
    columns = ", ".join(f'"{f.column}"' for f in model._meta.local_concrete_fields)
    return f'SELECT {columns} FROM "{model._meta.db_table}"'


def _from_row(model: type[models.Model], row: Sequence[Any]) -> models.Model:
    fields = model._meta.local_concrete_fields
    values = [
        json.loads(value) if isinstance(field, models.JSONField) and isinstance(value, str) else value
        for field, value in zip(fields, row, strict=True)
    ]
    return model.from_db(connection.alias, [f.attname for f in fields], values)
