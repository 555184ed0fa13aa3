"""One's own account: password rules, sessions ended, second factor on and off."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import hashers
from django.test import Client

from tests.web.account.test_sign_in import digits, phone_of
from tongban.people import factors, passwords, policy
from tongban.people.models import Person, Session

pytestmark = pytest.mark.django_db
CLERK, PASSWORD = "clerk.520103", "Yun-yan-2026"
SignedIn = Callable[[str], Client]


@pytest.fixture(autouse=True)
def _quick_hashes(settings: Any) -> None:
    """Let the hashes of passwords made here be cheap."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def clerk() -> Person:
    person = Person.objects.get(account=CLERK)
    person.password = hashers.make_password(PASSWORD)
    person.password_changed_at = datetime.datetime.now(datetime.UTC)
    person.phone = "13812345678"
    person.save()
    return person


@pytest.fixture
def client(clerk: Person) -> Client:
    made = Client()
    made.force_login(clerk)
    made.get("/desk/account/")
    return made


def change(client: Client, new: str, *, old: str = PASSWORD, again: str | None = None) -> Any:
    data = {"old": old, "new": new, "again": new if again is None else again}
    return client.post("/desk/account/password/", data)


class TestPassword:
    @pytest.mark.article("S2")
    @pytest.mark.parametrize(
        ("new", "said"),
        [
            ("Ab1-short", "至少10位"),
            ("onlysmallletters", "至少用三种"),
            ("Aa1aAa1aAa1a", "不同的字符至少五个"),
            ("Clerk.520103-x", "不能包含账号"),
            ("Tel-13812345678", "不能包含账号、姓名或者电话"),
            ("Password-123", ""),
            (PASSWORD, "不能与现在的"),
        ],
    )
    def test_refuses_a_weak_one_and_says_why(
        self, client: Client, clerk: Person, new: str, said: str
    ) -> None:
        answer = change(client, new)
        if not said:
            assert answer.status_code == 302
            return
        assert answer.status_code == 422
        assert said in answer.content.decode()
        clerk.refresh_from_db()
        assert clerk.check_password(PASSWORD)

    @pytest.mark.article("S2")
    def test_refuses_those_used_lately(self, client: Client) -> None:
        old = PASSWORD
        for number in range(3):
            new = f"Next-one-{number}{number}"
            assert change(client, new, old=old).status_code == 302
            old = new
        assert "最近" in change(client, PASSWORD, old=old).content.decode()

    @pytest.mark.parametrize(
        ("data", "field"), [({"old": "wrong"}, "old"), ({"again": "Different-2026"}, "again")]
    )
    def test_names_the_field_that_is_wrong(self, client: Client, data: dict[str, str], field: str) -> None:
        answer = change(client, "Another-2026", **data)
        assert answer.status_code == 422
        assert f'id="{field}-wrong"' in answer.content.decode()

    @pytest.mark.article("S2")
    def test_ends_every_other_session_and_keeps_this_one(self, client: Client, clerk: Person) -> None:
        other = Client()
        other.force_login(clerk)
        assert other.get("/desk/").status_code == 200
        change(client, "Another-2026")
        assert other.get("/desk/").status_code == 302
        assert client.get("/desk/").status_code == 200

    @pytest.mark.article("S2")
    def test_given_by_an_administrator_fits_the_rules(self, clerk: Person) -> None:
        at = datetime.datetime.now(datetime.UTC)
        made = passwords.reset(clerk, at=at)
        for rule in (passwords.Length(), passwords.Kinds(), passwords.NotAboutThem()):
            rule.validate(made, clerk)
        clerk.refresh_from_db()
        clerk.is_practice = False
        assert passwords.must_change(clerk, at=at)

    def test_cannot_be_guessed_at_a_screen_left_open(self, client: Client) -> None:
        answers = [change(client, "Another-2026", old="wrong").status_code for _try in range(6)]
        assert answers[-1] == 429


class TestSessions:
    @pytest.mark.article("S2")
    def test_are_shown_and_ended_one_by_one(self, client: Client, clerk: Person) -> None:
        other = Client()
        other.force_login(clerk)
        other.get("/desk/", REMOTE_ADDR="10.1.1.1")
        text = client.get("/desk/account/").content.decode()
        assert "10.1.1.1" in text
        assert text.count("退出这处") == 1
        handle = text.split('name="handle" value="')[2].split('"')[0]
        client.post("/desk/account/sessions/end/", {"handle": handle})
        assert other.get("/desk/").status_code == 302
        assert client.get("/desk/").status_code == 200

    def test_do_not_tell_their_keys(self, client: Client, clerk: Person) -> None:
        other = Client()
        other.force_login(clerk)
        other.get("/desk/")
        text = client.get("/desk/account/").content.decode()
        assert all(s.session_key not in text for s in Session.objects.filter(person=clerk))

    @pytest.mark.article("S2")
    def test_of_others_cannot_be_ended(self, client: Client, signed_in: SignedIn) -> None:
        from tongban.people import sessions

        theirs = signed_in("lead.520103")
        theirs.get("/desk/")
        row = Session.objects.get(person__account="lead.520103")
        answer = client.post("/desk/account/sessions/end/", {"handle": sessions.handle_of(row.session_key)})
        assert answer.status_code == 404
        client.post("/desk/account/sessions/end/", {"handle": "others"})
        assert theirs.get("/desk/").status_code == 200


class TestFactor:
    def test_is_set_up_only_with_a_right_code(self, client: Client, clerk: Person) -> None:
        client.post("/desk/account/factor/begin/")
        assert client.post("/desk/account/factor/", {"code": "000000"}).status_code == 422
        assert not factors.is_on(clerk)
        secret = factors.secret_to_scan(clerk)
        answer = client.post("/desk/account/factor/", {"code": digits(secret)})
        assert "只显示这一次" in answer.content.decode()
        assert factors.is_on(clerk)

    @pytest.mark.article("S2")
    def test_is_turned_off_for_a_code_where_the_posts_allow_it(
        self, client: Client, clerk: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        secret = phone_of(clerk)
        assert client.post("/desk/account/factor/off/", {"code": "000000"}).status_code == 422
        monkeypatch.setattr(policy, "needs_factor", lambda posts: True)
        assert client.post("/desk/account/factor/off/", {"code": digits(secret)}).status_code == 403
        monkeypatch.setattr(policy, "needs_factor", lambda posts: False)
        assert client.post("/desk/account/factor/off/", {"code": digits(secret)}).status_code == 302
        assert not factors.is_on(clerk)

    def test_gets_new_recovery_codes_for_a_code_of_the_phone(self, client: Client, clerk: Person) -> None:
        secret = phone_of(clerk)
        before = factors.renew_recovery_codes(clerk)
        page = client.post("/desk/account/factor/codes/", {"code": digits(secret)}).content.decode()
        assert not any(code in page for code in before)
        assert factors.codes_left(clerk) == 10
