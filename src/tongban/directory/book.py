"""Divisions, authorities, halls and windows as an Excel workbook: written, and read back all or nothing.

Rows are known by their number or, without one, by their name in their place, so that a workbook read twice adds
nothing twice. What is not in the workbook stays as it is: a row left out is never deleted. A special day is taken
back by a row that says so.
"""

import datetime
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from tongban.directory import operations, places, rules
from tongban.directory.book_sheets import AUTHORITIES, DAYS, DIVISIONS, HALLS, WINDOWS
from tongban.directory.models import (
    Authority,
    AuthorityKind,
    Division,
    Equipment,
    Hall,
    Level,
    Window,
    WindowDay,
    WindowKind,
)
from tongban.kernel.sheets import TAKE_BACK, Book, Fault, Row, Sheet

_DAY_FIELDS = ("opens_at", "closes_at", "reason")


@dataclass(frozen=True)
class Rights:
    """Whose rows somebody may change and add: by authority, by division code, and divisions at all."""

    may_edit: Callable[[int], bool]
    may_add: Callable[[str], bool]
    may_divide: bool


EVERYTHING = Rights(may_edit=lambda id_: True, may_add=lambda code: True, may_divide=True)


@dataclass
class Plan:
    """What a workbook would do: each change in words, every fault, and what is to be written."""

    changes: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    same: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    rows: dict[type[Model], list[Any]] = field(default_factory=dict)
    updates: dict[type[Model], list[Any]] = field(default_factory=dict)
    removals: list[WindowDay] = field(default_factory=list)
    hours_changed: set[str] = field(default_factory=set)

    def add(self, row: Any, said: str) -> None:
        self.rows.setdefault(type(row), []).append(row)
        self.added += 1
        self.changes.append(said)

    def update(self, row: Any, said: str) -> None:
        self.updates.setdefault(type(row), []).append(row)
        self.changed += 1
        self.changes.append(said)

    def remove(self, row: WindowDay, said: str) -> None:
        """Take a row away, said before what is added and changed: of many changes only the first are shown."""
        self.removals.append(row)
        self.changes.insert(self.removed, said)
        self.removed += 1


def export(
    authorities: QuerySet[Authority], *, on: datetime.date
) -> list[tuple[Sheet, Iterable[Mapping[str, Any]]]]:
    """Give the sheets of some authorities, their halls, open windows and special days from a day on, for `sheets.write`."""
    ids = authorities.filter(kind=AuthorityKind.MANAGEMENT).values("id")
    rows = Authority.objects.filter(id__in=ids).select_related("division").order_by("division_id")
    halls = (
        Hall.objects.filter(authority__in=ids)
        .select_related("authority")
        .order_by("authority__division_id", "id")
    )
    windows = Window.objects.filter(hall__authority__in=ids, closed_at=None, successor=None)
    windows = windows.select_related("hall__authority", "supervisor").order_by(
        "hall__authority__division_id", "-kind", "id"
    )
    days = WindowDay.objects.filter(window__in=windows.values("id"), on__gte=on).select_related("window")
    days = days.order_by("on", "window_id")
    return [
        (
            AUTHORITIES,
            [
                {"code": a.division_id, "name": a.name, "phone": a.phone, "place": a.division.full_name}
                for a in rows
            ],
        ),
        (
            HALLS,
            [
                {"id": h.id, "code": h.authority.division_id, "name": h.name, "address": h.address}
                for h in halls
            ],
        ),
        (WINDOWS, [_window_line(w) for w in windows]),
        (DAYS, [_day_line(d) for d in days]),
    ]


def _day_line(row: WindowDay) -> dict[str, Any]:
    said = {name: getattr(row, name) for name in ("on", *_DAY_FIELDS)}
    return {"id": row.window_id, "name": row.window.name, **said}


def _window_line(row: Window) -> dict[str, Any]:
    own = row.hall.authority.division_id
    return {
        **{name: getattr(row, name) for name in ("id", "kind", "host", *places.WINDOW_FIELDS)},
        "code": own,
        "hall": row.hall.name,
        "division": row.division_id if row.division_id != own else "",
        "supervisor": row.supervisor.name if row.supervisor else "",
        "status": _("在联络清单内") if row.is_open else _("待省级发布"),
    }


