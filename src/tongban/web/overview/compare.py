"""The five provinces' standards of one procedure side by side, and the differences as matters (B7)."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tongban.catalogue import comparing, permissions, queries, rules
from tongban.catalogue.models import Difference, Procedure
from tongban.catalogue.operations import publishing, settling
from tongban.directory import queries as directory
from tongban.kernel import refusals
from tongban.web.kit import once, requests
from tongban.web.overview import door
from tongban.web.overview.standards import today_of


@require_safe
@door.open_to_authorities
def page(request: HttpRequest, key: str) -> HttpResponse:
    """Show the provinces' standards line by line, differences marked, and what became of each."""
    return _page(request, queries.procedure(key))


def _page(request: HttpRequest, row: Procedure, refusal: refusals.Refusal | None = None) -> HttpResponse:
    actor = door.actor_of(request)
    own = queries.own_standards(row.id)
    contents = {code: publishing.content_of(standard) for code, standard in own.items()}
    lines = comparing.lines_of(contents)
    differences = queries.differences_of(row.id)
    provinces = list(directory.divisions_of(None, on=today_of(request)))
    names = {p.code: p.name for p in provinces}
    is_group = permissions.may_edit(None, by=actor)
    mine = permissions.provinces_of(actor)
    everything = request.GET.get("all") == "1"
    still_open = [d for d in differences if d.settled_at is None]
    shown = {
        "procedure": row,
        "columns": [(names.get(code, code), standard) for code, standard in own.items()],
        "without": [p.name for p in provinces if p.code not in own],
        "lines": [(x, _matter(x, differences)) for x in lines if everything or x.differs],
        "everything": everything,
        "n_different": sum(x.differs for x in lines),
        "n_lines": len(lines),
        "open": [_shown(d, names, mine) for d in still_open],
        "settled": [_shown(d, names, mine) for d in differences if d.settled_at],
        "choices": [(code, names.get(code, code)) for code in own],
        "is_group": is_group,
        "may_answer": bool(mine),
        "draft": next((d for d in queries.drafts_of(row.id, for_=actor) if d.province_id is None), None),
        "may_compose": is_group and bool(own) and not still_open,
        "refusal": refusal,
        "typed": request.POST,
    }
    return render(request, "overview/compare.html", shown, status=refusal.status if refusal else 200)


def _matter(line: comparing.Line, differences: list[Difference]) -> Difference | None:
    return next((d for d in differences if d.line == line.key), None)


def _shown(row: Difference, names: dict[str, str], mine: tuple[str, ...]) -> dict[str, Any]:
    last = {a.province_id: a for a in row.answers.all()}  # in their order: the last one of a province counts
    return {
        "row": row,
        "seen": [(names.get(code, code), said) for code, said in sorted(row.seen.items())],
        "answers": list(last.values()),
        "silent": [names[code] for code in row.seen if code in names and code not in last],
        "mine": next((last[code] for code in mine if code in last), None),
    }


def _back(row: Procedure, where: str = "") -> HttpResponse:
    return redirect(reverse("overview_compare", args=[row.key]) + where)


@require_POST
@door.open_to_authorities
@once.once
def open_difference(request: HttpRequest, key: str) -> HttpResponse:
    """Open a line as a matter."""
    row = queries.procedure(key)
    try:
        difference = settling.open_difference(
            row,
            line=request.POST.get("line", "")[:120],
            question=request.POST.get("question", ""),
            by=door.actor_of(request),
            at=requests.time_of(request),
        )
    except refusals.Refusal as refusal:
        return _page(request, row, refusal)
    messages.success(request, _("已提出，请各省答复。"))
    return _back(row, f"#difference-{difference.id}")


@require_POST
@door.open_to_authorities
@once.once
def act(request: HttpRequest, difference_id: int) -> HttpResponse:
    """Answer a difference for one's province, or decide it for all five."""
    difference = queries.difference(difference_id)
    data, by, at = request.POST, door.actor_of(request), requests.time_of(request)
    chosen = data.get("province") or None
    try:
        if data.get("do") == "settle":
            settling.settle(difference_id, decision=data.get("decision", ""), follows=chosen, by=by, at=at)
            messages.success(request, _("已作出决定。"))
        else:
            settling.answer(difference_id, words=data.get("words", ""), agrees_with=chosen, by=by, at=at)
            messages.success(request, _("已答复。"))
    except rules.UnknownDifference:
        raise
    except refusals.Refusal as refusal:
        return _page(request, difference.procedure, refusal)
    return _back(difference.procedure, f"#difference-{difference_id}")


@require_POST
@door.open_to_authorities
@once.once
def compose(request: HttpRequest, key: str) -> HttpResponse:
    """Begin the five-province standard from the comparison and go to write it."""
    row = queries.procedure(key)
    try:
        draft = settling.begin_common(
            row,
            base=request.POST.get("base", ""),
            by=door.actor_of(request),
            at=requests.time_of(request),
        )
    except refusals.Refusal as refusal:
        return _page(request, row, refusal)
    return redirect("overview_draft", draft.id)


urlpatterns = [
    path("standards/compare/<str:key>/", page, name="overview_compare"),
    path("standards/compare/<str:key>/open/", open_difference, name="overview_open_difference"),
    path("standards/compare/<str:key>/compose/", compose, name="overview_compose"),
    path("standards/differences/<int:difference_id>/", act, name="overview_difference"),
]
