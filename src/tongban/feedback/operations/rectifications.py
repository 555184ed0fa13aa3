"""Put right what a bad rating names: contact, extend, rectify, call back; appeal against a malicious one (F4)."""

import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tongban.directory import queries as directory
from tongban.duties import operations as duties
from tongban.duties.models import Duty, Outcome
from tongban.feedback import permissions, queries, rules
from tongban.feedback.models import Appeal, Rating, Rectification
from tongban.feedback.operations import _record
from tongban.feedback.states import COMPLEX, AppealOutcome, CallBack, RectificationState
from tongban.journal import operations as journal
from tongban.kernel import ids
from tongban.people.actors import Actor

PHONE = "rater_phone"


def _locked(id_: int, *, by: Actor) -> Rectification:
    queries.rectification(id_, for_=by)  # what a person may not see is not there for them
    directory.held_stamp()  # before the row's lock: nobody who has a row waits for a calendar
    rows = Rectification.objects.select_for_update(of=("self",)).select_related(
        "rating", "authority__division"
    )
    row = rows.get(id=id_)
    permissions.require_answers_for(by, row.authority)
    return row


def _require_open(row: Rectification) -> None:
    if row.state != RectificationState.OPEN:
        raise rules.NotNow()


@transaction.atomic
def contact(id_: int, *, note: str, by: Actor, at: datetime.datetime) -> Rectification:
    """Record that the rater was contacted, within one working day of the rating.

    Raises:
        rules.Unknown, permissions.NotYours, rules.NotNow, rules.NeedsWords.
    """
    said = rules.words_of(note, field="note", what=_("联系情况"))
    row = _locked(id_, by=by)
    if row.state != RectificationState.OPEN or row.contacted_at:
        raise rules.NotNow()
    row.contacted_at, row.contacted_by_name, row.contact_note = at, by.name, said
    row.save()
    _record.end_duties(row.id, kinds=["contact_rater"], by=by, at=at)
    _record.note(row.id, "rater_contacted", by=by, at=at)
    return row


@transaction.atomic
def extend(id_: int, *, reason: str, by: Actor, at: datetime.datetime) -> Rectification:
    """Give a complex rectification its longer time, once and with a reason; it counts from the rating on.

    Raises:
        rules.Unknown, permissions.NotYours, rules.NotNow, rules.NeedsWords.
    """
    said = rules.words_of(reason, field="reason", what=_("延长的理由"), limit=300)
    stamp = directory.held_stamp()
    row = _locked(id_, by=by)
    duty = Duty.objects.filter(case_id=row.id, kind="rectify_rating", done_at=None).first()
    if row.state != RectificationState.OPEN or row.extended_at or duty is None:
        raise rules.NotNow()
    row.extended_at, row.extended_by_name, row.extension_reason = at, by.name, said
    row.save()
    code = duty.calendar_code
    duty.amount = max(duty.amount, int(directory.parameter(*COMPLEX, code=code)))
    duties.set_clock(duty, calendar=directory.calendar_of(code, stamp=stamp), stamp=stamp)
    duty.save()
    _record.note(row.id, "rectification_extended", by=by, at=at, days=duty.amount)
    return row


@transaction.atomic
def rectify(id_: int, *, measures: str, reply: str, by: Actor, at: datetime.datetime) -> Rectification:
    """Record what was put right and the reply to the rater; from now on a call-back is owed.

    Raises:
        rules.Unknown, permissions.NotYours, rules.NotNow, rules.ContactFirst, rules.NeedsWords, rules.TooLong.
    """
    done = rules.words_of(measures, field="measures", what=_("整改措施"), limit=1000)
    said = rules.words_of(reply, field="reply", what=_("给评价人的答复"), limit=1000)
    row = _locked(id_, by=by)
    _require_open(row)
    if row.contacted_at is None:
        raise rules.ContactFirst()
    row.state, row.rectified_at, row.rectified_by_name = RectificationState.RECTIFIED, at, by.name
    row.measures, row.reply = done, said
    row.save()
    _record.end_duties(row.id, kinds=["rectify_rating"], by=by, at=at)
    code = row.authority.division_id
    _record.open_duty(row.id, "call_back_rater", bearer=row.authority, calendar_code=code, at=at)
    _record.note(row.id, "rating_rectified", by=by, at=at)
    return row


