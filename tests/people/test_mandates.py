"""Enterprises and mandates: who may give and take them, what they open, how they end."""

import datetime
from typing import Any

import pytest

from tests import stories
from tongban.cases import queries
from tongban.journal import operations as journal
from tongban.journal.models import Entry
from tongban.people import applicants, mandates
from tongban.people import queries as people
from tongban.people.actors import Actor, PartyKind
from tongban.people.models import Enterprise, Mandate, Person

pytestmark = [pytest.mark.django_db, pytest.mark.article("A6", "F2")]
OWN = "520103199003071232"
UNTIL = datetime.date(2026, 3, 31)


def again(by: Actor, on: datetime.date = datetime.date(2026, 3, 2)) -> Actor:
    return people.actor_of(Person.objects.get(pk=by.id or 0), on=on)


@pytest.fixture
def giver() -> Actor:
    return stories.applicant("applicant.1")


@pytest.fixture
def agent() -> Actor:
    return stories.applicant("applicant.2")


def offer(giver: Actor, at: datetime.datetime, **more: Any) -> Mandate:
    said: dict[str, Any] = {
        "agent_name": "示例申请人乙",
        "agent_phone": "13900000002",
        "relation": "子女",
        "until_on": UNTIL,
    }
    return mandates.offer(**said | more, by=giver, at=at)


class TestOffer:
    def test_counts_once_its_agent_accepts_until_its_last_day(
        self, giver: Actor, agent: Actor, at: datetime.datetime
    ) -> None:
        story = stories.Story(at=at).open().fill(identity=OWN).do("receive")
        row = offer(giver, at)
        assert [m.id for m in mandates.offered_to(agent, at=at)] == [row.id]
        key = f"relative-{giver.id}"
        assert again(agent).acting_for(key).party.kind == PartyKind.OWN
        mandates.accept(row.id, by=agent, at=at)
        assert [c.id for c in queries.visible_to(again(agent).acting_for(key))] == [story.id]
        assert again(agent, UNTIL).acting_for(key).party.kind == PartyKind.RELATIVE
        assert again(agent, UNTIL + datetime.timedelta(days=1)).acting_for(key).party.kind == PartyKind.OWN

    def test_opens_only_the_matters_that_it_names(
        self, giver: Actor, agent: Actor, at: datetime.datetime
    ) -> None:
        stories.Story(at=at).open().fill(identity=OWN).do("receive")
        mandates.accept(offer(giver, at, items=[148]).id, by=agent, at=at)
        assert not queries.visible_to(again(agent).acting_for(f"relative-{giver.id}")).exists()

    def test_of_an_enterprise_is_its_representative_s_alone(
        self, giver: Actor, agent: Actor, at: datetime.datetime
    ) -> None:
        key = f"enterprise-{Enterprise.objects.get(legal_representative_id=giver.id).id}"
        mandates.accept(offer(giver.acting_for(key), at).id, by=agent, at=at)
        acting = again(agent).acting_for(key)
        assert acting.party.kind == PartyKind.ENTERPRISE
        with pytest.raises(mandates.NotYoursToGive):
            offer(acting, at, agent_name="示例申请人丙", agent_phone="13900000003")

    @pytest.mark.parametrize(
        ("said", "field"),
        [
            ({"agent_name": " "}, "agent_name"),
            ({"agent_phone": "12"}, "agent_phone"),
            ({"agent_phone": "0851-12345678"}, "agent_phone"),
            ({"agent_phone": "13900000001"}, "agent_phone"),
            ({"until_on": None}, "until_on"),
            ({"until_on": datetime.date(2026, 3, 1)}, "until_on"),
            ({"until_on": datetime.date(2036, 3, 1)}, "until_on"),
        ],
    )
    def test_refuses_what_is_wrong_at_its_field(
        self, giver: Actor, at: datetime.datetime, said: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(Exception) as refused:
            offer(giver, at, **said)
        assert field in getattr(refused.value, "fields", {})

    def test_refuses_whoever_nobody_has_checked(self, at: datetime.datetime) -> None:
        row = applicants.make(phone="13711112222", at=at)
        with pytest.raises(mandates.NotChecked):
            offer(people.actor_of(row.person, on=at.date()), at)


class TestAccept:
    def test_is_for_the_owner_of_the_phone_by_the_name_offered(
        self, giver: Actor, agent: Actor, at: datetime.datetime
    ) -> None:
        row = offer(giver, at)
        with pytest.raises(mandates.UnknownMandate):
            mandates.accept(row.id, by=stories.applicant("applicant.3"), at=at)
        other = offer(giver, at, agent_name="另一个人")
        with pytest.raises(mandates.OtherName):
            mandates.accept(other.id, by=agent, at=at)

    def test_comes_too_late_after_the_last_day(
        self, giver: Actor, agent: Actor, at: datetime.datetime
    ) -> None:
        row = offer(giver, at)
        with pytest.raises(mandates.UnknownMandate):
            mandates.accept(row.id, by=agent, at=at + datetime.timedelta(days=40))


class TestEnd:
    @pytest.mark.parametrize("who", ["applicant.1", "applicant.2"])
    def test_is_for_giver_and_agent_at_any_time_and_on_record(
        self, giver: Actor, agent: Actor, at: datetime.datetime, who: str
    ) -> None:
        row = offer(giver, at)
        mandates.accept(row.id, by=agent, at=at)
        mandates.end(row.id, by=giver if who == "applicant.1" else agent, at=at)
        assert len(again(agent).standing.parties) == 1  # type: ignore[union-attr]
        for person_id in (giver.id, agent.id):
            chain = journal.chain_of("account", person_id or 0)
            codes = list(Entry.objects.filter(chain_id=chain).values_list("code", flat=True))
            assert "mandate.accepted" in codes and "mandate.ended" in codes

    def test_is_nobody_else_s(self, giver: Actor, at: datetime.datetime) -> None:
        row = offer(giver, at)
        with pytest.raises(mandates.UnknownMandate):
            mandates.end(row.id, by=stories.applicant("applicant.3"), at=at)

    def test_declines_what_was_only_offered(self, giver: Actor, agent: Actor, at: datetime.datetime) -> None:
        row = offer(giver, at)
        mandates.end(row.id, by=agent, at=at)
        assert mandates.offered_to(agent, at=at) == []


class TestEnterprise:
    def test_is_registered_once_by_somebody_checked(
        self, giver: Actor, agent: Actor, at: datetime.datetime
    ) -> None:
        code = applicants.SAMPLE_ENTERPRISE[0]
        with pytest.raises(mandates.EnterpriseKnown):
            mandates.register_enterprise(code=code, name="别人的", how="practice", by=agent, at=at)
        with pytest.raises(Exception) as refused:
            mandates.register_enterprise(code="123", name="企业", how="practice", by=agent, at=at)
        assert "code" in getattr(refused.value, "fields", {})
        again_ = mandates.register_enterprise(code=code, name="甲", how="practice", by=giver, at=at)
        assert again_.legal_representative_id == giver.id
