import datetime
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytest_django import Settings

if TYPE_CHECKING:
    from tests.web.api.program import Api


@pytest.fixture
def api(db: None) -> "Callable[[str], Api]":
    """Give a program that acts as a practice account."""
    from tests.web.api.program import Api

    return Api


@pytest.fixture
def receiver(api: "Callable[[str], Api]") -> "Api":
    """The receiving window's program: 贵阳市云岩区."""
    return api("clerk.520103")


@pytest.fixture
def home(api: "Callable[[str], Api]") -> "Api":
    """The home window's program: 成都市."""
    return api("clerk.510100")


@pytest.fixture(autouse=True)
def own_keys(settings: Settings, tmp_path: Path) -> Iterator[None]:
    """Give every test files and keys of its own."""
    settings.TONGBAN_FILES = tmp_path / "files"
    settings.TONGBAN_KEYS = tmp_path / "keys"
    yield


@pytest.fixture
def at() -> datetime.datetime:
    """This very moment: stories told here go on over the API, which reads the clock."""
    from tongban.directory import queries

    return queries.now()
