"""Every address × every role × own, other window, other province, not there, nobody: what `web.kit.access` says.

The lines of the table are what is allowed; here everybody tries everything, and whatever no line allows must be
refused, with an answer that is the same whether the thing exists or not. Writes are tried for real and rolled
back. A new page or operation is tried as soon as it has its line; a new name in its address needs a value in
`World.values`.
"""

import datetime
import io
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.urls import URLPattern, URLResolver, get_resolver
from PIL import Image

from tests import stories
from tongban.cases import queries
from tongban.cases.operations import intake
from tongban.directory import queries as directory
from tongban.kernel import ids
from tongban.notices import operations as notices
from tongban.people import operations as people
from tongban.people.models import Person
from tongban.people.roles import Role
from tongban.web.api.urls import api
from tongban.web.kit import access
from tongban.web.kit.access import RECEIVES, SEES, WORKS, Line

pytestmark = pytest.mark.django_db

# Everybody who tries, and what each has to do with the case: 贵阳市云岩区 received it, 成都市 decides it.
# Written down by hand: what the product computes is what is tested.
PEOPLE: dict[str, set[str]] = {
    "clerk.520103": {SEES, WORKS, RECEIVES},
    "lead.520103": {SEES, WORKS, RECEIVES},
    "clerk.510100": {SEES, WORKS},
    "approver.510100": {SEES, WORKS},
    "manager.520103": {SEES},
    "manager.510000": {SEES},
    "clerk.520102": set(),  # another window of the same city
    "lead.510107": set(),  # another window of the deciding province
    "clerk.530102": set(),  # another province
    "approver.500000": set(),
    "manager.530000": set(),
    "group.1": set(),
    "sysadmin": set(),
    "secadmin": set(),
    "auditadmin": set(),
    "applicant.2": set(),  # another applicant than the one whose case it is
}
PLACE = "520103000000"
MANAGE_THE_PLACE = {"manager.520103"}
ROLE_OF = {"sysadmin": Role.SYSTEM_ADMIN, "secadmin": Role.SECURITY_ADMIN, "auditadmin": Role.AUDIT_ADMIN}
FORM = f"code={PLACE}&reason=x&opinion=x&what=identity&purpose=verify&waybill=1234567890123&handle=others"
REFUSED = (401, 403, 404)
STEP_OF = {"clerk.520103": "withdraw", "lead.520103": "withdraw", "approver.510100": "give_opinion"}


def is_named(account: str, line: Line) -> bool:
    """Whether a line lets this account come at all."""
    role = account.split(".")[0]
    if role == "applicant":
        return line.who in (access.PUBLIC, access.APPLICANT)
    return line.who == access.PUBLIC or (ROLE_OF.get(account) or Role(role)) in line.who


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(file, "PNG")
    return file.getvalue()


def multipart(name: str) -> bytes:
    return encode_multipart(BOUNDARY, {name: SimpleUploadedFile("a.png", png(), "image/png")})


class World:
    """The one case that everybody tries, with a scan and a notice, and the same numbers of things not there."""

    def __init__(self, at: datetime.datetime) -> None:
        self.story = stories.Story(at=at)
        self.story.open().fill().pass_all()
        key = queries.materials_of(self.story.id)[0].key
        by = self.story.receiver
        scan = intake.add_scan(self.story.id, key=key, data=png(), name="a.png", by=by, at=at)
        notice = notices.prepare(self.story.id, kind="receipt", by=by, at=at)
        notices.issue(notice.id, by=by, at=at)
        for step in ("send", "confirm_arrival", "accept", "hand_off"):
            self.story.do(step)
        missing = ids.new_id(at + datetime.timedelta(days=400))
        self.values: dict[str, tuple[Any, Any]] = {
            "number": (self.story.case.number, ids.number_of(missing)),
            "serial": (ids.number_of(notice.id), ids.number_of(missing)),
            "scan_id": (scan.id, missing),
            "scan": (ids.number_of(scan.id), ids.number_of(missing)),
            "key": (key, "no-such-key"),
            "field": ("expires_on", "no-such-field"),
            "step": ("recall", "recall"),
            "seq": ("15", "15"),
            "procedure": ("015-1", "no-such"),
            "procedure_id": (str(self.story.case.procedure_id), str(self.story.case.procedure_id)),
            "code": (PLACE, PLACE),
            "act": ("save", "save"),
            "token": ("no-such-token", "another-one"),
            "kind": ("contacts", "no-such"),
            "what": ("template", "template"),
            "on": ("2026-04-20", "2026-04-20"),
            "moment": ("receipt", "no-such"),
            "channel": ("sms", "no-such"),
            "language": ("zh-hans", "no-such"),
            "gateway": ("sms-1", "no-such"),
        }

    def address(self, pattern: str, account: str, *, exists: bool) -> str:
        """Fill an address with what is there, or what is not."""

        def value(found: re.Match[str]) -> str:
            kind, _colon, name = found[1].rpartition(":")
            if kind == "int" and name == "number":
                return "1" if exists else "100000"
            if name.endswith("_id") and name not in self.values:
                return "7" if exists else str(10**15)
            assert name in self.values, f"give `{name}` in {pattern} a value in World.values"
            there, missing = self.values[name]
            if name == "step":
                return STEP_OF.get(account, there)
            return str(there if exists else missing)

        return re.sub(r"[<{]([^<>{}]+)[>}]", value, pattern)


