"""Whose part may whom touch, over every page and every call of the API; and what the pages show."""

import datetime
import io
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import openpyxl
import pypdf
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.stories import Story
from tests.web.api.program import Api
from tongban.directory import contacts, near
from tongban.directory.models import Window
from tongban.people.models import Person, Post

SignedIn = Callable[[str], Client]
YUNYAN = "520103000000"
NEW = {
    "name": "云岩区二号窗口",
    "phone": "0851-86891234",
    "address": "贵阳市云岩区示例路2号",
    "opens_at": "09:00",
    "closes_at": "17:00",
}
POST = {"account": "wang.li", "name": "王丽", "phone": "", "role": "clerk", "from_on": "2026-03-02"}
pytestmark = pytest.mark.django_db

OWN, CITY, PROVINCE = "manager.520103", "manager.520100", "manager.520000"
GROUP, NEIGHBOUR, OTHER = "group.1", "manager.520102", "manager.510000"
CLERK, LEAD, ADMIN = "clerk.520103", "lead.520103", "sysadmin"
EVERYBODY = (OWN, CITY, PROVINCE, GROUP, NEIGHBOUR, OTHER, CLERK, LEAD, ADMIN)


@pytest.fixture
def yunyan(db: None) -> Window:
    return Window.objects.select_related("hall__authority").get(division_id=YUNYAN)


def post(client: Client, address: str, /, **data: Any) -> Any:
    return client.post(address, {"_key": str(uuid.uuid4()), **data})


def _pages(w: Window) -> Mapping[str, tuple[str, dict[str, Any], set[str]]]:
    authority, hall = w.hall.authority_id, w.hall_id
    window, post_id = f"/overview/places/windows/{w.id}/", Post.objects.get(person__account=CLERK).pk
    area = {OWN, CITY, PROVINCE}
    return {
        "save window": (f"{window}save/", {**NEW, "name": w.name}, {OWN}),
        "equipment": (f"{window}equipment/", {"camera": "on", "bandwidth": "120"}, {OWN}),
        "day": (f"{window}day/", {"on": "2027-04-20", "reason": "停电检修"}, {OWN}),
        "close": (f"{window}close/", {"reason": "撤并"}, {OWN}),
        "post": (f"{window}post/", POST, area),
        "save authority": (
            f"/overview/places/authorities/{authority}/save/",
            {"name": "云岩区中心", "phone": "0851-1234567"},
            {OWN},
        ),
        "add hall": (
            f"/overview/places/authorities/{authority}/hall/",
            {"name": "二厅", "address": "路"},
            {OWN},
        ),
        "save hall": (
            f"/overview/places/authorities/{authority}/save-hall/",
            {"hall": hall, "name": "一厅", "address": "路"},
            {OWN},
        ),
        "add window": (f"/overview/places/authorities/{authority}/window/", {**NEW, "hall": hall}, {OWN}),
        "training": (
            f"/overview/staff/{post_id}/training/",
            {"title": "规程", "passed_on": "2026-01-05"},
            area,
        ),
        "end post": (f"/overview/staff/{post_id}/end/", {"until_on": "2027-03-02"}, area),
    }


