"""What an `area=True` line of `web.kit.access` leaves to the domain: rows of somebody else are refused, unchanged.

For every such line TRIES has at least one concrete request about a row of 贵州省, made by people of another
province or window. **Add a line here when you add one there**; `test_knows_a_try_for_every_line` says which is
missing. An address that shows the same to everybody is named in SHARED with the reason.
"""

import datetime
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from tests import stories
from tests.catalogue import drafting, piloting
from tests.catalogue.drafting import GUIZHOU, SICHUAN
from tongban.catalogue import imports
from tongban.catalogue.models import Procedure, Synonym
from tongban.catalogue.operations import lists, publishing, settling
from tongban.directory.models import Window
from tongban.feedback.operations import complaints, ratings
from tongban.feedback.states import Road
from tongban.journal.models import Entry
from tongban.messages.operations import writing
from tongban.people import keeping
from tongban.people import operations as people
from tongban.people.models import Person, Post
from tongban.web.kit import access, requests

pytestmark = pytest.mark.django_db
MANAGER, CLERK, OFFICER = "manager.530000", "clerk.530102", "approver.500000"
BOTH = (MANAGER, CLERK)
DAY = "2027-04-20"

# Reading them gives everybody who may come the same: what is published is for all, and nothing in it is somebody's.
SHARED: dict[str, str] = {
    "item": "an item of the list is public",
    "announcement": "an announcement is public",
    "contacts_version": "every version of the contact list is public",
    "contact_changes": "every version of the contact list is public",
    "contacts_xlsx": "every version of the contact list is public",
    "contacts_pdf": "every version of the contact list is public",
    "contactListChanges": "every version of the contact list is public",
    "reportMessage": "a gateway proves itself by its signature, and nobody signs in",
    "listWords": "everyday words are the same for all",
}

# Tried with other people's identifiers in a file of their own: the door is a number and digits, or an applicant's.
ELSEWHERE: dict[str, str] = {
    "my_mandate_act": "portal/test_my_permissions.py",
    "apply": "portal/test_apply.py",
    "kiosk": "portal/test_kiosk.py",
    "enter_oidc": "portal/test_unified.py",
    "enter_oidc_back": "portal/test_unified.py",
    "rate_legs": "portal/test_ratings.py",
    "complaint": "portal/test_ratings.py",
}


class Rows:
    """One row of 贵州省 of each kind, as `{name}` stands for it in the tries."""

    def __init__(self, at: datetime.datetime) -> None:
        window = Window.objects.get(division_id="520103000000")
        at_home = stories.actor("manager.520000")
        procedure = Procedure.objects.get(key=drafting.PROCEDURE)
        standard = drafting.publish(GUIZHOU, at=at)
        drafting.publish(SICHUAN, at=at, said=drafting.content(promised_limit=6))
        draft = publishing.begin(procedure, province=GUIZHOU, stage=2, by=at_home, at=at)
        difference = settling.open_difference(
            procedure, line="promised_limit", question="承诺几天", by=stories.actor("group.1"), at=at
        )
        workbook = imports.template("contacts", by=stories.actor("manager.520103"))
        handed_in = imports.hand_in(
            workbook, kind="contacts", name="a.xlsx", by=stories.actor("manager.520103"), at=at
        )
        synonym = Synonym.objects.filter(is_off=False).order_by("id").first()
        assert synonym is not None
        announcement = keeping.publish_announcement(
            {"title": "公告", "body": "正文"}, place=GUIZHOU, by=at_home, at=at
        )
        received = stories.Story(at=at).lead_to("received")
        decided = stories.Story(at=at).lead_to("approval").do("grant")
        said: dict[str, Any] = {"by": requests.NOBODY, "at": at}
        told = writing.tell(decided.id, seq=decided.case.journal_seq, at=at)[-1]
        bad = ratings.rate(received.id, leg="receiving", level=1, road=Road.LINK, **said)
        complaint = complaints.file(
            kind="report",
            words="收费",
            place_code=GUIZHOU,
            complainant=complaints.Complainant(name="测试丙", phone="13900000008"),
            road=Road.NUMBER,
            **said,
        )
        self.values: dict[str, Any] = {
            "told": told.key,
            "online": stories.Online(at=at).lead_to("approval").case.number,
            "rectification": bad.rectification.number,
            "complaint": complaint.number,
            "announcement": announcement.id,
            "window": window.id,
            "hall": window.hall_id,
            "authority": window.hall.authority_id,
            "post": Post.objects.get(person__account="clerk.520103").pk,
            "person": Person.objects.get(account="clerk.520103").pk,
            "standard": standard.id,
            "draft": draft.id,
            "revision": draft.revision,
            "difference": difference.id,
            "import": handed_in.id,
            "word": synonym.id,
            "case": stories.Story(at=at).open().case.number,
            "procedure": drafting.PROCEDURE,
            "province": GUIZHOU,
            "batch": lists.begin(year=2026, by=stories.actor("group.1"), at=at).id,
            "pilot": piloting.proposed(at).id,
        }

    def fill(self, said: Any) -> Any:
        if isinstance(said, dict):
            return {name: self.fill(value) for name, value in said.items()}
        if isinstance(said, str) and said.startswith("{") and said[1:-1] in self.values:
            return self.values[said[1:-1]]
        if isinstance(said, list):
            return [self.fill(value) for value in said]
        return said.format_map(self.values) if isinstance(said, str) else said


