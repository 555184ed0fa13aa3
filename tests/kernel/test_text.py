"""Names survive as they are registered; what nobody can see is not kept."""

import sys
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tongban.kernel import text

pytestmark = pytest.mark.article("C2")

ANY = st.text(st.characters(exclude_categories=()), max_size=80)  # lone surrogates too
HIDDEN = [
    *("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u034f", "\u115f", "\u3164", "\uffa0"),
    *("\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069", "\u200e"),
    *("\u200f", "\u061c", "\x00", "\x07", "\x1b", "\x7f", "\x9f", "\ud800", "\udfff", "\ufffe", "\U0010ffff"),
    *("\U000e0041", "\U000e0001", "\ufdd0", "\ufff9", "\u180e", "\ufe0f"),
]


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            *("张三", "𠮷野家", "㵘", "𬭚", "𪚥", "𰻝", "\U00031350", "\U0002ebf0", "\U000323b0"),
            *("王\ue000", "龘\U000f0001", "朱\u4e44", "葛\U000e0100", "邊\ufe00"),
            *("买买提·吐尔逊", "བསྟན་འཛིན", "ئابدۇللا", "Nguyễn Văn Ánh", "O'Brien-Smith", "Zoë Ł."),
            *("ᠮᠣᠩᠭᠣᠯ", "ᠠ\u180b", "ꆈꌠ", "한글", "ជា", "श्री", "İstanbul"),
        ],
    )
    def test_survive_with_rare_characters_and_of_every_script(self, name: str) -> None:
        assert text.clean_name(name) == unicodedata.normalize("NFC", name)

    @pytest.mark.parametrize("hidden", HIDDEN)
    def test_lose_what_nobody_sees_wherever_it_stands(self, hidden: str) -> None:
        assert text.clean_name(f"{hidden}张{hidden}{hidden}三·{hidden}") == "张三·"
        assert text.clean_name(hidden) == ""

    def test_look_the_same_and_are_the_same(self) -> None:
        composed, loose = "\u00c1nh", "A\u200d\u0301nh"
        assert text.clean_name(loose) == text.clean_name(composed)
        assert text.clean_name("张\u3000 \u00a0\t三") == "张 三"
        dots = {text.clean_name(f"买买提{dot}吐尔逊") for dot in "·•‧・∙⋅･"}
        assert dots == {"买买提·吐尔逊"}

    def test_no_mountain_of_marks_stands_on_a_letter(self) -> None:
        assert len(text.clean_name("e" + "\u0301\u0316" * 400)) <= 9

    def test_of_every_block_the_letters_stay(self) -> None:
        lost = []
        for point in range(0x20, sys.maxunicode + 1, 61):
            character = chr(point)
            is_letter = unicodedata.category(character)[0] in "LNP" and character not in text._FILLERS
            if is_letter and not text.clean(f"a{character}b")[1:-1]:
                lost.append(f"U+{point:04X}")
        assert lost == []


class TestClean:
    @given(ANY, st.booleans())
    @example("\ud83d\u200b\ude00", False)
    @example("a\r\n\u2028b", True)
    def test_gives_what_every_part_of_the_product_can_hold(self, typed: str, keep_lines: bool) -> None:
        kept = text.clean(typed, keep_lines=keep_lines)
        kept.encode()  # no halves of pairs
        assert "\x00" not in kept and (keep_lines or "\n" not in kept)
        assert kept == kept.strip() == unicodedata.normalize("NFC", kept)
        assert not any(unicodedata.category(c) in ("Cf", "Cs", "Zl", "Zp") for c in kept)
        assert not any(unicodedata.category(c) == "Cc" and c != "\n" for c in kept)

    @given(ANY, st.booleans())
    def test_changes_nothing_the_second_time(self, typed: str, keep_lines: bool) -> None:
        once = text.clean(typed, keep_lines=keep_lines)
        assert text.clean(once, keep_lines=keep_lines) == once
        name = text.clean_name(typed)
        assert text.clean_name(name) == name

    def test_keeps_paragraphs_where_they_are_wanted(self) -> None:
        assert text.clean("一\r\n\u3000\u3000二\r三", keep_lines=True) == "一\n\u3000\u3000二\n三"
        assert text.clean("一\r\n二\t三") == "一 二 三"

    @given(ANY)
    def test_of_a_file_s_name_is_one_line(self, typed: str) -> None:
        assert not set(text.clean_line(typed)) & set("\n\r\t\x00\u202e\u200b")
