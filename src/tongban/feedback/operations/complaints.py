"""Complaints (P11): acknowledged at once, answered by the place within a working day, by two places together when
both are involved, and handed upwards by themselves when late."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from tongban.directory import queries as directory
from tongban.directory.models import Authority
from tongban.duties.models import Duty
from tongban.feedback import permissions, queries, rules
from tongban.feedback.models import Complaint, Owner, Rating
from tongban.feedback.operations import _record
from tongban.feedback.states import ComplaintKind, ComplaintState, Road
from tongban.journal import operations as journal
from tongban.kernel import ids, keyring, numbers, text
from tongban.people import applicants
from tongban.people.actors import Actor

ANSWER, ABOVE, GROUP = "answer_complaint", "answer_late_complaint", "settle_late_complaint"
BOTH = "both"
LONGEST = 2000


@dataclass(frozen=True)
class Complainant:
    """Who complains, as far as they say so; the last four open the answer together with the number."""

    name: str = ""
    phone: str = ""
    four: str = ""


@dataclass(frozen=True)
class Outside:
    """A complaint's name in the system that it came from, and when that was told."""

    system: str
    number: str
    told_at: datetime.datetime | None = None


def file(
    *,
    kind: str,
    words: str,
    place_code: str = "",
    case_id: int | None = None,
    about: str = "home",
    rating_id: int | None = None,
    complainant: Complainant,
    road: Road,
    outside: Outside | None = None,
    form_key: str = "",
    by: Actor,
    at: datetime.datetime,
) -> Complaint:
    """Take a complaint in and acknowledge it with its number (P11).

    Args:
        form_key: of the form that was sent; sent again it gives the complaint that it has made.

    Raises:
        As `prepare`.
    """
    known = Complaint.objects.filter(form_key=form_key).first() if form_key else None
    if known is not None:
        return known
    row, owners = prepare(
        kind=kind,
        words=words,
        place_code=place_code,
        case_id=case_id,
        about=about,
        complainant=complainant,
        road=road,
        outside=outside,
        by=by,
        at=at,
    )
    row.rating_id, row.form_key = rating_id, form_key[:80]
    keep(row, owners, by=by, at=at)
    return row


def prepare(
    *,
    kind: str,
    words: str,
    place_code: str = "",
    joint_code: str = "",
    case_id: int | None = None,
    about: str = "home",
    complainant: Complainant,
    road: Road,
    outside: Outside | None = None,
    by: Actor,
    at: datetime.datetime,
) -> tuple[Complaint, list[Authority]]:
    """Give a complaint that may be kept, and who owes its answer, the lead first; nothing is written.

    Args:
        case_id: a case that whoever calls has made sure is theirs to complain about.
        about: of a case, `receiving`, `home` or `both`: whose service it is about.
        place_code: without a case, the division where it happened; `joint_code`: the one that answers with it.

    Raises:
        rules.BadKind, rules.NeedsWords, rules.TooLong, rules.NobodyResponsible, rules.BadFour.
        rules.TakenAlready: of that outside number.
        numbers.InvalidNumber: the phone is none.
    """
    chosen = rules.one_of(kind, ComplaintKind.values, field="kind")
    said = rules.words_of(words, field="words", what=_("要反映的问题"), limit=LONGEST)
    owners = _responsible((place_code, joint_code), case_id, about)
    row = Complaint(id=ids.new_id(at), kind=chosen, road=road, words=said, about_case_id=case_id, filed_at=at)
    _name(row, complainant, by=by)
    if outside:
        if queries.complaint_of_outside(outside.system, outside.number) is not None:
            raise rules.TakenAlready(fields={"outside": rules.TakenAlready().message})
        row.system, row.outside_number, row.told_at = outside.system, outside.number, outside.told_at
    return row, owners


@transaction.atomic
def keep(row: Complaint, owners: Sequence[Authority], *, by: Actor, at: datetime.datetime) -> None:
    """Insert a prepared complaint; from now on each owner's clock runs."""
    directory.held_stamp()
    row.save(force_insert=True)
    for place, authority in enumerate(owners):
        _own(row, authority, leads=place == 0, at=at)
    to = [a.division_id for a in owners]
    said = {"kind": row.kind, "road": str(row.road), "to": to}
    _record.note(row.id, "complaint_filed", by=by, at=at, article="P11", **said)


