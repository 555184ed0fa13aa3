"""What identifies somebody who applies: the kinds of applicants and numbers, and what is right about a number."""

import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from tongban.kernel import keyring, numbers


class ApplicantKind(models.TextChoices):
    PERSON = "person", _("自然人")
    ORGANISATION = "organisation", _("法人或其他组织")


class IdentityKind(models.TextChoices):
    RESIDENT = "resident", _("居民身份证")
    PASSPORT = "passport", _("护照")
    HK_MACAO = "hk_macao", _("港澳居民来往内地通行证")
    TAIWAN = "taiwan", _("台湾居民来往大陆通行证")
    RESIDENCE_PERMIT = "residence_permit", _("港澳台居民居住证")
    CREDIT_CODE = "credit_code", _("统一社会信用代码")


def check(kind: str, text: str, *, on: datetime.date) -> str:
    """Give an identity number of a kind in its plain form, or refuse it with what is wrong about it.

    Raises:
        numbers.InvalidNumber: one of its subclasses, by the kind of number.
    """
    if kind == IdentityKind.RESIDENT:
        return numbers.check_identity_number(text, on=on)
    if kind == IdentityKind.CREDIT_CODE:
        return numbers.check_credit_code(text)
    if kind == IdentityKind.RESIDENCE_PERMIT:
        return numbers.check_residence_permit(text, on=on)
    if kind == IdentityKind.HK_MACAO:
        return numbers.check_hong_kong_macao_permit(text)
    if kind == IdentityKind.TAIWAN:
        return numbers.check_taiwan_permit(text)
    return numbers.check_passport(text)


def digest(number: str) -> bytes:
    """Give the 32 bytes under which a number is found again; the same for an account and for a case."""
    return keyring.current().lookup_digest(number)


def sealed(text: str, *, about: str) -> bytes:
    """Encrypt what is kept about a person; nothing stays nothing."""
    return keyring.current().seal_text(text, about=about) if text else b""


def opened(kept: bytes, *, about: str) -> str:
    """Give back what `sealed` made."""
    return keyring.current().open_text(bytes(kept), about=about) if kept else ""
