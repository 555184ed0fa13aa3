"""`tongban demo` against a real server: a collected and an online case over HTTP to their ends, and their PDFs."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import conftest as project

Environment = dict[str, str]


def _free_port() -> int:
    with socket.socket() as attempt:
        attempt.bind(("127.0.0.1", 0))
        return int(attempt.getsockname()[1])


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health/live", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _demo(environment: Environment, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tongban.command.main", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A seeded database, files and keys of our own, and an address that nobody answers yet."""
    owner, app = project.new_database(f"tongban_demo_{uuid.uuid4().hex[:8]}")
    data = tmp_path_factory.mktemp("data")
    return {
        **os.environ,
        "TONGBAN_DATABASE_URL": owner,
        "TONGBAN_DATABASE_APP_URL": app,
        "TONGBAN_DATA": str(data),
        "TONGBAN_FILES": str(data / "files"),
        "TONGBAN_KEYS": str(data / "keys"),
        "TONGBAN_STATIC_ROOT": str(data / "static"),
        "TONGBAN_ADDRESS": f"http://127.0.0.1:{_free_port()}",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }


@pytest.fixture
def server(environment: Environment) -> Iterator[str]:
    """The web process on its own, as the supervisor would start it, and the files that its pages refer to."""
    make = "import django; django.setup(); from tongban.command import assets; assets.build()"
    settings = {"DJANGO_SETTINGS_MODULE": "tongban.config.settings"}
    subprocess.run([sys.executable, "-c", make], env=environment | settings, check=True)
    address = environment["TONGBAN_ADDRESS"]
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "1"),
            *("--port", address.rsplit(":", 1)[1], "tongban.config.wsgi:application"),
        ],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 120
    while not _answers(address):
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.1)
    yield address
    process.terminate()
    process.wait(timeout=20)


class TestDemo:
    @pytest.mark.article("P21(1)", "P21(2)", "P21(3)", "P21(4)", "P22", "E4")
    def test_plays_two_cases_to_their_ends_and_leaves_genuine_pdfs(
        self, server: str, environment: Environment, tmp_path: Path
    ) -> None:
        said = _demo(environment, "demo", "--folder", str(tmp_path))
        assert said.returncode == 0, said.stdout + said.stderr
        steps = re.findall(r"^ +\d+\. (\S+?)（(P[\d()]+)）", said.stdout, re.MULTILINE)
        names = [name for name, _article in steps]
        assert (names[0], names[17]) == ("登记", "归档办结")
        assert names[18:20] == ["开始填写申请", "提交申请"] and names[-1] == "归档办结"
        assert {article for _name, article in steps} == {"P21(1)", "P21(2)", "P21(3)", "P21(4)", "P22"}
        assert "依法暂停计时" in said.stdout and re.search(r"20\d\d-\d\d-\d\d \d\d:\d\d 前", said.stdout)
        pdfs = sorted(tmp_path.glob("*.pdf"), key=lambda p: p.stem.rsplit("-", 1)[1])
        assert [p.stem.rsplit("-", 1)[1] for p in pdfs] == ["correction", "receipt", "result", "submission"]
        assert said.stdout.count("离线核验为真") == 4
        for pdf in pdfs:
            assert _demo(environment, "verify", str(pdf)).returncode == 0
        doctor = _demo(environment, "doctor", "--json")
        assert doctor.returncode == 0, doctor.stdout

    def test_says_what_to_do_when_the_product_does_not_run(self, environment: Environment) -> None:
        said = _demo(environment, "demo", "--address", f"http://127.0.0.1:{_free_port()}")
        assert said.returncode == 1
        assert "make run" in said.stderr and "Traceback" not in said.stderr
