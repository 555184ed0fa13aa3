"""Every read that a page needs. Reads for people start from `visible_to`, on every road."""

import datetime
import functools
import operator
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from django.db.models import F, Q, QuerySet

from tongban.cases import permissions, rules
from tongban.cases.models import (
    Case,
    CaseApplicant,
    CaseMaterial,
    CorrectionNotice,
    Decision,
    Delivery,
    HandOff,
    Help,
    Scan,
    Suspension,
    Transfer,
    Verdict,
)
from tongban.cases.states import STATES, STEPS, Mode, Part, State, Step
from tongban.catalogue import standards
from tongban.catalogue.models import AcceptanceStandard
from tongban.catalogue.standards import FormField
from tongban.directory import queries as directory
from tongban.directory.models import Window
from tongban.duties import queries as duties
from tongban.duties.models import BearerKind, Duty
from tongban.journal.models import Entry, Look
from tongban.kernel import compiled, keyring, trip, worktime
from tongban.kernel import text as text_of
from tongban.people.actors import Actor

PAGE = 50
_SENT = ~Q(mode=Mode.ONLINE, received_at__isnull=True)  # not still being written by its applicant
NEWEST = ("-opened_at", "-id")  # an id says the day, not the hour
SHOWN = ("receiving_window__division", "home_window__division", "procedure__item", "department", "applicant")


def visible_to(actor: Actor) -> QuerySet[Case]:
    """Give the cases that somebody may see at all: their windows', their department's, their authority's; an
    applicant those of the one for whom they act now.

    A home window sees a case from its receipt on; a draft belongs to the receiving window alone, one that is
    written online to its applicant and to whom they let help.
    """
    if actor.is_system:
        return Case.objects.all()
    if actor.is_applicant:
        return _of_party(actor)
    parts = parts_seen(actor)
    return Case.objects.filter(functools.reduce(operator.or_, parts)) if parts else Case.objects.none()


def _of_party(actor: Actor) -> QuerySet[Case]:
    """Give the cases of the one for whom an applicant acts: found by a number that somebody has checked, within the
    mandate, and none that a window has only begun to type. Nobody checked: none.
    """
    party = actor.party
    if not party.digest:
        return Case.objects.none()
    rows = Case.objects.filter(applicant__identity_digest=party.digest)
    if party.items is not None:
        rows = rows.filter(procedure__item__in=sorted(party.items))
    return rows.exclude(mode=Mode.COLLECTED, state=State.DRAFTING, revision=1)


def parts_seen(actor: Actor) -> list[Q]:
    """Give what somebody may see piece by piece; each has an index by which its newest cases come first."""
    parts = []
    for window in sorted(actor.window_ids):
        parts += parts_of_window(window)
    if actor.window_ids:
        parts.append(Q(helper_id=actor.id))
    if actor.department_ids:
        parts.append(Q(department__in=list(actor.department_ids)))
    for prefix in actor.managed_prefixes:
        parts += parts_of_place(prefix)
    return parts


def parts_of_window(window_id: int) -> list[Q]:
    return [Q(receiving_window=window_id) & _SENT, Q(home_window=window_id, received_at__isnull=False)]


def parts_of_place(prefix: str) -> list[Q]:
    return [
        Q(receiving_window__division__code__startswith=prefix) & _SENT,
        Q(home_window__division__code__startswith=prefix, received_at__isnull=False),
    ]


def get(case_id: int, *, for_: Actor) -> Case:
    """Give a case that the person may see, with places, matter and applicant.

    Raises:
        rules.UnknownCase: there is none, or it is not theirs to see; which of the two is not told.
    """
    if for_.is_system or for_.is_applicant:  # an applicant's number is not kept in a text
        case = visible_to(for_).select_related(*SHOWN).filter(id=case_id).first()
    else:
        case = next(iter(_visible.shaped(_sight(for_), case_id)), None)
        if case is None and for_.window_ids:  # a draft that this very clerk helps to write
            case = visible_to(for_).select_related(*SHOWN).filter(id=case_id).first()
    if case is None:
        raise rules.UnknownCase()
    return case


def as_left(case_id: int, *, for_: Actor) -> Case:
    """Give what `get` gives with the open duties (`Case.left_open`), in one trip for one of the staff."""
    if for_.is_system or for_.is_applicant:
        rows: list[Case] = []
    else:
        rows, open_duties = trip.read(_visible.asked(case_id, shape=_sight(for_)), _duties.asked(case_id))
    if not rows:
        return get(case_id, for_=for_)
    rows[0].left_open = open_duties
    return rows[0]


