"""The program `tongban`.

Each command is a module beside this one with `add_arguments(parser)` and `run(options) -> int`. It may
offer `needs_database(options) -> bool`; without it the database is there while `run` works. A command's
module is imported only when it is asked for, after Django is set up.
"""

import argparse
import importlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

from tongban.command.problems import Problem
from tongban.kernel import refusals


@dataclass(frozen=True)
class Command:
    """A line of `tongban --help`: the module that does it and what it is for."""

    module: str
    help: str
    django: bool = True


COMMANDS = {
    "up": Command("supervisor", "run the product: database, web, jobs, live; Ctrl-C stops it", django=False),
    "demo": Command("demo", "play one case from receipt to delivery against the running product"),
    "doctor": Command(
        "doctor", "prove that every open case has one holder, one next action, one running clock"
    ),
    "verify": Command("verify", "verify a document's signature, or the whole journal and its seals"),
    "token": Command("token", "make a bearer token for an account, for the API"),
    "practice": Command("practice", "show, advance or reset the product's clock (practice mode)"),
    "seed": Command("seeding", "load divisions, windows, items, standards; again changes nothing"),
    "directory": Command(
        "places", "load divisions, authorities and windows from a workbook: another province"
    ),
    "figures": Command("figures", "count the public figures of the five provinces now"),
    "seal": Command("seal", "seal the journal now"),
    "bench": Command("bench", "measure what a case and a step cost"),
    "backup": Command("backup", "back up database, files and keys; list or check back-ups", django=False),
    "restore": Command(
        "restore", "restore a back-up into an empty place, up to now or a moment", django=False
    ),
    "db": Command("db", "start, stop, prepare or reach the database"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command typed; returns its exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _run(arguments)
    except (Problem, refusals.Refusal) as problem:
        print(f"tongban: {problem}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130


def _run(arguments: list[str]) -> int:
    chosen = next((word for word in arguments if not word.startswith("-")), "")
    module = _load(chosen) if chosen in COMMANDS and _exists(COMMANDS[chosen]) else None
    options = _parser(chosen, module).parse_args(arguments)
    if module is None:
        return 2
    action = module.run
    if not COMMANDS[chosen].django:
        return int(action(options) or 0)
    from tongban.command import running

    needs_database = getattr(module, "needs_database", None)
    if needs_database is not None and not needs_database(options):
        return int(action(options) or 0)
    with running.database():
        return int(action(options) or 0)


def _parser(chosen: str, module: ModuleType | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tongban",
        description="Tongban (通办): one window for matters decided in another province.",
        epilog="`tongban COMMAND --help` says more about a command.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        if not _exists(command):
            continue
        under = commands.add_parser(
            name, help=command.help, description=command.help[0].upper() + command.help[1:] + "."
        )
        if name == chosen and module is not None:
            module.add_arguments(under)
    return parser


def _exists(command: Command) -> bool:
    return importlib.util.find_spec(f"tongban.command.{command.module}") is not None


def _load(name: str) -> ModuleType:
    """Import a command's module, after Django where it uses Django."""
    command = COMMANDS[name]
    if command.django:
        from tongban.command import running

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tongban.config.settings")
        running.point_to_database()
        import django

        django.setup()
    return importlib.import_module(f"tongban.command.{command.module}")


if __name__ == "__main__":
    sys.exit(main())
