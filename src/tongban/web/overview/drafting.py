"""Writing a standard in the browser: the draft as one form, its preview, review and publication (B2, B4)."""

import datetime
from types import ModuleType
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tongban.catalogue import local_codes, permissions, queries, rules, standards
from tongban.catalogue.models import Draft, Stage
from tongban.catalogue.operations import publishing
from tongban.kernel import refusals
from tongban.web.kit import once, requests
from tongban.web.overview import door, element_form, standard_form
from tongban.web.overview.standards import preview_of, today_of


@once.once
@door.open_to_authorities
def page(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Show a draft to be written, with everything that keeps it from review; a post saves it."""
    draft = queries.draft(draft_id, for_=door.actor_of(request))
    if request.method != "POST":
        return _page(request, draft, dict(draft.content))
    content, do = _form_of(draft).parse(request.POST), request.POST.get("do", "")
    where = "" if draft.stage == Stage.ELEMENTS else standard_form.act(content, do)
    seen = request.POST.get("revision", "")
    try:
        draft = publishing.save(
            draft.id,
            content,
            revision=int(seen) if seen.isdigit() and len(seen) < 10 else 0,
            by=door.actor_of(request),
            at=requests.time_of(request),
        )
        if do == "submit" and local_codes.faults(content, draft=draft, on=today_of(request)):
            # What was typed is kept; the page that follows says what is still wrong.
            return redirect(reverse("overview_draft", args=[draft.id]) + "?submit=1#faults")
        if do == "submit":
            publishing.submit(draft.id, by=door.actor_of(request), at=requests.time_of(request))
            messages.success(request, _("已送审。请本单位另一位人员审核发布。"))
            return redirect("overview_draft", draft.id)
    except rules.UnknownDraft:
        raise
    except refusals.Refusal as refusal:
        draft = queries.draft(draft_id, for_=door.actor_of(request))
        return _page(request, draft, content, refusal)
    if do == "preview":
        return redirect("overview_draft_preview", draft.id)
    if do in ("save", ""):
        messages.success(request, _("已保存。"))
    return redirect(reverse("overview_draft", args=[draft.id]) + (f"#{where}" if where else ""))


def _form_of(draft: Draft) -> ModuleType:
    """Give how a draft is written: as the elements of a procedure, or as a standard."""
    return element_form if draft.stage == Stage.ELEMENTS else standard_form


def _page(
    request: HttpRequest, draft: Draft, content: dict[str, Any], refusal: refusals.Refusal | None = None
) -> HttpResponse:
    faults = local_codes.faults(content, draft=draft, on=today_of(request))
    actor = door.actor_of(request)
    in_review = draft.state == "review"
    shown = {
        "draft": draft,
        "faults": [(_anchor(name, content), sentence) for name, sentence in faults.items()],
        "refusal": refusal,
        "is_refused": "submit" in request.GET,
        "in_review": in_review,
        "may_review": in_review and permissions.may_review(draft, by=actor),
        "today": today_of(request).isoformat(),
        "typed": request.POST,
        **_form_of(draft).shown(content, faults),
    }
    if in_review:
        shown |= _preview(request, draft)
    return render(request, "overview/draft.html", shown, status=refusal.status if refusal else 200)


def _anchor(name: str, content: dict[str, Any]) -> str:
    """Give the element at which a fault is mended: an input, or a part of the page."""
    return f"part-{name}" if name in standard_form.PARTS else "f-" + name.replace(".", "-")


@require_safe
@door.open_to_authorities
def preview(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Show a draft the way the receive page will."""
    draft = queries.draft(draft_id, for_=door.actor_of(request))
    return render(request, "overview/preview.html", {"draft": draft, **_preview(request, draft)})


def _preview(request: HttpRequest, draft: Draft) -> dict[str, Any]:
    said = draft.content
    if draft.stage == Stage.ELEMENTS:
        return {"elements": element_form.words_of(said)}
    return preview_of(
        standards.parse(said), request, legal=said.get("legal_limit"), promised=said.get("promised_limit")
    )


@require_POST
@door.open_to_authorities
@once.once
def publish(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Publish a draft from the day that was given."""
    draft = queries.draft(draft_id, for_=door.actor_of(request))
    try:
        on = datetime.date.fromisoformat(request.POST.get("effective_from_on", ""))
    except ValueError:
        on = None
    try:
        row = publishing.publish(
            draft.id, effective_from_on=on, by=door.actor_of(request), at=requests.time_of(request)
        )
    except rules.UnknownDraft:
        raise
    except refusals.Refusal as refusal:
        return _page(request, draft, dict(draft.content), refusal)
    messages.success(
        request, _("第{version}版已发布，此后不能再改；要改，请起草新版。").format(version=row.version)
    )
    return redirect("overview_version", row.id)


@require_POST
@door.open_to_authorities
@once.once
def send_back(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Give a draft back to its writers."""
    draft = queries.draft(draft_id, for_=door.actor_of(request))
    try:
        publishing.send_back(
            draft.id,
            remark=request.POST.get("remark", ""),
            by=door.actor_of(request),
            at=requests.time_of(request),
        )
    except rules.UnknownDraft:
        raise
    except refusals.Refusal as refusal:
        return _page(request, draft, dict(draft.content), refusal)
    messages.success(request, _("已退回修改。"))
    return redirect("overview_draft", draft.id)


@require_POST
@door.open_to_authorities
@once.once
def discard(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Throw a draft away."""
    draft = queries.draft(draft_id, for_=door.actor_of(request))
    try:
        publishing.discard(draft.id, by=door.actor_of(request), at=requests.time_of(request))
    except rules.UnknownDraft:
        raise
    except refusals.Refusal as refusal:
        return _page(request, draft, dict(draft.content), refusal)
    messages.success(request, _("草案已删除，已发布的版本不受影响。"))
    return redirect("overview_procedure", draft.procedure.key)


urlpatterns = [
    path("standards/drafts/<int:draft_id>/", page, name="overview_draft"),
    path("standards/drafts/<int:draft_id>/preview/", preview, name="overview_draft_preview"),
    path("standards/drafts/<int:draft_id>/publish/", publish, name="overview_publish"),
    path("standards/drafts/<int:draft_id>/send-back/", send_back, name="overview_send_back"),
    path("standards/drafts/<int:draft_id>/discard/", discard, name="overview_discard"),
]
