"""The program's own face: help, refusals, exit codes."""

import importlib.util
import sys
from types import ModuleType

import pytest

from tongban.command import main as program
from tongban.command.problems import Problem
from tongban.kernel import refusals


def stand_in(monkeypatch: pytest.MonkeyPatch, run: object) -> None:
    """Put a command named `stand-in` into the program."""
    module = ModuleType("tongban.command.stand_in")
    module.run = run  # type: ignore[attr-defined]
    module.add_arguments = lambda parser: parser.add_argument("--loud", action="store_true")  # type: ignore[attr-defined]
    module.__spec__ = importlib.util.spec_from_loader(module.__name__, None)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(program.COMMANDS, "stand-in", program.Command("stand_in", "do nothing", django=False))


class TestMain:
    def test_help_lists_the_commands_with_what_they_do(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as end:
            program.main(["--help"])
        assert end.value.code == 0
        said = capsys.readouterr().out
        assert "run the product" in said and "db " in said

    def test_help_of_a_command_lists_its_options(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        stand_in(monkeypatch, lambda options: 0)
        with pytest.raises(SystemExit):
            program.main(["stand-in", "--help"])
        assert "--loud" in capsys.readouterr().out

    def test_an_unknown_command_is_a_usage_error(self) -> None:
        with pytest.raises(SystemExit) as end:
            program.main(["unheard-of"])
        assert end.value.code == 2

    def test_a_command_that_is_not_there_does_not_break_the_others(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setitem(program.COMMANDS, "absent", program.Command("no_such_module", "be absent"))
        with pytest.raises(SystemExit):
            program.main(["--help"])
        assert "absent" not in capsys.readouterr().out

    def test_gives_back_the_command_s_exit_code(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stand_in(monkeypatch, lambda options: 4 if options.loud else 0)
        assert program.main(["stand-in", "--loud"]) == 4
        assert program.main(["stand-in"]) == 0

    def test_a_problem_is_a_sentence_and_not_a_traceback(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def run(options: object) -> int:
            raise Problem("The house is closed: come back on Monday.")

        stand_in(monkeypatch, run)
        assert program.main(["stand-in"]) == 1
        assert capsys.readouterr().err == "tongban: The house is closed: come back on Monday.\n"

    def test_a_refusal_is_a_sentence_too(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def run(options: object) -> int:
            raise refusals.NotFound

        stand_in(monkeypatch, run)
        assert program.main(["stand-in"]) == 1
        assert "没有找到" in capsys.readouterr().err