_visible = compiled.Read(
    lambda actor, case_id: visible_to(actor).select_related(*SHOWN).filter(id=case_id), int
)


def locked_for(actor: Actor, case_id: int) -> compiled.Asked:
    """Give the query that locks and reads a case, with places, matter and applicant, if one of the staff may see it."""
    assert not actor.is_system and not actor.is_applicant
    return _locked.asked(case_id, shape=_sight(actor))


_locked = compiled.Read(
    lambda actor, case_id: (
        visible_to(actor).select_related(*SHOWN).select_for_update(of=("self",)).filter(id=case_id)
    ),
    int,
)


def _sight(actor: Actor) -> Actor:
    """Give what `visible_to` looks at of one of the staff: where they hold which posts, not who they are."""
    posts = (replace(p, place="", division_code="") for p in actor.posts)
    return Actor(id=0, name="", posts=tuple(posts))


def for_review(case: Case) -> tuple[CaseApplicant, tuple[FormField, ...], list[CaseMaterial]]:
    """Give what the formality review looks at: applicant, form fields asked for, materials in order."""
    standard = standards.of(standard_of(case))
    return (
        applicant_of(case.id),
        standard.fields_for(case.circumstance, shown_answers(case)),
        materials_of(case.id),
    )


def standard_of(case: Case) -> AcceptanceStandard | None:
    """Give the standard pinned to a case, which has it from then on."""
    if case.standard_id is not None and not Case._meta.get_field("standard").is_cached(case):
        case.standard = _standard.first(case.standard_id)
    return case.standard


# What a published one says is read once a process: `standards.of`.
_standard = compiled.Read(
    lambda standard_id: AcceptanceStandard.objects.filter(id=standard_id).defer("content"), int
)


def applicant_of(case_id: int) -> CaseApplicant:
    """Give the applicant of a case that is there."""
    return _applicant(case_id)[0]


_applicant = compiled.Read(lambda case_id: CaseApplicant.objects.filter(case_id=case_id), int)


def material_of(case_id: int, key: str) -> CaseMaterial | None:
    """Give a material of a case by its key, None when there is none."""
    return _material.first(case_id, key)


_material = compiled.Read(
    lambda case_id, key: CaseMaterial.objects.filter(case_id=case_id, key=key), int, str
)


def materials_of(case_id: int) -> list[CaseMaterial]:
    """Give the materials of a case in the order of the standard."""
    return _materials(case_id)


_materials = compiled.Read(
    lambda case_id: CaseMaterial.objects.filter(case_id=case_id).order_by("position", "id"), int
)


def scans_of(case_id: int) -> list[Scan]:
    """Give the scans of a case that have not been removed."""
    return _scans(case_id)


_scans = compiled.Read(
    lambda case_id: Scan.objects.filter(case_id=case_id, removed_at=None).order_by("id"), int
)


def scan(case_id: int, scan_id: int) -> Scan:
    """Give one scan of a case.

    Raises:
        rules.UnknownCase: the case has no such scan.
    """
    row = Scan.objects.filter(case_id=case_id, id=scan_id).first()
    if row is None:
        raise rules.UnknownCase()
    return row


def to_correct(materials: Sequence[CaseMaterial]) -> list[dict[str, str]]:
    """Give what a notice must name: every material to be corrected, with the advice."""
    return [
        {"key": m.key, "name": m.name, "advice": m.advice}
        for m in materials
        if m.verdict == Verdict.TO_CORRECT
    ]


def answers_to_correct(case: Case) -> dict[str, str]:
    """Give the answers that may be sent back to be corrected, `form.<key>` to label: those of an online case.

    What was taken down at a window is the window's to correct.
    """
    if case.mode != Mode.ONLINE:
        return {}
    fields = standards.of(case.standard).fields_for(case.circumstance, shown_answers(case))
    return {f"form.{field.key}": field.label for field in fields}


def helps_of(case_id: int) -> list[Help]:
    """Give the helps that began on a case, the latest first."""
    rows = Help.objects.filter(case_id=case_id, begun_at__isnull=False)
    return list(rows.select_related("window").order_by("-begun_at"))


def drafts_of(actor: Actor) -> list[Case]:
    """Give the drafts of the one for whom an applicant acts, the newest first, at most a page."""
    rows = visible_to(actor).filter(state=State.FILLING).select_related(*SHOWN)
    return list(rows.order_by(*NEWEST)[:PAGE])


