"""The receive page (`/desk/receive/…`): enter a case as papers are handed in, preview a form, issue it."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tongban.cases import permissions, queries, rules
from tongban.cases.models import Case
from tongban.cases.operations import intake
from tongban.cases.states import STATES, State
from tongban.catalogue import standards
from tongban.documents import queries as documents
from tongban.journal import operations as journal
from tongban.kernel import ids, numbers, refusals
from tongban.notices import operations as issuing
from tongban.notices import queries as notices
from tongban.notices import rules as notice_rules
from tongban.notices.wording import Kind
from tongban.people.actors import Actor
from tongban.web.kit import form_fields, once, reading, requests
from tongban.web.kit.requests import TongbanRequest
from tongban.web.workbench import receive_form, receive_page
from tongban.web.workbench.receive_form import Applied

FINISH = {"receipt": Kind.RECEIPT, "correction": Kind.CORRECTION}
_MOVED_ON = (permissions.NotThisState, permissions.NotYourPart, rules.ChangedMeanwhile)


def _actor(request: HttpRequest) -> Actor:
    return cast(TongbanRequest, request).actor


def _is_htmx(request: HttpRequest) -> bool:
    return bool(getattr(request, "htmx", False))


def _address(case: Case) -> str:
    return f"/desk/receive/{case.number}/"


@once.once
def begin(request: HttpRequest) -> HttpResponse:
    """Open a case at the person's window and go to its page; a GET offers to, and lists what is half entered."""
    actor = _actor(request)
    if request.method != "POST":
        shown = {
            "windows": [p for p in actor.posts if p.window_id],
            "drafts": queries.owed(actor, kinds=("finish_review", "amend_returned")),
        }
        return render(request, "workbench/receive/new.html", shown)
    window_id = numbers.whole(request.POST.get("window", ""))
    case = intake.open_case(by=actor, at=requests.time_of(request), window_id=window_id)
    return redirect(_address(case))


@require_safe
def page(request: HttpRequest, number: str) -> HttpResponse:
    """Show a case that is being entered; one that has moved on is shown on its own page."""
    case = queries.get(ids.id_of(number), for_=_actor(request))
    if not _is_open_to(case, _actor(request)):
        return redirect(f"/desk/cases/{case.number}/")
    change, words = request.GET.get("change", ""), request.GET.get("q", "")
    return _page(request, case, change=change, words=words)


def _is_open_to(case: Case, actor: Actor) -> bool:
    try:
        permissions.require_edit(case, by=actor)
    except _MOVED_ON:
        return False
    return True


def _page(
    request: HttpRequest,
    case: Case,
    *,
    applied: Applied | None = None,
    typed: dict[str, str] | None = None,
    refusal: refusals.Refusal | None = None,
    change: str = "",
    words: str = "",
) -> HttpResponse:
    shown = receive_page.read(
        case, at=requests.time_of(request), applied=applied, typed=typed, change=change, words=words
    )
    shown["refusal"] = refusal
    refused = refusal is not None or bool(applied and applied.errors)
    response = render(request, "workbench/receive/page.html", shown, status=422 if refused else 200)
    patch_cache_control(response, private=True, no_store=True)
    return response


@require_safe
def items(request: HttpRequest, number: str) -> HttpResponse:
    """Give the items that fit what is being typed into the search."""
    case = queries.get(ids.id_of(number), for_=_actor(request))
    words = request.GET.get("q", "")
    shown = {
        "case": case,
        "found": receive_page.found(words, case, at=requests.time_of(request)),
        "words": words,
    }
    return render(request, "workbench/receive/_found.html", shown)


@require_POST
@once.once
def save(request: HttpRequest, number: str) -> HttpResponse:
    """Save what was typed, do what was pressed, and answer with the parts of the page that changed."""
    actor, at = _actor(request), requests.time_of(request)
    case = queries.get(ids.id_of(number), for_=actor)
    try:
        permissions.require_edit(case, by=actor)
        applied = receive_form.apply(case, request.POST, request.FILES, by=actor, at=at)
        refusal, ready = _finish(request, case, applied)
    except _MOVED_ON as moved:
        return _moved_on(request, case, moved)
    if ready:
        return _go(request, ready)
    case = queries.get(case.id, for_=actor)
    if _is_htmx(request):
        return _parts(request, case, applied, refusal)
    typed = {name: str(request.POST.getlist(name)[-1]) for name in applied.errors if name in request.POST}
    for field in standards.of(case.standard).fields if case.standard else ():
        if f"form.{field.key}" in applied.errors:
            typed |= form_fields.typed_of(field, request.POST)
    if applied.errors or refusal or applied.place is not None:
        return _page(request, case, applied=applied, typed=typed, refusal=refusal)
    words = request.POST.get("q", "").strip()
    if words and not request.POST.get("do", "").startswith("procedure:"):
        return redirect(_address(case) + "?" + _query(q=words) + "#f-procedure")
    return redirect(_address(case) + _hash(request.POST.get("do", "")))


