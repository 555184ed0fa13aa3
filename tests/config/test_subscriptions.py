"""What follows a step across the parts of the product: where applicants are told, and what their messages lead to."""

import re

import pytest
from django.test import Client

from tests.stories import IDENTITY, Story
from tongban.config import subscriptions
from tongban.feedback.models import Rating
from tongban.feedback.states import Road
from tongban.messages import queries
from tongban.messages.models import Message
from tongban.messages.operations import writing
from tongban.messages.states import Channel, Kind
from tongban.people import applicants
from tongban.people.models import Applicant, Person
from tongban.web.kit import requests

pytestmark = pytest.mark.django_db
OTHER = "110105194912310038"


@pytest.fixture(autouse=True)
def _connected() -> None:
    subscriptions.connect()


def applicant(story: Story, *, number: str = "") -> Applicant:
    """An account that has confirmed an e-mail address and, with a number, who they are."""
    row = applicants.make(phone="13711112222", at=story.at)
    applicants.hold_email(row.person_id, email="jia.example@example.org", at=story.at)
    if number:
        applicants.prove(row.person_id, name="测试甲", number=number, how="oidc", at=story.at)
    return row


def told(story: Story) -> dict[str, Message]:
    return {m.channel: m for m in writing.tell(story.id, seq=story.case.journal_seq, at=story.at)}


class TestAddressOf:
    @pytest.mark.article("P21(4)", "F2")
    def test_brings_messages_to_the_address_that_the_applicant_entered(self, story: Story) -> None:
        applicant(story, number=IDENTITY)
        rows = told(story.open().fill().do("receive"))
        assert set(rows) == set(Channel)
        assert queries.recipient_of(rows[Channel.EMAIL]) == "jia.example@example.org"

    @pytest.mark.article("S1")
    @pytest.mark.parametrize("number", ["", OTHER])
    def test_tells_nobody_whose_number_it_is_not(self, story: Story, number: str) -> None:
        applicant(story, number=number)
        assert set(told(story.open().fill().do("receive"))) == {Channel.SMS, Channel.IN_SITE}

    def test_writes_no_more_to_an_account_that_is_switched_off(self, story: Story) -> None:
        row = applicant(story, number=IDENTITY)
        Person.objects.filter(pk=row.person_id).update(is_active=False)
        assert Channel.EMAIL not in told(story.open().fill().do("receive"))


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