def helped_by(actor: Actor) -> list[Case]:
    """Give the drafts that a clerk helps to write now."""
    rows = Case.objects.filter(helper_id=actor.id, helper_id__isnull=False).select_related(*SHOWN)
    return list(rows.order_by(*NEWEST)[:PAGE])


def result_document(case_id: int) -> int | None:
    """Give the id of the signed document that says what was decided, None where there is none."""
    rows = Decision.objects.filter(case_id=case_id, document_id__isnull=False).order_by("-made_at")
    return rows.values_list("document_id", flat=True).first()


def last_day(case: Case, *, at: datetime.datetime, days: int) -> datetime.date:
    """Give the day by which a correction is to be brought: a day off moves it to the next working day."""
    calendar = directory.calendar_of(directory.division_of_window(case.receiving_window_id))
    due = worktime.calendar_days_due(at, days=days, calendar=calendar)
    assert due.at is not None
    return due.at.astimezone(worktime.BEIJING).date()


def history_of(case_id: int) -> list[Entry]:
    """Give the journal of a case, the first step first."""
    return _history(case_id)


_history = compiled.Read(lambda case_id: Entry.objects.filter(chain_id=case_id).order_by("seq"), int)


def looks_at(case_id: int) -> list[Look]:
    """Give who saw protected data of a case, the latest first, at most 200."""
    return list(Look.objects.filter(case_id=case_id).order_by("-id")[:200])


def duties_of(case_id: int) -> list[Duty]:
    """Give the open duties of a case, the turn first."""
    return _duties(case_id)


_duties = compiled.Read(duties.open_of_case, int)


def transfers_of(case_id: int) -> list[Transfer]:
    return _transfers(case_id)


_transfers = compiled.Read(
    lambda case_id: (
        Transfer.objects.filter(case_id=case_id)
        .select_related("from_window", "to_window")
        .order_by("sent_at", "id")
    ),
    int,
)


def notices_of(case_id: int) -> list[CorrectionNotice]:
    return _notices(case_id)


_notices = compiled.Read(lambda case_id: CorrectionNotice.objects.filter(case_id=case_id).order_by("id"), int)


def first_notice(case: Case) -> CorrectionNotice | None:
    """Give the first correction notice of a case under the standard that it has now, by whichever window (C11)."""
    rows = CorrectionNotice.objects.filter(case_id=case.id)
    rows = rows.filter(Q(standard_id=case.standard_id) | Q(standard_id=None))
    return rows.order_by("asked_at", "id").first()


def decisions_of(case_id: int) -> list[Decision]:
    return _decisions(case_id)


_decisions = compiled.Read(
    lambda case_id: Decision.objects.filter(case_id=case_id).order_by("made_at", "id"), int
)


def hand_offs_of(case_id: int) -> list[HandOff]:
    return _hand_offs(case_id)


_hand_offs = compiled.Read(
    lambda case_id: HandOff.objects.filter(case_id=case_id).select_related("department").order_by("id"), int
)


def suspensions_of(case_id: int) -> list[Suspension]:
    return _suspensions(case_id)


_suspensions = compiled.Read(lambda case_id: Suspension.objects.filter(case_id=case_id).order_by("id"), int)


def deliveries_of(case_id: int) -> list[Delivery]:
    return _deliveries(case_id)


_deliveries = compiled.Read(lambda case_id: Delivery.objects.filter(case_id=case_id).order_by("attempt"), int)


def steps_open_to(actor: Actor, case: Case, *, open_duties: Sequence[Duty]) -> list[tuple[str, Step]]:
    """Give the steps that somebody may take on a case now, the main one first."""
    kinds = {d.kind for d in open_duties}
    steps = [
        (name, step)
        for name, step in STEPS.items()
        if permissions.may_step(name, case, by=actor)
        and (step.to is not None or not step.discharges or kinds & set(step.discharges))
        and (step.to is not None or not step.cancels or kinds & set(step.cancels))
        and not (
            step.opens and step.to is None and kinds & {o.kind for o in step.opens} and not step.discharges
        )
    ]
    return sorted(steps, key=lambda pair: not pair[1].is_main)


def holder_name(case: Case) -> str:
    """Name who has the case: a window, a department, or the applicant."""
    turn = STATES[State(case.state)].turn
    if turn == Part.RECEIVING:
        return case.receiving_window.name
    if turn == Part.HOME and case.home_window:
        return case.home_window.name
    if turn == Part.DEPARTMENT and case.department:
        return case.department.name
    return ""


def progress_of(case: Case) -> str:
    """Say in one sentence who has the case; applicant, receiving and home window read the same (P15)."""
    sentence = str(STATES[State(case.state)].sentence)
    return sentence.format(holder=holder_name(case), receiving=case.receiving_window.name)


