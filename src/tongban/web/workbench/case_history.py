"""Journal entries in words: what was done, by whom, where, when, under which article, and the details."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tongban.cases.models import Delivery, Suspension
from tongban.cases.states import BEGINNINGS, STEPS, Channel, DeliveryWay, State
from tongban.journal.models import Entry
from tongban.kernel import worktime
from tongban.web.kit.templatetags import kit

FINDINGS = {
    "ok": gettext_lazy("相符"),
    "missing": gettext_lazy("缺少"),
    "damaged": gettext_lazy("破损"),
    "extra": gettext_lazy("多出"),
}
_DAYS = {
    "due_on": gettext_lazy("补正截止：{value}"),
    "until_on": gettext_lazy("请于 {value} 前反馈"),
    "expected_on": gettext_lazy("预计 {value} 结束"),
}
_WORDS = {
    "reason": gettext_lazy("理由：{value}"),
    "how": gettext_lazy("退还方式：{value}"),
    "note": gettext_lazy("备注：{value}"),
    "told_by": gettext_lazy("告知方式：{value}"),
    "channel_before": gettext_lazy("原流转方式：{value}"),
    "channel": gettext_lazy("流转方式：{value}"),
    "way": gettext_lazy("送达方式：{value}"),
    "proof": gettext_lazy("送达凭证：{value}"),
    "from_window": gettext_lazy("转出：{value}"),
    "to_window": gettext_lazy("转往：{value}"),
    "department": gettext_lazy("承办部门：{value}"),
    "attempt": gettext_lazy("第 {value} 次送达"),
    "sheets": gettext_lazy("清单共 {value} 项"),
    "legal_limit": gettext_lazy("法定时限 {value} 个工作日"),
    "promised_limit": gettext_lazy("承诺期限 {value} 个工作日"),
    "transfer": gettext_lazy("流转编号：{value}"),
    "decision": gettext_lazy("决定编号：{value}"),
}
_CODES: dict[str, Mapping[str, Any]] = {
    "channel": dict(Channel.choices),
    "channel_before": dict(Channel.choices),
    "way": dict(DeliveryWay.choices),
    "proof": dict(Delivery.PROOFS),
    "told_by": {"phone": gettext_lazy("电话"), "sms": gettext_lazy("短信")},
    "reason": dict(Suspension.REASONS),
}


@dataclass(frozen=True)
class Line:
    """One line of the timeline."""

    what: str | Promise
    who: str
    where: str
    at: datetime.datetime
    article: str
    change: str
    details: tuple[str, ...]
    seq: int


def lines_of(entries: Sequence[Entry], *, names: Mapping[str, Mapping[Any, str]]) -> list[Line]:
    """Give the timeline of a case, the newest first.

    Args:
        names: what ids and keys in entries are called: `window`, `department`, `material`.
    """
    return [_line(entry, names) for entry in reversed(entries)]


def _line(entry: Entry, names: Mapping[str, Mapping[Any, str]]) -> Line:
    return Line(
        what=label_of(entry),
        who=entry.actor,
        where=entry.place,
        at=entry.at,
        article=kit.article_in_words(entry.article),
        change=_change(entry.payload),
        details=tuple(_details(entry.payload, names)),
        seq=entry.seq,
    )


def label_of(entry: Entry) -> str | Promise:
    """Name what an entry tells of."""
    name = entry.code.removeprefix("case.")
    step = STEPS.get(name) or BEGINNINGS.get(name)
    return step.label if step else entry.code


def _change(payload: Mapping[str, Any]) -> str:
    before, after = payload.get("from"), payload.get("to")
    if before == after or not after or after not in State.values:
        return ""
    arrival = str(State(after).label)
    return f"{State(before).label} → {arrival}" if before in State.values else arrival


def _details(payload: Mapping[str, Any], names: Mapping[str, Mapping[Any, str]]) -> Iterator[str]:
    called = {"from_window": "window", "to_window": "window", "department": "department"}
    for key, sentence in _WORDS.items():
        value = payload.get(key)
        if value in (None, "", []):
            continue
        if key in called:
            value = names.get(called[key], {}).get(value)
            if not value:
                continue
        yield str(sentence).format(value=_CODES.get(key, {}).get(value, value))
    for key, sentence in _DAYS.items():
        if payload.get(key):
            on = datetime.date.fromisoformat(payload[key])
            yield str(sentence).format(value=kit.day(on))
    yield from _lists(payload, names.get("material", {}))


def _lists(payload: Mapping[str, Any], materials: Mapping[Any, str]) -> Iterator[str]:
    if payload.get("found"):
        counts = (
            f"{label} {payload['found'][k]}" for k, label in FINDINGS.items() if payload["found"].get(k)
        )
        yield _("核对：{counts}").format(counts="，".join(counts))
    for key, sentence in (("items", _("要求补正：{names}")), ("brought", _("已送来：{names}"))):
        if payload.get(key):
            yield sentence.format(names="、".join(materials.get(k, k) for k in payload[key]))
    if payload.get("materials"):
        yield _("收到材料 {count} 项").format(count=len(payload["materials"]))
    if payload.get("digest"):
        yield _("清单摘要：{digest}…").format(digest=payload["digest"][:16])


def last_words(entries: Sequence[Entry]) -> str:
    """Say who did what last, for somebody who had an older state before them."""
    if not entries:
        return ""
    last = entries[-1]
    when = f"{last.at.astimezone(worktime.BEIJING):%-m月%-d日 %H:%M}"
    who = f"{last.place} {last.actor}".strip()
    return _("{who}于{when}办理了“{what}”。").format(who=who, when=when, what=label_of(last))


def reason_of_last(entries: Sequence[Entry], step: str) -> str:
    """Give the reason that the last step of a kind gave, empty when there was none."""
    for entry in reversed(entries):
        if entry.code == f"case.{step}":
            return str(entry.payload.get("reason", ""))
    return ""
