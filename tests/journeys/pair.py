"""Two database servers of one's own, the second following the first, as an administrator would set them up."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg

from tongban.command import postgres, processes


class Pair:
    """A leading server and a standby that has everything acknowledged before the client hears of it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tongban-pair-", dir="/tmp"))
        self.folder.chmod(0o711)
        self.first = postgres.Cluster(self.folder / "first", bound=True)
        self.second = postgres.Cluster(self.folder / "second", bound=True)

    def start(self) -> None:
        """Start both, the second as a synchronous standby of the first."""
        self.first.start()
        self._copy()
        self.second.start()
        with psycopg.connect(self._admin(self.first), autocommit=True) as admin:
            admin.execute("ALTER SYSTEM SET synchronous_standby_names = 'second'")
            admin.execute("SELECT pg_reload_conf()")
            assert processes.wait_until(lambda: _is_synchronous(admin), 10.0)

    def _copy(self) -> None:
        passwords = self.first.place / "passwords.json"
        shutil.copy(passwords, self.second.place / "passwords.json")
        password = json.loads(passwords.read_text())[postgres.SUPERUSER]
        line = (
            f"host=127.0.0.1 port={self.first.port} user={postgres.SUPERUSER} password={password} "
            "application_name=second"
        )
        self.second.data.mkdir(mode=0o700)
        shutil.chown(self.second.data, self.first.data.stat().st_uid, self.first.data.stat().st_gid)
        subprocess.run(
            [self.first._binary("pg_basebackup"), "-d", line, "-D", self.second.data, "-R",
             "-C", "-S", "second", "-c", "fast"],
            **self.first._as_server_user(), check=True,
        )  # fmt: skip

    def url(self, role: str) -> str:
        """Give the address of both, the first named first."""
        one = self.first.url(role)
        both = f"127.0.0.1:{self.first.port},127.0.0.1:{self.second.port}"
        return f"{one.split('@')[0]}@{both}/{postgres.DATABASE}?target_session_attrs=read-write"

    def kill_first(self) -> None:
        """kill -9 the leading server."""
        killed = self.first.postmaster()
        assert killed is not None
        os.kill(killed, signal.SIGKILL)

    def promote_second(self) -> None:
        """Let the standby lead."""
        with psycopg.connect(self._admin(self.second), autocommit=True) as admin:
            row = admin.execute("SELECT pg_promote(true, 30)").fetchone()
        assert row == (True,)

    def bring_first_back(self) -> None:
        """Start the old leader as nobody ever should: as it was, and not even waiting for a standby."""
        (self.first.data / "postgresql.auto.conf").write_text("")
        self.first.start()

    def cases_in(self, cluster: postgres.Cluster) -> list[int]:
        """Give the ids of all cases in one of the two, each as often as it is there."""
        with psycopg.connect(cluster.owner_url) as owner:
            return sorted(row[0] for row in owner.execute("SELECT id FROM cases_case"))

    def end(self) -> None:
        """Leave nothing behind."""
        self.second.destroy()
        self.first.destroy()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _admin(self, cluster: postgres.Cluster) -> str:
        return cluster.url(postgres.SUPERUSER, "postgres")


def _is_synchronous(admin: "psycopg.Connection[tuple[object, ...]]") -> bool:
    row = admin.execute(
        "SELECT sync_state FROM pg_stat_replication WHERE application_name = 'second'"
    ).fetchone()
    return row == ("sync",)
