"""`tongban seed` loads once; `tongban practice` moves the clock in practice mode only."""

import argparse
import datetime
from typing import Any

import pytest

from tongban.catalogue import files, operations
from tongban.command import practice, seed
from tongban.command.problems import Problem
from tongban.directory import queries
from tongban.directory.models import Division, Parameter
from tongban.journal import operations as journal
from tongban.journal.models import Entry


def tongban_practice(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    practice.add_arguments(parser)
    return practice.run(parser.parse_args(arguments))


@pytest.mark.django_db
class TestSeed:
    def test_does_nothing_when_nothing_has_changed(
        self, capsys: Any, django_assert_max_num_queries: Any
    ) -> None:
        with django_assert_max_num_queries(4):
            seed.run()
        assert capsys.readouterr().out == ""

    def test_adds_only_what_is_missing(self, capsys: Any) -> None:
        Parameter.objects.filter(name=seed.DIGEST).delete()
        Division.objects.filter(level="township")[0].delete()
        seed.run()
        assert "loaded: 1 rows" in capsys.readouterr().out

    def test_says_which_file_is_wrong_and_keeps_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def wrong() -> int:
            raise files.BadItemFile(file="015.toml", reason="没有办理项")

        Parameter.objects.filter(name=seed.DIGEST).delete()
        monkeypatch.setattr(operations, "load_items", wrong)
        with pytest.raises(Problem, match=r"015\.toml"):
            seed.run()
        assert not Parameter.objects.filter(name=seed.DIGEST).exists()

    def test_names_accounts_and_password_in_practice_mode_only(self, settings: Any) -> None:
        assert seed.PRACTICE_PASSWORD in seed.accounts_text()
        settings.TONGBAN_PRACTICE = False
        assert seed.accounts_text() == ""


@pytest.mark.django_db
class TestPractice:
    def test_moves_the_clock_on_and_writes_it_down(self, capsys: Any) -> None:
        assert tongban_practice("advance", "1d12h") == 0
        ahead = queries.now() - datetime.datetime.now(datetime.UTC)
        assert abs(ahead - datetime.timedelta(hours=36)) < datetime.timedelta(minutes=1)
        assert "ahead of the machine" in capsys.readouterr().out
        entry = Entry.objects.filter(chain_id=journal.chain_of("practice", 1)).order_by("-seq").first()
        assert entry and entry.payload["seconds_after"] == 36 * 3600
        tongban_practice("reset")
        assert "as on this machine" in capsys.readouterr().out

    def test_shows_without_touching(self) -> None:
        tongban_practice("show")
        assert not Parameter.objects.filter(name=queries.CLOCK_OFFSET).exists()

    def test_is_refused_without_practice_mode(self, settings: Any) -> None:
        settings.TONGBAN_PRACTICE = False
        with pytest.raises(Problem, match="Practice mode is off"):
            tongban_practice("advance", "3d")

    @pytest.mark.parametrize("written", ["", "3", "d3", "-3d", "3x", "0.5d"])
    def test_refuses_what_is_no_span_of_time(self, written: str) -> None:
        with pytest.raises(argparse.ArgumentTypeError):
            practice.span(written)
