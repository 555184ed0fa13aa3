"""New items and procedures (B2): made by the coordination group for all five, or by a province for itself.

They are open once their elements are published.
"""

import datetime
import re
from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from tongban.catalogue import listing, permissions, queries, rules
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
    key: str = "",
    by: Actor,
    at: datetime.datetime,
) -> Draft:
    """Make a procedure of an item, or of a new one, and begin the draft of its elements.

    Nobody can apply for it before its elements are published; a new item comes on the list with a batch.

    Args:
        item_seq: number of the item; None: a new one of `item_name`, led by `lead_department`.
        province: code of the province that alone decides it, below an item of the list; None: all five do.
        key: its number, such as 015-9; without one it gets the next of its item.

    Raises:
        permissions.NotYourProcedure, NotComplete: with `fields` naming what is missing.
    """
    permissions.require_make(province, by=by)
    queries.hold_numbers()  # nobody numbers an item, or a procedure of the same one, meanwhile
    procedure = planned(
        name=name,
        statutory_name=statutory_name,
        kind=kind,
        item_seq=item_seq,
        item_name=item_name,
        lead_department=lead_department,
        province=province,
        key=key,
        at=at,
    )
    if item_seq is None:
        procedure.item.save(force_insert=True)
    procedure.save(force_insert=True)
    draft = publishing.begin(procedure, province=province, stage=Stage.ELEMENTS, by=by, at=at)
    publishing.note("make_procedure", draft, by=by, at=at, key=procedure.key, name=procedure.name)
    return draft


def planned(
    *,
    name: str,
    statutory_name: str,
    kind: str,
    item_seq: int | None,
    item_name: str,
    lead_department: str,
    province: str | None,
    key: str,
    at: datetime.datetime,
    coming: Mapping[int, Item] | None = None,
) -> Procedure:
    """Give the procedure that `make` would make of the same, nothing written; a new item is given with it.

    Args:
        coming: items, by number, that would be made before it.

    Raises:
        NotComplete: with `fields` naming what is missing.
    """
    coming = coming or {}
    wrong: dict[str, str] = {}
    called = _short(name, 120, "name", wrong, _("请填写办理项名称，至多 120 个字。"))
    statutory = text.clean(statutory_name)
    if len(statutory) > 120:
        wrong["statutory_name"] = _("最多 120 个字。")
    if kind not in KINDS:
        wrong["kind"] = _("请从列出的选项中选择。")
    item = coming.get(item_seq or 0) or _item(item_seq)
    if item_seq is not None and item is None:
        wrong["item_seq"] = _("没有这个序号的事项。")
    if province and (item is None or not listing.is_listed(item.seq, on=rules.day_of(at))):
        wrong["item_seq"] = _("请填写清单上的事项的序号：本省的办理项属于清单上的一个事项。")
    elif item_seq is None:
        item = _new_item(item_name, lead_department, coming, wrong)
    if key and item is not None:
        _check_key(key, item, wrong)
    if wrong or item is None:
        raise NotComplete(fields=wrong)
    return Procedure(
        name=called,
        statutory_name=statutory or called,
        item=item,
        province_id=province,
        key=key or _next_key(item),
        kind=kind,
        levels=["county"],
        applicants=["person"],
        modes=["collected"],
        fee="",
        delivery=["post", "pick_up_home", "pick_up_receiving"],
        is_open=False,
        edited_at=at,
    )


def _short(typed: str, most: int, field: str, wrong: dict[str, str], sentence: str) -> str:
    said = text.clean(typed)
    if not 1 <= len(said) <= most:
        wrong[field] = sentence
    return said


def _item(seq: int | None) -> Item | None:
    return Item.objects.filter(seq=seq).exclude(seq=Item.OFF_LIST).first() if seq else None


def _new_item(
    name: str, lead_department: str, coming: Mapping[int, Item], wrong: dict[str, str]
) -> Item | None:
    said = _short(name, 120, "item_name", wrong, _("请填写已有事项的序号，或者新事项的名称，至多 120 个字。"))
    department = _short(lead_department, 60, "lead_department", wrong, _("请填写牵头部门，至多 60 个字。"))
    same = Item.objects.filter(name=said).exclude(seq=Item.OFF_LIST).first() if said else None
    if same is not None:
        wrong["item_name"] = _("已经有这个事项，请填写它的序号 {seq}，不填名称。").format(seq=same.seq)
    if wrong.keys() & {"item_name", "lead_department"}:
        return None
    seq = max([lists.last_seq(), *coming]) + 1
    return Item(seq=seq, name=said, lead_department=department, source="新增事项")


def _check_key(key: str, item: Item, wrong: dict[str, str]) -> None:
    if not re.fullmatch(rf"{item.seq:03d}-[1-9]\d{{0,3}}", key):
        sentence = _("这个事项的办理项，编号是“{seq}-”加一个没有用过的数，例如 {key}。")
        wrong["key"] = sentence.format(seq=f"{item.seq:03d}", key=_next_key(item))
    elif Procedure.objects.filter(key=key).exists():
        wrong["key"] = _("编号 {key} 已经有办理项，请换一个没有用过的。").format(key=key)


def _next_key(item: Item) -> str:
    keys = Procedure.objects.filter(item_id=item.seq).values_list("key", flat=True)
    last = max((int(found[1]) for key in keys if (found := _KEY.search(key))), default=0)
    return f"{item.seq:03d}-{last + 1}"
