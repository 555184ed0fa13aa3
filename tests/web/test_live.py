"""The live process: who hears what, and that it comes back when the database does."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from django.core import signing
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.stories import Story
from tongban.config import subscriptions
from tongban.web import live
from tongban.web.workbench import today

ORIGIN = b"http://localhost:8000"


def token(names: str) -> str:
    return signing.TimestampSigner(salt=live.SALT).sign(names)


class Browser:
    """One connection to the live process."""

    def __init__(
        self, application: live.Application, address: str, *, method: str = "GET", origin: bytes = b""
    ) -> None:
        path, _mark, query = address.partition("?")
        headers = [(b"origin", origin)] if origin else []
        self.scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": headers,
        }
        self.application = application
        self.sent: asyncio.Queue[Any] = asyncio.Queue()
        self.left = asyncio.Event()

    async def _receive(self) -> dict[str, Any]:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        await self.sent.put(message)

    def start(self) -> asyncio.Task[None]:
        return asyncio.ensure_future(self.application(self.scope, self._receive, self._send))

    async def begun(self) -> tuple[int, dict[bytes, bytes]]:
        """Give status and headers."""
        message = await asyncio.wait_for(self.sent.get(), 5)
        return message["status"], dict(message["headers"])

    async def event(self, *, within: float = 5) -> dict[str, list[int]]:
        """Give the next event; asyncio's TimeoutError when there is none."""
        while True:
            message = await asyncio.wait_for(self.sent.get(), within)
            for line in message["body"].decode().splitlines():
                if line.startswith("data: "):
                    return json.loads(line[6:])  # type: ignore[no-any-return]


@asynccontextmanager
async def opened(application: live.Application, names: str) -> AsyncIterator[Browser]:
    """Have a page open that has heard all there was at its beginning."""
    browser = Browser(application, f"/live/?t={token(names)}", origin=ORIGIN)
    task = browser.start()
    try:
        assert (await browser.begun())[0] == 200
        while not application.hub.is_listening:
            await asyncio.sleep(0.02)
        with contextlib.suppress(TimeoutError):
            await browser.event(within=0.3)
        yield browser
    finally:
        browser.left.set()
        await asyncio.wait_for(task, 5)


