"""Background work on duties."""

import logging

from procrastinate.contrib.django import app

from tongban.directory import queries as directory
from tongban.duties import operations
from tongban.kernel import jobs

log = logging.getLogger(__name__)


@app.task(name=operations.RECOMPUTE, retry=jobs.AGAIN)
def recompute_clocks(code: str) -> None:
    """Have the running clocks of a division (empty: of all) follow its changed calendar."""
    moved = operations.recompute_clocks(code, at=directory.now())
    log.info("calendar of %s: %d clocks moved", code or "the country", moved)
