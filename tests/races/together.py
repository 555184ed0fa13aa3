"""Several actors at one moment, each in a thread with a connection of its own."""

import datetime
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connections

from tongban.cases import doctor, queries
from tongban.cases.models import Case
from tongban.cases.states import FINAL
from tongban.duties.models import Duty
from tongban.journal import operations as journal
from tongban.journal.models import Entry
from tongban.kernel import refusals

PATIENCE = 60.0
_ANY_TIME = datetime.datetime(2026, 3, 2, tzinfo=datetime.UTC)


@dataclass
class Outcome:
    """What came of everybody's act: what the winners got, what the others were told."""

    won: list[Any] = field(default_factory=list)
    told: list[refusals.Refusal] = field(default_factory=list)
    broken: list[BaseException] = field(default_factory=list)


def together(*acts: Callable[[], Any]) -> Outcome:
    """Let everybody act at once; gives what came of it, and fails when somebody met anything but a refusal."""
    outcome, gate = Outcome(), threading.Barrier(len(acts))

    def one(act: Callable[[], Any]) -> None:
        try:
            gate.wait(PATIENCE)
            outcome.won.append(act())
        except refusals.Refusal as refusal:
            outcome.told.append(refusal)
        except BaseException as error:  # every failure of a thread must reach the test
            outcome.broken.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=(act,), daemon=True) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"
    if outcome.broken:
        raise outcome.broken[0]
    return outcome


class Held(threading.Thread):
    """An act that stops in the middle, where `pause` is called, until it is let go."""

    def __init__(self, act: Callable[[Callable[[], None]], Any]) -> None:
        super().__init__(daemon=True)
        self._act = act
        self._here, self._go = threading.Event(), threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None
        self.start()
        assert self._here.wait(PATIENCE) or self.error, "never came to the middle"

    def run(self) -> None:
        try:
            self.result = self._act(self._pause)
        except BaseException as error:  # handed to whoever joins
            self.error = error
        finally:
            self._here.set()
            connections.close_all()

    def _pause(self) -> None:
        self._here.set()
        assert self._go.wait(PATIENCE)

    def let_go(self) -> Any:
        """Let it finish; gives what it got or raises what it met."""
        self._go.set()
        return self.finished()

    def finished(self) -> Any:
        self.join(PATIENCE)
        assert not self.is_alive(), "waits for ever"
        if self.error:
            raise self.error
        return self.result


def started(act: Callable[[], Any]) -> Held:
    """Begin an act that is not held: it is alive as long as something else keeps it waiting."""

    def run(pause: Callable[[], None]) -> Any:
        pause()
        return act()

    begun = Held(run)
    begun._go.set()
    begun.join(0.5)
    return begun


def is_whole(*case_ids: int) -> None:
    """Fail unless these cases have one holder, one clock, a chain without a gap, one entry for each step."""
    numbers = {Case.objects.get(id=id_).number for id_ in case_ids}
    ill = [a for a in doctor.examine(at=_ANY_TIME) if a.number in numbers]
    assert not ill, ill
    faults = [f for f in journal.verify(heads=queries.heads()) if f.chain_id in case_ids]
    assert not faults, faults
    for case in Case.objects.filter(id__in=case_ids):
        turns = Duty.objects.filter(case_id=case.id, is_turn=True, done_at=None).count()
        assert turns == (case.state not in FINAL)
        assert Entry.objects.filter(chain_id=case.id).count() == case.journal_seq == case.revision


def codes(case_id: int) -> list[str]:
    """Give the steps of a case as its journal has them, without the prefix."""
    rows = Entry.objects.filter(chain_id=case_id).order_by("seq").values_list("code", flat=True)
    return [code.removeprefix("case.") for code in rows]


def refused_as(told: Sequence[refusals.Refusal]) -> set[str]:
    """Give the names of the refusals."""
    return {refusal.code for refusal in told}
