"""What a window does about ratings and complaints, over the API: figures, help given, complaints, tickets."""

import datetime
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from django.test import Client

from tests import stories
from tests.web.api.program import Api
from tests.web.api.test_door import problem
from tests.web.api.test_feedback import filed, said
from tongban.directory.models import Window
from tongban.feedback.models import Complaint, Guidance
from tongban.feedback.operations import complaints, ratings
from tongban.feedback.states import Road
from tongban.web.kit import requests

pytestmark = [pytest.mark.django_db, pytest.mark.article("F4", "F5", "F6", "P10", "P11", "H3")]


@pytest.fixture
def window() -> Window:
    return Window.objects.get(division_id="520103000000")


class TestRatings:
    def test_are_figures_and_words_of_past_months_without_raters(
        self, receiver: Api, api: Callable[[str], Api], at: datetime.datetime
    ) -> None:
        for when, words in ((at, "今天写的"), (at - datetime.timedelta(days=40), "上月写的")):
            story = stories.Story(at=when - datetime.timedelta(days=1)).do("open").do("receive")
            ratings.rate(
                story.id, leg="receiving", level=5, words=words, road=Road.LINK, by=requests.NOBODY, at=when
            )
        told = receiver.get("/window-ratings")
        (figures,) = told.json()["figures"]
        assert (figures["total"], figures["bad"], figures["share_good"]) == (2, 0, 100)
        assert figures["counts"]["5"] == 2
        assert [w["words"] for w in told.json()["words"]] == ["上月写的"]
        assert story.case.number not in told.content.decode()
        other = api("clerk.530102").get("/window-ratings").json()
        assert [f["total"] for f in other["figures"]] == [0] and other["words"] == []
        problem(api("manager.520103").get("/window-ratings"), 403, "not_your_door")


class TestGuidance:
    def said(self, window: Window, **more: object) -> dict[str, object]:
        return {"window_id": window.id, "kind": "help", "matter": "帮忙填表", "minutes": 10, **more}

    def test_is_recorded_once_listed_and_counted(self, receiver: Api, window: Window) -> None:
        for _twice in range(2):
            made = receiver.send("POST", "/guidance", self.said(window), key="k")
            assert made.status_code == 201, made.content.decode()
        receiver.send("POST", "/guidance", self.said(window, matter="第二次", minutes=None))
        assert Guidance.objects.count() == 2
        page = receiver.get("/guidance", limit=1).json()
        assert {c["kind_name"]: c["n"] for c in page["counts"]}["帮办"] == 2
        assert [(r["matter"], r["minutes"]) for r in page["rows"]] == [("第二次", None)]
        rest = receiver.get("/guidance", after=page["rows"][0]["next"]).json()["rows"]
        assert [(r["matter"], r["minutes"], r["window"]) for r in rest] == [("帮忙填表", 10, window.name)]

    def test_of_another_window_is_refused_and_not_seen(
        self, receiver: Api, window: Window, api: Callable[[str], Api]
    ) -> None:
        other = api("clerk.530102")
        problem(other.send("POST", "/guidance", self.said(window)), 403, "not_yours")
        assert not Guidance.objects.exists()
        receiver.send("POST", "/guidance", self.said(window))
        assert other.get("/guidance").json()["rows"] == []

    def test_wants_a_matter_and_a_kind(self, receiver: Api, window: Window) -> None:
        wrong = receiver.send("POST", "/guidance", self.said(window, matter=" "))
        assert "matter" in problem(wrong, 422, "needs_words")["fields"]
        problem(receiver.send("POST", "/guidance", self.said(window, kind="x")), 422, "invalid")
        problem(receiver.send("POST", "/guidance", self.said(window), key=None), 422, "key_missing")


