"""Reads: the files of a case, a file's content, whether the store works."""

import logging

from django.db.models import QuerySet

from tongban.documents import store
from tongban.documents.models import StoredFile
from tongban.kernel import refusals

_log = logging.getLogger(__name__)


class Damaged(refusals.Conflict):
    """“{name}”的存档内容丢失或已损坏，系统不能打开。请告知系统管理员从备份恢复（内容编号 {digest}）；纸质原件还在的，也可以重新扫描上传。"""  # noqa: E501


def of_case(case_id: int) -> QuerySet[StoredFile]:
    """Give the files of a case, oldest first. Whoever asks must be allowed to see the case."""
    return StoredFile.objects.filter(case_id=case_id).order_by("taken_in_at", "id")


def content_of(stored: StoredFile) -> bytes:
    """Give a file's content, checked against its digest on every read.

    Raises:
        Damaged: when it is missing, changed or cannot be decrypted.
    """
    digest = bytes(stored.digest)
    try:
        return store.get(digest)
    except store.Unreadable as error:
        _log.error("Stored file %s is damaged: %s", stored.pk, error)
        raise Damaged(name=stored.name, digest=digest.hex()[:12]) from error


def storage_ready() -> bool:
    """Tell whether files can be written and read right now, by writing and reading one."""
    return store.is_ready()
