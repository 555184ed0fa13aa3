"""Wordings: shipped whole, refused when they could not be filled, published as versions that nobody changes."""

import datetime
from typing import Any

import pytest
from django.db import ProgrammingError, transaction

from tests.stories import IDENTITY, Story
from tongban.messages import queries, rules, wording
from tongban.messages.models import Template
from tongban.messages.operations import wordings, writing
from tongban.messages.states import FIELDS, LANGUAGES, WITH_RATING, Channel, Kind
from tongban.people.actors import SYSTEM

AT = datetime.datetime(2026, 3, 2, 2, 0, tzinfo=datetime.UTC)
HERE = ("receipt", "sms", "zh-hans")


def publish(text: str, *, after: int = 1) -> Template:
    return wordings.publish(*HERE, title="收件", text=text, after=after, by=SYSTEM, at=AT)


@pytest.mark.django_db
@pytest.mark.article("C7")
class TestShipped:
    def test_covers_every_moment_way_and_language_once(self) -> None:
        there = Template.objects.filter(version=1).values_list("kind", "channel", "language")
        everything = {(k, c, lang) for k in Kind for c in Channel for lang in LANGUAGES}
        assert set(there) == {
            t
            for t in everything
            if t[:2] != (Kind.CODE, Channel.IN_SITE) and t[::2] != (Kind.RESULT_HERE, "en")
        }
        assert wordings.load_defaults(at=AT) == 0

    def test_holds_no_identity_number_and_leads_on(self) -> None:
        for row in Template.objects.exclude(kind__in=[Kind.CODE, Kind.RESULT_HERE]):
            shown = wording.sample(row.text, kind=row.kind)
            assert not wording.holds_identity(shown)
            assert "{number}" in row.text and "{link}" in row.text and "{phone}" in row.text
            assert set("{}").isdisjoint(shown)

    def test_fits_three_text_messages_with_a_sample_and_four_where_a_rating_is_asked(self) -> None:
        too_long = {
            row.kind: len(wording.sample(row.text, kind=row.kind))
            for row in Template.objects.filter(channel=Channel.SMS, language="zh-hans")
            if len(wording.sample(row.text, kind=row.kind)) > (4 if row.kind in WITH_RATING else 3) * 67
        }
        assert too_long == {}


@pytest.mark.django_db
@pytest.mark.article("C7", "F2")
class TestLanguages:
    def test_without_words_are_written_in_chinese_until_somebody_publishes_some(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(LANGUAGES, "ii", "彝文")
        there = ("receipt", "sms", "ii")
        assert queries.in_force(*there).language == "zh-hans"
        assert queries.newest(*there).version == 0
        wordings.publish(*there, title="彝文标题", text="{number}", after=0, by=SYSTEM, at=AT)
        assert (queries.in_force(*there).language, queries.newest(*there).version) == ("ii", 1)

    def test_of_messages_to_windows_is_chinese(self) -> None:
        assert queries.in_force(Kind.RESULT_HERE, Channel.SMS, "en").language == "zh-hans"
        with pytest.raises(rules.UnknownWording):
            queries.newest(Kind.RESULT_HERE, Channel.SMS, "en")


@pytest.mark.django_db
@pytest.mark.article("C7")
class TestPublish:
    def test_makes_a_new_version_and_leaves_the_old_one(self, story: Story) -> None:
        old = queries.newest(*HERE)
        story.lead_to("received")
        publish("{number}已收件。{link}{phone}")
        sms = next(
            m
            for m in writing.tell(story.id, seq=story.case.journal_seq, at=story.at)
            if m.channel == Channel.SMS
        )
        assert queries.text_of(sms).startswith(f"{story.case.number}已收件。")
        assert sms.template.version == 2
        assert [t.text for t in queries.versions(*HERE)] == ["{number}已收件。{link}{phone}", old.text]

    def test_is_refused_when_somebody_else_was_first(self) -> None:
        publish("甲{number}")
        with pytest.raises(rules.ChangedMeanwhile):
            publish("乙{number}", after=1)

    def test_is_refused_without_a_change(self) -> None:
        row = queries.newest(*HERE)
        with pytest.raises(rules.SameWords):
            wordings.publish(*HERE, title=row.title, text=row.text, after=1, by=SYSTEM, at=AT)

    @pytest.mark.parametrize(
        ("text", "refusal"),
        [
            ("", wording.TextMissing),
            ("{identity}", wording.UnknownField),
            ("{due}", wording.UnknownField),  # a receipt sets no day
            ("{number!r}", wording.UnknownField),
            ("{number.__class__}", wording.UnknownField),
            ("{0}", wording.UnknownField),
            ("{}", wording.UnknownField),
            ("{number", wording.BracesWrong),
            ("number}", wording.BracesWrong),
            (f"号码{IDENTITY}", wording.IdentityInText),
            ("字" * 501, wording.TooLong),
        ],
    )
    def test_refuses_what_could_not_be_filled_or_must_not_be_told(
        self, text: str, refusal: type[Exception]
    ) -> None:
        with pytest.raises(refusal) as refused:
            publish(text)
        assert set(getattr(refused.value, "fields", {})) == {"text"}

    def test_names_the_fields_that_there_are(self) -> None:
        with pytest.raises(wording.UnknownField) as refused:
            publish("{identity}")
        assert all(name in refused.value.message for name in FIELDS if name != "due")

    @pytest.mark.parametrize("change", ["update", "delete"])
    def test_lets_the_product_itself_change_nothing_that_is_published(self, change: str) -> None:
        rows: Any = Template.objects.filter(version=1)
        with pytest.raises(ProgrammingError), transaction.atomic():
            rows.update(text="x") if change == "update" else rows._raw_delete("default")


@pytest.mark.article("C7", "S1")
class TestIdentity:
    @pytest.mark.parametrize(
        "text",
        [
            IDENTITY,
            f"身份证{IDENTITY}的",
            "11010519491231002x",
            "110105 19491231 0021",
            "110105-194912310021",
            "110105491231002",
        ],
    )
    def test_is_seen_however_it_is_written(self, text: str) -> None:
        assert wording.holds_identity(text)
        assert wording.fill("{item}", {"item": text}).count("1") == 0

    @pytest.mark.parametrize(
        "text", ["2EPR-W3M0-DWPF", "13800000000", "0851-12345678", "2026-03-16", "110***********0021"]
    )
    def test_is_not_seen_in_what_is_none(self, text: str) -> None:
        assert not wording.holds_identity(text)
