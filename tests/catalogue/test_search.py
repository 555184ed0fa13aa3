"""People find an item by the words they use every day, by pinyin, initials, slips of the pen, and number."""

import csv
import datetime
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tongban.catalogue import operations, permissions, queries, rules, search, sounds
from tongban.catalogue.models import Procedure, Synonym
from tongban.catalogue.operations import words
from tongban.journal.models import Entry
from tongban.people.actors import Actor


def labelled(name: str = "everyday") -> list[tuple[str, set[int]]]:
    """Give what people type, each with the items that may be meant."""
    with (Path(__file__).parent / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [(r["typed"], {int(seq) for seq in r["meant"].split("|")}) for r in csv.DictReader(file)]


def first(words: str, *, limit: int = 3) -> list[int]:
    return [item.seq for item in queries.find_items(words, limit=limit)]


@pytest.mark.django_db
@pytest.mark.article("B1")
class TestFindItems:
    def test_finds_what_is_meant_among_the_first_three_for_all_of_a_long_list(self) -> None:
        list_ = labelled()
        assert len(list_) >= 450
        missed = [(typed, first(typed)) for typed, meant in list_ if not meant & set(first(typed))]
        assert missed == []

    def test_puts_what_is_meant_first_in_nine_of_ten(self) -> None:
        list_ = labelled()
        hits = [bool(meant & set(first(typed, limit=1))) for typed, meant in list_]
        assert statistics.fmean(hits) >= 0.9

    @pytest.mark.parametrize(
        ("name", "size", "among_three", "first_of_all"),
        [("fresh", 800, 0.985, 0.96), ("trial", 200, 0.975, 0.91)],
    )
    def test_finds_what_was_written_down_before_anybody_tried_it(
        self, name: str, size: int, among_three: float, first_of_all: float
    ) -> None:
        list_ = labelled(name)
        assert len(list_) >= size
        assert {seq for _typed, meant in list_ for seq in meant} >= set(range(1, 149)) or name == "trial"
        found = [(typed, meant, first(typed)) for typed, meant in list_]
        missed = [(typed, seqs) for typed, meant, seqs in found if not meant & set(seqs)]
        assert len(missed) <= (1 - among_three) * len(list_), missed
        assert statistics.fmean(bool(meant & set(seqs[:1])) for _typed, meant, seqs in found) >= first_of_all

    def test_reads_a_word_that_sounds_alike_only_where_nothing_is_written_so(self) -> None:
        assert first("架照丢了")[0] == 14
        assert 46 in first("工伤怎样认定")  # 工伤 sounds like 工商, but is a word of its own

    @pytest.mark.parametrize(
        "typed",
        ["驾照丢了", "ｊｉａｚｈａｏ　ｄｉｕｌｅ", "駕照丟了", "驾 照 丢 了", "请问我的驾照丢了咋个办"],
    )
    def test_finds_the_same_however_it_is_typed(self, typed: str) -> None:
        assert first(typed)[0] == 14

    def test_finds_nothing_in_words_of_which_the_list_has_only_stray_characters(self) -> None:
        assert {tuple(first(typed)) for typed in ("量子力学", "天气预报", "红烧肉怎么做", "hello world")} == {
            ()
        }

    def test_finds_by_a_character_by_initials_and_through_a_slip(self) -> None:
        assert first("孤")[0] == 16
        assert set(first("gtgsh")) == {103, 104, 105}
        assert first("驾使证补办")[0] == 14
        assert 14 in first("jiazhaodiuel")

    def test_finds_the_items_of_a_department(self) -> None:
        found = queries.find_items("邮政管理部门", limit=6)
        assert {item.lead_department for item in found} == {"邮政管理部门"}

    def test_finds_an_item_by_its_exact_name_first(self) -> None:
        for item in queries.find_items("", limit=148):
            assert queries.find_items(item.name, limit=1) == [item]

    def test_finds_nothing_in_what_means_nothing(self) -> None:
        assert queries.find_items("？！") == []
        assert queries.find_items("zzzzqqqq") == []
        assert queries.find_items("²³") == []

    def test_gives_the_list_in_its_order_for_nothing_typed(self) -> None:
        assert [item.seq for item in queries.find_items("  ", limit=5)] == [1, 2, 3, 4, 5]

    def test_finds_the_item_of_a_procedure_s_own_name(self) -> None:
        Procedure.objects.filter(key="071-1").update(name="珠峰营地特别排放登记")
        queries.forget()
        assert first("珠峰营地")[0] == 71

    def test_takes_the_same_queries_for_every_text(self, django_assert_num_queries: Any) -> None:
        queries.find_items("驾照")  # builds the index
        with django_assert_num_queries(2):
            queries.find_items("驾照丢了", limit=20)
        with django_assert_num_queries(2):
            queries.find_items("证", limit=20)


@pytest.mark.django_db
@pytest.mark.article("B1")
class TestFullSize:
    def test_answers_within_50_ms_of_work_with_20000_procedures(self) -> None:
        own: dict[str, str | None] = {
            "id": None,
            "key": "'x' || id || '-' || n",
            "name": "name || '（第' || n || '种情形）'",
        }
        columns = [f.column for f in Procedure._meta.concrete_fields if own.get(f.column, "") is not None]
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO catalogue_procedure ({', '.join(columns)})"
                f" SELECT {', '.join(str(own.get(c) or c) for c in columns)}"
                " FROM catalogue_procedure, generate_series(1, 125) n"
            )
        assert Procedure.objects.count() > 20_000
        queries.forget()
        queries.find_items("驾照", limit=5)
        spent = []
        for typed, _meant in labelled()[::3]:
            began = time.thread_time()  # this thread's own work: other programs on the machine do not count
            queries.find_items(typed, limit=5)
            spent.append(time.thread_time() - began)
        assert sorted(spent)[int(len(spent) * 0.95)] < 0.05
        assert all(len(item.procedures.all()) <= 12 for item in queries.find_items("驾照", limit=5))


