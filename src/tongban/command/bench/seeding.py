"""`tongban bench seed`: thousands to millions of cases, by COPY, into a database that is there for nothing else.

Lifelike in what makes databases slow: 512 counties of very different size, a few pairs of places that send
each other much, five years, every state, people who come again. The same `--seed` and `--until` give the
same cases, but for what the keys of the installation encrypt or digest. Scans share one content; printed forms are
left out.
"""

import argparse
import datetime
import multiprocessing
import os
import time
from bisect import bisect
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from random import Random
from typing import Any

import psycopg
from django.db import connection, connections, transaction

from tongban.cases.models import Case
from tongban.command import database, postgres, running, seed
from tongban.command.bench import copies, lives, tables
from tongban.command.problems import Problem
from tongban.directory import queries as directory
from tongban.directory.models import Authority, AuthorityKind, Parameter, Window
from tongban.journal import operations as journal
from tongban.people.models import Person, Post
from tongban.people.roles import Role

MARK = "bench.seed"  # the parameter by which a database says that its cases are made up
WEEKS = 260
_HOT_PAIRS, _HOT_SHARE = 20, 0.3
_BATCH = 1500  # cases between two COPYs
_SELDOM_MORE_THAN = 0.008  # share of cases that are open in a database that has run for years


@dataclass(frozen=True)
class Plan:
    """What is asked for: how many cases, up to which day, from which seed of chance."""

    cases: int
    until_on: str
    seed: int = 1

    @property
    def open_cases(self) -> int:
        """How many are not finished: many in a young database, a small share in an old one."""
        return min(self.cases, max(int(self.cases * _SELDOM_MORE_THAN), min(self.cases * 3 // 10, 4000)))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what `tongban bench seed` understands."""
    parser.add_argument("--cases", type=int, required=True, metavar="N", help="how many cases to make")
    parser.add_argument("--seed", type=int, default=1, help="chance: the same number gives the same cases")
    today = datetime.date.today().isoformat()
    parser.add_argument("--until", default=today, metavar="DAY", help="the newest day (default: today)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes (default 2)")


def run(options: argparse.Namespace) -> int:
    """Make the cases and say how fast."""
    plan = Plan(options.cases, datetime.date.fromisoformat(options.until).isoformat(), options.seed)
    cluster = running.embedded() if running.is_embedded() else None
    if cluster is None:
        _seed(plan, workers=options.workers)
        return 0
    if cluster.is_running():
        raise Problem(
            "The database of this folder is in use: stop what uses it, or set TONGBAN_DATA to another."
        )
    hasty = postgres.Cluster(cluster.folder, durable=False)
    try:
        hasty.start()
        _seed(plan, workers=options.workers)
    finally:
        connections.close_all()
        connection.close_pool()  # type: ignore[attr-defined]
        hasty.stop()
        os.sync()  # written without waiting for the disk; from here on it is as safe as any other
    return 0


def mark() -> dict[str, Any] | None:
    """Give what the database says about its made-up cases; None when it says nothing."""
    found = Parameter.objects.filter(name=MARK, division=None).values_list("value", flat=True).first()
    return found if isinstance(found, dict) else None


def is_there(plan: Plan) -> bool:
    """Tell whether the database holds just these cases already; False when it holds none.

    Raises:
        Problem: it holds real cases, or others.
    """
    known = mark()
    if known == {**asdict(plan), "state": "done"}:
        return True
    if known is not None:
        raise Problem(
            f"This database holds other bench cases ({known}): use another TONGBAN_DATA, or delete this."
        )
    if Case.objects.exists():
        raise Problem("There are real cases in this database: bench cases go into one of their own.")
    if not Person.objects.filter(is_practice=True).exists():
        raise Problem("Bench cases need the practice accounts: set TONGBAN_PRACTICE=1.")
    return False


def _seed(plan: Plan, *, workers: int) -> None:
    owner = os.environ["TONGBAN_DATABASE_URL"]
    database.prepare(owner)
    seed.run()
    if is_there(plan):
        print("These cases are here already.")
        return
    _set_mark(plan, "loading")
    begin = time.monotonic()
    bulk = tables.Bulk(owner, list(lives.tables_of_a_case()))
    bulk.take_down()
    _load(plan, workers=workers)
    loaded = time.monotonic()
    _say(f"{plan.cases:,} cases loaded", plan.cases, loaded - begin)
    bulk.put_up(workers=workers)
    _seal(owner)
    whole = time.monotonic() - begin
    bulk.analyze()
    _set_mark(plan, "done")
    _say(f"{plan.cases:,} cases with indexes, keys and seal", plan.cases, whole)
    print(
        f"tables measured by PostgreSQL ({time.monotonic() - begin - whole:.0f} s); {bulk.size()}", flush=True
    )


def _set_mark(plan: Plan, state: str) -> None:
    value = {**asdict(plan), "state": state}
    Parameter.objects.update_or_create(name=MARK, division=None, defaults={"value": value})


def _say(what: str, count: int, seconds: float) -> None:
    print(f"{what} in {seconds:.1f} s: {count / seconds:,.0f} a second", flush=True)


# Who sends whom what


class Places:
    """Windows with those who work there, chosen with the skew of real life."""

    def __init__(self, chance: Random) -> None:
        people = _people_at_windows()
        approvers = _approvers()
        rows = Window.objects.filter(is_open=True).select_related("division").order_by("division_id", "id")
        windows = {w.division_id: w for w in rows}
        self.receiving = [
            {
                "receiving": w.id,
                "receiving_name": w.name,
                "receiving_window_code": code,
                "receiving_person": people[w.id],
            }
            for code, w in windows.items()
        ]
        chance.shuffle(self.receiving)
        self._weights = list(accumulate(1 / (rank + 8) for rank in range(len(self.receiving))))
        counties = [c for c in windows if not c.endswith("00000000")]
        chance.shuffle(counties)
        self._home: dict[str, list[dict[str, Any]]] = {}
        for level, digits in (("county", 6), ("prefecture", 4), ("province", 2)):
            deciding = [(c, windows.get(c[:digits].ljust(12, "0"))) for c in counties]
            self._home[level] = [
                {
                    "home": w.id,
                    "home_name": w.name,
                    "home_window_code": w.division_id,
                    "home_person": people[w.id],
                    "home_code": code,
                    **approvers[w.division_id],
                }
                for code, w in deciding
                if w is not None and w.division_id in approvers
            ]
        self._home_weights = {
            k: list(accumulate(1 / (n + 8) for n in range(len(v)))) for k, v in self._home.items()
        }

    def pair(self, level: str, chance: Random) -> tuple[dict[str, Any], dict[str, Any]]:
        """Choose where a case is received and where it is decided."""
        homes, weights = self._home[level], self._home_weights[level]
        if chance.random() < _HOT_SHARE:
            number = int(_HOT_PAIRS * chance.random() ** 2)
            return self.receiving[3 * number % len(self.receiving)], homes[5 * number % len(homes)]
        receiving = self.receiving[bisect(self._weights, chance.random() * self._weights[-1])]
        return receiving, homes[bisect(weights, chance.random() * weights[-1])]


def _people_at_windows() -> dict[int, int]:
    rows = Post.objects.filter(role=Role.CLERK, person__is_practice=True).order_by("-id")
    return dict(rows.values_list("window_id", "person_id"))


def _approvers() -> dict[str, dict[str, Any]]:
    """Give, for each division, a department that approves there and somebody of it."""
    rows = Authority.objects.filter(kind=AuthorityKind.DEPARTMENT).order_by("-sector")
    persons = dict(
        Post.objects.filter(role=Role.APPROVER).order_by("-id").values_list("authority_id", "person_id")
    )
    return {
        a.division_id: {"department": a.id, "department_name": a.name, "department_person": persons[a.id]}
        for a in rows
        if a.id in persons
    }


# Loading


def _load(plan: Plan, *, workers: int) -> None:
    with transaction.atomic():
        prototypes = lives.lead_all()
        transaction.set_rollback(True)
    connections.close_all()
    connection.close_pool()  # type: ignore[attr-defined]
    context = multiprocessing.get_context("fork")
    shares = [
        context.Process(target=_load_weeks, args=(plan, prototypes, n, workers)) for n in range(workers)
    ]
    for share in shares:
        share.start()
    for share in shares:
        share.join()
    if any(share.exitcode for share in shares):
        raise Problem("The cases could not all be made, see above; delete this data folder and begin again.")


def _load_weeks(plan: Plan, prototypes: Sequence[lives.Prototype], first: int, step: int) -> None:
    places = Places(Random(plan.seed))
    loader = _Loader(plan, prototypes, places)
    with psycopg.connect(os.environ["TONGBAN_DATABASE_URL"]) as into:
        loader.into = into
        for week in range(first, WEEKS, step):
            loader.load(week)
        loader.flush()


class _Loader:
    """Makes the cases of one week after the other."""

    into: "psycopg.Connection[tuple[Any, ...]]"

    def __init__(self, plan: Plan, prototypes: Sequence[lives.Prototype], places: Places) -> None:
        self._plan, self._places = plan, places
        self._over = [p for p in prototypes if p.life.is_over]
        self._open = [p for p in prototypes if not p.life.is_over]
        self._columns = {name: rows[0] for p in prototypes for name, rows in p.tables.items()}
        self._rows: dict[str, list[str]] = {name: [] for name in self._columns}
        self._waiting = 0
        until = datetime.datetime.fromisoformat(plan.until_on)
        monday = until - datetime.timedelta(days=until.weekday())
        self._last_week = (monday.date() - lives.FIRST_MONDAY.date()).days // 7
        self._people = max(1000, plan.cases * 4 // 10)
        self._over_weights = list(accumulate(_weight(p) for p in self._over))
        self._open_weights = list(accumulate(_weight(p) for p in self._open))

    def load(self, week: int) -> None:
        """Make the finished cases that began in a week (0: the newest that can be over), and its open ones."""
        chance = Random(f"{self._plan.seed}:{week}")
        numbers = copies.Numbers((week + 1) << 34)
        self._makers: dict[Any, copies.Copier] = {}
        finished = self._plan.cases - self._plan.open_cases
        for _ in range(_share(finished, [1.0 / (1 + w / 200) for w in range(WEEKS)], week)):
            prototype = self._over[bisect(self._over_weights, chance.random() * self._over_weights[-1])]
            self._make(prototype, self._last_week - 6 - week, chance, numbers)
        for _ in range(_share(self._plan.open_cases, [8, 5, 2, 0.4, 0.1], week)):
            prototype = self._open[bisect(self._open_weights, chance.random() * self._open_weights[-1])]
            ran = (prototype.ended_at - prototype.begun_at).days // 7 + 1
            self._make(prototype, self._last_week - ran - week, chance, numbers)

    def _make(self, prototype: lives.Prototype, weeks: int, chance: Random, numbers: copies.Numbers) -> None:
        receiving, home = self._places.pair(prototype.level, chance)
        key = (
            id(prototype),
            weeks,
            _hours(receiving["receiving_window_code"]),
            _hours(home["home_window_code"]),
        )
        maker = self._makers.get(key)
        if maker is None:
            maker = self._makers[key] = copies.Copier(prototype, weeks, receiving=receiving, home=home)
        slots: dict[str, Any] = dict(zip(maker.id_slots, numbers.take(maker.id_days), strict=True))
        person = int(self._people * chance.random() ** 1.5)
        slots |= receiving | home | copies.applicant(person, slots["case"])
        maker.write(slots, self._rows)
        self._waiting += 1
        if self._waiting >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Send what was made to the database."""
        for table, rows in self._rows.items():
            if rows:
                names = ", ".join(f'"{c}"' for c in self._columns[table])
                with (
                    self.into.cursor() as cursor,
                    cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy,
                ):
                    copy.write("".join(rows))
                rows.clear()
        self.into.commit()
        self._waiting = 0


def _weight(prototype: lives.Prototype) -> float:
    return prototype.life.weight / (2 if prototype.life.weight >= lives.TWICE else 1)


def _share(count: int, weights: Sequence[float], index: int) -> int:
    """Give how many of `count` fall to one of several parts, so that the parts add up to it exactly."""
    if index >= len(weights):
        return 0
    whole = sum(weights)
    return round(count * sum(weights[: index + 1]) / whole) - round(count * sum(weights[:index]) / whole)


def _hours(code: str) -> Any:
    place = directory.calendar_of(code)
    return place.opens, place.closes


def _seal(owner: str) -> None:
    """Seal the chains, as the product would have done while they grew: one seal over all heads."""
    now = datetime.datetime.now(datetime.UTC)
    with psycopg.connect(owner) as into:
        into.execute(
            "INSERT INTO journal_sealedhead (chain_id, seal_number, seq, digest)"
            " SELECT id, 1, journal_seq, journal_head FROM cases_case"
        )
        rows = into.cursor(name="heads")
        rows.itersize = 20_000
        rows.execute("SELECT id, journal_seq, journal_head FROM cases_case ORDER BY id")
        leaves = [f"{id_}:{seq}:".encode() + bytes(head) for id_, seq, head in rows]
        into.commit()
    journal.seal_first(leaves, until_at=now, at=now)
