"""A window closes only when its open cases have another holder, which one order arranges."""

import datetime

import pytest

from tests.stories import WAYS, Online, Story, actor
from tongban.cases import doctor, queries, rules, tasks
from tongban.cases.models import Transfer
from tongban.cases.operations import intake, windows
from tongban.cases.states import OPEN, STATES, Part, State
from tongban.directory import queries as directory
from tongban.directory.models import Window
from tongban.directory.rules import NotListed, WindowClosed
from tongban.duties.models import Duty
from tongban.journal import operations as journal
from tongban.people import permissions

CHENGDU, WUHOU, YUNYAN, NANMING = "510100000000", "510107000000", "520103000000", "520102000000"
pytestmark = pytest.mark.django_db


def window(code: str) -> Window:
    return Window.objects.get(division_id=code)


def order(at: datetime.datetime, code: str = YUNYAN, to: str = NANMING) -> Window:
    by = actor(f"manager.{code[:6]}")
    return windows.hand_over(window(code).id, successor_id=window(to).id, reason="机构调整", by=by, at=at)


def carry_on(at: datetime.datetime, code: str = YUNYAN) -> int:
    rounds = 0
    while windows.hand_batch_over(window(code).id, ordered_by="测试", at=at):
        rounds += 1
    return rounds


class TestClose:
    @pytest.mark.article("P13", "C12")
    @pytest.mark.parametrize("code", [YUNYAN, CHENGDU])
    def test_is_refused_while_the_window_holds_open_cases(self, at: datetime.datetime, code: str) -> None:
        Story(at=at).lead_to("arrived")
        with pytest.raises(rules.HoldsCases, match="还有 1 件"):
            windows.close(window(code).id, reason="撤并", by=actor(f"manager.{code[:6]}"), at=at)
        assert window(code).is_open

    def test_takes_an_empty_window_off_the_list_for_good(self, at: datetime.datetime) -> None:
        by = actor("manager.520103")
        windows.close(window(YUNYAN).id, reason="撤并", by=by, at=at)
        assert directory.window_of(YUNYAN) is None
        with pytest.raises(WindowClosed):
            windows.close(window(YUNYAN).id, reason="撤并", by=by, at=at)

    @pytest.mark.parametrize("account", ["manager.520100", "manager.520000", "lead.520103", "group.1"])
    def test_is_for_its_own_authority(self, at: datetime.datetime, account: str) -> None:
        with pytest.raises(permissions.NotYourPart):
            windows.close(window(YUNYAN).id, reason="撤并", by=actor(account), at=at)


