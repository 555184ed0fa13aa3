"""Messages follow the steps: queued in the step's transaction, written once, by every way that is open."""

import datetime
import re
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from tests.stories import IDENTITY, Online, Story, account_of_the_applicant
from tongban.cases import queries as cases
from tongban.cases.models import Case
from tongban.cases.states import STEPS, Mode
from tongban.config import subscriptions
from tongban.kernel import worktime
from tongban.messages import queries, wording
from tongban.messages.models import Message
from tongban.messages.operations import writing
from tongban.messages.states import MOMENTS, Channel, Kind, MessageState

Tell = Callable[..., list[Message]]
# The state from which each step that is told of can be taken.
BEFORE = {
    "receive": "drafting",
    "ask_correction": "drafting",
    "ask_home_correction": "arrived",
    "relay_correction": "relay",
    "lapse": "correction",
    "lapse_at_home": "home_correction",
    "accept": "arrived",
    "decline": "arrived",
    "suspend": "approval",
    "resume": "suspended",
    "grant": "approval",
    "refuse": "approval",
    "post_result": "decided",
    "offer_pickup": "decided",
    "confirm_result_arrival": "result_in_transfer",
    "fail_delivery": "delivering",
    "fail_delivery_here": "pickup_receiving",
    "hand_over": "pickup_home",
    "hand_over_here": "pickup_receiving",
    "confirm_delivery": "delivering",
    "withdraw_early": "drafting",
    "withdraw": "received",
    "withdraw_at_home": "arrived",
    "submit": "filling",
    "ask_online_correction": "arrived",
    "lapse_online": "home_correction",
    "decline_online": "arrived",
    "offer_online": "decided",
    "download": "downloadable",
    "take_back": "arrived",
}


def jobs(case_id: int, task: str) -> int:
    return ProcrastinateJob.objects.filter(task_name=task, args__case_id=case_id).count()


class TestMoments:
    def test_are_steps_and_each_has_a_task(self) -> None:
        assert set(MOMENTS) == set(BEFORE) and set(MOMENTS) <= set(STEPS)
        assert {subscriptions.TELL, writing.SEND} <= set(app.tasks)

    @pytest.mark.article("P21(4)", "C7", "P21(1)", "P21(3)")
    @pytest.mark.parametrize("step", sorted(BEFORE))
    def test_are_told_by_text_message_and_in_site_without_any_identity_number(
        self, step: str, story: Story, tell: Tell
    ) -> None:
        if Mode.COLLECTED not in STEPS[step].modes:
            story = Online(at=story.at)
        story.lead_to(BEFORE[step])
        before = jobs(story.id, subscriptions.TELL)
        story.do(step)
        assert jobs(story.id, subscriptions.TELL) == before + 1
        rows = [row for row in tell(story) if row.window_id is None]
        assert {(r.kind, r.channel) for r in rows} == {
            (MOMENTS[step], Channel.SMS),
            (MOMENTS[step], Channel.IN_SITE),
        }
        for row in rows:
            text = queries.text_of(row) + row.title
            assert story.case.number in text
            assert IDENTITY not in text and not wording.holds_identity(text) and not re.search("[{}]", text)
            assert "测试甲" not in text

    @pytest.mark.article("P22")
    def test_name_the_last_day_of_an_online_correction(self, at: datetime.datetime, tell: Tell) -> None:
        story = Online(at=at).lead_to("home_correction")
        for row in tell(story):
            assert cases.notices_of(story.id)[-1].due_on.isoformat() in queries.text_of(row)

    @pytest.mark.article("P21(1)")
    def test_name_the_last_day_and_the_window_of_a_correction(self, story: Story, tell: Tell) -> None:
        story.lead_to("home_correction")
        (sms, _in_site) = tell(story)
        text = queries.text_of(sms)
        assert cases.notices_of(story.id)[-1].due_on.isoformat() in text
        home = story.case.home_window
        assert home and home.name in text and home.phone in text


