"""What the doors share about ratings: tokens that open the legs of one case for rating, and how long they do."""

import datetime

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from tongban.cases import progress
from tongban.feedback.states import Road
from tongban.kernel import ids, links
from tongban.people import limits
from tongban.web.kit import requests

PURPOSE = "rating"  # the same as the links that are sent: the subject is the case's id, and by which road
TICKET = datetime.timedelta(minutes=10)
ASKED = datetime.timedelta(minutes=30)
_ROADS = {str(road) for road in (Road.LINK, Road.NUMBER, Road.TICKET, Road.PORTAL)}


def token_for(case_id: int, *, road: Road, until: datetime.datetime) -> str:
    """Give the token of an address where the legs of a case can be rated."""
    return links.make(purpose=PURPOSE, subject=f"{case_id}:{road}", until=until)


def ticket_of(case_id: int) -> tuple[str, datetime.datetime]:
    """Give the whole address where the legs of a case can be rated from now on, and until when it opens."""
    until = requests.machine_time() + TICKET
    path = reverse("rate_legs", args=[token_for(case_id, road=Road.TICKET, until=until)])
    return f"{settings.TONGBAN_ADDRESS.rstrip('/')}{path}", until


def read(token: str, *, at: datetime.datetime) -> tuple[int, Road]:
    """Give the case of a token and the road that it opens; one without a road is a link that was sent.

    Raises:
        links.LinkWrong, links.LinkExpired.
    """
    subject, _sep, road = links.read(token, purpose=PURPOSE, at=at).partition(":")
    if not subject.isdigit() or int(subject) > ids.LARGEST:
        raise links.LinkWrong()
    return int(subject), Road(road) if road in _ROADS else Road.LINK


def spend_tries(request: HttpRequest, number: str) -> None:
    """Count a try at a number and its last four, by address and by number.

    Raises:
        limits.TooOften.
    """
    at = requests.machine_time()
    limits.spend(progress.BY_ADDRESS, requests.address_of(request), at=at)
    limits.spend(progress.BY_NUMBER, progress.subject_of(number), at=at)
