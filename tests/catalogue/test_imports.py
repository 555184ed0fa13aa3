"""Excel in and out: nothing is half imported, an export read again changes nothing, each only its own part."""

import datetime
import io
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from pytest_django import Settings

from tests.catalogue import drafting
from tests.stories import actor
from tongban.catalogue import files, imports, soundness
from tongban.catalogue.models import AcceptanceStandard, Draft, Stage
from tongban.catalogue.operations import publishing
from tongban.directory import places
from tongban.directory.models import Division, Window
from tongban.documents import imports as kept
from tongban.documents.models import Import
from tongban.journal.models import Entry
from tongban.kernel import sheets
from tongban.people import roster
from tongban.people.models import Person, Post

pytestmark = pytest.mark.django_db
OWN, CITY, PROVINCE = "manager.520103", "manager.520100", "manager.520000"
YUNYAN = "520103000000"
ROWS = int(os.environ.get("TONGBAN_IMPORT_ROWS", "3000"))  # 10,000 for the whole proof
Change = Callable[[openpyxl.Workbook], None]


@pytest.fixture(autouse=True)
def own_files(settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.TONGBAN_FILES = tmp_path / "files"
    settings.TONGBAN_KEYS = tmp_path / "keys"
    yield


def edited(data: bytes, change: Change) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(data))
    change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def column(page: Any, title: str) -> int:
    return next(c.column for c in page[1] if str(c.value).rstrip("*") == title)


def put(page: Any, row: int, title: str, value: object) -> None:
    page.cell(row, column(page, title)).value = value


def line(page: Any, **values: object) -> None:
    """Add a row by the titles of its columns."""
    number = page.max_row + 1
    for title, value in values.items():
        put(page, number, title, value)


def go(data: bytes, at: datetime.datetime, *, kind: str = "contacts", by: str = OWN) -> Import:
    """Hand a workbook in and let the job check it."""
    row = imports.hand_in(data, kind=kind, name="测试.xlsx", by=actor(by), at=at)
    imports.go_through(row.id, at=at)
    return Import.objects.get(id=row.id)


def confirm(row: Import, at: datetime.datetime, *, by: str = OWN) -> Import:
    imports.confirm(row.id, by=actor(by))
    imports.go_through(row.id, at=at)
    return Import.objects.get(id=row.id)


def yunyan() -> Window:
    return Window.objects.get(division_id=YUNYAN)


class TestRoundTrip:
    @pytest.mark.article("B8", "W5")
    @pytest.mark.parametrize("kind", ["contacts", "staff"])
    @pytest.mark.parametrize("by", [OWN, CITY, PROVINCE])
    def test_an_export_read_again_changes_nothing(self, at: datetime.datetime, kind: str, by: str) -> None:
        row = go(imports.export(kind, by=actor(by), at=at), at, kind=kind, by=by)
        assert (row.status, row.faults, row.changes, row.problem) == ("unchanged", [], [], "")
        assert row.same > 0

    @pytest.mark.article("B8")
    def test_an_empty_template_says_what_it_wants(self, at: datetime.datetime) -> None:
        book = openpyxl.load_workbook(io.BytesIO(imports.template("contacts", by=actor(OWN))))
        assert book.sheetnames == ["说明", "区划", "机构", "大厅", "窗口", "特殊日期", "选项"]
        assert go(imports.template("contacts", by=actor(OWN)), at).status == "unchanged"


