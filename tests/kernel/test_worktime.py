import datetime
import functools

import chinese_calendar  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban.kernel import worktime

DAY = datetime.timedelta(days=1)
YEARS = range(2020, 2027)
NAMES = {"Spring Festival": "春节", "National Day": "国庆节", "Mid-autumn Festival": "中秋节"}


@functools.cache
def _library(on: datetime.date) -> worktime.Day:
    off, name = chinese_calendar.get_holiday_detail(on)
    reason = NAMES.get(name, name) if name else ("周末" if off else "工作日")
    return worktime.Day(not off, reason, "国务院办公厅通知" if name else "")


class National:
    """The real calendar of 2020 to 2026, office hours 9:00 to 17:00, Fridays until 16:00."""

    def day(self, on: datetime.date) -> worktime.Day:
        if on.year not in YEARS:
            raise worktime.NoCalendar(year=on.year)
        return _library(on)

    def opens_at(self, on: datetime.date) -> datetime.time:
        return datetime.time(9)

    def closes_at(self, on: datetime.date) -> datetime.time:
        return datetime.time(16 if on.weekday() == 4 else 17)


class Losar(National):
    """A place in Tibet: Losar is off on top of the national days."""

    def day(self, on: datetime.date) -> worktime.Day:
        if datetime.date(2026, 2, 18) <= on <= datetime.date(2026, 2, 24):
            return worktime.Day(False, "藏历新年", "西藏自治区人民政府通知")
        return super().day(on)


CALENDAR = National()


def at(month: int, day: int, hour: int = 10, minute: int = 0) -> datetime.datetime:
    return datetime.datetime(2026, month, day, hour, minute, tzinfo=worktime.BEIJING)


def on(month: int, day: int) -> datetime.date:
    return datetime.date(2026, month, day)


def days(start: datetime.datetime, amount: int, *stops: worktime.Stop) -> worktime.Due:
    return worktime.due(start, working_days=amount, calendar=CALENDAR, stops=stops)


def _aware(low: datetime.datetime, high: datetime.datetime) -> st.SearchStrategy[datetime.datetime]:
    return st.datetimes(low, high, timezones=st.sampled_from([worktime.BEIJING, datetime.UTC]))


STARTS = _aware(datetime.datetime(2020, 1, 2), datetime.datetime(2026, 3, 1))
AMOUNTS = st.integers(0, 60)


@st.composite
def _stops(draw: st.DrawFn, start: datetime.datetime) -> worktime.Stop:
    from_at = start + draw(st.timedeltas(-DAY, 30 * DAY))
    return worktime.Stop(from_at, from_at + draw(st.timedeltas(DAY * 0, 20 * DAY)), "听证")


