"""`tongban doctor`: proves that every open case has one holder, one next action, one running clock."""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from tongban.cases import doctor
from tongban.cases import queries as cases
from tongban.command import running
from tongban.command.archive import place, wal
from tongban.command.problems import Problem
from tongban.directory import queries as directory
from tongban.feedback import soundness
from tongban.journal import operations as journal
from tongban.kernel import ids, worktime
from tongban.messages import queries as messages
from tongban.people.actors import SYSTEM
from tongban.web.kit import health

_SHOWN = 50
_BACKUP_IS_OLD = timedelta(hours=26)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: in which part, where, and in words what."""

    part: str
    where: str
    what: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what `tongban doctor` understands."""
    parser.add_argument("--json", action="store_true", help="print the findings as JSON, for programs")
    parser.add_argument(
        "--without-journal", action="store_true", help="leave out the journal, which takes long when large"
    )


def run(options: argparse.Namespace) -> int:
    """Examine everything and print each exception; 0: there is none, 1: there are some."""
    examined = cases.visible_to(SYSTEM).count()
    findings = [*_orphans(), *_calendar(), *_health(), *_failed_jobs(), *_backup(), *_messages()]
    if not options.without_journal:
        findings += _journal()
    if options.json:
        said = {"healthy": not findings, "cases": examined, "findings": [asdict(f) for f in findings]}
        print(json.dumps(said, ensure_ascii=False, indent=2))
    else:
        _print(findings, examined=examined, with_journal=not options.without_journal)
    return 1 if findings else 0


def _orphans() -> Iterator[Finding]:
    for ailment in doctor.examine(at=directory.now()):
        yield Finding("cases", ailment.number, ailment.what)
    for open_ in soundness.examine():
        yield Finding(open_.part, open_.number, open_.what)


def _journal() -> Iterator[Finding]:
    for fault in journal.verify(heads=cases.heads()):
        if fault.chain_id is None:
            yield Finding("journal", f"seal {fault.seq}", fault.what)
            continue
        chain = f"case {ids.number_of(fault.chain_id)}" if fault.chain_id > 0 else f"chain {fault.chain_id}"
        yield Finding(
            "journal", chain + (f", entry {fault.seq}" if fault.seq is not None else ""), fault.what
        )


def _calendar() -> Iterator[Finding]:
    warning = directory.calendar_warning(directory.now().astimezone(worktime.BEIJING).date())
    if warning:
        yield Finding("calendar", "", warning)


def _health() -> Iterator[Finding]:
    """Try what the product stands on; the queue only while the product runs."""
    for name, check in health.CHECKS.items():
        if name == "queue" and running.state() is None:
            continue
        if not _works(check):
            yield Finding("health", name, _ILL.get(name, "does not work"))


def _failed_jobs() -> Iterator[Finding]:
    """Name the jobs that failed for good, by task: what should have followed a step did not."""
    for task, count in health.failed_jobs().items():
        yield Finding("queue", task, f"{count} failed for good: see /system/queue/")


def _backup() -> Iterator[Finding]:
    """Ask when the last back-up was made, where they are switched on; the archiver only while the product runs."""
    if not place.is_wanted():
        return
    try:
        where = place.Place(place.folder(), place.key())
        made = where.sets() if where.about() else []
    except Problem as problem:
        yield Finding("backup", "", str(problem))
        return
    if not made or datetime.now(UTC) - made[-1].usable_from > _BACKUP_IS_OLD:
        last = (
            made[-1].usable_from.astimezone(worktime.BEIJING).strftime("%Y-%m-%d %H:%M") if made else "never"
        )
        yield Finding("backup", str(where.folder), f"the last back-up is too old: {last}")
    if (where.wal / wal.GAP).exists():
        yield Finding("backup", str(where.wal), "the archive has a gap: run `tongban backup`")
    now = running.state()
    if now is not None and "archiver" not in now.children:
        yield Finding("backup", "", "the archiver does not run: see archiver.log")


def _messages() -> Iterator[Finding]:
    """Ask which messages should have gone out more than an hour ago."""
    for message in messages.stuck(at=directory.now()):
        due = message.not_before.astimezone(worktime.BEIJING).strftime("%Y-%m-%d %H:%M")
        why = f", {message.problem}" if message.problem else ""
        yield Finding("messages", message.key, f"{message.channel} {message.state} since {due}{why}")


_ILL = {
    "database": "the database does not answer",
    "queue": "no job worker was heard of in the last minute",
    "storage": "files cannot be written and read: see the log",
}


def _works(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Exception:  # whatever is wrong with it, it cannot be used
        return False


def _print(findings: Sequence[Finding], *, examined: int, with_journal: bool) -> None:
    for finding in findings[:_SHOWN]:
        where = f"{finding.where}: " if finding.where else ""
        print(f"{finding.part.upper()}: {where}{finding.what}")
    if len(findings) > _SHOWN:
        print(f"… and {len(findings) - _SHOWN} more.")
    if not findings:
        print(
            f"Healthy: {examined} cases examined; every open one has one holder, one next action, one clock."
        )
        if with_journal:
            print("The journal is whole: every entry, every chain and every seal is as it was written.")
