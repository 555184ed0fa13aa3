"""Ratings, rectifications, appeals, complaints and guidance. Cases are named by their id: what is said about a case
outlives no case, and lies apart from it."""

from django.db import models
from django.db.models import Q

from tongban.directory.models import Authority, Window
from tongban.feedback.states import (
    AppealOutcome,
    CallBack,
    ComplaintKind,
    ComplaintState,
    GuidanceKind,
    Leg,
    Level,
    RectificationState,
    Road,
)
from tongban.kernel import ids


class Rating(models.Model):
    """One person's word on one leg of a case (好差评). It keeps no name: whoever rates is protected."""

    id = models.BigIntegerField(primary_key=True)
    about_case_id = models.BigIntegerField(
        "办件", null=True
    )  # empty: another system's, about no case of ours
    leg = models.CharField("评价环节", max_length=10, choices=Leg)
    window = models.ForeignKey(Window, models.PROTECT, null=True, related_name="+", verbose_name="窗口")
    authority = models.ForeignKey(Authority, models.PROTECT, related_name="+", verbose_name="责任机构")
    level = models.SmallIntegerField("等级", choices=Level)
    words = models.CharField("评价内容", max_length=500, blank=True)
    may_publish = models.BooleanField("同意公开", default=False)
    road = models.CharField("渠道", max_length=10, choices=Road)
    rated_at = models.DateTimeField("评价时间")
    discounted_at = models.DateTimeField("不计入时间", null=True)  # an appeal was upheld: it counts no more
    # To call back whoever rated in another system; sealed, opened by a recorded look.
    phone_sealed = models.BinaryField("联系电话", default=b"")
    phone_masked = models.CharField("联系电话", max_length=30, blank=True)
    system = models.CharField("来源系统", max_length=40, blank=True)
    outside_number = models.CharField("来源编号", max_length=80, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["about_case_id", "leg"], name="a_leg_is_rated_once"),
            models.UniqueConstraint(
                fields=["system", "outside_number"],
                condition=~Q(outside_number=""),
                name="an_outside_rating_is_taken_once",
            ),
            models.CheckConstraint(condition=Q(level__gte=1, level__lte=5), name="a_rating_has_five_levels"),
        ]
        indexes = [
            models.Index(fields=["authority", "-rated_at", "-id"], name="rating_of_authority"),
            models.Index(fields=["window", "-rated_at", "-id"], name="rating_of_window"),
            models.Index(fields=["-rated_at", "-id"], name="rating_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.leg} {self.level}"

    @property
    def number(self) -> str:
        return ids.number_of(self.id)


class Rectification(models.Model):
    """What the authority responsible owes for a bad rating (差评整改): contact, put right, call back, reply."""

    id = models.BigIntegerField(primary_key=True)
    rating = models.OneToOneField(Rating, models.PROTECT, related_name="rectification", verbose_name="评价")
    authority = models.ForeignKey(Authority, models.PROTECT, related_name="+", verbose_name="责任机构")
    state = models.CharField("状态", max_length=10, choices=RectificationState)
    opened_at = models.DateTimeField("产生时间")
    contacted_at = models.DateTimeField("联系时间", null=True)
    contacted_by_name = models.CharField("联系人", max_length=60, blank=True)
    contact_note = models.CharField("联系情况", max_length=500, blank=True)
    extended_at = models.DateTimeField("延长时间", null=True)
    extended_by_name = models.CharField("延长人", max_length=60, blank=True)
    extension_reason = models.CharField("延长理由", max_length=300, blank=True)
    rectified_at = models.DateTimeField("整改时间", null=True)
    rectified_by_name = models.CharField("整改人", max_length=60, blank=True)
    measures = models.CharField("整改措施", max_length=1000, blank=True)
    reply = models.CharField("给评价人的答复", max_length=1000, blank=True)
    called_back_at = models.DateTimeField("回访时间", null=True)
    called_back_by_name = models.CharField("回访人", max_length=60, blank=True)
    call_back = models.CharField("回访结果", max_length=12, choices=CallBack, blank=True)
    call_back_note = models.CharField("回访情况", max_length=500, blank=True)
    closed_at = models.DateTimeField("完成时间", null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="closed")
                | Q(contacted_at__isnull=False, rectified_at__isnull=False, called_back_at__isnull=False)
                & ~Q(call_back=""),
                name="a_closed_rectification_was_called_back",
            ),
            models.CheckConstraint(
                condition=Q(rectified_at__isnull=True) | ~Q(measures="") & ~Q(reply=""),
                name="a_rectified_rating_says_how",
            ),
        ]
        indexes = [models.Index(fields=["authority", "-opened_at", "-id"], name="rectification_of_authority")]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return ids.number_of(self.id)


class Appeal(models.Model):
    """An authority says that a bad rating is malicious; the one above decides, the coordination group for a province."""

    id = models.BigIntegerField(primary_key=True)
    rating = models.OneToOneField(Rating, models.PROTECT, related_name="appeal", verbose_name="评价")
    decided_by = models.ForeignKey(
        Authority, models.PROTECT, null=True, related_name="+", verbose_name="审定机构"
    )
    reason = models.CharField("申诉理由", max_length=500)
    made_at = models.DateTimeField("申诉时间")
    made_by_id = models.BigIntegerField("申诉人")
    made_by_name = models.CharField("申诉人", max_length=60)
    outcome = models.CharField("审定结果", max_length=10, choices=AppealOutcome, blank=True)
    words = models.CharField("审定意见", max_length=500, blank=True)
    decided_at = models.DateTimeField("审定时间", null=True)
    decided_by_name = models.CharField("审定人", max_length=60, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="", decided_at__isnull=True) | ~Q(outcome="") & ~Q(words=""),
                name="a_decided_appeal_says_why",
            )
        ]

    def __str__(self) -> str:
        return self.outcome


