"""The elements of a procedure: versioned as standards are, from their day on, and kept by the cases begun under them."""

import datetime
from typing import Any

import pytest

from tests import stories
from tests.catalogue.drafting import PROCEDURE
from tongban.catalogue import elements, listing, permissions, queries, rules, soundness
from tongban.catalogue.models import AcceptanceStandard, Draft, Item, Procedure, Stage
from tongban.catalogue.operations import lists, procedures, publishing

pytestmark = [pytest.mark.django_db, pytest.mark.article("B2", "P7")]
TODAY, TOMORROW = datetime.date(2026, 3, 2), datetime.date(2026, 3, 3)


def said(**changes: Any) -> dict[str, Any]:
    """Sound elements, unlike those that ship."""
    return {
        "levels": ["county"],
        "applicants": ["person"],
        "modes": ["collected"],
        "delivery": ["post"],
        "lead_department": "公安机关",
        "fee": "不收费",
        "results": ["机动车驾驶证"],
        "words": ["换本本"],
        "legal_basis": [{"title": "道路交通安全法", "article": "第十九条"}],
        "codes": {},
        "legal_limit": 0,
        "promised_limit": 0,
        **changes,
    }


def published(
    at: datetime.datetime,
    *,
    on: datetime.date,
    key: str = PROCEDURE,
    draft: Draft | None = None,
    **changes: Any,
) -> AcceptanceStandard:
    writer, reviewer = stories.actor("group.1"), stories.actor("group.2")
    if draft is None:
        row = Procedure.objects.get(key=key)
        draft = publishing.begin(row, province=None, stage=Stage.ELEMENTS, by=writer, at=at)
    publishing.save(draft.id, said(**changes), revision=draft.revision, by=writer, at=at)
    publishing.submit(draft.id, by=writer, at=at)
    return publishing.publish(draft.id, effective_from_on=on, by=reviewer, at=at)


class TestVersions:
    def test_begin_with_what_ships(self, at: datetime.datetime) -> None:
        row = Procedure.objects.get(key=PROCEDURE)
        by = stories.actor("group.1")
        draft = publishing.begin(row, province=None, stage=Stage.ELEMENTS, by=by, at=at)
        assert draft.content["levels"] == row.levels
        assert draft.content["lead_department"] == row.item.lead_department
        assert soundness.faults(draft.content, stage=Stage.ELEMENTS) == {}

    def test_hold_from_their_day_on(self, at: datetime.datetime) -> None:
        published(at, on=TOMORROW)
        row = Procedure.objects.get(key=PROCEDURE)
        assert queries.open_procedure(row.id, on=TODAY).levels == ["prefecture"]
        assert queries.open_procedure(row.id, on=TOMORROW).levels == ["county"]
        assert queries.modes_of(row, on=TODAY) == ("collected", "online")
        assert queries.modes_of(row, on=TOMORROW) == ("collected",)
        queries.forget()
        for day, fee in ((TODAY, "工本费10元"), (TOMORROW, "不收费")):
            found = next(p for p in queries.item(15, on=day).procedures.all() if p.key == PROCEDURE)
            assert found.fee == fee

    def test_leave_the_standards_in_force_alone(self, at: datetime.datetime) -> None:
        row = Procedure.objects.get(key=PROCEDURE)
        before = queries.standard_in_force(row, "510100000000", on=TODAY)
        published(at, on=TODAY)
        assert queries.standard_in_force(row, "510100000000", on=TODAY) == before

    def test_are_kept_by_the_case_that_began_under_them(self, at: datetime.datetime) -> None:
        old = stories.Story(at=at).open().fill()
        row = published(at, on=TODAY)
        new = stories.Story(at=at, home_code="510107000000").open().fill(delivery_way="post")
        assert old.case.elements is None
        assert new.case.elements == row
        assert new.case.home_window is not None and new.case.home_window.division_id == "510107000000"
        newer = published(at, on=TODAY, levels=["province"])
        assert new.case.elements == row != newer
        old.pass_all().do("receive")
        assert old.case.home_window is not None and old.case.home_window.division_id == "510100000000"

    def test_close_the_procedure_when_they_are_withdrawn(self, at: datetime.datetime) -> None:
        row = published(at, on=TODAY)
        publishing.withdraw(row.id, reason="法律修改", by=stories.actor("group.1"), at=at)
        procedure = Procedure.objects.get(key=PROCEDURE)
        with pytest.raises(rules.NotOpen):
            queries.open_procedure(procedure.id, on=TODAY)
        assert queries.modes_of(procedure, on=TODAY) == ()
        queries.forget()
        assert PROCEDURE not in [p.key for p in queries.item(15, on=TODAY).procedures.all()]
        published(at, on=TODAY)
        assert queries.open_procedure(procedure.id, on=TODAY).levels == ["county"]

    def test_let_people_find_by_everyday_words(self, at: datetime.datetime) -> None:
        published(at, on=TODAY, words=["换那个红本本"])
        queries.forget()
        assert queries.find_items("换那个红本本", on=TODAY)[0].seq == 15

    def test_are_reviewed_by_a_second_person(self, at: datetime.datetime) -> None:
        writer = stories.actor("group.1")
        row = Procedure.objects.get(key=PROCEDURE)
        draft = publishing.begin(row, province=None, stage=Stage.ELEMENTS, by=writer, at=at)
        publishing.save(draft.id, said(), revision=draft.revision, by=writer, at=at)
        publishing.submit(draft.id, by=writer, at=at)
        with pytest.raises(permissions.OwnWork):
            publishing.publish(draft.id, effective_from_on=TODAY, by=writer, at=at)

    @pytest.mark.parametrize("account", ["manager.510000", "manager.510100", "clerk.510100"])
    def test_are_the_coordination_groups(self, account: str, at: datetime.datetime) -> None:
        by, row = stories.actor(account), Procedure.objects.get(key=PROCEDURE)
        with pytest.raises(permissions.NotYourStandard):
            publishing.begin(row, province=None, stage=Stage.ELEMENTS, by=by, at=at)
        with pytest.raises(permissions.NotYourStandard):
            procedures.make(name="x", kind="公共服务", item_seq=15, by=by, at=at)


