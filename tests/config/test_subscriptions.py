"""What follows a step across the parts of the product: where applicants are told, and what their messages lead to."""

import datetime
import re

import pytest
from django.db import transaction
from django.test import Client
from django.utils import translation

from tests import stories
from tests.stories import Story
from tongban.cases import following
from tongban.cases.operations import windows
from tongban.config import subscriptions
from tongban.directory.models import Window
from tongban.feedback.models import Rating
from tongban.feedback.states import Road
from tongban.messages import queries
from tongban.messages.models import Message
from tongban.messages.operations import writing
from tongban.messages.states import Channel, Kind
from tongban.people import codes
from tongban.people.actors import Actor
from tongban.people.models import Person
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


@pytest.mark.article("P13", "P21(4)", "C12")
class TestClosedWindow:
    """What a window was told and nobody noted lies on the page of the one that takes its place."""

    OLD, NEW = "520103000000", "520102000000"

    def close(self, at: datetime.datetime) -> None:
        old, new = (Window.objects.get(division_id=code) for code in (self.OLD, self.NEW))
        by = stories.actor("manager.520103")
        windows.hand_over(old.id, successor_id=new.id, reason="机构调整", by=by, at=at)
        while windows.hand_batch_over(old.id, ordered_by="测试", at=at):
            pass
        assert Window.objects.get(id=old.id).closed_at

    def end(self, story: Story) -> int:
        """Lead a case to its end; gives the entry of its decision."""
        seq = story.lead_to("approval").do("grant").case.journal_seq
        for step in ("tell_result", "post_result", "confirm_delivery", "close"):
            story.do(step)
        return seq

    @pytest.fixture
    def after(self, db: None) -> Actor:
        return stories.actor("clerk.520102")

    def test_lets_what_nobody_noted_follow_its_open_case(self, story: Story, after: Actor) -> None:
        told(story.lead_to("approval").do("refuse"))
        other = Story(at=story.at).lead_to("approval").do("grant")
        told(other)
        noted = next(m for m in queries.to_note(story.receiver) if m.case_id == other.id)
        writing.note(noted.key, by=story.receiver, at=story.at)
        assert queries.to_note(after) == []
        self.close(story.at)
        assert queries.to_note(story.receiver) == []
        (row,) = queries.to_note(after)
        assert (row.case_id, story.case.receiving_window_id) == (story.id, row.window_id)
        assert writing.note(row.key, by=after, at=story.at).seen_by_name == after.name
        assert Message.objects.get(id=noted.id).window_id != row.window_id

    @pytest.mark.article("C13")
    def test_does_so_in_the_transaction_of_the_case(
        self, story: Story, after: Actor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_said: object) -> None:
            raise RuntimeError

        told(story.lead_to("approval").do("refuse"))
        monkeypatch.setattr(following, "ON_HAND_OVER", [writing.hand_over, fail])
        with pytest.raises(RuntimeError), transaction.atomic():
            self.close(story.at)
        assert len(queries.to_note(story.receiver)) == 1
        assert story.case.receiving_window_id in story.receiver.window_ids
        assert queries.to_note(after) == []

    def test_lets_what_was_told_of_a_case_that_has_ended_follow_the_last_one(
        self, story: Story, after: Actor, client: Client
    ) -> None:
        seq = self.end(story)
        writing.tell(story.id, seq=seq, at=story.at)
        self.close(story.at)
        assert [m.case_id for m in queries.to_note(after)] == [story.id]
        client.force_login(Person.objects.get(account="clerk.520102"))
        page = client.get("/desk/").content.decode()
        assert story.case.number in page
        assert f"/desk/cases/{story.case.number}/" not in page  # the case is not theirs: no link into nothing

    def test_tells_the_successor_what_comes_after(self, story: Story, after: Actor) -> None:
        seq = self.end(story)
        self.close(story.at)
        writing.tell(story.id, seq=seq, at=story.at)
        assert [m.case_id for m in queries.to_note(after)] == [story.id]
