"""A province has procedures of its own below an item of the list: received everywhere, decided there alone (P7, W7)."""

import datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from tests import stories
from tests.catalogue import drafting
from tests.catalogue.drafting import GUIZHOU, SICHUAN
from tests.catalogue.test_elements import said
from tongban.catalogue import across, book, permissions, queries, rules
from tongban.catalogue.models import Draft, Procedure, Stage
from tongban.catalogue.operations import procedures, publishing
from tongban.journal.models import Entry

pytestmark = [pytest.mark.django_db, pytest.mark.article("B2", "P7", "W7")]
TODAY = datetime.date(2026, 3, 2)
NAME = "蜀道通行证换发"


def made(at: datetime.datetime, *, by: str = "manager.510000", **changes: Any) -> Draft:
    wanted: dict[str, Any] = {"name": NAME, "kind": "公共服务", "item_seq": 15, "province": SICHUAN}
    return procedures.make(**wanted | changes, by=stories.actor(by), at=at)


def opened(at: datetime.datetime) -> Procedure:
    """Make 四川省's procedure, publish its elements and its standard, each by two people of that province."""
    writer, reviewer = drafting.people(SICHUAN)
    draft = made(at)
    content = said(levels=["prefecture"], codes={"local": "SC-2026-01"})
    publishing.save(draft.id, content, revision=draft.revision, by=writer, at=at)
    publishing.submit(draft.id, by=writer, at=at)
    publishing.publish(draft.id, effective_from_on=TODAY, by=reviewer, at=at)
    drafting.publish(SICHUAN, at=at, procedure=draft.procedure.key)
    queries.forget()
    return Procedure.objects.get(id=draft.procedure_id)


class TestMake:
    def test_begins_elements_that_are_the_provinces(self, at: datetime.datetime) -> None:
        draft = made(at)
        assert (draft.province_id, draft.stage) == (SICHUAN, Stage.ELEMENTS)
        assert draft.procedure.province_id == SICHUAN and draft.procedure.key.startswith("015-")
        entry = Entry.objects.filter(code="standard.make_procedure").get()
        assert (entry.payload["name"], entry.payload["province"]) == (NAME, SICHUAN)
        assert entry.actor == stories.actor("manager.510000").name

    @pytest.mark.parametrize(
        ("account", "province"),
        [
            ("manager.520000", SICHUAN),  # another province's
            ("manager.510100", SICHUAN),  # a city: it tries matters with another city, as a pilot
            ("clerk.510100", SICHUAN),
            ("group.1", SICHUAN),
            ("manager.510000", None),  # what all five share is the coordination group's
            ("manager.510100", None),
        ],
    )
    def test_is_whose_it_is(self, account: str, province: str | None, at: datetime.datetime) -> None:
        with pytest.raises(permissions.NotYourProcedure):
            made(at, by=account, province=province)
        assert not Procedure.objects.filter(name=NAME).exists()

    @pytest.mark.parametrize("item", [{"item_seq": None, "item_name": "新事项"}, {"item_seq": 99_999}])
    def test_stands_below_an_item_of_the_list(self, item: dict[str, Any], at: datetime.datetime) -> None:
        with pytest.raises(procedures.NotComplete) as refused:
            made(at, **item, lead_department="公安机关")
        assert "清单上的事项" in refused.value.fields["item_seq"]

    def test_leaves_elements_of_all_five_without_a_province(self, at: datetime.datetime) -> None:
        made(at)
        wrong = Draft.objects.get(stage=Stage.ELEMENTS)
        wrong.stage = Stage.FIVE_PROVINCES
        with pytest.raises(IntegrityError), transaction.atomic():
            wrong.save()


class TestPublished:
    def test_is_found_and_says_its_level_and_local_code(self, at: datetime.datetime) -> None:
        row = opened(at)
        found = queries.find_items("蜀道通行证", on=TODAY)
        shown = next(p for p in found[0].procedures.all() if p.id == row.id)
        assert found[0].seq == 15 and shown.province is not None
        assert (shown.province.name, shown.levels, shown.local_code) == (
            "四川省",
            ["prefecture"],
            "SC-2026-01",
        )

    def test_is_received_elsewhere_and_decided_there(self, at: datetime.datetime) -> None:
        row = opened(at)
        story = stories.Story(at=at, procedure=row.key).open().fill()
        assert story.case.receiving_window.division_id == "520103000000"
        assert story.case.home_window is not None and story.case.home_window.division_id == "510100000000"
        assert story.case.standard is not None and story.case.standard.province_id == SICHUAN
        assert story.case.elements is not None and story.case.elements.province_id == SICHUAN

    def test_is_decided_nowhere_else(self, at: datetime.datetime) -> None:
        row = opened(at)
        with pytest.raises(rules.OfAnotherProvince, match="只能在四川省办理"):
            stories.Story(at=at, procedure=row.key, home_code="530100000000").open().fill()
        shown = across.across(row, here="520103000000", home="530100000000", on=TODAY)
        assert shown.refusal is not None and "只能在四川省办理" in shown.refusal.message

    def test_has_no_standard_of_anybody_else(self, at: datetime.datetime) -> None:
        row = opened(at)
        for province, stage in ((GUIZHOU, Stage.PROVINCE), (None, Stage.FIVE_PROVINCES)):
            writer, _reviewer = drafting.people(province)
            with pytest.raises(publishing.OfOneProvince):
                publishing.begin(row, province=province, stage=stage, by=writer, at=at)
        for account in ("group.1", "manager.520000"):
            with pytest.raises(permissions.NotYourStandard):
                publishing.begin(row, province=None, stage=Stage.ELEMENTS, by=stories.actor(account), at=at)
        again = publishing.begin(
            row, province=None, stage=Stage.ELEMENTS, by=stories.actor("manager.510000"), at=at
        )
        assert again.province_id == SICHUAN and again.content["codes"] == {"local": "SC-2026-01"}

    def test_stands_in_its_own_provinces_workbook_alone(self, at: datetime.datetime) -> None:
        row = opened(at)

        def keys(account: str) -> list[Any]:
            return [line["key"] for line in list(book.export(stories.actor(account), at)[0][1])]

        assert row.key in keys("manager.510000")
        assert row.key not in keys("manager.520000") and row.key not in keys("group.1")
