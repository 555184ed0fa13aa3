"""How kinds of form fields are called."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

FIELD_TYPES: dict[str, str | Promise] = {
    "text": gettext_lazy("文字"),
    "number": gettext_lazy("数字"),
    "date": gettext_lazy("日期"),
    "choice": gettext_lazy("单选"),
    "identity_number": gettext_lazy("公民身份号码"),
    "credit_code": gettext_lazy("统一社会信用代码"),
    "phone": gettext_lazy("电话"),
    "address": gettext_lazy("地址（省、市、县和门牌）"),
    "file": gettext_lazy("文件（扫描件或照片）"),
}
