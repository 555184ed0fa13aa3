"""One throw-away PostgreSQL for the whole run, seeded once; every process of pytest works on a copy of it."""

import datetime
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psycopg
import pytest

if TYPE_CHECKING:
    from django.test import Client

    from tests.stories import Story
    from tongban.people.actors import Actor

_SEED = """
import os, django
django.setup()
from tongban.command import assets, database, seed
assets.build()  # a fresh clone has the catalogues only as text, and its static files under no hashed name
database.prepare(os.environ["TONGBAN_DATABASE_URL"])
seed.run()
"""
_stack = ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    os.environ.setdefault("TONGBAN_PRACTICE", "1")
    os.environ["DJANGO_SETTINGS_MODULE"] = "tongban.config.settings"
    os.environ.setdefault("TONGBAN_PRACTICE_PASSWORD", "tongban-practice-2026")
    if not hasattr(config, "workerinput"):
        _start_server()
    worker = getattr(config, "workerinput", {}).get("workerid", "main")
    folder = Path(tempfile.mkdtemp(prefix=f"tongban-{worker}-", dir="/tmp"))
    _stack.callback(lambda: subprocess.run(["rm", "-rf", str(folder)], check=False))
    os.environ["TONGBAN_DATA"] = str(folder)
    shutil.copytree(os.environ["TONGBAN_TEST_KEYS"], folder / "keys")
    owner, app = new_database(f"tongban_{worker}")
    os.environ["TONGBAN_DATABASE_URL"], os.environ["TONGBAN_DATABASE_APP_URL"] = owner, app
    import django

    django.setup()
    if not hasattr(config, "workerinput"):
        # A worker that found this in its environment would read the settings, and with them the name of
        # the controller's database, before it has one of its own.
        os.environ.pop("DJANGO_SETTINGS_MODULE")


def pytest_unconfigure() -> None:
    _stack.close()


def _start_server() -> None:
    """Start the server and fill the database that all others are copied from."""
    from tongban.command import postgres

    cluster = _stack.enter_context(postgres.throw_away())
    os.environ["TONGBAN_TEST_OWNER_URL"] = cluster.owner_url
    os.environ["TONGBAN_TEST_APP_URL"] = cluster.app_url
    data = tempfile.mkdtemp(prefix="tongban-seed-", dir="/tmp")
    _stack.callback(lambda: subprocess.run(["rm", "-rf", data], check=False))
    urls = {"TONGBAN_DATABASE_URL": cluster.owner_url, "TONGBAN_DATABASE_APP_URL": cluster.app_url}
    # One folder that nothing changes any more: pages that name a file by its digest name it alike all through.
    os.environ["TONGBAN_STATIC_ROOT"] = f"{data}/static"
    env = {**os.environ, **urls, "TONGBAN_DATA": data, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", _SEED], env=env, check=True)
    os.environ["TONGBAN_TEST_KEYS"] = f"{data}/keys"  # what the seed sealed, the tests can open


def new_database(name: str) -> tuple[str, str]:
    """Make a seeded database of one's own; gives its URLs for the owner and for the application."""
    owner, app = os.environ["TONGBAN_TEST_OWNER_URL"], os.environ["TONGBAN_TEST_APP_URL"]
    with psycopg.connect(owner.rsplit("/", 1)[0] + "/postgres", autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(1)")  # one copy at a time: the template must be at rest
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE tongban')
    return owner.rsplit("/", 1)[0] + f"/{name}", app.rsplit("/", 1)[0] + f"/{name}"


@pytest.fixture(scope="session")
def django_db_setup() -> Iterator[None]:
    """The database is there already, migrated and seeded; only the connections are ours to close."""
    yield
    from django.db import connections

    connections.close_all()
    for connection in connections.all(initialized_only=True):
        if getattr(connection, "pool", None):
            connection.close_pool()  # type: ignore[attr-defined]


@pytest.fixture
def nothing_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process trust what it remembers of clock and catalogue: a slow moment is no query more."""
    from tongban.catalogue import queries as catalogue
    from tongban.directory import queries as directory

    monkeypatch.setattr(directory, "_FRESH_FOR", 3600.0)
    monkeypatch.setattr(catalogue, "_FRESH_FOR", 3600.0)


@pytest.fixture(autouse=True)
def _steady_counts(request: pytest.FixtureRequest) -> None:
    if {"django_assert_num_queries", "django_assert_max_num_queries"} & set(request.fixturenames):
        request.getfixturevalue("nothing_read_anew")


@pytest.fixture(scope="module")
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Point the connections of this process at a database of the module's own, in which nothing is rolled back.

    For what several connections do at once.
    """
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


@pytest.fixture(autouse=True)
def _no_language_of_another_test() -> Iterator[None]:
    """End each test without the language of the last page that it asked for."""
    from django.utils import translation

    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    """Start each test without what the process remembers of calendars, parameters and the clock."""
    from tongban.catalogue import queries as catalogue
    from tongban.directory import queries

    queries.forget()
    catalogue.forget()
    yield


@pytest.fixture
def at() -> datetime.datetime:
    """Monday 2 March 2026, ten in the morning in Beijing."""
    return datetime.datetime(2026, 3, 2, 2, 0, tzinfo=datetime.UTC)


@pytest.fixture
def actor(db: None) -> "Callable[[str], Actor]":
    """Give the practice account of a name as somebody who acts."""
    from tests import stories

    return stories.actor


@pytest.fixture
def guiyang(actor: "Callable[[str], Actor]") -> "Actor":
    """A clerk of the receiving window: 贵州省贵阳市云岩区."""
    return actor("clerk.520103")


@pytest.fixture
def chengdu(actor: "Callable[[str], Actor]") -> "Actor":
    """A clerk of the home window: 四川省成都市."""
    return actor("clerk.510100")


@pytest.fixture
def story(db: None, at: datetime.datetime) -> "Story":
    """A case from Guiyang to Chengdu that can be led to any state."""
    from tests import stories

    return stories.Story(at=at)


@pytest.fixture
def make_case(db: None, at: datetime.datetime) -> "Callable[..., Any]":
    """Give a case in a state: `make_case("arrived")`."""
    from tests import stories

    return lambda state, **more: stories.Story(at=at, **more).lead_to(state).case


@pytest.fixture
def signed_in(db: None) -> "Callable[[str], Client]":
    """Give a browser-like client signed in as a practice account."""
    from django.test import Client

    from tongban.people.models import Person
    from tongban.people.sessions import BEGAN, SEEN

    def sign_in(account: str) -> Client:
        client = Client()
        client.force_login(Person.objects.get(account=account))
        session = client.session
        session[SEEN] = session[BEGAN] = int(time.time())
        session.save()
        return client

    return sign_in