@dataclass(frozen=True)
class Try:
    """A request: by whom it must be refused, how, where, and what is sent."""

    method: str
    address: str
    sent: dict[str, Any]
    who: tuple[str, ...] = BOTH


def get(address: str, /, *who: str) -> Try:
    return Try("GET", address, {}, who or BOTH)


def post(address: str, /, *who: str, **sent: Any) -> Try:
    return Try("POST", address, sent, who or BOTH)


PILOT: dict[str, Any] = {
    n: str(v) if isinstance(v, datetime.date) else v
    for n, v in piloting.proposal(datetime.datetime(2027, 4, 20, tzinfo=datetime.UTC)).items()
}
LIST_PAGE, PILOT_PAGE = "/overview/lists/{batch}/", "/overview/pilots/{pilot}/"
STANDARDS, PLACES, DESK, SYSTEM = "/overview/standards", "/overview/places", "/desk", "/system"
PAGES: dict[str, list[Try]] = {
    "announcement_publish": [
        post("/overview/announcements/publish/", title="公告", body="正文", place="{province}"),
        post(
            "/overview/announcements/publish/",
            *("manager.520000", "manager.520100", "manager.530000", CLERK),
            **{"title": "公告", "body": "正文", "place": "520103000000"},
        ),
    ],
    "announcement_withdraw": [post("/overview/announcements/{announcement}/withdraw/", reason="写错")],
    "presence": [post(f"{DESK}/window/presence/", CLERK, window="{window}", present="1")],
    "today_note": [post(f"{DESK}/noted/", CLERK, "clerk.510100", message="{told}")],
    "roster": [
        post(f"{DESK}/window/roster/", CLERK, "lead.510107", window="{window}", first_on=DAY, last_on=DAY)
    ],
    "case_result_file": [
        get(f"{DESK}/cases/{{online}}/result-file/", CLERK, "clerk.520103"),
        post(f"{DESK}/cases/{{online}}/result-file/", CLERK, "clerk.520103", do="remove"),
    ],
    "help_case": [get(f"{DESK}/help/{{case}}/")],
    "help_question": [
        get(f"{DESK}/help/{{case}}/questions/delivery/"),
        post(f"{DESK}/help/{{case}}/questions/delivery/", way="post"),
    ],
    "help_file": [get(f"{DESK}/help/{{case}}/files/1/")],
    "help_end": [post(f"{DESK}/help/{{case}}/end/")],
    "overview_complaint": [
        get("/overview/complaints/{complaint}/"),
        post("/overview/complaints/{complaint}/", do="answer", words="已退", revision="1"),
    ],
    "overview_rectification": [
        get("/overview/rectifications/{rectification}/"),
        post("/overview/rectifications/{rectification}/", do="contact", note="已致电"),
    ],
    "off_list_request": [get(f"{DESK}/off-list/{{case}}/")],
    "overview_procedure": [get(f"{STANDARDS}/of/{{procedure}}/", CLERK, OFFICER)],
    "overview_begin": [post(f"{STANDARDS}/of/{{procedure}}/begin/", province=GUIZHOU, stage="2")],
    "overview_version": [get(f"{STANDARDS}/versions/{{standard}}/", CLERK, OFFICER)],
    "overview_withdraw": [post(f"{STANDARDS}/versions/{{standard}}/withdraw/", reason="不再适用")],
    "overview_draft": [
        get(f"{STANDARDS}/drafts/{{draft}}/"),
        post(f"{STANDARDS}/drafts/{{draft}}/", do="save", revision="{revision}"),
    ],
    "overview_draft_preview": [get(f"{STANDARDS}/drafts/{{draft}}/preview/")],
    "overview_publish": [post(f"{STANDARDS}/drafts/{{draft}}/publish/", effective_from_on=DAY)],
    "overview_send_back": [post(f"{STANDARDS}/drafts/{{draft}}/send-back/", remark="再改")],
    "overview_discard": [post(f"{STANDARDS}/drafts/{{draft}}/discard/")],
    "overview_compare": [get(f"{STANDARDS}/compare/{{procedure}}/", CLERK, OFFICER)],
    "overview_open_difference": [
        post(f"{STANDARDS}/compare/{{procedure}}/open/", line="legal_limit", question="几天")
    ],
    "overview_compose": [post(f"{STANDARDS}/compare/{{procedure}}/compose/", base=GUIZHOU)],
    "overview_difference": [
        get(f"{STANDARDS}/differences/{{difference}}/", CLERK, OFFICER),
        post(f"{STANDARDS}/differences/{{difference}}/", CLERK, OFFICER, words="统一为 5 天"),
    ],
    "overview_item_make": [
        post("/overview/items/make/", item_seq="15", kind="公共服务", name="示例", **whose)
        for whose in ({}, {"province": GUIZHOU})
    ],
    "list_begin": [post("/overview/lists/begin/", year="2027")],
    "list": [get(LIST_PAGE, CLERK, OFFICER)],
    "list_act": [
        post(f"{LIST_PAGE}act/", do=do, seq="15", kind="withdrawn", reason="x", effective_from_on=DAY)
        for do in ("put", "out:15", "publish", "discard")
    ],
    "pilot_propose": [post("/overview/pilots/propose/", **PILOT)],
    "pilot": [get(PILOT_PAGE, CLERK, OFFICER)],
    "pilot_act": [
        post(f"{PILOT_PAGE}act/", do=do, words="x", batch="{batch}")
        for do in ("agree", "decline", "end", "recommend")
    ],
    "word_add": [post("/overview/words/add/", CLERK, OFFICER, word="办本本", means="驾驶证")],
    "word_remove": [post("/overview/words/{word}/remove/", CLERK, OFFICER)],
    "place_authority": [get(f"{PLACES}/authorities/{{authority}}/")],
    "place_authority_act": [
        post(f"{PLACES}/authorities/{{authority}}/save/", phone="0851-86891234"),
        post(f"{PLACES}/authorities/{{authority}}/hall/", name="二厅", address="路1号"),
        post(f"{PLACES}/authorities/{{authority}}/save-hall/", hall="{hall}", name="一厅"),
    ],
    "place_window": [get(f"{PLACES}/windows/{{window}}/")],
    "place_window_act": [
        post(f"{PLACES}/windows/{{window}}/{act}/", on=DAY, reason="检修", first_on=DAY, last_on=DAY)
        for act in ("save", "equipment", "day", "close", "post", "roster")
    ],
    "contact_list_publish": [post("/overview/contact-list/{province}/publish/")],
    "staff_act": [
        post("/overview/staff/{post}/end/", until_on=DAY),
        post("/overview/staff/{post}/training/", title="规程", passed_on="2026-01-05"),
    ],
    "workbook_import": [get("/overview/workbooks/imports/{import}/")],
    "workbook_confirm": [post("/overview/workbooks/imports/{import}/confirm/")],
    "workbook_hand_in": [
        post(f"/overview/workbooks/{kind}/import/", CLERK, OFFICER)
        for kind in ("contacts", "ratings", "complaints")
    ],
    "system_account": [get(f"{SYSTEM}/accounts/{{person}}/")],
    "system_account_password": [post(f"{SYSTEM}/accounts/{{person}}/password/")],
    "system_account_act": [post(f"{SYSTEM}/accounts/{{person}}/off/")],
    "system_replay": [post(f"{SYSTEM}/queue/1/replay/", MANAGER, CLERK, "secadmin")],
    "system_wording": [get(f"{SYSTEM}/messages/receive/sms/zh/", MANAGER, CLERK, "secadmin")],
    "system_message_replay": [post(f"{SYSTEM}/messages/replay/1/1/", MANAGER, CLERK, "secadmin")],
    "system_unlock": [post(f"{SYSTEM}/events/locks/1/unlock/", MANAGER, CLERK, "sysadmin")],
    "system_session_act": [post(f"{SYSTEM}/sessions/{{person}}/all/", MANAGER, CLERK, "sysadmin")],
}


