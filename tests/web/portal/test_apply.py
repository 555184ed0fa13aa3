"""Applying online in the portal: one question a page, saved as it is answered, and nobody else's business (P22)."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests import pictures, stories
from tongban.cases import queries
from tongban.cases.models import Case
from tongban.cases.operations import helping
from tongban.catalogue import standards
from tongban.directory import queries as directory
from tongban.journal.models import Look
from tongban.notices import queries as notices
from tongban.web.kit import applying

pytestmark = [pytest.mark.django_db, pytest.mark.article("C8", "P22", "F2")]
SignIn = Callable[[str], Client]
START = "/apply/?procedure=015-1&home=510107000000"


def picture() -> SimpleUploadedFile:
    return SimpleUploadedFile("照片.png", pictures.sheet(), "image/png")


@pytest.fixture
def applicant(signed_in: SignIn) -> Client:
    stories.applicant("applicant.1")
    stories.applicant("applicant.2")
    return signed_in("applicant.1")


@pytest.fixture
def draft(applicant: Client) -> Case:
    answer = applicant.post("/apply/", {"procedure": "015-1", "home": "510107000000", "_key": "one"})
    assert answer.status_code == 302, answer.content.decode()[-1500:]
    again = applicant.post("/apply/", {"procedure": "015-1", "home": "510107000000", "_key": "one"})
    assert again["Location"] == answer["Location"]  # a double click makes one
    return queries.drafts_of(stories.applicant())[0]


def now(case: Case) -> Case:
    return queries.get(case.id, for_=stories.applicant())


def answer_all(client: Client, case: Case, *, door: str = "/apply") -> None:
    """Answer question by question, as the pages lead."""
    for _round in range(40):
        left = [q for q in applying.questions_of(now(case)) if not q.is_done]
        if not left:
            return
        key = left[0].key
        data: dict[str, Any] = {}
        if key == "circumstance":
            data = {"circumstance": standards.of(now(case).standard).circumstances[0].key}
        elif key.startswith("form."):
            field = standards.of(now(case).standard).field(key.removeprefix("form."))
            data = {key: stories._answer(field)}
        elif key.startswith("paper."):
            data = {"files": picture(), "do": "upload"}
        answer = client.post(f"{door}/{case.number}/questions/{key}/", data)
        assert answer.status_code == 302, (key, answer.content.decode()[-1500:])
    raise AssertionError(left)


class TestApply:
    def test_begins_with_what_is_known(self, applicant: Client, draft: Case) -> None:
        assert "开始填写" in applicant.get(START).content.decode()
        page = applicant.get(f"/apply/{draft.number}/questions/who/").content.decode()
        assert "示例申请人甲" in page and "520103199003071232" not in page and "13900000001" not in page

    def test_is_answered_checked_and_sent_and_followed(self, applicant: Client, draft: Case) -> None:
        number = draft.number
        refused = applicant.post(f"/apply/{number}/send/", {"_key": "early"})
        assert refused.status_code == 422 and now(draft).state == "filling"
        answer_all(applicant, draft)
        for address in ("", "check/", *(f"questions/{q.key}/" for q in applying.questions_of(now(draft)))):
            assert applicant.get(f"/apply/{number}/{address}").status_code == 200, address
        for _twice in range(2):
            assert applicant.post(f"/apply/{number}/send/", {"_key": "sent"}).status_code == 302
        assert now(draft).state == "arrived"
        receipt = notices.current_of(draft.id)
        assert receipt is not None
        pdf = applicant.get(f"/apply/{number}/documents/{receipt.serial}.pdf")
        assert pdf.content.startswith(b"%PDF")
        assert receipt.serial in applicant.get(f"/apply/{number}/").content.decode()

    @pytest.mark.article("E4", "P21(4)")
    def test_shows_the_result_once_it_is_signed_for(self, applicant: Client, signed_in: SignIn) -> None:
        story = stories.Online(at=directory.now()).lead_to("downloadable")
        document = notices.result_of(story.id)
        assert document is not None
        address = f"/apply/{story.case.number}/documents/{document.serial}.pdf"
        assert applicant.get(address).status_code == 409
        assert "下载并签收" in applicant.get(f"/apply/{story.case.number}/").content.decode()
        signed = applicant.post(f"/apply/{story.case.number}/download/", {"_key": "d"})
        assert signed["Location"] == address and story.case.state == "delivered"
        assert applicant.get(address).content.startswith(b"%PDF")
        verified = Client().get("/verify/", {"n": document.serial}).content.decode()
        assert "电子决定文书" in verified

    def test_keeps_what_was_typed_beside_what_is_wrong(self, applicant: Client, draft: Case) -> None:
        address = f"/apply/{draft.number}/questions/"
        answer = applicant.post(f"{address}who/", {"contact_name": "张三", "phone": "12"})
        assert answer.status_code == 422 and "张三" in answer.content.decode()
        answer = applicant.post(f"{address}delivery/", {"delivery_way": "post", "delivery_address": ""})
        assert answer.status_code == 422
        paper = next(q.key for q in applying.questions_of(now(draft)) if q.key.startswith("paper."))
        assert applicant.post(f"{address}{paper}/", {"do": "upload"}).status_code == 422
        assert applicant.post(f"{address}no-such/", {}).status_code == 404

    def test_is_corrected_where_the_notice_says(self, applicant: Client) -> None:
        at = directory.now() - datetime.timedelta(hours=12)
        story = stories.Online(at=at).lead_to("home_correction")
        number = story.case.number
        page = applicant.get(f"/apply/{number}/").content.decode()
        assert "请补交清晰的复印件" in page
        answer = applicant.post(f"/apply/{number}/questions/delivery/", {"delivery_way": "post"})
        assert answer.status_code == 404  # the notice does not name it
        answer_all(applicant, story.case)
        assert applicant.post(f"/apply/{number}/send/", {"_key": "c"}).status_code == 302
        assert story.case.state == "arrived"

    def test_is_taken_back(self, applicant: Client, draft: Case) -> None:
        applicant.post(f"/apply/{draft.number}/take-back/", {"_key": "b"})
        assert now(draft).state == "withdrawn"


@pytest.mark.article("S1", "P26(4)")
class TestOthers:
    def test_are_told_the_same_as_of_nothing_on_every_road(
        self, applicant: Client, draft: Case, signed_in: SignIn
    ) -> None:
        answer_all(applicant, draft)
        scan = queries.scans_of(draft.id)[0]
        stranger, n = signed_in("applicant.2"), draft.number
        reads = ["", "check/", "questions/who/", f"files/{scan.id}/", f"documents/{n}.pdf"]
        writes = ["send/", "take-back/", "help/", "help/end/", "download/", "questions/who/"]
        for road in reads:
            assert stranger.get(f"/apply/{n}/{road}").status_code == 404, road
        for road in writes:
            assert stranger.post(f"/apply/{n}/{road}", {"contact_name": "x"}).status_code == 404, road
        assert now(draft).state == "filling"
        for account in ("clerk.510100", "manager.510000"):
            assert signed_in(account).get(f"/apply/{n}/").status_code in (302, 403)
            assert signed_in(account).get(f"/desk/cases/{n}/").status_code == 404


class TestHelp:
    @pytest.mark.article("P26(4)", "F8")
    def test_lets_a_clerk_write_and_shows_who_did(
        self, applicant: Client, draft: Case, signed_in: SignIn
    ) -> None:
        n, clerk = draft.number, signed_in("clerk.520103")
        shown = applicant.post(f"/apply/{n}/help/").content.decode()
        code = shown.split('apply-code number">')[1].split("<")[0]
        assert len(code) == helping.CODE_LENGTH
        assert clerk.post("/desk/help/", {"code": "WRONGCOD", "purpose": "拍照"}).status_code == 422
        begun = clerk.post("/desk/help/", {"code": code, "purpose": "不会拍照"})
        assert begun["Location"] == f"/desk/help/{n}/"
        for road in ("", "questions/who/", "questions/delivery/"):
            assert clerk.get(f"/desk/help/{n}/{road}").status_code == 200
        answer_all(clerk, draft, door="/desk/help")
        scan = queries.scans_of(draft.id)[0]
        assert clerk.get(f"/desk/help/{n}/files/{scan.id}/").status_code == 200
        assert Look.objects.filter(case_id=draft.id, about_id=scan.id).count() == 1
        assert "不会拍照" in applicant.get(f"/apply/{n}/").content.decode()
        assert signed_in("lead.520103").get(f"/desk/help/{n}/").status_code == 404
        assert clerk.post(f"/desk/help/{n}/end/").status_code == 302
        assert clerk.get(f"/desk/help/{n}/").status_code == 404
