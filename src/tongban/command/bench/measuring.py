"""`tongban bench run`: everything in the table of goals, side by side in one run, rounds interleaved."""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tongban.command import running
from tongban.command.bench import clients, findings, products, replay, report, works
from tongban.command.problems import Problem

PAGES_OWED = 15  # duties on the queues that are compared between a small and a big database
SHORT_CASES = 1500


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what `tongban bench run` understands."""
    parser.add_argument("--small", type=int, default=10_000, metavar="N", help="cases in the small database")
    parser.add_argument("--big", type=int, default=1_000_000, metavar="N", help="cases in the big database")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of everything (default 5)")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each rate in each round (default 3)")
    parser.add_argument("--requests", type=int, default=100_000, metavar="N", help="between two weighings")
    parser.add_argument(
        "--folder", metavar="DIR", help="where the bench databases are; default: bench in TONGBAN_DATA"
    )
    parser.add_argument(
        "--until", default="", metavar="DAY", help="the newest day of the cases (default: today)"
    )
    parser.add_argument(
        "--short", action="store_true", help="a minute's version: shows that it runs, judges nothing"
    )
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)


def folders(options: argparse.Namespace) -> tuple[Path, Path, Path]:
    """Give the data folders of the small, the big and the written-to database."""
    place = Path(options.folder).resolve()
    if options.short:
        return place / "short", place / "short", place / "short"
    return place / f"cases-{options.small}", place / f"cases-{options.big}", place / "writes"


def run(options: argparse.Namespace) -> int:
    """Make the databases, measure in a process that works on one of them, print, and on wish write the report."""
    options.folder = options.folder or str(running.data_folder() / "bench")
    if options.short:
        options.small = options.big = SHORT_CASES
        options.rounds, options.seconds, options.requests = 1, 1.0, 200
    if not options.inside:
        prepare(options)
        return _inside(options)
    found = findings.Found(options.small, options.big, options.rounds)
    with ExitStack() as stack:
        _measure(found, options, stack)
    lines = report.written(found)
    print("\n".join(lines))
    if options.write:
        report.put(lines)
    return 0


def _inside(options: argparse.Namespace) -> int:
    """Measure in a process of its own, whose Django works on the database that is written to."""
    said = [
        f"--{name}={getattr(options, name)}" for name in ("small", "big", "rounds", "seconds", "requests")
    ]
    said += [
        f"--folder={options.folder}",
        "--inside",
        *(f"--{n}" for n in ("short", "write") if getattr(options, n)),
    ]
    command = [sys.executable, "-m", "tongban.command.main", "bench", "run", *said]
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TONGBAN_")}
    return subprocess.run(command, env=kept | {"TONGBAN_DATA": str(folders(options)[2])}).returncode


def prepare(options: argparse.Namespace) -> None:
    """Make the databases that are not there yet, each in a data folder of its own."""
    small, big, writes = folders(options)
    sizes = {small: options.small, big: options.big}
    for folder, cases in sizes.items():
        if not (folder / "seeded").exists():
            _say(f"making {cases:,} cases in {folder}")
            environment = {k: v for k, v in os.environ.items() if not k.startswith("TONGBAN_")}
            command = [sys.executable, "-m", "tongban.command.main", "bench", "seed", "--cases", str(cases)]
            command += ["--until", options.until] if options.until else []
            done = subprocess.run(command, env=environment | {"TONGBAN_DATA": str(folder)})
            if done.returncode:
                raise Problem(
                    f"The bench database in {folder} could not be made; delete the folder and try again."
                )
            (folder / "seeded").touch()
    if writes != small:
        if (small / "postgres/elsewhere").exists():
            raise Problem("The server's user cannot reach this folder: name another one with --folder.")
        shutil.rmtree(writes, ignore_errors=True)
        subprocess.run(["cp", "-a", str(small), str(writes)], check=True)
        (writes / "postgres/port").unlink()  # the copy finds a port of its own


def _measure(found: findings.Found, options: argparse.Namespace, stack: ExitStack) -> None:
    small_at, big_at, writes_at = folders(options)
    writes = stack.enter_context(products.Product(writes_at))
    found.starts["start with everything there"] = writes.seconds
    small = writes if small_at == writes_at else stack.enter_context(products.Product(small_at))
    big = small if big_at == small_at else stack.enter_context(products.Product(big_at))
    _say("all products run")
    write = _writers(found, writes, writes_at)
    reads = _Reads(small, big)
    before = big.weights()
    for number in range(options.rounds):
        for name, work in write.items():
            used, begin = writes.labour(), time.perf_counter()
            found.rates.setdefault(name, []).append(work(options.seconds))
            done = found.rates[name][-1] * (time.perf_counter() - begin)
            found.labour.setdefault(name, []).append((writes.labour() - used) * 1000 / max(done, 1))
        reads.round(found, options.seconds)
        _own_costs(found, number, times=2 if options.short else 6)
        _say(
            f"round {number + 1} of {options.rounds}: "
            + ", ".join(f"{n} {v[-1]:,.0f}/s" for n, v in found.rates.items())
        )
    found.requests = reads.hammer(options.requests)
    after = big.weights()
    found.weights = {
        f"{name} {n + 1}": pair
        for name in after
        for n, pair in enumerate(zip(before[name], after[name], strict=False))
    }
    if not options.short:
        _starts(found, small_at.parent)


def _writers(found: findings.Found, product: products.Product, folder: Path) -> dict[str, Any]:
    """Give everything whose rate is measured, in the order of a round."""
    bare, again = replay.Bare(product, folder), replay.Replay(product, folder)
    found.counted = {"open a case": again.opening, "take a step": again.stepping}
    opening, stepping, journeys = works.opening(product), works.stepping(product), works.journeys(product)
    for work in (opening[0], stepping[0], journeys[0]):
        work()
    return {
        "bare case by pgbench": bare.create,
        "case through the API": lambda seconds: clients.rate(opening, seconds),
        "its SQL by pgbench": again.create,
        "bare step by pgbench": bare.step,
        "step through the API": lambda seconds: clients.rate(stepping, seconds),
        "the step's SQL by pgbench": again.step,
        "journey through the API": lambda seconds: clients.rate(journeys, seconds * 2),
    }


class _Reads:
    """The pages and queries of clerks in a small and in a big database."""

    def __init__(self, small: products.Product, big: products.Product) -> None:
        self._small = works.readers(small, owed=PAGES_OWED)
        self._big = works.readers(big, owed=PAGES_OWED)
        self._busiest = works.readers(big, owed=None)
        for reader in (*self._small, *self._big, *self._busiest):
            for work in reader.works.values():
                work()

    def round(self, found: findings.Found, seconds: float) -> None:
        """Ask everything once in turn by one client, then everything by all clients at once."""
        for name in self._small[0].works:
            small, big = [], []
            for _ in range(max(1, int(seconds))):
                for one, other in zip(self._small, self._big, strict=True):
                    small.append(clients.timed(one.works[name]))
                    big.append(clients.timed(other.works[name]))
            found.growth.setdefault(name, []).append(_p95(big) / _p95(small))
            found.alone.setdefault(name, []).append(_p95(big))
        for name, times in self._crowd(seconds * 2).items():
            if times:
                found.crowd.setdefault(name, []).append(_p95(times))

    def _crowd(self, seconds: float) -> dict[str, list[float]]:
        """Let the clerks of the busiest windows go through their pages, all at once and without a pause."""
        times: dict[str, list[float]] = {name: [] for name in self._busiest[0].works}
        turns = [_Turning(reader, times, first=n) for n, reader in enumerate(self._busiest)]
        clients.rate(turns, seconds)
        return times

    def hammer(self, requests: int) -> int:
        """Send so many requests to the big product, and give how many it were."""
        times: dict[str, list[float]] = {name: [] for name in self._busiest[0].works}
        turns = [_Turning(reader, times, first=n) for n, reader in enumerate(self._busiest)]
        while (sent := sum(len(t) for t in times.values())) < requests:
            clients.rate(turns, 1.0 if requests < 1000 else 10.0)
        return sent


class _Turning:
    """A clerk who opens one page after the other."""

    def __init__(self, reader: works.Reading, times: dict[str, list[float]], *, first: int) -> None:
        self._works, self._times, self._next = list(reader.works.items()), times, first

    def __call__(self) -> None:
        name, work = self._works[self._next % len(self._works)]
        self._next += 1
        self._times[name].append(clients.timed(work))


def _own_costs(found: findings.Found, number: int, *, times: int) -> None:
    works.notice_cost(0)  # warm
    notices = [works.notice_cost(n) for n in range(times)]
    scans = [works.scan_cost(number * 100 + n) for n in range(times)]
    found.costs.setdefault("notice as PDF with signature", []).append(statistics.median(notices))
    found.costs.setdefault("scan of 300 KB taken in", []).append(statistics.median(scans))


def _starts(found: findings.Found, place: Path) -> None:
    fresh = place / "fresh"
    shutil.rmtree(fresh, ignore_errors=True)
    for name in ("first start of an installed product", "second start"):
        with products.Product(fresh) as product:
            found.starts[name] = product.seconds
    shutil.rmtree(fresh, ignore_errors=True)


def _p95(times: Sequence[float]) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]


_BEGAN = time.monotonic()


def _say(what: str) -> None:
    print(f"[{time.monotonic() - _BEGAN:6.1f} s] {what}", file=sys.stderr, flush=True)
