"""Sign-in of applicants by a code: who gets in, what a code is good for, what a session that ended keeps."""

import datetime
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests import stories
from tongban.journal.models import Entry
from tongban.people import codes, security
from tongban.people.models import Applicant, Lockout, OneTimeCode, Person, Session
from tongban.web.kit import requests

pytestmark = pytest.mark.django_db
KNOWN, NEW = "13900000001", "13711112222"


@pytest.fixture(autouse=True)
def _keys() -> None:
    stories.applicant("applicant.1")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Move the machine's time on."""
    begin = datetime.datetime.now(datetime.UTC)
    moved = datetime.timedelta()

    def advance(**by: float) -> None:
        nonlocal moved
        moved += datetime.timedelta(**by)
        monkeypatch.setattr(requests, "machine_time", lambda: begin + moved)

    advance()
    return advance


def send(client: Client, phone: str = KNOWN, **more: Any) -> str:
    """Ask for a code, and read it where practice shows it."""
    answer = client.post("/sign-in/", {"step": "send", "phone": phone, **more})
    assert answer.status_code == 200, answer.content.decode()
    return digits_of(answer)


def digits_of(answer: Any) -> str:
    found = re.search(r'id="practice-digits">(\d{6})<', answer.content.decode())
    assert found
    return found[1]


def check(client: Client, code: str, phone: str = KNOWN, **more: Any) -> Any:
    return client.post("/sign-in/", {"step": "check", "phone": phone, "code": code, **more})


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


@pytest.mark.article("F2")
class TestEnter:
    def test_lets_in_whoever_holds_the_phone_and_leads_on(self) -> None:
        client = Client()
        assert client.get("/my/").headers["Location"] == "/sign-in/?next=/my/"
        answer = check(client, send(client), next="/my/?after=x")
        assert (answer.status_code, answer.headers["Location"]) == (302, "/my/?after=x")
        assert "示例申请人甲" in client.get("/my/").content.decode()
        assert client.get("/sign-in/").headers["Location"] == "/my/"

    def test_makes_an_account_for_a_new_phone(self) -> None:
        client = Client()
        check(client, send(client, NEW), NEW)
        assert "您还没有实名" in client.get("/my/").content.decode()

    @pytest.mark.article("S2")
    def test_answers_the_same_whether_a_phone_has_an_account(self) -> None:
        def said(phone: str) -> str:
            text = Client().post("/sign-in/", {"step": "send", "phone": phone}).content.decode()
            return re.sub(r'value="[^"]*"|"X-CSRFToken": "[^"]*"|\d{6}<|\d{3}\*+\d{4}|\d\d:\d\d', "", text)

        assert said(KNOWN) == said(NEW)
        codes_wrong = [check(Client(), "000000x", phone).content.decode() for phone in (KNOWN, NEW)]
        assert all("验证码不正确" in text for text in codes_wrong)

    def test_takes_no_code_twice_and_no_older_one(self) -> None:
        client = Client()
        first, second = send(client), send(client)
        if first != second:
            assert check(Client(), first).status_code == 422
        assert check(Client(), second).status_code == 302
        assert check(Client(), second).status_code == 422

    def test_takes_no_code_after_five_minutes(self, clock: Callable[..., None]) -> None:
        client = Client()
        code = send(client)
        clock(minutes=5, seconds=1)
        assert check(client, code).status_code == 422

    @pytest.mark.article("S2")
    def test_shuts_after_five_wrong_codes_and_puts_it_on_record(self, clock: Callable[..., None]) -> None:
        client = Client()
        code = send(client)
        statuses = [check(client, wrong(code)).status_code for _ in range(6)]
        assert statuses == [422] * 5 + [429]
        assert Lockout.objects.filter(account="applicant.1").exists()
        assert check(client, code).status_code == 429
        assert Entry.objects.filter(code="security.code_failed", actor="").count() == 5
        clock(minutes=20)
        assert check(client, send(client)).status_code == 302

    @pytest.mark.article("S2")
    def test_tries_a_code_five_times_wherever_they_come_from(self) -> None:
        code = send(Client())
        for number in range(5):
            check(Client(REMOTE_ADDR=f"203.0.113.{number}"), wrong(code))
        assert check(Client(REMOTE_ADDR="203.0.113.99"), code).status_code == 422

    @pytest.mark.article("S2")
    def test_sends_five_codes_to_a_phone_in_a_quarter_of_an_hour(self) -> None:
        for _ in range(5):
            send(Client())
        answer = Client().post("/sign-in/", {"step": "send", "phone": KNOWN})
        assert answer.status_code == 429 and KNOWN in answer.content.decode()  # nothing typed is lost

    @pytest.mark.parametrize("phone", ["", "1390000", "0851-12345678"])
    def test_refuses_what_is_no_mobile_at_its_field(self, phone: str) -> None:
        answer = Client().post("/sign-in/", {"step": "send", "phone": phone})
        assert answer.status_code == 422 and 'aria-invalid="true"' in answer.content.decode()

    @pytest.mark.article("S1", "S2")
    def test_keeps_no_code_and_no_phone_in_the_clear(self) -> None:
        code = send(Client(), NEW)
        row = OneTimeCode.objects.get(what="sign_in")
        kept = bytes(row.digest) + bytes(row.subject_digest)
        assert code.encode() not in kept and NEW.encode() not in kept

    @pytest.mark.article("S2")
    def test_gives_a_new_session_and_ends_it(self) -> None:
        client = Client()
        client.get("/sign-in/")
        session = client.session
        session["before"] = 1
        session.save()
        before = session.session_key
        check(client, send(client))
        assert client.session.session_key != before
        assert client.post("/my/sign-out/").status_code == 302
        assert client.get("/my/").status_code == 302 and not Session.objects.filter(
            person__account="applicant.1"
        )
        codes_said = set(Entry.objects.filter(actor="applicant.1").values_list("code", flat=True))
        assert codes_said >= {"security.sign_in", "security.sign_out"}
        staff_chain = Entry.objects.filter(chain_id=security.CHAIN, code="security.sign_in")
        assert not staff_chain.filter(actor="applicant.1").exists()

    @pytest.mark.article("S2")
    def test_does_not_let_a_member_of_staff_s_session_go_over(self, signed_in: Any) -> None:
        client = signed_in("clerk.520103")
        session = client.session
        session["of_staff"] = 1
        session.save()
        check(client, send(client))
        assert "of_staff" not in client.session and client.get("/desk/").status_code == 403

    def test_refuses_an_account_that_was_switched_off(self) -> None:
        Person.objects.filter(account="applicant.1").update(is_active=False)
        client = Client()
        assert check(client, send(client)).status_code == 403

    def test_outside_practice_sends_no_code_that_nobody_can_bring(self, settings: Any) -> None:
        settings.TONGBAN_PRACTICE = False
        senders = codes.SENDERS.copy()
        codes.SENDERS.clear()
        try:
            answer = Client().post("/sign-in/", {"step": "send", "phone": KNOWN})
            assert answer.status_code == 503
            sent: list[codes.Outgoing] = []
            codes.SENDERS.append(sent.append)
            answer = Client().post("/sign-in/", {"step": "send", "phone": KNOWN})
            assert answer.status_code == 200 and sent[0].to == KNOWN
            assert sent[0].digits not in answer.content.decode()
        finally:
            codes.SENDERS[:] = senders