class TestContacts:
    @pytest.mark.article("B8", "A4")
    def test_shows_first_and_writes_when_confirmed(self, at: datetime.datetime) -> None:
        before = yunyan()
        data = edited(
            imports.export("contacts", by=actor(OWN), at=at),
            lambda b: put(b["窗口"], 2, "电话", "0851-86891234"),
        )
        row = go(data, at)
        assert row.status == "checked"
        assert row.changes == [f"窗口 2：{before.name}，电话 {before.phone} → 0851-86891234"]
        assert yunyan().phone == before.phone
        assert confirm(row, at).status == "applied"
        assert yunyan().phone == "0851-86891234"
        assert yunyan().is_open
        entry = Entry.objects.get(code="workbook_imported")
        assert (entry.payload["changed"], entry.actor) == (1, actor(OWN).name)
        assert go(data, at).status == "unchanged"

    @pytest.mark.article("P14", "B8")
    def test_adds_halls_windows_and_outlets_that_name_each_other(self, at: datetime.datetime) -> None:
        def change(book: openpyxl.Workbook) -> None:
            line(book["大厅"], 区划代码=YUNYAN, 大厅名称="二厅", 大厅地址="路2号")
            same = {
                "区划代码": YUNYAN,
                "大厅名称": "二厅",
                "电话": "0851-86891234",
                "邮寄地址": "路2号",
                "上班": "09:00",
                "下班": "17:00",
            }
            line(book["窗口"], 类别="大厅窗口", 窗口名称="二厅窗口", **same)
            line(
                book["窗口"],
                类别="网点",
                依托="银行网点",
                指导监督窗口="二厅窗口",
                窗口名称="某银行网点",
                **same,
            )

        row = go(edited(imports.export("contacts", by=actor(OWN), at=at), change), at)
        assert (row.status, row.added, row.faults) == ("checked", 3, [])
        confirm(row, at)
        outlet = Window.objects.get(name="某银行网点")
        assert outlet.supervisor is not None and outlet.supervisor.name == "二厅窗口"
        assert not outlet.is_open
        assert outlet.equipment.count() == 7

    @pytest.mark.article("A2", "B8")
    def test_says_where_a_window_stands_and_on_which_days_it_keeps_other_hours(
        self, at: datetime.datetime
    ) -> None:
        window, said = yunyan(), {"who": places.SYSTEM, "at": at}
        monday, tuesday = datetime.date(2026, 3, 9), datetime.date(2026, 3, 10)
        places.set_window_day(window.id, on=monday, reason="停电检修", **said)
        places.save_window(window.id, {"latitude": 26.64702, "longitude": 106.63024}, **said)
        data = imports.export("contacts", by=actor(OWN), at=at)
        assert (row := go(data, at)).status == "unchanged", row.changes

        def change(book: openpyxl.Workbook) -> None:
            put(book["窗口"], 2, "经度", "106.7")
            put(book["窗口"], 2, "电子邮箱", "yunyan@example.gov.cn")
            page = book["特殊日期"]
            assert page.cell(2, column(page, "原因")).value == "停电检修"
            put(page, 2, "上班", "10:00")
            put(page, 2, "下班", "16:00")
            line(page, 窗口编号=window.id, 日期="2026-03-10", 原因="集中培训")

        row = go(edited(data, change), at)
        assert (row.status, row.faults, len(row.changes)) == ("checked", [], 3)
        assert confirm(row, at).status == "applied"
        window.refresh_from_db()
        assert (window.latitude, window.longitude) == (26.64702, 106.7)
        assert window.email == "yunyan@example.gov.cn"
        days = {d.on: d for d in window.days.all()}
        assert days[monday].opens_at == datetime.time(10) and days[tuesday].closes_at is None

        def wrong(book: openpyxl.Workbook) -> None:
            page = book["特殊日期"]
            for on, opens, closes in (("2026-03-01", "", ""), ("2026-03-11", "10:00", ""), ("x", "", "")):
                line(page, 窗口编号=window.id, 日期=on, 上班=opens, 下班=closes, 原因="x")
            line(page, 窗口编号=999_999, 日期="2026-03-12", 原因="x")
            put(book["窗口"], 2, "经度", "200")
            put(book["窗口"], 2, "电子邮箱", "没有@")

        row = go(edited(data, wrong), at)
        found = {(f["sheet"], f["row"], f["column"]) for f in row.faults}
        assert found == {
            ("窗口", 2, "经度"),
            ("窗口", 2, "电子邮箱"),
            ("特殊日期", 3, "日期"),
            ("特殊日期", 4, "下班"),
            ("特殊日期", 5, "日期"),
            ("特殊日期", 6, "窗口编号"),
        }

        def elsewhere(book: openpyxl.Workbook) -> None:
            line(book["特殊日期"], 窗口编号=window.id, 日期="2026-03-20", 原因="外出")

        data = imports.export("contacts", by=actor(CITY), at=at)
        row = go(edited(data, elsewhere), at, by=CITY)
        assert [(f["sheet"], f["column"]) for f in row.faults] == [("特殊日期", "窗口编号")]

    @pytest.mark.article("A2", "B8")
    def test_takes_a_special_day_back_where_a_row_says_so(self, at: datetime.datetime) -> None:
        window, monday = yunyan(), datetime.date(2026, 3, 9)
        for n, reason in enumerate(("停电检修", "集中培训", "搬迁")):
            on = monday + datetime.timedelta(days=n)
            places.set_window_day(window.id, on=on, reason=reason, who=places.SYSTEM, at=at)
        data = imports.export("contacts", by=actor(OWN), at=at)
        assert go(data, at).status == "unchanged"

        def change(book: openpyxl.Workbook) -> None:
            page = book["特殊日期"]
            page.delete_rows(4)  # a row that is not there says nothing
            put(page, 2, "操作", "撤销")
            put(page, 2, "原因", None)
            put(page, 3, "原因", "外出培训")
            put(book["窗口"], 2, "联系人", "某人")

        row = go(edited(data, change), at)
        assert (row.status, row.faults, row.changed, row.removed) == ("checked", [], 2, 1)
        assert row.changes[0] == (f"撤销{window.name}2026-03-09的安排（停电检修），当天恢复平常的办公时间")
        assert window.days.count() == 3
        assert confirm(row, at).status == "applied"
        days = window.days.order_by("on").values_list("on", "reason")
        assert [reason for _on, reason in days] == ["外出培训", "搬迁"]
        assert Entry.objects.get(code="workbook_imported").payload["removed"] == 1

    @pytest.mark.article("A2", "B8", "S1")
    def test_takes_no_special_day_back_that_is_past_unknown_or_elsewhere(self, at: datetime.datetime) -> None:
        window, monday = yunyan(), datetime.date(2026, 3, 9)
        for on in (datetime.date(2026, 2, 20), monday):
            places.set_window_day(window.id, on=on, reason="检修", who=places.SYSTEM, at=at)

        def back(*days: str) -> Change:
            def change(book: openpyxl.Workbook) -> None:
                for on in days:
                    line(book["特殊日期"], 窗口编号=window.id, 日期=on, 操作="撤销")

            return change

        def faults(*days: str, by: str = OWN) -> list[tuple[str, int, str]]:
            row = go(edited(imports.template("contacts", by=actor(by)), back(*days)), at, by=by)
            assert row.status == "faulty"
            return [(f["sheet"], f["row"], f["column"]) for f in row.faults]

        told = faults("2026-03-09", "2026-02-20", "2026-03-12", "2026-03-09")
        assert told == [("特殊日期", 3, "日期"), ("特殊日期", 4, "操作"), ("特殊日期", 5, "日期")]
        assert faults("2026-03-09", by=CITY) == [("特殊日期", 2, "窗口编号")]
        assert window.days.count() == 2

        def doubt(book: openpyxl.Workbook) -> None:
            line(book["特殊日期"], 窗口编号=window.id, 日期="2026-03-10", 操作="删除")
            line(book["特殊日期"], 窗口编号=window.id, 日期="2026-03-11")

        row = go(edited(imports.template("contacts", by=actor(OWN)), doubt), at)
        assert [(f["row"], f["column"]) for f in row.faults] == [(2, "操作"), (3, "原因")]

    @pytest.mark.article("B8")
    def test_imports_nothing_when_one_row_is_wrong_and_names_it(self, at: datetime.datetime) -> None:
        def change(book: openpyxl.Workbook) -> None:
            put(book["窗口"], 2, "邮寄地址", "新址")
            put(book["机构"], 2, "电话", "=1+1")
            line(
                book["窗口"],
                区划代码=YUNYAN,
                大厅名称="没有的",
                类别="大厅窗口",
                窗口名称="x",
                电话="1",
                邮寄地址="y",
                上班="18:00",
                下班="9:00",
            )

        row = go(edited(imports.export("contacts", by=actor(OWN), at=at), change), at)
        assert row.status == "faulty"
        assert {(f["sheet"], f["row"], f["column"]) for f in row.faults} == {
            ("机构", 2, "电话"),
            ("窗口", 3, "电话"),
            ("窗口", 3, "下班"),
        }
        assert yunyan().address != "新址"
        with pytest.raises(kept.NotReady):
            imports.confirm(row.id, by=actor(OWN))

    @pytest.mark.article("B8")
    def test_what_a_workbook_has_no_column_for_stays_as_it_was(self, at: datetime.datetime) -> None:
        Window.objects.filter(id=yunyan().id).update(contact_name="张三", latitude="26.6", longitude="106.7")
        there = {f.attname: getattr(yunyan(), f.attname) for f in Window._meta.concrete_fields}

        def without(book: openpyxl.Workbook) -> None:
            put(book["窗口"], 2, "窗口名称", "云岩新名窗口")
            for title in ("联系人", "邮编", "纬度", "经度", "午休开始", "午休结束"):
                book["窗口"].delete_cols(column(book["窗口"], title))

        row = go(edited(imports.export("contacts", by=actor(OWN), at=at), without), at)
        assert (row.status, len(row.changes)) == ("checked", 1), (row.faults, row.changes)
        assert confirm(row, at).status == "applied"
        assert {n: getattr(yunyan(), n) for n in there} == there | {"name": "云岩新名窗口"}

    @pytest.mark.article("P13", "S1")
    @pytest.mark.parametrize("by", [CITY, PROVINCE, "group.1"])
    def test_those_above_may_read_but_not_change_a_county_s_part(
        self, at: datetime.datetime, by: str
    ) -> None:
        data = imports.export("contacts", by=actor(OWN), at=at)
        assert go(data, at, by=by).status == "unchanged"
        row = go(edited(data, lambda b: put(b["窗口"], 2, "联系人", "某人")), at, by=by)
        assert row.status == "faulty"
        assert row.faults[0]["what"] == "这里由当地机构自己维护，您不能修改"

    def test_shows_again_what_has_changed_between_check_and_confirmation(self, at: datetime.datetime) -> None:
        data = edited(
            imports.export("contacts", by=actor(OWN), at=at), lambda b: put(b["窗口"], 2, "联系人", "某人")
        )
        row = go(data, at)
        Window.objects.filter(division_id=YUNYAN).update(contact_name="别人")
        again = confirm(row, at)
        assert again.status == "checked"
        assert "别人 → 某人" in again.changes[0]
        assert yunyan().contact_name == "别人"

    def test_belongs_to_whoever_handed_it_in(self, at: datetime.datetime) -> None:
        row = go(imports.template("contacts", by=actor(OWN)), at)
        with pytest.raises(kept.UnknownImport):
            kept.of(row.id, by_id=actor(CITY).id or 0)

    @pytest.mark.parametrize("by", ["clerk.520103", "lead.520103", "approver.520103", "sysadmin"])
    def test_is_not_for_everybody(self, by: str) -> None:
        for kind in imports.KINDS:
            with pytest.raises(imports.NotYourWorkbook):
                imports.template(kind, by=actor(by))


