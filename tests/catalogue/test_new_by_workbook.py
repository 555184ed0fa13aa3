"""A line of the workbook of elements with a number that no procedure has makes a new one, as the page does (B2, B8)."""

import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from pytest_django import Settings

from tests.catalogue.drafting import SICHUAN
from tests.catalogue.test_imports import confirm, edited, go, line, put
from tests.stories import actor
from tongban.catalogue import imports, listing
from tongban.catalogue.models import Draft, Item, Procedure, Stage
from tongban.catalogue.operations import procedures, publishing
from tongban.documents.models import Import
from tongban.journal.models import Entry

pytestmark = [pytest.mark.django_db, pytest.mark.article("B2", "B8", "P7")]
GROUP, PROVINCE = "group.1", "manager.510000"
ROW: dict[str, Any] = {
    "事项序号": 15,
    "办理项": "示例办理项",
    "事项类型": "公共服务",
    "牵头部门": "公安机关",
    **{"市级实施": "是", "自然人": "是", "异地代收代办": "是", "邮寄": "是"},
    "收费": "不收费",
}


@pytest.fixture(autouse=True)
def own_files(settings: Settings, tmp_path: Path) -> None:
    settings.TONGBAN_FILES = tmp_path / "files"
    settings.TONGBAN_KEYS = tmp_path / "keys"


def workbook(*rows: dict[str, Any], by: str = GROUP, laws: bool = True) -> bytes:
    """Give a template with lines for new procedures, each with one law."""

    def change(book: openpyxl.Workbook) -> None:
        for row in rows:
            line(book["要素"], **{name: value for name, value in row.items() if value is not None})
            if laws:
                line(book["法定依据"], 办理项编号=row["办理项编号"], 名称="示例条例")

    return edited(imports.template("elements", by=actor(by)), change)


def row(key: str, **changes: Any) -> dict[str, Any]:
    return {**ROW, "办理项编号": key, **changes}


def checked(data: bytes, at: datetime.datetime, *, by: str = GROUP) -> Import:
    return go(data, at, kind="elements", by=by)


def faults(found: Import) -> set[tuple[str, int, str]]:
    assert found.status == "faulty"
    return {(f["sheet"], f["row"], f["column"]) for f in found.faults}


