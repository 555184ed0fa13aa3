"""What must be true of what is applied for: the form's fields, and who decides."""

import datetime
from collections.abc import Collection
from typing import Any

from tongban.catalogue.models import AcceptanceStandard, Procedure
from tongban.catalogue.standards import FormField
from tongban.directory.models import Level
from tongban.kernel import numbers, refusals, text, worktime

MAX_LENGTH = 500
# Answers that are sealed where they are kept and masked where they are shown, each with its mask.
SECRET_TYPES = {"identity_number": numbers.mask_identity, "phone": numbers.mask_phone}
HIGHEST_FIRST = (Level.PROVINCE, Level.PREFECTURE, Level.COUNTY)


class NotAChoice(refusals.Incomplete):
    """“{label}”请从列表中选择。"""


class NotANumber(refusals.Incomplete):
    """“{label}”请填写数字。"""


class NotADate(refusals.Incomplete):
    """“{label}”请填写日期，例如 2026-11-23。"""


class NotAFile(refusals.Incomplete):
    """“{label}”请上传扫描件或者照片。"""


class NoFileAsked(refusals.Incomplete):
    """“{label}”是填写的内容，不接收文件。"""


class TooManyFiles(refusals.Incomplete):
    """“{label}”最多上传 {most} 个文件，请先移除一个。"""


class AnswerTooLong(refusals.Incomplete):
    """“{label}”最多填写 500 个字。"""


class SynonymEmpty(refusals.Incomplete):
    """请填写日常说法（2 至 30 个字）和清单用语（至多 60 个字），两者不能相同。"""


class UnknownSynonym(refusals.NotFound):
    """没有找到这个日常说法，可能已经被删除。请刷新后查看。"""


class NotOpen(refusals.NotAllowed):
    """这个办理项目前不能办理。请重新选择。"""


class UnknownProcedure(refusals.NotFound):
    """没有找到这个办理项，可能已经调整。请重新搜索事项。"""


class UnknownItem(refusals.NotFound):
    """清单里没有这个序号的事项。请重新搜索事项。"""


class UnknownDraft(refusals.NotFound):
    """没有找到这份草案，可能已经发布或者删除。请从标准列表中重新进入。"""


class UnknownStandard(refusals.NotFound):
    """没有找到这一版标准。请从标准列表中重新进入。"""


class UnknownDifference(refusals.NotFound):
    """没有找到这项差异，可能编号有误。请从比对页重新进入。"""


class UnknownBatch(refusals.NotFound):
    """没有找到这一批清单，可能已经删除。请从清单页重新进入。"""


class UnknownPilot(refusals.NotFound):
    """没有找到这个试点。请从试点页重新进入。"""


class NotOnTheList(refusals.NotAllowed):
    """“{procedure}”现在不在事项清单上，也没有正在进行的试点。可以按清单外事项请示属地窗口。"""


class OnlyBetween(refusals.NotAllowed):
    """这是{first}与{second}之间的试点，只能由一方收件、另一方办理。"""


class NoStandard(refusals.NotAllowed):
    """“{procedure}”目前没有生效的收件受理标准，请联系属地窗口。"""


class NobodyDecides(refusals.NotAllowed):
    """“{procedure}”在所选地方没有对应的实施层级，请换一个属地或实施层级。"""


class OfAnotherProvince(NobodyDecides):
    """“{procedure}”是{province}自己的办理项，只能在{province}办理。请换一个属地，或者换一个办理项。"""


def province_of(code: str) -> str:
    """Give the code of the province in which a division lies."""
    return code[:2].ljust(12, "0")


def day_of(at: datetime.datetime) -> datetime.date:
    """Give the day in Beijing of a moment."""
    return at.astimezone(worktime.BEIJING).date()


def is_in_force(row: AcceptanceStandard, *, on: datetime.date) -> bool:
    """Say whether a version holds on a day: it has taken effect, has not ended and is not withdrawn."""
    withdrawn = getattr(row, "withdrawal", None)
    return (
        row.effective_from_on <= on
        and (row.effective_until_on is None or row.effective_until_on > on)
        and (withdrawn is None or withdrawn.from_on > on)
    )


def clean(field: FormField, value: Any, *, on: datetime.date) -> str:
    """Give an answer to a form field in its plain form; empty is allowed here, receipt asks for it.

    Raises:
        NotAChoice, NotANumber, NotADate, AnswerTooLong, numbers.InvalidNumber: with the field named.
    """
    answer = text.clean(str(value))
    if not answer:
        return ""
    try:
        return _checked(field, answer, on=on)
    except refusals.Refusal as refusal:
        refusal.fields.setdefault(f"form.{field.key}", refusal.message)
        raise


def _checked(field: FormField, answer: str, *, on: datetime.date) -> str:
    if len(answer) > MAX_LENGTH:
        raise AnswerTooLong(label=field.label)
    if field.type == "file":
        raise NotAFile(label=field.label)
    if field.type == "choice" and answer not in field.choices:
        raise NotAChoice(label=field.label)
    if field.type == "number":
        try:
            float(answer)
        except ValueError:
            raise NotANumber(label=field.label) from None
    if field.type == "date":
        try:
            return datetime.date.fromisoformat(answer).isoformat()
        except ValueError:
            raise NotADate(label=field.label) from None
    if field.type == "identity_number":
        return numbers.check_identity_number(answer, on=on)
    if field.type == "credit_code":
        return numbers.check_credit_code(answer)
    if field.type == "phone":
        return numbers.check_phone(answer)
    return answer


def deciding_level(procedure: Procedure, level: str, *, available: Collection[str]) -> str:
    """Say which level decides: the only one, the one that was named, or else the highest (P7).

    Args:
        level: the level that the clerk named, empty when it is not clear.
        available: the levels that the home place has, itself and above.

    Raises:
        NobodyDecides: when none of the procedure's levels exists there.
    """
    possible = [one for one in HIGHEST_FIRST if one in procedure.levels and one in available]
    if not possible:
        raise NobodyDecides(procedure=procedure.name)
    if level in possible:
        return level
    return possible[0]


def check_synonym(word: str, means: str) -> None:
    """Refuse a synonym that says nothing: a word of one character would stand in for half the list."""
    fields = {}
    if not 2 <= len(word) <= 30 or word == means:
        fields["word"] = SynonymEmpty().message
    if not 1 <= len(means) <= 60:
        fields["means"] = SynonymEmpty().message
    if fields:
        raise SynonymEmpty(fields=fields)
