"""Who sees a case, and who may change what was entered."""

from collections.abc import Callable

import pytest

from tests import stories
from tongban.cases import permissions, queries, rules, search
from tongban.cases.operations import intake, transfer
from tongban.people.actors import Actor

pytestmark = pytest.mark.django_db
ByAccount = Callable[[str], Actor]


class TestVisibleTo:
    @pytest.mark.article("S1", "P26(4)")
    @pytest.mark.parametrize(
        ("account", "state", "sees"),
        [
            ("clerk.520103", "drafting", True),
            ("lead.520103", "drafting", True),
            ("clerk.510100", "drafting", False),  # the home window, before receipt
            ("clerk.510100", "received", True),
            ("clerk.520102", "received", False),  # the next county
            ("clerk.530102", "received", False),
            ("approver.510100", "approval", False),
            ("approver.510100", "with_department", True),
            ("manager.520103", "received", True),
            ("manager.520100", "received", True),
            ("manager.520000", "received", True),
            ("manager.510000", "drafting", False),
            ("manager.510000", "received", True),
            ("manager.530000", "received", False),
            ("group.1", "received", False),
            ("sysadmin", "received", False),
            ("secadmin", "received", False),
            ("auditadmin", "received", False),
        ],
    )
    def test_shows_a_case_only_to_its_places(
        self, actor: ByAccount, story: stories.Story, account: str, state: str, sees: bool
    ) -> None:
        story.lead_to(state)
        person = actor(account)
        assert queries.visible_to(person).filter(id=story.id).exists() == sees
        assert [c.id for c in search.find(person, story.case.number)] == [story.id] * sees
        assert [c.id for c in search.find(person, stories.IDENTITY) if c.id == story.id] == [story.id] * sees
        if not sees:
            with pytest.raises(rules.UnknownCase):
                queries.get(story.id, for_=person)

    @pytest.mark.article("C9")
    def test_hides_a_forwarded_case_from_the_window_it_left(self, story: stories.Story) -> None:
        story.lead_to("arrived").do("forward")
        assert not queries.visible_to(story.home).filter(id=story.id).exists()
        assert queries.visible_to(stories.actor("clerk.510700")).filter(id=story.id).exists()


class TestEditing:
    @pytest.mark.article("S1")
    def test_is_refused_to_other_windows(self, actor: ByAccount, story: stories.Story) -> None:
        story.lead_to("drafting")
        with pytest.raises(permissions.NotYourPart):
            intake.save(story.id, {"name": "别人"}, by=actor("clerk.520102"), at=story.at)

    @pytest.mark.article("P21(1)")
    def test_is_refused_after_receipt(self, story: stories.Story) -> None:
        story.lead_to("received")
        with pytest.raises(permissions.NotThisState):
            intake.save(story.id, {"name": "改名"}, by=story.receiver, at=story.at)

    def test_refuses_a_bad_identity_number_and_keeps_the_good_one(self, story: stories.Story) -> None:
        story.lead_to("drafting")
        masked = story.case.applicant.identity_masked
        with pytest.raises(Exception) as caught:
            intake.save(story.id, {"identity": "110105194912310021"}, by=story.receiver, at=story.at)
        assert "identity" in caught.value.fields  # type: ignore[attr-defined]
        assert story.case.applicant.identity_masked == masked != stories.IDENTITY


class TestConflict:
    @pytest.mark.article("C10", "S3")
    def test_tells_the_second_who_did_what(self, story: stories.Story) -> None:
        story.lead_to("arrived")
        seen = story.case.revision
        story.do("accept")
        with pytest.raises(rules.ChangedMeanwhile, match="受理"):
            transfer.return_case(story.id, reason="退回", by=story.home, at=story.at, revision=seen)
