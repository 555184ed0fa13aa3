"""The pages and the API of matters off the list (P24)."""

import uuid
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests import stories
from tests.web.api.program import Api
from tongban.cases.models import OffListRequest
from tongban.directory import queries as directory

SignedIn = Callable[[str], Client]
pytestmark = [pytest.mark.django_db, pytest.mark.article("P24", "B6")]
PLACE = {"province": "510000000000", "city": "510100000000"}


@pytest.fixture
def story() -> stories.Story:
    return stories.Story(at=directory.now()).open()


def post(client: Client, address: str, **said: Any) -> Any:
    return client.post(address, {"_key": str(uuid.uuid4()), **said}, follow=True)


def asked(client: Client, story: stories.Story) -> None:
    new = f"/desk/receive/{story.case.number}/off-list/"
    assert post(client, new, do="ask", matter="补办光荣证", why="在外务工", **PLACE).status_code == 200


class TestPages:
    def test_lead_from_the_search_to_consent(self, signed_in: SignedIn, story: stories.Story) -> None:
        here, home = signed_in("clerk.520103"), signed_in("clerk.510100")
        number = story.case.number
        new = f"/desk/receive/{number}/off-list/"
        assert new in here.get(f"/desk/receive/{number}/").content.decode()
        page = here.get(new).content.decode()
        assert "不在西南五省统一公布" in page
        narrower = here.post(new, {"do": "place", "matter": "补办光荣证", "province": "510000000000"})
        assert "补办光荣证" in narrower.content.decode() and "510100000000" in narrower.content.decode()
        asked(here, story)
        assert "等答复" in here.get(f"/desk/receive/{number}/").content.decode()
        assert "补办光荣证" in home.get("/desk/").content.decode()
        address = f"/desk/off-list/{number}/"
        refused = post(home, address, do="consent", materials="身份证", legal_limit="", promised_limit="3")
        assert refused.status_code == 422 and "身份证" in refused.content.decode()
        done = post(home, address, do="consent", materials="身份证", legal_limit="20", promised_limit="3")
        assert "同意办理" in done.content.decode()
        assert "身份证" in here.get(f"/desk/receive/{number}/").content.decode()

    def test_record_what_was_explained(self, signed_in: SignedIn, story: stories.Story) -> None:
        here = signed_in("clerk.520103")
        new = f"/desk/receive/{story.case.number}/off-list/"
        empty = post(here, new, do="explain", matter="补办光荣证", told="", **PLACE)
        assert empty.status_code == 422 and "补办光荣证" in empty.content.decode()
        post(here, new, do="explain", matter="补办光荣证", told="请到属地办理", **PLACE)
        assert OffListRequest.objects.get(case_id=story.id).told == "请到属地办理"
        assert story.case.state == "explained"
        assert "请到属地办理" in here.get(f"/desk/off-list/{story.case.number}/").content.decode()

    def test_are_not_there_for_others(self, signed_in: SignedIn, story: stories.Story) -> None:
        asked(signed_in("clerk.520103"), story)
        for account, status in {
            "clerk.530102": 404,
            "clerk.510107": 404,
            "manager.500000": 404,
            "manager.510000": 200,
            "group.1": 200,
            "sysadmin": 403,
        }.items():
            assert signed_in(account).get(f"/desk/off-list/{story.case.number}/").status_code == status, (
                account
            )
        other = post(signed_in("clerk.530102"), f"/desk/off-list/{story.case.number}/", do="drop")
        assert other.status_code == 404

    def test_list_what_a_window_asked(
        self, signed_in: SignedIn, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        here = signed_in("clerk.520103")
        for _n in range(3):
            asked(here, stories.Story(at=directory.now()).open())
        with django_assert_max_num_queries(8):
            text = here.get("/desk/off-list/").content.decode()
        assert text.count("补办光荣证") == 3


class TestOverview:
    def test_shows_the_demand_and_gives_it_as_a_workbook(
        self, signed_in: SignedIn, story: stories.Story, tmp_path: Any
    ) -> None:
        asked(signed_in("clerk.520103"), story)
        client = signed_in("manager.520100")
        text = client.get("/overview/off-list/").content.decode()
        assert "补办光荣证" in text and "贵阳市" in text
        file = tmp_path / "demand.xlsx"
        file.write_bytes(client.get("/overview/off-list/?as=xlsx").content)
        cells = [row for sheet in openpyxl.load_workbook(file) for row in sheet.values]
        assert any("补办光荣证" in row and 1 in row for row in cells)
        assert "补办光荣证" not in signed_in("manager.500000").get("/overview/off-list/").content.decode()


class TestApi:
    def test_asks_answers_and_lists(self, story: stories.Story) -> None:
        here, home = Api("clerk.520103"), Api("clerk.510100")
        number = story.case.number
        said = {"matter": "补办光荣证", "home_code": stories.DECIDING, "why": ""}
        assert here.step(number, "ask_off_list", **said).status_code == 200
        row = home.get(f"/off-list/{number}").json()
        assert row["state"] == "asked" and row["due_at"]
        assert home.get(f"/cases/{number}").status_code == 404
        answer = {"revision": row["revision"], "materials": "身份证", "legal_limit": 9, "promised_limit": 3}
        path = f"/cases/{number}/steps/consent_off_list"
        assert Api("clerk.530102").send("POST", path, answer).status_code == 404
        assert here.send("POST", path, answer).status_code == 403
        assert home.send("POST", path, answer).status_code == 200
        case = here.get(f"/cases/{number}").json()
        assert [m["name"] for m in case["materials"]] == ["身份证"]
        assert [r["state"] for r in home.get("/off-list").json()] == ["consented"]
        lines = Api("manager.510000").get("/off-list-demand", year=directory.now().year).json()
        assert [(d["matter"], d["n"], d["consented"]) for d in lines] == [("补办光荣证", 1, 1)]
        assert home.get("/off-list-demand").status_code == 403
