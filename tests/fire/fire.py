"""One fire from beginning to end, and its report."""

import os
import random
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.fire import proof
from tests.fire.burning import Burning
from tests.fire.clerks import (
    APPROVER,
    HOME,
    MANAGER,
    PROCEDURE,
    RECEIVERS,
    Clerk,
    Manager,
    Person,
    Program,
    Situation,
)
from tests.fire.faults import Faults, Probe, Struck
from tests.fire.line import PATIENCE, Tally
from tongban.command import processes

KEPT = Path(__file__).resolve().parents[2] / "build/fire"
GOAL = 5.0  # seconds until the product serves again once the database is back
_TOKENS = """
from tongban.catalogue.models import Procedure
from tongban.command import token
from tongban.directory import queries as directory
at = directory.now()
tokens = {account: token.issued(account, at=at, days=2) for account in sys.argv[2:]}
print(json.dumps({"tokens": tokens, "procedure": Procedure.objects.get(name=sys.argv[1]).id}))
"""


@dataclass
class Report:
    """What a fire has shown."""

    seed: int
    seconds: float
    load: float  # of the machine while it burned: processes that wanted a processor, a minute's average
    processors: int
    clerks: dict[str, int]
    way_of_filling: str
    tally: Tally
    struck: list[Struck] = field(default_factory=list)
    never_served: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    cases: int = 0
    closed: int = 0
    findings: proof.Findings = field(default_factory=proof.Findings)

    @property
    def kills(self) -> int:
        return sum(1 for s in self.struck if s.killed)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost or doubled, everything came back, and every answer was lawful."""
        return self.findings.is_clean and not self.broken and not self.never_served

    def longest(self, *words: str) -> float:
        """Give the longest time to serve again after the faults whose names hold one of these words."""
        times = [s.served for s in self.struck if any(word in s.what for word in words)]
        return max(times, default=0.0)

    def lines(self) -> list[str]:
        """Say it in lines for people."""
        t, f = self.tally, self.findings
        ways: dict[str, list[Struck]] = {}
        for s in self.struck:
            ways.setdefault(s.what, []).append(s)
        faults = [
            f"  {name:<26} {len(all_):>3} times, served again after at most {max(s.served for s in all_):.1f} s"
            + (
                f" (database back after at most {max(s.database_back for s in all_):.1f} s)"
                if all_[0].database_back
                else ""
            )
            for name, all_ in sorted(ways.items())
        ]
        return [
            f"seed {self.seed}; {self.seconds:.0f} s under fire on {self.processors} processors, "
            f"of which {self.load:.0f} were wanted; "
            + ", ".join(f"{n} {name.lower()}s" for name, n in self.clerks.items()),
            f"disk filled by: {self.way_of_filling}; slowed by a delay in front of every sync",
            f"faults {len(self.struck)}, of them kills {self.kills} ({sum(s.killed for s in self.struck)} processes)",
            *faults,
            f"requests {t.requests}, writes {t.writes}, sent again {t.retries}, lines cut {t.cut}, answers replayed {t.replays}",
            f"answers {dict(t.statuses.most_common())}",
            f"cases {self.cases}, led to their end {self.closed}; looked at: {f.looked_at}",
            f"LOSSES {len(f.losses)}, DUPLICATES {len(f.duplicates)}, other findings {len(f.other) + len(self.broken)}",
            f"longest time to serve again: {self.longest('database'):.1f} s once the database is back (goal {GOAL:.0f} s), "
            f"{self.longest('web', 'worker', 'live', 'disk'):.1f} s after other kills, "
            f"{self.longest('restart', 'supervisor'):.1f} s after restarts of everything",
            *[f"LOST {one}" for one in f.losses[:20]],
            *[f"DOUBLED {one}" for one in f.duplicates[:20]],
            *[f"WRONG {one}" for one in [*f.other, *self.broken][:20]],
            *[f"NEVER SERVED AGAIN after {one}" for one in self.never_served],
        ]


def burn(
    *, minutes: float, seed: int, programs: int = 5, persons: int = 3, say: Callable[[str], None] = print
) -> Report:
    """Start a product, set it on fire for so many minutes, put it out, and prove what is left."""
    say(f"seed {seed}")
    product = Burning()
    try:
        product.start()
        report = _burn(product, minutes=minutes, seed=seed, programs=programs, persons=persons, say=say)
        if not report.is_clean:
            kept = KEPT / str(seed)
            shutil.copytree(product.data / "logs", kept, dirs_exist_ok=True)
            shutil.copy(product.cluster.log, kept)
            say(f"the logs are kept in {kept}")
        return report
    finally:
        product.end()


def _burn(
    product: Burning, *, minutes: float, seed: int, programs: int, persons: int, say: Callable[[str], None]
) -> Report:
    known = product.ask(_TOKENS, PROCEDURE, *RECEIVERS, HOME, APPROVER, MANAGER)
    is_over, tally = threading.Event(), Tally()
    situation = Situation(product.address, known["tokens"], known["procedure"], tally, is_over, seed)
    clerks: list[Clerk] = [Program(situation, n) for n in range(programs)]
    clerks += [Person(situation, n) for n in range(persons)]
    manager = Manager(situation, 0)
    probe = Probe(product.address, known["tokens"][HOME], is_over)
    faults = Faults(product, probe, chance=random.Random(f"{seed}.faults"), say=say)
    for clerk in (manager, *clerks):
        clerk.begin()
    begin = time.monotonic()
    for thread in (probe, manager, *clerks):
        thread.start()
    try:
        time.sleep(2)
        faults.run(minutes * 60)
        processes.wait_until(product.is_ready, 60)
        time.sleep(2)
    finally:
        is_over.set()
        for thread in (manager, *clerks):
            thread.join(PATIENCE + 30)
    report = Report(
        seed,
        time.monotonic() - begin,
        os.getloadavg()[0],
        os.cpu_count() or 1,
        {"program": programs, "person": persons, "manager": 1},
        product.way_of_filling,
        tally,
        faults.struck,
        faults.never_served,
        [clerk.broken for clerk in (manager, *clerks) if clerk.broken],
    )
    cases = [case for clerk in clerks for case in clerk.cases]
    report.cases, report.closed = len(cases), sum(clerk.finished for clerk in clerks)
    report.findings = proof.prove(product, cases, days_set=manager.days_set)
    return report
