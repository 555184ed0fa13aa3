"""A self-service terminal: registered, put to use once, wiped after each person, ended."""

import datetime
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.stories import IDENTITY, Story
from tongban.directory import kiosks
from tongban.directory.models import Kiosk, Window
from tongban.kernel import ids, keyring
from tongban.notices import operations as notices
from tongban.notices import signature
from tongban.people import keeping, permissions
from tongban.people.actors import Actor
from tongban.web.kit import kiosk

pytestmark = [pytest.mark.django_db, pytest.mark.article("F3")]


@pytest.fixture
def window(db: None) -> Window:
    return Window.objects.get(division_id="520103000000")


@pytest.fixture
def code(window: Window, actor: Callable[[str], Actor]) -> str:
    """A code that has just been given out."""
    now = datetime.datetime.now(datetime.UTC)
    return keeping.register_kiosk(window.id, name="1 号机", by=actor("manager.520103"), at=now)[1]


@pytest.fixture
def terminal(client: Client, code: str) -> Client:
    """A device that is a terminal now."""
    assert client.post("/kiosk/", {"code": code}).status_code == 302
    return client


class TestRegister:
    def test_is_for_the_window_s_own_authority(
        self, window: Window, actor: Callable[[str], Actor], at: datetime.datetime
    ) -> None:
        for account in ("manager.520000", "clerk.520103"):
            with pytest.raises(permissions.NotYourPart):
                keeping.register_kiosk(window.id, name="1 号机", by=actor(account), at=at)

    def test_shows_the_code_once_and_keeps_only_its_digest(
        self, window: Window, signed_in: Callable[[str], Client]
    ) -> None:
        manager = signed_in("manager.520103")
        act = f"/overview/places/windows/{window.id}/kiosk/"
        assert manager.post(act, {"kiosk_name": " "}).status_code == 422
        text = manager.post(act, {"kiosk_name": "1 号机"}, follow=True).content.decode()
        found = re.search(r"登记码 ([0-9A-Z]{4}-[0-9A-Z]{4})", text)
        assert found
        assert found[1] not in manager.get(f"/overview/places/windows/{window.id}/").content.decode()
        row = Kiosk.objects.get()
        assert found[1].replace("-", "").encode() not in bytes(row.code_digest or b"")


class TestBegin:
    def test_makes_the_device_a_terminal_once(self, client: Client, code: str) -> None:
        assert client.post("/kiosk/", {"code": code.lower()}).status_code == 302
        assert "请选择" in client.get("/kiosk/").content.decode()
        again = Client().post("/kiosk/", {"code": code})
        assert again.status_code == 404
        assert "已经用过" in again.content.decode()

    def test_refuses_a_code_after_its_time(self, code: str) -> None:
        with pytest.raises(kiosks.WrongCode):
            kiosks.begin(code, at=datetime.datetime.now(datetime.UTC) + kiosks.CODE_LIFE)

    def test_ends_guessing(self, client: Client) -> None:
        answers = [client.post("/kiosk/", {"code": f"{n:08d}"}).status_code for n in range(11)]
        assert answers == [404] * 10 + [429]

    @pytest.mark.article("S1")
    def test_takes_no_cookie_that_was_made_up(self, client: Client) -> None:
        client.cookies[kiosk.COOKIE] = "made:up:cookie"
        assert "kiosk-bar" not in client.get("/").content.decode()


class TestTerminal:
    def test_shows_every_page_large_and_with_what_ends_it(self, terminal: Client) -> None:
        for address in ("/", "/items/", "/progress/", "/windows/", "/verify/"):
            answer = terminal.get(address)
            text = answer.content.decode()
            assert 'class="large-type kiosk"' in text
            assert "结束并清除" in text
            assert '<noscript><meta http-equiv="refresh" content="120;url=/kiosk/end/"></noscript>' in text
            assert answer.headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_is_wiped_of_session_and_cookies_but_stays_a_terminal(
        self, terminal: Client, method: str
    ) -> None:
        session = terminal.session
        session["who"] = "somebody"
        session.save()
        key = session.session_key
        terminal.cookies["tongban"] = str(key)
        terminal.cookies["tongban-language"] = "en"
        answer: Any = getattr(terminal, method)("/kiosk/end/")
        assert answer.headers["Location"] == "/kiosk/"
        assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
        gone = {name for name, cookie in answer.cookies.items() if cookie["max-age"] == 0}
        assert {"tongban", "tongban-language"} <= gone
        assert kiosk.COOKIE not in gone
        assert not terminal.session.exists(str(key))
        assert "请选择" in terminal.get("/kiosk/").content.decode()

    def test_clears_nothing_in_another_browser(self, client: Client) -> None:
        session = client.session
        session["who"] = "somebody"
        session.save()
        client.cookies["tongban"] = str(session.session_key)
        answer = client.get("/kiosk/end/")
        assert "Clear-Site-Data" not in answer.headers
        assert client.session["who"] == "somebody"

    def test_is_none_any_more_once_it_is_ended(
        self, terminal: Client, window: Window, signed_in: Callable[[str], Client]
    ) -> None:
        act = f"/overview/places/windows/{window.id}/kiosk/"
        assert signed_in("manager.520103").post(act, {"end": Kiosk.objects.get().id}).status_code == 302
        assert "启用自助终端" in terminal.get("/kiosk/").content.decode()
        assert "kiosk-bar" not in terminal.get("/").content.decode()


class TestScanner:
    """A scanner types what is behind a QR code, the address of the verification page, and presses Enter."""

    @pytest.fixture
    def scanned(self, story: Story) -> str:
        story.open().fill().pass_all()
        prepared = notices.prepare(story.id, kind="receipt", by=story.receiver, at=story.at)
        issued = notices.issue(prepared.id, by=story.receiver, at=story.at)
        about = signature.Statement(
            issued.kind, issued.id, issued.case_id, issued.issued_at or story.at, bytes(issued.data_digest)
        )
        statement = signature.write_statement(about, sign=keyring.current().sign)
        return f"http://localhost:8000/verify/?s={statement}"

    def test_verifies_a_document(self, client: Client, scanned: str) -> None:
        assert "真实，现在有效" in client.get("/verify/", {"n": scanned}).content.decode()

    def test_gives_the_number_for_progress(self, client: Client, story: Story, scanned: str) -> None:
        answer = client.post("/progress/", {"number": scanned, "tail": IDENTITY[-4:]})
        assert answer.status_code == 200
        assert ids.number_of(story.id) in answer.content.decode()

    def test_of_something_else_is_not_found(self, client: Client) -> None:
        answer = client.post("/progress/", {"number": "https://elsewhere.example/?s=AAAA", "tail": "0000"})
        assert answer.status_code in (404, 422)
