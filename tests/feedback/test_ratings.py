"""Ratings: five levels, one a leg, voluntary; a bad one makes the authority responsible owe contact and a remedy (F4)."""

import datetime
from collections.abc import Callable

import pytest

from tests import stories
from tongban.directory.models import Parameter
from tongban.duties.models import BearerKind, Duty
from tongban.feedback import queries, rules, soundness
from tongban.feedback.models import Rating, Rectification
from tongban.feedback.operations import ratings, rectifications
from tongban.feedback.permissions import NotYours
from tongban.feedback.states import Road
from tongban.journal.models import Entry, Look
from tongban.kernel import refusals
from tongban.people.actors import Actor
from tongban.web.kit import requests

pytestmark = [pytest.mark.django_db, pytest.mark.article("F4", "P11", "W9")]


@pytest.fixture
def received(story: stories.Story) -> stories.Story:
    """A case of 云岩区 that 成都市 decides, after its receipt."""
    for step in ("open", "receive"):
        story.do(step)
    return story


def rate(story: stories.Story, leg: str = "receiving", level: int | None = 1, **more: object) -> Rating:
    said = {"words": "排队很久", "road": Road.LINK, **more}
    return ratings.rate(story.id, leg=leg, level=level, by=requests.NOBODY, at=story.at, **said)  # type: ignore[arg-type]


def bad(story: stories.Story, **more: object) -> Rectification:
    return rate(story, **more).rectification  # type: ignore[arg-type]


class TestRate:
    def test_takes_each_leg_once_and_only_when_it_is_done(self, received: stories.Story) -> None:
        rate(received, level=5)
        with pytest.raises(rules.RatedAlready):
            rate(received, level=1)
        for leg in ("home", "parcel"):
            with pytest.raises(rules.NothingToRate):
                rate(received, leg=leg)
        assert [leg.leg for leg in queries.legs_of(received.case)] == ["receiving"]

    def test_opens_home_and_parcel_after_the_result_and_its_delivery(self, story: stories.Story) -> None:
        story.lead_to("delivered")
        assert [leg.leg for leg in queries.legs_of(queries.case_of(story.id))] == [
            "receiving",
            "home",
            "parcel",
        ]
        assert rate(story, leg="parcel", level=2).authority.division_id == stories.DECIDING

    @pytest.mark.parametrize(
        ("leg", "level"), [("receiving", None), ("receiving", 6), ("receiving", 0), ("x", 5)]
    )
    def test_wants_one_of_five_levels_and_a_leg(self, received: stories.Story, leg: str, level: int) -> None:
        with pytest.raises(refusals.Incomplete) as refused:
            rate(received, leg=leg, level=level)
        assert set(refused.value.fields) <= {"leg", "level"}
        assert not Rating.objects.exists()

    def test_keeps_no_name_of_who_rated(self, received: stories.Story) -> None:
        row = rate(received, road=Road.PORTAL)
        entries = Entry.objects.filter(code__startswith="feedback.")
        assert entries
        assert all(e.actor == "群众" and e.actor_id is None for e in entries)
        named = {f.name for f in Rating._meta.fields if "name" in f.name or "person" in f.name}
        assert named == set()
        assert bytes(row.phone_sealed) == b""

    @pytest.mark.parametrize(("level", "opens"), [(5, False), (4, False), (3, False), (2, True), (1, True)])
    def test_opens_a_rectification_for_a_bad_one_alone(
        self, received: stories.Story, level: int, opens: bool
    ) -> None:
        rate(received, level=level)
        assert Rectification.objects.exists() is opens
        owed = set(Duty.objects.filter(kind="contact_rater").values_list("kind", flat=True))
        assert owed == ({"contact_rater"} if opens else set())


