"""Whatever is typed, read or scanned: a parser gives a value that it can read again, or refuses in words."""

import argparse
import base64
import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tongban.catalogue import files, search
from tongban.catalogue import rules as catalogue
from tongban.catalogue.standards import FormField
from tongban.command import practice
from tongban.kernel import ids, keyring, numbers, refusals
from tongban.notices import signature
from tongban.web.kit import verbs

pytestmark = pytest.mark.article("A6", "C2")

ON = datetime.date(2026, 11, 24)
ANY = st.text(st.characters(exclude_categories=()), max_size=60)
NEARLY = st.from_regex(r"[0-9A-Za-z０-９ \-Ⅹ²٣]{0,40}", fullmatch=True)
TYPED = ANY | NEARLY | st.sampled_from(["", " ", "\x00", "²" * 18, "９" * 18, "1" * 5000, "\ud800" * 18])

NUMBERS: dict[str, Callable[[str], Any]] = {
    "identity": lambda text: numbers.check_identity_number(text, on=ON),
    "residence permit": lambda text: numbers.check_residence_permit(text, on=ON),
    "credit code": numbers.check_credit_code,
    "Hong Kong and Macao permit": numbers.check_hong_kong_macao_permit,
    "Taiwan permit": numbers.check_taiwan_permit,
    "passport": numbers.check_passport,
    "phone": numbers.check_phone,
    "waybill": lambda text: numbers.check_waybill(text).number,
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_are_refused_in_words_or_read_in_one_form(kind: str) -> None:
    @settings(max_examples=120, deadline=None)
    @given(TYPED)
    @example("11010519491231002X")
    @example("11010519491231002ｘ ")
    @example("91350100M000100Y43")
    @example("RA123456785CN")
    @example("0851-86543210转12")
    def holds(text: str) -> None:
        try:
            read = NUMBERS[kind](text)
        except refusals.Refusal as refusal:
            assert refusal.message
            return
        assert read.isascii() and NUMBERS[kind](read) == read

    holds()


@given(st.integers(0, 10**17 - 1), st.dates(datetime.date(1900, 1, 1), ON))
def test_identity_numbers_with_a_wrong_digit_are_found_out(serial: int, born_on: datetime.date) -> None:
    from stdnum.cn import ric

    body = f"{serial % 900000 + 100000}{born_on:%Y%m%d}{serial % 1000:03d}"
    number = body + ric.calc_check_digit(body + "0")
    assert numbers.check_identity_number(number, on=ON) == number
    place = serial % 6
    wrong = number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]
    with pytest.raises(numbers.InvalidNumber):
        numbers.check_identity_number(wrong, on=ON)


@given(TYPED | st.integers(0, ids.LARGEST).map(ids.number_of))
def test_case_numbers_lead_back_to_the_same_id(text: str) -> None:
    try:
        id_ = ids.id_of(text)
    except refusals.Refusal as refusal:
        assert refusal.message
        return
    assert ids.id_of(ids.number_of(id_)) == id_


@given(TYPED, st.integers(0, 10**18))
@example("²", 9)
@example("９９", 99)
def test_whole_numbers_are_whole(text: str, most: int) -> None:
    read = numbers.whole(text, most=most)
    assert read is None or 0 <= read <= most


@given(TYPED | st.from_regex(r"[0-9dhmwDHMW ]{0,12}", fullmatch=True))
@example("9999w9999w")
def test_spans_of_practice_are_spans(text: str) -> None:
    try:
        assert practice.span(text) >= datetime.timedelta()
    except argparse.ArgumentTypeError as refusal:
        assert "not a span" in str(refusal)


@settings(deadline=None)
@given(ANY | st.binary(max_size=200).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_statements_of_qr_codes_that_are_not_ours_are_not_genuine(text: str) -> None:
    with pytest.raises(signature.NotGenuine):
        signature.verify_statement(text, keyring.current().public_pem)


def test_item_files_that_somebody_broke_say_where(tmp_path: Path) -> None:
    good = sorted((Path(files.__file__).parent / "data/items").glob("*.toml"))[0]
    text = good.read_text()

    @settings(max_examples=60, deadline=None)
    @given(st.integers(0, len(text)), st.integers(0, 40), st.text(max_size=12))
    def holds(start: int, length: int, put: str) -> None:
        path = tmp_path / good.name
        path.write_text((text[:start] + put + text[start + length :]), errors="replace")
        try:
            files.read(path)
        except refusals.Refusal as refusal:
            assert refusal.message

    holds()


def test_search_words_are_read_as_characters_and_syllables() -> None:
    listed = search.Listed(1, "机动车驾驶证换证", "公安部门", ("换驾照",))
    index = search.Index([listed], synonyms={"驾照": "驾驶证"})  # reads the pinyin, once

    @given(TYPED)
    def holds(text: str) -> None:
        tokens, left = search.read(search.plain(text))
        assert 0 <= left <= len(text)
        assert all(len(token.char) <= 1 and token.sound == token.sound.strip() for token in tokens)
        assert index.find(text, limit=3) in ([], [1])

    holds()


@pytest.mark.parametrize(
    "type_", ["text", "number", "date", "choice", "identity_number", "credit_code", "phone"]
)
def test_answers_to_form_fields_are_plain_or_refused(type_: str) -> None:
    field = FormField(
        key="k", label="栏", type=type_, required=True, choices=("甲", "乙"), only_for=(), help=""
    )  # fmt: skip

    @settings(max_examples=80, deadline=None)
    @given(TYPED | st.just("NaN") | st.just("1e999") | st.just("2026-02-30") | st.just("１２"))
    def holds(text: str) -> None:
        try:
            answer = catalogue.clean(field, text, on=ON)
        except refusals.Refusal as refusal:
            assert refusal.fields
            return
        assert catalogue.clean(field, answer, on=ON) == answer and "\x00" not in answer

    holds()


@pytest.mark.parametrize(
    "type_", ["text", "long", "date", "days", "choice", "division", "found", "advice", "keys"]
)
def test_what_a_step_asks_for_is_read_or_refused(type_: str) -> None:
    ask = verbs.Ask("some_id" if type_ == "choice" else "x", "栏", type_)  # type: ignore[arg-type]
    json = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | TYPED,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TYPED, inner, max_size=4),
        max_leaves=8,
    )

    @settings(max_examples=80, deadline=None)
    @given(json)
    def holds(value: Any) -> None:
        try:
            verbs.read(ask, value)
        except refusals.Refusal as refusal:
            assert refusal.message

    holds()