@pytest.mark.article("P21(4)", "C7")
class TestTell:
    def test_goes_with_the_step_or_not_at_all(self, story: Story) -> None:
        story.lead_to("arrived")
        before = jobs(story.id, subscriptions.TELL)
        with pytest.raises(RuntimeError), transaction.atomic():
            story.do("accept")
            assert jobs(story.id, subscriptions.TELL) == before + 1
            raise RuntimeError
        assert jobs(story.id, subscriptions.TELL) == before

    def test_writes_nothing_twice(self, story: Story, tell: Tell) -> None:
        story.lead_to("received")
        assert len(tell(story)) == 2
        assert tell(story) == []
        assert Message.objects.filter(case_id=story.id).count() == 2
        assert jobs(story.id, writing.SEND) == 1

    def test_keeps_phone_and_words_sealed(self, story: Story, tell: Tell) -> None:
        story.lead_to("received")
        sms = next(row for row in tell(story) if row.channel == Channel.SMS)
        with connection.cursor() as cursor:
            cursor.execute("SELECT m::text FROM tongban_messages_message m WHERE id = %s", [sms.id])
            (row,) = cursor.fetchone()
        assert "13800000000" not in row and b"13800000000".hex() not in row
        assert queries.recipient_of(sms) == "13800000000"
        assert sms.recipient_masked == "138****0000"

    def test_goes_by_e_mail_too_in_their_language_once_an_address_is_known(
        self, story: Story, tell: Tell
    ) -> None:
        account_of_the_applicant(at=story.at, email="someone@example.org", language="en")
        story.lead_to("received")
        rows = {row.channel: row for row in tell(story)}
        assert set(rows) == set(Channel)
        assert queries.text_of(rows[Channel.EMAIL]).startswith(story.case.receiving_window.name + " took in")
        assert rows[Channel.EMAIL].recipient_masked == "s***@example.org"
        assert {row.language for row in rows.values()} == {"en"}

    def test_lets_nobody_be_woken(self, story: Story, tell: Tell) -> None:
        story.lead_to("received")
        night = datetime.datetime(2026, 3, 2, 23, 30, tzinfo=worktime.BEIJING)
        rows = {row.channel: row for row in tell(story, night)}
        assert rows[Channel.SMS].not_before == datetime.datetime(2026, 3, 3, 8, 0, tzinfo=worktime.BEIJING)
        assert jobs(story.id, writing.SEND) == 0
        assert rows[Channel.IN_SITE].state == MessageState.DELIVERED

    def test_masks_a_number_that_somebody_put_into_the_name_of_a_matter(
        self, story: Story, tell: Tell
    ) -> None:
        case = story.lead_to("received").case
        assert case.procedure
        case.procedure.item.name = f"为{IDENTITY}补办证明"
        case.procedure.item.save()
        assert [queries.text_of(r) for r in tell(story) if IDENTITY in queries.text_of(r)] == []


class TestRemind:
    @pytest.mark.article("P21(1)")
    def test_comes_once_on_the_working_day_before_the_last(self, story: Story) -> None:
        story.lead_to("correction")  # until Thursday 12 March 2026
        assert cases.notices_of(story.id)[0].due_on == datetime.date(2026, 3, 12)
        morning = [datetime.datetime(2026, 3, day, 9, 0, tzinfo=worktime.BEIJING) for day in (10, 11, 12)]
        assert [writing.remind(at=at) for at in morning] == [0, 1, 0]
        rows = Message.objects.filter(case_id=story.id, kind=Kind.CORRECTION_DUE)
        assert {r.channel for r in rows} == {Channel.SMS, Channel.IN_SITE}
        assert "2026-03-12" in queries.text_of(rows[0])

    @pytest.mark.article("P22")
    def test_sends_an_online_applicant_to_their_space_and_to_no_window(self, story: Story) -> None:
        story = Online(at=story.at).lead_to("home_correction")
        due_on = cases.notices_of(story.id)[0].due_on
        late = datetime.datetime.combine(due_on, datetime.time(9), worktime.BEIJING)
        assert writing.remind(at=late) == 1 and writing.remind(at=late) == 0
        for row in Message.objects.filter(case_id=story.id, kind=Kind.ONLINE_DUE):
            assert "我的空间" in queries.text_of(row) and "送到" not in queries.text_of(row)
        assert not Message.objects.filter(kind=Kind.CORRECTION_DUE).exists()

    def test_looks_past_a_weekend(self, story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
        story.at = datetime.datetime(2026, 3, 6, 2, 0, tzinfo=datetime.UTC)
        story.lead_to("correction")  # until Monday 16 March
        assert cases.notices_of(story.id)[0].due_on == datetime.date(2026, 3, 16)
        thursday, friday = (
            datetime.datetime(2026, 3, day, 9, 0, tzinfo=worktime.BEIJING) for day in (12, 13)
        )
        assert (writing.remind(at=thursday), writing.remind(at=friday)) == (0, 1)


class TestOfCases:
    @pytest.mark.article("F2")
    def test_lists_in_site_messages_of_these_cases_alone(self, story: Story, at: datetime.datetime) -> None:
        other = Story(at=at)
        for one in (story, other):
            one.lead_to("received")
            writing.tell(one.id, seq=one.case.journal_seq, at=one.at)
        rows = queries.of_cases(Case.objects.filter(id=story.id))
        assert [(m.case_id, m.channel) for m in rows] == [(story.id, Channel.IN_SITE)]
