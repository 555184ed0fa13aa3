"""Ratings of other systems come by Excel: shown first, kept when confirmed, each number once (F4, W9, B8)."""

import datetime
import io
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from pytest_django import Settings

from tests import stories
from tests.stories import actor
from tongban.catalogue import imports
from tongban.config import subscriptions
from tongban.documents.models import Import
from tongban.feedback import permissions, queries, soundness
from tongban.feedback.models import Rating, Rectification
from tongban.feedback.operations import bringing, ratings
from tongban.feedback.states import Leg, Level, Road
from tongban.web.kit import requests

pytestmark = [pytest.mark.django_db, pytest.mark.article("F4", "W9", "B8")]
GUIZHOU, YUNYAN, KUNMING = "manager.520000", "520103000000", "530102000000"


@pytest.fixture(autouse=True)
def own_files(settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.TONGBAN_FILES, settings.TONGBAN_KEYS = tmp_path / "files", tmp_path / "keys"
    subscriptions.connect()
    yield


def line(number: str, code: str = YUNYAN, **more: object) -> list[object]:
    said = {
        **{"system": "12345", "number": number, "case": "", "code": code, "leg": "收件窗口的服务"},
        **{"level": "非常不满意", "on": "2026-01-05", "words": "排队很久", "phone": "13900000009", **more},
    }
    return list(said.values())


def workbook(*rows: list[object]) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(imports.template("ratings", by=actor(GUIZHOU))))
    for row in rows:
        book["评价"].append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def go(data: bytes, at: datetime.datetime, *, by: str = GUIZHOU) -> Import:
    row = imports.hand_in(data, kind="ratings", name="评价.xlsx", by=actor(by), at=at)
    imports.go_through(row.id, at=at)
    return Import.objects.get(id=row.id)


def confirmed(row: Import, at: datetime.datetime, *, by: str = GUIZHOU) -> Import:
    imports.confirm(row.id, by=actor(by))
    imports.go_through(row.id, at=at)
    return Import.objects.get(id=row.id)


