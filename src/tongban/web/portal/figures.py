"""The five provinces' figures for everybody, as they were counted last night."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from tongban.cases import figures


@login_not_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show the figures of a year by province and by month, and say what is counted."""
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isascii() and asked.isdigit() and len(asked) == 4 else None
    return render(request, "portal/figures.html", {"figures": figures.of_year(year)})


urlpatterns = [path("figures/", page, name="figures")]
