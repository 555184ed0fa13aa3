"""The practice outbox: what would have been sent, and only where everybody is invented."""

from typing import Any

import pytest
from django.test import Client

from tests.stories import Story
from tongban.messages.operations import sending, writing


@pytest.fixture
def told(story: Story) -> Story:
    """A received case whose applicant was told, through the simulator."""
    story.lead_to("received")
    for message in writing.tell(story.id, seq=story.case.journal_seq, at=story.at):
        sending.send(message.case_id, message.id, at=story.at)
    return story


@pytest.mark.article("P21(4)", "C7")
class TestOutbox:
    def test_shows_the_words_and_says_that_nothing_was_sent(self, told: Story, client: Client) -> None:
        page = client.get("/practice/outbox/").content.decode()
        assert told.case.number in page and "模拟通道" in page and "已发出" in page
        assert "138****0000" in page and "13800000000" not in page

    def test_is_offered_to_programs(self, told: Story, client: Client) -> None:
        (row,) = [r for r in client.get("/api/v1/practice/outbox").json() if r["number"] == told.case.number]
        assert (row["channel"], row["state"], row["gateway"]) == ("sms", "sent", "simulated")
        assert told.case.number in row["text"]
        assert client.get("/api/v1/practice/outbox", {"after": row["next"]}).status_code == 200

    def test_is_not_there_outside_practice(self, told: Story, client: Client, settings: Any) -> None:
        settings.TONGBAN_PRACTICE = False
        assert client.get("/practice/outbox/").status_code == 404
        assert client.get("/api/v1/practice/outbox").status_code == 404
