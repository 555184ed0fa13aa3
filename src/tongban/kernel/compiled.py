"""Reads that carry the load: Django compiles their queryset once a process, not once a request.

Writing a queryset down as SQL costs several times what running it does. A `Read` keeps the text and how its rows
become models, and puts new values into it:

    _person_of = compiled.Read(lambda digest, at: Token.objects.filter(digest=digest, expires_at__gt=at), bytes, moment)
    rows = _person_of(digest, now)

Everything that is not one of the values is part of the text: what differs from call to call otherwise is a `shape`.
"""

import datetime
import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Field, Lookup, Model, QuerySet
from django.db.models.query import get_related_populators

M = TypeVar("M", bound=Model)
_SHAPES_AT_MOST = 2000
_FIRST = (
    4_611_686_018_427_000_000  # nobody's id, nobody's day: a mark that is found again in the compiled text
)


@Field.register_lookup
class AnyOf(Lookup):
    """`id__any=[…]`: as `in`, with the whole list as one value, so that the text is the same for any number of them."""

    lookup_name = "any"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        left, values = self.process_lhs(compiler, connection)
        return f"{left} = ANY(%s)", [*values, self.rhs]


class Unfit(Exception):
    """A queryset that cannot be kept: a value does not come out of it as it went in."""


def _mark(kind: type, place: int) -> Any:
    if kind is int:
        return _FIRST + place
    if kind is list:
        return [_FIRST + place]
    if kind is str:
        return f"\u2061{place}\u2061"
    if kind is bytes:
        return b"\xffmark" + bytes([place]) * 27
    if kind is datetime.datetime:
        return datetime.datetime(9000, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(days=place)
    if kind is datetime.date:
        return datetime.date(9100, 1, 1) + datetime.timedelta(days=place)
    raise Unfit(f"no mark for values of {kind}")


def _found(value: Any, marks: Sequence[Any]) -> tuple[int, Any]:
    """Tell which mark a value of a text is, and how the driver wants such values wrapped; -1: a constant, itself."""
    inner = _plain(value)
    for place, mark in enumerate(marks):
        if isinstance(inner, type(mark)) and inner == mark:
            return place, None if type(value) is type(mark) else type(value)
    return -1, value


def _plain(value: Any) -> Any:
    """Give what a value is for comparing; the driver wraps bytes."""
    inner = getattr(value, "obj", value)
    return bytes(inner) if isinstance(inner, bytes | bytearray | memoryview) else inner


class _Text(Generic[M]):
    """The text of one query, where its values go, and how a row becomes a model."""

    def __init__(self, rows: QuerySet[M], marks: Sequence[Any]) -> None:
        compiler = rows.query.get_compiler(connection=connection)
        self.sql, values = compiler.as_sql()
        self._values = [_found(value, marks) for value in values]
        if {i for i, _how in self._values} - {-1} != set(range(len(marks))):
            raise Unfit("a value does not come out of the query as it went in")
        info: Any = compiler.klass_info
        fields = info["select_fields"]
        self._model: type[M] = info["model"]
        self._columns = slice(fields[0], fields[-1] + 1)
        self._names = [f[0].target.attname for f in compiler.select[self._columns]]
        populators: Any = get_related_populators  # its types are those of another version
        self._related = [_Related(one) for one in populators(info, compiler.select, connection.alias)]
        self._converters = compiler.get_converters([s[0] for s in compiler.select])

    def values(self, given: Sequence[Any]) -> list[Any]:
        return [how if i < 0 else how(given[i]) if how else given[i] for i, how in self._values]

    def models(self, rows: Iterable[Sequence[Any]]) -> Iterator[M]:
        alias = connection.alias
        known: dict[Any, Any] = {}
        for found in rows:
            row = self._converted(found) if self._converters else found
            model = self._model.from_db(alias, self._names, row[self._columns])
            for related in self._related:
                related.populate(row, model, known)
            yield model

    def _converted(self, found: Sequence[Any]) -> list[Any]:
        row = list(found)
        for place, (converters, expression) in self._converters.items():
            for convert in converters:
                row[place] = convert(row[place], expression, connection)
        return row


class _Related:
    """What Django's own makes of the columns of a related model, once for all rows that share it.

    Of fifty cases of one window the window is then one model and not fifty: half of what reading a list costs.
    """

    def __init__(self, populator: Any) -> None:
        self._own = populator
        self._related = [_Related(one) for one in populator.related_populators]

    def populate(self, row: Sequence[Any], model: Model, known: dict[Any, Any]) -> None:
        """Set the related model of a row; `known` are those of the rows before."""
        own = self._own
        values = own.reorder_for_init(row) if own.reorder_for_init else row[own.cols_start : own.cols_end]
        key = values[own.pk_idx]
        found = known.get((self, key)) if key is not None else None
        if found is None and key is not None:
            found = known[self, key] = own.model_cls.from_db(own.db, own.init_list, values)
            for related in self._related:
                related.populate(row, found, known)
        own.local_setter(model, found)
        if found is not None:
            own.remote_setter(found, model)


class Asked(NamedTuple):
    """A query that waits to be sent, and what makes models of its rows."""

    sql: str
    values: Sequence[Any]
    models: Callable[[Iterable[Sequence[Any]]], list[Any]]


class Read(Generic[M]):
    """A read of models whose queryset is compiled once for each shape.

    Args:
        build: makes the queryset; first the shape where there is one, then the values in their order.
        kinds: the kind of each value: int, list (of int), str, bytes, datetime.datetime, datetime.date.
    """

    def __init__(self, build: Callable[..., QuerySet[M]], *kinds: type) -> None:
        self._build = build
        self._marks = [_mark(kind, place) for place, kind in enumerate(kinds)]
        self._texts: dict[Any, _Text[M] | None] = {}

    def __call__(self, *values: Any) -> list[M]:
        """Give the rows for the values."""
        return self.shaped(None, *values)

    def shaped(self, shape: Any, *values: Any) -> list[M]:
        """Give the rows for the values of a queryset of a shape."""
        text = self._text(shape, len(values))
        if text is None:
            return []
        with connection.cursor() as cursor:
            cursor.execute(text.sql, text.values(values))
            rows = cursor.fetchall()
        return list(text.models(rows))

    def asked(self, *values: Any, shape: Any = None) -> "Asked":
        """Give the query for the values, to be sent together with others: see `trip.read` and `trip.read_models`."""
        text = self._text(shape, len(values))
        if text is None:
            return Asked("SELECT WHERE false", (), list)
        return Asked(text.sql, text.values(values), lambda rows: list(text.models(rows)))

    def _text(self, shape: Any, count: int) -> "_Text[M] | None":
        if shape not in self._texts:
            text = self._written(shape, count)
            if len(self._texts) >= _SHAPES_AT_MOST:
                self._texts.clear()
            self._texts[shape] = text
            return text
        return self._texts[shape]

    def _written(self, shape: Any, count: int) -> "_Text[M] | None":
        """Give the text for a shape; None where it can have no rows, whatever the values."""
        build = self._build if shape is None else functools.partial(self._build, shape)
        try:
            return _Text(build(*self._marks[:count]), self._marks[:count])
        except EmptyResultSet:
            return None

    def first(self, *values: Any) -> M | None:
        """Give the first row for the values, None when there is none."""
        return next(iter(self(*values)), None)
