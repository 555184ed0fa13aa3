"""Complaints: owed within a working day, by two places together where both are involved, upwards when late (P11)."""

import datetime
from collections.abc import Callable

import pytest
from django.test import Client
from procrastinate.contrib.django import app

from tests import stories
from tongban.directory.models import Parameter
from tongban.duties.models import BearerKind, Duty
from tongban.feedback import queries, rules, soundness, tasks
from tongban.feedback.models import Complaint
from tongban.feedback.operations import complaints
from tongban.feedback.permissions import NotYours
from tongban.feedback.states import Road
from tongban.people.actors import Actor
from tongban.web.kit import requests

pytestmark = [pytest.mark.django_db, pytest.mark.article("P11", "F5", "G1")]
ByAccount = Callable[[str], Actor]


@pytest.fixture
def received(story: stories.Story) -> stories.Story:
    return story.do("open").do("receive")


def filed(story: stories.Story, **more: object) -> Complaint:
    said = {
        "kind": "complaint",
        "words": "两地互相推诿",
        "case_id": story.id,
        "about": "both",
        "complainant": complaints.Complainant(name="测试乙", phone="13900000009"),
        "road": Road.NUMBER,
        "by": requests.NOBODY,
        "at": story.at,
        **more,
    }
    return complaints.file(**said)  # type: ignore[arg-type]


def due(row: Complaint, kind: str) -> datetime.datetime:
    at = Duty.objects.filter(case_id=row.id, kind=kind).latest("due_at").due_at
    assert at is not None
    return at + datetime.timedelta(minutes=1)


class TestFile:
    def test_is_owed_by_each_place_within_one_working_day_of_its_own(self, received: stories.Story) -> None:
        row = filed(received)
        owners = [(o.authority.division_id, o.leads) for o in queries.owners_of(row.id)]
        assert owners == [("510100000000", True), ("520103000000", False)]
        duties = Duty.objects.filter(case_id=row.id)
        assert {(d.kind, d.amount, d.bearer_kind) for d in duties} == {
            ("answer_complaint", 1, BearerKind.AUTHORITY)
        }
        assert {d.calendar_code for d in duties} == {"510100000000", "520103000000"}

    def test_gives_the_hotline_its_own_limits_where_a_place_has_set_them(self, story: stories.Story) -> None:
        Parameter.objects.create(
            name="feedback.hotline_days.consultation", division_id="510000000000", value=3
        )
        more = {"kind": "consultation", "case_id": None, "place_code": "510107000000", "road": Road.PHONE}
        row = filed(story, **more)
        assert Duty.objects.get(case_id=row.id).amount == 3

    def test_seals_who_complains_and_opens_by_number_and_four_alone(self, received: stories.Story) -> None:
        row = filed(received)
        assert "测试乙".encode() not in bytes(row.name_sealed)
        assert queries.complaint_by_four(row.number, "0009") == row
        for number, four in ((row.number, "0008"), ("26CZ-GDJV-R9RD", "0009"), ("x", "")):
            with pytest.raises(rules.Unknown):
                queries.complaint_by_four(number, four)

    @pytest.mark.parametrize(
        ("account", "sees", "answers"),
        [
            ("manager.510000", True, True),
            ("manager.520103", True, False),
            ("group.1", True, False),
            ("manager.530000", False, False),
            ("clerk.520103", False, False),
            ("approver.510100", False, False),
            ("auditadmin", False, False),
        ],
    )
    @pytest.mark.article("S1")
    def test_is_seen_by_its_owners_and_answered_by_the_lead(
        self, received: stories.Story, actor: ByAccount, account: str, sees: bool, answers: bool
    ) -> None:
        row, who = filed(received), actor(account)
        assert queries.complaints_visible_to(who).filter(id=row.id).exists() is sees
        refused = (rules.NotTheLead, NotYours) if sees else (rules.Unknown,)
        try:
            complaints.answer(row.id, answer="答复", by=who, at=received.at)
        except refused:
            assert not answers
        else:
            assert answers