def call(method: str, path: str, /, *who: str, **sent: Any) -> Try:
    return Try(method, f"/api/v1{path}", sent, who or BOTH)


DRAFT, VERSION, WINDOW = "/standard-drafts/{draft}", "/standard-versions/{standard}", "/windows/{window}"
HELP = "/help/{case}"
CONTENT = {"legal_limit": 20, "promised_limit": 5}
ELEMENTS = {
    **{"levels": ["county"], "applicants": ["person"], "modes": ["collected"], "delivery": ["post"]},
    "lead_department": "民政部门",
}
PERSON = {"account": "wang.li", "name": "王丽", "role": "clerk", "from_on": "2026-03-02"}
OUTSIDE = {
    **{"system": "12345", "number": "R-1", "leg": "receiving", "level": 1, "on": "2026-01-05"},
    "code": "520103000000",
}
CALLED = {
    **{"system": "12345", "number": "C-1", "kind": "request", "words": "门口没有指引"},
    **{"told_at": "2026-01-05T09:00:00+08:00", "code": "520103000000"},
}
OPERATIONS: dict[str, list[Try]] = {
    "addResultFile": [call("POST", "/cases/{online}/result-file", CLERK, "clerk.520103")],
    "getResultFile": [call("GET", "/cases/{online}/result-file", CLERK, "clerk.520103")],
    "removeResultFile": [call("DELETE", "/cases/{online}/result-file", CLERK, "clerk.520103")],
    "noteTold": [call("POST", "/today/told/{told}/note", CLERK, "clerk.510100")],
    "listStandardVersions": [call("GET", "/standards/{procedure}/versions", CLERK, OFFICER)],
    "beginStandard": [call("POST", "/standard-drafts", procedure="{procedure}", stage=2, province=GUIZHOU)],
    "getStandardDraft": [call("GET", DRAFT)],
    "writeStandardDraft": [call("PUT", DRAFT, revision="{revision}", content=CONTENT)],
    "submitStandard": [call("POST", f"{DRAFT}/submit")],
    "sendBackStandard": [call("POST", f"{DRAFT}/send-back", remark="再改")],
    "publishStandard": [call("POST", f"{DRAFT}/publish", effective_from_on=DAY)],
    "discardStandardDraft": [call("DELETE", DRAFT)],
    "withdrawStandard": [call("POST", f"{VERSION}/withdraw", reason="不再适用")],
    "compareStandards": [call("GET", "/standards/{procedure}/comparison", CLERK, OFFICER)],
    "openDifference": [
        call("POST", "/standards/{procedure}/differences", line="legal_limit", question="几天")
    ],
    "answerDifference": [call("POST", "/differences/{difference}/answer", CLERK, OFFICER, words="五天")],
    "settleDifference": [call("POST", "/differences/{difference}/settle", words="五天", province=GUIZHOU)],
    "composeStandard": [call("POST", "/standards/{procedure}/compose", base=GUIZHOU)],
    "getOffList": [call("GET", "/off-list/{case}")],
    "publishContactList": [call("POST", "/contact-list/provinces/{province}", note="")],
    "saveAuthority": [call("PATCH", "/authorities/{authority}", phone="0851-86891234")],
    "openHall": [call("POST", "/authorities/{authority}/halls", name="二厅", address="路1号")],
    "saveHall": [call("PATCH", "/halls/{hall}", name="一厅")],
    "openWindow": [call("POST", "/halls/{hall}/windows", name="二号窗口", phone="0851-86891234")],
    "getWindow": [call("GET", WINDOW)],
    "saveWindow": [call("PATCH", WINDOW, phone="0851-86891234")],
    "checkEquipment": [call("PUT", f"{WINDOW}/equipment", found={"camera": False})],
    "setWindowDay": [call("PUT", f"{WINDOW}/days/{DAY}", reason="检修")],
    "clearWindowDay": [call("DELETE", f"{WINDOW}/days/{DAY}")],
    "closeWindow": [call("POST", f"{WINDOW}/closing", reason="撤并")],
    "getRoster": [call("GET", f"{WINDOW}/roster")],
    "planRoster": [
        call("PUT", f"{WINDOW}/roster", *BOTH, "lead.510107", first_on=DAY, last_on=DAY, people=[])
    ],
    "getHelp": [call("GET", HELP)],
    "getHelpQuestion": [call("GET", f"{HELP}/questions/delivery")],
    "answerHelpQuestion": [call("POST", f"{HELP}/questions/delivery", delivery_way="post")],
    "addHelpFile": [call("POST", f"{HELP}/questions/delivery/files")],
    "getHelpFile": [call("GET", f"{HELP}/files/{{complaint}}")],
    "removeHelpFile": [call("DELETE", f"{HELP}/files/{{complaint}}")],
    "endHelp": [call("POST", f"{HELP}/end")],
    "givePost": [call("POST", f"{WINDOW}/posts", **PERSON)],
    "endPost": [call("POST", "/posts/{post}/end", until_on=DAY)],
    "addTraining": [call("POST", "/posts/{post}/trainings", title="规程", passed_on="2026-01-05")],
    "importWorkbook": [call("POST", "/workbooks/contacts/imports", CLERK, OFFICER)],
    "getImport": [call("GET", "/workbooks/imports/{import}")],
    "confirmImport": [call("POST", "/workbooks/imports/{import}/confirm")],
    "markPresence": [call("PUT", "/presence", CLERK, MANAGER, is_present=True, window_id="{window}")],
    "makeProcedure": [
        call("POST", "/procedures", name="示例", kind="公共服务", item_seq=15, **whose)
        for whose in ({}, {"province": GUIZHOU})
    ],
    "beginElements": [call("POST", "/procedures/{procedure}/elements")],
    "writeElements": [call("PUT", "/element-drafts/{draft}", revision="{revision}", content=ELEMENTS)],
    "getItemList": [call("GET", "/item-lists/{batch}", CLERK, OFFICER)],
    "beginItemList": [call("POST", "/item-lists", year=2027)],
    "putItemListLine": [call("PUT", "/item-lists/{batch}/lines", seq=15, kind="withdrawn", reason="x")],
    "removeItemListLine": [call("DELETE", "/item-lists/{batch}/lines/15")],
    "publishItemList": [call("POST", "/item-lists/{batch}/publish", effective_from_on=DAY)],
    "discardItemList": [call("DELETE", "/item-lists/{batch}")],
    "getPilot": [call("GET", "/pilots/{pilot}", CLERK, OFFICER)],
    "proposePilot": [call("POST", "/pilots", **PILOT)],
    "answerPilot": [call("POST", "/pilots/{pilot}/answer", agrees=True)],
    "endPilot": [call("POST", "/pilots/{pilot}/end")],
    "recommendPilot": [call("POST", "/pilots/{pilot}/recommend", words="x")],
    "takeUpPilot": [call("POST", "/pilots/{pilot}/take-up", item_list_id="{batch}")],
    "importRatings": [call("POST", "/ratings/import", rows=[OUTSIDE])],
    "importComplaints": [
        call("POST", "/complaints/import", rows=[CALLED]),
        call("POST", "/complaints/import", rows=[{**CALLED, "code": "", "case": "{case}", "about": "both"}]),
    ],
    **{
        name: [call("POST", f"/complaints/{{complaint}}/{step}", revision=1, **said)]
        for name, step, said in (
            ("answerComplaint", "answer", {"answer": "x"}),
            ("agreeToComplaintAnswer", "agree", {}),
            ("objectToComplaintAnswer", "object", {"words": "x"}),
            ("involveInComplaint", "involve", {"place_code": GUIZHOU}),
        )
    },
    **{
        name: [call("POST", f"/rectifications/{{rectification}}/{step}", **said)]
        for name, step, said in (
            ("contactRater", "contact", {"note": "x"}),
            ("extendRectification", "extend", {"reason": "x"}),
            ("rectifyRating", "rectify", {"measures": "x", "reply": "x"}),
            ("callBackRater", "call-back", {"result": "satisfied"}),
            ("appealRating", "appeal", {"reason": "x"}),
            ("decideRatingAppeal", "decide-appeal", {"outcome": "upheld", "words": "x"}),
        )
    },
    "addWord": [call("POST", "/words", CLERK, OFFICER, word="办本本", means="驾驶证")],
    "removeWord": [call("DELETE", "/words/{word}", CLERK, OFFICER)],
}


