"""Help over the API: a program of the window writes and uploads for an applicant, and the applicant alone sends."""

import datetime
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests import pictures, stories
from tests.web.api.program import Api
from tests.web.api.test_door import problem
from tongban.cases.models import Help
from tongban.cases.operations import helping
from tongban.catalogue import standards
from tongban.journal.models import Look
from tongban.people import limits
from tongban.people.models import Tally
from tongban.web.kit import applying

pytestmark = [pytest.mark.django_db, pytest.mark.article("C8", "P22", "H3")]
PURPOSE = {"purpose": "不会上传照片"}


@pytest.fixture
def draft(at: datetime.datetime) -> stories.Online:
    return stories.Online(at=at).start()


def code_of(draft: stories.Online) -> str:
    return helping.make_code(draft.id, by=draft.applicant, at=draft.at)


@pytest.fixture
def helped(draft: stories.Online, receiver: Api) -> str:
    """The number of a draft that the receiving window's program helps to write."""
    answer = receiver.send("POST", "/help", {"code": code_of(draft), **PURPOSE})
    assert answer.status_code == 201, answer.content.decode()
    number: str = answer.json()["case"]["number"]
    return number


def sheet() -> SimpleUploadedFile:
    return SimpleUploadedFile("照片.png", pictures.sheet(), "image/png")


def answered(program: Api, number: str, draft: stories.Online) -> None:
    """Answer every question that is open, by nothing but what the API says about it."""
    for _round in range(40):
        left = [q for q in program.get(f"/help/{number}").json()["questions"] if not q["is_done"]]
        if not left:
            return
        path = f"/help/{number}/questions/{left[0]['key']}"
        asked = program.get(path).json()
        if asked["takes_files"]:
            done = program.upload(f"{path}/files", sheet())
        else:
            samples = {
                "date": "2026-01-15",
                "number": "1",
                "address": "520103000000 示例路1号",
                "secret": "13800000000",
            }
            said = {
                i["name"]: i["value"]
                or (i["choices"][0]["value"] if i["choices"] else samples.get(i["type"], "示例内容"))
                for i in asked["inputs"]
            }
            if left[0]["key"].startswith("form."):
                said = {"value": _by_standard(draft, left[0]["key"])}
            done = program.send("POST", path, said)
        assert done.status_code in (200, 201), (left[0], done.content.decode())
    raise AssertionError(left)


def _by_standard(draft: stories.Online, key: str) -> str:
    return stories._answer(standards.of(draft.case.standard).field(key.removeprefix("form.")))


