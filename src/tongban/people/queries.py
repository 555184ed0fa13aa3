"""Reads of people: who acts with which posts, whose token this is."""

import datetime
from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from tongban.kernel import compiled, crypto, trip, worktime
from tongban.people.actors import Actor, HeldPost, Party, PartyKind, Standing
from tongban.people.models import (
    Applicant,
    Enterprise,
    Mandate,
    Person,
    PersonKind,
    Post,
    RealName,
    Submission,
    Token,
    Training,
)
from tongban.people.roles import Role


def actor_of(person: Person, *, on: datetime.date) -> Actor:
    """Give a person as somebody who acts: staff with the posts held on a day, in one query; an applicant in three."""
    if person.kind == PersonKind.APPLICANT:
        return Actor(id=person.pk, name=person.name, standing=_standing(person, on=on))
    return Actor(id=person.pk, name=person.name, posts=tuple(_held(p) for p in _posts(person.pk, on)))


def _posts_on(on: datetime.date, **whose: Any) -> QuerySet[Post]:
    rows = Post.objects.filter(valid_from_on__lte=on, **whose)
    rows = rows.filter(Q(valid_until_on=None) | Q(valid_until_on__gt=on))
    return rows.select_related("window__division", "authority__division").order_by("id")


_posts = compiled.Read(lambda person_id, on: _posts_on(on, person=person_id), int, datetime.date)
_posts_of_token = compiled.Read(
    lambda digest, at, on: _posts_on(on, person__in=_valid_tokens(digest, at).values("person")),
    bytes,
    datetime.datetime,
    datetime.date,
)


def _standing(person: Person, *, on: datetime.date) -> Standing:
    """Give for whom an applicant may act on a day: themselves first, then their enterprises, then by mandate."""
    applicant = Applicant.objects.get(person=person)
    is_checked = applicant.level == RealName.CHECKED
    digest = bytes(applicant.identity_digest) if is_checked else b""
    own = Party(PartyKind.OWN, person.pk, person.name, digest)
    parties = {own.key: own}
    for enterprise in Enterprise.objects.filter(legal_representative=person).order_by("id"):
        party = Party(PartyKind.ENTERPRISE, enterprise.id, enterprise.name, bytes(enterprise.code_digest))
        parties[party.key] = party
    mandates = (
        Mandate.objects.filter(agent=person, ended_at=None, valid_until_on__gte=on, accepted_at__isnull=False)
        .select_related("enterprise", "principal__applicant")
        .order_by("id")
    )
    for mandate in mandates:
        party = _party_of(mandate)
        parties.setdefault(party.key, party)
    return Standing(tuple(parties.values()), own, is_checked)


def _party_of(mandate: Mandate) -> Party:
    items = frozenset(int(i) for i in mandate.items) or None
    if mandate.enterprise:
        enterprise = mandate.enterprise
        digest = bytes(enterprise.code_digest)
        return Party(PartyKind.ENTERPRISE, enterprise.id, enterprise.name, digest, items, mandate.id)
    principal = mandate.principal
    assert principal is not None
    checked = principal.applicant.level == RealName.CHECKED
    digest = bytes(principal.applicant.identity_digest) if checked else b""
    return Party(PartyKind.RELATIVE, principal.pk, principal.name, digest, items, mandate.id)


def _held(post: Post) -> HeldPost:
    held_at = post.window or post.authority
    division = held_at.division if held_at else None
    return HeldPost(
        role=Role(post.role),
        window_id=post.window_id,
        authority_id=post.authority_id,
        place=held_at.name if held_at else _("西南五省"),
        division_code=division.code if division else "",
        division_prefix=division.prefix if division else "",
    )


def of_token(
    secret: str, *, at: datetime.datetime, key: str = ""
) -> tuple[Person, Actor, Submission | None] | None:
    """Give whose bearer token this is, as somebody who acts now, and what a write under a key got, in one trip.

    None when the token is unknown, expired or revoked, or the person inactive.
    """
    digest, on = crypto.sm3(secret.encode()), at.astimezone(worktime.BEIJING).date()
    answer = [_answer_of_token.asked(digest, at, key)] if key else []
    people, posts, *answers = trip.read(
        _token.asked(digest, at), _posts_of_token.asked(digest, at, on), *answer
    )
    if not people:
        return None
    person: Person = people[0].person
    if person.kind == PersonKind.APPLICANT:
        actor = actor_of(person, on=on)
    else:
        actor = Actor(id=person.pk, name=person.name, posts=tuple(_held(p) for p in posts))
    return person, actor, next(iter(answers[0]), None) if answers else None


def _valid_tokens(digest: bytes, at: datetime.datetime) -> QuerySet[Token]:
    return Token.objects.filter(digest=digest, expires_at__gt=at, revoked_at=None, person__is_active=True)


_token = compiled.Read(
    lambda digest, at: _valid_tokens(digest, at).select_related("person"), bytes, datetime.datetime
)


def answer_to(person_id: int, key: str) -> Submission | None:
    """Give the answer that a write with this idempotency key already got, if any."""
    return _answer.first(person_id, key)


_answer = compiled.Read(
    lambda person_id, key: Submission.objects.filter(person_id=person_id, key=key), int, str
)
_answer_of_token = compiled.Read(
    lambda digest, at, key: Submission.objects.filter(
        person__in=_valid_tokens(digest, at).values("person"), key=key
    ),
    bytes,
    datetime.datetime,
    str,
)


def active_person(account: str) -> Person | None:
    """Give the one of the staff whose account it is and who is active, None when there is none."""
    return Person.objects.filter(account=account.strip(), is_active=True, kind=PersonKind.STAFF).first()


def roles_of(person_ids: Iterable[int]) -> Callable[[int, str, datetime.date], Role | None]:
    """Read the posts of people once, and give what tells in which role somebody was at a place on a day."""
    posts: dict[int, list[Post]] = {}
    rows = Post.objects.filter(person_id__in=set(person_ids)).select_related("window", "authority")
    for post in rows.order_by("id"):
        posts.setdefault(post.person_id, []).append(post)

    def role_at(person_id: int, place: str, on: datetime.date) -> Role | None:
        for post in posts.get(person_id, []):
            held_at = post.window or post.authority
            was_there = post.valid_from_on <= on and (post.valid_until_on is None or post.valid_until_on > on)
            if was_there and (held_at is None or not place or held_at.name == place):
                return Role(post.role)
        return None

    return role_at


def staff_of(window_ids: Iterable[int], *, on: datetime.date) -> list[Post]:
    """Give the posts held at windows on a day, leads first, each with its person and their trainings."""
    rows = (
        Post.objects.filter(window_id__in=list(window_ids), person__is_active=True, valid_from_on__lte=on)
        .filter(Q(valid_until_on=None) | Q(valid_until_on__gt=on))
        .select_related("person")
        .prefetch_related(Prefetch("person__trainings", queryset=Training.objects.order_by("-passed_on")))
        .order_by("window_id", "id")
    )
    return sorted(rows, key=lambda post: post.role != Role.LEAD)
