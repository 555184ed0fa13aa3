"""Self-service terminals: a device becomes one with a one-time code, starts here, and is wiped here (F3)."""

import datetime

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods

from tongban.directory import kiosks
from tongban.kernel import refusals
from tongban.people import limits
from tongban.web.kit import kiosk, requests

BEGINNING = limits.Limit("kiosk.begin", 10, datetime.timedelta(minutes=30))


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Offer a terminal's first screen; elsewhere ask for the code that makes this device one."""
    if kiosk.of(request):
        return render(request, "portal/kiosk.html")
    if request.method != "POST":
        return render(request, "portal/kiosk_begin.html")
    try:
        limits.spend(BEGINNING, requests.address_of(request), at=requests.machine_time())
        _row, secret = kiosks.begin(request.POST.get("code", "")[:40], at=requests.time_of(request))
    except refusals.Refusal as refusal:
        return render(request, "portal/kiosk_begin.html", {"refusal": refusal}, status=refusal.status)
    response = HttpResponseRedirect(reverse("kiosk"))
    kiosk.remember(response, secret)
    return response


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest) -> HttpResponse:
    """End what somebody did at a terminal and wipe it; by its own clock without a script, too, hence by GET.

    In any other browser this does nothing.
    """
    if not kiosk.of(request):
        return HttpResponseRedirect(reverse("home"))
    response = HttpResponseRedirect(reverse("kiosk"))
    kiosk.wipe(request, response)
    return response


urlpatterns = [
    path("kiosk/", page, name="kiosk"),
    path("kiosk/end/", end, name="kiosk_end"),
]
