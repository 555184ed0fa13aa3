"""Every read. Reads for people start from `visible_to` of ratings, rectifications and complaints."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import TruncMonth

from tongban.cases import queries as cases
from tongban.cases.models import Case, CaseApplicant, Delivery
from tongban.cases.states import CaseOutcome, DeliveryWay
from tongban.directory.models import Authority, AuthorityKind, Division, Window
from tongban.duties.models import BearerKind, Duty
from tongban.feedback import rules
from tongban.feedback.models import Appeal, Complaint, Guidance, Owner, Rating, Rectification
from tongban.feedback.states import BAD, DUTIES, GuidanceKind, Leg
from tongban.kernel import ids, keyring, worktime
from tongban.people.actors import Actor
from tongban.people.roles import Role

PAGE = 50


def _area(actor: Actor, path: str) -> Q:
    """Give the condition that an authority lies in somebody's area."""
    found = Q(pk__in=[])
    for prefix in actor.managed_prefixes:
        found |= Q(**{f"{path}__division__code__startswith": prefix})
    return found


def ratings_visible_to(actor: Actor) -> QuerySet[Rating]:
    """Give the ratings that somebody may read one by one: their area's; all for the group; clerks none."""
    if actor.is_system or actor.has(Role.GROUP):
        return Rating.objects.all()
    return Rating.objects.filter(_area(actor, "authority"))


def visible_to(actor: Actor) -> QuerySet[Rectification]:
    """Give the rectifications that somebody may see: their area's; all for the group; nobody else's."""
    if actor.is_system or actor.has(Role.GROUP):
        return Rectification.objects.all()
    return Rectification.objects.filter(_area(actor, "authority"))


def complaints_visible_to(actor: Actor) -> QuerySet[Complaint]:
    """Give the complaints that somebody may see: those their area owes an answer to; an applicant their own."""
    if actor.is_system or actor.has(Role.GROUP):
        return Complaint.objects.all()
    if actor.is_applicant:
        digest = actor.party.digest
        rows = Complaint.objects.filter(complainant_digest=digest) if digest else Complaint.objects.none()
        if actor.party.mandate_id is not None:  # an agent: what is about the cases within the mandate
            rows = rows.filter(about_case_id__in=cases.visible_to(actor).values("id"))
        return rows
    ours = Owner.objects.filter(_area(actor, "authority"), complaint=OuterRef("pk"))
    return Complaint.objects.filter(Exists(ours) | _area(actor, "escalated_to"))


def rectification(id_: int, *, for_: Actor) -> Rectification:
    """Give a rectification with its rating.

    Raises:
        rules.Unknown: there is none, or it is not theirs to see.
    """
    row = visible_to(for_).select_related("rating__window", "authority").filter(id=id_).first()
    if row is None:
        raise rules.Unknown()
    return row


def complaint(id_: int, *, for_: Actor) -> Complaint:
    """Give a complaint to somebody who may see it.

    Raises:
        rules.Unknown.
    """
    row = complaints_visible_to(for_).select_related("escalated_to").filter(id=id_).first()
    if row is None:
        raise rules.Unknown()
    return row


def complaint_of_outside(system: str, number: str) -> Complaint | None:
    """Give the complaint that came with an outside number: each is taken once."""
    return Complaint.objects.filter(system=system, outside_number=number).first() if number else None


def imported_ratings(actor: Actor) -> QuerySet[Rating]:
    """Give the ratings of other systems that somebody may read, the newest first."""
    rows = ratings_visible_to(actor).exclude(outside_number="").select_related("authority")
    return rows.order_by("-rated_at", "-id")


def imported_complaints(actor: Actor) -> QuerySet[Complaint]:
    """Give the complaints of other systems that somebody may see, the newest first."""
    rows = complaints_visible_to(actor).exclude(outside_number="").prefetch_related("owners__authority")
    return rows.order_by("-filed_at", "-id")


def complaint_by_four(number: str, four: str) -> Complaint:
    """Give a complaint to whoever knows its number and the last four; the caller counts the tries.

    Raises:
        rules.Unknown: which of the two is wrong is not told.
    """
    try:
        id_ = ids.id_of(number)
        digest = follow_digest(id_, rules.four_of(four))
    except (ids.BadNumber, rules.BadFour):
        raise rules.Unknown() from None
    row = Complaint.objects.select_related("escalated_to").filter(id=id_, follow_digest=digest).first()
    if row is None:
        raise rules.Unknown()
    return row


