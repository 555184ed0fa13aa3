"""What no honest form sends: every page answers it with a sentence, none with a failure.

The forms are read from the pages themselves, so that a new field is tested from its first day.
"""

import html.parser
import urllib.parse
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests import stories
from tongban.cases import search
from tongban.cases.models import CaseApplicant

pytestmark = pytest.mark.article("S1", "S3")

HOSTILE = {
    "nul": "张\x00三",
    "control": "\x01\x1b[31m\x7f\u2028",
    "direction": "\u202e三张\u2066",
    "zero width": "\u200b\u200d\ufeff",
    "four bytes": "𠮷𬭚\U0002ebf0😀",
    "digits of elsewhere": "٣²①𝟗",
    "very many digits": "9" * 5000,
    "very long": "长" * 20_000,
    "markup": "<script>alert(1)</script>\"'>{{7*7}}{% debug %}",
    "percent and braces": "%s%n{0}{name}{x.__class__}",
    "statement": "'; DROP TABLE cases_case; --",
    "a path": "../../../../etc/passwd",
    "less than nothing": "-1",
    "not a number": "NaN",
    "far away": "99999-12-31",
    "nothing": "",
}


FIELDS = ("input", "select", "textarea", "button")


class Forms(html.parser.HTMLParser):
    """The forms of a page: where each goes, how, and what it would send."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, Any]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append({"to": own.get("action", ""), "method": own.get("method", "get"), "fields": {}})
        elif tag in FIELDS and own.get("name") and self.found and own.get("type") != "file":
            self.found[-1]["fields"].setdefault(own["name"], (own.get("type", ""), own.get("value", "")))


def forms_of(client: Client, address: str) -> list[dict[str, Any]]:
    answer = client.get(address, follow=True)
    assert answer.status_code == 200, (address, answer.status_code)
    reader = Forms()
    reader.feed(answer.content.decode())
    for form in reader.found:
        form["to"] = urllib.parse.urljoin(address, form["to"] or address)
    return [f for f in reader.found if "sign-out" not in f["to"] and "language" not in f["to"]]


def fill(form: dict[str, Any], value: str) -> dict[str, str]:
    """Put a value into everything but what the form itself needs to count."""
    kept = ("csrfmiddlewaretoken", "_key", "revision", "do")
    return {
        name: own if name in kept or kind in ("submit", "radio") else value
        for name, (kind, own) in form["fields"].items()
    }


def send(client: Client, form: dict[str, Any], data: dict[str, str]) -> Any:
    if form["method"].lower() == "post":
        return client.post(form["to"], {**data, "_key": ""})
    return client.get(form["to"], data)


def check(answer: Any, *about: Any) -> None:
    assert answer.status_code < 500, about
    if "html" in answer.get("Content-Type", ""):
        page = answer.content.decode()
        assert "<script>alert" not in page and "\x00" not in page, about


PAGES = {
    "clerk.520103": ["/desk/", "/desk/search/", "/desk/receive/", "/desk/incoming/"],
    "": ["/", "/verify/", "/desk/sign-in/"],
}


class TestPages:
    @pytest.mark.parametrize("value", HOSTILE)
    def test_of_lists_and_the_public_take_anything_in_their_forms(
        self, value: str, signed_in: Callable[[str], Client], db: None
    ) -> None:
        for account, addresses in PAGES.items():
            client = signed_in(account) if account else Client()
            client.raise_request_exception = False
            for address in addresses:
                for form in forms_of(client, address):
                    check(send(client, form, fill(form, HOSTILE[value])), address, form["to"], value)

    @pytest.mark.parametrize("state", ["drafting", "arrived", "approval"])
    def test_of_a_case_take_anything_in_their_forms(
        self, state: str, make_case: Callable[..., Any], signed_in: Callable[[str], Client]
    ) -> None:
        case = make_case(state)
        client = signed_in("clerk.520103" if state == "drafting" else "clerk.510100")
        client.raise_request_exception = False
        address = f"/desk/receive/{case.number}/" if state == "drafting" else f"/desk/cases/{case.number}/"
        for value, words in HOSTILE.items():
            for form in forms_of(client, address):
                check(send(client, form, fill(form, words)), form["to"], value)

    @pytest.mark.parametrize("value", HOSTILE)
    def test_take_anything_in_their_addresses(self, value: str, signed_in: Callable[[str], Client]) -> None:
        client = signed_in("clerk.520103")
        client.raise_request_exception = False
        word = urllib.parse.quote(HOSTILE[value][:2000], safe="")
        for address in (
            *(
                "/desk/cases/{}/",
                "/desk/receive/{}/",
                "/desk/search/?q={}&after={}",
                "/desk/cases/{}/files/{}/",
            ),
            *("/verify/?s={}&n={}", "/desk/receive/?q={}", "/desk/calendar/?year={}&month={}&code={}&on={}"),
            *("/api/v1/items?q={}", "/api/v1/cases/{}", "/{}", "/static/{}", "/language/setlang/?next={}"),
        ):
            check(client.get(address.replace("{}", word)), address, value)

    def test_that_anybody_can_reach_refuse_bytes_that_are_no_text(self, db: None) -> None:
        client = Client(raise_request_exception=False)
        for word in ("%ED%A0%80", "%FF%FE", "%C0%AF", "%00", "%F4%90%80%80"):
            check(client.get(f"/verify/?s={word}"), word)
            check(client.get(f"/{word}/"), word)
            check(client.post("/desk/sign-in/", f"username={word}&password={word}",
                              content_type="application/x-www-form-urlencoded"), word)  # fmt: skip


class TestForms:
    def test_of_a_thousand_fields_are_read(self, make_case: Any, signed_in: Callable[[str], Client]) -> None:
        case = make_case("drafting")
        client = signed_in("clerk.520103")
        filled = {f"form.nobody_{n}": "值" for n in range(1000)} | {"name": "测试乙"}
        answer = client.post(f"/desk/receive/{case.number}/save/", filled)
        assert answer.status_code in (200, 302, 303, 422)
        assert CaseApplicant.objects.get(case=case).name == "测试乙"

    def test_of_far_too_many_fields_are_refused_with_a_sentence(
        self, make_case: Any, signed_in: Callable[[str], Client]
    ) -> None:
        case = make_case("drafting")
        client = signed_in("clerk.520103")
        answer = client.post(f"/desk/receive/{case.number}/save/", {f"f{n}": "值" for n in range(3000)})
        assert answer.status_code in (400, 413, 422)
        assert "提交的内容太大" in answer.content.decode()

    def test_of_far_too_many_bytes_are_refused_with_a_sentence(
        self, make_case: Any, signed_in: Callable[[str], Client]
    ) -> None:
        case = make_case("drafting")
        client = signed_in("clerk.520103")
        answer = client.post(f"/desk/receive/{case.number}/save/", {"name": "长" * 3_000_000})
        assert answer.status_code in (400, 413, 422)
        assert "提交的内容太大" in answer.content.decode()

    @pytest.mark.parametrize(
        "body",
        [b"", b"--x", b"--x\r\n", b"--x\r\nContent-Disposition: form-data\r\n\r\n", b"--x--", b"\x00" * 100,
         b'--x\r\nContent-Disposition: form-data; name="file"; filename="\x00.jpg"\r\n\r\nabc\r\n--x--\r\n',
         b'--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64\r\n\r\n!\r\n--x--'],
    )  # fmt: skip
    def test_of_several_parts_may_be_garbled(
        self, body: bytes, make_case: Any, signed_in: Callable[[str], Client]
    ) -> None:
        case = make_case("drafting")
        client = signed_in("clerk.520103")
        client.raise_request_exception = False
        for boundary in (
            "multipart/form-data; boundary=x",
            "multipart/form-data",
            "multipart/form-data; boundary=\xff",
        ):
            check(
                client.post(f"/desk/receive/{case.number}/save/", body, content_type=boundary), body, boundary
            )


class TestNames:
    @pytest.mark.article("C2")
    def test_that_are_rare_are_kept_and_shown(
        self, make_case: Any, signed_in: Callable[[str], Client]
    ) -> None:
        case = make_case("drafting")
        client = signed_in("clerk.520103")
        for typed, kept in {
            "𠮷\u200b田\u202e𬭚": "𠮷田𬭚",
            "\ufeff买买提•吐尔逊\u2069": "买买提·吐尔逊",
            "王\ue000": "王\ue000",
            "ئابدۇللا": "ئابدۇللا",
        }.items():
            client.post(f"/desk/receive/{case.number}/save/", {"name": typed, "_key": typed})
            assert CaseApplicant.objects.get(case=case).name == kept
            assert kept in client.get(f"/desk/receive/{case.number}/").content.decode()

    def test_are_found_again_however_they_are_typed(self, story: stories.Story) -> None:
        story.open().fill(name="买买提·吐尔逊")
        found = search.find(story.receiver, "\u200b买买提・吐尔")
        assert [case.id for case in found] == [story.id]
