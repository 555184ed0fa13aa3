"""Reads of messages and wordings."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from tongban.kernel import ids, keyring
from tongban.messages import rules
from tongban.messages.models import Message, Report, Template
from tongban.messages.states import CHINESE, LANGUAGES, WAITING, Channel, Kind, MessageState
from tongban.people.actors import Actor

PAGE = 50
STUCK_AFTER = datetime.timedelta(hours=1)


@dataclass(frozen=True)
class Shown:
    """A message with its text opened."""

    message: Message
    text: str


def of_cases(cases: "QuerySet[Any]") -> QuerySet[Message]:
    """Give the in-site messages to applicants about cases, the newest first; whoever asks may see these cases."""
    rows = Message.objects.filter(channel=Channel.IN_SITE, window=None, case_id__in=cases.values("id"))
    return rows.order_by("-written_at", "-id")


def of_case(case_id: int) -> QuerySet[Message]:
    """Give every message to the applicant's side about a case, whatever way it went, the oldest first.

    Whoever asks may see the case.
    """
    return Message.objects.filter(case_id=case_id, window=None).order_by("written_at", "id")


def text_of(message: Message) -> str:
    """Open the text of a message."""
    return keyring.current().open_text(bytes(message.text_sealed), about=about_text(message.case_id))


def recipient_of(message: Message) -> str:
    """Open the phone number or address that a message goes to."""
    sealed = bytes(message.recipient_sealed)
    return keyring.current().open_text(sealed, about=about_recipient(message.case_id)) if sealed else ""


def about_text(case_id: int) -> str:
    """Name what a sealed text is about; it opens as nothing else."""
    return f"message:{case_id}"


def about_recipient(case_id: int) -> str:
    """Name what a sealed recipient is about; it opens as nothing else."""
    return f"recipient:{case_id}"


def outbox(*, after: tuple[datetime.datetime, int] | None = None, limit: int = PAGE) -> list[Shown]:
    """Give what was written for whatever way, the newest first, with its text: for practice only.

    Args:
        after: when the last message of the page before was written, and its id.
    """
    rows = Message.objects.exclude(channel=Channel.IN_SITE)
    rows = _page(rows, after)[:limit]
    return [Shown(row, text_of(row)) for row in rows]


def in_trouble(*, after: tuple[datetime.datetime, int] | None = None, limit: int = PAGE) -> list[Message]:
    """Give the messages that failed or of which nothing certain is known, the newest first; no codes, which are over."""
    rows = Message.objects.filter(state__in=[MessageState.FAILED, MessageState.UNKNOWN], expires_at=None)
    return list(_page(rows, after)[:limit])


def _page(rows: QuerySet[Message], after: tuple[datetime.datetime, int] | None) -> QuerySet[Message]:
    if after:
        at, id_ = after
        rows = rows.filter(Q(written_at__lt=at) | Q(written_at=at, id__lt=id_))
    return rows.order_by("-written_at", "-id")


def reports_of(message: Message) -> list[Report]:
    """Give what happened with a message, the first thing first."""
    return list(Report.objects.filter(case_id=message.case_id, message_id=message.id).order_by("seq")[:100])


def due(*, at: datetime.datetime, limit: int) -> list[tuple[int, int]]:
    """Give (case, message) of what is to be sent by now, the oldest first."""
    rows = Message.objects.filter(state__in=WAITING, not_before__lte=at).exclude(
        state=MessageState.UNKNOWN, channel=Channel.EMAIL
    )
    return list(rows.order_by("not_before", "id").values_list("case_id", "id")[:limit])


def stuck(*, at: datetime.datetime, limit: int = 1000) -> list[Message]:
    """Give the messages that should have gone out more than an hour ago, the oldest first."""
    rows = Message.objects.filter(state__in=WAITING, not_before__lt=at - STUCK_AFTER)
    return list(rows.order_by("not_before", "id")[:limit])


def count_by_state(*, most: int) -> dict[str, int]:
    """Count messages that wait or are in trouble; of each state at most so many."""
    found = {}
    with connection.cursor() as cursor:
        for state in (MessageState.QUEUED, MessageState.UNKNOWN, MessageState.FAILED):
            cursor.execute(
                f"SELECT count(*) FROM (SELECT 1 FROM {Message._meta.db_table}"
                " WHERE state = %s AND expires_at IS NULL LIMIT %s) AS m",
                [state, most],
            )
            found[str(state)] = int(cursor.fetchone()[0])
    return found


def to_note(actor: Actor, *, limit: int = PAGE) -> list[Message]:
    """Give what the person's windows were told and nobody there has noted yet, the newest first (P21(4))."""
    rows = _of_windows(actor).filter(seen_at=None)
    return list(rows.order_by("-written_at", "-id")[:limit])


def ids_of(key: str) -> tuple[int, int]:
    """Read the key of a message: its case and itself.

    Raises:
        rules.UnknownMessage: no message has such a key.
    """
    case, _dot, own = key.partition(".")
    try:
        return ids.id_of(case), ids.id_of(own)
    except ids.BadNumber:
        raise rules.UnknownMessage() from None


def to_window(key: str, *, for_: Actor) -> Message:
    """Give a message to one of the person's windows.

    Raises:
        rules.UnknownMessage: there is none, or it is to another window.
    """
    case_id, message_id = ids_of(key)
    row = _of_windows(for_).filter(case_id=case_id, id=message_id).first()
    if row is None:
        raise rules.UnknownMessage()
    return row


def _of_windows(actor: Actor) -> QuerySet[Message]:
    return Message.objects.filter(window_id__in=actor.window_ids, channel=Channel.IN_SITE)


def in_force(kind: str, channel: str, language: str) -> Template:
    """Give the wording to write with: in the language, or in Chinese where it has none.

    Raises:
        rules.UnknownWording: there is none for this moment and way.
    """
    rows = Template.objects.filter(kind=kind, channel=channel, language__in={language, CHINESE})
    row = rows.annotate(is_other=~Q(language=language)).order_by("is_other", "-version").first()
    if row is None:
        raise rules.UnknownWording()
    return row


def newest(kind: str, channel: str, language: str) -> Template:
    """Give the newest version of a wording; an empty version 0 where the language has none yet.

    Raises:
        rules.UnknownWording: there is no such moment, way or language.
    """
    row = versions(kind, channel, language).first()
    if row is None and (kind, channel, language) in places_of_wordings():
        return Template(kind=kind, channel=channel, language=language, version=0)
    if row is None:
        raise rules.UnknownWording()
    return row


def versions(kind: str, channel: str, language: str) -> QuerySet[Template]:
    """Give every version of a wording, the newest first."""
    return Template.objects.filter(kind=kind, channel=channel, language=language).order_by("-version")


def wordings() -> Mapping[tuple[str, str, str], Template]:
    """Give the wording in force of every moment, way and language."""
    return {
        (t.kind, t.channel, t.language): t
        for t in Template.objects.order_by("kind", "channel", "language", "-version").distinct(
            "kind", "channel", "language"
        )
    }


def places_of_wordings() -> Sequence[tuple[str, str, str]]:
    """Give every moment, way and language that has a wording."""
    return [
        (kind, channel, language)
        for kind in Kind.values
        for channel in Channel.values
        for language in LANGUAGES
        if kind != Kind.CODE or channel != Channel.IN_SITE
        if kind != Kind.RESULT_HERE or language == CHINESE  # staff are written to in Chinese
    ]