@pytest.mark.article("S2", "S3")
class TestIdle:
    def test_leads_back_to_the_page(self, clock: Callable[..., None]) -> None:
        client = Client()
        check(client, send(client))
        clock(hours=2)
        assert client.get("/my/?after=a").headers["Location"] == "/sign-in/?next=%2Fmy%2F%3Fafter%3Da"

    def test_loses_nothing_that_was_typed(self, clock: Callable[..., None]) -> None:
        client = Client()
        check(client, send(client))
        session = client.session
        session[requests.PARTY] = "enterprise-1"
        session.save()
        clock(hours=2)
        answer = client.post("/my/party/", {"party": "own-0", "words": "写了很久的一段话"})
        assert answer.status_code == 401
        page = answer.content.decode()
        assert "139****0001" in page and KNOWN not in page
        again = re.search(r'name="again" value="([^"]+)"', page)
        assert again
        answer = client.post("/sign-in/", {"step": "send", "again": again[1]})
        code = digits_of(answer)
        assert KNOWN not in answer.content.decode()
        answer = client.post("/sign-in/", {"step": "check", "again": again[1], "code": code})
        assert (
            "写了很久的一段话" in answer.content.decode() and 'action="/my/party/"' in answer.content.decode()
        )
        assert client.session[requests.PARTY] == "enterprise-1"  # in whose name it was written

    def test_gives_what_was_typed_to_nobody_else(self, clock: Callable[..., None]) -> None:
        client = Client()
        check(client, send(client))
        clock(hours=2)
        page = client.post("/my/party/", {"words": "写了很久的一段话"}).content.decode()
        again = re.search(r'name="again" value="([^"]+)"', page)
        assert again
        other = Client()
        answer = check(other, send(other, NEW), NEW, again=again[1])
        assert answer.status_code == 302


def test_an_applicant_has_one_row_a_phone() -> None:
    for _ in range(2):
        client = Client()
        check(client, send(client, NEW), NEW)
    assert Applicant.objects.filter(phone_masked="137****2222").count() == 1
