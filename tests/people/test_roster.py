"""Who is on duty at a window, planned ahead: by its leads and by who manages the area."""

import datetime
from collections.abc import Callable

import pytest
from django.test import Client

from tests.stories import actor
from tongban.directory import queries as directory
from tongban.directory.models import Window
from tongban.kernel import worktime
from tongban.people import permissions, roster
from tongban.people.models import Person, RosterDay

pytestmark = [pytest.mark.django_db, pytest.mark.article("P13", "A2", "A5")]
DAY = datetime.timedelta(days=1)


@pytest.fixture
def window() -> Window:
    return Window.objects.get(division_id="520103000000")


@pytest.fixture
def clerk() -> Person:
    return Person.objects.get(account="clerk.520103")


def plan(
    window: Window, *people: Person, at: datetime.datetime, by: str = "lead.520103", days: int = 7
) -> object:
    first = at.date() + DAY
    return roster.plan(
        window.id,
        first_on=first,
        last_on=first + (days - 1) * DAY,
        person_ids=[p.pk for p in people],
        by=actor(by),
        at=at,
    )


class TestPlan:
    @pytest.mark.parametrize("by", ["lead.520103", "manager.520103", "manager.520100", "manager.520000"])
    def test_names_people_on_every_working_day(
        self, window: Window, clerk: Person, at: datetime.datetime, by: str
    ) -> None:
        days = plan(window, clerk, at=at, by=by)
        assert days and all(directory.calendar_of(window.division_id).day(d).working for d in days)  # type: ignore[attr-defined]
        shown = roster.of([window.id], on=at.date())[window.id]
        assert [(d.on, [p.pk for p in d.people]) for d in shown] == [(d, [clerk.pk]) for d in days]  # type: ignore[attr-defined]

    def test_takes_the_place_of_what_was_planned_and_may_be_emptied(
        self, window: Window, clerk: Person, at: datetime.datetime
    ) -> None:
        lead = Person.objects.get(account="lead.520103")
        plan(window, clerk, at=at)
        plan(window, lead, at=at, days=1)
        assert set(RosterDay.objects.values_list("person_id", flat=True)) <= {clerk.pk, lead.pk}
        plan(window, at=at)
        assert not RosterDay.objects.exists()

    @pytest.mark.parametrize(
        "by", ["clerk.520103", "lead.510100", "manager.520102", "manager.510000", "sysadmin"]
    )
    def test_is_refused_to_everybody_else(
        self, window: Window, clerk: Person, at: datetime.datetime, by: str
    ) -> None:
        with pytest.raises(permissions.NotYourRoster):
            plan(window, clerk, at=at, by=by)

    def test_refuses_people_of_another_window_and_days_gone_by(
        self, window: Window, clerk: Person, at: datetime.datetime
    ) -> None:
        with pytest.raises(roster.NotOfThisWindow):
            plan(window, Person.objects.get(account="clerk.510100"), at=at)
        for first, last in ((-1, 3), (3, 1), (0, 62), (360, 370)):
            with pytest.raises(roster.BadSpan) as refusal:
                roster.plan(
                    window.id,
                    first_on=at.date() + first * DAY,
                    last_on=at.date() + last * DAY,
                    person_ids=[clerk.pk],
                    by=actor("lead.520103"),
                    at=at,
                )
            assert "first_on" in refusal.value.fields
        assert not RosterDay.objects.exists()


class TestPages:
    def test_show_clerks_the_roster_and_let_the_lead_plan_it(
        self, window: Window, clerk: Person, signed_in: Callable[[str], Client]
    ) -> None:
        today = directory.now().astimezone(worktime.BEIJING).date()
        lead = signed_in("lead.520103")
        sent = {"window": window.id, "first_on": today, "last_on": today + 9 * DAY, "people": [clerk.pk]}
        wrong = lead.post("/desk/window/roster/", sent | {"last_on": ""})
        assert wrong.status_code == 422 and str(today) in wrong.content.decode()
        assert lead.post("/desk/window/roster/", sent).status_code == 302
        shown = signed_in("clerk.520103").get("/desk/window/").content.decode()
        assert "值班安排" in shown and "保存值班安排" not in shown
        assert signed_in("clerk.520103").post("/desk/window/roster/", sent).status_code == 403
        manager = signed_in("manager.520103")
        assert clerk.name in manager.get(f"/overview/places/windows/{window.id}/").content.decode()
        assert manager.post(f"/overview/places/windows/{window.id}/roster/", sent).status_code == 302
