"""Demand off the list (`/overview/off-list/`): what people asked for, from where to where, how often (P24, G3)."""

import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tongban.cases import off_list
from tongban.cases.off_list import Demand
from tongban.kernel import numbers, sheets, worktime
from tongban.web.kit import requests
from tongban.web.overview import door

PAGE = 50
NEWEST = 20
MOST_EXPORTED = 10_000


@require_safe
@door.open_to_authorities
def page(request: HttpRequest) -> HttpResponse:
    """Show the demand list of a year for the places that somebody runs, and the newest requests."""
    actor, at = door.actor_of(request), requests.time_of(request)
    this = at.astimezone(worktime.BEIJING).year
    year = numbers.whole(request.GET.get("year", "")) or this
    year = year if 2021 <= year <= this else this
    since, until = (datetime.datetime(y, 1, 1, tzinfo=worktime.BEIJING) for y in (year, year + 1))
    if request.GET.get("as") == "xlsx":
        return _workbook(off_list.demand(actor, since=since, until=until, limit=MOST_EXPORTED), year=year)
    rows = off_list.demand(
        actor, since=since, until=until, after=_after(request.GET.get("after", "")), limit=PAGE + 1
    )
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    shown = {
        "rows": rows[:PAGE],
        "year": year,
        "years": [y for y in range(this, max(this - 5, 2020), -1)],
        "next": f"{last.n}-{last.first_id}" if last else "",
        "newest": off_list.page_of(off_list.visible_to(actor), after=None, limit=NEWEST),
    }
    return render(request, "overview/off_list.html", shown)


def _after(text: str) -> tuple[int, int] | None:
    """Read where the page before ended; anything else is the first page."""
    n, first_id = (numbers.whole(part, most=2**62) for part in (*text.split("-"), "")[:2])
    return (n, first_id) if n is not None and first_id is not None else None


def _workbook(rows: list[Demand], *, year: int) -> HttpResponse:
    columns = [
        sheets.Column("matter", _("要办的事"), width=40),
        sheets.Column("from", _("收件地"), width=28),
        sheets.Column("to", _("属地"), width=28),
        sheets.Column("n", _("次数"), kind="integer"),
        sheets.Column("consented", _("其中同意办理"), kind="integer"),
        sheets.Column("last", _("最近一次"), kind="date"),
    ]
    lines = [
        {
            "matter": row.matter,
            "from": row.from_name,
            "to": row.to_name,
            "n": row.n,
            "consented": row.consented,
            "last": row.last_at.astimezone(worktime.BEIJING).date(),
        }
        for row in rows
    ]
    title = _("{year}年清单外需求").format(year=year)
    about = [_("规程第二十四条：清单外申请报上级政务服务管理机构，作为梳理新一批清单的依据。")]
    data = sheets.write([(sheets.Sheet("demand", _("清单外需求"), columns), lines)], title=title, about=about)
    response = HttpResponse(data, content_type=sheets.MEDIA_TYPE)
    response["Content-Disposition"] = f'attachment; filename="demand-{year}.xlsx"'
    return response


urlpatterns = [path("off-list/", page, name="overview_off_list")]
