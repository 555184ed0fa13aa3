"""Staff on their posts, their trainings, and who is on duty."""

import datetime

import pytest

from tests.stories import actor
from tongban.directory.models import Window
from tongban.people import permissions, staff
from tongban.people.models import Person, Post, Presence, Training

YUNYAN = "520103000000"
NEW = {"account": "wang.li", "name": "王丽", "phone": "0851-86891234", "role": "clerk"}
pytestmark = pytest.mark.django_db


@pytest.fixture
def window(db: None) -> Window:
    return Window.objects.get(division_id=YUNYAN)


def give(window: Window, at: datetime.datetime, *, by: str = "manager.520103", **more: str) -> Post:
    values = NEW | more
    return staff.give_post(window.id, from_on=at.date(), by=actor(by), at=at, **values)


class TestGivePost:
    @pytest.mark.article("A5", "P9")
    @pytest.mark.parametrize("by", ["manager.520103", "manager.520100", "manager.520000"])
    @pytest.mark.parametrize("role", ["clerk", "lead"])
    def test_is_for_managers_of_the_area(
        self, window: Window, at: datetime.datetime, by: str, role: str
    ) -> None:
        post = give(window, at, by=by, role=role)
        assert (post.person.name, post.role, post.window_id) == ("王丽", role, window.id)
        assert not post.person.has_usable_password()

    @pytest.mark.parametrize(
        "by", ["manager.520102", "manager.510000", "lead.520103", "clerk.520103", "group.1", "sysadmin"]
    )
    def test_is_refused_to_everybody_else(self, window: Window, at: datetime.datetime, by: str) -> None:
        with pytest.raises(permissions.NotYourArea):
            give(window, at, by=by)
        assert not Person.objects.filter(account="wang.li").exists()

    @pytest.mark.parametrize("role", ["manager", "group", "sysadmin", "approver", ""])
    def test_gives_no_other_post_than_clerk_and_lead(
        self, window: Window, at: datetime.datetime, role: str
    ) -> None:
        with pytest.raises(staff.NotFilled):
            give(window, at, role=role)

    @pytest.mark.article("S1")
    @pytest.mark.parametrize("account", ["clerk.510100", "manager.520103", "sysadmin"])
    def test_does_not_touch_accounts_of_other_places_or_of_officials(
        self, window: Window, at: datetime.datetime, account: str
    ) -> None:
        before = Person.objects.get(account=account).name
        with pytest.raises(staff.AccountElsewhere):
            give(window, at, account=account)
        assert Person.objects.get(account=account).name == before

    def test_says_that_somebody_holds_it_already(self, window: Window, at: datetime.datetime) -> None:
        give(window, at)
        with pytest.raises(staff.HoldsIt):
            give(window, at)


class TestEndPost:
    @pytest.mark.article("A5")
    def test_takes_the_right_to_act_from_that_day_on(self, window: Window, at: datetime.datetime) -> None:
        post = Post.objects.get(person__account="clerk.520103")
        staff.end_post(post.pk, until_on=datetime.date(2026, 3, 2), by=actor("manager.520103"), at=at)
        assert actor("clerk.520103").window_ids == frozenset()

    def test_tells_nobody_outside_that_there_is_such_a_post(
        self, window: Window, at: datetime.datetime
    ) -> None:
        post = Post.objects.get(person__account="clerk.520103")
        with pytest.raises(staff.UnknownPost):
            staff.end_post(post.pk, until_on=at.date(), by=actor("manager.520102"), at=at)
        with pytest.raises(permissions.NotYourArea):
            staff.end_post(post.pk, until_on=at.date(), by=actor("lead.520103"), at=at)


class TestTraining:
    @pytest.mark.article("A5", "W13")
    def test_is_recorded_once(self, window: Window, at: datetime.datetime) -> None:
        post = Post.objects.get(person__account="clerk.520103")
        for _again in range(2):
            staff.add_training(
                post.pk, title="跨省通办操作规程", passed_on=at.date(), by=actor("manager.520103"), at=at
            )
        assert Training.objects.filter(person=post.person).count() == 1

    def test_lies_in_the_past_and_has_a_title(self, window: Window, at: datetime.datetime) -> None:
        post = Post.objects.get(person__account="clerk.520103")
        with pytest.raises(staff.NotFilled) as refused:
            staff.add_training(
                post.pk,
                title=" ",
                passed_on=at.date() + datetime.timedelta(days=2),
                by=actor("manager.520103"),
                at=at,
            )
        assert set(refused.value.fields) == {"title", "passed_on"}


class TestPresence:
    @pytest.mark.article("A5", "P13")
    def test_is_marked_by_whoever_is_there_and_ends_at_midnight(
        self, window: Window, at: datetime.datetime
    ) -> None:
        clerk = actor("clerk.520103")
        staff.mark_present(by=clerk, at=at)
        staff.mark_present(by=clerk, at=at)
        assert [p.person.account for p in staff.on_duty([window.id], on=at.date())[window.id]] == [
            "clerk.520103"
        ]
        assert staff.on_duty([window.id], on=at.date() + datetime.timedelta(days=1)) == {}
        assert staff.mark_away(by=clerk, at=at)
        assert not staff.mark_away(by=clerk, at=at)
        assert Presence.objects.count() == 1

    def test_is_not_marked_at_somebody_else_s_window(self, window: Window, at: datetime.datetime) -> None:
        with pytest.raises(permissions.NotAtYourWindow):
            staff.mark_present(window_id=window.id, by=actor("clerk.510100"), at=at)