class TestWhoMayTouchWhat:
    @pytest.mark.article("P13", "A4", "A5", "S1")
    @pytest.mark.parametrize("account", EVERYBODY)
    @pytest.mark.parametrize(
        "name",
        [
            "save window",
            "equipment",
            "day",
            "close",
            "post",
            "save authority",
            "add hall",
            "save hall",
            "add window",
            "training",
            "end post",
        ],
    )
    def test_on_pages(self, signed_in: SignedIn, yunyan: Window, name: str, account: str) -> None:
        address, data, allowed = _pages(yunyan)[name]
        status = post(signed_in(account), address, **data).status_code
        assert status == 302 if account in allowed else status in (403, 404)
        if account in (NEIGHBOUR, OTHER):
            assert status == 404 or name in ("save hall", "add window")  # as if it did not exist

    @pytest.mark.article("P13", "A4", "A5", "S1")
    @pytest.mark.parametrize("account", EVERYBODY)
    def test_by_the_api(self, yunyan: Window, account: str) -> None:
        api = Api(account)
        w, authority = f"/windows/{yunyan.id}", f"/authorities/{yunyan.hall.authority_id}"
        post_id = Post.objects.get(person__account=CLERK).pk
        own, area = account == OWN, account in (OWN, CITY, PROVINCE)
        sees = account not in (NEIGHBOUR, OTHER, ADMIN)
        calls = [
            ("PATCH", w, {"phone": "0851-86891234"}, own),
            ("PUT", f"{w}/equipment", {"found": {"camera": False}}, own),
            ("PUT", f"{w}/days/2027-04-20", {"reason": "检修"}, own),
            ("DELETE", f"{w}/days/2027-04-20", None, own),
            ("PATCH", authority, {"phone": "0851-86891234"}, own),
            ("POST", f"{authority}/halls", {"name": "二厅", "address": "路"}, own),
            ("PATCH", f"/halls/{yunyan.hall_id}", {"name": "一厅"}, own),
            ("POST", f"/halls/{yunyan.hall_id}/windows", NEW, own),
            ("POST", f"{w}/posts", {**POST}, area),
            ("POST", f"/posts/{post_id}/trainings", {"title": "规程", "passed_on": "2026-01-05"}, area),
            ("POST", f"/posts/{post_id}/end", {"until_on": "2027-03-02"}, area),
            ("POST", "/contact-list/provinces/520000000000", {"note": ""}, account == PROVINCE),
            ("POST", f"{w}/closing", {"reason": "撤并"}, own),
        ]
        for method, path, body, allowed in calls:
            answer = api.send(method, path, body)
            if path.startswith("/contact-list") and allowed:
                assert answer.status_code == 409  # nothing has changed yet, but they may
            elif allowed:
                assert answer.status_code == 200, (path, answer.content.decode())
            else:
                assert answer.status_code in (403, 404), (path, answer.status_code)
        # An administrator is turned away before anything is looked up, so existence does not show there either.
        assert api.get(w).status_code == (200 if sees else 403 if account == ADMIN else 404)

    @pytest.mark.parametrize(
        ("account", "status"),
        [(OWN, 200), (PROVINCE, 200), (GROUP, 200), (NEIGHBOUR, 404), (CLERK, 403), (ADMIN, 403)],
    )
    def test_sees_the_page_of_a_window(
        self, signed_in: SignedIn, yunyan: Window, account: str, status: int
    ) -> None:
        assert signed_in(account).get(f"/overview/places/windows/{yunyan.id}/").status_code == status

    @pytest.mark.article("P13")
    @pytest.mark.parametrize("account", EVERYBODY)
    def test_publishes(
        self, signed_in: SignedIn, yunyan: Window, at: datetime.datetime, account: str
    ) -> None:
        Window.objects.filter(id=yunyan.id).update(phone="0851-7777777")
        before = contacts.versions(limit=1)[0].number
        post(signed_in(account), "/overview/contact-list/520000000000/publish/", note="测试")
        assert contacts.versions(limit=1)[0].number == before + (account == PROVINCE)


class TestPosition:
    @pytest.mark.article("A2", "F1")
    def test_of_a_window_is_set_and_taken_away_by_program(self, yunyan: Window) -> None:
        own, path = Api("manager.520103"), f"/windows/{yunyan.id}"
        said = own.send("PATCH", path, {"latitude": 26.6001, "longitude": 106.7123}).json()
        assert (said["latitude"], said["longitude"]) == (26.6001, 106.7123)
        assert near.nearest(26.6001, 106.7123, limit=1)[0][0].window.id == yunyan.id
        assert own.send("PATCH", path, {"phone": "0851-86891234"}).json()["latitude"] == 26.6001
        assert own.send("PATCH", path, {"email": "a@example.cn"}).json()["email"] == "a@example.cn"
        assert own.send("PATCH", path, {"email": "a@b"}).json()["fields"].keys() == {"email"}
        assert own.send("PATCH", path, {"phone": "0851-86891235"}).json()["email"] == "a@example.cn"
        assert own.send("PATCH", path, {"email": ""}).json()["email"] == ""
        for wrong in ({"latitude": 106.6, "longitude": 26.6}, {"latitude": None}):
            assert own.send("PATCH", path, wrong).status_code == 422
        there = {"latitude": 25.0, "longitude": 102.7}
        assert Api("manager.530000").send("PATCH", path, there).status_code == 404
        said = own.send("PATCH", path, {"latitude": None, "longitude": None}).json()
        assert (said["latitude"], said["longitude"]) == (None, None)
        yunyan.refresh_from_db()
        assert yunyan.latitude is None