class TestNewProcedure:
    def test_is_shown_first_and_made_as_the_page_makes_it(self, at: datetime.datetime) -> None:
        data = workbook(
            row("015-9", 地方编码="GA-9"), row("015-10", 办理项="另一项", 法定事项名称="法定名称")
        )
        found = checked(data, at)
        assert (found.status, found.faults, found.added) == ("checked", [], 2)
        assert found.changes == ["新建办理项：015-9 示例办理项", "新建办理项：015-10 另一项"]
        assert not Procedure.objects.filter(key="015-9").exists()
        assert confirm(found, at, by=GROUP).status == "applied"
        made = Procedure.objects.get(key="015-9")
        assert (made.item_id, made.kind, made.province_id, made.is_open) == (15, "公共服务", None, False)
        assert made.statutory_name == made.name == "示例办理项"
        assert Procedure.objects.get(key="015-10").statutory_name == "法定名称"
        draft = Draft.objects.get(procedure=made)
        assert (draft.stage, draft.state, draft.province_id) == (Stage.ELEMENTS, "draft", None)
        assert draft.content["levels"] == ["prefecture"] and draft.content["codes"] == {"local": "GA-9"}
        assert draft.content["legal_basis"][0]["title"] == "示例条例"
        assert Entry.objects.filter(code="standard.make_procedure").count() == 2
        assert checked(data, at).status == "unchanged"
        exported = imports.export("elements", by=actor(GROUP), at=at)
        assert (again := checked(exported, at)).status == "unchanged", again.faults or again.changes
        publishing.submit(draft.id, by=actor(GROUP), at=at)
        publishing.publish(draft.id, effective_from_on=at.date(), by=actor("group.2"), at=at)
        made.refresh_from_db()
        assert made.is_open

    def test_comes_with_a_new_item_of_the_coordination_group(self, at: datetime.datetime) -> None:
        last = max(Item.objects.values_list("seq", flat=True))
        new = {"事项序号": None, "事项": "示例新事项", "牵头部门": "民政部门"}
        wrong = checked(workbook(row(f"{last + 2}-1", **new)), at)
        assert faults(wrong) == {("要素", 2, "办理项编号")}
        assert f"{last + 1}-1" in wrong.faults[0]["what"]
        other = {**new, "事项": "又一新事项"}
        rows = [row(f"{last + 1}-1", **new), row(f"{last + 1}-2", **new), row(f"{last + 2}-1", **other)]
        data = workbook(*rows)
        found = checked(data, at)
        assert (found.status, found.faults, found.added) == ("checked", [], 3)
        assert confirm(found, at, by=GROUP).status == "applied"
        item = Item.objects.get(seq=last + 1)
        assert (item.name, item.lead_department) == ("示例新事项", "民政部门")
        assert item.procedures.count() == 2 and Item.objects.get(seq=last + 2).name == "又一新事项"
        assert not listing.is_listed(item.seq, on=at.date())
        assert checked(data, at).status == "unchanged"

    @pytest.mark.article("W7")
    def test_of_a_province_is_its_own_below_an_item_of_the_list(self, at: datetime.datetime) -> None:
        data = workbook(row("015-9", 地方编码="SC-9"), by=PROVINCE)
        found = checked(data, at, by=PROVINCE)
        assert confirm(found, at, by=PROVINCE).status == "applied"
        made = Procedure.objects.get(key="015-9")
        assert made.province_id == SICHUAN and Draft.objects.get(procedure=made).province_id == SICHUAN
        assert checked(data, at, by=PROVINCE).status == "unchanged"
        elsewhere = checked(data, at, by="manager.520000")
        assert faults(elsewhere) == {("要素", 2, "办理项编号")}
        assert "不由您维护" in elsewhere.faults[0]["what"]
        new = {"事项序号": None, "事项": "示例新事项"}
        refused = checked(workbook(row("149-1", **new), by=PROVINCE), at, by=PROVINCE)
        assert faults(refused) == {("要素", 2, "事项序号")}
        assert "清单上的事项" in refused.faults[0]["what"]

    def test_names_every_fault_by_sheet_row_and_column_and_makes_nothing(self, at: datetime.datetime) -> None:
        before = Procedure.objects.count()
        rows = [
            row("015-9"),  # sound
            row("015-9"),  # again
            row("016-9"),  # of another item
            row("015-11", 办理项=None),
            row("015-12", 事项类型=None),
            row("015-13", 事项序号=9_999),
            row("015-14", 事项序号=10**14),
            row("015-15", 办理项="长" * 121),
            row("015-16", 市级实施=None),
            row("015-17", 事项="别的事项"),
            row("015-18", 事项序号=None, 事项="示例新事项", 牵头部门="长" * 61),
            row("015-19", 事项序号=None, 办理项=None, 事项类型=None),
            row("015-20", 地方编码="A-1"),
            row("015-21", 地方编码="a-1"),
            row("015-22", 事项序号=None, 事项=Item.objects.get(seq=15).name),
        ]
        found = checked(workbook(*rows), at)
        assert faults(found) == {
            ("要素", 3, "办理项编号"),
            ("要素", 4, "办理项编号"),
            ("要素", 5, "办理项"),
            ("要素", 6, "事项类型"),
            ("要素", 7, "事项序号"),
            ("要素", 8, "事项序号"),
            ("要素", 9, "办理项"),
            ("要素", 10, "省级实施"),
            ("要素", 11, "事项"),
            ("要素", 12, "牵头部门"),
            ("要素", 13, "办理项编号"),
            ("要素", 14, "地方编码"),
            ("要素", 15, "地方编码"),
            ("要素", 16, "事项"),
        }
        assert Procedure.objects.count() == before and not Draft.objects.exists()
        bare = checked(workbook(row("015-9"), laws=False), at)
        assert [f["what"] for f in bare.faults] == ["请至少写一条法律依据。"]

    def test_is_not_made_under_a_number_that_was_taken_meanwhile(self, at: datetime.datetime) -> None:
        number = procedures.make(name="先建", kind="其他", item_seq=15, by=actor(GROUP), at=at).procedure.key
        following = f"015-{int(number[4:]) + 1}"
        found = checked(workbook(row(following)), at)
        assert found.status == "checked"
        procedures.make(name="抢先", kind="其他", item_seq=15, by=actor(GROUP), at=at)
        again = confirm(found, at, by=GROUP)
        assert again.status != "applied"
        assert Procedure.objects.get(key=following).name == "抢先"


class TestKnownProcedure:
    def test_keeps_its_name_kind_and_item(self, at: datetime.datetime) -> None:
        def change(book: openpyxl.Workbook) -> None:
            page = book["要素"]
            number = next(r for r in range(2, page.max_row + 1) if page.cell(r, 1).value == "015-1")
            for title, value in (("办理项", "改名"), ("事项类型", "其他"), ("事项序号", 16)):
                put(page, number, title, value)

        data = edited(imports.export("elements", by=actor(GROUP), at=at), change)
        found = checked(data, at)
        assert {column for _sheet, _row, column in faults(found)} == {"办理项", "事项类型", "事项序号"}
        assert "机动车驾驶证换证" in next(f["what"] for f in found.faults if f["column"] == "办理项")
