"""One's own case (`/my/cases/<number>/`): one and the same progress as staff see, papers, notices, result."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tongban.cases import queries
from tongban.cases.models import Case, Scan
from tongban.cases.states import BEGINNINGS, STEPS
from tongban.documents import queries as documents
from tongban.duties import queries as duty_queries
from tongban.journal import operations as journal
from tongban.journal.models import Entry
from tongban.kernel import ids, refusals
from tongban.messages import queries as messages
from tongban.notices import queries as notices
from tongban.people.actors import Actor
from tongban.web.kit import reading, requests
from tongban.web.portal import my_cases
from tongban.web.portal.my import actor_of, shown


class NotInCase(refusals.NotFound):
    """本件没有这份文书或者扫描件。请从办件页面重新进入。"""


@require_safe
def page(request: HttpRequest, number: str) -> HttpResponse:
    """Show a case of the one for whom somebody acts."""
    case = queries.get(ids.id_of(number), for_=actor_of(request))
    return shown(request, "portal/my/case.html", facts_of(case, request))


def facts_of(case: Case, request: HttpRequest) -> dict[str, Any]:
    """Give everything that the page shows, in a number of queries that does not grow with the case."""
    scans: dict[int | None, list[Scan]] = {}
    for scan in queries.scans_of(case.id):
        scans.setdefault(scan.material_id, []).append(scan)
    turn = duty_queries.turns_of([case.id]).get(case.id)
    told = messages.of_cases(Case.objects.filter(id=case.id))[:50]
    return {
        "case": case,
        "line": my_cases.line_of(case, turn, at=requests.time_of(request)),
        "applicant": case.applicant,
        "papers": [{"material": m, "scans": scans.get(m.id, [])} for m in queries.materials_of(case.id)],
        "corrections": list(reversed(queries.notices_of(case.id))),
        "notices": list(notices.issued_of(case.id)),
        "decisions": list(reversed(queries.decisions_of(case.id))),
        "deliveries": list(reversed(queries.deliveries_of(case.id))),
        "suspensions": list(reversed(queries.suspensions_of(case.id))),
        "told": [{"at": m.written_at, "text": messages.text_of(m)} for m in told],
        "timeline": [
            {"at": e.at, "what": label_of(e), "place": e.place} for e in reversed(queries.history_of(case.id))
        ],
    }


def label_of(entry: Entry) -> str:
    """Name what an entry tells of; of people nothing but the place where it was done."""
    name = entry.code.removeprefix("case.")
    step = BEGINNINGS.get(name) or STEPS.get(name)
    return str(step.label if step else name)


@require_safe
def notice(request: HttpRequest, number: str, serial: str) -> HttpResponse:
    """Give an issued form of the case as PDF."""
    form = notices.get(ids.id_of(serial), for_=actor_of(request))
    if form.case_id != ids.id_of(number) or form.issued_at is None:
        raise NotInCase()
    content = notices.content(form)
    note_look(request, form.case_id, what="notice", about_id=form.id)
    return file_answer(content, name=f"{form.serial}.pdf", media_type="application/pdf")


@require_safe
def scan(request: HttpRequest, number: str, scan: str) -> HttpResponse:
    """Give a scanned paper of the case."""
    case = queries.get(ids.id_of(number), for_=actor_of(request))
    row = queries.scan(case.id, ids.id_of(scan))
    if row.removed_at is not None:
        raise NotInCase()
    content = documents.content_of(documents.of_case(case.id).get(id=row.file_id))
    note_look(request, case.id, what="scan", about_id=row.id)
    return file_answer(content, name=row.name, media_type=row.media_type)


def note_look(request: HttpRequest, case_id: int, *, what: str, about_id: int) -> None:
    """Put on record what an agent opens; what people open of their own is nobody's look at them."""
    actor = actor_of(request)
    if request.method != "GET" or not is_agent(actor):
        return
    with reading.recording_a_look():
        journal.look(
            case_id,
            what=what,
            about_id=about_id,
            purpose=_("代理人查看"),
            at=requests.time_of(request),
            person_id=actor.id or 0,
            person=actor.name,
            place="",
        )


def is_agent(actor: Actor) -> bool:
    """Tell whether somebody acts by a mandate."""
    return actor.party.mandate_id is not None


def file_answer(content: bytes, *, name: str, media_type: str) -> HttpResponse:
    """Give a file to be shown in the browser and kept by no cache."""
    response = HttpResponse(content, content_type=media_type)
    response.headers["Content-Disposition"] = 'inline; filename="{}"'.format(
        name.encode("ascii", "ignore").decode().replace('"', "") or "file"
    )
    patch_cache_control(response, private=True, no_store=True)
    return response


urlpatterns = [
    path("my/cases/<str:number>/", page, name="my_case"),
    path("my/cases/<str:number>/notices/<str:serial>.pdf", notice, name="my_notice"),
    path("my/cases/<str:number>/scans/<str:scan>/", scan, name="my_scan"),
]