def follow_digest(complaint_id: int, four: str) -> bytes:
    """Give the digest by which a complaint and the last four are known to belong together."""
    return keyring.current().lookup_digest(f"complaint {complaint_id} {four}")


def case_by_four(number: str, four: str) -> Case:
    """Give a case to whoever knows its number and the last four of the applicant's or agent's identity number.

    Raises:
        rules.Unknown: which of the two is wrong is not told.
    """
    try:
        id_, last = ids.id_of(number), rules.four_of(four)
    except (ids.BadNumber, rules.BadFour):
        raise rules.Unknown() from None
    applicant = CaseApplicant.objects.select_related("case").filter(case_id=id_).first()
    known = set()
    if applicant is not None:
        known = {cases.identity_of(applicant)[-4:], cases.agent_identity_of(applicant)[-4:]} - {""}
    if applicant is None or last not in known:
        raise rules.Unknown()
    return case_of(id_)


def case_of(case_id: int) -> Case:
    """Give a case with its places.

    Raises:
        rules.Unknown.
    """
    rows = Case.objects.select_related(
        "receiving_window__hall__authority", "home_window__hall__authority", "procedure__item"
    )
    case = rows.filter(id=case_id).first()
    if case is None:
        raise rules.Unknown()
    return case


@dataclass(frozen=True)
class ToRate:
    """A leg of a case: who gave it, whether it can be rated now, and the rating that it has."""

    leg: Leg
    place: str
    is_earned: bool
    rating: Rating | None


def legs_of(case: Case) -> list[ToRate]:
    """Give the legs of a case that are done, each with its rating: receipt, the result, its parcel."""
    rated = {r.leg: r for r in Rating.objects.filter(about_case_id=case.id)}
    home = case.home_window.name if case.home_window else ""
    posted = Delivery.objects.filter(
        case_id=case.id, way=DeliveryWay.POST, delivered_at__isnull=False
    ).exists()
    rows = [
        ToRate(
            Leg.RECEIVING, case.receiving_window.name, case.received_at is not None, rated.get("receiving")
        ),
        ToRate(Leg.HOME, home, _has_result(case), rated.get("home")),
        ToRate(Leg.PARCEL, home, posted, rated.get("parcel")),
    ]
    return [row for row in rows if row.is_earned]


def _has_result(case: Case) -> bool:
    return case.decided_at is not None or case.outcome == CaseOutcome.DECLINED


def own_cases_to_rate(actor: Actor, *, limit: int = PAGE) -> list[tuple[Case, list[ToRate]]]:
    """Give an applicant's newest cases that have a leg to rate, or one that they have rated."""
    rows = cases.visible_to(actor).filter(received_at__isnull=False)
    rows = rows.select_related("receiving_window", "home_window", "procedure__item")
    found = [(case, legs_of(case)) for case in rows.order_by("-opened_at", "-id")[:limit]]
    return [(case, legs) for case, legs in found if legs]


def above(authority: Authority) -> Authority | None:
    """Give the management authority above one; None above a province: the coordination group."""
    division: Division | None = authority.division.parent
    while division is not None:
        row = Authority.objects.filter(division=division, kind=AuthorityKind.MANAGEMENT).first()
        if row is not None:
            return row
        division = division.parent
    return None


def authority_of_place(code: str) -> Authority | None:
    """Give the management authority of a division, else the next above it."""
    division = Division.objects.filter(code=code).first()
    while division is not None:
        row = Authority.objects.filter(division=division, kind=AuthorityKind.MANAGEMENT).first()
        if row is not None:
            return row
        division = division.parent
    return None


def owners_of(complaint_id: int) -> list[Owner]:
    """Give who owes the answer to a complaint, the lead first."""
    rows = Owner.objects.filter(complaint_id=complaint_id).select_related("authority__division")
    return list(rows.order_by("-leads", "id"))


def owners_by_complaint(complaint_ids: Sequence[int]) -> dict[int, list[Owner]]:
    """Give who owes the answers to complaints, in one query."""
    found: dict[int, list[Owner]] = {}
    rows = Owner.objects.filter(complaint_id__in=list(complaint_ids)).select_related("authority")
    for row in rows.order_by("-leads", "id"):
        found.setdefault(row.complaint_id, []).append(row)
    return found


