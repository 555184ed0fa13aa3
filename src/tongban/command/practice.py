"""`tongban practice`: the product's clock in practice mode, moved on so that deadlines come into sight."""

import argparse
import datetime
import getpass
import re

from django.conf import settings

from tongban.command.problems import Problem
from tongban.directory import operations, queries
from tongban.kernel import refusals, worktime

_UNITS = {"d": "days", "h": "hours", "m": "minutes", "w": "weeks"}
_SPAN = re.compile(r"(\d{1,4})([dhmw])")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what `tongban practice` understands."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("show", help="say what time it is for the product")
    advance = actions.add_parser("advance", help="move the clock on, e.g. 3d, 12h, 1d12h")
    advance.add_argument(
        "span", type=span, metavar="SPAN", help="weeks, days, hours, minutes: 1w, 3d, 12h, 30m"
    )
    actions.add_parser("reset", help="go back to the machine's time")


def run(options: argparse.Namespace) -> int:
    """Do the one thing asked for; a move is written into the journal."""
    if not settings.TONGBAN_PRACTICE:
        raise Problem("Practice mode is off (TONGBAN_PRACTICE=0): the clock is the machine's and stays so.")
    if options.action != "show":
        by = options.span if options.action == "advance" else None
        try:
            operations.move_clock(by=by, actor_name=f"tongban practice（{_user()}）", at=queries.now())
        except refusals.Refusal as refusal:
            raise Problem(refusal.message) from refusal
        queries.forget()
    print(_shown())
    return 0


def span(written: str) -> datetime.timedelta:
    """Read a span of time as people type it: 3d, 12h, 1d12h."""
    text = written.strip().lower()
    parts = _SPAN.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise argparse.ArgumentTypeError(f"{written!r} is not a span of time: write 3d, 12h or 1d12h")
    return sum(
        (datetime.timedelta(**{_UNITS[unit]: int(number)}) for number, unit in parts), datetime.timedelta()
    )


def _shown() -> str:
    now = queries.now()
    ahead = datetime.timedelta(seconds=round((now - datetime.datetime.now(datetime.UTC)).total_seconds()))
    text = f"For the product it is {now.astimezone(worktime.BEIJING):%A %Y-%m-%d %H:%M} in Beijing"
    text += f", {ahead} ahead of the machine." if ahead else ", as on this machine."
    warning = queries.calendar_warning(now.astimezone(worktime.BEIJING).date())
    return f"{text}\n{warning}" if warning else text


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name
        return "?"
