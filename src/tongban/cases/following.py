"""What follows a step without belonging to it. `config.subscriptions` fills this in when the product starts."""

from collections.abc import Callable, Iterable

from tongban.cases.models import Case

# Step → tasks queued in the step's own transaction, each with the case's id and the journal's seq.
JOBS: dict[str, list[str]] = {}
# Called after the commit with the case and the windows that see a change; may fail without harm.
ON_CHANGE: list[Callable[[Case, Iterable[int]], None]] = []
# Called with (old window, new window, case) in the transaction in which another window takes the place of one that
# closes: for each of its open cases, and without a case when the last one has gone.
ON_HAND_OVER: list[Callable[[int, int, int | None], None]] = []


def queue_after(task: str, *, steps: Iterable[str]) -> None:
    """Have a task queued whenever one of these steps is taken."""
    for step in steps:
        if task not in JOBS.setdefault(step, []):
            JOBS[step].append(task)
