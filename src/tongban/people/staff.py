"""Staff on their posts: who works at which window since when, what they have learnt, who is on duty now (A5, P9)."""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth import hashers
from django.db import transaction
from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from tongban.directory import places, rules
from tongban.directory.models import Window
from tongban.journal import operations as journal
from tongban.kernel import refusals, text, worktime
from tongban.people import accounts, permissions
from tongban.people.actors import Actor
from tongban.people.models import Person, Post, Presence, Training
from tongban.people.roles import AT_WINDOW, Role

ARTICLE = "P9"
PAGE = 50


class UnknownPost(refusals.NotFound):
    """没有找到这个岗位。请从人员列表中重新进入。"""


class UnknownPerson(refusals.NotFound):
    """没有找到这个人员。请从人员列表中重新进入。"""


class NotFilled(refusals.Incomplete):
    """还有内容没有填对，请按各栏的提示修改。"""


class HoldsIt(refusals.Conflict):
    """{name}已经在{place}担任{role}。"""


class AccountElsewhere(refusals.NotAllowed):
    """账号“{account}”属于另一个地方的人员，请由当地管理机构安排，或者换一个账号。"""


class SeveralWindows(refusals.Incomplete):
    """您在几个窗口都有岗位，请选择在哪个窗口登记在岗。"""


def under(actor: Actor, *, on: datetime.date) -> QuerySet[Post]:
    """Give the posts at windows in force on a day that somebody may see: their area's, for the group all."""
    rows = Post.objects.filter(role__in=AT_WINDOW, person__is_active=True, valid_from_on__lte=on)
    rows = rows.filter(Q(valid_until_on=None) | Q(valid_until_on__gt=on))
    if actor.has(Role.GROUP):
        return rows
    inside = Q(pk__in=[])
    for prefix in actor.managed_prefixes:
        inside |= Q(window__hall__authority__division__code__startswith=prefix)
    return rows.filter(inside)


def page_of(rows: QuerySet[Post], *, words: str = "", after: tuple[str, int] | None = None) -> list[Post]:
    """Give the next posts by place, 50 a page, with person, window and trainings; one more when there are more.

    Args:
        after: division code and id of the last post of the page before.
    """
    if words:
        rows = rows.filter(
            Q(person__name__contains=words) | Q(person__account=words) | Q(window__name__contains=words)
        )
    if after is not None:
        code, id_ = after
        rows = rows.filter(Q(window__division_id__gt=code) | Q(window__division_id=code, id__gt=id_))
    trainings = Prefetch("person__trainings", queryset=Training.objects.order_by("-passed_on"))
    rows = rows.select_related("person", "window__division", "window__hall__authority")
    return list(rows.prefetch_related(trainings).order_by("window__division_id", "id")[: PAGE + 1])


def clean_person(values: Mapping[str, Any]) -> dict[str, str]:
    """Give account, name and telephone as they are kept.

    Raises:
        NotFilled: with a sentence for every field that is wrong.
    """
    cleaned = {name: text.clean(str(values.get(name) or "")) for name in ("account", "name", "phone")}
    wrong = {}
    account = cleaned["account"]
    if not 3 <= len(account) <= 60 or not account.isascii() or any(c.isspace() for c in account):
        wrong["account"] = _("账号为 3 到 60 个字母、数字或者符号，不含空格")
    if not 1 <= len(cleaned["name"]) <= 60:
        wrong["name"] = _("请填写姓名，最多 60 个字")
    if len(cleaned["phone"]) > 30:
        wrong["phone"] = _("最多 30 个字")
    if wrong:
        raise NotFilled(fields=wrong)
    return cleaned


@transaction.atomic
def give_post(
    window_id: int,
    *,
    account: str,
    name: str,
    phone: str = "",
    role: str,
    from_on: datetime.date,
    by: Actor,
    at: datetime.datetime,
) -> Post:
    """Put a person on a post at a window; an account that is new is made, without a password to sign in with.

    Raises:
        permissions.NotYourArea: the window lies outside the area that the person manages.
        NotFilled, HoldsIt, AccountElsewhere, directory.rules.WindowClosed.
    """
    window = places.window(window_id)
    authority = window.hall.authority
    who = permissions.require_area(by, authority.division_id, place=window.name)
    if window.closed_at:
        raise rules.WindowClosed(window=window.name)
    if role not in AT_WINDOW:
        raise NotFilled(fields={"role": _("岗位请选择窗口人员或者窗口负责人")})
    values = clean_person({"account": account, "name": name, "phone": phone})
    person = _person(values, by=by, on=from_on)
    held = Post.objects.filter(person=person, role=role, window=window).first()
    if held and held.valid_until_on is None:
        raise HoldsIt(name=person.name, place=window.name, role=Role(role).label)
    post = held or Post(person=person, role=role, window=window)
    post.valid_from_on, post.valid_until_on = from_on, None
    post.save()
    giver = Person.objects.filter(pk=by.id or 0).first()
    accounts.changed_posts(person, "post_given", by=giver, at=at, role=role, window=window.id)
    payload = {"person": person.pk, "account": person.account, "role": role, "window": window.id}
    _note("post_given", person.pk, who=who, at=at, payload=payload | {"from_on": from_on.isoformat()})
    return post


def _person(values: Mapping[str, str], *, by: Actor, on: datetime.date) -> Person:
    person = Person.objects.filter(account=values["account"]).first()
    if person is None:
        return Person.objects.create(password=hashers.make_password(None), **values)
    require_person(person, by=by)
    changed = {n: v for n, v in values.items() if n != "account" and v and v != getattr(person, n)}
    if changed:
        Person.objects.filter(pk=person.pk).update(**changed)
        for field, value in changed.items():
            setattr(person, field, value)
    return person


