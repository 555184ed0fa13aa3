"""One child of the supervisor: its process, its log file, and how soon it is started again."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tongban.command import processes

DELAYS = (0.1, 0.5, 1.0, 2.0, 4.0)  # seconds before the first, second … restart in a row
STEADY = 6.0  # a child that lived this long had begun to serve: people wait for it, no delay is due
LOG_LIMIT = 20_000_000  # bytes; then the file is kept once as .1 and begun anew
ALARMING = re.compile(r"\b(ERROR|CRITICAL|FATAL|Traceback|Exception|panicked)\b|^\w+(\.\w+)*(Error|Problem):")


class Service:
    """A command that is kept running; it writes straight into its own log."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        patience: float = 5.0,
    ) -> None:
        """`patience`: seconds between asking it to end and ending it."""
        self.name = name
        self.command = list(command)
        self.environment = dict(environment)
        self.patience = patience
        self.log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self._due = 0.0
        self._failures = 0
        self._read = 0

    @property
    def pid(self) -> int | None:
        """The process, and at the same time its group; None while it is down."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start the process in a group of its own, bound to the life of this one."""
        with open(self.log, "ab") as log:
            self._read = self._read or log.tell()
            self._process = subprocess.Popen(
                self.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=processes.end_with_parent(signal.SIGTERM),
            )
        self._began = time.monotonic()

    def look_after(self) -> Iterator[str]:
        """Start the process again when it has died and its time has come; yields what people should hear."""
        yield from self._alarms()
        if self._process is not None and (code := self._process.poll()) is not None:
            self._signal_group(signal.SIGKILL)  # what it leaves behind would hold its port
            self._failures = 0 if time.monotonic() - self._began > STEADY else self._failures + 1
            delay = DELAYS[min(max(self._failures - 1, 0), len(DELAYS) - 1)]
            self._due = time.monotonic() + delay
            self._process = None
            yield f"{self.name} has ended ({_reason(code)}); starting it again in {delay:g} s, see {self.log}"
        if self._process is None and time.monotonic() >= self._due:
            self.start()

    def has_ended(self) -> bool:
        """Tell whether the process is down."""
        return self._process is None or self._process.poll() is not None

    def ask_to_end(self) -> None:
        """Ask the process to finish what it has begun and end."""
        if not self.has_ended() and self._process is not None:
            self._process.terminate()

    def end_now(self) -> None:
        """End the process and everything it started."""
        if self._process is not None:
            self._signal_group(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def _signal_group(self, sign: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, sign)

    def _alarms(self) -> Iterator[str]:
        """Yield the log's new lines that speak of errors, and begin the log anew when it has grown long."""
        with suppress(FileNotFoundError):
            if self.log.stat().st_size <= self._read:
                return
            with open(self.log, "rb") as log:
                log.seek(self._read)
                fresh = log.read(1_000_000)
            whole = fresh[: fresh.rfind(b"\n") + 1] or fresh
            self._read += len(whole)
            for line in whole.decode(errors="replace").splitlines():
                if ALARMING.search(line):
                    yield f"{self.name}: {line}"
            if self._read > LOG_LIMIT:
                self.log.replace(
                    self.log.with_suffix(".log.1")
                ) if self._process is None else self._copy_away()

    def _copy_away(self) -> None:
        """Keep the log as .1 and empty it in place: the process goes on writing to the same file."""
        self.log.with_suffix(".log.1").write_bytes(self.log.read_bytes())
        os.truncate(self.log, 0)
        self._read = 0


def _reason(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"
