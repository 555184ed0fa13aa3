"""What supervisors and load balancers ask, and what every page says in practice."""

import pytest
from django.db import connection
from django.test import Client
from pytest_django import Settings

from tongban.web.kit import health

pytestmark = [pytest.mark.django_db, pytest.mark.article("S4")]


class TestReady:
    @pytest.mark.parametrize("part", ["database", "queue", "storage"])
    def test_names_the_part_that_cannot_be_used(
        self, client: Client, monkeypatch: pytest.MonkeyPatch, part: str
    ) -> None:
        assert set(health.CHECKS) == {"database", "queue", "storage"}
        for name in health.CHECKS:
            monkeypatch.setitem(health.CHECKS, name, lambda name=name: name != part)  # type: ignore[misc]
        answer = client.get("/health/ready")
        assert answer.status_code == 503
        told = answer.json()
        assert told.pop("status") == "failed"
        assert told == {name: "failed" if name == part else "ok" for name in health.CHECKS}

    def test_has_no_queue_until_a_worker_was_heard_of(self, client: Client) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_workers")
        assert client.get("/health/ready").json()["queue"] == "failed"
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())")
        answer = client.get("/health/ready")
        assert answer.json()["queue"] == answer.json()["database"] == "ok"

    def test_lives_while_it_answers(self, client: Client) -> None:
        assert client.get("/health/live").json() == {"status": "ok"}


class TestPractice:
    @pytest.mark.article("G4")
    @pytest.mark.parametrize("path", ["/", "/items/", "/desk/sign-in/", "/verify/", "/nothing-here/"])
    def test_is_said_on_a_page_and_only_in_practice(
        self, client: Client, settings: Settings, path: str
    ) -> None:
        assert "不产生法律效力" in client.get(path).content.decode()
        settings.TONGBAN_PRACTICE = False
        assert "不产生法律效力" not in client.get(path).content.decode()