@pytest.fixture
def world(settings: Any, tmp_path: Any) -> World:
    settings.TONGBAN_FILES, settings.TONGBAN_KEYS = tmp_path / "files", tmp_path / "keys"
    return World(directory.now())


def pages(
    resolver: URLResolver | None = None, prefix: str = "/", space: str = ""
) -> Iterator[tuple[str, str]]:
    for entry in (resolver or get_resolver()).url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from pages(entry, path, f"{entry.namespace}:" if entry.namespace else space)
        elif isinstance(entry, URLPattern) and f"{space}{entry.name}" in access.PAGES:
            yield f"{space}{entry.name}", path


def operations() -> Iterator[tuple[str, str, str]]:
    for path, methods in api.get_openapi_schema()["paths"].items():
        for method, operation in methods.items():
            yield str(operation["operationId"]), method.upper(), path


def tried(client: Client, method: str, address: str, **more: Any) -> Any:
    """Send a request, and take back whatever it wrote."""
    with transaction.atomic():
        answer = client.generic(method, address, **more)
        if answer.streaming:
            answer.close()
        client.cookies.pop("messages", None)  # what the write before had to say is not this answer's
        transaction.set_rollback(True)
    return answer


def is_refused(answer: HttpResponse) -> bool:
    return answer.status_code in REFUSED or "/sign-in/" in answer.get("Location", "")


def said(answer: HttpResponse) -> str:
    """What an answer tells, without what differs from one request to the next, and without the number asked for."""
    text = answer.content.decode(errors="replace")
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"|hx-headers=\'[^\']*\'|\d\d:\d\d', "", text)
    text = re.sub(r'name="(_key|next)" value="[^"]*"', "", text)
    return re.sub(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}|/\d{10,}/", "", text)


def faults_of(line: Line, account: str, *, there: Any, missing: Any, writes: bool) -> Iterator[str]:
    """Hold two answers, about what is there and what is not, against what the line says."""
    if there.status_code == 405 and missing.status_code == 405:
        return
    about = PEOPLE[account]
    is_on_line = is_named(account, line)
    if {there.status_code, missing.status_code} & {500, 502, 504}:
        yield f"{account}: failed"
    elif not is_on_line or (line.case and SEES not in about):
        if not is_refused(there):
            yield f"{account}: got {there.status_code} instead of a refusal"
        elif (there.status_code, said(there)) != (missing.status_code, said(missing)):
            both = zip(said(there).splitlines(), said(missing).splitlines(), strict=False)
            differs = next(
                (f"{a.strip()!r} is not {b.strip()!r}" for a, b in both if a != b), "by its length"
            )
            yield f"{account}: can tell what exists ({there.status_code}, {missing.status_code}): {differs}"
    elif writes and line.place and account not in MANAGE_THE_PLACE:
        if not is_refused(there):
            yield f"{account}: got {there.status_code} at a place that they do not manage"
    elif writes and line.case and line.case not in about:
        if there.status_code not in (403, 409):
            yield f"{account}: got {there.status_code} for a write that is not theirs"
    elif line.area or (line.place and there.status_code == 404):
        return  # outside their area, or nothing was said of that day: the domain's own tests say which
    elif is_refused(there) and "/sign-in/" not in there.get("Location", ""):
        yield f"{account}: was refused ({there.status_code}) what is theirs"


def faults_of_headers(answer: Any) -> Iterator[str]:
    """Tell what is missing from the headers and cookies of an answer (S2)."""
    policy = answer.get("Content-Security-Policy", "")
    if "unsafe" in policy or "default-src 'none'" not in policy or "script-src 'self'" not in policy:
        yield f"policy {policy!r}"
    for name, value in {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "SAMEORIGIN",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
    }.items():
        if answer.get(name) != value:
            yield f"{name} {answer.get(name)!r}"
    for cookie in answer.cookies.values():
        if cookie["max-age"] == 0:
            continue  # taken away
        if not cookie["httponly"] or cookie["samesite"] not in ("Lax", "Strict") or cookie["domain"]:
            yield f"cookie {cookie.OutputString()}"


def asked(
    client: Client, world: World, account: str, method: str, pattern: str, **more: Any
) -> tuple[Any, Any]:
    """Try an address with what is there and with what is not; the same address is tried once."""
    addresses = [world.address(pattern, account, exists=exists) for exists in (True, False)]
    there = tried(client, method, addresses[0], **more)
    return there, there if addresses[0] == addresses[1] else tried(client, method, addresses[1], **more)


