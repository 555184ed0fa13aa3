import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric, uscc

from tongban.kernel import numbers

TODAY = datetime.date(2026, 11, 24)
IDENTITY = "11010519491231002X"


def identity(body: str) -> str:
    return body + ric.calc_check_digit(body + "0")


class TestCheckIdentityNumber:
    @pytest.mark.article("A6")
    @pytest.mark.parametrize(
        "text",
        [IDENTITY, "11010519491231002x", " 110105 19491231 002X", "１１０１０５１９４９１２３１００２Ｘ"],
    )
    def test_gives_one_form_for_all_ways_of_writing(self, text: str) -> None:
        assert numbers.check_identity_number(text, on=TODAY) == IDENTITY

    @pytest.mark.parametrize(
        "text", ["", "1101051949123100", "110105194912310022X", "X10105194912310021", "１١0105194912310021"]
    )
    def test_refuses_another_length_or_other_characters(self, text: str) -> None:
        with pytest.raises(numbers.IdentityLengthWrong, match="18位"):
            numbers.check_identity_number(text, on=TODAY)

    @pytest.mark.parametrize("day", ["20260230", "19491301", "20250229", "00000101"])
    def test_refuses_a_birth_date_that_does_not_exist(self, day: str) -> None:
        with pytest.raises(numbers.IdentityDateUnreal, match="出生日期"):
            numbers.check_identity_number(identity(f"110105{day}002"), on=TODAY)

    def test_refuses_a_birth_date_after_the_day_of_asking_only(self) -> None:
        number = identity("11010520261124002")
        assert numbers.check_identity_number(number, on=TODAY) == number
        with pytest.raises(numbers.IdentityDateAhead, match="晚于今天"):
            numbers.check_identity_number(number, on=TODAY - datetime.timedelta(days=1))

    @given(place=st.integers(0, 17), digit=st.sampled_from("0123456789X"))
    def test_refuses_every_single_wrong_character(self, place: int, digit: str) -> None:
        wrong = IDENTITY[:place] + digit + IDENTITY[place + 1 :]
        if wrong != IDENTITY:
            with pytest.raises(numbers.InvalidNumber):
                numbers.check_identity_number(wrong, on=TODAY)

    def test_refuses_a_wrong_check_character(self) -> None:
        with pytest.raises(numbers.IdentityCheckWrong, match="校验码"):
            numbers.check_identity_number("110105194912310021", on=TODAY)

    @pytest.mark.parametrize("division", ["999999", "520199", "511101"])
    def test_accepts_a_division_that_nobody_knows_or_that_is_younger_than_the_person(
        self, division: str
    ) -> None:
        number = identity(f"{division}19300101001")
        assert numbers.check_identity_number(number, on=TODAY) == number


class TestReadingAnIdentityNumber:
    def test_gives_birth_date_and_sex(self) -> None:
        assert numbers.birth_date_of(IDENTITY) == datetime.date(1949, 12, 31)
        assert numbers.sex_of(IDENTITY) == "female"
        assert numbers.sex_of(identity("11010519491231001")) == "male"


class TestCheckCreditCode:
    @pytest.mark.article("A6")
    @pytest.mark.parametrize("text", ["91110000600037341L", "9111 0000 6000 3734 1l", "11100000000013661B"])
    def test_accepts_real_codes(self, text: str) -> None:
        assert numbers.check_credit_code(text) == text.replace(" ", "").upper()

    def test_accepts_a_rural_collective_whose_code_begins_with_a_letter(self) -> None:
        body = "N2520102MF0000000"
        code = body + uscc.calc_check_digit(body)
        assert numbers.check_credit_code(code) == code

    @pytest.mark.parametrize(
        "text", ["", "9111000060003734", "91110000600037341LL", "91110000600O37341L", "911100A0600037341L"]
    )
    def test_refuses_another_shape(self, text: str) -> None:
        with pytest.raises(numbers.CreditCodeShapeWrong, match="18位"):
            numbers.check_credit_code(text)

    def test_refuses_a_wrong_check_character(self) -> None:
        with pytest.raises(numbers.CreditCodeCheckWrong, match="校验码"):
            numbers.check_credit_code("91110000600037342L")


