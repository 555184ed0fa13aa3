"""The public's pages: what this is, and whether a document is genuine."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tongban.cases import figures
from tongban.catalogue import across
from tongban.directory import announcements
from tongban.kernel import ids, keyring, refusals
from tongban.notices import queries as notices
from tongban.notices.wording import Kind
from tongban.web.portal import items, scanning

_LONGEST = 2000  # characters of what a QR code holds


class SerialWrong(refusals.NotFound):
    """文书编号“{serial}”不正确，可能抄错了一位。请对照文书逐位核对后重新输入。"""


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Ask what somebody wants to do, and offer every way to it."""
    shown = {
        "events": across.life_events(),
        "departments": across.departments(),
        "announcements": announcements.of_everybody(on=items.today_of(request), limit=4),
        "figures": figures.of_year(),
    }
    return render(request, "portal/home.html", shown)


@login_not_required
@require_safe
def verify(request: HttpRequest) -> HttpResponse:
    """Tell whether a document is genuine and current, by its QR code (`s`) or its serial number (`n`)."""
    statement, serial = request.GET.get("s", "").strip(), request.GET.get("n", "").strip()
    statement = statement or scanning.statement_of(serial)  # a scanner types the address into the field
    shown: dict[str, object] = {"serial": "" if statement else serial[:60]}
    if statement or serial:
        try:
            answer = notices.verify((statement or serial)[:_LONGEST])
            shown |= {"answer": answer, "kind": Kind(answer.kind).label if answer.genuine else ""}
        except ids.BadNumber:
            shown["refusal"] = SerialWrong(serial=shown["serial"])
    return render(request, "portal/verify.html", shown, status=404 if "refusal" in shown else 200)


@login_not_required
@require_safe
def public_key(request: HttpRequest) -> HttpResponse:
    """Give the public key with which everybody can check our signatures without us."""
    response = HttpResponse(keyring.current().public_pem, content_type="application/x-pem-file")
    response["Content-Disposition"] = 'inline; filename="tongban-public.pem"'
    return response
