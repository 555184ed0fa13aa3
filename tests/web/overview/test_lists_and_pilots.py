"""The pages of item lists and pilots: who may act, that a refusal loses nothing, and that the receive page follows."""

import datetime
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests import stories
from tests.catalogue import piloting
from tongban.catalogue import listing
from tongban.catalogue.models import ItemList, Pilot
from tongban.catalogue.operations import lists, pilots
from tongban.directory import queries as directory

SignedIn = Callable[[str], Client]
pytestmark = [pytest.mark.django_db, pytest.mark.article("B5", "P6", "W16")]


@pytest.fixture
def at() -> datetime.datetime:
    """The moment at which requests happen."""
    return directory.now()


def post(client: Client, path: str, **data: Any) -> tuple[int, str]:
    response = client.post(path, {"_key": str(uuid.uuid4()), **data}, follow=True)
    return response.status_code, response.content.decode()


class TestLists:
    def test_put_a_batch_together_and_publish_it(self, signed_in: SignedIn, at: datetime.datetime) -> None:
        client = signed_in("group.1")
        assert "148" in client.get("/overview/lists/").content.decode()
        assert post(client, "/overview/lists/begin/", year="2026", document="示例〔2026〕1号")[0] == 200
        row = ItemList.objects.get(year=2026)
        path = f"/overview/lists/{row.id}/act/"
        status, text = post(client, path, do="put", seq="15", kind="withdrawn", reason="")
        assert status == 422
        assert 'value="15"' in text
        assert "请写明移出清单的理由" in text
        assert post(client, path, do="put", seq="15", kind="withdrawn", reason="法律修改")[0] == 200
        status, text = post(client, path, do="publish", effective_from_on="2020-01-01")
        assert status == 422
        assert 'value="2020-01-01"' in text
        on = (at + datetime.timedelta(hours=8)).date()
        assert "已发布" in post(client, path, do="publish", effective_from_on=on.isoformat())[1]
        assert not listing.is_listed(15, on=on)
        assert post(client, path, do="out:15")[0] == 409

    @pytest.mark.parametrize("account", ["manager.520100", "manager.510000"])
    def test_are_changed_by_the_coordination_group_only(
        self, signed_in: SignedIn, account: str, at: datetime.datetime
    ) -> None:
        client = signed_in(account)
        row = lists.begin(year=2026, by=stories.actor("group.1"), at=at)
        assert client.get(f"/overview/lists/{row.id}/").status_code == 200
        assert post(client, "/overview/lists/begin/", year="2026")[0] == 403
        for do in ("put", "out:15", "publish", "discard"):
            sent = {"do": do, "seq": "15", "kind": "withdrawn", "reason": "x"}
            assert post(client, f"/overview/lists/{row.id}/act/", **sent)[0] == 403
        assert ItemList.objects.filter(id=row.id).exists()


class TestPilots:
    def test_keep_what_was_typed(self, signed_in: SignedIn, at: datetime.datetime) -> None:
        sent = {**piloting.proposal(at), "second": "520300000000", "name": "试办一件事"}
        status, text = post(signed_in(piloting.PROPOSER), "/overview/pilots/propose/", **sent)
        assert status == 422
        assert "试办一件事" in text
        assert "请选择另一省的同级地方" in text

    @pytest.mark.parametrize("account", ["manager.530100", "manager.530000", "manager.520000", "group.1"])
    def test_are_no_business_of_others(
        self, signed_in: SignedIn, account: str, at: datetime.datetime
    ) -> None:
        client, row = signed_in(account), piloting.proposed(at)
        assert client.get(f"/overview/pilots/{row.id}/").status_code == 200
        assert post(client, "/overview/pilots/propose/", **piloting.proposal(at))[0] == 403
        for do in ("agree", "decline", "end", "recommend"):
            assert post(client, f"/overview/pilots/{row.id}/act/", do=do, words="x")[0] == 403
        assert Pilot.objects.get(id=row.id).state == "proposed"

    def test_are_taken_up_by_the_coordination_group_only(
        self, signed_in: SignedIn, at: datetime.datetime
    ) -> None:
        row = piloting.agreed(at)
        pilots.recommend(row.id, words="办得好", by=stories.actor(piloting.PROPOSER), at=at)
        batch = lists.begin(year=2026, by=stories.actor("group.1"), at=at)
        path = f"/overview/pilots/{row.id}/act/"
        assert post(signed_in(piloting.PROPOSER), path, do="take_up", batch=batch.id)[0] == 403
        assert post(signed_in("group.1"), path, do="take_up", batch=batch.id)[0] == 200
        assert Pilot.objects.get(id=row.id).batch == batch

    def test_are_marked_on_the_receive_page(self, signed_in: SignedIn, at: datetime.datetime) -> None:
        row = piloting.agreed(at)
        story = piloting.story(at, row)
        found = signed_in("clerk.520100").get(f"/desk/receive/{story.case.number}/items/", {"q": row.name})
        assert "试点" in found.content.decode()
        story.fill()
        page = signed_in("clerk.520100").get(f"/desk/receive/{story.case.number}/").content.decode()
        assert '<span class="tag tag-accent">试点</span>' in page


class TestMenu:
    @pytest.mark.article("F7")
    def test_shows_the_group_and_the_page_one_is_on(self, signed_in: SignedIn) -> None:
        text = signed_in("group.1").get("/overview/pilots/").content.decode()
        assert text.count('aria-current="page"') == 1
        assert 'href="/overview/pilots/" aria-current="page"' in text
        assert text.count('aria-current="true"') == 1
