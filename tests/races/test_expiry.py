"""A duty that expires while it is being done: it ends one way, and never for a time that has not run out."""

import datetime
from typing import Any

import pytest

from tests import stories
from tests.races.together import codes, is_whole, together
from tongban.cases import queries, rules, tasks
from tongban.cases.operations import acceptance, intake
from tongban.directory import queries as directory
from tongban.duties import operations as duties
from tongban.kernel import worktime
from tongban.people.actors import SYSTEM

pytestmark = pytest.mark.usefixtures("committed")
WHO = {"actor_id": None, "actor_name": "测试", "place": ""}


@pytest.mark.article("C3", "C12", "S3")
class TestCorrection:
    @pytest.mark.parametrize("count", [2, 8])
    def test_brought_at_the_moment_it_lapses_ends_one_way(
        self, count: int, at: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        several = [stories.Story(at=at).lead_to("correction") for _ in range(4)]
        late = max(story.too_late() for story in several)
        monkeypatch.setattr(directory, "now", lambda: late)
        bring = [lambda s=s: intake.bring_correction(s.id, by=s.receiver, at=late) for s in several]
        outcome = together(*bring * (count // 2), *[tasks.lapse_all] * (count // 2))
        brought = [won for won in outcome.won if not isinstance(won, int)]
        lapsed = sum(won for won in outcome.won if isinstance(won, int))
        assert len(brought) + lapsed == len(several)
        for story in several:
            ends = [code for code in codes(story.id) if code in ("bring_correction", "lapse")]
            assert len(ends) == 1
            assert story.case.state == {"bring_correction": "drafting", "lapse": "lapsed"}[ends[0]]
        is_whole(*[story.id for story in several])

    def test_at_home_brought_to_either_window_or_lapsed_ends_one_way(self, at: Any) -> None:
        story = stories.Story(at=at).lead_to("home_correction")
        late = story.too_late()
        outcome = together(
            lambda: acceptance.bring_to_home(story.id, by=story.home, at=late),
            lambda: acceptance.bring_to_receiving(story.id, by=story.receiver, at=late),
            lambda: acceptance.lapse_at_home(story.id, by=SYSTEM, at=late),
        )
        assert (len(outcome.won), len(outcome.told)) == (1, 2)
        is_whole(story.id)

    def test_asked_anew_since_the_list_was_made_does_not_lapse(self, at: Any) -> None:
        """The sweep lists what is overdue; meanwhile it is brought, and something else is asked for."""
        story = stories.Story(at=at).lead_to("correction")
        late = story.too_late()
        intake.bring_correction(story.id, by=story.receiver, at=late)
        story.do("ask_correction")
        with pytest.raises(rules.TimeStillRuns):
            intake.lapse(story.id, by=SYSTEM, at=late + datetime.timedelta(hours=2))
        assert story.case.state == "correction"
        is_whole(story.id)

    def test_whose_last_day_has_become_a_day_off_does_not_lapse_before_its_clock_is_moved(
        self, at: Any
    ) -> None:
        """The clocks follow a changed calendar a moment later; a lapse in between counts by the new one."""
        story = stories.Story(at=at).lead_to("correction")
        late = story.too_late()
        due = next(d for d in queries.duties_of(story.id) if d.is_turn)
        assert due.due_at is not None
        on = due.due_at.astimezone(worktime.BEIJING).date()
        code = directory.division_of_window(story.case.receiving_window_id)
        duties.change_day(code, on=on, is_working=False, reason="停班", source="通告", at=at, **WHO)
        with pytest.raises(rules.TimeStillRuns):
            intake.lapse(story.id, by=SYSTEM, at=late)
        duties.recompute_clocks(code, at=at)
        assert story.too_late() > late
        intake.lapse(story.id, by=SYSTEM, at=story.at)
        is_whole(story.id)
        duties.restore_day(code, on=on, at=at, **WHO)
