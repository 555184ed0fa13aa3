"""What the pages of a case look up, over the API: a form before it is issued, where to forward to, what comes in."""

import datetime
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests import pictures, stories
from tests.web.api.program import Api
from tests.web.api.test_door import problem
from tongban.kernel import crypto
from tongban.messages.operations import writing

pytestmark = [pytest.mark.django_db, pytest.mark.article("H3", "C4")]


class TestPreview:
    def test_tells_what_a_correction_notice_will_ask_and_until_when(
        self, story: stories.Story, receiver: Api, api: Callable[[str], Api]
    ) -> None:
        number = story.do("open").case.number
        first, *others = receiver.get(f"/cases/{number}").json()["materials"]
        wrong = {"verdict": "to_correct", "advice": "请重新复印"}
        receiver.send("PATCH", f"/cases/{number}/materials/{first['key']}", wrong)
        for paper in others:
            receiver.send("PATCH", f"/cases/{number}/materials/{paper['key']}", {"verdict": "passed"})
        made = receiver.send("POST", f"/cases/{number}/notices", {"kind": "correction", "days": 10})
        assert made.status_code == 201, made.content.decode()
        path = f"/cases/{number}/notices/{made.json()['serial']}"
        told = receiver.get(path).json()
        assert told["issued_at"] is None and told["due_on"]
        assert told["to_correct"] == [{"key": first["key"], "name": first["name"], "advice": "请重新复印"}]
        assert told["passed"] == [paper["name"] for paper in others] and told["applicant"]
        assert receiver.get(f"{path}.pdf").content.startswith(b"%PDF")
        problem(api("clerk.530102").get(path), 404, "unknown_notice")
        other = stories.Story(at=story.at).open().case.number
        problem(receiver.get(f"/cases/{other}/notices/{made.json()['serial']}"), 404, "unknown_notice")


class TestForwardWindows:
    @pytest.mark.article("P13")
    def test_are_found_by_a_part_of_their_place_and_fit_the_step(
        self, story: stories.Story, home: Api, api: Callable[[str], Api]
    ) -> None:
        number = story.lead_to("arrived").case.number
        path = f"/cases/{number}/forward-windows"
        found = home.get(path, q="绵阳市").json()
        assert {"510700000000"} <= {w["home_code"] for w in found}
        assert all("绵阳市" in w["place"] for w in found)
        assert home.get(path, q="没有这个地方").json() == []
        assert home.get(path, q=" ").json() == home.get(path).json() == []
        problem(api("clerk.530102").get(path, q="绵阳市"), 404, "unknown_case")
        asked = {"home_code": "510700000000", "reason": "不属本地", "waybill": stories.WAYBILL}
        done = home.step(number, "forward", **asked)
        assert done.status_code == 200, done.content.decode()


class TestIncoming:
    def test_names_what_is_on_its_way_and_what_waits_for_acceptance(
        self, story: stories.Story, home: Api, api: Callable[[str], Api]
    ) -> None:
        def kinds() -> list[str]:
            return [r["clock"]["kind"] for r in home.get("/incoming").json()]

        story.lead_to("in_transfer")
        assert kinds() == ["confirm_arrival"]
        story.do("confirm_arrival")
        assert kinds() == ["decide_acceptance"]
        assert api("clerk.530102").get("/incoming").json() == []


class TestLooks:
    @pytest.mark.article("P26(4)")
    def test_are_told_to_those_who_answer_for_the_case_as_on_its_page(
        self, story: stories.Story, receiver: Api, api: Callable[[str], Api]
    ) -> None:
        number = story.lead_to("received").case.number
        asked = {"what": "identity", "purpose": "与原件核对"}
        assert receiver.send("POST", f"/cases/{number}/identity", asked).status_code == 200
        assert receiver.get(f"/cases/{number}").json()["looks"] == []
        for account in ("lead.520103", "manager.520103"):
            (look,) = api(account).get(f"/cases/{number}").json()["looks"]
            assert look["purpose"] == "与原件核对"


class TestTold:
    @pytest.mark.article("P21(4)", "C7")
    def test_stands_among_what_is_to_do_until_the_window_notes_it(
        self, story: stories.Story, receiver: Api, home: Api
    ) -> None:
        story.lead_to("approval").do("refuse")
        writing.tell(story.id, seq=story.case.journal_seq, at=story.at)
        (told,) = receiver.get("/today").json()["told"]
        assert told["number"] == story.case.number and "不予许可" in told["text"]
        assert home.get("/today").json()["told"] == []
        path = f"/today/told/{told['key']}/note"
        problem(home.send("POST", path), 404, "unknown_message")
        for _ in range(2):
            assert receiver.send("POST", path).json() == {"done": True}
        assert receiver.get("/today").json()["told"] == []


class TestResultFile:
    @pytest.mark.article("E4", "P22")
    def test_is_brought_looked_at_and_taken_off_before_the_grant(
        self, at: datetime.datetime, home: Api, receiver: Api
    ) -> None:
        number = stories.Online(at=at).lead_to("approval").case.number
        path = f"/cases/{number}/result-file"
        problem(home.get(path), 404, "no_own_result")
        file = SimpleUploadedFile("批文.pdf", pictures.pdf(), content_type="application/pdf")
        brought = home.upload(path, file)
        assert brought.status_code == 201 and brought.json()["name"] == "批文.pdf"
        shown = home.get(path)
        assert shown.headers["Content-Type"] == "application/pdf"
        assert crypto.sm3(shown.content).hex() == brought.json()["digest"]
        problem(receiver.get(path), 404, "unknown_case")
        problem(receiver.send("DELETE", path), 404, "unknown_case")
        for _ in range(2):
            assert home.send("DELETE", path).json() == {"done": True}
        problem(home.get(path), 404, "no_own_result")
