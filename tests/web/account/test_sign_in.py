"""Sign-in: who gets in, who is shut out and for how long, what must come first, what a session needs to count."""

import base64
import datetime
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import hashers
from django.test import Client
from django_otp.oath import TOTP

from tongban.journal.models import Entry
from tongban.people import factors, gate, policy, security
from tongban.people.models import KnownAddress, Lockout, Person, Session, Tally
from tongban.web.kit import requests

pytestmark = pytest.mark.django_db
CLERK, PASSWORD = "clerk.520103", "Yun-yan-2026"
HALL, ELSEWHERE = "10.20.0.1", "203.0.113.9"
SignedIn = Callable[[str], Client]


@pytest.fixture(autouse=True)
def _quick_hashes(settings: Any) -> None:
    """Let the hashes of passwords made here be cheap: what is tested is who is let in, not how slowly."""
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    ]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Move the machine's time on."""
    begin = datetime.datetime.now(datetime.UTC)
    moved = datetime.timedelta()

    def advance(**by: float) -> None:
        nonlocal moved
        moved += datetime.timedelta(**by)
        monkeypatch.setattr(requests, "machine_time", lambda: begin + moved)

    return advance


@pytest.fixture
def clerk() -> Person:
    return person_of(CLERK)


def person_of(account: str, *, chosen: bool = True) -> Person:
    """Give a practice account a password of its own."""
    person = Person.objects.get(account=account)
    person.password = hashers.make_password(PASSWORD)
    person.password_changed_at = datetime.datetime.now(datetime.UTC) if chosen else None
    person.save()
    return person


def sign_in(
    client: Client, account: str = CLERK, password: str = PASSWORD, *, address: str = HALL, **more: Any
) -> Any:
    data = {"username": account, "password": password, **more}
    return client.post("/desk/sign-in/", data, REMOTE_ADDR=address)


def fail(times: int, account: str = CLERK, *, address: str = HALL) -> None:
    for _time in range(times):
        sign_in(Client(), account, "wrong", address=address)


def events(code: str = "") -> list[Entry]:
    rows = Entry.objects.filter(chain_id=security.CHAIN).order_by("seq")
    return list(rows.filter(code=f"security.{code}") if code else rows)


def phone_of(person: Person) -> str:
    """Set up a second factor, and give its secret."""
    factors.begin(person)
    secret = factors.secret_to_scan(person)
    earlier = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=5)
    factors.confirm(person, code=digits(secret, earlier), at=earlier)
    return secret


def digits(secret: str, at: datetime.datetime | None = None) -> str:
    clock = TOTP(base64.b32decode(secret))
    clock.time = (at or datetime.datetime.now(datetime.UTC)).timestamp()
    return f"{clock.token():06d}"