class TestDue:
    @pytest.mark.article("P21(2)")
    def test_posting_within_two_working_days_of_receipt_does_not_count_the_day_of_receipt(self) -> None:
        assert days(at(11, 23), 2).at == at(11, 25, 17)

    @pytest.mark.article("P21(2)")
    def test_scanning_within_one_working_day_ends_when_the_office_closes_on_friday(self) -> None:
        assert days(at(11, 26, 16, 59), 1).at == at(11, 27, 16)

    @pytest.mark.article("G1")
    @pytest.mark.parametrize(
        ("start", "amount", "end"),
        [
            (at(2, 13), 1, at(2, 14, 17)),  # the Saturday before Spring Festival is worked
            (at(2, 13), 2, at(2, 24, 17)),  # then nine days off, to Monday 23
            (at(2, 14), 1, at(2, 24, 17)),
            (at(2, 18), 1, at(2, 24, 17)),  # set off on a day off
            (at(2, 24), 4, at(2, 28, 17)),  # the Saturday after is worked again
            (at(2, 27), 2, at(3, 2, 17)),
            (at(9, 18), 1, at(9, 20, 17)),  # Sunday 20 September is worked for National Day
            (at(9, 23), 2, at(9, 28, 17)),  # Mid-autumn: 25 to 27 off
            (at(9, 30), 1, at(10, 8, 17)),  # National Day: 1 to 7 off
            (at(9, 30), 3, at(10, 10, 17)),  # Saturday 10 October is worked
            (at(10, 9), 20, at(11, 5, 17)),  # a licence (Art. 42), Saturday 10 October included
        ],
    )
    def test_follows_the_holidays_and_working_weekends_of_2026(
        self, start: datetime.datetime, amount: int, end: datetime.datetime
    ) -> None:
        assert days(start, amount).at == end

    def test_follows_the_calendar_of_the_place_that_owes_it(self) -> None:
        owed = worktime.due(at(2, 14), working_days=1, calendar=Losar())
        assert owed.at == at(2, 25, 17)
        assert owed.skipped[-1] == worktime.Skipped(on(2, 24), "藏历新年", "西藏自治区人民政府通知")

    @pytest.mark.parametrize(
        ("start", "end"),
        [
            (at(11, 23, 16, 59), at(11, 23, 17)),
            (at(11, 23, 3), at(11, 23, 17)),
            (at(11, 23, 17), at(11, 24, 17)),
            (at(11, 21), at(11, 23, 17)),
            (at(11, 27, 16), at(11, 30, 17)),
        ],
    )
    def test_of_no_working_days_ends_the_same_day_or_the_next_working_day(
        self, start: datetime.datetime, end: datetime.datetime
    ) -> None:
        assert days(start, 0).at == end

    def test_takes_the_day_of_beijing_whatever_zone_the_start_is_given_in(self) -> None:
        start = datetime.datetime(2026, 11, 23, 16, 30, tzinfo=datetime.UTC)  # 0:30 on the 24th in Beijing
        assert days(start, 1).at == at(11, 25, 17)
        assert days(start, 1).start.utcoffset() == datetime.timedelta(hours=8)

    def test_refuses_to_guess_a_year_without_a_calendar(self) -> None:
        with pytest.raises(
            worktime.NoCalendar, match=r"2027年的工作日历尚未维护.*请联系系统管理员维护该年度工作日历"
        ):
            days(at(12, 31), 1)

    def test_refuses_times_without_a_zone_and_negative_limits(self) -> None:
        with pytest.raises(ValueError, match="time zone"):
            days(datetime.datetime(2026, 11, 23), 1)
        with pytest.raises(ValueError, match="negative"):
            days(at(11, 23), -1)

    @pytest.mark.article("G1")
    @given(start=STARTS, amount=AMOUNTS)
    def test_never_ends_on_a_day_off_or_before_it_began(self, start: datetime.datetime, amount: int) -> None:
        owed = days(start, amount)
        assert owed.at is not None and owed.at > start
        assert CALENDAR.day(owed.at.date()).working
        assert owed.at.time() == CALENDAR.closes_at(owed.at.date())

    @given(start=STARTS, later=st.timedeltas(DAY * 0, 20 * DAY), amount=AMOUNTS, more=st.integers(0, 20))
    def test_never_ends_earlier_for_a_later_start_or_a_longer_limit(
        self, start: datetime.datetime, later: datetime.timedelta, amount: int, more: int
    ) -> None:
        first, second = days(start, amount).at, days(start + later, amount + more).at
        assert first is not None and second is not None and first <= second

    @given(start=STARTS, amount=AMOUNTS, data=st.data())
    def test_accounts_for_every_day_from_the_first_to_the_last(
        self, start: datetime.datetime, amount: int, data: st.DataObject
    ) -> None:
        owed = days(start, amount, *data.draw(st.lists(_stops(start), max_size=3)))
        assert owed.at is not None
        first = owed.start.date() + (DAY if amount else DAY * 0)
        every = [first + DAY * n for n in range((owed.at.date() - first).days + 1)]
        assert sorted([*owed.counted, *(day.on for day in owed.skipped)]) == every
        assert len(owed.counted) == max(1, amount)
        assert [day for span in owed.spans() for day in (span.first, span.last)] == sorted(
            day for span in owed.spans() for day in (span.first, span.last)
        )
        assert sum(span.days for span in owed.spans()) == len(every)


