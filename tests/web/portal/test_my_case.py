"""One's own case, who has looked at it, everything held about one, and one's own account."""

import datetime
import io
import json
import re
import zipfile
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from tests import stories
from tests.web.portal.test_enter import digits_of
from tongban.cases import queries
from tongban.directory import queries as directory
from tongban.feedback.models import Complaint, Rating
from tongban.feedback.operations import complaints, ratings, rectifications
from tongban.feedback.states import Road
from tongban.kernel import ids
from tongban.messages.operations import writing
from tongban.notices import operations as notices
from tongban.people import applicants, mandates
from tongban.people.actors import Party, PartyKind
from tongban.people.models import Enterprise, Session
from tongban.web.kit import requests

pytestmark = pytest.mark.django_db
OWN = "520103199003071232"


@pytest.fixture
def mine(signed_in: Any) -> Client:
    stories.applicant("applicant.1")
    client: Client = signed_in("applicant.1")
    return client


@pytest.fixture
def story(settings: Any, tmp_path: Any) -> stories.Story:
    """A received case of the applicant, with a notice and a scan."""
    settings.TONGBAN_FILES = tmp_path / "files"
    made = stories.Story(at=directory.now()).open().fill(identity=OWN).pass_all().scan_all()
    notice = notices.prepare(made.id, kind="receipt", by=made.receiver, at=made.at)
    notices.issue(notice.id, by=made.receiver, at=made.at)
    return made


def look(client: Client, story: stories.Story) -> None:
    data = {"what": "identity", "purpose": "contact"}
    assert client.post(f"/desk/cases/{story.case.number}/looks/", data).status_code == 200


def complain(story: stories.Story) -> Complaint:
    """The applicant complains about the place, not about a case."""
    return complaints.file(
        kind="complaint",
        words="没有指引",
        place_code="520103000000",
        complainant=complaints.Complainant(),
        road=Road.PORTAL,
        by=stories.applicant("applicant.1"),
        at=story.at,
    )


def rate(story: stories.Story) -> Rating:
    said: dict[str, Any] = {"road": Road.PORTAL, "by": requests.NOBODY, "at": directory.now()}
    return ratings.rate(story.id, leg="receiving", level=1, words="排队很久", **said)


def read_export(client: Client) -> dict[str, Any]:
    """What is written in everything that is held about somebody."""
    answer = client.post("/my/export/")
    pack = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))  # type: ignore[attr-defined]
    return {n: json.loads(pack.read(n)) for n in pack.namelist() if n.endswith(".json")}


@pytest.mark.article("P15", "C10", "F2")
class TestCase:
    def test_shows_the_progress_that_staff_see_and_no_name_of_theirs(
        self, mine: Client, story: stories.Story, signed_in: Any
    ) -> None:
        page = mine.get(f"/my/cases/{story.case.number}/").content.decode()
        sentence = queries.progress_of(story.case)
        assert sentence in page
        assert sentence in signed_in("clerk.520103").get(f"/desk/cases/{story.case.number}/").content.decode()
        assert story.receiver.name not in page and story.case.receiving_window.name in page
        assert OWN not in page  # masked here too: somebody may look over the shoulder

    def test_names_what_must_be_corrected_and_by_when(self, mine: Client) -> None:
        asked = (
            stories.Story(at=directory.now())
            .open()
            .fill(identity=OWN)
            .fault("请重新复印")
            .do("ask_correction")
        )
        page = mine.get(f"/my/cases/{asked.case.number}/").content.decode()
        assert "请重新复印" in page and "要求补正" in page

    @pytest.mark.article("P22")
    def test_leads_from_an_application_of_one_s_own_to_where_it_is_written(self, mine: Client) -> None:
        begun = stories.Online(at=directory.now()).start()
        page = mine.get(f"/my/cases/{begun.case.number}/").content.decode()
        assert f'href="/apply/{begun.case.number}/"' in page
        assert "开始填写申请" in page and "收件地窗口" not in page and "复印件" not in page

    @pytest.mark.article("F2")
    def test_opens_notice_and_scan(self, mine: Client, story: stories.Story) -> None:
        page = mine.get(f"/my/cases/{story.case.number}/").content.decode()
        found = re.search(r"/my/cases/[^\"]+\.pdf", page), re.search(r"/my/cases/[^\"]+/scans/[^\"]+/", page)
        assert found[0] and found[1]
        assert mine.get(found[0][0]).content.startswith(b"%PDF")
        assert mine.get(found[1][0]).headers["Content-Type"].startswith("image/")


