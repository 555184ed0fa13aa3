"""New items and procedures (B2): made by the coordination group for all five, or by a province for itself.

They are open once their elements are published.
"""

import datetime
import re

from django.db import transaction
from django.utils.translation import gettext as _

from tongban.catalogue import listing, permissions, rules
from tongban.catalogue.models import Draft, Item, Procedure, Stage
from tongban.catalogue.operations import lists, publishing
from tongban.kernel import refusals, text
from tongban.people.actors import Actor

KINDS = ("行政许可", "行政确认", "行政给付", "公共服务", "行政备案", "其他")
_KEY = re.compile(r"-(\d+)$")


class NotComplete(refusals.Incomplete):
    """办理项还没有新建，请先填好标出的各项。"""


@transaction.atomic
def make(
    *,
    name: str,
    statutory_name: str = "",
    kind: str,
    item_seq: int | None = None,
    item_name: str = "",
    lead_department: str = "",
    province: str | None = None,
    by: Actor,
    at: datetime.datetime,
) -> Draft:
    """Make a procedure of an item, or of a new one, and begin the draft of its elements.

    Nobody can apply for it before its elements are published; a new item comes on the list with a batch.

    Args:
        item_seq: number of the item; None: a new one of `item_name`, led by `lead_department`.
        province: code of the province that alone decides it, below an item of the list; None: all five do.

    Raises:
        permissions.NotYourProcedure, NotComplete: with `fields` naming what is missing.
    """
    permissions.require_make(province, by=by)
    said = {n: text.clean(v)[:120] for n, v in {"name": name, "item_name": item_name}.items()}
    department = text.clean(lead_department)[:60]
    item = Item.objects.filter(seq=item_seq).exclude(seq=Item.OFF_LIST).first() if item_seq else None
    wrong = {}
    if not said["name"]:
        wrong["name"] = _("请填写办理项名称，至多 120 个字。")
    if kind not in KINDS:
        wrong["kind"] = _("请从列出的选项中选择。")
    if item_seq is not None and item is None:
        wrong["item_seq"] = _("没有这个序号的事项。")
    if province and (item is None or not listing.is_listed(item.seq, on=rules.day_of(at))):
        wrong["item_seq"] = _("请填写清单上的事项的序号：本省的办理项属于清单上的一个事项。")
    elif item_seq is None and not said["item_name"]:
        wrong["item_name"] = _("请填写已有事项的序号，或者新事项的名称。")
    if not province and item_seq is None and not department:
        wrong["lead_department"] = _("请填写牵头部门。")
    if wrong:
        raise NotComplete(fields=wrong)
    if item is None:
        item = Item.objects.create(
            seq=lists.next_seq(), name=said["item_name"], lead_department=department, source="新增事项"
        )
    lists.next_seq()  # nobody numbers a procedure of the same item meanwhile
    procedure = Procedure.objects.create(
        item=item,
        province_id=province,
        key=_next_key(item),
        name=said["name"],
        statutory_name=text.clean(statutory_name)[:120] or said["name"],
        kind=kind,
        levels=["county"],
        applicants=["person"],
        modes=["collected"],
        fee="",
        delivery=["post", "pick_up_home", "pick_up_receiving"],
        is_open=False,
        edited_at=at,
    )
    draft = publishing.begin(procedure, province=province, stage=Stage.ELEMENTS, by=by, at=at)
    publishing.note("make_procedure", draft, by=by, at=at, key=procedure.key, name=procedure.name)
    return draft


def _next_key(item: Item) -> str:
    keys = Procedure.objects.filter(item=item).values_list("key", flat=True)
    last = max((int(found[1]) for key in keys if (found := _KEY.search(key))), default=0)
    return f"{item.seq:03d}-{last + 1}"
