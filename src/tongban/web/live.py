"""The live process: tells open pages, as server-sent events, that something of theirs has changed.

    granian --interface asgi tongban.web.live:application

It hears `NOTIFY tongban_live` with the names of those concerned (`w12` a window, `d5` a department) and
passes each name on to the pages that may hear it, which then ask the web process what is new. A page
shows who it is by a signed token, valid for twelve hours; there is no session and no data here.

    GET /live/?t=TOKEN   the events: {"windows": [12], "departments": []}
    GET /live/health     for the supervisor
"""

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tongban.config.settings")

from django.conf import settings
from django.core import signing

from tongban.kernel import logs, primary

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

log = logging.getLogger(__name__)

CHANNEL = "tongban_live"
SALT = "tongban.live"
TOKEN_LIFE = 12 * 3600
STREAM_LIFE = 3600.0  # then the browser comes again, and its token is looked at again
HEARTBEAT = 20.0
RETRY = 3000  # milliseconds after which a browser comes again
_PATIENCE = (0.2, 0.5, 1.0)  # seconds between attempts to reach the database


class Page:
    """An open page: the names it may hear, and those it has not been told yet."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(names)
        self.pending: set[str] = set()
        self.wake = asyncio.Event()

    def tell(self, names: Iterable[str]) -> None:
        """Note which of its names have changed; many changes before the next look are one."""
        heard = self.names.intersection(names)
        if heard:
            self.pending |= heard
            self.wake.set()

    async def next(self, *, timeout: float) -> set[str]:
        """Wait for changes; empty when there was none in time."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.wake.wait(), timeout)
        self.wake.clear()
        names, self.pending = self.pending, set()
        return names


class Hub:
    """The one connection that listens, shared by all pages."""

    def __init__(self, conninfo: str) -> None:
        self.conninfo = conninfo
        self.pages: set[Page] = set()
        self.is_listening = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen, if that has not begun."""
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """End listening."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                async for names in self._names():
                    failures = 0
                    for page in list(self.pages):
                        page.tell(page.names if names is None else names)
            except (psycopg.Error, OSError) as error:
                log.warning("the database is out of reach, trying again: %s", error)
            finally:
                self.is_listening = False
            await asyncio.sleep(_PATIENCE[min(failures, len(_PATIENCE) - 1)])
            failures += 1

    async def _names(self) -> AsyncIterator[list[str] | None]:
        """Give what is heard; None first, since something may have changed while nobody listened."""
        connection = await primary.AsyncConnection.connect(self.conninfo, autocommit=True)
        async with connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            self.is_listening = True
            yield None
            async for notice in connection.notifies():
                yield _read(notice.payload)


def _read(payload: str) -> list[str]:
    try:
        names = json.loads(payload)
    except ValueError:
        return []
    return [str(name) for name in names] if isinstance(names, list) else []


def conninfo() -> str:
    """Give how to reach the database as the application does; a lost line is noticed within half a minute."""
    database = settings.DATABASES["default"]
    parts = {
        **{name: value for name, value in database["OPTIONS"].items() if isinstance(value, str)},
        "dbname": database["NAME"],
        "user": database["USER"],
        "password": database["PASSWORD"],
        "host": database["HOST"],
        "port": database["PORT"],
        "application_name": "tongban-live",
    }
    return psycopg.conninfo.make_conninfo("", **{name: value for name, value in parts.items() if value})


def names_of(token: str) -> list[str]:
    """Give the names that a page may hear; none when its token is wrong or too old."""
    try:
        return signing.TimestampSigner(salt=SALT).unsign(token, max_age=TOKEN_LIFE).split()
    except signing.BadSignature:
        return []


def allowed_origin(origin: str) -> str:
    """Give the origin back when it is the product's own address; empty otherwise."""
    own = urlsplit(settings.TONGBAN_ADDRESS)
    origins = {f"{own.scheme}://{own.netloc}"}
    if own.hostname in ("localhost", "127.0.0.1"):
        port = f":{own.port}" if own.port else ""
        origins |= {f"{own.scheme}://{host}{port}" for host in ("localhost", "127.0.0.1")}
    return origin if origin in origins else ""


class Application:
    """The ASGI application."""

    def __init__(self) -> None:
        self.hub = Hub(conninfo())

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.hub.start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.hub.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _answer(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await _say(send, 405, {"status": "method not allowed"})
        elif scope["path"] == "/live/health":
            await _say(
                send, 200, {"status": "ok", "listening": self.hub.is_listening, "pages": len(self.hub.pages)}
            )
        elif scope["path"] == "/live/":
            await self._stream(scope, receive, send)
        else:
            await _say(send, 404, {"status": "not found"})

    async def _stream(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        origin = headers.get(b"origin", b"").decode("latin-1")
        cors = _cors(allowed_origin(origin))
        tokens = parse_qs(scope["query_string"].decode("latin-1")).get("t", [""])
        names = names_of(tokens[0])
        if not names or (origin and not allowed_origin(origin)):
            await _say(send, 403, {"status": "token refused"}, extra=cors)
            return
        self.hub.start()
        page = Page(names)
        self.hub.pages.add(page)
        gone = asyncio.ensure_future(_until_gone(receive))
        try:
            start = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), *cors]
            await send({"type": "http.response.start", "status": 200, "headers": start})
            await _write(send, f"retry: {RETRY}\n\n")
            talk = asyncio.ensure_future(_talk(page, send))
            await asyncio.wait({gone, talk}, timeout=STREAM_LIFE, return_when=asyncio.FIRST_COMPLETED)
            talk.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError, RuntimeError):
                await talk
            if not gone.done():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self.hub.pages.discard(page)
            gone.cancel()


async def _talk(page: Page, send: Send) -> None:
    while True:
        names = await page.next(timeout=HEARTBEAT)
        await _write(send, f"data: {json.dumps(_event(names))}\n\n" if names else ": still here\n\n")


def _event(names: Iterable[str]) -> dict[str, list[int]]:
    return {
        "windows": sorted(int(n[1:]) for n in names if n.startswith("w")),
        "departments": sorted(int(n[1:]) for n in names if n.startswith("d")),
    }


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


def _cors(origin: str) -> list[tuple[bytes, bytes]]:
    allow = [(b"access-control-allow-origin", origin.encode("latin-1"))] if origin else []
    return [*allow, (b"vary", b"origin")]


async def _say(
    send: Send, status: int, said: dict[str, Any], *, extra: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store"), *extra]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(said).encode(), "more_body": False})


logs.guard()
application = Application()
