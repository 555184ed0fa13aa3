"""Who is told: the applicant and who stands in for them, in the language of each, and the receiving window."""

import datetime
from collections.abc import Callable

import pytest

from tests import stories
from tests.stories import IDENTITY, Online, Story, account_of_the_applicant
from tongban.cases.models import CaseApplicant
from tongban.directory.models import Window
from tongban.messages import queries, rules
from tongban.messages.models import Message
from tongban.messages.operations import writing
from tongban.messages.states import Channel, Kind
from tongban.people import applicants, mandates
from tongban.people.actors import Actor
from tongban.people.models import Enterprise, Person

pytestmark = pytest.mark.django_db
Tell = Callable[..., list[Message]]
OTHER = "110105194912310038"


def sent(rows: list[Message]) -> set[tuple[str, str, str]]:
    """By which way, to whom, in which language; what lies on the page of a window is not sent."""
    return {(r.channel, queries.recipient_of(r), r.language) for r in rows if r.window_id is None}


def by_agent(giver: Actor, agent: Actor, at: datetime.datetime) -> tuple[Actor, int]:
    """Let somebody act for somebody else; gives them as they act, and the mandate."""
    own = applicants.of(agent.id or 0)
    row = mandates.offer(
        agent_name=own.person.name,
        agent_phone=applicants.phone_of(own),
        until_on=(at + datetime.timedelta(days=60)).date(),
        by=giver,
        at=at,
    )
    mandates.accept(row.id, by=agent, at=at)
    acting = stories.applicant("applicant.2")
    return acting.acting_for(giver.party.key.replace("own", "relative")), row.id


class TestApplicant:
    @pytest.mark.article("P21(4)", "F2")
    def test_is_told_at_the_address_that_they_confirmed(self, story: Story, tell: Tell) -> None:
        account_of_the_applicant(at=story.at, email="jia.example@example.org")
        rows = tell(story.open().fill().do("receive"))
        assert {r.channel for r in rows} == set(Channel)
        (mail,) = [r for r in rows if r.channel == Channel.EMAIL]
        assert queries.recipient_of(mail) == "jia.example@example.org"

    @pytest.mark.article("S1")
    @pytest.mark.parametrize("number", ["", OTHER])
    def test_is_nobody_whose_number_it_is_not(self, story: Story, tell: Tell, number: str) -> None:
        account_of_the_applicant(at=story.at, email="jia.example@example.org", number=number)
        assert {r.channel for r in tell(story.open().fill().do("receive"))} == {Channel.SMS, Channel.IN_SITE}

    def test_is_no_account_that_is_switched_off(self, story: Story, tell: Tell) -> None:
        row = account_of_the_applicant(at=story.at, email="jia.example@example.org", number=IDENTITY)
        Person.objects.filter(pk=row.person_id).update(is_active=False)
        assert Channel.EMAIL not in {r.channel for r in tell(story.open().fill().do("receive"))}

    @pytest.mark.article("A6", "C7")
    def test_and_their_agent_are_both_told_until_the_mandate_ends(
        self, at: datetime.datetime, tell: Tell
    ) -> None:
        giver, agent = stories.applicant("applicant.1"), stories.applicant("applicant.2")
        applicants.choose_language(agent.id or 0, "en")
        for one, email in ((giver, "own@example.org"), (agent, "agent@example.org")):
            applicants.hold_email(one.id or 0, email=email, at=at)
        story = Online(at=at)
        story.applicant, mandate_id = by_agent(giver, agent, at)
        story.lead_to("arrived")
        assert sent(tell(story)) == {
            (Channel.IN_SITE, "", "zh-hans"),
            (Channel.SMS, "13900000002", "en"),
            (Channel.SMS, "13900000001", "zh-hans"),
            (Channel.EMAIL, "own@example.org", "zh-hans"),
            (Channel.EMAIL, "agent@example.org", "en"),
        }
        mandates.end(mandate_id, by=giver, at=story.at)
        assert sent(tell(story.do("accept"))) == {
            (Channel.IN_SITE, "", "zh-hans"),
            (Channel.SMS, "13900000001", "zh-hans"),
            (Channel.EMAIL, "own@example.org", "zh-hans"),
        }

    @pytest.mark.article("A6", "P15")
    def test_is_an_enterprise_at_the_address_that_it_confirmed(
        self, at: datetime.datetime, tell: Tell
    ) -> None:
        head = stories.applicant("applicant.1")
        row = Enterprise.objects.get(legal_representative_id=head.id)
        acting = head.acting_for(f"enterprise-{row.id}")
        mandates.hold_email(email="office@example.org", by=acting, at=at)
        applicants.hold_email(head.id or 0, email="private@example.org", at=at)
        story = Online(at=at)
        story.applicant = acting
        story.lead_to("arrived")
        assert sent(tell(story)) == {
            (Channel.IN_SITE, "", "zh-hans"),
            (Channel.SMS, "13900000001", "zh-hans"),
            (Channel.EMAIL, "office@example.org", "zh-hans"),
        }


class TestWindow:
    @pytest.mark.article("P21(4)", "C7")
    @pytest.mark.parametrize(("step", "word"), [("grant", "准予"), ("refuse", "不予许可")])
    def test_that_received_is_told_of_the_result_and_notes_it_once(
        self, story: Story, tell: Tell, step: str, word: str
    ) -> None:
        tell(story.lead_to("approval").do(step))
        (row,) = queries.to_note(story.receiver)
        text = queries.text_of(row)
        assert row.kind == Kind.RESULT_HERE and word in text and story.case.number in text
        assert "测试甲" not in text and story.case.home_window and story.case.home_window.phone in text
        assert queries.to_note(story.home) == []
        with pytest.raises(rules.UnknownMessage):
            writing.note(row.key, by=story.home, at=story.at)
        for by in (story.receiver, stories.actor("lead.520103")):
            noted = writing.note(row.key, by=by, at=story.at)
            assert noted.seen_by_name == story.receiver.name
        assert queries.to_note(story.receiver) == []

    @pytest.mark.article("P21(4)")
    def test_with_a_mobile_phone_gets_a_text_message_too(self, story: Story, tell: Tell) -> None:
        Window.objects.filter(id__in=story.receiver.window_ids).update(phone="139 1234 5678")
        rows = tell(story.lead_to("approval").do("grant"))
        told = {(r.channel, queries.recipient_of(r)) for r in rows if r.window_id}
        assert told == {(Channel.IN_SITE, ""), (Channel.SMS, "13912345678")}

    @pytest.mark.article("P22")
    def test_that_decides_itself_is_told_nothing(self, at: datetime.datetime, tell: Tell) -> None:
        assert not [r for r in tell(Online(at=at).lead_to("approval").do("grant")) if r.window_id]

    @pytest.mark.article("S1")
    def test_messages_are_not_in_the_space_of_the_applicant(self, story: Story, tell: Tell) -> None:
        tell(story.lead_to("approval").do("grant"))
        rows = queries.of_cases(type(story.case).objects.filter(id=story.id))
        assert [r.kind for r in rows] == [Kind.GRANTED]
        assert CaseApplicant.objects.filter(case_id=story.id).exists()