class TestStop:
    def test_takes_out_every_day_that_it_touches(self) -> None:
        stop = worktime.Stop(at(11, 25, 16), at(11, 27, 9), "专家评审")
        owed = days(at(11, 23), 2, stop)
        assert owed.counted == (on(11, 24), on(11, 30))
        assert [day.on for day in owed.skipped if day.reason == "专家评审"] == [
            on(11, 25),
            on(11, 26),
            on(11, 27),
        ]
        assert owed.at == at(11, 30, 17)

    def test_leaves_the_day_free_at_whose_midnight_it_ends(self) -> None:
        stop = worktime.Stop(at(11, 24), at(11, 25, 0), "听证")
        assert days(at(11, 23), 1, stop).at == at(11, 25, 17)

    def test_that_is_open_holds_the_limit_and_says_what_is_left(self) -> None:
        owed = days(at(11, 20), 20, worktime.Stop(at(11, 26), None, "现场勘验"))
        assert owed.at is None
        assert (owed.days_used, owed.days_left) == (3, 17)
        assert owed.counted == (on(11, 23), on(11, 24), on(11, 25))
        assert owed.share_used(at(12, 20)) == pytest.approx(3 / 20)
        assert owed.amber_at(0.1) == at(11, 24, 17)
        assert owed.amber_at(0.8) is None

    def test_that_is_open_holds_a_limit_even_when_the_next_year_has_no_calendar(self) -> None:
        assert days(at(12, 30), 5, worktime.Stop(at(12, 31, 9), None, "听证")).at is None

    def test_that_opens_after_the_end_changes_nothing(self) -> None:
        assert days(at(11, 23), 2, worktime.Stop(at(11, 26), None, "听证")).at == at(11, 25, 17)

    def test_cannot_end_before_it_begins(self) -> None:
        with pytest.raises(ValueError, match="after it begins"):
            worktime.Stop(at(11, 25), at(11, 24), "听证")

    @pytest.mark.article("C6")
    @given(start=STARTS, amount=AMOUNTS, data=st.data())
    def test_pushes_the_end_by_exactly_the_working_days_it_touched(
        self, start: datetime.datetime, amount: int, data: st.DataObject
    ) -> None:
        stop = data.draw(_stops(start))
        with_stop, without = days(start, amount, stop), days(start, amount)
        assert with_stop.at is not None
        touched = [day for day in with_stop.skipped if day.reason == "听证"]
        assert all(stop.touches(day.on) and CALENDAR.day(day.on).working for day in touched)
        assert not any(stop.touches(day) for day in with_stop.counted)
        longer = days(start, max(1, amount) + len(touched)) if amount else None
        assert longer is None or longer.at == with_stop.at
        assert bool(touched) or with_stop.at == without.at


class TestOfficeHoursDue:
    @pytest.mark.article("G1")
    @pytest.mark.parametrize(
        ("start", "minutes", "end"),
        [
            (at(11, 23, 10), 30, at(11, 23, 10, 30)),
            (at(11, 23, 8), 30, at(11, 23, 9, 30)),
            (at(11, 23, 16), 60, at(11, 23, 17)),
            (at(11, 23, 16), 61, at(11, 24, 9, 1)),
            (at(11, 23, 20), 10, at(11, 24, 9, 10)),
            (at(11, 27, 15, 30), 60, at(11, 30, 9, 30)),
            (at(9, 30, 16), 120, at(10, 8, 10)),
        ],
    )
    def test_counts_only_while_the_office_is_open(
        self, start: datetime.datetime, minutes: int, end: datetime.datetime
    ) -> None:
        assert worktime.office_hours_due(start, minutes=minutes, calendar=CALENDAR).at == end

    @given(
        start=STARTS,
        later=st.timedeltas(DAY * 0, 3 * DAY),
        minutes=st.integers(1, 3000),
        more=st.integers(0, 500),
    )
    def test_lies_in_office_hours_and_is_monotone(
        self, start: datetime.datetime, later: datetime.timedelta, minutes: int, more: int
    ) -> None:
        first = worktime.office_hours_due(start, minutes=minutes, calendar=CALENDAR)
        second = worktime.office_hours_due(start + later, minutes=minutes + more, calendar=CALENDAR)
        assert first.at is not None and second.at is not None and first.at <= second.at
        assert CALENDAR.day(first.at.date()).working
        assert datetime.time(9) < first.at.time() <= CALENDAR.closes_at(first.at.date())
        passed = sum(((p.until_at - p.from_at) for p in first.periods), datetime.timedelta())
        assert passed == datetime.timedelta(minutes=minutes)

    def test_refuses_a_limit_of_nothing(self) -> None:
        with pytest.raises(ValueError, match="positive"):
            worktime.office_hours_due(at(11, 23), minutes=0, calendar=CALENDAR)


class TestCalendarDaysDue:
    @pytest.mark.parametrize(
        ("start", "amount", "end"),
        [
            (at(11, 23), 2, at(11, 25, 17)),
            (at(11, 20), 3, at(11, 23, 17)),
            (at(11, 20), 1, at(11, 23, 17)),  # the last day is a Saturday
            (at(9, 24), 7, at(10, 8, 17)),  # the last day is 1 October
            (at(9, 24), 5, at(9, 29, 17)),
            (at(11, 23), 0, at(11, 23, 17)),
            (at(11, 23, 18), 0, at(11, 24, 17)),
        ],
    )
    def test_counts_days_off_but_does_not_end_on_one(
        self, start: datetime.datetime, amount: int, end: datetime.datetime
    ) -> None:
        assert worktime.calendar_days_due(start, days=amount, calendar=CALENDAR).at == end

    @given(start=STARTS, later=st.timedeltas(DAY * 0, 20 * DAY), amount=AMOUNTS, more=st.integers(0, 20))
    def test_is_monotone_and_never_later_than_the_same_number_of_working_days(
        self, start: datetime.datetime, later: datetime.timedelta, amount: int, more: int
    ) -> None:
        first = worktime.calendar_days_due(start, days=amount, calendar=CALENDAR).at
        second = worktime.calendar_days_due(start + later, days=amount + more, calendar=CALENDAR).at
        working = days(start, amount).at
        assert first is not None and second is not None and working is not None
        assert first <= second
        assert first <= working
        assert CALENDAR.day(first.date()).working


