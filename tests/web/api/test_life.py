"""A case over the API: entered, sent, decided, delivered, by the same operations as on the pages."""

import datetime
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from tests import pictures
from tests.web.api.program import Api
from tests.web.api.test_door import problem
from tongban.cases import queries
from tongban.cases.models import Case
from tongban.directory import queries as directory
from tongban.journal.models import Look
from tongban.kernel import keyring
from tongban.notices import signature

IDENTITY = "11010519491231002X"


def drawn(name: str = "sheet.png") -> io.BytesIO:
    out = io.BytesIO()
    Image.new("RGB", (300, 400), "white").save(out, "PNG")
    out.seek(0)
    out.name = name
    return out


@pytest.fixture
def entered(receiver: Api) -> str:
    """The number of a case that lacks nothing but the verdict on its papers."""
    procedure = receiver.get("/items", q="换驾照").json()[0]["procedures"][0]
    home = {"home": "510107000000"}
    standard = receiver.get(f"/procedures/{procedure['id']}/standard", **home).json()
    number: str = receiver.send("POST", "/cases", {}).json()["number"]
    chosen = {
        "procedure_id": procedure["id"],
        "home_code": "510107000000",
        "circumstance": standard["circumstances"][0]["key"],
    }
    assert receiver.send("POST", f"/cases/{number}/choose", chosen).status_code == 200
    samples = {"number": "1", "date": "2026-01-15", "identity_number": IDENTITY, "phone": "13800000000"}
    samples["address"] = "520103000000 示例路1号"
    form = {
        f["key"]: f["choices"][0] if f["choices"] else samples.get(f["type"], "示例")
        for f in receiver.get(f"/cases/{number}").json()["form_fields"]
    }
    values = {
        "name": "测试甲",
        "identity": IDENTITY,
        "is_identity_checked": True,
        "contact_name": "测试甲",
        "phone": "13800000000",
        "form": form,
        "channel": "online",
        "delivery_way": "post",
        "delivery_address": "贵州省贵阳市云岩区示例路1号",
    }
    answer = receiver.send("PATCH", f"/cases/{number}", values)
    assert answer.status_code == 200, answer.content.decode()
    return number


def mark_all(receiver: Api, number: str, **found: Any) -> list[str]:
    keys = [m["key"] for m in receiver.get(f"/cases/{number}").json()["materials"]]
    for key in keys:
        answer = receiver.send("PATCH", f"/cases/{number}/materials/{key}", {"verdict": "passed", **found})
        assert answer.status_code == 200
    return keys


