"""The national algorithms in the few forms the house needs: SM3 digests, SM4-GCM sealing, SM2 signatures.

SM3 and SM4 come from `cryptography`. SM2 comes from `tongsuopy`, or from the pure Python `gmalg` (some
two hundred times slower) where tongsuopy has no build. Keys are written as standard PKCS #8 and
SubjectPublicKeyInfo PEM on the curve sm2p256v1, which other tools read. A signature is r and s, 32 bytes
each, over SM3 of the message with the default user id `1234567812345678` (GB/T 32918.2, GB/T 35276).
"""

import base64
import binascii
import re
import secrets
from collections.abc import Callable
from typing import Any, Protocol, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4

from tongban.kernel import refusals

KEY_LENGTH = 16
SIGNATURE_LENGTH = 64
USER_ID = b"1234567812345678"
CURVE_ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123

_VERSION = b"\x01"
_NONCE_LENGTH = 12
_TAG_LENGTH = 16
SEAL_LENGTH = len(_VERSION) + _NONCE_LENGTH + _TAG_LENGTH  # bytes that sealing adds

# DER of the two key files up to the parts that vary; both have a fixed length on this curve.
_SPKI_HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200" + "04")
_PKCS8_HEAD = bytes.fromhex("308187020100301306072a8648ce3d020106082a811ccf5501822d046d306b0201010420")
_PKCS8_MIDDLE = bytes.fromhex("a144034200" + "04")


class Tampered(refusals.Conflict):
    """这份内容未通过完整性校验，可能已损坏或被改动，系统不能打开。请联系系统管理员。"""


class BadKey(refusals.Conflict):
    """密钥格式不正确：需要 PEM 格式的 SM2 密钥。请核对后重新提供。"""


# A copy of a fresh context costs half of what making one does.
_FRESH = hashes.Hash(hashes.SM3())


def sm3(data: bytes) -> bytes:
    """Give the SM3 digest of the data, 32 bytes."""
    digest = _FRESH.copy()
    digest.update(data)
    return digest.finalize()


def hmac_sm3(key: bytes, data: bytes) -> bytes:
    """Give the HMAC-SM3 of the data under the key, 32 bytes."""
    digest = hmac.HMAC(key, hashes.SM3())
    digest.update(data)
    return digest.finalize()


def new_key() -> bytes:
    """Give a fresh SM4 key, 16 bytes."""
    return secrets.token_bytes(KEY_LENGTH)