class _Planner:
    """Holds a workbook against what is there, sheet by sheet, without writing anything."""

    def __init__(self, book: Book, rights: Rights, on: datetime.date) -> None:
        self.book, self.rights, self.on = book, rights, on
        self.plan = Plan(faults=list(book.faults))
        self.divisions = {d.code: d for d in Division.objects.all()}
        managed = Authority.objects.filter(kind=AuthorityKind.MANAGEMENT)
        self.authorities = {a.division_id: a for a in managed}
        self.halls = {(h.authority.division_id, h.name): h for h in Hall.objects.select_related("authority")}
        self.windows: dict[tuple[str, str, str], Window] = {
            (w.hall.authority.division_id, w.hall.name, w.name): w
            for w in Window.objects.select_related("hall__authority", "supervisor", "division")
        }
        self.seen: set[tuple[str, ...]] = set()

    def fault(self, sheet: Sheet, row: Row, key: str, what: str) -> None:
        titles = {column.key: column.title for column in sheet.columns}
        self.plan.faults.append(Fault(sheet.title, row.number, titles.get(key, ""), what))

    def once(self, sheet: Sheet, row: Row, *key: str) -> bool:
        """Tell whether a row's subject comes for the first time; twice is a fault."""
        if (sheet.key, *key) in self.seen:
            self.fault(sheet, row, "on" if sheet is DAYS else "name", _("与前面的一行重复"))
            return False
        self.seen.add((sheet.key, *key))
        return True

    def may(self, sheet: Sheet, row: Row, code: str, *, is_new: bool) -> bool:
        authority = self.authorities.get(code)
        allowed = authority is not None and authority.id is not None and self.rights.may_edit(authority.id)
        if not allowed and not (is_new and self.rights.may_add(code)):
            key = "id" if sheet is DAYS else "code"
            self.fault(sheet, row, key, _("这里由当地机构自己维护，您不能修改"))
            return False
        return True

    def changed(self, sheet: Sheet, row: Any, values: Mapping[str, Any]) -> dict[str, Any]:
        """Give what a row would change; what its sheet has no column for stays as it is."""
        left_out = self.book.left_out(sheet)
        return {
            name: value
            for name, value in values.items()
            if value != getattr(row, name) and name.removesuffix("_id") not in left_out
        }

    def hold(self, sheet: Sheet, line: Row, row: Any, values: Mapping[str, Any], code: str) -> bool:
        """Plan a change of an existing row where there is one; tells whether there was."""
        changed = self.changed(sheet, row, values)
        if not changed:
            self.plan.same += 1
            return False
        if not self.may(sheet, line, code, is_new=False):
            return False
        said = _words(row, changed)
        for name, value in changed.items():
            setattr(row, name, value)
        if row.pk is not None:
            self.plan.update(row, f"{sheet.title} {line.number}：{said}")
        return True

    def clean(
        self, sheet: Sheet, row: Row, model: type[Model], names: Iterable[str]
    ) -> dict[str, Any] | None:
        try:
            return places.clean(model, {name: row.values[name] for name in names})
        except rules.NotFilled as refusal:
            for name, what in refusal.fields.items():
                self.fault(sheet, row, name, what)
            return None

    def divide(self) -> None:
        for row in self.book.rows.get("divisions", []):
            self._division(row)
        for row in self.book.rows.get("divisions", []):
            successor = row.values["successor"]
            if successor and successor not in self.divisions:
                self.fault(DIVISIONS, row, "successor", _("没有这个区划"))

    def _division(self, line: Row) -> None:
        said = line.values
        code, parent = str(said["code"]), self.divisions.get(str(said["parent"] or ""))
        known = self.divisions.get(code)
        if not self.once(DIVISIONS, line, code):
            return
        if not (code.isascii() and code.isdigit() and len(code) == 12):
            self.fault(DIVISIONS, line, "code", _("区划代码是 12 位数字"))
            return
        if (said["level"] == Level.PROVINCE) != (parent is None):
            self.fault(DIVISIONS, line, "parent", _("没有这个上级区划；只有省级不填上级"))
            return
        if parent is not None and not code.startswith(parent.prefix):
            self.fault(DIVISIONS, line, "parent", _("代码应当以上级的代码开头"))
            return
        values = {
            "name": said["name"][:60],
            "full_name": (parent.full_name if parent else "") + said["name"][:60],
            "level": said["level"],
            "parent_id": parent.code if parent else None,
            "valid_from_on": said["valid_from_on"]
            or (known.valid_from_on if known else operations.FIRST_DAY),
            "valid_until_on": said["valid_until_on"],
            "successor_id": said["successor"],
        }
        if values["valid_until_on"] and values["valid_until_on"] <= values["valid_from_on"]:
            self.fault(DIVISIONS, line, "valid_until_on", _("停用日期应当晚于启用日期"))
            return
        changed = self.changed(DIVISIONS, known, values) if known else values
        if changed and not self.rights.may_divide:
            self.fault(DIVISIONS, line, "code", _("区划由协调小组导入"))
        elif known is None:
            self.divisions[code] = Division(code=code, **values)
            self.plan.add(self.divisions[code], _("新增区划：{name}").format(name=values["full_name"]))
        elif changed:
            words = _words(known, changed)
            for name, value in changed.items():
                setattr(known, name, value)
            self.plan.update(known, f"{DIVISIONS.title} {line.number}：{words}")
        else:
            self.plan.same += 1

    def govern(self) -> None:
        for line in self.book.rows.get("authorities", []):
            code = str(line.values["code"])
            values = self.clean(AUTHORITIES, line, Authority, places.AUTHORITY_FIELDS)
            if not self._in_force(AUTHORITIES, line, code) or values is None:
                continue
            if not self.once(AUTHORITIES, line, code):
                continue
            known = self.authorities.get(code)
            if known is not None:
                self.hold(AUTHORITIES, line, known, values, code)
            elif self.may(AUTHORITIES, line, code, is_new=True):
                row = Authority(kind=AuthorityKind.MANAGEMENT, division=self.divisions[code], **values)
                self.authorities[code] = row
                self.plan.add(row, _("新增机构：{name}").format(name=row.name))

    def _in_force(self, sheet: Sheet, line: Row, code: str) -> bool:
        division = self.divisions.get(code)
        if division is None or (division.valid_until_on and division.valid_until_on <= self.on):
            self.fault(sheet, line, "code", _("没有这个区划，或者已经撤销"))
            return False
        return True

    def _authority(self, sheet: Sheet, line: Row, code: str) -> Authority | None:
        authority = self.authorities.get(code)
        if authority is None:
            self.fault(sheet, line, "code", _("这个区划还没有机构，请先在“机构”表里填写"))
        return authority

    def build(self) -> None:
        by_id = {h.id: h for h in self.halls.values()}
        for line in self.book.rows.get("halls", []):
            code = str(line.values["code"])
            authority = self._authority(HALLS, line, code)
            values = self.clean(HALLS, line, Hall, places.HALL_FIELDS)
            if authority is None or values is None or not self.once(HALLS, line, code, values["name"]):
                continue
            number = line.values["id"]
            known = by_id.get(number) if number else self.halls.get((code, values["name"]))
            if number and (known is None or known.authority.division_id != code):
                self.fault(HALLS, line, "id", _("这个机构没有这个编号的大厅；新增的请不要填编号"))
            elif known is not None:
                self.hold(HALLS, line, known, values, code)
                self.halls[code, known.name] = known
            elif self.may(HALLS, line, code, is_new=authority.id is None or self._is_empty(code)):
                row = Hall(authority=authority, **values)
                self.halls[code, row.name] = row
                self.plan.add(row, _("新增大厅：{name}").format(name=row.name))

    def _is_empty(self, code: str) -> bool:
        """Tell whether a division has no window yet: then those above may compile its first ones (P13)."""
        return not any(key[0] == code and w.pk is not None for key, w in self.windows.items())

    def open(self) -> None:
        by_id = {w.id: w for w in self.windows.values() if w.id is not None}
        empty: dict[str, bool] = {}
        for line in self.book.rows.get("windows", []):
            code = str(line.values["code"])
            if code not in empty:
                empty[code] = self._is_empty(code)
            values = self.clean(WINDOWS, line, Window, places.WINDOW_FIELDS)
            hall = self.halls.get((code, str(line.values["hall"])))
            if self._authority(WINDOWS, line, code) is None or values is None:
                continue
            if hall is None:
                self.fault(WINDOWS, line, "hall", _("这个机构没有这个大厅，请先在“大厅”表里填写"))
                continue
            if self.once(WINDOWS, line, code, hall.name, values["name"]):
                self._window(line, code, hall, values, by_id, may_add=empty[code])

    def _window(
        self,
        line: Row,
        code: str,
        hall: Hall,
        values: dict[str, Any],
        by_id: Mapping[int, Window],
        *,
        may_add: bool,
    ) -> None:
        number = line.values["id"]
        known = by_id.get(number) if number else self.windows.get((code, hall.name, values["name"]))
        if number and (known is None or known.hall.authority.division_id != code):
            self.fault(WINDOWS, line, "id", _("这个机构没有这个编号的窗口；新增的请不要填编号"))
            return
        if known is not None and (known.closed_at or known.successor_id):
            self.fault(WINDOWS, line, "name", _("这个窗口已经撤销或者正在移交，不能修改"))
            return
        bound = self._bound(line, code, hall)
        if bound is None:
            return
        if known is not None:
            if (known.kind, known.host) != (bound["kind"], bound["host"]):
                self.fault(WINDOWS, line, "kind", _("窗口的类别和依托不能修改，请撤销后另行增加"))
                return
            namesake = self.windows.get((code, hall.name, values["name"]))
            if namesake is not None and namesake is not known:
                self.fault(WINDOWS, line, "name", _("这个大厅已经有同名的窗口"))
                return
            hours = [getattr(known, name) for name in places.HOURS]
            self.hold(WINDOWS, line, known, values | bound | {"hall": hall}, code)
            if hours != [getattr(known, name) for name in places.HOURS]:
                self.plan.hours_changed.add(known.division_id)
            self.windows[code, hall.name, known.name] = known
        elif self.may(WINDOWS, line, code, is_new=may_add):
            row = Window(hall=hall, is_open=False, **values, **bound)
            self.windows[code, hall.name, row.name] = row
            self.plan.add(row, _("新增窗口：{name}").format(name=row.name))

    def except_days(self) -> None:
        by_id = {w.id: w for w in self.windows.values() if w.id is not None}
        known = {(d.window_id, d.on): d for d in WindowDay.objects.filter(on__gte=self.on)}
        for line in self.book.rows.get("days", []):
            said = line.values
            window = by_id.get(said["id"])
            if window is None or window.closed_at or window.successor_id:
                self.fault(DAYS, line, "id", _("没有这个编号的窗口，或者已经撤销"))
            elif not self.once(DAYS, line, str(window.id), said["on"].isoformat()):
                continue
            elif said["on"] < self.on:
                self.fault(DAYS, line, "on", _("日期不能早于今天"))
            elif said["act"] == TAKE_BACK:
                self._no_day(line, window, known.get((window.id, said["on"])))
            elif fault := _impossible(said["opens_at"], said["closes_at"]):
                self.fault(DAYS, line, "closes_at", fault)
            else:
                self._day(line, window, known.get((window.id, said["on"])))

    def _no_day(self, line: Row, window: Window, known: WindowDay | None) -> None:
        if known is None:
            self.fault(DAYS, line, "act", _("这一天没有另外的安排，没有可以撤销的"))
        elif self.may(DAYS, line, window.hall.authority.division_id, is_new=False):
            words = {"window": window.name, "on": known.on.isoformat(), "reason": known.reason}
            said = _("撤销{window}{on}的安排（{reason}），当天恢复平常的办公时间")
            self.plan.remove(known, said.format(**words))

    def _day(self, line: Row, window: Window, known: WindowDay | None) -> None:
        values = {name: line.values[name] for name in _DAY_FIELDS}
        values["reason"] = str(values["reason"] or "")[:60]
        code = window.hall.authority.division_id
        is_said = values["reason"] or (known is not None and "reason" in self.book.left_out(DAYS))
        if not is_said:
            self.fault(DAYS, line, "reason", _("请写明原因，公众看得到"))
        elif known is not None:
            self.hold(DAYS, line, known, values, code)
        elif self.may(DAYS, line, code, is_new=False):
            row = WindowDay(window=window, on=line.values["on"], **values)
            words = {"window": window.name, "on": row.on.isoformat(), "reason": row.reason}
            self.plan.add(row, _("{window}{on}办公时间另有安排：{reason}").format(**words))

    def _bound(self, line: Row, code: str, hall: Hall) -> dict[str, Any] | None:
        """Give what binds a window to others: kind, host, supervisor, division; None after a fault."""
        said = line.values
        own = self.divisions[code]
        if said["kind"] == WindowKind.HALL:
            if said["host"] or said["supervisor"] or said["division"]:
                self.fault(WINDOWS, line, "kind", _("大厅窗口不填依托、指导监督窗口和网点区划"))
                return None
            return {"kind": WindowKind.HALL, "host": "", "supervisor": None, "division": own}
        supervisor = self.windows.get((code, hall.name, str(said["supervisor"] or "")))
        if supervisor is None or supervisor.kind != WindowKind.HALL:
            self.fault(
                WINDOWS,
                line,
                "supervisor",
                _("没有这个大厅窗口；网点要由同一大厅的窗口指导监督，窗口写在网点前面"),
            )
            return None
        if not said["host"]:
            self.fault(WINDOWS, line, "host", _("网点必填"))
            return None
        division = self.divisions.get(str(said["division"] or code))
        if division is None or not division.code.startswith(own.prefix):
            self.fault(WINDOWS, line, "division", _("不是这个机构管辖的区划"))
            return None
        return {
            "kind": WindowKind.OUTLET,
            "host": said["host"],
            "supervisor": supervisor,
            "division": division,
        }