@pytest.mark.article("F8", "P26(4)", "P27(4)")
class TestLooks:
    def test_tell_place_role_purpose_and_time_but_no_name(
        self, mine: Client, story: stories.Story, signed_in: Any
    ) -> None:
        look(signed_in("clerk.520103"), story)
        serial = re.search(
            r"notices/([^\"]+)\.pdf", mine.get(f"/my/cases/{story.case.number}/").content.decode()
        )
        assert serial
        signed_in("clerk.510100").get(f"/desk/cases/{story.case.number}/notices/{serial[1]}.pdf")
        page = mine.get("/my/looks/").content.decode()
        for words in (
            "联系申请人",
            "证件号码",
            "窗口人员",
            story.case.receiving_window.name,
            "查看收件通知书",
        ):
            assert words in page, words
        assert story.case.home_window is not None and story.case.home_window.name in page
        assert story.receiver.name not in page and story.home.name not in page

    def test_are_nobody_else_s_to_see(self, story: stories.Story, signed_in: Any) -> None:
        stories.applicant("applicant.2")
        page = signed_in("applicant.2").get("/my/looks/").content.decode()
        assert story.case.number not in page and "没有记录" in page

    def test_name_an_agent_s_as_well(self, mine: Client, story: stories.Story, signed_in: Any) -> None:
        by, agent = stories.applicant("applicant.1"), stories.applicant("applicant.2")
        until = directory.now().date().replace(year=directory.now().year + 1)
        data = {"agent_name": agent.name, "agent_phone": "13900000002", "until_on": until.isoformat()}
        assert mine.post("/my/mandates/", data).status_code == 302
        other = signed_in("applicant.2")
        taken = re.search(r"/my/mandates/\d+/accept/", other.get("/my/mandates/").content.decode())
        assert taken and other.post(taken[0]).status_code == 302
        other.post("/my/party/", {"party": f"relative-{by.id}"})
        page = other.get(f"/my/cases/{story.case.number}/").content.decode()
        notice = re.search(r"/my/cases/[^\"]+\.pdf", page)
        assert notice and other.get(notice[0]).status_code == 200
        assert "代理人查看" in mine.get("/my/looks/").content.decode()

    @pytest.mark.article("F5")
    def test_name_those_at_a_complaint_and_at_a_rater_s_phone(
        self, mine: Client, story: stories.Story, signed_in: Any
    ) -> None:
        said = complain(story)
        manager = stories.actor("manager.520103")
        complaints.complainant(said.id, by=manager, at=directory.now())
        rectifications.phone(rate(story).rectification.id, by=manager, at=directory.now())
        page = mine.get("/my/looks/").content.decode()
        for words in ("投诉人姓名和电话", "办理投诉", "差评回访", "管理机构人员", manager.place, said.number):
            assert words in page, words
        assert manager.name not in page and 'href="/my/complaints/"' in page
        stories.applicant("applicant.2")
        other = signed_in("applicant.2").get("/my/looks/").content.decode()
        assert said.number not in other and "办理投诉" not in other


