"""Messages to applicants (`/system/messages/`): their wording, and those that failed. Of cases only the number is shown."""

from typing import Any, cast

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tongban.kernel import refusals
from tongban.messages import gateways, queries, wording
from tongban.messages.operations import sending, wordings, writing
from tongban.messages.states import LANGUAGES, Channel, Kind, fields_of
from tongban.people import security
from tongban.people.models import Person
from tongban.web.kit import once, requests
from tongban.web.kit.requests import TongbanRequest

_VERSIONS = 50


@never_cache
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Show by which ways messages go, which failed, and the wording of each moment."""
    rows = queries.in_trouble(
        after=requests.moment_of(request.GET.get("after", "")[:60]), limit=queries.PAGE + 1
    )
    listed, now = rows[: queries.PAGE], requests.time_of(request)
    in_force, places = queries.wordings(), set(queries.places_of_wordings())
    begins, ends = writing.quiet_hours()
    shown = {
        "trouble": [{"row": m, "may_replay": sending.may_replay(m, at=now)} for m in listed],
        "next": requests.moment_text(listed[-1].written_at, listed[-1].id)
        if len(rows) > queries.PAGE
        else "",
        "ways": [
            {"label": c.label, "gateways": [g.name for g in gateways.of(c)]}
            for c in (Channel.SMS, Channel.EMAIL)
        ],
        "simulated": gateways.SIMULATED,
        "quiet": f"{begins}:00–{ends}:00" if begins != ends else "",
        "kinds": [
            {
                "kind": kind,
                "ways": [
                    {
                        "channel": channel,
                        "languages": [
                            {"code": code, "label": label, "row": in_force.get((kind, channel, code))}
                            for code, label in LANGUAGES.items()
                            if (kind, channel, code) in places
                        ],
                    }
                    for channel in Channel
                ],
            }
            for kind in Kind
        ],
    }
    return render(request, "system/messages.html", shown)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@once.once
def edit(request: HttpRequest, moment: str, channel: str, language: str) -> HttpResponse:
    """Show a wording with its versions; show a new one with sample values; publish what was shown."""
    row = queries.newest(moment, channel, language)
    typed = {"title": row.title, "text": row.text}
    if request.method != "POST":
        return _edit(request, moment, channel, language, typed=typed)
    typed = {name: request.POST.get(name, "")[:6000] for name in typed}
    try:
        title, text = wordings.checked(moment, channel, language, **typed)
        if request.POST.get("do") != "publish":
            preview = {
                "title": title,
                "text": text,
                "shown_title": wording.sample(title, kind=moment),
                "shown_text": wording.sample(text, kind=moment),
                "signs": len(wording.sample(text, kind=moment)),
            }
            return _edit(request, moment, channel, language, typed=typed, preview=preview)
        after = request.POST.get("after", "")
        at, by = requests.time_of(request), cast(TongbanRequest, request).actor
        new = wordings.publish(
            moment,
            channel,
            language,
            **typed,
            after=int(after) if after.isdecimal() and len(after) < 9 else 0,
            by=by,
            at=at,
        )
    except refusals.Refusal as refused:
        return _edit(request, moment, channel, language, typed=typed, refusal=refused)
    _record(request, "wording_published", name=f"{moment} {channel} {language}", value=new.version)
    flash.success(request, _("第 {number} 版已发布，以后的消息用它。").format(number=new.version))
    return redirect("system_wording", moment, channel, language)


def _edit(
    request: HttpRequest,
    moment: str,
    channel: str,
    language: str,
    *,
    typed: dict[str, str],
    preview: dict[str, Any] | None = None,
    refusal: refusals.Refusal | None = None,
) -> HttpResponse:
    versions = list(queries.versions(moment, channel, language)[: _VERSIONS + 1])
    shown = {
        "moment": Kind(moment),
        "channel": Channel(channel),
        "language": language,
        "language_label": LANGUAGES[language],
        "fields": [(name, what, sample) for name, (what, sample) in fields_of(moment).items()],
        "limit": wording.LONGEST[Channel(channel)],
        "typed": typed,
        "preview": preview,
        "versions": versions[:_VERSIONS],
        "newest": versions[0].version if versions else 0,
        "refusal": refusal,
    }
    return render(request, "system/wording.html", shown, status=refusal.status if refusal else 200)


@never_cache
@require_POST
@once.once
def replay(request: HttpRequest, case_id: int, message_id: int) -> HttpResponse:
    """Let a message be sent again."""
    message = sending.replay(case_id, message_id, by_id=request.user.pk, at=requests.time_of(request))
    _record(request, "message_replayed", name=message.key)
    flash.success(request, _("消息已重新排队。"))
    return redirect("system_messages")


def _record(request: HttpRequest, code: str, **said: Any) -> None:
    by, address = cast(Person, request.user), requests.address_of(request)
    security.record(code, at=requests.machine_time(), by=by, address=address, **said)


urlpatterns = [
    path("messages/", index, name="system_messages"),
    path("messages/replay/<int:case_id>/<int:message_id>/", replay, name="system_message_replay"),
    path("messages/<str:moment>/<str:channel>/<str:language>/", edit, name="system_wording"),
]
