"""The real product in processes of its own, for tests that look at it from outside."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from tongban.command import processes, running

PASSWORD = "tongban-practice-2026"


class Product:
    """`tongban up` over a folder of its own; without `database` it brings its own durable server."""

    def __init__(
        self, *, database: tuple[str, str] | None = None, web_workers: int = 1, **environment: str
    ) -> None:
        self.data = Path(tempfile.mkdtemp(prefix="tongban-journey-", dir="/tmp"))
        self.data.chmod(0o711)
        self.port, self.live_port = _free_port(), _free_port()
        self.address = f"http://localhost:{self.port}"
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("TONGBAN_")}
        self.environment |= {
            "TONGBAN_DATA": str(self.data),
            "TONGBAN_STATIC_ROOT": str(self.data / "static"),
            "TONGBAN_PRACTICE_PASSWORD": PASSWORD,
            "PORT": str(self.port),
            "TONGBAN_LIVE_PORT": str(self.live_port),
            **environment,
        }
        if database:
            self.environment["TONGBAN_DATABASE_URL"] = database[0]
            self.environment["TONGBAN_DATABASE_APP_URL"] = database[1]
        self.web_workers = web_workers
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start everything and wait until it is ready, jobs included."""
        self.begin()
        assert processes.wait_until(self.is_ready, 120.0), (self.data / "up.log").read_text()

    def begin(self) -> None:
        """Start everything, without waiting."""
        with open(self.data / "up.log", "ab") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tongban.command.main", "up", "--web-workers", str(self.web_workers)],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )

    def is_ready(self) -> bool:
        """Tell whether database, queue and storage answer."""
        try:
            with urllib.request.urlopen(f"{self.address}/health/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def command(self, *arguments: str) -> str:
        """Run `tongban …` beside the product; gives what it says, fails when it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "tongban.command.main", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def child(self, name: str) -> int:
        """Give the process of a part of the product: web, worker, postgres; 0 while it is down."""
        return int(json.loads((self.data / "run.json").read_text())["children"].get(name, 0))

    def kill(self, name: str) -> None:
        """kill -9 a part with everything it started, and wait until another has taken its place."""
        killed = self.child(name)
        assert killed, f"{name} is down"
        if name == "postgres":
            os.kill(killed, signal.SIGKILL)
        else:
            os.killpg(killed, signal.SIGKILL)
        assert processes.wait_until(lambda: self.child(name) not in {0, killed}, 20.0), name

    def end(self) -> None:
        """Stop everything and leave nothing behind."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for pid in self._left():
            with contextlib.suppress(ProcessLookupError):  # it may have ended by itself meanwhile
                os.kill(pid, signal.SIGKILL)
        processes.wait_until(lambda: not self._left(), 5.0)
        shutil.rmtree(self.data, ignore_errors=True)

    def _left(self) -> list[int]:
        cluster = self.data / "postgres" / "cluster"
        return [*processes.marked(running.MARK, str(self.data)), *processes.working_in(cluster)]


def _free_port() -> int:
    with socket.socket() as attempt:
        attempt.bind(("127.0.0.1", 0))
        return int(attempt.getsockname()[1])
