"""Excel in and out (B8): export, template, import that first shows what it would change."""

from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tongban.catalogue import imports
from tongban.documents import imports as kept
from tongban.documents.models import ImportState
from tongban.kernel import refusals, sheets
from tongban.web.kit import once, requests
from tongban.web.overview import door


class NoFile(refusals.Incomplete):
    """请选择要导入的 Excel 工作簿（.xlsx）。"""


@require_safe
@door.open_to_authorities
def page(request: HttpRequest) -> HttpResponse:
    """Show the kinds of workbooks that somebody may use, and the last imports."""
    return _page(request)


def _page(request: HttpRequest, *, about: str = "", refusal: refusals.Refusal | None = None) -> HttpResponse:
    actor = door.actor_of(request)
    labels = {name: kind.label for name, kind in imports.KINDS.items()}
    shown = {
        "kinds": [(name, kind.label) for name, kind in imports.KINDS.items() if kind.may(actor)],
        "imports": [(row, labels.get(row.kind, row.kind)) for row in kept.lately(actor.id or 0)],
        "megabytes": sheets.MAX_BYTES // 1024 // 1024,
        "about": about,
        "refusal": refusal,
    }
    return render(request, "overview/workbooks.html", shown, status=refusal.status if refusal else 200)


@require_safe
@door.open_to_authorities
def download(request: HttpRequest, kind: str, what: str) -> HttpResponse:
    """Give a workbook with what is there (`export`), or an empty one to fill in (`template`)."""
    actor = door.actor_of(request)
    label = imports.kind_of(kind, by=actor).label
    is_export = what == "export"
    at = requests.time_of(request)
    made = imports.export(kind, by=actor, at=at) if is_export else imports.template(kind, by=actor)
    response = HttpResponse(made, content_type=sheets.MEDIA_TYPE)
    name = quote(f"{label}{'' if is_export else _('模板')}.xlsx")
    response["Content-Disposition"] = f"attachment; filename=\"{kind}.xlsx\"; filename*=UTF-8''{name}"
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@door.open_to_authorities
@once.once
def hand_in(request: HttpRequest, kind: str) -> HttpResponse:
    """Take a workbook in; a job goes through it."""
    file = request.FILES.get("file")
    try:
        if file is None or not file.size:
            raise NoFile()
        if file.size > sheets.MAX_BYTES:
            raise sheets.TooBig(megabytes=sheets.MAX_BYTES // 1024 // 1024, rows=sheets.MAX_ROWS)
        row = imports.hand_in(
            file.read(),
            kind=kind,
            name=file.name or "",
            by=door.actor_of(request),
            at=requests.time_of(request),
        )
    except refusals.Refusal as refusal:
        if refusal.status in (403, 404):
            raise
        return _page(request, about=kind, refusal=refusal)
    return HttpResponseRedirect(reverse("workbook_import", args=[row.id]))


@require_safe
@door.open_to_authorities
def one(request: HttpRequest, import_id: int) -> HttpResponse:
    """Show how far an import is and what it would change; the fragment alone to a page that polls."""
    row = kept.of(import_id, by_id=door.actor_of(request).id or 0)
    kind = imports.KINDS.get(row.kind)
    shown: dict[str, Any] = {"import": row, "label": kind.label if kind else row.kind, "states": ImportState}
    template = "overview/_import.html" if getattr(request, "htmx", False) else "overview/import.html"
    return render(request, template, shown)


@require_POST
@door.open_to_authorities
@once.once
def confirm(request: HttpRequest, import_id: int) -> HttpResponse:
    """Let a checked import be written."""
    row = imports.confirm(import_id, by=door.actor_of(request))
    messages.success(request, _("已开始导入。"))
    return HttpResponseRedirect(reverse("workbook_import", args=[row.id]))


urlpatterns = [
    path("workbooks/", page, name="workbooks"),
    path("workbooks/imports/<int:import_id>/", one, name="workbook_import"),
    path("workbooks/imports/<int:import_id>/confirm/", confirm, name="workbook_confirm"),
    path("workbooks/<slug:kind>/import/", hand_in, name="workbook_hand_in"),
    path("workbooks/<slug:kind>/export.xlsx", download, {"what": "export"}, name="workbook_export"),
    path("workbooks/<slug:kind>/template.xlsx", download, {"what": "template"}, name="workbook_template"),
]
