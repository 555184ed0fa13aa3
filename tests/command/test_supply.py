"""Whoever answers for the product can say what it is made of, and nothing slips in unread."""

import importlib.metadata
import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation import make_schemabased_validator
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tongban.command import documents, licences, supply

pytestmark = pytest.mark.article("S4")


def answering(out: str, *, error: str = "", code: int = 0) -> Callable[[Sequence[str]], Any]:
    """A service of known holes that says this."""
    return lambda command: subprocess.CompletedProcess(command, code, out, error)


class TestLocks:
    def test_every_python_package_is_pinned_and_has_its_digests(self) -> None:
        entries = [e for e in re.split(r"\n(?=\S)", licences.PYTHON_LOCK.read_text()) if e.strip()]
        assert len(entries) == len(licences.locked())
        assert [name for name, _, digests in licences.locked() if not digests] == []

    def test_the_lock_has_what_the_project_asks_for_and_nothing_else(self) -> None:
        asked = licences.project()
        wanted = [Requirement(words) for words in (*asked["dependencies"], *asked["dev"])]
        versions = {name: version for name, version, _ in licences.locked()}
        unmet = [str(r) for r in wanted if not r.specifier.contains(versions[canonicalize_name(r.name)])]
        assert unmet == []
        assert set(versions) <= licences.needed_by(map(str, wanted))

    def test_what_is_installed_is_what_the_lock_says(self) -> None:
        differing = []
        for name, version, _ in licences.locked():
            try:
                installed = importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:  # for another system
                continue
            if installed != version:
                differing.append(f"{name} {installed} instead of {version}")
        assert differing == []

    def test_every_npm_package_is_pinned_and_has_its_digest(self) -> None:
        assert [part.name for part in licences.npm_parts() if len(part.digests) != 1] == []
        asked = json.loads((licences.CHECKOUT / "package.json").read_text())
        root = json.loads(licences.NPM_LOCK.read_text())["packages"][""]
        assert root["dependencies"] == asked["dependencies"]
        assert root["devDependencies"] == asked["devDependencies"]

    def test_a_dependency_says_why_it_is_there(self) -> None:
        text = (licences.CHECKOUT / "pyproject.toml").read_text()
        section = text.split("dependencies = [", 1)[1].split("[project.scripts]", 1)[0]
        assert [line for line in re.findall(r'^    ".*$', section, re.MULTILINE) if "#" not in line] == []


class TestLicences:
    def test_all_are_on_the_list_and_the_page_is_current(self) -> None:
        assert licences.unfit([*licences.python_parts(), *licences.npm_parts()]) == []
        assert licences.PAGE.read_text() == licences.page()

    @pytest.mark.parametrize(
        ("expression", "allowed"),
        [
            ("MIT", True),
            ("GPL-3.0-only", False),
            ("GPL-2.0-only OR MIT", True),
            ("MIT AND GPL-2.0-only", False),
            ("(MIT OR GPL-2.0-only) AND Apache-2.0", True),
            ("(AGPL-3.0-only OR (GPL-2.0-only AND MIT)) AND MIT", False),
            ("((MIT", False),
            ("unknown", False),
            ("", False),
        ],
    )
    def test_an_expression_holds_when_it_can_be_met(self, expression: str, allowed: bool) -> None:
        assert licences.is_allowed(expression) is allowed

    def test_a_part_under_another_licence_is_named(self) -> None:
        part = licences.Part("pypi", "ours", "1.0", (), "AGPL-3.0-only")
        assert licences.unfit([part]) == ["ours 1.0: AGPL-3.0-only"]

    def test_words_that_are_no_licence_are_not_taken_for_one(self) -> None:
        assert licences.spdx_of("see the file COPYING") == ""
        assert licences.spdx_of("UNKNOWN") == ""

    def test_a_stale_page_fails_the_check(self, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
        monkeypatch.setattr(licences, "page", lambda: "other\n")
        monkeypatch.setattr(sys, "argv", ["documents", "--check"])
        assert documents.main() == 1
        assert "docs/licences.md" in capsys.readouterr().err


class TestAudit:
    HOLE = {"id": "PYSEC-2026-1", "fix_versions": ["2.0"], "aliases": [], "description": ""}

    def test_names_a_known_hole_and_fails(self, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
        said = {
            "dependencies": [
                {"name": "leaky", "version": "1.0", "vulns": [self.HOLE]},
                {"name": "tight", "version": "1.0", "vulns": []},
                {"name": "ours", "version": "1.0", "skip_reason": "not found"},
            ]
        }
        found = supply.audit_python(answering(json.dumps(said), code=1))
        assert (found.known, found.unknown) == (2, 1)
        assert found.holes == ["leaky 1.0: PYSEC-2026-1, mended in 2.0"]
        monkeypatch.setattr(supply, "audit_python", lambda: found)
        monkeypatch.setattr(supply, "audit_npm", lambda: supply.Audit("npm", silence="no network"))
        assert supply.main(["audit"]) == 1
        assert "leaky 1.0: PYSEC-2026-1" in capsys.readouterr().out

    @pytest.mark.parametrize(
        "run",
        [
            answering("", error="ConnectionError: could not reach https://service.example/x", code=1),
            answering("not json", code=1),
            answering("[]"),
            answering(json.dumps({"dependencies": [{"name": "a", "skip_reason": "not found"}]})),
        ],
    )
    def test_goes_on_and_says_so_when_nobody_can_be_asked(
        self, run: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
    ) -> None:
        found = supply.audit_python(run)
        assert found.silence and not found.holes
        monkeypatch.setattr(supply, "audit_python", lambda: found)
        monkeypatch.setattr(supply, "audit_npm", lambda: supply.Audit("npm", known=3))
        assert supply.main(["audit"]) == 0
        said = capsys.readouterr().out
        assert "the audit could not be had" in said and "https://" not in said

    def test_goes_on_when_the_service_does_not_answer_in_time(self) -> None:
        def never(command: Sequence[str]) -> Any:
            raise subprocess.TimeoutExpired(list(command), 1)

        assert "no answer within" in supply.audit_python(never).silence

    def test_reads_what_npm_says(self) -> None:
        hole = {"range": "<2", "via": [{"title": "Prototype pollution"}, "other"]}
        said = {"vulnerabilities": {"leaky": hole}, "metadata": {"dependencies": {"total": 46}}}
        found = supply.audit_npm(answering(json.dumps(said), code=1))
        assert found.holes == ["leaky <2: Prototype pollution"] and found.known == 46
        refused = {"message": "405 Method Not Allowed - POST https://service.example/bulk"}
        assert supply.audit_npm(answering(json.dumps(refused), code=1)).silence == "405 Method Not Allowed"


class TestBillOfMaterials:
    def test_is_valid_and_complete(self) -> None:
        bill = supply.bill()
        validator = make_schemabased_validator(OutputFormat.JSON, SchemaVersion.V1_6)
        assert validator.validate_str(json.dumps(bill)) is None
        references = {c["purl"] for c in bill["components"]}
        assert len(references) == len(licences.python_parts()) + len(licences.npm_parts())
        assert {d["ref"] for d in bill["dependencies"]} == references | {"tongban"}

    def test_tells_what_is_deployed_from_what_only_tests(self) -> None:
        scopes = {c["name"]: c["scope"] for c in supply.bill()["components"]}
        assert (scopes["django"], scopes["pytest"]) == ("required", "excluded")
        assert (scopes["@tabler/core"], scopes["axe-core"]) == ("required", "excluded")

    def test_is_the_same_for_the_same_locks(self) -> None:
        assert supply.bill() == supply.bill()
