"""The rows: who brought what for which case; nothing is in the table whose content is not on the disk."""

import datetime
import errno
import io
import os

import pytest
from django.db import IntegrityError, transaction
from PIL import Image

from tongban.documents import operations, queries, rules, store
from tongban.documents.models import StoredFile
from tongban.kernel import crypto

AT = datetime.datetime(2026, 11, 23, 9, 30, tzinfo=datetime.UTC)
PDF = b"%PDF-1.7 made by ourselves, signed, never changed"

pytestmark = pytest.mark.django_db


def photo(colour: str = "white") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(out, "JPEG")
    return out.getvalue()


def take_in(case_id: int | None = 7, *, colour: str = "white", at: datetime.datetime = AT) -> StoredFile:
    return operations.take_in(photo(colour), name="身份证.jpg", case_id=case_id, by_id=3, at=at)


class TestTakeIn:
    def test_gives_a_saved_row_whose_content_can_be_read(self) -> None:
        stored = StoredFile.objects.get(pk=take_in().pk)
        assert (stored.case_id, stored.taken_in_by_id, stored.taken_in_at) == (7, 3, AT)
        assert (stored.purpose, stored.media_type, stored.name) == ("scan", "image/jpeg", "身份证.jpg")
        assert (stored.pages, stored.width, stored.height) == (1, 40, 30)
        content = queries.content_of(stored)
        assert stored.size == len(content)
        assert bytes(stored.digest) == crypto.sm3(content)

    def test_takes_the_same_paper_for_two_cases(self, own_store) -> None:
        first, second = take_in(7), take_in(8)
        assert first.pk != second.pk
        assert first.digest == second.digest
        assert len([path for path in own_store.rglob("*") if path.is_file()]) == 1

    @pytest.mark.parametrize("step", ["fsync", "rename"])
    def test_leaves_no_row_when_the_disk_is_full(self, own_store, monkeypatch, step: str) -> None:
        def full(*_args) -> None:
            raise OSError(errno.ENOSPC, "full")

        monkeypatch.setattr(os, step, full)
        with pytest.raises(store.StoreFull):
            take_in()
        assert not StoredFile.objects.exists()
        assert not [path for path in own_store.rglob("*") if path.is_file()]

    def test_leaves_no_row_when_the_file_is_refused(self) -> None:
        with pytest.raises(rules.WrongType):
            operations.take_in(b"<html>", name="a.jpg", case_id=7, by_id=3, at=AT)
        assert not StoredFile.objects.exists()

    def test_leaves_the_row_to_the_caller_when_only_prepared(self, django_assert_num_queries) -> None:
        with django_assert_num_queries(0):
            stored = operations.prepare_scan(photo(), name="a.jpg", case_id=None, by_id=None, at=AT)
        assert queries.content_of(stored)
        assert not StoredFile.objects.exists()

    def test_costs_one_statement(self, django_assert_num_queries) -> None:
        with django_assert_num_queries(1):
            take_in()


class TestKeep:
    def test_keeps_our_own_document_byte_for_byte(self) -> None:
        kept = operations.keep(
            PDF,
            name="收件通知书.pdf",
            media_type="application/pdf",
            case_id=7,
            by_id=3,
            at=AT,
            purpose="notice",
        )
        stored = StoredFile.objects.get(pk=kept.pk)
        assert queries.content_of(stored) == PDF
        assert (stored.purpose, stored.size, stored.is_image) == ("notice", len(PDF), False)


class TestOfCase:
    def test_gives_the_files_of_one_case_in_the_order_they_came(self) -> None:
        later = take_in(7, colour="red", at=AT + datetime.timedelta(hours=1))
        earlier = take_in(7, colour="blue")
        take_in(8)
        take_in(None)
        assert list(queries.of_case(7)) == [earlier, later]


class TestConstraints:
    @pytest.mark.parametrize(
        ("change", "name"),
        [
            ({"digest": b"short"}, "stored_file_digest_is_sm3"),
            ({"size": 0}, "stored_file_is_not_empty"),
            ({"purpose": "other"}, "stored_file_purpose_is_known"),
            ({"media_type": "text/html"}, "stored_file_media_type_is_known"),
        ],
    )
    def test_hold_in_the_database(self, change: dict[str, object], name: str) -> None:
        stored = take_in()
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            StoredFile.objects.filter(pk=stored.pk).update(**change)