class TestTries:
    def test_knows_a_try_for_every_line(self) -> None:
        lines = {name for name, line in {**access.PAGES, **access.OPERATIONS}.items() if line.area}
        known = PAGES.keys() | OPERATIONS.keys()
        excused = SHARED.keys() | ELSEWHERE.keys()
        assert lines - known - excused == set(), "add a try to PAGES or OPERATIONS of this file"
        assert known <= lines and not known & excused
        assert all((Path(__file__).parent / file).exists() for file in ELSEWHERE.values())


def everybody(tries: dict[str, list[Try]]) -> set[str]:
    return {account for all_tries in tries.values() for one in all_tries for account in one.who}


def faults(tries: dict[str, list[Try]], rows: Rows, send: Callable[[str, Try], Any]) -> list[str]:
    """Make every try and name those that were not refused or left something behind."""
    found = []
    for name, all_tries in tries.items():
        for one in all_tries:
            for account in one.who:
                with transaction.atomic():
                    before = _entries()
                    answer = send(account, one)
                    if answer.status_code not in (403, 404):
                        found.append(f"{name} {one.method} {one.address} by {account}: {answer.status_code}")
                    elif _entries() != before:
                        found.append(f"{name} by {account}: refused, and wrote something all the same")
                    transaction.set_rollback(True)
    return found


