"""Accounts and posts as the system administrator keeps them (A5, S2): made, given, taken, shut; always on record.

Whoever has a post added or taken signs in again, and programs that act for them need a new token: what a session
or token may do was settled when it began. Nobody gives posts to themselves.
"""

import datetime
from typing import Any

from django.contrib.auth import hashers
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from tongban.directory.models import Authority, AuthorityKind, Window
from tongban.kernel import refusals, text
from tongban.people import operations, passwords, security
from tongban.people.models import Person, PersonKind, Post
from tongban.people.roles import ADMINISTRATORS, AT_AUTHORITY, AT_WINDOW, Role

PAGE = 50


class UnknownAccount(refusals.NotFound):
    """没有这个账号。请从账号列表重新进入。"""


class AccountTaken(refusals.Conflict):
    """账号“{account}”已经有人使用，请换一个。"""


class BadAccount(refusals.Incomplete):
    """请按各栏的提示修改。"""


class NotYourself(refusals.NotAllowed):
    """不能给自己授予、收回岗位，也不能停用自己的账号或者重置自己的密码。请由另一位系统管理员办理。"""


class OneAdministrator(refusals.NotAllowed):
    """系统、安全、审计三类管理员互相排斥：一个人只能担任其中一种。{name}已是{role}，请先收回再授予。"""


class AdministratorsApart(refusals.NotAllowed):
    """管理员不接触办件：担任管理员的人不能同时担任窗口、审批、管理机构或者协调小组的岗位。请由另一个人担任。"""


class HeldAlready(refusals.Conflict):
    """{name}已经有这个岗位。"""


class NoSuchPlace(refusals.Incomplete):
    """请选择这个岗位所在的窗口或者机构。"""


class UnknownPost(refusals.NotFound):
    """没有这个岗位，或者已经收回。请刷新后查看。"""


def get(person_id: int) -> Person:
    """Give an account.

    Raises:
        UnknownAccount: there is none.
    """
    person = Person.objects.filter(pk=person_id, kind=PersonKind.STAFF).first()
    if person is None:
        raise UnknownAccount()
    return person


def page_of(*, words: str = "", after: str = "") -> list[Person]:
    """Give accounts in their order, 50 a page and one more when there are more, by a part of account or name."""
    rows = Person.objects.filter(kind=PersonKind.STAFF).order_by("account")
    if words:
        rows = rows.filter(Q(account__contains=words) | Q(name__contains=words))
    return list(rows.filter(account__gt=after)[: PAGE + 1])


def posts_of(person: Person) -> list[Post]:
    """Give the posts of somebody that were not taken back, in the order in which they were given."""
    rows = Post.objects.filter(person=person, valid_until_on=None)
    return list(rows.select_related("window__division", "authority__division").order_by("id"))


def places_for(role: str, words: str) -> list[Window] | list[Authority]:
    """Give the places where a role may be held, by a part of their name, at most 30."""
    if role in AT_WINDOW:
        return list(
            Window.objects.filter(name__contains=words).select_related("division").order_by("id")[:30]
        )
    if role not in AT_AUTHORITY:
        return []
    kind = AuthorityKind.MANAGEMENT if role == Role.MANAGER else AuthorityKind.DEPARTMENT
    rows = Authority.objects.filter(kind=kind, name__contains=words)
    return list(rows.select_related("division").order_by("id")[:30])


@transaction.atomic
def create(*, account: str, name: str, phone: str, by: Person, at: datetime.datetime) -> tuple[Person, str]:
    """Make an account, and give it with its first password, which is told once and changed at the first sign-in.

    Raises:
        BadAccount, AccountTaken: with the fields named.
    """
    values = {"account": account.strip(), "name": text.clean(name), "phone": text.clean(phone)}
    wrong = {}
    if not 3 <= len(values["account"]) <= 60 or not values["account"].isascii() or " " in values["account"]:
        wrong["account"] = _("账号为 3 到 60 个字母、数字或者符号，不含空格")
    if not 1 <= len(values["name"]) <= 60:
        wrong["name"] = _("请填写姓名，最多 60 个字")
    if len(values["phone"]) > 30:
        wrong["phone"] = _("最多 30 个字")
    if wrong:
        raise BadAccount(fields=wrong)
    if Person.objects.filter(account__iexact=values["account"]).exists():
        taken = AccountTaken(account=values["account"])
        raise AccountTaken(account=values["account"], fields={"account": taken.message})
    person = Person.objects.create(password=hashers.make_password(None), **values)
    security.record("account_created", at=at, by=by, about=person)
    return person, passwords.reset(person, at=at)


