"""What lets the tables grow past one machine, and the pages stay quick on big ones."""

import ast
import datetime
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import stories
from tongban.cases.models import Case
from tongban.directory import queries as directory
from tongban.people import operations as people
from tongban.people.models import Person

SOURCE = Path(__file__).resolve().parents[2] / "src/tongban"
# Every child of a case, by the column that says whose it is.
CASE_COLUMNS = ("case_id", "chain_id")
# Tables that grow with the cases; the others are small and may be looked at whole.
BIG = re.compile(
    r'"(cases_\w+|duties_duty|journal_entry|journal_look|documents_storedfile|notices_notice'
    r'|tongban_messages_(message|report))"'
)
# Counts of what belongs to one case, or to one thing that is about to be changed: bounded, and on no page.
BOUNDED_COUNTS = {
    "cases/operations/windows.py",
    "cases/operations/intake.py",
    "cases/operations/result.py",
    "command/seed.py",
    "command/doctor.py",
    "journal/operations.py",  # the nightly verification, which has read every entry anyway
}


def of_cases() -> list[type[Model]]:
    """Give every model of ours whose rows belong to a case."""
    found = []
    for model in apps.get_models():
        columns = {f.column for f in model._meta.local_concrete_fields}
        if model.__module__.startswith("tongban.") and model is not Case and columns & set(CASE_COLUMNS):
            found.append(model)
    return found


def _big() -> list[type[Model]]:
    return [Case, *of_cases()]


def _is_bound(field: Any) -> bool:
    """Tell whether the database itself watches over a foreign key."""
    return isinstance(field, models.ForeignKey) and field.deconstruct()[3].get("db_constraint", True)


def _column(model: type[Model]) -> str:
    columns = {f.column for f in model._meta.local_concrete_fields}
    return next(name for name in CASE_COLUMNS if name in columns)


@pytest.mark.article("C12")
class TestSchema:
    def test_a_child_of_a_case_says_whose_it_is_and_cannot_be_of_none(self) -> None:
        loose = []
        for model in of_cases():
            column = _column(model)
            field = next(f for f in model._meta.local_concrete_fields if f.column == column)
            if field.null and model.__name__ != "StoredFile":  # a file may belong to no case
                loose.append(model.__name__)
        assert loose == []

    def test_nothing_is_unique_that_the_case_could_not_be_added_to(self) -> None:
        """A key that must hold over all cases could not be checked by one shard."""
        narrow = []
        for model in _big():
            own = "id" if model is Case else _column(model)
            for field in model._meta.local_concrete_fields:
                if field.unique and not field.primary_key and field.column != own:
                    narrow.append(f"{model.__name__}.{field.name}")
            for constraint in model._meta.constraints:
                if isinstance(constraint, models.UniqueConstraint):
                    columns = {
                        str(getattr(model._meta.get_field(n), "attname", n)) for n in constraint.fields
                    }
                    if own not in columns:
                        narrow.append(f"{model.__name__}: {constraint.name}")
        assert narrow == []

    def test_ids_of_a_case_and_its_children_are_made_by_the_application(self) -> None:
        counted = [
            m.__name__ for m in _big() if isinstance(m._meta.pk, models.AutoField | models.BigAutoField)
        ]
        assert counted == []

    def test_two_children_of_a_case_are_bound_by_no_foreign_key(self) -> None:
        bound = []
        for model in of_cases():
            for field in model._meta.local_concrete_fields:
                if _is_bound(field) and field.related_model in of_cases():
                    bound.append(f"{model.__name__}.{field.name}")
        assert bound == []

    def test_no_small_table_points_at_a_case(self) -> None:
        up = []
        big = set(_big())
        for model in apps.get_models():
            if model in big or not model.__module__.startswith("tongban."):
                continue
            for field in model._meta.local_concrete_fields:
                if _is_bound(field) and field.related_model in big:
                    up.append(f"{model.__name__}.{field.name}")
        assert up == []

    def test_nothing_is_set_empty_when_another_row_goes(self) -> None:
        set_null = [
            f"{model.__name__}.{field.name}"
            for model in apps.get_models()
            if model.__module__.startswith("tongban.")
            for field in model._meta.local_concrete_fields
            if isinstance(field, models.ForeignKey)
            and field.remote_field.on_delete in (models.SET_NULL, models.SET_DEFAULT)
        ]
        assert set_null == []

    def test_no_table_of_ours_has_a_trigger(self, db: None) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT tgrelid::regclass::text, tgname FROM pg_trigger"
                " WHERE NOT tgisinternal AND tgrelid::regclass::text NOT LIKE 'procrastinate%%'"
            )
            assert cursor.fetchall() == []

    def test_the_database_agrees_that_each_child_carries_its_case(self, db: None) -> None:
        tables = [m._meta.db_table for m in of_cases()]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT table_name FROM information_schema.columns"
                " WHERE column_name = ANY(%s) AND table_name = ANY(%s)",
                [list(CASE_COLUMNS), tables],
            )
            assert {row[0] for row in cursor.fetchall()} == set(tables)


