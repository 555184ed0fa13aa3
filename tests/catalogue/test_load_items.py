"""Loading items, procedures and standards: once, again, and after a file has changed."""

import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.stories import Story
from tongban.catalogue import operations, queries
from tongban.catalogue.models import AcceptanceStandard, Item, Procedure, Stage

GOOD = (operations.DATA / "items" / "015.toml").read_text(encoding="utf-8")
pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in (operations.DATA / "items").glob("*.toml"):
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / "015.toml").unlink()
    return tmp_path


def change(folder: Path, *changes: tuple[str, str]) -> None:
    text = GOOD
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    (folder / "015.toml").write_text(text, encoding="utf-8")


def standards() -> list[AcceptanceStandard]:
    return list(AcceptanceStandard.objects.filter(procedure__key="015-1").order_by("version"))


class TestLoadItems:
    @pytest.mark.article("B1", "L")
    def test_holds_the_148_listed_items_with_department_and_origin(self) -> None:
        assert Item.objects.count() == 148
        item = Item.objects.get(seq=15)
        assert (item.name, item.lead_department) == ("机动车驾驶证换证", "公安部门")
        assert item.source == "川、渝、滇建议纳入第一批"

    @pytest.mark.article("B2", "P7")
    def test_gives_every_listed_item_at_least_one_procedure_that_can_be_applied_for(self) -> None:
        offered = Procedure.objects.filter(is_open=True).exclude(levels=[])
        assert set(offered.values_list("item__seq", flat=True)) >= set(range(1, 149))

    @pytest.mark.article("B2", "B4", "P23")
    def test_gives_every_procedure_one_standard_in_force_that_says_it_is_a_sample(self) -> None:
        for procedure in Procedure.objects.all():
            row = queries.standard_in_force(procedure, "510100000000", on=datetime.date(2026, 3, 2))
            assert row.is_sample and row.version == 1
        assert set(AcceptanceStandard.objects.values_list("stage", flat=True)) == {
            Stage.GUIDE,
            Stage.FIVE_PROVINCES,
        }

    def test_changes_nothing_the_second_time(self) -> None:
        assert operations.load_items() == 0

    def test_follows_a_file_in_what_is_not_published(self, folder: Path) -> None:
        change(folder, ('name = "', 'name = "新'))
        assert operations.load_items(folder) == 1

    def test_replaces_a_sample_standard_that_nothing_stands_on(self, folder: Path) -> None:
        before = standards()
        change(folder, ("review_points = [", 'review_points = [\n  "多看一眼",'))
        assert operations.load_items(folder) == 1
        after = standards()
        assert [r.id for r in after] == [r.id for r in before]
        assert after[0].digest != before[0].digest

    @pytest.mark.article("B4")
    def test_refuses_to_change_a_standard_that_a_case_was_begun_under(
        self, folder: Path, story: Story
    ) -> None:
        story.open().fill()
        change(folder, ("review_points = [", 'review_points = [\n  "多看一眼",'))
        with pytest.raises(operations.Published, match=r"015\.toml.*第 1 版"):
            operations.load_items(folder)

    @pytest.mark.article("B4")
    def test_refuses_to_change_any_published_standard_without_practice_mode(
        self, folder: Path, settings: Any
    ) -> None:
        settings.TONGBAN_PRACTICE = False
        change(folder, ("review_points = [", 'review_points = [\n  "多看一眼",'))
        with pytest.raises(operations.Published):
            operations.load_items(folder)

    @pytest.mark.article("B4")
    def test_publishes_a_new_version_and_ends_the_one_before(self, folder: Path, settings: Any) -> None:
        settings.TONGBAN_PRACTICE = False
        change(
            folder,
            ("complete = true", "complete = true\nversion = 2\neffective_from_on = 2026-04-01"),
            ("review_points = [", 'review_points = [\n  "多看一眼",'),
        )
        operations.load_items(folder)
        first, second = standards()
        assert first.effective_until_on == second.effective_from_on == datetime.date(2026, 4, 1)
        procedure = Procedure.objects.get(key="015-1")
        for day, expected in ((31, first), (1, second)):
            on = datetime.date(2026, 3 if day == 31 else 4, day)
            assert queries.standard_in_force(procedure, "510100000000", on=on) == expected
        assert operations.load_items(folder) == 0
