"""The page of everyday words, and the public search by API."""

import uuid
from collections.abc import Callable

import pytest
from django.test import Client

from tongban.catalogue import operations
from tongban.catalogue.models import Synonym

SignedIn = Callable[[str], Client]
pytestmark = [pytest.mark.django_db, pytest.mark.article("W5")]


def add(client: Client, word: str, means: str) -> tuple[int, str]:
    sent = {"word": word, "means": means, "_key": str(uuid.uuid4())}
    response = client.post("/overview/words/add/", sent, follow=True)
    return response.status_code, response.content.decode()


class TestPage:
    def test_adds_a_word_and_shows_who_added_it(self, signed_in: SignedIn) -> None:
        client = signed_in("manager.520100")
        status, text = add(client, "qqzzxx", "机动车驾驶证补证")
        assert status == 200
        assert "已保存：qqzzxx" in text
        row = Synonym.objects.get(word="qqzzxx")
        assert row.added_by_name and row.added_for
        assert (
            f"/overview/words/{row.id}/remove/" in client.get("/overview/words/?after=qqzz").content.decode()
        )

    def test_keeps_what_was_typed_when_it_says_nothing(self, signed_in: SignedIn) -> None:
        status, text = add(signed_in("group.1"), "驾", "驾驶证")
        assert status == 422
        assert 'value="驾驶证"' in text
        assert "word-wrong" in text

    def test_removes_a_word(self, signed_in: SignedIn) -> None:
        row = Synonym.objects.get(word="良民证")
        client = signed_in("manager.500000")
        client.post(f"/overview/words/{row.id}/remove/", {"_key": str(uuid.uuid4())})
        assert "良民证" not in client.get("/overview/words/", {"after": "良民"}).content.decode()
        assert operations.load_items() == 0  # nor does the next start bring it back
        assert Synonym.objects.get(word="良民证").is_off

    def test_tries_a_text(self, signed_in: SignedIn) -> None:
        text = signed_in("manager.520100").get("/overview/words/", {"try": "驾照丢了"}).content.decode()
        assert "机动车驾驶证补证" in text

    def test_pages_by_the_last_word(self, signed_in: SignedIn) -> None:
        client = signed_in("manager.520100")
        words = sorted(Synonym.objects.values_list("word", flat=True))
        assert len(words) > 100
        assert "?after=" in client.get("/overview/words/").content.decode()

    def test_is_not_open_to_clerks(self, signed_in: SignedIn) -> None:
        assert signed_in("clerk.520103").get("/overview/words/").status_code == 403
        assert add(signed_in("clerk.520103"), "qqzzxx", "驾驶证")[0] == 403


@pytest.mark.article("B1")
class TestPublicSearch:
    def test_needs_no_token_and_gives_number_and_name_in_order(self) -> None:
        found = Client().get("/api/v1/items", {"q": "驾照丢了", "limit": 3})
        assert found.status_code == 200
        rows = found.json()
        assert len(rows) == 3
        assert (rows[0]["seq"], rows[0]["name"]) == (14, "机动车驾驶证补证")

    def test_gives_one_item_to_anybody(self) -> None:
        assert Client().get("/api/v1/items/15").json()["name"] == "机动车驾驶证换证"

    def test_leaves_everything_else_behind_the_token(self) -> None:
        assert Client().get("/api/v1/words").status_code == 401
