import multiprocessing
import stat
from pathlib import Path

import pytest
from pytest_django import Settings

from tongban.kernel import crypto, keyring


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def _mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def _fingerprint(folder: Path) -> str:
    ring = keyring.Keyring(folder)
    return ring.lookup_digest("x").hex() + ring.public_pem + repr(sorted(ring._masters.items()))


class TestFirstUse:
    def test_makes_secrets_for_the_owner_only_and_a_public_key_for_all(self, folder: Path) -> None:
        keyring.Keyring(folder)
        assert _mode(folder) == 0o700
        assert {file.name: _mode(file) for file in folder.iterdir()} == {
            "master-001.key": 0o600,
            "lookup.key": 0o600,
            "signing.pem": 0o600,
            "public.pem": 0o644,
        }

    def test_gives_processes_that_start_at_once_the_same_keys(self, folder: Path) -> None:
        with multiprocessing.get_context("fork").Pool(6) as pool:
            for turn in range(5):
                assert len(set(pool.map(_fingerprint, [folder / str(turn)] * 6, chunksize=1))) == 1

    def test_keeps_the_keys_for_the_next_start(self, folder: Path) -> None:
        assert _fingerprint(folder) == _fingerprint(folder)

    def test_leaves_other_files_of_the_folder_alone(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "django.key").write_text("other")
        keyring.Keyring(folder)
        assert (folder / "django.key").read_text() == "other"


class TestLoading:
    @pytest.mark.parametrize("name", ["master-001.key", "lookup.key", "signing.pem"])
    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
    def test_refuses_a_secret_that_others_may_read(self, folder: Path, name: str, mode: int) -> None:
        keyring.Keyring(folder)
        (folder / name).chmod(mode)
        with pytest.raises(keyring.KeysExposed, match=name):
            keyring.Keyring(folder)

    @pytest.mark.parametrize("name", ["master-001.key", "lookup.key"])
    def test_never_replaces_a_lost_key_that_data_depends_on(self, folder: Path, name: str) -> None:
        keyring.Keyring(folder)
        (folder / name).unlink()
        with pytest.raises(keyring.KeysMissing, match=name):
            keyring.Keyring(folder)
        assert not (folder / name).exists()

    @pytest.mark.parametrize("name", ["master-001.key", "lookup.key", "signing.pem", "public.pem"])
    def test_refuses_a_file_that_holds_no_key(self, folder: Path, name: str) -> None:
        keyring.Keyring(folder)
        (folder / name).write_text("00ff")
        with pytest.raises(keyring.KeysBroken, match=name):
            keyring.Keyring(folder)

    def test_writes_a_missing_public_key_again(self, folder: Path) -> None:
        pem = keyring.Keyring(folder).public_pem
        (folder / "public.pem").unlink()
        assert keyring.Keyring(folder).public_pem == pem == (folder / "public.pem").read_text()


class TestSealing:
    def test_opens_only_in_the_place_it_was_sealed_for(self, folder: Path) -> None:
        ring = keyring.Keyring(folder)
        sealed = ring.seal_text("张三", about="applicant.name")
        assert ring.open_text(sealed, about="applicant.name") == "张三"
        assert "张三".encode() not in sealed
        with pytest.raises(crypto.Tampered):
            ring.open_text(sealed, about="applicant.phone")

    def test_never_opens_a_text_as_a_key(self, folder: Path) -> None:
        ring = keyring.Keyring(folder)
        with pytest.raises(crypto.Tampered):
            ring.unwrap_key(ring.seal_text("text", about="key"))

    def test_unwraps_the_key_it_wrapped(self, folder: Path) -> None:
        ring = keyring.Keyring(folder)
        key = crypto.new_key()
        assert ring.unwrap_key(ring.wrap_key(key)) == key

    def test_refuses_values_sealed_by_another_installation(self, folder: Path) -> None:
        sealed = keyring.Keyring(folder).seal_text("text", about="a")
        for strange in (sealed, b"", b"\x09" + sealed[1:]):
            with pytest.raises(crypto.Tampered):
                keyring.Keyring(folder.with_name("other")).open_text(strange, about="a")

    def test_seals_with_a_new_master_key_and_still_opens_the_old(self, folder: Path) -> None:
        old = keyring.Keyring(folder).seal_text("text", about="a")
        (folder / "master-002.key").touch(mode=0o600)
        (folder / "master-002.key").write_text(crypto.new_key().hex())
        ring = keyring.Keyring(folder)
        new = ring.seal_text("text", about="a")
        assert (old[0], new[0]) == (1, 2)
        assert ring.open_text(old, about="a") == ring.open_text(new, about="a") == "text"


class TestLookupDigest:
    @pytest.mark.parametrize(
        "written", ["11010519491231002x", " 110105 19491231 002X ", "１１０１０５-19491231-002X"]
    )
    def test_is_one_for_all_ways_of_writing_a_value(self, folder: Path, written: str) -> None:
        ring = keyring.Keyring(folder)
        assert ring.lookup_digest(written) == ring.lookup_digest("11010519491231002X")

    def test_differs_by_value_and_by_installation(self, folder: Path) -> None:
        ring, other = keyring.Keyring(folder), keyring.Keyring(folder.with_name("other"))
        digests = {ring.lookup_digest("1"), ring.lookup_digest("2"), other.lookup_digest("1")}
        assert len(digests) == 3
        assert {len(digest) for digest in digests} == {32}


class TestSigning:
    def test_is_verified_by_the_ring_and_by_the_published_key(self, folder: Path) -> None:
        ring = keyring.Keyring(folder)
        signature = ring.sign(b"message")
        assert ring.verify(b"message", signature)
        assert not ring.verify(b"other", signature)
        published = crypto.PublicKey.from_pem((folder / "public.pem").read_text())
        assert published.verify(b"message", signature)


class TestCurrent:
    def test_loads_the_folder_of_the_settings_once(self, folder: Path, settings: Settings) -> None:
        settings.TONGBAN_KEYS = folder
        ring = keyring.current()
        assert ring.public_pem == (folder / "public.pem").read_text()
        assert keyring.current() is ring
