"""One row for each time a file was taken in; the content itself lies in the store, once for each digest."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Length
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

DIGEST_LENGTH = 32
NAME_LENGTH = 120


class MediaType(models.TextChoices):
    """What a stored file can be; nothing else is ever stored or served."""

    JPEG = "image/jpeg", _("JPEG 图片")
    PNG = "image/png", _("PNG 图片")
    PDF = "application/pdf", _("PDF 文件")


class Purpose(models.TextChoices):
    """Why we hold a file."""

    SCAN = "scan", _("申请材料扫描件")
    NOTICE = "notice", _("通知书")
    RESULT = "result", _("办理结果")


class StoredFile(models.Model):
    """A file of a case: what it is called, what its content must digest to, who brought it and when."""

    # Made by the application (kernel.ids.new_id).
    id = models.BigIntegerField(primary_key=True)
    # No foreign key: cases stand above this app. Empty for a file that belongs to no case.
    case_id = models.BigIntegerField(null=True, blank=True, db_index=True)
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    # SM3 of the content as stored. Not unique: two cases may hold the same content.
    digest = models.BinaryField(max_length=DIGEST_LENGTH)
    media_type = models.CharField(max_length=20, choices=MediaType.choices)
    size = models.PositiveIntegerField(help_text="bytes of the content as stored, before encryption")
    pages = models.PositiveSmallIntegerField(null=True, blank=True)
    # Pixels of an image, points of a PDF's first page.
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    name = models.CharField(max_length=NAME_LENGTH)
    taken_in_by_id = models.BigIntegerField(null=True, blank=True)
    taken_in_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="stored_file_digest_is_sm3",
                condition=Exact(Length("digest"), DIGEST_LENGTH),
            ),
            models.CheckConstraint(name="stored_file_is_not_empty", condition=Q(size__gt=0)),
            models.CheckConstraint(
                name="stored_file_purpose_is_known",
                condition=Q(purpose__in=Purpose.values),
            ),
            models.CheckConstraint(
                name="stored_file_media_type_is_known",
                condition=Q(media_type__in=MediaType.values),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_image(self) -> bool:
        """Whether a page can show it as a picture."""
        return self.media_type in (MediaType.JPEG, MediaType.PNG)


class ImportState(models.TextChoices):
    QUEUED = "queued", _("等待检查")
    CHECKING = "checking", _("正在检查")
    FAULTY = "faulty", _("有错误，没有导入")
    CHECKED = "checked", _("等您确认")
    APPLYING = "applying", _("正在导入")
    APPLIED = "applied", _("已导入")
    UNCHANGED = "unchanged", _("没有变化，不需要导入")


class Import(models.Model):
    """An Excel workbook that somebody handed in: what it would change, what is wrong with it, how far it is.

    The content lies in the store under its digest.
    """

    RUNNING = (ImportState.QUEUED, ImportState.CHECKING, ImportState.APPLYING)

    id = models.BigIntegerField(primary_key=True)
    kind = models.CharField(max_length=12)
    name = models.CharField(max_length=NAME_LENGTH)
    digest = models.BinaryField(max_length=DIGEST_LENGTH)
    size = models.PositiveIntegerField()
    status = models.CharField(max_length=12, choices=ImportState.choices, default=ImportState.QUEUED)
    done = models.PositiveIntegerField(default=0)  # rows gone through so far
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    same = models.PositiveIntegerField(default=0)
    changes = models.JSONField(default=list)  # sentences, at most 500
    faults = models.JSONField(default=list)  # [{"sheet", "row", "column", "what"}], at most 200
    problem = models.CharField(max_length=300, blank=True)  # why the whole file could not be read
    made_by_id = models.BigIntegerField(db_index=True)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(status=ImportState.FAULTY) | ~Q(faults=[]) | ~Q(problem=""),
                name="a_faulty_import_says_what_is_wrong",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_running(self) -> bool:
        return self.status in self.RUNNING
