"""The second factor: six digits that a phone makes of a shared secret, and codes for when the phone is lost."""

import base64
import datetime
import secrets

from django.db import transaction
from django_otp.oath import TOTP

from tongban.kernel import keyring, refusals
from tongban.people import security
from tongban.people.models import Person, RecoveryCode, SecondFactor

ISSUER = "通办"
CODES = 10
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that is read for something else


class WrongCode(refusals.Incomplete):
    """验证码不正确或者已经用过。请输入手机上现在显示的六位数字，或者一个没有用过的恢复码。"""


class NotBegun(refusals.OutOfTurn):
    """第二验证还没有开始设置，或者已经启用。请回到账号页面重新开始。"""


class FactorRequired(refusals.NotAllowed):
    """您的岗位必须使用第二验证，不能停用。更换手机请先请安全管理员停用，再重新设置。"""


def is_on(person: Person) -> bool:
    """Say whether somebody signs in with a second factor."""
    return SecondFactor.objects.filter(person=person, confirmed_at__isnull=False).exists()


def begin(person: Person) -> None:
    """Make a secret that counts once a code of it was shown; an earlier one that was not confirmed goes.

    Raises:
        NotBegun: a second factor is on already.
    """
    if is_on(person):
        raise NotBegun()
    secret = base64.b32encode(secrets.token_bytes(20)).decode()
    SecondFactor.objects.update_or_create(
        person=person,
        defaults={
            "secret_sealed": keyring.current().seal_text(secret, about=_about(person)),
            "last_step": 0,
        },
    )


def secret_to_scan(person: Person) -> str:
    """Give the secret of a factor that is being set up, empty when none is."""
    row = SecondFactor.objects.filter(person=person, confirmed_at=None).first()
    return _secret(row) if row else ""


def address_to_scan(person: Person, secret: str) -> str:
    """Give what the QR code says to the phone."""
    return f"otpauth://totp/{ISSUER}:{person.account}?secret={secret}&issuer={ISSUER}&digits=6&period=30"


@transaction.atomic
def confirm(person: Person, *, code: str, at: datetime.datetime, address: str = "") -> list[str]:
    """Turn the second factor on with a first code, and give the recovery codes, which are shown only now.

    Raises:
        NotBegun: nothing is being set up.
        WrongCode: the code is not of this secret.
    """
    row = SecondFactor.objects.select_for_update().filter(person=person, confirmed_at=None).first()
    if row is None:
        raise NotBegun()
    if not _spend_code(row, code, at=at):
        raise _wrong()
    SecondFactor.objects.filter(pk=row.pk).update(confirmed_at=at)
    security.record("factor_on", at=at, by=person, address=address)
    return _new_recovery_codes(person)


def check(person: Person, *, code: str, at: datetime.datetime, address: str = "") -> None:
    """Let a code of the phone, or a recovery code, count once.

    Raises:
        WrongCode: it is neither, or was used.
    """
    row = SecondFactor.objects.filter(person=person, confirmed_at__isnull=False).first()
    if row and _spend_code(row, code, at=at):
        return
    digest = _digest(code)
    fresh = RecoveryCode.objects.filter(person=person, digest=digest, used_at=None)
    if row and fresh.update(used_at=at):
        security.record("recovery_used", at=at, by=person, address=address)
        return
    security.record("code_failed", at=at, by=person, address=address)
    raise _wrong()


@transaction.atomic
def renew_recovery_codes(person: Person) -> list[str]:
    """Make new recovery codes instead of those there were, and give them; they are shown only now."""
    return _new_recovery_codes(person)


def codes_left(person: Person) -> int:
    """Give how many recovery codes have not been used."""
    return RecoveryCode.objects.filter(person=person, used_at=None).count()


@transaction.atomic
def turn_off(person: Person, *, by: Person, at: datetime.datetime, address: str = "") -> bool:
    """Take the second factor away, and tell whether there was one; who must have one sets it up again next."""
    SecondFactor.objects.filter(person=person, confirmed_at=None).delete()
    gone, _rows = SecondFactor.objects.filter(person=person).delete()
    RecoveryCode.objects.filter(person=person).delete()
    if gone:
        security.record("factor_off", at=at, by=by, about=person, address=address)
    return bool(gone)


def _new_recovery_codes(person: Person) -> list[str]:
    RecoveryCode.objects.filter(person=person).delete()
    codes = ["".join(secrets.choice(_ALPHABET) for _place in range(10)) for _code in range(CODES)]
    RecoveryCode.objects.bulk_create([RecoveryCode(person=person, digest=_digest(c)) for c in codes])
    return [f"{c[:5]}-{c[5:]}" for c in codes]


def _spend_code(row: SecondFactor, code: str, *, at: datetime.datetime) -> bool:
    """Tell whether six digits fit now or half a minute ago or ahead, and were not used; from now on they are."""
    digits = "".join(code.split())
    if not (len(digits) == 6 and digits.isascii() and digits.isdecimal()):
        return False
    clock = TOTP(base64.b32decode(_secret(row)))
    clock.time = at.timestamp()
    if not clock.verify(int(digits), tolerance=1, min_t=row.last_step + 1):
        return False
    used = SecondFactor.objects.filter(pk=row.pk, last_step__lt=clock.t()).update(last_step=clock.t())
    return bool(used)


def _secret(row: SecondFactor) -> str:
    return keyring.current().open_text(bytes(row.secret_sealed), about=_about(row.person))


def _about(person: Person) -> str:
    return f"factor:{person.pk}"


def _digest(code: str) -> bytes:
    return keyring.current().lookup_digest(f"recovery {code}")


def _wrong() -> WrongCode:
    return WrongCode(fields={"code": WrongCode().message})
