"""What is done to the product: kill -9 of every part, a full and a slow disk, frozen processes, restarts."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import httpx

from tests.fire.burning import Burning
from tongban.command import processes

SERVED_WITHIN = 60.0
FIRST = frozenset({"kill web", "kill worker", "kill database", "full disk", "kill live"})
CALM = (0.5, 3.0)  # seconds of undisturbed work before the next fault


@dataclass
class Struck:
    """One fault: what, how many processes were killed, and how long until the product served again."""

    what: str
    killed: int
    database_back: float  # seconds from the blow until the database took connections; 0 where it was not hit
    served: float  # seconds from then until a signed-in read through web and database was answered


class Probe(threading.Thread):
    """Asks all the time, and knows since when it is being answered again."""

    def __init__(self, address: str, token: str, is_over: threading.Event) -> None:
        super().__init__(name="probe", daemon=True)
        self._http = httpx.Client(base_url=address, timeout=1.5, trust_env=False)
        self._headers = {"Authorization": f"Bearer {token}"}
        self._is_over = is_over
        self.last_asked = 0.0  # when the last question that was answered was asked

    def run(self) -> None:
        while not self._is_over.wait(0.05):
            asked = time.monotonic()
            with suppress(httpx.TransportError):
                if self._http.get("/api/v1/me", headers=self._headers).status_code == 200:
                    self.last_asked = asked

    def wait_for(self, since: float) -> float | None:
        """Wait until a question asked since then was answered; gives the seconds from then to its asking."""
        if processes.wait_until(lambda: self.last_asked > since, SERVED_WITHIN):
            return self.last_asked - since
        return None


class Faults:
    """Strikes at random until it is told to stop."""

    def __init__(self, product: Burning, probe: Probe, *, chance: random.Random, say: Callable[[str], None]):
        self.product = product
        self.probe = probe
        self.chance = chance
        self.say = say
        self.struck: list[Struck] = []
        self.never_served: list[str] = []
        self._ways: dict[str, tuple[int, Callable[[], int]]] = {
            "kill web": (4, lambda: self._kill("web")),
            "kill one web process": (3, lambda: self._kill_one("web")),
            "kill worker": (4, lambda: self._kill("worker")),
            "kill live": (2, lambda: self._kill("live")),
            "kill database": (4, lambda: self._kill_leader("postgres")),
            "kill one database process": (2, lambda: self._kill_one("postgres")),
            "full disk": (3, self._full_disk),
            "slow disk": (2, self._slow_disk),
            "frozen web": (1, lambda: self._freeze("web")),
            "frozen database": (1, lambda: self._freeze("postgres")),
            "restart": (1, lambda: self._restart(gently=True)),
            "kill supervisor": (1, lambda: self._restart(gently=False)),
        }

    def run(self, seconds: float) -> None:
        """Strike for so long: what matters most first, each way once, then again and again by its weight."""
        end = time.monotonic() + seconds
        waiting = sorted(self._ways, key=lambda name: (name in FIRST, self.chance.random()))
        while time.monotonic() < end:
            name = waiting.pop() if waiting else self._choose()
            self._strike(name)
            time.sleep(self.chance.uniform(*CALM))

    def _choose(self) -> str:
        weights = [weight for weight, _way in self._ways.values()]
        return self.chance.choices(list(self._ways), weights)[0]

    def _strike(self, name: str) -> None:
        begin = time.monotonic()
        killed = self._ways[name][1]()
        since, back = time.monotonic(), 0.0
        if "kill" in name:
            since = begin  # the blow is a moment; a disk or a frozen process is measured from its end
        if "database" in name or name in ("restart", "kill supervisor"):
            processes.wait_until(self.product.database_answers, SERVED_WITHIN)
            back, since = time.monotonic() - begin, time.monotonic()
        served = self.probe.wait_for(since)
        if served is None:
            self.never_served.append(name)
            self.say(f"{name}: not served again within {SERVED_WITHIN:.0f} s")
            return
        self.struck.append(Struck(name, killed, back, served))
        self.say(
            f"{name}: {killed} killed, served again after {served:.1f} s"
            + (f" (database {back:.1f} s)" if back else "")
        )

    def _kill(self, part: str) -> int:
        return _signal(self.product.pids(part), signal.SIGKILL)

    def _kill_leader(self, part: str) -> int:
        return _signal(self.product.pids(part)[:1], signal.SIGKILL)

    def _kill_one(self, part: str) -> int:
        children = self.product.pids(part)[1:]
        return _signal([self.chance.choice(children)] if children else [], signal.SIGKILL)

    def _full_disk(self) -> int:
        with self.product.full_disk():
            time.sleep(self.chance.uniform(1.5, 4))
            if self.chance.random() < 0.5:
                return self._kill("web")
        return 0

    def _slow_disk(self) -> int:
        with self.product.slow_disk(self.chance.uniform(0.2, 1.0)):
            time.sleep(self.chance.uniform(2, 4))
            if self.chance.random() < 0.5:
                return self._kill_one("web")
        return 0

    def _freeze(self, part: str) -> int:
        pids = self.product.pids(part)
        _signal(pids, signal.SIGSTOP)
        try:
            time.sleep(self.chance.uniform(0.5, 3))
        finally:
            _signal(pids, signal.SIGCONT)
        return 0

    def _restart(self, *, gently: bool) -> int:
        self.product.restart(gently=gently)
        return 0 if gently else 1


def _signal(pids: Sequence[int], number: signal.Signals) -> int:
    count = 0
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
            count += 1
    return count
