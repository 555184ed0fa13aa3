"""Reads compiled once: the same rows as the queryset gives, for other values, shapes, kinds and threads."""

import datetime
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from tests import stories
from tongban.cases import queries
from tongban.cases.models import Case, CaseMaterial
from tongban.directory.models import Division, Window
from tongban.kernel import compiled
from tongban.people.models import Post

pytestmark = pytest.mark.django_db


def names(rows: Any) -> list[str]:
    return [str(row) for row in rows]


class TestRead:
    def test_gives_what_the_queryset_gives_for_each_value(self) -> None:
        read = compiled.Read(lambda code: Division.objects.filter(parent=code).order_by("code"), str)
        for code in ("520000000000", "510000000000", "520000000000"):
            assert names(read(code)) == names(Division.objects.filter(parent=code).order_by("code")) != []

    def test_follows_relations_and_leaves_what_is_not_there_empty(self) -> None:
        read = compiled.Read(
            lambda on: (
                Post.objects.filter(valid_from_on__lte=on)
                .select_related("window__division", "authority__division")
                .order_by("id")[:2000]
            ),
            datetime.date,
        )
        rows = read(datetime.date(2026, 3, 2))
        with CaptureQueriesContext(connection) as asked:
            places = {p.window.division.code for p in rows if p.window} | {
                p.authority.division.code for p in rows if p.authority
            }
        assert len(asked) == 0 and "520103000000" in places
        assert any(p.window is None for p in rows) and any(p.authority is None for p in rows)

    def test_makes_what_rows_share_once_and_what_is_their_own_for_each(self, at: datetime.datetime) -> None:
        here = [stories.Story(at=at).open().fill() for _ in range(2)]
        unfilled = stories.Story(at=at).open()
        ids = [story.id for story in (*here, unfilled)]
        rows = queries.among(here[0].receiver, ids)
        one, other, bare = (rows[id_] for id_ in ids)
        with CaptureQueriesContext(connection) as asked:
            assert one.receiving_window is other.receiving_window is bare.receiving_window
            assert one.receiving_window.division.code == "520103000000"
            assert one.home_window is other.home_window and one.home_window is not one.receiving_window
            assert bare.home_window is None and bare.procedure is None
            assert one.applicant is not other.applicant
            assert one.applicant.case is one and other.applicant.case is other
        assert len(asked) == 0

    def test_reads_json_bytes_and_times_as_the_queryset_does(self, at: datetime.datetime) -> None:
        story = stories.Story(at=at).lead_to("received")
        kept, known = queries.materials_of(story.id), CaseMaterial.objects.filter(case_id=story.id)
        assert [(m.points, m.verdict) for m in kept] == [
            (m.points, m.verdict) for m in known.order_by("position", "id")
        ]
        case = queries.get(story.id, for_=story.receiver)
        plain = Case.objects.get(id=story.id)
        assert (case.form, bytes(case.journal_head), case.received_at) == (
            plain.form,
            bytes(plain.journal_head),
            plain.received_at,
        )

    def test_keeps_a_text_for_each_shape(self) -> None:
        def build(ends: tuple[int, ...], code: str) -> QuerySet[Window]:
            return Window.objects.filter(division=code, id__in=ends)

        read = compiled.Read(build, str)
        window = Window.objects.get(division="520103000000")
        assert read.shaped((window.id,), "520103000000") == [window]
        assert read.shaped((window.id + 1,), "520103000000") == []

    @pytest.mark.article("S1")
    def test_keeps_one_person_s_sight_from_another(self, at: datetime.datetime) -> None:
        story = stories.Story(at=at).lead_to("received")
        for _twice in range(2):
            assert queries.get(story.id, for_=story.receiver).id == story.id
            with pytest.raises(Exception, match="没有找到"):
                queries.get(story.id, for_=stories.actor("clerk.520102"))

    def test_gives_nothing_where_nothing_can_be(self, at: datetime.datetime) -> None:
        read = compiled.Read(lambda code: Division.objects.none().filter(parent=code), str)
        assert read("520000000000") == [] and read.first("520000000000") is None

    def test_refuses_a_queryset_that_a_value_does_not_come_out_of(self) -> None:
        with pytest.raises(compiled.Unfit):
            compiled.Read(lambda words: Window.objects.filter(name__contains=words), str)("x")
        with pytest.raises(compiled.Unfit):
            compiled.Read(lambda words: Window.objects.all(), str)("x")

    def test_is_the_same_for_many_threads_at_once(self) -> None:
        read = compiled.Read(lambda code: Division.objects.filter(parent=code).order_by("code"), str)
        codes = ["520000000000", "510000000000"] * 8

        def count(code: str) -> int:
            try:
                return len(read(code))
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(count, codes))
        assert found == [Division.objects.filter(parent=code).count() for code in codes]