class TestPages:
    @pytest.mark.article("A2")
    def test_names_what_is_wrong_in_place_and_keeps_what_was_typed(
        self, signed_in: SignedIn, yunyan: Window
    ) -> None:
        response = post(
            signed_in(OWN), f"/overview/places/windows/{yunyan.id}/save/", **{**NEW, "phone": "abc"}
        )
        text = response.content.decode()
        assert response.status_code == 422
        assert 'id="save-phone-wrong"' in text
        assert 'value="abc"' in text
        assert NEW["address"] in text

    @pytest.mark.article("P9", "P19")
    def test_show_gaps_by_place_and_level(self, signed_in: SignedIn, yunyan: Window) -> None:
        yunyan.equipment.filter(kind__in=["camera", "headset"]).update(is_present=False)
        text = signed_in(CITY).get("/overview/places/", {"only": "gaps"}).content.decode()
        assert "缺 2 项" in text
        assert "高清摄像头、耳机" in text
        assert text.count("缺 1") == 2

    @pytest.mark.article("P13", "C12")
    def test_hand_all_cases_over_in_one_action(
        self, signed_in: SignedIn, yunyan: Window, at: datetime.datetime
    ) -> None:
        Story(at=at).lead_to("received")
        client = signed_in(OWN)
        address = f"/overview/places/windows/{yunyan.id}/"
        refused = post(client, f"{address}close/", reason="撤并")
        assert refused.status_code == 409
        assert "还有 1 件没有办结的办件" in refused.content.decode()
        successor = Window.objects.get(division_id="520102000000")
        assert post(client, f"{address}close/", reason="撤并", successor_id=successor.id).status_code == 302
        assert "正在把办件逐件移交给" in client.get(address).content.decode()

    @pytest.mark.usefixtures("nothing_read_anew")
    def test_take_the_same_number_of_queries_whatever_the_rows(self, signed_in: SignedIn) -> None:
        for address in ("/overview/places/", "/overview/staff/"):
            counts = []
            for account in (OWN, PROVINCE):
                client = signed_in(account)
                counts.append(min(_queries(client, address) for _again in range(3)))
            assert counts[0] == counts[1], address

    @pytest.mark.parametrize(
        "after", ["x", "1-2-3", "999999999999999999999-1", "520103000000-99999999999999999999999"]
    )
    def test_start_over_when_there_is_no_such_page(self, signed_in: SignedIn, after: str) -> None:
        assert signed_in(PROVINCE).get("/overview/places/", {"after": after}).status_code == 200
        assert signed_in(PROVINCE).get("/overview/staff/", {"after": after}).status_code == 200

    @pytest.mark.article("A5")
    def test_let_staff_mark_that_they_are_on_duty(self, signed_in: SignedIn, yunyan: Window) -> None:
        client = signed_in(CLERK)
        assert post(client, "/desk/window/presence/", present="1", window=yunyan.id).status_code == 302
        assert "您已登记在岗" in client.get("/desk/window/").content.decode()
        assert "在岗 1" in signed_in(OWN).get("/overview/places/").content.decode()
        post(client, "/desk/window/presence/", present="0")
        assert "您已登记在岗" not in client.get("/desk/window/").content.decode()
        assert (
            post(
                signed_in("clerk.510100"), "/desk/window/presence/", present="1", window=yunyan.id
            ).status_code
            == 403
        )

    def test_a_new_account_cannot_sign_in_before_it_has_a_password(
        self, signed_in: SignedIn, yunyan: Window
    ) -> None:
        post(signed_in(OWN), f"/overview/places/windows/{yunyan.id}/post/", **POST)
        assert not Person.objects.get(account="wang.li").has_usable_password()


def _queries(client: Client, address: str) -> int:
    """Count the queries of a page; clock and session are read anew now and then, so take the least of some."""
    with CaptureQueriesContext(connection) as counted:
        client.get(address)
    return len(counted)