@pytest.mark.django_db
@pytest.mark.article("W5")
class TestSynonyms:
    @pytest.fixture
    def manager(self, actor: Callable[[str], Actor]) -> Actor:
        return actor("manager.520100")

    def test_let_people_find_by_a_word_of_their_own(self, manager: Actor, at: datetime.datetime) -> None:
        assert first("qqzzxx") == []
        row = words.add_synonym(word="qqzzxx", means="机动车驾驶证补证", by=manager, at=at)
        queries.forget()
        assert first("qqzzxx")[0] == 14
        assert Entry.objects.filter(code="synonym_added").latest("seq").payload["word"] == "qqzzxx"
        words.remove_synonym(row.id, by=manager, at=at)
        queries.forget()
        assert first("qqzzxx") == []

    def test_may_stand_for_any_of_several_words(self, manager: Actor, at: datetime.datetime) -> None:
        words.add_synonym(word="搞不赢", means="残疾人证注销、排污许可", by=manager, at=at)
        queries.forget()
        assert set(first("搞不赢", limit=2)) == {146, 71}
        assert first("排污搞不赢")[0] == 71

    def test_are_noticed_by_a_process_that_has_its_index(self, manager: Actor, at: datetime.datetime) -> None:
        assert first("qqzzxx") == []
        words.add_synonym(word="qqzzxx", means="机动车驾驶证补证", by=manager, at=at)
        time.sleep(1.05)
        assert first("qqzzxx")[0] == 14

    def test_give_a_known_word_its_new_meaning(self, manager: Actor, at: datetime.datetime) -> None:
        before = Synonym.objects.count()
        words.add_synonym(word="良民证", means="户籍类证明", by=manager, at=at)
        assert Synonym.objects.count() == before
        assert not Synonym.objects.get(word="良民证").is_shipped

    def test_of_an_authority_outlive_a_new_load(self, manager: Actor, at: datetime.datetime) -> None:
        words.add_synonym(word="良民证", means="户籍类证明", by=manager, at=at)
        assert operations.load_items() == 0
        assert Synonym.objects.get(word="良民证").means == "户籍类证明"

    @pytest.mark.parametrize(
        ("word", "means", "field"),
        [("驾", "驾驶证", "word"), ("", "驾驶证", "word"), ("驾照", "", "means"), ("驾照", "驾照", "word")],
    )
    def test_that_say_nothing_are_refused_at_their_field(
        self, manager: Actor, at: datetime.datetime, word: str, means: str, field: str
    ) -> None:
        with pytest.raises(rules.SynonymEmpty) as refused:
            words.add_synonym(word=word, means=means, by=manager, at=at)
        assert field in refused.value.fields

    @pytest.mark.parametrize("account", ["clerk.520103", "lead.520103", "approver.510100", "sysadmin"])
    def test_are_not_a_clerk_s_to_change(
        self, actor: Callable[[str], Actor], at: datetime.datetime, account: str
    ) -> None:
        with pytest.raises(permissions.NotYourWords):
            words.add_synonym(word="qqzzxx", means="驾驶证", by=actor(account), at=at)


class TestTerms:
    def test_cut_a_name_into_characters_each_with_its_sound(self) -> None:
        tokens = search.tokens_of("社保卡")
        assert [t.char for t in tokens] == ["社", "保", "卡"]
        assert [t.sound for t in tokens] == ["se", "bao", "ka"]  # she and se are one to many people
        assert search.read("shebaoka")[0] == [search.Token("", t.sound) for t in tokens]

    def test_leave_out_words_that_everybody_types(self) -> None:
        assert "我" not in {t.char for t in search.read("我的驾照")[0]}

    def test_cut_letters_into_as_few_syllables_as_hold_them_all(self) -> None:
        assert sounds.cut("jiazhaodiule") == ["jia", "zhao", "diu", "le"]
        assert sounds.cut("fangan", usual={"fan", "gan"}) == ["fan", "gan"]
        assert sounds.cut("sbk") == ["s", "b", "k"]
