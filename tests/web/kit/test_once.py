"""A write sent twice counts once: over the API, and for the forms of pages."""

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from tests.web.api.program import Api
from tests.web.api.test_door import problem
from tongban.cases.models import Case
from tongban.people.models import Person, Submission
from tongban.web.kit import once


@pytest.fixture
def receiver(db: None) -> Api:
    return Api("clerk.520103")


class TestApiWrite:
    @pytest.mark.article("E3")
    def test_sent_again_gets_the_same_answer_and_has_one_effect(self, receiver: Api) -> None:
        before = Case.objects.count()
        first = receiver.send("POST", "/cases", {}, key="one")
        again = receiver.send("POST", "/cases", {}, key="one")
        assert again.content == first.content and again.status_code == 201
        assert again["Idempotent-Replay"] == "true" and "Idempotent-Replay" not in first
        assert again["Content-Type"] == first["Content-Type"]
        assert Case.objects.count() == before + 1

    def test_with_another_body_under_the_same_key_is_refused(self, receiver: Api) -> None:
        number = receiver.send("POST", "/cases", {}, key="one").json()["number"]
        problem(receiver.send("POST", "/cases", {"window_id": 1}, key="one"), 409, "key_reused")
        problem(receiver.send("PATCH", f"/cases/{number}", {"name": "甲"}, key="one"), 409, "key_reused")

    def test_without_key_or_with_too_long_a_key_is_refused(self, receiver: Api) -> None:
        said = problem(receiver.send("POST", "/cases", {}, key=None), 422, "key_missing")
        assert set(said["fields"]) == {"Idempotency-Key"}
        problem(receiver.send("POST", "/cases", {}, key="x" * 81), 422, "key_too_long")

    def test_that_was_refused_may_try_again_with_its_key(self, receiver: Api) -> None:
        number = receiver.send("POST", "/cases", {}).json()["number"]
        path = f"/cases/{number}"
        assert receiver.send("PATCH", path, {"identity": "1"}, key="two").status_code == 422
        assert receiver.send("PATCH", path, {"identity": ""}, key="two").status_code == 200

    def test_keeps_its_keys_apart_for_each_person(self, receiver: Api) -> None:
        other = Api("clerk.510100")
        first = receiver.send("POST", "/cases", {}, key="one").json()["number"]
        assert other.send("POST", "/cases", {}, key="one").json()["number"] != first

    def test_leaves_no_revealed_number_behind(self, receiver: Api) -> None:
        number = receiver.send("POST", "/cases", {}).json()["number"]
        receiver.send("PATCH", f"/cases/{number}", {"identity": "11010519491231002X"})
        wanted = {"what": "identity", "purpose": "核对"}
        receiver.send("POST", f"/cases/{number}/identity", wanted, key="three")
        assert not Submission.objects.filter(body__contains="11010519491231002X").exists()


class TestPageWrite:
    @pytest.fixture
    def calls(self) -> list[str]:
        return []

    def _post(self, view: Any, calls: list[str], **fields: str) -> HttpResponse:
        request = RequestFactory().post("/desk/", fields)
        request.user = Person.objects.get(account="clerk.520103")

        @once.once
        def counted(request: HttpRequest) -> HttpResponse:
            calls.append("called")
            return HttpResponse(view(request))

        return counted(request)

    def test_with_the_form_s_key_counts_once(self, db: None, calls: list[str]) -> None:
        first = self._post(lambda r: "一", calls, _key="k", name="甲")
        again = self._post(lambda r: "二", calls, _key="k", name="甲", csrfmiddlewaretoken="other")
        assert again.content == first.content and calls == ["called"]

    def test_without_a_key_runs_as_it_is(self, db: None, calls: list[str]) -> None:
        self._post(lambda r: "一", calls, name="甲")
        self._post(lambda r: "一", calls, name="甲")
        assert len(calls) == 2

    def test_with_other_words_under_the_same_key_is_refused(self, db: None, calls: list[str]) -> None:
        self._post(lambda r: "一", calls, _key="k", name="甲")
        with pytest.raises(once.KeyReused):
            self._post(lambda r: "一", calls, _key="k", name="乙")
