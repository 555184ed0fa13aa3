"""A text-message gateway and a mail server on this machine that behave as badly as real ones."""

import json
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STALL = 0.8  # seconds of silence; the product waits for less in these tests


class SmsServer:
    """Speaks the protocol of docs/operations.md. `moods` says how the next questions go; then everything is taken.

    `ok`, `refuse` (400), `break` (503), `stall` (takes the message and says nothing), `drop` (hangs up).
    """

    def __init__(self) -> None:
        self.moods: list[str] = []
        self.asked: list[dict[str, str]] = []
        self.signatures: list[str] = []
        self.sent: dict[str, str] = {}  # key → text: a key that is known is not sent again
        self.url = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        said = json.loads(body)
        self.asked.append(said)
        self.signatures.append(handler.headers.get("X-Tongban-Signature", ""))
        assert handler.headers["Idempotency-Key"] == said["key"]
        mood = self.moods.pop(0) if self.moods else "ok"
        if mood in ("ok", "stall"):
            self.sent.setdefault(said["key"], said["text"])
        if mood == "stall":
            time.sleep(STALL)
        if mood in ("stall", "drop"):
            handler.close_connection = True
            return
        status = {"ok": 200, "refuse": 400, "break": 503}[mood]
        handler.send_response(status)
        handler.end_headers()
        handler.wfile.write(b"{}" if mood == "ok" else '{"reason": "号码无效"}'.encode())


@contextmanager
def sms_server() -> Iterator[SmsServer]:
    """Run a gateway for text messages."""
    served = SmsServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            served.answer(self)

        def log_message(self, *words: Any) -> None:
            pass

    with _running(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        served.url = f"http://127.0.0.1:{port}/send"
        yield served


class MailServer:
    """Takes mail. `moods`: `ok`, `refuse` (550 for the recipient), `stall` (takes the text and says nothing)."""

    def __init__(self) -> None:
        self.moods: list[str] = []
        self.mails: list[str] = []
        self.url = ""


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Run a mail server."""
    served = MailServer()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            mood = served.moods.pop(0) if served.moods else "ok"
            self._say("220 ready")
            while line := self.rfile.readline().decode().strip():
                word = line[:4].upper()
                if word == "RCPT" and mood == "refuse":
                    self._say("550 no such person")
                elif word == "DATA":
                    self._say("354 go on")
                    served.mails.append(self._text())
                    if mood == "stall":
                        time.sleep(STALL)
                        return
                    self._say("250 taken")
                elif word == "QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("250 fine")

        def _text(self) -> str:
            lines = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line)
            return b"".join(lines).decode()

        def _say(self, words: str) -> None:
            self.wfile.write(f"{words}\r\n".encode())

    with _running(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)) as port:
        served.url = f"smtp://127.0.0.1:{port}?from=office%40example.org"
        yield served


@contextmanager
def _running(server: socketserver.TCPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