class TestStaff:
    @pytest.mark.article("B8", "A5")
    def test_adds_people_posts_and_trainings_and_ends_posts(self, at: datetime.datetime) -> None:
        def change(book: openpyxl.Workbook) -> None:
            page = book["人员"]
            put(page, 2, "离任日期", "2026-12-31")
            line(
                page,
                账号="wang.li",
                姓名="王丽",
                岗位="窗口人员",
                窗口编号=yunyan().id,
                任职日期="2026-03-02",
            )
            line(book["培训"], 账号="wang.li", 培训内容="操作规程", 完成日期="2026-02-01")

        row = go(edited(imports.export("staff", by=actor(OWN), at=at), change), at, kind="staff")
        assert (row.status, row.faults) == ("checked", [])
        confirm(row, at)
        person = Person.objects.get(account="wang.li")
        assert not person.has_usable_password()
        assert person.trainings.count() == 1
        assert Post.objects.filter(valid_until_on=datetime.date(2026, 12, 31)).count() == 1

    @pytest.mark.article("B8")
    def test_what_a_workbook_has_no_column_for_stays_as_it_was(self, at: datetime.datetime) -> None:
        clerk = Person.objects.get(account="clerk.520103")
        Person.objects.filter(id=clerk.id).update(phone="13800000000")
        Post.objects.filter(person=clerk).update(valid_until_on="2030-01-01")

        def without(book: openpyxl.Workbook) -> None:
            for title in ("电话", "离任日期"):
                book["人员"].delete_cols(column(book["人员"], title))

        row = go(edited(imports.export("staff", by=actor(OWN), at=at), without), at, kind="staff")
        assert (row.status, row.changes) == ("unchanged", []), row.faults

    @pytest.mark.article("B8", "P13", "W4")
    def test_says_who_is_on_duty_on_which_day(self, at: datetime.datetime) -> None:
        window, monday = yunyan(), datetime.date(2026, 3, 9)
        clerk, lead = Person.objects.get(account="clerk.520103"), Person.objects.get(account="lead.520103")
        said: dict[str, Any] = {"by": actor(OWN), "at": at}
        roster.plan(window.id, first_on=monday, last_on=monday, person_ids=[clerk.pk], **said)
        data = imports.export("staff", by=actor(OWN), at=at)
        assert (row := go(data, at, kind="staff")).status == "unchanged", row.changes

        def change(book: openpyxl.Workbook) -> None:
            page = book["值班"]
            assert (page.cell(2, column(page, "账号")).value, page.max_row) == ("clerk.520103", 2)
            put(page, 2, "账号", "lead.520103")
            for account in ("clerk.520103", "lead.520103"):
                line(page, 窗口编号=window.id, 日期="2026-03-10", 账号=account)

        row = go(edited(data, change), at, kind="staff")
        assert (row.status, row.faults) == ("checked", [])
        assert row.changes[0] == f"{window.name}2026-03-09值班：{lead.name}；撤下：{clerk.name}"
        assert (row.removed, row.changed) == (1, 1)
        assert confirm(row, at).status == "applied"
        days = roster.of([window.id], on=monday)[window.id]
        assert [p.account for p in days[0].people] == ["lead.520103"]
        assert {p.account for p in days[1].people} == {"clerk.520103", "lead.520103"}

        def wrong(book: openpyxl.Workbook) -> None:
            page = book["值班"]
            for on, account in (
                *(("2026-03-14", "clerk.520103"), ("2026-03-11", "clerk.510100")),
                *(("2026-03-01", "clerk.520103"), ("2026-03-12", "没有的账号")),
            ):
                line(page, 窗口编号=window.id, 日期=on, 账号=account)

        row = go(edited(data, wrong), at, kind="staff")
        found = [(f["row"], f["column"], f["what"]) for f in row.faults]
        assert [one[:2] for one in found] == [(3, "日期"), (4, "账号"), (5, "日期"), (6, "账号")]
        assert found[0][2] == "不是工作日：周末"

    @pytest.mark.article("B8", "P13")
    def test_takes_somebody_off_a_day_and_leaves_the_others(self, at: datetime.datetime) -> None:
        window, monday, tuesday = yunyan(), datetime.date(2026, 3, 9), datetime.date(2026, 3, 10)
        clerk, lead = Person.objects.get(account="clerk.520103"), Person.objects.get(account="lead.520103")
        said: dict[str, Any] = {"by": actor(OWN), "at": at}
        roster.plan(window.id, first_on=monday, last_on=monday, person_ids=[clerk.pk, lead.pk], **said)
        roster.plan(window.id, first_on=tuesday, last_on=tuesday, person_ids=[clerk.pk], **said)
        empty = imports.template("staff", by=actor(OWN))

        def off(*days: str) -> bytes:
            def change(book: openpyxl.Workbook) -> None:
                for day in days:
                    line(book["值班"], 窗口编号=window.id, 日期=day, 账号="clerk.520103", 操作="撤销")

            return edited(empty, change)

        row = go(off("2026-03-09", "2026-03-10"), at, kind="staff")
        assert (row.status, row.added, row.changed, row.removed) == ("checked", 0, 0, 2), row.faults
        assert row.changes == [
            f"{window.name}2026-03-09值班：{lead.name}；撤下：{clerk.name}",
            f"{window.name}2026-03-10值班：无人；撤下：{clerk.name}",
        ]
        assert confirm(row, at).status == "applied"
        days = roster.of([window.id], on=monday)[window.id]
        assert [(d.on, [p.account for p in d.people]) for d in days] == [(monday, ["lead.520103"])]
        row = go(off("2026-03-09", "2026-03-01"), at, kind="staff")
        assert [(f["row"], f["column"]) for f in row.faults] == [(2, "操作"), (3, "操作")]
        assert "没有安排这个账号值班" in row.faults[0]["what"]

    @pytest.mark.article("S1")
    @pytest.mark.parametrize(
        ("account", "place"),
        [("clerk.510100", YUNYAN), ("manager.520103", YUNYAN), ("wang.li", "520102000000")],
    )
    def test_does_not_touch_other_places(self, at: datetime.datetime, account: str, place: str) -> None:
        window = Window.objects.get(division_id=place)

        def change(book: openpyxl.Workbook) -> None:
            line(
                book["人员"],
                账号=account,
                姓名="王丽",
                岗位="窗口负责人",
                窗口编号=window.id,
                任职日期="2026-03-02",
            )

        row = go(edited(imports.template("staff", by=actor(OWN)), change), at, kind="staff")
        assert row.status == "faulty"
        assert row.faults[0]["row"] == 2

    @pytest.mark.article("B8")
    def test_ten_thousand_rows_take_less_than_a_minute_and_show_how_far_they_are(
        self, at: datetime.datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        here = yunyan().id

        def rows() -> Iterator[dict[str, Any]]:
            for n in range(ROWS):
                yield {
                    "account": f"staff{n}",
                    "name": f"人员{n}",
                    "role": "clerk",
                    "window": here,
                    "from_on": "2026-03-02",
                }

        told: list[int] = []
        mark = kept.mark

        def listen(row: Import, **more: Any) -> None:
            told.append(more.get("done", 0))
            mark(row, **more)

        monkeypatch.setattr(kept, "mark", listen)
        kind = imports.KINDS["staff"]
        data = sheets.write([(kind.sheets[0], rows())], title="人员", about=[])
        began = time.monotonic()
        row = go(data, at, kind="staff")
        assert (row.status, row.added) == ("checked", 2 * ROWS)
        assert confirm(row, at).status == "applied"
        assert time.monotonic() - began < 60 * ROWS / 10_000
        assert len(set(told)) > ROWS // 500
        assert Post.objects.filter(window=here).count() == ROWS + 2


class TestSixthProvince:
    @pytest.mark.article("A1", "B8")
    def test_divisions_are_imported_by_the_coordination_group_alone(self, at: datetime.datetime) -> None:
        def change(book: openpyxl.Workbook) -> None:
            line(book["区划"], 区划代码="450000000000", 名称="广西壮族自治区", 层级="省级")

        data = edited(imports.template("contacts", by=actor("group.1")), change)
        assert go(data, at, by=PROVINCE).status == "faulty"
        row = go(data, at, by="group.1")
        assert confirm(row, at, by="group.1").status == "applied"
        assert Division.objects.get(code="450000000000").full_name == "广西壮族自治区"


class TestStandards:
    @pytest.mark.article("B8", "B4", "W7")
    @pytest.mark.parametrize("by", [PROVINCE, "group.1"])
    def test_an_export_read_again_changes_nothing(self, at: datetime.datetime, by: str) -> None:
        row = go(imports.export("standards", by=actor(by), at=at), at, kind="standards", by=by)
        assert (row.status, row.faults, row.changes, row.problem) == ("unchanged", [], [], "")
        assert row.same >= 148

    @pytest.mark.article("B2", "B8")
    def test_carry_every_kind_of_form_field_there_and_back(self, at: datetime.datetime) -> None:
        kinds = [k for k in sorted(files.FIELD_TYPES) if k != "choice"]
        fields: list[dict[str, Any]] = [{"key": f"f_{k}", "label": f"栏 {k}", "type": k} for k in kinds]
        fields.insert(0, {"key": "kind", "label": "方式", "type": "choice", "choices": ["自取", "代取"]})
        fields[-1]["when"] = {"field": "kind", "values": ["代取"]}
        drafting.publish(drafting.GUIZHOU, at=at, said=drafting.content(field=fields))
        data = imports.export("standards", by=actor(PROVINCE), at=at)
        assert (row := go(data, at, kind="standards", by=PROVINCE)).status == "unchanged", row.changes

        def change(book: openpyxl.Workbook) -> None:
            page = book["表单"]
            at_row = next(r for r in range(2, 4000) if page.cell(r, column(page, "类型")).value == "文件")
            put(page, at_row, "类型", "地址")

        row = go(edited(data, change), at, kind="standards", by=PROVINCE)
        assert (row.status, row.faults) == ("checked", [])

    @pytest.mark.article("B8", "B4")
    def test_become_a_draft_and_are_not_published(self, at: datetime.datetime) -> None:
        def change(book: openpyxl.Workbook) -> None:
            page = book["材料"]
            number = next(r for r in range(2, 4000) if page.cell(r, 1).value == "015-1")
            put(page, number, "材料名称", "驾驶证申请表（新）")

        before = AcceptanceStandard.objects.count()
        data = edited(imports.export("standards", by=actor(PROVINCE), at=at), change)
        row = go(data, at, kind="standards", by=PROVINCE)
        assert (row.status, row.changes) == ("checked", ["新起草：015-1 机动车驾驶证换证"])
        assert confirm(row, at, by=PROVINCE).status == "applied"
        draft = Draft.objects.get(procedure__key="015-1")
        assert draft.province_id == "520000000000"
        assert draft.content["material"][0]["name"] == "驾驶证申请表（新）"
        assert draft.content["material"][1:] == publishing.content_of(draft.based_on)["material"][1:]
        assert draft.content["legal_basis"]
        assert AcceptanceStandard.objects.count() == before
        assert go(data, at, kind="standards", by=PROVINCE).status == "unchanged"

    @pytest.mark.article("B8")
    def test_names_what_does_not_hold_by_sheet_row_and_column(self, at: datetime.datetime) -> None:
        def change(book: openpyxl.Workbook) -> None:
            page = book["材料"]
            number = next(r for r in range(2, 4000) if page.cell(r, 1).value == "015-1")
            put(page, number, "原件", 0)
            put(page, number, "复印件", 0)
            put(page, number + 1, "审查要点", " ")
            line(book["情形"], 办理项编号="999-9", 情形编号="x", 情形名称="没有的")

        data = edited(imports.export("standards", by=actor(PROVINCE), at=at), change)
        row = go(data, at, kind="standards", by=PROVINCE)
        assert row.status == "faulty"
        assert {(f["sheet"], f["column"]) for f in row.faults} == {
            ("材料", "原件"),
            ("材料", "审查要点"),
            ("情形", "办理项编号"),
        }
        assert not Draft.objects.exists()

    @pytest.mark.parametrize("by", [OWN, CITY])
    def test_are_written_by_provinces_and_the_coordination_group_alone(self, by: str) -> None:
        with pytest.raises(imports.NotYourWorkbook):
            imports.template("standards", by=actor(by))

    @pytest.mark.article("B2", "B8")
    def test_carry_everything_a_standard_says_there_and_back(self, at: datetime.datetime) -> None:
        whole = drafting.content(
            fee="工本费10元",
            modes=["online", "collected"],
            delivery=["electronic"],
            results=["机动车驾驶证", "回执"],
            legal_basis=[{"title": "道路交通安全法", "article": "第十九条"}, {"title": "驾驶证规定"}],
            codes={"base": "000123456789", "local": "GZ-1"},
            circumstance=[{"key": "expired", "name": "期满"}, {"key": "damaged", "name": "损毁"}],
            question=[
                {
                    "key": "why",
                    "text": "为什么换？",
                    "answers": [
                        {"text": "到期", "to": "circumstance:expired"},
                        {"text": "坏了", "to": "circumstance:damaged"},
                    ],
                }
            ],
        )
        assert soundness.faults(whole, stage=Stage.PROVINCE) == {}
        drafting.publish(drafting.GUIZHOU, at=at, said=whole)
        data = imports.export("standards", by=actor(PROVINCE), at=at)
        assert (row := go(data, at, kind="standards", by=PROVINCE)).status == "unchanged", row.changes

        def change(book: openpyxl.Workbook) -> None:
            page = book["标准"]
            number = next(r for r in range(2, 4000) if page.cell(r, 1).value == "015-1")
            said = {
                **{"全程网办": "否", "多地联办": "是", "邮寄": "是", "地方编码": None},
                **{"办理结果": "机动车驾驶证", "收费": None, "基本编码": "000123456780"},
            }
            for title, value in said.items():
                put(page, number, title, value)
            laws = book["法定依据"]
            line(laws, 办理项编号="015-1", 名称="示例条例", 文号="示例〔2026〕1号")
            asked = book["问题"]
            number = next(r for r in range(2, 400) if asked.cell(r, column(asked, "回答")).value == "坏了")
            put(asked, number, "回答", "损坏了")

        row = go(edited(data, change), at, kind="standards", by=PROVINCE)
        assert (row.status, row.faults) == ("checked", [])
        assert confirm(row, at, by=PROVINCE).status == "applied"
        said = Draft.objects.get(procedure__key="015-1").content
        assert said["modes"] == ["collected", "joint"] and said["delivery"] == ["post", "electronic"]
        assert (said["results"], said["fee"]) == (["机动车驾驶证"], "")
        assert said["codes"] == {"base": "000123456780"}
        assert said["legal_basis"][:2] == whole["legal_basis"]
        assert said["legal_basis"][2]["document_number"] == "示例〔2026〕1号"
        assert said["question"][0]["answers"][1] == {"text": "损坏了", "to": "circumstance:damaged"}

    @pytest.mark.article("B8")
    def test_name_wrong_codes_questions_and_laws_by_sheet_row_and_column(self, at: datetime.datetime) -> None:
        def change(book: openpyxl.Workbook) -> None:
            page = book["标准"]
            number = next(r for r in range(2, 4000) if page.cell(r, 1).value == "015-1")
            put(page, number, "基本编码", "12")
            put(page, number + 1, "实施编码", "1" * 31)
            other = page.cell(number + 1, 1).value
            line(book["问题"], 办理项编号=other, 问题编号="a", 问题="哪种？", 回答="一", 通向情形="没有的")
            line(book["法定依据"], 办理项编号="999-1", 名称="没有的")

        data = edited(imports.export("standards", by=actor(PROVINCE), at=at), change)
        row = go(data, at, kind="standards", by=PROVINCE)
        found = {(f["sheet"], f["column"]) for f in row.faults}
        assert row.status == "faulty" and all(f["row"] for f in row.faults)
        assert {("标准", "基本编码"), ("标准", "实施编码"), ("法定依据", "办理项编号")} <= found
        assert {("问题", "通向情形"), ("问题", "问题")} <= found

        def doubt(book: openpyxl.Workbook) -> None:
            put(book["标准"], 2, "邮寄", "也许")

        data = imports.export("standards", by=actor(PROVINCE), at=at)
        row = go(edited(data, doubt), at, kind="standards", by=PROVINCE)
        assert [(f["sheet"], f["row"], f["column"]) for f in row.faults] == [("标准", 2, "邮寄")]
        assert row.faults[0]["what"] == "“也许”不在可选范围内，应为：是、否"

    @pytest.mark.article("B8")
    def test_leave_what_has_no_column_as_it_was(self, at: datetime.datetime) -> None:
        whole = drafting.content(codes={"local": "GZ-1"}, modes=["online"], fee="10元")
        drafting.publish(drafting.GUIZHOU, at=at, said=whole)

        def change(book: openpyxl.Workbook) -> None:
            for title in ("地方编码", "收费", "全程网办", "多地联办", "异地代收代办"):
                book["标准"].delete_cols(column(book["标准"], title))
            del book["法定依据"], book["表单"]

        data = edited(imports.export("standards", by=actor(PROVINCE), at=at), change)
        assert (row := go(data, at, kind="standards", by=PROVINCE)).status == "unchanged", row.changes

    @pytest.mark.article("B8", "B2")
    def test_have_instructions_and_drop_downs_for_every_column(self) -> None:
        of_places = (("contacts", OWN), ("staff", OWN))
        for kind, who in (("standards", PROVINCE), ("elements", "group.1"), *of_places):
            book = openpyxl.load_workbook(io.BytesIO(imports.template(kind, by=actor(who))))
            titles = {(p.title, str(c.value).rstrip("*")) for p in book.worksheets for c in p[1] if c.value}
            about = book[sheets.ABOUT]
            told = {(row[0].value, row[1].value) for row in about.iter_rows()}
            for sheet in imports.KINDS[kind].sheets:
                assert {(sheet.title, c.title) for c in sheet.columns} <= titles & told
                ranges = [str(v.sqref) for v in book[sheet.title].data_validations.dataValidation]
                assert len(ranges) == sum(bool(c.choices) for c in sheet.columns)

    @pytest.mark.article("B8", "B2")
    def test_every_standard_can_be_changed_at_once_and_in_time(self, at: datetime.datetime) -> None:
        def change(book: openpyxl.Workbook) -> None:
            page = book["材料"]
            where = column(page, "材料名称")
            for number in range(2, page.max_row + 1):
                page.cell(number, where).value = f"{page.cell(number, where).value}（新）"

        data = imports.export("standards", by=actor(PROVINCE), at=at)
        book = openpyxl.load_workbook(io.BytesIO(data))
        count = sum(page.max_row - 1 for page in book.worksheets if page.title != sheets.ABOUT)
        changed = edited(data, change)
        began = time.monotonic()
        row = go(changed, at, kind="standards", by=PROVINCE)
        assert (row.status, row.faults) == ("checked", [])
        assert confirm(row, at, by=PROVINCE).status == "applied"
        assert count > 1500 and time.monotonic() - began < 60 * count / 10_000
        assert Draft.objects.count() == 160


class TestElements:
    @pytest.mark.article("B8", "B2")
    def test_an_export_read_again_changes_nothing(self, at: datetime.datetime) -> None:
        data = imports.export("elements", by=actor("group.1"), at=at)
        row = go(data, at, kind="elements", by="group.1")
        assert (row.status, row.faults, row.changes, row.problem) == ("unchanged", [], [], "")
        assert row.same >= 148

    @pytest.mark.article("B8", "B2")
    def test_become_a_draft_of_the_coordination_group(self, at: datetime.datetime) -> None:
        def change(book: openpyxl.Workbook) -> None:
            page = book["要素"]
            number = next(r for r in range(2, 4000) if page.cell(r, 1).value == "015-1")
            said = {"县级实施": "是", "多地联办": "是", "电子送达": "否", "收费": "不收费"}
            for title, value in {**said, "办理结果": "证\n回执", "日常说法": "换本本"}.items():
                put(page, number, title, value)

        data = edited(imports.export("elements", by=actor("group.1"), at=at), change)
        row = go(data, at, kind="elements", by="group.1")
        assert (row.status, row.faults) == ("checked", [])
        assert row.changes == ["新起草：015-1 机动车驾驶证换证"]
        assert confirm(row, at, by="group.1").status == "applied"
        draft = Draft.objects.get(procedure__key="015-1")
        assert (draft.stage, draft.province_id) == (Stage.ELEMENTS, None)
        assert draft.content["levels"] == ["prefecture", "county"] and "joint" in draft.content["modes"]
        assert (draft.content["results"], draft.content["words"]) == (["证", "回执"], ["换本本"])
        assert go(data, at, kind="elements", by="group.1").status == "unchanged"

    @pytest.mark.article("B8")
    def test_name_what_does_not_hold_by_sheet_row_and_column(self, at: datetime.datetime) -> None:
        def change(book: openpyxl.Workbook) -> None:
            page = book["要素"]
            number = next(r for r in range(2, 4000) if page.cell(r, 1).value == "015-1")
            for title in ("省级实施", "市级实施", "县级实施"):
                put(page, number, title, "否")
            put(page, number, "基本编码", "12")
            put(page, number + 1, "牵头部门", None)

        data = edited(imports.export("elements", by=actor("group.1"), at=at), change)
        row = go(data, at, kind="elements", by="group.1")
        found = {(f["sheet"], f["column"]) for f in row.faults}
        assert found == {("要素", "省级实施"), ("要素", "基本编码"), ("要素", "牵头部门")}
        assert all(f["row"] for f in row.faults) and not Draft.objects.exists()

    @pytest.mark.article("B8", "W7")
    def test_of_all_five_are_not_a_provinces(self, at: datetime.datetime) -> None:
        data = imports.export("elements", by=actor("group.1"), at=at)
        row = go(data, at, kind="elements", by=PROVINCE)
        said = "这个编号的办理项不由您维护；新建的请换一个没有用过的编号"
        assert row.status == "faulty" and {f["what"] for f in row.faults} == {said}
        own = openpyxl.load_workbook(io.BytesIO(imports.export("elements", by=actor(PROVINCE), at=at)))
        assert own["要素"].max_row == 1
