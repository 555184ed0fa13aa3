"""Links that we send to people: good for one purpose, about one thing, until a moment; nobody can make one up.

    token = links.make(purpose="rating", subject=str(case.id), until=at + datetime.timedelta(days=30))
    subject = links.read(token, purpose="rating", at=now)

A token is the time it ends (four bytes, minutes), the subject, and the first sixteen bytes of an HMAC-SM3 over both
and the purpose, written in the URL-safe base 64. Nothing is stored; whoever wants a link to work once only says so
where the subject lives. The subject is signed, not hidden: it holds ids, no personal data.
"""

import base64
import binascii
import datetime
import hmac

from tongban.kernel import crypto, keyring, refusals

LONGEST = 400
_TIME, _SIGNATURE = 4, 16


class LinkWrong(refusals.NotFound):
    """这个链接不正确，可能没有复制完整。请从收到的消息里重新打开。"""


class LinkExpired(refusals.NotFound):
    """这个链接已过有效期。请在“查进度”里用业务编号查询，或者联系窗口。"""

    status = 410


def make(*, purpose: str, subject: str, until: datetime.datetime) -> str:
    """Give a token for an address: about `subject`, for `purpose` alone, good through the minute of `until`."""
    body = (int(until.timestamp()) // 60).to_bytes(_TIME, "big") + subject.encode()
    return base64.urlsafe_b64encode(body + _signed(body, purpose)).rstrip(b"=").decode()


def read(token: str, *, purpose: str, at: datetime.datetime) -> str:
    """Give the subject of a token.

    Raises:
        LinkWrong: it was not made here, not for this purpose, or is not whole.
        LinkExpired: its time is over.
    """
    try:
        raw = base64.b64decode(
            token[:LONGEST].encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True
        )
    except (ValueError, binascii.Error):
        raise LinkWrong() from None
    body, signature = raw[:-_SIGNATURE], raw[-_SIGNATURE:]
    is_written_so = base64.urlsafe_b64encode(raw).rstrip(b"=").decode() == token  # one token, one spelling
    if len(body) < _TIME or not is_written_so or not hmac.compare_digest(signature, _signed(body, purpose)):
        raise LinkWrong()
    if int.from_bytes(body[:_TIME], "big") < int(at.timestamp()) // 60:
        raise LinkExpired()
    return body[_TIME:].decode()


def _signed(body: bytes, purpose: str) -> bytes:
    return crypto.hmac_sm3(keyring.current().derived_key(f"link:{purpose}"), body)[:_SIGNATURE]
