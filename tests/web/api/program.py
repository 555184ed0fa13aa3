"""A program that uses the API: what the tests of the API speak through."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from django.test import Client

from tongban.directory import queries as directory
from tongban.people import operations as people
from tongban.people.models import Person

ROOT = "/api/v1"


class Api:
    """A program that acts as somebody: a bearer token, and a new key for each write unless one is given."""

    def __init__(self, account: str) -> None:
        person = Person.objects.get(account=account)
        self.token = people.issue_token(person, at=directory.now())
        self.client = Client()

    def get(self, path: str, **parameters: Any) -> Any:
        return self.client.get(ROOT + path, parameters, headers=self._headers(None))

    def send(self, method: str, path: str, body: Any = None, *, key: str | None = "") -> Any:
        """Write; `key` empty: a new one, None: none at all."""
        return self.client.generic(
            method,
            ROOT + path,
            b"" if body is None else json.dumps(body).encode(),
            content_type="application/json",
            headers=self._headers(str(uuid.uuid4()) if key == "" else key),
        )

    def upload(self, path: str, file: Any, *, key: str = "") -> Any:
        headers = self._headers(key or str(uuid.uuid4()))
        return self.client.post(ROOT + path, {"file": file}, headers=headers)

    def step(self, number: str, name: str, **values: Any) -> Any:
        """Take a step with the revision that the case has now."""
        revision = self.get(f"/cases/{number}").json().get("revision", 0)
        return self.send("POST", f"/cases/{number}/steps/{name}", {"revision": revision, **values})

    def _headers(self, key: str | None) -> Mapping[str, str]:
        headers = {"Authorization": f"Bearer {self.token}"}
        return headers if key is None else {**headers, "Idempotency-Key": key}
