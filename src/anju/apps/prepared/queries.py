"""Django makes the SQL of a queryset anew each time it is asked, which costs ten times what SQLite takes to answer it.

Where the same few questions are asked for every page, `prepared` has their SQL made once: the function that builds the
queryset is called with a slot in place of each value, and what Django compiled is kept. Reading the rows, with related
ones and with values, stays Django's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import Model, QuerySet, Value
from django.db.models.expressions import Expression
from django.db.models.sql.compiler import SQLCompiler

STEP = 1_024  # up to here a list is padded to a power of two, beyond to a multiple
P = ParamSpec("P")
M = TypeVar("M", bound=Model)
Row = TypeVar("Row", covariant=True)


class Fixed(int):
    """A number that is written into the SQL itself, as a LIMIT must be: of few different values, for each has its SQL made."""


class Slot(Value):
    """Where one value goes. It has no type of its own: it is compared with a column as it is.

    `place`: where it stands among the arguments: (1,) or, inside a tuple, (1, 0)."""

    def __init__(self, place: tuple[int, ...]) -> None:
        super().__init__(None)
        self.place = place

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, Any]:
        return "%s", [self]

    # so that Django, which compares expressions, takes no two for the same
    @property
    def identity(self) -> tuple[Any, ...]:
        return (Slot, self.place)


class Slots(Expression):
    """Where the values of a list go, in what is looked up with `__in`."""

    def __init__(self, slots: list[Slot]) -> None:
        super().__init__()
        self.slots = slots

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, Any]:
        return f"({', '.join(['%s'] * len(self.slots))})", list(self.slots)

    @property
    def identity(self) -> tuple[Any, ...]:
        return (Slots, *(slot.place for slot in self.slots))


@dataclass(frozen=True, slots=True)
class _Made:
    """A queryset with its SQL, and by which function of Django's each column is read; `compiler` None where it can have no row."""

    queryset: QuerySet[Any, Any]
    compiler: SQLCompiler | None
    sql: str = ""
    params: tuple[Any, ...] = ()
    converters: Any = None


class Prepared(Generic[P, Row]):
    """What `prepared` makes of a function. Called with values, it answers the rows as a list, by one query."""

    def __init__(self, build: Callable[P, QuerySet[Any, Row]]) -> None:
        self.build = build
        self._made: dict[tuple[Any, ...], _Made] = {}
        update_wrapper(self, build)

    def __call__(self, *args: P.args, **named: P.kwargs) -> list[Row]:
        if named:
            raise TypeError(f"{self.__name__} takes its values by position")  # type: ignore[attr-defined]
        values = tuple(_padded(value) for value in args)
        shape = tuple(_shape(value) for value in values)
        made = self._made.get(shape)
        if made is None:
            made = self._made[shape] = self._make(values)
        if made.compiler is None:
            return []
        asked = made.queryset.all()
        compiler = _bound(made, made.compiler, values)
        asked.query.get_compiler = lambda *_args, **_named: compiler  # type: ignore[method-assign]
        return list(asked)

    def first(self, *args: P.args, **named: P.kwargs) -> Row | None:
        """The first row, of a query that is asked for one or few."""
        return next(iter(self(*args, **named)), None)

    def _make(self, values: tuple[Any, ...]) -> _Made:
        slots = (_slots(value, (at,)) for at, value in enumerate(values))
        queryset = self.build(*slots)  # type: ignore[call-arg]  # a slot where a value is expected
        compiler = queryset.query.get_compiler(queryset.db)
        try:
            sql, params = compiler.as_sql()
        except EmptyResultSet:
            return _Made(queryset, None)
        columns = [column for column, _sql, _alias in compiler.select[: compiler.col_count]]
        return _Made(queryset, compiler, sql, tuple(params), compiler.get_converters(columns))


def prepared(build: Callable[P, QuerySet[Any, Row]]) -> Prepared[P, Row]:
    """The queryset that `build` makes, with its SQL made once for each shape of its arguments.

    `build` is called with slots: it may compare them with columns and nothing else (no `if`, no arithmetic). A list is for `__in` and of any
    length; a tuple is taken apart as it stands, and a Fixed number is a part of the query. None equals nothing, as in SQL: `IS NULL` is a query
    of its own. Rows come back as a list."""
    return Prepared(build)


def keyed(found: QuerySet[M]) -> Callable[[Iterable[int | None]], dict[int, M]]:
    """A function that gives the rows of `found` by their keys, those that are there: one query, none for no keys."""
    rows = prepared(lambda keys: found.filter(pk__in=keys))

    def by_key(keys: Iterable[int | None]) -> dict[int, M]:
        wanted = sorted({key for key in keys if key is not None})
        return {row.pk: row for row in rows(wanted)} if wanted else {}

    return by_key


def _bound(made: _Made, compiler: SQLCompiler, values: tuple[Any, ...]) -> SQLCompiler:
    """The compiler with the values of one call in place of making SQL; the rest is Django's, on this thread's connection."""
    one = copy(compiler)
    one.connection = connections[made.queryset.db]
    adapt = one.connection.ops.adapt_unknown_value
    params = [_value_at(values, param) if isinstance(param, Slot) else param for param in made.params]
    adapted = tuple(value if isinstance(value, int | str) else adapt(value) for value in params)
    one.as_sql = lambda *_args, **_named: (made.sql, adapted)  # type: ignore[method-assign]
    one.get_converters = lambda _columns: made.converters  # type: ignore[assignment]
    return one


def _padded(value: Any) -> Any:
    """A list in one of few lengths, so that few shapes are made: its last value once more changes nothing in what is found."""
    if not isinstance(value, list):
        return value
    if not value:
        return [None]
    length = 1 << (len(value) - 1).bit_length() if len(value) <= STEP else -(-len(value) // STEP) * STEP
    return [*value, *value[-1:] * (length - len(value))]


def _shape(value: Any) -> Any:
    if isinstance(value, list):
        return len(value)
    if isinstance(value, tuple):
        return tuple(_shape(each) for each in value)
    return value if isinstance(value, Fixed) else ""


def _slots(value: Any, place: tuple[int, ...]) -> Any:
    if isinstance(value, list):
        return Slots([Slot((*place, at)) for at in range(len(value))])
    if isinstance(value, tuple):
        return tuple(_slots(each, (*place, at)) for at, each in enumerate(value))
    return value if isinstance(value, Fixed) else Slot(place)


def _value_at(values: tuple[Any, ...], slot: Slot) -> Any:
    found: Any = values
    for at in slot.place:
        found = found[at]
    return found.pk if isinstance(found, Model) else found
