"""Messages are written when a case moves: by a job that the step itself put in the queue, in its own transaction.

So no step goes untold, none waits for a gateway, and `take` stays at its two round trips. The job may run twice:
each message has a key of its own, and a second one of the same key is not written.
"""

import datetime
from collections.abc import Callable, Sequence

from django.conf import settings
from django.db import transaction
from procrastinate.contrib.django import app

from tongban.cases.models import Case, CorrectionNotice
from tongban.cases.states import Mode
from tongban.directory import queries as directory
from tongban.directory.models import Window
from tongban.duties.models import Duty
from tongban.journal.models import Entry
from tongban.kernel import ids, keyring, numbers, worktime
from tongban.messages import queries, rules, wording
from tongban.messages.models import Message
from tongban.messages.operations import recipients
from tongban.messages.operations.recipients import Recipient
from tongban.messages.states import (
    AT_HOME,
    CHINESE,
    MOMENTS,
    RESULTS,
    WITH_A_DAY,
    WITH_RATING,
    Channel,
    Kind,
    MessageState,
)
from tongban.people.actors import Actor

SEND = "tongban.messages.tasks.send"
_LOOK_AHEAD = datetime.timedelta(days=15)  # longer than any row of days off
_AT_A_TIME = 500


# Makes the address where one case is rated from this message on; set where the doors are known (F4).
RATING: list[Callable[[int, datetime.datetime], str]] = []


def tell(case_id: int, *, seq: int, at: datetime.datetime) -> list[Message]:
    """Write what is told of a step, by every way that is open, and queue the sending (P21(4)).

    The applicant is told, and of a result the receiving window, too.

    Args:
        seq: the journal entry of the step.
    """
    entry = Entry.objects.get(chain_id=case_id, seq=seq)
    step = entry.code.removeprefix("case.")
    kind, case = MOMENTS[step], _case(case_id)
    due_on = _due_on(case_id, kind, entry)
    rows = _to_applicant(case, kind=kind, once=str(seq), due_on=due_on, at=at)
    if step in RESULTS and case.receiving_window_id != case.home_window_id:
        rows += _to_window(case, outcome=str(RESULTS[step]), once=str(seq), at=at)
    return _written(rows, at=at)


def _case(case_id: int) -> Case:
    related = ("receiving_window", "home_window", "procedure__item", "applicant")
    return Case.objects.select_related(*related).get(id=case_id)


def _due_on(case_id: int, kind: Kind, entry: Entry) -> datetime.date | None:
    if kind not in WITH_A_DAY:
        return None
    rows = CorrectionNotice.objects.filter(case_id=case_id, asked_at__lte=entry.at)
    return rows.order_by("-asked_at", "-id").values_list("due_on", flat=True).first()


def send_code(
    channel: Channel, to: str, *, digits: str, minutes: int, at: datetime.datetime, language: str = CHINESE
) -> Message:
    """Write a one-time code that somebody has just asked for, and queue its sending, whatever the hour.

    Args:
        minutes: how long it counts; later it is not sent any more.
    """
    template = queries.in_force(Kind.CODE, channel, language)
    values, ring, id_ = {"code": digits, "minutes": str(minutes)}, keyring.current(), ids.new_id(at)
    row = Message(
        id=id_,
        case_id=id_,
        once=str(channel),
        kind=Kind.CODE,
        channel=channel,
        language=template.language,
        template=template,
        recipient_sealed=ring.seal_text(to, about=queries.about_recipient(id_)),
        recipient_masked=masked(channel, to),
        title=wording.fill(template.title, values),
        text_sealed=ring.seal_text(wording.fill(template.text, values), about=queries.about_text(id_)),
        written_at=at,
        not_before=at,
        expires_at=at + datetime.timedelta(minutes=minutes),
    )
    with transaction.atomic():
        row.save(force_insert=True)
        app.configure_task(SEND).defer(case_id=id_, message_id=id_)
    return row


def remind(*, at: datetime.datetime) -> int:
    """Remind of every correction on the working day before its last one, once; gives how many (P21(1))."""
    count, after = 0, 0
    while rows := list(
        Duty.objects.filter(
            kind="bring_correction", done_at=None, due_at__gt=at, due_at__lte=at + _LOOK_AHEAD, id__gt=after
        ).order_by("id")[:_AT_A_TIME]
    ):
        after = rows[-1].id
        pressing = [duty for duty in rows if _is_nearly_over(duty, at=at)]
        told = set(
            Message.objects.filter(
                case_id__in=[d.case_id for d in pressing], kind__in=[Kind.CORRECTION_DUE, Kind.ONLINE_DUE]
            ).values_list("case_id", "once")
        )
        for duty in pressing:
            once = f"due-{duty.id}"
            if (duty.case_id, f"{once}:{Channel.IN_SITE}") not in told:
                assert duty.due_at is not None
                last = duty.due_at.astimezone(worktime.BEIJING).date()
                case = _case(duty.case_id)
                kind = Kind.ONLINE_DUE if case.mode == Mode.ONLINE else Kind.CORRECTION_DUE
                _written(_to_applicant(case, kind=kind, once=once, due_on=last, at=at), at=at)
                count += 1
    return count


