"""The record of security events: who got in, who did not, who may what from now on. Only ever added to (S2).

One chain of the journal holds those of staff; an account's own chain repeats what changed that account. What
concerns an applicant stands in their own chain alone: millions of them never wait for one row. An entry names
accounts and addresses, and nothing else about people.
"""

import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tongban.journal import operations as journal
from tongban.people.models import Person, PersonKind

CODES: dict[str, str | Promise] = {
    "sign_in": _("登录"),
    "sign_in_failed": _("登录失败"),
    "code_failed": _("验证码错误"),
    "recovery_used": _("使用恢复码登录"),
    "sign_out": _("退出"),
    "idle_end": _("无操作自动退出"),
    "session_ended": _("结束会话"),
    "locked": _("锁定登录"),
    "unlocked": _("解除锁定"),
    "password_changed": _("修改密码"),
    "password_reset": _("重置密码"),
    "factor_on": _("启用第二验证"),
    "factor_off": _("停用第二验证"),
    "account_created": _("新建账号"),
    "account_on": _("启用账号"),
    "account_off": _("停用账号"),
    "post_given": _("授予岗位"),
    "post_taken": _("收回岗位"),
    "token_issued": _("签发接口令牌"),
    "tokens_revoked": _("撤销接口令牌"),
    "refused": _("越权访问被拒绝"),
    "policy_set": _("修改登录策略"),
    "audit_checked": _("人工核验审计链"),
    "job_replayed": _("重新执行后台任务"),
    "message_replayed": _("重发消息"),
    "wording_published": _("发布消息模板"),
    "restored": _("从备份恢复"),
    "applicant_made": _("申请人开立账号"),
    "identity_checked": _("申请人实名核验"),
    "email_confirmed": _("确认电子邮箱"),
    "data_exported": _("导出本人数据"),
}
OF_ACCOUNT = frozenset(
    {
        "password_changed",
        "password_reset",
        "factor_on",
        "factor_off",
        "account_created",
        "account_on",
        "account_off",
        "post_given",
        "post_taken",
        "token_issued",
        "tokens_revoked",
    }
)
CHAIN = journal.chain_of("security", 0)
_ARTICLE = "S2"


def record(
    code: str,
    *,
    at: datetime.datetime,
    by: Person | None = None,
    about: Person | None = None,
    address: str = "",
    **said: Any,
) -> None:
    """Add an event to the record.

    Args:
        code: one of CODES.
        by: who did it; None: the system, the operator of the machine, or somebody unknown.
        about: whose account it concerns, where that is not who did it.
        address: from where.
        said: what else must be known, in codes and accounts; no names, no numbers of people.
    """
    assert code in CODES
    subject = about or by
    payload = {"account": subject.account if subject else "", "address": address, **said}
    entry: dict[str, Any] = {
        "code": f"security.{code}",
        "article": _ARTICLE,
        "at": at,
        "actor_id": by.pk if by else None,
        "actor": by.account if by else "",
        "place": address,
        "payload": payload,
    }
    if subject and subject.kind == PersonKind.APPLICANT:
        journal.append("account", subject.pk, **entry)
        return
    journal.append("security", 0, **entry)
    if code in OF_ACCOUNT and subject:
        journal.append("account", subject.pk, **entry)