@pytest.mark.article("F2", "F8")
class TestExport:
    def test_holds_whatever_was_said_sent_given_and_looked_at(
        self, mine: Client, story: stories.Story
    ) -> None:
        by = stories.applicant("applicant.1")
        said, at = complain(story), directory.now()
        complaints.answer(said.id, answer="已增加指引", by=stories.actor("manager.520103"), at=at)
        rectification = rate(story).rectification
        rectifications.phone(rectification.id, by=stories.actor("manager.520103"), at=at)
        applicants.hold_email(by.id or 0, email="jia@example.cn", at=at)
        until = at.date() + datetime.timedelta(days=9)
        mandates.offer(agent_name="示例申请人乙", agent_phone="13900000002", until_on=until, by=by, at=at)
        writing.tell(story.id, seq=story.case.journal_seq, at=at)
        pack = read_export(mine)
        account, case = pack["account.json"], pack[f"cases/{story.case.number}/case.json"]
        assert account["email"] == "jia@example.cn" and account["level"] == "checked"
        assert len(account["sessions"]) == 1 and account["events"] and account["enterprises"]
        assert [m["agent"] for m in pack["mandates.json"]["given"]] == ["示例申请人乙"]
        rating = case["ratings"][0]
        assert (rating["level"], rating["words"], rating["reply"]) == (1, "排队很久", "")
        assert {m["way"] for m in case["messages"]} >= {"站内消息", "短信"}
        sms = next(m for m in case["messages"] if m["way"] == "短信")
        assert sms["to"] and sms["language"] and sms["text"]
        (told,) = pack["complaints.json"]
        assert (told["number"], told["words"], told["answer"]) == (said.number, "没有指引", "已增加指引")
        assert told["name"] == by.name and told["phone"] == "13900000001" and told["owners"]
        assert "差评回访" in {row["purpose"] for row in pack["looks.json"]}
        assert stories.actor("manager.520103").name not in str(pack)

    def test_holds_nobody_else_s_ratings_and_complaints(
        self, mine: Client, story: stories.Story, signed_in: Any
    ) -> None:
        complain(story), rate(story)
        stories.applicant("applicant.2")
        pack = read_export(signed_in("applicant.2"))
        assert pack["complaints.json"] == [] and pack["looks.json"] == []
        assert "排队很久" not in str(pack) and "没有指引" not in str(pack)

    def test_gives_everything_held_and_nothing_of_others(self, mine: Client, story: stories.Story) -> None:
        other = stories.Story(at=directory.now()).open().fill().do("receive")
        answer = mine.post("/my/export/")
        pack = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))  # type: ignore[attr-defined]
        names = pack.namelist()
        assert f"cases/{story.case.number}/case.json" in names
        assert any(n.endswith(".pdf") for n in names) and any("/scan-" in n for n in names)
        assert not any(other.case.number in n for n in names)
        account = json.loads(pack.read("account.json"))
        assert account["identity_number"] == OWN and account["phone"] == "13900000001"
        case = json.loads(pack.read(f"cases/{story.case.number}/case.json"))
        assert case["applicant"]["identity_number"] == OWN and case["timeline"]
        assert story.receiver.name not in "".join(pack.read(n).decode() for n in names if n.endswith("json"))