def _impossible(opens: datetime.time | None, closes: datetime.time | None) -> str:
    """Say why a day cannot have these hours; nothing where it can."""
    if (opens is None) != (closes is None):
        return _("上班和下班时间要么都填，要么都不填（全天不办公）")
    if opens is not None and closes is not None and opens >= closes:
        return _("下班时间应当晚于上班时间")
    return ""


def _words(row: Any, changed: Mapping[str, Any]) -> str:
    """Say what changes of a row: 贵阳市云岩区窗口：电话 A → B."""
    parts = []
    for name, value in changed.items():
        label = row._meta.get_field(name).verbose_name
        parts.append(f"{label} {_said(getattr(row, name))} → {_said(value)}")
    return f"{row}，" + "；".join(parts)


def _said(value: Any) -> str:
    if isinstance(value, datetime.time):
        return f"{value:%H:%M}"
    return str(value) if value not in (None, "") else "—"


def plan(book: Book, *, rights: Rights, on: datetime.date) -> Plan:
    """Hold a workbook against what is there; nothing is written."""
    planner = _Planner(book, rights, on)
    planner.divide()
    planner.govern()
    planner.build()
    planner.open()
    planner.except_days()
    return planner.plan


_FIELDS: dict[type[Model], list[str]] = {
    Division: ["name", "full_name", "level", "parent", "valid_from_on", "valid_until_on", "successor"],
    Authority: list(places.AUTHORITY_FIELDS),
    Hall: list(places.HALL_FIELDS),
    WindowDay: list(_DAY_FIELDS),
    Window: [*places.WINDOW_FIELDS, "hall", "supervisor", "division"],
}


