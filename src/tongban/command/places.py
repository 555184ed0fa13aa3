"""`tongban directory`: divisions, authorities, halls and windows from a workbook; so another province joins (P29).

For whoever runs the product: what the file says is taken whole, all or nothing, without the rights of a person.
"""

import argparse
from pathlib import Path

from django.conf import settings
from django.db import transaction

from tongban.command.problems import Problem
from tongban.directory import book, book_sheets, contacts, places, queries
from tongban.directory.models import Division, Window
from tongban.duties import operations as duties
from tongban.kernel import crypto, sheets, worktime

_WHO = places.Who(actor_id=None, actor="tongban directory", place="")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what `tongban directory` understands."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    load = actions.add_parser("load", help="load a workbook, all or nothing")
    load.add_argument(
        "file", type=Path, metavar="FILE", help="a workbook as `tongban directory template` makes it"
    )
    load.add_argument("--check", action="store_true", help="say what would change; write nothing")
    load.add_argument(
        "--publish",
        action="store_true",
        help="publish the contact list of every province that the file names",
    )
    template = actions.add_parser("template", help="write an empty workbook with instructions and drop-downs")
    template.add_argument("file", type=Path, metavar="FILE")


def run(options: argparse.Namespace) -> int:
    """Load a workbook, or write an empty one."""
    if options.action == "template":
        options.file.write_bytes(
            sheets.write(
                [(s, []) for s in book_sheets.SHEETS], title="机构、大厅和窗口", about=book_sheets.ABOUT
            )
        )
        print(f"{options.file}: fill it in and load it")
        return 0
    try:
        data = options.file.read_bytes()
    except OSError as error:
        raise Problem(f"{options.file} cannot be read: {error.strerror}") from error
    for line in load(data, check=options.check, publish=options.publish):
        print(line)
    return 0


@transaction.atomic
def load(data: bytes, *, check: bool = False, publish: bool = False) -> list[str]:
    """Load a workbook and give what it changed, a line each.

    Raises:
        Problem: naming every fault; nothing is written. refusals.Refusal: the file is no workbook.
    """
    at = queries.now()
    read = sheets.read(data, book_sheets.SHEETS)
    wanted = book.plan(read, rights=book.EVERYTHING, on=at.astimezone(worktime.BEIJING).date())
    if wanted.faults:
        raise Problem("Nothing was loaded:\n" + "\n".join(_line(fault) for fault in wanted.faults))
    counts = f"{wanted.added} added, {wanted.changed} changed, {wanted.removed} taken back"
    said = [*wanted.changes, f"{counts}, {wanted.same} as they were"]
    if check or not wanted.changes:
        return said
    codes = {str(row.values["code"])[:2].ljust(12, "0") for rows in read.rows.values() for row in rows}
    book.apply(wanted, digest=crypto.sm3(data), code=min(codes), who=_WHO, at=at)
    for code in sorted(wanted.hours_changed):
        duties.queue_recompute(code)
    for code in sorted(codes) if publish else ():
        row = contacts.publish(code, with_samples=settings.TONGBAN_PRACTICE, who=_WHO, at=at)
        said.append(f"contact list version {row.number}: {row.province.name}")
    said.append(f"{Division.objects.count()} divisions, {Window.objects.count()} windows")
    return said


def _line(fault: sheets.Fault) -> str:
    where = " ".join(filter(None, [fault.sheet, str(fault.row or ""), fault.column]))
    return f"  {where}: {fault.what}"
