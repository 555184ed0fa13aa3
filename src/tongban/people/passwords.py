"""What a password must be like, when it must change, and how it does."""

import datetime
import secrets
from typing import Any

from django.contrib.auth import hashers, password_validation
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from tongban.kernel import refusals
from tongban.people import policy, security
from tongban.people.models import OldPassword, Person

_KINDS = (str.islower, str.isupper, str.isdecimal)
_TEMPORARY = "23456789abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ"


class WrongOld(refusals.Incomplete):
    """现在的密码不正确。"""


class NotTheSame(refusals.Incomplete):
    """两次输入的新密码不一样。"""


class Weak(refusals.Incomplete):
    """新密码不符合要求：{why}"""


class Length:
    """At least as long as the policy says."""

    def validate(self, password: str, user: Any = None) -> None:
        """Refuse a shorter one."""
        least = policy.value(policy.PASSWORD_LENGTH)
        if len(password) < least:
            raise ValidationError(_("至少{least}位。").format(least=least))
        if len(password) > 128:
            raise ValidationError(_("最多128位。"))

    def get_help_text(self) -> str:
        return _("至少{least}位").format(least=policy.value(policy.PASSWORD_LENGTH))


class Kinds:
    """Three of four: small letters, capitals, digits, signs."""

    def validate(self, password: str, user: Any = None) -> None:
        """Refuse one of fewer kinds of characters."""
        found = sum(any(kind(c) for c in password) for kind in _KINDS)
        found += any(not c.isalnum() or ord(c) > 127 for c in password)
        if found < 3 or len(set(password)) < 5:
            raise ValidationError(self.get_help_text() + "。")

    def get_help_text(self) -> str:
        return _("小写字母、大写字母、数字、符号至少用三种，不同的字符至少五个")


class NotAboutThem:
    """Without the account, the name or the phone number of the person."""

    def validate(self, password: str, user: Any = None) -> None:
        """Refuse one that contains what others know of the person."""
        known = [getattr(user, name, "") for name in ("account", "name", "phone")]
        if any(len(word) > 2 and word.lower() in password.lower() for word in known):
            raise ValidationError(self.get_help_text() + "。")

    def get_help_text(self) -> str:
        return _("不能包含账号、姓名或者电话")


class NotRecent:
    """Not the present one, nor one of those before."""

    def validate(self, password: str, user: Any = None) -> None:
        """Refuse one that the person has used lately."""
        if not isinstance(user, Person) or user.pk is None:
            return
        number = policy.value(policy.PASSWORD_HISTORY)
        before = OldPassword.objects.filter(person=user).order_by("-id").values_list("encoded", flat=True)
        if any(hashers.check_password(password, encoded) for encoded in [user.password, *before[:number]]):
            raise ValidationError(self.get_help_text() + "。")

    def get_help_text(self) -> str:
        return _("不能与现在的和最近{number}个密码相同").format(number=policy.value(policy.PASSWORD_HISTORY))


def must_change(person: Person, *, at: datetime.datetime) -> bool:
    """Say whether somebody must choose a new password: nobody chose the present one, or it is too old.

    Practice accounts share one password, which is nobody's secret: it does not grow old.
    """
    if person.is_practice and person.password_changed_at is None:
        return False
    oldest = at - datetime.timedelta(days=policy.value(policy.PASSWORD_DAYS))
    return person.password_changed_at is None or person.password_changed_at < oldest


@transaction.atomic
def change(
    person: Person, *, old: str, new: str, again: str, at: datetime.datetime, address: str = ""
) -> None:
    """Give somebody the password that they chose; every other session of theirs ends.

    Raises:
        WrongOld, NotTheSame, Weak: with the field named.
    """
    if not person.check_password(old):
        raise WrongOld(fields={"old": WrongOld().message})
    if new != again:
        raise NotTheSame(fields={"again": NotTheSame().message})
    try:
        password_validation.validate_password(new, person)
    except ValidationError as wrong:
        why = "".join(wrong.messages)
        raise Weak(why=why, fields={"new": why}) from None
    _set(person, new, changed_at=at, at=at)
    security.record("password_changed", at=at, by=person, address=address)


@transaction.atomic
def reset(person: Person, *, at: datetime.datetime) -> str:
    """Give somebody a password that holds until they sign in and choose their own; gives it to be told once."""
    made = "-".join("".join(secrets.choice(_TEMPORARY) for _place in range(4)) for _part in range(4))
    _set(person, made, changed_at=None, at=at)
    return made


def _set(
    person: Person, password: str, *, changed_at: datetime.datetime | None, at: datetime.datetime
) -> None:
    if person.has_usable_password() and person.password:
        OldPassword.objects.create(person=person, encoded=person.password, until_at=at)
    kept = OldPassword.objects.filter(person=person).order_by("-id").values_list("id", flat=True)
    OldPassword.objects.filter(person=person).exclude(
        id__in=list(kept[: policy.PASSWORD_HISTORY.most])
    ).delete()
    person.set_password(password)
    person.password_changed_at = changed_at
    person.save(update_fields=["password", "password_changed_at"])