def _responsible(place_codes: Sequence[str], case_id: int | None, about: str) -> list[Authority]:
    """Give who owes the answer, the lead first: of a case, the place that decides leads."""
    found: list[Authority | None] = []
    if case_id is not None:
        case = queries.case_of(case_id)
        rules.one_of(about, ("receiving", "home", BOTH), field="about")
        if about in ("home", BOTH) and case.home_window is not None:
            found.append(case.home_window.hall.authority)
        if about in ("receiving", BOTH) or case.home_window is None:
            found.append(case.receiving_window.hall.authority)
    else:
        found += [queries.authority_of_place(code) for code in place_codes if code]
    owners = list(dict.fromkeys(a for a in found if a is not None))
    if not owners:
        raise rules.NobodyResponsible(fields={"place": rules.NobodyResponsible().message})
    return owners


def _name(row: Complaint, who: Complainant, *, by: Actor) -> None:
    """Keep who complains, sealed; somebody who signed in is found again by the number that was checked."""
    phone, name, ring = text.clean(who.phone), text.clean_name(who.name)[:60], keyring.current()
    if by.is_applicant:
        row.complainant_digest = by.party.digest
        name, phone = name or by.name, phone or applicants.phone_of(applicants.of(by.id or 0))
    if phone:
        phone = numbers.check_phone(phone)
        row.phone_sealed = ring.seal_text(phone, about=f"complaint.phone:{row.id}")
        row.phone_masked = numbers.mask_phone(phone)
    if name:
        row.name_sealed = ring.seal_text(name, about=f"complaint.name:{row.id}")
    row.follow_digest = queries.follow_digest(
        row.id, rules.four_of(who.four or "".join(filter(str.isdigit, phone))[-4:])
    )


def _own(row: Complaint, authority: Authority, *, leads: bool, at: datetime.datetime) -> None:
    Owner.objects.create(id=ids.new_id(at), complaint=row, authority=authority, leads=leads)
    code = authority.division_id
    days = None
    if row.road == Road.PHONE or row.system:
        # The hotline's own longer limits, where a place has set them; P11's working day everywhere else.
        days = directory.parameter(f"feedback.hotline_days.{row.kind}", None, code=code)
    _record.open_duty(row.id, ANSWER, bearer=authority, calendar_code=code, at=at, days=days)


def _locked(id_: int, *, by: Actor, revision: int | None) -> tuple[Complaint, list[Owner]]:
    if not by.is_system:
        queries.complaint(id_, for_=by)
    directory.held_stamp()  # before the row's lock: nobody who has a row waits for a calendar
    row = (
        Complaint.objects.select_for_update(of=("self",)).select_related("escalated_to__division").get(id=id_)
    )
    if revision is not None and revision != row.revision:
        raise rules.AnsweredMeanwhile()
    return row, queries.owners_of(id_)


def _save(row: Complaint) -> None:
    row.revision += 1
    row.save()


def is_above(row: Complaint, by: Actor) -> bool:
    """Say whether somebody is of those to whom a late complaint has been handed."""
    if row.is_with_group and permissions.answers_for(by, None):
        return True
    return row.escalated_to is not None and permissions.answers_for(by, row.escalated_to)


