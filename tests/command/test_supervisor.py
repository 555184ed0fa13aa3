"""The supervisor with real processes: a small stand-in for each child, a real database server."""

import json
import os
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

import pytest

from tongban.command import processes, running

STAND_IN = """
import argparse, sys
from tongban.command import supervisor
from tongban.command.main import main
from tongban.command.service import Service

def prepare(self, bell):
    (self.data / "accounts.txt").write_text("clerk.520102 / practice")

def services(self):
    serve = [sys.executable, "-m", "http.server", "--bind", self.listen, str(self.port)]
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    common = dict(folder=self.logs, environment=self._environment())
    return [Service("web", serve, **common), Service("worker", sleep, **common)]

supervisor.Supervisor._prepare = prepare
supervisor.Supervisor._services = services
sys.exit(main(["up"]))
"""


def free_port() -> int:
    with socket.socket() as attempt:
        attempt.bind(("127.0.0.1", 0))
        return int(attempt.getsockname()[1])


class Product:
    """A running stand-in product over its own data folder."""

    def __init__(self) -> None:
        self.data = Path(tempfile.mkdtemp(prefix="tongban-up-", dir="/tmp"))
        self.data.chmod(0o711)
        self.port = free_port()
        self.started: list[subprocess.Popen[str]] = []

    def start(self, **more: str) -> subprocess.Popen[str]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("TONGBAN_")}
        environment |= {"TONGBAN_DATA": str(self.data), "PORT": str(self.port), **more}
        environment["TONGBAN_LIVE_PORT"] = str(free_port())
        process = subprocess.Popen(
            [sys.executable, "-c", STAND_IN], env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.started.append(process)
        return process

    def wait_ready(self, process: subprocess.Popen[str]) -> str:
        """Read what it says up to the practice accounts."""
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if "clerk.520102" in line:
                return said
        raise AssertionError(said)

    def children(self) -> dict[str, int]:
        found: dict[str, int] = json.loads((self.data / "run.json").read_text())["children"]
        return found

    def child(self, name: str, *, other_than: int = 0) -> int:
        """The number of a child, once it is a new one."""
        assert processes.wait_until(lambda: self.children().get(name, other_than) != other_than, 5.0)
        return self.children()[name]

    def everything(self) -> list[int]:
        return [
            *processes.marked(running.MARK, str(self.data)),
            *processes.working_in(self.data / "postgres" / "cluster"),
        ]

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=2):
                return True
        except OSError:
            return False

    def end(self) -> None:
        for process in self.started:
            process.kill()
            process.communicate()
        for pid in self.everything():
            os.kill(pid, signal.SIGKILL)
        processes.wait_until(lambda: not self.everything(), 5.0)
        shutil.rmtree(self.data, ignore_errors=True)


@pytest.fixture
def product() -> Iterator[Product]:
    made = Product()
    yield made
    made.end()


class TestUp:
    @pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
    def test_starts_everything_and_stops_it_on_a_signal(self, product: Product, sign: signal.Signals) -> None:
        up = product.start()
        said = product.wait_ready(up)
        assert f"http://localhost:{product.port}" in said
        assert product.answers()
        assert set(product.children()) == {"web", "worker", "postgres"}
        began = time.monotonic()
        up.send_signal(sign)
        assert up.wait(10) == 0
        assert time.monotonic() - began < 10
        assert product.everything() == []
        assert not (product.data / "run.json").exists()

    def test_starts_killed_children_and_the_database_again(self, product: Product) -> None:
        product.wait_ready(product.start())
        before = product.children()
        for pid in before.values():
            os.kill(pid, signal.SIGKILL)
        for name, pid in before.items():
            assert product.child(name, other_than=pid) != pid
        assert processes.wait_until(product.answers, 5.0)

    def test_leaves_only_the_database_when_killed_and_the_next_start_adopts_it(
        self, product: Product
    ) -> None:
        up = product.start()
        product.wait_ready(up)
        database = product.child("postgres")
        up.kill()
        up.wait()
        assert processes.wait_until(lambda: not processes.marked(running.MARK, str(product.data)), 5.0)
        assert processes.folder_of(database) is not None
        product.wait_ready(product.start())
        assert product.child("postgres") == database

    def test_refuses_to_run_twice_over_the_same_data(self, product: Product) -> None:
        first = product.start()
        product.wait_ready(first)
        second = product.start()
        said, _ = second.communicate(timeout=10)
        assert second.returncode == 1
        assert "already runs" in said and f"process {first.pid}" in said
        assert product.answers()

    def test_refuses_a_port_that_is_taken_before_it_starts_anything(self, product: Product) -> None:
        with socket.socket() as squatter:
            squatter.bind(("127.0.0.1", product.port))
            squatter.listen()
            up = product.start()
            said, _ = up.communicate(timeout=10)
        assert up.returncode == 1
        assert f"Port {product.port}" in said and "Traceback" not in said
        assert product.everything() == []

    def test_a_signal_during_the_start_stops_it_too(self, product: Product) -> None:
        up = product.start()
        assert processes.wait_until(lambda: (product.data / "run.json").exists(), 10.0)
        up.terminate()
        assert up.wait(10) == 0
        assert product.everything() == []

    def test_keeps_the_owner_s_password_from_web_and_worker(self, product: Product) -> None:
        product.wait_ready(product.start())
        secret = json.loads((product.data / "postgres" / "passwords.json").read_text())["tongban_owner"]
        for name in ("web", "worker"):
            environment = Path(f"/proc/{product.child(name)}/environ").read_text()
            assert secret not in environment
            assert "TONGBAN_DATABASE_URL=postgresql://tongban_app:" in environment
