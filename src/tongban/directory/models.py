"""Where things are decided and when people work there."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Level(models.TextChoices):
    PROVINCE = "province", _("省级")
    PREFECTURE = "prefecture", _("市级")
    COUNTY = "county", _("县级")
    TOWNSHIP = "township", _("乡级")
    VILLAGE = "village", _("村级")


class Division(models.Model):
    """An administrative division (行政区划), with the time in which it exists."""

    code = models.CharField("代码", max_length=12, primary_key=True)
    name = models.CharField("名称", max_length=60)
    full_name = models.CharField("全称", max_length=120)
    level = models.CharField("层级", max_length=12, choices=Level)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="children", verbose_name="上级"
    )
    valid_from_on = models.DateField("启用日期")
    valid_until_on = models.DateField("停用日期", null=True)
    successor = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="+", verbose_name="承继区划"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(code__regex=r"^\d{12}$"), name="division_code_is_12_digits"),
            models.CheckConstraint(
                condition=Q(valid_until_on__isnull=True) | Q(valid_until_on__gt=F("valid_from_on")),
                name="division_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return self.full_name

    @property
    def prefix(self) -> str:
        """The leading digits that every division inside this one shares."""
        digits = {Level.PROVINCE: 2, Level.PREFECTURE: 4, Level.COUNTY: 6, Level.TOWNSHIP: 9}
        return self.code[: digits.get(Level(self.level), 12)]


class AuthorityKind(models.TextChoices):
    MANAGEMENT = "management", _("政务服务管理机构")
    DEPARTMENT = "department", _("审批部门")


class Authority(models.Model):
    """A body that runs the halls and windows of a division, or a department that approves there."""

    kind = models.CharField("类别", max_length=12, choices=AuthorityKind)
    name = models.CharField("名称", max_length=120)
    division = models.ForeignKey(Division, models.PROTECT, related_name="authorities", verbose_name="区划")
    sector = models.CharField("条线", max_length=60, blank=True)  # lead department as the item list names it
    phone = models.CharField("电话", max_length=30)
    is_sample = models.BooleanField("示例数据", default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["division", "kind", "sector"], name="one_authority_of_a_kind_in_a_division"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Hall(models.Model):
    """A service hall (政务服务大厅)."""

    authority = models.ForeignKey(Authority, models.PROTECT, related_name="halls", verbose_name="管理机构")
    name = models.CharField("名称", max_length=120)
    address = models.CharField("地址", max_length=200)
    is_sample = models.BooleanField("示例数据", default=False)

    def __str__(self) -> str:
        return self.name


class WindowKind(models.TextChoices):
    HALL = "hall", _("大厅窗口")
    OUTLET = "outlet", _("网点")


class Host(models.TextChoices):
    """Where an outlet beyond the hall is (P14)."""

    TOWNSHIP = "township", _("街道（乡镇）便民服务中心")
    VILLAGE = "village", _("村（居）便民服务站")
    POST = "post", _("邮政网点")
    BANK = "bank", _("银行网点")
    BROADCASTER = "broadcaster", _("广电网点")


class Window(models.Model):
    """A cross-province window (跨省通办窗口): it receives for others and answers for its own place (P9).

    An outlet (P14) receives like a window; the county window that supervises it answers for the place. Its
    `hall` is that window's.
    """

    hall = models.ForeignKey(Hall, models.PROTECT, related_name="windows", verbose_name="大厅")
    kind = models.CharField("类别", max_length=10, choices=WindowKind, default=WindowKind.HALL)
    host = models.CharField("依托", max_length=12, choices=Host, blank=True)
    supervisor = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="outlets", verbose_name="指导监督窗口"
    )
    division = models.ForeignKey(Division, models.PROTECT, related_name="windows", verbose_name="区划")
    name = models.CharField("名称", max_length=120)
    contact_name = models.CharField("联系人", max_length=60, blank=True)
    phone = models.CharField("电话", max_length=30)
    email = models.CharField("电子邮箱", max_length=120, blank=True)
    address = models.CharField("邮寄地址", max_length=200)
    postcode = models.CharField("邮编", max_length=6, blank=True)
    opens_at = models.TimeField("上班时间")
    closes_at = models.TimeField("下班时间")
    break_from_at = models.TimeField("午休开始", null=True)
    break_until_at = models.TimeField("午休结束", null=True)
    # Where it stands (WGS 84), so that the nearest can be found; both or neither.
    latitude = models.FloatField("纬度", null=True)
    longitude = models.FloatField("经度", null=True)
    # Stands on the published contact list: set by its publication, taken away at once by a closing.
    is_open = models.BooleanField("在联络清单内", default=True)
    closed_at = models.DateTimeField("撤销时间", null=True)
    successor = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="+", verbose_name="承接窗口"
    )
    is_sample = models.BooleanField("示例数据", default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hall", "name"], name="window_name_is_unique_in_its_hall"),
            models.CheckConstraint(
                condition=Q(kind="hall", host="", supervisor__isnull=True)
                | Q(kind="outlet", supervisor__isnull=False) & ~Q(host=""),
                name="an_outlet_has_a_host_and_a_supervisor",
            ),
            models.CheckConstraint(
                condition=Q(latitude__isnull=True, longitude__isnull=True)
                | Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
                name="a_position_is_on_earth",
            ),
            models.CheckConstraint(
                condition=Q(is_open=False) | Q(closed_at__isnull=True, successor__isnull=True),
                name="a_closed_window_is_not_listed",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Equipment(models.Model):
    """A piece of equipment that every window must have (P9, P19), and whether it is there."""

    KINDS = [
        ("camera", _("高清摄像头")),
        ("headset", _("耳机")),
        ("microphone", _("麦克风")),
        ("document_scanner", _("高拍仪")),
        ("signage", _("统一标识标牌")),
        ("bandwidth", _("电子政务外网 100M 以上")),
        ("papers", _("公示资料：事项清单、办事指南、工作规程")),
    ]
    BANDWIDTH = 100  # Mbit/s that a hall has to itself (P19)
    window = models.ForeignKey(Window, models.CASCADE, related_name="equipment", verbose_name="窗口")
    kind = models.CharField("设备", max_length=20, choices=KINDS)
    is_present = models.BooleanField("已配备", default=False)
    amount = models.IntegerField("带宽（M）", null=True)  # of the bandwidth, in Mbit/s
    checked_on = models.DateField("核查日期", null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["window", "kind"], name="equipment_is_listed_once_a_window")
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


class WindowDay(models.Model):
    """A day on which a window keeps other hours than usual, or none. Legal clocks do not follow it."""

    window = models.ForeignKey(Window, models.CASCADE, related_name="days", verbose_name="窗口")
    on = models.DateField("日期")
    opens_at = models.TimeField("上班时间", null=True)  # both empty: closed all day
    closes_at = models.TimeField("下班时间", null=True)
    reason = models.CharField("原因", max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["window", "on"], name="one_exception_a_day_a_window"),
            models.CheckConstraint(
                condition=Q(opens_at__isnull=True, closes_at__isnull=True)
                | Q(opens_at__isnull=False, closes_at__isnull=False, opens_at__lt=F("closes_at")),
                name="special_hours_begin_before_they_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.on} {self.reason}"


class ContactList(models.Model):
    """A version of the contact list (联络清单, P13): what one province published, never changed afterwards.

    The whole list of version N is the newest part of each province up to N.
    """

    number = models.IntegerField("版本", primary_key=True)
    province = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name="省份")
    # {"authorities": [...], "windows": [...]}, as `contacts.part_of` builds them; history outlives its subjects.
    content = models.JSONField("内容")
    digest = models.BinaryField("内容摘要", max_length=32)
    note = models.CharField("说明", max_length=300, blank=True)
    is_sample = models.BooleanField("示例数据", default=False)
    published_at = models.DateTimeField("发布时间")
    published_by_name = models.CharField("发布人", max_length=60)
    published_by_place = models.CharField("发布机构", max_length=120)

    class Meta:
        indexes = [models.Index(fields=["province", "-number"], name="contact_list_of_province")]

    def __str__(self) -> str:
        return str(self.number)


class Announcement(models.Model):
    """A public announcement (公告) of one place or of all five provinces; published once, withdrawn but never deleted."""

    title = models.CharField("标题", max_length=80)
    body = models.TextField("正文")
    place = models.ForeignKey(Division, models.PROTECT, null=True, related_name="+", verbose_name="地方")
    from_on = models.DateField("公布日期")
    until_on = models.DateField("截止日期", null=True)  # its last day; empty: until it is withdrawn
    published_at = models.DateTimeField("发布时间")
    published_by_id = models.BigIntegerField("发布人", null=True)
    published_by_name = models.CharField("发布人", max_length=60)
    published_by_place = models.CharField("发布单位", max_length=120, blank=True)
    withdrawn_at = models.DateTimeField("撤回时间", null=True)
    withdrawn_by_name = models.CharField("撤回人", max_length=60, blank=True)
    withdrawn_reason = models.CharField("撤回原因", max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(title="") & ~Q(body=""), name="an_announcement_says_something"
            ),
            models.CheckConstraint(
                condition=Q(until_on__isnull=True) | Q(until_on__gte=F("from_on")),
                name="an_announcement_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawn_reason="")
                | Q(withdrawn_at__isnull=False) & ~Q(withdrawn_reason=""),
                name="a_withdrawn_announcement_says_why",
            ),
        ]
        indexes = [models.Index(fields=["-from_on", "-id"], name="announcement_newest")]

    def __str__(self) -> str:
        return self.title


class Kiosk(models.Model):
    """A self-service terminal (自助终端) of a window: registered by its authority, until it is ended.

    A one-time code typed at the device makes it one; the device then keeps a secret, of which only the digest
    is kept here.
    """

    window = models.ForeignKey(Window, models.PROTECT, related_name="kiosks", verbose_name="窗口")
    name = models.CharField("名称", max_length=60)
    code_digest = models.BinaryField("登记码摘要", max_length=32, unique=True, null=True)
    code_until_at = models.DateTimeField("登记码有效期")
    secret_digest = models.BinaryField("设备凭据摘要", max_length=32, null=True)
    registered_at = models.DateTimeField("登记时间")
    registered_by_name = models.CharField("登记人", max_length=60)
    begun_at = models.DateTimeField("启用时间", null=True)
    ended_at = models.DateTimeField("停用时间", null=True)
    ended_by_name = models.CharField("停用人", max_length=60, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(begun_at__isnull=True, secret_digest__isnull=True)
                | Q(begun_at__isnull=False, secret_digest__isnull=False, code_digest__isnull=True),
                name="a_kiosk_in_use_has_a_secret_and_no_code",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ProvinceFigures(models.Model):
    """What one province did in one month, counted every night so that no page has to (F1, G3)."""

    province = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name="省份")
    month_on = models.DateField("月份")  # its first day
    received = models.IntegerField("收件", default=0)  # by the province's windows, for other places
    sent_here = models.IntegerField("转来", default=0)  # received elsewhere, for this province to decide
    decided = models.IntegerField("办出", default=0)
    in_time = models.IntegerField("按期办出", default=0)  # of those decided: within the promised limit
    asked_for_more = models.IntegerField("超出首次告知的补正", default=0)
    counted_at = models.DateTimeField("统计时间")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["province", "month_on"], name="figures_of_a_province_once_a_month"
            ),
            models.CheckConstraint(
                condition=Q(in_time__lte=F("decided")), name="no_more_in_time_than_decided"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.province_id} {self.month_on:%Y-%m}"


class CalendarYear(models.Model):
    """A year whose working days are known. Without such a row no due date is computed in that year."""

    year = models.IntegerField("年度", primary_key=True)
    source = models.CharField("依据", max_length=200)
    is_sample = models.BooleanField("示例数据", default=False)

    def __str__(self) -> str:
        return str(self.year)


class CalendarDay(models.Model):
    """A day that is not what its weekday says: for the whole country (no division) or for one division."""

    division = models.ForeignKey(Division, models.PROTECT, null=True, related_name="+", verbose_name="区划")
    on = models.DateField("日期")
    is_working = models.BooleanField("工作日")
    reason = models.CharField("原因", max_length=60)
    source = models.CharField("依据", max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["division", "on"], nulls_distinct=False, name="one_calendar_day_a_division"
            )
        ]

    def __str__(self) -> str:
        return f"{self.on} {self.reason}"


class Stamp(models.Model):
    """Counts the changes of something that processes keep in memory, so that they notice each one."""

    name = models.CharField("名称", max_length=30, primary_key=True)
    value = models.BigIntegerField("次数", default=0)

    def __str__(self) -> str:
        return f"{self.name} {self.value}"


class Parameter(models.Model):
    """A number or word that a place may set for itself; no division: for all."""

    name = models.CharField("名称", max_length=60)
    division = models.ForeignKey(Division, models.PROTECT, null=True, related_name="+", verbose_name="区划")
    value = models.JSONField("取值")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name", "division"], nulls_distinct=False, name="a_parameter_is_set_once_a_division"
            )
        ]

    def __str__(self) -> str:
        return self.name
