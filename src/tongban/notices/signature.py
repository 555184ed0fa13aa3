"""How a form proves that it is genuine, on paper and as a file, to anybody who has the public key.

As a file, the PDF ends in comment lines (which PDF readers skip) naming kind, serial number, business
number and time, and an SM2 signature over every byte before it. On paper, the QR code carries a compact
*statement*: the same four things, the SM3 digest of everything that the form says, and an SM2 signature.

Pure functions: no table, no setting, no key of their own.
"""

import base64
import binascii
import datetime
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass

from tongban.kernel import crypto, ids, refusals
from tongban.notices.wording import OFFICE_TIME, Kind

Sign = Callable[[bytes], bytes]

_TRAILER = re.compile(
    rb"\n%TongbanNotice 1\n%kind (\w+)\n%serial ([0-9A-Z-]{14})\n%number ([0-9A-Z-]{14})\n"
    rb"%issued ([0-9T:+-]{25})\n%signature ([0-9a-f]{128})\n\Z"
)
# Set before what is signed, so that a signature made for one purpose proves nothing for another.
_ABOUT_STATEMENT = b"tongban notice statement\n"
# Version, kind, serial, case id, seconds since 1970, digest.
_STATEMENT = struct.Struct(">BBQQq32s")
_VERSION = 1
_KINDS = (Kind.CORRECTION, Kind.RECEIPT, Kind.SUBMISSION, Kind.RESULT)  # by their number in a statement


class NotGenuine(refusals.Conflict):
    """这份文书未通过验证：不是本系统出具的原件，或者内容被改动过。请向窗口索取原件后再核验。"""


@dataclass(frozen=True)
class Verified:
    """What a genuine form says of itself."""

    kind: str
    serial: int
    number: str
    issued_at: datetime.datetime


@dataclass(frozen=True)
class Statement:
    """What the QR code of a form states; `data_digest` is the SM3 digest of everything the form says."""

    kind: str
    serial: int
    case_id: int
    issued_at: datetime.datetime
    data_digest: bytes

    @property
    def number(self) -> str:
        """The business number of the case."""
        return ids.number_of(self.case_id)


def sign_file(pdf: bytes, *, about: Statement, sign: Sign) -> bytes:
    """Give the PDF with its signed trailer; `sign` is the keyring's."""
    trailer = (
        f"\n%TongbanNotice 1\n%kind {about.kind}\n%serial {ids.number_of(about.serial)}\n"
        f"%number {about.number}\n%issued {_in_office_time(about.issued_at)}\n"
    )
    said = pdf.rstrip(b"\r\n") + trailer.encode()
    return said + b"%signature " + sign(said).hex().encode() + b"\n"


def signature_in(data: bytes) -> bytes:
    """Give the 64 bytes of the signature in a form's trailer, unchecked; raises NotGenuine without one."""
    return bytes.fromhex(_trailer_in(data)[5].decode())


def verify_file(data: bytes, public_pem: str) -> Verified:
    """Give what a form's file says of itself once its signature is proven with the public key.

    Raises:
        NotGenuine: when a single byte differs, is missing or was added, or another key signed it.
        crypto.BadKey: when the PEM holds no SM2 public key.
    """
    key = crypto.PublicKey.from_pem(public_pem)
    found = _trailer_in(data)
    said = data[: found.start(5) - len(b"%signature ")]
    if not key.verify(said, bytes.fromhex(found[5].decode())):
        raise NotGenuine
    return Verified(
        kind=found[1].decode(),
        serial=ids.id_of(found[2].decode()),
        number=found[3].decode(),
        issued_at=datetime.datetime.fromisoformat(found[4].decode()),
    )


def write_statement(statement: Statement, *, sign: Sign) -> str:
    """Write a statement with its signature as 163 characters that a web address may hold."""
    body = _STATEMENT.pack(
        _VERSION,
        _KINDS.index(Kind(statement.kind)),
        statement.serial,
        statement.case_id,
        int(statement.issued_at.timestamp()),
        statement.data_digest,
    )
    return base64.urlsafe_b64encode(body + sign(_ABOUT_STATEMENT + body)).decode().rstrip("=")


def verify_statement(text: str, public_pem: str) -> Statement:
    """Give what the QR code of a form states once its signature is proven with the public key.

    Args:
        text: the statement, or the whole address that the QR code holds.

    Raises:
        NotGenuine: when it is not such a statement, was changed, or another key signed it.
        crypto.BadKey: when the PEM holds no SM2 public key.
    """
    key = crypto.PublicKey.from_pem(public_pem)
    data = _decode(text.strip().rpartition("?s=")[2])
    body, signature = data[: _STATEMENT.size], data[_STATEMENT.size :]
    if len(body) != _STATEMENT.size or not key.verify(_ABOUT_STATEMENT + body, signature):
        raise NotGenuine
    version, kind, serial, case_id, seconds, digest = _STATEMENT.unpack(body)
    if version != _VERSION or kind >= len(_KINDS):
        raise NotGenuine
    issued_at = datetime.datetime.fromtimestamp(seconds, OFFICE_TIME)
    return Statement(_KINDS[kind], serial, case_id, issued_at, digest)


def _trailer_in(data: bytes) -> re.Match[bytes]:
    found = _TRAILER.search(data, max(0, len(data) - 400))
    if not found:
        raise NotGenuine
    return found


def _decode(text: str) -> bytes:
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise NotGenuine from None
    # The last character has spare bits: only one way of writing a statement is taken.
    if base64.urlsafe_b64encode(data).decode().rstrip("=") != text:
        raise NotGenuine
    return data


def _in_office_time(at: datetime.datetime) -> str:
    return at.astimezone(OFFICE_TIME).isoformat(timespec="seconds")
