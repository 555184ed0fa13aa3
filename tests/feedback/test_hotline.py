"""Complaints of the 12345 desk come by API and Excel: all or none, each number once, each with its clock (F5, W9)."""

import datetime
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from pytest_django import Settings

from tests import stories
from tests.stories import actor
from tongban.catalogue import imports
from tongban.config import subscriptions
from tongban.directory.models import Parameter
from tongban.documents.models import Import
from tongban.duties.models import Duty
from tongban.feedback import permissions, queries, rules, soundness
from tongban.feedback.models import Complaint
from tongban.feedback.operations import bringing, complaints, hotline
from tongban.feedback.states import ComplaintKind, Road
from tongban.kernel import worktime

pytestmark = [pytest.mark.django_db, pytest.mark.article("F5", "P11", "W9")]
GUIZHOU, YUNYAN, WUHOU = "manager.520000", "520103000000", "510107000000"
LIMITS = {"consultation": 3, "request": 7, "suggestion": 7, "complaint": 15}  # of 四川, by spec/standards.md


@pytest.fixture(autouse=True)
def own_files(settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.TONGBAN_FILES, settings.TONGBAN_KEYS = tmp_path / "files", tmp_path / "keys"
    subscriptions.connect()
    yield


def told(at: datetime.datetime, number: str = "GZ-1001", **more: Any) -> hotline.Told:
    said = {"kind": "complaint", "words": "中午没有人", "code": YUNYAN, "phone": "13900000009", **more}
    return hotline.Told(system="12345", number=number, told_at=at - datetime.timedelta(hours=3), **said)


def take(at: datetime.datetime, *rows: hotline.Told, by: str = GUIZHOU) -> list[hotline.Taken]:
    return hotline.take_all(rows, by=actor(by), at=at)


class TestTake:
    def test_gives_each_its_number_its_owner_and_its_clock_at_once(self, at: datetime.datetime) -> None:
        (taken,) = take(at, told(at, name="测试丁"))
        row = taken.row
        assert (taken.is_new, row.road, row.state) == (True, Road.IMPORT, "open")
        assert (row.system, row.outside_number, row.filed_at) == ("12345", "GZ-1001", at)
        assert row.told_at == at - datetime.timedelta(hours=3)
        assert [o.authority.division_id for o in queries.owners_of(row.id)] == [YUNYAN]
        duty = Duty.objects.get(case_id=row.id)
        assert (duty.kind, duty.amount, duty.counts_from_at) == ("answer_complaint", 1, at)
        assert "测试丁".encode() not in bytes(row.name_sealed)
        assert queries.complaint_by_four(row.number, "0009") == row
        assert list(soundness.examine()) == []

    @pytest.mark.parametrize(
        ("said", "four"),
        [
            ({"phone": "0851-86891234-12"}, "3412"),
            ({"phone": ""}, "1001"),
            ({"phone": "", "number": "热线7"}, "0007"),
            ({"four": "8f2k"}, "8F2K"),
        ],
    )
    def test_is_followed_by_what_the_caller_knows(
        self, at: datetime.datetime, said: dict[str, str], four: str
    ) -> None:
        row = take(at, told(at, **said))[0].row
        assert queries.complaint_by_four(row.number, four) == row

    @pytest.mark.parametrize("kind", ComplaintKind.values)
    def test_has_the_limit_of_its_province(self, at: datetime.datetime, kind: str) -> None:
        for name, days in LIMITS.items():
            full = f"feedback.hotline_days.{name}"
            Parameter.objects.create(name=full, division_id="510000000000", value=days)
        taken = take(at, told(at, kind=kind, code=WUHOU), by="manager.510000")
        here = take(at, told(at, "GZ-2", kind=kind))
        assert Duty.objects.get(case_id=taken[0].row.id).amount == LIMITS.get(kind, 1)
        assert Duty.objects.get(case_id=here[0].row.id).amount == 1

    def test_takes_each_outside_number_once(self, at: datetime.datetime) -> None:
        (first,) = take(at, told(at))
        again, same, new = take(at, told(at), told(at, words="改了字"), told(at, "GZ-2"))
        assert [again.is_new, same.is_new, new.is_new] == [False, False, True]
        assert again.row == same.row == first.row
        assert Complaint.objects.count() == 2
        outside = complaints.Outside("12345", "GZ-1001")
        with pytest.raises(rules.TakenAlready):
            complaints.file(
                kind="report",
                words="再登记",
                place_code=YUNYAN,
                complainant=complaints.Complainant(four="1234"),
                road=Road.PHONE,
                outside=outside,
                by=actor(GUIZHOU),
                at=at,
            )

    def test_about_a_case_of_two_places_has_two_owners_and_one_answer(self, story: stories.Story) -> None:
        case = story.do("open").do("receive").case
        about = {"code": "", "case": case.number, "about": "both"}
        row = take(story.at, told(story.at, **about), by="manager.520103")[0].row
        assert [(o.authority.division_id[:4], o.leads) for o in queries.owners_of(row.id)] == [
            ("5101", True),
            ("5201", False),
        ]
        assert Duty.objects.filter(case_id=row.id, kind="answer_complaint").count() == 2

    @pytest.mark.parametrize("receiving", [YUNYAN, "贵州省贵阳市云岩区"])
    def test_of_two_places_without_a_case_has_two_owners_and_one_answer(
        self, at: datetime.datetime, receiving: str
    ) -> None:
        where = {"code": "", "receiving_place": receiving, "home_place": WUHOU}
        row = take(at, told(at, **where))[0].row
        assert [(o.authority.division_id, o.leads) for o in queries.owners_of(row.id)] == [
            (WUHOU, True),
            (YUNYAN, False),
        ]
        assert Duty.objects.filter(case_id=row.id, kind="answer_complaint").count() == 2
        drafted = complaints.answer(row.id, answer="两地已改", by=actor("manager.510107"), at=at)
        assert (drafted.state, drafted.draft) == ("open", "两地已改")
        done = complaints.agree(row.id, by=actor("manager.520103"), at=at)
        assert (done.state, done.answer) == ("answered", "两地已改")
        assert not Duty.objects.filter(case_id=row.id, done_at=None).exists()
        assert list(soundness.examine()) == []

    @pytest.mark.parametrize("key", ["receiving_place", "home_place"])
    def test_of_one_named_place_or_the_same_one_twice_has_one_owner(
        self, at: datetime.datetime, key: str
    ) -> None:
        for where in ({key: YUNYAN}, {"receiving_place": YUNYAN, "home_place": YUNYAN}):
            row = take(at, told(at, f"{key} {len(where)}", code="", **where))[0].row
            assert [(o.authority.division_id, o.leads) for o in queries.owners_of(row.id)] == [(YUNYAN, True)]

    @pytest.mark.parametrize(
        ("wrong", "named", "why"),
        [
            ({"code": "", "receiving_place": "云岩"}, "receiving_place", "没有找到“云岩”"),
            ({"code": "", "home_place": "999999000000"}, "home_place", "没有找到“999999000000”"),
            ({"home_place": WUHOU}, "home_place", "只说一次"),
        ],
    )
    def test_names_the_place_that_it_does_not_know(
        self, at: datetime.datetime, wrong: dict[str, str], named: str, why: str
    ) -> None:
        with pytest.raises(bringing.Refused, match=why) as problem:
            take(at, told(at, **wrong))
        assert list(problem.value.fields) == [f"rows.0.{named}"]

    @pytest.mark.parametrize(
        ("wrong", "refused"),
        [
            ({"kind": "x"}, "列表"),
            ({"words": " "}, "要反映的问题"),
            ({"words": "长" * 2001}, "2000"),
            ({"code": ""}, "没有找到负责"),
            ({"phone": "12"}, "电话"),
            ({"number": " "}, "来源编号"),
            ({"four": "12"}, "查询码"),
        ],
    )
    def test_takes_none_when_one_is_wrong_and_names_it(
        self, at: datetime.datetime, wrong: dict[str, str], refused: str
    ) -> None:
        with pytest.raises(bringing.Refused, match="第 2 条") as problem:
            take(at, told(at), told(at, **{"number": "GZ-2", **wrong}))
        assert refused in problem.value.message
        assert all(name.startswith("rows.1.") for name in problem.value.fields)
        assert not Complaint.objects.exists()

    def test_refuses_what_was_told_later_than_now(self, at: datetime.datetime) -> None:
        with pytest.raises(bringing.Refused, match="不能晚于"):
            take(at, told(at + datetime.timedelta(days=1)))

    @pytest.mark.article("S1")
    @pytest.mark.parametrize("by", ["manager.530000", "group.1", "clerk.520103", "sysadmin"])
    def test_is_for_managers_of_the_place(self, at: datetime.datetime, by: str) -> None:
        with pytest.raises(permissions.NotYours):
            take(at, told(at), by=by)
        assert not Complaint.objects.exists()

    @pytest.mark.article("S1")
    def test_tells_others_nothing_of_a_number_that_is_known(self, at: datetime.datetime) -> None:
        take(at, told(at))
        with pytest.raises(bringing.Refused, match="由别的地方答复"):
            take(at, told(at, code="530102000000"), by="manager.530000")


def workbook(*rows: list[object]) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(imports.template("complaints", by=actor(GUIZHOU))))
    for row in rows:
        book["投诉"].append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def line(number: str, code: str = YUNYAN, **more: object) -> list[object]:
    said = {
        **{"system": "12345", "number": number, "kind": "求助", "case": "", "about": None, "code": code},
        **{"receiving_place": "", "home_place": ""},
        **{"words": "门口没有指引", "on": "2026-01-05", "time": "09:05", "name": "测试丁"},
        **{"phone": "13900000009", "four": "", **more},
    }
    return list(said.values())


