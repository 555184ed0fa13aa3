"""Authorities, halls, windows and outlets as those who run them keep them (P9, P13, P14).

Who may edit what is `people.permissions`; an edit brings who and where as plain values (`who`), and the
journal has it in the same transaction. Edits show on the contact list once the province publishes it.
"""

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models, transaction
from django.utils.translation import gettext as _

from tongban.directory import operations, rules
from tongban.directory.models import (
    Authority,
    Division,
    Equipment,
    Hall,
    Host,
    Level,
    Window,
    WindowDay,
    WindowKind,
)
from tongban.journal import operations as journal
from tongban.kernel import text

ARTICLE = "P13"
AUTHORITY_FIELDS = ("name", "phone")
HALL_FIELDS = ("name", "address")
HOURS = ("opens_at", "break_from_at", "break_until_at", "closes_at")
POSITION = ("latitude", "longitude")
WINDOW_FIELDS = ("name", "contact_name", "phone", "email", "address", "postcode", *POSITION, *HOURS)
_OPTIONAL = frozenset({"contact_name", "email", "postcode", "break_from_at", "break_until_at", *POSITION})
# Where the five provinces and their neighbours lie: a position outside has its numbers in the wrong order.
_REACH = {"latitude": (18.0, 54.0), "longitude": (73.0, 136.0)}
_PHONE = re.compile(r"[0-9+()（）\-—－ 转]{5,30}")
_TIME = re.compile(r"([01]?\d|2[0-3])[:：]([0-5]\d)(:00)?")


@dataclass(frozen=True)
class Who:
    """Who edits, for the record: what `people.permissions` gives to somebody who may."""

    actor_id: int | None
    actor: str
    place: str


SYSTEM = Who(actor_id=None, actor="系统", place="")


def authority(authority_id: int) -> Authority:
    """Give an authority with its division.

    Raises:
        rules.UnknownAuthority: there is none.
    """
    row = Authority.objects.select_related("division").filter(id=authority_id).first()
    if row is None:
        raise rules.UnknownAuthority()
    return row


def window(window_id: int) -> Window:
    """Give a window with hall, authority, division and the window that supervises it.

    Raises:
        rules.UnknownWindow: there is none.
    """
    rows = Window.objects.select_related("hall__authority__division", "division", "supervisor", "successor")
    row = rows.filter(id=window_id).first()
    if row is None:
        raise rules.UnknownWindow()
    return row


def clean(
    model: type[models.Model], values: Mapping[str, Any], *, optional: frozenset[str] = _OPTIONAL
) -> dict[str, Any]:
    """Give typed values as a model wants them, each checked by itself.

    Raises:
        rules.NotFilled: with a sentence for every field that is wrong.
    """
    cleaned: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name, value in values.items():
        try:
            cleaned[name] = _clean_one(model, name, value, is_optional=name in optional)
        except ValueError as problem:
            wrong[name] = str(problem)
    wrong |= _hours_wrong(cleaned) | _position_wrong(cleaned)
    if wrong:
        raise rules.NotFilled(fields=wrong)
    return cleaned


def _clean_one(model: type[models.Model], name: str, value: Any, *, is_optional: bool) -> Any:
    if name in HOURS:
        return _time(value, is_optional=is_optional)
    if name in POSITION:
        return _degrees(name, value)
    shown = text.clean("" if value is None else str(value))
    field = model._meta.get_field(name)
    if not shown and not is_optional:
        raise ValueError(_("请填写{name}").format(name=getattr(field, "verbose_name", name)))
    limit = getattr(field, "max_length", None)
    if limit and len(shown) > limit:
        raise ValueError(_("最多 {limit} 个字").format(limit=limit))
    if name == "phone" and shown and not _PHONE.fullmatch(shown):
        raise ValueError(_("电话写法不对，例如 0851-86891234"))
    if name == "email" and shown and not _is_email(shown):
        raise ValueError(_("电子邮箱写法不对，例如 window@example.gov.cn"))
    if name == "postcode" and shown and not re.fullmatch(r"\d{6}", shown):
        raise ValueError(_("邮政编码是 6 位数字"))
    return shown


def _is_email(shown: str) -> bool:
    try:
        validate_email(shown)
    except ValidationError:
        return False
    return True


