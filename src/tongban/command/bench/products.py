"""The product over a bench database, in processes of its own; and what those processes weigh."""

import datetime
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

from tongban.command import postgres, processes, seed
from tongban.command.bench import clients
from tongban.command.problems import Problem
from tongban.kernel import crypto

READY_WITHIN = 240.0


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as attempt:
        attempt.bind(("127.0.0.1", 0))
        return int(attempt.getsockname()[1])


class Product:
    """`tongban up` over a data folder, for the time of a `with` block."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port, self.live_port = free_port(), free_port()
        self.seconds = 0.0  # that it took to start
        self._process: subprocess.Popen[bytes] | None = None

    def environment(self) -> dict[str, str]:
        """What a process needs to know to work on this folder and no other."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("TONGBAN_")}
        return kept | {
            "TONGBAN_DATA": str(self.data),
            "TONGBAN_PRACTICE_PASSWORD": seed.PRACTICE_PASSWORD,
            "TONGBAN_PROXIES": "1",  # we stand where an installation's proxy stands, and say who comes
            "PORT": str(self.port),
            "TONGBAN_LIVE_PORT": str(self.live_port),
        }

    def __enter__(self) -> Self:
        begin = time.monotonic()
        self.data.mkdir(parents=True, exist_ok=True)
        with open(self.data / "up.log", "wb") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tongban.command.main", "up"],
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                preexec_fn=processes.end_with_parent(signal.SIGTERM),
            )
        if not processes.wait_until(self._is_ready, READY_WITHIN):
            self.__exit__(None, None, None)
            raise Problem(f"The product did not start: see {self.data / 'up.log'}")
        self.seconds = time.monotonic() - begin
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(60)

    def _is_ready(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise Problem(f"The product ended at once: see {self.data / 'up.log'}")
        try:
            return clients.Client(self.port).ask("GET", "/health/ready")[0] == 200
        except OSError:
            return False

    @property
    def database(self) -> str:
        """The address of its database, as the owner."""
        return postgres.Cluster(self.data / "postgres").owner_url

    def rows(self, query: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Ask its database."""
        with psycopg.connect(self.database) as into:
            return into.execute(query.encode(), parameters).fetchall()

    def token(self, account: str) -> str:
        """Make a bearer token, as `tongban token` does."""
        secret, now = f"tb_{secrets.token_urlsafe(32)}", datetime.datetime.now(datetime.UTC)
        with psycopg.connect(self.database) as into:
            into.execute(
                "INSERT INTO people_token (digest, person_id, made_at, expires_at)"
                " SELECT %s, id, %s, %s FROM people_person WHERE account = %s",
                [crypto.sm3(secret.encode()), now, now + datetime.timedelta(days=2), account],
            )
        return secret

    def program(self, account: str) -> clients.Program:
        """Give a program that acts for an account."""
        return clients.Program(self.port, self.token(account))

    def person(self, account: str) -> clients.Person:
        """Give somebody who signed in."""
        return clients.Person(self.port, account, seed.PRACTICE_PASSWORD)

    def labour(self) -> float:
        """Give the seconds of processor time that it, its database and this process have used so far."""
        mine = os.times()
        whole = mine.user + mine.system + mine.children_user + mine.children_system
        server = postgres.Cluster(self.data / "postgres").postmaster()
        pids = {*processes.marked("TONGBAN_RUN", str(self.data)), *(_family(server) if server else ())}
        return whole + sum(_used(pid) for pid in pids)

    def weights(self) -> Mapping[str, list[float]]:
        """Give the resident megabytes of its Python processes that serve: web workers, job worker, live."""
        found: dict[str, list[float]] = {"web": [], "worker": [], "live": []}
        for pid in processes.marked("TONGBAN_RUN", str(self.data)):
            said = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            name = next((n for n, mark in _MARKS.items() if mark in said), "")
            if name:
                found[name].append(_resident(pid))
        # granian's own supervisor weighs less than those that serve
        return {name: sorted(sizes, reverse=True)[: _SERVE[name]] for name, sizes in found.items()}


_MARKS = {"web": "tongban.config.wsgi", "worker": "tongban.command.worker", "live": "tongban.web.live"}
_SERVE = {"web": 2, "worker": 1, "live": 1}


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def _used(pid: int) -> float:
    """Give the processor time of a process and of those it has outlived, in seconds."""
    try:
        said = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, said[11:15])) / os.sysconf("SC_CLK_TCK")


def _resident(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines if line.endswith("kB")}
    return kilobytes.get("Rss", 0) / 1024
