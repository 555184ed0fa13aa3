"""What one run of the bench has found."""

import statistics
from dataclasses import dataclass, field

CLIENTS = 8


@dataclass(frozen=True)
class Counted:
    """What one request sends: how many statements, and how often it waits for the database."""

    statements: int
    trips: int
    step_trips: int  # of them inside the transaction, the kept answer included


@dataclass
class Found:
    """What was measured: each a list with one number a round."""

    small: int
    big: int
    rounds: int
    clients: int = CLIENTS
    rates: dict[str, list[float]] = field(default_factory=dict)  # a second
    labour: dict[str, list[float]] = field(
        default_factory=dict
    )  # ms of all processors for one, with the database's
    growth: dict[str, list[float]] = field(default_factory=dict)  # p95 of big through p95 of small
    alone: dict[str, list[float]] = field(default_factory=dict)  # ms in the big database, one client
    crowd: dict[str, list[float]] = field(default_factory=dict)  # ms in the big database, all clients at once
    costs: dict[str, list[float]] = field(default_factory=dict)  # ms of processor time
    weights: dict[str, tuple[float, float]] = field(default_factory=dict)  # MB before and after
    starts: dict[str, float] = field(default_factory=dict)  # seconds
    requests: int = 0  # sent between the two weighings
    counted: dict[str, Counted] = field(default_factory=dict)

    def rate(self, name: str) -> float:
        """Give the median of a rate."""
        return statistics.median(self.rates[name])

    def thrift(self, name: str, to: str) -> list[float]:
        """Give the same as `ratio` by processor time: what other work on the machine takes does not count."""
        return [b / a for a, b in zip(self.labour[name], self.labour[to], strict=True)]

    def ratio(self, name: str, to: str) -> list[float]:
        """Give one rate through another, round by round."""
        return [a / b for a, b in zip(self.rates[name], self.rates[to], strict=True)]
