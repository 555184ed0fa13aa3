"""The few ways in which the product says no.

Code that must refuse subclasses one of the kinds below, beside the rule that raises it. The class
docstring is the sentence that people read, in Chinese and marked for translation by being a refusal:
it may name details in braces, which are given as keyword arguments when the refusal is raised.

    class NotListed(refusals.NotAllowed):
        '''{window}不在联络清单内，不能收件。请向申请人解释说明。'''

    raise NotListed(window=window.name)

One place in `web.kit` turns a refusal into a page, a fragment or JSON.
"""

import inspect
import re
from collections.abc import Mapping

from django.utils.translation import gettext


class Refusal(Exception):
    """系统不能完成这一操作。"""

    status = 400

    def __init__(self, *, fields: Mapping[str, str] | None = None, **details: object) -> None:
        """Keep what the sentence needs; `fields` maps form field names to a sentence each."""
        self.fields = dict(fields or {})
        self.details = details
        super().__init__()

    @property
    def code(self) -> str:
        """The refusal's stable name for machines, e.g. `out_of_turn`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()

    @property
    def message(self) -> str:
        """The sentence for people, in the language in force."""
        sentence = gettext(inspect.cleandoc(type(self).__doc__ or Refusal.__doc__ or ""))
        return sentence.format(**self.details)

    def __str__(self) -> str:
        return self.message


class NotAllowed(Refusal):
    """您的岗位不能进行这一操作。"""

    status = 403


class OutOfTurn(Refusal):
    """现在还轮不到这一步，或者这一步已经办过了。请刷新后查看最新进度。"""

    status = 409


class Incomplete(Refusal):
    """还有内容没有填完整，请按提示补充。"""

    status = 422


class NotFound(Refusal):
    """没有找到您要的内容。请核对编号，或者从列表中重新进入。"""

    status = 404


class Conflict(Refusal):
    """在您操作期间，别人已经改动了它。您填写的内容没有丢失，请核对最新情况后再提交。"""

    status = 409
