"""People with an account: staff with their posts, applicants with those for whom they act; how both sign in."""

from importlib import import_module
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from tongban.directory.models import Authority, Window
from tongban.people import identity, roles


class PersonKind(models.TextChoices):
    STAFF = "staff", _("工作人员")
    APPLICANT = "applicant", _("申请人")


class Person(AbstractBaseUser):
    """Somebody who has an account: who works with the product, or who applies by it. Nobody does both with one."""

    kind = models.CharField("类别", max_length=12, choices=PersonKind, default=PersonKind.STAFF)
    account = models.CharField("账号", max_length=60, unique=True)
    name = models.CharField("姓名", max_length=60)
    phone = models.CharField("电话", max_length=30, blank=True)
    is_active = models.BooleanField("在用", default=True)
    is_practice = models.BooleanField("练习账号", default=False)
    # Nobody has chosen the password yet: it was given, and is changed at the first sign-in.
    password_changed_at = models.DateTimeField("密码修改时间", null=True)
    session_epoch = models.IntegerField("会话代次", default=0)  # one more ends every session

    USERNAME_FIELD = "account"
    objects: ClassVar[BaseUserManager[Self]] = BaseUserManager()

    def __str__(self) -> str:
        return self.name

    def get_session_auth_hash(self) -> str:
        """Give what a session must carry to count: another password or epoch ends it."""
        said = f"{self.password}|{self.session_epoch}"
        return salted_hmac("tongban.people.session", said, algorithm="sha256").hexdigest()


class Post(models.Model):
    """A role that a person holds at a window, at an authority, or for all five provinces."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="posts", verbose_name="人员")
    role = models.CharField("岗位", max_length=12, choices=roles.Role)
    window = models.ForeignKey(Window, models.PROTECT, null=True, related_name="posts", verbose_name="窗口")
    authority = models.ForeignKey(
        Authority, models.PROTECT, null=True, related_name="posts", verbose_name="机构"
    )
    valid_from_on = models.DateField("任职日期")
    valid_until_on = models.DateField("离任日期", null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(role__in=sorted(roles.AT_WINDOW), window__isnull=False, authority__isnull=True)
                    | Q(role__in=sorted(roles.AT_AUTHORITY), window__isnull=True, authority__isnull=False)
                    | Q(role__in=sorted(roles.EVERYWHERE), window__isnull=True, authority__isnull=True)
                ),
                name="a_post_is_held_where_its_role_belongs",
            ),
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(role__in=sorted(roles.ADMINISTRATORS), valid_until_on=None),
                name="the_three_administrators_exclude_each_other",
            ),
            models.UniqueConstraint(
                fields=["person", "role", "window", "authority"],
                condition=Q(valid_until_on=None),
                nulls_distinct=False,
                name="a_post_is_held_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.role}"


class Training(models.Model):
    """A training that a person has completed (W13, P25(4))."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="trainings", verbose_name="人员")
    title = models.CharField("培训内容", max_length=120)
    passed_on = models.DateField("完成日期")

    def __str__(self) -> str:
        return self.title


class Presence(models.Model):
    """A spell of duty at a window, marked by whoever is there: open while `until_at` is empty, over at midnight."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="+", verbose_name="人员")
    window = models.ForeignKey(Window, models.PROTECT, related_name="+", verbose_name="窗口")
    on = models.DateField("日期")
    since_at = models.DateTimeField("到岗时间")
    until_at = models.DateTimeField("离岗时间", null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "on"],
                condition=Q(until_at__isnull=True),
                name="a_person_is_on_duty_at_one_window",
            ),
        ]
        indexes = [
            models.Index(
                fields=["window", "on"], condition=Q(until_at__isnull=True), name="presence_of_window"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.window_id}"


class RosterDay(models.Model):
    """Somebody who is to be on duty at a window on a day, as planned ahead."""

    window = models.ForeignKey(Window, models.CASCADE, related_name="+", verbose_name="窗口")
    on = models.DateField("日期")
    person = models.ForeignKey(Person, models.CASCADE, related_name="+", verbose_name="人员")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["window", "on", "person"], name="a_person_is_planned_once_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.window_id} {self.on}"


class Token(models.Model):
    """A bearer token for the API. Only its digest is kept."""

    digest = models.BinaryField("摘要", max_length=32, unique=True)
    person = models.ForeignKey(Person, models.CASCADE, related_name="tokens", verbose_name="人员")
    made_at = models.DateTimeField("签发时间")
    expires_at = models.DateTimeField("失效时间")
    revoked_at = models.DateTimeField("撤销时间", null=True)

    def __str__(self) -> str:
        return f"{self.person} {self.made_at}"


class Submission(models.Model):
    """The answer that one write of one person got, so that the same write sent again gets the same answer."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="+", verbose_name="人员")
    key = models.CharField("幂等键", max_length=80)
    request_digest = models.BinaryField("请求摘要", max_length=32)
    status = models.IntegerField("状态码")
    headers = models.JSONField("响应头", default=dict)
    body = models.TextField("响应", blank=True)
    at = models.DateTimeField("时间", db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "key"], name="a_submission_counts_once")]

    def __str__(self) -> str:
        return self.key


