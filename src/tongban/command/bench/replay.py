"""What pgbench does beside the product: the very SQL of a request sent again, and the bare case of the findings."""

import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection
from django.test import Client

from tongban.command.bench import findings, statements, works
from tongban.command.bench.products import Product
from tongban.command.problems import Problem
from tongban.kernel import ids

_BIG = 1 << 50  # ids of rows are above, other numbers below
_IDS = "random(1200000000000000, 9000000000000000)"
# One case as the findings of the design had it: case, applicant, four materials, journal entry, message.
_BARE_TABLES = """
DROP TABLE IF EXISTS bare_message, bare_entry, bare_material, bare_applicant, bare_case;
CREATE TABLE bare_case (id bigint PRIMARY KEY, state text NOT NULL, receiving bigint NOT NULL, home bigint,
  opened_at timestamptz NOT NULL, form jsonb NOT NULL, seq int NOT NULL, head bytea NOT NULL);
CREATE INDEX ON bare_case (receiving, id DESC);
CREATE TABLE bare_applicant (case_id bigint PRIMARY KEY REFERENCES bare_case, name text, identity bytea, digest bytea);
CREATE INDEX ON bare_applicant (digest);
CREATE TABLE bare_material (id bigint PRIMARY KEY, case_id bigint NOT NULL REFERENCES bare_case, key text, name text,
  originals int, copies int, verdict text);
CREATE INDEX ON bare_material (case_id);
CREATE TABLE bare_entry (case_id bigint, seq int, code text, at timestamptz, actor text, payload jsonb,
  before bytea, digest bytea, PRIMARY KEY (case_id, seq));
CREATE TABLE bare_message (id bigint PRIMARY KEY, case_id bigint NOT NULL, kind text, body jsonb, at timestamptz);
INSERT INTO bare_case SELECT n, 'received', n % 500, 7, now(), '{}', 1, '\\x00' FROM generate_series(1, 20000) n;
"""
_HASH = "decode('" + "ab" * 32 + "', 'hex')"
_BARE_CREATE = f"""
\\set id {_IDS}
\\set m {_IDS}
\\set m1 :m + 1
\\set m2 :m + 2
\\set m3 :m + 3
BEGIN;
INSERT INTO bare_case VALUES (:id, 'drafting', 17, 23, now(), '{{"licence_class" : "C1"}}', 1, {_HASH});
INSERT INTO bare_applicant VALUES (:id, 'applicant', {_HASH}, {_HASH});
INSERT INTO bare_material VALUES (:m, :id, 'a', 'paper', 1, 0, ''), (:m1, :id, 'b', 'paper', 1, 0, ''),
  (:m2, :id, 'c', 'paper', 0, 1, ''), (:m3, :id, 'd', 'paper', 0, 1, '');
INSERT INTO bare_entry VALUES (:id, 1, 'case.open', now(), 'clerk', '{{"to" : "drafting"}}', {_HASH}, {_HASH});
INSERT INTO bare_message VALUES (:m, :id, 'opened', '{{"to" : "applicant"}}', now());
COMMIT;
"""
_BARE_STEP = f"""
\\set id random(1, 20000)
\\set m {_IDS}
\\set seq random(2, 2000000000)
BEGIN;
SELECT * FROM bare_case WHERE id = :id FOR UPDATE;
UPDATE bare_case SET state = 'in_transfer', seq = seq + 1, head = {_HASH} WHERE id = :id;
INSERT INTO bare_entry VALUES (:id, :seq, 'case.send', now(), 'clerk', '{{"to" : "sent"}}', {_HASH}, {_HASH});
INSERT INTO bare_message VALUES (:m, :id, 'sent', '{{"to" : "applicant"}}', now());
COMMIT;
"""


class Bare:
    """The bare case, in tables of its own beside the product's."""

    def __init__(self, product: Product, folder: Path) -> None:
        self._url = product.database
        with psycopg.connect(self._url) as into:
            into.execute(_BARE_TABLES.encode())
        self._create, self._step = folder / "bare_create.sql", folder / "bare_step.sql"
        self._create.write_text(_one_a_line(_BARE_CREATE))
        self._step.write_text(_one_a_line(_BARE_STEP))

    def create(self, seconds: float) -> float:
        """Give bare cases a second."""
        return statements.pgbench(self._url, self._create, clients=works.CLIENTS, seconds=seconds)

    def step(self, seconds: float) -> float:
        """Give bare steps a second."""
        return statements.pgbench(self._url, self._step, clients=works.CLIENTS, seconds=seconds)


def _one_a_line(script: str) -> str:
    return script.replace(",\n  ", ", ").strip() + "\n"


