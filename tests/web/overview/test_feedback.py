"""Managers put bad ratings right, answer complaints, and bring in other systems' ratings (F4, F5, W9)."""

import datetime
import io
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from tests import stories
from tongban.catalogue import imports as workbooks
from tongban.config import subscriptions
from tongban.documents.models import Import
from tongban.feedback.models import Complaint, Guidance, Rating, Rectification
from tongban.feedback.operations import complaints, ratings
from tongban.feedback.states import Road
from tongban.journal.models import Look
from tongban.people.models import Person
from tongban.web.kit import requests

pytestmark = [pytest.mark.django_db, pytest.mark.article("F4", "F5", "W9")]


@pytest.fixture
def own_files(settings: Settings, tmp_path: Path) -> Iterator[None]:
    settings.TONGBAN_FILES, settings.TONGBAN_KEYS = tmp_path / "files", tmp_path / "keys"
    subscriptions.connect()
    yield


def entered(account: str) -> Client:
    client = Client()
    client.force_login(Person.objects.get(account=account))
    return client


@pytest.fixture
def received(story: stories.Story) -> stories.Story:
    return story.do("open").do("receive")


@pytest.fixture
def bad(received: stories.Story) -> Rectification:
    row = ratings.rate(
        received.id,
        leg="receiving",
        level=1,
        words="排队很久",
        may_publish=True,
        road=Road.LINK,
        by=requests.NOBODY,
        at=received.at,
    )
    return row.rectification


class TestRectification:
    def test_goes_through_its_page_to_the_published_reply(self, bad: Rectification) -> None:
        manager, address = entered("manager.520103"), f"/overview/rectifications/{bad.number}/"
        assert "排队很久" in manager.get(address).content.decode()
        assert bad.number in manager.get("/overview/rectifications/").content.decode()
        assert "联系评价人" in manager.get("/overview/").content.decode()
        wrong = manager.post(address, {"do": "contact", "note": ""})
        assert wrong.status_code == 422
        for said in (
            {"do": "contact", "note": "已联系"},
            {"do": "rectify", "measures": "增开窗口", "reply": "谢谢您的意见"},
            {"do": "call_back", "result": "satisfied"},
        ):
            assert manager.post(address, said).status_code == 302
        assert "谢谢您的意见" in Client().get("/ratings/").content.decode()

    def test_keeps_what_was_typed_when_it_refuses(self, bad: Rectification) -> None:
        address, manager = f"/overview/rectifications/{bad.number}/", entered("manager.520103")
        manager.post(address, {"do": "contact", "note": "已联系"})
        for do in ("extend", "appeal"):
            answer = manager.post(address, {"do": do, "reason": "很长" * 300})
            page = answer.content.decode()
            assert answer.status_code == 422
            assert "很长" * 300 in page and 'id="' in page and "-wrong" in page
            assert page.count('<details class="panel" open>') == 1

    def test_records_the_look_at_the_phone(self, bad: Rectification) -> None:
        page = entered("manager.520103").post(f"/overview/rectifications/{bad.number}/", {"do": "phone"})
        assert "13800000000" in page.content.decode()
        assert Look.objects.filter(what="rater_phone").count() == 1

    @pytest.mark.parametrize("account", ["manager.510000", "clerk.520103", "sysadmin"])
    @pytest.mark.article("S1")
    def test_is_not_there_for_others(self, bad: Rectification, account: str) -> None:
        for data in ({"do": "phone"}, {"do": "contact", "note": "x"}):
            answer = entered(account).post(f"/overview/rectifications/{bad.number}/", data)
            assert answer.status_code in (403, 404)
        assert not Look.objects.filter(what="rater_phone").exists()

    def test_shows_the_clerk_no_rater(self, bad: Rectification, received: stories.Story) -> None:
        page = entered("clerk.520103").get("/desk/ratings/").content.decode()
        assert "排队很久" in page  # its month is over
        assert "2026-03" in page
        for leads_back in (received.case.number, bad.number, "2026年3月2日", "3月2日", "测试甲"):
            assert leads_back not in page


