"""Where sessions are kept: in the database, each with whose it is, so that people can see and end their own."""

import datetime
from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db

from tongban.kernel import crypto
from tongban.people.models import Person, Session

BEGAN, SEEN, ADDRESS, DEVICE = "began", "seen", "address", "device"
HANDLE_LENGTH = 16


class SessionStore(db.SessionStore):
    """Django's store in the database, which also notes whose session it is and from where."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        row = cast(Session, super().create_model_instance(data))
        who = str(data.get(SESSION_KEY, ""))
        row.person_id = int(who) if who.isdecimal() else None
        row.began_at, row.seen_at = _moment(data.get(BEGAN)), _moment(data.get(SEEN))
        row.address, row.device = str(data.get(ADDRESS, "")), str(data.get(DEVICE, ""))
        return row


def _moment(seconds: Any) -> datetime.datetime | None:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC) if seconds else None


def handle_of(session_key: str) -> str:
    """Give the name by which a page speaks of a session without giving away its key."""
    return crypto.sm3(f"session:{session_key}".encode()).hex()[:HANDLE_LENGTH]


def sessions_of(person: Person, *, at: datetime.datetime) -> list[Session]:
    """Give the sessions of a person that are alive, the one used last first."""
    rows = Session.objects.filter(person=person, expire_date__gt=at)
    return sorted(rows, key=lambda row: row.seen_at or row.expire_date, reverse=True)
