"""Numbers that people bring: checked, brought into one form, and masked where they are shown.

Every `check_…` returns the number in its one stored form (half-width, upper case, no spaces) or raises a
refusal that says what is wrong with it.
"""

import dataclasses
import datetime
import re
import unicodedata
from typing import Literal

from django.utils.translation import gettext as _
from stdnum import exceptions
from stdnum.cn import ric, uscc

from tongban.kernel import refusals

_CREDIT_CODE = re.compile(r"[1-9A-HJ-NPQRTUWXY][0-9A-HJ-NPQRTUWXY]\d{6}[0-9A-HJ-NPQRTUWXY]{10}", re.ASCII)
_RESIDENCE_DIVISIONS = ("810000", "820000", "830000")
_HONG_KONG_MACAO = re.compile(r"[HM]\d{8}(\d{2})?", re.ASCII)
_TAIWAN = re.compile(r"\d{8}|\d{10}[A-Z]?", re.ASCII)
_PASSPORT = re.compile(r"[A-Z0-9]{5,20}", re.ASCII)
_S10 = re.compile(r"[A-Z]{2}\d{9}[A-Z]{2}", re.ASCII)
_DOMESTIC_PARCEL = re.compile(r"\d{13}", re.ASCII)
_S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_LANDLINE = re.compile(
    r"\(?(010|02\d|0[3-9]\d{2})\)?[ -]*([2-9]\d{2,3})[ -]?(\d{4})"
    r"(?: *(?:-|转|EXT\.?|X|#|,) *(\d{1,6}))?",
    re.ASCII,
)
_COUNTRY = re.compile(r"(?:\+|00)?86[ -]*", re.ASCII)
_HOTLINE = re.compile(r"[48]00\d{7}", re.ASCII)


class InvalidNumber(refusals.Incomplete):
    """号码不正确。请逐位核对后重新输入。"""


class IdentityLengthWrong(InvalidNumber):
    """公民身份号码应为18位（前17位为数字，末位为数字或X）。现在输入的不是，请核对。"""


class IdentityDateUnreal(InvalidNumber):
    """公民身份号码中的出生日期（第7至14位）不存在。请核对这几位。"""


class IdentityDateAhead(InvalidNumber):
    """公民身份号码中的出生日期（第7至14位）晚于今天。请核对这几位。"""


class IdentityCheckWrong(InvalidNumber):
    """公民身份号码的末位校验码不符，可能有一位输错。请逐位核对。"""


class CreditCodeShapeWrong(InvalidNumber):
    """统一社会信用代码应为18位数字和大写字母（不含I、O、S、V、Z）。现在输入的不是，请核对。"""


class CreditCodeCheckWrong(InvalidNumber):
    """统一社会信用代码的末位校验码不符，可能有一位输错。请逐位核对。"""


class ResidencePermitWrong(InvalidNumber):
    """港澳台居民居住证号码应为18位，并以810000、820000或830000开头。请核对。"""


class HongKongMacaoPermitWrong(InvalidNumber):
    """港澳居民来往内地通行证号码应为字母H或M加8位（或10位）数字。请核对。"""


class TaiwanPermitWrong(InvalidNumber):
    """台湾居民来往大陆通行证号码应为8位数字（旧证为10位数字，可带一个字母）。请核对。"""


class PassportWrong(InvalidNumber):
    """护照号码应为5至20位字母和数字。请核对。"""


class PhoneWrong(InvalidNumber):
    """电话号码不正确。请填写11位手机号码，或带区号的固定电话，例如0851-12345678。"""


class WaybillWrong(InvalidNumber):
    """邮件号码应为13位：13位数字，或两个字母、九位数字、两个字母。请对照面单核对。"""


@dataclasses.dataclass(frozen=True)
class Waybill:
    """A waybill number in its stored form, with a sentence when it looks mistyped."""

    number: str
    warning: str | None = None


def check_identity_number(text: str, *, on: datetime.date) -> str:
    """Give the identity number in its stored form.

    A division code that was abolished, or that nobody knows, is accepted (GB 11643).

    Raises:
        IdentityLengthWrong, IdentityDateUnreal, IdentityCheckWrong: what it says.
        IdentityDateAhead: when the birth date is later than the given day.
    """
    number = _plain(text)
    if len(number) != 18 or not re.fullmatch(r"[0-9]{17}[0-9X]", number):
        raise IdentityLengthWrong
    born_on = birth_date_of(number)
    if born_on > on:
        raise IdentityDateAhead
    # Not `ric.validate`: it also looks up the division, refuses those older than its list, and raises
    # KeyError for an unknown county of a known prefecture.
    if ric.calc_check_digit(number) != number[-1]:
        raise IdentityCheckWrong
    return number


def birth_date_of(identity_number: str) -> datetime.date:
    """Give the birth date that an identity number states; raises IdentityDateUnreal."""
    try:
        return ric.get_birth_date(identity_number)
    except exceptions.InvalidComponent:
        raise IdentityDateUnreal from None


def sex_of(identity_number: str) -> Literal["male", "female"]:
    """Give the sex that an identity number states in its 17th digit."""
    return "male" if int(identity_number[16]) % 2 else "female"