@transaction.atomic
def answer(
    id_: int, *, answer: str, by: Actor, at: datetime.datetime, revision: int | None = None
) -> Complaint:
    """Answer a complaint; the lead of a joint one proposes, and it is answered once the other agrees (P11).

    Whoever has been handed a late one answers it alone.

    Raises:
        rules.Unknown, rules.NeedsWords, rules.TooLong, rules.NotNow, rules.NotTheLead, permissions.NotYours.
        rules.AnsweredMeanwhile: somebody else wrote since `revision`.
    """
    said = rules.words_of(answer, field="answer", what=_("答复"), limit=LONGEST)
    row, owners = _locked(id_, by=by, revision=revision)
    if row.state != ComplaintState.OPEN:
        raise rules.NotNow()
    if is_above(row, by):
        _issue(row, said, place=by.place, by=by, at=at)
        return row
    lead = next(o for o in owners if o.leads)
    if not permissions.answers_for(by, lead.authority):
        is_other = any(permissions.answers_for(by, o.authority) for o in owners)
        raise (rules.NotTheLead if is_other else permissions.NotYours)(place=lead.authority.name)
    if len(owners) == 1:
        _issue(row, said, place=lead.authority.name, by=by, at=at)
        return row
    row.draft, row.drafted_at, row.drafted_by_name = said, at, by.name
    _save(row)
    Owner.objects.filter(complaint=row).update(agreed_at=None, agreed_by_name="", objection="")
    Owner.objects.filter(id=lead.id).update(agreed_at=at, agreed_by_name=by.name)
    _record.note(row.id, "answer_proposed", by=by, at=at, article="P11")
    return row


def _issue(row: Complaint, said: str, *, place: str, by: Actor, at: datetime.datetime) -> None:
    row.state, row.answer, row.answered_at = ComplaintState.ANSWERED, said, at
    row.answered_by_name, row.answered_by = by.name, place[:120]
    _save(row)
    _record.end_duties(row.id, by=by, at=at)
    _record.note(row.id, "complaint_answered", by=by, at=at, article="P11")


def _other(row: Complaint, owners: list[Owner], by: Actor) -> Owner:
    if row.state != ComplaintState.OPEN or not row.draft:
        raise rules.NotNow()
    for owner in owners:
        if not owner.leads and permissions.answers_for(by, owner.authority):
            return owner
    lead = next(o for o in owners if o.leads)
    raise permissions.NotYours(
        place=next((o.authority.name for o in owners if not o.leads), lead.authority.name)
    )


@transaction.atomic
def agree(id_: int, *, by: Actor, at: datetime.datetime, revision: int | None = None) -> Complaint:
    """Agree to the lead's answer; with the last agreement it is given (P11).

    Raises:
        rules.Unknown, rules.NotNow, permissions.NotYours, rules.AnsweredMeanwhile.
    """
    row, owners = _locked(id_, by=by, revision=revision)
    owner = _other(row, owners, by)
    owner.agreed_at, owner.agreed_by_name, owner.objection = at, by.name, ""
    owner.save()
    _record.note(row.id, "answer_agreed", by=by, at=at, article="P11", place=owner.authority.division_id)
    if all(o.agreed_at for o in owners):
        _issue(row, row.draft, place="、".join(o.authority.name for o in owners), by=by, at=at)
    else:
        _save(row)
    return row


@transaction.atomic
def object_to(
    id_: int, *, words: str, by: Actor, at: datetime.datetime, revision: int | None = None
) -> Complaint:
    """Say what is wrong with the lead's answer, who proposes another.

    Raises:
        rules.Unknown, rules.NeedsWords, rules.NotNow, permissions.NotYours, rules.AnsweredMeanwhile.
    """
    said = rules.words_of(words, field="words", what=_("不同意的意见"))
    row, owners = _locked(id_, by=by, revision=revision)
    owner = _other(row, owners, by)
    owner.agreed_at, owner.agreed_by_name, owner.objection = None, "", said
    owner.save()
    _save(row)
    _record.note(row.id, "answer_objected", by=by, at=at, article="P11", place=owner.authority.division_id)
    return row


@transaction.atomic
def involve(
    id_: int, *, place_code: str, by: Actor, at: datetime.datetime, revision: int | None = None
) -> Complaint:
    """Bring in the second place: from now on one answer has two owners (P11).

    Raises:
        rules.Unknown, rules.NobodyResponsible, rules.NotNow, rules.NotTheLead, rules.AnsweredMeanwhile.
    """
    row, owners = _locked(id_, by=by, revision=revision)
    lead = next(o for o in owners if o.leads)
    if not permissions.answers_for(by, lead.authority):
        raise rules.NotTheLead(place=lead.authority.name)
    if row.state != ComplaintState.OPEN or len(owners) > 1:
        raise rules.NotNow()
    authority = queries.authority_of_place(place_code)
    if authority is None or authority == lead.authority:
        raise rules.NobodyResponsible(fields={"place": rules.NobodyResponsible().message})
    _own(row, authority, leads=False, at=at)
    _save(row)
    _record.note(row.id, "complaint_joined", by=by, at=at, article="P11", place=authority.division_id)
    return row


