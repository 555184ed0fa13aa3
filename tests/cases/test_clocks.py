"""The clocks of a case: when each duty is due, what stops it, what lets it lapse."""

import datetime

import pytest

from tests import stories
from tongban.cases import tasks
from tongban.cases.models import CorrectionNotice
from tongban.directory import queries as directory
from tongban.duties import queries as duties
from tongban.duties.models import Duty

pytestmark = pytest.mark.django_db
BEIJING = datetime.timezone(datetime.timedelta(hours=8))


def due(story: stories.Story, kind: str) -> datetime.datetime:
    """Give when an open duty of the story's case is due, in Beijing's time."""
    at = Duty.objects.get(case_id=story.id, kind=kind, done_at=None).due_at
    assert at is not None
    return at.astimezone(BEIJING)


class TestSending:
    @pytest.mark.article("P21(2)", "C5", "G1")
    @pytest.mark.parametrize(("channel", "day"), [("online", 3), ("post", 4), ("online_paper", 3)])
    def test_is_owed_within_one_or_two_working_days(
        self, at: datetime.datetime, channel: str, day: int
    ) -> None:
        story = stories.Story(at=at, channel=channel).lead_to("received")
        assert due(story, "send_papers") == datetime.datetime(2026, 3, day, 17, 0, tzinfo=BEIJING)

    @pytest.mark.article("P21(2)", "G1")
    def test_skips_the_spring_festival_and_says_so(self) -> None:
        before = datetime.datetime(2026, 2, 14, 2, 0, tzinfo=datetime.UTC)  # a Saturday on which people work
        story = stories.Story(at=before).lead_to("received")
        assert due(story, "send_papers").date() == datetime.date(2026, 2, 24)
        duty = Duty.objects.get(case_id=story.id, kind="send_papers")
        said = "\n".join(duties.due_of(duty).explain())
        assert "春节" in said

    @pytest.mark.article("P21(2)")
    def test_follows_a_change_of_channel(self, story: stories.Story) -> None:
        story.lead_to("received").do("choose_channel")
        assert due(story, "send_papers").date() == datetime.date(2026, 3, 4)


class TestCorrection:
    @pytest.mark.article("P21(1)", "C3", "F1")
    def test_lapses_by_itself_after_its_last_day(self, story: stories.Story) -> None:
        story.lead_to("correction")
        notice = CorrectionNotice.objects.get(case_id=story.id)
        assert notice.due_on == datetime.date(2026, 3, 12)
        assert due(story, "bring_correction").date() == notice.due_on

    @pytest.mark.article("P21(1)", "C3")
    def test_is_swept_up_by_the_periodic_task(
        self, story: stories.Story, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        story.lead_to("correction")
        now = datetime.datetime(2026, 3, 12, 8, 0, tzinfo=datetime.UTC)
        monkeypatch.setattr(directory, "now", lambda: now)
        tasks.lapse_all()
        assert story.case.state == "correction"
        monkeypatch.setattr(directory, "now", lambda: now + datetime.timedelta(days=1))
        tasks.lapse_all()
        assert (story.case.state, story.case.outcome) == ("lapsed", "lapsed")

    @pytest.mark.article("P21(3)")
    def test_counts_from_the_relay_when_told_through_the_receiving_window(self, story: stories.Story) -> None:
        story.lead_to("relay")
        story.at += datetime.timedelta(days=1)
        story.do("relay_correction")
        assert due(story, "bring_correction").date() == datetime.date(2026, 3, 13)


class TestLimits:
    @pytest.mark.article("P21(3)", "G1")
    def test_run_from_acceptance(self, story: stories.Story) -> None:
        story.procedure, story.home_code = "103-1", "510107000000"
        story.home = stories.actor("clerk.510107")
        story.lead_to("approval")
        case = story.case
        duty = Duty.objects.get(case_id=story.id, kind="legal_limit", done_at=None)
        assert duty.amount == case.legal_limit
        assert duty.counts_from_at == case.accepted_at
        assert due(story, "promised_limit") <= due(story, "legal_limit")

    @pytest.mark.article("P21(3)", "C6")
    def test_stop_while_suspended_and_move_by_the_days_of_the_stop(self, story: stories.Story) -> None:
        story.lead_to("approval")
        before = due(story, "legal_limit")
        story.do("suspend")
        stopped = Duty.objects.get(case_id=story.id, kind="legal_limit", done_at=None)
        assert stopped.due_at is None and stopped.stops[0]["reason"] == "专家评审"
        story.at += datetime.timedelta(days=7)
        story.do("resume")
        assert due(story, "legal_limit") > before
        assert due(story, "decide") == due(story, "promised_limit")

    @pytest.mark.article("P21(3)", "C12")
    def test_run_on_also_when_the_machine_s_clock_was_put_back_meanwhile(self, story: stories.Story) -> None:
        story.lead_to("suspended")
        story.at -= datetime.timedelta(days=2)
        story.do("resume")
        assert story.case.state == "approval"
        assert due(story, "legal_limit") > story.at

    @pytest.mark.article("G1")
    def test_show_amber_before_they_are_late(self, story: stories.Story) -> None:
        story.lead_to("arrived")
        duty = Duty.objects.get(case_id=story.id, kind="decide_acceptance", done_at=None)
        assert duty.amber_at and duty.due_at and duty.opened_at < duty.amber_at < duty.due_at
