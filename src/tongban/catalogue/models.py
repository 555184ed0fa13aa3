"""What may be applied for, and the rules by which papers are taken in for it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tongban.directory.models import Division, Level

# Under this name every process is told that items, procedures or synonyms have changed.
CATALOGUE = "catalogue"


class Standing(models.TextChoices):
    """Whether an item is for everybody: on the published list, tried between two places, or neither (P6, P24)."""

    LISTED = "listed", _("清单事项")
    PILOT = "pilot", _("试点事项")
    OFF_LIST = "off_list", _("清单外事项")


class Item(models.Model):
    """A service item (事项): one of the list, one that is piloted, or the one that gathers what is off the list."""

    OFF_LIST = 0  # number of the item under which consented matters off the list stand

    seq = models.IntegerField("序号", primary_key=True)
    name = models.CharField("事项名称", max_length=120)
    lead_department = models.CharField("牵头部门", max_length=60)
    source = models.CharField("事项来源", max_length=120)
    aliases = models.JSONField("日常说法", default=list)
    standing = models.CharField("性质", max_length=10, choices=Standing, default=Standing.LISTED)

    def __str__(self) -> str:
        return self.name


class Procedure(models.Model):
    """The smallest thing that one can apply for (业务办理项)."""

    item = models.ForeignKey(Item, models.PROTECT, related_name="procedures", verbose_name="事项")
    key = models.CharField("编号", max_length=20, unique=True)
    name = models.CharField("办理项名称", max_length=120)
    statutory_name = models.CharField("法定事项名称", max_length=120)
    kind = models.CharField("事项类型", max_length=20)
    levels = ArrayField(models.CharField(max_length=12, choices=Level), verbose_name="实施层级")
    applicants = ArrayField(models.CharField(max_length=12), verbose_name="申请人类别")
    modes = ArrayField(models.CharField(max_length=12), verbose_name="办理模式")
    fee = models.CharField("收费", max_length=120)
    results = models.JSONField("办理结果", default=list)
    delivery = ArrayField(models.CharField(max_length=20), verbose_name="送达方式")
    base_code = models.CharField("基本编码", max_length=12, blank=True)
    implementing_code = models.CharField("实施编码", max_length=31, blank=True)
    procedure_code = models.CharField("业务办理项编码", max_length=33, blank=True)
    local_code = models.CharField("地方编码", max_length=64, blank=True)
    is_open = models.BooleanField("可办理", default=True)
    # Once people have edited it here, loading the item files leaves it as it is.
    edited_at = models.DateTimeField("修改时间", null=True)

    def __str__(self) -> str:
        return self.name


class Stage(models.IntegerChoices):
    """The three stages of acceptance standards (P23)."""

    GUIDE = 1, _("按属地办事指南收件，必要时联系属地窗口")
    PROVINCE = 2, _("属地省份统一标准")
    FIVE_PROVINCES = 3, _("西南五省统一标准")


class AcceptanceStandard(models.Model):
    """One version of the standard by which papers are taken in; once published it is never changed.

    `content` holds circumstances, materials with review points, form fields and legal basis; read it
    through `catalogue.standards.of`. No province: it serves all five.
    """

    procedure = models.ForeignKey(Procedure, models.PROTECT, related_name="standards", verbose_name="办理项")
    province = models.ForeignKey(Division, models.PROTECT, null=True, related_name="+", verbose_name="省份")
    stage = models.IntegerField("阶段", choices=Stage)
    version = models.IntegerField("版本")
    effective_from_on = models.DateField("生效日期")
    effective_until_on = models.DateField("失效日期", null=True)
    legal_limit = models.IntegerField("法定时限")
    promised_limit = models.IntegerField("承诺期限")
    content = models.JSONField("内容")
    digest = models.BinaryField("摘要", max_length=32)
    is_sample = models.BooleanField("示例数据", default=False)
    drafted_by_id = models.BigIntegerField("起草人", null=True)
    drafted_by_name = models.CharField("起草人", max_length=60, blank=True)
    drafted_at = models.DateTimeField("起草时间", null=True)
    published_by_id = models.BigIntegerField("审核发布人", null=True)
    published_by_name = models.CharField("审核发布人", max_length=60, blank=True)
    published_at = models.DateTimeField("发布时间", null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["procedure", "province", "stage", "version"],
                nulls_distinct=False,
                name="a_standard_has_one_row_a_version",
            ),
            models.CheckConstraint(
                condition=Q(promised_limit__lte=F("legal_limit"), promised_limit__gte=0),
                name="a_promise_is_no_longer_than_the_law_allows",
            ),
            models.CheckConstraint(
                condition=Q(is_sample=True)
                | Q(drafted_by_id__isnull=False, published_by_id__isnull=False, published_at__isnull=False)
                & ~Q(published_by_id=F("drafted_by_id")),
                name="a_standard_is_reviewed_by_another_person",
            ),
            models.CheckConstraint(
                condition=Q(stage=Stage.FIVE_PROVINCES, province__isnull=True)
                | Q(stage__in=[Stage.GUIDE, Stage.PROVINCE], province__isnull=False)
                | Q(is_sample=True),
                name="a_five_province_standard_belongs_to_no_province",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.procedure} v{self.version}"


class LifeEvent(models.Model):
    """What happens in people's lives, and the items of the list that it calls for, the likeliest first."""

    key = models.CharField("编号", max_length=20, primary_key=True)
    name = models.CharField("名称", max_length=30)
    icon = models.CharField("图标", max_length=40)  # a name of Tabler's
    position = models.IntegerField("顺序")
    items = ArrayField(models.IntegerField(), verbose_name="事项")

    def __str__(self) -> str:
        return self.name


