"""Entries of the journal, the seals over their chains, and the record of looks. All are only ever added."""

from django.db import models


class Entry(models.Model):
    """One thing that was done. `digest` = SM3 over the digest before it and everything this row says.

    Holds ids and words, no foreign keys: history outlives its subject. Holds no identity numbers.
    """

    pk = models.CompositePrimaryKey("chain_id", "seq")
    chain_id = models.BigIntegerField("链")  # the case's id; below zero: see operations.chain_of
    seq = models.IntegerField("序号")
    code = models.CharField("代码", max_length=60)
    article = models.CharField("条款", max_length=40)
    at = models.DateTimeField("时间")
    # The machine's own clock, which practice mode does not move: what the seals go by.
    recorded_at = models.DateTimeField("记录时间", db_index=True)
    actor_id = models.BigIntegerField("经办人编号", null=True)
    actor = models.CharField("经办人", max_length=100)
    place = models.CharField("地点", max_length=100)
    payload = models.JSONField("内容")
    digest_before = models.BinaryField("前一摘要", max_length=32)
    digest = models.BinaryField("摘要", max_length=32)

    def __str__(self) -> str:
        return f"{self.chain_id}#{self.seq} {self.code}"


class Seal(models.Model):
    """A signed Merkle root over the heads of every chain that grew since the seal before."""

    number = models.IntegerField("序号", primary_key=True)
    sealed_at = models.DateTimeField("封存时间")
    until_at = models.DateTimeField("覆盖至")
    heads = models.IntegerField("链数")
    root = models.BinaryField("根摘要", max_length=32)
    digest_before = models.BinaryField("前一封存摘要", max_length=32)
    digest = models.BinaryField("摘要", max_length=32)
    signature = models.BinaryField("签名", max_length=64)

    def __str__(self) -> str:
        return f"#{self.number}"


class SealedHead(models.Model):
    """The last entry that a chain had when a seal was made: a leaf of the seal's tree."""

    pk = models.CompositePrimaryKey("chain_id", "seal_number")
    chain_id = models.BigIntegerField("链")
    seal_number = models.IntegerField("封存序号", db_index=True)
    seq = models.IntegerField("序号")
    digest = models.BinaryField("摘要", max_length=32)

    def __str__(self) -> str:
        return f"{self.chain_id}#{self.seq}"


class Look(models.Model):
    """Somebody saw protected data of a case: an identity number in full, or a scanned paper."""

    id = models.BigIntegerField(primary_key=True)
    case_id = models.BigIntegerField("办件", db_index=True)
    what = models.CharField("查看内容", max_length=40)
    about_id = models.BigIntegerField("对象", null=True)
    purpose = models.CharField("目的", max_length=200)
    at = models.DateTimeField("时间")
    person_id = models.BigIntegerField("查看人编号")
    person = models.CharField("查看人", max_length=100)
    place = models.CharField("地点", max_length=100)

    def __str__(self) -> str:
        return f"{self.what} {self.at}"


class Verification(models.Model):
    """One check of every chain and every seal, with what it found. Only ever added, when it is over."""

    began_at = models.DateTimeField("开始时间")
    ended_at = models.DateTimeField("结束时间")
    by = models.CharField("发起账号", max_length=60, blank=True)  # empty: by schedule
    entries = models.BigIntegerField("条数")
    faults = models.IntegerField("问题数")
    found = models.JSONField("问题", default=list)  # the first of them, as operations.Fault says

    def __str__(self) -> str:
        return f"{self.ended_at} {self.faults}"
