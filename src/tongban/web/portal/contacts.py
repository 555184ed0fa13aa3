"""The contact list for everybody (P13): the newest version and every old one, what each changed, Excel and PDF."""

import functools
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from tongban.directory import contacts
from tongban.directory.contacts import WholeList
from tongban.kernel import sheets
from tongban.notices import contact_list

_SHOWN_AT_MOST = 300
_NEVER_CHANGES = "public, max-age=86400, immutable"


@login_not_required
@require_safe
def page(request: HttpRequest, number: int | None = None) -> HttpResponse:
    """Show a version of the list, the newest without number: one province at a time, or what was looked for."""
    whole = contacts.whole(number)
    if whole is None:
        return render(request, "portal/contacts.html", {"whole": None})
    words = request.GET.get("q", "").strip()[:60]
    codes = [part.province_id for part in whole.parts]
    asked = request.GET.get("province", "")
    chosen = asked if asked in codes else codes[0]
    part = next(p for p in whole.parts if p.province_id == chosen)
    pool = whole.windows if words else part.content["windows"]
    rows = [row for row in pool if not words or _fits(row, words)]
    newest = contacts.versions(limit=1)[0].number
    is_newest = whole.number == newest
    return render(
        request,
        "portal/contacts.html",
        {
            "whole": whole,
            "part": part,
            "chosen": chosen,
            "words": words,
            "rows": [_shown(row) for row in rows[:_SHOWN_AT_MOST]],
            "count": len(rows),
            "is_cut": len(rows) > _SHOWN_AT_MOST,
            "is_newest": is_newest,
            "newest": newest,
            "live": contacts.live_of(rows[:_SHOWN_AT_MOST]) if is_newest else None,
            "is_sample": contact_list.is_sample(whole),
        },
    )


def _fits(row: dict[str, Any], words: str) -> bool:
    return any(
        words in str(row.get(name, "")) for name in ("place", "name", "address", "phone", "email", "code")
    )


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "kind_name": contact_list.kind_name(row)}


@login_not_required
@require_safe
def versions(request: HttpRequest) -> HttpResponse:
    """Show every version, the newest first, 50 a page."""
    before = request.GET.get("before", "")
    rows = contacts.versions(
        before=int(before) if before.isascii() and before.isdigit() and len(before) < 9 else None, limit=51
    )
    shown = {"versions": rows[:50], "next": rows[49].number if len(rows) > 50 else None}
    return render(request, "portal/contact_versions.html", shown)


@login_not_required
@require_safe
def changes(request: HttpRequest, number: int) -> HttpResponse:
    """Show what a version changed against the one before of the same province."""
    whole = contacts.whole(number)
    assert whole is not None
    row = next(part for part in whole.parts if part.number == number)
    found = contacts.changes_of(number)
    shown = {"version": row, "changes": found[:500], "count": len(found)}
    return render(request, "portal/contact_changes.html", shown)


@login_not_required
@require_safe
def workbook(request: HttpRequest, number: int) -> HttpResponse:
    """Give a version as Excel."""
    return _file(number, "xlsx", sheets.MEDIA_TYPE, contact_list.as_workbook)


@login_not_required
@require_safe
def document(request: HttpRequest, number: int) -> HttpResponse:
    """Give a version as PDF."""
    return _file(number, "pdf", "application/pdf", contact_list.as_pdf)


def _file(number: int, suffix: str, media_type: str, make: Callable[[WholeList], bytes]) -> HttpResponse:
    whole = contacts.whole(number)
    assert whole is not None
    response = HttpResponse(_made(number, suffix, make), content_type=media_type)
    name = quote(contact_list.file_name(whole, suffix))
    response["Content-Disposition"] = (
        f"attachment; filename=\"contacts-{number}.{suffix}\"; filename*=UTF-8''{name}"
    )
    response["Cache-Control"] = _NEVER_CHANGES
    return response


@functools.lru_cache(maxsize=4)
def _made(number: int, suffix: str, make: Callable[[WholeList], bytes]) -> bytes:
    whole = contacts.whole(number)
    assert whole is not None
    return make(whole)


urlpatterns = [
    path("contacts/", page, name="contacts"),
    path("contacts/versions/", versions, name="contact_versions"),
    path("contacts/<int:number>/", page, name="contacts_version"),
    path("contacts/<int:number>/changes/", changes, name="contact_changes"),
    path("contacts/<int:number>.xlsx", workbook, name="contacts_xlsx"),
    path("contacts/<int:number>.pdf", document, name="contacts_pdf"),
]
