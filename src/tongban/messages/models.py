"""What was told to whom in which words, and what became of it."""

from django.db import models
from django.db.models import Q

from tongban.directory.models import Window
from tongban.kernel import ids
from tongban.messages.states import Channel, Kind, MessageState


class Template(models.Model):
    """One published wording. Nothing that was published is changed: a better one is a new version."""

    kind = models.CharField("消息", max_length=20, choices=Kind)
    channel = models.CharField("方式", max_length=8, choices=Channel)
    language = models.CharField("语言", max_length=8)
    version = models.IntegerField("版本")
    title = models.CharField("标题", max_length=100)
    text = models.TextField("内容")
    published_at = models.DateTimeField("发布时间")
    published_by_id = models.BigIntegerField("发布人编号", null=True)
    published_by_name = models.CharField("发布人", max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "channel", "language", "version"],
                name="a_wording_is_published_once_a_version",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.channel} {self.language} {self.version}"


class Message(models.Model):
    """One message by one way. `once` says what it is about: nothing is written, or sent, twice."""

    id = models.BigIntegerField(primary_key=True)
    # The case's id; of a message that is about none, its own: something must say where the row lives.
    case_id = models.BigIntegerField("办件")
    once = models.CharField("去重键", max_length=60)
    # The window that is told; empty: the applicant is.
    window = models.ForeignKey(
        Window, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name="窗口"
    )
    kind = models.CharField("消息", max_length=20, choices=Kind)
    channel = models.CharField("方式", max_length=8, choices=Channel)
    language = models.CharField("语言", max_length=8)
    template = models.ForeignKey(Template, models.PROTECT, related_name="+", verbose_name="模板")
    recipient_sealed = models.BinaryField("收信人", default=b"")
    recipient_masked = models.CharField("收信人", max_length=100, blank=True)
    title = models.CharField("标题", max_length=100)
    text_sealed = models.BinaryField("内容")
    written_at = models.DateTimeField("生成时间")
    not_before = models.DateTimeField("最早发送时间")
    state = models.CharField("状态", max_length=10, choices=MessageState, default=MessageState.QUEUED)
    attempts = models.IntegerField("发送次数", default=0)
    gateway = models.CharField("通道", max_length=20, blank=True)  # the one asked last, or to be asked next
    asked_there = models.IntegerField("在此通道的次数", default=0)
    problem = models.CharField("问题", max_length=200, blank=True)
    # After this it is worth nothing and not sent any more; empty: it keeps its worth.
    expires_at = models.DateTimeField("失效时间", null=True)
    sent_at = models.DateTimeField("发出时间", null=True)
    delivered_at = models.DateTimeField("送达时间", null=True)
    # When somebody at the window took note of it.
    seen_at = models.DateTimeField("知悉时间", null=True)
    seen_by_name = models.CharField("知悉人", max_length=60, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case_id", "once"], name="a_message_is_written_once"),
            models.CheckConstraint(
                condition=Q(channel=Channel.IN_SITE) | ~Q(recipient_sealed=b""),
                name="what_leaves_the_house_has_a_recipient",
            ),
        ]
        indexes = [  # no IN: PostgreSQL writes it differently after each rebuild, and the bench compares
            models.Index(
                fields=["not_before", "id"],
                condition=Q(state=MessageState.QUEUED) | Q(state=MessageState.UNKNOWN),
                name="message_to_be_sent",
            ),
            models.Index(
                fields=["-written_at", "-id"],
                condition=Q(state=MessageState.FAILED) | Q(state=MessageState.UNKNOWN),
                name="message_in_trouble",
            ),
            models.Index(fields=["-written_at", "-id"], name="message_newest"),
            models.Index(
                fields=["window", "-written_at"],
                condition=Q(window__isnull=False, channel=Channel.IN_SITE, seen_at__isnull=True),
                name="message_to_be_noted",
            ),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def key(self) -> str:
        """What gateways know the message by: the case and the message, written out."""
        return f"{ids.number_of(self.case_id)}.{ids.number_of(self.id)}"

    @property
    def number(self) -> str:
        """The case's number; empty for a message about none."""
        return ids.number_of(self.case_id) if self.case_id != self.id else ""


class Report(models.Model):
    """One thing that happened with a message: a gateway was asked and answered, or reported later."""

    WHATS = [
        ("taken", "通道已接收"),
        ("refused", "通道拒绝"),
        ("silent", "通道没有应答"),
        ("delivered", "已送达"),
        ("undelivered", "未送达"),
        ("replayed", "人工重发"),
    ]
    id = models.BigIntegerField(primary_key=True)
    case_id = models.BigIntegerField("办件")
    message_id = models.BigIntegerField("消息")
    # Ids of one day are in no order, and two things can happen at one moment.
    seq = models.IntegerField("次序")
    at = models.DateTimeField("时间")
    gateway = models.CharField("通道", max_length=20, blank=True)
    what = models.CharField("情况", max_length=12, choices=WHATS)
    detail = models.CharField("说明", max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["case_id", "message_id", "seq"], name="reports_of_a_message_have_an_order"
            )
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.gateway}"
