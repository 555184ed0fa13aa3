"""A calendar that changes under running clocks, while steps are being taken: every clock ends up right."""

import datetime
import random
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from tests import stories
from tests.races.together import Held, is_whole, started, together
from tongban.cases import queries
from tongban.cases.operations import _step, acceptance
from tongban.directory import queries as directory
from tongban.directory.models import CalendarDay
from tongban.duties import operations as duties
from tongban.duties import queries as duty_queries
from tongban.duties.models import Duty
from tongban.journal import operations as journal
from tongban.journal.models import Entry
from tongban.kernel import refusals

pytestmark = pytest.mark.usefixtures("committed")
CHENGDU, SICHUAN = "510100000000", "510000000000"
DAY = datetime.date(2026, 3, 3)
WHO = {"actor_id": None, "actor_name": "测试", "place": ""}


def close(on: datetime.date, at: datetime.datetime, *, code: str = CHENGDU) -> CalendarDay:
    return duties.change_day(code, on=on, is_working=False, reason="停班", source="通告", at=at, **WHO)


def run_jobs(at: datetime.datetime) -> int:
    """Do what the worker would: every recomputation that was queued."""
    queued = ProcrastinateJob.objects.filter(task_name=duties.RECOMPUTE, status="todo")
    codes = list(queued.values_list("args__code", flat=True))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE task_name = %s", [duties.RECOMPUTE])
    for code in codes:
        duties.recompute_clocks(code, at=at)
    return len(codes)


def wrong_clocks(*case_ids: int) -> list[str]:
    """Give the open duties whose time is not what their calendar says now."""
    directory.forget()
    stamp = directory.stamp()
    found = []
    for duty in Duty.objects.filter(case_id__in=case_ids, done_at=None):
        calendar = directory.calendar_of(duty.calendar_code, stamp=stamp)
        if duty.due_at != duty_queries.due_of(duty, calendar=calendar).at:
            found.append(f"{duty.kind} {duty.due_at}")
    return found


@pytest.mark.article("G1", "S3")
class TestChangedDay:
    @pytest.fixture(autouse=True)
    def _as_it_was(self, at: datetime.datetime) -> Any:
        yield
        for code, on in CalendarDay.objects.exclude(division=None).values_list("division_id", "on"):
            duties.restore_day(code, on=on, at=at, **WHO)

    def test_waits_for_the_step_that_did_not_see_it_and_then_moves_its_clocks(self, at: Any) -> None:
        story = stories.Story(at=at).lead_to("arrived")

        def accept(pause: Callable[[], None]) -> None:
            with _step.taking(story.id, "accept", by=story.home, at=story.at) as step:
                step.set(accepted_at=story.at)
                pause()

        held = Held(accept)
        change = started(lambda: close(DAY, at))
        assert change.is_alive(), "the day was changed under a step that counts without it"
        held.let_go()
        change.finished()
        before = {d.kind: d.due_at for d in queries.duties_of(story.id)}
        assert run_jobs(at) >= 1
        after = {d.kind: d.due_at for d in queries.duties_of(story.id)}
        assert before["legal_limit"] and after["legal_limit"]
        assert after["legal_limit"] - before["legal_limit"] == datetime.timedelta(days=1)
        assert wrong_clocks(story.id) == []
        is_whole(story.id)

    def test_is_seen_by_a_step_that_came_while_it_was_being_changed(self, at: Any) -> None:
        from django.db import transaction

        story = stories.Story(at=at).lead_to("arrived")

        def change(pause: Callable[[], None]) -> None:
            with transaction.atomic():
                close(DAY, at)
                pause()

        held = Held(change)
        step = started(lambda: acceptance.accept(story.id, by=story.home, at=story.at))
        assert step.is_alive(), "a step counted by a calendar that was about to change"
        held.let_go()
        step.finished()
        assert wrong_clocks(story.id) == []

    def test_is_written_down_with_what_it_moved(self, at: Any) -> None:
        story = stories.Story(at=at).lead_to("approval")
        run_jobs(at)
        close(DAY, at)
        assert run_jobs(at) == 1
        chain = Entry.objects.filter(chain_id=journal.chain_of("calendar", int(CHENGDU))).order_by("-seq")
        recomputed, changed = chain[0], chain[1]
        assert (changed.code, recomputed.code) == ("day_set", "clocks_recomputed")
        assert recomputed.payload["moved"] >= len(queries.duties_of(story.id)) > 0

    def test_by_two_at_once_is_kept_as_the_later_said_and_both_are_in_the_chain(self, at: Any) -> None:
        outcome = together(*[lambda: close(DAY, at)] * 8)
        assert len(outcome.won) == 8
        chain = Entry.objects.filter(chain_id=journal.chain_of("calendar", int(CHENGDU)), code="day_set")
        said = [row.payload["before"] is None for row in chain.order_by("-seq")[:8]]
        assert said == [False] * 7 + [True], "each must have seen the one before"
        assert CalendarDay.objects.filter(division_id=CHENGDU, on=DAY).count() == 1

    @pytest.mark.parametrize("seed", [1, 2])
    def test_again_and_again_under_steps_and_recomputations_leaves_every_clock_right(
        self, seed: int, at: Any
    ) -> None:
        several = [stories.Story(at=at).lead_to("arrived") for _ in range(6)]
        chance = random.Random(seed)
        days = [DAY + datetime.timedelta(days=n) for n in range(4)]

        def live(story: stories.Story) -> Callable[[], None]:
            names = chance.sample(
                [["accept", "suspend", "resume", "grant"], ["accept", "hand_off", "give_opinion", "refuse"]],
                1,
            )[0]

            def act() -> None:
                for name in names:
                    try:
                        story.do(name)
                    except refusals.Refusal as refusal:  # nobody else acts here: no step may be refused
                        raise AssertionError(name) from refusal

            return act

        def manage(own: random.Random) -> Callable[[], None]:
            def act() -> None:
                for _ in range(6):
                    close(own.choice(days), at, code=own.choice([CHENGDU, SICHUAN]))
                    duties.recompute_clocks(own.choice([CHENGDU, SICHUAN]), at=at)

            return act

        managers = [manage(random.Random(f"{seed}.{n}")) for n in range(4)]
        outcome = together(*[live(story) for story in several], *managers)
        assert not outcome.told
        run_jobs(at)
        assert wrong_clocks(*[story.id for story in several]) == []
        is_whole(*[story.id for story in several])


@pytest.mark.article("G1")
class TestMemory:
    def test_a_slow_reader_leaves_no_old_calendar_behind(
        self, at: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A thread that read before the change and remembers after it must not mislead the others."""
        directory.forget()
        read = directory._read_calendar

        def slowly(pause: Callable[[], None]) -> None:
            def paused(*given: Any) -> Any:
                found = read(*given)
                monkeypatch.setattr(directory, "_read_calendar", read)
                pause()
                return found

            monkeypatch.setattr(directory, "_read_calendar", paused)
            directory.calendar_of(CHENGDU, stamp=directory.stamp())

        held = Held(slowly)
        close(DAY, at)
        assert not directory.calendar_of(CHENGDU, stamp=directory.stamp()).day(DAY).working
        held.let_go()
        assert not directory.calendar_of(CHENGDU, stamp=directory.stamp()).day(DAY).working
        duties.restore_day(CHENGDU, on=DAY, at=at, **WHO)