class TestLockOut:
    @pytest.mark.article("S2")
    def test_shuts_an_account_at_an_address_after_five_wrong_passwords(self, clerk: Person) -> None:
        fail(5)
        text = sign_in(Client()).content.decode()
        assert "尝试次数过多" in text
        assert "分钟后再试" in text
        assert Lockout.objects.get().account == CLERK

    @pytest.mark.article("S2")
    def test_ends_after_the_time_that_was_set(self, clerk: Person, clock: Callable[..., None]) -> None:
        fail(6)
        clock(minutes=policy.LOCK_MINUTES.default + 1)
        assert sign_in(Client()).status_code == 302

    def test_gives_back_the_tries_of_who_gets_in(self, clerk: Person) -> None:
        for _round in range(3):
            fail(4)
            assert sign_in(Client()).status_code == 302

    @pytest.mark.article("S2")
    def test_does_not_shut_out_a_hall_when_one_clerk_mistypes(self, clerk: Person) -> None:
        person_of("lead.520103")
        fail(8)
        assert sign_in(Client(), "lead.520103").status_code == 302

    @pytest.mark.article("S2")
    def test_lets_no_stranger_shut_out_somebody_who_signs_in_from_where_they_always_do(
        self, clerk: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sign_in(Client())
        for number in range(40):
            fail(1, address=f"198.51.100.{number}")
        assert Lockout.objects.filter(kind="account", account=CLERK).exists()
        assert sign_in(Client(), address=HALL).status_code == 302
        assert "尝试次数过多" in sign_in(Client(), address=ELSEWHERE).content.decode()

    @pytest.mark.article("S2")
    def test_shuts_an_address_that_tries_many_accounts_but_not_for_those_it_knows(
        self, clerk: Person, clock: Callable[..., None]
    ) -> None:
        sign_in(Client())
        person_of("lead.520103")
        for number in range(policy.TRIES_ADDRESS.default + 1):
            fail(1, f"guess.{number}")
        assert "尝试次数过多" in sign_in(Client(), "lead.520103").content.decode()
        assert sign_in(Client(), CLERK).status_code == 302

    @pytest.mark.article("S2")
    def test_counts_many_tries_at_once_like_one_after_the_other(self, clerk: Person) -> None:
        now = datetime.datetime.now(datetime.UTC)
        for _time in range(policy.TRIES.default):
            gate.let_try(CLERK, address=HALL, at=now)  # before any of their passwords is looked at
        with pytest.raises(gate.Shut):
            gate.let_try(CLERK, address=HALL, at=now)

    def test_keeps_no_account_name_and_no_address_in_what_it_counts(self, clerk: Person) -> None:
        fail(1, "someone-s-password-typed-here")
        said = repr(list(Tally.objects.values())) + repr([e.payload for e in events()])
        assert "someone-s-password-typed-here" not in said

    @pytest.mark.article("S2")
    def test_is_taken_back_by_an_unlocking(self, clerk: Person) -> None:
        fail(6)
        by = Person.objects.get(account="secadmin")
        gate.unlock(Lockout.objects.get().id, by=by, at=datetime.datetime.now(datetime.UTC))
        assert sign_in(Client()).status_code == 302
        assert events("unlocked")[0].actor == "secadmin"

    def test_of_an_account_that_does_not_exist_is_taken_back_as_well(self) -> None:
        fail(6, "nobody.1")
        at = datetime.datetime.now(datetime.UTC)
        gate.unlock(Lockout.objects.get().id, by=Person.objects.get(account="secadmin"), at=at)
        assert "账号或者密码不正确" in sign_in(Client(), "nobody.1").content.decode()


class TestEnumeration:
    @pytest.mark.article("S2")
    def test_says_the_same_of_unknown_wrong_and_inactive(self, clerk: Person) -> None:
        Person.objects.filter(account="lead.520103").update(
            is_active=False, password=hashers.make_password(PASSWORD)
        )
        texts = {
            re.sub(r'value="[^"]*"|hx-headers=\'[^\']*\'', "", sign_in(Client(), *pair).content.decode())
            for pair in ((CLERK, "wrong"), ("nobody.1", "wrong"), ("lead.520103", PASSWORD))
        }
        assert len(texts) == 1

    @pytest.mark.article("S2")
    def test_shuts_an_unknown_account_like_a_known_one(self, clerk: Person) -> None:
        fail(6)
        fail(6, "nobody.1")
        texts = [sign_in(Client(), account).content.decode() for account in (CLERK, "nobody.1")]
        assert all("尝试次数过多" in text for text in texts)

    @pytest.mark.article("S2")
    def test_takes_as_long_for_an_unknown_account_as_for_a_known_one(
        self, clerk: Person, settings: Any
    ) -> None:
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
        clerk.set_password(PASSWORD)
        clerk.save()

        def seconds(account: str, address: str) -> float:
            begin = time.thread_time()
            sign_in(Client(), account, "wrong", address=address)
            return time.thread_time() - begin

        seconds("warm.up", "10.0.0.9")
        known = min(seconds(CLERK, f"10.0.1.{i}") for i in range(3))
        unknown = min(seconds(f"nobody.{i}", f"10.0.2.{i}") for i in range(3))
        assert 0.6 < known / unknown < 1.67


class TestSession:
    @pytest.mark.article("S2")
    def test_gets_a_new_key_at_sign_in(self, clerk: Person) -> None:
        client = Client()
        client.post("/language/setlang/", {"language": "en", "next": "/"})
        session = client.session
        session["planted"] = "by somebody else"
        session.save()
        client.cookies["tongban"] = str(session.session_key)
        sign_in(client)
        assert client.cookies["tongban"].value != session.session_key
        assert Client(headers={"Cookie": f"tongban={session.session_key}"}).get("/desk/").status_code == 302

    @pytest.mark.article("S2")
    def test_ends_after_a_rest_and_says_why(self, clerk: Person, clock: Callable[..., None]) -> None:
        client = Client()
        sign_in(client)
        clock(minutes=29)
        assert client.get("/desk/").status_code == 200
        clock(minutes=29)
        assert client.get("/desk/").status_code == 200
        clock(minutes=31)
        answer = client.get("/desk/search/?q=a")
        assert answer.headers["Location"] == "/desk/sign-in/?next=%2Fdesk%2Fsearch%2F%3Fq%3Da"
        assert "您较长时间没有操作" in client.get(answer.headers["Location"]).content.decode()
        assert [e.actor for e in events("idle_end")] == [CLERK]

    @pytest.mark.article("S2")
    def test_is_not_kept_alive_by_what_a_page_fetches_by_itself(
        self, clerk: Person, clock: Callable[..., None]
    ) -> None:
        client = Client()
        sign_in(client)
        for _time in range(3):
            clock(minutes=12)
            client.get("/desk/", headers={"HX-Request": "true"})
            client.get("/desk/account/alive/")
        assert client.get("/desk/").status_code == 302

    def test_tells_a_page_how_long_it_lasts_and_is_kept_alive_by_its_person(
        self, clerk: Person, clock: Callable[..., None]
    ) -> None:
        client = Client()
        sign_in(client)
        clock(minutes=20)
        assert 590 <= client.get("/desk/account/alive/").json()["left"] <= 600
        assert client.post("/desk/account/alive/").json()["left"] >= 1798
        assert Client().get("/desk/account/alive/").status_code == 401

    @pytest.mark.article("S2", "S3")
    def test_that_rested_too_long_loses_nothing_that_was_typed(
        self, clerk: Person, clock: Callable[..., None]
    ) -> None:
        client = Client()
        sign_in(client)
        clock(minutes=45)
        answer = client.post("/desk/search/", {"q": "写了很久的内容", "_key": "k-1"})
        assert answer.status_code == 401
        again = re.search(r'name="again" value="([^"]+)"', answer.content.decode())
        assert again
        page = sign_in(client, again=again[1]).content.decode()
        assert "写了很久的内容" in page
        assert 'action="/desk/search/"' in page
        assert 'name="_key" value="k-1"' in page

    @pytest.mark.article("S2")
    def test_gives_what_was_typed_to_nobody_else(self, clerk: Person, clock: Callable[..., None]) -> None:
        person_of("lead.520103")
        client = Client()
        sign_in(client)
        clock(minutes=45)
        page = client.post("/desk/search/", {"q": "写了很久的内容"}).content.decode()
        again = re.search(r'name="again" value="([^"]+)"', page)
        assert again
        answer = sign_in(client, "lead.520103", again=again[1])
        assert answer.status_code == 302

    @pytest.mark.article("S2")
    def test_lasts_no_longer_than_a_working_day_whatever_happens_in_it(
        self, clerk: Person, clock: Callable[..., None]
    ) -> None:
        client = Client()
        sign_in(client)
        for _time in range(25):
            clock(minutes=29)
            last = client.get("/desk/").status_code
        assert last == 302

    def test_notes_address_and_device(self, clerk: Person) -> None:
        client = Client(headers={"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/131.0 Safari/537.36"})
        sign_in(client)
        row = Session.objects.get(person=clerk)
        assert (row.address, row.device) == (HALL, "Chrome · Windows")

    def test_believes_addresses_only_from_our_own_proxies(self, clerk: Person, settings: Any) -> None:
        forged = {"HTTP_X_FORWARDED_FOR": "1.1.1.1, 10.9.9.9"}
        data = {"username": CLERK, "password": PASSWORD}
        Client().post("/desk/sign-in/", data, REMOTE_ADDR=HALL, **forged)
        settings.TONGBAN_PROXIES = 1
        Client().post("/desk/sign-in/", data, REMOTE_ADDR=HALL, **forged)
        assert set(KnownAddress.objects.values_list("address", flat=True)) == {HALL, "10.9.9.9"}


class TestFirstThings:
    @pytest.mark.article("S2")
    def test_a_given_password_is_changed_before_anything_else(self) -> None:
        Person.objects.filter(account=CLERK).update(is_practice=False)
        person_of(CLERK, chosen=False)
        client = Client()
        assert sign_in(client).status_code == 302
        for address in ("/desk/", "/desk/search/", "/desk/account/"):
            assert client.get(address).headers["Location"] == "/desk/account/password/"
        assert client.post("/desk/receive/").headers["Location"] == "/desk/account/password/"
        new = "Xin-mi-ma-2026"
        answer = client.post("/desk/account/password/", {"old": PASSWORD, "new": new, "again": new})
        assert answer.headers["Location"] == "/desk/account/"
        assert client.get("/desk/").status_code == 200

    @pytest.mark.article("S2")
    def test_an_old_password_is_changed_when_its_time_is_over(
        self, clerk: Person, clock: Callable[..., None]
    ) -> None:
        clock(days=policy.PASSWORD_DAYS.default + 1)
        client = Client()
        sign_in(client)
        assert client.get("/desk/").headers["Location"] == "/desk/account/password/"

    @pytest.mark.article("S2")
    @pytest.mark.parametrize("account", ["sysadmin", "secadmin", "auditadmin"])
    def test_an_administrator_sets_up_a_second_factor_first(self, account: str, settings: Any) -> None:
        settings.TONGBAN_ADMINISTRATORS_NEED_FACTOR = True
        person = person_of(account)
        client = Client()
        sign_in(client, account)
        assert client.get("/desk/").headers["Location"] == "/desk/account/factor/"
        client.post("/desk/account/factor/begin/")
        page = client.get("/desk/account/factor/").content.decode()
        assert "data:image/svg+xml" in page
        secret = factors.secret_to_scan(person)
        codes = client.post("/desk/account/factor/", {"code": digits(secret)}).content.decode()
        assert len(re.findall(r"<li><code>\w{5}-\w{5}</code></li>", codes)) == 10
        assert client.get("/desk/account/").status_code == 200

    @pytest.mark.article("S2")
    def test_a_place_may_ask_its_staff_for_a_second_factor(self, clerk: Person) -> None:
        from tongban.directory import operations as directory

        at = datetime.datetime.now(datetime.UTC)
        directory.set_parameter(
            policy.SECOND_FACTOR, value=True, code="520000000000", actor_id=1, actor_name="", place="", at=at
        )
        client = Client()
        sign_in(client)
        assert client.get("/desk/").headers["Location"] == "/desk/account/factor/"
        other = Client()
        person_of("clerk.510100")
        sign_in(other, "clerk.510100")
        assert other.get("/desk/").status_code == 200

    def test_practice_administrators_get_in_without(self) -> None:
        person_of("sysadmin")
        client = Client()
        sign_in(client, "sysadmin")
        assert client.get("/desk/account/").status_code == 200


class TestSecondFactor:
    @pytest.mark.article("S2")
    def test_is_asked_for_after_the_password_and_lets_in_once(self, clerk: Person) -> None:
        secret = phone_of(clerk)
        client = Client()
        assert sign_in(client, next="/desk/calendar/").headers["Location"] == "/desk/sign-in/code/"
        assert client.get("/desk/").status_code == 302  # not in yet
        code = digits(secret)
        answer = client.post("/desk/sign-in/code/", {"code": f"{code[:3]} {code[3:]}"})
        assert answer.headers["Location"] == "/desk/calendar/"
        again = Client()
        sign_in(again)
        assert again.post("/desk/sign-in/code/", {"code": code}).status_code == 422

    @pytest.mark.article("S2")
    def test_cannot_be_guessed(self, clerk: Person) -> None:
        phone_of(clerk)
        client = Client()
        sign_in(client)
        answers = [client.post("/desk/sign-in/code/", {"code": "000000"}).status_code for _try in range(6)]
        assert answers[-1] == 429
        fresh = Client()
        assert "尝试次数过多" in sign_in(fresh, address="127.0.0.1").content.decode()

    @pytest.mark.article("S2")
    def test_tries_of_codes_are_not_given_back_by_a_right_password(self, clerk: Person) -> None:
        phone_of(clerk)
        for _round in range(3):
            client = Client()
            sign_in(client, address="127.0.0.1")
            client.post("/desk/sign-in/code/", {"code": "000000"})
        assert "尝试次数过多" in sign_in(Client(), address="127.0.0.1").content.decode()

    @pytest.mark.article("S2")
    def test_takes_a_recovery_code_once(self, clerk: Person) -> None:
        phone_of(clerk)
        code = factors.renew_recovery_codes(clerk)[0]
        for expected in (302, 422):
            client = Client()
            sign_in(client)
            answer = client.post("/desk/sign-in/code/", {"code": code.lower()})
            assert answer.status_code == expected
        assert len(events("recovery_used")) == 1

    def test_waits_five_minutes_for_the_code(self, clerk: Person, clock: Callable[..., None]) -> None:
        phone_of(clerk)
        client = Client()
        sign_in(client)
        clock(minutes=6)
        assert client.get("/desk/sign-in/code/").headers["Location"] == "/desk/sign-in/"

    def test_keeps_its_secret_encrypted_and_its_codes_as_digests(self, clerk: Person) -> None:
        secret = phone_of(clerk)
        codes = factors.renew_recovery_codes(clerk)
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT secret_sealed FROM people_secondfactor")
            sealed = bytes(cursor.fetchone()[0])
            cursor.execute("SELECT digest FROM people_recoverycode")
            digests = [bytes(row[0]) for row in cursor.fetchall()]
        assert secret.encode() not in sealed
        assert all(c.encode() not in d for c in codes for d in digests)


class TestRecord:
    @pytest.mark.article("S2")
    def test_says_who_got_in_and_who_did_not_and_nothing_else_about_them(self, clerk: Person) -> None:
        fail(1)
        client = Client()
        sign_in(client)
        client.post("/desk/sign-out/", REMOTE_ADDR=HALL)
        assert [e.code for e in events()] == [
            "security.sign_in_failed",
            "security.sign_in",
            "security.sign_out",
        ]
        assert {str(e.payload["account"]) for e in events()} == {CLERK}
        assert clerk.name not in repr([(e.actor, e.place, e.payload) for e in events()])

    @pytest.mark.article("S2", "A6")
    def test_is_part_of_the_chain_that_is_verified(self, clerk: Person) -> None:
        from tongban.journal import operations as journal

        sign_in(Client())
        assert list(journal.verify()) == []
        rows = events()
        rows[0].payload = {**rows[0].payload, "account": "someone.else"}
        assert journal.digest_of(rows[0]) != bytes(rows[0].digest)
