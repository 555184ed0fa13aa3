"""Applicants at one moment: a code counts once, and a mandate that is ended while it is accepted is over."""

import datetime
import functools

import pytest

from tests import stories
from tests.races.together import together
from tongban.people import codes, mandates
from tongban.people import queries as people
from tongban.people.models import Applicant, Mandate, Person

pytestmark = pytest.mark.usefixtures("committed")
PHONE = "13722223333"


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@pytest.mark.article("S2", "S3")
class TestCode:
    def test_signs_in_once_when_it_is_sent_several_times_at_once(self) -> None:
        digits = codes.send(phone=PHONE, address="10.0.0.1", at=now())
        acts = [
            lambda n=n: codes.enter(phone=PHONE, digits=digits, address=f"10.0.0.{n}", at=now())
            for n in range(4)
        ]
        outcome = together(*acts)
        assert len(outcome.won) == 1 and {type(t) for t in outcome.told} == {codes.WrongCode}
        assert Applicant.objects.filter(phone_masked="137****3333").count() == 1


@pytest.mark.article("A6", "S3")
class TestMandate:
    def test_is_over_when_it_is_ended_while_it_is_accepted(self) -> None:
        giver, agent, at = stories.applicant("applicant.1"), stories.applicant("applicant.2"), now()
        for _ in range(5):
            row = mandates.offer(
                agent_name="示例申请人乙",
                agent_phone="13900000002",
                until_on=at.date() + datetime.timedelta(days=30),
                by=giver,
                at=at,
            )
            both = functools.partial(mandates.accept, row.id, by=agent, at=at)
            together(both, functools.partial(mandates.end, row.id, by=giver, at=at))
            kept = Mandate.objects.get(id=row.id)
            assert kept.ended_at is not None
            acting = people.actor_of(Person.objects.get(account="applicant.2"), on=at.date())
            assert acting.standing is not None and len(acting.standing.parties) == 1