def _entries() -> int:
    """Count what the journal says, besides what tells of a refusal."""
    return Entry.objects.exclude(code="security.refused").count()


class TestRowsOfOthers:
    @pytest.fixture
    def rows(self, settings: Any, tmp_path: Any, at: datetime.datetime) -> Rows:
        settings.TONGBAN_FILES, settings.TONGBAN_KEYS = tmp_path / "files", tmp_path / "keys"
        return Rows(at)

    @pytest.mark.article("S1", "A5", "P13")
    def test_are_refused_on_every_page(self, rows: Rows) -> None:
        clients = {account: Client() for account in everybody(PAGES)}
        for account, client in clients.items():
            client.force_login(Person.objects.get(account=account))

        def send(account: str, one: Try) -> Any:
            sent = {"_key": str(uuid.uuid4()), **rows.fill(one.sent)} if one.method == "POST" else None
            return getattr(clients[account], one.method.lower())(rows.fill(one.address), sent)

        assert faults(PAGES, rows, send) == []

    @pytest.mark.article("S1", "A5", "P13")
    def test_are_refused_by_every_operation(self, rows: Rows) -> None:
        client, now = Client(), datetime.datetime.now(datetime.UTC)
        tokens = {
            account: people.issue_token(Person.objects.get(account=account), at=now)
            for account in everybody(OPERATIONS)
        }

        def send(account: str, one: Try) -> Any:
            headers = {"Authorization": f"Bearer {tokens[account]}", "Idempotency-Key": str(uuid.uuid4())}
            more: dict[str, Any] = {
                "data": json.dumps(rows.fill(one.sent)),
                "content_type": "application/json",
            }
            if one.address.endswith(("/imports", "/files", "/result-file")):
                more = {
                    "data": encode_multipart(BOUNDARY, {"file": SimpleUploadedFile("a.png", b"x")}),
                    "content_type": MULTIPART_CONTENT,
                }
            return client.generic(one.method, rows.fill(one.address), headers=headers, **more)

        assert faults(OPERATIONS, rows, send) == []
