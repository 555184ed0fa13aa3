"""Changes of people: tokens for the API, answers kept for repeated writes, practice accounts."""

import datetime
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib.auth import hashers
from django.db import transaction

from tongban.directory.models import Authority, AuthorityKind, Level, Window
from tongban.kernel import crypto, trip
from tongban.people import security
from tongban.people.models import Person, PersonKind, Post, Submission, Token
from tongban.people.roles import Role

TOKEN_LIFE = datetime.timedelta(days=90)


def issue_token(person: Person, *, at: datetime.datetime, life: datetime.timedelta = TOKEN_LIFE) -> str:
    """Make a bearer token for the API and give its secret, which is kept nowhere."""
    secret = f"tb_{secrets.token_urlsafe(32)}"
    Token.objects.create(digest=crypto.sm3(secret.encode()), person=person, made_at=at, expires_at=at + life)
    security.record("token_issued", at=at, about=person, days=life.days)
    return secret


def revoke_tokens(person: Person, *, by: Person | None, at: datetime.datetime, why: str) -> int:
    """End every bearer token of somebody, and give how many there were; `why` is the event that asks for it."""
    count = Token.objects.filter(person=person, revoked_at=None, expires_at__gt=at).update(revoked_at=at)
    if count:
        security.record("tokens_revoked", at=at, by=by, about=person, count=count, why=why)
    return count


def keep_answer(
    person_id: int,
    *,
    key: str,
    request_digest: bytes,
    status: int,
    headers: dict[str, str],
    body: str,
    at: datetime.datetime,
) -> None:
    """Keep the answer of a write in the write's own transaction, so that a repeat gets the same one.

    Raises:
        django.db.IntegrityError: the same write was answered at this very moment by another request.
    """
    row = Submission(
        person_id=person_id,
        key=key,
        request_digest=request_digest,
        status=status,
        headers=headers,
        body=body,
        at=at,
    )
    out = trip.Trip()
    out.insert([row])
    out.send()


PRACTICE_SINCE = datetime.date(2021, 5, 21)
_PRACTICE_NAMES = {
    Role.CLERK: "示例经办人",
    Role.LEAD: "示例窗口负责人",
    Role.MANAGER: "示例管理人员",
    Role.APPROVER: "示例审批人员",
}
_PRACTICE_EVERYWHERE = {
    "group.1": (Role.GROUP, "示例协调小组人员"),
    "group.2": (Role.GROUP, "示例协调小组审核人"),
    "sysadmin": (Role.SYSTEM_ADMIN, "示例系统管理员"),
    "secadmin": (Role.SECURITY_ADMIN, "示例安全管理员"),
    "auditadmin": (Role.AUDIT_ADMIN, "示例审计管理员"),
}


@dataclass(frozen=True)
class _PracticePost:
    account: str
    name: str
    role: Role
    window_id: int | None = None
    authority_id: int | None = None


@transaction.atomic
def load_practice_accounts(password: str) -> int:
    """Load the practice accounts with their posts at the sample windows and authorities of every place.

    `clerk.NNNNNN` and `lead.NNNNNN` at the window of the place, `manager.NNNNNN` at the authority that runs
    it, `reviewer.NN0000` beside it in each province, `approver.NNNNNN` at all its departments; `group.1`,
    `group.2` and the three administrators once. All have the one password; an account of a real person is never touched.

    Returns:
        How many accounts and posts were new or had changed.
    """
    wanted = [*_posts_of_windows(), *_posts_of_authorities()]
    wanted += [_PracticePost(account, name, role) for account, (role, name) in _PRACTICE_EVERYWHERE.items()]
    names = {post.account: post.name for post in wanted}
    taken = set(Person.objects.values_list("account", flat=True))
    changed, hashed = _practice_hash(password)
    people = [
        Person(account=account, name=name, password=hashed, is_practice=True)
        for account, name in names.items()
        if account not in taken
    ]
    Person.objects.bulk_create(people, batch_size=2000)
    ids = dict(Person.objects.filter(is_practice=True).values_list("account", "id"))
    held = set(
        Post.objects.filter(person__is_practice=True).values_list(
            "person_id", "role", "window_id", "authority_id"
        )
    )
    posts = [
        Post(
            person_id=ids[post.account],
            role=post.role,
            window_id=post.window_id,
            authority_id=post.authority_id,
            valid_from_on=PRACTICE_SINCE,
        )
        for post in wanted
        if post.account in ids
        and (ids[post.account], post.role, post.window_id, post.authority_id) not in held
    ]
    Post.objects.bulk_create(posts, batch_size=2000)
    return changed + len(people) + len(posts)


def _practice_hash(password: str) -> tuple[int, str]:
    """Give how many accounts got a new password, and the one hash that all of them share."""
    rows = Person.objects.filter(is_practice=True, kind=PersonKind.STAFF)
    known = rows.values_list("password", flat=True).first()
    if known and hashers.check_password(password, known):
        return 0, known
    hashed = hashers.make_password(password)
    return rows.update(password=hashed), hashed


def _posts_of_windows() -> Iterator[_PracticePost]:
    windows = Window.objects.filter(is_sample=True).select_related("division").order_by("division_id", "id")
    for window in windows:
        for role in (Role.CLERK, Role.LEAD):
            name = f"{_PRACTICE_NAMES[role]}·{window.division.name}"
            yield _PracticePost(f"{role}.{window.division_id[:6]}", name, role, window_id=window.id)


def _posts_of_authorities() -> Iterator[_PracticePost]:
    authorities = (
        Authority.objects.filter(is_sample=True).select_related("division").order_by("division_id", "id")
    )
    for authority in authorities:
        role = Role.MANAGER if authority.kind == AuthorityKind.MANAGEMENT else Role.APPROVER
        name = f"{_PRACTICE_NAMES[role]}·{authority.division.name}"
        yield _PracticePost(f"{role}.{authority.division_id[:6]}", name, role, authority_id=authority.id)
        if role == Role.MANAGER and authority.division.level == Level.PROVINCE:
            # What one drafts another reviews: a province needs two.
            account = f"reviewer.{authority.division_id[:6]}"
            name = f"示例标准审核人·{authority.division.name}"
            yield _PracticePost(account, name, role, authority_id=authority.id)