@transaction.atomic
def give_post(
    person_id: int,
    *,
    role: str,
    window_id: int | None = None,
    authority_id: int | None = None,
    on: datetime.date,
    by: Person,
    at: datetime.datetime,
) -> Post:
    """Give somebody a post from a day on.

    Raises:
        NotYourself, OneAdministrator, AdministratorsApart, HeldAlready, NoSuchPlace, UnknownAccount.
    """
    person = _other(person_id, by=by)
    if role not in Role.values or not _fits(role, window_id=window_id, authority_id=authority_id):
        raise NoSuchPlace(fields={"place": NoSuchPlace().message})
    held = [Role(p.role) for p in posts_of(person)]
    admins = [r for r in held if r in ADMINISTRATORS]
    if role in ADMINISTRATORS and admins and role not in admins:
        raise OneAdministrator(name=person.name, role=admins[0].label)
    if held and (role in ADMINISTRATORS) != bool(admins):
        raise AdministratorsApart()
    where: dict[str, Any] = {"role": role, "window_id": window_id, "authority_id": authority_id}
    if Post.objects.filter(person=person, valid_until_on=None, **where).exists():
        raise HeldAlready(name=person.name)
    post = Post.objects.create(person=person, valid_from_on=on, **where)
    changed_posts(person, "post_given", by=by, at=at, role=role, window=window_id, authority=authority_id)
    return post


def _fits(role: str, *, window_id: int | None, authority_id: int | None) -> bool:
    if role in AT_WINDOW:
        return authority_id is None and Window.objects.filter(id=window_id or 0).exists()
    if role in AT_AUTHORITY:
        kind = AuthorityKind.MANAGEMENT if role == Role.MANAGER else AuthorityKind.DEPARTMENT
        return window_id is None and Authority.objects.filter(id=authority_id or 0, kind=kind).exists()
    return window_id is None and authority_id is None


@transaction.atomic
def take_post(post_id: int, *, on: datetime.date, by: Person, at: datetime.datetime) -> Post:
    """Take a post back from this day on; the row stays, so that what was done under it can be understood.

    Raises:
        UnknownPost, NotYourself.
    """
    post = Post.objects.filter(id=post_id, valid_until_on=None).first()
    if post is None:
        raise UnknownPost()
    person = _other(post.person_id, by=by)
    Post.objects.filter(pk=post.pk).update(valid_until_on=on)
    changed_posts(
        person, "post_taken", by=by, at=at, role=post.role, window=post.window_id, authority=post.authority_id
    )
    return post


def changed_posts(
    person: Person, code: str, *, by: Person | None, at: datetime.datetime, **said: Any
) -> None:
    """Put a change of posts on record, and end what was begun with the posts before: sessions and tokens."""
    security.record(code, at=at, by=by, about=person, **said)
    end_sessions(person)
    operations.revoke_tokens(person, by=by, at=at, why=code)


def end_sessions(person: Person) -> None:
    """End every session of somebody."""
    Person.objects.filter(pk=person.pk).update(session_epoch=F("session_epoch") + 1)


@transaction.atomic
def reset_password(person_id: int, *, by: Person, at: datetime.datetime) -> str:
    """Give somebody a new first password, to be told once and changed at the next sign-in; their sessions end.

    Raises:
        NotYourself, UnknownAccount.
    """
    person = _other(person_id, by=by)
    made = passwords.reset(person, at=at)
    security.record("password_reset", at=at, by=by, about=person)
    operations.revoke_tokens(person, by=by, at=at, why="password_reset")
    return made


@transaction.atomic
def set_active(person_id: int, *, is_active: bool, by: Person, at: datetime.datetime) -> Person:
    """Shut an account, with its sessions and tokens, or open it again.

    Raises:
        NotYourself, UnknownAccount.
    """
    person = _other(person_id, by=by)
    if person.is_active != is_active:
        Person.objects.filter(pk=person.pk).update(is_active=is_active)
        changed_posts(person, "account_on" if is_active else "account_off", by=by, at=at)
    return get(person_id)


@transaction.atomic
def revoke_tokens(person_id: int, *, by: Person, at: datetime.datetime) -> int:
    """End the API tokens of somebody, and give how many there were."""
    return operations.revoke_tokens(get(person_id), by=by, at=at, why="asked")


def _other(person_id: int, *, by: Person) -> Person:
    if person_id == by.pk:
        raise NotYourself()
    person = Person.objects.select_for_update().filter(pk=person_id, kind=PersonKind.STAFF).first()
    if person is None:
        raise UnknownAccount()
    return person
