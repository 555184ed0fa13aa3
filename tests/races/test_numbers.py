"""One range of numbers, many who take from it: no number is given twice, none acknowledged is missing."""

import datetime
import secrets
import threading
from collections import Counter
from typing import Any

import pytest

from tests import stories
from tests.races.together import is_whole, together
from tests.web.api.program import Api
from tongban.cases.models import Case, Transfer
from tongban.cases.operations import intake
from tongban.directory import queries as directory
from tongban.journal import operations as journal
from tongban.journal.models import Entry, Seal
from tongban.kernel import ids
from tongban.notices.models import Notice

pytestmark = pytest.mark.usefixtures("committed")
NARROW = 5  # bits: thirty-two numbers a day, so that many meet


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ids be drawn from a range of its own that is nearly used up, so that two often draw the same one."""
    start = secrets.randbits(30) << NARROW
    draw = secrets.SystemRandom().getrandbits  # not `secrets.randbits`, which is what is replaced
    monkeypatch.setattr("tongban.kernel.ids.secrets.randbits", lambda bits: start | draw(NARROW))


@pytest.mark.article("S3")
class TestCaseNumbers:
    @pytest.mark.parametrize("count", [2, 8, 16])
    def test_of_cases_opened_at_once_are_all_different(self, count: int, at: Any) -> None:
        by = stories.actor("clerk.520103")
        outcome = together(*[lambda: intake.open_case(by=by, at=at).number] * count)
        assert len(set(outcome.won)) == count
        is_whole(*[ids.id_of(number) for number in outcome.won])

    def test_that_meet_are_drawn_anew_and_nothing_acknowledged_is_lost(self, narrow: None) -> None:
        """Twelve of thirty-two numbers: without a second draw most runs would fail somebody."""
        api = Api("clerk.520103")
        before = set(Case.objects.values_list("id", flat=True))
        answers: list[Any] = []
        acts = [lambda: answers.append(api.send("POST", "/cases", {})) for _ in range(12)]
        together(*acts)
        made = Counter(answer.json()["number"] for answer in answers if answer.status_code == 201)
        refused = [answer for answer in answers if answer.status_code != 201]
        assert all(answer.status_code == 500 for answer in refused)  # told to try again with the same key
        there = {ids.number_of(id_) for id_ in set(Case.objects.values_list("id", flat=True)) - before}
        assert max(made.values()) == 1 and set(made) == there
        assert len(made) >= 8


@pytest.mark.article("S3", "F1", "C5")
class TestSerialsAndTransfers:
    def test_of_forms_and_transfers_made_at_once_are_all_different(self, at: Any) -> None:
        several = [stories.Story(at=at).do("open") for _ in range(6)]
        together(*[lambda s=s: s.do("receive").do("send") for s in several])
        api = Api("clerk.520103")
        opened = [stories.Story(at=directory.now()).do("open").pass_all() for _ in range(6)]
        answers: list[Any] = []
        wanted = {"kind": "receipt"}
        together(
            *[
                lambda s=s: answers.append(api.send("POST", f"/cases/{s.case.number}/notices", wanted))
                for s in opened
            ]
        )
        assert [a.status_code for a in answers] == [201] * 6
        serials = [a.json()["serial"] for a in answers]
        assert len(set(serials)) == 6
        assert Notice.objects.filter(id__in=[ids.id_of(s) for s in serials]).count() == 6
        transfers = Transfer.objects.filter(case_id__in=[s.id for s in several])
        assert len({t.id for t in transfers}) == len(several)
        is_whole(*[s.id for s in several])


@pytest.mark.article("C10", "S2")
class TestChains:
    @pytest.mark.parametrize("count", [2, 16])
    def test_written_by_several_have_no_gap_and_no_fork(self, count: int, at: Any) -> None:
        place = count + 700_000

        def write() -> int:
            entry = journal.append(
                "directory",
                place,
                code="parameter_set",
                article="G1",
                at=at,
                actor_id=None,
                actor=threading.current_thread().name,
                place="",
                payload={},
            )
            return entry.seq

        outcome = together(*[write] * count)
        assert sorted(outcome.won) == list(range(1, count + 1))
        chain = journal.chain_of("directory", place)
        assert Entry.objects.filter(chain_id=chain).count() == count
        assert not [f for f in journal.verify() if f.chain_id == chain]

    def test_sealed_by_several_while_cases_grow_stay_whole(self, at: Any) -> None:
        by = stories.actor("clerk.520103")
        seal = lambda: journal.seal(at=datetime.datetime.now(datetime.UTC))  # noqa: E731
        open_ = lambda: intake.open_case(by=by, at=at) and None  # noqa: E731
        together(*[seal] * 6, *[open_] * 6)
        journal.seal(at=datetime.datetime.now(datetime.UTC))
        numbers = list(Seal.objects.order_by("number").values_list("number", flat=True))
        assert numbers == list(range(1, len(numbers) + 1))
        assert list(journal.verify()) == []