def check_credit_code(text: str) -> str:
    """Give the unified social credit code in its stored form (GB 32100).

    Raises:
        CreditCodeShapeWrong, CreditCodeCheckWrong: what it says.
    """
    code = _plain(text)
    # Not `uscc.validate`: it refuses codes that begin with a letter, as those of rural collectives (N) do.
    if not _CREDIT_CODE.fullmatch(code):
        raise CreditCodeShapeWrong
    if uscc.calc_check_digit(code[:17]) != code[17]:
        raise CreditCodeCheckWrong
    return code


def check_residence_permit(text: str, *, on: datetime.date) -> str:
    """Give the number of a 港澳台居民居住证 in its stored form.

    Raises:
        ResidencePermitWrong: when it is not of that kind.
        IdentityDateUnreal, IdentityDateAhead, IdentityCheckWrong: as for an identity number.
    """
    number = _plain(text)
    if len(number) != 18 or not number.startswith(_RESIDENCE_DIVISIONS):
        raise ResidencePermitWrong
    return check_identity_number(number, on=on)


def check_hong_kong_macao_permit(text: str) -> str:
    """Give the number of a 港澳居民来往内地通行证; raises HongKongMacaoPermitWrong."""
    return _shaped(text, _HONG_KONG_MACAO, HongKongMacaoPermitWrong)


def check_taiwan_permit(text: str) -> str:
    """Give the number of a 台湾居民来往大陆通行证; raises TaiwanPermitWrong."""
    return _shaped(re.sub(r"[()]", "", _plain(text)), _TAIWAN, TaiwanPermitWrong)


def check_passport(text: str) -> str:
    """Give a passport number of any country; raises PassportWrong."""
    return _shaped(text, _PASSPORT, PassportWrong)


def check_phone(text: str) -> str:
    """Give a mainland number: a mobile as 11 digits, a landline as `0851-12345678` or `0851-12345678-12`.

    Raises:
        PhoneWrong: for anything else, also for a landline without its area code.
    """
    number = re.sub(r"[‐-―]", "-", unicodedata.normalize("NFKC", text)).strip().upper()
    if country := _COUNTRY.match(number):
        number = number[country.end() :]
        number = number if number.startswith(("0", "1", "(")) else f"0{number}"
    digits = re.sub(r"[ -]", "", number)
    if _MOBILE.fullmatch(digits) or _HOTLINE.fullmatch(digits):
        return digits
    found = _LANDLINE.fullmatch(number)
    if not found:
        raise PhoneWrong
    area, front, back, extension = found.groups()
    return f"{area}-{front}{back}-{extension}" if extension else f"{area}-{front}{back}"


def check_waybill(text: str) -> Waybill:
    """Give a waybill number: UPU S10, or 13 digits as domestic express numbers also come.

    A wrong S10 check digit is only a warning: the parcel may exist all the same.

    Raises:
        WaybillWrong: when it has neither shape.
    """
    number = _plain(text)
    if _DOMESTIC_PARCEL.fullmatch(number):
        return Waybill(number)
    if not _S10.fullmatch(number):
        raise WaybillWrong
    if number[10] != _s10_check_digit(number[2:10]):
        return Waybill(number, warning=_("邮件号码的校验位不符，可能有一位输错。请对照面单再核对一次。"))
    return Waybill(number)


def whole(text: str, *, most: int = 10**15 - 1) -> int | None:
    """Give the whole number that people typed, full-width digits too; None when it is none, or above `most`."""
    plain = unicodedata.normalize("NFKC", text[:40]).strip()
    if not re.fullmatch(r"[0-9]{1,19}", plain):
        return None
    number = int(plain)
    return number if number <= most else None


def mask_identity(text: str) -> str:
    """Hide the middle of an identity number or another personal number: `520***********1234`."""
    return _masked(text, head=3, tail=4) if len(text) >= 18 else _masked(text, head=1, tail=2)


def mask_phone(text: str) -> str:
    """Hide the middle of a phone number: `138****1234`."""
    return _masked(text, head=3, tail=4) if len(text) >= 9 else _masked(text, head=1, tail=2)


def mask_name(text: str) -> str:
    """Hide a person's name but for its first character: `张*`, `欧***`."""
    return text[:1] + "*" * (len(text) - 1) if len(text) > 1 else "*" * len(text)


def _plain(text: str) -> str:
    """Bring a number into half-width upper case without the spaces and hyphens people group it by."""
    return re.sub(r"[\s\-‐-―]", "", unicodedata.normalize("NFKC", text)).upper()


def _shaped(text: str, shape: re.Pattern[str], refusal: type[InvalidNumber]) -> str:
    number = _plain(text)
    if not shape.fullmatch(number):
        raise refusal
    return number


def _s10_check_digit(serial: str) -> str:
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(serial, _S10_WEIGHTS, strict=True)) % 11
    return {10: "0", 11: "5"}.get(rest, str(rest))


def _masked(text: str, *, head: int, tail: int) -> str:
    hidden = len(text) - head - tail
    if hidden < 2:
        return "*" * len(text)
    return text[:head] + "*" * hidden + text[-tail:]
