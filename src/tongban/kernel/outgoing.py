"""Every address that we call from here goes through this: no request of ours reaches into our own network.

A provider's or partner's address comes from people's configuration, and may lead, by mistake or by malice, to
this machine, its neighbours, or the cloud's metadata. So an address is resolved once, every result is looked
at, and the connection goes to the very result that was looked at: a name that answers differently a moment
later (DNS rebinding) gains nothing. Redirects are not followed.

    answer = outgoing.send("POST", address, body=data, headers={...}, timeout=10)

`TONGBAN_OUTGOING_ALLOW` names what may be reached all the same: hosts and networks, comma separated, such as
`sms.gov.internal,10.8.0.0/16`; in practice mode also this machine, where the simulators are.
"""

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from tongban.kernel import refusals

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Iterable[str]]
LONGEST = 10_000_000  # bytes of an answer that are read
_PORTS = {"http": 80, "https": 443}
# 6to4 and NAT64 carry an IPv4 address inside; Teredo and shared address space lead to neighbours.
_INSIDE = [ipaddress.ip_network(n) for n in ("100.64.0.0/10", "2002::/16", "64:ff9b::/96", "2001::/32")]


class NotReachable(refusals.NotAllowed):
    """地址“{address}”不能使用：{why}。请核对对接配置；确需访问内部网络的，请系统管理员加入允许名单。"""


class NoAnswer(refusals.Refusal):
    """“{host}”没有应答。稍后会自动重试；一直这样的，请核对对接配置和网络。"""

    status = 502


@dataclass(frozen=True)
class Target:
    """Where a request goes: the address as written, and the number that was looked at."""

    parts: SplitResult
    host: str
    port: int
    number: str


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers in small letters, and the body's first LONGEST bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def resolve(address: str, *, resolver: Resolver | None = None) -> Target:
    """Give where an address leads, if we may go there.

    Raises:
        NotReachable: it is not HTTP, carries a password, leads inside, or to nothing.
    """
    try:
        parts = urlsplit(address)
        host, port = (parts.hostname or "").rstrip(".").lower(), parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        raise NotReachable(address=address[:100], why=_("格式不对")) from None
    if parts.scheme not in _PORTS or not host:
        raise NotReachable(address=address[:100], why=_("只能是 http 或者 https 地址"))
    if parts.username is not None or any(c.isspace() or ord(c) < 32 for c in address):
        raise NotReachable(address=host, why=_("地址中不能有账号、密码和空白"))
    hosts, networks = _allowed()
    numbers = sorted(set((resolver or _look_up)(host, port)))
    if not numbers:
        raise NotReachable(address=host, why=_("没有这个主机"))
    for number in numbers:  # one bad result among good ones is one too many
        if host not in hosts and not _is_outside(ipaddress.ip_address(number), networks):
            raise NotReachable(address=host, why=_("指向内部网络"))
    return Target(parts=parts, host=host, port=port, number=numbers[0])


def send(
    method: str,
    address: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    timeout: float = 10.0,
    context: ssl.SSLContext | None = None,
) -> Answer:
    """Send a request to an address outside and give its answer; a redirect is an answer like any other.

    Args:
        timeout: seconds for each wait, for the connection and for every read.
        context: certificates to trust or to show, beyond what the system trusts.

    Raises:
        NotReachable: the address leads where we must not go.
        NoAnswer: nobody answers there, or not in time, or not in HTTP.
    """
    target = resolve(address)
    connection = _connection(target, timeout=timeout, context=context)
    path = (target.parts.path or "/") + (f"?{target.parts.query}" if target.parts.query else "")
    try:
        connection.request(method, path, body=body or None, headers=dict(headers or {}))
        came = connection.getresponse()
        read = came.read(LONGEST + 1)
        if len(read) > LONGEST:
            raise NoAnswer(host=target.host)
        return Answer(came.status, {k.lower(): v for k, v in came.getheaders()}, read)
    except (OSError, http.client.HTTPException) as failed:
        raise NoAnswer(host=target.host) from failed
    finally:
        connection.close()


def _connection(
    target: Target, *, timeout: float, context: ssl.SSLContext | None
) -> http.client.HTTPConnection:
    """Give a connection to the number that was looked at, under the name that was asked for."""

    def connect(_where: tuple[str, int], *rest: Any, **more: Any) -> socket.socket:
        return socket.create_connection((target.number, target.port), timeout=timeout)

    made: Any
    if target.parts.scheme == "https":
        made = http.client.HTTPSConnection(
            target.host, target.port, timeout=timeout, context=context or ssl.create_default_context()
        )
    else:
        made = http.client.HTTPConnection(target.host, target.port, timeout=timeout)
    made._create_connection = connect  # the certificate is still checked against the name
    connection: http.client.HTTPConnection = made
    return connection


def _look_up(host: str, port: int) -> Sequence[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(row[4][0]).partition("%")[0] for row in found]


def _allowed() -> tuple[set[str], list[ipaddress.IPv4Network | ipaddress.IPv6Network]]:
    hosts, networks = set(), []
    for word in settings.TONGBAN_OUTGOING_ALLOW:
        try:
            networks.append(ipaddress.ip_network(word, strict=False))
        except ValueError:
            hosts.add(word.lower())
    return hosts, networks


def _is_outside(number: Address, networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    inner = getattr(number, "ipv4_mapped", None) or number
    if any(inner.version == n.version and inner in n for n in networks):
        return True
    hidden = any(inner.version == n.version and inner in n for n in _INSIDE)
    return inner.is_global and not inner.is_multicast and not inner.is_reserved and not hidden
