"""Changes of the directory: seed data of places and calendars, days and parameters edited by people.

Who may edit what is decided by the doors: people stand above the directory. What an edit must carry
(who, where, when) comes as plain values and goes into the journal in the same transaction.
"""

import csv
import datetime
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from tongban.directory import holidays, rules
from tongban.directory.models import (
    Authority,
    AuthorityKind,
    CalendarDay,
    CalendarYear,
    Division,
    Equipment,
    Hall,
    Level,
    Parameter,
    Stamp,
    Window,
)
from tongban.directory.queries import CALENDAR_LOCK, CLOCK_OFFSET
from tongban.journal import operations as journal
from tongban.kernel import text, worktime

CALENDAR = "calendar"
ARTICLE = "G1"
DATA = Path(__file__).resolve().parent / "data"
FIRST_DAY = datetime.date(2000, 1, 1)  # of every division whose real first day the data does not name
_SYSTEM = {"actor_id": None, "actor": "系统", "place": ""}
_TIBET = "54"
_BATCH = 2000


@transaction.atomic
def load_divisions() -> int:
    """Load the divisions with the time in which each exists; gives how many rows were new or had changed."""
    wanted = {row.code: row for row in _divisions_of_files()}
    stored = {row.code: row for row in Division.objects.all()}
    new = [row for code, row in wanted.items() if code not in stored]
    # Successors may stand further down in the file: they are set once every row is there.
    successors = {row.code: row.successor_id for row in new if row.successor_id}
    for row in new:
        row.successor_id = None
    Division.objects.bulk_create(sorted(new, key=lambda row: row.code), batch_size=_BATCH)
    for row in new:
        row.successor_id = successors.get(row.code)
    fields = ["name", "full_name", "level", "parent_id", "valid_from_on", "valid_until_on", "successor_id"]
    changed = [
        row
        for code, row in wanted.items()
        if code in successors
        or (code in stored and any(getattr(row, f) != getattr(stored[code], f) for f in fields))
    ]
    Division.objects.bulk_update(changed, [f.removesuffix("_id") for f in fields], batch_size=500)
    return len(new) + len([row for row in changed if row.code in stored])


def _divisions_of_files() -> Iterator[Division]:
    known: dict[str, Division] = {}
    for line in _lines("divisions.csv"):
        parent = known.get(line["parent_code"])
        known[line["code"]] = Division(
            code=line["code"],
            name=line["name"],
            full_name=(parent.full_name if parent else "") + line["name"],
            level=Level(line["level"]),
            parent_id=line["parent_code"] or None,
            valid_from_on=_date(line["valid_from_on"]) or FIRST_DAY,
            valid_until_on=_date(line["valid_until_on"]),
            successor_id=line["successor_code"] or None,
        )
    yield from known.values()
    for line in _lines("townships.csv"):
        county = known[line["parent_code"]]
        yield Division(
            code=line["code"],
            name=line["name"],
            full_name=county.full_name + line["name"],
            level=Level.TOWNSHIP,
            parent_id=county.code,
            valid_from_on=county.valid_from_on,
            valid_until_on=county.valid_until_on,  # its code ends with the county's
        )