class Complaint(models.Model):
    """A complaint, report, request or suggestion (P11): one answer, by one authority or by two who agree to it."""

    id = models.BigIntegerField(primary_key=True)
    kind = models.CharField("类别", max_length=14, choices=ComplaintKind)
    road = models.CharField("渠道", max_length=10, choices=Road)
    words = models.TextField("内容")
    about_case_id = models.BigIntegerField("办件", null=True)
    rating = models.ForeignKey(Rating, models.PROTECT, null=True, related_name="+", verbose_name="评价")
    name_sealed = models.BinaryField("投诉人", default=b"")
    phone_sealed = models.BinaryField("联系电话", default=b"")
    phone_masked = models.CharField("联系电话", max_length=30, blank=True)
    # Finds the complaints of somebody who signed in; empty for everybody else.
    complainant_digest = models.BinaryField("投诉人摘要", max_length=32, default=b"")
    # Of the number together with the last four characters that the complainant chose: opens the answer.
    follow_digest = models.BinaryField("查询码摘要", max_length=32)
    filed_at = models.DateTimeField("登记时间")
    state = models.CharField("状态", max_length=10, choices=ComplaintState, default=ComplaintState.OPEN)
    revision = models.IntegerField("修订", default=1)
    form_key = models.CharField(
        "表单键", max_length=80, blank=True
    )  # the same form sent twice is one complaint
    escalated_to = models.ForeignKey(
        Authority, models.PROTECT, null=True, related_name="+", verbose_name="督办机构"
    )
    escalation = models.SmallIntegerField("升级次数", default=0)
    is_with_group = models.BooleanField("已报协调小组", default=False)
    escalated_at = models.DateTimeField("升级时间", null=True)
    draft = models.TextField("拟答复", blank=True)
    drafted_at = models.DateTimeField("拟答复时间", null=True)
    drafted_by_name = models.CharField("拟稿人", max_length=60, blank=True)
    answer = models.TextField("答复", blank=True)
    answered_at = models.DateTimeField("答复时间", null=True)
    answered_by_name = models.CharField("答复人", max_length=60, blank=True)
    answered_by = models.CharField("答复机构", max_length=120, blank=True)
    is_settled = models.BooleanField("问题已解决", null=True)
    verdict = models.CharField("投诉人意见", max_length=500, blank=True)
    verdict_at = models.DateTimeField("意见时间", null=True)
    system = models.CharField("来源系统", max_length=40, blank=True)
    outside_number = models.CharField("来源编号", max_length=80, blank=True)
    told_at = models.DateTimeField(
        "来电时间", null=True
    )  # when that system was told; clocks run from filed_at

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["system", "outside_number"],
                condition=~Q(outside_number=""),
                name="an_outside_complaint_is_taken_once",
            ),
            models.UniqueConstraint(
                fields=["form_key"], condition=~Q(form_key=""), name="a_form_makes_one_complaint"
            ),
            models.CheckConstraint(
                condition=~Q(state="answered") | ~Q(answer="") & Q(answered_at__isnull=False),
                name="an_answered_complaint_has_its_answer",
            ),
        ]
        indexes = [
            models.Index(fields=["-filed_at", "-id"], name="complaint_newest"),
            models.Index(
                fields=["complainant_digest"],
                condition=~Q(complainant_digest=b""),
                name="complaint_of_person",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return ids.number_of(self.id)


class Owner(models.Model):
    """An authority that owes the answer to a complaint; with two of them, both agree to one answer."""

    id = models.BigIntegerField(primary_key=True)
    complaint = models.ForeignKey(Complaint, models.PROTECT, related_name="owners", verbose_name="投诉")
    authority = models.ForeignKey(Authority, models.PROTECT, related_name="+", verbose_name="责任机构")
    leads = models.BooleanField("牵头", default=False)
    agreed_at = models.DateTimeField("同意时间", null=True)
    agreed_by_name = models.CharField("同意人", max_length=60, blank=True)
    objection = models.CharField("不同意的意见", max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["complaint", "authority"], name="an_owner_owes_one_answer_once"),
            models.UniqueConstraint(
                fields=["complaint"], condition=Q(leads=True), name="one_authority_leads_a_complaint"
            ),
        ]
        indexes = [models.Index(fields=["authority", "complaint"], name="complaint_of_authority")]

    def __str__(self) -> str:
        return str(self.authority_id)


class Guidance(models.Model):
    """Help given at a window (P10): what for, how, how long; it keeps nobody's name."""

    id = models.BigIntegerField(primary_key=True)
    window = models.ForeignKey(Window, models.PROTECT, related_name="+", verbose_name="窗口")
    kind = models.CharField("方式", max_length=14, choices=GuidanceKind)
    matter = models.CharField("事由", max_length=200)
    outcome = models.CharField("结果", max_length=300, blank=True)
    minutes = models.IntegerField("用时（分钟）", null=True)
    given_at = models.DateTimeField("时间")
    given_by_id = models.BigIntegerField("经办人")
    given_by_name = models.CharField("经办人", max_length=60)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(matter=""), name="guidance_says_what_for")]
        indexes = [models.Index(fields=["window", "-given_at", "-id"], name="guidance_of_window")]

    def __str__(self) -> str:
        return self.matter