def duties_of(about_ids: Sequence[int]) -> dict[int, list[Duty]]:
    """Give what is still owed about rectifications, appeals or complaints, the soonest due first."""
    found: dict[int, list[Duty]] = {}
    rows = Duty.objects.filter(case_id__in=list(about_ids), kind__in=list(DUTIES), done_at=None)
    for duty in rows.order_by("due_at", "id"):
        found.setdefault(duty.case_id, []).append(duty)
    return found


def pressing(actor: Actor, *, at: datetime.datetime, limit: int = 100) -> list[Duty]:
    """Give what authorities of somebody's area, or the group, owe late or soon, the longest overdue first (G1)."""
    here = Q(pk__in=[])
    for prefix in actor.managed_prefixes:
        here |= Q(calendar_code__startswith=prefix, bearer_kind=BearerKind.AUTHORITY)
    if actor.has(Role.GROUP):
        here |= Q(bearer_kind=BearerKind.GROUP)
    rows = Duty.objects.filter(here, kind__in=list(DUTIES), done_at=None, amber_at__lte=at)
    return list(rows.order_by("due_at", "id")[:limit])


def bearer_names(rows: Sequence[Duty]) -> dict[int, str]:
    """Name who owes each duty."""
    wanted = {d.bearer_id for d in rows if d.bearer_kind == BearerKind.AUTHORITY}
    names = dict(Authority.objects.filter(id__in=wanted).values_list("id", "name"))
    return {
        d.id: names.get(d.bearer_id, "") if d.bearer_kind == BearerKind.AUTHORITY else "西南五省协调小组"
        for d in rows
    }


def appeal_of(rating_id: int) -> Appeal | None:
    """Give the appeal against a rating."""
    return Appeal.objects.select_related("decided_by").filter(rating_id=rating_id).first()


def phone_of(rating: Rating) -> str:
    """Open the phone of a rater, to call back; the caller records the look first (P26(4))."""
    sealed = bytes(rating.phone_sealed)
    if sealed:
        return keyring.current().open_text(sealed, about=f"rating.phone:{rating.id}")
    if rating.about_case_id is None:
        return ""
    applicant = CaseApplicant.objects.filter(case_id=rating.about_case_id).first()
    return cases.phone_of(applicant) if applicant else ""


def complainant_of(row: Complaint) -> tuple[str, str]:
    """Open name and phone of a complainant; the caller records the look first (P26(4))."""
    ring, name, phone = keyring.current(), bytes(row.name_sealed), bytes(row.phone_sealed)
    return (
        ring.open_text(name, about=f"complaint.name:{row.id}") if name else "",
        ring.open_text(phone, about=f"complaint.phone:{row.id}") if phone else "",
    )


@dataclass(frozen=True)
class Figures:
    """How often each level was given; ratings that do not count are left out."""

    name: str
    counts: dict[int, int]
    total: int
    bad: int
    share_good: int | None  # of a hundred; None without ratings


def _figures(name: str, counts: dict[int, int]) -> Figures:
    total, bad = sum(counts.values()), sum(counts.get(level, 0) for level in BAD)
    share = round(100 * (total - bad) / total) if total else None
    return Figures(name, {level: counts.get(level, 0) for level in range(5, 0, -1)}, total, bad, share)


