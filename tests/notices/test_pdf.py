import io
import threading
import time
from collections.abc import Callable, Sequence

import pypdf
import pytest
from pytest_django import Settings

from tests.notices.conftest import MakeForm
from tongban.kernel import ids
from tongban.notices import fonts, pdf, wording
from tongban.notices.wording import FormData, Kind, Material


def _pages(data: FormData) -> list[str]:
    return _texts(pdf.render(data))


def _texts(content: bytes) -> list[str]:
    reader = pypdf.PdfReader(io.BytesIO(content))
    return [_plain(page.extract_text()) for page in reader.pages]


def _plain(text: str) -> str:
    return "".join(text.replace("\u200b", "").split())


def _in_order(text: str, parts: Sequence[str]) -> bool:
    place = 0
    for part in map(_plain, parts):
        place = text.find(part, place)
        if place < 0:
            return False
        place += len(part)
    return True


HEADING = [
    "（一式 3 份，申请人 1 份、收件地留存 1 份、属地 1 份）",
    "业务编号：",
    "申请时间：2026年11月23日9时",
    "收件地“跨省通办”窗口名称",
    "贵阳市南明区政务服务大厅“跨省通办”窗口",
    "属地“跨省通办”窗口名称",
    "成都市武侯区政务服务大厅“跨省通办”窗口",
    "申请人名称",
    "张三",
    "申请事项名称",
    "机动车驾驶证换证",
    "法定事项名称",
    "机动车驾驶证核发、审验",
    "申请联系人联系电话",
    "王五13800000000",
    "法定时限",
    "20个工作日",
    "承诺期限",
    "1个工作日",
]
FOOT = [
    "经办人：李四",
    "申请人签名：",
    "（收件地行政审批服务专用章）",
    "2026年11月23日9时",
    "年月日时",
    "窗口电话：0851-85810000",
]


class TestReceipt:
    @pytest.mark.article("F2", "P21(1)")
    def test_says_what_attachment_2_says_in_its_order(self, make_form: MakeForm) -> None:
        page = _pages(make_form())[0]
        body = [
            "收到您申请材料3件。具体如下：",
            "1. 居民身份证：原件 1 份。",
            "2. 机动车驾驶证：复印件 1 份。",
            "3. 照片：原件 1 份，复印件 1 份。",
            "我们需要时间将您提交的申请材料寄送至属地“跨省通办”窗口进行审查，现在先行收下您的申请材料，"
            "后续属地“跨省通办”窗口将与您联系。",
        ]
        assert _in_order(page, ["西南五省政务服务“跨省通办”收件通知书", *HEADING, *body, *FOOT]), page

    @pytest.mark.article("C4")
    def test_says_that_receiving_is_not_accepting(self, make_form: MakeForm) -> None:
        assert "本通知书表示收件，不代表受理" in _pages(make_form())[0]


class TestCorrectionNotice:
    @pytest.mark.article("F1", "C3")
    def test_says_what_attachment_1_says_in_its_order(self, make_form: MakeForm) -> None:
        page = _pages(make_form(Kind.CORRECTION))[0]
        body = [
            "收到您申请材料2件，经审查，具体情况如下：",
            "1. 居民身份证：原件 1 份，合格。",
            "2. 身体条件证明：复印件 1 份，不合格。补正意见：请补交原件。",
            "请将上述需补正的材料补齐补正，在10日内即2026年12月3日前送至本窗口，逾期未补正的，视为您放弃本次申请。",
        ]
        assert _in_order(page, ["西南五省政务服务“跨省通办”一次性告知书", *HEADING, *body, *FOOT]), page


class TestEveryForm:
    @pytest.mark.article("C4")
    @pytest.mark.parametrize("kind", [Kind.CORRECTION, Kind.RECEIPT])
    def test_comes_in_three_copies_that_name_their_holders(self, make_form: MakeForm, kind: Kind) -> None:
        pages = _pages(make_form(kind))
        assert len(pages) == 3
        for page, holder in zip(pages, wording.HOLDERS, strict=True):
            rest = page.replace(_plain(wording.COPIES), "")
            assert [h for h in wording.HOLDERS if h in rest] == [holder]
            assert "第1页共1页" in page

    def test_is_a4(self, make_form: MakeForm) -> None:
        page = pypdf.PdfReader(io.BytesIO(pdf.render(make_form()))).pages[0]
        assert [round(float(side) / 72 * 25.4) for side in page.mediabox[2:]] == [210, 297]

    def test_says_how_to_verify_it(self, make_form: MakeForm) -> None:
        data = make_form()
        page = _pages(data)[0]
        assert f"文书编号：{ids.number_of(data.serial)}" in page
        assert "https://tongban.example/verify/" in page

    def test_leaves_an_unknown_limit_to_be_filled_in(self, make_form: MakeForm) -> None:
        assert "法定时限个工作日承诺期限" in _pages(make_form(legal_limit=None))[0]

    def test_is_marked_in_practice_and_only_then(self, make_form: MakeForm) -> None:
        assert "练习数据" in _pages(make_form(is_practice=True))[0]
        assert "练习数据" not in _pages(make_form())[0]