class TestPublicList:
    @pytest.mark.article("A4", "P13", "F1")
    @pytest.mark.parametrize(
        "address", ["/contacts/", "/contacts/versions/", "/contacts/1/", "/contacts/2/changes/"]
    )
    def test_is_open_to_everybody(self, address: str, db: None) -> None:
        assert Client().get(address).status_code == 200

    @pytest.mark.article("A4")
    def test_shows_an_old_version_as_it_was_and_says_that_it_is_old(
        self, signed_in: SignedIn, yunyan: Window
    ) -> None:
        before = contacts.versions(limit=1)[0].number
        post(signed_in(OWN), f"/overview/places/windows/{yunyan.id}/save/", **{**NEW, "name": yunyan.name})
        client = Client()
        assert NEW["phone"] not in client.get("/contacts/", {"q": "云岩"}).content.decode()
        post(signed_in(PROVINCE), "/overview/contact-list/520000000000/publish/", note="电话变更")
        assert NEW["phone"] in client.get("/contacts/", {"q": "云岩"}).content.decode()
        old = client.get(f"/contacts/{before}/", {"q": "云岩"}).content.decode()
        assert NEW["phone"] not in old
        assert "这是旧版本" in old
        changed = client.get(f"/contacts/{before + 1}/changes/").content.decode()
        assert yunyan.phone in changed and NEW["phone"] in changed and "电话变更" in changed

    def test_marks_a_window_that_has_closed_since(self, signed_in: SignedIn, yunyan: Window) -> None:
        post(signed_in(OWN), f"/overview/places/windows/{yunyan.id}/close/", reason="撤并")
        assert "已停止受理" in Client().get("/contacts/", {"q": "云岩"}).content.decode()

    @pytest.mark.article("A4", "B8")
    def test_downloads_as_excel_and_pdf(self, db: None) -> None:
        number = contacts.versions(limit=1)[0].number
        excel = Client().get(f"/contacts/{number}.xlsx")
        book = openpyxl.load_workbook(io.BytesIO(excel.content))
        assert book["窗口"].max_row == 570
        assert f"第{number}版" in str(book["说明"]["A2"].value)
        pdf = pypdf.PdfReader(io.BytesIO(Client().get(f"/contacts/{number}.pdf").content))
        text = "".join(page.extract_text() for page in pdf.pages)
        assert "联络清单" in text and "贵阳市云岩区" in text

    @pytest.mark.article("A4", "P13", "B8")
    def test_holds_a_windows_email_once_it_is_published(self, signed_in: SignedIn, yunyan: Window) -> None:
        page, email = f"/overview/places/windows/{yunyan.id}/", "yunyan@example.gov.cn"
        before = contacts.versions(limit=1)[0].number
        wrong = post(signed_in(OWN), f"{page}save/", **{**NEW, "name": yunyan.name, "email": "a@b"})
        text = wrong.content.decode()
        assert wrong.status_code == 422 and "电子邮箱写法不对" in text and 'value="a@b"' in text
        sent = {**NEW, "name": yunyan.name, "email": f" {email} "}
        assert post(signed_in(OWN), f"{page}save/", **sent).status_code == 302
        assert f'value="{email}"' in signed_in(OWN).get(page).content.decode()
        assert email in signed_in(CITY).get(page).content.decode()
        assert email in signed_in(CLERK).get("/desk/window/").content.decode()
        client = Client()
        assert email not in client.get("/contacts/", {"q": "云岩"}).content.decode()
        assert email in signed_in(PROVINCE).get("/overview/contact-list/").content.decode()
        post(signed_in(PROVINCE), "/overview/contact-list/520000000000/publish/")
        assert f'href="mailto:{email}"' in client.get("/contacts/", {"q": email}).content.decode()
        listed = client.get("/api/v1/contact-list").json()["windows"]
        assert {w["email"] for w in listed if w["id"] == yunyan.id} == {email}
        assert {w["email"] for w in listed if w["id"] != yunyan.id} == {""}
        titles = []
        for number in (before, before + 1):
            book = openpyxl.load_workbook(io.BytesIO(client.get(f"/contacts/{number}.xlsx").content))
            titles.append([cell.value for cell in book["窗口"][1]])
        assert set(titles[1]) - set(titles[0]) == {"电子邮箱"}  # an old version's file stays as it was
        pdf = pypdf.PdfReader(io.BytesIO(client.get(f"/contacts/{before + 1}.pdf").content))
        assert email in "".join(p.extract_text() for p in pdf.pages).replace("\n", "")

    def test_says_that_there_is_no_such_version(self, db: None) -> None:
        for address in ("/contacts/999/", "/contacts/999.pdf", "/contacts/999/changes/"):
            assert Client().get(address).status_code == 404

    @pytest.mark.article("A4", "H3")
    def test_is_given_by_the_api_without_a_token(self, db: None) -> None:
        answer = Client().get("/api/v1/contact-list").json()
        assert len(answer["windows"]) == 569 and len(answer["provinces"]) == 5
        assert Client().get("/api/v1/contact-list?version=999").status_code == 404
        assert Client().get("/api/v1/contact-list/versions").status_code == 200
        assert Client().get("/api/v1/contact-list/versions/2/changes").status_code == 200
