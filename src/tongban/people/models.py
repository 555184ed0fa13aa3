"""Staff: who they are, which posts they hold, how they sign in."""

from typing import ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q

from tongban.directory.models import Authority, Window
from tongban.people import roles


class Person(AbstractBaseUser):
    """Somebody who works with the product."""

    account = models.CharField("账号", max_length=60, unique=True)
    name = models.CharField("姓名", max_length=60)
    phone = models.CharField("电话", max_length=30, blank=True)
    is_active = models.BooleanField("在用", default=True)
    is_practice = models.BooleanField("练习账号", default=False)

    USERNAME_FIELD = "account"
    objects: ClassVar[BaseUserManager[Self]] = BaseUserManager()

    def __str__(self) -> str:
        return self.name


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
                condition=Q(role__in=sorted(roles.ADMINISTRATORS)),
                name="the_three_administrators_exclude_each_other",
            ),
            models.UniqueConstraint(
                fields=["person", "role", "window", "authority"],
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
