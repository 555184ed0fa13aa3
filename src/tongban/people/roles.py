"""What a person may be at a place, and which of these exclude each other."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    CLERK = "clerk", _("窗口人员")
    LEAD = "lead", _("窗口负责人")
    MANAGER = "manager", _("管理机构人员")
    GROUP = "group", _("协调小组人员")
    APPROVER = "approver", _("审批部门人员")
    SYSTEM_ADMIN = "sysadmin", _("系统管理员")
    SECURITY_ADMIN = "secadmin", _("安全管理员")
    AUDIT_ADMIN = "auditadmin", _("审计管理员")


AT_WINDOW = frozenset({Role.CLERK, Role.LEAD})
AT_AUTHORITY = frozenset({Role.MANAGER, Role.APPROVER})
ADMINISTRATORS = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN})
EVERYWHERE = ADMINISTRATORS | {Role.GROUP}
