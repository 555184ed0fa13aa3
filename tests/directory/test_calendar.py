"""The country's working days, the days that places set for themselves, and who is told when they run out."""

import datetime
from typing import Any

import pytest

from tongban.directory import holidays, operations, queries, rules
from tongban.directory.models import CalendarDay, CalendarYear, Parameter
from tongban.duties import operations as duties
from tongban.duties.models import BearerKind, Duty, Unit
from tongban.journal import operations as journal
from tongban.journal.models import Entry
from tongban.kernel import refusals, worktime

YUNYAN, GUIYANG, LHASA = "520103000000", "520100000000", "540100000000"
WHO: dict[str, Any] = {"actor_id": 7, "actor_name": "测试人", "place": "贵阳市政务服务中心"}


def say(code: str | None, on: datetime.date, at: datetime.datetime, **changes: Any) -> CalendarDay:
    values = {"is_working": False, "reason": "地方节日", "source": "某通知", **WHO, **changes}
    return operations.set_day(code, on=on, at=at, **values)


class TestHolidays:
    def test_make_up_what_falls_on_a_weekend_or_on_another_holiday(self) -> None:
        years = {y.year: y.days for y in holidays.sample_years()}
        off = {on for on, day in years[2028].items() if day.reason.startswith(("中秋节", "国庆节"))}
        assert off == {datetime.date(2028, 10, d) for d in (1, 2, 3, 4, 5)}
        assert years[2027][datetime.date(2027, 5, 3)].reason == "劳动节补假"

    def test_never_call_an_announced_year_a_sample(self) -> None:
        announced = holidays.announced_years()
        assert announced[0].year == 2004
        assert not any(y.is_sample for y in announced)
        assert all(y.is_sample and "示例" in y.source for y in holidays.sample_years())


@pytest.mark.django_db
class TestLoadedCalendar:
    def test_knows_holidays_and_working_weekends_by_name(self) -> None:
        calendar = queries.calendar_of(YUNYAN)
        assert calendar.day(datetime.date(2026, 10, 1)).reason == "国庆节"
        working_saturday = calendar.day(datetime.date(2026, 2, 14))
        assert working_saturday.working and "调休" in working_saturday.reason
        assert "国务院办公厅" in working_saturday.source

    def test_refuses_a_year_that_it_does_not_cover(self) -> None:
        with pytest.raises(worktime.NoCalendar, match="2031年"):
            queries.calendar_of(YUNYAN).day(datetime.date(2031, 1, 4))

    def test_loaded_again_leaves_a_day_that_people_have_taken_back(self, at: datetime.datetime) -> None:
        on = datetime.date(2026, 10, 1)
        operations.clear_day(None, on=on, at=at, **WHO)
        assert operations.load_calendar(with_sample_years=True, at=at) is False
        assert not CalendarDay.objects.filter(division=None, on=on).exists()

    def test_replaces_a_sample_year_once_it_is_announced(self, at: datetime.datetime) -> None:
        CalendarYear.objects.filter(year=2026).update(is_sample=True, source="示例")
        CalendarDay.objects.filter(division=None, on="2026-10-01").delete()
        assert operations.load_calendar(with_sample_years=True, at=at) is True
        assert not CalendarYear.objects.get(year=2026).is_sample
        assert queries.calendar_of(YUNYAN).day(datetime.date(2026, 10, 1)).reason == "国庆节"


@pytest.mark.django_db
class TestSetDay:
    DAY = datetime.date(2026, 3, 10)

    @pytest.mark.article("G1")
    def test_holds_for_every_place_inside_and_for_no_other(self, at: datetime.datetime) -> None:
        say(GUIYANG, self.DAY, at)
        assert not queries.calendar_of(YUNYAN, stamp=queries.stamp()).day(self.DAY).working
        assert queries.calendar_of(LHASA, stamp=queries.stamp()).day(self.DAY).working

    def test_the_more_local_word_wins(self, at: datetime.datetime) -> None:
        say(None, self.DAY, at)
        say(YUNYAN, self.DAY, at, is_working=True, reason="本区照常办公")
        day = queries.calendar_of(YUNYAN, stamp=queries.stamp()).day(self.DAY)
        assert (day.working, day.reason) == (True, "本区照常办公")

    def test_counts_as_a_change_for_every_process(self, at: datetime.datetime) -> None:
        before = queries.stamp()
        say(GUIYANG, self.DAY, at)
        assert queries.stamp() == before + 1

    def test_is_written_into_the_chain_of_the_place(self, at: datetime.datetime) -> None:
        say(GUIYANG, self.DAY, at)
        say(GUIYANG, self.DAY, at, reason="改为另一个节日")
        rows = Entry.objects.filter(chain_id=journal.chain_of("calendar", int(GUIYANG))).order_by("seq")
        assert [r.code for r in rows] == ["day_set", "day_set"]
        assert rows[1].payload["before"]["reason"] == "地方节日"
        assert (rows[1].actor, rows[1].actor_id) == ("测试人", 7)

    @pytest.mark.parametrize(
        ("code", "changes", "refusal"),
        [
            (GUIYANG, {"reason": "  "}, rules.NoReason),
            (GUIYANG, {"source": ""}, rules.NoSource),
            ("529900000000", {}, rules.UnknownPlace),
        ],
    )
    def test_refuses_what_cannot_be_explained(
        self, code: str, changes: dict[str, Any], refusal: type[refusals.Refusal], at: datetime.datetime
    ) -> None:
        with pytest.raises(refusal):
            say(code, self.DAY, at, **changes)
        assert not CalendarDay.objects.filter(on=self.DAY).exists()

    def test_refuses_a_year_that_is_not_open(self, at: datetime.datetime) -> None:
        with pytest.raises(worktime.NoCalendar):
            say(None, datetime.date(2031, 5, 1), at)
        operations.add_year(2031, source="某通知", at=at, **WHO)
        assert say(None, datetime.date(2031, 5, 1), at).pk

    def test_taken_back_lets_the_country_speak_again(self, at: datetime.datetime) -> None:
        say(GUIYANG, self.DAY, at)
        operations.clear_day(GUIYANG, on=self.DAY, at=at, **WHO)
        assert queries.calendar_of(YUNYAN, stamp=queries.stamp()).day(self.DAY).working
        with pytest.raises(rules.NothingSet):
            operations.clear_day(GUIYANG, on=self.DAY, at=at, **WHO)


