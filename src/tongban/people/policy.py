"""The rules of sign-in that an installation sets for itself: one place with their names, bounds and defaults."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tongban.directory import queries as directory
from tongban.directory import rules as directory_rules
from tongban.people.actors import HeldPost
from tongban.people.roles import ADMINISTRATORS

SECOND_FACTOR = "sign_in.second_factor"  # a place's own: whether its staff must have one


@dataclass(frozen=True)
class Number:
    """A number that the security administrator may set: its parameter, what it means, default and bounds."""

    name: str
    label: str | Promise
    default: int
    least: int
    most: int


IDLE_MINUTES = Number("sign_in.idle_minutes", _("无操作自动退出（分钟）"), 30, 5, 240)
LONGEST_HOURS = Number("sign_in.longest_hours", _("一次登录最长（小时）"), 12, 1, 24)
TRIES = Number("sign_in.tries", _("同一账号在同一地址可以输错（次）"), 5, 3, 10)
LOCK_MINUTES = Number("sign_in.lock_minutes", _("锁定时长（分钟）"), 15, 5, 1440)
TRIES_ACCOUNT = Number("sign_in.tries_account", _("同一账号在陌生地址一小时可以尝试（次）"), 30, 10, 100)
TRIES_ADDRESS = Number("sign_in.tries_address", _("同一地址上的陌生账号一小时可以尝试（次）"), 100, 20, 1000)
PASSWORD_LENGTH = Number("sign_in.password_length", _("密码最短（位）"), 10, 8, 64)
PASSWORD_DAYS = Number("sign_in.password_days", _("密码最长使用（天）"), 90, 30, 365)
PASSWORD_HISTORY = Number("sign_in.password_history", _("不能与最近用过的密码相同（个）"), 5, 1, 24)
NUMBERS = (
    IDLE_MINUTES,
    LONGEST_HOURS,
    TRIES,
    LOCK_MINUTES,
    TRIES_ACCOUNT,
    TRIES_ADDRESS,
    PASSWORD_LENGTH,
    PASSWORD_DAYS,
    PASSWORD_HISTORY,
)


def value(number: Number) -> int:
    """Give a number as it is set now; one out of bounds counts as not set."""
    found = directory.parameter(number.name, number.default)
    fits = isinstance(found, int) and number.least <= found <= number.most
    return found if fits else number.default


def asks_factor(code: str) -> bool:
    """Say whether staff of a division must have a second factor: it is asked of it, or of one that holds it."""
    return any(
        directory.parameter(SECOND_FACTOR, False, code=one) is True for one in directory_rules.chain_of(code)
    )


def needs_factor(posts: Iterable[HeldPost]) -> bool:
    """Say whether somebody with these posts must sign in with a second factor.

    The three administrators must, except in practice mode, where everybody knows the one password and no
    real case is at stake; others where their place, its city or its province is asked to.
    """
    for post in posts:
        if post.role in ADMINISTRATORS:
            if settings.TONGBAN_ADMINISTRATORS_NEED_FACTOR:
                return True
        elif asks_factor(post.division_code):
            return True
    return False
