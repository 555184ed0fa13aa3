"""Who may try to sign in, and when an account or an address is shut.

Tries are counted before the password is looked at, so that many at once are no more than one after the
other; who gets in gives them back. Three counts shut three things:

* the account at that address: the usual five wrong passwords;
* the account at addresses from which it never signed in: guessing one account from many places;
* the address for accounts that never signed in from it: guessing many accounts from one place.

So nobody outside can shut out a hall: an account at an address from which it has signed in before is shut
only by its own tries there. An account that does not exist is counted and shut like one that does.
"""

import datetime
import math

from django.contrib.auth import authenticate
from django.db.models import Q
from django.http import HttpRequest

from tongban.kernel import refusals
from tongban.people import limits, policy, security
from tongban.people.models import KnownAddress, Lockout, LockoutKind, Person, Tally

_PAIR, _ACCOUNT, _ADDRESS = "sign_in.pair", "sign_in.account", "sign_in.address"
_HOUR = datetime.timedelta(hours=1)
KNOWN_FOR = datetime.timedelta(days=90)


class Shut(refusals.NotAllowed):
    """尝试次数过多，暂时不能登录。请{minutes}分钟后再试，或者请安全管理员解锁。"""

    status = 429


class WrongPassword(refusals.NotAllowed):
    """账号或者密码不正确。请核对大小写后重新输入；忘记密码请联系系统管理员。"""


class UnknownLockout(refusals.NotFound):
    """没有这条锁定记录，或者已经解锁。请刷新后查看。"""


def let_try(account: str, *, address: str, at: datetime.datetime) -> None:
    """Count a try to sign in, before anything is checked.

    Raises:
        Shut: the account, the address, or the one from the other is shut now.
    """
    name = account.strip()
    digest = limits.digest_of(name)
    _refuse_shut(digest, address=address, at=at)
    lock = datetime.timedelta(minutes=policy.value(policy.LOCK_MINUTES))
    if limits.count(_PAIR, _pair(digest, address), at=at, within=lock) > policy.value(policy.TRIES):
        _shut(LockoutKind.PAIR, name, address=address, at=at)
    if KnownAddress.objects.filter(
        account_digest=digest, address=address, last_at__gt=at - KNOWN_FOR
    ).exists():
        return
    if limits.count(_ACCOUNT, digest.hex(), at=at, within=_HOUR) > policy.value(policy.TRIES_ACCOUNT):
        _shut(LockoutKind.ACCOUNT, name, address="", at=at)
    if limits.count(_ADDRESS, address, at=at, within=_HOUR) > policy.value(policy.TRIES_ADDRESS):
        _shut(LockoutKind.ADDRESS, "", address=address, at=at)


def check_password(
    request: HttpRequest, *, account: str, password: str, address: str, at: datetime.datetime
) -> Person:
    """Give the person of an account and password.

    Unknown, inactive and mistyped get the same answer after the same work.

    Raises:
        Shut: too many tries.
        WrongPassword: they do not fit.
    """
    let_try(account, address=address, at=at)
    person = authenticate(request, username=account.strip(), password=password)
    if person is None:
        tried_as = Person.objects.filter(account=account.strip()).first()
        security.record("sign_in_failed", at=at, about=tried_as, address=address)
        raise WrongPassword()
    return person


def let_in(person: Person, *, address: str, at: datetime.datetime) -> None:
    """Note that somebody proved who they are: their tries count no more, and the address is known."""
    forgive(person, address=address)
    KnownAddress.objects.update_or_create(
        account_digest=limits.digest_of(person.account), address=address, defaults={"last_at": at}
    )
    security.record("sign_in", at=at, by=person, address=address)


def forgive(person: Person, *, address: str) -> None:
    """Forget the tries of somebody who proved to be right."""
    digest = limits.digest_of(person.account)
    limits.give_back(_PAIR, _pair(digest, address))
    limits.give_back(_ACCOUNT, digest.hex())


def _pair(account_digest: bytes, address: str) -> str:
    return f"{account_digest.hex()}|{address}"


def _refuse_shut(digest: bytes, *, address: str, at: datetime.datetime) -> None:
    known = Q(account_digest=digest, address=address)
    row = (
        Lockout.objects.filter(until_at__gt=at, ended_at=None)
        .filter(
            known
            | Q(account_digest=digest, kind=LockoutKind.ACCOUNT)
            | Q(address=address, kind=LockoutKind.ADDRESS)
        )
        .order_by("kind")  # "pair" last: it alone holds also where the account is known
        .last()
    )
    if row is None:
        return
    is_at_home = KnownAddress.objects.filter(
        account_digest=digest, address=address, last_at__gt=at - KNOWN_FOR
    ).exists()
    if row.kind == LockoutKind.PAIR or not is_at_home:
        raise _shut_until(row, at=at)


def _shut(kind: LockoutKind, account: str, *, address: str, at: datetime.datetime) -> None:
    person = Person.objects.filter(account=account).first() if account else None
    row = Lockout.objects.create(
        kind=kind,
        account_digest=limits.digest_of(account),
        account=person.account if person else "",
        address=address,
        at=at,
        until_at=at + datetime.timedelta(minutes=policy.value(policy.LOCK_MINUTES)),
    )
    security.record("locked", at=at, about=person, address=address, kind=str(kind))
    raise _shut_until(row, at=at)


def _shut_until(row: Lockout, *, at: datetime.datetime) -> Shut:
    return Shut(minutes=math.ceil((row.until_at - at).total_seconds() / 60))


def unlock(lockout_id: int, *, by: Person, at: datetime.datetime) -> Lockout:
    """Open what was shut, and forget the tries that shut it.

    Raises:
        UnknownLockout: there is none, or it is over.
    """
    row = Lockout.objects.filter(id=lockout_id, until_at__gt=at, ended_at=None).first()
    if row is None:
        raise UnknownLockout()
    Lockout.objects.filter(id=row.id).update(ended_at=at, ended_by=by.account)
    for what, subject in (
        (_PAIR, _pair(bytes(row.account_digest), row.address)),
        (_ACCOUNT, bytes(row.account_digest).hex()),
        (_ADDRESS, row.address),
    ):
        limits.give_back(what, subject)
    about = Person.objects.filter(account=row.account).first() if row.account else None
    security.record("unlocked", at=at, by=by, about=about, address=row.address, kind=row.kind)
    return row


def lockouts(*, at: datetime.datetime) -> list[Lockout]:
    """Give what is shut now, the latest first, at most 200."""
    return list(Lockout.objects.filter(until_at__gt=at, ended_at=None).order_by("-id")[:200])


def forget_old(*, at: datetime.datetime) -> None:
    """Delete tallies and known addresses that count no more; lockouts stay for a year."""
    day = datetime.timedelta(days=1)
    Tally.objects.filter(since_at__lt=at - 2 * day).delete()
    KnownAddress.objects.filter(last_at__lt=at - KNOWN_FOR).delete()
    Lockout.objects.filter(until_at__lt=at - 366 * day).delete()
