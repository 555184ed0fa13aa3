"""Messages leave the house here: claimed, handed to a gateway outside any transaction, settled by what it said.

Nothing is sent twice. Whoever sends first claims the message: from then on it counts as `unknown` until the gateway's
answer is written down, also when this process dies in between. What is unknown is asked again at the same gateway
under the same key, which tells the gateway that it is the same message; only a gateway that stays silent to
every question is passed over. A mail server knows no keys: an e-mail of unknown fate waits for a person.
"""

import datetime
import logging
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max

from tongban.kernel import ids
from tongban.messages import gateways, queries, rules
from tongban.messages.gateways import Answer, Gateway, Letter, Said
from tongban.messages.models import Message, Report
from tongban.messages.operations import writing
from tongban.messages.states import WAITING, Channel, Kind, MessageState

LEASE = datetime.timedelta(minutes=5)  # longer than any gateway is waited for
SILENCES = 3  # so often a gateway is asked about one message before the next one gets it
MOST = 8  # attempts, then a person looks at it
_BACK_OFF = [datetime.timedelta(minutes=m) for m in (1, 5, 15, 60, 240)]
_AT_A_TIME = 200

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Claimed:
    message: Message
    gateway: Gateway
    letter: Letter


def send(case_id: int, message_id: int, *, at: datetime.datetime) -> Message | None:
    """Hand a message to its gateway, if it is due and nobody else does; gives it as it is afterwards."""
    claimed = _claim(case_id, message_id, at=at)
    if claimed is None:
        return None
    try:
        answer = claimed.gateway.send(claimed.letter)
    except Exception as failed:  # whatever a gateway does, the message must not be lost or doubled
        log.exception("gateway %s failed", claimed.gateway.name)
        answer = Answer(Said.SILENT, type(failed).__name__)
    return _settle(claimed, answer, at=at)


def send_due(*, at: datetime.datetime) -> int:
    """Send what is due: retries, what waited for the morning, what a lost job left behind; gives how many."""
    due = queries.due(at=at, limit=_AT_A_TIME)
    return sum(send(case_id, message_id, at=at) is not None for case_id, message_id in due)


def _locked(case_id: int, message_id: int) -> Message | None:
    return Message.objects.select_for_update().filter(case_id=case_id, id=message_id).first()


