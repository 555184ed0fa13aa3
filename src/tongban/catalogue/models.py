"""What may be applied for, and the rules by which papers are taken in for it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from tongban.directory.models import Division, Level

# Under this name every process is told that items, procedures or synonyms have changed.
CATALOGUE = "catalogue"


class Item(models.Model):
    """A listed service item (事项)."""

    seq = models.IntegerField("序号", primary_key=True)
    name = models.CharField("事项名称", max_length=120)
    lead_department = models.CharField("牵头部门", max_length=60)
    source = models.CharField("事项来源", max_length=120)
    aliases = models.JSONField("日常说法", default=list)

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

    def __str__(self) -> str:
        return self.name


class Stage(models.IntegerChoices):
    """The three stages of acceptance standards (P23)."""

    GUIDE = 1, "按属地办事指南收件，必要时联系属地窗口"
    PROVINCE = 2, "属地省份统一标准"
    FIVE_PROVINCES = 3, "西南五省统一标准"


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
        ]

    def __str__(self) -> str:
        return f"{self.procedure} v{self.version}"


class Synonym(models.Model):
    """What people call something, and how the list calls it (B1): 驾照 for 驾驶证. Data that authorities extend."""

    word = models.CharField("日常说法", max_length=30, unique=True)
    means = models.CharField("清单用语", max_length=60)
    is_shipped = models.BooleanField("随系统提供", default=False)
    added_at = models.DateTimeField("添加时间", null=True)
    added_by_name = models.CharField("添加人", max_length=60, blank=True)
    added_for = models.CharField("添加单位", max_length=120, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(word="") & ~Q(means=""), name="a_synonym_says_both_words")
        ]

    def __str__(self) -> str:
        return f"{self.word}={self.means}"
