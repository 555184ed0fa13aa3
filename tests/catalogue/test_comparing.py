"""The provinces' standards side by side, the differences as matters, and the five-province standard from them."""

import datetime
from typing import Any

import pytest
from django.db import transaction

from tests import stories
from tests.catalogue import drafting
from tests.catalogue.drafting import GUIZHOU, PROCEDURE, SICHUAN, YUNNAN, content, material, publish
from tongban.catalogue import comparing, permissions, queries
from tongban.catalogue.models import Procedure
from tongban.catalogue.operations import publishing, settling

PHOTO = "material:photo:sheets"


def by_key(contents: dict[str, Any]) -> dict[str, comparing.Line]:
    return {line.key: line for line in comparing.lines_of(contents)}


class TestLines:
    @pytest.mark.article("B7", "W7")
    def test_marks_what_differs_and_who_is_odd(self) -> None:
        odd = content(material=[material("id_card", "身份证"), material("photo", "照片", originals=2)])
        lines = by_key({GUIZHOU: content(), SICHUAN: content(), YUNNAN: odd})
        assert not lines["legal_limit"].differs
        assert not lines["material:photo"].differs
        assert lines[PHOTO].differs
        assert [c.is_odd for c in lines[PHOTO].cells] == [False, False, True]
        assert lines[PHOTO].cells[2].said == ("原件2", "复印件0")

    @pytest.mark.article("B7")
    def test_finds_one_material_under_two_keys_by_its_name(self) -> None:
        other = content(material=[material("sfz", "身份证"), material("photo", "照片")])
        lines = by_key({GUIZHOU: content(), SICHUAN: other})
        assert not any(line.differs for line in lines.values())

    @pytest.mark.article("B7")
    def test_a_material_of_one_province_only_differs_once(self) -> None:
        more = content(material=[*content()["material"], material("permit", "居住证")])
        lines = by_key({GUIZHOU: content(), SICHUAN: more})
        differing = [line.key for line in lines.values() if line.differs]
        assert differing == ["material:permit"]
        assert lines["material:permit"].cells[0].is_absent

    def test_composes_by_what_was_decided(self) -> None:
        said = content(
            legal_limit=15,
            material=[
                material("sfz", "身份证"),
                material("photo", "照片", originals=2),
                material("p", "居住证"),
            ],
        )
        contents = {GUIZHOU: content(), SICHUAN: said}
        follows = [("legal_limit", SICHUAN), (PHOTO, SICHUAN), ("material:p", SICHUAN), ("field:x", SICHUAN)]
        result = comparing.composed(GUIZHOU, contents, follows)
        assert result["legal_limit"] == 15
        assert [(m["key"], m["originals"]) for m in result["material"]] == [
            ("id_card", 1),
            ("photo", 2),
            ("p", 1),
        ]
        gone = comparing.composed(SICHUAN, contents, [("material:p", GUIZHOU)])
        assert [m["key"] for m in gone["material"]] == ["sfz", "photo"]
        assert contents[GUIZHOU] == content()


@pytest.mark.django_db
class TestSettling:
    @pytest.mark.article("B7", "P8")
    def test_a_difference_is_opened_answered_decided_and_then_the_standard_is_published(
        self, at: datetime.datetime
    ) -> None:
        publish(GUIZHOU, at=at)
        said = content(material=[material("id_card", "身份证"), material("photo", "照片", originals=2)])
        publish(SICHUAN, at=at, said=said)
        procedure = Procedure.objects.get(key=PROCEDURE)
        group, second = drafting.people(None)
        guizhou = stories.actor("manager.520000")
        row = settling.open_difference(procedure, line=PHOTO, question="照片交几张？", by=group, at=at)
        assert row.seen[SICHUAN] == ["原件2", "复印件0"]
        with pytest.raises(settling.AlreadyOpen):
            settling.open_difference(procedure, line=PHOTO, question="照片交几张？", by=group, at=at)
        with pytest.raises(publishing.DifferencesOpen):
            settling.begin_common(procedure, base=GUIZHOU, by=group, at=at)
        settling.answer(row.id, words="", agrees_with=SICHUAN, by=guizhou, at=at)
        settling.answer(row.id, words="改为两张", agrees_with=SICHUAN, by=guizhou, at=at)
        with pytest.raises(settling.NoDecision):
            settling.settle(row.id, decision="", follows=SICHUAN, by=group, at=at)
        settling.settle(row.id, decision="交两张", follows=SICHUAN, by=group, at=at)
        with pytest.raises(settling.AlreadySettled):
            settling.answer(row.id, words="不同意", agrees_with=None, by=guizhou, at=at)
        draft = settling.begin_common(procedure, base=GUIZHOU, by=group, at=at)
        publishing.submit(draft.id, by=group, at=at)
        common = publishing.publish(draft.id, effective_from_on=at.date(), by=second, at=at)
        assert [m["originals"] for m in common.content["material"]] == [1, 2]
        assert queries.standard_in_force(procedure, "520100000000", on=at.date()) == common
        codes = [e.code for e in queries.history_of(procedure.id)]
        assert {f"standard.{x}_difference" for x in ("open", "answer", "settle")} <= set(codes)

    @pytest.mark.article("B7")
    def test_an_open_difference_keeps_a_draft_from_being_published(self, at: datetime.datetime) -> None:
        publish(GUIZHOU, at=at)
        publish(SICHUAN, at=at, said=content(legal_limit=15))
        procedure = Procedure.objects.get(key=PROCEDURE)
        group, second = drafting.people(None)
        draft = settling.begin_common(procedure, base=GUIZHOU, by=group, at=at)
        publishing.submit(draft.id, by=group, at=at)
        settling.open_difference(procedure, line="legal_limit", question="多久？", by=group, at=at)
        with pytest.raises(publishing.DifferencesOpen, match="1 项差异"):
            publishing.publish(draft.id, effective_from_on=at.date(), by=second, at=at)

    @pytest.mark.article("B7", "S1")
    def test_the_group_opens_and_decides_and_provinces_answer(self, at: datetime.datetime) -> None:
        publish(GUIZHOU, at=at)
        publish(SICHUAN, at=at, said=content(legal_limit=15))
        procedure = Procedure.objects.get(key=PROCEDURE)
        group, _second = drafting.people(None)
        asked = {"line": "legal_limit", "question": "多久？", "at": at}
        for account in ("manager.520000", "manager.520100", "clerk.520103", "sysadmin"):
            with pytest.raises(permissions.NotTheGroup):
                settling.open_difference(procedure, by=stories.actor(account), **asked)
        with pytest.raises(settling.NoSuchLine):
            settling.open_difference(procedure, by=group, **{**asked, "line": "promised_limit"})
        with pytest.raises(settling.NoQuestion):
            settling.open_difference(procedure, by=group, **{**asked, "question": " "})
        row = settling.open_difference(procedure, by=group, **asked)
        for account in ("manager.520100", "group.1", "clerk.520103"):
            with pytest.raises(permissions.NotAProvince):
                settling.answer(row.id, words="x", agrees_with=None, by=stories.actor(account), at=at)
        with pytest.raises(permissions.NotTheGroup):
            settling.settle(row.id, decision="x", follows=None, by=stories.actor("manager.520000"), at=at)
        with pytest.raises(settling.NotInComparison), transaction.atomic():
            settling.answer(row.id, words="x", agrees_with=YUNNAN, by=stories.actor("manager.520000"), at=at)
        with pytest.raises(settling.NoAnswer):
            settling.answer(row.id, words="", agrees_with=None, by=stories.actor("manager.520000"), at=at)
