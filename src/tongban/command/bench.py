"""`tongban bench`: what it costs to create a case and to take a step, beside the barest committed write on the same server.

Rounds are interleaved and the median is taken, because absolute times on shared machines mean nothing.
"""

import argparse
import datetime
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from django.db import connection, transaction

from tongban.cases.operations import intake
from tongban.directory.models import Window
from tongban.people.actors import Actor, HeldPost
from tongban.people.roles import Role

REPORT = Path(__file__).resolve().parents[3] / "docs/performance.md"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each measurement (default 5)")
    parser.add_argument("--cases", type=int, default=200, help="cases a round (default 200)")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")


def run(options: argparse.Namespace) -> int:
    """Measure, print, and on wish write the report."""
    clerk = _clerk()
    works: dict[str, Callable[[int], float]] = {
        "bare update of one row, committed": _bare,
        "create a case": lambda n: _create(n, clerk),
        "take a step": lambda n: _step(n, clerk),
    }
    rates: dict[str, list[float]] = {name: [] for name in works}
    for _round in range(options.rounds):
        for name, work in works.items():
            rates[name].append(work(options.cases))
    lines = _report(rates, options)
    print("\n".join(lines))
    if options.write:
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        REPORT.write_text("\n".join(lines) + "\n")
    return 0


def _report(rates: dict[str, list[float]], options: argparse.Namespace) -> list[str]:
    base = statistics.median(next(iter(rates.values())))
    lines = [
        "# What it costs",
        "",
        f"One client, {options.rounds} interleaved rounds of {options.cases}; median, spread, and the share of the",
        "rate at which the same server takes one committed row. Made by `make bench`.",
        "",
        "| Work | per second | spread | share of the bare update |",
        "|---|---|---|---|",
    ]
    for name, found in rates.items():
        middle = statistics.median(found)
        lines.append(
            f"| {name} | {middle:,.0f} | {min(found):,.0f}–{max(found):,.0f} | {middle / base:.2f} |"
        )
    return lines


def _clerk() -> Actor:
    window = Window.objects.filter(is_open=True).select_related("division").order_by("id").first()
    if window is None:
        raise SystemExit("no windows yet: run `tongban seed` first")
    post = HeldPost(role=Role.CLERK, window_id=window.id, place=window.name, division_code=window.division_id)
    return Actor(id=0, name="bench", posts=(post,))


def _rate(work: Callable[[], object], count: int) -> float:
    began = time.perf_counter()
    for _ in range(count):
        work()
    return count / (time.perf_counter() - began)


def _bare(count: int) -> float:
    def write() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE directory_stamp SET value = value WHERE name = 'calendar'")

    return _rate(write, count)


def _create(count: int, clerk: Actor) -> float:
    return _rate(lambda: intake.open_case(by=clerk, at=datetime.datetime.now(datetime.UTC)), count)


def _step(count: int, clerk: Actor) -> float:
    """Withdraw cases that were opened for it: one step each, with lock, duties, journal and commit."""
    at = datetime.datetime.now(datetime.UTC)
    ids = iter([intake.open_case(by=clerk, at=at).id for _ in range(count)])
    return _rate(lambda: intake.withdraw_early(next(ids), reason="bench", by=clerk, at=at), count)
