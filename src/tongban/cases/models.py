"""A case and everything that belongs to it. Every row carries `case_id`, so that one step touches one place."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from tongban.cases.states import FINAL, CaseOutcome, Channel, DeliveryWay, Mode, State
from tongban.catalogue.models import AcceptanceStandard, Pilot, Procedure
from tongban.directory.models import Authority, Division, Window
from tongban.kernel import ids
from tongban.people.identity import ApplicantKind, IdentityKind

if TYPE_CHECKING:
    from tongban.duties.models import Duty


class Case(models.Model):
    """One application by one applicant (办件). `state` is written by `operations._step` and nobody else."""

    # The open duties as a step of this process has just left them; None: to be read.
    left_open: "list[Duty] | None" = None

    id = models.BigIntegerField(primary_key=True)
    mode = models.CharField("办理模式", max_length=12, choices=Mode, default=Mode.COLLECTED)
    state = models.CharField("状态", max_length=24, choices=State)
    revision = models.IntegerField("步数", default=1)
    journal_seq = models.IntegerField("留痕序号", default=1)
    journal_head = models.BinaryField("留痕摘要", max_length=32)
    receiving_window = models.ForeignKey(Window, models.PROTECT, related_name="+", verbose_name="收件地窗口")
    home_window = models.ForeignKey(
        Window, models.PROTECT, null=True, related_name="+", verbose_name="属地窗口"
    )
    department = models.ForeignKey(
        Authority, models.PROTECT, null=True, related_name="+", verbose_name="承办部门"
    )
    procedure = models.ForeignKey(
        Procedure, models.PROTECT, null=True, related_name="+", verbose_name="办理项"
    )
    # The version that the case began under; it stays pinned whatever is published later (B4).
    standard = models.ForeignKey(
        AcceptanceStandard, models.PROTECT, null=True, related_name="+", verbose_name="收件受理标准"
    )
    # What the procedure was when it was chosen, and the pilot under which it is handled; mostly empty (B2, B5).
    elements = models.ForeignKey(
        AcceptanceStandard,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name="办理项要素",
    )
    pilot = models.ForeignKey(
        Pilot, models.PROTECT, null=True, related_name="+", db_index=False, verbose_name="试点"
    )
    # Whether the clerk who received it had ticked every review point; empty before receipt, or with none to tick.
    followed_standard = models.BooleanField("已按标准逐项核对", null=True)
    circumstance = models.CharField("办理情形", max_length=40, blank=True)
    home_code = models.CharField("属地区划", max_length=12, blank=True)
    level_chosen = models.CharField("实施层级", max_length=12, blank=True)
    form = models.JSONField("申请表", default=dict)
    channel = models.CharField("流转方式", max_length=12, choices=Channel, blank=True)
    delivery_way = models.CharField("送达方式", max_length=20, choices=DeliveryWay, blank=True)
    delivery_address = models.CharField("寄送地址", max_length=300, blank=True)
    # The clerk whom the applicant lets write in it now; empty: nobody.
    helper_id = models.BigIntegerField("协助填写人", null=True)
    # While the home window owes an answer about a matter off the list (P24); empty before and after.
    off_list_asked_at = models.DateTimeField("清单外请示时间", null=True)
    legal_limit = models.IntegerField("法定时限", null=True)
    promised_limit = models.IntegerField("承诺期限", null=True)
    opened_at = models.DateTimeField("登记时间")
    opened_by_id = models.BigIntegerField("登记人")
    received_at = models.DateTimeField("收件时间", null=True)
    accepted_at = models.DateTimeField("受理时间", null=True)
    decided_at = models.DateTimeField("决定时间", null=True)
    closed_at = models.DateTimeField("办结时间", null=True)
    outcome = models.CharField("结果", max_length=12, choices=CaseOutcome, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state__in=sorted(FINAL)) | Q(closed_at__isnull=False) & ~Q(outcome=""),
                name="a_finished_case_says_when_and_how",
            ),
            models.CheckConstraint(
                condition=Q(received_at__isnull=True)
                | Q(home_window__isnull=False, procedure__isnull=False, standard__isnull=False),
                name="a_received_case_knows_where_it_goes",
            ),
        ]
        indexes = [
            models.Index(fields=["receiving_window", "-opened_at", "-id"], name="case_received_here"),
            models.Index(fields=["-opened_at", "-id"], name="case_newest"),  # for who sees many windows
            models.Index(
                fields=["home_window", "-opened_at", "-id"],
                condition=Q(received_at__isnull=False),
                name="case_decided_here",
            ),
            models.Index(
                fields=["helper_id", "-opened_at", "-id"],
                condition=Q(helper_id__isnull=False),
                name="case_helped_now",
            ),
            # A pilot's figures read its own cases and no others; all others pay nothing for it.
            models.Index(fields=["pilot"], condition=Q(pilot__isnull=False), name="case_of_pilot"),
        ]

    def __str__(self) -> str:
        return self.number

    @cached_property
    def number(self) -> str:
        """The business number (业务编号): the id written for people."""
        return ids.number_of(self.id)

    @property
    def is_open(self) -> bool:
        return self.state not in FINAL


class CaseChild(models.Model):
    """What belongs to a case: found by its `case_id`, never by a key of its own alone."""

    id = models.BigIntegerField(primary_key=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="+", verbose_name="办件")

    class Meta:
        abstract = True


class CaseApplicant(models.Model):
    """Who applies, and who stands in for them (A6). Identity numbers are sealed; `*_digest` finds them."""

    case = models.OneToOneField(
        Case, models.PROTECT, primary_key=True, related_name="applicant", verbose_name="办件"
    )
    kind = models.CharField("类别", max_length=12, choices=ApplicantKind, default=ApplicantKind.PERSON)
    name = models.CharField("名称", max_length=120, blank=True)
    identity_kind = models.CharField(
        "证件类型", max_length=20, choices=IdentityKind, default=IdentityKind.RESIDENT
    )
    identity_sealed = models.BinaryField("证件号码", default=b"")
    identity_digest = models.BinaryField("证件号码摘要", max_length=32, default=b"")
    identity_masked = models.CharField("证件号码", max_length=40, blank=True)
    is_identity_checked = models.BooleanField("已核验身份", default=False)
    contact_name = models.CharField("申请联系人", max_length=60, blank=True)
    phone_sealed = models.BinaryField("联系电话", default=b"")
    phone_masked = models.CharField("联系电话", max_length=30, blank=True)
    legal_representative = models.CharField("法定代表人", max_length=60, blank=True)
    has_agent = models.BooleanField("委托代理", default=False)
    agent_name = models.CharField("代理人", max_length=60, blank=True)
    agent_identity_sealed = models.BinaryField("代理人证件号码", default=b"")
    agent_identity_digest = models.BinaryField("代理人证件号码摘要", max_length=32, default=b"")
    agent_identity_masked = models.CharField("代理人证件号码", max_length=40, blank=True)
    has_agent_letter = models.BooleanField("已交授权委托书", default=False)

    class Meta:
        indexes = [
            models.Index(
                fields=["identity_digest"], condition=~Q(identity_digest=b""), name="applicant_identity"
            ),
            models.Index(
                fields=["agent_identity_digest"],
                condition=~Q(agent_identity_digest=b""),
                name="applicant_agent_identity",
            ),
            models.Index(
                fields=["name"],
                opclasses=[
                    "varchar_pattern_ops"
                ],  # else only a database that sorts by code point finds beginnings
                condition=~Q(name=""),
                name="applicant_name_begins",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Verdict(models.TextChoices):
    PENDING = "", _("待审查")
    PASSED = "passed", _("合格")
    TO_CORRECT = "to_correct", _("需补正")
    NOT_NEEDED = "not_needed", _("不需要")


class CaseMaterial(CaseChild):
    """What was handed in for one material of the standard (所交材料), and what the clerk found."""

    key = models.CharField("编号", max_length=40)
    position = models.IntegerField("顺序")
    name = models.CharField("材料名称", max_length=200)
    is_required = models.BooleanField("必要", default=True)
    is_returned = models.BooleanField("核验后退还原件", default=False)
    originals_asked = models.IntegerField("应交原件", default=0)
    copies_asked = models.IntegerField("应交复印件", default=0)
    originals = models.IntegerField("原件", default=0)
    copies = models.IntegerField("复印件", default=0)
    verdict = models.CharField("审查结果", max_length=12, choices=Verdict, blank=True)
    advice = models.CharField("补正意见", max_length=500, blank=True)
    points = models.JSONField("已核要点", default=list)  # indexes of the review points that were ticked

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "key"], name="a_material_is_listed_once_a_case"),
            models.CheckConstraint(
                condition=Q(originals__gte=0, originals__lte=999, copies__gte=0, copies__lte=999),
                name="sheets_are_between_0_and_999",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Scan(CaseChild):
    """A scanned or photographed sheet of a material, or a file that answers a field of the application form."""

    material = models.ForeignKey(
        CaseMaterial,
        models.PROTECT,
        null=True,
        related_name="scans",
        db_constraint=False,
        verbose_name="材料",
    )
    field_key = models.CharField("表单项", max_length=60, blank=True, default="", db_default="")
    file_id = models.BigIntegerField("文件")
    name = models.CharField("文件名", max_length=200)
    media_type = models.CharField("类型", max_length=40)
    pages = models.IntegerField("页数", default=1)
    digest = models.BinaryField("摘要", max_length=32)
    added_at = models.DateTimeField("添加时间")
    removed_at = models.DateTimeField("移除时间", null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(material__isnull=False, field_key="")
                | Q(material__isnull=True) & ~Q(field_key=""),
                name="a_scan_is_of_a_material_or_of_a_form_field",
            )
        ]

    def __str__(self) -> str:
        return self.name


class CorrectionNotice(CaseChild):
    """What an applicant was told once is missing (一次性告知), and by when to bring it."""

    asked_by = models.CharField(
        "告知方", max_length=12, choices=[("receiving", _("收件地")), ("home", _("属地"))]
    )
    items = models.JSONField("补正内容")  # [{"key", "name", "advice"}]
    days = models.IntegerField("期限")
    due_on = models.DateField("截止日期")
    asked_at = models.DateTimeField("告知时间")
    asked_by_name = models.CharField("经办人", max_length=60)
    settled_at = models.DateTimeField("补正时间", null=True)
    window = models.ForeignKey(Window, models.PROTECT, null=True, related_name="+", verbose_name="告知窗口")
    standard = models.ForeignKey(
        AcceptanceStandard, models.PROTECT, null=True, related_name="+", verbose_name="收件受理标准"
    )
    # What it asks for beyond the first notice of the case, which only a window lead may, with a reason (C11).
    beyond = models.JSONField("超出首次告知的材料", default=list)
    beyond_reason = models.CharField("超出的理由", max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(beyond=[], beyond_reason="") | ~Q(beyond=[]) & ~Q(beyond_reason=""),
                name="who_asks_for_more_gives_a_reason",
            )
        ]
        indexes = [
            models.Index(fields=["window", "asked_at"], condition=~Q(beyond_reason=""), name="asked_for_more")
        ]

    def __str__(self) -> str:
        return f"{self.asked_by} {self.due_on}"


class Transfer(CaseChild):
    """Papers under way between two windows (材料流转), by post or as a package online."""

    KINDS = [
        ("papers", _("申请材料")),
        ("paper", _("后寄纸质材料")),
        ("result", _("办理结果")),
        ("forward", _("转办材料")),
        ("custody", _("窗口移交")),
    ]
    kind = models.CharField("内容", max_length=12, choices=KINDS)
    channel = models.CharField("方式", max_length=12, choices=Channel)
    from_window = models.ForeignKey(Window, models.PROTECT, related_name="+", verbose_name="发出窗口")
    to_window = models.ForeignKey(Window, models.PROTECT, related_name="+", verbose_name="接收窗口")
    carrier = models.CharField("承运", max_length=60, blank=True)
    waybill = models.CharField("运单号", max_length=40, blank=True)
    # What was sent: [{"key", "name", "originals", "copies", "scans": [digest in hex]}]
    sheets = models.JSONField("清单")
    digest = models.BinaryField("清单摘要", max_length=32)
    signature = models.BinaryField("清单签名", max_length=64)
    sent_at = models.DateTimeField("发出时间")
    sent_by_name = models.CharField("发出人", max_length=60)
    arrived_at = models.DateTimeField("到达时间", null=True)
    # What was found: [{"key", "name", "originals", "copies", "finding": ok|missing|damaged|extra, "note"}]
    found = models.JSONField("核对结果", null=True)
    is_complete = models.BooleanField("相符", null=True)
    answer = models.CharField("差异处理", max_length=500, blank=True)
    answered_at = models.DateTimeField("差异处理时间", null=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.waybill}"


class Decision(CaseChild):
    """A legal act of the home place: acceptance, its refusal, the grant, the refusal."""

    KINDS = [
        ("accept", _("受理")),
        ("decline", _("不予受理")),
        ("grant", _("准予")),
        ("refuse", _("不予许可")),
    ]
    kind = models.CharField("决定", max_length=12, choices=KINDS)
    reason = models.TextField("理由", blank=True)
    remedies = models.TextField("救济途径", blank=True)
    result_name = models.CharField("结果名称", max_length=120, blank=True)
    result_number = models.CharField("结果编号", max_length=120, blank=True)
    # The signed electronic document that says it, of an online case (E4).
    document_id = models.BigIntegerField("电子文书", null=True)
    made_at = models.DateTimeField("决定时间")
    made_by_name = models.CharField("决定人", max_length=60)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind__in=["decline", "refuse"]) | ~Q(reason=""), name="a_no_gives_its_reason"
            )
        ]

    def __str__(self) -> str:
        return self.kind


class HandOff(CaseChild):
    """A department asked to deal with its part of the approval."""

    department = models.ForeignKey(Authority, models.PROTECT, related_name="+", verbose_name="部门")
    request = models.TextField("办理要求", blank=True)
    handed_at = models.DateTimeField("转出时间")
    opinion = models.TextField("意见", blank=True)
    answered_at = models.DateTimeField("反馈时间", null=True)
    answered_by_name = models.CharField("反馈人", max_length=60, blank=True)

    def __str__(self) -> str:
        return str(self.department_id)


class Suspension(CaseChild):
    """A special procedure that lawfully stops the clock (行政许可法 Art. 45)."""

    REASONS = [
        ("hearing", _("听证")),
        ("inspection", _("检验、检测、检疫")),
        ("auction", _("招标、拍卖")),
        ("appraisal", _("鉴定")),
        ("expert_review", _("专家评审")),
        ("publication", _("公示公告")),
    ]
    reason = models.CharField("特别程序", max_length=20, choices=REASONS)
    note = models.TextField("说明")
    from_at = models.DateTimeField("开始时间")
    expected_on = models.DateField("预计结束")
    until_at = models.DateTimeField("结束时间", null=True)

    def __str__(self) -> str:
        return self.reason


class Delivery(CaseChild):
    """One attempt to bring the result to the applicant, and the proof that it arrived (送达回证)."""

    PROOFS = [
        ("signature", _("申请人当面签收")),
        ("agent_signature", _("代理人当面签收")),
        ("waybill", _("邮件妥投回执")),
        ("download", _("申请人在线下载签收")),
    ]
    attempt = models.IntegerField("次数")
    way = models.CharField("方式", max_length=20, choices=DeliveryWay)
    address = models.CharField("地址", max_length=300, blank=True)
    carrier = models.CharField("承运", max_length=60, blank=True)
    waybill = models.CharField("运单号", max_length=40, blank=True)
    begun_at = models.DateTimeField("开始时间")
    at_window_since_at = models.DateTimeField("到窗时间", null=True)
    delivered_at = models.DateTimeField("送达时间", null=True)
    proof = models.CharField("送达凭证", max_length=20, choices=PROOFS, blank=True)
    received_by = models.CharField("签收人", max_length=60, blank=True)
    failed_at = models.DateTimeField("失败时间", null=True)
    failure = models.CharField("失败原因", max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(delivered_at__isnull=True) | ~Q(proof="") & ~Q(received_by=""),
                name="a_delivery_is_proven",
            )
        ]

    def __str__(self) -> str:
        return f"{self.way} {self.attempt}"


class Help(CaseChild):
    """A code by which an applicant lets one clerk write in their draft, and what became of it (C8)."""

    code_digest = models.BinaryField("协助码摘要", max_length=32)
    made_at = models.DateTimeField("生成时间")
    until_at = models.DateTimeField("有效至")
    begun_at = models.DateTimeField("开始时间", null=True)
    person_id = models.BigIntegerField("窗口人员", null=True)
    person_name = models.CharField("窗口人员姓名", max_length=60, blank=True)
    window = models.ForeignKey(Window, models.PROTECT, null=True, related_name="+", verbose_name="窗口")
    purpose = models.CharField("事由", max_length=200, blank=True)
    ended_at = models.DateTimeField("结束时间", null=True)
    ended_by_name = models.CharField("结束人", max_length=60, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(begun_at__isnull=True) | Q(window__isnull=False, person_id__isnull=False),
                name="a_help_that_began_says_whose",
            ),
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(begun_at__isnull=False, ended_at__isnull=True),
                name="a_case_is_helped_by_one_at_a_time",
            ),
        ]
        indexes = [models.Index(fields=["code_digest"], condition=Q(ended_at__isnull=True), name="help_code")]

    def __str__(self) -> str:
        return self.person_name


class OffListState(models.TextChoices):
    EXPLAINED = "explained", _("已解释说明")
    ASKED = "asked", _("等待属地答复")
    CONSENTED = "consented", _("属地已同意")
    DECLINED = "declined", _("属地未同意")
    DROPPED = "dropped", _("已撤回请示")
    CLOSED = "closed", _("办件已结束，不需答复")


class OffListRequest(CaseChild):
    """A matter that somebody asked for and that is not on the list (P24): what became of it, whom it was reported to.

    It says nothing about who asked: it is reported upwards and counted as demand.
    """

    matter = models.CharField("要办的事", max_length=120)
    matter_key = models.CharField("归并用词", max_length=120)  # the matter without blanks and punctuation
    why = models.CharField("申请人需求", max_length=500, blank=True)
    outcome = models.CharField("处理", max_length=10, choices=OffListState)
    receiving_window = models.ForeignKey(Window, models.PROTECT, related_name="+", verbose_name="收件地窗口")
    home = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name="属地")
    reported_to = models.ForeignKey(
        Authority, models.PROTECT, null=True, related_name="+", verbose_name="报送机构"
    )  # empty: the coordination group, above which there is nobody
    asked_at = models.DateTimeField("提出时间")
    asked_by_id = models.BigIntegerField("提出人")
    asked_by_name = models.CharField("提出人", max_length=60)
    answer = models.CharField("属地答复", max_length=500, blank=True)
    answered_at = models.DateTimeField("答复时间", null=True)
    answered_by_name = models.CharField("答复人", max_length=60, blank=True)
    told = models.CharField("对申请人的说明", max_length=500, blank=True)
    told_at = models.DateTimeField("说明时间", null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(matter="") & ~Q(matter_key=""), name="a_request_says_what_for"
            ),
            models.CheckConstraint(
                condition=~Q(outcome__in=["consented", "declined"]) | Q(answered_at__isnull=False),
                name="an_answered_request_says_when",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="explained") | ~Q(told="") & Q(told_at__isnull=False),
                name="an_explained_request_says_what_was_told",
            ),
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(outcome="asked"),
                name="a_case_asks_the_home_window_once_at_a_time",
            ),
        ]
        indexes = [models.Index(fields=["-asked_at", "-id"], name="off_list_newest")]

    def __str__(self) -> str:
        return self.matter