class TestHandOver:
    @pytest.mark.article("P13", "C12", "C13")
    @pytest.mark.parametrize("state", sorted(OPEN & set(WAYS)), ids=str)
    def test_keeps_state_and_clocks_and_moves_every_part(self, at: datetime.datetime, state: State) -> None:
        story = Story(at=at).lead_to(state)
        before = story.case
        due = {d.kind: d.due_at for d in Duty.objects.filter(case_id=story.id, done_at=None)}
        order(story.at)
        carry_on(story.at)
        after = story.case
        assert (after.state, after.home_window_id) == (before.state, before.home_window_id)
        assert after.receiving_window_id == window(NANMING).id
        assert {d.kind: d.due_at for d in Duty.objects.filter(case_id=story.id, done_at=None)} == due
        assert not Duty.objects.filter(
            done_at=None, bearer_kind="window", bearer_id=window(YUNYAN).id
        ).exists()
        assert not Duty.objects.filter(done_at=None, watched_by_id=window(YUNYAN).id).exists()
        assert list(doctor.examine(at=story.at)) == []
        assert list(journal.verify(heads=queries.heads())) == []
        closed = window(YUNYAN)
        assert closed.closed_at and not closed.is_open

    @pytest.mark.article("P13", "C8", "C12")
    @pytest.mark.parametrize("state", ["filling", "arrived", "home_correction", "downloadable"])
    def test_takes_both_parts_of_an_online_case_and_no_papers(
        self, at: datetime.datetime, state: str
    ) -> None:
        story = Online(at=at).lead_to(state)
        order(story.at, CHENGDU, WUHOU)
        carry_on(story.at, CHENGDU)
        case = story.case
        assert case.receiving_window_id == case.home_window_id == window(WUHOU).id
        assert not Transfer.objects.filter(case_id=story.id).exists()
        assert not Duty.objects.filter(done_at=None, watched_by_id=window(CHENGDU).id).exists()
        assert list(doctor.examine(at=story.at)) == []

    @pytest.mark.article("C13")
    @pytest.mark.parametrize(
        ("state", "code", "to", "signed"),
        [
            ("received", YUNYAN, NANMING, True),
            ("approval", CHENGDU, WUHOU, True),
            ("in_transfer", CHENGDU, WUHOU, False),
            ("approval", YUNYAN, NANMING, False),
        ],
    )
    def test_signs_the_papers_over_where_they_lie(
        self, at: datetime.datetime, state: str, code: str, to: str, signed: bool
    ) -> None:
        story = Story(at=at).lead_to(state)
        order(story.at, code, to)
        carry_on(story.at, code)
        rows = Transfer.objects.filter(case_id=story.id, kind="custody")
        assert [(r.from_window_id, r.to_window_id) for r in rows] == [
            (window(code).id, window(to).id)
        ] * signed

    @pytest.mark.article("P13")
    def test_lets_the_successor_go_on_with_the_case(self, at: datetime.datetime) -> None:
        story = Story(at=at).lead_to("arrived")
        order(story.at, CHENGDU, WUHOU)
        carry_on(story.at, CHENGDU)
        story.home = actor("clerk.510107")
        story.do("accept")
        assert story.case.state == State.APPROVAL
        assert STATES[State(story.case.state)].turn == Part.HOME

    def test_goes_on_in_batches_and_once_more_finds_nothing(
        self, at: datetime.datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(windows, "BATCH", 2)
        for _n in range(5):
            Story(at=at).lead_to("drafting")
        order(at)
        assert carry_on(at) == 3
        assert carry_on(at) == 0
        assert windows.open_cases_of(window(YUNYAN).id) == 0

    def test_stops_new_cases_at_once(self, at: datetime.datetime) -> None:
        order(at)
        with pytest.raises(NotListed):
            intake.open_case(by=actor("clerk.520103"), at=at)

    def test_is_carried_on_by_the_queue(self, at: datetime.datetime) -> None:
        story = Story(at=at).lead_to("drafting")
        order(at)
        tasks.carry_on_handing_over(0)
        assert story.case.receiving_window_id == window(NANMING).id

    @pytest.mark.parametrize("to", [YUNYAN, CHENGDU])
    def test_goes_to_another_listed_window_of_the_province(self, at: datetime.datetime, to: str) -> None:
        with pytest.raises(rules.UnfitSuccessor):
            order(at, YUNYAN, to)

    def test_lets_a_draft_for_the_closed_window_be_received_by_the_successor(
        self, at: datetime.datetime
    ) -> None:
        story = Story(at=at).open().fill()
        order(at, CHENGDU, WUHOU)
        carry_on(at, CHENGDU)
        assert story.case.home_window_id == window(WUHOU).id


class TestReplacedPlace:
    @pytest.mark.article("A1", "P13")
    def test_offers_the_successor_and_is_accepted_under_its_name(self, at: datetime.datetime) -> None:
        from tongban.directory import rules as directory_rules

        story = Story(at=at).open()
        with pytest.raises(directory_rules.PlaceReplaced, match="请改选重庆市两江新区") as refused:
            story.home_code = "500112000000"
            story.fill()
        assert refused.value.details["successor_code"] == "500157000000"
        story.home_code = "500157000000"
        story.fill()
        assert story.case.home_window is not None

    @pytest.mark.article("A1")
    def test_keeps_old_cases_readable_and_old_identity_numbers_valid(self, at: datetime.datetime) -> None:
        story = Story(at=at, home_code="500157000000").open().fill(identity="500112199001011239")
        case = story.case
        type(case).objects.filter(id=case.id).update(home_code="500112000000")
        assert queries.get(case.id, for_=story.receiver).home_code == "500112000000"
        assert directory.names_of(["500112000000"]) == {"500112000000": "重庆市渝北区"}
