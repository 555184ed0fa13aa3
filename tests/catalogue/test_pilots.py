"""Pilots: agreed between two places, received at either for the other, judged by figures, taken into a batch."""

import datetime
from typing import Any

import pytest

from tests import stories
from tests.catalogue import piloting
from tongban.cases import pilots as figures
from tongban.catalogue import listing, permissions, queries, rules
from tongban.catalogue.operations import lists, pilots
from tongban.kernel import refusals

pytestmark = [pytest.mark.django_db, pytest.mark.article("B5", "P6", "W16")]
TODAY = datetime.date(2026, 3, 2)
DAY = datetime.timedelta(days=1)


def names(words: str, *, on: datetime.date, at_code: str = "") -> list[str]:
    queries.forget()
    return [i.name for i in queries.find_items(words, on=on, at_code=at_code)]


class TestPropose:
    @pytest.mark.parametrize(
        ("account", "first"),
        [
            ("manager.510100", piloting.FIRST),
            ("manager.520000", piloting.FIRST),
            ("manager.520103", piloting.FIRST),
            ("clerk.520100", piloting.FIRST),
            ("group.1", piloting.FIRST),
            ("manager.520000", "520000000000"),
        ],
    )
    def test_is_for_who_runs_the_place(self, account: str, first: str, at: datetime.datetime) -> None:
        with pytest.raises(pilots.NotYourPilot):
            pilots.propose(**piloting.proposal(at, first=first), by=stories.actor(account), at=at)

    @pytest.mark.parametrize("second", ["520300000000", "510107000000", "510000000000", "nowhere"])
    def test_is_between_places_of_one_level_in_two_provinces(
        self, second: str, at: datetime.datetime
    ) -> None:
        with pytest.raises(pilots.NotAPair) as refused:
            piloting.proposed(at, second=second)
        assert "second" in refused.value.fields

    def test_is_between_two_counties_too(self, at: datetime.datetime) -> None:
        said = piloting.proposal(at, first="520103000000", second="500103000000")
        row = pilots.propose(**said, by=stories.actor("manager.520103"), at=at)
        assert (row.first.level, row.state) == ("county", "proposed")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", " "),
            ("lead_department", ""),
            ("why", ""),
            ("materials", "\n"),
            ("legal_limit", None),
            ("legal_limit", 400),
            ("promised_limit", 21),
            ("begin_on", TODAY - DAY),
            ("begin_on", None),
            ("end_on", TODAY - DAY),
            ("end_on", TODAY + 2000 * DAY),
        ],
    )
    def test_names_what_is_missing(self, field: str, value: Any, at: datetime.datetime) -> None:
        with pytest.raises(pilots.PilotIncomplete) as refused:
            piloting.proposed(at, **{field: value})
        assert set(refused.value.fields) == {field}


class TestAnswer:
    @pytest.mark.parametrize("account", ["manager.520100", "manager.530100", "manager.510000", "group.1"])
    def test_is_the_other_sides_alone(self, account: str, at: datetime.datetime) -> None:
        row = piloting.proposed(at)
        with pytest.raises(pilots.NotYourPilot):
            pilots.answer(row.id, agrees=True, by=stories.actor(account), at=at)

    def test_makes_nothing_when_the_other_side_declines(self, at: datetime.datetime) -> None:
        row, by = piloting.proposed(at), stories.actor(piloting.ANSWERER)
        with pytest.raises(pilots.NoWords):
            pilots.answer(row.id, agrees=False, by=by, at=at)
        row = pilots.answer(row.id, agrees=False, words="本市尚无此项业务", by=by, at=at)
        assert (row.state, row.procedure) == ("declined", None)
        with pytest.raises(pilots.AnsweredAlready):
            pilots.answer(row.id, agrees=True, by=by, at=at)

    def test_lets_either_place_find_and_receive_it_for_the_other(self, at: datetime.datetime) -> None:
        row = piloting.agreed(at)
        for here in (piloting.FIRST, piloting.SECOND, "520103000000"):
            assert row.name in names(row.name, on=TODAY, at_code=here)
        for elsewhere in ("", "530100000000", "520300000000"):
            assert row.name not in names(row.name, on=TODAY, at_code=elsewhere)
        there = piloting.story(at, row).fill()
        back = piloting.story(
            at, row, receiver="clerk.510100", home="clerk.520100", home_code=piloting.FIRST
        ).fill()
        assert there.case.pilot == back.case.pilot == row
        assert there.case.home_window_id in there.home.window_ids

    @pytest.mark.parametrize(
        ("receiver", "home"), [("clerk.530100", piloting.SECOND), ("clerk.520100", "530100000000")]
    )
    def test_keeps_everybody_else_out(self, receiver: str, home: str, at: datetime.datetime) -> None:
        row = piloting.agreed(at)
        with pytest.raises(rules.OnlyBetween):
            piloting.story(at, row, receiver=receiver, home_code=home).fill()

    @pytest.mark.parametrize(("on", "runs"), [(-1, False), (0, True), (10, True), (11, False)])
    def test_holds_from_its_first_to_its_last_day(self, on: int, runs: bool, at: datetime.datetime) -> None:
        row = piloting.agreed(at, begin_on=TODAY + 5 * DAY, end_on=TODAY + 15 * DAY)
        day = row.begin_on + on * DAY
        assert row.procedure is not None
        assert listing.is_in_force(row, on=day) is runs
        assert (row.name in names(row.name, on=day, at_code=piloting.FIRST)) is runs
        if runs:
            assert (
                listing.require_offered(row.procedure, at_code=piloting.FIRST, decided_by=None, on=day) == row
            )
        else:
            with pytest.raises(rules.NotOnTheList):
                listing.require_offered(row.procedure, at_code=piloting.FIRST, decided_by=None, on=day)