def _change(message: Message, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(message, name, value)
    Message.objects.filter(case_id=message.case_id, id=message.id).update(**changes)


def _claim(case_id: int, message_id: int, *, at: datetime.datetime) -> _Claimed | None:
    with transaction.atomic():
        message = _locked(case_id, message_id)
        if message is None or message.state not in WAITING or message.not_before > at:
            return None
        if message.expires_at is not None and message.expires_at <= at:
            _change(message, **_standing(MessageState.FAILED), problem="expired")
            return None
        morning = rules.after_quiet(at, quiet=writing.quiet_hours())
        if morning > at and message.kind != Kind.CODE:
            _change(message, not_before=morning)
            return None
        ways = gateways.of(message.channel)
        gateway = next((g for g in ways if g.name == message.gateway), ways[0] if ways else None)
        if gateway is None:
            _change(message, **_standing(MessageState.FAILED), problem="no gateway")
            return None
        if message.state == MessageState.UNKNOWN and not gateway.knows_keys:
            return None
        _change(
            message,
            **_standing(MessageState.UNKNOWN),
            gateway=gateway.name,
            attempts=message.attempts + 1,
            asked_there=message.asked_there + 1 if gateway.name == message.gateway else 1,
            not_before=at + LEASE,
        )
    letter = Letter(
        key=message.key,
        to=queries.recipient_of(message),
        title=message.title,
        text=queries.text_of(message),
    )
    return _Claimed(message, gateway, letter)


def _standing(state: MessageState) -> dict[str, MessageState]:
    return {"state": state}


def _settle(claimed: _Claimed, answer: Answer, *, at: datetime.datetime) -> Message:
    with transaction.atomic():
        message = _locked(claimed.message.case_id, claimed.message.id)
        assert message is not None
        has_failed = message.state == MessageState.FAILED
        is_over = has_failed and _last_of(message, claimed.gateway.name) == "undelivered"
        _report(message, gateway=claimed.gateway.name, what=answer.said, detail=answer.detail, at=at)
        if message.state == MessageState.DELIVERED or message.sent_at is not None:
            return message  # its delivery report was quicker than the answer
        if is_over:  # so was the report that it did not arrive: now a person looks at it
            if answer.said == Said.TAKEN:
                _change(message, sent_at=at)
            return message
        if answer.said == Said.TAKEN:
            _change(message, **_standing(MessageState.SENT), sent_at=at, problem="")
        else:
            _change(message, **_next(message, answer, at=at))
    return message


def _next(message: Message, answer: Answer, *, at: datetime.datetime) -> dict[str, Any]:
    """Say what becomes of a message that was not taken for certain."""
    ways = gateways.of(message.channel)
    problem = answer.detail or str(answer.said)
    position = next((n for n, g in enumerate(ways) if g.name == message.gateway), 0)
    is_silent = answer.said == Said.SILENT
    if is_silent and ways and not ways[position].knows_keys:
        return {**_standing(MessageState.UNKNOWN), "problem": problem}
    if message.attempts >= MOST:
        return {**_standing(MessageState.FAILED), "problem": problem}
    wait = at + _BACK_OFF[min(message.attempts, len(_BACK_OFF)) - 1]
    if is_silent and message.asked_there < SILENCES:
        return {**_standing(MessageState.UNKNOWN), "problem": problem, "not_before": wait}
    if position + 1 < len(ways):  # the next one, at once
        after = ways[position + 1].name
        return {
            **_standing(MessageState.QUEUED),
            "problem": problem,
            "gateway": after,
            "asked_there": 0,
            "not_before": at,
        }
    if is_silent:
        return {**_standing(MessageState.UNKNOWN), "problem": problem, "not_before": wait}
    first = ways[0].name if ways else ""
    return {
        **_standing(MessageState.QUEUED),
        "problem": problem,
        "gateway": first,
        "asked_there": 0,
        "not_before": wait,
    }


def _report(message: Message, *, gateway: str, what: str, detail: str = "", at: datetime.datetime) -> None:
    """Write down what happened at a gateway; whoever does holds the message, so that no two get one place in the order."""
    before = Report.objects.filter(case_id=message.case_id, message_id=message.id)
    Report.objects.create(
        id=ids.new_id(at),
        case_id=message.case_id,
        message_id=message.id,
        seq=(before.aggregate(last=Max("seq"))["last"] or 0) + 1,
        at=at,
        gateway=gateway,
        what=what,
        detail=detail[:200],
    )


def take_report(
    gateway: str, key: str, *, is_delivered: bool, reason: str = "", at: datetime.datetime
) -> Message:
    """Take down a gateway's delivery report; the same one twice changes nothing, and what arrived has arrived.

    Raises:
        rules.UnknownMessage: the gateway never had a message of this key.
    """
    case_id, message_id = queries.ids_of(key)
    with transaction.atomic():
        message = _locked(case_id, message_id)
        if message is None or not _was_asked(message, gateway):
            raise rules.UnknownMessage()
        what = "delivered" if is_delivered else "undelivered"
        if message.state == MessageState.DELIVERED or (not is_delivered and _is_old(message, gateway)):
            return message
        _report(message, gateway=gateway, what=what, detail=reason, at=at)
        if is_delivered:
            _change(
                message,
                **_standing(MessageState.DELIVERED),
                delivered_at=at,
                sent_at=message.sent_at or at,
                problem="",
            )
        elif message.gateway == gateway:
            _change(message, **_standing(MessageState.FAILED), problem=reason[:200] or "undelivered")
    return message


def _is_old(message: Message, gateway: str) -> bool:
    """Tell whether it is known that a message did not arrive: gateways repeat a report until they are answered."""
    last = _last_of(message, gateway)
    is_to_be_asked_anew = last == "replayed" and message.state == MessageState.QUEUED
    return message.state == MessageState.FAILED or last == "undelivered" or is_to_be_asked_anew


def _last_of(message: Message, gateway: str) -> str:
    rows = Report.objects.filter(case_id=message.case_id, message_id=message.id, gateway=gateway)
    return rows.order_by("-seq").values_list("what", flat=True).first() or ""


def _was_asked(message: Message, gateway: str) -> bool:
    if message.attempts and message.gateway == gateway:
        return True
    rows = Report.objects.filter(case_id=message.case_id, message_id=message.id, gateway=gateway)
    return rows.exists()


def may_replay(message: Message, *, at: datetime.datetime) -> bool:
    """Tell whether a message waits for a person: it failed, or is an e-mail of which nobody knows more."""
    is_lost_mail = message.state == MessageState.UNKNOWN and message.channel == Channel.EMAIL
    if message.expires_at is not None:
        return False
    return message.state == MessageState.FAILED or (is_lost_mail and message.not_before <= at)


def replay(case_id: int, message_id: int, *, by_id: int | None, at: datetime.datetime) -> Message:
    """Let a message that failed, or an e-mail of unknown fate, be sent again.

    It goes to the gateway that was asked last, under the same key: if that took it before, it does not send it twice.

    Raises:
        rules.UnknownMessage: there is none, or it is not one to be sent again.
    """
    with transaction.atomic():
        message = _locked(case_id, message_id)
        if message is None or not may_replay(message, at=at):
            raise rules.UnknownMessage()
        _report(message, gateway=message.gateway, what="replayed", detail=str(by_id or ""), at=at)
        _change(
            message,
            **_standing(MessageState.QUEUED),
            attempts=0,
            asked_there=0,
            sent_at=None,
            not_before=rules.after_quiet(at, quiet=writing.quiet_hours()),
        )
    return message
