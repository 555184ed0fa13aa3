"""My space: one's own cases with one sentence each, what must be done first, and in whose name."""

import datetime
from typing import Any

import pytest
from django.test import Client

from tests import stories
from tongban.cases import queries
from tongban.directory import queries as directory
from tongban.people.models import Enterprise

pytestmark = pytest.mark.django_db
OWN = "520103199003071232"


@pytest.fixture
def mine(signed_in: Any) -> Client:
    stories.applicant("applicant.1")
    client: Client = signed_in("applicant.1")
    return client


def story_of(number: str = OWN, *, at: datetime.datetime | None = None) -> stories.Story:
    return stories.Story(at=at or directory.now()).open().fill(identity=number)


@pytest.mark.article("F2", "P15")
class TestHome:
    def test_says_who_has_a_case_until_when_and_why(self, mine: Client) -> None:
        story = story_of().do("receive")
        page = mine.get("/my/").content.decode()
        assert story.case.number in page
        assert queries.progress_of(story.case) in page  # the very words that both windows read
        assert "您现在不用做什么" in page and "为什么是这一天" in page and "期限到" in page

    @pytest.mark.article("P21(1)")
    def test_puts_first_what_waits_for_the_applicant(self, mine: Client) -> None:
        asked = story_of().fault().do("ask_correction")
        later = story_of().do("receive")
        page = mine.get("/my/").content.decode()
        assert page.index("需要您办的") < page.index(asked.case.number) < page.index(later.case.number)
        assert "把要补的材料送到" in page

    @pytest.mark.article("S1")
    def test_shows_nothing_of_anybody_else_s(self, mine: Client) -> None:
        story = story_of("510107198505162344").do("receive")
        assert story.case.number not in mine.get("/my/").content.decode()

    def test_asks_the_database_no_more_for_more_cases(
        self, mine: Client, django_assert_max_num_queries: Any
    ) -> None:
        for _ in range(4):
            story_of().do("receive")
        mine.get("/my/")
        with django_assert_max_num_queries(16):
            mine.get("/my/")


@pytest.mark.article("F2", "A6")
class TestParty:
    def test_is_one_switch_kept_in_the_session(self, mine: Client) -> None:
        enterprise = Enterprise.objects.get(legal_representative__account="applicant.1")
        own = story_of().do("receive")
        assert f"换成：{enterprise.name}" in mine.get("/").content.decode()
        mine.post("/my/party/", {"party": f"enterprise-{enterprise.id}"})
        page = mine.get("/my/").content.decode()
        assert enterprise.name in page and own.case.number not in page

    def test_is_never_somebody_whom_they_may_not_act_for(self, mine: Client) -> None:
        mine.post("/my/party/", {"party": "enterprise-999999"})
        own = story_of().do("receive")
        assert own.case.number in mine.get("/my/").content.decode()
