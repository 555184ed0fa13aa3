"""Windows near somebody: by place and by distance."""

import pytest
from django.test import Client

from tongban.directory import near
from tongban.directory.models import Window

pytestmark = [pytest.mark.django_db, pytest.mark.article("F1")]
GUIYANG = (26.647, 106.630)


class TestDistance:
    def test_is_what_the_map_says(self) -> None:
        assert near.distance(*GUIYANG, to=(30.572, 104.066)) == pytest.approx(503, abs=5)  # to 成都
        assert near.distance(*GUIYANG, to=GUIYANG) == 0


class TestNearest:
    def test_come_first_and_the_unplaced_are_counted(self) -> None:
        found, unplaced = near.nearest(*GUIYANG, limit=5)
        kilometres = [n.distance for n in found if n.distance is not None]
        assert kilometres == sorted(kilometres)
        assert found[0].window.division_id.startswith("52")
        assert unplaced == Window.objects.filter(is_open=True, latitude=None).count()

    def test_leave_out_a_window_that_is_not_on_the_list(self) -> None:
        first = near.nearest(*GUIYANG, limit=1)[0][0].window
        Window.objects.filter(id=first.id).update(is_open=False)
        assert near.nearest(*GUIYANG, limit=1)[0][0].window.id != first.id


class TestPage:
    def test_gives_the_nearest_first_with_their_distance(self, client: Client) -> None:
        text = client.get("/windows/", {"at": "26.647,106.630"}).content.decode()
        assert "km" in text
        assert "没有登记位置，请按地方查找" in text

    def test_gives_the_windows_of_a_place(self, client: Client) -> None:
        text = client.get("/windows/", {"place1": "520000000000", "place2": "520100000000"}).content.decode()
        assert "贵阳市云岩区“跨省通办”窗口" in text
        assert "成都市“跨省通办”窗口" not in text

    def test_gives_those_of_the_place_above_where_there_are_none(self, client: Client) -> None:
        Window.objects.filter(division_id="520103000000").update(is_open=False)
        text = client.get("/windows/", {"place": "520103000000"}).content.decode()
        assert "下面是上一级的窗口" in text

    @pytest.mark.parametrize("at", ["here", "91,10", "26.6;106.6", "1" * 300])
    def test_says_when_a_position_cannot_be_read(self, client: Client, at: str) -> None:
        assert "位置的写法不对" in client.get("/windows/", {"at": at}).content.decode()
