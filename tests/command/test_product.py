"""The real product, started by `tongban up` as a person would: from nothing, twice, and after kills."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tongban.command import postgres, processes, running, seed


class Product:
    """`tongban up` over a folder of its own."""

    def __init__(self) -> None:
        self.data = Path(tempfile.mkdtemp(prefix="tongban-product-", dir="/tmp"))
        self.data.chmod(0o711)
        self.port, self.live_port = free_port(), free_port()
        self.process: subprocess.Popen[str] | None = None
        self.said = ""  # by the first start

    def command(self, *arguments: str) -> subprocess.Popen[str]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("TONGBAN_")}
        environment |= {
            "TONGBAN_DATA": str(self.data),
            "TONGBAN_STATIC_ROOT": str(self.data / "static"),
            "PORT": str(self.port),
            "TONGBAN_LIVE_PORT": str(self.live_port),
        }
        return subprocess.Popen(
            [sys.executable, "-m", "tongban.command.main", *arguments],
            env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def start(self) -> str:
        """Start it and read what it says until it is ready."""
        self.process = self.command("up")
        assert self.process.stdout is not None
        said = ""
        for line in self.process.stdout:
            said += line
            if "Every county, city and province" in line:
                self.said = self.said or said
                return said
        raise AssertionError(said)

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=15)
        return self.process.returncode

    def child(self, name: str) -> int:
        return int(json.loads((self.data / "run.json").read_text())["children"].get(name, 0))

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def everything(self) -> list[int]:
        return [
            *processes.marked(running.MARK, str(self.data)),
            *processes.working_in(self.data / "postgres" / "cluster"),
        ]

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
        for pid in self.everything():
            with contextlib.suppress(ProcessLookupError):  # it may have ended by itself meanwhile
                os.kill(pid, signal.SIGKILL)
        processes.wait_until(lambda: not self.everything(), 5.0)
        shutil.rmtree(self.data, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as attempt:
        attempt.bind(("127.0.0.1", 0))
        return int(attempt.getsockname()[1])


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    made = Product()
    made.start()
    yield made
    made.end()


class TestUp:
    def test_is_ready_from_nothing(self, product: Product) -> None:
        assert product.is_ready()
        loaded = re.search(r"seed data loaded: \d+ rows new or changed \(([\d.]+) s\)", product.said)
        assert loaded and float(loaded[1]) < 60
        assert f"runs at http://localhost:{product.port}" in product.said
        assert seed.PRACTICE_PASSWORD in product.said
        for account in ("clerk.520103", "manager.520103", "group.1", "sysadmin", "secadmin", "auditadmin"):
            assert account in product.said

    @pytest.mark.article("S2", "P26(4)")
    def test_the_application_s_role_cannot_change_the_journal(self, product: Product) -> None:
        cluster = postgres.Cluster(product.data / "postgres")
        with psycopg.connect(cluster.app_url, autocommit=True) as app:
            for table in ("journal_entry", "journal_seal"):
                app.execute(f"SELECT count(*) FROM {table}")
                for forbidden in (f"DELETE FROM {table}", f"TRUNCATE {table}"):
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        app.execute(forbidden)

    @pytest.mark.parametrize("name", ["postgres", "web", "worker"])
    def test_recovers_when_a_part_is_killed(self, product: Product, name: str) -> None:
        killed = product.child(name)
        assert killed
        os.kill(killed, signal.SIGKILL)
        assert processes.wait_until(lambda: product.child(name) not in {0, killed}, 5.0)
        assert processes.wait_until(product.is_ready, 15.0)

    def test_other_commands_find_the_running_database(self, product: Product) -> None:
        said, _ = product.command("db", "status").communicate(timeout=30)
        assert f"process {product.child('postgres')}" in said

    def test_stops_without_a_trace_and_starts_again_with_its_data(self, product: Product) -> None:
        cluster = postgres.Cluster(product.data / "postgres")
        with psycopg.connect(cluster.owner_url, autocommit=True) as owner:
            owner.execute("CREATE TABLE kept AS SELECT 7 AS number")
        assert product.stop() == 0
        assert product.everything() == []
        began = time.monotonic()
        product.start()
        assert time.monotonic() - began < 20  # the goal is 10 on an idle machine
        with psycopg.connect(cluster.owner_url) as owner:
            assert owner.execute("SELECT number FROM kept").fetchone() == (7,)
