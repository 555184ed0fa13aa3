"""The product that burns: one of our own, with a small file store that can be filled and slowed."""

import json
import os
import resource
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from tests.journeys.product import Product
from tongban.command import postgres, processes, running

HERE = Path(__file__).resolve().parent
STORE_SIZE = 512 * 2**20  # bytes of the small disk
_INSIDE = """
import json, os, sys
from tongban.command import running
running.point_to_database()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tongban.config.settings")
import django
django.setup()
"""


class Burning(Product):
    """A product whose file store lies on a disk of its own where that may be mounted."""

    def __init__(self) -> None:
        super().__init__(web_workers=2)
        self.files = self.data / "small-disk"
        self.files.mkdir(mode=0o700)
        self.is_mounted = _mount(self.files)
        self._slow = self.data / "slow"
        self.environment |= {
            "TONGBAN_FILES": str(self.files / "files"),
            "TONGBAN_FIRE_SLOW": str(self._slow),
            "PYTHONPATH": os.pathsep.join(
                [str(HERE / "slow"), *filter(None, [os.environ.get("PYTHONPATH")])]
            ),
        }
        self.cluster = postgres.Cluster(self.data / "postgres")

    @property
    def way_of_filling(self) -> str:
        """Say how the disk is filled."""
        if self.is_mounted:
            return f"a tmpfs of {STORE_SIZE >> 20} MB filled to the last byte (ENOSPC)"
        return "a limit of 0 bytes on the size of files that the web processes write (EFBIG)"

    def end(self) -> None:
        super().end()
        if self.is_mounted:
            subprocess.run(["umount", "-l", str(self.files)], check=False, capture_output=True)

    # What is ours to signal

    def pids(self, part: str) -> list[int]:
        """Give the processes of a part, its leader first; only such as bear this folder's mark."""
        leader = self.child(part)
        if not leader:
            return []
        if part == "postgres":
            inside = processes.working_in(self.cluster.data)
            return [leader, *[pid for pid in inside if pid != leader]] if leader in inside else []
        ours = processes.marked(running.MARK, str(self.data))
        group = [pid for pid in ours if _group_of(pid) == leader]
        return sorted(group, key=lambda pid: pid != leader)

    def child(self, name: str) -> int:
        with suppress(OSError, ValueError):
            return super().child(name)
        return 0

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """Let the store refuse every byte inside the block."""
        if not self.is_mounted:
            with self._limited():
                yield
            return
        ballast = self.files / "ballast"
        try:
            with open(ballast, "wb", buffering=0) as file, suppress(OSError):
                while True:
                    file.write(b"\0" * 2**20)
            with open(ballast, "ab", buffering=0) as file, suppress(OSError):
                while True:
                    file.write(b"\0")
            yield
        finally:
            ballast.unlink(missing_ok=True)

    @contextmanager
    def _limited(self) -> Iterator[None]:
        pids = self.pids("web")
        _limit(pids, 0)
        try:
            yield
        finally:
            _limit(pids, resource.RLIM_INFINITY)

    @contextmanager
    def slow_disk(self, seconds: float) -> Iterator[None]:
        """Let every sync of the product's own files take this long inside the block."""
        self._slow.write_text(str(seconds))
        try:
            yield
        finally:
            self._slow.unlink(missing_ok=True)

    def restart(self, *, gently: bool) -> None:
        """End the supervisor, with everything or by kill -9 alone, and start the product again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM if gently else signal.SIGKILL)
        self._process.wait(60)
        self.begin()

    # Questions from inside

    def ask(self, script: str, *arguments: str) -> Any:
        """Run a script in a process of the product's kind; gives what it prints last, read as JSON."""
        done = subprocess.run(
            [sys.executable, "-c", _INSIDE + script, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=900,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.strip().splitlines()[-1])

    def sql(self, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Ask the database itself."""
        with psycopg.connect(self.cluster.owner_url, connect_timeout=5) as owner:
            return owner.execute(statement, parameters).fetchall()  # type: ignore[arg-type]

    def database_answers(self) -> bool:
        """Tell whether the database takes a real connection now."""
        with suppress(psycopg.Error):
            return bool(self.sql("SELECT 1"))
        return False


def _group_of(pid: int) -> int:
    with suppress(ProcessLookupError):
        return os.getpgid(pid)
    return 0


def _limit(pids: Sequence[int], size: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            _soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


def _mount(folder: Path) -> bool:
    """Put a small disk of its own under a folder; False where that is not allowed."""
    if os.geteuid() != 0:
        return False
    name = f"tongban-fire-{secrets.token_hex(4)}"
    command = ["mount", "-t", "tmpfs", "-o", f"size={STORE_SIZE},mode=0700", name, str(folder)]
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False
