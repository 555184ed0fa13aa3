"""The bench: made-up cases that are whole, a run that measures everything, scripts that send the same SQL."""

import datetime
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests import stories
from tongban.command.bench import lives, seeding, statements
from tongban.command.problems import Problem

SEALED = re.compile(r"\\\\x01[0-9a-f]+")  # what is encrypted is different every time


def _rows(plan: seeding.Plan, prototypes: Any, week: int) -> dict[str, list[str]]:
    loader = seeding._Loader(plan, prototypes, seeding.Places(Random(plan.seed)))
    loader.load(week)
    return {table: [SEALED.sub("", row) for row in rows] for table, rows in loader._rows.items()}


class TestSeed:
    def test_gives_the_same_cases_for_the_same_seed_and_others_for_another(self, db: None) -> None:
        prototypes = lives.lead_all()
        plan = seeding.Plan(3000, "2026-11-24", 5)
        first = _rows(plan, prototypes, 1)
        assert first == _rows(plan, prototypes, 1)
        assert first != _rows(seeding.Plan(3000, "2026-11-24", 6), prototypes, 1)
        assert sum(len(rows) for rows in first.values()) > 100
        # Requests off the list that were only explained hold no papers and owe nothing: they are no load.
        without = {"drafting", "explained"}
        assert {p.life.state for p in prototypes} >= {str(s) for s in stories.WAYS} - without
        ids = [line.split("\t")[0] for rows in first["cases_casematerial"] for line in rows.splitlines()]
        assert len(ids) == len(set(ids)) > 50

    def test_makes_exactly_as_many_as_asked_for(self) -> None:
        weights = [1.0 / (1 + w / 200) for w in range(seeding.WEEKS)]
        for count in (1, 999, 10_000):
            assert sum(seeding._share(count, weights, w) for w in range(seeding.WEEKS)) == count

    def test_refuses_a_database_with_real_cases(self, story: stories.Story) -> None:
        plan = seeding.Plan(10, "2026-11-24")
        assert not seeding.is_there(plan)
        story.open()
        with pytest.raises(Problem, match="real cases"):
            seeding.is_there(plan)

    def test_knows_its_own_and_refuses_another_s(self, db: None) -> None:
        plan = seeding.Plan(10, "2026-11-24")
        seeding._set_mark(plan, "done")
        assert seeding.is_there(plan)
        with pytest.raises(Problem, match="other bench cases"):
            seeding.is_there(seeding.Plan(11, "2026-11-24"))


class TestScript:
    def test_sends_the_same_with_other_numbers(self) -> None:
        at = datetime.datetime(2026, 3, 2, 1, 30, tzinfo=datetime.UTC)
        found = statements.Recording()
        found._add("BEGIN", ())
        pipeline = object()
        found._add('INSERT INTO "t" VALUES (%s, %s, %s)', (1 << 51, at, ["a", "b"]), pipeline=pipeline)
        found._add("SELECT 1 WHERE %s LIKE 'x%%'", ("it's 9:30",), pipeline=pipeline)
        found._add("COMMIT", ())
        lines = statements.script(found, names={1 << 51: "id0"}, first=["\\set id0 1"]).splitlines()
        assert lines[:3] == ["\\set id0 1", "BEGIN;", "\\startpipeline"]
        assert lines[3].startswith('INSERT INTO "t" VALUES (:id0, E\'2026-03-02 01\\x3a30')
        assert lines[4] == "SELECT 1 WHERE E'it''s 9\\x3a30' LIKE 'x%';"
        assert lines[5:] == ["\\endpipeline", "COMMIT;"]
        assert found.trips == 1


@pytest.mark.article("C12")
class TestRun:
    @pytest.fixture
    def folder(self) -> Iterator[Path]:
        """A folder that the database's own user can reach; pytest's are closed to others."""
        made = Path(tempfile.mkdtemp(prefix="tongban-bench-", dir="/tmp"))
        made.chmod(0o711)
        yield made
        shutil.rmtree(made, ignore_errors=True)

    def test_makes_cases_that_are_whole_and_measures_everything(self, folder: Path) -> None:
        """It must run; it judges nothing. What it was run on must be as sound as what people entered."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("TONGBAN_")}
        program = [sys.executable, "-m", "tongban.command.main"]
        seeded = subprocess.run(
            [*program, "bench", "seed", "--cases", "1500"],
            env=kept | {"TONGBAN_DATA": str(folder / "short")},
            capture_output=True,
            text=True,
        )
        assert seeded.returncode == 0, seeded.stderr
        for check in ("doctor", "verify"):
            done = subprocess.run(
                [*program, check],
                env=kept | {"TONGBAN_DATA": str(folder / "short")},
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stdout + done.stderr
        (folder / "short/seeded").touch()
        ran = subprocess.run(
            [*program, "bench", "run", "--short", "--folder", str(folder)],
            env=kept,
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr[-3000:]
        for row in (
            "journey through the API",
            "search by name",
            "public: home page",
            "public: item between two places",
            "public: progress by number",
            "notice as PDF with signature",
            "memory: web 1",
        ):
            assert row in ran.stdout
