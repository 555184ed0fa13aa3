"""Several writes in one round trip to the database.

The few writes that carry the load (take a step, open a case) collect their statements here and send
them together through PostgreSQL's pipeline. They run in the order given, inside the caller's transaction.
The form can change (one statement, a database function) without its callers noticing.
"""

import datetime
import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import psycopg
from django.db import connection, models, transaction
from django.db.utils import ProgrammingError

# A model and what follows `SELECT ... FROM table`, or None and a whole query; then its parameters.
Query = tuple[type[models.Model] | None, str, Sequence[Any]]

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
_whole: ContextVar[bool] = ContextVar("whole", default=False)


@contextmanager
def all_or_nothing() -> Iterator[None]:
    """Let whatever is refused inside undo the whole transaction that is open.

    Its parts then need no savepoints, each of which is two trips. Nobody inside may catch a refusal and go on
    asking the database: that raises an error.
    """
    mark = _whole.set(True)
    try:
        yield
    finally:
        _whole.reset(mark)


def part() -> transaction.Atomic:
    """Begin a transaction, or a part of the open one that is undone by itself unless all of it is."""
    return transaction.atomic(savepoint=not _whole.get())


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
        """Send everything and wait until the database has done it.

        Raises:
            django.db.IntegrityError: when a constraint does not hold; the transaction is then over.
        """
        raw = raw_connection()
        with connection.wrap_database_errors, raw.pipeline():
            for sql, values in self._statements:
                psycopg.Cursor(raw).execute(sql, values, prepare=True)
        self._statements.clear()


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
    raw = raw_connection()
    cursors = []
    with connection.wrap_database_errors, raw.pipeline():
        for model, sql, parameters in queries:
            text = sql if model is None else f"{_select(model)} {sql}"
            cursors.append(psycopg.Cursor(raw).execute(text, parameters, prepare=True))
    found: list[list[Any]] = []
    for (model, _sql, _parameters), cursor in zip(queries, cursors, strict=True):
        rows = cursor.fetchall()
        found.append(rows if model is None else [_from_row(model, row) for row in rows])
    return found


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