class TestEnteredComplaint:
    def said(self, **more: object) -> dict[str, object]:
        return {
            "kind": "complaint",
            "words": "排队太久",
            "place_code": "520103000000",
            "four": "8F2K",
            **more,
        }

    def test_is_taken_in_once_as_the_window_s_and_followed_by_its_complainant(self, receiver: Api) -> None:
        first, again = (
            receiver.send("POST", "/complaints/at-window", self.said(), key="k") for _twice in range(2)
        )
        assert first.status_code == 201, first.content.decode()
        assert first.json() == again.json() and first.json()["due_at"]
        row = Complaint.objects.get()
        assert row.road == Road.WINDOW and row.number == first.json()["number"]
        assert said("/complaints/follow", {"number": row.number, "four": "8f2k"}).json()["state"] == "open"

    def test_is_about_a_case_that_the_window_sees_and_no_other(
        self, story: stories.Story, receiver: Api, api: Callable[[str], Api]
    ) -> None:
        number = story.lead_to("received").case.number
        about = self.said(number=number, about="receiving")
        problem(api("clerk.530102").send("POST", "/complaints/at-window", about), 404, "unknown_case")
        assert not Complaint.objects.exists()
        assert receiver.send("POST", "/complaints/at-window", about).status_code == 201
        assert Complaint.objects.get().about_case_id == story.id

    def test_is_refused_without_words_or_place(self, receiver: Api, api: Callable[[str], Api]) -> None:
        wrong = receiver.send("POST", "/complaints/at-window", self.said(words=" "))
        assert "words" in problem(wrong, 422, "needs_words")["fields"]
        problem(
            receiver.send("POST", "/complaints/at-window", self.said(place_code="")),
            422,
            "nobody_responsible",
        )
        manager = api("manager.520103")
        problem(manager.send("POST", "/complaints/at-window", self.said()), 403, "not_your_door")


class TestVerdict:
    def answered(self, at: datetime.datetime) -> str:
        number: str = filed().json()["number"]
        row = Complaint.objects.get()
        complaints.answer(
            row.id, answer="已改正", revision=row.revision, by=stories.actor("manager.520103"), at=at
        )
        return number

    def test_that_it_is_settled_is_kept_once(self, db: None, at: datetime.datetime) -> None:
        number = self.answered(at)
        verdict = {"number": number, "four": "8F2K", "is_settled": True, "words": "谢谢"}
        told = said("/complaints/judge", verdict)
        assert told.status_code == 200 and told.json()["is_settled"] is True
        problem(said("/complaints/judge", verdict), 409, "not_now")
        assert Complaint.objects.get().verdict == "谢谢"

    def test_that_it_is_not_goes_to_the_level_above(
        self, at: datetime.datetime, api: Callable[[str], Api]
    ) -> None:
        number = self.answered(at)
        told = said("/complaints/judge", {"number": number, "four": "8F2K", "is_settled": False})
        assert told.json()["state"] == "open" and told.json()["due_at"]
        above = api("manager.520100").get("/complaints", state="open").json()
        assert [(r["number"], r["is_settled"]) for r in above] == [(number, False)]

    def test_is_the_complainant_s_own_and_comes_after_an_answer(self, db: None) -> None:
        number = filed().json()["number"]
        wrong = said("/complaints/judge", {"number": number, "four": "0000", "is_settled": True})
        missing = said("/complaints/judge", {"number": "no-such", "four": "0000", "is_settled": True})
        assert wrong.status_code == missing.status_code == 404 and wrong.json() == missing.json()
        early = said("/complaints/judge", {"number": number, "four": "8F2K", "is_settled": True})
        problem(early, 409, "not_now")


class TestTicket:
    def test_opens_the_rating_of_its_case(self, story: stories.Story, receiver: Api) -> None:
        number = story.do("open").do("receive").case.number
        ticket = receiver.get(f"/cases/{number}/rating-ticket").json()
        page = Client().get(urlsplit(ticket["address"]).path)
        assert page.status_code == 200 and "收件窗口的服务" in page.content.decode()
        until = datetime.datetime.fromisoformat(ticket["until_at"])
        left = until - datetime.datetime.now(datetime.UTC)
        assert datetime.timedelta(minutes=9) < left <= datetime.timedelta(minutes=10)

    def test_is_not_given_to_another_window(self, story: stories.Story, api: Callable[[str], Api]) -> None:
        number = story.lead_to("received").case.number
        problem(api("clerk.530102").get(f"/cases/{number}/rating-ticket"), 404, "unknown_case")
