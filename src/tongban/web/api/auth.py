"""Who asks: the person of a bearer token, with the posts that this person holds now."""

from django.http import HttpRequest
from ninja.security import HttpBearer

from tongban.people.models import Person
from tongban.web.kit import requests


class Bearer(HttpBearer):
    """Lets in whoever shows a token that `tongban token` made; sessions count for nothing here."""

    def authenticate(self, request: HttpRequest, token: str) -> Person | None:
        """Make the token's person the one who acts in this request; the token is looked up once a request."""
        return requests.let_in(request, token.strip())


BEARER = Bearer()