class TestShares:
    def test_turn_amber_after_that_share_of_the_working_time(self) -> None:
        owed = days(at(9, 30), 2)  # 8 and 9 October; the 9th is a Friday until 16:00
        assert owed.amber_at(0.25) == at(10, 8, 13)
        assert owed.amber_at(0.75) == at(10, 9, 12, 30)
        assert owed.amber_at(0) == at(10, 8, 9)
        assert owed.amber_at(1) == owed.at == at(10, 9, 16)

    def test_stand_still_while_nobody_works(self) -> None:
        owed = days(at(9, 29), 2)  # 30 September and 8 October
        assert owed.share_used(at(9, 29, 23)) == 0
        assert owed.share_used(at(9, 30, 13)) == 0.25
        assert owed.share_used(at(9, 30, 18)) == owed.share_used(at(10, 8, 8)) == 0.5
        assert owed.share_used(at(10, 8, 17)) == owed.share_used(at(12, 1)) == 1

    def test_of_calendar_days_are_taken_of_the_working_days_among_them(self) -> None:
        owed = worktime.calendar_days_due(at(11, 26), days=4, calendar=CALENDAR)  # Friday 27 to Monday 30
        assert owed.amber_at(0.5) == at(11, 27, 16)

    def test_begin_at_the_start_when_the_limit_ends_the_same_day(self) -> None:
        assert days(at(11, 23, 13), 0).amber_at(0.5) == at(11, 23, 15)

    def test_refuse_what_is_no_share(self) -> None:
        with pytest.raises(ValueError, match="share"):
            days(at(11, 23), 1).amber_at(1.1)

    @given(start=STARTS, amount=AMOUNTS, share=st.floats(0, 1), data=st.data())
    def test_used_at_the_amber_moment_are_the_share_asked_for(
        self, start: datetime.datetime, amount: int, share: float, data: st.DataObject
    ) -> None:
        for owed in (
            days(start, amount, data.draw(_stops(start))),
            worktime.office_hours_due(start, minutes=amount * 7 + 1, calendar=CALENDAR),
            worktime.calendar_days_due(start, days=amount, calendar=CALENDAR),
        ):
            amber = owed.amber_at(share)
            assert amber is not None and owed.at is not None and amber <= owed.at
            assert owed.share_used(amber) == pytest.approx(share, abs=1e-6)


class TestExplain:
    @pytest.mark.article("G1")
    def test_says_what_counted_and_what_did_not_and_on_whose_word(self) -> None:
        assert days(at(9, 29, 16, 30), 2).explain() == [
            "2026年9月29日 16:30开始，期限为2个工作日。",
            "开始当日不计入，自次日起算。",
            "2026年9月30日：计入，共1天。",
            "2026年10月1日至2026年10月7日：不计入，国庆节（国务院办公厅通知）。",
            "2026年10月8日：计入，共1天。",
            "2026年10月8日 17:00到期。",
        ]

    def test_says_why_it_is_held_and_what_is_left(self) -> None:
        later = worktime.Stop(at(11, 27), None, "听证")
        owed = days(at(11, 20), 20, later, worktime.Stop(at(11, 26), None, "现场勘验"))
        assert owed.explain()[-1] == "2026年11月26日 10:00起依法中止计时：现场勘验。已用3天，恢复后还剩17天。"

    def test_names_the_other_units(self) -> None:
        office = worktime.office_hours_due(at(11, 23, 20), minutes=30, calendar=CALENDAR)
        assert office.explain() == [
            "2026年11月23日 20:00开始，期限为30分钟办公时间。",
            "2026年11月23日：不计入，当日已无办公时间。",
            "2026年11月24日：计入，共1天。",
            "2026年11月24日 09:30到期。",
        ]
        assert "3个自然日" in worktime.calendar_days_due(at(11, 23), days=3, calendar=CALENDAR).explain()[0]
        assert "当个工作日内" in days(at(11, 23), 0).explain()[0]
