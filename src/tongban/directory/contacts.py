"""The contact list (联络清单, P13): each province publishes its part, all parts together are the list.

A version is never changed afterwards: the application may only add rows of `ContactList`. A window receives
and is sent cases while it stands on its province's newest version (`Window.is_open`).
"""

import datetime
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tongban.directory import places, rules
from tongban.directory.models import Authority, AuthorityKind, ContactList, Division, Window
from tongban.kernel import crypto, worktime

LOCK = 7_305_111  # of pg_advisory_xact_lock: versions are numbered one after the other
LABELS: dict[str, str | Promise] = {
    "name": gettext_lazy("名称"),
    "kind": gettext_lazy("类别"),
    "host": gettext_lazy("依托"),
    "place": gettext_lazy("区划"),
    "authority": gettext_lazy("管理机构"),
    "hall": gettext_lazy("大厅"),
    "hall_address": gettext_lazy("大厅地址"),
    "supervisor": gettext_lazy("指导监督窗口"),
    "contact_name": gettext_lazy("联系人"),
    "phone": gettext_lazy("电话"),
    "email": gettext_lazy("电子邮箱"),
    "address": gettext_lazy("邮寄地址"),
    "postcode": gettext_lazy("邮编"),
    "hours": gettext_lazy("办公时间"),
    "latitude": gettext_lazy("纬度"),
    "longitude": gettext_lazy("经度"),
}
Content = Mapping[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Change:
    """One row that two versions of the list do not share: what it is called, and each field before and after."""

    what: str  # authority | window
    name: str
    place: str
    kind: str  # added | removed | changed
    fields: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class WholeList:
    """The list of all provinces as of a version, by province in the order of codes."""

    number: int
    published_at: datetime.datetime
    parts: Sequence[ContactList]

    @property
    def windows(self) -> list[dict[str, Any]]:
        return [row for part in self.parts for row in part.content["windows"]]

    @property
    def authorities(self) -> list[dict[str, Any]]:
        return [row for part in self.parts for row in part.content["authorities"]]


def part_of(province: Division, *, on: datetime.date, with_samples: bool) -> dict[str, list[dict[str, Any]]]:
    """Give what a province would publish now: its authorities with their windows and outlets, by division.

    Closed windows, windows of divisions that have ended, and (in earnest) sample rows are left out.
    """
    inside = Q(division__code__startswith=province.prefix)
    alive = Q(division__valid_until_on=None) | Q(division__valid_until_on__gt=on)
    authorities = Authority.objects.filter(inside, alive, kind=AuthorityKind.MANAGEMENT)
    windows = Window.objects.filter(inside, alive, closed_at=None, successor=None)
    if not with_samples:
        authorities, windows = authorities.filter(is_sample=False), windows.filter(is_sample=False)
    rows = windows.select_related("division", "hall__authority", "supervisor")
    return {
        "authorities": [
            _authority_row(a) for a in authorities.select_related("division").order_by("division_id", "id")
        ],
        "windows": [_window_row(w) for w in rows.order_by("division_id", "-kind", "id")],
    }


def _authority_row(row: Authority) -> dict[str, Any]:
    place = {"code": row.division_id, "place": row.division.full_name}
    return {"id": row.id, "name": row.name, "phone": row.phone, **place}


def _window_row(row: Window) -> dict[str, Any]:
    # Left out where there is none: a part that was published before these were known is still the same.
    position = {} if row.latitude is None else {"latitude": row.latitude, "longitude": row.longitude}
    email = {"email": row.email} if row.email else {}
    return {
        **position,
        **email,
        "id": row.id,
        "name": row.name,
        "kind": row.kind,
        "host": row.host,
        "code": row.division_id,
        "place": row.division.full_name,
        "authority": row.hall.authority.name,
        "hall": row.hall.name,
        "hall_address": row.hall.address,
        "supervisor": row.supervisor.name if row.supervisor else "",
        "contact_name": row.contact_name,
        "phone": row.phone,
        "address": row.address,
        "postcode": row.postcode,
        "hours": hours_of(row),
    }


def hours_of(row: Window) -> str:
    """Write the office hours of a window: 09:00–12:00，13:00–17:00."""
    if row.break_from_at and row.break_until_at:
        return f"{row.opens_at:%H:%M}–{row.break_from_at:%H:%M}，{row.break_until_at:%H:%M}–{row.closes_at:%H:%M}"
    return f"{row.opens_at:%H:%M}–{row.closes_at:%H:%M}"


def digest_of(content: Content) -> bytes:
    """Compute the SM3 digest of a part."""
    return crypto.sm3(json.dumps(content, ensure_ascii=False, sort_keys=True).encode())


def latest_of(province_code: str, *, until: int | None = None) -> ContactList | None:
    """Give the newest part of a province (up to a version), None when it has published none."""
    rows = ContactList.objects.filter(province_id=province_code).select_related("province")
    if until is not None:
        rows = rows.filter(number__lte=until)
    return rows.order_by("-number").first()


def whole(number: int | None = None) -> WholeList | None:
    """Give the list of all provinces as of a version, the newest without number; None before the first.

    Raises:
        rules.UnknownList: there is no version of that number.
    """
    last = ContactList.objects.order_by("-number").first() if number is None else _version(number)
    if last is None:
        return None
    parts = (
        ContactList.objects.filter(number__lte=last.number)
        .select_related("province")
        .order_by("province_id", "-number")
        .distinct("province_id")
    )
    return WholeList(last.number, last.published_at, list(parts))


def _version(number: int) -> ContactList:
    row = ContactList.objects.select_related("province").filter(number=number).first()
    if row is None:
        raise rules.UnknownList(number=number)
    return row


def versions(*, before: int | None = None, limit: int = 50) -> list[ContactList]:
    """Give versions without their content, the newest first; `before` is the last number of the page before."""
    rows = ContactList.objects.select_related("province").defer("content").order_by("-number")
    if before is not None:
        rows = rows.filter(number__lt=before)
    return list(rows[:limit])


def changes_of(number: int) -> list[Change]:
    """Give what a version changed against the one before of the same province.

    Raises:
        rules.UnknownList: there is no version of that number.
    """
    row = _version(number)
    before = latest_of(row.province_id, until=number - 1)
    return diff(before.content if before else {}, row.content)


def diff(before: Content, after: Content) -> list[Change]:
    """Give each row that two parts do not share, in the order of the newer one, removed rows last."""
    found: list[Change] = []
    for what, key in (("authority", "authorities"), ("window", "windows")):
        old = {row["id"]: row for row in before.get(key, [])}
        new = {row["id"]: row for row in after.get(key, [])}
        for id_, row in new.items():
            if id_ not in old:
                found.append(Change(what, row["name"], row["place"], "added"))
            elif fields := _fields_changed(old[id_], row):
                found.append(Change(what, row["name"], row["place"], "changed", fields))
        gone = [row for id_, row in old.items() if id_ not in new]
        found += [Change(what, row["name"], row["place"], "removed") for row in gone]
    return found


def _fields_changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (str(label), str(before.get(name, "")), str(after.get(name, "")))
        for name, label in LABELS.items()
        if before.get(name, "") != after.get(name, "")
    ]


