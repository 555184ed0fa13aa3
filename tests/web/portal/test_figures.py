"""The public figures: counted from what happened, told with what they mean, and read without counting."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.stories import Story
from tongban.cases import figures
from tongban.cases.models import CorrectionNotice
from tongban.directory.models import ProvinceFigures
from tongban.duties.models import Duty
from tongban.kernel import ids

pytestmark = [pytest.mark.django_db, pytest.mark.article("F1", "G3")]
GUIZHOU, SICHUAN = "520000000000", "510000000000"


def counts_of(code: str) -> dict[str, int]:
    return next(p.counts for p in figures.of_year(2026).provinces if p.code == code)


class TestCountAll:
    def test_counts_receipt_where_it_was_received_and_the_decision_where_it_was_made(
        self, story: Story, at: datetime.datetime
    ) -> None:
        story.lead_to("decided")
        figures.count_all(at=at)
        assert counts_of(GUIZHOU) == dict(received=1, sent_here=0, decided=0, in_time=0, asked_for_more=0)
        assert counts_of(SICHUAN) == dict(received=0, sent_here=1, decided=1, in_time=1, asked_for_more=0)
        assert figures.of_year().whole.share_in_time == 100

    def test_tells_a_late_decision_from_one_in_time(self, story: Story, at: datetime.datetime) -> None:
        story.lead_to("decided")
        late = Duty.objects.filter(case_id=story.id, kind="promised_limit")
        late.update(due_at=at - datetime.timedelta(days=1))
        figures.count_all(at=at)
        assert counts_of(SICHUAN)["decided"] == 1
        assert counts_of(SICHUAN)["in_time"] == 0

    @pytest.mark.article("C11")
    def test_counts_in_public_what_was_asked_beyond_the_first_notice(
        self, story: Story, at: datetime.datetime
    ) -> None:
        story.lead_to("correction")
        CorrectionNotice.objects.create(
            id=ids.new_id(at),
            case_id=story.id,
            asked_by="receiving",
            items=[],
            days=1,
            due_on=at.date(),
            asked_at=at,
            window=story.case.receiving_window,
            beyond=["photo"],
            beyond_reason="照片损坏",
        )
        figures.count_all(at=at)
        assert counts_of(GUIZHOU)["asked_for_more"] == 1

    def test_again_changes_nothing_and_a_draft_does_not_count(
        self, story: Story, at: datetime.datetime
    ) -> None:
        story.open()
        assert figures.count_all(at=at) == 0
        story.fill().pass_all()
        story.do("receive")
        first = figures.count_all(at=at)
        assert figures.count_all(at=at) == first == ProvinceFigures.objects.count()


class TestPage:
    def test_shows_what_was_counted_and_says_what_it_means(
        self,
        client: Client,
        story: Story,
        at: datetime.datetime,
        django_assert_max_num_queries: Callable[..., Any],
    ) -> None:
        assert "还没有统计" in client.get("/figures/").content.decode()
        story.lead_to("decided")
        figures.count_all(at=at)
        with django_assert_max_num_queries(8) as seen:
            text = client.get("/figures/").content.decode()
        assert not [q for q in seen.captured_queries if "cases_case" in q["sql"] or "duties_duty" in q["sql"]]
        assert "100.0%" in text
        assert "在承诺期限内作出决定的" in text
        said = client.get("/api/v1/figures").json()
        assert said["year"] == 2026
        assert said["whole"]["decided"] == 1