class TestPermits:
    @pytest.mark.article("A6")
    def test_accept_the_known_shapes(self) -> None:
        assert numbers.check_hong_kong_macao_permit("h12345678") == "H12345678"
        assert numbers.check_hong_kong_macao_permit("M1234567801") == "M1234567801"
        assert numbers.check_taiwan_permit("12345678") == "12345678"
        assert numbers.check_taiwan_permit("1234567890(b)") == "1234567890B"
        assert numbers.check_passport("e1234567 8") == "E12345678"
        permit = identity("81000019900101001")
        assert numbers.check_residence_permit(permit, on=TODAY) == permit

    def test_refuse_other_shapes(self) -> None:
        with pytest.raises(numbers.HongKongMacaoPermitWrong):
            numbers.check_hong_kong_macao_permit("T12345678")
        with pytest.raises(numbers.TaiwanPermitWrong):
            numbers.check_taiwan_permit("1234567")
        with pytest.raises(numbers.ResidencePermitWrong):
            numbers.check_residence_permit(IDENTITY, on=TODAY)
        permit = identity("81000019900101001")
        with pytest.raises(numbers.IdentityCheckWrong):
            numbers.check_residence_permit(permit[:-1] + ("0" if permit[-1] != "0" else "1"), on=TODAY)
        for text in ("1234", "A" * 21, "E12_345"):
            with pytest.raises(numbers.PassportWrong):
                numbers.check_passport(text)


class TestCheckPhone:
    @pytest.mark.parametrize(
        ("text", "stored"),
        [
            ("13812345678", "13812345678"),
            ("138 1234-5678", "13812345678"),
            ("+86 138 1234 5678", "13812345678"),
            ("8613812345678", "13812345678"),
            ("0851-85891234", "0851-85891234"),
            ("（0851）8589 1234", "0851-85891234"),
            ("085185891234", "0851-85891234"),
            ("0891－6512345", "0891-6512345"),
            ("010-88881234转123", "010-88881234-123"),
            ("023-63851234-8", "023-63851234-8"),
            ("+86 851 85891234", "0851-85891234"),
            ("0086-0851-85891234", "0851-85891234"),
            ("400-810-1234", "4008101234"),
        ],
    )
    def test_gives_one_form(self, text: str, stored: str) -> None:
        assert numbers.check_phone(text) == stored
        assert numbers.check_phone(stored) == stored

    @pytest.mark.parametrize(
        "text", ["", "1381234567", "12812345678", "85891234", "0851-1234567", "138123456789", "电话"]
    )
    def test_refuses_what_cannot_be_called_from_another_province(self, text: str) -> None:
        with pytest.raises(numbers.PhoneWrong, match="区号"):
            numbers.check_phone(text)


class TestCheckWaybill:
    @pytest.mark.article("P21(2)")
    @pytest.mark.parametrize("text", ["RR473124829GB", "ee 473124829 cn", "1234567890123"])
    def test_accepts_both_shapes_without_a_warning(self, text: str) -> None:
        assert numbers.check_waybill(text) == numbers.Waybill(text.replace(" ", "").upper())

    @pytest.mark.parametrize(
        ("serial", "digit"), [("47312482", "9"), ("00000000", "5"), ("00000008", "0"), ("00000001", "4")]
    )
    def test_knows_the_check_digit_of_upu_s10(self, serial: str, digit: str) -> None:
        for candidate in "0123456789":
            warned = numbers.check_waybill(f"RR{serial}{candidate}CN").warning is not None
            assert warned is (candidate != digit)

    @pytest.mark.parametrize("text", ["", "123456789012", "12345678901234", "R473124829GB1", "RR47312482XGB"])
    def test_refuses_another_shape(self, text: str) -> None:
        with pytest.raises(numbers.WaybillWrong, match="13位"):
            numbers.check_waybill(text)


class TestMasking:
    def test_shows_little_of_a_number(self) -> None:
        assert numbers.mask_identity("520102199001011234") == "520***********1234"
        assert numbers.mask_identity("H12345678") == "H******78"
        assert numbers.mask_identity("1234") == "****"
        assert numbers.mask_phone("13812345678") == "138****5678"
        assert numbers.mask_phone("85891234") == "8*****34"

    def test_shows_the_first_character_of_a_name(self) -> None:
        assert [numbers.mask_name(name) for name in ("张三", "欧阳娜娜", "张", "")] == [
            "张*",
            "欧***",
            "*",
            "",
        ]

    @given(st.text(max_size=30))
    def test_hides_at_least_two_characters_or_all_and_keeps_the_length(self, text: str) -> None:
        for masked in (numbers.mask_identity(text), numbers.mask_phone(text)):
            assert len(masked) == len(text)
            assert sum(a != b or a == "*" for a, b in zip(masked, text, strict=True)) >= min(2, len(text))
