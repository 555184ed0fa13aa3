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
from tongban.feedback.operations import complaints
from tongban.feedback.states import Road
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


class TestFormerOnes:
    """Who acted for somebody and does so no more: every road is shut, whatever they still remember of it."""

    @pytest.fixture
    def enterprise(self) -> Enterprise:
        stories.applicant("applicant.1")
        return Enterprise.objects.get(legal_representative__account="applicant.1")

    @pytest.fixture
    def draft(self, world: World, enterprise: Enterprise) -> stories.Online:
        """An application of the enterprise that its representative has written and not yet sent."""
        made = stories.Online(at=directory.now(), party=f"enterprise-{enterprise.id}")
        return made.start().write()

    def roads_of(self, story: stories.Story) -> tuple[list[str], list[str]]:
        n, scan = story.case.number, queries.scans_of(story.id)[0].id
        reads = ["", "check/", "questions/who/", f"files/{scan}/"]
        writes = ["send/", "take-back/", "help/", "help/end/", "download/", "questions/who/"]
        found = [f"/apply/{n}/{road}" for road in reads], [f"/apply/{n}/{road}" for road in writes]
        return found[0] + [f"/my/cases/{n}/", f"/my/cases/{n}/scans/{ids.number_of(scan)}/"], found[1]

    def see_nothing(self, client: Client, story: stories.Story) -> None:
        reads, writes = self.roads_of(story)
        for road in reads:
            assert client.get(road).status_code == 404, road
        for road in writes:
            assert client.post(road, {"contact_name": "x"}).status_code == 404, road
        for road in ("/my/", "/my/looks/", "/my/ratings/", "/my/complaints/", "/my/mandates/"):
            assert story.case.number not in client.get(road).content.decode(), road
        pack = b"".join(client.post("/my/export/").streaming_content)  # type: ignore[attr-defined]
        assert story.case.number.encode() not in pack
        assert story.case.state == "filling"

    def acting(self, signed_in: Any, account: str, enterprise: Enterprise) -> Client:
        client: Client = signed_in(account)
        client.post("/my/party/", {"party": f"enterprise-{enterprise.id}"})
        return client

    @pytest.mark.article("A6")
    def test_a_former_legal_representative(
        self, world: World, enterprise: Enterprise, draft: stories.Online, signed_in: Any
    ) -> None:
        former = self.acting(signed_in, "applicant.1", enterprise)
        assert former.get(f"/apply/{draft.case.number}/").status_code == 200
        world.owner = world.owner.acting_for(f"enterprise-{enterprise.id}")
        mandate = world.offer("示例申请人丙", "13900000003")
        mandates.represent(code=enterprise.code, name=enterprise.name, by=world.other, at=directory.now())
        self.see_nothing(former, draft)  # in the very session in which they acted for it
        former.post("/my/party/", {"party": f"enterprise-{enterprise.id}"})
        self.see_nothing(former, draft)
        assert former.post(f"/my/mandates/{mandate.id}/end/").status_code == 404
        assert Mandate.objects.get(id=mandate.id).ended_at is None
        present = self.acting(signed_in, "applicant.2", enterprise)
        assert present.get(f"/apply/{draft.case.number}/").status_code == 200
        assert present.post(f"/my/mandates/{mandate.id}/end/").status_code == 302

    @pytest.mark.article("A6")
    def test_an_agent_whose_mandate_ended(
        self, world: World, enterprise: Enterprise, draft: stories.Online, signed_in: Any
    ) -> None:
        world.owner = world.owner.acting_for(f"enterprise-{enterprise.id}")
        row = world.offer("示例申请人乙", "13900000002")
        mandates.accept(row.id, by=world.other, at=directory.now())
        agent = self.acting(signed_in, "applicant.2", enterprise)
        reads, _writes = self.roads_of(draft)
        assert {agent.get(road).status_code for road in reads} == {200}
        mandates.end(row.id, by=world.owner, at=directory.now())
        self.see_nothing(agent, draft)
        assert agent.post(f"/my/mandates/{row.id}/accept/").status_code == 404

    @pytest.mark.article("A6", "F5")
    def test_an_agent_sees_no_complaint_outside_the_mandate(self, world: World, signed_in: Any) -> None:
        said: dict[str, Any] = {
            **{"kind": "complaint", "words": "一件投诉", "complainant": complaints.Complainant()},
            **{"road": Road.PORTAL, "by": world.owner, "at": directory.now()},
        }
        about = complaints.file(case_id=world.story.id, **said)
        apart = complaints.file(place_code="520103000000", **said)
        row = world.offer("示例申请人乙", "13900000002")
        mandates.accept(row.id, by=world.other, at=directory.now())
        agent: Client = signed_in("applicant.2")
        agent.post("/my/party/", {"party": f"relative-{world.owner.id}"})

        def listed(client: Client) -> set[str]:
            page = client.get("/my/complaints/").content.decode()
            return {c.number for c in (about, apart) if c.number in page}

        assert listed(signed_in("applicant.1")) == {about.number, apart.number}
        assert listed(agent) == {about.number}
        Mandate.objects.filter(id=row.id).update(items=[148])
        assert listed(agent) == set()


def test_every_road_of_an_applicant_is_walked_by_a_stranger() -> None:
    """A new page of the applicants' door that names something must be walked here or in `test_apply.py`."""
    named = {name for name, path in pages(get_resolver()) if "<" in path}
    theirs = {name for name, line in access.PAGES.items() if line.who == access.APPLICANT} & named
    here = {name for name, path in pages(get_resolver()) if path in roads()}
    apply = {"apply_case", "apply_question", "apply_check", "apply_send", "apply_take_back", "apply_help"}
    apply |= {"apply_help_end", "apply_download", "apply_document", "apply_file", "apply"}
    assert theirs <= here | apply
