"""What attackers of web pages try: forged forms, foreign hosts, planted fields, guessing by answers and by time."""

import datetime
import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.stories import Story
from tongban.cases.models import Case
from tongban.kernel import ids
from tongban.people.models import Person, Session
from tongban.web.kit import access

pytestmark = pytest.mark.django_db
_HTTPS = """
import json, django
django.setup()
from django.conf import settings as s
print(json.dumps({n: getattr(s, n) for n in %r}))
"""


def signed_in(account: str, **more: Any) -> Client:
    client = Client(**more)
    client.force_login(Person.objects.get(account=account))
    return client


class TestForgedForms:
    @pytest.mark.article("S2")
    def test_are_refused_everywhere(self, make_case: Any) -> None:
        from tests.web.test_access import pages

        number = make_case("arrived").number
        client = signed_in("clerk.520103", enforce_csrf_checks=True)
        let_through = []
        for name, pattern in pages():
            line = access.PAGES[name]
            if name.startswith("api:") or "<" in pattern.replace("<str:number>", ""):
                continue
            answer = client.post(pattern.replace("<str:number>", number), {"q": "x"})
            if answer.status_code not in (403, 405):
                let_through.append((name, line, answer.status_code))
        assert let_through == []
        assert Case.objects.count() == 1

    @pytest.mark.article("S2")
    def test_cannot_use_a_token_of_another_browser(self, client: Client) -> None:
        other = Client(enforce_csrf_checks=True)
        token = client.get("/desk/sign-in/").content.decode().split('name="csrfmiddlewaretoken" value="')[1]
        data = {"username": "clerk.520103", "password": "x", "csrfmiddlewaretoken": token.split('"')[0]}
        assert other.post("/desk/sign-in/", data).status_code == 403


class TestHosts:
    @pytest.mark.article("S2")
    @pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "localhost@evil.example", ""])
    def test_of_others_are_not_answered(self, client: Client, host: str) -> None:
        assert client.get("/desk/sign-in/", HTTP_HOST=host).status_code == 400

    @pytest.mark.article("S2")
    def test_forwarded_by_browsers_do_not_count(self, client: Client) -> None:
        answer = client.get("/desk/", HTTP_X_FORWARDED_HOST="evil.example")
        assert "evil.example" not in answer.headers["Location"]

    def test_of_tests_are_not_in_the_product(self) -> None:
        said = _settings("http://tongban.example", "ALLOWED_HOSTS")
        assert set(said["ALLOWED_HOSTS"]) == {"tongban.example", "localhost", "127.0.0.1"}


def _settings(address: str, *names: str) -> dict[str, Any]:
    """Read settings as the product at an address has them."""
    env = {**os.environ, "TONGBAN_ADDRESS": address, "DJANGO_SETTINGS_MODULE": "tongban.config.settings"}
    env["PYTHONPATH"] = os.pathsep.join(sys.path)
    said = subprocess.run(
        [sys.executable, "-c", _HTTPS % (names,)], env=env, capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(said.stdout)
    return found


class TestCookies:
    @pytest.mark.article("S2")
    def test_are_bound_to_host_and_https(self) -> None:
        named = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME")
        wanted = (
            "SESSION_COOKIE_SECURE",
            "CSRF_COOKIE_SECURE",
            "LANGUAGE_COOKIE_SECURE",
            "SECURE_HSTS_SECONDS",
        )
        said = _settings("https://tongban.example", *named, *wanted, "SECURE_SSL_REDIRECT")
        assert said["SESSION_COOKIE_NAME"].startswith("__Host-")
        assert said["CSRF_COOKIE_NAME"].startswith("__Host-")
        assert all(said[name] for name in (*wanted, "SECURE_SSL_REDIRECT"))

    @pytest.mark.article("S2")
    def test_are_out_of_reach_of_scripts(self) -> None:
        assert settings.SESSION_COOKIE_HTTPONLY
        assert settings.CSRF_COOKIE_HTTPONLY
        assert (settings.SESSION_COOKIE_SAMESITE, settings.CSRF_COOKIE_SAMESITE) == ("Lax", "Lax")


class TestGuessing:
    @pytest.mark.usefixtures("nothing_read_anew")
    @pytest.mark.article("S1", "S2")
    @pytest.mark.parametrize("account", ["clerk.530102", "manager.530000", "group.1", "auditadmin"])
    def test_a_foreign_case_costs_the_same_work_as_none(self, story: Story, account: str) -> None:
        story.lead_to("arrived")
        missing = ids.number_of(ids.new_id(story.at + datetime.timedelta(days=900)))
        client = signed_in(account)
        client.get(f"/desk/cases/{missing}/")  # the first refusal goes on record
        asked = []
        for number in (story.case.number, missing):
            with CaptureQueriesContext(connection) as captured:
                answer = client.get(f"/desk/cases/{number}/")
            asked.append((answer.status_code, len(captured)))
        assert asked[0] == asked[1]
        assert asked[0][0] in (403, 404)


class TestPlantedFields:
    @pytest.mark.article("S2")
    def test_in_a_password_change_give_nothing(self) -> None:
        client, person = signed_in("clerk.520103"), Person.objects.get(account="clerk.520103")
        person.set_password("Yun-yan-2026")
        person.save()
        client.force_login(person)
        new = "Another-2026-x"
        data = {"old": "Yun-yan-2026", "new": new, "again": new, "account": "sysadmin", "person": "1"}
        client.post("/desk/account/password/", data | {"is_practice": "", "session_epoch": "7"})
        now = Person.objects.get(pk=person.pk)
        assert (now.account, now.is_practice, now.session_epoch) == ("clerk.520103", True, 0)
        assert now.check_password(new)

    @pytest.mark.article("S2")
    def test_in_a_cookie_name_no_session(self) -> None:
        client = Client()
        client.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
        assert client.get("/desk/").status_code == 302
        assert not Session.objects.filter(session_key="a" * 32).exists()
