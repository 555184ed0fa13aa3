"""Batches of the item list: what is on the list on a day, and that a published batch is never changed (B5, P6, W5)."""

import datetime
import os

import psycopg
import pytest

from tests import stories
from tongban.cases.operations import intake
from tongban.catalogue import listing, permissions, queries, rules
from tongban.catalogue.models import Item, ItemList, Procedure
from tongban.catalogue.operations import lists

pytestmark = [pytest.mark.django_db, pytest.mark.article("B5", "P6", "W5")]
TODAY, TOMORROW = datetime.date(2026, 3, 2), datetime.date(2026, 3, 3)
DAY = datetime.timedelta(days=1)
SEQ = 15  # 机动车驾驶证换证


def withdrawn(at: datetime.datetime, *, on: datetime.date, seq: int = SEQ) -> ItemList:
    """A published batch that takes an item off the list."""
    by = stories.actor("group.1")
    batch = lists.begin(year=2026, by=by, at=at)
    lists.put(batch.id, seq=seq, kind="withdrawn", reason="法律已经修改", by=by, at=at)
    return lists.publish(batch.id, effective_from_on=on, by=by, at=at)


class TestTheList:
    def test_is_the_first_batch_of_148(self) -> None:
        first = ItemList.objects.get(year=2021, number=1)
        assert first.effective_from_on == datetime.date(2021, 5, 21)
        assert first.lines.count() == 148
        assert len(listing.offers().listed(on=TODAY)) == 148
        assert listing.offers().listed(on=datetime.date(2021, 5, 20)) == frozenset()

    def test_leaves_an_item_off_from_the_day_of_the_batch_that_withdraws_it(
        self, at: datetime.datetime
    ) -> None:
        withdrawn(at, on=TOMORROW)
        queries.forget()
        assert queries.item(SEQ, on=TODAY).seq == SEQ
        with pytest.raises(rules.UnknownItem):
            queries.item(SEQ, on=TOMORROW)
        assert queries.find_items("换驾照", on=TODAY, limit=3)[0].seq == SEQ
        assert SEQ not in [i.seq for i in queries.find_items("换驾照", on=TOMORROW)]
        assert SEQ not in [i.seq for i in queries.find_items("", on=TOMORROW, limit=200)]
        assert len(queries.find_items("", on=TOMORROW, limit=200)) == 147

    def test_takes_an_item_back_in_with_a_later_batch_of_the_same_day(self, at: datetime.datetime) -> None:
        withdrawn(at, on=TODAY)
        by = stories.actor("group.1")
        again = lists.begin(year=2026, by=by, at=at)
        assert again.number == 2
        lists.put(again.id, seq=SEQ, by=by, at=at)
        lists.publish(again.id, effective_from_on=TODAY, by=by, at=at)
        assert listing.is_listed(SEQ, on=TODAY)
        assert listing.listed_in([SEQ])[SEQ].batch == again

    def test_is_what_may_be_received_and_old_cases_go_on(self, at: datetime.datetime) -> None:
        old = stories.Story(at=at).open().fill()
        withdrawn(at, on=TODAY)
        new = stories.Story(at=at).open()
        procedure = Procedure.objects.get(key=stories.PROCEDURE)
        with pytest.raises(rules.NotOnTheList):
            intake.choose(new.id, procedure_id=procedure.id, by=new.receiver, at=at)
        old.pass_all().do("receive")
        assert old.case.procedure == procedure


