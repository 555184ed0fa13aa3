"""Copies of lives: the same rows with other ids, windows, people and weeks, and journal chains of their own.

What is the same in all copies of one life in one week is written out once, as a format string for each
table; a copy then costs a few substitutions, its digests and its sealed numbers.
"""

import datetime
import functools
import json
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from tongban.command.bench.lives import Prototype
from tongban.directory import queries as directory
from tongban.duties import operations as duty_operations
from tongban.duties.models import Duty
from tongban.journal.operations import NOTHING_BEFORE
from tongban.kernel import crypto, ids, keyring, numbers

ENTRIES, DUTIES, CASES = "journal_entry", "duties_duty", "cases_case"
_STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?\+00")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_ISO = re.compile(r"20\d\d-\d\d-\d\d(?=[T\"])")
_STEP, _MASK = 0x9E3779B97F4A7C15 | 1, (1 << ids.RANDOM_BITS) - 1
_SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何罗高林"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建国志文春梅"
Place = Mapping[str, str]  # slot → text, of a window and those who work there


class Numbers:
    """Different low halves of ids for ever, in an order that looks random and is always the same."""

    def __init__(self, begin: int) -> None:
        self._next = begin

    def take(self, days: Sequence[int]) -> list[int]:
        """Give an id for each of these days, shifted into place."""
        begin = self._next
        self._next = begin + len(days)
        return [day | (n * _STEP & _MASK) for n, day in enumerate(days, start=begin)]


@dataclass(frozen=True)
class _Table:
    name: str
    text: str
    values: Callable[[Mapping[str, Any]], tuple[Any, ...]]


class Copier:
    """Makes copies of one life in one week, for windows with given office hours."""

    def __init__(self, prototype: Prototype, weeks: int, *, receiving: Place, home: Place) -> None:
        self._prototype = prototype
        self._move = datetime.timedelta(weeks=weeks)
        self._codes = {"receiving": receiving["receiving_window_code"], "home": home["home_window_code"]}
        self.id_slots = ["case", *sorted({s for s in prototype.known.values() if s.startswith("id")})]
        self.id_days = [self._day_of(slot) << ids.RANDOM_BITS for slot in self.id_slots]
        self._numbered: dict[str, str] = {}
        self._tables = [
            self._table(name, *rows) for name, rows in prototype.tables.items() if name != ENTRIES
        ]
        self._entries = self._entry_bodies(*prototype.tables[ENTRIES])
        self._numbered_slots = list(self._numbered.items())

    def _day_of(self, slot: str) -> int:
        text = next(t for t, s in self._prototype.known.items() if s == slot)
        return (int(text) >> ids.RANDOM_BITS) + self._move.days

    def write(self, slots: dict[str, Any], out: Mapping[str, list[str]]) -> None:
        """Add the rows of a copy to the lists of its tables.

        Args:
            slots: everything that differs: ids, places, people, the applicant.
        """
        for slot, of in self._numbered_slots:
            slots[slot] = ids.number_of(slots[of])
        digest = NOTHING_BEFORE
        rows = out[ENTRIES]
        for body, values, row in self._entries:
            before = digest
            given = values(slots)
            digest = crypto.sm3(before + (body % given).encode())
            rows.append(f"{row % given}\t\\\\x{before.hex()}\t\\\\x{digest.hex()}\n")
        slots["head"] = "\\\\x" + digest.hex()
        for table in self._tables:
            out[table.name].append(table.text % table.values(slots))

    # Templates

    def _table(self, name: str, columns: list[str], rows: list[list[str]]) -> _Table:
        lines, slots = [], []
        for row in rows:
            said = dict(zip(columns, row, strict=True))
            clock = self._clock(said) if name == DUTIES else {}
            cells: list[str] = []
            for column, text in zip(columns, row, strict=True):
                cell, used = self._cell(name, column, clock.get(column, text), said=said)
                cells.append(cell)
                slots += used
            lines.append("\t".join(cells) + "\n")
        return _Table(name, "".join(lines), _getter(slots))

    def _cell(self, table: str, column: str, text: str, *, said: Mapping[str, str]) -> tuple[str, list[str]]:
        if text == "\\N" or (table == DUTIES and column in ("due_at", "amber_at")):
            return text.replace("%", "%%"), []
        if column == "journal_head":
            return "%s", ["head"]
        if table == "cases_caseapplicant" and column in self._prototype.applicant:
            return "%s", [self._prototype.applicant[column]]
        slot = self._prototype.known.get(_kind_of(column, said) + text)
        if slot:
            return "%s", [slot]
        if _STAMP.fullmatch(text):
            return str(datetime.datetime.fromisoformat(text) + self._move), []
        if _DAY.fullmatch(text):
            return str(datetime.date.fromisoformat(text) + self._move), []
        if text[:1] in "[{":
            text = _ISO.sub(self._moved, text)
        return text.replace("%", "%%"), []

    def _moved(self, found: re.Match[str]) -> str:
        return str(datetime.date.fromisoformat(found[0]) + self._move)

    def _clock(self, said: Mapping[str, str]) -> dict[str, str]:
        """Have a duty's clock set as the product sets it, under the calendar of the place that owes it."""
        slot = self._prototype.known[said["calendar_code"]]
        code = self._codes["receiving" if slot.startswith("receiving") else "home"]
        counts_from_at = datetime.datetime.fromisoformat(said["counts_from_at"]) + self._move
        stops = _ISO.sub(self._moved, said["stops"])
        due, amber = clock_of(said["unit"], int(said["amount"]), counts_from_at, stops, code)
        return {"due_at": due, "amber_at": amber}

    def _entry_bodies(self, columns: list[str], rows: list[list[str]]) -> list[tuple[str, Any, str]]:
        return [self._entry(dict(zip(columns, row, strict=True)), columns) for row in rows]

    def _entry(self, said: dict[str, str], columns: list[str]) -> tuple[str, Any, str]:
        assert columns[-2:] == ["digest_before", "digest"], "the digests stand last"
        at = datetime.datetime.fromisoformat(said["at"]) + self._move
        known = self._prototype.known
        actor = known.get(f"person:{said['actor_id']}")
        person = f"%({actor})s" if actor else "null"
        place = f"%({known[said['place']]})s" if said["place"] in known else said["place"]
        payload = self._payload(json.loads(said["payload"].replace("\\\\", "\\")))
        stamp = at.isoformat(timespec="microseconds")
        body = (
            f'[%(case)s,{said["seq"]},"{said["code"]}","{said["article"]}","{stamp}","{stamp}",'
            f'{person},"{said["actor"]}","{place}",{payload}]'
        )
        cells = {**said, "chain_id": "%(case)s", "at": str(at), "recorded_at": str(at), "place": place}
        cells["actor_id"] = "\\N" if person == "null" else person
        cells["payload"] = payload.replace("\\", "\\\\")
        row = "\t".join(cells[c] for c in columns[:-2])
        named = re.compile(r"%\((\w+)\)s")
        slots, again = named.findall(body), named.findall(row)
        assert slots == again, "an entry's digest and its row name the same things in the same order"
        return named.sub("%s", body), _getter(slots), named.sub("%s", row)

    def _payload(self, said: dict[str, Any]) -> str:
        """Write a payload the way its digest takes it, with slots for the numbers of this case's rows."""
        said["bench"] = True
        text = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).replace("%", "%%")
        text = _ISO.sub(self._moved, text)
        for value, slot in self._prototype.known.items():
            if slot.startswith("id") and (number := _number_of(value)) in text:
                self._numbered[f"number_{slot}"] = slot
                text = text.replace(number, f"%(number_{slot})s")
            elif slot in ("receiving", "home", "department"):
                number = value.partition(":")[2]
                text = re.sub(rf'("(?:department|from_window|to_window)":){number}\b', rf"\1%({slot})s", text)
        return text


