"""Ratings and complaints at one moment: one wins, the other is told, and nothing is there twice (F4, F5, S3)."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests import stories
from tests.races.together import refused_as, together
from tests.stories import actor
from tongban.duties.models import Duty
from tongban.feedback import queries, soundness
from tongban.feedback.models import Appeal, Complaint, Owner, Rating, Rectification
from tongban.feedback.operations import complaints, hotline, ratings, rectifications
from tongban.feedback.states import Road
from tongban.journal import operations as journal
from tongban.journal.models import Entry
from tongban.people.actors import SYSTEM
from tongban.web.kit import rating, requests

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.article("F4", "F5", "P11", "S3")]
LEAD, ABOVE, OTHER = "manager.510100", "manager.510000", "manager.520103"


@pytest.fixture
def received(at: datetime.datetime) -> stories.Story:
    return stories.Story(at=at).do("open").do("receive")


def filed(story: stories.Story, about: str = "home") -> Complaint:
    return complaints.file(
        kind="complaint",
        words="两地互相推诿",
        case_id=story.id,
        about=about,
        complainant=complaints.Complainant(four="1234"),
        road=Road.NUMBER,
        by=requests.NOBODY,
        at=story.at,
    )


def bad(story: stories.Story) -> Rectification:
    said: dict[str, Any] = {"road": Road.LINK, "by": requests.NOBODY, "at": story.at}
    return ratings.rate(story.id, leg="receiving", level=1, words="排队很久", **said).rectification


def steps(about_id: int, code: str) -> int:
    """How often the journal says that a step was taken about something."""
    chain = journal.chain_of("feedback", about_id)
    return Entry.objects.filter(chain_id=chain, code=f"feedback.{code}").count()


def answering(row: Complaint, account: str, at: datetime.datetime, **more: Any) -> Callable[[], str]:
    by = actor(account)
    return lambda: complaints.answer(row.id, answer=f"{account}的答复", by=by, at=at, **more).answer


class TestComplaint:
    @pytest.mark.parametrize(("revision", "refused"), [(1, "answered_meanwhile"), (None, "not_now")])
    def test_two_authorities_answer_it_once(
        self, received: stories.Story, revision: int | None, refused: str
    ) -> None:
        row = filed(received)
        acts = [answering(row, who, received.at, revision=revision) for who in (LEAD, ABOVE, LEAD)]
        outcome = together(*acts)
        assert (len(outcome.won), len(outcome.told)) == (1, 2)
        assert refused_as(outcome.told) == {refused}
        row.refresh_from_db()
        assert (row.state, row.answer, row.revision) == ("answered", outcome.won[0], 2)
        assert steps(row.id, "complaint_answered") == 1
        assert queries.duties_of([row.id]) == {}

    def test_an_answer_and_its_escalation_are_one_or_the_other(self, received: stories.Story) -> None:
        row = filed(received)
        due = Duty.objects.get(case_id=row.id).due_at
        assert due is not None
        late = due + datetime.timedelta(minutes=1)
        outcome = together(
            answering(row, LEAD, late, revision=1),
            lambda: complaints.escalate(row.id, by=SYSTEM, at=late),
        )
        row.refresh_from_db()
        if outcome.told:  # it had gone up: who answers is told, and sees it anew
            assert outcome.won == [True]
            assert (row.state, row.escalation) == ("open", 1)
            assert {d.kind for d in queries.duties_of([row.id])[row.id]} == {
                "answer_complaint",
                "answer_late_complaint",
            }
        else:
            assert False in outcome.won
            assert (row.state, row.escalation) == ("answered", 0)
            assert queries.duties_of([row.id]) == {}
        assert list(soundness.examine()) == []

    def test_goes_up_once_when_two_jobs_find_it_late(self, received: stories.Story) -> None:
        row = filed(received)
        due = Duty.objects.get(case_id=row.id).due_at
        assert due is not None
        late = due + datetime.timedelta(minutes=1)
        outcome = together(*[lambda: complaints.escalate(row.id, by=SYSTEM, at=late)] * 4)
        assert sorted(outcome.won) == [False, False, False, True]
        assert Duty.objects.filter(case_id=row.id, kind="answer_late_complaint").count() == 1
        assert steps(row.id, "complaint_escalated") == 1

    def test_of_two_places_is_answered_once_when_both_agree_at_once(self, received: stories.Story) -> None:
        row = filed(received, "both")
        complaints.answer(row.id, answer="一稿", by=actor(LEAD), at=received.at)
        seen = Complaint.objects.get(id=row.id).revision
        agree = [
            lambda who=who: complaints.agree(row.id, by=actor(who), at=received.at, revision=seen).state
            for who in (OTHER, "manager.520000")
        ]
        outcome = together(*agree)
        assert (outcome.won, len(outcome.told)) == (["answered"], 1)
        row.refresh_from_db()
        assert (row.state, row.answer) == ("answered", "一稿")
        assert steps(row.id, "answer_agreed") == steps(row.id, "complaint_answered") == 1
        assert list(soundness.examine()) == []

    def test_of_two_places_is_never_answered_with_what_the_other_has_not_seen(
        self, received: stories.Story
    ) -> None:
        for _ in range(4):
            row = filed(received, "both")
            complaints.answer(row.id, answer="一稿", by=actor(LEAD), at=received.at)
            seen = Complaint.objects.get(id=row.id).revision
            again = lambda row=row, seen=seen: complaints.answer(  # noqa: E731
                row.id, answer="二稿", by=actor(LEAD), at=received.at, revision=seen
            )
            agree = lambda row=row, seen=seen: complaints.agree(  # noqa: E731
                row.id, by=actor(OTHER), at=received.at, revision=seen
            )
            outcome = together(again, agree)
            assert (len(outcome.won), len(outcome.told)) == (1, 1)
            row.refresh_from_db()
            assert (row.state, row.draft, row.answer) in [("answered", "一稿", "一稿"), ("open", "二稿", "")]
            agreed = Owner.objects.get(complaint=row, leads=False).agreed_at
            assert (agreed is not None) == (row.state == "answered")

    def test_of_two_places_is_not_agreed_and_objected_to_at_once(self, received: stories.Story) -> None:
        row = filed(received, "both")
        complaints.answer(row.id, answer="一稿", by=actor(LEAD), at=received.at)
        seen = Complaint.objects.get(id=row.id).revision
        said: dict[str, Any] = {"by": actor(OTHER), "at": received.at, "revision": seen}
        outcome = together(
            lambda: complaints.agree(row.id, **said),
            lambda: complaints.object_to(row.id, words="不是这样", **said),
        )
        assert (len(outcome.won), len(outcome.told)) == (1, 1)
        other = Owner.objects.get(complaint=row, leads=False)
        assert bool(other.agreed_at) != bool(other.objection)

    @pytest.mark.article("W9")
    def test_of_the_hotline_sent_twice_at_once_is_one(self, at: datetime.datetime) -> None:
        said = {"kind": "request", "words": "门口没有指引", "code": "520103000000"}
        told = [hotline.Told(system="12345", number=f"R-{n}", told_at=at, **said) for n in (1, 2)]
        by = actor("manager.520000")
        outcome = together(
            lambda: hotline.take_all(told, by=by, at=at), lambda: hotline.take_all(told[::-1], by=by, at=at)
        )
        assert sorted(one.is_new for taken in outcome.won for one in taken) == [False, False, True, True]
        rows = Complaint.objects.filter(outside_number__in=("R-1", "R-2"))
        assert rows.count() == 2
        assert Duty.objects.filter(case_id__in=rows.values("id")).count() == 2


class TestRating:
    def test_by_one_link_twice_at_once_is_one(self, received: stories.Story) -> None:
        until = requests.machine_time() + rating.ASKED
        token = rating.token_for(received.id, road=Road.LINK, until=until)

        def send(level: int) -> int:
            said = {"leg": "receiving", "level": str(level), "words": "排队很久"}
            return Client().post(f"/rate/{token}/", said).status_code

        outcome = together(lambda: send(1), lambda: send(2), lambda: send(1))
        assert sorted(outcome.won) == [302, 409, 409]
        row = Rating.objects.get(about_case_id=received.id)
        opened = Rectification.objects.get(rating=row)
        assert Duty.objects.filter(case_id=opened.id).count() == 2
        assert steps(row.id, "rated") == steps(opened.id, "rectification_opened") == 1

    def test_is_appealed_once(self, received: stories.Story) -> None:
        row = bad(received)
        appeals = [
            lambda who=who: rectifications.appeal(row.id, reason="恶意", by=actor(who), at=received.at)
            for who in (OTHER, "manager.520000", OTHER)
        ]
        outcome = together(*appeals)
        assert (len(outcome.won), len(outcome.told)) == (1, 2)
        made = Appeal.objects.get(rating=row.rating)
        assert Duty.objects.filter(case_id=made.id, kind="decide_appeal").count() == 1
        assert steps(row.id, "rating_appealed") == 1

    def test_has_one_decision_of_its_appeal(self, received: stories.Story) -> None:
        for _ in range(3):
            story = stories.Story(at=received.at).do("open").do("receive")
            row = bad(story)
            rectifications.appeal(row.id, reason="恶意", by=actor(OTHER), at=story.at)
            decide = [
                lambda outcome=outcome, who=who, row=row: rectifications.decide(
                    row.id, outcome=outcome, words="查实", by=actor(who), at=received.at
                )
                for outcome, who in (("upheld", "manager.520100"), ("rejected", "manager.520000"))
            ]
            outcome = together(*decide)
            assert (len(outcome.won), len(outcome.told)) == (1, 1)
            row.refresh_from_db()
            made = Appeal.objects.get(rating=row.rating)
            assert made.outcome == outcome.won[0].outcome
            is_upheld = made.outcome == "upheld"
            assert (
                (row.state == "dropped")
                == is_upheld
                == (Rating.objects.get(id=row.rating_id).discounted_at is not None)
            )
            assert (row.id not in queries.duties_of([row.id])) == is_upheld
            assert steps(row.id, "appeal_decided") == 1
        assert list(soundness.examine()) == []

    def test_is_not_put_right_while_its_appeal_is_upheld(self, received: stories.Story) -> None:
        row = bad(received)
        rectifications.appeal(row.id, reason="恶意", by=actor(OTHER), at=received.at)
        rectifications.contact(row.id, note="已联系", by=actor(OTHER), at=received.at)
        said: dict[str, Any] = {
            "measures": "增开窗口",
            "reply": "谢谢",
            "by": actor(OTHER),
            "at": received.at,
        }
        upheld: dict[str, Any] = {"outcome": "upheld", "words": "查实", "by": actor("manager.520100")}
        together(
            lambda: rectifications.rectify(row.id, **said),
            lambda: rectifications.decide(row.id, at=received.at, **upheld),
        )
        row.refresh_from_db()
        assert row.state == "dropped"
        assert queries.duties_of([row.id]) == {}
        assert list(soundness.examine()) == []