class TestLongList:
    def test_repeats_the_heading_and_counts_the_pages_of_each_copy(self, make_form: MakeForm) -> None:
        materials = tuple(
            Material(f"第{n}号申请材料", 1, 1, advice="请补签名和日期" * 3, passed=False)
            for n in range(1, 41)
        )
        pages = _pages(make_form(Kind.CORRECTION, materials=materials))
        each = len(pages) // 3
        assert each > 1
        for n, page in enumerate(pages):
            assert _in_order(page, ["西南五省政务服务“跨省通办”一次性告知书", *HEADING]), page
            assert f"第{n % each + 1}页共{each}页" in page
            assert wording.HOLDERS[n // each] in page
        whole = "".join(pages[:each])
        assert all(f"{n}.第{n}号申请材料" in whole for n in range(1, 41))

    def test_keeps_the_deadline_on_the_page_that_is_signed(self, make_form: MakeForm) -> None:
        for count in range(8, 26):
            materials = tuple(Material(f"材料{n}", 1, 0) for n in range(count))
            pages = _pages(make_form(Kind.CORRECTION, materials=materials))
            signed = [p for p in pages if "申请人签名：" in p]
            assert len(signed) == 3
            assert all("逾期未补正的" in p and "窗口电话：" in p for p in signed)

    def test_prints_advice_of_300_characters_in_full(self, make_form: MakeForm) -> None:
        advice = "请提交县级以上医院六个月内出具的证明原件，" * 14
        materials = (Material("身体条件证明", 0, 1, advice=advice, passed=False),)
        assert _plain(advice.rstrip("，")) in _pages(make_form(Kind.CORRECTION, materials=materials))[0]


class TestPrintable:
    @pytest.mark.parametrize(
        "name", ["张㵘", "𠮷某", "䶮某", "王𬱖", "阿卜杜热西提·买买提明", "O'Brien-Müller"]
    )
    def test_prints_rare_characters_and_foreign_names(self, make_form: MakeForm, name: str) -> None:
        assert f"申请人名称{_plain(name)}" in _pages(make_form(applicant=name))[0]

    def test_prints_the_number_of_a_character_that_no_font_has(self, make_form: MakeForm) -> None:
        assert 0x2A6D6 not in fonts.drawable()
        assert "申请人名称〔U+2A6D6〕某" in _pages(make_form(applicant="𪛖某"))[0]

    def test_prints_what_looks_like_markup_as_it_is(self, make_form: MakeForm) -> None:
        name = '*a* _b_ #let $x$ @c <d> [e] \\ "f" `g` //h'
        assert _plain(name) in _pages(make_form(item=name))[0]

    def test_breaks_lines_in_a_name_without_spaces(self, make_form: MakeForm) -> None:
        name = "ABCDEFGHIJ" * 12
        content = pdf.render(make_form(applicant=name))
        assert name in _texts(content)[0]
        lines = pypdf.PdfReader(io.BytesIO(content)).pages[0].extract_text().splitlines()
        assert max(line.count("ABCDEFGHIJ") for line in lines) < 8

    def test_leaves_out_control_characters(self, make_form: MakeForm) -> None:
        assert "申请人名称张三" in _pages(make_form(applicant="张\x00\u200d\n三"))[0]


class TestRender:
    @pytest.mark.article("C4")
    def test_is_quick_once_it_is_warm(
        self, make_form: MakeForm, record_property: Callable[[str, object], None]
    ) -> None:
        pdf.render(make_form())
        times = []
        for n in range(20):
            data = make_form(applicant=f"张{n}")
            start = time.process_time()
            pdf.render(data)
            times.append(time.process_time() - start)
        record_property("milliseconds", round(min(times) * 1000, 1))
        assert min(times) < 0.06, "some twenty milliseconds of work, however busy the machine is"

    def test_serves_several_threads_at_once(self, make_form: MakeForm) -> None:
        forms = [make_form(applicant=f"申请人{n:02}") for n in range(8)]
        found: dict[int, list[str]] = {}
        threads = [
            threading.Thread(target=lambda n=n, data=data: found.update({n: _pages(data)}))
            for n, data in enumerate(forms)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(f"申请人名称申请人{n:02}" in found[n][0] for n in range(8))

    def test_digests_everything_that_the_form_says(self, make_form: MakeForm) -> None:
        data = make_form()
        changed = [
            make_form(serial=data.serial, case_id=data.case_id, number=data.number, **{name: value})
            for name, value in (("applicant", "张四"), ("legal_limit", 21), ("materials", data.materials[:2]))
        ]
        assert len({pdf.digest_of(d) for d in (data, *changed)}) == 4

    def test_needs_no_font_of_the_machine(self, settings: Settings, make_form: MakeForm) -> None:
        reader = pypdf.PdfReader(io.BytesIO(pdf.render(make_form())))
        fonts_used = {
            str(font.get_object()["/BaseFont"]).partition("+")[2]
            for page in reader.pages
            for font in page["/Resources"]["/Font"].values()  # type: ignore[index]
        }
        assert fonts_used <= {"NotoSerifSC-Regular", "NotoSansSC-Regular", "NotoSansSC-Bold"}
