"""The duty roster over the API: read by whoever sees the window, planned by its leads and managers."""

import datetime
from collections.abc import Callable

import pytest

from tests.web.api.program import Api
from tests.web.api.test_door import problem
from tongban.directory.models import Window
from tongban.people.models import Person, RosterDay

pytestmark = [pytest.mark.django_db, pytest.mark.article("P13", "A2", "H3")]


@pytest.fixture
def path() -> str:
    return f"/windows/{Window.objects.get(division_id='520103000000').id}/roster"


@pytest.fixture
def week(at: datetime.datetime) -> dict[str, object]:
    """Seven days from tomorrow on, for the practice clerk."""
    first = at.date() + datetime.timedelta(days=2)
    last = first + datetime.timedelta(days=6)
    clerk = Person.objects.get(account="clerk.520103").pk
    return {"first_on": str(first), "last_on": str(last), "people": [clerk]}


class TestRoster:
    def test_is_planned_once_by_a_lead_and_read_by_a_clerk(
        self, path: str, week: dict[str, object], receiver: Api, api: Callable[[str], Api]
    ) -> None:
        lead = api("lead.520103")
        first, again = (lead.send("PUT", path, week, key="k") for _twice in range(2))
        assert first.status_code == 200, first.content.decode()
        assert first.json() == again.json() and again["Idempotent-Replay"] == "true"
        planned = first.json()["planned"]
        assert 0 < len(planned) <= 7 and RosterDay.objects.count() == len(planned)
        receiver.send("PUT", "/presence", {"is_present": True})
        shown = receiver.get(path).json()
        assert [d["on"] for d in shown["days"]] == planned and not shown["may_plan"]
        me = next(p for p in shown["people"] if [p["person_id"]] == week["people"])
        assert me["is_present"] and me["role"] == "clerk"
        assert {p["name"] for d in shown["days"] for p in d["people"]} == {me["name"]}

    def test_is_emptied_and_planned_by_a_manager_of_the_area(
        self, path: str, week: dict[str, object], api: Callable[[str], Api]
    ) -> None:
        manager = api("manager.520100")
        assert manager.send("PUT", path, week).json()["may_plan"]
        assert manager.send("PUT", path, {**week, "people": []}).json()["days"] == []
        assert not RosterDay.objects.exists()

    def test_is_refused_to_clerks_and_other_windows(
        self, path: str, week: dict[str, object], receiver: Api, api: Callable[[str], Api]
    ) -> None:
        problem(receiver.send("PUT", path, week), 403, "not_your_roster")
        for account in ("lead.520102", "manager.530000"):
            other = api(account)
            problem(other.get(path), 404, "unknown_window")
            problem(other.send("PUT", path, week), 404, "unknown_window")
        assert not RosterDay.objects.exists()

    def test_names_what_is_wrong(self, path: str, week: dict[str, object], api: Callable[[str], Api]) -> None:
        lead = api("lead.520103")
        past = lead.send("PUT", path, {**week, "first_on": "2020-01-06"})
        assert "first_on" in problem(past, 422, "bad_span")["fields"]
        stranger = Person.objects.get(account="clerk.530102").pk
        wrong = lead.send("PUT", path, {**week, "people": [stranger]})
        assert "people" in problem(wrong, 422, "not_of_this_window")["fields"]
        assert lead.send("PUT", path, {**week, "people": [2**62]}).status_code == 422
        problem(lead.send("PUT", path, week, key=None), 422, "key_missing")
