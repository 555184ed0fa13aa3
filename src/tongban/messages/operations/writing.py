"""Messages are written when a case moves: by a job that the step itself put in the queue, in its own transaction.

So no step goes untold, none waits for a gateway, and `take` stays at its two round trips. The job may run twice:
each message has a key of its own, and a second one of the same key is not written.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from procrastinate.contrib.django import app

from tongban.cases import queries as cases
from tongban.cases.models import Case, CaseApplicant, CorrectionNotice
from tongban.directory import queries as directory
from tongban.directory.models import Window
from tongban.duties.models import Duty
from tongban.journal.models import Entry
from tongban.kernel import ids, keyring, numbers, worktime
from tongban.messages import queries, rules, wording
from tongban.messages.models import Message
from tongban.messages.states import AT_HOME, MOMENTS, WITH_RATING, Channel, Kind, MessageState

SEND = "tongban.messages.tasks.send"
_LOOK_AHEAD = datetime.timedelta(days=15)  # longer than any row of days off
_AT_A_TIME = 500


@dataclass(frozen=True)
class Address:
    """Where an applicant wants to be told, beyond the phone number of the case."""

    email: str = ""
    language: str = "zh-hans"


# Who knows more of applicants' addresses than the case does; the first that knows one counts.
ADDRESSES: list[Callable[[CaseApplicant], Address | None]] = []
# Makes the address where one case is rated from this message on; set where the doors are known (F4).
RATING: list[Callable[[int, datetime.datetime], str]] = []


def tell(case_id: int, *, seq: int, at: datetime.datetime) -> list[Message]:
    """Write what the applicant is told of a step, by every way that is open, and queue the sending (P21(4)).

    Args:
        seq: the journal entry of the step.
    """
    entry = Entry.objects.get(chain_id=case_id, seq=seq)
    kind = MOMENTS[entry.code.removeprefix("case.")]
    return _tell(case_id, kind=kind, once=str(seq), due_on=_due_on(case_id, kind, entry), at=at)


def _due_on(case_id: int, kind: Kind, entry: Entry) -> datetime.date | None:
    if kind not in (Kind.CORRECTION, Kind.HOME_CORRECTION):
        return None
    rows = CorrectionNotice.objects.filter(case_id=case_id, asked_at__lte=entry.at)
    return rows.order_by("-asked_at", "-id").values_list("due_on", flat=True).first()


def send_code(
    channel: Channel, to: str, *, digits: str, minutes: int, at: datetime.datetime, language: str = "zh-hans"
) -> Message:
    """Write a one-time code that somebody has just asked for, and queue its sending, whatever the hour.

    Args:
        minutes: how long it counts; later it is not sent any more.
    """
    template = queries.newest(Kind.CODE, channel, language)
    values, ring, id_ = {"code": digits, "minutes": str(minutes)}, keyring.current(), ids.new_id(at)
    row = Message(
        id=id_,
        case_id=id_,
        once=str(channel),
        kind=Kind.CODE,
        channel=channel,
        language=language,
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
                case_id__in=[d.case_id for d in pressing], kind=Kind.CORRECTION_DUE
            ).values_list("case_id", "once")
        )
        for duty in pressing:
            once = f"due-{duty.id}"
            if (duty.case_id, f"{once}:{Channel.IN_SITE}") not in told:
                assert duty.due_at is not None
                last = duty.due_at.astimezone(worktime.BEIJING).date()
                _tell(duty.case_id, kind=Kind.CORRECTION_DUE, once=once, due_on=last, at=at)
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


def _tell(
    case_id: int, *, kind: Kind, once: str, due_on: datetime.date | None, at: datetime.datetime
) -> list[Message]:
    case = Case.objects.select_related("receiving_window", "home_window", "procedure__item", "applicant").get(
        id=case_id
    )
    address = next((found for know in ADDRESSES if (found := know(case.applicant))), None) or Address()
    recipients = {
        Channel.SMS: cases.phone_of(case.applicant),
        Channel.EMAIL: address.email,
        Channel.IN_SITE: "",
    }
    values = _values(case, kind=kind, due_on=due_on, language=address.language, at=at)
    rows = [
        _message(case, kind, channel, address.language, to=to, once=once, values=values, at=at)
        for channel, to in recipients.items()
        if to or channel == Channel.IN_SITE
    ]
    with transaction.atomic():
        known = set(
            Message.objects.filter(case_id=case_id, once__in=[r.once for r in rows]).values_list(
                "once", flat=True
            )
        )
        rows = [row for row in rows if row.once not in known]
        Message.objects.bulk_create(rows, ignore_conflicts=True)
        for row in rows:
            if row.channel != Channel.IN_SITE and row.not_before <= at:
                app.configure_task(SEND).defer(case_id=case_id, message_id=row.id)
    return rows


def _values(
    case: Case, *, kind: Kind, due_on: datetime.date | None, language: str, at: datetime.datetime
) -> dict[str, str]:
    window: Window = (case.home_window if kind in AT_HOME else None) or case.receiving_window
    item = case.procedure.item.name if case.procedure else ""
    rating = "".join(make(case.id, at) for make in RATING[:1]) if kind in WITH_RATING else ""
    return {
        "number": case.number,
        "item": item or ("your matter" if language == "en" else "所办事项"),
        "window": window.name,
        "phone": window.phone,
        "link": f"{settings.TONGBAN_ADDRESS}/progress/?number={case.number}",
        "rating": rating,
        "due": due_on.isoformat() if due_on else "",
    }


def _message(
    case: Case,
    kind: Kind,
    channel: Channel,
    language: str,
    *,
    to: str,
    once: str,
    values: dict[str, str],
    at: datetime.datetime,
) -> Message:
    template = queries.newest(kind, channel, language)
    is_here = channel == Channel.IN_SITE  # it lies in the applicant's space and goes nowhere
    ring = keyring.current()
    return Message(
        id=ids.new_id(at),
        case_id=case.id,
        once=f"{once}:{channel}",
        kind=kind,
        channel=channel,
        language=language,
        template=template,
        recipient_sealed=ring.seal_text(to, about=queries.about_recipient(case.id)) if to else b"",
        recipient_masked=masked(channel, to),
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