class Session(AbstractBaseSession):
    """A browser that is let in, or on its way: what Django's sessions hold, and whose it is, from where."""

    person = models.ForeignKey(Person, models.CASCADE, null=True, related_name="+", verbose_name="人员")
    began_at = models.DateTimeField("开始时间", null=True)
    seen_at = models.DateTimeField("最近活动", null=True)
    address = models.CharField("地址", max_length=45, blank=True)
    device = models.CharField("设备", max_length=200, blank=True)

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        """Give the store that reads and writes these rows."""
        store: type[SessionBase] = import_module(settings.SESSION_ENGINE).SessionStore
        return store


class SecondFactor(models.Model):
    """The secret that a person's phone makes six digits of; it counts once confirmed."""

    person = models.OneToOneField(Person, models.CASCADE, related_name="factor", verbose_name="人员")
    secret_sealed = models.BinaryField("密钥")
    confirmed_at = models.DateTimeField("启用时间", null=True)
    last_step = models.BigIntegerField("最近使用的时间段", default=0)  # a code counts once

    def __str__(self) -> str:
        return str(self.person)


class RecoveryCode(models.Model):
    """A code that stands in once for a lost phone. Only its digest is kept."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="+", verbose_name="人员")
    digest = models.BinaryField("摘要", max_length=32)
    used_at = models.DateTimeField("使用时间", null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "digest"], name="a_recovery_code_is_unique")]

    def __str__(self) -> str:
        return str(self.person)


class OldPassword(models.Model):
    """A password that a person has had, as its hash: it may not come back soon."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="+", verbose_name="人员")
    encoded = models.CharField("散列", max_length=128)
    until_at = models.DateTimeField("停用时间")

    def __str__(self) -> str:
        return str(self.person)


class Tally(models.Model):
    """How often something was tried by somebody since a moment. `subject` is a digest: no names, no numbers."""

    what = models.CharField("事项", max_length=40)
    subject = models.BinaryField("对象摘要", max_length=32)
    since_at = models.DateTimeField("起始时间", db_index=True)
    count = models.IntegerField("次数")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["what", "subject"], name="a_tally_is_kept_once")]

    def __str__(self) -> str:
        return f"{self.what} {self.count}"


class KnownAddress(models.Model):
    """An address from which an account has signed in: others who fail there do not shut it out."""

    account_digest = models.BinaryField("账号摘要", max_length=32)
    address = models.CharField("地址", max_length=45)
    last_at = models.DateTimeField("最近登录", db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account_digest", "address"], name="an_address_is_known_once")
        ]

    def __str__(self) -> str:
        return self.address


class LockoutKind(models.TextChoices):
    PAIR = "pair", "该账号在该地址"
    ACCOUNT = "account", "该账号在陌生地址"
    ADDRESS = "address", "陌生账号在该地址"


class Lockout(models.Model):
    """Sign-in is shut for an account, an address, or the one from the other, until a moment or an unlocking."""

    kind = models.CharField("范围", max_length=8, choices=LockoutKind)
    account_digest = models.BinaryField("账号摘要", max_length=32)
    account = models.CharField("账号", max_length=60, blank=True)  # only where there is such an account
    address = models.CharField("地址", max_length=45, blank=True)
    at = models.DateTimeField("锁定时间")
    until_at = models.DateTimeField("锁定至", db_index=True)
    ended_at = models.DateTimeField("解锁时间", null=True)
    ended_by = models.CharField("解锁人账号", max_length=60, blank=True)

    def __str__(self) -> str:
        return f"{self.account} {self.address}"


class OneTimeCode(models.Model):
    """Six digits that were sent to a phone or an e-mail address. Only digests are kept, one living code a subject."""

    what = models.CharField("用途", max_length=12)
    subject_digest = models.BinaryField("对象摘要", max_length=32)
    digest = models.BinaryField("摘要", max_length=32)
    made_at = models.DateTimeField("发出时间")
    until_at = models.DateTimeField("失效时间", db_index=True)
    tries = models.IntegerField("已试次数", default=0)
    used_at = models.DateTimeField("使用时间", null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["what", "subject_digest"], name="one_code_lives_at_a_time")
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.made_at}"


class RealName(models.TextChoices):
    """How sure it is who an applicant is; only what somebody else has checked opens what concerns that number."""

    PHONE = "phone", _("仅验证手机号")
    CHECKED = "checked", _("已实名核验")


