"""The keys of one installation, kept in one folder that only its own user can read.

| File | What it is |
|---|---|
| `master-001.key` … | SM4 keys: seal texts, wrap the keys of files; the highest number seals, all open |
| `lookup.key` | HMAC-SM3 key under which values are found again without being stored in the clear |
| `signing.pem`, `public.pem` | SM2 key pair of this installation; the public half is for everyone |

They are made on first use. A new master key is put beside the old ones by hand (16 bytes in hexadecimal,
mode 0600) and is taken up at the next start; every sealed value begins with the number of its key.
Losing the master or look-up key means losing the data, so a missing one is never quietly replaced.
"""

import functools
import os
import re
import secrets
import unicodedata
from pathlib import Path

from django.conf import settings

from tongban.kernel import crypto, refusals

_LOOKUP_KEY_LENGTH = 32
_MASTER_NAME = re.compile(r"master-(\d{3})\.key")
_FIRST_MASTER = "master-001.key"
_LOOKUP = "lookup.key"
_SIGNING = "signing.pem"
_PUBLIC = "public.pem"


class KeysExposed(refusals.Conflict):
    """密钥文件“{file}”可被其他用户读取，系统拒绝使用。请系统管理员将其权限改为仅本用户可读写（600）。"""


class KeysMissing(refusals.Conflict):
    """密钥文件“{file}”缺失。为避免已有数据无法解密，系统不会自动重新生成。请系统管理员从备份恢复。"""


class KeysBroken(refusals.Conflict):
    """密钥文件“{file}”内容不正确。请系统管理员从备份恢复。"""


class Keyring:
    """Seals, finds again and signs with the keys of one folder."""

    def __init__(self, folder: Path) -> None:
        """Load the keys of the folder, making them when the folder has none yet.

        Raises:
            KeysExposed: when others may read a secret file.
            KeysMissing: when one file is gone while files made after it are still there.
            KeysBroken: when a file does not hold a key, or the two signing files differ.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_gaps(folder)
        if not _master_files(folder):
            _write_once(folder / _FIRST_MASTER, crypto.new_key().hex() + "\n")
        if not (folder / _LOOKUP).exists():
            _write_once(folder / _LOOKUP, secrets.token_hex(_LOOKUP_KEY_LENGTH) + "\n")
        if not (folder / _SIGNING).exists():
            _write_once(folder / _SIGNING, crypto.SigningKey.generate().to_pem())

        self._masters = {
            number: _read_hex(file, length=crypto.KEY_LENGTH)
            for number, file in _master_files(folder).items()
        }
        self._newest = max(self._masters)
        self._lookup = _read_hex(folder / _LOOKUP, length=_LOOKUP_KEY_LENGTH)
        try:
            self._signing = crypto.SigningKey.from_pem(_read_secret(folder / _SIGNING))
        except crypto.BadKey:
            raise KeysBroken(file=_SIGNING) from None
        self._public = self._signing.public_key()
        if not (folder / _PUBLIC).exists():
            _write_once(folder / _PUBLIC, self.public_pem, mode=0o644)
        if (folder / _PUBLIC).read_text() != self.public_pem:
            raise KeysBroken(file=_PUBLIC)

    @property
    def public_pem(self) -> str:
        """The public half of the signing key, for others to check our signatures with."""
        return self._public.to_pem()

    def seal_text(self, text: str, *, about: str) -> bytes:
        """Encrypt a text; `about` names the place it is kept in, e.g. `people.applicant.name`."""
        return self._seal(text.encode(), about=b"text:" + about.encode())

    def open_text(self, sealed: bytes, *, about: str) -> str:
        """Give back the text sealed with the same `about`; raises crypto.Tampered."""
        return self._open(sealed, about=b"text:" + about.encode()).decode()

    def wrap_key(self, data_key: bytes) -> bytes:
        """Encrypt the key of a file, so that it may be kept beside the file."""
        return self._seal(data_key, about=b"key")

    def unwrap_key(self, wrapped: bytes) -> bytes:
        """Give back a wrapped key; raises crypto.Tampered."""
        return self._open(wrapped, about=b"key")

    def lookup_digest(self, value: str) -> bytes:
        """Give the 32 bytes under which a value is found again without being stored in the clear.

        Full-width forms, case, spaces and hyphens make no difference.
        """
        return crypto.hmac_sm3(self._lookup, _normalised(value).encode())

    def derived_key(self, purpose: str) -> bytes:
        """Give a key of 32 bytes for one purpose; it tells nothing about the others, nor about values looked up."""
        return crypto.hmac_sm3(self._lookup, b"\xff" + purpose.encode())  # no text has a byte FF

    def sign(self, message: bytes) -> bytes:
        """Sign a message for this installation: 64 bytes."""
        return self._signing.sign(message)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Tell whether this installation signed the message."""
        return self._public.verify(message, signature)

    def _seal(self, plain: bytes, *, about: bytes) -> bytes:
        return bytes([self._newest]) + crypto.seal(self._masters[self._newest], plain, about=about)

    def _open(self, sealed: bytes, *, about: bytes) -> bytes:
        master = self._masters.get(sealed[0]) if sealed else None
        if master is None:
            raise crypto.Tampered
        return crypto.open_sealed(master, sealed[1:], about=about)


def current() -> Keyring:
    """Give the keyring of this installation (`settings.TONGBAN_KEYS`), loaded once a process."""
    return _keyring_in(Path(settings.TONGBAN_KEYS))


@functools.cache
def _keyring_in(folder: Path) -> Keyring:
    return Keyring(folder)


def _normalised(value: str) -> str:
    text = unicodedata.normalize("NFKC", value).upper()
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c) != "Pd")


def _master_files(folder: Path) -> dict[int, Path]:
    found = ((_MASTER_NAME.fullmatch(file.name), file) for file in folder.iterdir())
    return {int(match[1]): file for match, file in found if match and 0 < int(match[1]) < 256}


def _refuse_gaps(folder: Path) -> None:
    """Refuse a folder that lost a file. Files are made in this order, so look at the last one first."""
    has_signing = (folder / _SIGNING).exists()
    has_lookup = (folder / _LOOKUP).exists()
    has_master = bool(_master_files(folder))
    if has_signing and not has_lookup:
        raise KeysMissing(file=_LOOKUP)
    if has_lookup and not has_master:
        raise KeysMissing(file=_FIRST_MASTER)


def _write_once(file: Path, text: str, *, mode: int = 0o600) -> None:
    """Put a complete file in place, unless another process was first: then theirs stays."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "w") as stream:
            os.fchmod(descriptor, mode)
            stream.write(text)
            stream.flush()
            os.fsync(descriptor)
        try:
            os.link(draft, file)
        except FileExistsError:
            return
    finally:
        draft.unlink()
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read_secret(file: Path) -> str:
    with file.open() as stream:
        if os.fstat(stream.fileno()).st_mode & 0o077:
            raise KeysExposed(file=file.name)
        return stream.read()


def _read_hex(file: Path, *, length: int) -> bytes:
    try:
        key = bytes.fromhex(_read_secret(file))
    except ValueError:
        raise KeysBroken(file=file.name) from None
    if len(key) != length:
        raise KeysBroken(file=file.name)
    return key
