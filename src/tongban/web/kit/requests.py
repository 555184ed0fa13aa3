"""What every view needs to know about a request: who acts, when, and with which idempotency key."""

import datetime
from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from tongban.directory import queries as directory
from tongban.kernel import ids, worktime
from tongban.people import queries as people
from tongban.people.actors import Actor
from tongban.people.models import Person, Submission

PARTY = "party"  # in the session: the key of the one for whom an applicant acts
KEY_FIELD = "_key"  # a form's idempotency key; programs send the header instead
KEY_HEADER = "Idempotency-Key"
NOBODY = Actor(id=0, name="")


class TongbanRequest(HttpRequest):
    """A request that knows who acts: what views are given."""

    actor: Actor


class RequestMiddleware:
    """Lets each request know who acts; posts are read when a view first asks, once a request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        cast(Any, request).actor = SimpleLazyObject(lambda: _actor(request))
        return self.get_response(request)


def _actor(request: HttpRequest) -> Actor:
    person = getattr(request, "user", None)
    if person is None or not person.is_authenticated:
        return NOBODY
    actor = person_acting(cast(Person, person), at=time_of(request))
    return actor.acting_for(request.session.get(PARTY, "")) if actor.is_applicant else actor


def person_acting(person: Person, *, at: datetime.datetime) -> Actor:
    """Give a person as somebody who acts now."""
    return people.actor_of(person, on=at.astimezone(worktime.BEIJING).date())


def time_of(request: HttpRequest) -> datetime.datetime:
    """Give the one moment at which everything that a request does happens."""
    if "_at" not in request.__dict__:
        request.__dict__["_at"] = directory.now()
    at: datetime.datetime = request.__dict__["_at"]
    return at


def machine_time() -> datetime.datetime:
    """Give the machine's own time, which practice does not move: what sign-in, sessions and locks go by."""
    return datetime.datetime.now(datetime.UTC)


def address_of(request: HttpRequest) -> str:
    """Give the address that a request came from, as our own proxies saw it; what browsers claim does not count."""
    seen = [str(request.META.get("REMOTE_ADDR", ""))]
    if settings.TONGBAN_PROXIES:
        seen = request.headers.get("X-Forwarded-For", "").split(",")[-settings.TONGBAN_PROXIES :] or seen
    return seen[0].strip()[:45]


def idempotency_key(request: HttpRequest) -> str:
    """Give the key under which this write counts once; empty when the sender gave none."""
    return (request.headers.get(KEY_HEADER) or request.POST.get(KEY_FIELD) or "").strip()[:80]


def answer_given(request: HttpRequest) -> Submission | None:
    """Give the answer that this write already got under its key, as it was when the request came in."""
    if "_answer" not in request.__dict__:
        request.__dict__["_answer"] = people.answer_to(request.user.pk or 0, idempotency_key(request))
    answer: Submission | None = request.__dict__["_answer"]
    return answer


def let_in(request: HttpRequest, token: str) -> Person | None:
    """Make the person of a bearer token the one who acts, None when it is nobody's; looked up once a request."""
    known = request.__dict__.get("_token_person")
    if isinstance(known, Person):
        return known
    key = request.headers.get(KEY_HEADER, "").strip()[:80]
    found = people.of_token(token, at=time_of(request), key=key)
    if found is None:
        return None
    person, actor, answer = found
    request.__dict__ |= {"_token_person": person, "_answer": answer}
    request.user = person
    cast(Any, request).actor = actor
    return person


def moment_text(at: datetime.datetime, id_: int) -> str:
    """Write where a page of rows by time ended, for the address of the next one."""
    return f"{at.timestamp():.6f}-{ids.number_of(id_)}"


def due_text(due_at: datetime.datetime | None, id_: int) -> str:
    """Write where a page of duties ended; a clock that stands has no time."""
    return moment_text(due_at, id_) if due_at else f"stands-{ids.number_of(id_)}"


def due_of(text: str) -> tuple[datetime.datetime | None, int] | None:
    """Read where the page of duties before ended; anything else is the first page."""
    if not text.startswith("stands-"):
        return moment_of(text)
    try:
        return None, ids.id_of(text.removeprefix("stands-"))
    except ids.BadNumber:
        return None


def moment_of(text: str) -> tuple[datetime.datetime, int] | None:
    """Read where the page before ended; anything else is the first page."""
    moment, _sep, number = text.partition("-")
    try:
        return datetime.datetime.fromtimestamp(float(moment), datetime.UTC), ids.id_of(number)
    except (ValueError, OverflowError, OSError, ids.BadNumber):
        return None


def date_of(text: str) -> datetime.date | None:
    """Read a day as a form sends it; anything else is none."""
    try:
        return datetime.date.fromisoformat(text.strip())
    except ValueError:
        return None
