"""Contents on disk: each once, named by its SM3 digest, encrypted under a key of its own.

A content lies in `<first three characters of the digest>/<digest>`. The file is: four bytes of mark, two of
length, the data key wrapped under the master key, and the content sealed with that data key (SM4-GCM) and
bound to the digest. `put` returns only when the content, its name and its folder are on the disk; until then
there is at most a draft, in `drafts/`. A complete content that no row names (the row could not be written)
does no harm: it is used when the same content comes again.
"""

import contextlib
import errno
import logging
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from tongban.kernel import crypto, keyring, refusals

_log = logging.getLogger(__name__)
FRESH = "fresh"  # names the contents that the back-up has not got yet
_MARK = b"TBF1"
_FULL = (errno.ENOSPC, errno.EDQUOT)
# Folders whose own name this process knows to be on the disk.
_settled: set[Path] = set()


class StoreFailed(refusals.Conflict):
    """文件没有保存成功，系统存储出了问题。您填写的其他内容没有丢失，请稍后再传一次；仍不成功的，请告知系统管理员。"""

    status = 503


class StoreFull(StoreFailed):
    """文件没有保存成功，系统存储空间已满。您填写的其他内容没有丢失，请告知系统管理员清理空间，然后再传一次。"""

    status = 507


class Unreadable(Exception):
    """A content is missing, or what is there is not what was put. For logs, not for people."""


def put(content: bytes, *, digest: bytes) -> None:
    """Make the content durable under its digest; one that is already there and sound is left alone.

    Raises:
        StoreFull, StoreFailed: nothing half-written is left behind.
    """
    place = _place_of(digest)
    with _refusing():
        _make_room(place.parent)
        if not _is_sound(place, digest=digest):
            _write(place, content, digest=digest)
        _settle(place.parent)
        if settings.TONGBAN_BACKUP:
            _name_fresh(place.name)


def get(digest: bytes) -> bytes:
    """Give the content, decrypted and checked against its digest; raises Unreadable."""
    return _read(_place_of(digest), digest=digest)


def is_ready() -> bool:
    """Tell whether a content can be written, synced, read and decrypted right now, by doing it."""
    content = secrets.token_bytes(32)
    digest = crypto.sm3(content)
    place = _root() / "probe" / digest.hex()
    try:
        _make_room(place.parent)
        try:
            _write(place, content, digest=digest)
            return _read(place, digest=digest) == content
        finally:
            place.unlink(missing_ok=True)
    except (OSError, Unreadable, refusals.Refusal):
        _log.exception("The file store does not work")
        return False


def _root() -> Path:
    return Path(settings.TONGBAN_FILES)


def _place_of(digest: bytes) -> Path:
    name = digest.hex()
    return _root() / name[:3] / name


def _is_sound(place: Path, *, digest: bytes) -> bool:
    try:
        _read(place, digest=digest)
    except Unreadable:
        return False
    return True


def unseal(stored: bytes, *, digest: bytes, keys: keyring.Keyring) -> bytes:
    """Give the content of a file as it lies in a store, checked against its digest; raises Unreadable."""
    start = 6 + int.from_bytes(stored[4:6], "big")
    if stored[:4] != _MARK or start > len(stored):
        raise Unreadable("not a stored content")
    try:
        data_key = keys.unwrap_key(stored[6:start])
        content = crypto.open_sealed(data_key, stored[start:], about=b"file:" + digest)
    except crypto.Tampered as error:
        raise Unreadable("does not decrypt") from error
    if crypto.sm3(content) != digest:
        raise Unreadable("another content than its name says")
    return content


def _read(place: Path, *, digest: bytes) -> bytes:
    try:
        return unseal(place.read_bytes(), digest=digest, keys=keyring.current())
    except OSError as error:
        raise Unreadable(f"{place}: {error.strerror}") from error
    except Unreadable as error:
        raise Unreadable(f"{place}: {error}") from error


def _write(place: Path, content: bytes, *, digest: bytes) -> None:
    data_key = crypto.new_key()
    wrapped = keyring.current().wrap_key(data_key)
    sealed = crypto.seal(data_key, content, about=b"file:" + digest)
    drafts = _root() / "drafts"
    _make_room(drafts)
    draft = drafts / f"{place.name}.{secrets.token_hex(8)}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(_MARK + len(wrapped).to_bytes(2, "big") + wrapped)
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        os.rename(draft, place)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _name_fresh(name: str) -> None:
    """Name a content for the back-up, which has it before it has the row that its caller will write."""
    folder = _root() / FRESH
    _make_room(folder)
    (folder / name).touch(mode=0o600)
    _settle(folder)


def _make_room(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _settle(folder: Path) -> None:
    """Bring a folder's names to the disk, and, once in a process, the folder's own name and those above."""
    _sync(folder)
    if folder not in _settled:
        _sync(_root())
        if os.access(_root().parent, os.R_OK):  # a place given to us may stand where we may not look
            _sync(_root().parent)
        _settled.add(folder)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        _log.exception("A file could not be stored")
        raise (StoreFull if error.errno in _FULL else StoreFailed) from error
