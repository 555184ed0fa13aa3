"""The calendar page: what each level has said of a day, and who may say it."""

import datetime
import uuid
from collections.abc import Callable

import pytest
from django.test import Client

from tongban.directory import queries as directory
from tongban.directory.models import CalendarDay

SignedIn = Callable[[str], Client]
YUNYAN, GUIYANG, GUIZHOU, CHENGDU = "520103000000", "520100000000", "520000000000", "510100000000"
DAY = {"on": "2026-04-20", "is_working": "0", "reason": "三月三", "source": "示例通知〔2026〕1号"}


def month(client: Client, code: str = YUNYAN, **more: str | int) -> str:
    """Give the page of April 2026 of a place."""
    response = client.get("/desk/calendar/", {"code": code, "year": 2026, "month": 4, **more})
    assert response.status_code == 200
    return response.content.decode()


def send(client: Client, **more: str) -> int:
    """Send the form; gives the status."""
    return client.post(
        "/desk/calendar/day/", {"_key": str(uuid.uuid4()), "code": YUNYAN, **DAY, **more}
    ).status_code


class TestCalendar:
    @pytest.mark.article("G1")
    def test_shows_each_exception_with_reason_source_and_level(self, signed_in: SignedIn) -> None:
        text = month(signed_in("clerk.520103"))
        assert "清明节" in text
        assert "全国" in text
        assert "国务院办公厅" in text

    def test_says_that_a_year_is_not_covered(self, signed_in: SignedIn) -> None:
        assert "2199年的工作日历尚未维护" in month(signed_in("clerk.520103"), year=2199)

    def test_warns_before_the_calendar_ends(
        self, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        last = max(directory.covered_years())
        monkeypatch.setattr(directory, "now", lambda: datetime.datetime(last, 11, 20, tzinfo=datetime.UTC))
        assert f"工作日历只到{last}年12月31日" in month(signed_in("manager.520103"))

    @pytest.mark.parametrize("asked", [{"year": "x", "month": "13"}, {"year": "99999"}, {"on": "never"}])
    def test_shows_this_month_when_there_is_no_such_month(
        self, signed_in: SignedIn, asked: dict[str, str]
    ) -> None:
        assert signed_in("clerk.520103").get("/desk/calendar/", asked).status_code == 200

    def test_says_that_there_is_no_such_place(self, signed_in: SignedIn) -> None:
        assert signed_in("clerk.520103").get("/desk/calendar/?code=999999000000").status_code == 404


class TestChange:
    @pytest.mark.article("G1")
    @pytest.mark.parametrize("account", ["manager.520103", "manager.520100", "manager.520000"])
    def test_is_for_managers_of_the_place_and_above(self, signed_in: SignedIn, account: str) -> None:
        client = signed_in(account)
        assert send(client) == 302
        row = CalendarDay.objects.get(division_id=YUNYAN)
        assert (row.reason, row.is_working) == ("三月三", False)
        directory.forget()
        text = month(client)
        assert "三月三" in text
        assert "示例通知〔2026〕1号" in text
        assert "撤销2026年4月20日的安排" in text

    @pytest.mark.parametrize(
        "account", ["clerk.520103", "lead.520103", "manager.520102", "manager.510000", "sysadmin"]
    )
    def test_is_refused_to_everybody_else(self, signed_in: SignedIn, account: str) -> None:
        client = signed_in(account)
        assert send(client) == 403
        assert not CalendarDay.objects.filter(division_id=YUNYAN).exists()
        assert "增加或者修改一天" not in month(client)

    def test_is_refused_for_the_whole_country(self, signed_in: SignedIn) -> None:
        before = CalendarDay.objects.count()
        signed_in("manager.520000").post("/desk/calendar/day/", {**DAY, "code": "", "_key": "k"})
        assert CalendarDay.objects.count() == before

    @pytest.mark.parametrize("name", ["on", "reason", "source"])
    def test_names_what_is_missing_and_keeps_what_was_typed(self, signed_in: SignedIn, name: str) -> None:
        data = {**DAY, name: "", "code": YUNYAN, "_key": str(uuid.uuid4())}
        response = signed_in("manager.520103").post("/desk/calendar/day/", data)
        text = response.content.decode()
        assert response.status_code == 422
        assert f'id="{name}-wrong"' in text
        assert all(
            f'value="{value}"' in text for key, value in data.items() if value and key in ("reason", "source")
        )

    def test_takes_a_day_back(self, signed_in: SignedIn) -> None:
        client = signed_in("manager.520103")
        send(client)
        assert send(client, clear="1") == 302
        assert not CalendarDay.objects.filter(division_id=YUNYAN).exists()

    def test_shows_that_a_lower_level_overrules_a_higher_one(self, signed_in: SignedIn) -> None:
        send(signed_in("manager.520000"), code=GUIZHOU)
        send(signed_in("manager.520103"), is_working="1", reason="照常上班")
        directory.forget()
        text = month(signed_in("manager.520103"))
        assert "已被下级安排替代" in text
        assert "照常上班" in text
        assert "照常上班" not in month(signed_in("manager.510100"), code=CHENGDU)
