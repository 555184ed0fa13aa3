"""The landing page of the overview: what is late or soon due at the places that somebody runs."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tongban.directory import queries as directory

SignedIn = Callable[[str], Client]


@pytest.fixture
def late_case(make_case: Callable[..., Any], at: datetime.datetime, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A case in Chengdu that nobody has decided to accept for two months."""
    case = make_case("arrived")
    monkeypatch.setattr(directory, "now", lambda: at + datetime.timedelta(days=60))
    return case


class TestLanding:
    @pytest.mark.article("G1", "P25")
    @pytest.mark.parametrize("account", ["manager.510100", "manager.510000"])
    def test_shows_what_is_late_to_those_who_run_the_place(
        self, signed_in: SignedIn, late_case: Any, account: str
    ) -> None:
        text = signed_in(account).get("/overview/").content.decode()
        assert late_case.number in text
        assert late_case.home_window.name in text
        assert "已逾期" in text

    @pytest.mark.parametrize("account", ["manager.510107", "manager.530000", "group.1"])
    def test_shows_nothing_of_other_places(self, signed_in: SignedIn, late_case: Any, account: str) -> None:
        assert late_case.number not in signed_in(account).get("/overview/").content.decode()

    @pytest.mark.parametrize("account", ["clerk.510100", "lead.510100", "approver.510100", "sysadmin"])
    def test_is_closed_to_everybody_else(self, signed_in: SignedIn, account: str) -> None:
        response = signed_in(account).get("/overview/")
        assert response.status_code == 403
        assert "总览供政务服务管理机构和协调小组使用" in response.content.decode()

    def test_asks_to_sign_in(self, db: None) -> None:
        assert Client().get("/overview/")["Location"].startswith("/desk/sign-in/")

    def test_takes_the_same_number_of_queries_whatever_the_rows(
        self,
        signed_in: SignedIn,
        make_case: Callable[..., Any],
        late_case: Any,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        client = signed_in("manager.510100")
        client.get("/overview/")
        with django_assert_num_queries(8):
            client.get("/overview/")
        make_case("arrived")
        make_case("arrived")
        with django_assert_num_queries(8):
            client.get("/overview/")

    @pytest.mark.parametrize("after", ["x", "1e400-T", "12.5-", "nan-1"])
    def test_takes_a_broken_page_mark_as_the_first_page(self, signed_in: SignedIn, after: str) -> None:
        assert signed_in("manager.510100").get("/overview/", {"after": after}).status_code == 200
