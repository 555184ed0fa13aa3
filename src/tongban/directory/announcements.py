"""Public announcements (公告): published for one place or all five provinces, withdrawn with a reason, never deleted.

A province's concern everybody; a city's or county's are shown on the pages of its place (`of_place`) and in the list.
"""

import datetime
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from tongban.directory import places, rules
from tongban.directory.models import Announcement, Division, Level
from tongban.kernel import refusals, text, worktime

TITLE, BODY, REASON = 80, 8000, 200
LEVELS = (Level.PROVINCE, Level.PREFECTURE, Level.COUNTY)
ARTICLE = "P15"
_ALL = 0  # under which chain announcements for all five provinces are journalled


class UnknownAnnouncement(refusals.NotFound):
    """没有这条公告，可能已经撤回或者到期。请从公告列表中重新进入。"""


class AlreadyWithdrawn(refusals.OutOfTurn):
    """这条公告已经撤回。"""


def shown_on(on: datetime.date) -> QuerySet[Announcement]:
    """Give the announcements that the public sees on a day, the newest first."""
    rows = Announcement.objects.filter(withdrawn_at=None, from_on__lte=on).select_related("place")
    return rows.filter(Q(until_on=None) | Q(until_on__gte=on)).order_by("-from_on", "-id")


def page(
    *, on: datetime.date, place: str = "", after: tuple[datetime.date, int] | None = None, limit: int
) -> list[Announcement]:
    """Give what the public sees, the newest first.

    Args:
        place: the code of a division; what places above it, in it and all five have published. Empty: all.
        after: day and id of the last one of the page before.
    """
    rows = shown_on(on)
    if place:
        inside = Q(place__code__startswith=rules.prefix_of(place))
        rows = rows.filter(Q(place_id__in=rules.chain_of(place)) | inside | Q(place=None))
    if after:
        rows = rows.filter(Q(from_on__lt=after[0]) | Q(from_on=after[0], id__lt=after[1]))
    return list(rows[:limit])


def of_everybody(*, on: datetime.date, limit: int) -> list[Announcement]:
    """Give what provinces and all five have published, the newest first: what concerns everybody."""
    rows = shown_on(on).filter(Q(place=None) | Q(place__level=Level.PROVINCE))
    return list(rows[:limit])


def of_place(code: str, *, on: datetime.date, limit: int) -> list[Announcement]:
    """Give what a division and those above it have published, the newest first."""
    return list(shown_on(on).filter(place_id__in=rules.chain_of(code))[:limit])


def get(announcement_id: int, *, on: datetime.date) -> Announcement:
    """Give an announcement that the public sees.

    Raises:
        UnknownAnnouncement: there is none, or not for the public now.
    """
    row = shown_on(on).filter(id=announcement_id).first()
    if row is None:
        raise UnknownAnnouncement()
    return row


def published(*, before: int | None = None, limit: int) -> list[Announcement]:
    """Give every announcement for those who publish them, the last one published first."""
    rows = Announcement.objects.select_related("place").order_by("-id")
    return list((rows.filter(id__lt=before) if before else rows)[:limit])


@transaction.atomic
def publish(
    values: Mapping[str, str], *, place: str | None, who: places.Who, at: datetime.datetime
) -> Announcement:
    """Publish an announcement (P15): from a day on, until a day or until it is withdrawn.

    Args:
        values: title, body, from_on (empty: today), until_on (may be empty), days written as 2026-03-02.
        place: the code of the division that it is for; None: all five provinces.

    Raises:
        rules.NotFilled: with a sentence for every field that is wrong.
    """
    today = at.astimezone(worktime.BEIJING).date()
    wrong: dict[str, str] = {}
    title = text.clean(values.get("title", ""))
    body = text.clean(values.get("body", ""), keep_lines=True)
    if not 1 <= len(title) <= TITLE:
        wrong["title"] = _("请填写标题，最多 {limit} 个字").format(limit=TITLE)
    if not 1 <= len(body) <= BODY:
        wrong["body"] = _("请填写正文，最多 {limit} 个字").format(limit=BODY)
    from_on = _day(values, "from_on", wrong) or today
    until_on = _day(values, "until_on", wrong)
    if from_on < today:
        wrong.setdefault("from_on", _("公布日期不能早于今天"))
    if until_on and until_on < from_on:
        wrong.setdefault("until_on", _("截止日期不能早于公布日期"))
    if place is not None and not Division.objects.filter(code=place, level__in=LEVELS).exists():
        wrong["place"] = _("请选择范围")
    if wrong:
        raise rules.NotFilled(fields=wrong)
    row = Announcement.objects.create(
        title=title,
        body=body,
        place_id=place,
        from_on=from_on,
        until_on=until_on,
        published_at=at,
        published_by_id=who.actor_id,
        published_by_name=who.actor,
        published_by_place=who.place,
    )
    payload = {"announcement": row.id, "title": title, "from": from_on.isoformat()}
    _note("announcement_published", row, who=who, at=at, payload=payload)
    return row


def _day(values: Mapping[str, str], name: str, wrong: dict[str, str]) -> datetime.date | None:
    typed = values.get(name, "").strip()
    if not typed:
        return None
    try:
        return datetime.date.fromisoformat(typed)
    except ValueError:
        wrong[name] = _("日期写作 2026-03-02 这样的形式")
        return None


@transaction.atomic
def withdraw(announcement_id: int, *, reason: str, who: places.Who, at: datetime.datetime) -> Announcement:
    """Take an announcement back, with a reason that stays on record.

    Raises:
        UnknownAnnouncement, AlreadyWithdrawn, rules.NotFilled: no reason.
    """
    row = to_change(announcement_id)
    said = text.clean(reason)[:REASON]
    if row.withdrawn_at:
        raise AlreadyWithdrawn()
    if not said:
        raise rules.NotFilled(fields={"reason": _("请写明撤回的原因")})
    row.withdrawn_at, row.withdrawn_by_name, row.withdrawn_reason = at, who.actor, said
    row.save(update_fields=["withdrawn_at", "withdrawn_by_name", "withdrawn_reason"])
    _note("announcement_withdrawn", row, who=who, at=at, payload={"announcement": row.id, "reason": said})
    return row


def to_change(announcement_id: int) -> Announcement:
    """Give an announcement whatever its state, held until the transaction ends.

    Raises:
        UnknownAnnouncement: there is none.
    """
    row = Announcement.objects.select_for_update().filter(id=announcement_id).first()
    if row is None:
        raise UnknownAnnouncement()
    return row


def _note(
    code: str, row: Announcement, *, who: places.Who, at: datetime.datetime, payload: Mapping[str, Any]
) -> None:
    chain = row.place_id or f"{_ALL:012d}"
    places.note(code, code=chain, who=who, at=at, payload=payload, article=ARTICLE)