class TestComplaint:
    def test_is_entered_by_phone_and_answered(self, received: stories.Story) -> None:
        manager = entered("manager.520000")
        said = {"kind": "request", "words": "想知道为什么", "four": "1234", "outside": "GZ-1", "_key": "one"}
        said |= {"number": received.case.number, "about": "receiving"}
        assert manager.post("/overview/complaints/new/", said).status_code == 302
        row = Complaint.objects.get()
        assert (row.road, row.outside_number) == ("phone", "GZ-1")
        address = f"/overview/complaints/{row.number}/"
        assert row.number in manager.get("/overview/complaints/").content.decode()
        assert manager.post(address, {"do": "answer", "answer": "因为", "revision": "1"}).status_code == 302
        late = manager.post(address, {"do": "answer", "answer": "迟到的答复", "revision": "1"})
        assert late.status_code == 409
        assert entered("manager.530000").get(address).status_code == 404

    @pytest.mark.article("W9")
    def test_of_12345_is_taken_once_and_its_number_is_shown(self) -> None:
        manager = entered("manager.520000")
        assert "#kind-complaints" in manager.get("/overview/complaints/").content.decode()
        assert "#kind-complaints" not in entered("group.1").get("/overview/complaints/").content.decode()
        assert 'id="kind-complaints"' in manager.get("/overview/workbooks/").content.decode()
        said = {"kind": "request", "words": "想知道为什么", "four": "1234", "outside": "GZ-1"}
        said |= {"at": "520103000000"}
        assert manager.post("/overview/complaints/new/", {**said, "_key": "one"}).status_code == 302
        again = manager.post("/overview/complaints/new/", {**said, "_key": "two"})
        assert (again.status_code, "已经登记过" in again.content.decode()) == (409, True)
        assert Complaint.objects.count() == 1
        assert "12345 GZ-1" in manager.get("/overview/complaints/").content.decode()

    def test_shows_who_complains_to_its_owners_on_record(self, received: stories.Story) -> None:
        row = complaints.file(
            kind="report",
            words="收费",
            case_id=received.id,
            complainant=complaints.Complainant(name="测试丙", phone="13900000008"),
            road=Road.NUMBER,
            by=requests.NOBODY,
            at=received.at,
        )
        address = f"/overview/complaints/{row.number}/"
        manager = entered("manager.510000")
        assert "测试丙" not in manager.get(address).content.decode()
        assert "测试丙" in manager.post(address, {"do": "who"}).content.decode()
        assert Look.objects.filter(what="complainant").count() == 1


class TestDesk:
    @pytest.mark.article("P10", "F6")
    def test_records_help_and_counts_it(self) -> None:
        clerk = entered("clerk.520103")
        window = next(iter(stories.actor("clerk.520103").window_ids))
        wrong = clerk.post(
            "/desk/guidance/", {"window": window, "kind": "help", "matter": "", "minutes": "x"}
        )
        assert wrong.status_code == 422
        said = {"window": window, "kind": "help", "matter": "帮老人填表", "minutes": "15"}
        assert clerk.post("/desk/guidance/", said).status_code == 302
        assert clerk.post("/desk/guidance/", {**said, "window": window + 1}).status_code == 403
        assert "帮老人填表" in clerk.get("/desk/guidance/").content.decode()
        assert Guidance.objects.get().minutes == 15

    def test_gives_a_ticket_for_ten_minutes_that_opens_the_rating(self, received: stories.Story) -> None:
        page = entered("clerk.520103").get(f"/desk/cases/{received.case.number}/rate/").content.decode()
        address = page.split('href="/rate/')[1].split('"')[0]
        assert "提交评价" in Client().get(f"/rate/{address}").content.decode()
        other = entered("clerk.530102").get(f"/desk/cases/{received.case.number}/rate/")
        assert other.status_code == 404


class TestImport:
    @pytest.mark.article("B8")
    def test_of_ratings_shows_what_it_would_do_and_does_it_when_confirmed(
        self, own_files: None, at: datetime.datetime
    ) -> None:
        manager, address = entered("manager.520000"), "/overview/workbooks/ratings/"
        assert "workbooks/#kind-ratings" in manager.get("/overview/ratings/").content.decode()
        assert "#kind-ratings" not in entered("group.1").get("/overview/ratings/").content.decode()
        assert entered("group.1").get(f"{address}template.xlsx").status_code == 403
        book = openpyxl.load_workbook(io.BytesIO(manager.get(f"{address}template.xlsx").content))
        book["评价"].append(
            ["12345", "A-1", "", "520103000000", "收件窗口的服务", "非常不满意", "2026-01-05"]
        )
        out = io.BytesIO()
        book.save(out)
        sent = manager.post(f"{address}import/", {"file": SimpleUploadedFile("a.xlsx", out.getvalue())})
        row = Import.objects.get()
        workbooks.go_through(row.id, at=at)
        page = manager.get(sent["Location"]).content.decode()
        assert "12345 A-1：收件窗口的服务，非常不满意，由" in page
        assert not Rating.objects.exists()
        assert manager.post(f"/overview/workbooks/imports/{row.id}/confirm/").status_code == 302
        workbooks.go_through(row.id, at=at)
        assert "已导入：新增 1 处" in manager.get(sent["Location"]).content.decode()
        assert Rating.objects.get().authority.division_id == "520103000000"
        assert "12345" in manager.get("/overview/ratings/").content.decode()