def _lines(name: str) -> Iterator[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _date(written: str) -> datetime.date | None:
    return datetime.date.fromisoformat(written) if written else None


@transaction.atomic
def load_places(*, is_practice: bool, sectors: Sequence[str], on: datetime.date) -> int:
    """Load sample authorities, departments, halls and windows for every division down to the counties.

    What a division has already is left as it is. All of it is marked as sample; without practice mode the
    windows are not on the contact list (P13), because nobody stands behind their sample addresses.

    Args:
        sectors: the lead departments of the listed items, one department each in every division.
        on: the day on which the divisions must exist.

    Returns:
        How many rows were new.
    """
    divisions = [d for d in _places(on) if d.level in (Level.PROVINCE, Level.PREFECTURE, Level.COUNTY)]
    names = {d.code: _local_name(d) for d in divisions}
    count = len(_load_authorities(divisions, names, sectors))
    halls = _load_halls(names)
    windows = _load_windows(divisions, names, is_open=is_practice)
    equipped = set(Equipment.objects.values_list("window_id", flat=True).distinct())
    equipment = [
        Equipment(
            window_id=window_id,
            kind=kind,
            is_present=is_practice,
            amount=Equipment.BANDWIDTH if kind == "bandwidth" and is_practice else None,
        )
        for window_id in Window.objects.filter(is_sample=True).values_list("id", flat=True)
        if window_id not in equipped
        for kind, _label in Equipment.KINDS
    ]
    Equipment.objects.bulk_create(equipment, batch_size=_BATCH)
    return count + len(halls) + len(windows) + len(equipment)


def _places(on: datetime.date) -> list[Division]:
    rows = Division.objects.filter(valid_from_on__lte=on).exclude(valid_until_on__lte=on)
    return list(rows.exclude(level__in=[Level.TOWNSHIP, Level.VILLAGE]).order_by("code"))


def _local_name(division: Division) -> str:
    """Give the name by which a place is known in its own province: 贵阳市云岩区, 贵州省, 重庆市万州区."""
    province = next(
        (
            end
            for end in ("省", "自治区")
            if division.full_name != division.name and end in division.full_name
        ),
        "",
    )
    if not province:
        return division.full_name
    return division.full_name.split(province, 1)[1]


def _load_authorities(
    divisions: Sequence[Division], names: Mapping[str, str], sectors: Sequence[str]
) -> list[Authority]:
    known = set(Authority.objects.values_list("division_id", "kind", "sector"))
    rows = [
        Authority(
            kind=AuthorityKind.MANAGEMENT,
            name=f"{names[d.code]}政务服务中心",
            division=d,
            phone=_sample_phone(d.code, 0),
            is_sample=True,
        )
        for d in divisions
    ]
    rows += [
        Authority(
            kind=AuthorityKind.DEPARTMENT,
            name=names[d.code] + sector,
            division=d,
            sector=sector,
            phone=_sample_phone(d.code, number),
            is_sample=True,
        )
        for d in divisions
        for number, sector in enumerate(sectors, start=2)
    ]
    new = [row for row in rows if (row.division_id, row.kind, row.sector) not in known]
    return Authority.objects.bulk_create(new, batch_size=_BATCH)


def _load_halls(names: Mapping[str, str]) -> list[Hall]:
    managers = Authority.objects.filter(kind=AuthorityKind.MANAGEMENT, division_id__in=names, halls=None)
    rows = [
        Hall(
            authority=authority,
            name=f"{names[authority.division_id]}政务服务大厅",
            address=f"（示例）{authority.division.full_name}政务服务大厅",
            is_sample=True,
        )
        for authority in managers.select_related("division").order_by("division_id")
    ]
    return Hall.objects.bulk_create(rows, batch_size=_BATCH)


def _load_windows(divisions: Sequence[Division], names: Mapping[str, str], *, is_open: bool) -> list[Window]:
    halls = {
        hall.authority.division_id: hall
        for hall in Hall.objects.select_related("authority").filter(is_sample=True).order_by("-id")
    }
    known = set(Window.objects.values_list("division_id", flat=True))
    positions = _sample_positions()
    rows = [
        Window(
            hall=halls[d.code],
            division=d,
            name=f"{names[d.code]}“跨省通办”窗口",
            phone=_sample_phone(d.code, 1),
            address=f"（示例）{d.full_name}政务服务大厅一楼跨省通办窗口",
            is_open=is_open,
            is_sample=True,
            **_office_hours(d.code),
            **positions.get(d.code, {}),
        )
        for d in divisions
        if d.code not in known and d.code in halls
    ]
    return Window.objects.bulk_create(rows, batch_size=_BATCH)


def _sample_positions() -> dict[str, dict[str, float]]:
    """Give positions for the sample windows of some cities: roughly where the city lies, no hall's own."""
    with (DATA / "positions.csv").open(encoding="utf-8", newline="") as file:
        return {
            line["code"]: {name: float(line[name]) for name in ("latitude", "longitude")}
            for line in csv.DictReader(file)
        }


def _office_hours(code: str) -> dict[str, datetime.time]:
    hours = (
        ("09:30", "13:00", "15:30", "18:00")
        if code.startswith(_TIBET)
        else ("09:00", "12:00", "13:00", "17:00")
    )
    names = ("opens_at", "break_from_at", "break_until_at", "closes_at")
    return {name: datetime.time.fromisoformat(at) for name, at in zip(names, hours, strict=True)}


def _sample_phone(code: str, number: int) -> str:
    """Give a telephone number that cannot be real: no place has the area code 000."""
    return f"000-{number:02d}{code[:6]}"


@transaction.atomic
def load_calendar(*, with_sample_years: bool, at: datetime.datetime) -> bool:
    """Load the country's working days of every announced year, and on wish those worked out for practice.

    A year that is there already is left as people have edited it, except one worked out for practice
    that has been announced meanwhile.

    Returns:
        True when days changed that clocks may have counted with.
    """
    Stamp.objects.get_or_create(name=CALENDAR)
    years = holidays.announced_years() + (holidays.sample_years() if with_sample_years else [])
    known = dict(CalendarYear.objects.values_list("year", "is_sample"))
    announced = {y.year for y in years if not y.is_sample}
    replaced = [year for year, is_sample in known.items() if is_sample and year in announced]
    missing = [
        y
        for y in years
        if (y.year not in known or y.year in replaced) and (not y.is_sample or y.year not in announced)
    ]
    if not missing:
        return False
    for year in replaced:
        CalendarDay.objects.filter(division=None, on__year=year).delete()
    CalendarYear.objects.filter(year__in=replaced).delete()
    CalendarYear.objects.bulk_create(
        CalendarYear(year=y.year, source=y.source, is_sample=y.is_sample) for y in missing
    )
    CalendarDay.objects.bulk_create(
        CalendarDay(division=None, on=on, is_working=day.is_working, reason=day.reason, source=y.source)
        for y in missing
        for on, day in sorted(y.days.items())
    )
    _note(0, code="calendar_loaded", at=at, payload={"years": [y.year for y in missing]}, **_SYSTEM)
    return bool(replaced)


@transaction.atomic
def add_year(
    year: int, *, source: str, actor_id: int | None, actor_name: str, place: str, at: datetime.datetime
) -> CalendarYear:
    """Open a year for which the country's days off have been announced; its days are then set one by one.

    Raises:
        rules.NoSource: nothing says where the days come from. rules.YearKnown: it is open already.
    """
    source = text.clean(source)
    if not source:
        raise rules.NoSource(fields={"source": rules.NoSource().message})
    _alone()
    row, is_new = CalendarYear.objects.get_or_create(year=year, defaults={"source": source})
    if not is_new:
        raise rules.YearKnown(year=year)
    payload = {"year": year, "source": source}
    _note(0, code="year_added", at=at, actor_id=actor_id, actor=actor_name, place=place, payload=payload)
    return row


@transaction.atomic
def set_day(
    code: str | None,
    *,
    on: datetime.date,
    is_working: bool,
    reason: str,
    source: str,
    actor_id: int | None,
    actor_name: str,
    place: str,
    at: datetime.datetime,
) -> CalendarDay:
    """Say whether people work on a day in a division and everything inside it; no code: in the whole country.

    Clocks that run are not touched here: see `duties.operations.change_day`.

    Raises:
        rules.UnknownPlace: no such division. worktime.NoCalendar: the year is not open.
        rules.NoReason, rules.NoSource: the explanation that every due date repeats is missing.
    """
    division = _division(code)
    reason, source = text.clean(reason), text.clean(source)
    if not reason:
        raise rules.NoReason(fields={"reason": rules.NoReason().message})
    if not source:
        raise rules.NoSource(fields={"source": rules.NoSource().message})
    if not CalendarYear.objects.filter(year=on.year).exists():
        raise worktime.NoCalendar(year=on.year)
    _alone()
    before = CalendarDay.objects.filter(division=division, on=on).first()
    row, _is_new = CalendarDay.objects.update_or_create(
        division=division, on=on, defaults={"is_working": is_working, "reason": reason, "source": source}
    )
    payload = {"on": on.isoformat(), "before": _said(before), "after": _said(row)}
    _note(
        int(code or 0),
        code="day_set",
        at=at,
        actor_id=actor_id,
        actor=actor_name,
        place=place,
        payload=payload,
    )
    return row


@transaction.atomic
def clear_day(
    code: str | None,
    *,
    on: datetime.date,
    actor_id: int | None,
    actor_name: str,
    place: str,
    at: datetime.datetime,
) -> None:
    """Take back what a division (or the country) has said about a day: what stands above it holds again.

    Raises:
        rules.UnknownPlace: no such division. rules.NothingSet: it has said nothing about that day.
    """
    division = _division(code)
    _alone()
    row = CalendarDay.objects.filter(division=division, on=on).first()
    if row is None:
        raise rules.NothingSet(on=on.isoformat())
    payload = {"on": on.isoformat(), "before": _said(row), "after": None}
    row.delete()
    _note(
        int(code or 0),
        code="day_cleared",
        at=at,
        actor_id=actor_id,
        actor=actor_name,
        place=place,
        payload=payload,
    )


@transaction.atomic
def set_parameter(
    name: str,
    *,
    value: Any,
    code: str | None,
    actor_id: int | None,
    actor_name: str,
    place: str,
    at: datetime.datetime,
) -> Parameter:
    """Set a parameter for a division and everything inside it; no code: for all.

    Raises:
        rules.UnknownPlace: no such division.
    """
    division = _division(code)
    _alone()
    before = Parameter.objects.filter(name=name, division=division).first()
    row, _is_new = Parameter.objects.update_or_create(name=name, division=division, defaults={"value": value})
    # As words: the journal takes no floating-point numbers.
    payload = {"name": name, "before": str(before.value) if before else None, "after": str(value)}
    _bump()
    journal.append(
        "directory",
        int(code or 0),
        code="parameter_set",
        article=ARTICLE,
        at=at,
        actor_id=actor_id,
        actor=actor_name,
        place=place,
        payload=payload,
    )
    return row


@transaction.atomic
def move_clock(
    *, by: datetime.timedelta | None, actor_name: str, at: datetime.datetime
) -> datetime.timedelta:
    """Move the clock of practice mode on, or back to the machine's time for None; gives the whole offset.

    Raises:
        rules.NotBackwards: the clock only goes forward.
    """
    if by is not None and by <= datetime.timedelta():
        raise rules.NotBackwards()
    row, _is_new = Parameter.objects.select_for_update().get_or_create(
        name=CLOCK_OFFSET, division=None, defaults={"value": 0}
    )
    before = row.value
    row.value = 0 if by is None else before + int(by.total_seconds())
    row.save(update_fields=["value"])
    journal.append(
        "practice",
        1,
        code="clock_reset" if by is None else "clock_advanced",
        article=ARTICLE,
        at=at,
        actor_id=None,
        actor=actor_name,
        place="",
        payload={"seconds_before": before, "seconds_after": row.value},
    )
    return datetime.timedelta(seconds=row.value)


def _division(code: str | None) -> Division | None:
    if not code:
        return None
    division = Division.objects.filter(code=code).first()
    if division is None:
        raise rules.UnknownPlace(code=code)
    return division


def _said(row: CalendarDay | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {"is_working": row.is_working, "reason": row.reason, "source": row.source}


def _alone() -> None:
    """Wait until the steps being taken have ended; later ones wait until this change is committed.

    Taken before anything is read, so that two who change the same day see each other's work.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CALENDAR_LOCK])


def _note(chain: int, *, payload: dict[str, Any], **entry: Any) -> None:
    """Make every process notice that the calendar has changed, and write down who changed what."""
    _bump()
    journal.append(CALENDAR, chain, article=ARTICLE, payload=payload, **entry)


def notice_change() -> None:
    """Make every process read calendars and office hours anew."""
    _bump()


def _bump() -> None:
    _alone()
    mark_changed(CALENDAR)


def mark_changed(name: str) -> None:
    """Let every process read anew, within a second, what it remembers under a name."""
    Stamp.objects.get_or_create(name=name)
    Stamp.objects.filter(name=name).update(value=F("value") + 1)
