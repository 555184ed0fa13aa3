import datetime

import pytest

from tests.notices.conftest import MakeForm
from tongban.notices import wording
from tongban.notices.wording import Kind, Material

pytestmark = pytest.mark.article("F1")


class TestMaterialLine:
    @pytest.mark.parametrize(
        ("originals", "copies", "said"),
        [(1, 0, "原件 1 份"), (0, 1, "复印件 1 份"), (1, 2, "原件 1 份，复印件 2 份")],
    )
    def test_of_a_receipt_names_the_sheets_as_the_attachment_does(
        self, originals: int, copies: int, said: str
    ) -> None:
        line = wording.material_line(1, Material("户口簿", originals, copies), kind=Kind.RECEIPT)
        assert line == f"1. 户口簿：{said}。"

    def test_of_a_correction_notice_adds_that_it_passed(self) -> None:
        assert (
            wording.material_line(1, Material("户口簿", 1, 0), kind=Kind.CORRECTION)
            == "1. 户口簿：原件 1 份，合格。"
        )

    @pytest.mark.parametrize("advice", ["请盖章", "请盖章。", "请盖章； "])
    def test_of_a_correction_notice_adds_what_to_correct_with_one_full_stop(self, advice: str) -> None:
        material = Material("户口簿", 0, 1, advice=advice, passed=False)
        line = wording.material_line(2, material, kind=Kind.CORRECTION)
        assert line == "2. 户口簿：复印件 1 份，不合格。补正意见：请盖章。"

    def test_says_when_nothing_was_handed_in(self) -> None:
        material = Material("委托书", 0, 0, advice="请提交", passed=False)
        assert "委托书：未提交，不合格。" in wording.material_line(1, material, kind=Kind.CORRECTION)

    def test_does_not_claim_to_keep_an_original_that_was_given_back(self) -> None:
        material = Material("居民身份证", 1, 1, is_returned=True)
        line = wording.material_line(1, material, kind=Kind.RECEIPT)
        assert line == "1. 居民身份证：原件 1 份（核验后退还），复印件 1 份。"


class TestOpening:
    def test_counts_only_what_was_handed_in(self, make_form: MakeForm) -> None:
        materials = (Material("甲", 1, 0), Material("乙", 0, 0, advice="请提交", passed=False))
        data = make_form(Kind.CORRECTION, materials=materials)
        assert wording.opening(data) == "收到您申请材料1件，经审查，具体情况如下："

    def test_of_a_receipt_is_that_of_attachment_2(self, make_form: MakeForm) -> None:
        assert wording.opening(make_form()) == "收到您申请材料3件。具体如下："


class TestClosing:
    @pytest.mark.article("P21(1)")
    def test_of_a_correction_notice_names_days_and_date(self, make_form: MakeForm) -> None:
        assert wording.closing(make_form(Kind.CORRECTION)) == (
            "请将上述需补正的材料补齐补正，在10日内即2026年12月3日前送至本窗口，逾期未补正的，视为您放弃本次申请。"
        )

    def test_of_a_correction_notice_without_a_date_is_an_error(self, make_form: MakeForm) -> None:
        with pytest.raises(ValueError, match="by when"):
            wording.closing(make_form(Kind.CORRECTION, due_on=None))

    def test_of_a_receipt_is_that_of_attachment_2(self, make_form: MakeForm) -> None:
        assert wording.closing(make_form()) == (
            "我们需要时间将您提交的申请材料寄送至属地“跨省通办”窗口进行审查，现在先行收下您的申请材料，"
            "后续属地“跨省通办”窗口将与您联系。"
        )


class TestHour:
    def test_is_the_hour_in_china_on_a_24_hour_clock(self) -> None:
        late = datetime.datetime(2026, 11, 23, 15, 59, tzinfo=datetime.UTC)
        assert wording.hour(late) == "2026年11月23日23时"
        assert wording.hour(late + datetime.timedelta(minutes=1)) == "2026年11月24日0时"
