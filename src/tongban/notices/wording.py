"""What the two forms say, to the letter of attachments 1 and 2 of the work rules.

These sentences are not marked for translation: the regulation fixes them, and a form reads the same
whatever language the clerk's screen is in.
"""

import datetime
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext_lazy as _

OFFICE_TIME = ZoneInfo("Asia/Shanghai")
COPIES = "（一式 3 份，申请人 1 份、收件地留存 1 份、属地 1 份）"
HOLDERS = ("申请人存", "收件地留存", "属地留存")
SEAL = "（收件地行政审批服务专用章）"
LABELS = {
    "receiving_window": ["收件地“跨省通办”", "窗口名称"],
    "home_window": ["属地“跨省通办”", "窗口名称"],
    "applicant": ["申请人名称"],
    "item": ["申请事项名称"],
    "statutory_item": ["法定事项名称"],
    "contact": ["申请联系人", "联系电话"],
    "legal_limit": ["法定", "时限"],
    "promised_limit": ["承诺", "期限"],
}


class Kind(models.TextChoices):
    """The two forms that the work rules attach, and the documents of an online case."""

    CORRECTION = "correction", _("一次性告知书")
    RECEIPT = "receipt", _("收件通知书")
    SUBMISSION = "submission", _("电子收件回执")
    RESULT = "result", _("电子决定文书")


TITLES = {
    Kind.CORRECTION: "西南五省政务服务“跨省通办”一次性告知书",
    Kind.RECEIPT: "西南五省政务服务“跨省通办”收件通知书",
}


@dataclass(frozen=True)
class Material:
    """What was handed in of one material, and for a correction notice what was found.

    `advice` says what to correct; empty: nothing, the material passed. `is_returned` means that the
    originals were only looked at and given back.
    """

    name: str
    originals: int
    copies: int
    advice: str = ""
    passed: bool = True
    is_returned: bool = False


@dataclass(frozen=True)
class FormData:
    """Everything that one form says. Times are aware; limits are in working days, None where unknown."""

    kind: str
    serial: int
    case_id: int
    number: str
    opened_at: datetime.datetime
    receiving_window: str
    home_window: str
    applicant: str
    item: str
    statutory_item: str
    contact: str
    phone: str
    legal_limit: int | None
    promised_limit: int | None
    materials: tuple[Material, ...]
    clerk: str
    issued_at: datetime.datetime
    window_phone: str
    days: int | None = None  # of a correction notice: how long, and the last day
    due_on: datetime.date | None = None
    is_practice: bool = False


def day(on: datetime.date) -> str:
    """Write a day as official papers do: 2026年11月23日."""
    return f"{on.year}年{on.month}月{on.day}日"


def hour(at: datetime.datetime) -> str:
    """Write a time to the hour: 2026年11月23日9时."""
    local = at.astimezone(OFFICE_TIME)
    return f"{day(local.date())}{local.hour}时"


def limit(days: int | None) -> str:
    """Write a limit in working days; blank to be filled in by hand where it is unknown."""
    return "　个工作日" if days is None else f"{days}个工作日"


def sheets(material: Material) -> str:
    """Write how many sheets of a material there are: 原件 1 份，复印件 1 份."""
    parts = []
    if material.originals:
        parts.append(f"原件 {material.originals} 份" + ("（核验后退还）" if material.is_returned else ""))
    if material.copies:
        parts.append(f"复印件 {material.copies} 份")
    return "，".join(parts) or "未提交"


def material_line(position: int, material: Material, *, kind: str) -> str:
    """Write one material of the list: its number, its sheets, and on a correction notice the finding."""
    text = f"{position}. {material.name}：{sheets(material)}"
    if kind == Kind.RECEIPT:
        return f"{text}。"
    if material.passed:
        return f"{text}，合格。"
    return f"{text}，不合格。补正意见：{material.advice.rstrip('。.；; ')}。"


def opening(data: FormData) -> str:
    """Write the sentence above the list, with the number of materials that were really handed in."""
    handed_in = sum(1 for m in data.materials if m.originals or m.copies)
    if data.kind == Kind.RECEIPT:
        return f"收到您申请材料{handed_in}件。具体如下："
    return f"收到您申请材料{handed_in}件，经审查，具体情况如下："


def closing(data: FormData) -> str:
    """Write the sentence below the list: what happens next, or by when to bring what is missing."""
    if data.kind == Kind.RECEIPT:
        return (
            "我们需要时间将您提交的申请材料寄送至属地“跨省通办”窗口进行审查，"
            "现在先行收下您的申请材料，后续属地“跨省通办”窗口将与您联系。"
        )
    if data.days is None or data.due_on is None:
        raise ValueError("a correction notice says by when")
    return (
        f"请将上述需补正的材料补齐补正，在{data.days}日内即{day(data.due_on)}前送至本窗口，"
        "逾期未补正的，视为您放弃本次申请。"
    )


def notes(data: FormData, *, serial: str, address: str) -> list[str]:
    """Write what stands outside the form's frame: how to verify it, and that 收件 is not 受理 (C4)."""
    said = [f"文书编号：{serial}", f"核验真伪：扫描二维码，或打开 {address}/verify/ 输入文书编号。"]
    if data.kind == Kind.RECEIPT:
        said.append("本通知书表示收件，不代表受理；是否受理由属地“跨省通办”窗口依法决定。")
    return said
