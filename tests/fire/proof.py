"""Afterwards: what was acknowledged is there exactly once, and nothing else is there."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.fire.burning import Burning
from tests.fire.clerks import MANAGED, Acknowledged
from tongban.kernel import ids

JOBS_WITHIN = 150.0  # seconds in which every job that was begun must have come to its end
_STUCK = """
SELECT task_name, status::text, attempts FROM procrastinate_jobs j
WHERE status IN ('doing', 'failed') OR (status = 'todo' AND coalesce(scheduled_at, now()) < now() - interval '20 s')
"""
# Every stored file, read and checked; every scan's pixels; every open clock against its calendar as it is.
_LOOK = """
import hashlib, io
from PIL import Image
from tongban.cases.models import Scan
from tongban.documents import queries as documents
from tongban.documents.models import StoredFile
from tongban.directory import queries as directory
from tongban.duties import queries as duties
from tongban.duties.models import Duty
unreadable, pixels, files = [], {}, 0
names = dict(Scan.objects.values_list("file_id", "name"))
for row in StoredFile.objects.order_by("id").iterator():
    files += 1
    try:
        content = documents.content_of(row)
    except documents.Damaged:
        unreadable.append(row.name)
        continue
    if row.id in names:
        pixels[names[row.id]] = hashlib.sha256(Image.open(io.BytesIO(content)).convert("RGB").tobytes()).hexdigest()
stamp, wrong = directory.stamp(), []
for duty in Duty.objects.filter(done_at=None).iterator():
    calendar = directory.calendar_of(duty.calendar_code, stamp=stamp)
    if duty.due_at != duties.due_of(duty, calendar=calendar).at:
        wrong.append(f"{duty.case_id} {duty.kind}")
from tongban.journal import operations as journal
from tongban.journal.models import Entry
days_set = Entry.objects.filter(chain_id=journal.chain_of("calendar", int(sys.argv[1])), code="day_set").count()
print(json.dumps({"days_set": days_set, "files": files, "unreadable": unreadable, "pixels": pixels, "clocks": wrong}))
"""


@dataclass
class Findings:
    """What was not as acknowledged, in words, and how much was looked at."""

    losses: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    looked_at: dict[str, int] = field(default_factory=dict)

    def compare(self, what: str, said: Iterable[str], there: Iterable[str]) -> None:
        """Hold what was acknowledged against what is there, each as often as it is there."""
        expected, found = Counter(said), Counter(there)
        self.looked_at[what] = self.looked_at.get(what, 0) + sum(expected.values())
        self.losses += [f"{what} {one}" for one in (expected - found).elements()]
        self.duplicates += [f"{what} {one}" for one in (found - expected).elements()]

    @property
    def is_clean(self) -> bool:
        return not self.losses and not self.duplicates and not self.other


def prove(product: Burning, cases: Sequence[Acknowledged], *, days_set: int) -> Findings:
    """Look at everything, from outside and from inside."""
    findings = Findings()
    _wait_for_jobs(product, findings)
    by_id = {ids.id_of(case.number): case for case in cases}
    findings.compare(
        "case",
        [c.number for c in cases],
        [ids.number_of(r[0]) for r in product.sql("SELECT id FROM cases_case")],
    )
    _steps(product, by_id, findings)
    findings.compare(
        "scan",
        [f"{c.number} {name}" for c in cases for name in c.scans],
        [f"{ids.number_of(id_)} {name}" for id_, name in product.sql("SELECT case_id, name FROM cases_scan")],
    )
    findings.compare(
        "notice",
        [f"{c.number} {serial}" for c in cases for serial in c.notices],
        [
            f"{ids.number_of(case_id)} {ids.number_of(id_)}"
            for id_, case_id in product.sql(
                "SELECT id, case_id FROM notices_notice WHERE issued_at IS NOT NULL"
            )
        ],
    )
    contacts = dict(product.sql("SELECT case_id, contact_name FROM cases_caseapplicant"))
    findings.compare(
        "field",
        [f"{c.number} {c.contact_name}" for c in cases if c.contact_name],
        [f"{ids.number_of(id_)} {name}" for id_, name in contacts.items() if by_id[id_].contact_name],
    )
    _inside(product, cases, findings, days_set=days_set)
    _commands(product, findings)
    return findings


def _steps(product: Burning, by_id: Mapping[int, Acknowledged], findings: Findings) -> None:
    """Hold the journals against the steps acknowledged, in their order."""
    taken: dict[int, list[str]] = {}
    for chain, code in product.sql(
        "SELECT chain_id, code FROM journal_entry WHERE chain_id > 0 ORDER BY chain_id, seq"
    ):
        taken.setdefault(chain, []).append(code.removeprefix("case."))
    for id_, case in by_id.items():
        there = taken.get(id_, [])
        findings.compare(
            "step", [f"{case.number} {s}" for s in case.steps], [f"{case.number} {s}" for s in there]
        )
        if sorted(there) == sorted(case.steps) and there != case.steps:
            findings.other.append(f"steps of {case.number} in another order: {there}")


def _inside(product: Burning, cases: Sequence[Acknowledged], findings: Findings, *, days_set: int) -> None:
    seen: dict[str, Any] = product.ask(_LOOK, MANAGED)
    findings.compare("day", ["set"] * days_set, ["set"] * seen["days_set"])
    findings.looked_at["file read back"] = seen["files"]
    findings.other += [f"file does not read back: {name}" for name in seen["unreadable"]]
    findings.other += [f"clock not by its calendar: {clock}" for clock in seen["clocks"]]
    for case in cases:
        wrong = [name for name, pixels in case.scans.items() if seen["pixels"].get(name) != pixels]
        findings.other += [f"scan {name} of {case.number} is another picture" for name in wrong]


def _commands(product: Burning, findings: Findings) -> None:
    for command, words in (("doctor", "Healthy"), ("verify", "The journal is whole")):
        try:
            if words not in product.command(command):
                findings.other.append(f"tongban {command} does not say: {words}")
        except AssertionError as said:
            findings.other.append(f"tongban {command}: {said}")


def _wait_for_jobs(product: Burning, findings: Findings) -> None:
    """Wait until no job is under way, overdue or failed; one that stays so is stuck."""
    until = time.monotonic() + JOBS_WITHIN
    while stuck := product.sql(_STUCK):
        if time.monotonic() > until:
            findings.other += [
                f"job is stuck: {name} {status}, tried {tries} times" for name, status, tries in stuck
            ]
            return
        time.sleep(0.5)
