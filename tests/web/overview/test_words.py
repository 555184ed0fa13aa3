"""The page of everyday words, and the public search by API."""

import re
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

    def test_gives_the_list_for_nothing_typed_and_nothing_for_what_it_does_not_know(self) -> None:
        everything = Client().get("/api/v1/items", {"q": "", "limit": 200})
        assert [row["seq"] for row in everything.json()] == list(range(1, 149))
        for unknown in ("zzzzqqqq", "量子力学", "？！", "\u200b"):
            found = Client().get("/api/v1/items", {"q": unknown, "limit": 3})
            assert found.status_code == 200
            assert found.json() == [] or unknown == "\u200b"  # which nobody sees: nothing was typed

    def test_reads_a_whole_sentence_and_says_how_long_it_may_be(self) -> None:
        told = "我去年从老家过来这边打工，" * 12 + "昨天不小心把驾照弄丢了，怎么补办？"
        assert 170 < len(told) <= 200
        assert Client().get("/api/v1/items", {"q": told, "limit": 3}).json()[0]["seq"] == 14
        refused = Client().get("/api/v1/items", {"q": "驾" * 201})
        assert refused.status_code == 422
        assert "200" in refused.json()["fields"]["q"]

    @pytest.mark.parametrize("limit", ["0", "-1", "201", "三", "1.5", ""])
    def test_says_which_limit_is_not_one(self, limit: str) -> None:
        refused = Client().get("/api/v1/items", {"q": "驾照", "limit": limit})
        assert refused.status_code == 422
        assert refused.json()["fields"]["limit"]


@pytest.mark.article("B1")
class TestOneRanking:
    """The page of the public, the receive page and the API rank by the same index."""

    @pytest.mark.parametrize(
        "typed", ["驾照丢了", "我想在成都换驾驶证要怎么弄", "shebaoka", "gjj", "养老保险转移"]
    )
    def test_is_what_every_search_shows(self, typed: str, signed_in: SignedIn) -> None:
        by_api = [row["seq"] for row in Client().get("/api/v1/items", {"q": typed, "limit": 5}).json()]
        assert by_api
        page = Client().get("/items/", {"q": typed}).content.decode()
        assert [int(seq) for seq in re.findall(r'<li><a href="/items/(\d+)/">', page)][:5] == by_api
        clerk = signed_in("clerk.520103")
        begun = clerk.post("/desk/receive/", {"_key": str(uuid.uuid4())})["Location"]
        desk = clerk.get(f"/desk/receive/{begun.split('/')[3]}/items/", {"q": typed}).content.decode()
        assert [int(seq) for seq in re.findall(r'<span class="count">(\d+)</span>', desk)][:5] == by_api
        tried = signed_in("manager.520100").get("/overview/words/", {"try": typed}).content.decode()
        assert [int(seq) for seq in re.findall(r'<td class="count">(\d+)</td>', tried)] == by_api

    def test_is_where_the_search_box_of_the_home_leads(self) -> None:
        form = Client().get("/").content.decode().split('role="search"')[0].rsplit("<form", 1)[1]
        assert 'action="/items/"' in form and 'method="get"' in form
