"""What may be applied for, and the rules by which papers are taken in for it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.fields.json import KT
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from tongban.directory.models import Division, Level

# Under this name every process is told that items, procedures or synonyms have changed.
CATALOGUE = "catalogue"


class Standing(models.TextChoices):
    """For what an item was made; whether it is on the list on a day is what published batches say (P6, P24)."""

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
    # Of one province, which alone decides it and keeps what is said of it; none: one of all five (P7, W7).
    province = models.ForeignKey(
        Division, models.PROTECT, null=True, related_name="+", verbose_name="所属省份"
    )
    is_open = models.BooleanField("可办理", default=True)
    # From which day a procedure that was made here can be applied for; the shipped ones always could.
    opens_on = models.DateField("开始办理日期", null=True)
    # Once people have edited it here, loading the item files leaves it as it is.
    edited_at = models.DateTimeField("修改时间", null=True)

    def __str__(self) -> str:
        return self.name


class Stage(models.IntegerChoices):
    """The three stages of acceptance standards (P23); before them, what a procedure is wherever it is applied for (B2)."""

    ELEMENTS = 0, _("办理项要素")
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
                condition=Q(stage=Stage.ELEMENTS)
                | Q(stage=Stage.FIVE_PROVINCES, province__isnull=True)
                | Q(stage__in=[Stage.GUIDE, Stage.PROVINCE], province__isnull=False)
                | Q(is_sample=True),
                name="a_five_province_standard_belongs_to_no_province",
            ),
        ]
        # Who says a local code is asked before every publication (`local_codes`).
        indexes = [models.Index(Upper(KT("content__codes__local")), name="standards_by_local_code")]

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
                condition=Q(stage=Stage.ELEMENTS)
                | Q(stage=Stage.FIVE_PROVINCES, province__isnull=True)
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


class ItemList(models.Model):
    """A batch of the item list (事项清单批次): put together as a draft, published once, never changed again (B5, P6)."""

    year = models.IntegerField("年份")
    number = models.IntegerField("批次")
    document = models.CharField("文号", max_length=120, blank=True)
    begun_at = models.DateTimeField("编制时间")
    begun_by_name = models.CharField("编制人", max_length=60, blank=True)
    effective_from_on = models.DateField("生效日期", null=True)
    published_at = models.DateTimeField("发布时间", null=True)
    published_by_id = models.BigIntegerField("发布人", null=True)
    published_by_name = models.CharField("发布人", max_length=60, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["year", "number"], name="a_year_numbers_its_batches"),
            models.CheckConstraint(
                condition=Q(published_at__isnull=True) | Q(effective_from_on__isnull=False),
                name="a_published_batch_says_from_when_it_holds",
            ),
        ]

    def __str__(self) -> str:
        return str(_("{year}年第{number}批")).format(year=self.year, number=self.number)


class ItemListLine(models.Model):
    """What a batch says of one item: from its day on it is on the list, or no longer."""

    KINDS = [("listed", _("列入")), ("withdrawn", _("移出"))]
    batch = models.ForeignKey(ItemList, models.CASCADE, related_name="lines", verbose_name="批次")
    item = models.ForeignKey(Item, models.PROTECT, related_name="list_lines", verbose_name="事项")
    kind = models.CharField("处理", max_length=10, choices=KINDS, default="listed")
    reason = models.CharField("理由", max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "item"], name="a_batch_speaks_of_an_item_once"),
            models.CheckConstraint(
                condition=~Q(kind="withdrawn") | ~Q(reason=""), name="a_withdrawal_from_the_list_says_why"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id} {self.kind}"


class Pilot(models.Model):
    """An additional item that two places try between them under the standing rules (试点, P6, W16)."""

    STATES = [("proposed", _("等待对方答复")), ("agreed", _("双方已同意")), ("declined", _("对方未同意"))]
    name = models.CharField("事项名称", max_length=120)
    lead_department = models.CharField("牵头部门", max_length=60)
    why = models.CharField("试点理由", max_length=500)
    materials = models.TextField("材料清单")  # one a line, see catalogue.operations.off_list.materials_of
    legal_limit = models.IntegerField("法定时限")
    promised_limit = models.IntegerField("承诺期限")
    first = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name="提出地")
    second = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name="对方")
    begin_on = models.DateField("开始日期")
    end_on = models.DateField("结束日期")  # the last day
    state = models.CharField("状态", max_length=10, choices=STATES, default="proposed")
    proposed_at = models.DateTimeField("提出时间")
    proposed_by_id = models.BigIntegerField("提出人")
    proposed_by_name = models.CharField("提出人", max_length=60)
    answered_at = models.DateTimeField("答复时间", null=True)
    answered_by_id = models.BigIntegerField("答复人", null=True)
    answered_by_name = models.CharField("答复人", max_length=60, blank=True)
    answer = models.CharField("答复", max_length=500, blank=True)
    # Made when the other place agrees; cases of the pilot are cases of this procedure.
    procedure = models.OneToOneField(
        Procedure, models.PROTECT, null=True, related_name="pilot", verbose_name="办理项"
    )
    ended_at = models.DateTimeField("提前结束时间", null=True)
    ended_by_name = models.CharField("提前结束人", max_length=60, blank=True)
    recommended_at = models.DateTimeField("推荐时间", null=True)
    recommended_by_name = models.CharField("推荐人", max_length=60, blank=True)
    recommendation = models.CharField("推荐理由", max_length=500, blank=True)
    batch = models.ForeignKey(
        ItemList, models.PROTECT, null=True, related_name="pilots", verbose_name="列入批次"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(end_on__gte=F("begin_on")), name="a_pilot_ends_after_it_begins"
            ),
            models.CheckConstraint(condition=~Q(first=F("second")), name="a_pilot_is_between_two_places"),
            models.CheckConstraint(
                condition=~Q(state="agreed")
                | Q(procedure__isnull=False, answered_by_id__isnull=False)
                & ~Q(answered_by_id=F("proposed_by_id")),
                name="an_agreed_pilot_was_agreed_by_the_other_side",
            ),
        ]

    def __str__(self) -> str:
        return self.name
