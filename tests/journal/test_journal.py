"""The journal can only grow, and whatever is done to it behind its back is found."""

import datetime

import pytest
from django.db import ProgrammingError, connection, transaction

from tests import stories
from tongban.cases import queries
from tongban.journal import operations as journal
from tongban.journal.models import Entry, Seal, SealedHead
from tongban.kernel import keyring

pytestmark = pytest.mark.django_db


def _faults(chain_id: int) -> list[tuple[int | None, str]]:
    return [(f.seq, f.what) for f in journal.verify(heads=queries.heads()) if f.chain_id == chain_id]


class TestPrivileges:
    @pytest.mark.article("C10", "S2", "P26(4)")
    @pytest.mark.parametrize("table", ["journal_entry", "journal_seal", "journal_sealedhead", "journal_look"])
    @pytest.mark.parametrize("verb", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
    def test_the_application_can_neither_change_nor_delete(self, table: str, verb: str) -> None:
        column = {"journal_entry": "code", "journal_look": "what"}.get(table, "digest")
        if table == "journal_seal":
            column = "root"
        denied = pytest.raises(ProgrammingError, match="permission denied")
        with connection.cursor() as cursor, denied, transaction.atomic():
            cursor.execute(verb.format(table, column, column))


class TestChain:
    @pytest.mark.article("C10")
    def test_grows_by_one_entry_a_step_and_verifies(self, story: stories.Story) -> None:
        story.lead_to("closed")
        entries = list(Entry.objects.filter(chain_id=story.id).order_by("seq"))
        assert [e.seq for e in entries] == list(range(1, len(entries) + 1))
        assert [e.code for e in entries][:3] == ["case.open", "case.receive", "case.send"]
        assert all(e.article and e.actor and e.place for e in entries)
        assert _faults(story.id) == []

    @pytest.mark.article("S1")
    def test_holds_no_personal_data(self, story: stories.Story) -> None:
        story.lead_to("closed")
        said = " ".join(str(e.payload) for e in Entry.objects.filter(chain_id=story.id))
        assert stories.IDENTITY not in said
        assert "13800000000" not in said


class TestTampering:
    """The role may not tamper, so the tests make reading show what a tampered table would show."""

    @pytest.mark.article("C10", "S2")
    def test_a_changed_entry_is_named(self, story: stories.Story, monkeypatch: pytest.MonkeyPatch) -> None:
        story.lead_to("arrived")
        genuine = journal.digest_of

        def as_if_changed(row: Entry) -> bytes:
            if row.chain_id == story.id and row.seq == 3:
                row.payload = {**row.payload, "to": "closed"}
            return genuine(row)

        monkeypatch.setattr(journal, "digest_of", as_if_changed)
        assert _faults(story.id) == [(3, "entry was changed")]

    @pytest.mark.article("C10", "S2")
    def test_a_removed_tail_is_named(self, story: stories.Story) -> None:
        story.lead_to("arrived")
        case = story.case
        type(case).objects.filter(id=case.id).update(journal_seq=case.journal_seq + 1)
        assert _faults(story.id) == [(case.journal_seq, "entries after this are missing")]


class TestSeal:
    @pytest.mark.article("S2")
    def test_covers_every_chain_that_grew_once(self, story: stories.Story) -> None:
        story.lead_to("received")
        first = journal.seal(at=story.at)
        assert first is not None
        assert SealedHead.objects.filter(chain_id=story.id, seq=2).count() == 1
        assert journal.seal(at=story.at) is None
        story.do("send")
        second = journal.seal(at=story.at)
        assert second is not None and second.number == first.number + 1 and second.heads == 1
        assert list(journal.verify(heads=queries.heads())) == []

    @pytest.mark.article("S2")
    def test_shows_a_chain_that_is_gone(self, story: stories.Story, at: datetime.datetime) -> None:
        journal.seal(at=at)
        gone = Entry(chain_id=42, seq=1, digest=b"x" * 32)
        number = (Seal.objects.order_by("-number").values_list("number", flat=True).first() or 0) + 1
        SealedHead.objects.create(chain_id=42, seal_number=number, seq=1, digest=gone.digest)
        assert [(f.chain_id, f.seq, f.what) for f in journal.verify() if f.chain_id == 42] == [
            (42, 1, "sealed entry is missing")
        ]

    @pytest.mark.article("S2")
    def test_is_worthless_with_another_signature(
        self, story: stories.Story, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        story.lead_to("received")
        seal = journal.seal(at=story.at)
        assert seal is not None
        monkeypatch.setattr(keyring.Keyring, "verify", lambda self, message, signature: False)
        assert [(f.seq, f.what) for f in journal.verify()] == [
            (n + 1, "seal was changed") for n in range(seal.number)
        ]


class TestMerkleRoot:
    def test_depends_on_every_leaf_and_on_their_order(self) -> None:
        leaves = [bytes([n]) for n in range(7)]
        root = journal.merkle_root(leaves)
        assert root != journal.merkle_root(leaves[::-1])
        assert all(journal.merkle_root(leaves[:n] + leaves[n + 1 :]) != root for n in range(7))