def _query(**values: str) -> str:
    data = QueryDict(mutable=True)
    data.update(values)
    return data.urlencode()


def _hash(do: str) -> str:
    """Give where on the page a press without script should come back to."""
    verb, _sep, about = do.partition(":")
    if verb in ("pass", "correct", "reopen", "phrase"):
        return "#" + receive_page.anchor(f"material.{about.partition(':')[0]}")
    return {"procedure": "#what", "add": "#papers", "unscan": "#papers"}.get(verb, "")


def _finish(request: HttpRequest, case: Case, applied: Applied) -> tuple[refusals.Refusal | None, str]:
    """Prepare the form that a finish button asks for, or withdraw: give a refusal, or where to go."""
    do, actor, at = request.POST.get("do", ""), _actor(request), requests.time_of(request)
    try:
        if do == "withdraw" and not applied.errors:
            intake.withdraw_early(case.id, reason=request.POST.get("reason", ""), by=actor, at=at)
            messages.success(request, _("已按申请人要求撤回，本件已结束。"))
            return None, f"/desk/cases/{case.number}/"
        if do not in FINISH or applied.errors:
            return None, ""
        if do == "receipt":
            _take_suggestion(request, case)
        days = request.POST.get("days", "").strip() if do == "correction" else ""
        notice = issuing.prepare(
            case.id,
            kind=FINISH[do],
            beyond_reason=request.POST.get("beyond_reason", "") if do == "correction" else "",
            days=(numbers.whole(days, most=999) or 0) if do == "correction" else None,
            by=actor,
            at=at,
        )
    except (refusals.Incomplete, rules.OnlyTheLead) as refusal:
        if request.POST.get("suggested"):
            refusal.fields.pop("channel", None)  # it is chosen with the receipt that goes through
        applied.errors.update(refusal.fields)
        return refusal, ""
    return None, f"{_address(case)}notices/{notice.serial}/"


def _take_suggestion(request: HttpRequest, case: Case) -> None:
    """Choose the channel that was suggested on the page once nothing else keeps the case from receipt."""
    actor, channel = _actor(request), request.POST.get("channel", "")
    now = queries.get(case.id, for_=actor)
    if now.channel or not channel:
        return
    applicant, fields, materials = queries.for_review(now)
    if set(rules.missing_before_receipt(now, applicant, fields, materials)) <= {"channel"}:
        intake.save(case.id, {"channel": channel}, by=actor, at=requests.time_of(request))


def _go(request: HttpRequest, where: str) -> HttpResponse:
    if not _is_htmx(request):
        return redirect(where)
    response = HttpResponse(status=204)
    response["HX-Redirect"] = where
    return response


def _parts(
    request: HttpRequest, case: Case, applied: Applied, refusal: refusals.Refusal | None
) -> HttpResponse:
    """Answer with the parts of the page that a save has changed, each to take the place of the one shown."""
    shown = receive_page.read(case, at=requests.time_of(request), applied=applied)
    shown |= {"applied": applied, "refusal": refusal, "oob": True, **_which(shown, applied)}
    refused = refusal is not None or bool(applied.errors)
    response = render(request, "workbench/receive/_saved.html", shown, status=422 if refused else 200)
    patch_cache_control(response, private=True, no_store=True)
    return response


def _which(shown: dict[str, Any], applied: Applied) -> dict[str, Any]:
    """Give what `_saved.html` must draw anew, so that nothing else on the page moves."""
    secret = {n for n in applied.saved if n in receive_form.SECRETS}
    names = sorted(applied.touched | set(applied.errors))
    return {
        "new_secrets": [shown["who"][n] for n in sorted(secret)],
        "new_answers": [a for a in shown["answers"] if _is_redrawn(a, applied)],
        "new_cards": [c for c in shown["cards"] if c.row.key in applied.cards],
        "new_scans": [
            c for c in shown["cards"] if c.row.key in applied.scans and c.row.key not in applied.cards
        ],
        "notes": [(f"msg-{receive_page.anchor(n)}", applied.errors.get(n, "")) for n in names],
        "is_tick_reset": bool(secret & {"identity"}) or applied.who_changed,
    }


