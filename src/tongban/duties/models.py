"""One row = one duty: an article, who owes it, about which case, since when and until when."""

from django.db import models
from django.db.models import Q


class BearerKind(models.TextChoices):
    WINDOW = "window", "窗口"
    DEPARTMENT = "department", "审批部门"
    APPLICANT = "applicant", "申请人"
    AUTHORITY = "authority", "政务服务管理机构"
    GROUP = "group", "协调小组"  # one for all five provinces: its id is 0


class Unit(models.TextChoices):
    WORKING_DAY = "working_day", "工作日"
    CALENDAR_DAY = "calendar_day", "日"


class Outcome(models.TextChoices):
    DONE = "done", "已履行"
    CANCELLED = "cancelled", "已无需履行"
    LAPSED = "lapsed", "逾期失效"


class Duty(models.Model):
    """Who owes what until when (G1). Open while `done_at` is empty; its clock stands while `due_at` is empty."""

    id = models.BigIntegerField(primary_key=True)
    bearer_kind = models.CharField("义务人类别", max_length=12, choices=BearerKind)
    bearer_id = models.BigIntegerField(
        "义务人"
    )  # id of a window or authority; the case's id for its applicant
    # The window that keeps an eye on a duty that is not its own (an applicant's), so that it can be found.
    watched_by_id = models.BigIntegerField("关注窗口", null=True)
    # What it is about: a case; of an authority or the group, a rectification, an appeal or a complaint.
    case_id = models.BigIntegerField("办件", db_index=True)
    kind = models.CharField("义务", max_length=40)
    article = models.CharField("条款", max_length=40)
    is_turn = models.BooleanField("当前环节")  # the one duty that says whose turn it is on the case
    opened_at = models.DateTimeField("产生时间")
    counts_from_at = models.DateTimeField("起算时间")
    unit = models.CharField("单位", max_length=12, choices=Unit, default=Unit.WORKING_DAY)
    amount = models.IntegerField("期限")
    calendar_code = models.CharField("适用日历", max_length=12)
    stops = models.JSONField("依法暂停", default=list)  # [{"from", "until", "reason"}], ISO times
    due_at = models.DateTimeField("到期时间", null=True)
    amber_at = models.DateTimeField("预警时间", null=True)
    done_at = models.DateTimeField("完成时间", null=True)
    done_by_id = models.BigIntegerField("完成人", null=True)
    outcome = models.CharField("结果", max_length=10, choices=Outcome, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case_id"],
                condition=Q(is_turn=True, done_at__isnull=True),
                name="a_case_is_one_holders_turn",
            ),
            models.CheckConstraint(
                condition=Q(done_at__isnull=True, outcome="") | Q(done_at__isnull=False) & ~Q(outcome=""),
                name="a_done_duty_says_how_it_ended",
            ),
        ]
        indexes = [
            models.Index(
                fields=["bearer_kind", "bearer_id", "due_at"],
                condition=Q(done_at__isnull=True),
                name="duty_queue",
            ),
            models.Index(
                fields=["watched_by_id", "due_at"],
                condition=Q(done_at__isnull=True, watched_by_id__isnull=False),
                name="duty_watched",
            ),
            models.Index(fields=["due_at"], condition=Q(done_at__isnull=True), name="duty_due"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.bearer_kind}:{self.bearer_id}"