def require_person(person: Person, *, by: Actor) -> None:
    """Refuse a person who has a post outside the areas that somebody manages, or none at a window at all.

    Raises:
        AccountElsewhere: another place's person, or an official's account.
    """
    posts = list(Post.objects.filter(person=person).select_related("window__hall__authority"))
    for post in posts:
        code = post.window.hall.authority.division_id if post.window else ""
        if not code or not permissions.may_manage_area(by, code):
            raise AccountElsewhere(
                account=person.account, fields={"account": AccountElsewhere(account=person.account).message}
            )


@transaction.atomic
def end_post(post_id: int, *, until_on: datetime.date, by: Actor, at: datetime.datetime) -> Post:
    """End a post on a day: from that day on the person no longer acts there.

    Raises:
        UnknownPost: there is none that this person may see. permissions.NotYourArea.
        NotFilled: it would end before it began.
    """
    post = _post(post_id, by=by)
    assert post.window is not None
    who = permissions.require_area(by, post.window.hall.authority.division_id, place=post.window.name)
    if until_on < post.valid_from_on:
        raise NotFilled(fields={"until_on": _("离任日期不能早于任职日期")})
    post.valid_until_on = until_on
    post.save(update_fields=["valid_until_on"])
    taker = Person.objects.filter(pk=by.id or 0).first()
    accounts.changed_posts(post.person, "post_taken", by=taker, at=at, role=post.role, window=post.window_id)
    payload = {"post": post.pk, "role": post.role, "window": post.window_id, "until_on": until_on.isoformat()}
    _note("post_ended", post.person_id, who=who, at=at, payload=payload)
    return post


def _post(post_id: int, *, by: Actor) -> Post:
    rows = Post.objects.select_related("window__hall__authority", "person")
    post = rows.filter(id=post_id, role__in=AT_WINDOW).first()
    if post is None or post.window is None:
        raise UnknownPost()
    if not permissions.windows_seen_by(by).filter(id=post.window.id).exists():
        raise UnknownPost()
    return post


@transaction.atomic
def add_training(
    post_id: int, *, title: str, passed_on: datetime.date, by: Actor, at: datetime.datetime
) -> Training:
    """Record a training that the person on a post has completed (W13, P20).

    Raises:
        UnknownPost, permissions.NotYourArea. NotFilled: no title, or a day to come.
    """
    post = _post(post_id, by=by)
    assert post.window is not None
    who = permissions.require_area(by, post.window.hall.authority.division_id, place=post.window.name)
    said = text.clean(title)
    wrong = {}
    if not 1 <= len(said) <= 120:
        wrong["title"] = _("请填写培训内容，最多 120 个字")
    if passed_on > at.astimezone(worktime.BEIJING).date():
        wrong["passed_on"] = _("完成日期不能晚于今天")
    if wrong:
        raise NotFilled(fields=wrong)
    row, _is_new = Training.objects.get_or_create(person_id=post.person_id, title=said, passed_on=passed_on)
    _note("training_added", post.person_id, who=who, at=at, payload={"training": row.pk, "title": said})
    return row


@transaction.atomic
def mark_present(*, window_id: int | None = None, by: Actor, at: datetime.datetime) -> Presence:
    """Mark that a person is on duty at a window of theirs from now on, and no longer at another one.

    Raises:
        permissions.NotAtYourWindow: no post there. SeveralWindows: none named, and there are several.
    """
    if window_id is None and len(by.window_ids) > 1:
        raise SeveralWindows(fields={"window_id": SeveralWindows().message})
    here = window_id if window_id is not None else next(iter(by.window_ids), 0)
    if here not in by.window_ids or by.id is None:
        name = Window.objects.filter(id=here, is_open=True).values_list("name", flat=True).first()
        raise permissions.NotAtYourWindow(place=name or _("这个窗口"))
    on = at.astimezone(worktime.BEIJING).date()
    row = Presence.objects.select_for_update().filter(person_id=by.id, on=on, until_at=None).first()
    if row is not None and row.window_id == here:
        return row
    if row is not None:
        Presence.objects.filter(pk=row.pk).update(until_at=at)
    made = Presence.objects.create(person_id=by.id, window_id=here, on=on, since_at=at)
    who = places.Who(by.id, by.name, by.place)
    _note("on_duty", by.id, who=who, at=at, payload={"window": here})
    return made


@transaction.atomic
def mark_away(*, by: Actor, at: datetime.datetime) -> bool:
    """Mark that a person is no longer on duty; tells whether they were."""
    on = at.astimezone(worktime.BEIJING).date()
    ended = Presence.objects.filter(person_id=by.id or 0, on=on, until_at=None).update(until_at=at)
    if ended and by.id is not None:
        _note("off_duty", by.id, who=places.Who(by.id, by.name, by.place), at=at, payload={})
    return bool(ended)


def on_duty(window_ids: Iterable[int], *, on: datetime.date) -> dict[int, list[Presence]]:
    """Give who is on duty at windows on a day, by window."""
    rows = Presence.objects.filter(window_id__in=list(window_ids), on=on, until_at=None)
    found: dict[int, list[Presence]] = {}
    for row in rows.select_related("person").order_by("since_at"):
        found.setdefault(row.window_id, []).append(row)
    return found


def _note(
    code: str, person_id: int, *, who: places.Who, at: datetime.datetime, payload: Mapping[str, Any]
) -> None:
    journal.append(
        "account",
        person_id,
        code=code,
        article=ARTICLE,
        at=at,
        actor_id=who.actor_id,
        actor=who.actor,
        place=who.place,
        payload=payload,
    )
