"""Messages reach a real gateway and a real mail server that refuse, break, stall and drop; and reach them once."""

import datetime
import email
import email.policy
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from tests.messages.servers import MailServer, SmsServer, mail_server, sms_server
from tests.stories import Story, account_of_the_applicant
from tongban.directory import queries as directory
from tongban.kernel import ids, worktime
from tongban.messages import gateways, queries, rules
from tongban.messages.models import Message
from tongban.messages.operations import sending, writing
from tongban.messages.states import Channel, Kind, MessageState
from tongban.people import codes

SECRET = "shared-with-the-gateway"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateways, "TIMEOUT", 0.3)


@pytest.fixture
def two(settings: Any) -> Iterator[tuple[SmsServer, SmsServer]]:
    """Two gateways, the second to take over when the first fails."""
    with sms_server() as first, sms_server() as second:
        settings.TONGBAN_SMS = [(first.url, SECRET), (second.url, "")]
        yield first, second


@pytest.fixture
def post(db: None, settings: Any, at: datetime.datetime) -> Iterator[MailServer]:
    """A mail server, and an applicant with an address."""
    account_of_the_applicant(at=at, email="a@example.org")
    with mail_server() as server:
        settings.TONGBAN_SMTP_URL = server.url
        yield server


def told(story: Story, channel: str = Channel.SMS) -> Message:
    if not story.id:
        story.lead_to("received")
    writing.tell(story.id, seq=story.case.journal_seq, at=story.at)
    return Message.objects.get(case_id=story.id, channel=channel)


def go_on(message: Message, *, at: datetime.datetime, times: int = 1) -> Message:
    """Let the periodic job run when the message is due, so many times."""
    for turn in range(times):
        message.refresh_from_db()
        if message.state in (MessageState.QUEUED, MessageState.UNKNOWN):
            later = datetime.timedelta(seconds=turn)  # no two turns are of one moment
            sending.send_due(at=max(at, message.not_before) + later)
    message.refresh_from_db()
    return message


def took_down(message: Message, status: str, *, at: datetime.datetime) -> None:
    sending.take_report("sms-1", message.key, is_delivered=status == "delivered", at=at)


