"""Whatever people do, in whatever order, a case keeps its promises."""

import datetime
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests import stories
from tongban.cases import doctor, queries
from tongban.cases.states import FINAL, STATES, STEPS, State
from tongban.duties.models import Duty
from tongban.journal import operations as journal
from tongban.journal.models import Entry
from tongban.kernel import refusals


class Life(RuleBasedStateMachine):
    """Takes lawful and unlawful steps at random; a savepoint around each life undoes it afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self.outer = transaction.atomic()
        self.outer.__enter__()
        self.story: Any = None
        self.taken = 0

    @initialize(how=st.sampled_from(["online", "post", "online_paper", "written", "written"]))
    def begin(self, how: str) -> None:
        at = datetime.datetime(2026, 3, 2, 2, 0, tzinfo=datetime.UTC)
        if how == "written":
            self.story = stories.Online(at=at).do("start")
        else:
            self.story = stories.Story(at=at, channel=how).open().fill()
        self.names = {m.name for m in queries.materials_of(self.story.id)}

    @rule(name=st.sampled_from(sorted(STEPS)))
    def try_any_step(self, name: str) -> None:
        self._try(name)

    @rule(data=st.data())
    def take_a_lawful_step(self, data: st.DataObject) -> None:
        case = self.story.case
        lawful = [n for n, s in STEPS.items() if case.state in s.from_ and case.mode in s.modes]
        if lawful:
            self._try(data.draw(st.sampled_from(lawful)))

    def _try(self, name: str) -> None:
        before = self.story.case
        try:
            with transaction.atomic():
                self.story.do(name)
        except refusals.Refusal:
            after = self.story.case
            assert (after.state, after.revision, after.journal_seq) == (
                before.state,
                before.revision,
                before.journal_seq,
            )
            return
        self.taken += 1
        assert before.state in STEPS[name].from_ and before.mode in STEPS[name].modes

    @invariant()
    def holds(self) -> None:
        if self.story is None:
            return
        case = self.story.case
        turns = list(Duty.objects.filter(case_id=case.id, is_turn=True, done_at=None))
        assert [d.kind for d in turns] == [STATES[State(case.state)].duty] * (case.state not in FINAL)
        assert all(d.due_at for d in turns)
        assert not [a for a in doctor.examine(at=self.story.at) if a.number == case.number]
        assert not [f for f in journal.verify(heads=queries.heads()) if f.chain_id == case.id]
        assert Entry.objects.filter(chain_id=case.id).count() == self.taken + 1 == case.journal_seq
        assert self.names <= {m.name for m in queries.materials_of(case.id)}

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.outer.__exit__(None, None, None)


@pytest.mark.django_db
@pytest.mark.article("C9", "C10", "C12", "G1", "S3")
def test_no_sequence_of_steps_breaks_a_promise() -> None:
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=6,
            stateful_step_count=25,
            deadline=None,
            phases=[Phase.explicit, Phase.generate],  # what fails is short enough to read as it is
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