class TestPublish:
    def test_never_changes_what_is_published(self, at: datetime.datetime) -> None:
        batch, by = withdrawn(at, on=TODAY), stories.actor("group.2")
        with pytest.raises(lists.BatchPublished):
            lists.put(batch.id, seq=16, kind="withdrawn", reason="x", by=by, at=at)
        with pytest.raises(lists.BatchPublished):
            lists.take_out(batch.id, seq=SEQ, by=by, at=at)
        with pytest.raises(lists.BatchPublished):
            lists.publish(batch.id, effective_from_on=TOMORROW, by=by, at=at)
        with pytest.raises(lists.BatchPublished):
            lists.discard(batch.id, by=by, at=at)

    def test_is_kept_by_the_database_too(self) -> None:
        with psycopg.connect(os.environ["TONGBAN_TEST_APP_URL"]) as app:
            for change in (
                "UPDATE catalogue_itemlist SET effective_from_on = '2030-01-01'",
                "DELETE FROM catalogue_itemlistline",
                "UPDATE catalogue_itemlistline SET kind = 'withdrawn', reason = 'x'",
            ):
                assert app.execute(change).rowcount == 0  # type: ignore[arg-type]
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(
                    "INSERT INTO catalogue_itemlistline (batch_id, item_id, kind, reason)"
                    " SELECT b.id, i.seq, 'withdrawn', 'x' FROM catalogue_itemlist b, catalogue_item i"
                )
            app.rollback()

    @pytest.mark.parametrize("on", [None, TODAY - DAY])
    def test_asks_for_a_day_that_is_not_past(self, on: datetime.date | None, at: datetime.datetime) -> None:
        with pytest.raises(lists.NoDay):
            withdrawn(at, on=on)  # type: ignore[arg-type]

    def test_holds_no_earlier_than_the_batch_before(self, at: datetime.datetime) -> None:
        withdrawn(at, on=TOMORROW)
        with pytest.raises(lists.NoDay):
            withdrawn(at, on=TODAY, seq=16)

    def test_asks_for_an_item_and_something_to_apply_for(self, at: datetime.datetime) -> None:
        by = stories.actor("group.1")
        batch = lists.begin(year=2026, by=by, at=at)
        with pytest.raises(lists.EmptyBatch):
            lists.publish(batch.id, effective_from_on=TODAY, by=by, at=at)
        Item.objects.create(seq=900, name="空事项", lead_department="部门", source="试验")
        lists.put(batch.id, seq=900, by=by, at=at)
        with pytest.raises(lists.NothingToApplyFor):
            lists.publish(batch.id, effective_from_on=TODAY, by=by, at=at)
        lists.take_out(batch.id, seq=900, by=by, at=at)
        lists.discard(batch.id, by=by, at=at)
        assert not ItemList.objects.filter(id=batch.id).exists()


class TestPut:
    def test_refuses_what_says_nothing_new(self, at: datetime.datetime) -> None:
        by = stories.actor("group.1")
        batch = lists.begin(year=2026, by=by, at=at)
        with pytest.raises(lists.ListedAlready):
            lists.put(batch.id, seq=SEQ, by=by, at=at)
        with pytest.raises(lists.NoWhy):
            lists.put(batch.id, seq=SEQ, kind="withdrawn", by=by, at=at)
        for seq in (None, 0, 99_999):
            with pytest.raises(lists.NoSuchItem):
                lists.put(batch.id, seq=seq, by=by, at=at)

    @pytest.mark.parametrize("account", ["manager.510000", "manager.510100", "clerk.510100", "sysadmin"])
    def test_is_the_coordination_groups_alone(self, account: str, at: datetime.datetime) -> None:
        by, group = stories.actor(account), stories.actor("group.1")
        batch = lists.begin(year=2026, by=group, at=at)
        lists.put(batch.id, seq=SEQ, kind="withdrawn", reason="x", by=group, at=at)
        with pytest.raises(permissions.NotTheGroup):
            lists.begin(year=2026, by=by, at=at)
        with pytest.raises(permissions.NotTheGroup):
            lists.put(batch.id, seq=16, kind="withdrawn", reason="x", by=by, at=at)
        with pytest.raises(permissions.NotTheGroup):
            lists.publish(batch.id, effective_from_on=TODAY, by=by, at=at)

    def test_asks_for_a_year(self, at: datetime.datetime) -> None:
        for year in (None, 2020, 2028):
            with pytest.raises(lists.BadYear):
                lists.begin(year=year, by=stories.actor("group.1"), at=at)
