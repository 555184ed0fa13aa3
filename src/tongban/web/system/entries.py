"""Entries of the journal as lines that administrators read: who, when, what was done; nothing of cases' contents."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tongban.cases.states import BEGINNINGS, STEPS
from tongban.journal import operations as journal
from tongban.journal.models import Entry
from tongban.kernel import ids
from tongban.people import policy, security
from tongban.people.models import LockoutKind
from tongban.people.roles import Role


@dataclass(frozen=True)
class Line:
    """An entry for people: its place in the chain, when, what, who, about which account, and details in words."""

    seq: int
    chain_id: int
    chain: str | Promise
    at: datetime.datetime
    what: str | Promise
    actor: str
    account: str
    address: str
    details: str
    digest: str
    is_case: bool


def lines(rows: Iterable[Entry]) -> list[Line]:
    """Give entries as lines. Of a case only its number, the step, who and when: no administrator reads more."""
    return [_line(row) for row in rows]


def _line(row: Entry) -> Line:
    is_case = row.chain_id > 0
    said: dict[str, Any] = {} if is_case else dict(row.payload)
    account, address = str(said.pop("account", "")), str(said.pop("address", ""))
    return Line(
        seq=row.seq,
        chain_id=row.chain_id,
        chain=ids.number_of(row.chain_id) if is_case else _kind_of(row.chain_id),
        at=row.recorded_at,
        what=_named(row.code),
        actor=row.actor,
        account=account,
        address=address,
        details="；".join(_words(k, v) for k, v in said.items() if v not in (None, "", [])),
        digest=bytes(row.digest).hex()[:12],
        is_case=is_case,
    )


def _named(code: str) -> str | Promise:
    kind, _dot, name = code.partition(".")
    if kind == "security":
        return security.CODES.get(name, code)
    step = STEPS.get(name) or BEGINNINGS.get(name)
    return step.label if kind == "case" and step else code


_NAMES: dict[str, str | Promise] = {
    "window": _("窗口编号"),
    "authority": _("机构编号"),
    "person": _("人员编号"),
    "days": _("天数"),
    "count": _("数量"),
    "of": _("所在地址"),
    "page": _("页面"),
    "job": _("任务编号"),
    "task": _("任务"),
    "name": _("名称"),
    "value": _("取值"),
    "division": _("区划"),
    "why": _("原因"),
    "kind": _("范围"),
    "reason": _("理由"),
    "source": _("来源"),
    "code": _("区划"),
    "on": _("日期"),
    "title": _("名称"),
    "from_on": _("自"),
    "until_on": _("至"),
    "before": _("此前"),
}
_CHAINS: dict[str, str | Promise] = {
    "calendar": _("日历"),
    "account": _("账号"),
    "directory": _("窗口和机构"),
    "standard": _("标准"),
    "practice": _("练习"),
    "security": _("安全事件"),
    "catalogue": _("日常说法"),
    "item_list": _("事项清单"),
    "pilot": _("试点"),
}


def _words(name: str, value: Any) -> str:
    """Give a detail in words; a name that is not known here stays as it was written."""
    if name == "role" and value in Role.values:
        return str(Role(value).label)
    if name == "kind" and value in LockoutKind.values:
        value = LockoutKind(value).label
    if name == "why":
        value = security.CODES.get(str(value), _("人工撤销"))
    if name == "name":
        value = next((n.label for n in policy.NUMBERS if n.name == value), value)
        value = _("第二验证") if value == policy.SECOND_FACTOR else value
    if value in (True, False) and isinstance(value, bool):
        value = _("是") if value else _("否")
    return f"{_NAMES.get(name, name)}：{value}"


def _kind_of(chain_id: int) -> str | Promise:
    kind = -chain_id >> 56
    name = next((name for name, number in journal.CHAINS.items() if number == kind), str(chain_id))
    return _CHAINS.get(name, name)