class TestIntake:
    @pytest.mark.article("P21(1)")
    def test_shows_what_is_missing_before_receipt_and_then_receives(
        self, receiver: Api, entered: str
    ) -> None:
        case = receiver.get(f"/cases/{entered}").json()
        assert set(case["missing"]) == {f"material.{m['key']}" for m in case["materials"] if m["is_required"]}
        refused = problem(receiver.step(entered, "receive"), 422, "not_ready")
        assert set(refused["fields"]) == set(case["missing"])
        mark_all(receiver, entered)
        done = receiver.step(entered, "receive").json()
        assert done["state"] == "received"
        assert done["notice"]["kind"] == "receipt" and done["notice"]["is_current"]
        assert done["clock"]["article"] == "P21(2)"

    def test_masks_numbers_and_reveals_them_as_a_recorded_act(self, receiver: Api, entered: str) -> None:
        answer = receiver.get(f"/cases/{entered}")
        assert IDENTITY not in answer.content.decode()
        assert "13800000000" not in answer.content.decode()
        problem(receiver.send("POST", f"/cases/{entered}/identity", {"what": "identity"}), 422, "invalid")
        wanted = {"what": "identity", "purpose": "与原件核对"}
        assert receiver.send("POST", f"/cases/{entered}/identity", wanted).json()["value"] == IDENTITY
        look = Look.objects.latest("id")
        assert (look.what, look.purpose, look.person) == ("identity", "与原件核对", "示例经办人·云岩区")
        problem(
            receiver.send("POST", f"/cases/{entered}/identity", {**wanted, "what": "name"}),
            404,
            "nothing_to_show",
        )

    def test_refuses_a_wrong_identity_number_beside_its_field(self, receiver: Api, entered: str) -> None:
        answer = receiver.send("PATCH", f"/cases/{entered}", {"identity": "110105194912310021"})
        assert answer.status_code == 422
        assert set(answer.json()["fields"]) == {"identity"}
        assert receiver.get(f"/cases/{entered}").json()["person"]["identity_masked"].endswith("002X")

    def test_takes_scans_in_and_gives_them_back_with_a_recorded_look(
        self, receiver: Api, entered: str
    ) -> None:
        added = receiver.upload(f"/cases/{entered}/materials/form/scans", drawn())
        assert added.status_code == 201, added.content.decode()
        scan = added.json()
        looks = Look.objects.count()
        content = receiver.get(f"/cases/{entered}/scans/{scan['id']}")
        assert content["Content-Type"] == "image/png"
        assert Image.open(io.BytesIO(content.content)).size == (300, 400)
        assert Look.objects.count() == looks + 1
        assert receiver.send("DELETE", f"/cases/{entered}/scans/{scan['id']}").json() == {"done": True}
        materials = {m["key"]: m for m in receiver.get(f"/cases/{entered}").json()["materials"]}
        assert materials["form"]["scans"] == []

    def test_refuses_a_file_that_is_no_scan_and_keeps_nothing(self, receiver: Api, entered: str) -> None:
        bad = io.BytesIO(b"MZ not a picture")
        bad.name = "papers.exe"
        answer = receiver.upload(f"/cases/{entered}/materials/form/scans", bad)
        assert answer.status_code == 422
        assert "papers.exe" in answer.json()["message"]

    def test_adds_a_material_that_the_standard_does_not_list(self, receiver: Api, entered: str) -> None:
        added = receiver.send("POST", f"/cases/{entered}/materials", {"name": "居住证明"}).json()
        assert added["name"] == "居住证明"
        assert f"material.{added['key']}" in receiver.get(f"/cases/{entered}").json()["missing"]


class TestForms:
    @pytest.mark.article("P21(1)")
    def test_a_correction_notice_is_the_very_file_that_was_previewed(
        self, receiver: Api, entered: str
    ) -> None:
        keys = mark_all(receiver, entered)
        fault = {"verdict": "to_correct", "advice": "请补签"}
        receiver.send("PATCH", f"/cases/{entered}/materials/{keys[0]}", fault)
        wanted = {"kind": "correction", "days": 10}
        preview = receiver.send("POST", f"/cases/{entered}/notices", wanted).json()
        assert preview["issued_at"] is None
        path = preview["pdf_url"].removeprefix("/api/v1")
        seen = receiver.get(path).content
        issued = receiver.send("POST", f"/cases/{entered}/notices/{preview['serial']}/issue").json()
        assert issued["state"] == "correction" and issued["notice"]["issued_at"]
        assert receiver.get(path).content == seen
        said = signature.verify_file(seen, keyring.current().public_pem)
        assert said.number == entered
        assert Look.objects.filter(what="notice").count() == 2

    def test_a_form_is_found_under_its_own_case_only(self, receiver: Api, entered: str) -> None:
        mark_all(receiver, entered)
        serial = receiver.step(entered, "receive").json()["notice"]["serial"]
        other = receiver.send("POST", "/cases", {}).json()["number"]
        problem(receiver.get(f"/cases/{other}/notices/{serial}.pdf"), 404, "unknown_notice")

    def test_a_step_with_a_form_is_refused_when_somebody_was_faster(
        self, receiver: Api, entered: str
    ) -> None:
        mark_all(receiver, entered)
        answer = receiver.send("POST", f"/cases/{entered}/steps/receive", {"revision": 99})
        problem(answer, 409, "changed_meanwhile")


