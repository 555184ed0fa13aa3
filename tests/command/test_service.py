"""One supervised child, with real processes."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tongban.command import processes
from tongban.command.service import Service

SLEEPER = "import time; print('up', flush=True); time.sleep(60)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"
PARENT = (
    "import subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    "print(child.pid, flush=True); time.sleep(60)"
)


@pytest.fixture
def made() -> Iterator[list[Service]]:
    services: list[Service] = []
    yield services
    for service in services:
        service.end_now()


def service(made: list[Service], folder: Path, script: str) -> Service:
    new = Service("child", [sys.executable, "-c", script], folder=folder, environment=os.environ)
    made.append(new)
    new.start()
    return new


def says(service: Service, text: str) -> bool:
    return processes.wait_until(lambda: text in service.log.read_text(), 10.0)


def hear(service: Service, *, until: str, seconds: float = 10.0) -> list[str]:
    heard: list[str] = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not any(until in line for line in heard):
        heard += service.look_after()
        time.sleep(0.05)
    return heard


class TestLookAfter:
    def test_starts_a_killed_child_again_within_a_second(self, made: list[Service], tmp_path: Path) -> None:
        child = service(made, tmp_path, SLEEPER)
        first = child.pid
        assert first is not None and says(child, "up")
        os.kill(first, signal.SIGKILL)
        began = time.monotonic()
        while child.pid in {first, None}:
            list(child.look_after())
            time.sleep(0.05)
        assert time.monotonic() - began < 1.0
        assert says(child, "up\nup")

    def test_waits_longer_each_time_a_child_fails_at_once(self, made: list[Service], tmp_path: Path) -> None:
        child = service(made, tmp_path, "raise SystemExit(3)")
        heard = hear(child, until="in 1 s")
        ends = [line for line in heard if "exit code 3" in line]
        assert [line.split(" in ")[1].split(" s")[0] for line in ends] == ["0.1", "0.5", "1"]

    def test_repeats_alarming_lines_and_no_others(self, made: list[Service], tmp_path: Path) -> None:
        script = "import time; print('all well'); print('2026 ERROR broken', flush=True); time.sleep(60)"
        heard = hear(service(made, tmp_path, script), until="ERROR")
        assert heard == ["child: 2026 ERROR broken"]

    def test_ends_what_a_dead_child_left_behind(self, made: list[Service], tmp_path: Path) -> None:
        child = service(made, tmp_path, PARENT)
        assert says(child, "\n")
        grandchild = int(child.log.read_text().split()[0])
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        hear(child, until="has ended")
        assert processes.wait_until(lambda: processes.folder_of(grandchild) is None, 5.0)

    def test_begins_a_long_log_anew_and_keeps_the_old_one(
        self, made: list[Service], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tongban.command.service.LOG_LIMIT", 1000)
        script = (
            "import time; print('x' * 2000, flush=True); time.sleep(0.5)\n"
            "print('ERROR later', flush=True); time.sleep(60)"
        )
        child = service(made, tmp_path, script)
        assert hear(child, until="later") == ["child: ERROR later"]
        assert child.log.read_text() == "ERROR later\n"
        assert (tmp_path / "child.log.1").read_text() == "x" * 2000 + "\n"


class TestEnding:
    def test_asks_first(self, made: list[Service], tmp_path: Path) -> None:
        child = service(made, tmp_path, SLEEPER)
        child.ask_to_end()
        assert processes.wait_until(child.has_ended, 5.0)

    def test_ends_a_child_that_does_not_listen(self, made: list[Service], tmp_path: Path) -> None:
        child = service(made, tmp_path, DEAF)
        assert says(child, "up")
        child.ask_to_end()
        assert not processes.wait_until(child.has_ended, 0.3)
        child.end_now()
        assert child.pid is None