def _counts(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "count"
            and not node.args
            and not node.keywords
        ):
            yield node.lineno


class TestCounts:
    def test_nobody_counts_big_tables_to_the_end(self) -> None:
        found = []
        for path in sorted(SOURCE.rglob("*.py")):
            name = path.relative_to(SOURCE).as_posix()
            text = path.read_text()
            if name in BOUNDED_COUNTS or not BIG_MODELS.search(text):
                continue
            found += [f"{name}:{line}" for line in _counts(ast.parse(text))]
        assert found == []

    def test_a_list_of_what_may_count_names_only_what_does(self) -> None:
        idle = [name for name in BOUNDED_COUNTS if not any(_counts(ast.parse((SOURCE / name).read_text())))]
        assert idle == []


BIG_MODELS = re.compile(
    r"\b(Case|CaseApplicant|CaseMaterial|Duty|Entry|Look|Scan|StoredFile|Notice|Transfer|Delivery|Decision)\b"
    r"|cases\.queries|duties\.queries|visible_to"
)

# Each list page with the one who opens it: queries must not grow with its rows.
LISTS: list[tuple[str, str, bool]] = [
    ("/desk/", "clerk.520103", False),
    ("/desk/search/", "clerk.520103", False),
    ("/desk/search/?q=%E6%B5%8B", "clerk.520103", False),
    ("/desk/", "clerk.510100", False),
    ("/desk/search/", "clerk.510100", False),
    ("/desk/search/", "manager.520100", False),
    ("/api/v1/today", "clerk.520103", True),
    ("/api/v1/incoming", "clerk.510100", True),
    ("/api/v1/cases", "clerk.520103", True),
    ("/api/v1/cases?q=%E6%B5%8B", "clerk.510100", True),
]


@pytest.mark.article("C12")
@pytest.mark.usefixtures("nothing_read_anew")
class TestLists:
    @pytest.mark.parametrize(("path", "account", "by_token"), LISTS)
    def test_ask_as_often_for_many_rows_as_for_few(
        self,
        path: str,
        account: str,
        by_token: bool,
        db: None,
        at: Any,
        signed_in: Callable[[str], Client],
    ) -> None:
        client = _program(account, at) if by_token else signed_in(account)
        _make(at, 2)
        few = _sent(client, path)
        _make(at, 6)
        many = _sent(client, path)
        assert len(many) <= len(few), "\n".join(many)

    @pytest.mark.parametrize(("path", "account", "by_token"), LISTS)
    def test_count_no_big_table(
        self,
        path: str,
        account: str,
        by_token: bool,
        db: None,
        at: Any,
        signed_in: Callable[[str], Client],
    ) -> None:
        client = _program(account, at) if by_token else signed_in(account)
        _make(at, 1)
        counting = [
            q for q in _sent(client, path) if re.search(r"\bcount\(", q, re.IGNORECASE) and BIG.search(q)
        ]
        assert counting == []


def _program(account: str, at: Any) -> Client:
    token = people.issue_token(
        Person.objects.get(account=account), at=directory.now(), life=datetime.timedelta(days=1)
    )
    return Client(headers={"Authorization": f"Bearer {token}"})


def _make(at: Any, count: int) -> None:
    """Put so many cases in each of two states: one on each side owes something."""
    for _ in range(count):
        stories.Story(at=at).lead_to("drafting")
        stories.Story(at=at).lead_to("in_transfer")


def _sent(client: Client, path: str) -> list[str]:
    client.get(path)  # what is remembered between requests is read once
    with CaptureQueriesContext(connection) as found:
        assert client.get(path).status_code == 200
    return [str(q["sql"]) for q in found.captured_queries]
