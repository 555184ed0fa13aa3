"""Who is let in, how the door describes itself, and how it says no."""

import datetime
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.web.api.program import ROOT, Api
from tongban.directory import queries as directory
from tongban.people import operations as people
from tongban.people.models import Person, Token


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """Expect a refusal in the one shape that all have."""
    assert answer.status_code == status, answer.content.decode()
    said: dict[str, Any] = answer.json()
    assert set(said) == {"code", "message", "fields"}
    assert said["code"] == code
    assert re.search(r"[\u4e00-\u9fff]", said["message"])
    return said


class TestToken:
    def test_names_the_person_and_the_posts(self, receiver: Api) -> None:
        said = receiver.get("/me").json()
        assert said["account"] == "clerk.520103"
        assert said["posts"][0]["role"] == "clerk"
        assert said["posts"][0]["division_code"] == "520103000000"

    def test_is_asked_for(self, db: None) -> None:
        answer = Client().get(f"{ROOT}/me")
        problem(answer, 401, "no_token")
        assert answer["WWW-Authenticate"].startswith("Bearer")

    def test_of_a_session_counts_for_nothing(self, signed_in: Callable[[str], Client]) -> None:
        problem(signed_in("clerk.520103").get(f"{ROOT}/me"), 401, "no_token")
        problem(signed_in("clerk.520103").post(f"{ROOT}/cases", {}), 401, "no_token")

    def test_is_refused_when_it_is_over_or_revoked_or_its_person_gone(self, receiver: Api) -> None:
        token = Token.objects.latest("id")
        for changes in (
            {"expires_at": directory.now() - datetime.timedelta(minutes=1)},
            {"revoked_at": directory.now()},
        ):
            before = {name: getattr(token, name) for name in changes}
            Token.objects.filter(id=token.id).update(**changes)
            problem(receiver.get("/me"), 401, "no_token")
            Token.objects.filter(id=token.id).update(**before)
        assert receiver.get("/me").status_code == 200
        Person.objects.filter(account="clerk.520103").update(is_active=False)
        problem(receiver.get("/me"), 401, "no_token")

    def test_gives_no_more_than_the_posts_of_its_person(self, api: Callable[[str], Api], story: Any) -> None:
        number = story.lead_to("received").case.number
        problem(api("clerk.530102").get(f"/cases/{number}"), 404, "unknown_case")
        problem(api("clerk.530102").step(number, "send"), 404, "unknown_case")


class TestDescription:
    def test_is_public_and_names_every_operation(self, db: None) -> None:
        schema = Client().get(f"{ROOT}/openapi.json").json()
        ids = [op["operationId"] for ops in schema["paths"].values() for op in ops.values()]
        assert sorted(ids) == sorted(
            [
                *("me", "listDivisions", "findItems", "getItem", "getStandard", "today", "incoming"),
                *(
                    "openCase",
                    "searchCases",
                    "findCases",
                    "getCase",
                    "changeCase",
                    "chooseMatter",
                    "revealIdentity",
                ),
                *("addMaterial", "markMaterial", "addScan", "getScan", "removeScan", "addFormFile"),
                *("prepareNotice", "issueNotice", "getNotice", "listSteps", "takeStep"),
                *("addResultFile", "getResultFile", "removeResultFile", "noteTold"),
                *("getCalendar", "setDay", "clearDay"),
                *("contactList", "contactListVersions", "contactListChanges", "publishContactList"),
                *("saveAuthority", "openHall", "saveHall", "openWindow", "getWindow", "saveWindow"),
                *("checkEquipment", "setWindowDay", "clearWindowDay", "closeWindow"),
                *("listStaff", "givePost", "endPost", "addTraining", "markPresence"),
                *("getWorkbook", "importWorkbook", "getImport", "confirmImport"),
                *("listWords", "addWord", "removeWord"),
                *("listStandardVersions", "beginStandard", "getStandardDraft", "writeStandardDraft"),
                *("discardStandardDraft", "submitStandard", "sendBackStandard", "publishStandard"),
                *("withdrawStandard", "compareStandards", "openDifference", "answerDifference"),
                *("settleDifference", "composeStandard", "askedForMore"),
                *("listOffList", "getOffList", "listDemand"),
                *("listItemLists", "getItemList", "beginItemList", "putItemListLine", "removeItemListLine"),
                *("publishItemList", "discardItemList", "listPilots", "getPilot", "proposePilot"),
                *("makeProcedure", "beginElements", "writeElements"),
                *("answerPilot", "endPilot", "recommendPilot", "takeUpPilot"),
                *("reportMessage", "practiceOutbox"),
                *("listLifeEvents", "listAnnouncements", "getFigures", "getProgress"),
                *("rateCase", "importRatings", "importComplaints"),
                *("fileComplaint", "followComplaint", "listComplaints"),
                *("answerComplaint", "agreeToComplaintAnswer", "objectToComplaintAnswer"),
                *("involveInComplaint", "listRectifications", "contactRater", "extendRectification"),
                *("rectifyRating", "callBackRater", "appealRating", "decideRatingAppeal"),
                *("previewNotice", "findForwardWindows", "getRoster", "planRoster", "judgeComplaint"),
                *("listHelped", "beginHelp", "getHelp", "getHelpQuestion", "answerHelpQuestion"),
                *("addHelpFile", "getHelpFile", "removeHelpFile", "endHelp", "enterComplaint"),
                *("getWindowRatings", "listGuidance", "recordGuidance", "getRatingTicket"),
            ]
        )

    def test_says_of_every_operation_what_it_is_and_what_it_does(self, db: None) -> None:
        schema = Client().get(f"{ROOT}/openapi.json").json()
        for operations in schema["paths"].values():
            for operation in operations.values():
                about = operation["summary"], operation["description"]
                assert all(re.search(r"[\u4e00-\u9fff]", words) for words in about), operation

    def test_leads_to_every_shape_it_names(self, db: None) -> None:
        text = Client().get(f"{ROOT}/openapi.json").content.decode()
        schemas = json.loads(text)["components"]["schemas"]
        assert set(re.findall(r'"#/components/schemas/(\w+)"', text)) <= set(schemas)

    def test_asks_every_write_for_its_key(self, db: None) -> None:
        schema = Client().get(f"{ROOT}/openapi.json").json()
        without = {"revealIdentity", "reportMessage", "getProgress", "rateCase"}
        without |= {"followComplaint", "judgeComplaint", "findCases"}
        for operations in schema["paths"].values():
            for method, operation in operations.items():
                asked = "Idempotency-Key" in [p["name"] for p in operation["parameters"]]
                assert asked == (method != "get" and operation["operationId"] not in without)

    def test_describes_what_every_step_wants(self, db: None) -> None:
        schemas = Client().get(f"{ROOT}/openapi.json").json()["components"]["schemas"]
        assert schemas["Step_post_result"]["required"] == ["revision", "waybill"]
        assert schemas["Step_suspend"]["properties"]["reason"]["enum"][0] == "hearing"

    def test_reads_as_a_page_without_script_and_without_inline_style(self, db: None) -> None:
        answer = Client().get(f"{ROOT}/docs")
        page = answer.content.decode()
        assert "发出材料" in page and "Idempotency-Key" in page
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=|https?://(?!localhost)", page)
        linked = set(re.findall(r'href="#([^"]+)"', page))
        assert linked <= set(re.findall(r'id="([^"]+)"', page))
        assert Client().get(f"{ROOT}/docs.css")["Content-Type"].startswith("text/css")