@pytest.mark.article("F2", "S2")
class TestAccount:
    def test_lists_sessions_and_ends_one(self, mine: Client, signed_in: Any) -> None:
        other = signed_in("applicant.1")
        page = mine.get("/my/account/").content.decode()
        handle = re.search(r'name="handle" value="([0-9a-f]{16})"', page)
        assert handle and "已实名核验" in page and "模拟核验" in page
        assert mine.post("/my/account/sessions/end/", {"handle": handle[1]}).status_code == 302
        assert other.get("/my/").status_code == 302 and mine.get("/my/").status_code == 200
        assert Session.objects.filter(person__account="applicant.1").count() == 1

    def test_says_how_sure_it_is_who_one_is(self, signed_in: Any) -> None:
        row = applicants.make(phone="13711112223", at=directory.now())
        client = signed_in(row.person.account)
        assert "仅验证手机号" in client.get("/my/account/").content.decode()
        applicants.prove(
            row.person_id, name="测试甲", number=stories.IDENTITY, how="oidc", at=directory.now()
        )
        page = client.get("/my/account/").content.decode()
        assert "已实名核验" in page and "统一身份认证" in page and "仅验证手机号" not in page

    def test_confirms_an_e_mail_address_by_a_code(self, mine: Client) -> None:
        data = {"email": "jia@example.cn"}
        code = digits_of(mine.post("/my/account/email/", {"step": "send", **data}))
        wrong = mine.post("/my/account/email/", {"step": "check", "email": "yi@example.cn", "code": code})
        assert wrong.status_code == 422  # the code is good for the address that it went to
        assert mine.post("/my/account/email/", {"step": "check", "code": code, **data}).status_code == 302
        row = applicants.of(stories.applicant("applicant.1").id or 0)
        assert applicants.email_of(row) == "jia@example.cn" and row.email_masked == "ji***@example.cn"

    def test_refuses_what_is_no_address_and_keeps_it_typed(self, mine: Client) -> None:
        answer = mine.post("/my/account/email/", {"step": "send", "email": "jia@"})
        assert answer.status_code == 422 and 'value="jia@"' in answer.content.decode()

    @pytest.mark.article("A6", "P15")
    def test_confirms_the_address_of_the_enterprise_for_which_one_acts(self, mine: Client) -> None:
        row = Enterprise.objects.get(legal_representative__account="applicant.1")
        data = {"email": "office@example.cn", "party": f"enterprise-{row.id}"}
        assert mine.post("/my/account/email/", {"step": "send", **data}).status_code == 409
        mine.post("/my/party/", {"party": f"enterprise-{row.id}"})
        assert f"{row.name}的消息邮箱" in mine.get("/my/account/").content.decode()
        code = digits_of(mine.post("/my/account/email/", {"step": "send", **data}))
        as_own = {"step": "check", "code": code, "email": "office@example.cn"}
        assert mine.post("/my/account/email/", as_own).status_code == 422
        assert mine.post("/my/account/email/", {"step": "check", "code": code, **data}).status_code == 302
        row.refresh_from_db()
        assert mandates.email_of(row) == "office@example.cn"
        assert not applicants.of(stories.applicant("applicant.1").id or 0).email_masked
        assert "of***@example.cn" in mine.get("/my/account/").content.decode()

    @pytest.mark.article("A6", "S1")
    def test_lets_no_agent_for_some_matters_say_where_all_messages_go(self, at: datetime.datetime) -> None:
        head = stories.applicant("applicant.1")
        row = Enterprise.objects.get(legal_representative_id=head.id)
        some = Party(PartyKind.ENTERPRISE, row.id, row.name, items=frozenset({148}), mandate_id=1)
        assert head.standing
        agent = replace(head, standing=replace(head.standing, acting=some))
        with pytest.raises(mandates.NotForAllMatters):
            mandates.hold_email(email="mine@example.cn", by=agent, at=at)

    def test_keeps_the_language_that_is_chosen_while_signed_in(self, mine: Client, client: Client) -> None:
        person_id = stories.applicant("applicant.1").id or 0
        assert client.post("/language/setlang/", {"language": "en"}).status_code == 302  # nobody's
        assert applicants.of(person_id).language == "zh-hans"
        mine.post("/language/setlang/", {"language": "tlh"})
        assert applicants.of(person_id).language == "zh-hans"
        mine.post("/language/setlang/", {"language": "en", "next": "/my/account/"})
        assert applicants.of(person_id).language == "en"
        assert 'value="en" lang="en" selected' in mine.get("/my/account/").content.decode()


@pytest.mark.article("F2")
class TestIdentity:
    def test_is_simulated_in_practice_and_says_so(self, signed_in: Any) -> None:
        row = applicants.make(phone="13711112222", at=directory.now())
        client = signed_in(row.person.account)
        assert "这是模拟器" in client.get("/my/identity/").content.decode()
        bad = client.post("/my/identity/", {"name": "张三", "identity": "1"})
        assert bad.status_code == 422 and "张三" in bad.content.decode()
        answer = client.post("/my/identity/", {"name": "张三", "identity": stories.IDENTITY})
        assert answer.status_code == 302
        assert applicants.of(row.person_id).checked_how == "practice"

    def test_is_not_there_outside_practice(self, mine: Client, settings: Any) -> None:
        settings.TONGBAN_PRACTICE = False
        assert mine.get("/my/identity/").status_code == 404
        assert mine.post("/my/identity/", {"name": "张三", "identity": OWN}).status_code == 404
        assert mine.post("/my/enterprises/", {"code": "1", "name": "a"}).status_code == 404
        assert "/my/identity/" not in mine.get("/my/account/").content.decode()


def test_a_case_that_is_not_there_is_like_one_of_somebody_else(mine: Client) -> None:
    other = stories.Story(at=directory.now()).open().fill().do("receive")
    missing = ids.number_of(ids.new_id(directory.now()))
    answers = [mine.get(f"/my/cases/{n}/").status_code for n in (other.case.number, missing)]
    assert answers == [404, 404]
