"""Which of several database servers is believed."""

import json
from pathlib import Path

import psycopg
import pytest

from tongban.config import settings as configuration
from tongban.kernel import primary

TWO = "host=first,second port=5432,5433 dbname=tongban"


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which the newest timelines are kept."""
    place = tmp_path / "timelines.json"
    monkeypatch.setattr(primary, "_place", lambda: place)
    return place


def search() -> primary._Search:
    return primary._Search(TWO, {"autocommit": True})


@pytest.mark.article("S3")
class TestSearch:
    def test_asks_each_server_by_itself_for_leave_to_write(self, seen: Path) -> None:
        asked = [
            (s["host"], s["port"], s["target_session_attrs"], s["autocommit"]) for s in search().servers()
        ]
        assert asked == [("first", "5432", "read-write", True), ("second", "5433", "read-write", True)]

    def test_one_server_is_simply_connected_to(self, seen: Path) -> None:
        assert primary._Search("host=first port=5432", {}).is_simple

    def test_refuses_a_server_that_was_superseded(self, seen: Path) -> None:
        seen.write_text(json.dumps({"one": 2}))
        looking = search()
        assert not looking.is_better(("one", 1))
        assert isinstance(looking.failure(), primary.Superseded)

    def test_of_servers_unknown_so_far_the_newest_timeline_wins(self, seen: Path) -> None:
        looking = search()
        assert looking.is_better(("one", 1)) and not looking.is_over
        assert looking.is_better(("one", 2))
        assert not looking.is_better(("one", 1))
        looking.remember()
        assert json.loads(seen.read_text()) == {"one": 2}

    def test_a_server_known_to_lead_needs_no_second_opinion(self, seen: Path) -> None:
        seen.write_text(json.dumps({"one": 2}))
        looking = search()
        assert looking.is_better(("one", 2)) and looking.is_over

    def test_never_remembers_less_than_another_process_has_seen(self, seen: Path) -> None:
        looking = search()
        assert looking.is_better(("one", 1))
        seen.write_text(json.dumps({"one": 3}))
        looking.remember()
        assert json.loads(seen.read_text()) == {"one": 3}

    def test_a_torn_memory_is_no_memory(self, seen: Path) -> None:
        seen.write_text('{"one": ')
        assert search().is_better(("one", 1))

    def test_says_what_was_wrong_with_every_server(self, seen: Path) -> None:
        with pytest.raises(psycopg.OperationalError, match=r"(?s)none of 2 .*refused.*refused"):
            primary.Connection.connect("host=127.0.0.1,127.0.0.1 port=1,2 dbname=x")


class TestSettings:
    def test_name_several_servers_and_pool_even_the_owner_s_connections(self) -> None:
        url = (
            "postgresql://me:p%40ss@first:5432,second:5433/tb?target_session_attrs=read-write&sslmode=require"
        )
        made = configuration._database(url)
        assert (made["HOST"], made["PORT"], made["NAME"]) == ("first,second", "5432,5433", "tb")
        assert (made["USER"], made["PASSWORD"]) == ("me", "p@ss")
        assert made["OPTIONS"]["sslmode"] == "require"
        assert made["OPTIONS"]["pool"]["connection_class"] is primary.Connection

    def test_keep_the_address_s_own_options_beside_the_role(self) -> None:
        made = configuration._database(
            "postgresql://h/tb?options=-c%20jit%3Doff", role="tongban_app", pool=True
        )
        assert made["OPTIONS"]["options"] == "-c jit=off -c role=tongban_app"
