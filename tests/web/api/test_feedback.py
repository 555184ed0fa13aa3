"""Programs rate, complain, follow, put right, answer, and bring in other systems' ratings (F4, F5, W9, H3)."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests import stories
from tests.web.api.program import ROOT, Api
from tests.web.api.test_door import problem
from tongban.feedback.models import Complaint, Rating, Rectification
from tongban.people import limits

pytestmark = [pytest.mark.django_db, pytest.mark.article("F4", "F5", "P11", "W9", "H3")]
TAIL = stories.IDENTITY[-4:]


def said(path: str, body: dict[str, Any], *, key: str = "") -> Any:
    """Send without a token."""
    headers = {"Idempotency-Key": key} if key else {}
    return Client().post(ROOT + path, json.dumps(body), content_type="application/json", headers=headers)


def rated(story: stories.Story, **more: Any) -> Any:
    body = {"number": story.case.number, "tail": TAIL, "leg": "receiving", "level": 1, "words": "排队很久"}
    return said("/ratings", {**body, **more})


def filed(key: str = "", **more: Any) -> Any:
    body = {"kind": "complaint", "words": "窗口中午没有人", "place_code": "520103000000", "four": "8F2K"}
    return said("/complaints", {**body, **more}, key=key or str(uuid.uuid4()))


@pytest.fixture
def received(story: stories.Story) -> stories.Story:
    return story.do("open").do("receive")


@pytest.fixture
def manager(api: Callable[[str], Api]) -> Api:
    return api("manager.520103")


class TestRateCase:
    def test_rates_a_leg_once_for_who_holds_the_numbers(self, received: stories.Story) -> None:
        answer = rated(received)
        assert answer.json() == {
            "leg": "receiving",
            "level": 1,
            "level_name": "非常不满意",
            "is_to_be_rectified": True,
        }
        assert rated(received).status_code == 409
        assert rated(received, leg="home").status_code == 409
        assert Rating.objects.count() == 1

    def test_tells_a_wrong_number_from_wrong_digits_to_nobody(self, received: stories.Story) -> None:
        wrong, missing = rated(received, tail="0000"), rated(received, number="no-such")
        assert (wrong.status_code, wrong.json()) == (missing.status_code, missing.json())
        assert wrong.status_code == 404

    def test_is_limited(self, received: stories.Story, monkeypatch: pytest.MonkeyPatch) -> None:
        spent: list[str] = []
        monkeypatch.setattr(limits, "spend", lambda limit, subject, at: spent.append(limit.name))
        rated(received, tail="0000")
        said("/complaints/follow", {"number": "no-such", "four": "0000"})
        assert len(spent) == 4


class TestComplaint:
    def test_is_acknowledged_answered_and_followed(self, db: None, manager: Api) -> None:
        filing = filed()
        number = filing.json()["number"]
        assert filing.json()["state"] == "open"
        assert filing.json()["due_at"]
        row = next(r for r in manager.get("/complaints", state="open").json() if r["number"] == number)
        assert row["words"] == "窗口中午没有人"
        assert [o["code"][:6] for o in row["owners"]] == ["520103"]
        late = manager.send("POST", f"/complaints/{number}/answer", {"answer": "已改正", "revision": 99})
        assert late.status_code == 409
        done = manager.send(
            "POST", f"/complaints/{number}/answer", {"answer": "已改正", "revision": row["revision"]}
        )
        assert done.json()["state"] == "answered"
        assert said("/complaints/follow", {"number": number, "four": "8f2k"}).json()["answer"] == "已改正"
        assert said("/complaints/follow", {"number": number, "four": "0000"}).status_code == 404

    def test_counts_once_for_a_key_and_its_content(self, db: None) -> None:
        first, again, other = filed("k"), filed("k"), filed("k", words="另一件")
        assert first.json()["number"] == again.json()["number"] != other.json()["number"]
        assert Complaint.objects.count() == 2

    def test_wants_a_key_and_a_place(self, db: None) -> None:
        problem(said("/complaints", {"kind": "complaint", "words": "x"}), 422, "invalid")
        assert filed(place_code="").status_code == 422
        assert not Complaint.objects.exists()

    def test_of_two_places_is_answered_once_both_agree(
        self, received: stories.Story, manager: Api, api: Callable[[str], Api]
    ) -> None:
        number = filed(number=received.case.number, tail=TAIL, about="both").json()["number"]
        lead = api("manager.510100")

        def step(by: Api, name: str, **values: Any) -> Any:
            revision = Complaint.objects.get().revision
            return by.send("POST", f"/complaints/{number}/{name}", {"revision": revision, **values}).json()

        assert step(lead, "answer", answer="一稿")["state"] == "open"
        assert step(manager, "object", words="不是这样")["owners"][1]["objection"] == "不是这样"
        assert step(lead, "answer", answer="二稿")["draft"] == "二稿"
        assert step(manager, "agree")["answer"] == "二稿"

    def test_brings_the_second_place_in(self, db: None, manager: Api) -> None:
        number = filed().json()["number"]
        body = {"revision": 1, "place_code": "510100000000"}
        joined = manager.send("POST", f"/complaints/{number}/involve", body).json()
        assert [o["leads"] for o in joined["owners"]] == [True, False]


class TestRectification:
    def test_goes_to_its_end(self, received: stories.Story, manager: Api) -> None:
        rated(received)
        row = manager.get("/rectifications").json()[0]
        assert {d["kind"] for d in row["duties"]} == {"contact_rater", "rectify_rating"}
        for step, body in (
            ("contact", {"note": "已联系"}),
            ("extend", {"reason": "要加窗口"}),
            ("rectify", {"measures": "增开窗口", "reply": "谢谢"}),
            ("call-back", {"result": "satisfied"}),
        ):
            answer = manager.send("POST", f"/rectifications/{row['number']}/{step}", body)
            assert answer.status_code == 200, answer.content.decode()
        assert answer.json()["state"] == "closed"
        assert answer.json()["duties"] == []

    def test_is_dropped_when_the_level_above_upholds_the_appeal(
        self, received: stories.Story, manager: Api, api: Callable[[str], Api]
    ) -> None:
        rated(received)
        path = f"/rectifications/{Rectification.objects.get().number}"
        assert manager.send("POST", f"{path}/appeal", {"reason": "没有来过"}).status_code == 200
        decision = {"outcome": "upheld", "words": "属实"}
        assert manager.send("POST", f"{path}/decide-appeal", decision).status_code == 403
        above = api("manager.520100").send("POST", f"{path}/decide-appeal", decision)
        assert above.json()["state"] == "dropped"


class TestImportRatings:
    def row(self, **more: Any) -> dict[str, Any]:
        known = {"system": "12345", "number": "R-1", "leg": "receiving", "level": 2, "on": "2026-01-05"}
        return {**known, "code": "520103000000", **more}

    def test_takes_each_outside_number_once(self, db: None, manager: Api) -> None:
        body = {"rows": [self.row(), self.row(number="R-2", level=5)]}
        assert manager.send("POST", "/ratings/import", body).json() == {"new": 2, "known": 0}
        body["rows"].append(self.row(number="R-3"))
        assert manager.send("POST", "/ratings/import", body).json() == {"new": 1, "known": 2}
        assert Rectification.objects.count() == 2

    def test_takes_none_when_one_is_wrong_and_names_it(self, db: None, manager: Api) -> None:
        body = {"rows": [self.row(), self.row(number="R-2", on="2099-01-01")]}
        answer = manager.send("POST", "/ratings/import", body)
        assert answer.status_code == 422
        assert set(answer.json()["fields"]) == {"rows.1.on"}
        assert not Rating.objects.exists()


class TestImportComplaints:
    ROW: dict[str, Any] = {
        **{"system": "12345", "number": "GZ-1", "kind": "request", "words": "门口没有指引"},
        **{"told_at": "2026-01-05T09:05:00+08:00", "code": "520103000000", "phone": "13900000009"},
    }

    def send(self, manager: Api, *rows: dict[str, Any]) -> Any:
        return manager.send("POST", "/complaints/import", {"rows": list(rows)})

    def test_gives_each_its_number_and_by_when_it_is_answered(self, db: None, manager: Api) -> None:
        done = self.send(manager, self.ROW, {**self.ROW, "number": "GZ-2"}).json()
        assert (done["new"], done["known"]) == (2, 0)
        assert [row["outside_number"] for row in done["rows"]] == ["GZ-1", "GZ-2"]
        assert all(row["due_at"] and row["state"] == "open" for row in done["rows"])
        again = self.send(manager, self.ROW).json()
        assert (again["new"], again["known"]) == (0, 1)
        assert again["rows"][0]["number"] == done["rows"][0]["number"]
        listed = next(r for r in manager.get("/complaints").json() if r["outside_number"] == "GZ-1")
        assert (listed["system"], listed["told_at"]) == ("12345", "2026-01-05T09:05:00+08:00")
        number = done["rows"][0]["number"]
        assert said("/complaints/follow", {"number": number, "four": "0009"}).json()["state"] == "open"

    def test_of_two_places_has_two_owners(self, db: None, manager: Api) -> None:
        where = {"code": "", "receiving_place": "贵州省贵阳市云岩区", "home_place": "510107000000"}
        assert self.send(manager, {**self.ROW, **where}).status_code == 200
        (row,) = manager.get("/complaints").json()
        assert [(o["code"], o["leads"]) for o in row["owners"]] == [
            ("510107000000", True),
            ("520103000000", False),
        ]
        unknown = self.send(manager, {**self.ROW, **where, "number": "GZ-2", "home_place": "成都"})
        assert (unknown.status_code, set(unknown.json()["fields"])) == (422, {"rows.0.home_place"})

    def test_takes_none_when_one_is_wrong_and_names_it(self, db: None, manager: Api) -> None:
        wrong = self.send(manager, self.ROW, {**self.ROW, "number": "GZ-2", "code": ""})
        assert (wrong.status_code, "rows.1." in wrong.content.decode()) == (422, True)
        naive = self.send(manager, {**self.ROW, "told_at": "2026-01-05T09:05:00"})
        assert naive.status_code == 422
        elsewhere = self.send(manager, self.ROW, {**self.ROW, "number": "GZ-2", "code": "530102000000"})
        assert elsewhere.status_code == 403
        assert not Complaint.objects.exists()