class Synonym(models.Model):
    """What people call something, and how the list calls it (B1): 驾照 for 驾驶证. Data that authorities extend."""

    word = models.CharField("日常说法", max_length=30, unique=True)
    means = models.CharField("清单用语", max_length=60)
    is_shipped = models.BooleanField("随系统提供", default=False)
    # Taken off, but kept: else the next start would load what ships with the product again.
    is_off = models.BooleanField("已停用", default=False)
    added_at = models.DateTimeField("添加时间", null=True)
    added_by_name = models.CharField("添加人", max_length=60, blank=True)
    added_for = models.CharField("添加单位", max_length=120, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(word="") & ~Q(means=""), name="a_synonym_says_both_words")
        ]

    def __str__(self) -> str:
        return f"{self.word}={self.means}"


class Withdrawal(models.Model):
    """A published standard taken back: from that day on no new case is received under it."""

    standard = models.OneToOneField(
        AcceptanceStandard,
        models.PROTECT,
        primary_key=True,
        related_name="withdrawal",
        verbose_name="收件受理标准",
    )
    from_on = models.DateField("停用日期")
    reason = models.CharField("理由", max_length=300)
    at = models.DateTimeField("撤销时间")
    by_id = models.BigIntegerField("撤销人")
    by_name = models.CharField("撤销人", max_length=60)

    def __str__(self) -> str:
        return f"{self.standard} {self.from_on}"


class Draft(models.Model):
    """The next version of a standard while it is written and reviewed; publishing makes a standard of it."""

    STATES = [("draft", "起草中"), ("review", "待审核")]
    procedure = models.ForeignKey(Procedure, models.PROTECT, related_name="drafts", verbose_name="办理项")
    province = models.ForeignKey(Division, models.PROTECT, null=True, related_name="+", verbose_name="省份")
    stage = models.IntegerField("阶段", choices=Stage)
    state = models.CharField("状态", max_length=10, choices=STATES, default="draft")
    # As typed, so that nothing is lost that does not hold yet; `catalogue.soundness` says what is wrong.
    content = models.JSONField("内容")
    revision = models.IntegerField("修改次数", default=1)
    based_on = models.ForeignKey(
        AcceptanceStandard, models.PROTECT, null=True, related_name="+", verbose_name="依据版本"
    )
    writers = models.JSONField("起草人", default=list)  # ids of everybody who wrote on it: none may review it
    begun_at = models.DateTimeField("起草时间")
    changed_at = models.DateTimeField("修改时间")
    changed_by_id = models.BigIntegerField("修改人")
    changed_by_name = models.CharField("修改人", max_length=60)
    submitted_at = models.DateTimeField("送审时间", null=True)
    remark = models.CharField("退回意见", max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["procedure", "province", "stage"],
                nulls_distinct=False,
                name="one_draft_a_standard_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(stage=Stage.FIVE_PROVINCES, province__isnull=True)
                | Q(stage__in=[Stage.GUIDE, Stage.PROVINCE], province__isnull=False),
                name="a_five_province_draft_belongs_to_no_province",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.procedure} {self.stage}"


class Difference(models.Model):
    """A difference between the provinces' standards that the coordination group has opened as a matter (B7)."""

    procedure = models.ForeignKey(
        Procedure, models.PROTECT, related_name="differences", verbose_name="办理项"
    )
    line = models.CharField("比对项", max_length=120)  # which line of the comparison: see catalogue.comparing
    label = models.CharField("比对项名称", max_length=300)
    question = models.CharField("需要统一的问题", max_length=500)
    seen = models.JSONField("提出时各省标准")  # {province code: what its standard says}
    opened_at = models.DateTimeField("提出时间")
    opened_by_id = models.BigIntegerField("提出人")
    opened_by_name = models.CharField("提出人", max_length=60)
    settled_at = models.DateTimeField("决定时间", null=True)
    settled_by_id = models.BigIntegerField("决定人", null=True)
    settled_by_name = models.CharField("决定人", max_length=60, blank=True)
    decision = models.CharField("决定", max_length=500, blank=True)
    follows = models.ForeignKey(
        Division, models.PROTECT, null=True, related_name="+", verbose_name="采用哪个省的写法"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["procedure", "line"],
                condition=Q(settled_at__isnull=True),
                name="a_difference_is_open_once",
            ),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True) | ~Q(decision="") & Q(settled_by_id__isnull=False),
                name="a_settled_difference_says_who_decided_what",
            ),
        ]

    def __str__(self) -> str:
        return self.label


class DifferenceAnswer(models.Model):
    """What a province answers about an open difference; it may answer again, the last answer counts."""

    difference = models.ForeignKey(
        Difference, models.PROTECT, related_name="answers", verbose_name="差异事项"
    )
    province = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name="省份")
    agrees_with = models.ForeignKey(
        Division, models.PROTECT, null=True, related_name="+", verbose_name="同意哪个省的写法"
    )
    text = models.CharField("意见", max_length=500)
    at = models.DateTimeField("答复时间")
    by_id = models.BigIntegerField("答复人")
    by_name = models.CharField("答复人", max_length=60)

    def __str__(self) -> str:
        return f"{self.province_id} {self.at}"
