"""Every road of my space, walked with another applicant's identifiers, and with a mandate out of scope or time."""

import datetime
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver

from tests import stories
from tests.web.test_access import pages
from tongban.cases import queries
from tongban.directory import queries as directory
from tongban.kernel import ids
from tongban.notices import operations as notices
from tongban.people import mandates
from tongban.people.models import Enterprise, Mandate
from tongban.web.kit import access

pytestmark = [pytest.mark.django_db, pytest.mark.article("S1", "P26(4)", "F2")]
OWN = "520103199003071232"


class World:
    """A case of applicant.1 with a notice, a scan and a mandate that was offered to applicant.3."""

    def __init__(self) -> None:
        self.owner, self.other = stories.applicant("applicant.1"), stories.applicant("applicant.2")
        self.story = stories.Story(at=directory.now()).open().fill(identity=OWN).pass_all().scan_all()
        self.notice = notices.prepare(self.story.id, kind="receipt", by=self.story.receiver, at=self.story.at)
        notices.issue(self.notice.id, by=self.story.receiver, at=self.story.at)
        self.mandate = self.offer("示例申请人丙", "13900000003")

    def offer(self, name: str, phone: str, **more: Any) -> Mandate:
        until = directory.now().date() + datetime.timedelta(days=30)
        return mandates.offer(
            agent_name=name, agent_phone=phone, until_on=until, by=self.owner, at=directory.now(), **more
        )

    def address(self, pattern: str, act: str = "accept") -> str:
        values = {
            "number": self.story.case.number,
            "serial": ids.number_of(self.notice.id),
            "scan": ids.number_of(queries.scans_of(self.story.id)[0].id),
            "mandate_id": str(self.mandate.id),
            "act": act,
        }
        return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: values[found[1]], pattern)


@pytest.fixture
def world(settings: Any, tmp_path: Any) -> World:
    settings.TONGBAN_FILES = tmp_path / "files"
    return World()


def roads() -> list[str]:
    """Every address of an applicant's space that names something of somebody's."""
    return [
        path
        for name, path in pages(get_resolver())
        if access.PAGES[name].who == access.APPLICANT
        and name.startswith("my")
        and "<" in path
        and not path.startswith(("/my/ratings/", "/my/complaints/"))
    ]


def of_cases() -> list[str]:
    return [path for path in roads() if path.startswith("/my/cases/")]


def statuses(client: Client, world: World, paths: list[str]) -> set[int]:
    return {client.get(world.address(path)).status_code for path in paths}


class TestRoads:
    def test_are_open_to_the_owner(self, world: World, signed_in: Any) -> None:
        assert len(of_cases()) >= 3
        assert statuses(signed_in("applicant.1"), world, of_cases()) <= {200, 405}

    def test_are_shut_to_another_applicant_reading_and_writing(self, world: World, signed_in: Any) -> None:
        client = signed_in("applicant.2")
        for path in roads():
            for act in ("accept", "end"):
                address = world.address(path, act)
                assert client.get(address).status_code in (404, 405), address
                assert client.post(address, {"agent_name": "x"}).status_code in (404, 405), address
        kept = Mandate.objects.get(id=world.mandate.id)
        assert kept.ended_at is None and kept.accepted_at is None

    def test_show_another_applicant_nothing_in_any_list(self, world: World, signed_in: Any) -> None:
        client = signed_in("applicant.2")
        for path in ("/my/", "/my/looks/", "/my/mandates/", "/my/account/"):
            text = client.get(path).content.decode()
            assert world.story.case.number not in text and "示例申请人甲" not in text, path

    def test_are_shut_to_staff_and_to_nobody(self, world: World, signed_in: Any) -> None:
        assert statuses(signed_in("clerk.520103"), world, of_cases()) <= {403, 405}
        assert statuses(Client(), world, of_cases()) == {302}


class TestMandates:
    def acting(self, world: World, signed_in: Any) -> Client:
        client: Client = signed_in("applicant.2")
        client.post("/my/party/", {"party": f"relative-{world.owner.id}"})
        return client

    def test_open_the_roads_within_scope_and_time(self, world: World, signed_in: Any) -> None:
        row = world.offer("示例申请人乙", "13900000002")
        mandates.accept(row.id, by=world.other, at=directory.now())
        client = self.acting(world, signed_in)
        assert statuses(client, world, of_cases()) <= {200, 405}
        Mandate.objects.filter(id=row.id).update(items=[148])
        assert statuses(client, world, of_cases()) <= {404, 405}
        Mandate.objects.filter(id=row.id).update(items=[], valid_until_on=datetime.date(2020, 1, 1))
        assert statuses(client, world, of_cases()) <= {404, 405}
        Mandate.objects.filter(id=row.id).update(valid_until_on=datetime.date(2099, 1, 1))
        assert statuses(client, world, of_cases()) <= {200, 405}
        mandates.end(row.id, by=world.owner, at=directory.now())
        assert statuses(client, world, of_cases()) <= {404, 405}

    def test_open_nothing_before_they_are_accepted(self, world: World, signed_in: Any) -> None:
        world.offer("示例申请人乙", "13900000002")
        assert statuses(self.acting(world, signed_in), world, of_cases()) <= {404, 405}

    def test_of_an_enterprise_do_not_open_its_representative_s_own(
        self, world: World, signed_in: Any
    ) -> None:
        enterprise = Enterprise.objects.get(legal_representative_id=world.owner.id)
        world.owner = world.owner.acting_for(f"enterprise-{enterprise.id}")
        mandates.accept(world.offer("示例申请人乙", "13900000002").id, by=world.other, at=directory.now())
        client = signed_in("applicant.2")
        client.post("/my/party/", {"party": f"enterprise-{enterprise.id}"})
        assert enterprise.name in client.get("/my/").content.decode()
        assert statuses(client, world, of_cases()) <= {404, 405}