def seal(key: bytes, plain: bytes, *, about: bytes) -> bytes:
    """Encrypt with SM4-GCM so that any change shows; `about` is bound to it and needed to open it.

    Returns one version byte, a random nonce of 12 bytes, the cipher text and a tag of 16 bytes.
    """
    nonce = secrets.token_bytes(_NONCE_LENGTH)
    encryptor = Cipher(SM4(key), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(_VERSION + about)
    return _VERSION + nonce + encryptor.update(plain) + encryptor.finalize() + encryptor.tag


def open_sealed(key: bytes, sealed: bytes, *, about: bytes) -> bytes:
    """Give back what was sealed with the same key and `about`.

    Raises:
        Tampered: when the key, `about` or a single bit differs.
    """
    start = len(_VERSION) + _NONCE_LENGTH
    if len(sealed) < start + _TAG_LENGTH or sealed[:1] != _VERSION:
        raise Tampered
    nonce, body, tag = sealed[1:start], sealed[start:-_TAG_LENGTH], sealed[-_TAG_LENGTH:]
    decryptor = Cipher(SM4(key), modes.GCM(nonce, tag)).decryptor()
    decryptor.authenticate_additional_data(_VERSION + about)
    try:
        return decryptor.update(body) + decryptor.finalize()
    except InvalidTag:
        raise Tampered from None


class Engine(Protocol):
    """A library that computes SM2. Secrets are 32 bytes, points x and y of 32 bytes each."""

    def point(self, secret: bytes) -> bytes:
        """Give the public point of a secret."""

    def signer(self, secret: bytes) -> Callable[[bytes], tuple[int, int]]:
        """Give a function that signs a message as (r, s)."""

    def verifier(self, point: bytes) -> Callable[[bytes, int, int], bool]:
        """Give a function that checks (message, r, s); raises ValueError for a point off the curve."""


class TongsuoEngine:
    """SM2 by tongsuopy, which applies the default user id by itself."""

    def __init__(self) -> None:
        # Imported here because there is no build for some machines; the library ships no types.
        from tongsuopy.crypto import exceptions, hashes
        from tongsuopy.crypto.asymciphers import ec

        self._ec: Any = ec
        self._algorithm = ec.ECDSA(hashes.SM3())
        self._invalid = exceptions.InvalidSignature

    def point(self, secret: bytes) -> bytes:
        numbers = self._private(secret).public_key().public_numbers()
        return int(numbers.x).to_bytes(32, "big") + int(numbers.y).to_bytes(32, "big")

    def signer(self, secret: bytes) -> Callable[[bytes], tuple[int, int]]:
        key = self._private(secret)
        return lambda message: decode_dss_signature(key.sign(message, self._algorithm))

    def verifier(self, point: bytes) -> Callable[[bytes, int, int], bool]:
        key = self._ec.EllipticCurvePublicNumbers(*_numbers(point), self._ec.SM2()).public_key()

        def verify(message: bytes, r: int, s: int) -> bool:
            try:
                key.verify(encode_dss_signature(r, s), message, self._algorithm)
            except self._invalid:
                return False
            return True

        return verify

    def _private(self, secret: bytes) -> Any:
        return self._ec.derive_private_key(int.from_bytes(secret, "big"), self._ec.SM2())


class GmalgEngine:
    """SM2 by gmalg, in pure Python."""

    def __init__(self) -> None:
        import gmalg

        self._sm2: Any = gmalg.SM2

    def point(self, secret: bytes) -> bytes:
        return bytes(self._sm2().generate_pk(secret)[1:])

    def signer(self, secret: bytes) -> Callable[[bytes], tuple[int, int]]:
        key = self._sm2(secret, USER_ID)

        def sign(message: bytes) -> tuple[int, int]:
            r, s = key.sign(message)
            return int.from_bytes(r, "big"), int.from_bytes(s, "big")

        return sign

    def verifier(self, point: bytes) -> Callable[[bytes, int, int], bool]:
        key = self._sm2(None, USER_ID, b"\x04" + point)
        if not key.verify_pk(b"\x04" + point):
            raise ValueError("not a point of the curve")
        return lambda message, r, s: bool(key.verify(message, r.to_bytes(32, "big"), s.to_bytes(32, "big")))


def _best_engine() -> Engine:
    try:
        return TongsuoEngine()
    except ImportError:
        return GmalgEngine()


_engine = _best_engine()


class PublicKey:
    """An SM2 public key: checks signatures."""

    def __init__(self, point: bytes, *, engine: Engine | None = None) -> None:
        """Take the point, x and y of 32 bytes each; raises BadKey when it is not on the curve."""
        self._point = point
        try:
            self._verify = (engine or _engine).verifier(point)
        except ValueError:
            raise BadKey from None

    @classmethod
    def from_pem(cls, pem: str, *, engine: Engine | None = None) -> Self:
        """Read a SubjectPublicKeyInfo PEM; raises BadKey."""
        der = _read_pem(pem, "PUBLIC KEY")
        if not der.startswith(_SPKI_HEAD) or len(der) != len(_SPKI_HEAD) + 64:
            raise BadKey
        return cls(der[len(_SPKI_HEAD) :], engine=engine)

    def to_pem(self) -> str:
        """Write the key as SubjectPublicKeyInfo PEM."""
        return _write_pem(_SPKI_HEAD + self._point, "PUBLIC KEY")

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Tell whether the 64-byte signature over the message was made with the matching key."""
        if len(signature) != SIGNATURE_LENGTH:
            return False
        return self._verify(message, *_numbers(signature))


class SigningKey:
    """An SM2 private key: signs messages."""

    def __init__(self, secret: bytes, *, engine: Engine | None = None) -> None:
        """Take the secret number as 32 bytes; raises BadKey when it is out of range."""
        if len(secret) != 32 or not 0 < int.from_bytes(secret, "big") < CURVE_ORDER - 1:
            raise BadKey
        self._secret = secret
        self._engine = engine or _engine
        self._sign = self._engine.signer(secret)
        self._point = self._engine.point(secret)

    @classmethod
    def generate(cls) -> Self:
        """Make a new key."""
        return cls((secrets.randbelow(CURVE_ORDER - 2) + 1).to_bytes(32, "big"))

    @classmethod
    def from_pem(cls, pem: str, *, engine: Engine | None = None) -> Self:
        """Read an unencrypted PKCS #8 PEM; raises BadKey, also when its two halves do not match."""
        der = _read_pem(pem, "PRIVATE KEY")
        start = len(_PKCS8_HEAD)
        if not der.startswith(_PKCS8_HEAD) or len(der) != start + 32 + len(_PKCS8_MIDDLE) + 64:
            raise BadKey
        key = cls(der[start : start + 32], engine=engine)
        if der[start + 32 :] != _PKCS8_MIDDLE + key._point:
            raise BadKey
        return key

    def to_pem(self) -> str:
        """Write the key as unencrypted PKCS #8 PEM."""
        return _write_pem(_PKCS8_HEAD + self._secret + _PKCS8_MIDDLE + self._point, "PRIVATE KEY")

    def public_key(self) -> PublicKey:
        """Give the key that checks what this one signs."""
        return PublicKey(self._point, engine=self._engine)

    def sign(self, message: bytes) -> bytes:
        """Sign the message: r and s, 64 bytes together, different every time."""
        r, s = self._sign(message)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _numbers(pair: bytes) -> tuple[int, int]:
    return int.from_bytes(pair[:32], "big"), int.from_bytes(pair[32:], "big")


def _write_pem(der: bytes, label: str) -> str:
    text = base64.b64encode(der).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


def _read_pem(pem: str, label: str) -> bytes:
    found = re.search(f"-----BEGIN {label}-----(.+?)-----END {label}-----", pem, re.DOTALL)
    if not found:
        raise BadKey
    try:
        return base64.b64decode("".join(found[1].split()), validate=True)
    except binascii.Error:
        raise BadKey from None