@pytest.mark.django_db
class TestParameter:
    def test_set_for_a_city_holds_in_its_counties_only(self, at: datetime.datetime) -> None:
        operations.set_parameter("duty.amber_share", value=0.5, code=GUIYANG, at=at, **WHO)
        stamp = queries.stamp()
        assert queries.parameter("duty.amber_share", 0.7, code=YUNYAN, stamp=stamp) == 0.5
        assert queries.parameter("duty.amber_share", 0.7, code=LHASA, stamp=stamp) == 0.7
        entry = Entry.objects.get(chain_id=journal.chain_of("directory", int(GUIYANG)))
        assert entry.digest == journal.digest_of(entry)


@pytest.mark.django_db
class TestRunningClocks:
    DAY = datetime.date(2026, 3, 5)

    def owe(self, code: str, at: datetime.datetime) -> Duty:
        duty = duties.build(
            1,
            kind="accept",
            article="P21(3)",
            bearer=(BearerKind.WINDOW, 1),
            watched_by_id=None,
            is_turn=False,
            at=at,
            counts_from_at=at,
            amount=5,
            unit=Unit.WORKING_DAY,
            calendar=queries.calendar_of(code),
        )
        duty.save(force_insert=True)
        return duty

    @pytest.mark.article("G1")
    def test_follow_a_changed_day_in_the_places_that_it_holds_for(self, at: datetime.datetime) -> None:
        here, there = self.owe(YUNYAN, at), self.owe(LHASA, at)
        done = self.owe(YUNYAN, at)
        Duty.objects.filter(id=done.id).update(done_at=at, outcome="done")
        duties.change_day(GUIYANG, on=self.DAY, is_working=False, reason="假", source="通知", at=at, **WHO)
        assert duties.recompute_clocks(GUIYANG, at=at) == 1
        moved = Duty.objects.get(id=here.id)
        assert here.due_at and moved.due_at and moved.amber_at and here.amber_at
        assert moved.due_at - here.due_at == datetime.timedelta(days=1)
        assert moved.amber_at > here.amber_at
        assert Duty.objects.get(id=there.id).due_at == there.due_at
        assert Duty.objects.get(id=done.id).due_at == done.due_at

    def test_moved_twice_move_once(self, at: datetime.datetime) -> None:
        self.owe(YUNYAN, at)
        duties.change_day(None, on=self.DAY, is_working=False, reason="假", source="通知", at=at, **WHO)
        assert duties.recompute_clocks("", at=at) == 1
        assert duties.recompute_clocks("", at=at) == 0
        last = Entry.objects.filter(chain_id=journal.chain_of("calendar", 0)).order_by("-seq")[1]
        assert last.code == "clocks_recomputed" and last.payload["moved"] == 1

    def test_are_queued_with_the_change_itself(self, at: datetime.datetime) -> None:
        from procrastinate.contrib.django.models import ProcrastinateJob

        def queued() -> int:
            return ProcrastinateJob.objects.filter(task_name=duties.RECOMPUTE).count()

        before = queued()
        duties.change_day(GUIYANG, on=self.DAY, is_working=False, reason="假", source="通知", at=at, **WHO)
        duties.restore_day(GUIYANG, on=self.DAY, at=at, **WHO)
        assert queued() == before + 2


@pytest.mark.django_db
class TestCalendarWarning:
    def test_comes_ninety_days_before_the_last_covered_day(self) -> None:
        CalendarYear.objects.filter(year__gt=2026).delete()
        assert queries.calendar_warning(datetime.date(2026, 10, 2)) is None
        warning = queries.calendar_warning(datetime.date(2026, 10, 3))
        assert warning and "2026年12月31日" in warning and "89天" in warning

    def test_says_at_once_that_a_year_is_missing(self) -> None:
        warning = queries.calendar_warning(datetime.date(2040, 1, 1))
        assert warning and warning.startswith("2040年的工作日历尚未维护")

    def test_looks_no_further_than_the_first_gap(self) -> None:
        CalendarYear.objects.filter(year=2027).delete()
        assert queries.calendar_warning(datetime.date(2026, 12, 1)) is not None


@pytest.mark.django_db
class TestMoveClock:
    def test_adds_up_and_goes_back(self, at: datetime.datetime) -> None:
        day = datetime.timedelta(days=1)
        operations.move_clock(by=day, actor_name="测试", at=at)
        assert operations.move_clock(by=2 * day, actor_name="测试", at=at) == 3 * day
        queries.forget()
        ahead = queries.now() - datetime.datetime.now(datetime.UTC)
        assert abs(ahead - 3 * day) < datetime.timedelta(minutes=1)
        assert not operations.move_clock(by=None, actor_name="测试", at=at)
        assert Parameter.objects.get(name=queries.CLOCK_OFFSET).value == 0

    def test_refuses_to_go_backwards(self, at: datetime.datetime) -> None:
        with pytest.raises(rules.NotBackwards):
            operations.move_clock(by=datetime.timedelta(days=-1), actor_name="测试", at=at)