class TestPages:
    @pytest.mark.article("S1", "A5", "P26(4)", "P27(4)")
    @pytest.mark.parametrize("quarter", range(4))
    def test_answer_each_role_as_their_line_says(self, world: World, quarter: int) -> None:
        faults = []
        for account in list(PEOPLE)[quarter::4]:
            client = Client()
            client.force_login(Person.objects.get(account=account))
            for name, pattern in pages():
                if access.PAGES[name].who == access.PUBLIC and account != "clerk.520103":
                    continue  # nobody at all is tried below
                for method in ("GET", "POST"):
                    more: dict[str, Any] = {"data": FORM, "content_type": "application/x-www-form-urlencoded"}
                    if method == "POST" and name in ("sign_out", "my_sign_out"):
                        continue  # it would end the session that tries
                    if name == "case_scan":
                        more = {"data": multipart("files"), "content_type": MULTIPART_CONTENT}
                    more = more if method == "POST" else {}
                    there, missing = asked(client, world, account, method, pattern, **more)
                    faults += [f"{method} {name}: {fault}" for fault in faults_of_headers(there)]
                    writes = method == "POST"
                    found = faults_of(
                        access.PAGES[name], account, there=there, missing=missing, writes=writes
                    )
                    faults += [f"{method} {name}: {fault}" for fault in found]
        assert faults == [], "\n".join(faults)

    @pytest.mark.article("S1")
    def test_answer_nobody_but_with_what_is_public(self, world: World) -> None:
        faults = []
        for name, pattern in pages():
            public = access.PAGES[name].who == access.PUBLIC
            for method in ("GET", "POST"):
                answers = [
                    tried(Client(), method, world.address(pattern, "", exists=exists))
                    for exists in (True, False)
                ]
                shut = all(is_refused(a) for a in answers)
                if answers[0].status_code != 405 and not public and not shut:
                    faults.append(f"{method} {name}: {answers[0].status_code}")
                if answers[0].status_code != answers[1].status_code and not access.PAGES[name].area:
                    faults.append(f"{method} {name} tells nobody what exists")
        assert faults == []

    @pytest.mark.article("S1")
    def test_ask_an_applicant_or_nobody_the_same(self, world: World) -> None:
        """A browser with a session of no staff member gets no further than one without."""
        client = Client()
        session = client.session
        session["anything"] = "of the portal's"
        session.save()
        for name, pattern in pages():
            if access.PAGES[name].who in (access.PUBLIC, access.APPLICANT):
                continue
            answer = tried(client, "GET", world.address(pattern, "", exists=True))
            assert is_refused(answer) or answer.status_code == 405, name


class TestOperations:
    @pytest.mark.article("S1", "A5")
    @pytest.mark.parametrize("quarter", range(4))
    def test_answer_each_role_as_their_line_says(self, world: World, quarter: int) -> None:
        faults = []
        for account in list(PEOPLE)[quarter::4]:
            token = people.issue_token(Person.objects.get(account=account), at=directory.now())
            for operation, method, path in operations():
                headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid.uuid4())}
                sent: dict[str, Any] = {
                    "data": json.dumps(body(operation, account)),
                    "content_type": "application/json",
                }
                if operation in ("addScan", "addFormFile", "addResultFile"):
                    sent = {"data": multipart("file"), "content_type": MULTIPART_CONTENT}
                there, missing = asked(Client(), world, account, method, path, headers=headers, **sent)
                line, writes = access.OPERATIONS[operation], method != "GET"
                found = faults_of(line, account, there=there, missing=missing, writes=writes)
                faults += [f"{operation}: {fault}" for fault in found]
        assert faults == [], "\n".join(faults)

    @pytest.mark.article("S1")
    def test_answer_nobody(self, world: World) -> None:
        for operation, method, path in operations():
            answer = tried(Client(), method, world.address(path, "", exists=True))
            is_public = access.OPERATIONS[operation].who == access.PUBLIC
            assert is_public != (answer.status_code == 401), operation


# A body that an operation can read, so that the answer is about who asks; `{}` for all others.
BODIES: dict[str, dict[str, Any]] = {
    "takeStep": {"revision": 0},
    "revealIdentity": {"what": "identity", "purpose": "核对申请人身份"},
    "addMaterial": {"name": "户口簿"},
    "prepareNotice": {"kind": "receipt"},
    "setDay": {"is_working": False, "reason": "三月三", "source": "示例通知"},
}


def body(operation: str, account: str) -> dict[str, Any]:
    step = STEP_OF.get(account, "recall")
    more = {"withdraw": {"reason": "x"}, "recall": {"reason": "x"}, "give_opinion": {"opinion": "x"}}[step]
    return BODIES.get(operation, {}) | (more if operation == "takeStep" else {})
