"""A seeded database of its own for each module: what several connections do at once must be committed."""

import datetime
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.conftest import new_database


@pytest.fixture(scope="module")
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Point the connections of this process at a database in which nothing is rolled back."""
    from django.db import connections

    owner, _app = new_database(f"tongban_races_{uuid.uuid4().hex[:8]}")
    settings: dict[str, Any] = connections.databases["default"]
    name, pool = settings["NAME"], settings["OPTIONS"]["pool"]
    _leave()
    settings["NAME"] = urlsplit(owner).path.lstrip("/")
    settings["OPTIONS"]["pool"] = {**pool, "max_size": 20, "timeout": 30}
    with django_db_blocker.unblock():
        yield
        _leave()
    settings["NAME"], settings["OPTIONS"]["pool"] = name, pool


def _leave() -> None:
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        connection.close()
        if getattr(connection, "pool", None):
            connection.close_pool()  # type: ignore[attr-defined]


@pytest.fixture
def at() -> datetime.datetime:
    """Monday 2 March 2026, ten in the morning in Beijing."""
    return datetime.datetime(2026, 3, 2, 2, 0, tzinfo=datetime.UTC)