@pytest.fixture
def run(db: None) -> Callable[[Callable[[live.Application], Coroutine[Any, Any, None]]], None]:
    """Run a story with a live process of its own, on the test's database."""

    def start(story: Callable[[live.Application], Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            application = live.Application()
            try:
                await story(application)
            finally:
                await application.hub.stop()

        asyncio.run(whole())

    return start


async def notify(*names: str) -> None:
    async with await psycopg.AsyncConnection.connect(
        os.environ["TONGBAN_DATABASE_APP_URL"], autocommit=True
    ) as connection:
        await connection.execute("SELECT pg_notify(%s, %s)", [live.CHANNEL, json.dumps(names)])


Run = Callable[[Callable[[live.Application], Coroutine[Any, Any, None]]], None]


class TestStream:
    def test_tells_a_page_what_concerns_its_windows(self, run: Run) -> None:
        async def story(application: live.Application) -> None:
            async with opened(application, "w7 d3") as page:
                await notify("w7", "w9", "d3")
                assert await page.event() == {"windows": [7], "departments": [3]}

        run(story)

    def test_tells_nobody_what_concerns_others(self, run: Run) -> None:
        async def story(application: live.Application) -> None:
            async with opened(application, "w7") as page:
                await notify("w9")
                with pytest.raises(TimeoutError):
                    await page.event(within=0.5)

        run(story)

    @pytest.mark.parametrize("given", ["", "w7", "w7:1abc:forged"])
    def test_refuses_a_token_that_we_did_not_sign(self, run: Run, given: str) -> None:
        async def story(application: live.Application) -> None:
            browser = Browser(application, f"/live/?t={given}")
            await browser.start()
            assert (await browser.begun())[0] == 403

        run(story)

    def test_refuses_a_token_that_is_too_old(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        given = token("w7")
        monkeypatch.setattr(live, "TOKEN_LIFE", -1)

        async def story(application: live.Application) -> None:
            browser = Browser(application, f"/live/?t={given}")
            await browser.start()
            assert (await browser.begun())[0] == 403

        run(story)

    def test_is_for_pages_of_the_product_alone(self, run: Run) -> None:
        async def story(application: live.Application) -> None:
            async with opened(application, "w7"):
                pass
            stranger = Browser(application, f"/live/?t={token('w7')}", origin=b"https://evil.example")
            await stranger.start()
            status, headers = await stranger.begun()
            assert status == 403
            assert b"access-control-allow-origin" not in headers

        run(story)

    def test_hears_again_after_the_database_cut_the_line_and_has_pages_look_anew(self, run: Run) -> None:
        async def story(application: live.Application) -> None:
            async with opened(application, "w7") as page:
                async with await psycopg.AsyncConnection.connect(
                    os.environ["TONGBAN_DATABASE_APP_URL"], autocommit=True
                ) as connection:
                    await connection.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE application_name = 'tongban-live' AND datname = current_database()"
                    )
                assert await page.event() == {"windows": [7], "departments": []}
                await notify("w7")
                assert await page.event() == {"windows": [7], "departments": []}

        run(story)

    def test_makes_one_event_of_many_changes(self, run: Run) -> None:
        async def story(application: live.Application) -> None:
            page = live.Page(["w1", "w2"])
            page.tell(["w1"])
            page.tell(["w2", "w3"])
            assert await page.next(timeout=1) == {"w1", "w2"}
            assert await page.next(timeout=0.01) == set()

        run(story)

    def test_sends_a_sign_of_life_while_nothing_happens(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(live, "HEARTBEAT", 0.05)

        async def story(application: live.Application) -> None:
            async with opened(application, "w7") as page:
                message = await asyncio.wait_for(page.sent.get(), 2)
                assert message["body"].startswith(b":")

        run(story)

    def test_forgets_a_page_that_is_gone(self, run: Run) -> None:
        async def story(application: live.Application) -> None:
            async with opened(application, "w7"):
                assert len(application.hub.pages) == 1
            assert not application.hub.pages

        run(story)


class TestDoor:
    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [("GET", "/live/health", 200), ("GET", "/elsewhere", 404), ("POST", "/live/", 405)],
    )
    def test_answers_only_what_it_is_there_for(self, run: Run, method: str, path: str, status: int) -> None:
        async def story(application: live.Application) -> None:
            browser = Browser(application, path, method=method)
            await browser.start()
            assert (await browser.begun())[0] == status

        run(story)


class TestPage:
    def test_carries_a_token_for_the_person_s_own_windows(self, signed_in: Callable[[str], Client]) -> None:
        text = signed_in("clerk.520103").get("/desk/").content.decode()
        given = text.split('data-token="')[1].split('"')[0]
        names = live.names_of(given)
        assert len(names) == 1
        assert names[0].startswith("w")

    def test_agrees_with_the_live_process_on_salt_and_channel(self) -> None:
        assert today.LIVE_SALT == live.SALT
        assert subscriptions.LIVE_CHANNEL == live.CHANNEL


class TestPing:
    def test_names_the_windows_of_a_case_when_a_step_was_taken(
        self, story: Story, django_capture_on_commit_callbacks: Any
    ) -> None:
        subscriptions.connect()
        subscriptions.connect()
        with CaptureQueriesContext(connection) as captured, django_capture_on_commit_callbacks(execute=True):
            story.open().fill().do("receive")
        case = story.case
        said = [q["sql"] for q in captured if "pg_notify" in q["sql"]]
        names = [f"w{id_}" for id_ in sorted([case.receiving_window_id, case.home_window_id or 0])]
        assert json.dumps(names) in said[-1]
        assert len([q for q in said if json.dumps(names) in q]) == 1
