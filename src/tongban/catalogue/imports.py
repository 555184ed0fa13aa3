"""Excel in and out: which workbooks there are, what somebody may take out, and how one is read all or nothing.

A workbook is first held against what is there, which writes nothing; when its person confirms, the same is done
once more inside one transaction, and written if it still says what was shown.
"""

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db import connection, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django import app

from tongban.catalogue import book as standards_book
from tongban.catalogue import elements_book
from tongban.directory import book as directory_book
from tongban.directory import book_sheets, places
from tongban.directory import queries as directory
from tongban.documents import imports
from tongban.documents.models import Import, ImportState
from tongban.duties import operations as duties
from tongban.kernel import refusals, sheets, worktime
from tongban.kernel.sheets import Book, Fault, Sheet
from tongban.people import book as people_book
from tongban.people import permissions, staff
from tongban.people import queries as people
from tongban.people.actors import Actor
from tongban.people.models import Person
from tongban.people.roles import Role

TASK = "tongban.catalogue.tasks.go_through_import"
LOCK = 7_305_110  # of pg_advisory_xact_lock: one workbook is written at a time
Sheets = list[tuple[Sheet, Iterable[Mapping[str, Any]]]]


class Plan(Protocol):
    """What a workbook would do."""

    changes: list[str]
    faults: list[Fault]
    same: int
    added: int
    changed: int
    removed: int


@dataclass(frozen=True)
class Kind:
    """A workbook: its sheets, who may use it, how it is written, held against what is there, and applied."""

    label: str | Promise
    about: Sequence[str]
    sheets: Sequence[Sheet]
    may: Callable[[Actor], bool]
    export: Callable[[Actor, datetime.datetime], Sheets]
    plan: Callable[[Book, Actor, datetime.datetime], Any]
    apply: Callable[[Any, bytes, Actor, datetime.datetime], None]


class UnknownKind(refusals.NotFound):
    """没有这种表格。请从页面上选择。"""


class NotYourWorkbook(refusals.NotAllowed):
    """您的岗位不能导入或者导出这种表格。"""


def kind_of(name: str, *, by: Actor) -> Kind:
    """Give a kind of workbook that somebody may use.

    Raises:
        UnknownKind, NotYourWorkbook.
    """
    if name not in KINDS:
        raise UnknownKind()
    if not KINDS[name].may(by):
        raise NotYourWorkbook()
    return KINDS[name]


def export(name: str, *, by: Actor, at: datetime.datetime) -> bytes:
    """Give a workbook with what is there now of somebody's area."""
    kind = kind_of(name, by=by)
    return sheets.write(kind.export(by, at), title=str(kind.label), about=kind.about)


def template(name: str, *, by: Actor) -> bytes:
    """Give an empty workbook with instructions and drop-downs."""
    kind = kind_of(name, by=by)
    return sheets.write([(sheet, []) for sheet in kind.sheets], title=str(kind.label), about=kind.about)


@transaction.atomic
def hand_in(data: bytes, *, kind: str, name: str, by: Actor, at: datetime.datetime) -> Import:
    """Take a workbook in and queue that it is held against what is there.

    Raises:
        UnknownKind, NotYourWorkbook, sheets.NotAWorkbook, sheets.TooBig, sheets.Dangerous.
    """
    kind_of(kind, by=by)
    row = imports.begin(data, kind=kind, name=name, by_id=by.id or 0, at=at)
    app.configure_task(TASK).defer(import_id=row.id)
    return row


@transaction.atomic
def confirm(import_id: int, *, by: Actor) -> Import:
    """Queue that a checked workbook is written.

    Raises:
        imports.UnknownImport, imports.NotReady, NotYourWorkbook.
    """
    row = imports.confirm(import_id, by_id=by.id or 0)
    kind_of(row.kind, by=by)
    app.configure_task(TASK).defer(import_id=row.id)
    return row


def go_through(import_id: int, *, at: datetime.datetime) -> None:
    """Do what is next with an import: hold it against what is there, or write it. Safe to run twice."""
    row = Import.objects.get(id=import_id)
    if not row.is_running:
        return
    is_confirmed = row.status == ImportState.APPLYING
    if not is_confirmed:
        imports.mark(row, status=ImportState.CHECKING, done=0)
    try:
        by = people.actor_of(Person.objects.get(id=row.made_by_id), on=at.astimezone(worktime.BEIJING).date())
        kind = kind_of(row.kind, by=by)
        book = sheets.read(
            imports.content_of(row), kind.sheets, progress=lambda done: imports.mark(row, done=done)
        )
        (_write if is_confirmed else _check)(row, kind, book, by=by, at=at)
    except refusals.Refusal as refusal:
        imports.mark(row, status=ImportState.FAULTY, problem=refusal.message[:300], ended_at=at)


