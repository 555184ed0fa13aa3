"""Progress by case number and the last four characters of the identity number, by form so that no address keeps them."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tongban.cases import progress
from tongban.kernel import refusals
from tongban.people import limits
from tongban.web.kit import requests
from tongban.web.portal import scanning

LONGEST = 2000  # characters: a scanner types the whole address of a QR code


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Ask for the two numbers, or tell how the case stands; too many tries from one place wait."""
    typed = {name: request.POST.get(name, "").strip()[:LONGEST] for name in ("number", "tail")}
    # A number may come in a link; the four characters never do.
    typed["number"] = typed["number"] or request.GET.get("number", "").strip()[:LONGEST]
    shown: dict[str, object] = {"typed": typed}
    status = 200
    if request.method == "POST":
        try:
            typed["number"] = scanning.number_of(typed["number"])
            shown["progress"] = look_up(request, typed["number"], typed["tail"])
        except refusals.Refusal as refusal:
            shown["refusal"], status = refusal, refusal.status
    return render(request, "portal/progress.html", shown, status=status)


def look_up(request: HttpRequest, number: str, tail: str) -> progress.Progress:
    """Give the progress to whoever asks, and count the try.

    Raises:
        Blank: one of the two is missing. limits.TooOften. progress.NotFound.
    """
    wrong = {}
    if not number:
        wrong["number"] = _("请填写业务编号")
    if len(tail) != 4:
        wrong["tail"] = _("请填写证件号码的最后四位")
    if wrong:
        raise Blank(fields=wrong)
    at = requests.machine_time()
    limits.spend(progress.BY_ADDRESS, requests.address_of(request), at=at)
    limits.spend(progress.BY_NUMBER, progress.subject_of(number), at=at)
    return progress.find(number, tail)


class Blank(refusals.Incomplete):
    """两项都要填写。"""


urlpatterns = [path("progress/", page, name="progress")]
