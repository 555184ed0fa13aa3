"""Outgoing addresses: what leads inside is refused, however it is written, and what was looked at is called."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tongban.kernel import outgoing


@pytest.fixture(autouse=True)
def _nothing_allowed(settings: Any) -> None:
    settings.TONGBAN_OUTGOING_ALLOW = []


@pytest.fixture
def server() -> Iterator[str]:
    """A server on this machine that redirects to itself."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(self.headers["Host"].encode() + b" " + said)

        def log_message(self, *words: Any) -> None:
            pass

    made = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://localhost:{made.server_port}/in?a=1"
    made.shutdown()
    thread.join()
    made.server_close()


class TestResolve:
    @pytest.mark.article("S2")
    @pytest.mark.parametrize(
        "address",
        [
            "http://127.0.0.1/",
            "http://localhost:8000/",
            "http://0.0.0.0/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://[fe80::1]/",
            "http://[fc00::1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
            "https://10.1.2.3/",
            "https://172.16.0.1/",
            "https://192.168.1.1/",
            "http://169.254.169.254/latest/meta-data/",
            "http://100.64.0.1/",
            "http://224.0.0.1/",
            "http://255.255.255.255/",
            "file:///etc/passwd",
            "gopher://93.184.216.34/",
            "ftp://93.184.216.34/",
            "//93.184.216.34/",
            "http://",
            "http://user:secret@93.184.216.34/",
            "http://93.184.216.34:99999/",
            "http://93.184.216.34/\r\nX: y",
            "",
        ],
    )
    def test_refuses_what_leads_inside_or_is_no_address(self, address: str) -> None:
        with pytest.raises(outgoing.NotReachable):
            outgoing.resolve(address)

    @pytest.mark.article("S2")
    def test_refuses_a_name_with_one_inner_number_among_outer_ones(self) -> None:
        with pytest.raises(outgoing.NotReachable):
            outgoing.resolve("https://sms.example/", resolver=lambda h, p: ["93.184.216.34", "10.0.0.5"])

    def test_gives_the_number_that_was_looked_at(self) -> None:
        found = outgoing.resolve("https://sms.example/send", resolver=lambda h, p: ["93.184.216.34"])
        assert (found.host, found.port, found.number) == ("sms.example", 443, "93.184.216.34")

    def test_allows_inner_hosts_and_networks_that_are_named(self, settings: Any) -> None:
        settings.TONGBAN_OUTGOING_ALLOW = ["sms.gov.internal", "10.8.0.0/16"]
        assert outgoing.resolve("http://sms.gov.internal/", resolver=lambda h, p: ["192.168.0.9"])
        assert outgoing.resolve("http://10.8.3.4/")
        with pytest.raises(outgoing.NotReachable):
            outgoing.resolve("http://10.9.0.1/")

    def test_refuses_a_name_that_is_not_there(self) -> None:
        with pytest.raises(outgoing.NotReachable):
            outgoing.resolve("https://sms.example/", resolver=lambda h, p: [])


class TestSend:
    @pytest.mark.article("S2")
    def test_follows_no_redirect_and_keeps_the_name(self, server: str, settings: Any) -> None:
        settings.TONGBAN_OUTGOING_ALLOW = ["127.0.0.0/8", "::1", "localhost"]
        answer = outgoing.send("POST", server, body=b"hello")
        assert answer.status == 302
        assert answer.headers["location"] == "/elsewhere"
        assert answer.body.startswith(b"localhost:")
        assert answer.body.endswith(b" hello")

    def test_does_not_reach_this_machine(self, server: str) -> None:
        with pytest.raises(outgoing.NotReachable):
            outgoing.send("POST", server, body=b"hello")

    def test_says_when_nobody_answers(self, settings: Any) -> None:
        settings.TONGBAN_OUTGOING_ALLOW = ["127.0.0.0/8"]
        with pytest.raises(outgoing.NoAnswer):
            outgoing.send("GET", "http://127.0.0.1:1/", timeout=2)

    @pytest.mark.article("S2")
    def test_calls_the_number_that_was_looked_at_though_the_name_answers_differently_now(
        self, server: str, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answers = iter([["127.0.0.1"], ["10.0.0.1"]])
        monkeypatch.setattr(outgoing, "_look_up", lambda host, port: next(answers))
        settings.TONGBAN_OUTGOING_ALLOW = ["127.0.0.0/8"]
        assert outgoing.send("POST", server.replace("localhost", "rebind.example"), body=b"x").status == 302