class Applicant(models.Model):
    """What is known of a person who applies (A6). Numbers are sealed; `*_digest` finds them again."""

    person = models.OneToOneField(
        Person, models.CASCADE, primary_key=True, related_name="applicant", verbose_name="人员"
    )
    level = models.CharField("实名等级", max_length=12, choices=RealName, default=RealName.PHONE)
    identity_kind = models.CharField(
        "证件类型", max_length=20, choices=identity.IdentityKind, default=identity.IdentityKind.RESIDENT
    )
    identity_sealed = models.BinaryField("证件号码", default=b"")
    identity_digest = models.BinaryField("证件号码摘要", max_length=32, default=b"")
    identity_masked = models.CharField("证件号码", max_length=40, blank=True)
    phone_sealed = models.BinaryField("手机号", default=b"")
    phone_digest = models.BinaryField("手机号摘要", max_length=32, default=b"")
    phone_masked = models.CharField("手机号", max_length=30, blank=True)
    email_sealed = models.BinaryField("电子邮箱", default=b"")
    email_masked = models.CharField("电子邮箱", max_length=120, blank=True)
    # In which messages are written to them: what they chose for the pages while signed in.
    language = models.CharField("语言", max_length=8, default="zh-hans", db_default="zh-hans")
    # Where the account comes from outside: the issuer's name for this person. Empty for one made here.
    subject = models.CharField("外部身份标识", max_length=300, blank=True)
    checked_at = models.DateTimeField("核验时间", null=True)
    checked_how = models.CharField("核验方式", max_length=20, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["phone_digest"], condition=~Q(phone_digest=b""), name="a_phone_has_one_applicant"
            ),
            models.UniqueConstraint(
                fields=["identity_digest"],
                condition=~Q(identity_digest=b""),
                name="an_identity_has_one_applicant",
            ),
            models.UniqueConstraint(
                fields=["subject"], condition=~Q(subject=""), name="a_subject_has_one_applicant"
            ),
            models.CheckConstraint(
                condition=~Q(level=RealName.CHECKED) | Q(checked_at__isnull=False) & ~Q(identity_digest=b""),
                name="a_checked_applicant_has_a_number",
            ),
        ]

    def __str__(self) -> str:
        return self.identity_masked or self.phone_masked


class Enterprise(models.Model):
    """An organisation that applies, and the person who represents it by law (A6)."""

    code = models.CharField("统一社会信用代码", max_length=18, unique=True)
    code_digest = models.BinaryField("统一社会信用代码摘要", max_length=32)
    name = models.CharField("名称", max_length=120)
    legal_representative = models.ForeignKey(
        Person, models.PROTECT, related_name="+", verbose_name="法定代表人"
    )
    added_at = models.DateTimeField("登记时间")
    checked_how = models.CharField("核验方式", max_length=20)
    # Where messages about the enterprise's cases go too; somebody who acts for it has proved to read it.
    email_sealed = models.BinaryField("电子邮箱", default=b"")
    email_masked = models.CharField("电子邮箱", max_length=120, blank=True, default="", db_default="")

    class Meta:
        indexes = [models.Index(fields=["code_digest"], name="enterprise_of_a_case")]

    def __str__(self) -> str:
        return self.name


class Mandate(models.Model):
    """Leave to act for an enterprise or for a relative: offered to a phone, taken by its owner, until a day."""

    enterprise = models.ForeignKey(
        Enterprise, models.CASCADE, null=True, related_name="+", verbose_name="企业"
    )
    principal = models.ForeignKey(
        Person, models.CASCADE, null=True, related_name="+", verbose_name="被代理人"
    )
    agent = models.ForeignKey(Person, models.CASCADE, null=True, related_name="+", verbose_name="代理人")
    agent_name = models.CharField("代理人姓名", max_length=60)
    agent_phone_digest = models.BinaryField("代理人手机号摘要", max_length=32)
    agent_phone_masked = models.CharField("代理人手机号", max_length=30)
    relation = models.CharField("关系", max_length=30, blank=True)
    items = models.JSONField("事项范围", default=list)  # numbers of items; empty: every matter
    offered_by = models.ForeignKey(Person, models.CASCADE, related_name="+", verbose_name="授权人")
    offered_at = models.DateTimeField("授权时间")
    accepted_at = models.DateTimeField("接受时间", null=True)
    valid_until_on = models.DateField("授权截止日期")  # the last day on which it counts
    ended_at = models.DateTimeField("终止时间", null=True)
    ended_by_name = models.CharField("终止人", max_length=60, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(enterprise__isnull=True) ^ Q(principal__isnull=True),
                name="a_mandate_is_for_one",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | Q(agent__isnull=False),
                name="a_mandate_in_force_has_its_agent",
            ),
        ]
        indexes = [
            models.Index(fields=["agent"], condition=Q(ended_at__isnull=True), name="mandate_of_agent"),
            models.Index(
                fields=["agent_phone_digest"], condition=Q(ended_at__isnull=True), name="mandate_of_phone"
            ),
            models.Index(fields=["offered_by"], name="mandate_by_giver"),
        ]

    def __str__(self) -> str:
        return f"{self.enterprise_id or self.principal_id} {self.agent_name}"