def _time(value: Any, *, is_optional: bool) -> datetime.time | None:
    if isinstance(value, datetime.time):
        return value.replace(second=0, microsecond=0)
    shown = str(value or "").strip()
    if not shown and is_optional:
        return None
    found = _TIME.fullmatch(shown)
    if not found:
        raise ValueError(_("时间写作 09:00 这样的形式"))
    return datetime.time(int(found[1]), int(found[2]))


def _degrees(name: str, value: Any) -> float | None:
    shown = text.clean("" if value is None else str(value))
    if not shown:
        return None
    least, most = _REACH[name]
    try:
        degrees = round(float(shown), 5)
    except ValueError:
        degrees = 0.0
    if not least <= degrees <= most:
        raise ValueError(_("请填十进制度数，纬度在 18 到 54 之间，经度在 73 到 136 之间"))
    return degrees


def _position_wrong(values: Mapping[str, Any]) -> dict[str, str]:
    given = [name for name in POSITION if values.get(name) is not None]
    if len(given) == 1 and set(POSITION) <= set(values):
        missing = next(name for name in POSITION if name not in given)
        return {missing: _("纬度和经度要么都填，要么都不填")}
    return {}


def _hours_wrong(values: Mapping[str, Any]) -> dict[str, str]:
    """Say what is wrong between hours that are each right by themselves."""
    if not {"opens_at", "closes_at"} <= set(values):
        return {}
    from_, until = values.get("break_from_at"), values.get("break_until_at")
    if values["opens_at"] >= values["closes_at"]:
        return {"closes_at": _("下班时间应当晚于上班时间")}
    if (from_ is None) != (until is None):
        return {"break_until_at": _("午休的开始和结束要么都填，要么都不填")}
    if from_ and until and not values["opens_at"] < from_ < until < values["closes_at"]:
        return {"break_until_at": _("午休应当在办公时间之内，结束晚于开始")}
    return {}


@transaction.atomic
def save_authority(
    authority_id: int, values: Mapping[str, Any], *, who: Who, at: datetime.datetime
) -> Authority:
    """Change name and telephone of an authority, and give it; what is not given stays.

    Raises:
        rules.UnknownAuthority, rules.NotFilled.
    """
    row = authority(authority_id)
    _change(
        row,
        clean(Authority, _only(values, AUTHORITY_FIELDS)),
        what="authority",
        code=row.division_id,
        who=who,
        at=at,
    )
    return row


@transaction.atomic
def save_hall(hall: Hall, values: Mapping[str, Any], *, who: Who, at: datetime.datetime) -> Hall:
    """Change name and address of a hall, and give it; what is not given stays."""
    code = hall.authority.division_id
    _change(hall, clean(Hall, _only(values, HALL_FIELDS)), what="hall", code=code, who=who, at=at)
    return hall


@transaction.atomic
def open_hall(authority_id: int, values: Mapping[str, Any], *, who: Who, at: datetime.datetime) -> Hall:
    """Add a hall to an authority, and give it."""
    row = authority(authority_id)
    blank = {"name": "", "address": ""}
    hall = Hall.objects.create(authority=row, **clean(Hall, blank | _only(values, HALL_FIELDS)))
    note("hall_opened", code=row.division_id, who=who, at=at, payload={"hall": hall.id, "name": hall.name})
    return hall


@transaction.atomic
def open_window(
    hall: Hall,
    values: Mapping[str, Any],
    *,
    host: str = "",
    supervisor_id: int | None = None,
    division_code: str = "",
    who: Who,
    at: datetime.datetime,
) -> Window:
    """Add a window to a hall, or an outlet (`host` says at whose counter) under a window of it (P9, P14).

    It is on the contact list after the next publication. An outlet may lie in a township or village.

    Raises:
        rules.NotFilled: naming every field that is wrong. rules.NameTaken: the hall has one of that name.
    """
    blank = {name: "" for name in WINDOW_FIELDS}
    cleaned = clean(Window, blank | _only(values, WINDOW_FIELDS))
    wrong: dict[str, str] = {}
    own = hall.authority.division
    supervisor = None
    if host:
        supervisor = _supervisor(hall, supervisor_id, wrong)
        if host not in Host.values:
            wrong["host"] = _("请选择网点设在哪里")
    division = _place_of_window(own, division_code, is_outlet=bool(host), wrong=wrong)
    if wrong:
        raise rules.NotFilled(fields=wrong)
    _check_name_free(hall, cleaned["name"])
    row = Window.objects.create(
        hall=hall,
        division=division,
        kind=WindowKind.OUTLET if host else WindowKind.HALL,
        host=host,
        supervisor=supervisor,
        is_open=False,
        **cleaned,
    )
    Equipment.objects.bulk_create(Equipment(window=row, kind=kind) for kind, _label in Equipment.KINDS)
    payload = {"window": row.id, "name": row.name, "kind": row.kind, "division": division.code}
    note("window_opened", code=own.code, who=who, at=at, payload=payload)
    return row


