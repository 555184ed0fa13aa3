"""Periodic work on the journal: seal what has grown, verify everything every night."""

import datetime
import logging

from procrastinate.contrib.django import app

from tongban.journal import operations

log = logging.getLogger(__name__)


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="seal")
def seal(timestamp: int) -> None:
    """Seal every chain that grew (S2); the seal bears the machine's time, which practice does not move."""
    operations.seal(at=datetime.datetime.fromtimestamp(timestamp, datetime.UTC))


@app.periodic(cron="10 3 * * *")
@app.task(queueing_lock="verify")
def verify(timestamp: int) -> None:
    """Verify chains and seals, and log each fault."""
    for fault in operations.verify():
        log.error("journal: chain %s entry %s: %s", fault.chain_id, fault.seq, fault.what)
