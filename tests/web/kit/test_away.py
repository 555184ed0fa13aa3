"""While the database is away people and programs are told so, and when to come again; nothing is asked of it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from tests.web.api.program import Api
from tongban.cases import search

pytestmark = pytest.mark.django_db


def gone(*args: Any, **kwargs: Any) -> Any:
    raise OperationalError("server closed the connection unexpectedly")


@pytest.mark.article("S3", "S4")
class TestAway:
    def test_answers_a_program_with_503_and_when_to_come_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        api = Api("clerk.520103")
        monkeypatch.setattr(search, "find", gone)
        answer = api.get("/cases")
        assert (answer.status_code, answer["Retry-After"]) == (503, "2")
        assert answer.json()["code"] == "away" and "不会重复办理" in answer.json()["message"]

    def test_answers_a_page_that_needs_no_database(
        self,
        signed_in: Callable[[str], Client],
        monkeypatch: pytest.MonkeyPatch,
        django_assert_num_queries: Any,
    ) -> None:
        client = signed_in("clerk.520103")
        client.raise_request_exception = False
        monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", gone)
        with django_assert_num_queries(0):
            answer = client.get("/desk/search/")
        assert (answer.status_code, answer["Retry-After"]) == (503, "2")
        assert "请稍候再试" in answer.content.decode()

    def test_leaves_other_failures_what_they_are(
        self, signed_in: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client = signed_in("clerk.520103")
        client.raise_request_exception = False
        monkeypatch.setattr(search, "find", lambda *args, **kwargs: 1 / 0)
        answer = client.get("/desk/search/", {"q": "测试"})
        assert answer.status_code == 500 and "系统出现故障" in answer.content.decode()
