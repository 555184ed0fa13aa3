"""`docs/performance.md`: the table of goals with what was measured, and below it what people wrote about it."""

import os
import platform
import statistics
from collections.abc import Sequence
from pathlib import Path

from tongban.command.bench.findings import Found

PAGE = Path(__file__).resolve().parents[4] / "docs/performance.md"
FLAT_AFTER = 100_000  # requests
BY_HAND = "<!-- What follows is written by hand; the bench keeps it. -->"
# Open Zaak beside pgbench on one machine, as the findings of the design have them: it cannot be installed here.
OPEN_ZAAK_CREATE, OPEN_ZAAK_STEP, OPEN_ZAAK_JOURNEY = 27 / 3660, 17 / 5100, 2.6 / 3660
_HEAD = """# What it costs

Made by `make bench`; everything is a ratio measured side by side in one run: {rounds} interleaved rounds, median,
spread in brackets. Database, product and clients share {cores} cores; PostgreSQL is durable (fsync on) wherever a
write is measured; rates are of {clients} clients at once. Python {python}.

Other work may run on the machine, and the scheduler gives every process its turn: pgbench and its eight server
processes then get more of it than two web processes do. Ratios are therefore also given **by processor time** (all
that client, product and database used for one piece of work), and judged by that.

**Open Zaak was not measured here** (it cannot be installed on this machine). Its figure is *derived*: the bare case
by pgbench, measured in this run, times the ratio Open Zaak / pgbench of the design's findings (create 27 / 3,660,
step 17 / 5,100, journey 2.6 / 3,660).
"""


def written(found: Found) -> list[str]:
    """Give the report's lines, without what is written by hand."""
    head = _HEAD.format(
        rounds=found.rounds, cores=os.cpu_count(), clients=found.clients, python=platform.python_version()
    )
    return [
        *head.splitlines(),
        "",
        "## Goals",
        "",
        "| Work | Goal | Measured | |",
        "|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in _goals(found)),
        "",
        *_rates(found),
        *_reads(found),
    ]


def put(lines: Sequence[str]) -> None:
    """Write the page and keep what stands below the mark."""
    kept = PAGE.read_text().partition(BY_HAND)[2] if PAGE.exists() else "\n"
    PAGE.write_text("\n".join(lines) + f"\n\n{BY_HAND}{kept}")


def _goals(found: Found) -> list[tuple[str, str, str, str]]:
    rows = [*_writing(found), *_reading(found)]
    for name, goal in (("notice as PDF with signature", 20), ("scan of 300 KB taken in", 40)):
        rows.append(
            (name, f"≤ {goal} ms of CPU", _said(found.costs[name], " ms"), _is(found.costs[name], most=goal))
        )
    for name, (before, after) in found.weights.items():
        goal = 150 if name.startswith("worker") else 200
        said = f"{before:.0f} MB, after {found.requests:,} requests {after:.0f} MB"
        flat = after <= before * 1.1 and found.requests >= FLAT_AFTER
        verdict = _is([after], most=goal) if flat or after > goal else "size met, flat not shown"
        rows.append((f"memory: {name}", f"≤ {goal} MB, flat", said, verdict))
    for name, seconds in found.starts.items():
        goal = 10 if name != "first start of an installed product" else 180
        rows.append((name, f"≤ {goal} s", f"{seconds:.1f} s", _is([seconds], most=goal)))
    return rows


def _writing(found: Found) -> list[tuple[str, str, str, str]]:
    rows = []
    for name, goal, work, bare, share in (
        ("journey through the API", 30, "journey through the API", "bare case by pgbench", OPEN_ZAAK_JOURNEY),
        ("create a case", 20, "case through the API", "bare case by pgbench", OPEN_ZAAK_CREATE),
        ("take a step", 20, "step through the API", "bare step by pgbench", OPEN_ZAAK_STEP),
    ):
        times = [r / share for r in found.ratio(work, bare)]
        thrift = [r / share for r in found.thrift(work, bare)]
        said = f"{_said(times, ' ×')}; by processor time {_said(thrift, ' ×')}"
        rows.append((name, f"≥ {goal} × Open Zaak (derived)", said, _is(thrift, least=goal)))
    for name, work, again in (
        ("create a case", "case through the API", "its SQL by pgbench"),
        ("take a step", "step through the API", "the step's SQL by pgbench"),
    ):
        thrift = found.thrift(work, again)
        said = f"{_said(found.ratio(work, again), '', 2)}; by processor time {_said(thrift, '', 2)}"
        rows.append((name, "≥ 0.40 of pgbench sending the very same SQL", said, _is(thrift, least=0.40)))
    for name, counted in found.counted.items():
        said = f"{counted.step_trips} trips in it; the whole request: {counted.statements} statements in {counted.trips} trips"
        rows.append(
            (f"round trips: {name}", "≤ 2 besides BEGIN/COMMIT", said, _is([counted.step_trips], most=2))
        )
    rows.append(
        ("batch intake from a partner", "≥ 0.50 of COPY", "not built yet: comes with the exchange", "open")
    )
    return rows


def _reading(found: Found) -> list[tuple[str, str, str, str]]:
    rows = []
    for name, ratios in found.growth.items():
        goal = f"p95 at {found.big:,} ≤ 1.5 × at {found.small:,} cases"
        rows.append((name, goal, _said(ratios, " ×", 2), _is(ratios, most=1.5)))
    for name in found.alone:
        goal = f"p95 ≤ 60 ms at {found.big:,} cases, {found.clients} clients"
        times = found.crowd.get(name, [])
        if not times:
            rows.append((name, goal, "not reached in the time given", "not shown"))
            continue
        rows.append((name, goal, _said(times, " ms"), _is(times, most=60)))
    return rows


def _rates(found: Found) -> list[str]:
    lines = [
        "## Rates",
        "",
        "| Work | a second | spread | ms of processor time for one |",
        "|---|---|---|---|",
    ]
    for name, rates in found.rates.items():
        spread = f"{min(rates):,.0f}–{max(rates):,.0f}"
        labour = _said(found.labour[name], "", 2)
        lines.append(f"| {name} | {statistics.median(rates):,.0f} | {spread} | {labour} |")
    return [*lines, ""]


def _reads(found: Found) -> list[str]:
    lines = [
        f"## Pages and queries at {found.big:,} cases",
        "",
        f"p95 in milliseconds as the client sees it: alone, at windows that owe about the same in both databases; and"
        f" with {found.clients} clients at once and no pause, at the windows that owe most.",
        "",
        "| Page or query | alone | all at once |",
        "|---|---|---|",
    ]
    for name, times in found.alone.items():
        lines.append(f"| {name} | {_said(times, '')} | {_said(found.crowd.get(name, []), '')} |")
    return lines


def _said(values: Sequence[float], unit: str, digits: int = 1) -> str:
    if not values:
        return "–"
    middle = f"{statistics.median(values):.{digits}f}{unit}"
    if len(values) < 2:
        return middle
    return f"{middle} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def _is(values: Sequence[float], *, least: float | None = None, most: float | None = None) -> str:
    middle = statistics.median(values)
    good = (least is None or middle >= least) and (most is None or middle <= most)
    return "met" if good else "**missed**"