class TestAnswer:
    def test_of_two_places_is_given_once_both_agree_to_it(
        self, received: stories.Story, actor: ByAccount
    ) -> None:
        row, lead, other = filed(received), actor("manager.510000"), actor("manager.520103")
        with pytest.raises(rules.NotNow):
            complaints.agree(row.id, by=other, at=received.at)
        complaints.answer(row.id, answer="第一稿", by=lead, at=received.at)
        complaints.object_to(row.id, words="没有说清我方", by=other, at=received.at)
        row.refresh_from_db()
        assert (row.state, row.answer) == ("open", "")
        complaints.answer(row.id, answer="第二稿", by=lead, at=received.at)
        done = complaints.agree(row.id, by=other, at=received.at)
        assert (done.state, done.answer) == ("answered", "第二稿")
        assert len(done.answered_by.split("、")) == 2
        assert queries.duties_of([row.id]) == {}
        assert list(soundness.examine()) == []

    def test_refuses_the_second_of_two_who_answer_what_they_both_saw(
        self, received: stories.Story, actor: ByAccount
    ) -> None:
        row, by = filed(received, about="home"), actor("manager.510000")
        seen = row.revision
        complaints.answer(row.id, answer="甲的答复", by=by, at=received.at, revision=seen)
        with pytest.raises(rules.AnsweredMeanwhile):
            complaints.answer(row.id, answer="乙的答复", by=by, at=received.at, revision=seen)
        row.refresh_from_db()
        assert row.answer == "甲的答复"

    def test_brings_in_the_second_place(self, received: stories.Story, actor: ByAccount) -> None:
        row, lead = filed(received, about="home"), actor("manager.510000")
        complaints.involve(row.id, place_code="520103000000", by=lead, at=received.at)
        assert len(queries.owners_of(row.id)) == 2
        complaints.answer(row.id, answer="拟答复", by=lead, at=received.at)
        row.refresh_from_db()
        assert row.state == "open"


class TestEscalate:
    def test_goes_to_the_level_above_and_then_to_the_group_each_on_its_clock(
        self, received: stories.Story, actor: ByAccount
    ) -> None:
        row = filed(received, about="home")
        assert tasks.escalate_all(at=received.at) == 0
        late = due(row, "answer_complaint")
        assert tasks.escalate_all(at=late) == 1
        assert tasks.escalate_all(at=late) == 0
        row.refresh_from_db()
        assert row.escalated_to is not None
        assert row.escalated_to.division_id == "510000000000"
        later = due(row, "answer_late_complaint")
        assert tasks.escalate_all(at=later) == 1
        row.refresh_from_db()
        assert row.is_with_group
        group = Duty.objects.get(case_id=row.id, kind="settle_late_complaint")
        assert (group.bearer_kind, group.amount) == (BearerKind.GROUP, 2)
        assert [d.kind for d in queries.pressing(actor("group.1"), at=due(row, "settle_late_complaint"))] == [
            "settle_late_complaint"
        ]
        done = complaints.answer(row.id, answer="小组答复", by=actor("group.1"), at=later)
        assert done.state == "answered"
        assert list(soundness.examine()) == []

    def test_goes_up_by_itself_and_says_so_to_whoever_complained(
        self, received: stories.Story, client: Client
    ) -> None:
        job = app.periodic_registry.periodic_tasks[tasks.escalate.name, ""]
        assert job.cron == "*/5 * * * *"  # nobody has to press anything
        row = filed(received, about="home")
        assert tasks.escalate_all(at=due(row, "answer_complaint")) == 1
        asked = client.post("/complaints/", {"number": row.number, "four": "0009"})
        page = client.get(asked["Location"]).content.decode()
        row.refresh_from_db()
        assert row.escalated_to is not None
        assert "督办" in page and row.escalated_to.name in page

    def test_hands_an_answer_that_settles_nothing_to_the_level_above(
        self, received: stories.Story, actor: ByAccount
    ) -> None:
        row = filed(received, about="receiving")
        complaints.answer(row.id, answer="已处理", by=actor("manager.520103"), at=received.at)
        with pytest.raises(rules.Unknown):
            queries.complaint(row.id, for_=actor("clerk.520103"))
        complaints.judge(row.id, is_settled=False, words="没有", by=requests.NOBODY, at=received.at)
        row.refresh_from_db()
        assert (row.state, row.escalation) == ("open", 1)
        assert {d.kind for d in queries.duties_of([row.id])[row.id]} == {"answer_late_complaint"}
        with pytest.raises(rules.NotNow):
            complaints.judge(row.id, is_settled=True, by=requests.NOBODY, at=received.at)