@pytest.mark.article("P21(4)", "C7")
class TestByTextMessage:
    def test_reaches_the_gateway_signed_with_its_key(
        self, story: Story, two: tuple[SmsServer, SmsServer]
    ) -> None:
        message = go_on(told(story), at=story.at)
        (said,) = two[0].asked
        assert (message.state, message.gateway, message.attempts) == (MessageState.SENT, "sms-1", 1)
        assert said == {"to": "13800000000", "text": queries.text_of(message), "key": message.key}
        body = json.dumps(said, ensure_ascii=False).encode()
        assert two[0].signatures == [gateways.signature(SECRET, body)]
        assert two[1].asked == []

    def test_is_not_sent_again(self, story: Story, two: tuple[SmsServer, SmsServer]) -> None:
        message = told(story)
        for _ in range(3):
            sending.send(message.case_id, message.id, at=story.at)
        sending.send_due(at=story.at + datetime.timedelta(hours=1))
        assert len(two[0].asked) == 1

    def test_is_given_to_the_second_gateway_when_the_first_refuses(
        self, story: Story, two: tuple[SmsServer, SmsServer]
    ) -> None:
        two[0].moods = ["refuse"]
        message = go_on(told(story), at=story.at, times=2)
        assert (message.state, message.gateway) == (MessageState.SENT, "sms-2")
        assert (len(two[0].sent), len(two[1].sent)) == (0, 1)
        assert [(r.what, r.gateway) for r in queries.reports_of(message)] == [
            ("refused", "sms-1"),
            ("taken", "sms-2"),
        ]

    def test_is_given_to_the_second_gateway_when_the_first_is_not_there(
        self, story: Story, two: tuple[SmsServer, SmsServer], settings: Any
    ) -> None:
        settings.TONGBAN_SMS = [("http://127.0.0.1:1/send", ""), (two[1].url, "")]
        assert go_on(told(story), at=story.at, times=2).gateway == "sms-2"

    @pytest.mark.parametrize("silence", ["stall", "drop", "break"])
    def test_is_asked_about_again_at_the_same_gateway_under_the_same_key_after_a_silence(
        self, story: Story, two: tuple[SmsServer, SmsServer], silence: str
    ) -> None:
        two[0].moods = [silence]
        message = go_on(told(story), at=story.at)
        assert (message.state, message.gateway) == (MessageState.UNKNOWN, "sms-1")
        assert message.not_before > story.at
        message = go_on(message, at=story.at)
        assert message.state == MessageState.SENT
        assert [q["key"] for q in two[0].asked] == [message.key] * 2
        assert (len(two[0].sent), two[1].asked) == (1, [])

    def test_goes_to_the_second_gateway_only_after_three_silences(
        self, story: Story, two: tuple[SmsServer, SmsServer]
    ) -> None:
        two[0].moods = ["drop"] * 9
        message = go_on(told(story), at=story.at, times=3)
        assert (len(two[0].asked), two[1].asked) == (3, [])
        assert go_on(message, at=story.at).gateway == "sms-2"
        assert len(two[0].asked) == 3

    def test_fails_in_the_end_and_can_be_sent_again_under_its_key(
        self, story: Story, two: tuple[SmsServer, SmsServer]
    ) -> None:
        two[0].moods, two[1].moods = ["refuse"] * 20, ["refuse"] * 20
        message = go_on(told(story), at=story.at, times=20)
        assert (message.state, message.attempts) == (MessageState.FAILED, sending.MOST)
        assert message.problem == "400 号码无效"
        assert message in queries.in_trouble()
        two[0].moods, two[1].moods = [], []
        sending.replay(message.case_id, message.id, by_id=1, at=story.at)
        message = go_on(message, at=story.at)
        assert message.state == MessageState.SENT
        assert [*two[0].sent, *two[1].sent] == [message.key]
        with pytest.raises(rules.UnknownMessage):
            sending.replay(message.case_id, message.id, by_id=1, at=story.at)

    def test_counts_as_unknown_when_the_process_dies_on_the_way(
        self, story: Story, two: tuple[SmsServer, SmsServer], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        message = told(story)
        with monkeypatch.context() as dying:
            dying.setattr(sending, "_settle", lambda *words, **more: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                sending.send(message.case_id, message.id, at=story.at)
        message.refresh_from_db()
        assert (message.state, len(two[0].sent)) == (MessageState.UNKNOWN, 1)
        assert sending.send(message.case_id, message.id, at=story.at) is None  # not while it may still run
        assert go_on(message, at=story.at).state == MessageState.SENT
        assert (len(two[0].asked), len(two[0].sent)) == (2, 1)

    def test_waits_for_the_morning(self, story: Story, two: tuple[SmsServer, SmsServer]) -> None:
        two[0].moods = ["refuse"]
        two[1].moods = ["refuse"]
        message = told(story)
        night = datetime.datetime(2026, 3, 2, 23, 0, tzinfo=worktime.BEIJING)
        assert sending.send_due(at=night) == 0
        message.refresh_from_db()
        morning = datetime.datetime(2026, 3, 3, 8, 0, tzinfo=worktime.BEIJING)
        assert (message.not_before, two[0].asked) == (morning, [])

    def test_fails_where_no_gateway_is_set_up(self, story: Story, settings: Any) -> None:
        message = told(story)
        settings.TONGBAN_PRACTICE = False
        message = go_on(message, at=story.at)
        assert (message.state, message.problem) == (MessageState.FAILED, "no gateway")


class TestQuietHours:
    @pytest.mark.article("F2")
    @pytest.mark.parametrize(
        ("now", "then"),
        [
            ((2, 21, 59), (2, 21, 59)),
            ((2, 22, 0), (3, 8, 0)),
            ((3, 0, 30), (3, 8, 0)),
            ((3, 7, 59), (3, 8, 0)),
            ((3, 8, 0), (3, 8, 0)),
        ],
    )
    def test_end_at_eight(self, now: tuple[int, int, int], then: tuple[int, int, int]) -> None:
        asked, given = (
            datetime.datetime(2026, 3, *moment, tzinfo=worktime.BEIJING) for moment in (now, then)
        )
        assert rules.after_quiet(asked) == given


@pytest.mark.article("C7")
class TestByMail:
    def test_reaches_the_server_in_chinese(self, story: Story, post: MailServer) -> None:
        message = go_on(told(story, Channel.EMAIL), at=story.at)
        (raw,) = post.mails
        mail = email.message_from_string(raw, policy=email.policy.default)
        assert message.state == MessageState.SENT
        assert (mail["To"], mail["From"], mail["Subject"]) == (
            "a@example.org",
            "office@example.org",
            message.title,
        )
        assert message.key in mail["Message-ID"]
        body = mail.get_body()
        assert body is not None and story.case.number in body.get_content()

    def test_is_tried_again_when_it_was_refused(self, story: Story, post: MailServer) -> None:
        post.moods = ["refuse"]
        message = go_on(told(story, Channel.EMAIL), at=story.at)
        assert (message.state, message.problem[:3]) == (MessageState.QUEUED, "550")
        assert go_on(message, at=story.at).state == MessageState.SENT
        assert len(post.mails) == 1

    def test_waits_for_a_person_when_nobody_knows_whether_it_was_taken(
        self, story: Story, post: MailServer
    ) -> None:
        post.moods = ["stall"]
        message = go_on(told(story, Channel.EMAIL), at=story.at, times=4)
        assert (message.state, len(post.mails)) == (MessageState.UNKNOWN, 1)
        later = message.not_before
        sending.replay(message.case_id, message.id, by_id=1, at=later)
        assert go_on(message, at=later).state == MessageState.SENT


@pytest.mark.article("C7")
class TestDeliveryReports:
    def report(self, gateway: str = "sms-1", *, secret: str = SECRET, **said: str) -> int:
        body = json.dumps(said).encode()
        headers = {"X-Tongban-Signature": gateways.signature(secret, body)}
        answer = Client().post(
            f"/api/v1/message-reports/{gateway}", body, content_type="application/json", headers=headers
        )
        return answer.status_code

    @pytest.fixture
    def sent(self, story: Story, two: tuple[SmsServer, SmsServer]) -> Message:
        return go_on(told(story), at=story.at)

    def test_say_that_a_message_arrived_once_however_often_they_come(self, sent: Message) -> None:
        codes = [self.report(key=sent.key, status="delivered") for _ in range(3)]
        sent.refresh_from_db()
        assert (codes, sent.state) == ([200] * 3, MessageState.DELIVERED)
        assert [r.what for r in queries.reports_of(sent)] == ["taken", "delivered"]
        assert self.report(key=sent.key, status="failed", reason="late") == 200
        sent.refresh_from_db()
        assert sent.state == MessageState.DELIVERED

    def test_say_that_a_message_did_not_arrive(self, sent: Message) -> None:
        assert self.report(key=sent.key, status="failed", reason="EXPIRED") == 200
        sent.refresh_from_db()
        assert (sent.state, sent.problem) == (MessageState.FAILED, "EXPIRED")

    @pytest.mark.parametrize("order", list(itertools.product(("delivered", "failed"), repeat=3)))
    def test_of_one_moment_say_the_same_in_every_order(self, sent: Message, order: tuple[str, ...]) -> None:
        for status in order:
            took_down(sent, status, at=sent.written_at)
        sent.refresh_from_db()
        came = "delivered" in order
        assert sent.state == (MessageState.DELIVERED if came else MessageState.FAILED)
        known = [
            "taken",
            *(["undelivered"] if order[0] == "failed" else []),
            *(["delivered"] if came else []),
        ]
        assert [r.what for r in queries.reports_of(sent)] == known
        assert (sent.delivered_at, sent.problem) == ((sent.written_at, "") if came else (None, "undelivered"))
        assert sending.send(sent.case_id, sent.id, at=sent.written_at) is None

    @pytest.mark.parametrize("mood", ["ok", "refuse", "break", "stall"])
    @pytest.mark.parametrize("order", list(itertools.product(("delivered", "failed"), repeat=2)))
    def test_hold_when_they_are_quicker_than_the_answer(
        self,
        story: Story,
        two: tuple[SmsServer, SmsServer],
        monkeypatch: pytest.MonkeyPatch,
        mood: str,
        order: tuple[str, ...],
    ) -> None:
        message, ask = told(story), gateways.HttpGateway.send

        def send(gateway: gateways.HttpGateway, letter: gateways.Letter) -> gateways.Answer:
            for status in order:
                took_down(message, status, at=story.at)
            return ask(gateway, letter)

        monkeypatch.setattr(gateways.HttpGateway, "send", send)
        two[0].moods = [mood]
        message = go_on(message, at=story.at)
        state = MessageState.DELIVERED if "delivered" in order else MessageState.FAILED
        assert (message.state, message.gateway) == (state, "sms-1")
        assert message.sent_at == (story.at if mood == "ok" or "delivered" in order else None)
        before = queries.reports_of(message)
        took_down(message, order[0], at=story.at)
        assert queries.reports_of(message) == before
        assert go_on(message, at=story.at).state == state
        assert two[1].asked == []

    def test_of_a_gateway_that_is_passed_over_count_once(
        self, story: Story, two: tuple[SmsServer, SmsServer]
    ) -> None:
        two[0].moods = ["stall"] * 3
        message = go_on(told(story), at=story.at, times=4)
        assert (message.state, message.gateway) == (MessageState.SENT, "sms-2")
        for _ in range(3):
            took_down(message, "failed", at=story.at)
        message.refresh_from_db()
        assert message.state == MessageState.SENT
        said = [(r.what, r.gateway) for r in queries.reports_of(message)]
        assert said[3:] == [("taken", "sms-2"), ("undelivered", "sms-1")]
        took_down(message, "delivered", at=story.at)
        message.refresh_from_db()
        assert message.state == MessageState.DELIVERED

    def test_that_are_repeated_do_not_undo_that_it_is_sent_again(self, sent: Message) -> None:
        at = sent.written_at
        took_down(sent, "failed", at=at)
        sending.replay(sent.case_id, sent.id, by_id=1, at=at)
        took_down(sent, "failed", at=at)
        again = go_on(sent, at=at)
        assert again.state == MessageState.SENT
        took_down(sent, "failed", at=at)
        again.refresh_from_db()
        assert again.state == MessageState.FAILED
        assert [r.what for r in queries.reports_of(sent)] == [
            *("taken", "undelivered", "replayed", "taken", "undelivered")
        ]

    def test_are_believed_only_from_the_gateway_that_was_asked(self, sent: Message) -> None:
        assert self.report(secret="guessed", key=sent.key, status="delivered") == 403
        assert self.report("sms-2", secret="", key=sent.key, status="delivered") == 403
        assert self.report("sms-9", key=sent.key, status="delivered") == 403
        sent.refresh_from_db()
        assert sent.state == MessageState.SENT

    def test_are_refused_about_what_was_never_sent(self, sent: Message) -> None:
        other = f"{ids.number_of(sent.case_id)}.{ids.number_of(sent.case_id)}"
        assert self.report(key=other, status="delivered") == 404
        assert self.report(key="no-key", status="delivered") == 404
        assert self.report(key=sent.key, status="perhaps") == 422


@pytest.mark.article("F2", "C7")
class TestCodes:
    """One-time codes go the same way, at any hour, and only while they count."""

    def code(self, at: datetime.datetime) -> Message:
        return writing.send_code(Channel.SMS, "13900000001", digits="004711", minutes=5, at=at)

    def test_reach_the_gateway_also_at_night(self, db: None, two: tuple[SmsServer, SmsServer]) -> None:
        night = datetime.datetime(2026, 3, 2, 23, 0, tzinfo=worktime.BEIJING)
        message = self.code(night)
        assert sending.send(message.case_id, message.id, at=night) is not None
        (said,) = two[0].asked
        assert (said["to"], "004711" in said["text"]) == ("13900000001", True)
        assert message.number == ""

    def test_are_not_sent_once_they_count_no_more(self, db: None, two: tuple[SmsServer, SmsServer]) -> None:
        at = datetime.datetime(2026, 3, 2, 10, 0, tzinfo=worktime.BEIJING)
        message = self.code(at)
        sending.send_due(at=at + datetime.timedelta(minutes=5))
        message.refresh_from_db()
        assert (message.state, message.problem, two[0].asked) == (MessageState.FAILED, "expired", [])
        assert message not in queries.in_trouble()
        with pytest.raises(rules.UnknownMessage):
            sending.replay(message.case_id, message.id, by_id=1, at=at)

    def test_are_written_when_somebody_asks_for_one(self, db: None) -> None:
        digits = codes.send(phone="13900000001", address="10.0.0.1", at=directory.now())
        message = Message.objects.get(kind=Kind.CODE)
        assert digits in queries.text_of(message)
        assert queries.recipient_of(message) == "13900000001"

    def test_are_refused_where_no_gateway_could_bring_them(self, db: None, settings: Any) -> None:
        settings.TONGBAN_PRACTICE = False
        with pytest.raises(codes.NoSender):
            codes.send(phone="13900000001", address="10.0.0.1", at=directory.now())
        assert not Message.objects.filter(kind=Kind.CODE).exists()
