"""Workbooks: what is written is text, what is read comes from strangers."""

import contextlib
import io
import random
import zipfile
from collections.abc import Callable

import openpyxl
import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.exceptions import IllegalCharacterError

from tongban.feedback.states import Leg
from tongban.kernel import refusals, sheets
from tongban.kernel.sheets import Column, Sheet

SHEET = Sheet(
    "things",
    "东西",
    (
        Column("name", "名称", required=True),
        Column("kind", "类别", choices={"a": "甲", "b": "乙"}),
        Column("count", "数量", kind="integer"),
        Column("on", "日期", kind="date"),
        Column("at", "时间", kind="time"),
        Column("shown", "只看", is_shown_only=True),
    ),
)


def written(*rows: dict[str, object]) -> bytes:
    return sheets.write([(SHEET, rows)], title="测试", about=["说明"])


def edited(change: Callable[[openpyxl.Workbook], None], data: bytes = b"") -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(data or written({"name": "一"})))
    change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def faults(data: bytes) -> list[tuple[str, int | None, str]]:
    return [(f.sheet, f.row, f.column) for f in sheets.read(data, [SHEET]).faults]


class TestWrite:
    @pytest.mark.article("B8")
    @pytest.mark.parametrize(
        "text", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "#N/A", "'quoted", '=HYPERLINK("x")']
    )
    def test_writes_nothing_that_is_computed_and_reads_the_same_back(self, text: str) -> None:
        data = written({"name": text})
        cell = openpyxl.load_workbook(io.BytesIO(data))["东西"]["A2"]
        assert cell.data_type == "s"
        assert cell.value == text
        book = sheets.read(data, [SHEET])
        assert book.faults == []
        assert book.rows["things"][0].values["name"] == text

    @pytest.mark.article("B8")
    def test_has_instructions_and_drop_downs(self) -> None:
        book = openpyxl.load_workbook(io.BytesIO(written()))
        assert book.sheetnames == ["说明", "东西", "选项"]
        assert book["选项"].sheet_state == "hidden"
        rules = book["东西"].data_validations.dataValidation
        assert [(r.type, r.formula1) for r in rules] == [("list", "'选项'!$A$2:$A$3")]
        said = [str(c.value) for row in book["说明"].iter_rows() for c in row]
        assert "从下拉列表中选择：甲、乙" in said

    @pytest.mark.article("B8")
    def test_says_choices_in_chinese_whoever_writes_and_whoever_reads(self) -> None:
        leg = Sheet("legs", "环节", (Column("leg", "环节", choices={x.value: x.label for x in Leg}),))
        with translation.override("en"):
            data = sheets.write([(leg, [{"leg": "home"}])], title="测试", about=[])
        book = openpyxl.load_workbook(io.BytesIO(data))
        with translation.override("zh-hans"):
            assert book["环节"]["A2"].value == str(Leg.HOME.label) != "home"
        assert sheets.read(data, [leg]).rows["legs"][0].values == {"leg": "home"}


class TestRead:
    def test_gives_values_by_their_kind(self) -> None:
        data = written(
            {"name": "一", "kind": "b", "count": 3, "on": "2026-03-02", "at": "9:30", "shown": "x"}
        )
        (row,) = sheets.read(data, [SHEET]).rows["things"]
        assert row.number == 2
        assert {k: str(v) for k, v in row.values.items()} == {
            "name": "一",
            "kind": "b",
            "count": "3",
            "on": "2026-03-02",
            "at": "09:30:00",
            "shown": "None",
        }

    @pytest.mark.article("B8")
    def test_names_every_fault_by_sheet_row_and_column(self) -> None:
        def change(book: openpyxl.Workbook) -> None:
            page = book["东西"]
            page.append(["二", "丙", "x", "yesterday", "25:00"])
            page.append([None, "甲"])
            page.append(["四", None, 1.5])
            page.append(["=1+1"])
            page["J7"] = "outside"

        assert faults(edited(change)) == [
            ("东西", 3, "类别"),
            ("东西", 3, "数量"),
            ("东西", 3, "日期"),
            ("东西", 3, "时间"),
            ("东西", 4, "名称"),
            ("东西", 5, "数量"),
            ("东西", 6, "名称"),
            ("东西", 7, "名称"),
            ("东西", 7, "J"),
        ]

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            (lambda b: b["东西"].merge_cells("A2:B3"), ("东西", None, "")),
            (lambda b: b.remove(b["东西"]), ("", None, "")),
            (lambda b: setattr(b["东西"], "title", "别的"), ("别的", None, "")),
            (lambda b: b["东西"].delete_rows(1, 5), ("东西", None, "")),
            (lambda b: b["东西"].cell(1, 1, "姓名"), ("东西", 1, "姓名")),
            (lambda b: b["东西"].cell(1, 2, "名称"), ("东西", 1, "名称")),
        ],
    )
    def test_names_what_is_wrong_with_a_sheet(
        self, change: Callable[[openpyxl.Workbook], None], fault: tuple[str, int | None, str]
    ) -> None:
        assert fault in faults(edited(change))

    def test_is_not_held_up_by_a_million_empty_rows(self) -> None:
        def change(book: openpyxl.Workbook) -> None:
            book["东西"].cell(1_048_576, 1, "末行")

        book = sheets.read(edited(change), [SHEET])
        assert [r.number for r in book.rows["things"]] == [2, 1_048_576]

    def test_refuses_more_rows_than_it_takes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sheets, "MAX_ROWS", 5)
        with pytest.raises(sheets.TooBig):
            sheets.read(written(*({"name": str(n)} for n in range(6))), [SHEET])