def _supervisor(hall: Hall, supervisor_id: int | None, wrong: dict[str, str]) -> Window | None:
    rows = Window.objects.filter(hall__authority=hall.authority, kind=WindowKind.HALL, closed_at=None)
    row = rows.filter(id=supervisor_id or 0).first()
    if row is None:
        wrong["supervisor"] = _("网点由本机构的一个大厅窗口指导监督，请选择")
    elif hall.authority.division.level not in (Level.COUNTY, Level.PREFECTURE, Level.PROVINCE):
        wrong["supervisor"] = _("网点由县级以上窗口指导监督")
    return row


def _place_of_window(own: Division, code: str, *, is_outlet: bool, wrong: dict[str, str]) -> Division:
    if not code or code == own.code:
        return own
    row = Division.objects.filter(code=code).first()
    if not is_outlet or row is None or not row.code.startswith(own.prefix) or row.valid_until_on:
        wrong["division"] = _("请选择本机构管辖的区划；大厅窗口属于机构所在的区划")
        return own
    return row


def _check_name_free(hall: Hall, name: str, *, but: int = 0) -> None:
    if Window.objects.filter(hall=hall, name=name).exclude(id=but).exists():
        refusal = rules.NameTaken(name=name)
        raise rules.NameTaken(name=name, fields={"name": refusal.message})


@transaction.atomic
def save_window(
    window_id: int, values: Mapping[str, Any], *, who: Who, at: datetime.datetime
) -> tuple[Window, bool]:
    """Change what is known of a window; gives it, and whether its office hours have changed.

    Clocks that run by the old hours are not touched here: see `duties.operations.queue_recompute`.

    Raises:
        rules.UnknownWindow, rules.NotFilled, rules.NameTaken, rules.WindowClosed.
    """
    row = _changeable(window_id)
    wanted = _only(values, WINDOW_FIELDS)
    for together in (HOURS, POSITION):
        if set(together) & set(wanted):
            wanted = {name: getattr(row, name) for name in together} | wanted
    cleaned = clean(Window, wanted)
    _check_name_free(row.hall, cleaned.get("name", row.name), but=row.id)
    hours_changed = any(name in cleaned and cleaned[name] != getattr(row, name) for name in HOURS)
    if row.is_sample and _is_real({"phone": row.phone, "address": row.address} | cleaned):
        cleaned["is_sample"] = False
    _change(row, cleaned, what="window", code=row.hall.authority.division_id, who=who, at=at)
    if hours_changed:
        operations.notice_change()
    return row, hours_changed


def _is_real(values: Mapping[str, Any]) -> bool:
    return not values["phone"].startswith("000-") and "示例" not in values["address"]


def _changeable(window_id: int) -> Window:
    row = window(window_id)
    if row.closed_at or row.successor_id:
        raise rules.WindowClosed(window=row.name)
    return row


@transaction.atomic
def check_equipment(
    window_id: int,
    found: Mapping[str, bool],
    *,
    bandwidth: int | None = None,
    on: datetime.date,
    who: Who,
    at: datetime.datetime,
) -> Window:
    """Note which equipment a window has on a day (P9, P19); bandwidth counts from 100 Mbit/s on.

    Raises:
        rules.NotFilled: a piece that is not on the check-list, or a bandwidth that cannot be.
    """
    row = _changeable(window_id)
    kinds = dict(Equipment.KINDS)
    wrong = {kind: _("检查清单里没有这一项") for kind in found if kind not in kinds}
    if bandwidth is not None and not 0 <= bandwidth <= 1_000_000:
        wrong["bandwidth"] = _("带宽请填 0 以上的整数，单位 M")
    if wrong:
        raise rules.NotFilled(fields=wrong)
    there = dict(found)
    if bandwidth is not None:
        there["bandwidth"] = bandwidth >= Equipment.BANDWIDTH
    for kind, is_present in there.items():
        defaults: dict[str, Any] = {"is_present": is_present, "checked_on": on}
        if kind == "bandwidth":
            defaults["amount"] = bandwidth
        Equipment.objects.update_or_create(window=row, kind=kind, defaults=defaults)
    payload = {"window": row.id, "found": {k: bool(v) for k, v in there.items()}, "bandwidth": bandwidth}
    note(
        "equipment_checked",
        code=row.hall.authority.division_id,
        who=who,
        at=at,
        payload=payload,
        article="P9",
    )
    return row


