"""The forms that were made: which case, which bytes, whether they count."""

from django.db import models
from django.db.models import Q

from tongban.cases.models import Case
from tongban.kernel import ids
from tongban.notices.wording import Kind


class OwnResult(models.Model):
    """A PDF of the deciding office that is to be the electronic result; it counts once the case is granted (E4)."""

    id = models.BigIntegerField(primary_key=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="+", verbose_name="办件")
    file_id = models.BigIntegerField("文件")
    name = models.CharField("文件名", max_length=200)
    pages = models.IntegerField("页数")
    digest = models.BinaryField("摘要", max_length=32)
    added_at = models.DateTimeField("上传时间")
    added_by_name = models.CharField("上传人", max_length=60)
    removed_at = models.DateTimeField("移除时间", null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(removed_at__isnull=True), name="a_case_has_one_own_result"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Notice(models.Model):
    """A form as it was previewed. It counts from `issued_at` until a later form of the case replaces it."""

    id = models.BigIntegerField(primary_key=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="+", verbose_name="办件")
    kind = models.CharField("文书", max_length=12, choices=Kind)
    revision = models.IntegerField("办件步数")  # of the case when the form was prepared
    days = models.IntegerField("补正期限", null=True)
    beyond_reason = models.CharField("超出首次告知的理由", max_length=300, blank=True)
    file_id = models.BigIntegerField("文件")
    digest = models.BinaryField("文件摘要", max_length=32)
    signature = models.BinaryField("文件签名", max_length=64)
    data_digest = models.BinaryField("内容摘要", max_length=32)
    prepared_at = models.DateTimeField("制作时间")
    prepared_by_id = models.BigIntegerField("制作人")
    issued_at = models.DateTimeField("出具时间", null=True)
    superseded_at = models.DateTimeField("被替代时间", null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="notice_kind_is_known"),
            models.CheckConstraint(
                condition=~Q(kind=Kind.CORRECTION) & Q(days__isnull=True)
                | Q(kind=Kind.CORRECTION, days__isnull=False),
                name="only_a_correction_notice_sets_a_time",
            ),
            models.CheckConstraint(
                condition=Q(superseded_at__isnull=True) | Q(issued_at__isnull=False),
                name="only_an_issued_notice_is_superseded",
            ),
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(issued_at__isnull=False, superseded_at__isnull=True) & ~Q(kind=Kind.RESULT),
                name="a_case_has_one_current_notice",
            ),
            models.UniqueConstraint(
                fields=["case"], condition=Q(kind=Kind.RESULT), name="a_case_has_one_result"
            ),
        ]

    def __str__(self) -> str:
        return self.serial

    @property
    def serial(self) -> str:
        """The number printed on the form (文书编号): the id written for people."""
        return ids.number_of(self.id)

    @property
    def is_current(self) -> bool:
        """Whether the form was issued and nothing has replaced it."""
        return self.issued_at is not None and self.superseded_at is None
