"""Machine and disk are lost while people work; the back-up, the copies of the keys and the key bring all back."""

import datetime
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.journeys.product import Product
from tongban.command import postgres, processes, running
from tongban.kernel import ids

CLERKS = 3


class Clerk(threading.Thread):
    """Opens one case after another until the product is gone; what was not answered was not promised."""

    def __init__(self, address: str, token: str) -> None:
        super().__init__(daemon=True)
        self._http = httpx.Client(
            base_url=address, timeout=10, trust_env=False, headers={"Authorization": f"Bearer {token}"}
        )
        self.asked = 0
        self.acknowledged: dict[str, str] = {}

    def run(self) -> None:
        with self._http as http:
            while True:
                key = str(uuid.uuid4())
                self.asked += 1
                try:
                    answer = http.post("/api/v1/cases", json={}, headers={"Idempotency-Key": key})
                except httpx.TransportError:
                    return
                if answer.status_code == 201:
                    self.acknowledged[key] = str(answer.json()["number"])


@dataclass
class Disaster:
    """What is left of an installation that was lost: its back-ups, and what people had been promised."""

    folder: Path
    environment: dict[str, str]
    token: str = ""
    acknowledged: dict[str, str] = field(default_factory=dict)
    unanswered: int = 0
    before_moment: set[str] = field(default_factory=set)
    moment: datetime.datetime | None = None
    clock: str = ""


@pytest.fixture(scope="module")
def disaster() -> Iterator[Disaster]:
    """Run a product with back-ups, let people work, and destroy the machine under their hands."""
    folder = Path(tempfile.mkdtemp(prefix="tongban-backup-", dir="/tmp"))
    environment = {
        "TONGBAN_BACKUP": str(folder / "backup"),
        "TONGBAN_BACKUP_KEYS": str(folder / "keys"),
        "TONGBAN_BACKUP_KEY": str(folder / "backup.key"),
        "TONGBAN_BACKUP_WAIT": "1",
    }
    left = Disaster(folder, environment)
    product = Product(**environment)
    try:
        try:
            product.start()
            _work(product, left)
        finally:
            product.end()
        yield left
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _work(product: Product, left: Disaster) -> None:
    sets = left.folder / "backup" / "sets"
    assert processes.wait_until(lambda: any(sets.glob("*/set.json")), 60.0), "no back-up was made by itself"
    left.clock = product.command("practice", "advance", "3d").partition(",")[2]
    left.token = product.command("token", "clerk.520103")
    clerks = [Clerk(product.address, left.token) for _ in range(CLERKS)]
    for clerk in clerks:
        clerk.start()
    product.command("demo")  # a whole case, with scans and notices
    assert processes.wait_until(lambda: sum(len(c.acknowledged) for c in clerks) > 20, 20.0)
    left.before_moment = {n for c in clerks for n in list(c.acknowledged.values())}
    left.moment = datetime.datetime.now(datetime.UTC)
    assert processes.wait_until(
        lambda: sum(len(c.acknowledged) for c in clerks) > len(left.before_moment) + 20, 20.0
    )
    _destroy(product)
    for clerk in clerks:
        clerk.join(30)
        left.acknowledged |= clerk.acknowledged
        left.unanswered += clerk.asked - len(clerk.acknowledged)


def _destroy(product: Product) -> None:
    """kill -9 everything at once and delete database, files and keys."""
    cluster = product.data / "postgres" / "cluster"
    assert product._process is not None
    os.kill(product._process.pid, signal.SIGKILL)
    for pid in [*processes.working_in(cluster), *processes.marked(running.MARK, str(product.data))]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    product._process.wait()
    assert processes.wait_until(lambda: not processes.working_in(cluster), 10.0)
    shutil.rmtree(product.data)


@pytest.fixture
def bare(disaster: Disaster) -> Iterator[Product]:
    """A new machine: an empty place, and the environment of the old one."""
    product = Product(**disaster.environment)
    yield product
    product.end()


def restore(product: Product, *arguments: str, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "tongban.command.main", "restore", *arguments],
        env={**product.environment, **environment}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def numbers_in(product: Product) -> list[str]:
    cluster = postgres.Cluster(product.data / "postgres")
    with cluster.in_use(), psycopg.connect(cluster.owner_url) as owner:
        return sorted(ids.number_of(row[0]) for row in owner.execute("SELECT id FROM cases_case"))


def questions(product: Product, *asked: str) -> list[object]:
    cluster = postgres.Cluster(product.data / "postgres")
    with cluster.in_use(), psycopg.connect(cluster.owner_url) as owner:
        return [(owner.execute(question).fetchone() or (None,))[0] for question in asked]