class TestFaults:
    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"levels": []}, "levels"),
            ({"modes": ["by_magic"]}, "modes"),
            ({"delivery": []}, "delivery"),
            ({"applicants": []}, "applicants"),
            ({"lead_department": " "}, "lead_department"),
            ({"fee": "元" * 121}, "fee"),
            ({"legal_basis": []}, "legal_basis"),
            ({"words": ["字" * 121]}, "words"),
            ({"codes": {"base": "123"}}, "codes.base"),
        ],
    )
    def test_name_the_input(self, changes: dict[str, Any], field: str) -> None:
        assert list(soundness.faults(said(**changes), stage=Stage.ELEMENTS)) == [field]

    def test_are_none_in_sound_ones(self) -> None:
        assert soundness.faults(said(codes={"base": "000123456789"}), stage=Stage.ELEMENTS) == {}
        assert set(elements.faults({})) >= {"levels", "modes", "legal_basis"}


class TestMake:
    def test_opens_with_its_elements_and_comes_on_the_list_with_a_batch(self, at: datetime.datetime) -> None:
        by = stories.actor("group.1")
        draft = procedures.make(
            name="示例办理项",
            kind="公共服务",
            item_name="示例新事项",
            lead_department="民政部门",
            by=by,
            at=at,
        )
        procedure = draft.procedure
        assert procedure.key == f"{procedure.item_id}-1"
        batch = lists.begin(year=2026, by=by, at=at)
        lists.put(batch.id, seq=procedure.item_id, by=by, at=at)
        with pytest.raises(rules.NotOpen):
            queries.open_procedure(procedure.id, on=TODAY)
        with pytest.raises(lists.NothingToApplyFor):
            lists.publish(batch.id, effective_from_on=TODAY, by=by, at=at)
        published(at, on=TOMORROW, draft=draft)
        with pytest.raises(rules.NotOpen):
            queries.open_procedure(procedure.id, on=TODAY)
        assert queries.open_procedure(procedure.id, on=TOMORROW).fee == "不收费"
        lists.publish(batch.id, effective_from_on=TOMORROW, by=by, at=at)
        assert listing.is_listed(procedure.item_id, on=TOMORROW)
        assert not listing.is_listed(procedure.item_id, on=TODAY)

    def test_numbers_procedures_of_an_item(self, at: datetime.datetime) -> None:
        by = stories.actor("group.1")
        draft = procedures.make(name="又一项", kind="公共服务", item_seq=15, by=by, at=at)
        keys = set(Procedure.objects.filter(item_id=15).values_list("key", flat=True))
        assert draft.procedure.key.startswith("015-") and len(keys) == len(set(keys))
        assert Item.objects.get(seq=15).procedures.filter(is_open=False).count() == 1

    def test_names_what_is_missing(self, at: datetime.datetime) -> None:
        with pytest.raises(procedures.NotComplete) as refused:
            procedures.make(name="", kind="x", by=stories.actor("group.1"), at=at)
        assert set(refused.value.fields) == {"name", "kind", "item_name", "lead_department"}
        with pytest.raises(procedures.NotComplete) as refused:
            procedures.make(name="x", kind="其他", item_seq=99_999, by=stories.actor("group.1"), at=at)
        assert set(refused.value.fields) == {"item_seq"}
        wanted = {"name": "x", "kind": "其他", "item_name": Item.objects.get(seq=15).name}
        with pytest.raises(procedures.NotComplete) as refused:
            procedures.make(**wanted, lead_department="公安机关", by=stories.actor("group.1"), at=at)
        assert "15" in refused.value.fields["item_name"]