def bearers_of(actor: Actor) -> list[tuple[BearerKind, int]]:
    """Give those for whom a person answers: the windows and departments of their posts."""
    return [(BearerKind.WINDOW, w) for w in sorted(actor.window_ids)] + [
        (BearerKind.DEPARTMENT, d) for d in sorted(actor.department_ids)
    ]


def today(
    actor: Actor, *, after: tuple[datetime.datetime | None, int] | None = None, limit: int = PAGE
) -> tuple[list[tuple[Duty, Case]], Duty | None]:
    """Give what somebody owes now, the soonest due first, each with its case: two queries whatever the rows.

    Args:
        after: due time and id of the last duty of the page before.

    Returns:
        The page, and its last duty when there are more.
    """
    rows = list(duties.after_in_queue(duties.queue_of(bearers_of(actor)), after)[: limit + 1])
    return _with_cases(rows[:limit], actor), rows[limit - 1] if len(rows) > limit else None


def tally(actor: Actor, *, at: datetime.datetime) -> dict[str, int]:
    """Count what somebody owes: late, soon due, the rest; at most `duties.TALLIED_AT_MOST` together."""
    return duties.tally_of(bearers_of(actor), at=at)


def waiting_for_applicants(actor: Actor, *, limit: int = 100) -> list[tuple[Duty, Case]]:
    """Give the corrections that a person's windows wait for, the soonest due first."""
    return _with_cases(list(duties.watched_by(sorted(actor.window_ids))[:limit]), actor)


def pressing_at_managed(
    actor: Actor, *, at: datetime.datetime, after: tuple[datetime.datetime, int] | None = None, limit: int
) -> list[tuple[Duty, Case]]:
    """Give the duties late or soon due of windows and departments at the places that somebody runs.

    The longest overdue first; two queries whatever the rows.

    Args:
        after: due time and id of the last duty of the page before.
    """
    if not actor.managed_prefixes:
        return []
    rows = duties.pressing_at(actor.managed_prefixes, at=at, after=after)
    return _with_cases(list(rows[:limit]), actor)


def bearer_name(duty: Duty, case: Case) -> str:
    """Name the window or department that owes a duty of a case."""
    if duty.bearer_kind == BearerKind.DEPARTMENT and case.department_id == duty.bearer_id and case.department:
        return case.department.name
    if duty.bearer_id == case.home_window_id and case.home_window:
        return case.home_window.name
    return case.receiving_window.name


def _with_cases(rows: Sequence[Duty], actor: Actor) -> list[tuple[Duty, Case]]:
    cases = among(actor, list({d.case_id for d in rows}))
    return [(d, cases[d.case_id]) for d in rows if d.case_id in cases]


def among(actor: Actor, wanted: Sequence[int]) -> dict[int, Case]:
    """Give those of some cases that somebody may see by id, with places, matter and applicant."""
    cases: dict[int, Case] = {}
    if not (actor.is_system or actor.is_applicant):  # an applicant's number is not kept in a text
        cases = {c.id: c for c in _visible_among.shaped(_sight(actor), list(wanted))}
    missing = [id_ for id_ in wanted if id_ not in cases]
    if missing:  # drafts that this very clerk helps to write
        seen = visible_to(actor).filter(id__in=missing).select_related(*SHOWN)
        cases |= {c.id: c for c in seen}
    return cases


_visible_among = compiled.Read(
    lambda actor, case_ids: visible_to(actor).select_related(*SHOWN).filter(id__any=case_ids), list
)


def identity_of(applicant: CaseApplicant) -> str:
    """Open a sealed identity number; the caller records the look and its purpose first (P26(4))."""
    sealed = bytes(applicant.identity_sealed)
    return keyring.current().open_text(sealed, about=f"identity:{applicant.case_id}") if sealed else ""


def about_answer(case_id: int, key: str) -> str:
    """Name what a sealed answer of the application form is about; it opens as nothing else."""
    return f"form:{case_id}:{key}"


def answer_of(case: Case, key: str) -> str:
    """Give an answer of the application form in full; of a sealed one the caller records the look first."""
    kept = case.form.get(key) or ""
    if not isinstance(kept, dict) or "sealed" not in kept:
        return _shown(kept)
    return keyring.current().open_text(bytes.fromhex(kept["sealed"]), about=about_answer(case.id, key))


def shown_answers(case: Case) -> dict[str, str]:
    """Give the answers of the application form by key as they may be shown: numbers of people masked."""
    return {key: _shown(kept) for key, kept in case.form.items()}