def month_of(at: datetime.datetime, *, back: int = 0) -> datetime.datetime:
    """Give the first moment of a month in Beijing, so many months back."""
    local = at.astimezone(worktime.BEIJING)
    index = local.year * 12 + local.month - 1 - back
    return datetime.datetime(index // 12, index % 12 + 1, 1, tzinfo=worktime.BEIJING)


def figures_by_authority(actor: Actor, *, since: datetime.datetime) -> list[Figures]:
    """Count the ratings of somebody's area by authority since a time, the most bad ones first: one query."""
    rows = ratings_visible_to(actor).filter(rated_at__gte=since, discounted_at=None)
    grouped = rows.values_list("authority__name", "level").annotate(n=Count("id")).order_by()
    found: dict[str, dict[int, int]] = {}
    for name, level, n in grouped:
        found.setdefault(name, {})[level] = n
    shown = [_figures(name, counts) for name, counts in found.items()]
    return sorted(shown, key=lambda f: (-f.bad, f.name))


def window_figures(actor: Actor, *, since: datetime.datetime) -> list[Figures]:
    """Count the ratings of somebody's own windows since a time: figures only, no rater."""
    windows = Window.objects.in_bulk(sorted(actor.window_ids))
    grouped = (
        Rating.objects.filter(window__in=list(windows), rated_at__gte=since, discounted_at=None)
        .values_list("window", "level")
        .annotate(n=Count("id"))
        .order_by()
    )
    found: dict[int, dict[int, int]] = {w: {} for w in windows}
    for window, level, n in grouped:
        found[window][level] = n
    return [_figures(windows[w].name, counts) for w, counts in found.items()]


@dataclass(frozen=True)
class Said:
    """What was written about a window, with its month alone: neither number nor day lead back to anybody."""

    month: datetime.datetime
    leg: str
    level: str
    words: str


def window_words(actor: Actor, *, until: datetime.datetime, limit: int = PAGE) -> list[Said]:
    """Give what was written about somebody's own windows before a month began, by month and without order in it.

    The current month is left out: among few cases of today a clerk would know who wrote.
    """
    rows = Rating.objects.filter(window__in=list(actor.window_ids), rated_at__lt=until, discounted_at=None)
    rows = rows.exclude(words="").annotate(month=TruncMonth("rated_at", tzinfo=worktime.BEIJING))
    return [
        Said(r.month, str(r.get_leg_display()), str(r.get_level_display()), r.words)
        for r in rows.order_by("-month", "level", "words")[:limit]
    ]


def ratings_page(
    rows: QuerySet[Rating], *, after: tuple[datetime.datetime, int] | None, limit: int = PAGE
) -> list[Rating]:
    """Give ratings, the newest first, from behind one on."""
    if after:
        rows = rows.filter(Q(rated_at__lt=after[0]) | Q(rated_at=after[0], id__lt=after[1]))
    return list(
        rows.select_related("authority", "window", "rectification").order_by("-rated_at", "-id")[:limit]
    )


def rectifications_page(
    actor: Actor, *, after: tuple[datetime.datetime, int] | None, limit: int = PAGE
) -> list[Rectification]:
    """Give the rectifications that somebody may see, the newest first, from behind one on."""
    rows = visible_to(actor)
    if after:
        rows = rows.filter(Q(opened_at__lt=after[0]) | Q(opened_at=after[0], id__lt=after[1]))
    return list(rows.select_related("rating__window", "authority").order_by("-opened_at", "-id")[:limit])


def complaints_page(
    actor: Actor, *, after: tuple[datetime.datetime, int] | None, state: str = "", limit: int = PAGE
) -> list[Complaint]:
    """Give the complaints that somebody may see, the newest first, from behind one on."""
    rows = complaints_visible_to(actor)
    if state:
        rows = rows.filter(state=state)
    if after:
        rows = rows.filter(Q(filed_at__lt=after[0]) | Q(filed_at=after[0], id__lt=after[1]))
    return list(rows.select_related("escalated_to").order_by("-filed_at", "-id")[:limit])


def published(*, limit: int = PAGE) -> list[Rectification]:
    """Give the replies to bad ratings whose raters agreed to show them, the newest first: for everybody."""
    rows = Rectification.objects.filter(rating__may_publish=True, rectified_at__isnull=False)
    rows = rows.filter(rating__discounted_at=None).select_related("rating", "authority")
    return list(rows.order_by("-rectified_at", "-id")[:limit])


def guidance_of(
    actor: Actor, *, after: tuple[datetime.datetime, int] | None = None, limit: int = PAGE
) -> list[Guidance]:
    """Give what help was given at somebody's windows, the newest first, from behind one on."""
    rows = Guidance.objects.filter(window__in=list(actor.window_ids)).select_related("window")
    if after:
        rows = rows.filter(Q(given_at__lt=after[0]) | Q(given_at=after[0], id__lt=after[1]))
    return list(rows.order_by("-given_at", "-id")[:limit])


def guidance_counts(actor: Actor, *, since: datetime.datetime) -> list[tuple[str, int]]:
    """Count help given since a time by kind: at one's windows, in one's area, everywhere for the group."""
    rows = Guidance.objects.filter(given_at__gte=since)
    if not actor.has(Role.GROUP):
        rows = rows.filter(Q(window__in=list(actor.window_ids)) | _area(actor, "window__hall__authority"))
    counts = dict(rows.values_list("kind").annotate(n=Count("id")).order_by())
    return [(str(kind.label), counts.get(kind.value, 0)) for kind in GuidanceKind]
