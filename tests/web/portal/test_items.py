"""What can be done from where: the list, and an item between two places."""

import datetime

import pytest
from django.test import Client

from tongban.catalogue import across, queries
from tongban.catalogue.models import AcceptanceStandard, Item, LifeEvent, Standing
from tongban.directory.models import Window

pytestmark = pytest.mark.django_db
ON = datetime.date(2026, 3, 2)
HERE, HOME = "520103000000", "510107000000"  # 贵阳市云岩区, 成都市武侯区
PAIR = {"here1": "520000000000", "here2": "520100000000", "here3": HERE}
PAIR |= {"home1": "510000000000", "home2": "510100000000", "home3": HOME}


def text_of(client: Client, address: str, **data: str) -> str:
    answer = client.get(address, data)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.article("F1", "B1")
class TestListing:
    @pytest.mark.parametrize("words", ["换驾照", "huanjiazhao", "驾驶证换证"])
    def test_finds_by_everyday_words_and_pinyin(self, client: Client, words: str) -> None:
        assert 'href="/items/15/"' in text_of(client, "/items/", q=words)

    def test_shows_all_148_items_without_a_word(self, client: Client) -> None:
        assert (
            text_of(client, "/items/").count('href="/items/') == 148 + 1
        )  # and the way to all in the header

    def test_gives_the_items_of_a_life_event_and_of_a_department(self, client: Client) -> None:
        assert "生育登记" in text_of(client, "/items/", event="birth")
        assert "残疾人证新办" in text_of(client, "/items/", department="残联")

    def test_says_what_to_do_when_nothing_fits(self, client: Client) -> None:
        assert "清单里没有找到" in text_of(client, "/items/", q="zzzzqqqq")

    def test_does_not_know_an_event_that_is_not_there(self, client: Client) -> None:
        assert client.get("/items/", {"event": "no-such"}).status_code == 404


@pytest.mark.article("F1")
class TestLifeEvents:
    def test_name_only_items_of_the_list(self) -> None:
        listed = set(Item.objects.filter(standing=Standing.LISTED).values_list("seq", flat=True))
        events = list(LifeEvent.objects.all())
        assert events
        assert {seq for event in events for seq in event.items} <= listed


@pytest.mark.article("F1", "P23")
class TestItemPage:
    def test_offers_places_level_by_level_without_a_script(self, client: Client) -> None:
        text = text_of(client, "/items/15/", here1="520000000000")
        assert 'name="here2"' in text
        assert 'name="here3"' not in text
        assert 'name="home2"' not in text

    def test_takes_a_place_outside_the_one_above_as_not_picked(self, client: Client) -> None:
        text = text_of(client, "/items/15/", here1="510000000000", here2="520100000000")
        assert '<option value="520100000000"' not in text

    def test_says_what_holds_between_two_places(self, client: Client) -> None:
        text = text_of(client, "/items/15/", **PAIR)
        assert "可以：在贵州省贵阳市云岩区交材料，由四川省成都市办理" in text
        for said in ("异地代收代办", "工本费10元", "机动车驾驶人身份证明", "贵阳市云岩区“跨省通办”窗口"):
            assert said in text
        assert "成都市“跨省通办”窗口" in text
        assert "09:00–12:00，13:00–17:00" in text

    def test_works_for_a_county_right_below_a_municipality(self, client: Client) -> None:
        text = text_of(client, "/items/15/", here=HERE, home="500103000000")
        assert "由重庆市渝中区办理" in text

    def test_shows_the_papers_of_the_circumstance_that_was_picked(self, client: Client) -> None:
        said = across.across(queries.procedure("015-1"), here=HERE, home=HOME, on=ON).said
        own = [m for m in said.materials if m.only_for]
        assert own
        without = text_of(client, "/items/15/", **PAIR)
        chosen = text_of(client, "/items/15/", **PAIR, circumstance=own[0].only_for[0])
        assert f'<th scope="row">{own[0].name}' not in without
        assert f'<th scope="row">{own[0].name}' in chosen

    @pytest.mark.article("P13")
    def test_says_why_not_where_a_place_is_not_on_the_contact_list(self, client: Client) -> None:
        Window.objects.filter(division_id="510100000000").update(is_open=False)
        text = text_of(client, "/items/15/", **PAIR)
        assert "目前不能这样办" in text
        assert "四川省成都市没有列入" in text

    def test_says_why_not_without_a_standard(self, client: Client) -> None:
        AcceptanceStandard.objects.filter(procedure__key="015-1").update(
            effective_from_on=datetime.date(2099, 1, 1)
        )
        assert "没有生效的收件受理标准" in text_of(client, "/items/15/", **PAIR)

    def test_says_when_both_places_are_in_one_province(self, client: Client) -> None:
        assert "两地在同一个省" in text_of(client, "/items/15/", here=HERE, home="520300000000")

    def test_does_not_know_an_item_that_is_not_there(self, client: Client) -> None:
        assert client.get("/items/9999/").status_code == 404