def _is_nearly_over(duty: Duty, *, at: datetime.datetime) -> bool:
    """Tell whether no more than the last day and the working day before it are left."""
    assert duty.due_at is not None
    calendar = directory.calendar_of(duty.calendar_code)
    day = duty.due_at.astimezone(worktime.BEIJING).date() - datetime.timedelta(days=1)
    try:
        while not calendar.day(day).working and day > at.astimezone(worktime.BEIJING).date():
            day -= datetime.timedelta(days=1)
    except worktime.NoCalendar:
        pass  # a year without a calendar: rather the day before than not at all
    return at.astimezone(worktime.BEIJING).date() >= day


def _to_applicant(
    case: Case, *, kind: Kind, once: str, due_on: datetime.date | None, at: datetime.datetime
) -> list[Message]:
    rating = "".join(make(case.id, at) for make in RATING[:1]) if kind in WITH_RATING else ""
    more = {"rating": rating, "due": due_on.isoformat() if due_on else ""}
    found = recipients.of_applicant(case, at=at)
    return [_message(case, kind, one, once=once, more=more, at=at) for one in found]


def _to_window(case: Case, *, outcome: str, once: str, at: datetime.datetime) -> list[Message]:
    window: Window = case.receiving_window
    while window.closed_at and window.successor:  # closed since the step: who took its place is told
        window = window.successor
    rows = [
        _message(case, Kind.RESULT_HERE, one, once=once, more={"outcome": outcome}, at=at)
        for one in recipients.of_window(window)
    ]
    for row in rows:
        row.window_id = window.id
    return rows


def _written(rows: Sequence[Message], *, at: datetime.datetime) -> list[Message]:
    """Write the messages of one case that are not written yet, and queue the sending of those that leave the house."""
    with transaction.atomic():
        known = set(
            Message.objects.filter(
                case_id__in={r.case_id for r in rows}, once__in=[r.once for r in rows]
            ).values_list("once", flat=True)
        )
        new = [row for row in rows if row.once not in known]
        Message.objects.bulk_create(new, ignore_conflicts=True)
        for row in new:
            if row.channel != Channel.IN_SITE and row.not_before <= at:
                app.configure_task(SEND).defer(case_id=row.case_id, message_id=row.id)
    return new


def note(key: str, *, by: Actor, at: datetime.datetime) -> Message:
    """Take down that somebody at a window has taken note of what the window was told; once, by whoever was first.

    Raises:
        rules.UnknownMessage: there is none, or it is to another window.
    """
    row = queries.to_window(key, for_=by)
    same = Message.objects.filter(case_id=row.case_id, id=row.id, seen_at=None)
    same.update(seen_at=at, seen_by_name=by.name[:60])
    row.refresh_from_db()
    return row


def hand_over(old_id: int, new_id: int, case_id: int | None = None) -> None:
    """Let what a window that closes was told and nobody there has noted lie on the page of its successor.

    Args:
        case_id: of this case only; None: everything, with the last case.
    """
    rows = Message.objects.filter(window_id=old_id, channel=Channel.IN_SITE, seen_at=None)
    if case_id is not None:
        rows = rows.filter(case_id=case_id)
    rows.update(window_id=new_id)


def _values(case: Case, *, kind: Kind, language: str) -> dict[str, str]:
    window: Window = (case.home_window if kind in AT_HOME else None) or case.receiving_window
    item = case.procedure.item.name if case.procedure else ""
    return {
        "number": case.number,
        "item": item or ("your matter" if language == "en" else "所办事项"),
        "window": window.name,
        "phone": window.phone,
        "link": f"{settings.TONGBAN_ADDRESS}/progress/?number={case.number}",
    }


def _message(
    case: Case, kind: Kind, to: Recipient, *, once: str, more: dict[str, str], at: datetime.datetime
) -> Message:
    template = queries.in_force(kind, to.channel, to.language)
    values = _values(case, kind=kind, language=template.language) | more
    is_here = to.channel == Channel.IN_SITE  # it lies in the applicant's space, or on the window's page
    ring = keyring.current()
    return Message(
        id=ids.new_id(at),
        case_id=case.id,
        once=to.key(once),
        kind=kind,
        channel=to.channel,
        language=template.language,
        template=template,
        recipient_sealed=ring.seal_text(to.to, about=queries.about_recipient(case.id)) if to.to else b"",
        recipient_masked=masked(to.channel, to.to),
        title=wording.fill(template.title, values)[: wording.LONGEST_TITLE],
        text_sealed=ring.seal_text(wording.fill(template.text, values), about=queries.about_text(case.id)),
        written_at=at,
        not_before=at if is_here else rules.after_quiet(at, quiet=quiet_hours()),
        state=MessageState.DELIVERED if is_here else MessageState.QUEUED,
        delivered_at=at if is_here else None,
    )


def quiet_hours() -> tuple[int, int]:
    """Give from which hour until which nobody is disturbed, in Beijing."""
    begins, ends = rules.DEFAULT_QUIET
    return (
        int(directory.parameter(rules.QUIET_FROM, begins)),
        int(directory.parameter(rules.QUIET_UNTIL, ends)),
    )


def masked(channel: str, to: str) -> str:
    """Give a recipient as it may be shown."""
    if channel == Channel.EMAIL:
        name, _at, host = to.partition("@")
        return f"{name[:1]}***@{host}"[:100]
    return numbers.mask_phone(to) if to else ""