class Replay:
    """The SQL of "open a case" and of "take a step" as the product's API sends it, for pgbench."""

    def __init__(self, product: Product, folder: Path) -> None:
        self._product, self._folder = product, folder
        rows = product.rows(f"{works.RECEIVED} OFFSET %s", [works.CLIENTS + 1, works.CLIENTS])
        if len(rows) <= works.CLIENTS:
            raise Problem("There are too few received cases to take steps on: seed more.")
        self._cases = [int(row[0]) for row in rows[1:]]
        self._round = 0
        self.opening, opened = _recorded_opening(product, rows[0])
        self.stepping, stepped = _recorded_step(product, rows[0])
        self._step, self._step_names = stepped
        self._create = folder / "create.sql"
        names = opened[1]
        first = [f"\\set {name} {_IDS}" for name in dict.fromkeys(names.values())]
        self._create.write_text(statements.script(opened[0], names=names, first=first))

    def create(self, seconds: float) -> float:
        """Give how many times a second pgbench sends what opens a case."""
        return statements.pgbench(
            self._product.database, self._create, clients=works.CLIENTS, seconds=seconds
        )

    def step(self, seconds: float) -> float:
        """Give how many times a second pgbench sends what takes a step, each client on a case of its own."""
        self._round += 1
        rows = self._product.rows(
            "SELECT case_id, id FROM duties_duty WHERE case_id = ANY(%s) AND is_turn AND done_at IS NULL",
            [self._cases],
        )
        turns = dict(rows)
        first = [
            "\\set case " + _by_client({n: c for n, c in enumerate(self._cases)}),
            "\\set turn CASE WHEN :n = 0 THEN ("
            + _by_client({n: turns[c] for n, c in enumerate(self._cases)})
            + ") ELSE :next END",
            f"\\set next {_IDS}",
            f"\\set key {_IDS}",
            f"\\set seq {self._round * 1_000_000} + :n",
            "\\set n :n + 1",
        ]
        file = self._folder / "step.sql"
        file.write_text(statements.script(self._step, names=self._step_names, first=first))
        return statements.pgbench(
            self._product.database,
            file,
            clients=works.CLIENTS,
            seconds=seconds,
            variables={"n": 0, "next": 0},
        )


def _by_client(values: Mapping[int, int]) -> str:
    return "CASE " + " ".join(f"WHEN :client_id = {n} THEN {v}" for n, v in values.items()) + " END"


def _sent(token: str, path: str, body: Mapping[str, Any]) -> tuple[statements.Recording, dict[str, Any], str]:
    """Send a request to the product in this very process, and give what it sent, its answer and its key."""
    key = str(uuid.uuid4())
    client = Client(
        headers={"Authorization": f"Bearer {token}", "Idempotency-Key": key}, SERVER_NAME="localhost"
    )
    with statements.recording() as found:
        answer = client.post(f"/api/v1{path}", json.dumps(body), content_type="application/json")
    if answer.status_code not in (200, 201):
        raise Problem(f"{path} was answered with {answer.status_code}: {answer.content[:300].decode()}")
    return found, answer.json(), key


def _counted(found: statements.Recording) -> findings.Counted:
    work = [s for s in found.statements if s.text not in ("BEGIN", "COMMIT")]
    return findings.Counted(len(work), found.trips, found.trips_within)


def _recorded_opening(
    product: Product, row: Any
) -> tuple[findings.Counted, tuple[statements.Recording, dict[Any, str]]]:
    token = product.token(f"clerk.{str(row[1])[:6]}")
    _sent(token, "/cases", {})  # warm
    found, _answer, key = _sent(token, "/cases", {})
    fresh = [v for s in found.statements for v in s.values if isinstance(v, int) and v > _BIG]
    names: dict[Any, str] = {value: f"id{n}" for n, value in enumerate(dict.fromkeys(fresh))}
    return _counted(found), (found, names | {key: "key"})


def _recorded_step(
    product: Product, row: Any
) -> tuple[findings.Counted, tuple[statements.Recording, dict[Any, str]]]:
    case_id, code, revision, channel = row
    token = product.token(f"clerk.{str(code)[:6]}")
    path = f"/cases/{ids.number_of(case_id)}/steps/choose_channel"
    ways = ("online", "post") if channel == "post" else ("post", "online")
    answer = _sent(token, path, {"revision": revision, "channel": ways[0]})[1]
    turn = product.rows(
        "SELECT id FROM duties_duty WHERE case_id = %s AND is_turn AND done_at IS NULL", [case_id]
    )[0][0]
    found, _answer, key = _sent(token, path, {"revision": answer["revision"], "channel": ways[1]})
    connection.close()
    fresh = {v for s in found.statements for v in s.values if isinstance(v, int) and v > _BIG} - {
        case_id,
        turn,
    }
    names: dict[Any, str] = {case_id: "case", turn: "turn", key: "key"} | {v: "next" for v in fresh}
    return _counted(found), (found, names)
