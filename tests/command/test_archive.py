"""Sealed files, the WAL archive and base back-ups, on a real server with plain tables."""

import argparse
import datetime
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tongban.command import archiver, backup, postgres, restore
from tongban.command.archive import base, files, keys, place, replication, sealed, wal
from tongban.command.problems import Problem
from tongban.documents import store
from tongban.kernel import crypto, keyring

KEY = bytes(range(16))
SEGMENT = 16 << 20


class TestSealed:
    def test_gives_back_what_was_written_in_many_records(self, tmp_path: Path) -> None:
        content = os.urandom(sealed.CHUNK) * 2 + b"rest"
        sealed.write(tmp_path / "file", KEY, content, about="here")
        assert b"".join(sealed.read(tmp_path / "file", KEY, about="here")) == content
        assert [path.name for path in tmp_path.iterdir()] == ["file"]

    def test_an_interrupted_one_never_gets_its_name(self, tmp_path: Path) -> None:
        with pytest.raises(KeyError), sealed.Writer(tmp_path / "file", KEY, about="here") as writer:
            writer.write(b"some")
            raise KeyError
        assert not (tmp_path / "file").exists()

    @pytest.mark.parametrize("cut", [3, 20, 70, 5000, sealed.CHUNK // 2, -1])
    def test_a_cut_shows_wherever_it_is(self, tmp_path: Path, cut: int) -> None:
        path = tmp_path / "file"
        sealed.write(path, KEY, os.urandom(sealed.CHUNK * 2), about="here")
        path.write_bytes(path.read_bytes()[:cut])
        with pytest.raises(sealed.Damaged, match=str(path)):
            list(sealed.read(path, KEY, about="here"))

    def test_a_cut_between_two_records_shows(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        sealed.write(path, KEY, os.urandom(sealed.CHUNK * 2), about="here")
        content = path.read_bytes()
        start = 14 + int.from_bytes(content[12:14], "big")
        first = 4 + int.from_bytes(content[start : start + 4], "big")
        path.write_bytes(content[: start + first])
        with pytest.raises(sealed.Damaged):
            list(sealed.read(path, KEY, about="here"))

    def test_one_file_cannot_stand_in_for_another(self, tmp_path: Path) -> None:
        sealed.write(tmp_path / "file", KEY, b"x", about="here")
        with pytest.raises(sealed.Damaged):
            list(sealed.read(tmp_path / "file", KEY, about="there"))

    def test_another_key_is_told_from_damage(self, tmp_path: Path) -> None:
        sealed.write(tmp_path / "file", KEY, b"x", about="here")
        with pytest.raises(sealed.WrongKey):
            list(sealed.read(tmp_path / "file", bytes(16), about="here"))


class TestWal:
    @pytest.fixture
    def archive(self, tmp_path: Path) -> wal.Archive:
        return wal.Archive(tmp_path, KEY, segment=1 << 20)

    def test_goes_on_after_a_piece_that_a_crash_tore(self, archive: wal.Archive, tmp_path: Path) -> None:
        archive.append(1, 0, b"a" * 1000)
        archive.append(1, 1000, b"b" * 1000)
        archive.close()
        (growing,) = tmp_path.iterdir()
        with open(growing, "r+b") as file:
            file.truncate(growing.stat().st_size - 10)
        again = wal.Archive(tmp_path, KEY, segment=1 << 20)
        assert again.end(1) == 1000
        again.append(1, 1000, b"c" * 500)
        again.close()
        assert again.read(growing.name.removesuffix(".growing"))[:1500] == b"a" * 1000 + b"c" * 500

    def test_a_changed_piece_is_not_taken_for_a_torn_one(self, archive: wal.Archive, tmp_path: Path) -> None:
        archive.append(1, 0, b"a" * 1000)
        archive.append(1, 1000, b"b" * 1000)
        archive.close()
        (growing,) = tmp_path.iterdir()
        content = bytearray(growing.read_bytes())
        content[500] ^= 1
        growing.write_bytes(content)
        with pytest.raises(sealed.Damaged):
            archive.append(1, 2000, b"c")

    def test_a_rotten_last_piece_is_refused_by_a_restore_and_cut_off_by_the_archiver(
        self, archive: wal.Archive, tmp_path: Path
    ) -> None:
        archive.append(1, 0, b"a" * 1000)
        archive.append(1, 1000, b"b" * 1000)
        archive.close()
        (growing,) = tmp_path.iterdir()
        content = bytearray(growing.read_bytes())
        content[-5] ^= 1
        growing.write_bytes(content)
        with pytest.raises(sealed.Damaged):
            archive.read(archive.names()[0])
        archive.mend(1)
        assert archive.end(1) == 1000

    def test_a_full_segment_becomes_one_file(self, archive: wal.Archive, tmp_path: Path) -> None:
        archive.append(1, 0, b"a" * ((1 << 20) + 7))
        archive.close()
        first, second = archive.names()
        assert (tmp_path / first).exists() and not (tmp_path / f"{first}.growing").exists()
        assert archive.end(1) == (1 << 20) + 7
        assert archive.prune(before=1 << 20) == 1
        assert archive.names() == [second]

    def test_refuses_wal_that_does_not_follow(self, archive: wal.Archive) -> None:
        archive.append(1, 0, b"a")
        with pytest.raises(Problem, match="does not follow"):
            archive.append(1, 5, b"b")
        archive.close()


class Site:
    """A server, a file store and keys as an administrator of an own server has them, and where they are backed up."""

    def __init__(self, cluster: postgres.Cluster, folder: Path) -> None:
        self.cluster = cluster
        self.folder = folder
        self.place = place.Place(folder / "backup", KEY)

    def write(self, text: str) -> datetime.datetime:
        """Write a row; gives a moment at which it is there."""
        with psycopg.connect(self.cluster.owner_url, autocommit=True) as owner:
            owner.execute("CREATE TABLE IF NOT EXISTS kept (text text)")
            owner.execute("INSERT INTO kept VALUES (%s)", [text])
            row = owner.execute("SELECT clock_timestamp()").fetchone()
        assert row is not None
        return row[0]

    def back_up(self) -> int:
        return backup.run(argparse.Namespace(list=False, check=False, show_key=False))

    def archive(self) -> wal.Archive:
        return wal.Archive(self.place.wal, KEY, segment=SEGMENT)

    def archive_all(self) -> None:
        """Be the archiver until everything that is written now is archived."""
        with replication.Line(self.cluster.admin_url) as line:
            archive = archiver.open_archive(self.place, line)
            goal = line.flushed()
            copy = archiver.Companions(self.place).copy
            wal.receive(line, archive, copy_companions=copy, is_over=lambda: archive.reached >= goal)

    def restored(self, *, to: datetime.datetime | None = None) -> list[str]:
        """Restore into a folder, start a server of one's own on it, and read what is there."""
        target = self.folder / "restored"
        shutil.rmtree(target, ignore_errors=True)
        for name in ("data", "files", "keys"):
            shutil.rmtree(self.folder / f"new-{name}", ignore_errors=True)
        before = {n: os.environ[n] for n in ("TONGBAN_DATA", "TONGBAN_FILES", "TONGBAN_KEYS")}
        os.environ |= {n: str(self.folder / f"new-{n.removeprefix('TONGBAN_').lower()}") for n in before}
        try:
            restore.run(argparse.Namespace(to=to, database_to=target / "cluster"))
        finally:
            os.environ |= before
        target.chmod(0o711)
        server = postgres.Cluster(target, durable=False, bound=True)
        shutil.copy(self.cluster.place / "passwords.json", target / "passwords.json")
        for path in (target / "cluster", *(target / "cluster").rglob("*")):
            shutil.chown(path, self.cluster.data.stat().st_uid, self.cluster.data.stat().st_gid)
        try:
            server.start()
            with psycopg.connect(server.owner_url) as owner:
                return [row[0] for row in owner.execute("SELECT text FROM kept ORDER BY text")]
        finally:
            server.destroy()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    folder = Path(tempfile.mkdtemp(prefix="tongban-site-", dir="/tmp"))
    folder.chmod(0o711)
    (folder / "backup.key").write_text(KEY.hex())
    mask = os.umask(0o022)
    with postgres.throw_away() as cluster:
        for name, value in {
            "TONGBAN_DATA": folder / "data",
            "TONGBAN_FILES": folder / "files",
            "TONGBAN_KEYS": folder / "keys",
            "TONGBAN_BACKUP": folder / "backup",
            "TONGBAN_BACKUP_KEYS": folder / "backup-keys",
            "TONGBAN_BACKUP_KEY": folder / "backup.key",
            "TONGBAN_BACKUP_DATABASE_URL": cluster.admin_url,
            "TONGBAN_DATABASE_URL": cluster.owner_url,
        }.items():
            monkeypatch.setenv(name, str(value))
        keyring.Keyring(folder / "keys")
        (folder / "data").mkdir()
        yield Site(cluster, folder)
    os.umask(mask)
    shutil.rmtree(folder)


@pytest.mark.article("S3")
class TestOwnServer:
    def test_is_restored_to_the_end_of_the_archive_and_to_a_moment(
        self, site: Site, capsys: pytest.CaptureFixture[str]
    ) -> None:
        site.write("before")
        assert site.back_up() == 0
        assert "read back and sound" in capsys.readouterr().out
        moment = site.write("between")
        site.write("last")
        site.archive_all()
        assert site.restored() == ["before", "between", "last"]
        assert site.restored(to=moment) == ["before", "between"]

    def test_goes_on_with_a_back_up_that_was_interrupted(
        self, site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        site.write("before")
        copied = files.copy_missing

        def interrupted(*arguments: Path) -> Iterator[tuple[str, int]]:
            raise KeyboardInterrupt
            yield "", 0

        monkeypatch.setattr(files, "copy_missing", interrupted)
        with pytest.raises(KeyboardInterrupt):
            site.back_up()
        assert site.place.sets() == []
        (begun,) = site.place.unfinished()
        monkeypatch.setattr(files, "copy_missing", copied)
        monkeypatch.setattr(base, "take", lambda *_: pytest.fail("the base back-up was made again"))
        assert site.back_up() == 0
        assert f"Going on with {begun.name}" in capsys.readouterr().out
        assert [made.name for made in site.place.sets()] == [begun.name]

    def test_a_half_made_base_is_thrown_away(self, site: Site) -> None:
        site.place.prepare()
        half = site.place.sets_folder / "20200101T000000Z-0000"
        half.mkdir()
        (half / "base.tar.partial").write_bytes(b"half")
        site.write("before")
        assert site.back_up() == 0
        assert not half.exists()

    def test_old_back_ups_go_with_the_wal_that_only_they_needed(
        self, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        site.write("a")
        site.back_up()
        monkeypatch.setenv("TONGBAN_BACKUP_DAYS", "0")
        for text in "b":
            site.write(text)
            with psycopg.connect(site.cluster.admin_url, autocommit=True) as admin:
                admin.execute("SELECT pg_switch_wal()")
            site.back_up()
        (kept,) = site.place.sets()
        archive = site.archive()
        assert archive.names()[0] == archive.name_at(kept.timeline, kept.start)
        assert site.restored() == ["a", "b"]

    def test_a_missing_segment_is_named(self, site: Site) -> None:
        site.write("before")
        site.back_up()
        for _ in range(2):
            site.write("more")
            with psycopg.connect(site.cluster.admin_url, autocommit=True) as admin:
                admin.execute("SELECT pg_switch_wal()")
        site.archive_all()
        gone = site.archive().names()[-2]
        (site.place.wal / gone).unlink()
        with pytest.raises(Problem, match=f"lacks WAL segment {gone}"):
            site.restored()

    def test_goes_on_behind_a_gap_that_the_next_back_up_closes(self, site: Site) -> None:
        site.write("before")
        site.back_up()
        with psycopg.connect(site.cluster.admin_url, autocommit=True) as admin:
            admin.execute("SELECT pg_drop_replication_slot(%s)", [replication.SLOT])
            for _ in range(2):  # the server throws away what nobody keeps any more
                admin.execute("CREATE TABLE t (); DROP TABLE t; SELECT pg_switch_wal()")
                admin.execute("CHECKPOINT")
        with pytest.raises(replication.Lost):
            site.archive_all()
        site.archive_all()
        assert (site.place.wal / wal.GAP).exists()
        with pytest.raises(Problem, match="lacks WAL segment"):
            site.restored()
        site.back_up()
        assert not (site.place.wal / wal.GAP).exists()
        assert site.restored() == ["before"]

    def test_another_database_does_not_get_into_the_same_folder(self, site: Site) -> None:
        site.write("before")
        site.back_up()
        with (
            postgres.throw_away() as other,
            replication.Line(other.admin_url) as line,
            pytest.raises(Problem, match="back-ups of another database"),
        ):
            archiver.open_archive(site.place, line)

    def test_a_second_back_up_at_the_same_time_is_refused(self, site: Site) -> None:
        site.place.prepare()
        with site.place.alone("backup"), pytest.raises(Problem, match="Another back-up"):
            site.back_up()

    def test_the_archive_follows_a_new_timeline_and_restores_across_it(self, site: Site) -> None:
        site.write("before")
        site.back_up()
        data = site.cluster.data
        site.cluster.stop()
        (data / "recovery.signal").touch()
        shutil.chown(data / "recovery.signal", data.stat().st_uid)
        site.cluster.settings = {"restore_command": "'false'"}
        site.cluster.start()  # which is promoted at the end of its own WAL
        site.write("after the promotion")
        site.archive_all()  # to the end of the first timeline
        site.archive_all()
        assert site.archive().timelines() == [1, 2]
        assert site.restored() == ["after the promotion", "before"]

    def test_checks_say_which_file_is_damaged(self, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
        ring = keyring.Keyring(site.folder / "keys")
        content = b"a scan"
        name = _stored(site.folder / "files", content, ring)
        site.write("before")
        site.back_up()
        assert files.is_sound(site.place.files, name, ring)
        check = argparse.Namespace(list=False, check=True, show_key=False)
        assert backup.run(check) == 0
        (site.place.files / name[:3] / name).write_bytes(b"rot")
        assert backup.run(check) == 1
        assert f"DAMAGED: {site.place.files / name[:3] / name}" in capsys.readouterr().out


class TestKeys:
    def test_are_packed_again_only_when_they_change(self, site: Site) -> None:
        target = site.folder / "backup-keys"
        assert keys.pack(target, KEY)
        assert not keys.pack(target, KEY)
        (site.folder / "keys" / "master-002.key").write_text("00" * 16 + "\n")
        assert keys.pack(target, KEY)
        assert "keys/master-002.key" in keys.unpack(target, KEY)

    def test_must_lie_apart_from_what_they_open(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TONGBAN_BACKUP_KEYS", str(site.folder / "backup" / "keys"))
        with pytest.raises(Problem, match="must not lie with the back-ups"):
            place.keys_apart()

    def test_back_ups_must_survive_the_data(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TONGBAN_BACKUP", str(site.folder / "data" / "backup"))
        with pytest.raises(Problem, match="inside the data folder"):
            place.folder()


class TestSchedule:
    def made_at(self, text: str) -> place.Set:
        return place.Set("n", "1", 1, 0, 0, text, text, 0, 0)

    def test_the_first_is_due_at_once_and_then_one_a_day_after_the_hour(self) -> None:
        beijing = datetime.timezone(datetime.timedelta(hours=8))
        night = datetime.datetime(2026, 11, 25, 2, 30, tzinfo=beijing)
        assert archiver.is_due([], now=night)
        assert archiver.is_due([self.made_at("2026-11-24T02:10:00+08:00")], now=night)
        assert not archiver.is_due([self.made_at("2026-11-24T02:10:00+08:00")], now=night.replace(hour=1))
        assert not archiver.is_due([self.made_at("2026-11-25T02:10:00+08:00")], now=night)


class TestFresh:
    def test_the_store_names_what_the_back_up_lacks_before_anybody_relies_on_it(
        self, site: Site, settings: object
    ) -> None:
        settings.TONGBAN_FILES = site.folder / "files"  # type: ignore[attr-defined] # pytest-django's, untyped here
        settings.TONGBAN_BACKUP = "somewhere"  # type: ignore[attr-defined] # likewise
        content = b"a notice"
        store.put(content, digest=crypto.sm3(content))
        name = crypto.sm3(content).hex()
        assert os.listdir(site.folder / "files" / store.FRESH) == [name]
        assert files.copy_fresh(site.folder / "files", site.folder / "copy") == 1
        assert os.listdir(site.folder / "files" / store.FRESH) == []
        assert files.is_sound(site.folder / "copy", name, keyring.current())


def _stored(folder: Path, content: bytes, ring: keyring.Keyring) -> str:
    """Lay a content into a store as the product does, under these keys."""
    digest, own_key = crypto.sm3(content), crypto.new_key()
    wrapped = ring.wrap_key(own_key)
    target = folder / digest.hex()[:3] / digest.hex()
    target.parent.mkdir(parents=True)
    body = crypto.seal(own_key, content, about=b"file:" + digest)
    target.write_bytes(b"TBF1" + len(wrapped).to_bytes(2, "big") + wrapped + body)
    return digest.hex()
