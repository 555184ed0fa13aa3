"""Who has looked at my data (`/my/looks/`, F8): every access to one's cases and complaints, by place, role, purpose
and time."""

import datetime
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from tongban.cases import queries
from tongban.feedback import queries as feedback
from tongban.journal.models import Entry, Look
from tongban.kernel import ids, worktime
from tongban.people import queries as people
from tongban.people.actors import Actor
from tongban.web.kit import requests
from tongban.web.portal.my import actor_of, shown
from tongban.web.portal.my_case import label_of

PAGE = 50
WHAT: dict[str, str | Promise] = {
    "identity": gettext_lazy("证件号码"),
    "agent_identity": gettext_lazy("代理人证件号码"),
    "phone": gettext_lazy("联系电话"),
    "scan": gettext_lazy("扫描件"),
    "file": gettext_lazy("扫描件"),
    "notice": gettext_lazy("文书"),
    "form": gettext_lazy("申请表内容"),
    "step": gettext_lazy("办件（办理）"),
    "rater_phone": gettext_lazy("联系电话"),
    "complainant": gettext_lazy("投诉人姓名和电话"),
}


@dataclass(frozen=True)
class Access:
    """One access: when, to which case or complaint and what of it, from where, in which role, and what for."""

    at: datetime.datetime
    number: str
    what: str
    place: str
    role: str
    purpose: str
    is_of_case: bool = True


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """List every access to the cases of the one for whom somebody acts, the newest first, 50 a page."""
    before = requests.moment_of(request.GET.get("before", "")[:60])
    rows = accesses(actor_of(request), before=before[0] if before else None)
    last = rows[PAGE - 1].at if len(rows) > PAGE else None
    kept = [row for row in rows if last is None or row.at >= last]
    values = {"rows": kept, "next": requests.moment_text(last, 0) if last else "", "is_first": not before}
    return shown(request, "portal/my/looks.html", values)


def accesses(actor: Actor, *, before: datetime.datetime | None = None, limit: int = 2 * PAGE) -> list[Access]:
    """Give who has opened or handled one's cases and complaints, the newest first.

    That is what was opened, and every step that was taken. Names of people are not told; the place answers for them.
    """
    mine = queries.visible_to(actor).values("id")
    # A complaint about no case has its looks under its own id.
    said = set(feedback.complaints_visible_to(actor).filter(about_case_id=None).values_list("id", flat=True))
    looks: QuerySet[Any] = Look.objects.filter(Q(case_id__in=mine) | Q(case_id__in=said))
    steps: QuerySet[Any] = Entry.objects.filter(chain_id__in=mine, actor_id__isnull=False)
    if before is not None:
        looks, steps = looks.filter(at__lt=before), steps.filter(at__lt=before)
    seen = list(looks.order_by("-at", "-id")[:limit])
    done = list(steps.order_by("-at", "-seq")[:limit])
    role_at = people.roles_of([*(x.person_id for x in seen), *(x.actor_id for x in done)])

    def role_of(person_id: int, place: str, at: datetime.datetime) -> str:
        if person_id == actor.id:
            return _("您本人")
        role = role_at(person_id, place, at.astimezone(worktime.BEIJING).date())
        return str(role.label) if role else _("代理人") if not place else ""

    rows = [
        Access(
            at=look.at,
            number=ids.number_of(look.case_id),
            what=str(WHAT.get(look.what.split(".")[0], look.what)),
            place=look.place,
            role=role_of(look.person_id, look.place, look.at),
            purpose=look.purpose,
            is_of_case=look.case_id not in said,
        )
        for look in seen
    ]
    rows += [
        Access(
            at=entry.at,
            number=ids.number_of(entry.chain_id),
            what=str(WHAT["step"]),
            place=entry.place,
            role=role_of(entry.actor_id or 0, entry.place, entry.at),
            purpose=label_of(entry),
        )
        for entry in done
    ]
    return sorted(rows, key=lambda row: row.at, reverse=True)[:limit]


urlpatterns = [path("my/looks/", page, name="my_looks")]