class TestRectification:
    @pytest.mark.article("G1")
    def test_is_owed_by_the_authority_in_its_own_working_days(self, received: stories.Story) -> None:
        row = bad(received)
        duties = {d.kind: d for d in queries.duties_of([row.id])[row.id]}
        assert {k: d.amount for k, d in duties.items()} == {"contact_rater": 1, "rectify_rating": 5}
        assert {d.bearer_kind for d in duties.values()} == {BearerKind.AUTHORITY}
        assert {d.bearer_id for d in duties.values()} == {row.authority_id}
        assert row.authority.division_id == "520103000000"

    def test_takes_its_time_from_the_province(self, story: stories.Story) -> None:
        Parameter.objects.create(name="feedback.contact_days", division_id="520000000000", value=3)
        row = bad(story.do("open").do("receive"))
        assert Duty.objects.get(case_id=row.id, kind="contact_rater").amount == 3

    def test_goes_from_contact_over_remedy_to_the_call_back(
        self, received: stories.Story, actor: Callable[[str], Actor]
    ) -> None:
        row, by, at = bad(received), actor("manager.520103"), received.at
        with pytest.raises(rules.ContactFirst):
            rectifications.rectify(row.id, measures="a", reply="b", by=by, at=at)
        rectifications.contact(row.id, note="已电话联系", by=by, at=at)
        with pytest.raises(rules.NotNow):
            rectifications.call_back(row.id, result="satisfied", by=by, at=at)
        rectifications.rectify(row.id, measures="增开窗口", reply="已增开窗口", by=by, at=at)
        rectifications.call_back(row.id, result="satisfied", by=by, at=at)
        row.refresh_from_db()
        assert (row.state, row.call_back) == ("closed", "satisfied")
        assert queries.duties_of([row.id]) == {}
        assert list(soundness.examine()) == []

    def test_gets_fifteen_days_once_for_a_reason(
        self, received: stories.Story, actor: Callable[[str], Actor]
    ) -> None:
        row, by = bad(received), actor("manager.520103")
        before = Duty.objects.get(case_id=row.id, kind="rectify_rating")
        with pytest.raises(rules.NeedsWords):
            rectifications.extend(row.id, reason=" ", by=by, at=received.at)
        rectifications.extend(row.id, reason="涉及两个部门", by=by, at=received.at)
        after = Duty.objects.get(id=before.id)
        assert (after.amount, after.due_at > before.due_at) == (15, True)  # type: ignore[operator]
        with pytest.raises(rules.NotNow):
            rectifications.extend(row.id, reason="再延", by=by, at=received.at)

    def test_shows_the_phone_to_whoever_calls_and_records_each_look(
        self, received: stories.Story, actor: Callable[[str], Actor]
    ) -> None:
        row = bad(received)
        assert rectifications.phone(row.id, by=actor("manager.520103"), at=received.at) == "13800000000"
        look = Look.objects.get(case_id=received.id, what="rater_phone")
        assert look.purpose == "差评回访"
        with pytest.raises(refusals.Refusal):
            rectifications.phone(row.id, by=actor("clerk.520103"), at=received.at)

    @pytest.mark.parametrize(
        ("account", "sees", "acts"),
        [
            ("manager.520103", True, True),
            ("manager.520000", True, True),
            ("group.1", True, False),
            ("manager.510000", False, False),
            ("clerk.520103", False, False),
            ("lead.520103", False, False),
            ("clerk.510100", False, False),
            ("approver.510100", False, False),
            ("sysadmin", False, False),
        ],
    )
    @pytest.mark.article("S1")
    def test_is_seen_and_answered_by_its_authority_and_those_above(
        self,
        received: stories.Story,
        actor: Callable[[str], Actor],
        account: str,
        sees: bool,
        acts: bool,
    ) -> None:
        row, who = bad(received), actor(account)
        assert queries.visible_to(who).filter(id=row.id).exists() is sees
        assert queries.ratings_visible_to(who).exists() is sees
        refused = () if acts else (NotYours if sees else rules.Unknown,)
        try:
            rectifications.contact(row.id, note="联系了", by=who, at=received.at)
        except refused:
            return
        assert acts

    def test_shows_clerks_figures_and_words_of_past_months_alone(
        self, received: stories.Story, actor: Callable[[str], Actor]
    ) -> None:
        rate(received)
        clerk, month = actor("clerk.520103"), queries.month_of(received.at)
        assert [f.bad for f in queries.window_figures(clerk, since=month)] == [1]
        assert queries.window_words(clerk, until=month) == []
        later = queries.month_of(received.at + datetime.timedelta(days=32))
        said = queries.window_words(clerk, until=later)
        assert [s.words for s in said] == ["排队很久"]
        assert set(vars(said[0])) == {"month", "leg", "level", "words"}


class TestAppeal:
    def test_is_decided_above_and_while_upheld_the_rating_does_not_count(
        self, received: stories.Story, actor: Callable[[str], Actor]
    ) -> None:
        row, own, at = bad(received), actor("manager.520103"), received.at
        made = rectifications.appeal(row.id, reason="内容与本窗口无关", by=own, at=at)
        duty = Duty.objects.get(case_id=made.id, kind="decide_appeal")
        assert made.decided_by is not None
        assert (duty.bearer_id, duty.amount) == (made.decided_by_id, 5)
        assert made.decided_by.division_id in ("520100000000", "520000000000")
        with pytest.raises(NotYours):
            rectifications.decide(row.id, outcome="upheld", words="属实", by=own, at=at)
        above = actor("manager.520000")
        rectifications.decide(row.id, outcome="upheld", words="查实与服务无关", by=above, at=at)
        row.refresh_from_db()
        assert row.state == "dropped"
        assert [
            f.total for f in queries.window_figures(actor("clerk.520103"), since=queries.month_of(at))
        ] == [0]
        assert list(soundness.examine()) == []

    def test_leaves_everything_as_it_was_when_it_is_rejected(
        self, received: stories.Story, actor: Callable[[str], Actor]
    ) -> None:
        row, at = bad(received), received.at
        rectifications.appeal(row.id, reason="恶意", by=actor("manager.520103"), at=at)
        rectifications.decide(row.id, outcome="rejected", words="评价属实", by=actor("manager.520000"), at=at)
        assert {d.kind for d in queries.duties_of([row.id])[row.id]} == {"contact_rater", "rectify_rating"}
        with pytest.raises(rules.NotNow):
            rectifications.appeal(row.id, reason="再申诉", by=actor("manager.520103"), at=at)


class TestSoundness:
    def test_lists_an_open_one_without_bearer_or_clock(self, received: stories.Story) -> None:
        row = bad(received)
        Duty.objects.filter(case_id=row.id, kind="contact_rater").update(due_at=None)
        assert [a.what for a in soundness.examine()] == ["the clock of contact_rater stands still"]
        Duty.objects.filter(case_id=row.id).delete()
        assert [(a.part, a.what) for a in soundness.examine()] == [("rectification", "nobody owes it")]
