"""The lives that bench cases have lived: each led once, by the product's own operations, and read back as rows.

A life is a list of steps. It is led at the same two windows at the same time of year; `copies` moves it to
other windows, people, weeks and ids.
"""

import datetime
import functools
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection
from PIL import Image

from tongban.cases import queries
from tongban.cases.models import Case
from tongban.cases.operations import acceptance, intake
from tongban.cases.states import FINAL, STEPS, Part
from tongban.catalogue import standards
from tongban.catalogue.models import Procedure
from tongban.people import queries as people
from tongban.people.actors import SYSTEM, Actor
from tongban.people.models import Person
from tongban.web.kit import verbs

FIRST_MONDAY = datetime.datetime(2026, 3, 2, 1, 30, tzinfo=datetime.UTC)  # half past nine in Beijing
IDENTITY, PHONE, NAME = "11010519491231002X", "13800000000", "测试甲"
_RECEIVER, _HOMES = "520103", {"county": "510107", "prefecture": "510100", "province": "510000"}
_HOME_CODE = "510107000000"
TWICE = 60  # lives of this weight are led twice, for different matters
_PROCEDURES = 10  # different matters among the lives
_ANSWERS = {
    "number": "1",
    "date": "2020-01-15",
    "identity_number": IDENTITY,
    "phone": PHONE,
    "address": "520103000000 示例路1号",
}
_ANSWERS |= {"credit_code": "91350100M000100Y43"}
_VALUES = {
    "reason": "申请人改变了主意，不再办理",
    "waybill": "1234567890123",
    "carrier": "邮政速递",
    "days": "10",
    "told_by": "phone",
    "home_code": "510700000000",
    "answer": "已联系申请人补寄",
    "opinion": "符合规定条件",
    "note": "需要现场核查",
    "result_name": "电子证照",
    "remedies": "可以自收到决定之日起六十日内申请行政复议",
    "received_by": NAME,
    "proof": "signature",
    "how": "当面退还",
    "channel": "post",
}


@dataclass(frozen=True)
class Life:
    """The steps of a case after it was entered, and how many of a thousand cases live so."""

    steps: tuple[str, ...]
    weight: int
    channel: str = "online"

    @property
    def state(self) -> str:
        """Where the case stands after the last step."""
        states = [STEPS[name].to for name in self.steps]
        return str(next((s for s in reversed(states) if s is not None), "drafting"))

    @property
    def is_over(self) -> bool:
        """Whether the life has ended."""
        return self.state in FINAL


def _life(steps: str, weight: int, channel: str = "online") -> Life:
    known = {"…accept": "receive send confirm_arrival accept"}
    known["…grant"] = f"{known['…accept']} grant tell_result"
    known["…arrive"] = "receive send confirm_arrival"
    known["…correct"] = "ask_correction bring_correction"
    words = [known.get(word, word) for word in steps.split()]
    return Life(tuple(" ".join(words).split()), weight, channel)


# Weights of the finished add up to about a thousand, and so do those of the open.
LIVES: tuple[Life, ...] = (
    _life("…grant post_result confirm_delivery close", 330),
    _life("…grant post_result confirm_delivery close", 120, "post"),
    _life("…correct …grant post_result confirm_delivery close", 110),
    _life("…grant offer_pickup hand_over close", 90),
    _life("…grant send_result confirm_result_arrival hand_over_here close", 60, "post"),
    _life("…accept hand_off give_opinion grant tell_result post_result confirm_delivery close", 80),
    _life("…accept suspend resume grant tell_result post_result confirm_delivery close", 20),
    _life("…grant post_result fail_delivery post_result confirm_delivery close", 15),
    _life("…accept refuse tell_result post_result confirm_delivery close", 25),
    _life(
        "…arrive ask_home_correction bring_to_home accept grant tell_result offer_pickup hand_over close", 30
    ),
    _life("…arrive decline finish_return_at_home", 25),
    _life("receive withdraw finish_return", 10),
    _life("…arrive withdraw_at_home finish_return_at_home", 10),
    _life("ask_correction lapse", 40),
    _life("withdraw_early", 35),
    # open
    _life("", 90),
    _life("ask_correction", 90),
    _life("…arrive return_case", 15),
    _life("receive", 120),
    _life("receive", 40, "post"),
    _life("receive send", 80, "post"),
    _life("receive send_with_paper", 20, "online_paper"),
    _life("…arrive", 110),
    _life("…arrive ask_relayed_correction", 10),
    _life("…arrive ask_home_correction", 30),
    _life("…accept", 170),
    _life("…accept hand_off", 60),
    _life("…accept suspend", 15),
    _life("…grant", 40),
    _life("…grant post_result", 40),
    _life("…grant send_result", 10),
    _life("…grant offer_pickup", 20),
    _life("…grant send_result confirm_result_arrival", 10),
    _life("…grant post_result fail_delivery", 5),
    _life("…grant post_result confirm_delivery", 15),
    _life("receive withdraw", 5),
    _life("…arrive decline", 5),
)