@pytest.mark.article("S3")
class TestRestore:
    def test_gives_back_everything_up_to_the_last_acknowledged_write(
        self, disaster: Disaster, bare: Product
    ) -> None:
        code, said = restore(bare)
        assert code == 0, said
        numbers = numbers_in(bare)
        assert [n for n, times in Counter(numbers).items() if times > 1] == []
        promised = set(disaster.acknowledged.values())
        assert len(promised) > 40 and promised <= set(numbers)
        # Beside those: the case of the demonstration, and what was written when the answer could not be given any more
        # (the database dies first, so a clerk may hear once or twice that it is gone before the address is silent).
        assert disaster.unanswered >= CLERKS
        assert len(set(numbers) - promised) <= 1 + disaster.unanswered
        sessions, scans = questions(
            bare, "SELECT count(*) FROM people_session", "SELECT count(*) FROM documents_storedfile"
        )
        assert sessions == 0
        assert int(str(scans)) >= 5
        assert "Healthy" in bare.command("doctor")
        assert "The journal is whole" in bare.command("verify")
        assert bare.command("practice", "show").partition(",")[2] == disaster.clock

        # The installation goes on, with back-ups of its own: those of the disaster are needed once more.
        bare.environment["TONGBAN_BACKUP"] = str(disaster.folder / "going-on")
        shutil.copytree(disaster.folder / "backup", disaster.folder / "going-on")
        bare.start()
        key, number = next(iter(disaster.acknowledged.items()))
        with httpx.Client(base_url=bare.address, trust_env=False, timeout=20) as http:
            headers = {"Authorization": f"Bearer {disaster.token}"}
            again = http.post("/api/v1/cases", json={}, headers={**headers, "Idempotency-Key": key})
            assert (again.status_code, again.json()["number"]) == (201, number), (
                "a repeat must not count twice"
            )
            new = http.post("/api/v1/cases", json={}, headers={**headers, "Idempotency-Key": "new"})
            assert new.status_code == 201
        assert "read back and sound" in bare.command("backup")

    def test_gives_back_a_moment(self, disaster: Disaster, bare: Product) -> None:
        assert disaster.moment is not None
        code, said = restore(bare, "--to", disaster.moment.isoformat())
        assert code == 0, said
        numbers = set(numbers_in(bare))
        assert disaster.before_moment <= numbers
        later = set(disaster.acknowledged.values()) - disaster.before_moment
        assert len(later & numbers) <= CLERKS, "what was written after the moment is there"
        assert "Healthy" in bare.command("doctor")


@pytest.mark.article("S3")
class TestRefusals:
    def test_a_place_that_is_not_empty(self, bare: Product) -> None:
        (bare.data / "precious").touch()
        code, said = restore(bare)
        assert code == 1 and "is not empty (precious)" in said

    def test_the_wrong_key(self, disaster: Disaster, bare: Product) -> None:
        wrong = disaster.folder / "wrong.key"
        wrong.write_text("00" * 16)
        code, said = restore(bare, TONGBAN_BACKUP_KEY=str(wrong))
        assert code == 1 and "sealed with another key" in said

    def test_a_moment_before_the_first_back_up(self, bare: Product) -> None:
        code, said = restore(bare, "--to", "2020-01-01T00:00:00")
        assert code == 1 and "earliest moment within reach" in said

    @pytest.mark.parametrize(
        "part", ["sets/*/base.tar", "sets/*/manifest", "sets/*/set.json", "wal/*.growing", "files/*/*"]
    )
    def test_a_damaged_back_up(self, disaster: Disaster, bare: Product, part: str) -> None:
        copy = disaster.folder / "copy"
        shutil.copytree(disaster.folder / "backup", copy)
        try:
            for path in copy.glob(part):
                content = bytearray(path.read_bytes())
                middle = len(content) // 2
                content[middle] ^= 0x20
                path.write_bytes(content)
            code, said = restore(bare, TONGBAN_BACKUP=str(copy))
        finally:
            shutil.rmtree(copy)
        assert code == 1 and re.search(r"is damaged", said), said

    def test_says_nothing_of_keys_or_content_in_the_clear(self, disaster: Disaster) -> None:
        key = bytes.fromhex((disaster.folder / "backup.key").read_text())
        for path in disaster.folder.rglob("*"):
            if path.is_file() and path.name != "backup.key":
                content = path.read_bytes()
                assert key not in content and key.hex().encode() not in content
                assert b"clerk.520103" not in content, path
                assert b"PG_VERSION" not in content, path
