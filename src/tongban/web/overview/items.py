"""Items and procedures (`/overview/items/`): what there is, in which batch, and a new one (B2, B5)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tongban.catalogue import listing, permissions, queries
from tongban.catalogue.operations import procedures
from tongban.kernel import numbers, refusals
from tongban.web.kit import once, requests
from tongban.web.overview import door
from tongban.web.overview.standards import today_of

PAGE = 50


@require_safe
@door.open_to_authorities
def page(request: HttpRequest) -> HttpResponse:
    """List the items with their procedures and the batch of each; the group and provinces can make new ones."""
    return _page(request)


def _page(request: HttpRequest, refusal: refusals.Refusal | None = None) -> HttpResponse:
    words, on, actor = request.GET.get("q", "")[:60], today_of(request), door.actor_of(request)
    is_group, mine = permissions.may_edit(None, by=actor), permissions.provinces_of(actor)
    rows = queries.items(words, after=numbers.whole(request.GET.get("after", "")), limit=PAGE + 1)
    lines = listing.listed_in([row.seq for row in rows])
    listed = listing.offers().listed(on=on)
    typed, wrong = request.POST, refusal.fields if refusal else {}
    asked = [
        ("item_seq", _("事项序号"), _("所属的清单事项的序号，见上表。")),
        ("name", _("办理项名称"), ""),
        ("statutory_name", _("法定事项名称"), _("不填的，同办理项名称")),
    ]
    if is_group:
        asked[0] = ("item_seq", _("事项序号（已有事项）"), _("新事项不填序号，填名称和牵头部门。"))
        asked[1:1] = [("item_name", _("新事项名称"), ""), ("lead_department", _("新事项的牵头部门"), "")]
    shown = {
        "rows": [(row, lines.get(row.seq), row.seq in listed) for row in rows[:PAGE]],
        "next": rows[PAGE - 1].seq if len(rows) > PAGE and not words else "",
        "words": words,
        "may_make": is_group or bool(mine),
        "province": "" if is_group or not mine else mine[0],
        "inputs": [
            {"name": n, "label": label, "help": help_, "value": typed.get(n, ""), "error": wrong.get(n, "")}
            for n, label, help_ in asked
        ],
        "kinds": procedures.KINDS,
        "typed": typed,
        "refusal": refusal,
    }
    return render(request, "overview/items.html", shown, status=refusal.status if refusal else 200)


@require_POST
@door.open_to_authorities
@once.once
def make(request: HttpRequest) -> HttpResponse:
    """Make a procedure, and its item if that is new, and go to write its elements; a province, its own."""
    data = request.POST
    said = {n: data.get(n, "") for n in ("name", "statutory_name", "kind", "item_name", "lead_department")}
    seq = data.get("item_seq", "").strip()
    try:
        draft = procedures.make(
            **said,
            item_seq=(numbers.whole(seq) or -1) if seq else None,
            province=data.get("province") or None,
            by=door.actor_of(request),
            at=requests.time_of(request),
        )
    except permissions.NotYourProcedure:
        raise
    except refusals.Refusal as refusal:
        return _page(request, refusal)
    return redirect("overview_draft", draft.id)


urlpatterns = [
    path("items/", page, name="overview_items"),
    path("items/make/", make, name="overview_item_make"),
]