class TestHelp:
    def test_writes_everything_and_leaves_the_sending_to_the_applicant(
        self, draft: stories.Online, receiver: Api, helped: str
    ) -> None:
        assert [c["number"] for c in receiver.get("/help").json()] == [helped]
        answered(receiver, helped, draft)
        assert all(q.is_done for q in applying.questions_of(draft.case))
        problem(receiver.step(helped, "submit"), 404, "unknown_verb")
        assert receiver.send("POST", f"/help/{helped}/end").json() == {"done": True}
        problem(receiver.get(f"/help/{helped}"), 404, "unknown_case")
        assert receiver.get("/help").json() == []
        draft.do("submit")
        assert draft.case.state == "arrived"

    def test_says_what_each_question_wants(self, draft: stories.Online, receiver: Api, helped: str) -> None:
        delivery = receiver.get(f"/help/{helped}/questions/delivery").json()
        way, address = delivery["inputs"]
        assert way["name"] == "delivery_way" and way["value"] == "electronic"
        assert {"electronic", "post"} <= {c["value"] for c in way["choices"]}
        assert address["name"] == "delivery_address"
        who = receiver.get(f"/help/{helped}/questions/who").json()
        phone = next(i for i in who["inputs"] if i["name"] == "phone")
        assert phone["type"] == "secret" and "*" in phone["value"]
        place = receiver.get(f"/help/{helped}/questions/place").json()
        assert [(i["name"], i["type"]) for i in place["inputs"]] == [("home_code", "division")]
        assert place["before"] == "who" and place["inputs"][0]["value"] == draft.home_code

    def test_refuses_what_is_wrong_at_its_field(self, receiver: Api, helped: str) -> None:
        path = f"/help/{helped}/questions"
        answer = receiver.send("POST", f"{path}/delivery", {"delivery_way": "post"})
        assert "delivery_address" in problem(answer, 422, "no_address")["fields"]
        strange = receiver.send("POST", f"{path}/who", {"circumstance": "expired"})
        assert "circumstance" in problem(strange, 422, "not_of_this_question")["fields"]
        problem(receiver.send("POST", f"{path}/no-such", {}), 404, "no_such_question")
        problem(receiver.upload(f"{path}/delivery/files", sheet()), 404, "no_such_question")

    def test_leaves_what_is_not_given_as_it_is(
        self, draft: stories.Online, receiver: Api, helped: str
    ) -> None:
        draft.write()
        before = applying.questions_of(draft.case)
        for question in before:
            if not question.key.startswith("paper."):
                answer = receiver.send("POST", f"/help/{helped}/questions/{question.key}", {})
                assert answer.status_code == 200, answer.content.decode()
        assert applying.questions_of(draft.case) == before

    def test_counts_an_upload_and_an_answer_once(
        self, draft: stories.Online, receiver: Api, helped: str
    ) -> None:
        paper = next(q.key for q in applying.questions_of(draft.case) if q.key.startswith("paper."))
        path = f"/help/{helped}/questions/{paper}/files"
        first, again = receiver.upload(path, sheet(), key="k"), receiver.upload(path, sheet(), key="k")
        assert first.json() == again.json() and again["Idempotent-Replay"] == "true"
        (file,) = first.json()["files"]
        shown = receiver.get(f"/help/{helped}/files/{file['id']}")
        assert shown["Content-Type"] == "image/png" and shown.content.startswith(b"\x89PNG")
        assert Look.objects.filter(case_id=draft.id, what="scan").count() == 1
        for _twice in range(2):
            gone = receiver.send("DELETE", f"/help/{helped}/files/{file['id']}", key="d")
            assert gone.json() == {"done": True}
        assert receiver.get(f"/help/{helped}/questions/{paper}").json()["files"] == []

    def test_is_nobody_else_s(
        self, draft: stories.Online, receiver: Api, helped: str, api: Callable[[str], Api]
    ) -> None:
        for account in ("clerk.530102", "lead.520103"):
            other = api(account)
            assert other.get("/help").json() == []
            for path in ("", "/questions/who"):
                problem(other.get(f"/help/{helped}{path}"), 404, "unknown_case")
            problem(
                other.send("POST", f"/help/{helped}/questions/who", {"phone": "13800000000"}),
                404,
                "unknown_case",
            )
            problem(other.send("POST", f"/help/{helped}/end"), 404, "unknown_case")
        problem(api("manager.520103").get("/help"), 403, "not_your_door")
        assert Help.objects.filter(case_id=draft.id, ended_at=None).count() == 1


class TestBegin:
    def test_uses_the_code_up_and_repeats_its_answer(self, draft: stories.Online, receiver: Api) -> None:
        said = {"code": code_of(draft).lower(), **PURPOSE}
        first, again = (receiver.send("POST", "/help", said, key="k") for _twice in range(2))
        assert first.status_code == again.status_code == 201 and first.json() == again.json()
        fields = problem(receiver.send("POST", "/help", said), 422, "wrong_help_code")["fields"]
        assert "code" in fields

    def test_wants_a_purpose_and_a_key(self, draft: stories.Online, receiver: Api) -> None:
        code = code_of(draft)
        answer = receiver.send("POST", "/help", {"code": code, "purpose": " "})
        assert "purpose" in problem(answer, 422, "no_reason")["fields"]
        problem(receiver.send("POST", "/help", {"code": code, **PURPOSE}, key=None), 422, "key_missing")

    @pytest.mark.article("S1")
    def test_counts_wrong_codes_although_they_are_rolled_back(
        self, receiver: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(applying, "CODE_TRIES", limits.Limit("help.code", 3, datetime.timedelta(hours=1)))
        wrong = {"code": "AAAAAAAA", **PURPOSE}
        for _try in range(3):
            problem(receiver.send("POST", "/help", wrong), 422, "wrong_help_code")
        problem(receiver.send("POST", "/help", wrong), 429, "too_often")
        assert Tally.objects.get(what="help.code").count == 4
