"""Entries of the journal as lines that administrators read: who, when, what was done; nothing of cases' contents."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

from tongban.cases.states import OPENING, STEPS
from tongban.journal import operations as journal
from tongban.journal.models import Entry
from tongban.kernel import ids
from tongban.people import security
from tongban.people.roles import Role


@dataclass(frozen=True)
class Line:
    """An entry for people: its place in the chain, when, what, who, about which account, and details in words."""

    seq: int
    chain_id: int
    chain: str
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
    step = STEPS.get(name) or (OPENING if name == "open" else None)
    return step.label if kind == "case" and step else code


def _words(name: str, value: Any) -> str:
    if name == "role" and value in Role.values:
        return str(Role(value).label)
    return f"{name} {value}"


def _kind_of(chain_id: int) -> str:
    kind = -chain_id >> 56
    return next((name for name, number in journal.CHAINS.items() if number == kind), str(chain_id))