_number_of = functools.cache(lambda value: ids.number_of(int(value)))  # of the few ids of the lives


def _kind_of(column: str, said: Mapping[str, str]) -> str:
    """Give the word that stands before a small number of a column: what it is the number of."""
    if column == "bearer_id":
        return {"window": "window:", "department": "authority:"}.get(said["bearer_kind"], "")
    if column.endswith("window_id") or column == "watched_by_id":
        return "window:"
    if column == "department_id":
        return "authority:"
    return "person:" if column.endswith(("_by_id", "actor_id", "person_id")) else ""


def _getter(slots: Sequence[str]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    if not slots:
        return lambda _values: ()
    if len(slots) == 1:
        only = slots[0]
        return lambda values: (values[only],)
    return operator.itemgetter(*slots)


_clocks: dict[tuple[Any, ...], tuple[str, str]] = {}


def clock_of(
    unit: str, amount: int, counts_from_at: datetime.datetime, stops: str, code: str
) -> tuple[str, str]:
    """Give `due_at` and `amber_at` of a duty as COPY text; asked once for the same day and office hours."""
    place = directory.calendar_of(code)
    key = (
        unit,
        amount,
        counts_from_at if not amount else counts_from_at.date(),
        stops,
        place.opens,
        place.closes,
    )
    known = _clocks.get(key)
    if known is None:
        duty = Duty(unit=unit, amount=amount, counts_from_at=counts_from_at, stops=json.loads(stops))
        duty.calendar_code = code
        duty_operations.set_clock(duty, calendar=place)
        known = tuple(str(t) if t else "\\N" for t in (duty.due_at, duty.amber_at))  # type: ignore[assignment]
        assert known is not None
        _clocks[key] = known
    return known


def applicant(person: int, case_id: int) -> dict[str, str]:
    """Give the slots of a made-up applicant; the same number is the same person with the same document."""
    chance = Random(person)
    name = chance.choice(_SURNAMES) + chance.choice(_GIVEN) + chance.choice(_GIVEN)
    identity = _identity(person)
    phone = f"139{person % 100_000_000:08d}"
    keys = keyring.current()
    return {
        "applicant_name": name,
        "applicant_identity_sealed": "\\\\x" + keys.seal_text(identity, about=f"identity:{case_id}").hex(),
        "applicant_identity_digest": "\\\\x" + keys.lookup_digest(identity).hex(),
        "applicant_identity_masked": numbers.mask_identity(identity),
        "applicant_phone_sealed": "\\\\x" + keys.seal_text(phone, about=f"phone:{case_id}").hex(),
        "applicant_phone_masked": numbers.mask_phone(phone),
    }


def identity_of(person: int) -> str:
    """Give the made-up identity number of a person."""
    return _identity(person)


def _identity(person: int) -> str:
    """Give a well-formed number: a day of birth and a place for each, and the check digit of GB 11643."""
    area, rest = 520000 + person % 9000, person // 9000
    born = datetime.date(1950, 1, 1) + datetime.timedelta(days=rest % 18000)
    body = f"{area}{born:%Y%m%d}{rest // 18000 % 1000:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]