class TestWorkbook:
    def test_offers_every_leg_and_level(self) -> None:
        book = openpyxl.load_workbook(io.BytesIO(imports.template("ratings", by=actor(GUIZHOU))))
        assert book.sheetnames == ["说明", "评价", "选项"]
        labels = {column.key: column.labels for column in bringing.SHEET.columns}
        assert (set(labels["leg"]), set(labels["level"])) == (set(Leg), {str(x.value) for x in Level})

    def test_is_shown_first_and_kept_when_confirmed(self, at: datetime.datetime) -> None:
        data = workbook(line("A-1"), line("A-2", level="满意"))
        shown = go(data, at)
        assert (shown.status, shown.added, shown.faults) == ("checked", 2, [])
        assert [change.split("，由")[0] for change in shown.changes] == [
            "12345 A-1：收件窗口的服务，非常不满意",
            "12345 A-2：收件窗口的服务，满意",
        ]
        assert not any(secret in str(shown.changes) for secret in ("13900000009", "排队"))
        assert not Rating.objects.exists()
        assert confirmed(shown, at).status == "applied"
        row = Rating.objects.get(outside_number="A-1")
        assert (row.level, row.road, row.authority.division_id) == (1, Road.IMPORT, YUNYAN)
        assert queries.phone_of(row) == "13900000009"
        assert [r.rating for r in Rectification.objects.all()] == [row]
        assert list(soundness.examine()) == []

    def test_changes_nothing_the_second_time(self, at: datetime.datetime) -> None:
        data = workbook(line("A-1"))
        confirmed(go(data, at), at)
        before = list(Rating.objects.values())
        assert go(data, at).status == "unchanged"
        assert go(workbook(line("A-1", words="改了字")), at).status == "unchanged"
        assert go(imports.export("ratings", by=actor(GUIZHOU), at=at), at).status == "unchanged"
        assert list(Rating.objects.values()) == before

    def test_is_shown_again_when_it_says_something_else_by_now(self, at: datetime.datetime) -> None:
        shown = go(workbook(line("A-1"), line("A-2")), at)
        told = bringing.Told("12345", "A-1", "receiving", 5, at.date(), code=YUNYAN)
        bringing.take_all([told], by=actor(GUIZHOU), at=at)
        again = confirmed(shown, at)
        assert (again.status, again.added, again.same) == ("checked", 1, 1)
        assert Rating.objects.count() == 1
        assert confirmed(again, at).status == "applied"

    def test_names_every_fault_by_row_and_column_and_takes_none(self, story: stories.Story) -> None:
        at, number = story.at, story.do("open").do("receive").case.number
        own = {"code": "", "case": number}
        wrong = go(
            workbook(
                line("A-1"),
                line("A-1"),
                line("A-2", level="一般"),
                line("A-3", code=KUNMING),
                line("A-4", code=""),
                line("A-5", phone="12"),
                line("A-6", on="2027-01-05"),
                line("A-7", code="", case="26CZ-GDJV-R9RD"),
                line("A-8", words="长" * 501),
                line("A-9", leg=""),
                line("A-10", **own),
                line("A-11", **own),
            ),
            at,
        )
        assert wrong.status == "faulty"
        assert [
            (f["sheet"], f["row"], f["column"]) for f in sorted(wrong.faults, key=lambda f: f["row"])
        ] == [
            ("评价", 3, "来源编号"),
            ("评价", 4, "等级"),
            ("评价", 5, "区划代码"),
            ("评价", 6, "区划代码"),
            ("评价", 7, "联系电话"),
            ("评价", 8, "评价日期"),
            ("评价", 9, "业务编号"),
            ("评价", 10, "评价内容"),
            ("评价", 11, "环节"),
            ("评价", 13, "业务编号"),
        ]
        assert not Rating.objects.exists()

    def test_says_that_a_leg_has_a_rating_of_its_own(self, story: stories.Story) -> None:
        story.do("open").do("receive")
        ratings.rate(story.id, leg="receiving", level=5, road=Road.LINK, by=requests.NOBODY, at=story.at)
        wrong = go(workbook(line("A-1", code="", case=story.case.number)), story.at)
        assert [(f["column"], "已经评价过" in f["what"]) for f in wrong.faults] == [("业务编号", True)]

    @pytest.mark.article("S1")
    def test_tells_others_nothing_of_a_number_that_is_known(self, at: datetime.datetime) -> None:
        confirmed(go(workbook(line("A-1")), at), at)
        wrong = go(workbook(line("A-1", code=KUNMING)), at, by="manager.530000")
        assert [(f["row"], f["column"]) for f in wrong.faults] == [(2, "来源编号")]

    @pytest.mark.article("S1")
    @pytest.mark.parametrize("by", ["group.1", "clerk.520103", "sysadmin"])
    def test_is_for_managers(self, at: datetime.datetime, by: str) -> None:
        with pytest.raises(imports.NotYourWorkbook):
            go(workbook(line("A-1")), at, by=by)
        told = bringing.Told("12345", "A-1", "receiving", 5, at.date(), code=YUNYAN)
        with pytest.raises(permissions.NotYours):
            bringing.take_all([told], by=actor(by), at=at)

    def test_exports_neither_case_nor_phone_and_only_ones_own_area(self, story: stories.Story) -> None:
        at, number = story.at, story.do("open").do("receive").case.number
        confirmed(go(workbook(line("A-1", code="", case=number)), at), at)
        for by, seen in ((GUIZHOU, 1), ("manager.530000", 0)):
            made = imports.export("ratings", by=actor(by), at=at)
            rows = openpyxl.load_workbook(io.BytesIO(made), read_only=True)["评价"].iter_rows(
                min_row=2, values_only=True
            )
            cells = [str(c) for row in rows for c in row if c]
            assert cells.count("A-1") == seen
            assert not {number, "13900000009"} & set(cells)
