"""What an authority keeps of its halls, windows and outlets."""

import datetime

import pytest

from tongban.directory import contacts, places, queries, rules
from tongban.directory.models import Equipment, Window, WindowDay
from tongban.journal.models import Entry

YUNYAN = "520103000000"
WHO = places.Who(1, "测试", "贵阳市云岩区政务服务中心")
NEW = {
    "name": "黔灵镇网点",
    "phone": "0851-86891236",
    "address": "贵阳市云岩区黔灵镇",
    "opens_at": "09:00",
    "closes_at": "17:00",
}
pytestmark = pytest.mark.django_db


@pytest.fixture
def yunyan(db: None) -> Window:
    return Window.objects.select_related("hall__authority").get(division_id=YUNYAN)


class TestOutlet:
    @pytest.mark.article("A3", "P14")
    @pytest.mark.parametrize("host", ["township", "village", "post", "bank", "broadcaster"])
    def test_is_supervised_by_a_window_of_the_county(
        self, yunyan: Window, at: datetime.datetime, host: str
    ) -> None:
        row = places.open_window(yunyan.hall, NEW, host=host, supervisor_id=yunyan.id, who=WHO, at=at)
        assert (row.kind, row.supervisor_id, row.division_id) == ("outlet", yunyan.id, YUNYAN)

    @pytest.mark.article("P14")
    def test_receives_but_does_not_answer_for_the_place(self, yunyan: Window, at: datetime.datetime) -> None:
        row = places.open_window(yunyan.hall, NEW, host="bank", supervisor_id=yunyan.id, who=WHO, at=at)
        contacts.publish("520000000000", with_samples=True, who=WHO, at=at)
        Window.objects.filter(id=yunyan.id).update(is_open=False)
        assert queries.open_window(row.id).id == row.id
        assert queries.window_of(YUNYAN) is None

    def test_is_refused_without_a_supervisor_of_the_same_authority(
        self, yunyan: Window, at: datetime.datetime
    ) -> None:
        other = Window.objects.get(division_id="510107000000")
        for supervisor in (None, other.id):
            with pytest.raises(rules.NotFilled) as refused:
                places.open_window(yunyan.hall, NEW, host="bank", supervisor_id=supervisor, who=WHO, at=at)
            assert "supervisor" in refused.value.fields


class TestWindow:
    @pytest.mark.article("A2", "P9")
    def test_names_every_field_that_is_wrong(self, yunyan: Window, at: datetime.datetime) -> None:
        wrong = {
            "name": "",
            "phone": "abc",
            "email": "a@b",
            "postcode": "12",
            "opens_at": "25:00",
            "closes_at": "",
        }
        with pytest.raises(rules.NotFilled) as refused:
            places.save_window(yunyan.id, wrong, who=WHO, at=at)
        assert set(refused.value.fields) == set(wrong)

    @pytest.mark.parametrize(
        "hours",
        [
            {"opens_at": "17:00", "closes_at": "09:00"},
            {"break_from_at": "12:00", "break_until_at": ""},
            {"break_from_at": "13:00", "break_until_at": "12:00"},
            {"break_from_at": "08:00", "break_until_at": "10:00"},
        ],
    )
    def test_has_hours_that_can_be(
        self, yunyan: Window, at: datetime.datetime, hours: dict[str, str]
    ) -> None:
        with pytest.raises(rules.NotFilled):
            places.save_window(yunyan.id, hours, who=WHO, at=at)

    @pytest.mark.article("A2")
    def test_tells_when_its_hours_have_changed_and_keeps_what_was_before_in_the_journal(
        self, yunyan: Window, at: datetime.datetime
    ) -> None:
        assert not places.save_window(yunyan.id, {"phone": "0851-1234567"}, who=WHO, at=at)[1]
        assert places.save_window(yunyan.id, {"closes_at": "18:00"}, who=WHO, at=at)[1]
        entry = Entry.objects.filter(code="window_changed").order_by("-recorded_at").first()
        assert entry is not None
        assert entry.payload["before"] == {"closes_at": "17:00"}
        assert queries.calendar_of(YUNYAN, stamp=queries.stamp()).closes == datetime.time(18)

    def test_name_is_taken_once_a_hall(self, yunyan: Window, at: datetime.datetime) -> None:
        with pytest.raises(rules.NameTaken):
            places.open_window(yunyan.hall, NEW | {"name": yunyan.name}, who=WHO, at=at)


class TestEquipment:
    @pytest.mark.article("A2", "P9", "P19")
    @pytest.mark.parametrize(("bandwidth", "enough"), [(99, False), (100, True)])
    def test_asks_for_a_hundred_megabits(
        self, yunyan: Window, at: datetime.datetime, bandwidth: int, enough: bool
    ) -> None:
        places.check_equipment(
            yunyan.id, {"camera": False}, bandwidth=bandwidth, on=at.date(), who=WHO, at=at
        )
        rows = {e.kind: e for e in Equipment.objects.filter(window=yunyan)}
        assert (rows["bandwidth"].is_present, rows["bandwidth"].amount) == (enough, bandwidth)
        assert not rows["camera"].is_present

    def test_takes_nothing_that_is_not_on_the_check_list(self, yunyan: Window, at: datetime.datetime) -> None:
        with pytest.raises(rules.NotFilled):
            places.check_equipment(yunyan.id, {"sofa": True}, on=at.date(), who=WHO, at=at)


class TestWindowDay:
    @pytest.mark.article("A2")
    def test_can_be_closed_or_have_other_hours_and_be_taken_back(
        self, yunyan: Window, at: datetime.datetime
    ) -> None:
        on = datetime.date(2026, 4, 20)
        places.set_window_day(yunyan.id, on=on, reason="停电检修", who=WHO, at=at)
        places.set_window_day(
            yunyan.id, on=on, opens_at="10:00", closes_at="12:00", reason="停电检修", who=WHO, at=at
        )
        day = WindowDay.objects.get(window=yunyan)
        assert (day.opens_at, day.closes_at) == (datetime.time(10), datetime.time(12))
        places.clear_window_day(yunyan.id, on=on, who=WHO, at=at)
        with pytest.raises(rules.NothingSet):
            places.clear_window_day(yunyan.id, on=on, who=WHO, at=at)

    @pytest.mark.parametrize(
        "more", [{"reason": ""}, {"opens_at": "10:00"}, {"opens_at": "12:00", "closes_at": "10:00"}]
    )
    def test_needs_a_reason_and_hours_that_can_be(
        self, yunyan: Window, at: datetime.datetime, more: dict[str, str]
    ) -> None:
        with pytest.raises(rules.NotFilled):
            places.set_window_day(
                yunyan.id,
                on=at.date(),
                who=WHO,
                at=at,
                **({"reason": "检修"} | more),  # type: ignore[arg-type]
            )