class TestLife:
    @pytest.mark.article("P21(2)", "P21(3)", "P21(4)")
    def test_from_receipt_to_closing(
        self, receiver: Api, home: Api, api: Callable[[str], Api], entered: str
    ) -> None:
        keys = mark_all(receiver, entered)
        receiver.step(entered, "receive")
        problem(home.step(entered, "send"), 403, "not_your_part")
        said = problem(receiver.step(entered, "send"), 422, "not_scanned")  # nothing would arrive
        assert set(said["fields"]) == {f"scans.{key}" for key in keys}
        for key in keys:
            picture = SimpleUploadedFile("扫描.png", pictures.sheet(), "image/png")
            assert receiver.upload(f"/cases/{entered}/materials/{key}/scans", picture).status_code == 201
        assert receiver.step(entered, "send").json()["state"] == "in_transfer"
        assert [row["case"]["number"] for row in home.get("/incoming").json()] == [entered]
        under_way = home.get(f"/cases/{entered}").json()["transfers"][0]
        found = [{"key": s["key"], "finding": "ok", "originals": 1} for s in under_way["sheets"]]
        problem(home.step(entered, "confirm_arrival", found=found[1:]), 422, "sheets_missing")
        home.step(entered, "confirm_arrival", found=found)
        home.step(entered, "accept")
        steps = {s["name"]: s for s in home.get(f"/cases/{entered}").json()["steps"]}
        department = next(a for a in steps["hand_off"]["asks"] if a["name"] == "department_id")["choices"][0][
            0
        ]
        until = (directory.now() + datetime.timedelta(days=5)).date().isoformat()
        home.step(entered, "hand_off", department_id=int(department), until_on=until)
        assert (
            api("approver.510100").step(entered, "give_opinion", opinion="同意").json()["state"] == "approval"
        )
        home.step(entered, "suspend", reason="appraisal", note="鉴定", expected_on=until)
        seen = home.get(f"/cases/{entered}")
        assert seen.status_code == 200 and seen.json()["suspensions"][0]["reason_name"]
        clocks = {c["kind"]: c for c in seen.json()["clocks"]}
        assert clocks["legal_limit"]["lateness"] == "stopped" and clocks["legal_limit"]["due_at"] is None
        assert any("中止计时" in sentence for sentence in clocks["legal_limit"]["explained"])
        home.step(entered, "resume")
        home.step(entered, "grant", result_name="机动车驾驶证")
        home.step(entered, "tell_result", told_by="phone")
        home.step(entered, "post_result", waybill="1234567890123")
        home.step(entered, "confirm_delivery", received_by="测试甲")
        assert home.step(entered, "close").json()["state"] == "closed"
        case = receiver.get(f"/cases/{entered}").json()
        assert case["outcome"] == "granted" and case["clocks"] == [] and case["steps"] == []
        assert [e["code"] for e in case["journal"]][-1] == "case.close"
        assert case["deliveries"][0]["received_by"] == "测试甲"

    def test_refuses_what_a_step_does_not_ask_for(self, receiver: Api, story: Any) -> None:
        number = story.lead_to("received").case.number
        answer = receiver.step(number, "send", wayblil="1234567890123")
        assert set(problem(answer, 422, "unknown_ask")["fields"]) == {"wayblil"}

    def test_refuses_the_steps_of_the_system_and_of_nobody(self, receiver: Api, story: Any) -> None:
        number = story.lead_to("correction").case.number
        problem(receiver.step(number, "lapse"), 404, "unknown_verb")
        problem(receiver.step(number, "vanish"), 404, "unknown_verb")

    def test_tells_the_slower_of_two_what_the_faster_did(self, receiver: Api, story: Any) -> None:
        case = story.lead_to("received").case
        body = {"revision": case.revision}
        path = f"/cases/{case.number}/steps/"
        assert receiver.send("POST", path + "choose_channel", {**body, "channel": "post"}).status_code == 200
        said = problem(
            receiver.send("POST", path + "send", {**body, "waybill": "1234567890123"}),
            409,
            "changed_meanwhile",
        )
        assert "改变流转方式" in said["message"]