def _check(row: Import, kind: Kind, book: Book, *, by: Actor, at: datetime.datetime) -> None:
    wanted: Plan = kind.plan(book, by, at)
    counts = {n: getattr(wanted, n) for n in ("added", "changed", "removed", "same")}
    imports.mark(row, done=sum(map(len, book.rows.values())), **counts)
    state = ImportState.CHECKED if wanted.changes else ImportState.UNCHANGED
    imports.say(
        row,
        ImportState.FAULTY if wanted.faults else state,
        changes=wanted.changes,
        faults=wanted.faults,
        at=at,
    )


def _write(row: Import, kind: Kind, book: Book, *, by: Actor, at: datetime.datetime) -> None:
    """Write a workbook if it still says what was shown; otherwise show it again."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        wanted: Plan = kind.plan(book, by, at)
        if wanted.faults or wanted.changes[: imports.SHOWN_AT_MOST] != row.changes:
            _check(row, kind, book, by=by, at=at)
            return
        kind.apply(wanted, bytes(row.digest), by, at)
        imports.mark(row, done=sum(map(len, book.rows.values())))
        imports.say(row, ImportState.APPLIED, changes=wanted.changes, faults=(), at=at)


def _manages(by: Actor) -> bool:
    return any(post.role == Role.MANAGER for post in by.posts)


def _oversees(by: Actor) -> bool:
    return _manages(by) or by.has(Role.GROUP)


def _who(by: Actor) -> tuple[str, places.Who]:
    """Give the division in whose chain an import is noted, and who did it."""
    post = next(p for p in by.posts if p.role in (Role.MANAGER, Role.GROUP))
    return post.division_code or "0", places.Who(by.id, by.name, post.place)


def _rights(by: Actor) -> directory_book.Rights:
    provinces = permissions.provinces_to_publish(by)
    is_group = by.has(Role.GROUP)
    return directory_book.Rights(
        may_edit=lambda authority_id: permissions.may_edit(by, authority_id),
        may_add=lambda code: is_group or any(code.startswith(p[:2]) for p in provinces),
        may_divide=is_group,
    )


def _export_contacts(by: Actor, at: datetime.datetime) -> Sheets:
    on = at.astimezone(worktime.BEIJING).date()
    return directory_book.export(permissions.authorities_seen_by(by), on=on)


def _plan_contacts(book: Book, by: Actor, at: datetime.datetime) -> directory_book.Plan:
    return directory_book.plan(book, rights=_rights(by), on=at.astimezone(worktime.BEIJING).date())


def _apply_contacts(wanted: directory_book.Plan, digest: bytes, by: Actor, at: datetime.datetime) -> None:
    code, who = _who(by)
    directory_book.apply(wanted, digest=digest, code=code, who=who, at=at)
    for division in sorted(wanted.hours_changed):
        duties.queue_recompute(division)
    transaction.on_commit(directory.forget)


def _export_staff(by: Actor, at: datetime.datetime) -> Sheets:
    on = at.astimezone(worktime.BEIJING).date()
    return people_book.export(staff.under(by, on=on), on=on)


def _plan_staff(book: Book, by: Actor, at: datetime.datetime) -> people_book.Plan:
    return people_book.plan(book, by=by, at=at)


def _apply_staff(wanted: people_book.Plan, digest: bytes, by: Actor, at: datetime.datetime) -> None:
    code, who = _who(by)
    people_book.apply(wanted, digest=digest, code=code, who=who, at=at)


def _apply_standards(wanted: standards_book.Plan, digest: bytes, by: Actor, at: datetime.datetime) -> None:
    standards_book.apply(wanted, by=by, at=at)


def _apply_elements(wanted: standards_book.Plan, digest: bytes, by: Actor, at: datetime.datetime) -> None:
    elements_book.apply(wanted, by=by, at=at)


def _plan_elements(book: Book, by: Actor, at: datetime.datetime) -> standards_book.Plan:
    return elements_book.plan(book, by=by, at=at)


def _plan_standards(book: Book, by: Actor, at: datetime.datetime) -> standards_book.Plan:
    return standards_book.plan(book, by=by, at=at)


# Apps above add theirs (`config.subscriptions`).
KINDS: dict[str, Kind] = {
    "contacts": Kind(
        _("机构、大厅和窗口"),
        book_sheets.ABOUT,
        book_sheets.SHEETS,
        _oversees,
        _export_contacts,
        _plan_contacts,
        _apply_contacts,
    ),
    "staff": Kind(
        _("窗口人员和培训"),
        people_book.ABOUT,
        people_book.SHEETS,
        _manages,
        _export_staff,
        _plan_staff,
        _apply_staff,
    ),
    "standards": Kind(
        _("收件受理标准（成为草案）"),
        standards_book.ABOUT,
        standards_book.SHEETS,
        standards_book.may,
        standards_book.export,
        _plan_standards,
        _apply_standards,
    ),
    "elements": Kind(
        _("办理项和要素（成为草案）"),
        elements_book.ABOUT,
        elements_book.SHEETS,
        standards_book.may,
        elements_book.export,
        _plan_elements,
        _apply_elements,
    ),
}