@dataclass
class Prototype:
    """A life that was led: its rows as COPY text, and the words and numbers that a copy puts others for."""

    life: Life
    begun_at: datetime.datetime
    ended_at: datetime.datetime
    level: str  # of the division that decides
    tables: dict[str, tuple[list[str], list[list[str]]]]  # table → columns, rows
    known: dict[str, str]  # text of a value → name of the slot it goes into
    applicant: dict[str, str]  # column of the applicant → name of its slot


def lead_all() -> list[Prototype]:
    """Lead every life once for one of the matters, in the open transaction, which the caller rolls back."""
    matters = _matters()
    found = []
    for number, life in enumerate(LIVES):
        for turn in range(2 if life.weight >= TWICE else 1):
            matter = matters[(number + 7 * turn) % len(matters)]
            begun_at = FIRST_MONDAY + datetime.timedelta(days=(number + turn) % 5)
            found.append(_Leading(life, matter, begun_at).prototype())
    return found


def _matters() -> list[Procedure]:
    """Give matters of all levels whose standard asks for a handful of papers."""
    rows = Procedure.objects.filter(is_open=True).order_by("key")
    first = [p for p in rows if "person" in p.applicants]
    step = max(1, len(first) // _PROCEDURES)
    return first[::step][:_PROCEDURES]


def _acting(account: str) -> Actor:
    return people.actor_of(Person.objects.get(account=account), on=FIRST_MONDAY.date())


class _Leading:
    """One case on its way through a life."""

    def __init__(self, life: Life, matter: Procedure, begun_at: datetime.datetime) -> None:
        self.life, self.matter, self.begun_at, self.at = life, matter, begun_at, begun_at
        self.receiver = _acting(f"clerk.{_RECEIVER}")
        self.case = self._entered()
        assert self.case.home_window is not None
        self.level = str(self.case.home_window.division.level)
        six = _HOMES[self.level]
        self.home, self.approver = _acting(f"clerk.{six}"), _acting(f"approver.{six}")

    def prototype(self) -> Prototype:
        """Lead the case to its end and read everything back."""
        for name in self.life.steps:
            self._take(name)
        self.case.refresh_from_db()
        tables = rows_of(self.case.id)
        return Prototype(
            self.life, self.begun_at, self.at, self.level, tables, self._known(tables), _applicant_slots()
        )

    def _entered(self) -> Case:
        by, at = self.receiver, self.at
        id_ = intake.open_case(by=by, at=at).id
        intake.choose(id_, procedure_id=self.matter.id, home_code=_HOME_CODE, by=by, at=at)
        case = queries.get(id_, for_=SYSTEM)
        circumstances = standards.of(case.standard).circumstances
        if circumstances:
            intake.choose(id_, circumstance=circumstances[0].key, by=by, at=at)
            case = queries.get(id_, for_=SYSTEM)
        fields = standards.of(case.standard).fields_for(case.circumstance)
        entered: dict[str, Any] = {
            "name": NAME,
            "identity": IDENTITY,
            "is_identity_checked": True,
            "contact_name": NAME,
            "phone": PHONE,
            "channel": self.life.channel,
            "delivery_way": "post",
            "delivery_address": "贵州省贵阳市云岩区示例路1号",
            **{f"form.{f.key}": f.choices[0] if f.type == "choice" else answer(f.type) for f in fields},
        }
        intake.save(id_, entered, by=by, at=at)
        for material in queries.materials_of(id_):
            if self.life.channel != "post":  # what goes online must be scanned
                intake.add_scan(id_, key=material.key, data=_sheet(), name="扫描件.jpg", by=by, at=at)
            intake.mark_material(id_, key=material.key, verdict="passed", by=by, at=at)
        return queries.get(id_, for_=SYSTEM)

    def _take(self, name: str) -> None:
        self.at = _next_working_hour(self.at)
        case = queries.get(self.case.id, for_=SYSTEM)
        if name in ("lapse", "lapse_at_home"):
            self.at += datetime.timedelta(days=14)
            lapse = intake.lapse if name == "lapse" else acceptance.lapse_at_home
            lapse(case.id, by=SYSTEM, at=self.at)
            return
        by = self._by(name)
        first = queries.materials_of(case.id)[0]
        if name in ("ask_correction", "receive"):
            faulty = name == "ask_correction"
            intake.mark_material(
                case.id,
                key=first.key,
                verdict="to_correct" if faulty else "passed",
                advice="复印件不清晰，请重新复印" if faulty else "",
                by=by,
                at=self.at,
            )
        values = {ask.name: self._value(ask, case, first.key) for ask in verbs.verb(name).asks}
        verbs.run(name, case.id, values=values, by=by, at=self.at, revision=case.revision)

    def _by(self, name: str) -> Actor:
        parts = STEPS[name].by
        if Part.DEPARTMENT in parts:
            return self.approver
        return self.home if Part.HOME in parts else self.receiver

    def _value(self, ask: verbs.Ask, case: Case, key: str) -> Any:
        if ask.name == "reason" and ask.choices:
            return ask.choices(case)[1][0]
        if ask.name == "department_id" and ask.choices:
            return ask.choices(case)[0][0]
        if ask.type == "date":
            return (self.at + datetime.timedelta(days=9)).date().isoformat()
        if ask.type == "advice":
            return [{"key": key, "advice": "请补交清晰的复印件"}]
        if ask.type == "keys":
            return []
        if ask.type == "found":
            under_way = [t for t in queries.transfers_of(case.id) if t.arrived_at is None][-1]
            names = ("key", "originals", "copies")
            return [{**{n: s[n] for n in names}, "finding": "ok"} for s in under_way.sheets]
        if ask.name == "waybill" and case.channel != "post" and not ask.required:
            return ""
        return _VALUES.get(ask.name, "")

    def _known(self, tables: Mapping[str, tuple[list[str], list[list[str]]]]) -> dict[str, str]:
        """Give what of this case's values belongs to its places and people: value → slot.

        Small numbers, which mean other things in other columns, stand behind a word for their kind.
        """
        known = {str(self.case.id): "case", _HOME_CODE: "home_code"}
        for slot, acting in (("receiving", self.receiver), ("home", self.home)):
            post = acting.posts[0]
            known |= {f"person:{acting.id}": f"{slot}_person", f"window:{post.window_id}": slot}
            known |= {post.place: f"{slot}_name", post.division_code: f"{slot}_window_code"}
        known[f"person:{self.approver.id}"] = "department_person"
        if self.case.department is not None:
            known[f"authority:{self.case.department_id}"] = "department"
            known[self.case.department.name] = "department_name"
        for _table, (columns, rows) in tables.items():
            if columns[0] == "id":
                for row in rows:
                    known.setdefault(row[0], f"id{len(known)}")
        return known


@functools.cache
def _sheet() -> bytes:
    """Give a small scan; all copies share its content, which lies in the store once."""
    out = io.BytesIO()
    Image.new("L", (620, 877), 245).save(out, format="JPEG")
    return out.getvalue()


def answer(type_: str) -> str:
    return _ANSWERS.get(type_, "示例内容")


def _next_working_hour(at: datetime.datetime) -> datetime.datetime:
    """Give a later hour of the same day, or the next working day's morning after two steps."""
    if at.hour < 3:
        return at + datetime.timedelta(hours=5)
    morning = at.replace(hour=1) + datetime.timedelta(days=1)
    while morning.weekday() > 4:
        morning += datetime.timedelta(days=1)
    return morning


def _applicant_slots() -> dict[str, str]:
    names = ("name", "identity_sealed", "identity_digest", "identity_masked", "phone_sealed", "phone_masked")
    return {name: f"applicant_{name}" for name in names} | {"contact_name": "applicant_name"}


def tables_of_a_case() -> dict[str, str]:
    """Give every table that holds rows of cases, with the column that names the case."""
    found = {Case._meta.db_table: "id"}
    for model in apps.get_models():
        columns = {f.column for f in model._meta.local_concrete_fields}
        for name in ("case_id", "chain_id"):
            if name in columns and model is not Case and "seal_number" not in columns:
                found[model._meta.db_table] = name
    return found


def rows_of(case_id: int) -> dict[str, tuple[list[str], list[list[str]]]]:
    """Read every row of a case as COPY writes it: table → (columns, rows), the case's own first."""
    found = {}
    with connection.cursor() as cursor:
        for table, column in tables_of_a_case().items():
            cursor.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
                " AND NOT attisdropped ORDER BY attnum",
                [table],
            )
            columns = [name for (name,) in cursor.fetchall()]
            order = "seq" if "seq" in columns else columns[0]
            rows = _copied(table, columns, f'"{column}" = {int(case_id)} ORDER BY "{order}"')
            if rows:
                found[table] = (columns, rows)
    return found


def _copied(table: str, columns: Sequence[str], where: str) -> list[list[str]]:
    names = ", ".join(f'"{c}"' for c in columns)
    with (
        connection.cursor() as cursor,
        cursor.copy(f'COPY (SELECT {names} FROM "{table}" WHERE {where}) TO STDOUT') as out,
    ):
        text = b"".join(bytes(block) for block in out).decode()
    return [line.split("\t") for line in text.split("\n") if line]
