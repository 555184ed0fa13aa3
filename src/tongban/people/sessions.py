"""Where sessions are kept: in the database, each with whose it is, so that people can see and end their own."""

import datetime
from typing import Any, cast

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends import db
from django.utils import timezone

from tongban.kernel import compiled, crypto
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

    def _get_session_from_db(self) -> Session | None:
        """Give the row of this session; every page asks for it. None when it is unknown or over."""
        row = _session.first(self.session_key or "", timezone.now())
        if row is None:
            self._session_key = None
        return row


_session = compiled.Read(
    lambda key, at: Session.objects.filter(session_key=key, expire_date__gt=at), str, datetime.datetime
)


class Accounts(ModelBackend):
    """Django's sign-in by password; who a session belongs to is asked by every page."""

    def get_user(self, user_id: int) -> Person | None:
        """Give the person of a session, None when there is none or they are no longer active."""
        person = _person.first(int(user_id))
        return person if person is not None and self.user_can_authenticate(person) else None


_person = compiled.Read(lambda person_id: Person.objects.filter(id=person_id), int)


def _moment(seconds: Any) -> datetime.datetime | None:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC) if seconds else None


def handle_of(session_key: str) -> str:
    """Give the name by which a page speaks of a session without giving away its key."""
    return crypto.sm3(f"session:{session_key}".encode()).hex()[:HANDLE_LENGTH]


def sessions_of(person: Person, *, at: datetime.datetime) -> list[Session]:
    """Give the sessions of a person that are alive, the one used last first."""
    rows = Session.objects.filter(person=person, expire_date__gt=at)
    return sorted(rows, key=lambda row: row.seen_at or row.expire_date, reverse=True)