class TestRefusals:
    def test_of_an_address_that_is_not_there(self, receiver: Api) -> None:
        problem(receiver.get("/nothing/here"), 404, "unknown_path")
        problem(receiver.send("POST", "/nothing"), 404, "unknown_path")

    def test_of_a_method_that_an_address_does_not_have(self, receiver: Api) -> None:
        answer = receiver.send("DELETE", "/me")
        problem(answer, 405, "wrong_method")
        assert answer["Allow"] == "GET"

    def test_of_a_number_that_was_copied_wrongly(self, receiver: Api) -> None:
        problem(receiver.get("/cases/0000-0000-0001"), 404, "bad_number")

    def test_name_each_field_that_has_the_wrong_shape(self, receiver: Api) -> None:
        number = receiver.send("POST", "/cases", {}).json()["number"]
        said = problem(
            receiver.send(
                "PATCH", f"/cases/{number}", {"nmae": "甲", "has_agent": "perhaps", "kind": "robot"}
            ),
            422,
            "invalid",
        )
        assert set(said["fields"]) == {"nmae", "has_agent", "kind"}
        assert "没有这一栏" in said["fields"]["nmae"]
        said = problem(receiver.get("/items", limit="many"), 422, "invalid")
        assert said["fields"] == {"limit": "请填写整数"}

    def test_of_a_step_that_does_not_say_what_was_seen(self, receiver: Api, story: Any) -> None:
        number = story.lead_to("received").case.number
        said = problem(receiver.send("POST", f"/cases/{number}/steps/send", {}), 422, "invalid")
        assert set(said["fields"]) == {"revision"}

    def test_of_what_is_no_json(self, receiver: Api) -> None:
        answer = receiver.client.post(
            f"{ROOT}/cases",
            b"{not json",
            content_type="application/json",
            headers={"Authorization": f"Bearer {receiver.token}", "Idempotency-Key": "k"},
        )
        problem(answer, 400, "unreadable")

    def test_of_a_broken_upload(self, receiver: Api, story: Any) -> None:
        case = story.lead_to("drafting").case
        answer = receiver.client.post(
            f"{ROOT}/cases/{case.number}/materials/form/scans",
            b"--x\r\nbroken",
            content_type="multipart/form-data",
            headers={"Authorization": f"Bearer {receiver.token}", "Idempotency-Key": "k"},
        )
        assert answer.status_code in (400, 422)
        assert set(answer.json()) == {"code", "message", "fields"}

    def test_of_a_failure_of_ours_is_json_too_and_leaves_nothing(
        self, receiver: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from tongban.web.api import showing

        monkeypatch.setattr(showing, "after_step", lambda case, now: 1 / 0)
        before = len(receiver.get("/cases").json()["cases"])
        problem(receiver.send("POST", "/cases", {}), 500, "failed")
        assert len(receiver.get("/cases").json()["cases"]) == before


class TestIssueToken:
    def test_keeps_no_secret(self, db: None) -> None:
        secret = people.issue_token(Person.objects.get(account="clerk.520103"), at=directory.now())
        row = Token.objects.latest("id")
        assert secret.encode() not in bytes(row.digest)
