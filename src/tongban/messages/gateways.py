"""The ways out of the house: HTTP gateways for text messages, SMTP for e-mails, a simulator for practice.

A gateway says one of three things: it took the message, it did not (for certain), or nothing that is certain.
The difference decides whether the message may be given to another gateway at once. How a gateway is spoken to
stands in docs/operations.md.
"""

import json
import smtplib
import socket
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from enum import StrEnum
from typing import Protocol
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.utils import timezone

from tongban.kernel import crypto, outgoing
from tongban.messages.states import Channel

TIMEOUT = 10.0
SIMULATED = "simulated"


class Said(StrEnum):
    """What is known after a gateway was asked."""

    TAKEN = "taken"
    REFUSED = "refused"
    SILENT = "silent"


@dataclass(frozen=True)
class Answer:
    """What a gateway said, and its reason as it gave it."""

    said: Said
    detail: str = ""


@dataclass(frozen=True)
class Letter:
    """What a gateway is given. The same key twice is the same letter."""

    key: str
    to: str
    title: str
    text: str


class Gateway(Protocol):
    """A way out of the house."""

    @property
    def name(self) -> str:
        """How it is called in reports and on pages."""

    @property
    def knows_keys(self) -> bool:
        """Tell whether it can be asked again about a letter that it may have taken without saying so."""

    def send(self, letter: Letter) -> Answer:
        """Hand over a letter; never raises for what the other side does."""


@dataclass(frozen=True)
class HttpGateway:
    """A gateway for text messages that is asked by HTTP."""

    name: str
    url: str
    secret: str
    knows_keys: bool = True

    def send(self, letter: Letter) -> Answer:
        """POST the letter as JSON, with its key and, where there is a secret, its signature."""
        body = json.dumps({"to": letter.to, "text": letter.text, "key": letter.key}, ensure_ascii=False)
        headers = {"Content-Type": "application/json", "Idempotency-Key": letter.key}
        if self.secret:
            headers["X-Tongban-Signature"] = signature(self.secret, body.encode())
        try:
            answer = outgoing.send("POST", self.url, body=body.encode(), headers=headers, timeout=TIMEOUT)
        except outgoing.NotReachable as refused:
            return Answer(Said.REFUSED, refused.message[:200])
        except outgoing.NoAnswer as failed:
            # A connection that was never made carried nothing; anything else may have arrived.
            never = isinstance(failed.__cause__, ConnectionRefusedError | socket.gaierror)
            return Answer(
                Said.REFUSED if never else Said.SILENT, type(failed.__cause__ or failed).__name__[:200]
            )
        if 200 <= answer.status < 300:
            return Answer(Said.TAKEN)
        detail = f"{answer.status} {_reason(answer.body)}".strip()[:200]
        # A proxy in between that gave up (5xx) does not know what became of it either.
        return Answer(Said.REFUSED if answer.status < 500 else Said.SILENT, detail)


def _reason(body: bytes) -> str:
    try:
        said = json.loads(body)
        return str(said.get("reason", ""))[:150]
    except (ValueError, AttributeError):
        return ""


@dataclass(frozen=True)
class SmtpGateway:
    """A mail server: `smtp://user:password@host:port?from=…`, or smtps:// for TLS from the first byte."""

    name: str
    url: str
    knows_keys: bool = False  # a second copy would be delivered again

    def send(self, letter: Letter) -> Answer:
        """Hand an e-mail over; once its text is under way, silence says nothing about its fate."""
        under_way = False
        try:
            with self._server() as server:
                message = self._message(letter)
                server.ehlo_or_helo_if_needed()
                code, said = server.mail(str(message["From"]))
                if code == 250:
                    code, said = server.rcpt(letter.to)
                if code not in (250, 251):
                    return Answer(Said.REFUSED, f"{code} {said.decode(errors='replace')}"[:200])
                under_way = True
                code, said = server.data(message.as_bytes())
                if code != 250:
                    return Answer(Said.REFUSED, f"{code} {said.decode(errors='replace')}"[:200])
                under_way = False
                result = Answer(Said.TAKEN)
            return result
        except smtplib.SMTPDataError as refused:  # it did not want to hear the text
            return Answer(Said.REFUSED, f"{refused.smtp_code}")
        except (OSError, smtplib.SMTPException) as failed:
            return Answer(Said.SILENT if under_way else Said.REFUSED, type(failed).__name__)

    def _server(self) -> smtplib.SMTP:
        parts = urlsplit(self.url)
        host = parts.hostname or "localhost"
        server: smtplib.SMTP
        if parts.scheme == "smtps":
            context = ssl.create_default_context()
            server = smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT, context=context)
        else:
            server = smtplib.SMTP(host, parts.port or 25, timeout=TIMEOUT)
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        return server

    def _message(self, letter: Letter) -> EmailMessage:
        parts = urlsplit(self.url)
        query = dict(pair.partition("=")[::2] for pair in parts.query.split("&") if pair)
        message = EmailMessage()
        message["From"] = unquote(query.get("from", "")) or f"no-reply@{parts.hostname}"
        message["To"] = letter.to
        message["Subject"] = letter.title
        message["Date"] = format_datetime(timezone.now())
        host = urlsplit(settings.TONGBAN_ADDRESS).hostname or "localhost"
        message["Message-ID"] = f"<{letter.key}@{host}>"  # the same for every attempt
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.text)
        return message


@dataclass(frozen=True)
class SimulatedGateway:
    """Sends nothing and says so: what it was given is read on the practice outbox."""

    name: str = SIMULATED
    knows_keys: bool = True

    def send(self, letter: Letter) -> Answer:
        """Take every letter but those whose recipient ends in 9999, so that a failure can be practised."""
        if letter.to.endswith("9999"):
            return Answer(Said.REFUSED, "simulated refusal")
        return Answer(Said.TAKEN, "simulated: nothing was sent")


def of(channel: str) -> list[Gateway]:
    """Give the gateways of a way, the first to be asked first; in practice mode without any, the simulator."""
    found: list[Gateway] = []
    if channel == Channel.SMS:
        found += [
            HttpGateway(f"sms-{n}", url, secret)
            for n, (url, secret) in enumerate(settings.TONGBAN_SMS, start=1)
            if url
        ]
    elif channel == Channel.EMAIL and settings.TONGBAN_SMTP_URL:
        found.append(SmtpGateway("smtp", settings.TONGBAN_SMTP_URL))
    if not found and settings.TONGBAN_PRACTICE:
        found.append(SimulatedGateway())
    return found


def secret_of(name: str) -> str:
    """Give the secret shared with a gateway; empty for one that is not there or has none."""
    return next((g.secret for g in of(Channel.SMS) if isinstance(g, HttpGateway) and g.name == name), "")


def signature(secret: str, body: bytes) -> str:
    """Give what is written beside a body so that the other side knows who wrote it: HMAC-SM3, in hex."""
    return crypto.hmac_sm3(secret.encode(), body).hex()
