"""An address by division (按区划填写的地址): the place as its code, and the street line inside it.

As somebody posts it, it is one line: `<12 digits> <street>`. As a case keeps it, it is code and text, so that it
stays readable when the division is merged or renamed, and can still be counted by place.
"""

import datetime
import re
from dataclasses import dataclass
from typing import Any

from tongban.directory import queries as directory
from tongban.directory import rules as directory_rules
from tongban.directory.models import Division, Level
from tongban.kernel import refusals, text

OUTSIDE = "0" * 12  # a place whose divisions we do not hold: all of it stands in the street line
LONGEST = 200
_POSTED = re.compile(r"(\d{12})(?:\s+(.*))?", re.DOTALL)


class NoSuchPlace(refusals.Incomplete):
    """“{label}”里选的地方不存在，请重新选择省、市、县。"""


class NoPlace(refusals.Incomplete):
    """“{label}”请写成“12位区划代码 门牌号”，例如“520103000000 中山东路1号”；五省以外的，代码写12个0。"""


class PlaceEnded(refusals.Incomplete):
    """“{label}”：{place}已于{on}撤销，现在是{successor}。请改选{successor}。"""


class StreetTooLong(refusals.Incomplete):
    """“{label}”的门牌号等最多填写 200 个字。"""


@dataclass(frozen=True)
class Address:
    """Where something is: `code` of the place picked so far, `place` in words, `street` inside it."""

    code: str = ""
    place: str = ""
    street: str = ""
    is_whole: bool = False  # picked down to the county, with its street line

    @property
    def text(self) -> str:
        return self.place + self.street

    @property
    def posted(self) -> str:
        """The one line in which it is posted."""
        return f"{self.code} {self.street}".strip()

    def kept(self) -> dict[str, Any] | str:
        """Give it as a case keeps it; empty when nothing was said."""
        if not self.code and not self.street:
            return ""
        return {"code": self.code, "street": self.street, "text": self.text, "is_whole": self.is_whole}


def of_kept(kept: Any) -> Address:
    """Give a kept address; one from before addresses had divisions is a street line without a place."""
    if not isinstance(kept, dict):
        return Address(street=str(kept or ""))
    street = str(kept.get("street", ""))
    place = str(kept.get("text", "")).removesuffix(street)
    return Address(str(kept.get("code", "")), place, street, bool(kept.get("is_whole")))


def check_posted(value: str, *, label: str, field: str) -> None:
    """Refuse a line in which no place is named, of a program that has no page on which to pick one later.

    Raises:
        NoPlace: it says how to write it, beside the field.
    """
    if value.strip() and not _POSTED.fullmatch(value.strip()):
        raise NoPlace(label=label, fields={field: NoPlace(label=label).message})


def read(value: str, *, label: str, on: datetime.date) -> Address:
    """Read an address as it was posted.

    A place that is not picked down to the county yet is taken as it is: `is_whole` says that something is missing.

    Raises:
        NoSuchPlace, PlaceEnded, StreetTooLong: naming the field by its label.
    """
    found = _POSTED.fullmatch(value.strip())
    code = found[1] if found else ""
    street = text.clean(found[2] or "" if found else value)
    if len(street) > LONGEST:
        raise StreetTooLong(label=label)
    if not code:
        return Address(street=street)
    if code == OUTSIDE:
        return Address(code, "", street, is_whole=bool(street))
    try:
        directory.check_in_force(code, on=on)
    except directory_rules.PlaceReplaced as ended:
        said = ended.details
        raise PlaceEnded(
            label=label, place=said["place"], on=said["on"], successor=said["successor"]
        ) from None
    levels = (Level.PROVINCE, Level.PREFECTURE, Level.COUNTY)
    rows = Division.objects.filter(code=code, level__in=levels, valid_from_on__lte=on)
    row = rows.exclude(valid_until_on__lte=on).first()
    if row is None:
        raise NoSuchPlace(label=label)
    below = directory.divisions_of(code, on=on).filter(level__in=levels).exists()
    return Address(code, row.full_name, street, is_whole=bool(street) and not below)