class TestQueues:
    def test_today_groups_what_is_owed(self, receiver: Api, home: Api, story: Any) -> None:
        number = story.lead_to("received").case.number
        rows = receiver.get("/today").json()
        everything = [*rows["late"], *rows["soon"], *rows["rest"]]
        mine = next(r for r in everything if r["case"]["number"] == number)
        assert mine["clock"]["kind"] == "send_papers"
        assert number not in [
            r["case"]["number"] for group in home.get("/today").json().values() for r in group
        ]

    def test_search_gives_page_after_page(self, receiver: Api, monkeypatch: pytest.MonkeyPatch) -> None:

        monkeypatch.setattr(queries, "PAGE", 2)
        made = {receiver.send("POST", "/cases", {}).json()["number"] for _ in range(3)}
        seen: list[str] = []
        after = ""
        while True:
            page = receiver.get("/cases", after=after).json()
            seen += [c["number"] for c in page["cases"]]
            if not page["after"]:
                break
            after = page["after"]
        assert made <= set(seen) and len(seen) == len(set(seen))

    def test_search_finds_by_number_and_by_identity(self, receiver: Api, entered: str) -> None:
        for words in (
            entered,
            entered.replace("-", "").lower(),
            IDENTITY,
            f" {IDENTITY.lower()[:6]} {IDENTITY[6:]}",
        ):
            answer = receiver.send("POST", "/cases/search", {"q": words}, key=None)
            assert entered in [c["number"] for c in answer.json()["cases"]]
            if IDENTITY[6:] not in words:
                assert receiver.get("/cases", q=words).json() == answer.json()

    def test_search_by_identity_goes_on_page_by_page(
        self, receiver: Api, entered: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(queries, "PAGE", 1)
        first = receiver.send("POST", "/cases/search", {"q": IDENTITY}, key=None).json()
        assert [c["number"] for c in first["cases"]] == [entered]
        rest = receiver.send("POST", "/cases/search", {"q": IDENTITY, "after": first["after"]}, key=None)
        assert rest.json() == {"cases": [], "after": None}

    @pytest.mark.article("P26(4)", "S1")
    @pytest.mark.parametrize(
        "typed", [IDENTITY, IDENTITY.lower(), f"{IDENTITY[:6]} {IDENTITY[6:]}", "G12345678"]
    )
    def test_search_takes_no_identity_number_in_an_address(
        self, receiver: Api, entered: str, typed: str
    ) -> None:
        refused = receiver.get("/cases", q=typed)
        said = problem(refused, 422, "identity_in_address")
        assert "POST /api/v1/cases/search" in said["message"] and set(said["fields"]) == {"q"}
        assert typed not in refused.content.decode()

    @pytest.mark.article("S1")
    def test_search_by_identity_finds_nothing_of_other_windows(
        self, api: Callable[[str], Api], entered: str
    ) -> None:
        found = api("clerk.530102").send("POST", "/cases/search", {"q": IDENTITY}, key=None)
        assert found.json()["cases"] == []


class TestPlaces:
    def test_divisions_say_whether_they_are_listed(self, receiver: Api) -> None:
        assert len(receiver.get("/divisions").json()) == 5
        counties = receiver.get("/divisions", parent="520100000000").json()
        assert {"520103000000"} <= {d["code"] for d in counties if d["has_window"]}

    def test_the_home_place_s_standard_is_given_with_the_level_that_decides(self, receiver: Api) -> None:
        procedure = receiver.get("/items/15").json()["procedures"][0]["id"]
        path = f"/procedures/{procedure}/standard"
        said = receiver.get(path, home="510107000000").json()
        assert said["deciding_code"] == "510100000000"
        assert said["materials"] and said["legal_basis"]
        problem(receiver.get("/items/999"), 404, "unknown_item")


class TestCalendar:
    def test_is_set_by_those_who_manage_the_place(self, api: Callable[[str], Api], receiver: Api) -> None:
        day, body = (
            "/calendars/520100000000/days/2026-12-09",
            {"is_working": False, "reason": "暴雪", "source": "通告"},
        )
        problem(receiver.send("PUT", day, body), 403, "not_your_calendar")
        problem(api("manager.520103").send("PUT", day, body), 403, "not_your_calendar")
        manager = api("manager.520100")
        assert manager.send("PUT", day, body).json()["is_working"] is False
        shown = receiver.get("/calendars/520103000000", year=2026).json()
        assert {"on": "2026-12-09", "is_working": False, "reason": "暴雪", "source": "通告"} in shown["days"]
        assert manager.send("DELETE", day).json() == {"done": True}
        assert "2026-12-09" not in str(receiver.get("/calendars/520103000000", year=2026).json()["days"])

    def test_refuses_a_place_that_does_not_exist(self, receiver: Api) -> None:
        assert receiver.get("/calendars/999999000000").status_code == 404


class TestReads:
    def test_a_case_costs_no_more_queries_with_more_papers(
        self, receiver: Api, entered: str, django_assert_max_num_queries: Any
    ) -> None:
        for _ in range(5):
            receiver.upload(f"/cases/{entered}/materials/form/scans", drawn())
        with django_assert_max_num_queries(30):
            receiver.get(f"/cases/{entered}")
        assert Case.objects.exists()
