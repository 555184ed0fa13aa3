"""A write sent twice counts once: over the API, and for the forms of pages."""

import json
import os
import subprocess
import sys
import textwrap
import uuid
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from tests import conftest as project
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


class TestParallelWrites:
    def test_with_one_key_have_one_effect_and_one_answer(self) -> None:
        """Runs on a database of its own, since what threads write must be committed."""
        owner, app = project.new_database(f"tongban_once_{uuid.uuid4().hex[:8]}")
        env = {**os.environ, "TONGBAN_DATABASE_URL": owner, "TONGBAN_DATABASE_APP_URL": app}
        env |= {"PYTHONPATH": os.pathsep.join(sys.path), "DJANGO_SETTINGS_MODULE": "tongban.config.settings"}
        said = subprocess.run([sys.executable, "-c", _PARALLEL], env=env, capture_output=True, text=True)
        assert said.returncode == 0, said.stderr[-2000:]
        found = json.loads(said.stdout.strip().splitlines()[-1])
        assert found["opened"] == 1 and len(set(found["open_answers"])) == 1
        assert found["open_status"] == [201] * 6
        assert found["received_entries"] == 1 and found["step_status"] == [200] * 6
        assert len(set(found["step_answers"])) == 1


_PARALLEL = textwrap.dedent(
    """
    import json, threading
    import django
    django.setup()
    from django.db import connections
    from tests.stories import Story
    from tests.web.api.program import Api
    from tongban.cases.models import Case
    from tongban.directory import queries as directory
    from tongban.journal.models import Entry

    def together(*calls):
        answers, gate = [], threading.Barrier(len(calls))
        def one(call):
            gate.wait()
            answers.append(call())
            connections.close_all()
        threads = [threading.Thread(target=one, args=(c,)) for c in calls]
        [t.start() for t in threads]
        [t.join() for t in threads]
        return answers

    api = Api("clerk.520103")
    before = Case.objects.count()
    opened = together(*[lambda: api.send("POST", "/cases", {}, key="open")] * 6)
    count = Case.objects.count() - before
    case = Story(at=directory.now()).lead_to("received").case
    path = f"/cases/{case.number}/steps/send"
    sent = together(*[lambda: api.send("POST", path, {"revision": case.revision}, key="send")] * 6)
    print(json.dumps({
        "opened": count,
        "open_status": [a.status_code for a in opened],
        "open_answers": [a.content.decode() for a in opened],
        "step_status": [a.status_code for a in sent],
        "step_answers": [a.content.decode() for a in sent],
        "received_entries": Entry.objects.filter(chain_id=case.id, code="case.send").count(),
    }))
    """
)


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
