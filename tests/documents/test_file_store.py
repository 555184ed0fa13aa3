"""The disk: encrypted, once for each content, durable before it is acknowledged, checked on every read."""

import errno
import os
from pathlib import Path

import pytest

from tongban.documents import queries, store
from tongban.documents.models import StoredFile
from tongban.kernel import crypto

CONTENT = "一份通知书".encode() * 1000
DIGEST = crypto.sm3(CONTENT)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def failing(number: int):
    def fail(*_args, **_kwargs):
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.article("S1")
class TestPut:
    def test_keeps_the_content_encrypted_and_readable_by_nobody_else(self, own_store: Path) -> None:
        store.put(CONTENT, digest=DIGEST)
        assert store.get(DIGEST) == CONTENT
        (place,) = files(own_store)
        assert place.name == DIGEST.hex()
        assert CONTENT[:20] not in place.read_bytes()
        assert place.stat().st_mode & 0o077 == 0

    def test_gives_every_file_a_key_of_its_own(self, own_store: Path) -> None:
        store.put(CONTENT, digest=DIGEST)
        (place,) = files(own_store)
        first = place.read_bytes()
        place.unlink()
        store.put(CONTENT, digest=DIGEST)
        second = place.read_bytes()
        assert first[:6] == second[:6]
        assert first[6:70] != second[6:70]

    def test_stores_the_same_content_once(self, own_store: Path) -> None:
        store.put(CONTENT, digest=DIGEST)
        (place,) = files(own_store)
        before = place.stat().st_ino
        store.put(CONTENT, digest=DIGEST)
        assert [path.stat().st_ino for path in files(own_store)] == [before]

    def test_mends_a_damaged_content_that_comes_again(self, own_store: Path) -> None:
        store.put(CONTENT, digest=DIGEST)
        (place,) = files(own_store)
        place.write_bytes(place.read_bytes()[:-1])
        store.put(CONTENT, digest=DIGEST)
        assert store.get(DIGEST) == CONTENT

    def test_syncs_content_before_its_name_and_then_its_folders(self, own_store: Path, monkeypatch) -> None:
        done: list[str] = []
        sync, rename = os.fsync, os.rename

        def watched_sync(descriptor: int) -> None:
            done.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name[:6])
            sync(descriptor)

        def watched_rename(*names: Path) -> None:
            done.append("rename")
            rename(*names)

        monkeypatch.setattr(os, "fsync", watched_sync)
        monkeypatch.setattr(os, "rename", watched_rename)
        store.is_ready()
        store.put(CONTENT, digest=DIGEST)
        name = DIGEST.hex()
        assert done[-5:] == [name[:6], "rename", name[:3], "files", own_store.parent.name[:6]]


class TestFailures:
    @pytest.mark.parametrize("step", ["fsync", "rename", "open"])
    @pytest.mark.parametrize(
        ("number", "refusal"), [(errno.ENOSPC, store.StoreFull), (errno.EIO, store.StoreFailed)]
    )
    def test_leave_nothing_half_written(self, own_store, monkeypatch, step, number, refusal) -> None:
        store.is_ready()
        with monkeypatch.context() as patched:
            patched.setattr(os, step, failing(number))
            with pytest.raises(store.StoreFailed) as caught:
                store.put(CONTENT, digest=DIGEST)
        assert type(caught.value) is refusal
        assert "请" in caught.value.message
        assert files(own_store) == []
        store.put(CONTENT, digest=DIGEST)
        assert store.get(DIGEST) == CONTENT

    def test_leave_nothing_when_the_disk_fills_up_in_the_middle(self, own_store, monkeypatch) -> None:
        import resource

        store.is_ready()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
        try:
            with pytest.raises(store.StoreFailed):
                store.put(CONTENT, digest=DIGEST)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert files(own_store) == []

    def test_never_acknowledge_what_the_folder_may_forget(self, own_store, monkeypatch) -> None:
        real = os.fsync

        def only_files(descriptor: int) -> None:
            if os.path.isdir(f"/proc/self/fd/{descriptor}"):
                raise OSError(errno.EIO, "folder")
            real(descriptor)

        monkeypatch.setattr(os, "fsync", only_files)
        with pytest.raises(store.StoreFailed):
            store.put(CONTENT, digest=DIGEST)
        assert all(path.name == DIGEST.hex() for path in files(own_store))


def damage_tail(place: Path) -> None:
    data = bytearray(place.read_bytes())
    data[-1] ^= 1
    place.write_bytes(data)


def damage_key(place: Path) -> None:
    data = bytearray(place.read_bytes())
    data[20] ^= 1
    place.write_bytes(data)


def swap_for_another(place: Path) -> None:
    other = b"another content"
    store.put(other, digest=crypto.sm3(other))
    (found,) = [path for path in files(place.parent.parent) if path.name == crypto.sm3(other).hex()]
    place.write_bytes(found.read_bytes())


DAMAGES = {
    "a bit changed": damage_tail,
    "a bit of the key changed": damage_key,
    "cut": lambda place: place.write_bytes(place.read_bytes()[:100]),
    "emptied": lambda place: place.write_bytes(b""),
    "replaced by noise": lambda place: place.write_bytes(b"\xff" * 500),
    "swapped for another file": swap_for_another,
    "gone": lambda place: place.unlink(),
}


class TestContentOf:
    @pytest.mark.parametrize("damage", DAMAGES)
    def test_refuses_a_file_that_is_not_what_was_stored(self, own_store: Path, damage: str) -> None:
        store.put(CONTENT, digest=DIGEST)
        (place,) = files(own_store)
        stored = StoredFile(id=5, name="通知书.pdf", digest=DIGEST)
        assert queries.content_of(stored) == CONTENT
        DAMAGES[damage](place)
        with pytest.raises(queries.Damaged) as caught:
            queries.content_of(stored)
        assert "通知书.pdf" in caught.value.message
        assert DIGEST.hex()[:12] in caught.value.message


class TestStorageReady:
    def test_is_true_when_a_file_can_be_written_and_read(self, own_store: Path) -> None:
        assert queries.storage_ready() is True
        assert files(own_store) == []

    def test_is_false_when_the_disk_is_full(self, monkeypatch) -> None:
        monkeypatch.setattr(os, "fsync", failing(errno.ENOSPC))
        assert queries.storage_ready() is False

    def test_is_false_when_the_folder_cannot_be_made(self, settings, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        settings.TONGBAN_FILES = tmp_path / "file" / "files"
        assert queries.storage_ready() is False

    def test_is_false_when_the_keys_are_gone(self, settings, tmp_path: Path) -> None:
        settings.TONGBAN_KEYS = tmp_path / "file"
        (tmp_path / "file").write_text("in the way")
        assert queries.storage_ready() is False
