"""Who asks: the person of a bearer token, with the posts that this person holds now."""

from typing import Any

from django.http import HttpRequest
from ninja.security import HttpBearer

from tongban.people import queries as people
from tongban.people.models import Person
from tongban.web.kit import requests


class Bearer(HttpBearer):
    """Lets in whoever shows a token that `tongban token` made; sessions count for nothing here."""

    def authenticate(self, request: HttpRequest, token: str) -> Person | None:
        """Make the token's person the one who acts in this request; the token is looked up once a request."""
        known = request.__dict__.get("_token_person")
        if isinstance(known, Person):
            return known
        person = people.person_of_token(token.strip(), at=requests.time_of(request))
        if person is None:
            return None
        request.__dict__["_token_person"] = person
        request.user = person
        acting: Any = request  # gets its actor from the middleware's type
        acting.actor = requests.person_acting(person, at=requests.time_of(request))
        return person


BEARER = Bearer()
