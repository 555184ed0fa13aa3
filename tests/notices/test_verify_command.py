import argparse
from pathlib import Path

import pytest

from tests.notices import place
from tests.notices.conftest import MakeForm
from tongban.command import verify
from tongban.command.problems import Problem
from tongban.journal.models import Entry
from tongban.journal.operations import Fault
from tongban.kernel import crypto, keyring
from tongban.notices import pdf


def _run(*typed: str) -> int:
    parser = argparse.ArgumentParser()
    verify.add_arguments(parser)
    return verify.run(parser.parse_args(typed))


@pytest.fixture
def published(tmp_path: Path) -> str:
    file = tmp_path / "published.pem"
    file.write_text(keyring.current().public_pem)
    return str(file)


@pytest.mark.article("C4")
class TestVerifyDocument:
    def test_needs_nothing_but_the_file_and_the_published_key(
        self, make_form: MakeForm, published: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        data = make_form()
        file = tmp_path / "receipt.pdf"
        file.write_bytes(pdf.render(data))
        assert _run(str(file), "--key", published) == 0
        assert f"case {data.number}" in capsys.readouterr().out

    def test_reads_what_a_code_holds(self, make_form: MakeForm, published: str) -> None:
        address = pdf.address_of(pdf.draw(make_form()).statement)
        assert _run(address, "--key", published) == 0
        assert _run(address[:-1] + "!", "--key", published) == 1

    def test_says_so_when_a_file_was_changed(
        self, make_form: MakeForm, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "receipt.pdf"
        content = pdf.render(make_form())
        file.write_bytes(content[:2000] + bytes([content[2000] ^ 1]) + content[2001:])
        assert _run(str(file)) == 1
        assert "NOT GENUINE" in capsys.readouterr().out

    def test_does_not_take_another_key(self, make_form: MakeForm, tmp_path: Path) -> None:
        file, key = tmp_path / "receipt.pdf", tmp_path / "other.pem"
        file.write_bytes(pdf.render(make_form()))
        key.write_text(crypto.SigningKey.generate().public_key().to_pem())
        assert _run(str(file), "--key", str(key)) == 1

    def test_stops_with_a_sentence_when_a_file_cannot_be_read(self, published: str, tmp_path: Path) -> None:
        with pytest.raises(Problem, match="cannot be read"):
            _run(str(tmp_path / "none.pdf"), "--key", published)
        with pytest.raises(Problem, match="--key"):
            _run(str(tmp_path / "none.pdf"), "--key", str(tmp_path / "none.pem"))

    def test_stops_with_a_sentence_when_the_key_is_none(self, tmp_path: Path) -> None:
        file = tmp_path / "some.txt"
        file.write_text("no key")
        with pytest.raises(Problem, match="PEM"):
            _run(str(file), "--key", str(file))


@pytest.mark.article("S2")
class TestVerifyJournal:
    @pytest.mark.django_db
    def test_finds_an_untouched_journal_whole(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert _run() == 0
        assert "whole" in capsys.readouterr().out

    @pytest.mark.django_db
    def test_names_the_first_broken_entry_of_a_case(self, capsys: pytest.CaptureFixture[str]) -> None:
        receiving, _home = place.windows()
        case = place.case_under_review(by=place.clerk_at(receiving))
        forged = Entry.objects.get(chain_id=case.id, seq=1)
        forged.seq = 2
        Entry.objects.bulk_create([forged])
        assert _run() == 1
        assert f"BROKEN: case {case.number}, entry 2: entry was changed." in capsys.readouterr().out

    def test_names_a_missing_chain_and_stops_listing_in_time(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        faults = [
            Fault(None, 3, "seal was changed"),
            *(Fault(-5, None, "chain is missing") for _ in range(30)),
        ]
        monkeypatch.setattr("tongban.cases.queries.heads", lambda: iter(()))
        monkeypatch.setattr("tongban.journal.operations.verify", lambda *, heads: iter(faults))
        assert _run() == 1
        said = capsys.readouterr().out
        assert "BROKEN: seal 3: seal was changed." in said
        assert "BROKEN: chain -5: chain is missing." in said
        assert "… and 11 more." in said
