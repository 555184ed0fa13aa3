"""Questions to the system about processes, and one bond between a child and its parent."""

import ctypes
import os
import pwd
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

Question = Callable[[], bool]
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def end_with_parent(send: signal.Signals) -> Callable[[], None]:
    """Give a `preexec_fn` by which the system sends the child this signal when its parent dies."""
    parent = os.getpid()

    def bind() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(send))
        if os.getppid() != parent:  # it died between fork and here
            os._exit(1)

    return bind


def exists(pid: int) -> bool:
    """Tell whether the number belongs to any process, also one that ended and was not collected."""
    return Path(f"/proc/{pid}").exists()


def folder_of(pid: int) -> Path | None:
    """The working folder of a live process, or None when it has ended or is not ours to ask."""
    try:
        return Path(os.readlink(f"/proc/{pid}/cwd"))
    except OSError:
        return None


def working_in(folder: Path) -> list[int]:
    """List the live processes whose working folder this is."""
    return [pid for pid in _all() if folder_of(pid) == folder]


def marked(name: str, value: str) -> list[int]:
    """List the live processes, this one excepted, that were started with this environment variable."""
    wanted = f"{name}={value}".encode()
    found = []
    for pid in _all():
        try:
            variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if pid != os.getpid() and wanted in variables:
            found.append(pid)
    return found


def user_name(uid: int) -> str:
    """A user's name, or the number when the system knows none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def wait_until(true: Question, seconds: float) -> bool:
    """Ask every 20 ms until the answer is yes; False when it has not come within `seconds`."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _all() -> Iterator[int]:
    for name in os.listdir("/proc"):
        if name.isdigit():
            yield int(name)