class TestEnd:
    def test_lets_cases_go_on_and_takes_no_new_ones(self, at: datetime.datetime) -> None:
        row = piloting.agreed(at)
        old = piloting.story(at, row).fill()
        with pytest.raises(pilots.NotYourPilot):
            pilots.end(row.id, by=stories.actor("manager.530100"), at=at)
        pilots.end(row.id, by=stories.actor(piloting.ANSWERER), at=at)
        with pytest.raises(rules.NotOnTheList):
            piloting.story(at, row).fill()
        old.pass_all().do("receive")
        with pytest.raises(pilots.NotRunning):
            pilots.end(row.id, by=stories.actor(piloting.PROPOSER), at=at)


class TestFigures:
    def test_count_both_directions(self, at: datetime.datetime, django_assert_num_queries: Any) -> None:
        row = piloting.agreed(at)
        done = piloting.story(at, row).fill().pass_all()
        for step in ("receive", "scan", "send", "confirm_arrival", "accept", "grant"):
            done.scan_all() if step == "scan" else done.do(step)
        piloting.story(at, row).fill().fault().do("ask_correction")
        back = piloting.story(at, row, receiver="clerk.510100", home="clerk.520100", home_code=piloting.FIRST)
        back.fill().pass_all().do("receive")
        with django_assert_num_queries(3):
            there, here = figures.figures(row)
        assert (there.received, there.decided, there.in_time, there.corrections) == (1, 1, 1, 1)
        assert (here.received, here.decided, here.in_time, here.corrections) == (1, 0, 0, 0)


class TestRecommend:
    def test_leads_into_a_draft_batch_and_onto_the_list(self, at: datetime.datetime) -> None:
        row, group = piloting.agreed(at), stories.actor("group.1")
        batch = lists.begin(year=2026, by=group, at=at)
        with pytest.raises(pilots.NotRecommended):
            pilots.take_up(row.id, batch_id=batch.id, by=group, at=at)
        with pytest.raises(pilots.NotYourPilot):
            pilots.recommend(row.id, words="办得好", by=stories.actor("manager.530100"), at=at)
        with pytest.raises(pilots.NoMerit):
            pilots.recommend(row.id, words=" ", by=stories.actor(piloting.ANSWERER), at=at)
        pilots.recommend(row.id, words="收件多，按时办结", by=stories.actor(piloting.ANSWERER), at=at)
        assert listing.recommended() == [row]
        with pytest.raises(permissions.NotTheGroup):
            pilots.take_up(row.id, batch_id=batch.id, by=stories.actor("manager.510000"), at=at)
        pilots.take_up(row.id, batch_id=batch.id, by=group, at=at)
        assert listing.recommended() == []
        lists.publish(batch.id, effective_from_on=TODAY + DAY, by=group, at=at)
        assert row.name not in names(row.name, on=TODAY, at_code="530100000000")
        assert row.name in names(row.name, on=TODAY + DAY, at_code="530100000000")

    def test_waits_until_it_runs(self, at: datetime.datetime) -> None:
        row = piloting.proposed(at)
        with pytest.raises(refusals.OutOfTurn):
            pilots.recommend(row.id, words="好", by=stories.actor(piloting.PROPOSER), at=at)
