"""Writes: take in what people hand over, keep what we made ourselves.

Each comes in two forms. `prepare_scan` and `prepare` give an unsaved row whose content is already durable,
for a caller that inserts it in a statement of its own; call them before the transaction: they write to disk.
`take_in` and `keep` insert the row as well. Should the row never be written, the content alone does no harm.
"""

import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from tongban.documents import cleaning, rules, store
from tongban.documents.models import MediaType, Purpose, StoredFile
from tongban.kernel import crypto, ids


def take_in(
    data: bytes,
    *,
    name: str,
    case_id: int | None,
    by_id: int | None,
    at: datetime.datetime,
    purpose: str = Purpose.SCAN,
) -> StoredFile:
    """Check, clean and store an upload; give its saved row. Refuses as `prepare_scan` does."""
    stored = prepare_scan(data, name=name, case_id=case_id, by_id=by_id, at=at, purpose=purpose)
    stored.save(force_insert=True)
    return stored


def prepare_scan(
    data: bytes,
    *,
    name: str,
    case_id: int | None,
    by_id: int | None,
    at: datetime.datetime,
    purpose: str = Purpose.SCAN,
) -> StoredFile:
    """Check and clean an upload and make it durable; give its row, unsaved.

    Raises:
        rules.EmptyFile, rules.TooLarge, rules.WrongType, rules.Hostile,
        cleaning.Broken, cleaning.Encrypted, cleaning.StillAForm, cleaning.TooManyPixels,
        cleaning.TooManyPages: what is wrong with the file (all are rules.UnfitFile).
        store.StoreFull, store.StoreFailed: the disk would not take it.
    """
    shown = rules.shown_name(name) or _("扫描件")
    rules.check_size(data, name=shown, limit=settings.TONGBAN_MAX_SCAN)
    media_type = rules.media_type_of(data, name=shown)
    rules.check_not_virus(data, name=shown)
    cleaned = cleaning.clean(data, name=shown, media_type=media_type)
    stored = prepare(
        cleaned.content,
        name=shown,
        media_type=media_type,
        case_id=case_id,
        by_id=by_id,
        at=at,
        purpose=purpose,
    )
    stored.pages, stored.width, stored.height = (
        cleaned.pages,
        cleaned.width,
        cleaned.height,
    )
    return stored


def keep(
    data: bytes,
    *,
    name: str,
    media_type: str,
    case_id: int | None,
    by_id: int | None,
    at: datetime.datetime,
    purpose: str,
) -> StoredFile:
    """Store a document of our own making byte for byte; give its saved row."""
    stored = prepare(
        data,
        name=name,
        media_type=media_type,
        case_id=case_id,
        by_id=by_id,
        at=at,
        purpose=purpose,
    )
    stored.save(force_insert=True)
    return stored


def prepare(
    data: bytes,
    *,
    name: str,
    media_type: str,
    case_id: int | None,
    by_id: int | None,
    at: datetime.datetime,
    purpose: str,
) -> StoredFile:
    """Make a document of our own durable, byte for byte; give its row, unsaved.

    Raises:
        store.StoreFull, store.StoreFailed: the disk would not take it.
    """
    digest = crypto.sm3(data)
    stored = StoredFile(
        id=ids.new_id(at),
        case_id=case_id,
        purpose=Purpose(purpose),
        digest=digest,
        media_type=MediaType(media_type),
        size=len(data),
        name=rules.shown_name(name),
        taken_in_by_id=by_id,
        taken_in_at=at,
    )
    store.put(data, digest=digest)
    return stored
