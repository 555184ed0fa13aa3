"""`tongban up`: starts the database, web, job worker and live process, keeps them alive, stops them in order.

Every child leads its own process group, so a Ctrl-C in the terminal reaches the supervisor alone. A child
that dies is started again. Should the supervisor itself be killed, the system ends the children; only the
database goes on, and the next start adopts it.
"""

import argparse
import fcntl
import importlib.util
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from tongban.command import processes, running
from tongban.command.archive import place, replication
from tongban.command.problems import Problem
from tongban.command.service import Service
from tongban.kernel import logs

BEAT = 0.2  # seconds between two looks at the children
READY_WITHIN = 120.0  # seconds that the web process may take to answer for the first time
LEFTOVERS = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what `tongban up` understands."""
    parser.add_argument("--web-workers", type=int, default=2, metavar="N", help="web processes (default 2)")
    parser.add_argument("--threads", type=int, default=4, metavar="N", help="threads of each (default 4)")
    parser.epilog = (
        "Environment: PORT (8000), TONGBAN_DATA (var), TONGBAN_DATABASE_URL (an embedded server), "
        "TONGBAN_PRACTICE (1), TONGBAN_LISTEN (127.0.0.1), TONGBAN_ADDRESS (http://localhost:PORT), "
        "TONGBAN_BACKUP (none; see `tongban backup --help`). "
        "Logs are in TONGBAN_DATA/logs. Stop with Ctrl-C."
    )


def run(options: argparse.Namespace) -> int:
    """Run the product until it is told to stop."""
    return Supervisor(web_workers=options.web_workers, threads=options.threads).run()


class Supervisor:
    """One running product over one data folder."""

    def __init__(self, *, web_workers: int = 2, threads: int = 4) -> None:
        self.data = running.data_folder()
        self.logs = self.data / "logs"
        self.port = int(os.environ.get("PORT") or 8000)
        self.live_port = int(os.environ.get("TONGBAN_LIVE_PORT") or self.port + 1)
        self.listen = os.environ.get("TONGBAN_LISTEN") or "127.0.0.1"
        self.address = (os.environ.get("TONGBAN_ADDRESS") or f"http://localhost:{self.port}").rstrip("/")
        self.web_workers = web_workers
        self.threads = threads
        self.cluster = running.embedded() if running.is_embedded() else None
        self.services: list[Service] = []
        self._stops = 0
        self._noted: dict[str, int] = {}
        self._revive_at = 0.0

    def run(self) -> int:
        """Start everything, watch it, and stop it in order on SIGINT or SIGTERM; returns the exit code."""
        begin = time.monotonic()
        self._make_folders()
        with self._alone(), self._listening() as bell, self._notes():
            self._end_leftovers()
            self._require_ports()
            with self._database():
                if self._stops:
                    return 0
                self._stop_waiting()  # an earlier supervisor that was killed could not
                self._prepare(bell)
                if self._stops:
                    return 0
                self.services = self._services()
                self._wait_for_archive()
                try:
                    for service in self.services:
                        service.start()
                    return self._watch(bell, begin)
                finally:
                    self._stop()

    # Before

    def _make_folders(self) -> None:
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Problem(
                f"{self.data} cannot be used ({error.strerror}): set TONGBAN_DATA to another folder."
            ) from None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Refuse a second supervisor over the same data."""
        try:
            lock = open(self.data / "run.lock", "a")  # noqa: SIM115 (held until the end of the block)
        except PermissionError:
            owner = processes.user_name((self.data / "run.lock").stat().st_uid)
            raise Problem(
                f"{self.data} belongs to the user {owner}: start as that user, or set TONGBAN_DATA."
            ) from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                now = running.state()
                where = f" at {now.address} (process {now.pid})" if now else ""
                raise Problem(f"Tongban already runs with {self.data}{where}.") from None
            yield

    @contextmanager
    def _listening(self) -> Iterator[int]:
        """Turn signals into a bell that the main loop hears; gives the file descriptor to wait on."""
        hear, ring = os.pipe()
        for end in (hear, ring):
            os.set_blocking(end, False)
        before = signal.set_wakeup_fd(ring, warn_on_full_buffer=False)
        kept = {sign: signal.signal(sign, self._ask_to_stop) for sign in (signal.SIGINT, signal.SIGTERM)}
        kept[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        try:
            yield hear
        finally:
            for sign, handler in kept.items():
                signal.signal(sign, handler)
            signal.set_wakeup_fd(before)
            os.close(hear)
            os.close(ring)

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._stops += 1

    @contextmanager
    def _notes(self) -> Iterator[None]:
        self._note()
        try:
            yield
        finally:
            running.forget_state()

    def _note(self) -> None:
        """Keep run.json in step with what runs."""
        children = {service.name: service.pid for service in self.services if service.pid is not None}
        if self.cluster is not None and (pid := self.cluster.postmaster()) is not None:
            children["postgres"] = pid
        if children == self._noted and children:
            return
        self._noted = children
        started_at = datetime.now(UTC).isoformat(timespec="seconds")
        running.write_state(
            running.State(os.getpid(), self.port, self.live_port, self.address, started_at, children)
        )

    def _end_leftovers(self) -> None:
        """End what an earlier supervisor of this folder left behind when it was killed."""
        left = processes.marked(running.MARK, str(self.data))
        for pid in left:
            _signal(pid, signal.SIGTERM)
        if not processes.wait_until(lambda: not processes.marked(running.MARK, str(self.data)), LEFTOVERS):
            for pid in processes.marked(running.MARK, str(self.data)):
                _signal(pid, signal.SIGKILL)

    def _require_ports(self) -> None:
        for port, name in ((self.port, "PORT"), (self.live_port, "TONGBAN_LIVE_PORT")):
            with socket.socket() as attempt:
                attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    attempt.bind((self.listen, port))
                except OSError as error:
                    raise Problem(
                        f"Port {port} on {self.listen} cannot be used ({error.strerror}): "
                        f"set {name} to another, for instance `{name}={port + 100} make run`."
                    ) from None

    @contextmanager
    def _database(self) -> Iterator[None]:
        if self.cluster is None:
            yield
            return
        begin = time.monotonic()
        with self.cluster.in_use():
            self._say(f"database at {self.cluster.place} ({time.monotonic() - begin:.1f} s)")
            yield
            if self._stops:
                self._say("stopping the database")

    def _prepare(self, bell: int) -> None:
        """Bring tables, seed data and made files up to date, in a process of their own."""
        accounts = self.data / "accounts.txt"
        command = [sys.executable, "-m", "tongban.command.preparation", str(accounts)]
        environment = self._environment(owner=True)
        worker = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=processes.end_with_parent(signal.SIGTERM),
        )
        while worker.poll() is None:
            select.select([bell], [], [], BEAT)
            _drain(bell)
            if self._stops:
                worker.terminate()
                try:
                    worker.wait(5)
                except subprocess.TimeoutExpired:
                    worker.kill()
                    worker.wait()
        if worker.returncode and not self._stops:
            raise Problem(
                "The product is not started: preparing the database or its files failed, see above."
            )

    def _environment(self, *, owner: bool = False) -> dict[str, str]:
        """What a child finds in its environment; only preparation gets the owner's password."""
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "tongban.config.settings",
            "PORT": str(self.port),
            "TONGBAN_LIVE_PORT": str(self.live_port),
            "TONGBAN_DATA": str(self.data),
            "PYTHONUNBUFFERED": "1",
            running.MARK: str(self.data),
        }
        if self.cluster is not None:
            environment["TONGBAN_DATABASE_URL"] = self.cluster.owner_url
            environment["TONGBAN_DATABASE_APP_URL"] = self.cluster.app_url
        if not owner and environment.get("TONGBAN_DATABASE_APP_URL"):
            environment["TONGBAN_DATABASE_URL"] = environment["TONGBAN_DATABASE_APP_URL"]
        return environment

    def _services(self) -> list[Service]:
        python = [sys.executable, "-m"]
        granian = [*python, "granian", "--host", self.listen, "--no-ws", "--log-level", "warning"]
        granian += ["--log-config", str(self._log_config())]
        web = [
            *granian, "--port", str(self.port), "--interface", "wsgi", "--workers", str(self.web_workers),
            "--blocking-threads", str(self.threads), "--respawn-failed-workers", "--respawn-interval", "0.5",
            "--workers-kill-timeout", "4", "tongban.config.wsgi:application",
        ]  # fmt: skip
        live = [
            *granian, "--port", str(self.live_port), "--interface", "asgi", "--workers", "1",
            "--workers-kill-timeout", "1", "tongban.web.live:application",
        ]  # fmt: skip
        environment = self._environment()
        services = [
            Service("web", web, folder=self.logs, patience=5.0,
                    environment=environment | {"PROMETHEUS_MULTIPROC_DIR": str(self._counters())}),
            Service("worker", [*python, "tongban.command.worker"], folder=self.logs, environment=environment,
                    patience=4.0),
        ]  # fmt: skip
        if importlib.util.find_spec("tongban.web.live") is not None:
            services.append(Service("live", live, folder=self.logs, environment=environment, patience=1.5))
        return [*services, *self._archiver(environment)]

    def _archiver(self, environment: Mapping[str, str]) -> Iterator[Service]:
        """Give the part that archives the database, where back-ups are switched on; it is the last to be stopped."""
        url = self.cluster.admin_url if self.cluster else os.environ.get("TONGBAN_BACKUP_DATABASE_URL")
        if not place.is_wanted():
            return
        if not url:
            raise Problem(
                "Set TONGBAN_BACKUP_DATABASE_URL: your server as a role with LOGIN and REPLICATION."
            )
        place.folder()
        place.keys_apart()
        command = [sys.executable, "-m", "tongban.command.archiver"]
        own = {**environment, "TONGBAN_BACKUP_DATABASE_URL": url}
        yield Service("archiver", command, folder=self.logs, environment=own, patience=4.0)

    def _wait_for_archive(self) -> None:
        """Let the embedded server acknowledge nothing before the archive has it, where that is asked for."""
        if self.cluster is None:
            return
        if place.waits():
            self.cluster.apply({"synchronous_standby_names": f"'{replication.SLOT}'"})
        elif not place.is_wanted():
            with replication.Line(self.cluster.admin_url) as line:
                line.drop_slot()

    def _stop_waiting(self) -> None:
        if self.cluster is not None and place.waits() and self.cluster.is_running():
            self.cluster.apply({})

    def _log_config(self) -> Path:
        """Write down how the web server is to log: as everything else does."""
        place = self.data / "logging.json"
        place.write_text(json.dumps(logs.configuration(), indent=2))
        return place

    def _counters(self) -> Path:
        """Give an empty folder for what the web processes count together."""
        folder = self.data / "metrics"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    # While it runs

    def _watch(self, bell: int, begin: float) -> int:
        announced = False
        while not self._stops:
            select.select([bell], [], [], BEAT)
            _drain(bell)
            self._revive_database()
            for service in self.services:
                for line in service.look_after():
                    self._say(line)
            self._note()
            if not announced:
                if self._answers():
                    announced = True
                    self._announce(begin)
                elif time.monotonic() - begin > READY_WITHIN + LEFTOVERS:
                    self._say(f"the web process does not answer yet; see {self.logs / 'web.log'}")
                    begin = time.monotonic()
        return 0

    def _revive_database(self) -> None:
        if (
            self.cluster is None
            or self.cluster.postmaster() is not None
            or time.monotonic() < self._revive_at
        ):
            return
        self._say("the database has ended; starting it again")
        try:
            self.cluster.start()
            self._say("the database runs again")
        except Problem as problem:
            self._say(str(problem))
            self._revive_at = time.monotonic() + 5.0

    def _answers(self) -> bool:
        """Ask the web process for a sign of life: any HTTP answer will do."""
        try:
            with socket.create_connection((_reach(self.listen), self.port), timeout=1.0) as connection:
                connection.settimeout(2.0)
                connection.sendall(b"GET /health/live HTTP/1.0\r\nHost: localhost\r\n\r\n")
                return connection.recv(5) == b"HTTP/"
        except OSError:
            return False

    def _announce(self, begin: float) -> None:
        accounts = self.data / "accounts.txt"
        text = accounts.read_text().strip() if accounts.exists() else ""
        seconds = time.monotonic() - begin
        print(f"\nTongban (通办) runs at {self.address}  ({seconds:.1f} s; Ctrl-C stops it)\n", flush=True)
        if text:
            print(f"{text}\n", flush=True)

    # After

    def _stop(self) -> None:
        """Stop the services one by one, each finishing what it has begun; a second signal hurries."""
        self._say("stopping")
        for service in self.services:
            if service.name == "archiver":  # what the others wrote last still had to be archived
                self._stop_waiting()
            service.ask_to_end()
            processes.wait_until(lambda s=service: s.has_ended() or self._stops > 1, service.patience)  # type: ignore[misc]
            service.end_now()

    def _say(self, line: str) -> None:
        print(f"tongban: {line}", flush=True)


def _drain(bell: int) -> None:
    with suppress(BlockingIOError):
        while os.read(bell, 4096):
            pass


def _signal(pid: int, sign: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, sign)


def _reach(listen: str) -> str:
    return "127.0.0.1" if listen in {"0.0.0.0", "::", ""} else listen
