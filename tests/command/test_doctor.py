"""`tongban doctor` and `tongban token` as a person types them."""

import argparse
import json
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_files(settings: Settings, tmp_path: Path) -> None:
    settings.TONGBAN_FILES = tmp_path / "files"
    settings.TONGBAN_KEYS = tmp_path / "keys"


def options(**given: Any) -> argparse.Namespace:
    return argparse.Namespace(**{"json": False, "without_journal": False, **given})


class TestDoctor:
    @pytest.mark.article("C12")
    def test_finds_nothing_wrong_where_nothing_is(
        self, story: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        from tongban.command import doctor

        story.lead_to("approval")
        assert doctor.run(options()) == 0
        said = capsys.readouterr().out
        assert "Healthy" in said and "The journal is whole" in said

    @pytest.mark.article("S4")
    def test_names_the_task_whose_jobs_failed_for_good(
        self, db: None, capsys: pytest.CaptureFixture[str]
    ) -> None:
        from django.db import connection

        from tongban.command import doctor

        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status)"
                " VALUES ('default', 'duties.recompute', '{}', 'failed')"
            )
        assert doctor.run(options()) == 1
        assert "QUEUE: duties.recompute: 1 failed for good" in capsys.readouterr().out

    @pytest.mark.article("C12")
    def test_names_the_case_that_nobody_holds(self, story: Any, capsys: pytest.CaptureFixture[str]) -> None:
        from tongban.command import doctor
        from tongban.duties.models import Duty

        number = story.lead_to("approval").case.number
        Duty.objects.filter(case_id=story.id, is_turn=True).update(is_turn=False)
        assert doctor.run(options()) == 1
        assert f"CASES: {number}" in capsys.readouterr().out

    @pytest.mark.article("C7")
    def test_names_the_message_that_should_have_gone_out(
        self, story: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        from tongban.command import doctor
        from tongban.messages.models import Message
        from tongban.messages.operations import writing

        story.lead_to("received")
        writing.tell(story.id, seq=story.case.journal_seq, at=story.at)
        assert doctor.run(options()) == 1
        key = Message.objects.get(case_id=story.id, channel="sms").key
        assert f"MESSAGES: {key}: sms queued since 2026-03-02" in capsys.readouterr().out

    @pytest.mark.article("C12")
    @pytest.mark.parametrize(
        ("kind", "change", "said"),
        [
            ("decide", {"bearer_id": 0}, "held by window 0, should be by home"),
            ("decide", {"kind": "close_case"}, "next action is close_case"),
            ("decide", {"due_at": None}, "the clock of the next action stands still"),
            ("decide", {"done": True}, "0 holders instead of one"),
            ("legal_limit", {"done": True}, "0 clocks for legal_limit instead of one"),
            ("promised_limit", {"due_at": None}, "the clock of promised_limit stands still"),
        ],
    )
    def test_names_what_is_wrong_with_a_holder_an_action_or_a_clock(
        self, story: Any, kind: str, change: dict[str, Any], said: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        from tongban.command import doctor
        from tongban.duties.models import Duty

        number = story.lead_to("approval").case.number
        rows = Duty.objects.filter(case_id=story.id, kind=kind, done_at=None)
        rows.update(**({"done_at": story.at, "outcome": "done"} if change.pop("done", False) else change))
        assert doctor.run(options(without_journal=True)) == 1
        assert f"CASES: {number}: {said}" in capsys.readouterr().out

    def test_names_the_chain_that_does_not_end_as_its_case_says(
        self, story: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        from tongban.cases.models import Case
        from tongban.command import doctor

        number = story.lead_to("received").case.number
        Case.objects.filter(id=story.id).update(journal_head=bytes(32))
        assert doctor.run(options(json=True)) == 1
        said = json.loads(capsys.readouterr().out)
        assert not said["healthy"]
        assert [f["where"].split(",")[0] for f in said["findings"] if f["part"] == "journal"] == [
            f"case {number}"
        ]
        assert doctor.run(options(without_journal=True)) == 0

    def test_names_storage_that_does_not_work(
        self, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        from tongban.command import doctor

        (tmp_path / "blocked").write_text("a file where the folder should be")
        settings.TONGBAN_FILES = tmp_path / "blocked"
        assert doctor.run(options()) == 1
        assert "HEALTH: storage" in capsys.readouterr().out


class TestToken:
    def test_prints_a_token_that_opens_the_door(
        self, client: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        from tongban.command import token

        assert token.run(argparse.Namespace(account="clerk.520103", days=1)) == 0
        printed = capsys.readouterr().out.strip()
        answer = client.get("/api/v1/me", headers={"Authorization": f"Bearer {printed}"})
        assert answer.json()["account"] == "clerk.520103"

    def test_refuses_an_account_that_is_not_there_or_not_in_use(self) -> None:
        from tongban.command import token
        from tongban.command.problems import Problem
        from tongban.people.models import Person

        Person.objects.filter(account="lead.520103").update(is_active=False)
        for account in ("nobody", "lead.520103"):
            with pytest.raises(Problem, match=account):
                token.run(argparse.Namespace(account=account, days=1))

    @pytest.mark.parametrize("days", ["0", "367", "soon", "-1"])
    def test_refuses_a_span_that_is_none(self, days: str) -> None:
        from tongban.command import token

        parser = argparse.ArgumentParser()
        token.add_arguments(parser)
        with pytest.raises(SystemExit):
            parser.parse_args(["clerk.520103", f"--days={days}"])