def apply(wanted: Plan, *, digest: bytes, code: str, who: places.Who, at: datetime.datetime) -> None:
    """Write what a plan without faults wants, in the open transaction, with one entry in the journal.

    Args:
        digest: of the workbook. code: of the division in whose chain it is noted.
    """
    assert not wanted.faults
    _create_divisions(wanted.rows.get(Division, []))
    Authority.objects.bulk_create(wanted.rows.get(Authority, []), batch_size=1000)
    Hall.objects.bulk_create(wanted.rows.get(Hall, []), batch_size=1000)
    windows = wanted.rows.get(Window, [])
    for kind in (WindowKind.HALL, WindowKind.OUTLET):
        Window.objects.bulk_create([w for w in windows if w.kind == kind], batch_size=1000)
    Equipment.objects.bulk_create(
        [Equipment(window=w, kind=kind) for w in windows for kind, _name in Equipment.KINDS], batch_size=2000
    )
    WindowDay.objects.filter(id__in=[row.id for row in wanted.removals]).delete()
    WindowDay.objects.bulk_create(wanted.rows.get(WindowDay, []), batch_size=1000)
    for model, rows in wanted.updates.items():
        model._default_manager.bulk_update(rows, _FIELDS[model], batch_size=500)
    if wanted.hours_changed:
        operations.notice_change()
    payload = {
        "file": digest.hex(),
        "added": wanted.added,
        "changed": wanted.changed,
        "removed": wanted.removed,
        "what": wanted.changes[:500],
    }
    places.note("workbook_imported", code=code, who=who, at=at, payload=payload)


def _create_divisions(rows: list[Division]) -> None:
    """Insert divisions from the provinces down, successors last, since they may stand in any order."""
    successors = [(row, row.successor_id) for row in rows if row.successor_id]
    for row, _id in successors:
        row.successor_id = None
    Division.objects.bulk_create(
        sorted(rows, key=lambda row: (list(Level).index(Level(row.level)), row.code)), batch_size=1000
    )
    for row, id_ in successors:
        row.successor_id = id_
    Division.objects.bulk_update([row for row, _id in successors], ["successor"])
