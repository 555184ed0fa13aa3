"""The divisions, authorities, halls and windows that every installation starts with."""

import datetime

import pytest

from tongban.directory import operations, queries
from tongban.directory.models import Authority, AuthorityKind, Division, Equipment, Level, Window

TODAY = datetime.date(2026, 3, 2)
pytestmark = pytest.mark.django_db


class TestDivisions:
    @pytest.mark.article("A1", "P2")
    def test_hold_the_five_provinces_down_to_the_townships(self) -> None:
        provinces = queries.divisions_of(None, on=TODAY)
        assert [p.name for p in provinces] == ["重庆市", "四川省", "贵州省", "云南省", "西藏自治区"]
        assert Division.objects.filter(level=Level.TOWNSHIP).count() > 7000
        assert Division.objects.get(code="520103000000").full_name == "贵州省贵阳市云岩区"

    def test_put_the_counties_of_a_municipality_right_under_it(self) -> None:
        assert Division.objects.get(code="500101000000").parent_id == "500000000000"
        assert not Division.objects.filter(code__startswith="50", level=Level.PREFECTURE).exists()

    @pytest.mark.article("A1")
    def test_know_when_a_county_ceased_to_exist_and_what_came_after_it(self) -> None:
        before = {d.name for d in queries.divisions_of("500000000000", on=datetime.date(2025, 11, 5))}
        after = {d.name for d in queries.divisions_of("500000000000", on=datetime.date(2025, 11, 6))}
        assert before - after == {"江北区", "渝北区"}
        assert after - before == {"两江新区"}
        assert Division.objects.get(code="500112000000").successor_id == "500157000000"

    def test_loaded_again_change_nothing(self) -> None:
        assert operations.load_divisions() == 0

    def test_loaded_again_put_right_what_the_files_say_otherwise(self) -> None:
        Division.objects.filter(code="520103000000").update(name="旧名", successor="520102000000")
        assert operations.load_divisions() == 1
        found = Division.objects.get(code="520103000000")
        assert (found.name, found.successor_id) == ("云岩区", None)


class TestPlaces:
    @pytest.mark.article("A2", "P9")
    def test_give_every_province_prefecture_and_county_one_open_window(self) -> None:
        levels = [Level.PROVINCE, Level.PREFECTURE, Level.COUNTY]
        places = set(
            Division.objects.filter(level__in=levels, valid_until_on=None).values_list("code", flat=True)
        )
        windows = list(Window.objects.filter(is_open=True).values_list("division_id", flat=True))
        assert len(places) == 569
        assert sorted(windows) == sorted(places)

    def test_tell_places_of_one_name_apart(self) -> None:
        names = list(Window.objects.values_list("name", flat=True))
        assert len(set(names)) == len(names)
        assert "内江市市中区“跨省通办”窗口" in names

    def test_are_plainly_samples(self) -> None:
        window = Window.objects.select_related("hall__authority").get(division_id="520103000000")
        assert window.is_sample and window.hall.is_sample and window.hall.authority.is_sample
        assert window.address == "（示例）贵州省贵阳市云岩区政务服务大厅一楼跨省通办窗口"
        assert window.phone.startswith("000-")

    def test_open_later_in_tibet(self) -> None:
        lhasa = Window.objects.get(division_id="540100000000")
        assert (lhasa.opens_at, lhasa.closes_at) == (datetime.time(9, 30), datetime.time(18, 0))

    def test_give_every_window_its_equipment_list(self) -> None:
        window = Window.objects.get(division_id="510107000000")
        assert window.equipment.count() == len(Equipment.KINDS) == 7

    def test_give_a_county_a_department_for_each_sector(self) -> None:
        rows = Authority.objects.filter(division_id="510107000000", kind=AuthorityKind.DEPARTMENT)
        assert "成都市武侯区公安部门" in rows.values_list("name", flat=True)
        assert rows.count() == 17

    def test_loaded_again_leave_what_people_have_changed(self) -> None:
        sectors = list(
            Authority.objects.filter(division_id="510107000000", kind=AuthorityKind.DEPARTMENT)
            .order_by("id")
            .values_list("sector", flat=True)
        )
        Window.objects.filter(division_id="520103000000").update(phone="0851-1234567", is_open=False)
        assert operations.load_places(is_practice=True, sectors=sectors, on=TODAY) == 0
        assert not Window.objects.get(division_id="520103000000").is_open

    @pytest.mark.article("P13")
    def test_are_not_on_the_contact_list_without_practice_mode(self) -> None:
        Division.objects.create(
            code="450000000000",
            name="广西壮族自治区",
            full_name="广西壮族自治区",
            level=Level.PROVINCE,
            valid_from_on=datetime.date(2000, 1, 1),
        )
        assert operations.load_places(is_practice=False, sectors=["公安部门"], on=TODAY) == 11
        assert not Window.objects.get(division_id="450000000000").is_open
