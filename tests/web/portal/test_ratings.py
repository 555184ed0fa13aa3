"""Rate and complain without signing in, by number and last four, by a link, by a ticket (F4, F5)."""

import datetime

import pytest
from django.test import Client

from tests import stories
from tongban.feedback.models import Complaint, Rating
from tongban.feedback.states import Road
from tongban.kernel import links
from tongban.people.models import Person
from tongban.web.kit import rating

pytestmark = [pytest.mark.django_db, pytest.mark.article("F4", "W9")]


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@pytest.fixture
def received(story: stories.Story) -> stories.Story:
    return story.do("open").do("receive")


class TestRate:
    def test_leads_from_number_and_last_four_to_the_leg_and_takes_it_once(
        self, received: stories.Story, client: Client
    ) -> None:
        answer = client.post("/rate/", {"number": received.case.number, "four": stories.IDENTITY[-4:]})
        address = answer["Location"]
        page = client.get(address).content.decode()
        assert "非常不满意" in page
        assert "测试甲" not in page
        wrong = client.post(address, {"leg": "receiving", "words": "等了很久"})
        assert wrong.status_code == 422
        assert "等了很久" in wrong.content.decode()
        assert client.post(address, {"leg": "receiving", "level": "2"}).status_code == 302
        assert client.post(address, {"leg": "receiving", "level": "5"}).status_code == 409
        row = Rating.objects.get()
        assert (row.level, row.road) == (2, Road.NUMBER)

    def test_tells_nobody_which_of_the_two_is_wrong_and_stops_guessing(
        self, received: stories.Story, client: Client
    ) -> None:
        number = received.case.number
        said = {
            client.post("/rate/", {"number": n, "four": f}).content.decode().split("<form class")[0][-400:]
            for n, f in ((number, "9999"), ("26CZ-GDJV-R9RD", "002X"), ("x", "002X"))
        }
        assert len(said) == 1
        answers = [
            client.post("/rate/", {"number": number, "four": f"{n:04}"}).status_code for n in range(20)
        ]
        assert answers[-1] == 429

    def test_takes_a_link_for_its_purpose_and_its_time_alone(
        self, received: stories.Story, client: Client
    ) -> None:
        def status(token: str) -> int:
            return client.get(f"/rate/{token}/").status_code

        until = now() + datetime.timedelta(days=1)
        assert status(links.make(purpose="rating", subject=str(received.id), until=until)) == 200
        assert status(links.make(purpose="case", subject=str(received.id), until=until)) == 404
        over = now() - datetime.timedelta(minutes=2)
        assert status(rating.token_for(received.id, road=Road.TICKET, until=over)) == 410

    def test_shows_an_applicant_their_own_alone(self, received: stories.Story, client: Client) -> None:
        other = stories.applicant("applicant.2")
        client.force_login(Person.objects.get(pk=other.id or 0))
        assert received.case.number not in client.get("/my/ratings/").content.decode()


class TestComplain:
    @pytest.mark.article("F5", "P11")
    def test_is_acknowledged_with_a_number_and_followed_to_its_answer(
        self, received: stories.Story, client: Client
    ) -> None:
        said = {
            "kind": "complaint",
            "words": "两地互相推诿",
            "number": received.case.number,
            "case_four": stories.IDENTITY[-4:],
            "about": "both",
            "four": "ab12",
            "_key": "one-form",
        }
        answer = client.post("/complain/", said)
        assert client.post("/complain/", said).status_code == 302
        row = Complaint.objects.get()
        assert row.number in client.get(answer["Location"]).content.decode()
        found = client.post("/complaints/", {"number": row.number, "four": "AB12"})
        assert "两地互相推诿" in client.get(found["Location"]).content.decode()
        assert client.post("/complaints/", {"number": row.number, "four": "9999"}).status_code == 404

    def test_keeps_what_was_typed_and_names_the_field(self, client: Client) -> None:
        answer = client.post("/complain/", {"kind": "complaint", "words": "没有说地方", "four": "1234"})
        page = answer.content.decode()
        assert answer.status_code == 422
        assert "没有说地方" in page
        assert "请选择投诉的是哪里" in page
        assert not Complaint.objects.exists()

    @pytest.mark.parametrize("address", ["/rate/", "/complaints/"])
    def test_asks_for_the_last_four_before_it_looks_anything_up(self, client: Client, address: str) -> None:
        assert client.post(address, {"number": "x"}).status_code == 422
