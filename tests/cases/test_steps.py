"""Every state × step × actor: a new state or a refusal, as the table says and nothing else."""

import datetime

import pytest
from django.db import IntegrityError, transaction

from tests import stories
from tongban.cases import doctor, permissions, states
from tongban.cases.models import Case
from tongban.cases.states import BEGINNINGS, FINAL, OPEN, STATES, STEPS, Mode, Part, State
from tongban.duties.models import Duty
from tongban.journal import operations as journal
from tongban.kernel import refusals

ACTORS = {
    "clerk.520103": {Part.RECEIVING},
    "clerk.510100": {Part.HOME},
    "approver.510100": {Part.DEPARTMENT},
    "clerk.530102": set(),
    "manager.520000": set(),
    "group.1": set(),
    "sysadmin": set(),
    "auditadmin": set(),
    "applicant.1": set(),
    "applicant.2": set(),
}
HOME = "clerk.510100"
WAYS = {Mode.COLLECTED: stories.WAYS, Mode.ONLINE: stories.ONLINE_WAYS}


class TestTables:
    def test_every_state_has_a_row_and_every_open_state_one_holder(self) -> None:
        assert set(STATES) == set(State)
        assert all((row.turn is None) == (row.duty is None) for row in STATES.values())
        assert set(OPEN) == {s for s, row in STATES.items() if row.turn}

    def test_every_duty_that_a_table_names_exists_and_names_its_article(self) -> None:
        named = {row.duty for row in STATES.values() if row.duty}
        for step in STEPS.values():
            named |= (
                {o.kind for o in (*step.opens, *step.may_open)} | set(step.discharges) | set(step.cancels)
            )
        assert named == set(states.DUTIES)
        assert all(kind.article for kind in states.DUTIES.values())

    def test_every_open_state_can_be_left_and_every_state_reached(self) -> None:
        assert {s for step in STEPS.values() for s in step.from_} == set(OPEN)
        begun = {step.to for step in BEGINNINGS.values()}
        assert {step.to for step in STEPS.values() if step.to} | begun == set(State)

    @pytest.mark.article("C1")
    @pytest.mark.parametrize("mode", list(Mode))
    def test_a_mode_leads_nowhere_that_it_cannot_leave(self, mode: Mode) -> None:
        """From its beginning on, every open state of a mode has a main step or a way for time to end it."""
        reached = {step.to for step in BEGINNINGS.values() if mode in step.modes}
        for _round in State:
            here = [s for s in STEPS.values() if mode in s.modes and s.from_ & reached]
            reached |= {s.to for s in here if s.to}
        assert reached == set(WAYS[mode])
        for state in reached & OPEN:
            turn = STATES[State(state or "")].turn
            leaving = [s for s in STEPS.values() if mode in s.modes and state in s.from_ and s.to]
            assert any(s.is_main for s in leaving), state
            assert turn != Part.APPLICANT or any(Part.SYSTEM in s.by for s in leaving), state

    def test_no_step_leaves_a_final_state(self) -> None:
        assert not any(step.from_ & FINAL for step in STEPS.values())

    def test_the_stories_know_every_step_and_every_state(self) -> None:
        assert set(stories.DO) == set(STEPS)
        assert set(stories.WAYS) | set(stories.ONLINE_WAYS) == set(State)


@pytest.mark.django_db
@pytest.mark.article("C10", "C12", "P21(1)", "P21(2)", "P21(3)", "P21(4)", "P22", "C8")
@pytest.mark.parametrize(
    ("mode", "state"), [(mode, state) for mode, ways in WAYS.items() for state in ways], ids=str
)
def test_each_step_from_each_state_by_each_actor(mode: Mode, state: State, at: datetime.datetime) -> None:
    case = stories.begun(mode, at=at).lead_to(state).case
    for account, usual in ACTORS.items():
        is_applicant = account.startswith("applicant")
        by = stories.applicant(account) if is_applicant else stories.actor(account)
        parts = {Part.APPLICANT} if account == "applicant.1" and mode == Mode.ONLINE else usual
        parts = {Part.RECEIVING, Part.HOME} if account == HOME and mode == Mode.ONLINE else parts
        parts = set() if account == "clerk.520103" and mode == Mode.ONLINE else parts
        held = permissions.parts_of(by, case)
        if case.received_at or Part.HOME not in parts:
            assert held <= parts
        if permissions.is_unsent(case):
            assert held == parts & {Part.APPLICANT}
        for name, step in STEPS.items():
            allowed = bool(step.by & held) and state in step.from_ and mode in step.modes
            assert permissions.may_step(name, case, by=by) == allowed
            if allowed:
                permissions.require_step(name, case, by=by)
            else:
                with pytest.raises((refusals.NotAllowed, refusals.OutOfTurn)):
                    permissions.require_step(name, case, by=by)


# These discharge a duty that must be owed first: each has its own story below.
WITH_OWN_STORY = {
    "post_paper",
    "confirm_paper",
    "answer_discrepancy",
    "tell_result",
    "consent_off_list",
    "decline_off_list",
    "drop_off_list",
    "end_help",
}


