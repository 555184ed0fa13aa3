"""Practice accounts: predictable names by place, one password, posts where they belong."""

import datetime

import pytest
from django.contrib.auth import authenticate

from tongban.directory.models import Authority, AuthorityKind, Window
from tongban.people import operations, queries
from tongban.people.models import Person, Post
from tongban.people.roles import Role

TODAY = datetime.date(2026, 3, 2)
PASSWORD = "tongban-practice-2026"
pytestmark = pytest.mark.django_db


def posts(account: str) -> list[Post]:
    return list(Post.objects.filter(person__account=account))


class TestPracticeAccounts:
    @pytest.mark.article("A5")
    def test_stand_at_the_window_of_their_place(self) -> None:
        window = Window.objects.get(division_id="520103000000")
        for account, role in (("clerk.520103", Role.CLERK), ("lead.520103", Role.LEAD)):
            assert [(p.role, p.window_id) for p in posts(account)] == [(role, window.id)]

    @pytest.mark.article("A5")
    def test_manage_county_city_and_province(self) -> None:
        for code in ("520102", "520100", "520000"):
            (post,) = posts(f"manager.{code}")
            assert post.authority and post.authority.division_id == f"{code}000000"
            assert post.authority.kind == AuthorityKind.MANAGEMENT

    def test_approve_in_every_department_of_their_place(self) -> None:
        departments = Authority.objects.filter(division_id="510107000000", kind=AuthorityKind.DEPARTMENT)
        held = queries.actor_of(Person.objects.get(account="approver.510107"), on=TODAY).department_ids
        assert held == frozenset(departments.values_list("id", flat=True))

    @pytest.mark.article("A5")
    def test_have_three_administrators_and_a_coordination_group(self) -> None:
        roles = [posts(a)[0].role for a in ("sysadmin", "secadmin", "auditadmin", "group.1")]
        assert roles == [Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN, Role.GROUP]

    def test_are_plainly_samples(self) -> None:
        assert Person.objects.get(account="clerk.520103").name == "示例经办人·云岩区"
        assert not Person.objects.filter(is_practice=True).exclude(name__startswith="示例").exists()

    def test_sign_in_with_the_one_password(self) -> None:
        assert authenticate(username="clerk.510107", password=PASSWORD) is not None
        assert authenticate(username="clerk.510107", password="something else") is None

    def test_loaded_again_change_nothing(self) -> None:
        assert operations.load_practice_accounts(PASSWORD) == 0

    def test_loaded_with_another_password_take_that_one(self) -> None:
        assert (
            operations.load_practice_accounts("another-password-1")
            == Person.objects.filter(kind="staff").count()
        )
        assert authenticate(username="lead.540102", password="another-password-1") is not None

    def test_leave_a_real_person_of_the_same_name_alone(self) -> None:
        Person.objects.filter(account="sysadmin").update(is_practice=False, name="真人", password="x")
        Post.objects.filter(person__account="sysadmin").delete()
        operations.load_practice_accounts(PASSWORD)
        assert Person.objects.get(account="sysadmin").password == "x"
        assert posts("sysadmin") == []