def _shown(kept: Any) -> str:
    """Give what a kept answer says: a sealed number its mask, an address and files their text."""
    if isinstance(kept, dict):
        return str(kept["masked"] if "masked" in kept else kept.get("text", ""))
    return str(kept)


def phone_of(applicant: CaseApplicant) -> str:
    """Open a sealed phone number; the caller records the look and its purpose first."""
    sealed = bytes(applicant.phone_sealed)
    return keyring.current().open_text(sealed, about=f"phone:{applicant.case_id}") if sealed else ""


def heads() -> Iterator[tuple[int, int, bytes]]:
    """Give (chain, seq, digest) of what every case says its last journal entry is, for `journal.verify`."""
    for id_, seq, digest in Case.objects.values_list("id", "journal_seq", "journal_head").iterator(
        chunk_size=5000
    ):
        yield id_, seq, bytes(digest)


def windows_to_forward_to(case: Case, *, words: str) -> QuerySet[Window]:
    """Give listed windows by a part of their place's name, for a case that went to the wrong one."""
    rows = Window.objects.filter(is_open=True).exclude(id=case.home_window_id or 0).select_related("division")
    return rows.filter(division__full_name__contains=text_of.clean(words)).order_by("division_id")[:20]


def agent_identity_of(applicant: CaseApplicant) -> str:
    """Open an agent's sealed identity number; the caller records the look and its purpose first (P26(4))."""
    sealed = bytes(applicant.agent_identity_sealed)
    return keyring.current().open_text(sealed, about=f"agent:{applicant.case_id}") if sealed else ""


def owed(actor: Actor, *, kinds: Sequence[str], limit: int = 200) -> list[tuple[Duty, Case]]:
    """Give what somebody owes of some kinds of duties, the soonest due first, each with its case."""
    rows = duties.queue_of(bearers_of(actor)).filter(kind__in=kinds)
    return _with_cases(list(rows[:limit]), actor)


# What is on its way to a window, or has arrived there and waits for acceptance.
INCOMING = ("confirm_arrival", "confirm_paper", "confirm_result_arrival", "decide_acceptance")


def incoming(actor: Actor) -> list[tuple[Duty, Case]]:
    """Give what is on its way to somebody's windows, and what has arrived there and waits for acceptance."""
    return owed(actor, kinds=INCOMING)


# States in which a case waits for its applicant to bring or to fetch something.
WAITS_FOR_APPLICANT = frozenset(
    {name for name, row in STATES.items() if row.turn == Part.APPLICANT}
    | {State.PICKUP_HOME, State.PICKUP_RECEIVING}
)


def waiting_for(actor: Actor) -> list[Case]:
    """Give the cases in which an applicant must bring or fetch something now, the oldest first, at most 50."""
    rows = visible_to(actor).filter(state__in=sorted(WAITS_FOR_APPLICANT)).select_related(*SHOWN)
    return list(rows.order_by("opened_at", "id")[:PAGE])


def of_party(actor: Actor, *, after: tuple[datetime.datetime, int] | None = None, limit: int) -> list[Case]:
    """Give an applicant's other cases, the newest first.

    Args:
        after: when the last case of the page before was opened, and its id.
    """
    rows = visible_to(actor).exclude(state__in=sorted(WAITS_FOR_APPLICANT)).select_related(*SHOWN)
    if after is not None:
        opened_at, id_ = after
        rows = rows.filter(Q(opened_at__lte=opened_at) & (Q(opened_at__lt=opened_at) | Q(id__lt=id_)))
    return list(rows.order_by(*NEWEST)[:limit])


def last_transfers_of(case_ids: Sequence[int]) -> dict[int, Transfer]:
    """Give the transfer that is under way for each case, else the last one that arrived."""
    rows = (
        Transfer.objects.filter(case_id__in=list(case_ids))
        .exclude(kind__in=["result", "custody"])
        .select_related("from_window")
    )
    return {t.case_id: t for t in rows.order_by(F("arrived_at").asc(nulls_last=True), "sent_at")}


def looked_lately(case_id: int, *, person_id: int, about_id: int, at: datetime.datetime) -> bool:
    """Tell whether a person's look at one piece of a case was recorded within the last ten minutes.

    A page that draws the same picture again and again is one look.
    """
    since = at - datetime.timedelta(minutes=10)
    rows = Look.objects.filter(case_id=case_id, person_id=person_id, about_id=about_id)
    return rows.filter(at__gt=since, at__lte=at).exists()
