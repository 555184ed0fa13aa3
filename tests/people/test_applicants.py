"""Applicants' accounts, and what they may see: only what belongs to a number that somebody has checked."""

import datetime
from typing import Any

import pytest

from tests import stories
from tongban.cases import permissions, queries, rules
from tongban.cases.models import Case
from tongban.cases.operations import intake
from tongban.cases.states import Part
from tongban.journal.models import Entry
from tongban.people import applicants, identity
from tongban.people import queries as people
from tongban.people.actors import Actor, PartyKind
from tongban.people.models import Enterprise, Mandate, Person, RealName

pytestmark = pytest.mark.django_db
PHONE = "13711112222"
OWN = "520103199003071232"
NEW = "11010519491231002X"


@pytest.fixture
def account(at: datetime.datetime) -> Actor:
    """An account with nothing but a phone."""
    return acting(applicants.make(phone=PHONE, at=at).person_id)


def acting(person_id: int, on: datetime.date = datetime.date(2026, 3, 2)) -> Actor:
    return people.actor_of(Person.objects.get(pk=person_id), on=on)


def case_of(number: str, at: datetime.datetime) -> Case:
    """A received case of the person with a number."""
    story = stories.Story(at=at).open()
    story.fill(identity=number)
    return story.case


def mandate(agent: Person, *, principal: Person, items: list[int], at: datetime.datetime) -> Mandate:
    return Mandate.objects.create(
        principal=principal,
        agent=agent,
        agent_name=agent.name,
        agent_phone_digest=b"x" * 32,
        agent_phone_masked="139****0002",
        items=items,
        offered_by=principal,
        offered_at=at,
        accepted_at=at,
        valid_until_on=datetime.date(2026, 3, 10),
    )


class TestMake:
    def test_gives_one_account_a_phone(self, at: datetime.datetime) -> None:
        first = applicants.find_or_make(phone=PHONE, at=at)
        assert applicants.find_or_make(phone="137 1111 2222", at=at).person_id == first.person_id

    @pytest.mark.article("S1")
    def test_keeps_no_number_in_the_clear(self, account: Actor) -> None:
        row = applicants.of(account.id or 0)
        assert PHONE.encode() not in bytes(row.phone_sealed) and row.phone_masked == "137****2222"
        assert applicants.phone_of(row) == PHONE

    def test_is_on_record_in_the_account_s_own_chain(self, account: Actor) -> None:
        entry = Entry.objects.get(code="security.applicant_made", payload__account__startswith="applicant-")
        assert PHONE not in str(entry.payload)


class TestProve:
    def test_takes_a_checked_number_once(self, account: Actor, at: datetime.datetime) -> None:
        row = applicants.prove(account.id or 0, name="张三", number=NEW, how="oidc", at=at)
        assert row.level == RealName.CHECKED and applicants.identity_of(row) == NEW
        with pytest.raises(applicants.NamesDiffer):
            applicants.prove(account.id or 0, name="张三", number=OWN, how="oidc", at=at)

    def test_refuses_a_number_that_is_somebody_else_s(self, account: Actor, at: datetime.datetime) -> None:
        stories.applicant("applicant.2")
        with pytest.raises(applicants.IdentityTaken) as refused:
            applicants.prove(account.id or 0, name="张三", number="510107198505162344", how="oidc", at=at)
        assert "identity" in refused.value.fields

    def test_refuses_a_wrong_number_at_its_field(self, account: Actor, at: datetime.datetime) -> None:
        with pytest.raises(Exception) as refused:
            applicants.prove(account.id or 0, name="张三", number="520103199003071230", how="oidc", at=at)
        assert "identity" in getattr(refused.value, "fields", {})


@pytest.mark.article("A6", "S1", "P26(4)")
class TestSees:
    def test_nothing_with_an_account_that_nobody_has_checked(
        self, account: Actor, at: datetime.datetime
    ) -> None:
        case_of(OWN, at)
        assert not queries.visible_to(account).exists()

    def test_their_own_case_once_it_is_received_and_nobody_else_s(self, at: datetime.datetime) -> None:
        by = stories.applicant("applicant.1")
        story = stories.Story(at=at).open().fill(identity=OWN)
        assert not queries.visible_to(by).exists()  # a window has only begun to type
        story.do("receive")
        assert [c.id for c in queries.visible_to(by)] == [story.id]
        assert permissions.parts_of(by, story.case) == {Part.APPLICANT}
        other = stories.applicant("applicant.2")
        assert not permissions.parts_of(other, story.case)
        with pytest.raises(rules.UnknownCase):
            queries.get(story.id, for_=other)

    def test_an_enterprise_s_cases_when_acting_for_it(self, at: datetime.datetime) -> None:
        code, _name = applicants.SAMPLE_ENTERPRISE
        enterprise = Enterprise.objects.get(code=code)
        story = stories.Story(at=at).open().fill()
        changes = {"kind": "organisation", "name": "企业", "identity": code, "is_identity_checked": True}
        for name, value in {**changes, "legal_representative": "甲"}.items():
            intake.save(story.id, {name: value}, by=story.receiver, at=at)
        story.do("receive")
        by = stories.applicant("applicant.1")
        assert not queries.visible_to(by).exists()
        by = by.acting_for(f"enterprise-{enterprise.id}")
        assert by.party.kind == PartyKind.ENTERPRISE
        assert [c.id for c in queries.visible_to(by)] == [story.id]

    def test_a_relative_s_cases_within_the_mandate_and_while_it_lasts(self, at: datetime.datetime) -> None:
        principal, agent = stories.applicant("applicant.1"), stories.applicant("applicant.2")
        story = stories.Story(at=at).open().fill(identity=OWN).do("receive")
        procedure = story.case.procedure
        assert procedure is not None
        people_of = {p.pk: p for p in Person.objects.filter(kind="applicant")}
        row = mandate(
            people_of[agent.id or 0],
            principal=people_of[principal.id or 0],
            items=[procedure.item_id],
            at=at,
        )
        key = f"relative-{principal.id}"

        def seen(on: datetime.date = datetime.date(2026, 3, 10)) -> Any:
            return [c.id for c in queries.visible_to(acting(agent.id or 0, on).acting_for(key))]

        assert seen() == [story.id]
        assert seen(datetime.date(2026, 3, 11)) == []  # the day after its last
        Mandate.objects.filter(id=row.id).update(items=[procedure.item_id + 1])
        assert seen() == []
        Mandate.objects.filter(id=row.id).update(items=[], ended_at=at)
        assert seen() == []

    def test_only_themselves_with_a_key_that_is_not_theirs(self) -> None:
        by = stories.applicant("applicant.2").acting_for("enterprise-1")
        assert by.party.kind == PartyKind.OWN


class TestDigest:
    def test_is_the_same_for_an_account_and_a_case(self, at: datetime.datetime) -> None:
        by = stories.applicant("applicant.1")
        case = case_of(OWN, at)
        assert bytes(case.applicant.identity_digest) == by.party.digest == identity.digest(OWN)