@pytest.mark.django_db
@pytest.mark.article("C9", "C12", "G1")
@pytest.mark.parametrize(
    ("mode", "name", "state"),
    [
        (mode, n, state)
        for n, step in STEPS.items()
        if n not in WITH_OWN_STORY
        for mode in sorted(step.modes)
        for state in sorted(step.from_ & set(WAYS[mode]))
    ],
    ids=lambda value: str(value),
)
def test_a_step_leads_where_the_table_says(
    mode: Mode, name: str, state: State, at: datetime.datetime
) -> None:
    channel = "online_paper" if name == "send_with_paper" else "online"
    story = stories.begun(mode, at=at, channel=channel).lead_to(state)
    before = story.case
    story.do(name)
    after = story.case
    step = STEPS[name]
    assert after.state == (step.to or state)
    assert after.revision == before.revision + 1
    assert after.journal_seq == before.journal_seq + 1
    turns = Duty.objects.filter(case_id=after.id, is_turn=True, done_at=None)
    assert [d.kind for d in turns] == [STATES[State(after.state)].duty] * (after.state not in FINAL)
    assert list(doctor.examine(at=story.at)) == []
    assert [f for f in journal.verify() if f.chain_id == after.id] == []


@pytest.mark.django_db
class TestPaperThatFollows:
    @pytest.mark.article("P21(2)", "C5")
    def test_is_owed_within_two_working_days_of_receipt(self, at: datetime.datetime) -> None:
        story = stories.Story(at=at, channel="online_paper").do("open").do("receive").do("send_with_paper")
        duty = Duty.objects.get(case_id=story.id, kind="send_paper", done_at=None)
        assert duty.due_at == datetime.datetime(2026, 3, 4, 9, 0, tzinfo=datetime.UTC)
        story.do("confirm_arrival").do("post_paper")
        duty.refresh_from_db()
        assert duty.outcome == "done"
        story.do("confirm_paper")
        assert not Duty.objects.filter(case_id=story.id, kind="confirm_paper", done_at=None).exists()

    @pytest.mark.article("P21(2)")
    def test_can_be_demanded_by_the_home_window(self, at: datetime.datetime) -> None:
        story = stories.Story(at=at).lead_to("approval").do("demand_paper")
        assert Duty.objects.filter(case_id=story.id, kind="send_paper", done_at=None).exists()


@pytest.mark.django_db
class TestReconciliation:
    @pytest.mark.article("P21(3)", "C6")
    @pytest.mark.parametrize("wrong", ["missing", "damaged"])
    def test_makes_a_discrepancy_a_duty_of_the_sender(self, at: datetime.datetime, wrong: str) -> None:
        story = stories.Story(at=at).lead_to("in_transfer").do("confirm_arrival", wrong=wrong)
        duty = Duty.objects.get(case_id=story.id, kind="answer_discrepancy")
        assert duty.bearer_id == story.case.receiving_window_id
        assert story.case.state == "arrived"
        story.do("answer_discrepancy")
        duty.refresh_from_db()
        assert duty.outcome == "done"


@pytest.mark.django_db
class TestConstraints:
    @pytest.mark.article("C12")
    def test_a_case_is_one_holders_turn(self, story: stories.Story) -> None:
        story.lead_to("received")
        duty = Duty.objects.get(case_id=story.id, is_turn=True, done_at=None)
        duty.id += 1
        with pytest.raises(IntegrityError, match="a_case_is_one_holders_turn"), transaction.atomic():
            duty.save(force_insert=True)

    def test_a_finished_case_says_when_and_how(self, story: stories.Story) -> None:
        story.lead_to("received")
        with pytest.raises(IntegrityError, match="a_finished_case_says_when_and_how"), transaction.atomic():
            Case.objects.filter(id=story.id).update(state="closed")


@pytest.mark.django_db
class TestDoctor:
    @pytest.mark.article("C12")
    def test_names_a_case_without_holder(self, story: stories.Story) -> None:
        story.lead_to("arrived")
        Duty.objects.filter(case_id=story.id).delete()
        found = [a for a in doctor.examine(at=story.at) if a.number == story.case.number]
        assert [a.what for a in found] == ["0 holders instead of one"]

    @pytest.mark.article("C12")
    def test_names_a_clock_that_stands_still(self, story: stories.Story) -> None:
        story.lead_to("arrived")
        Duty.objects.filter(case_id=story.id, is_turn=True, done_at=None).update(due_at=None)
        assert any(a.number == story.case.number for a in doctor.examine(at=story.at))


@pytest.mark.django_db
class TestTelling:
    @pytest.mark.article("P21(4)", "C7")
    def test_is_owed_within_a_day_of_the_decision_and_before_closing(self, story: stories.Story) -> None:
        story.lead_to("approval").do("grant")
        assert Duty.objects.filter(case_id=story.id, kind="tell_result", done_at=None).exists()
        story.do("post_result").do("confirm_delivery")
        with pytest.raises(refusals.Incomplete):
            story.do("close")
        story.do("tell_result").do("close")
        assert story.case.state == "closed"