@transaction.atomic
def call_back(id_: int, *, result: str, note: str = "", by: Actor, at: datetime.datetime) -> Rectification:
    """Record the call-back, which every bad rating gets, and end its rectification.

    Raises:
        rules.Unknown, permissions.NotYours, rules.NotNow, rules.BadKind, rules.TooLong.
    """
    chosen = rules.one_of(result, CallBack.values, field="result")
    said = rules.words_of(note, field="note")
    row = _locked(id_, by=by)
    if row.state != RectificationState.RECTIFIED:
        raise rules.NotNow()
    row.state, row.closed_at = RectificationState.CLOSED, at
    row.called_back_at, row.called_back_by_name = at, by.name
    row.call_back, row.call_back_note = chosen, said
    row.save()
    _record.end_duties(row.id, kinds=["call_back_rater"], by=by, at=at)
    _record.note(row.id, "rater_called_back", by=by, at=at, result=chosen)
    return row


@transaction.atomic
def phone(id_: int, *, by: Actor, at: datetime.datetime) -> str:
    """Give the phone of the rater to whoever must call; each look is recorded first (P26(4), P27(4)).

    Raises:
        rules.Unknown, permissions.NotYours.
    """
    row = queries.rectification(id_, for_=by)
    permissions.require_answers_for(by, row.authority)
    journal.look(
        row.rating.about_case_id or row.id,
        what=PHONE,
        about_id=row.id,
        purpose="差评回访",
        at=at,
        person_id=by.id or 0,
        person=by.name,
        place=by.place,
    )
    return queries.phone_of(row.rating)


@transaction.atomic
def appeal(id_: int, *, reason: str, by: Actor, at: datetime.datetime) -> Appeal:
    """Say that a bad rating is malicious: the authority above decides, within its own clock.

    Raises:
        rules.Unknown, permissions.NotYours, rules.NotNow, rules.NeedsWords.
    """
    said = rules.words_of(reason, field="reason", what=_("申诉理由"))
    row = _locked(id_, by=by)
    if row.state not in (RectificationState.OPEN, RectificationState.RECTIFIED):
        raise rules.NotNow()
    if Appeal.objects.filter(rating=row.rating).exists():
        raise rules.NotNow()
    judge = queries.above(row.authority)
    made = Appeal.objects.create(
        id=ids.new_id(at),
        rating=row.rating,
        decided_by=judge,
        reason=said,
        made_at=at,
        made_by_id=by.id or 0,
        made_by_name=by.name,
    )
    code = judge.division_id if judge else row.authority.division_id
    _record.open_duty(made.id, "decide_appeal", bearer=judge, calendar_code=code, at=at)
    _record.note(row.id, "rating_appealed", by=by, at=at, to=judge.division_id if judge else "group")
    return made


@transaction.atomic
def decide(id_: int, *, outcome: str, words: str, by: Actor, at: datetime.datetime) -> Appeal:
    """Decide an appeal: upheld, the rating counts no more and nothing is owed for it; rejected, all stays.

    Raises:
        rules.Unknown, permissions.NotYours, rules.OwnAppeal, rules.NotNow, rules.BadKind, rules.NeedsWords.
    """
    chosen = rules.one_of(outcome, AppealOutcome.values, field="outcome")
    said = rules.words_of(words, field="words", what=_("审定意见"))
    queries.rectification(id_, for_=by)
    row = Rectification.objects.select_for_update().get(id=id_)
    made = Appeal.objects.select_related("decided_by").filter(rating_id=row.rating_id).first()
    if made is None or made.outcome:
        raise rules.NotNow()
    permissions.require_answers_for(by, made.decided_by)
    if by.id == made.made_by_id:
        raise rules.OwnAppeal()
    made.outcome, made.words, made.decided_at, made.decided_by_name = chosen, said, at, by.name
    made.save()
    _record.end_duties(made.id, by=by, at=at)
    if chosen == AppealOutcome.UPHELD:
        Rating.objects.filter(id=row.rating_id).update(discounted_at=at)
        if row.state != RectificationState.CLOSED:
            row.state, row.closed_at = RectificationState.DROPPED, at
            row.save()
            _record.end_duties(row.id, by=by, at=at, outcome=Outcome.CANCELLED)
    _record.note(row.id, "appeal_decided", by=by, at=at, outcome=chosen)
    return made
