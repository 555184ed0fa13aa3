"""Item files that break a rule are refused by name, and the ones that ship obey them all."""

from pathlib import Path

import pytest

from tongban.catalogue import files, operations

GOOD = (operations.DATA / "items" / "015.toml").read_text(encoding="utf-8")


def read(folder: Path, text: str, name: str = "015.toml") -> files.ItemOfFile:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return files.read(path)


class TestShippedFiles:
    @pytest.mark.article("B1", "B2")
    def test_describe_every_listed_item(self) -> None:
        items = files.read_all(operations.DATA / "items")
        assert [i.seq for i in items] == list(range(1, 149))
        assert all(i.procedures and len(i.aliases) >= 3 for i in items)

    @pytest.mark.article("B2", "B4")
    def test_hold_thirty_complete_standards_across_ten_departments(self) -> None:
        departments = {int(line["seq"]): line["lead_department"] for line in operations._list()}
        complete = [
            (departments[i.seq], p)
            for i in files.read_all(operations.DATA / "items")
            for p in i.procedures
            if p.is_complete
        ]
        assert len(complete) >= 30
        assert len({department for department, _p in complete}) >= 10


class TestRead:
    @pytest.mark.parametrize(
        ("before", "after", "reason"),
        [
            ("seq = 15", "seq = 16", "与文件名不符"),
            ('key = "015-1"', 'key = "016-1"', "编号应以 015- 开头"),
            ("promised_limit = ", "promised_limit = 9", "承诺期限长于法定时限"),
            ('levels = ["', 'levels = ["village", "', "不能是“village”"),
            ('kind = "', 'kind = "自造', "不能是“自造"),
            ('only_for = ["', 'only_for = ["no_such", "', "不能是“no_such”"),
            ("review_points = [", "review_point = [", "不认识 review_point"),
            ("complete = true", 'complete = "yes"', "complete 的写法不对"),
            ("complete = true", "complete = true\nversion = 2", "effective_from_on"),
            ("[[procedure.legal_basis]]", "[[procedure.law]]", "不认识 law"),
            ("seq = 15", "seq = = 15", "不是正确的 TOML 文件"),
        ],
    )
    def test_names_the_file_and_the_reason(
        self, before: str, after: str, reason: str, tmp_path: Path
    ) -> None:
        assert before in GOOD
        with pytest.raises(files.BadItemFile, match=reason) as caught:
            read(tmp_path, GOOD.replace(before, after))
        assert "015.toml" in caught.value.message

    def test_refuses_one_key_in_two_files(self, tmp_path: Path) -> None:
        read(tmp_path, GOOD)
        (tmp_path / "016.toml").write_text(GOOD.replace("seq = 15", "seq = 16").replace('"015-', '"016-'))
        assert len(files.read_all(tmp_path)) == 2
        with pytest.raises(files.BadItemFile, match="编号"):
            read(tmp_path, GOOD.replace("seq = 15", "seq = 16"), "016.toml")
