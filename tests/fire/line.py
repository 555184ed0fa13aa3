"""One clerk's line to the product: it drops, it is told 503 or 507, and it sends the same write again."""

import random
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

PATIENCE = 120.0  # seconds after which a write without answer is a failure of the product
PAUSE = (0.1, 0.5)
CUT = 0.12  # share of the writes whose line drops: in the middle, or before the answer is heard
FULL = "系统存储"  # what a page says when the store would not take a file


class Unlawful(Exception):
    """The product answered a lawful write with something that it must not say."""


@dataclass
class Tally:
    """What all lines have seen together."""

    requests: int = 0
    writes: int = 0
    retries: int = 0
    replays: int = 0
    cut: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, **more: int) -> None:
        with self.lock:
            for name, n in more.items():
                setattr(self, name, getattr(self, name) + n)

    def note(self, status: str) -> None:
        with self.lock:
            self.requests += 1
            self.statuses[status] += 1


class Line:
    """An HTTP client that never gives a write up, and always repeats it under the same key."""

    def __init__(
        self,
        address: str,
        *,
        tally: Tally,
        chance: random.Random,
        is_calm: Callable[[], bool],
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.http = httpx.Client(base_url=address, timeout=12, trust_env=False, headers=headers)
        self.tally = tally
        self.chance = chance
        self.is_calm = is_calm

    def send(self, method: str, path: str, *, fine: tuple[int, ...], **what: Any) -> httpx.Response:
        """Send until an answer comes that is one of `fine`; anything else but a failure of ours is unlawful.

        Raises:
            Unlawful: the product refused, or did not answer within PATIENCE.
        """
        until = time.monotonic() + PATIENCE
        is_write = method != "GET"
        if is_write:
            self.tally.count(writes=1)
            if self.chance.random() < CUT and not self.is_calm():
                self._cut(self.http.build_request(method, path, **what))
        said = "nothing"
        while time.monotonic() < until:
            try:
                answer = self.http.request(method, path, **what)
            except httpx.TransportError as error:
                said = type(error).__name__
                self.tally.note(said)
            else:
                said = f"{answer.status_code}"
                self.tally.note(said)
                is_full = answer.status_code == 422 and FULL in answer.text
                if answer.status_code in fine and not is_full:
                    if answer.headers.get("Idempotent-Replay"):
                        self.tally.count(replays=1)
                    return answer
                if answer.status_code < 500 and not is_full:
                    raise Unlawful(f"{method} {path}: {answer.status_code} {_words(answer)}")
            self.tally.count(retries=1)
            time.sleep(self.chance.uniform(*PAUSE))
        raise Unlawful(f"{method} {path}: no answer in {PATIENCE:.0f} s, the last was {said}")

    def _cut(self, request: httpx.Request) -> None:
        """Begin the write on a line of its own that drops in the middle, or just before the answer."""
        self.tally.count(cut=1)
        body = request.read()
        address = urlsplit(str(request.url))
        lines = [f"{request.method} {request.url.raw_path.decode()} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in request.headers.items()]
        whole = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        is_unheard = self.chance.random() < 0.5
        part = len(whole) if is_unheard else self.chance.randrange(len(whole) - len(body), len(whole) + 1)
        with suppress(OSError), socket.create_connection((address.hostname, address.port), 5) as line:
            line.sendall(whole[:part])
            time.sleep(self.chance.uniform(0, 0.03))
            if self.chance.random() < 0.5:  # reset instead of a polite end
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    def close(self) -> None:
        self.http.close()


def _words(answer: httpx.Response) -> str:
    """Give what an answer says in words: of a page, its main part without the markup."""
    text = answer.text.partition("<main")[2] or answer.text
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())[:400]
