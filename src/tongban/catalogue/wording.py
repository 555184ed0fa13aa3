"""How kinds of form fields, modes, ways of delivery and levels are called."""

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

MODES: dict[str, str | Promise] = {
    "collected": gettext_lazy("异地代收代办"),
    "online": gettext_lazy("全程网办"),
    "joint": gettext_lazy("多地联办"),
}
DELIVERY: dict[str, str | Promise] = {
    "post": gettext_lazy("邮寄"),
    "pick_up_home": gettext_lazy("到属地窗口领取"),
    "pick_up_receiving": gettext_lazy("到收件地窗口领取"),
    "electronic": gettext_lazy("电子送达"),
}
APPLICANTS: dict[str, str | Promise] = {
    "person": gettext_lazy("自然人"),
    "organisation": gettext_lazy("法人或其他组织"),
}
