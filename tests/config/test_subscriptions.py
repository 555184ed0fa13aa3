"""What follows a step across the parts of the product: where applicants are told, and what their messages lead to."""

import re

import pytest
from django.test import Client
from django.utils import translation

from tests.stories import Story
from tongban.config import subscriptions
from tongban.feedback.models import Rating
from tongban.feedback.states import Road
from tongban.messages import queries
from tongban.messages.models import Message
from tongban.messages.operations import writing
from tongban.messages.states import Channel, Kind
from tongban.people import codes
from tongban.web.kit import requests

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _connected() -> None:
    subscriptions.connect()


def told(story: Story) -> dict[str, Message]:
    return {m.channel: m for m in writing.tell(story.id, seq=story.case.journal_seq, at=story.at)}


class TestRatingLink:
    @pytest.mark.article("F4", "W9")
    @pytest.mark.parametrize(
        ("state", "leg", "kind"),
        [
            ("received", "receiving", Kind.RECEIPT),
            ("delivered", "home", Kind.DELIVERED),
            ("returning_home", "home", Kind.DECLINED),
        ],
    )
    def test_leads_from_the_text_message_to_the_rating_of_what_was_done(
        self,
        story: Story,
        client: Client,
        monkeypatch: pytest.MonkeyPatch,
        state: str,
        leg: str,
        kind: Kind,
    ) -> None:
        monkeypatch.setattr(requests, "machine_time", lambda: story.at)
        sms = told(story.lead_to(state))[Channel.SMS]
        assert sms.kind == kind
        found = re.search(r"://[^/\s]+(/rate/\S+/)", queries.text_of(sms))
        assert found
        assert client.post(found[1], {"leg": leg, "level": "5"}).status_code == 302
        assert [(r.leg, r.road) for r in Rating.objects.all()] == [(leg, Road.LINK)]

    def test_is_in_no_message_after_which_nothing_new_can_be_rated(self, story: Story) -> None:
        assert "/rate/" not in queries.text_of(told(story.lead_to("approval"))[Channel.SMS])


class TestCodes:
    @pytest.mark.article("F2")
    def test_are_written_in_the_language_of_the_page_that_asked(self, story: Story) -> None:
        with translation.override("en"):
            codes.send(phone="13900000001", address="10.0.0.1", at=story.at)
        assert queries.text_of(Message.objects.get(kind=Kind.CODE)).startswith("Your code is")
