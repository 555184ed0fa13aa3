"""How often background work is tried before it is left for a person to see (S4).

Every task does no harm when it runs twice, so trying again is always allowed.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.db import InterfaceError, OperationalError, close_old_connections
from procrastinate import RetryStrategy

# What a step left to be done is tried for most of a night: 4, 16, 64 s, … 4½ h after one another.
AGAIN = RetryStrategy(max_attempts=8, exponential_wait=4)
# Seconds between runs of a job whose database went away under it; what is due at set times has no other try.
WAITS = (0.5, 1.0, 2.0, 4.0)

log = logging.getLogger(__name__)


def outlive_the_database(call_next: Callable[[], Any], *_: Any) -> Any:
    """Run a job on connections of its own, and again after each of `WAITS` when its database went away under it.

    A job that is queued under a lock cannot always be queued again, so it is tried again where it is.
    Raises what the job raises, once the tries are used up.
    """
    for wait in WAITS:
        try:
            return _on_own_connections(call_next)
        except (OperationalError, InterfaceError) as error:
            log.warning("a job lost its database, trying again in %.1f s: %s", wait, type(error).__name__)
            time.sleep(wait)
    return _on_own_connections(call_next)


def _on_own_connections(call_next: Callable[[], Any]) -> Any:
    close_old_connections()
    try:
        return call_next()
    finally:
        close_old_connections()