def archive(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return out.getvalue()


def with_part(name: str, content: bytes) -> bytes:
    out = io.BytesIO(written({"name": "一"}))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, content)
    return out.getvalue()


class TestHostile:
    @pytest.mark.article("B8", "S1")
    @pytest.mark.parametrize(
        ("data", "refusal"),
        [
            (b"", sheets.NotAWorkbook),
            (b"PK\x03\x04", sheets.NotAWorkbook),
            (b"\xd0\xcf\x11\xe0" + b"\x00" * 2000, sheets.NotAWorkbook),
            (archive(**{"word/document.xml": b"<a/>"}), sheets.NotAWorkbook),
            (archive(**{"xl/workbook.xml": b"<a/>"}), sheets.NotAWorkbook),
            (with_part("xl/bomb.bin", b"\x00" * (sheets.MAX_UNPACKED + 1)), sheets.TooBig),
            (with_part("xl/vbaProject.bin", b"x"), sheets.Dangerous),
            (with_part("xl/externalLinks/externalLink1.xml", b"<a/>"), sheets.Dangerous),
            (
                with_part("xl/evil.xml", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
                sheets.Dangerous,
            ),
            (with_part("xl/evil.xml", "<!DOCTYPE a>".encode("utf-16")), sheets.NotAWorkbook),
        ],
        ids=range(10),
    )
    def test_is_refused_before_it_is_read(self, data: bytes, refusal: type[refusals.Refusal]) -> None:
        with pytest.raises(refusal):
            sheets.read(data, [SHEET])

    @pytest.mark.article("B8")
    def test_damage_never_gets_further_than_a_refusal(self) -> None:
        whole = written(*({"name": f"第{n}个", "kind": "a", "count": n} for n in range(30)))
        chance = random.Random(7)
        for _n in range(150):
            data = bytearray(whole)
            for _hit in range(chance.choice((1, 3, 20))):
                data[chance.randrange(len(data))] = chance.randrange(256)
            if chance.random() < 0.2:
                del data[chance.randrange(len(data)) :]
            with contextlib.suppress(refusals.Refusal):
                sheets.read(bytes(data), [SHEET])

    @pytest.mark.article("B8")
    def test_damaged_xml_never_gets_further_than_a_refusal(self) -> None:
        whole = written(*({"name": f"第{n}个", "kind": "a", "count": n} for n in range(5)))
        chance = random.Random(8)
        with zipfile.ZipFile(io.BytesIO(whole)) as source:
            parts = {name: source.read(name) for name in source.namelist()}
        for _n in range(150):
            changed = {name: bytearray(content) for name, content in parts.items()}
            name = chance.choice(sorted(changed))
            for _hit in range(chance.choice((1, 4))):
                at = chance.randrange(len(changed[name]))
                changed[name][at : at + chance.choice((0, 1, 40))] = chance.choice(
                    (b"", b"9", b"<", b'"', b"Z9999999", b"&x;")
                )
            with contextlib.suppress(refusals.Refusal):
                sheets.read(archive(**{n: bytes(c) for n, c in changed.items()}), [SHEET])

    @given(
        st.lists(
            st.one_of(
                st.none(),
                st.text(max_size=40),
                st.integers(),
                st.floats(),
                st.booleans(),
                st.datetimes(),
                st.times(),
            ),
            max_size=6,
        )
    )
    @settings(max_examples=60, deadline=None)
    def test_whatever_stands_in_the_cells_is_a_row_or_a_fault(self, values: list[object]) -> None:
        def change(book: openpyxl.Workbook) -> None:
            page = book["东西"]
            for number, value in enumerate(values, start=1):
                try:
                    page.cell(5, number).value = value  # type: ignore[assignment]
                except (ValueError, IllegalCharacterError):
                    return  # Excel itself has no such cell

        try:
            data = edited(change)
        except (ValueError, OverflowError):
            return
        book = sheets.read(data, [SHEET])
        assert len(book.rows["things"]) + len({f.row for f in book.faults if f.row}) <= 3
