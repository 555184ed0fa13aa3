"""One write sent several times at once under one key has one effect and one answer."""

from typing import Any

import pytest

from tests import stories
from tests.races.together import codes, is_whole, together
from tests.web.api.program import Api
from tongban.cases.models import Case
from tongban.directory import queries as directory

pytestmark = pytest.mark.usefixtures("committed")


@pytest.mark.article("S3", "C2")
class TestParallelWrites:
    @pytest.mark.parametrize("count", [2, 6, 16])
    def test_with_one_key_open_one_case_and_get_one_answer(self, count: int) -> None:
        api, before, answers = Api("clerk.520103"), Case.objects.count(), list[Any]()
        together(*[lambda: answers.append(api.send("POST", "/cases", {}, key=f"open-{count}"))] * count)
        assert Case.objects.count() - before == 1
        assert [a.status_code for a in answers] == [201] * count
        assert len({a.content for a in answers}) == 1

    @pytest.mark.parametrize("count", [2, 6, 16])
    def test_with_one_key_take_one_step_and_get_one_answer(self, count: int) -> None:
        api, answers = Api("clerk.520103"), list[Any]()
        case = stories.Story(at=directory.now()).lead_to("received").case
        path, seen = f"/cases/{case.number}/steps/send", {"revision": case.revision}
        together(*[lambda: answers.append(api.send("POST", path, seen, key=f"send-{count}"))] * count)
        assert [a.status_code for a in answers] == [200] * count
        assert len({a.content for a in answers}) == 1
        assert codes(case.id).count("send") == 1
        is_whole(case.id)
