"""Keep the directory as somebody who may: each authority its own part, the province the publication (P13).

What one may not see answers as if it did not exist; what one sees and may not touch is refused in words.
"""

import datetime
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from tongban.directory import announcements, contacts, kiosks, places, rules
from tongban.directory.models import Announcement, Authority, ContactList, Hall, Kiosk, Window, WindowDay
from tongban.duties import operations as duties
from tongban.people import permissions
from tongban.people.actors import Actor


def authority_seen(authority_id: int, *, by: Actor) -> Authority:
    """Give an authority whose part somebody may see.

    Raises:
        rules.UnknownAuthority: there is none, or it is not theirs to see.
    """
    rows = permissions.authorities_seen_by(by).select_related("division")
    row = rows.filter(id=authority_id).first()
    if row is None:
        raise rules.UnknownAuthority()
    return row


def window_seen(window_id: int, *, by: Actor) -> Window:
    """Give a window that somebody may see with what is not public.

    Raises:
        rules.UnknownWindow: there is none, or it is not theirs to see.
    """
    if not permissions.windows_seen_by(by).filter(id=window_id).exists():
        raise rules.UnknownWindow()
    return places.window(window_id)


def _to_edit(window_id: int, by: Actor) -> tuple[Window, places.Who]:
    row = window_seen(window_id, by=by)
    return row, permissions.require_edit(by, row.hall.authority)


def save_authority(
    authority_id: int, values: Mapping[str, Any], *, by: Actor, at: datetime.datetime
) -> Authority:
    """Change name and telephone of one's own authority.

    Raises:
        rules.UnknownAuthority, permissions.NotYourPart, rules.NotFilled.
    """
    who = permissions.require_edit(by, authority_seen(authority_id, by=by))
    return places.save_authority(authority_id, values, who=who, at=at)


def open_hall(authority_id: int, values: Mapping[str, Any], *, by: Actor, at: datetime.datetime) -> Hall:
    """Add a hall to one's own authority. Raises as `save_authority` does."""
    who = permissions.require_edit(by, authority_seen(authority_id, by=by))
    return places.open_hall(authority_id, values, who=who, at=at)


def save_hall(hall_id: int, values: Mapping[str, Any], *, by: Actor, at: datetime.datetime) -> Hall:
    """Change a hall of one's own authority. Raises as `save_authority` does."""
    hall, who = _hall(hall_id, by=by)
    return places.save_hall(hall, values, who=who, at=at)


def _hall(hall_id: int, *, by: Actor) -> tuple[Hall, places.Who]:
    hall = Hall.objects.select_related("authority__division").filter(id=hall_id).first()
    if hall is None:
        raise rules.UnknownAuthority()
    authority_seen(hall.authority_id, by=by)
    return hall, permissions.require_edit(by, hall.authority)


def open_window(
    hall_id: int,
    values: Mapping[str, Any],
    *,
    host: str = "",
    supervisor_id: int | None = None,
    division_code: str = "",
    by: Actor,
    at: datetime.datetime,
) -> Window:
    """Add a window or outlet to a hall of one's own authority.

    Raises:
        rules.UnknownAuthority, permissions.NotYourPart, and what `places.open_window` raises.
    """
    hall, who = _hall(hall_id, by=by)
    return places.open_window(
        hall, values, host=host, supervisor_id=supervisor_id, division_code=division_code, who=who, at=at
    )


def save_window(window_id: int, values: Mapping[str, Any], *, by: Actor, at: datetime.datetime) -> Window:
    """Change a window of one's own authority; clocks that run by its office hours follow (G1).

    Raises:
        rules.UnknownWindow, permissions.NotYourPart, and what `places.save_window` raises.
    """
    _row, who = _to_edit(window_id, by)
    with transaction.atomic():
        row, hours_changed = places.save_window(window_id, values, who=who, at=at)
        if hours_changed:
            duties.queue_recompute(row.division_id)
    return row


def check_equipment(
    window_id: int,
    found: Mapping[str, bool],
    *,
    bandwidth: int | None,
    on: datetime.date,
    by: Actor,
    at: datetime.datetime,
) -> Window:
    """Note the equipment of a window of one's own authority. Raises as `save_window` does."""
    _row, who = _to_edit(window_id, by)
    return places.check_equipment(window_id, found, bandwidth=bandwidth, on=on, who=who, at=at)


def set_window_day(
    window_id: int,
    *,
    on: datetime.date,
    opens_at: Any = "",
    closes_at: Any = "",
    reason: str,
    by: Actor,
    at: datetime.datetime,
) -> WindowDay:
    """Say that a window of one's own authority is closed on a day or keeps other hours. Raises as `save_window` does."""
    _row, who = _to_edit(window_id, by)
    return places.set_window_day(
        window_id, on=on, opens_at=opens_at, closes_at=closes_at, reason=reason, who=who, at=at
    )


def clear_window_day(window_id: int, *, on: datetime.date, by: Actor, at: datetime.datetime) -> None:
    """Take such a day back. Raises as `save_window` does."""
    _row, who = _to_edit(window_id, by)
    places.clear_window_day(window_id, on=on, who=who, at=at)


def publish(
    province_code: str,
    *,
    note: str = "",
    seen: str = "",
    with_samples: bool,
    by: Actor,
    at: datetime.datetime,
) -> ContactList:
    """Publish one's own province's part of the contact list (P13).

    Raises:
        permissions.NotTheProvince, and what `contacts.publish` raises.
    """
    who = permissions.require_publish(by, province_code)
    return contacts.publish(province_code, note=note, seen=seen, with_samples=with_samples, who=who, at=at)


def publish_announcement(
    values: Mapping[str, str], *, place: str | None, by: Actor, at: datetime.datetime
) -> Announcement:
    """Publish an announcement for one's own province, city or county, or for all five as the coordination group.

    Raises:
        permissions.NotYourAnnouncement, rules.NotFilled.
    """
    who = permissions.require_announce(by, place)
    return announcements.publish(values, place=place, who=who, at=at)


@transaction.atomic
def withdraw_announcement(
    announcement_id: int, *, reason: str, by: Actor, at: datetime.datetime
) -> Announcement:
    """Take back an announcement that one may publish.

    Raises:
        announcements.UnknownAnnouncement, announcements.AlreadyWithdrawn, permissions.NotYourAnnouncement,
        rules.NotFilled.
    """
    row = announcements.to_change(announcement_id)
    who = permissions.require_announce(by, row.place_id)
    return announcements.withdraw(announcement_id, reason=reason, who=who, at=at)


def register_kiosk(window_id: int, *, name: str, by: Actor, at: datetime.datetime) -> tuple[Kiosk, str]:
    """Register a terminal of a window of one's own authority. Raises as `save_window` and `kiosks.register` do."""
    row, who = _to_edit(window_id, by)
    return kiosks.register(row, name=name, who=who, at=at)


def end_kiosk(window_id: int, kiosk_id: int, *, by: Actor, at: datetime.datetime) -> Kiosk:
    """End a terminal of a window of one's own authority. Raises as `save_window` and `kiosks.end` do."""
    _row, who = _to_edit(window_id, by)
    return kiosks.end(kiosk_id, window_id=window_id, who=who, at=at)
