"""The embedded database server, with real processes."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tongban.command import postgres, processes
from tongban.command.problems import Problem

ROOT = os.geteuid() == 0


@pytest.fixture(scope="module")
def cluster() -> Iterator[postgres.Cluster]:
    with postgres.throw_away() as made:
        yield made


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """An empty folder that every user can pass, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="tongban-test-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def answer(url: str, question: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(question).fetchone()
    return row[0] if row else None


class TestStart:
    def test_gives_the_newest_server_with_a_unicode_database(self, cluster: postgres.Cluster) -> None:
        assert int(str(answer(cluster.owner_url, "SHOW server_version_num"))) >= 180000
        assert answer(cluster.owner_url, "SELECT upper('é') || length('㵘办')::text") == "É2"

    def test_takes_under_a_second_and_a_half_and_keeps_data_and_port(self, cluster: postgres.Cluster) -> None:
        with psycopg.connect(cluster.owner_url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        before = cluster.port
        cluster.stop()
        assert not cluster.is_running()
        began = time.monotonic()
        cluster.start()
        assert time.monotonic() - began < 1.5
        assert cluster.port == before
        assert answer(cluster.owner_url, "SELECT number FROM kept") == 7

    def test_does_nothing_when_it_runs_already(self, cluster: postgres.Cluster) -> None:
        before = cluster.postmaster()
        again = postgres.Cluster(cluster.folder, durable=False)
        again.start()
        assert again.postmaster() == before
        assert again.owner_url == cluster.owner_url

    def test_recovers_from_kill_9_with_everything_that_was_acknowledged(self, open_folder: Path) -> None:
        cluster = postgres.Cluster(open_folder, bound=True)
        try:
            cluster.start()
            with psycopg.connect(cluster.owner_url, autocommit=True) as connection:
                connection.execute("CREATE TABLE acknowledged AS SELECT 1 AS one")
            killed = cluster.postmaster()
            assert killed is not None
            os.kill(killed, signal.SIGKILL)
            cluster.start()
            assert cluster.postmaster() not in {None, killed}
            assert answer(cluster.owner_url, "SELECT one FROM acknowledged") == 1
        finally:
            cluster.destroy()

    def test_is_not_fooled_by_a_note_that_names_a_foreign_process(self, cluster: postgres.Cluster) -> None:
        cluster.stop()
        note = cluster.data / "postmaster.pid"
        note.write_text(f"{os.getpid()}\n{cluster.data}\n0\n{cluster.port}\n\n127.0.0.1\n1 1\nready\n")
        shutil.chown(note, cluster.data.stat().st_uid)
        assert cluster.postmaster() is None
        cluster.start()
        assert cluster.is_running()

    def test_moves_to_another_port_when_its_own_was_taken(self, cluster: postgres.Cluster) -> None:
        cluster.stop()
        before = cluster.port
        with socket.socket() as squatter:
            squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            squatter.bind(("127.0.0.1", before))
            squatter.listen()
            cluster.start()
            assert cluster.port != before
            assert cluster.is_running()

    def test_does_not_take_a_half_made_folder_for_a_database(self, open_folder: Path) -> None:
        cluster = postgres.Cluster(open_folder, durable=False, bound=True)
        half = cluster.place / "cluster.partial"
        half.mkdir()
        (half / "PG_VERSION").write_text("18\n")
        try:
            cluster.start()
            assert cluster.is_running()
        finally:
            cluster.destroy()
        assert not open_folder.exists()

    def test_says_what_the_server_said_when_it_cannot_start(self, open_folder: Path) -> None:
        cluster = postgres.Cluster(open_folder, durable=False, bound=True)
        try:
            cluster.start()
            cluster.stop()
            shutil.rmtree(cluster.data / "global")
            with pytest.raises(Problem, match="global"):
                cluster.start()
        finally:
            cluster.destroy()


class TestRights:
    def test_passwords_are_for_the_caller_alone(self, cluster: postgres.Cluster) -> None:
        kept = cluster.place / "passwords.json"
        assert kept.stat().st_mode & 0o777 == 0o600
        assert kept.stat().st_uid == os.geteuid()

    def test_nobody_gets_in_without_the_password(self, cluster: postgres.Cluster) -> None:
        for role in (postgres.SUPERUSER, postgres.OWNER, postgres.APP):
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(f"postgresql://{role}:wrong@127.0.0.1:{cluster.port}/tongban")

    def test_the_application_cannot_create_tables(self, cluster: postgres.Cluster) -> None:
        with psycopg.connect(cluster.app_url) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("CREATE TABLE mine (id int)")

    def test_the_owner_can_create_databases_but_not_roles(self, cluster: postgres.Cluster) -> None:
        with psycopg.connect(cluster.owner_url, autocommit=True) as owner:
            owner.execute("CREATE DATABASE another")
            owner.execute("DROP DATABASE another")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                owner.execute("CREATE ROLE another")

    def test_the_server_never_runs_as_root(self, cluster: postgres.Cluster) -> None:
        assert Path(f"/proc/{cluster.postmaster()}").stat().st_uid != 0

    @pytest.mark.skipif(not ROOT, reason="only root can be somebody else")
    def test_another_user_is_told_whose_database_it_is(self, cluster: postgres.Cluster) -> None:
        hear, say = os.pipe()
        child = os.fork()
        if child == 0:  # the interpreter may lie where only root reaches it: so no new one
            os.setgroups([])
            os.setuid(1)
            try:
                postgres.Cluster(cluster.folder).start()
            except BaseException as problem:
                os.write(say, f"{type(problem).__name__}: {problem}".encode())
            os._exit(0)
        os.waitpid(child, 0)
        os.close(say)
        with open(hear) as heard:
            said = heard.read()
        assert said.startswith("Problem: ") and "TONGBAN_DATA" in said


class TestOutOfReach:
    @pytest.mark.skipif(not ROOT, reason="only root hands the server to another user")
    def test_root_puts_data_and_programs_where_nobody_can_reach_them(
        self, open_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        closed = open_folder / "closed"
        elsewhere = open_folder / "elsewhere"
        closed.mkdir(mode=0o700)
        elsewhere.mkdir(mode=0o755)
        monkeypatch.setattr(postgres, "ELSEWHERE", elsewhere)
        real = postgres.binaries().parent
        hidden = closed / "wheel" / real.parent.name / real.name
        leave_out = shutil.ignore_patterns("include", "*.a")
        shutil.copytree(real, hidden, symlinks=True, ignore=leave_out)
        libraries = f"{real.parent.name}.libs"
        shutil.copytree(real.parent.with_name(libraries), hidden.parent.with_name(libraries))
        monkeypatch.setattr(postgres, "binaries", lambda version=None: hidden / "bin")
        cluster = postgres.Cluster(closed / "postgres", durable=False, bound=True)
        try:
            cluster.start()
            assert cluster.is_running()
            assert cluster.place.parent == elsewhere
            assert postgres.Cluster(closed / "postgres").place == cluster.place
        finally:
            cluster.destroy()
        said = capsys.readouterr().out
        assert str(closed / "postgres") in said and str(hidden) in said

    @pytest.mark.skipif(not ROOT, reason="only root hands the server to another user")
    def test_root_is_told_the_way_when_there_is_no_other_place(
        self, open_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (open_folder / "closed").mkdir(mode=0o700)
        monkeypatch.setattr(postgres, "ELSEWHERE", open_folder / "missing" / "folder")
        with pytest.raises(Problem, match="chmod"):
            postgres.Cluster(open_folder / "closed" / "postgres").start()


class TestInUse:
    def test_the_last_user_to_leave_stops_the_server(self, cluster: postgres.Cluster) -> None:
        second = postgres.Cluster(cluster.folder, durable=False)
        with cluster.in_use():
            with second.in_use():
                pass
            assert cluster.is_running()
        assert not cluster.is_running()
        cluster.start()


class TestThrowAway:
    def test_leaves_no_process_and_no_folder(self) -> None:
        with postgres.throw_away() as made:
            data, place = made.data, made.place
            assert processes.working_in(data)
        assert not processes.working_in(data)
        assert not place.exists()

    def test_ends_with_the_process_that_made_it_even_when_that_is_killed(self) -> None:
        script = (
            "import time; from tongban.command import postgres\n"
            "with postgres.throw_away() as made: print(made.data, flush=True); time.sleep(60)"
        )
        with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as maker:
            assert maker.stdout is not None
            data = Path(maker.stdout.readline().strip())
            assert processes.working_in(data)
            maker.kill()
        assert processes.wait_until(lambda: not processes.working_in(data), 5.0)
        shutil.rmtree(data.parent)