def pending_of(province: Division, *, on: datetime.date, with_samples: bool) -> list[Change]:
    """Give what a publication of a province would change now."""
    last = latest_of(province.code)
    return diff(last.content if last else {}, part_of(province, on=on, with_samples=with_samples))


@transaction.atomic
def publish(
    province_code: str,
    *,
    note: str = "",
    seen: str = "",
    with_samples: bool,
    who: places.Who,
    at: datetime.datetime,
) -> ContactList:
    """Publish a province's part as a new version of the list, and let it decide who receives (P13).

    Args:
        seen: the digest (hex) of the draft as the person saw it; anything else that was saved since is a conflict.
        with_samples: practice mode: sample rows are published, too, and the version says that it is one.

    Raises:
        rules.UnknownPlace: no such province. rules.NothingToPublish: nothing has changed.
        rules.ListIncomplete: a row without what P13 asks for. rules.ChangedSinceSeen.
    """
    province = Division.objects.filter(code=province_code, level="province").first()
    if province is None:
        raise rules.UnknownPlace(code=province_code)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    content = part_of(province, on=at.astimezone(worktime.BEIJING).date(), with_samples=with_samples)
    digest = digest_of(content)
    if seen and seen != digest.hex():
        raise rules.ChangedSinceSeen()
    last = latest_of(province_code)
    if last and bytes(last.digest) == digest:
        raise rules.NothingToPublish(number=last.number)
    check_complete(content)
    newest = ContactList.objects.order_by("-number").values_list("number", flat=True).first() or 0
    row = ContactList.objects.create(
        number=newest + 1,
        province=province,
        content=content,
        digest=digest,
        note=note[:300],
        is_sample=with_samples and _has_samples(content),
        published_at=at,
        published_by_name=who.actor,
        published_by_place=who.place,
    )
    listed = [w["id"] for w in content["windows"]]
    inside = Window.objects.filter(division__code__startswith=province.prefix)
    inside.filter(is_open=True).exclude(id__in=listed).update(is_open=False)
    Window.objects.filter(id__in=listed, is_open=False).update(is_open=True)
    payload = {
        "version": row.number,
        "digest": digest.hex(),
        "windows": len(listed),
        "authorities": len(content["authorities"]),
    }
    places.note("contact_list_published", code=province_code, who=who, at=at, payload=payload)
    return row


def _has_samples(content: Content) -> bool:
    ids = [row["id"] for row in content["windows"]]
    return Window.objects.filter(id__in=ids, is_sample=True).exists()


def check_complete(content: Content) -> None:
    """Refuse a part in which a row lacks contact or mailing address (P13), naming at most ten of them."""
    faulty = [
        _("{name}没有{label}").format(name=row["name"], label=LABELS[name])
        for key, names in (("authorities", ("phone",)), ("windows", ("phone", "address", "hours")))
        for row in content[key]
        for name in names
        if not row.get(name)
    ]
    if faulty:
        more = _("等 {count} 处").format(count=len(faulty)) if len(faulty) > 10 else ""
        raise rules.ListIncomplete(what="；".join(faulty[:10]) + more)


def publish_samples(*, at: datetime.datetime) -> int:
    """Publish in practice mode the part of every province that has none yet; gives how many."""
    published = set(ContactList.objects.values_list("province_id", flat=True))
    codes = Window.objects.filter(is_open=True).values_list("division_id", flat=True)
    provinces = sorted({code[:2].ljust(12, "0") for code in codes} - published)
    for code in provinces:
        publish(code, note="示例数据", with_samples=True, who=places.SYSTEM, at=at)
    return len(provinces)


def live_of(rows: Iterable[Mapping[str, Any]]) -> set[int]:
    """Give the ids of those listed windows that still receive; the others have been closed since."""
    return set(
        Window.objects.filter(id__in=[r["id"] for r in rows], is_open=True).values_list("id", flat=True)
    )
