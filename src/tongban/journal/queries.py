"""Reads of the journal: one chain, all of it newest first, the seals, what was verified."""

import datetime

from django.db.models import Max

from tongban.journal import models

PAGE = 50


def chain(chain_id: int, *, limit: int = 100) -> list[models.Entry]:
    """Give the entries of something that is not a case, the latest first."""
    rows = models.Entry.objects.filter(chain_id=chain_id)
    return list(rows.order_by("-seq")[:limit])


def events(
    chain_id: int, *, code: str = "", account: str = "", before: int | None = None
) -> list[models.Entry]:
    """Give the entries of one chain, the latest first, 50 a page and one more when there are more.

    Args:
        code: of this code only.
        account: about this account only.
        before: the sequence number of the last event of the page before.
    """
    rows = models.Entry.objects.filter(chain_id=chain_id)
    if code:
        rows = rows.filter(code=code)
    if account:
        rows = rows.filter(payload__account=account)
    if before is not None:
        rows = rows.filter(seq__lt=before)
    return list(rows.order_by("-seq")[: PAGE + 1])


def latest(*, before: tuple[str, int, int] | None = None, chain_id: int | None = None) -> list[models.Entry]:
    """Give entries of all chains, or of one, the latest first, 50 a page and one more when there are more.

    Args:
        before: when the last entry of the page before was recorded (ISO), its chain and sequence number.
    """
    rows = models.Entry.objects.all()
    if chain_id is not None:
        rows = rows.filter(chain_id=chain_id)
        if before is not None:
            rows = rows.filter(seq__lt=before[2])
        return list(rows.order_by("-seq")[: PAGE + 1])
    if before is not None:
        rows = rows.filter(recorded_at__lt=before[0])
    return list(rows.order_by("-recorded_at", "-chain_id", "-seq")[: PAGE + 1])


def verifications(*, limit: int = 20) -> list[models.Verification]:
    """Give what was verified, the latest first."""
    return list(models.Verification.objects.order_by("-id")[:limit])


def seals(*, limit: int = 10) -> list[models.Seal]:
    """Give the seals, the latest first."""
    return list(models.Seal.objects.order_by("-number")[:limit])


def last_sealed_at() -> datetime.datetime | None:
    """Give when the journal was last sealed, by the machine's time; None: never."""
    found: datetime.datetime | None = models.Seal.objects.aggregate(last=Max("sealed_at"))["last"]
    return found
