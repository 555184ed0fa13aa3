"""How often something may be tried: counted in the database, so that every process counts the same.

For sign-in, and for whatever the public may look up by guessing, such as progress by number and last digits:

    limits.spend(PROGRESS, address, at=at)   # raises TooOften
"""

import datetime
from dataclasses import dataclass
from typing import Any

from django.db import connection

from tongban.kernel import crypto, refusals
from tongban.people.models import Tally

_COUNT = """
    INSERT INTO people_tally (what, subject, since_at, count) VALUES (%(what)s, %(subject)s, %(at)s, 1)
    ON CONFLICT (what, subject) DO UPDATE SET
        count = CASE WHEN people_tally.since_at <= %(since)s THEN 1 ELSE people_tally.count + 1 END,
        since_at = CASE WHEN people_tally.since_at <= %(since)s THEN %(at)s ELSE people_tally.since_at END
    RETURNING count
"""


@dataclass(frozen=True)
class Limit:
    """So many tries within so long; the time begins with the first try."""

    name: str
    tries: int
    within: datetime.timedelta


class TooOften(refusals.NotAllowed):
    """尝试次数过多，请{minutes}分钟后再试。"""

    status = 429


def spend(limit: Limit, subject: str, *, at: datetime.datetime) -> None:
    """Count one try by somebody, and refuse it when there were too many.

    Args:
        subject: who tries, e.g. an address; kept as a digest only.
        at: the machine's time.

    Raises:
        TooOften: the limit is reached; trying on does not lengthen the wait.
    """
    if count(limit.name, subject, at=at, within=limit.within) > limit.tries:
        raise TooOften(minutes=max(1, round(limit.within.total_seconds() / 60)))


def count(what: str, subject: str, *, at: datetime.datetime, within: datetime.timedelta) -> int:
    """Count one try, and give how many there were since the first within the time, this one included."""
    values: dict[str, Any] = {"what": what, "subject": digest_of(subject), "at": at, "since": at - within}
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, values)
        row = cursor.fetchone()
    return int(row[0])


def give_back(what: str, subject: str) -> None:
    """Forget the tries of somebody who proved to be right."""
    Tally.objects.filter(what=what, subject=digest_of(subject)).delete()


def digest_of(subject: str) -> bytes:
    """Give the digest under which a subject is counted."""
    return crypto.sm3(f"tally:{subject}".encode())