@transaction.atomic
def set_window_day(
    window_id: int,
    *,
    on: datetime.date,
    opens_at: Any = "",
    closes_at: Any = "",
    reason: str,
    who: Who,
    at: datetime.datetime,
) -> WindowDay:
    """Say that a window is closed on a day (no hours), or keeps other hours; legal clocks do not follow it.

    Raises:
        rules.NotFilled: no reason, or hours that cannot be.
    """
    row = _changeable(window_id)
    wrong: dict[str, str] = {}
    hours: list[datetime.time | None] = []
    for name, value in (("day_opens_at", opens_at), ("day_closes_at", closes_at)):
        try:
            hours.append(_time(value, is_optional=True))
        except ValueError as problem:
            wrong[name] = str(problem)
    said = text.clean(reason)[:60]
    if not said:
        wrong["reason"] = _("请写明原因，公众看得到")
    if not wrong and (hours[0] is None) != (hours[1] is None):
        wrong["day_closes_at"] = _("上班和下班时间要么都填，要么都不填（全天不办公）")
    elif not wrong and hours[0] and hours[1] and hours[0] >= hours[1]:
        wrong["day_closes_at"] = _("下班时间应当晚于上班时间")
    if wrong:
        raise rules.NotFilled(fields=wrong)
    defaults = {"opens_at": hours[0], "closes_at": hours[1], "reason": said}
    day, _is_new = WindowDay.objects.update_or_create(window=row, on=on, defaults=defaults)
    payload = {"window": row.id, "on": on.isoformat(), "hours": [str(h or "") for h in hours], "reason": said}
    note("window_day_set", code=row.hall.authority.division_id, who=who, at=at, payload=payload)
    return day


@transaction.atomic
def clear_window_day(window_id: int, *, on: datetime.date, who: Who, at: datetime.datetime) -> None:
    """Take back what was said of a day of a window.

    Raises:
        rules.NothingSet: nothing was said of that day.
    """
    row = _changeable(window_id)
    if not WindowDay.objects.filter(window=row, on=on).delete()[0]:
        raise rules.NothingSet(on=on.isoformat())
    payload = {"window": row.id, "on": on.isoformat()}
    note("window_day_cleared", code=row.hall.authority.division_id, who=who, at=at, payload=payload)


def _only(values: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in names}


def _change(
    row: Authority | Hall | Window,
    values: Mapping[str, Any],
    *,
    what: str,
    code: str,
    who: Who,
    at: datetime.datetime,
) -> None:
    """Write what is different, and what it was before; data that its people have looked over is no sample."""
    changed = {name: value for name, value in values.items() if value != getattr(row, name)}
    if not changed:
        return
    before = {name: _said(getattr(row, name)) for name in changed}
    for name, value in changed.items():
        setattr(row, name, value)
    row.save(update_fields=sorted(changed))
    payload = {
        what: row.pk,
        "before": before,
        "after": {name: _said(value) for name, value in changed.items()},
    }
    note(f"{what}_changed", code=code, who=who, at=at, payload=payload)


def _said(value: Any) -> str:
    return f"{value:%H:%M}" if isinstance(value, datetime.time) else str(value if value is not None else "")


def note(
    entry: str,
    *,
    code: str,
    who: Who,
    at: datetime.datetime,
    payload: Mapping[str, Any],
    article: str = ARTICLE,
) -> None:
    """Write an entry into the chain of a division's directory."""
    journal.append(
        "directory",
        int(code),
        code=entry,
        article=article,
        at=at,
        actor_id=who.actor_id,
        actor=who.actor,
        place=who.place,
        payload=payload,
    )
