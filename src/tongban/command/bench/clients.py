"""Clients that ask the running product: programs with a token, people with a session, eight at a time."""

import http.client
import json
import re
import threading
import time
import urllib.parse
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tongban.command.problems import Problem

Work = Callable[[], None]
_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Client:
    """One connection that stays open."""

    def __init__(self, port: int, **headers: str) -> None:
        self._port = port
        self.headers = {"Host": "localhost", **headers}
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, bytes, Any]:
        """Give status, content and headers of an answer."""
        sent = {**self.headers, **{k.replace("_", "-"): v for k, v in headers.items()}}
        for attempt in (1, 2):
            try:
                self._connection.request(method, path, body=body, headers=sent)
                answer = self._connection.getresponse()
                return answer.status, answer.read(), answer.headers
            except (http.client.HTTPException, ConnectionError):
                self._connection.close()  # the server may close a connection that rested
                if attempt == 2:
                    raise
        raise AssertionError("either answered or raised")

    def get(self, path: str) -> bytes:
        """Give the content of a page.

        Raises:
            Problem: the answer is not 200.
        """
        status, content, _ = self.ask("GET", path)
        if status != 200:
            raise Problem(f"GET {path} was answered with {status}: {content[:300].decode(errors='replace')}")
        return content

    def form(self, path: str) -> tuple[str, str]:
        """Give what proves that a form of ours is sent, and the cookie that belongs to it."""
        _, page, headers = self.ask("GET", path)
        found = _CSRF.search(page.decode())
        assert found, f"{path} has a form"
        return found[1], _cookies(headers)

    def post(self, path: str, said: Mapping[str, str], **headers: str) -> bytes:
        """Send a form, and give the page that answers it.

        Raises:
            Problem: the answer is not 200.
        """
        body = urllib.parse.urlencode(said).encode()
        kind = "application/x-www-form-urlencoded"
        status, content, _ = self.ask("POST", path, body, Content_Type=kind, **headers)
        if status != 200:
            raise Problem(f"POST {path} was answered with {status}: {content[:300].decode(errors='replace')}")
        return content


class Program(Client):
    """A program with a bearer token."""

    def __init__(self, port: int, token: str) -> None:
        super().__init__(port, Authorization=f"Bearer {token}")

    def send(self, method: str, path: str, body: Any, *, file: tuple[str, bytes] | None = None) -> Any:
        """Write once, and give what was answered."""
        kind, content = "application/json", json.dumps(body).encode()
        if file is not None:
            kind, content = _multipart(*file)
        status, said, _ = self.ask(
            method, f"/api/v1{path}", content, Content_Type=kind, Idempotency_Key=str(uuid.uuid4())
        )
        if status not in (200, 201):
            raise Problem(
                f"{method} {path} was answered with {status}: {said[:300].decode(errors='replace')}"
            )
        return json.loads(said)

    def read(self, path: str) -> Any:
        """Give what a reading operation answers."""
        return json.loads(self.get(f"/api/v1{path}"))


def _multipart(name: str, content: bytes) -> tuple[str, bytes]:
    mark = uuid.uuid4().hex
    head = (
        f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return f"multipart/form-data; boundary={mark}", head.encode() + content + f"\r\n--{mark}--\r\n".encode()


class Person(Client):
    """Somebody who signed in at the workbench."""

    def __init__(self, port: int, account: str, password: str) -> None:
        super().__init__(port)
        token, cookie = self.form("/desk/sign-in/")
        form = {"csrfmiddlewaretoken": token, "username": account, "password": password}
        status, _said, headers = self.ask(
            "POST",
            "/desk/sign-in/",
            urllib.parse.urlencode(form).encode(),
            Content_Type="application/x-www-form-urlencoded",
            Cookie=cookie,
        )
        if status != 302:
            raise Problem(f"{account} was not let in (status {status})")
        self.headers["Cookie"] = _cookies(headers)


def _cookies(headers: Any) -> str:
    return "; ".join(line.split(";", 1)[0] for line in headers.get_all("Set-Cookie") or [])


def rate(works: Sequence[Work], seconds: float) -> float:
    """Have each client do its work again and again at the same time; gives how often a second, all together."""
    counts, faults = [0] * len(works), []
    begin = time.perf_counter()

    def go(number: int) -> None:
        try:
            while time.perf_counter() - begin < seconds:
                works[number]()
                counts[number] += 1
        except Exception as fault:
            faults.append(fault)

    threads = [threading.Thread(target=go, args=(n,)) for n in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return sum(counts) / (time.perf_counter() - begin)


def timed(work: Work) -> float:
    """Give how many milliseconds a piece of work takes."""
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1000
