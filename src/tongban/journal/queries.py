"""Reads of the journal for those who watch over it."""

import datetime

from django.db.models import Max

from tongban.journal.models import Seal


def last_sealed_at() -> datetime.datetime | None:
    """Give when the journal was last sealed, by the machine's time; None: never."""
    found: datetime.datetime | None = Seal.objects.aggregate(last=Max("sealed_at"))["last"]
    return found