def _is_redrawn(answer: form_fields.Field, applied: Applied) -> bool:
    """Say whether a field of the form looks different now: saved, or a file of it refused."""
    if answer.name in applied.errors:
        return answer.type == "file"
    return answer.type in form_fields.REDRAWN and answer.name in applied.saved


def _moved_on(request: HttpRequest, case: Case, moved: refusals.Refusal) -> HttpResponse:
    """Say who has done what in the meantime; what was typed stays to be seen."""
    now = queries.visible_to(_actor(request)).filter(id=case.id).first()
    if now and now.state not in (State.DRAFTING, State.RETURNED):
        moved = rules.changed_meanwhile(now)
    hidden = {*receive_form.SECRETS, "csrfmiddlewaretoken", "_key", "do"}
    typed = [(n, v) for n in request.POST if n not in hidden for v in request.POST.getlist(n) if v.strip()]
    shown = {"case": case, "refusal": moved, "typed": typed, "oob": _is_htmx(request)}
    template = "workbench/receive/_moved_on.html" if _is_htmx(request) else "workbench/receive/moved_on.html"
    response = render(request, template, shown, status=moved.status)
    patch_cache_control(response, private=True, no_store=True)
    return response


@require_safe
def preview(request: HttpRequest, number: str, serial: str) -> HttpResponse:
    """Show a prepared form, to be issued or left; once issued, to be printed."""
    actor = _actor(request)
    notice = notices.get(ids.id_of(serial), for_=actor)
    if notice.case_id != ids.id_of(number):
        raise notice_rules.UnknownNotice
    return _preview(request, queries.get(notice.case_id, for_=actor), notice)


def _preview(
    request: HttpRequest, case: Case, notice: Any, refusal: refusals.Refusal | None = None
) -> HttpResponse:
    shown = {
        "case": case,
        "notice": notice,
        **vars(notices.preview_of(notice, case)),
        "is_receipt": notice.kind == Kind.RECEIPT,
        "sentence": STATES[State(case.state)].sentence,
        "refusal": refusal,
    }
    status = refusal.status if refusal else 200
    response = render(request, "workbench/receive/preview.html", shown, status=status)
    patch_cache_control(response, private=True, no_store=True)
    return response


@require_POST
@once.once
def issue(request: HttpRequest, number: str, serial: str) -> HttpResponse:
    """Issue the form that was previewed, which takes the step that it tells of."""
    actor, at = _actor(request), requests.time_of(request)
    notice_id = ids.id_of(serial)
    try:
        notice = issuing.issue(notice_id, by=actor, at=at)
    except refusals.NotFound:
        raise
    except refusals.Refusal as refusal:
        notice = notices.get(notice_id, for_=actor)
        return _preview(request, queries.get(notice.case_id, for_=actor), notice, refusal)
    done = _("已收件，收件通知书已出具。") if notice.kind == Kind.RECEIPT else _("一次性告知书已出具。")
    messages.success(request, done)
    return redirect(f"{_address(notice.case)}notices/{notice.serial}/")


@require_safe
def scan_file(request: HttpRequest, number: str, scan_id: int) -> HttpResponse:
    """Give a scanned sheet of a case to somebody who may see the case; the look is recorded (P26(4))."""
    actor, at = _actor(request), requests.time_of(request)
    case = queries.get(ids.id_of(number), for_=actor)
    scan = queries.scan(case.id, scan_id)
    content = documents.content_of(documents.of_case(case.id).get(id=scan.file_id))
    seen = queries.looked_lately(case.id, person_id=actor.id or 0, about_id=scan.id, at=at)
    if not seen and request.method == "GET":
        with reading.recording_a_look():
            journal.look(
                case.id,
                what="scan",
                about_id=scan.id,
                purpose=_("查看申请材料扫描件"),
                at=at,
                person_id=actor.id or 0,
                person=actor.name,
                place=actor.place,
            )
    response = HttpResponse(content, content_type=scan.media_type)
    ending = {"image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf"}[scan.media_type]
    response["Content-Disposition"] = f'inline; filename="{ids.number_of(scan.id)}.{ending}"'
    patch_cache_control(response, private=True, no_store=True)
    return response


urlpatterns = [
    path("receive/", begin, name="receive_begin"),
    path("receive/<str:number>/", page, name="receive"),
    path("receive/<str:number>/save/", save, name="receive_save"),
    path("receive/<str:number>/items/", items, name="receive_items"),
    path("receive/<str:number>/notices/<str:serial>/", preview, name="receive_preview"),
    path("receive/<str:number>/notices/<str:serial>/issue/", issue, name="receive_issue"),
    path("cases/<str:number>/files/<int:scan_id>/", scan_file, name="case_file"),
]
