"""`tongban seed`: divisions, calendars, items and standards; in practice mode sample windows and accounts.

Loading again changes nothing, and is over at once when no file and no loader has changed since.
"""

import argparse
import hashlib
import importlib.metadata
import os
import time
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from tongban.catalogue import operations as catalogue
from tongban.catalogue.models import Item
from tongban.command.problems import Problem
from tongban.directory import contacts, queries
from tongban.directory import operations as directory
from tongban.directory.models import Division, Parameter, Window
from tongban.duties import operations as duties
from tongban.kernel import refusals, worktime
from tongban.messages.operations import wordings
from tongban.people import applicants
from tongban.people import operations as people

PRACTICE_PASSWORD = os.environ.get("TONGBAN_PRACTICE_PASSWORD") or "tongban-practice-2026"
DIGEST = "seed.digest"
LOCK = 7_305_103  # of pg_advisory_xact_lock: two starts at the same time load one after the other
_PACKAGE = Path(__file__).resolve().parent.parent
# What decides the content of a loaded database: the data, and the code that turns it into rows.
_SOURCES = [
    "directory/data",
    "directory/holidays.py",
    "directory/operations.py",
    "catalogue/data",
    "catalogue/files.py",
    "catalogue/operations/__init__.py",
    "people/applicants.py",
    "people/operations.py",
    "messages/data",
    "messages/operations/wordings.py",
    "messages/states.py",
]
_USEFUL = [
    ("clerk.520103", "window clerk, 贵阳市云岩区 (lead.520103: its lead)"),
    ("clerk.510100", "window clerk, 成都市 (lead.510100: its lead)"),
    ("approver.510100", "approving departments, 成都市"),
    ("manager.520103", "authority of the county; manager.520100, manager.520000: city, province"),
    ("group.1", "coordination group of the five provinces"),
    ("sysadmin", "system administrator"),
    ("secadmin", "security administrator"),
    ("auditadmin", "audit administrator"),
    ("13900000001", "an applicant at /sign-in/, by phone; also …0002 to …0004, the code is shown"),
]


def run() -> None:
    """Load what is not there yet, all or nothing; accounts and open sample windows in practice mode only.

    Raises:
        Problem: a data file is wrong, or would change what has been published.
    """
    begin = time.monotonic()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        digest = _digest()
        if Parameter.objects.filter(name=DIGEST, division=None, value=digest).exists():
            return
        try:
            count = _load()
        except refusals.Refusal as refusal:
            raise Problem(refusal.message) from refusal
        Parameter.objects.update_or_create(name=DIGEST, division=None, defaults={"value": digest})
    print(f"seed data loaded: {count} rows new or changed ({time.monotonic() - begin:.1f} s)", flush=True)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing to choose."""


def run_command(options: argparse.Namespace) -> int:
    """Load the seed data and say how much is there."""
    run()
    print(
        f"{Division.objects.count()} divisions, {Window.objects.count()} windows, {Item.objects.count()} items"
    )
    return 0


def accounts_text() -> str:
    """Say which practice accounts there are and their password; empty without practice mode."""
    if not settings.TONGBAN_PRACTICE:
        return ""
    lines = [f"  {account:<16} {what}" for account, what in _USEFUL]
    return "\n".join(
        [
            f"Practice accounts (password of all: {PRACTICE_PASSWORD})",
            *lines,
            "  Every county, city and province has clerk., lead., manager., approver. and its six digits.",
            "",
        ]
    )


def _load() -> int:
    at = queries.now()
    practice = settings.TONGBAN_PRACTICE
    on = at.astimezone(worktime.BEIJING).date()
    count = directory.load_divisions()
    if directory.load_calendar(with_sample_years=practice, at=at):
        duties.queue_recompute(None)
    count += directory.load_places(is_practice=practice, sectors=catalogue.sectors(), on=on)
    count += catalogue.load_items()
    count += wordings.load_defaults(at=at)
    if practice:
        count += contacts.publish_samples(at=at)
        count += people.load_practice_accounts(PRACTICE_PASSWORD)
        count += applicants.load_practice_applicants(at=at)
    return count


def _digest() -> str:
    """Give the digest of everything that decides what is loaded."""
    whole = hashlib.sha256()
    for source in _SOURCES:
        path = _PACKAGE / source
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                whole.update(file.relative_to(_PACKAGE).as_posix().encode() + b"\0")
                whole.update(hashlib.sha256(file.read_bytes()).digest())
    practice = PRACTICE_PASSWORD if settings.TONGBAN_PRACTICE else ""
    whole.update(f"{importlib.metadata.version('chinesecalendar')}|{practice}".encode())
    return whole.hexdigest()
