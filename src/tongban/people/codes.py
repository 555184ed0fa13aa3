"""One-time codes: six digits that prove who holds a phone or reads an e-mail address (F2, S2).

A code lives for five minutes, stands five tries and counts once; a newer one replaces it. Only its digest is
kept, under a digest of the phone. How it reaches people is not known here: whoever can send registers in SENDERS.
"""

import datetime
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import F

from tongban.kernel import numbers, refusals
from tongban.people import applicants, gate, identity, limits, security
from tongban.people.models import Applicant, OneTimeCode

LIFE = datetime.timedelta(minutes=5)
TRIES = 5
SIGN_IN, EMAIL = "sign_in", "email"
PER_PHONE = limits.Limit("code.phone", 5, datetime.timedelta(minutes=15))
PER_ADDRESS = limits.Limit("code.address", 60, datetime.timedelta(hours=1))
_MOBILE = re.compile(r"1\d{10}")


@dataclass(frozen=True)
class Outgoing:
    """A code on its way: what for, to which phone or e-mail address, and until when it counts."""

    what: str
    to: str
    digits: str
    until_at: datetime.datetime


# Whoever can bring a code to people; called inside the transaction that makes it. See config/subscriptions.py.
SENDERS: list[Callable[[Outgoing], None]] = []


class WrongCode(refusals.NotAllowed):
    """验证码不正确，或者已经失效。请核对最近一条短信里的六位数字，或者重新获取。"""

    status = 422


class MobileOnly(refusals.Incomplete):
    """请填写 11 位手机号码，验证码通过短信发送。"""


class NoSender(refusals.Conflict):
    """短信验证码暂时不能发送。请使用统一身份认证登录，或者到窗口办理。"""

    status = 503


class SwitchedOff(refusals.NotAllowed):
    """这个账号已经停用。需要恢复的，请持身份证件到窗口办理。"""


def check_mobile(text: str) -> str:
    """Give a mobile number as 11 digits.

    Raises:
        numbers.PhoneWrong, MobileOnly: it is none, with the field `phone` named.
    """
    try:
        number = numbers.check_phone(text)
    except refusals.Refusal as refused:
        refused.fields.setdefault("phone", refused.message)
        raise
    if not _MOBILE.fullmatch(number):
        raise MobileOnly(fields={"phone": MobileOnly().message})
    return number


def send(*, phone: str, address: str, at: datetime.datetime) -> str:
    """Send a sign-in code to a phone; the same happens whether it has an account or not.

    Returns:
        The digits in practice mode, where they are shown on the page; empty otherwise.

    Raises:
        numbers.PhoneWrong, MobileOnly: with the field named.
        limits.TooOften: too many for this phone or from this address.
        NoSender: nobody here can send messages.
    """
    number = check_mobile(phone)
    return issue(SIGN_IN, number, subject=number, address=address, at=at)


def issue(what: str, to: str, *, subject: str, address: str, at: datetime.datetime) -> str:
    """Make a code and have it sent; an older one for the same subject counts no more.

    Args:
        subject: what the code is good for: the phone, or an account with the e-mail address it wants.

    Raises:
        limits.TooOften, NoSender: as `send`.
    """
    if not SENDERS and not settings.TONGBAN_PRACTICE:
        raise NoSender()
    limits.spend(PER_ADDRESS, address, at=at)
    limits.spend(PER_PHONE, _subject(what, subject).hex(), at=at)
    digits = f"{secrets.randbelow(1_000_000):06d}"
    with transaction.atomic():
        OneTimeCode.objects.update_or_create(
            what=what,
            subject_digest=_subject(what, subject),
            defaults={
                "digest": _digest(what, subject, digits),
                "made_at": at,
                "until_at": at + LIFE,
                "tries": 0,
                "used_at": None,
            },
        )
        for sender in SENDERS:
            sender(Outgoing(what=what, to=to, digits=digits, until_at=at + LIFE))
    return digits if settings.TONGBAN_PRACTICE else ""


def spend(what: str, *, subject: str, digits: str, at: datetime.datetime) -> bool:
    """Tell whether a code is right, and use it up: of two who send it at once, one is told so.

    Every try is counted before it is looked at.
    """
    rows = OneTimeCode.objects.filter(
        what=what, subject_digest=_subject(what, subject), used_at=None, until_at__gt=at
    )
    if not rows.filter(tries__lt=TRIES).update(tries=F("tries") + 1):
        return False
    plain = re.sub(r"\s", "", digits)[:12]
    return bool(rows.filter(digest=_digest(what, subject, plain)).update(used_at=at))


def enter(*, phone: str, digits: str, address: str, at: datetime.datetime) -> Applicant:
    """Give the account of whoever proves with a code to hold a phone, made on the first time.

    Raises:
        numbers.PhoneWrong, MobileOnly: it is no mobile number.
        gate.Shut: too many tries.
        WrongCode: it does not fit, is too old, or was used.
        SwitchedOff: the account was closed.
    """
    number = check_mobile(phone)
    known = applicants.by_phone(number)
    gate.let_try(known.person.account if known else _stranger(number), address=address, at=at)
    if not spend(SIGN_IN, subject=number, digits=digits, at=at):
        if known:
            security.record("code_failed", at=at, about=known.person, address=address)
        raise WrongCode(fields={"code": WrongCode().message})
    row = applicants.find_or_make(phone=number, at=at)
    if not row.person.is_active:
        raise SwitchedOff()
    limits.give_back(PER_PHONE.name, _subject(SIGN_IN, number).hex())
    return row


def forget_old(*, at: datetime.datetime) -> None:
    """Delete codes that count no more."""
    OneTimeCode.objects.filter(until_at__lt=at - datetime.timedelta(days=1)).delete()


def _stranger(number: str) -> str:
    return f"phone-{identity.digest(number).hex()[:32]}"


def _subject(what: str, subject: str) -> bytes:
    return identity.digest(f"{what}:{subject}")


def _digest(what: str, subject: str, digits: str) -> bytes:
    return identity.digest(f"{what}:{subject}:{digits}")
