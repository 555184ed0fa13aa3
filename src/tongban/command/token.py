"""`tongban token`: a bearer token with which a program acts as the person of an account."""

import argparse
import datetime
import sys

from tongban.command.problems import Problem
from tongban.directory import queries as directory
from tongban.kernel import worktime
from tongban.people import operations, queries

LONGEST = 366


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what `tongban token` understands."""
    parser.add_argument("account", metavar="ACCOUNT", help="whose posts the program has, e.g. clerk.520103")
    parser.add_argument(
        "--days",
        type=_days,
        default=operations.TOKEN_LIFE.days,
        metavar="N",
        help=f"for how many days, 1 to {LONGEST}; default %(default)s",
    )


def run(options: argparse.Namespace) -> int:
    """Print the token and nothing else on standard output, so that a script can take it."""
    at = directory.now()
    token = issued(options.account, at=at, days=options.days)
    print(token)
    until = (at + datetime.timedelta(days=options.days)).astimezone(worktime.BEIJING)
    print(
        f"Acts as {options.account} until {until:%Y-%m-%d %H:%M} Beijing time. It is shown only this once.",
        file=sys.stderr,
    )
    return 0


def issued(account: str, *, at: datetime.datetime, days: int) -> str:
    """Make a token for an account and give it.

    Raises:
        Problem: there is no such account, or it is not in use.
    """
    person = queries.active_person(account)
    if person is None:
        raise Problem(f"There is no account {account!r} in use. Practice accounts look like clerk.520103.")
    return operations.issue_token(person, at=at, life=datetime.timedelta(days=days))


def _days(written: str) -> int:
    if not written.isdigit() or not 1 <= int(written) <= LONGEST:
        raise argparse.ArgumentTypeError(f"{written!r} is not a number of days from 1 to {LONGEST}")
    return int(written)
