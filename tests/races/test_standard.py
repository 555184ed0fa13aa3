"""A standard published while cases are being received: each keeps, whole, the version it began under."""

import datetime
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from tests import stories
from tests.catalogue import drafting
from tests.catalogue.test_load_items import GOOD
from tests.races.together import Held, codes, is_whole, refused_as, started, together
from tongban.cases import queries
from tongban.cases.models import Case
from tongban.cases.operations import entering, intake
from tongban.catalogue import operations as catalogue
from tongban.catalogue import soundness, standards
from tongban.catalogue.models import AcceptanceStandard, Draft, Procedure, Stage
from tongban.catalogue.operations import publishing

pytestmark = pytest.mark.usefixtures("committed")
TODAY = "2026-03-02"


def folder_with(place: Path, *changes: tuple[str, str]) -> Path:
    """Give a folder of item files in which one says something new."""
    place.mkdir()
    for path in (catalogue.DATA / "items").glob("*.toml"):
        (place / path.name).symlink_to(path)
    (place / "015.toml").unlink()
    text = GOOD
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    (place / "015.toml").write_text(text, encoding="utf-8")
    return place


def next_version(number: int) -> tuple[tuple[str, str], ...]:
    """Say that a new version holds from today, with one more paper to look at."""
    version = f"complete = true\nversion = {number}\neffective_from_on = {TODAY}"
    return ("complete = true", version), (
        "review_points = [",
        f'review_points = [\n  "第 {number} 版的要点",',
    )


def stands_on_its_own(case: Case) -> bool:
    """Tell whether a case's list of materials is just what its pinned standard asks for."""
    assert case.standard is not None
    content = catalogue.digest_of(
        case.standard.content, limits=(case.standard.legal_limit, case.standard.promised_limit)
    )
    asked = {m.key: m.required for m in standards.of(case.standard).materials_for(case.circumstance)}
    listed = {m.key: m.is_required for m in queries.materials_of(case.id)}
    return bytes(case.standard.digest) == content and listed == asked


@pytest.fixture
def _back_to_one() -> Iterator[None]:
    yield
    Case.objects.filter(standard__version__gt=1).update(standard=None, received_at=None)
    AcceptanceStandard.objects.filter(procedure__key="015-1", version__gt=1).delete()
    AcceptanceStandard.objects.filter(procedure__key="015-1").update(effective_until_on=None)


