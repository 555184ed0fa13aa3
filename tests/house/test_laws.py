"""The laws of the house that no linter sees."""

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

from tongban.cases.states import STEPS, Part
from tongban.command import documents
from tongban.web.api.urls import api
from tongban.web.kit import access, verbs

SOURCE = Path(__file__).resolve().parents[2] / "src/tongban"
# The requirements that this version stands for; each must be proven by a test.
COVERED = [
    "A1",
    "A2",
    "A3",
    "A4",
    "A5",
    "A6",
    "B1",
    "B2",
    "B3",
    "B8",
    "B4",
    "B6",
    "B7",
    "C2",
    "C3",
    "C4",
    "C5",
    "C6",
    "C7",
    "C9",
    "C10",
    "C11",
    "C12",
    "G1",
    "S1",
    "S2",
    "S3",
    "S4",
    "F1",
    "P7",
    "P9",
    "P13",
    "P14",
    "P21(1)",
    "P21(2)",
    "P21(3)",
    "P21(4)",
    "P23",
    "P24",
]
# What anybody may open without signing in.
PUBLIC = re.compile(
    r"^("
    r"$|practice/outbox/$|verify/|contacts/|language/|reading/"
    r"|items/|windows/|announcements/|figures/|progress/|kiosk/"
    r"|rate/|ratings/|complain/|complaints/"
    r"|health/|metrics$|api/v1/"
    r"|sign-in/(oidc/(back/)?)?$|desk/sign-in/(code/)?$|desk/account/alive/$"
    r")"
)


def _modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        if "migrations" not in path.parts:
            yield path, ast.parse(path.read_text())


class TestCode:
    def test_only_the_step_writes_a_case_s_state(self) -> None:
        found = []
        for path, tree in _modules():
            if path.match("cases/operations/_step.py"):
                continue
            for node in ast.walk(tree):
                if isinstance(node, ast.Assign):
                    found += [
                        f"{path.name}:{t.lineno}"
                        for t in node.targets
                        if isinstance(t, ast.Attribute)
                        and t.attr == "state"
                        and getattr(t.value, "id", "") in ("case", "self_case")
                    ]
                if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "update":
                    found += [f"{path.name}:{node.lineno}" for k in node.keywords if k.arg == "state"]
        assert found == []

    def test_no_file_has_a_name_that_says_nothing(self) -> None:
        nameless = {"utils", "helpers", "common", "services", "manager", "misc"}
        assert [p for p, _ in _modules() if nameless & {p.stem, p.parent.name}] == []

    def test_no_two_locks_have_the_same_number(self) -> None:
        said = [re.findall(r"LOCK = (7_305_\d+)", path.read_text()) for path, _ in _modules()]
        numbers = [number for found in said for number in found]
        assert len(numbers) > 5 and sorted(numbers) == sorted(set(numbers))

    def test_no_file_is_longer_than_600_lines(self) -> None:
        assert [p.name for p, _ in _modules() if len(p.read_text().splitlines()) > 600] == []

    def test_models_have_no_save_of_their_own_and_nothing_listens_to_signals(self) -> None:
        found = []
        for path, tree in _modules():
            if path.name == "models.py":
                found += [
                    f"{path}: save"
                    for n in ast.walk(tree)
                    if isinstance(n, ast.FunctionDef) and n.name == "save"
                ]
            if "django.db.models.signals" in path.read_text():
                found.append(f"{path}: signals")
        assert found == []


class TestModels:
    def test_no_foreign_key_points_up_the_house(self) -> None:
        floors = ["journal", "documents", "directory", "duties", "people", "catalogue", "cases", "notices"]
        floors.append("tongban_messages")
        for model in apps.get_models():
            label = model._meta.app_label
            if label not in floors:
                continue
            for field in model._meta.fields:
                target = field.related_model
                if target is not None and not isinstance(target, str) and target._meta.app_label in floors:
                    assert floors.index(target._meta.app_label) <= floors.index(label), f"{model} → {target}"

    def test_everything_of_a_case_carries_its_id(self) -> None:
        for model in apps.get_app_config("cases").get_models():
            assert model.__name__ == "Case" or "case_id" in {f.attname for f in model._meta.fields}


class TestSteps:
    def test_staff_have_a_verb_for_every_step_that_is_theirs(self) -> None:
        staff = {Part.RECEIVING, Part.HOME, Part.DEPARTMENT}
        assert {n for n, step in STEPS.items() if step.by & staff} == set(verbs.VERBS)


def _views(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, object]]:
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _views(entry, path)
        elif isinstance(entry, URLPattern):
            yield path, entry.callback


def _named_views(resolver: URLResolver, space: str = "") -> Iterator[tuple[str, object]]:
    """Give every page by its name; the API's operations have lines of their own."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from _named_views(entry, f"{entry.namespace}:" if entry.namespace else space)
        elif isinstance(entry, URLPattern):
            is_operation = space == "api:" and entry.name not in (
                "api-docs",
                "api-docs-style",
                "openapi-json",
            )
            if not is_operation:
                yield f"{space}{entry.name}", entry.callback


class TestDoors:
    @pytest.mark.article("S1")
    def test_every_view_asks_for_sign_in_or_is_on_the_public_list(self) -> None:
        open_views = [p for p, view in _views(get_resolver()) if not getattr(view, "login_required", True)]
        assert [p for p in open_views if not PUBLIC.match(p)] == []

    @pytest.mark.article("S1")
    def test_every_address_has_a_line_that_says_who_may_use_it(self) -> None:
        """Failing? Add one line to PAGES (by URL name) or OPERATIONS (by operation id) in web/kit/access.py."""
        named = {name for name, _view in _named_views(get_resolver())}
        assert sorted(named - set(access.PAGES)) == []
        assert sorted(set(access.PAGES) - named) == []
        operations = {
            str(o.operation_id)
            for _p, r in api._routers
            for v in r.path_operations.values()
            for o in v.operations
        }
        assert sorted(operations ^ set(access.OPERATIONS)) == []

    @pytest.mark.article("S1")
    def test_only_addresses_whose_line_says_so_are_open_without_sign_in(self) -> None:
        open_names = {
            n for n, view in _named_views(get_resolver()) if not getattr(view, "login_required", True)
        }
        may_be_open = {n for n, line in access.PAGES.items() if line.who == access.PUBLIC}
        assert sorted(open_names ^ may_be_open) == []

    def test_no_template_is_unused(self) -> None:
        said = "\n".join(p.read_text() for p in [*SOURCE.rglob("*.py"), *SOURCE.rglob("*.html")])
        unused = []
        for path in SOURCE.rglob("templates/**/*.html"):
            name = path.relative_to(next(p for p in path.parents if p.name == "templates")).as_posix()
            if name not in said and name not in ("403.html", "404.html", "500.html", "400.html"):
                unused.append(name)
        assert unused == []

    def test_no_page_has_inline_script_or_style(self) -> None:
        inline = re.compile(
            r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")|<style|\sstyle=|\son[a-z]+=|hx-on"
        )
        found = [p.name for p in SOURCE.rglob("*.html") if inline.search(p.read_text())]
        assert found == []


class TestTraceability:
    def test_every_requirement_of_this_version_is_proven(self) -> None:
        page = documents.traceability()
        assert [id_ for id_ in COVERED if f"\n| {id_} | " not in page] == []


class TestTestRun:
    def test_every_process_works_on_a_database_of_its_own(self) -> None:
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        assert settings.DATABASES["default"]["NAME"] == f"tongban_{worker}"
