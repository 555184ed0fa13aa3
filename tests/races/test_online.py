"""An online application at one moment: sent twice, sent while it lapses, helped while the help ends."""

from typing import Any

import pytest

from tests import stories
from tests.races.together import Held, is_whole, started, together
from tongban.cases.models import Help
from tongban.cases.operations import _step, helping, online
from tongban.cases.permissions import NotYourPart, require_writing
from tongban.kernel import refusals
from tongban.notices import online as papers
from tongban.notices.models import Notice
from tongban.people.actors import SYSTEM

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.article("C8", "P22", "S3")]


@pytest.mark.parametrize("count", [2, 6])
def test_sent_by_several_at_once_it_is_sent_once(count: int, at: Any) -> None:
    story = stories.Online(at=at).do("start")
    send = lambda: papers.submit(story.id, by=story.applicant, at=at)  # noqa: E731
    outcome = together(*[send] * count)
    assert (len(outcome.won), len(outcome.told)) == (1, count - 1)
    assert Notice.objects.filter(case_id=story.id).count() == 1
    is_whole(story.id)


def test_sent_while_it_lapses_it_is_one_or_the_other(at: Any) -> None:
    story = stories.Online(at=at).do("start")
    late = story.too_late()
    outcome = together(
        lambda: papers.submit(story.id, by=story.applicant, at=late).kind,
        lambda: online.lapse_draft(story.id, by=SYSTEM, at=late).state,
    )
    assert (len(outcome.won), len(outcome.told)) == (1, 1)
    assert story.case.state == ("arrived" if outcome.won == ["submission"] else "unsent")
    is_whole(story.id)


def test_what_a_helper_writes_waits_for_the_end_of_the_help_and_is_refused(at: Any) -> None:
    story = stories.Online(at=at).do("start").do("begin_help")
    helper = story.receiver

    def end(pause: Any) -> None:
        with _step.taking(story.id, "end_help", by=story.applicant, at=story.at) as step:
            step.set(helper_id=None)
            for row in Help.objects.filter(case=step.case, begun_at__isnull=False, ended_at=None):
                step.update(row, ended_at=story.at, ended_by_name="申请人")
            pause()

    held = Held(end)
    write = started(lambda: online.save(story.id, {"contact_name": "晚了"}, by=helper, at=story.at))
    held.let_go()
    with pytest.raises(NotYourPart):
        write.finished()
    with pytest.raises(refusals.Refusal):
        helping.end(story.id, by=helper, at=story.at)
    with pytest.raises(NotYourPart):
        require_writing(story.case, by=helper)
    assert story.case.applicant.contact_name != "晚了"
    is_whole(story.id)