@transaction.atomic
def escalate(id_: int, *, by: Actor, at: datetime.datetime) -> bool:
    """Hand a complaint whose time is over to the level above, and from there to the group; says whether it moved.

    What the places below owe stays open and red.
    """
    row, owners = _locked(id_, by=by, revision=None)
    if row.state != ComplaintState.OPEN or row.is_with_group:
        return False
    waiting = ANSWER if row.escalation == 0 else ABOVE
    if not Duty.objects.filter(case_id=row.id, kind=waiting, done_at=None, due_at__lt=at).exists():
        return False
    _hand_up(row, owners, by=by, at=at)
    return True


def _hand_up(row: Complaint, owners: list[Owner], *, by: Actor, at: datetime.datetime) -> None:
    lead = next(o for o in owners if o.leads)
    holds_up = next((o for o in owners if row.draft and not o.agreed_at and not o.objection), lead)
    target = queries.above(holds_up.authority) if row.escalation == 0 else None
    code = target.division_id if target else holds_up.authority.division_id
    row.escalated_to = target or row.escalated_to
    row.is_with_group, row.escalated_at = target is None, at
    row.escalation += 1
    _save(row)
    _record.open_duty(row.id, ABOVE if target else GROUP, bearer=target, calendar_code=code, at=at)
    _record.note(
        row.id,
        "complaint_escalated",
        by=by,
        at=at,
        article="P11",
        to=target.division_id if target else "group",
    )


@transaction.atomic
def judge(id_: int, *, is_settled: bool, words: str = "", by: Actor, at: datetime.datetime) -> Complaint:
    """Keep what the complainant says of the answer, once; one that settles nothing goes to the level above.

    Whoever calls has made sure that the complaint is the complainant's.

    Raises:
        rules.NotNow, rules.TooLong.
    """
    said = rules.words_of(words, field="words")
    directory.held_stamp()
    row = Complaint.objects.select_for_update().get(id=id_)
    if row.state != ComplaintState.ANSWERED or row.verdict_at:
        raise rules.NotNow()
    row.is_settled, row.verdict, row.verdict_at = is_settled, said, at
    _record.note(row.id, "complaint_judged", by=by, at=at, article="P11", settled=is_settled)
    if is_settled or row.is_with_group:
        _save(row)
        return row
    row.state, row.draft = ComplaintState.OPEN, ""
    _hand_up(row, queries.owners_of(row.id), by=by, at=at)
    return row


@transaction.atomic
def complainant(id_: int, *, by: Actor, at: datetime.datetime) -> tuple[str, str]:
    """Give name and phone of a complainant to whoever must answer; each look is recorded first (P26(4)).

    Raises:
        rules.Unknown, permissions.NotYours.
    """
    row = queries.complaint(id_, for_=by)
    owners = queries.owners_of(id_)
    if not is_above(row, by) and not any(permissions.answers_for(by, o.authority) for o in owners):
        raise permissions.NotYours(place=owners[0].authority.name)
    journal.look(
        row.about_case_id or row.id,
        what="complainant",
        about_id=row.id,
        purpose="办理投诉",
        at=at,
        person_id=by.id or 0,
        person=by.name,
        place=by.place,
    )
    return queries.complainant_of(row)


def from_rating(rating: Rating, *, words: str, four: str, by: Actor, at: datetime.datetime) -> Complaint:
    """Turn what a rater wrote into a complaint about the same leg (F5)."""
    assert rating.about_case_id is not None
    return file(
        kind=ComplaintKind.COMPLAINT,
        words=words,
        case_id=rating.about_case_id,
        about="receiving" if rating.leg == "receiving" else "home",
        rating_id=rating.id,
        complainant=Complainant(four=four),
        road=Road.RATING,
        by=by,
        at=at,
    )
