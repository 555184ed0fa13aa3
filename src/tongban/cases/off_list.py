"""Reads of matters off the list (P24): a window's questions, what is reported upwards, and what is in demand."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, F, Max, Min, Q, QuerySet

from tongban.cases import rules
from tongban.cases.models import Case, OffListRequest, OffListState
from tongban.directory.models import Authority, AuthorityKind, Division, Window
from tongban.duties import queries as duties
from tongban.duties.models import BearerKind, Duty
from tongban.people.actors import Actor
from tongban.people.roles import Role

DUTY = "off_list_consent"


def visible_to(actor: Actor) -> QuerySet[OffListRequest]:
    """Give the requests that somebody may see: their windows', their area's, all for the coordination group.

    A question belongs to both windows from the moment it is asked; what was only explained, to the receiving one.
    """
    if actor.is_system or actor.has(Role.GROUP):
        return OffListRequest.objects.all()
    windows = list(actor.window_ids)
    seen = Q(receiving_window__in=windows) | Q(
        case__home_window__in=windows, case__off_list_asked_at__isnull=False
    )
    seen |= Q(case__home_window__in=windows, answered_at__isnull=False)
    for prefix in actor.managed_prefixes:
        seen |= Q(receiving_window__division__code__startswith=prefix) | Q(home__code__startswith=prefix)
    return OffListRequest.objects.filter(seen)


def shown(rows: QuerySet[OffListRequest]) -> QuerySet[OffListRequest]:
    """Give requests with everything that a list of them shows, in one query."""
    return rows.select_related("case__home_window", "receiving_window__division", "home", "reported_to")


def get(case_id: int, *, for_: Actor) -> OffListRequest:
    """Give the last request of a case to somebody who may see it.

    Raises:
        rules.UnknownCase: there is none, or it is not theirs to see.
    """
    row = shown(visible_to(for_)).filter(case_id=case_id).order_by("-asked_at", "-id").first()
    if row is None:
        raise rules.UnknownCase()
    return row


def asked_case(case_id: int, *, for_: Actor) -> Case:
    """Give a case whose request somebody may see, to answer it.

    Raises:
        rules.UnknownCase.
    """
    return get(case_id, for_=for_).case


def latest_or_none(case_id: int) -> OffListRequest | None:
    """Give the last request of a case."""
    rows = OffListRequest.objects.filter(case_id=case_id).select_related("home")
    return rows.order_by("-asked_at", "-id").first()


def latest(case_id: int) -> OffListRequest:
    """Give the last request of a case that has one."""
    row = latest_or_none(case_id)
    assert row is not None
    return row


def page_of(
    rows: QuerySet[OffListRequest], *, after: tuple[datetime.datetime, int] | None, limit: int
) -> list[OffListRequest]:
    """Give requests, the newest first, from behind one on."""
    if after:
        rows = rows.filter(Q(asked_at__lt=after[0]) | Q(asked_at=after[0], id__lt=after[1]))
    return list(shown(rows).order_by("-asked_at", "-id")[:limit])


def to_answer(actor: Actor) -> list[tuple[Duty, OffListRequest]]:
    """Give the questions that a person's windows owe an answer to, the soonest due first: two queries."""
    bearers = [(BearerKind.WINDOW, w) for w in sorted(actor.window_ids)]
    return _with_requests(list(duties.queue_of(bearers).filter(kind=DUTY)[:100]))


def late_answers(prefixes: Sequence[str], *, at: datetime.datetime) -> list[tuple[Duty, OffListRequest]]:
    """Give the questions that windows of places have not answered in time, the longest overdue first."""
    if not prefixes:
        return []
    here = Q()
    for prefix in prefixes:
        here |= Q(calendar_code__startswith=prefix)
    return _with_requests(list(duties.overdue(DUTY, at=at).filter(here)[:100]))


def duty_of(case_id: int) -> Duty | None:
    """Give the duty to answer a question about a case."""
    return Duty.objects.filter(case_id=case_id, kind=DUTY, done_at=None).first()


def _with_requests(rows: Sequence[Duty]) -> list[tuple[Duty, OffListRequest]]:
    asked = OffListRequest.objects.filter(case_id__in=[d.case_id for d in rows], outcome=OffListState.ASKED)
    found = {r.case_id: r for r in shown(asked)}
    return [(d, found[d.case_id]) for d in rows if d.case_id in found]


def above(window: Window) -> int | None:
    """Give the authority one level above the one that runs a window, to which it reports (P24); none above a province."""
    division: Division | None = window.division.parent
    while division is not None:
        row = Authority.objects.filter(division=division, kind=AuthorityKind.MANAGEMENT).first()
        if row is not None:
            return row.id
        division = division.parent
    return None


@dataclass(frozen=True)
class Demand:
    """How often one matter off the list was asked for from one place in another."""

    key: str
    matter: str
    from_code: str
    from_name: str
    to_code: str
    to_name: str
    n: int
    consented: int
    last_at: datetime.datetime
    first_id: int


def demand(
    actor: Actor,
    *,
    since: datetime.datetime,
    until: datetime.datetime,
    after: tuple[int, int] | None = None,
    limit: int,
) -> list[Demand]:
    """Give what was asked for off the list in a time: what, from where to where, how often; most often first.

    One query whatever the rows. A question that was taken back is no demand.

    Args:
        after: count and first id of the last line of the page before.
    """
    rows = visible_to(actor).exclude(outcome=OffListState.DROPPED)
    rows = rows.filter(asked_at__gte=since, asked_at__lt=until)
    grouped = (
        rows.values("matter_key", from_=F("receiving_window__division"), to_=F("home"))
        .annotate(
            n=Count("id"),
            first=Min("id"),
            last=Max("asked_at"),
            said=Min("matter"),
            yes=Count("id", filter=Q(outcome=OffListState.CONSENTED)),
            from_name=Min("receiving_window__division__full_name"),
            to_name=Min("home__full_name"),
        )
        .order_by("-n", "first")
    )
    if after:
        grouped = grouped.filter(Q(n__lt=after[0]) | Q(n=after[0], first__gt=after[1]))
    return [
        Demand(
            key=r["matter_key"],
            matter=r["said"],
            from_code=r["from_"],
            from_name=r["from_name"],
            to_code=r["to_"],
            to_name=r["to_name"],
            n=r["n"],
            consented=r["yes"],
            last_at=r["last"],
            first_id=r["first"],
        )
        for r in grouped[:limit]
    ]