def go(data: bytes, at: datetime.datetime, *, by: str = GUIZHOU) -> Import:
    row = imports.hand_in(data, kind="complaints", name="热线.xlsx", by=actor(by), at=at)
    imports.go_through(row.id, at=at)
    return Import.objects.get(id=row.id)


@pytest.mark.article("B8")
class TestWorkbook:
    def test_says_how_it_is_filled_in_and_offers_the_choices(self) -> None:
        book = openpyxl.load_workbook(io.BytesIO(imports.template("complaints", by=actor(GUIZHOU))))
        assert book.sheetnames == ["说明", "投诉", "选项"]
        assert len(book["投诉"].data_validations.dataValidation) == 2
        kinds = next(c for c in hotline.SHEET.columns if c.key == "kind").choices
        assert dict(kinds) == dict(ComplaintKind.choices)

    def test_is_shown_first_and_registered_when_confirmed(self, at: datetime.datetime) -> None:
        data = workbook(line("GZ-1001"), line("GZ-1002", kind="投诉"))
        shown = go(data, at)
        assert (shown.status, shown.added, shown.faults) == ("checked", 2, [])
        assert shown.changes[0].startswith("12345 GZ-1001：求助，由")
        assert not Complaint.objects.exists()
        assert not any(secret in str(shown.changes) for secret in ("测试丁", "13900000009", "门口"))
        imports.confirm(shown.id, by=actor(GUIZHOU))
        imports.go_through(shown.id, at=at)
        assert Import.objects.get(id=shown.id).status == "applied"
        row = Complaint.objects.get(outside_number="GZ-1001")
        assert row.told_at == datetime.datetime(2026, 1, 5, 9, 5, tzinfo=worktime.BEIJING)
        assert Duty.objects.filter(case_id=row.id, done_at=None).count() == 1
        assert (go(data, at).status, Complaint.objects.count()) == ("unchanged", 2)
        assert go(imports.export("complaints", by=actor(GUIZHOU), at=at), at).status == "unchanged"

    def test_names_every_fault_by_row_and_column_and_takes_none(self, at: datetime.datetime) -> None:
        wrong = go(
            workbook(
                line("GZ-1"),
                line("GZ-1"),
                line("GZ-2", kind="表扬"),
                line("GZ-3", code="530102000000"),
                line("GZ-4", code=""),
                line("GZ-5", phone="12"),
                line("GZ-6", on="2027-01-05"),
                line("GZ-7", code="", case="26CZ-GDJV-R9RD"),
                line("GZ-8", four="1"),
                line("GZ-9", time="下午"),
                line("GZ-10", receiving_place="贵州省"),
                line("GZ-11", code="", receiving_place=YUNYAN, home_place="成都"),
            ),
            at,
        )
        assert wrong.status == "faulty"
        assert sorted((f["sheet"], f["row"], f["column"]) for f in wrong.faults) == [
            ("投诉", 3, "来源编号"),
            ("投诉", 4, "类别"),
            ("投诉", 5, "区划代码"),
            ("投诉", 6, "区划代码"),
            ("投诉", 7, "联系电话"),
            ("投诉", 8, "来电日期"),
            ("投诉", 9, "业务编号"),
            ("投诉", 10, "查询码"),
            ("投诉", 11, "来电时间"),
            ("投诉", 12, "收件地"),
            ("投诉", 13, "属地"),
        ]
        assert not Complaint.objects.exists()

    def test_of_two_places_says_who_answers_and_is_exported_as_it_came(self, at: datetime.datetime) -> None:
        data = workbook(line("GZ-1", code="", receiving_place="贵州省贵阳市云岩区", home_place=WUHOU))
        shown = go(data, at)
        lead, other = shown.changes[0].removesuffix("答复").split("由")[1].split("、")
        assert "武侯" in lead and "云岩" in other
        imports.confirm(shown.id, by=actor(GUIZHOU))
        imports.go_through(shown.id, at=at)
        out = openpyxl.load_workbook(io.BytesIO(imports.export("complaints", by=actor(GUIZHOU), at=at)))
        cells = dict(zip(*([c.value for c in row] for row in out["投诉"].iter_rows()), strict=True))
        assert (cells["收件地"], cells["属地"], cells["区划代码"]) == (YUNYAN, WUHOU, None)
        assert go(data, at).status == "unchanged"

    def test_exports_neither_name_nor_phone_and_only_ones_own_area(self, at: datetime.datetime) -> None:
        take(at, told(at, name="测试丁"))
        take(at, told(at, "SC-1", code=WUHOU), by="manager.510000")
        book = openpyxl.load_workbook(
            io.BytesIO(imports.export("complaints", by=actor(GUIZHOU), at=at)), read_only=True
        )
        cells = [str(c) for row in book["投诉"].iter_rows(min_row=2, values_only=True) for c in row if c]
        assert "GZ-1001" in cells
        assert not {"SC-1", "测试丁", "13900000009"} & set(cells)