@pytest.mark.article("B4", "S3")
class TestPublished:
    def test_while_cases_are_entered_each_stands_on_one_version_whole(
        self, at: Any, tmp_path: Path, _back_to_one: None
    ) -> None:
        several = [stories.Story(at=at) for _ in range(8)]
        folder = folder_with(tmp_path / "two", *next_version(2))
        together(
            *[lambda s=s: s.do("open").do("receive") for s in several], lambda: catalogue.load_items(folder)
        )
        for story in several:
            assert story.case.standard is not None and story.case.standard.version in (1, 2)
            assert stands_on_its_own(story.case)
            assert codes(story.id)[-1] == "receive"
        is_whole(*[story.id for story in several])

    def test_later_leaves_a_case_where_it_began_whatever_is_chosen_again(
        self, at: Any, tmp_path: Path, _back_to_one: None
    ) -> None:
        story = stories.Story(at=at).do("open").pass_all()
        began = story.case.standard
        catalogue.load_items(folder_with(tmp_path / "two", *next_version(2)))
        by, procedure = story.receiver, Procedure.objects.get(key="015-1")
        tomorrow = at + datetime.timedelta(days=1)
        intake.choose(story.id, circumstance="lost", by=by, at=tomorrow)
        intake.choose(story.id, home_code="", by=by, at=tomorrow)  # the clerk picks the place anew
        intake.choose(story.id, home_code="510107000000", by=by, at=tomorrow)
        intake.choose(story.id, procedure_id=procedure.id, circumstance="expired", by=by, at=tomorrow)
        assert story.case.standard == began
        assert stands_on_its_own(story.case)
        assert stories.Story(at=tomorrow).do("open").case.standard != began

    def test_replaced_sample_waits_for_the_case_that_is_being_pinned_to_it(
        self, at: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In practice mode a sample that nothing stands on is replaced in place; a case about to stand on it counts."""
        Case.objects.filter(standard__procedure__key="015-1").update(standard=None, received_at=None)
        story = stories.Story(at=at).open()
        procedure = Procedure.objects.get(key="015-1")
        listing = entering.list_materials

        def choose(pause: Any) -> None:
            def slowly(case: Case, *, at: datetime.datetime) -> None:
                pause()
                listing(case, at=at)

            monkeypatch.setattr(entering, "list_materials", slowly)
            intake.choose(
                story.id, procedure_id=procedure.id, home_code=stories.HOME, by=story.receiver, at=at
            )

        held = Held(choose)
        folder = folder_with(tmp_path / "new", ("review_points = [", 'review_points = [\n  "多看一眼",'))
        load = started(lambda: catalogue.load_items(folder))
        assert load.is_alive(), "the standard was replaced under a case"
        held.let_go()
        with pytest.raises(catalogue.Published):
            load.finished()
        assert stands_on_its_own(story.case)


@pytest.mark.article("B4", "S3")
class TestOneDraft:
    @pytest.mark.parametrize("count", [2, 16])
    def test_begun_by_several_is_begun_once_and_published_by_several_is_published_once(
        self, count: int, at: Any
    ) -> None:
        """One range of version numbers: nobody's version is skipped, none is given twice."""
        procedure = Procedure.objects.get(key="001-1")
        writer, reviewer = drafting.people(drafting.SICHUAN)
        begin = functools.partial(
            publishing.begin, procedure, province=drafting.SICHUAN, stage=Stage.PROVINCE, by=writer, at=at
        )
        begun = together(*[begin] * count)
        assert (len(begun.won), len(begun.told)) == (1, count - 1)
        assert refused_as(begun.told) == {"already_begun"}
        draft = begun.won[0]
        publishing.save(draft.id, drafting.content(), revision=draft.revision, by=writer, at=at)
        publishing.submit(draft.id, by=writer, at=at)
        before = AcceptanceStandard.objects.filter(procedure=procedure, province_id=drafting.SICHUAN).count()
        publish = functools.partial(
            publishing.publish, draft.id, effective_from_on=at.date(), by=reviewer, at=at
        )
        published = together(*[publish] * count)
        assert (len(published.won), len(published.told)) == (1, count - 1)
        assert refused_as(published.told) <= {"unknown_draft", "not_in_review"}
        rows = AcceptanceStandard.objects.filter(procedure=procedure, province_id=drafting.SICHUAN)
        assert sorted(rows.values_list("version", flat=True)) == list(range(1, before + 2))

    def test_published_while_cases_are_entered_changes_none_under_its_clerk(self, at: Any) -> None:
        procedure = Procedure.objects.get(key="015-1")
        writer, reviewer = drafting.people(drafting.SICHUAN)
        draft = publishing.begin(procedure, province=drafting.SICHUAN, stage=Stage.PROVINCE, by=writer, at=at)
        publishing.save(draft.id, drafting.content(), revision=draft.revision, by=writer, at=at)
        publishing.submit(draft.id, by=writer, at=at)
        several = [stories.Story(at=at) for _ in range(8)]
        publish = functools.partial(
            publishing.publish, draft.id, effective_from_on=at.date(), by=reviewer, at=at
        )
        outcome = together(*[functools.partial(story.do, "open") for story in several], publish)
        assert not outcome.told
        pinned = {story.id: story.case.standard for story in several}
        assert all(stands_on_its_own(story.case) for story in several)
        for story in several:
            by = story.receiver
            intake.choose(story.id, home_code=stories.HOME, by=by, at=at)
            assert story.case.standard == pinned[story.id]
        is_whole(*[story.id for story in several])


@pytest.mark.article("B2", "P7")
def test_a_local_code_published_by_two_at_once_is_one_procedures(at: Any) -> None:
    writer, reviewer = drafting.people(drafting.YUNNAN)
    said: dict[str, Any] = {"province": drafting.YUNNAN, "stage": Stage.PROVINCE}
    drafts = []
    for key in ("015-1", "001-1"):
        draft = publishing.begin(Procedure.objects.get(key=key), by=writer, at=at, **said)
        content = drafting.content(codes={"local": "YN-1"})
        publishing.save(draft.id, content, revision=draft.revision, by=writer, at=at)
        drafts.append(publishing.submit(draft.id, by=writer, at=at))
    on = datetime.date.fromisoformat(TODAY)

    def publish(draft: Draft) -> AcceptanceStandard:
        return publishing.publish(draft.id, effective_from_on=on, by=reviewer, at=at)

    def first(pause: Any) -> None:
        with transaction.atomic():
            publish(drafts[0])
            pause()

    held = Held(first)
    second = started(lambda: publish(drafts[1]))
    assert second.is_alive()
    held.let_go()
    with pytest.raises(soundness.Unsound, match="机动车驾驶证换证"):
        second.finished()
