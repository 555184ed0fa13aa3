"""The clerks: programs and people who lead cases from receipt to delivery and note what was acknowledged."""

import datetime
import hashlib
import io
import random
import re
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from tests.fire.line import Line, Tally, Unlawful
from tests.journeys.product import PASSWORD

RECEIVERS = ("clerk.520103", "clerk.520102", "clerk.520111", "clerk.520112", "clerk.520113")
HOME, APPROVER, MANAGER = "clerk.510100", "approver.510100", "manager.510100"
HOME_CODE, MANAGED = "510107000000", "510100000000"
MATTER, PROCEDURE, CIRCUMSTANCE = "换驾照", "机动车驾驶证换证", "expired"
WAYBILL = "1234567890123"
APPLICANT = {"name": "测试甲", "identity": "11010519491231002X", "phone": "13800000000"}
ANSWERS = {"vehicle_class": "C1", "expires_on": "2026-12-31"}
ADDRESS = "贵州省贵阳市云岩区示例路1号"
KEY = re.compile(r'name="_key" value="([^"]+)"')
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass
class Acknowledged:
    """What the product has said yes to about one case."""

    number: str
    steps: list[str] = field(default_factory=lambda: ["open"])
    scans: dict[str, str] = field(default_factory=dict)  # name of the file → SHA-256 of its pixels
    notices: list[str] = field(default_factory=list)  # serial numbers
    contact_name: str = ""


@dataclass
class Situation:
    """What everybody shares: where, until when, with which tokens, and what was seen."""

    address: str
    tokens: Mapping[str, str]
    procedure_id: int
    tally: Tally
    is_over: threading.Event
    seed: int


class Clerk(threading.Thread):
    """One who works until the fire is over; `broken` says what the product did wrong."""

    def __init__(self, situation: Situation, number: int) -> None:
        super().__init__(name=f"{type(self).__name__} {number}", daemon=True)
        self.situation = situation
        self.chance = random.Random(f"{situation.seed}.{type(self).__name__}.{number}")
        self.account = RECEIVERS[number % len(RECEIVERS)]
        self.cases: list[Acknowledged] = []
        self.finished = 0
        self.broken = ""
        self.calm = True  # nobody cuts a line before the fire begins

    def run(self) -> None:
        try:
            self.calm = False
            while not self.situation.is_over.is_set():
                if self.lead():
                    self.finished += 1
        except Unlawful as error:
            self.broken = f"{self.name}: {error}"
        except Exception as error:  # whatever ended a clerk must reach the report
            self.broken = f"{self.name}: {type(error).__name__}: {error}"

    def begin(self) -> None:
        """Get ready to work, before the fire begins."""

    def lead(self) -> bool:
        """Do one piece of work; False when the fire ended before it was done."""
        raise TypeError(f"{type(self).__name__} does not say what its work is")

    def line(self, account: str = "") -> Line:
        """Give a line: a program's with the account's token, a browser's without."""
        headers = {"Authorization": f"Bearer {self.situation.tokens[account]}"} if account else None
        s = self.situation
        return Line(s.address, tally=s.tally, chance=self.chance, is_calm=lambda: self.calm, headers=headers)

    def picture(self) -> tuple[str, bytes, str]:
        """Draw a sheet that nobody has drawn before: its file name, its bytes, the digest of its pixels."""
        side = self.chance.randint(40, 90)
        pixels = self.chance.randbytes(side * side * 3)
        out = io.BytesIO()
        Image.frombytes("RGB", (side, side), pixels).save(out, "PNG")
        return f"{uuid.uuid4().hex}.png", out.getvalue(), hashlib.sha256(pixels).hexdigest()

    @property
    def is_over(self) -> bool:
        return self.situation.is_over.is_set()


class Program(Clerk):
    """Works through the API, as two windows with programs of their own would."""

    def begin(self) -> None:
        self.receiver, self.home = self.line(self.account), self.line(HOME)

    def write(self, line: Line, method: str, path: str, body: Any = None, **more: Any) -> Any:
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        if body is not None:
            more["json"] = body
        answer = line.send(method, f"/api/v1{path}", fine=(200, 201), headers=headers, **more)
        return answer.json()

    def lead(self) -> bool:
        number = self.write(self.receiver, "POST", "/cases", {})["number"]
        case = Acknowledged(number)
        self.cases.append(case)
        return self._enter(case) and self._take(case, self._way())

    def _enter(self, case: Acknowledged) -> bool:
        path, procedure = f"/cases/{case.number}", self.situation.procedure_id
        matter = {"procedure_id": procedure, "home_code": HOME_CODE, "circumstance": CIRCUMSTANCE}
        self.write(self.receiver, "POST", f"{path}/choose", matter)
        entered = {**APPLICANT, "is_identity_checked": True, "form": ANSWERS, "channel": "online"}
        entered |= {"contact_name": "测试甲", "delivery_way": "post", "delivery_address": ADDRESS}
        self.write(self.receiver, "PATCH", path, entered)
        for n in range(self.chance.randint(1, 3)):
            name = f"联系人{n}{self.chance.randint(0, 999)}"
            self.write(self.receiver, "PATCH", path, {"contact_name": name})
            case.contact_name = name
        shown = self.receiver.send("GET", f"/api/v1{path}", fine=(200,)).json()
        for material in shown["materials"]:
            if self.is_over:
                return False
            name, content, pixels = self.picture()
            file = {"file": (name, content, "image/png")}
            self.write(self.receiver, "POST", f"{path}/materials/{material['key']}/scans", files=file)
            case.scans[name] = pixels
            self.write(self.receiver, "PATCH", f"{path}/materials/{material['key']}", {"verdict": "passed"})
        return True

    def _way(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Choose what becomes of the case: who takes which step."""
        until = (datetime.date.today() + datetime.timedelta(days=10)).isoformat()
        begin: list[tuple[str, str, dict[str, Any]]] = [
            ("receiver", "receive", {}),
            ("receiver", "send", {}),
            ("home", "confirm_arrival", {"found": True}),
        ]
        end: list[tuple[str, str, dict[str, Any]]] = [
            ("home", "tell_result", {"told_by": "phone"}),
            ("home", "post_result", {"waybill": WAYBILL}),
            ("home", "confirm_delivery", {"received_by": "测试甲"}),
            ("home", "close", {}),
        ]
        stop = {"reason": "hearing", "note": "听证", "expected_on": until}
        return self.chance.choice(
            [
                [*begin, ("home", "accept", {}), ("home", "grant", {"result_name": "驾驶证"}), *end],
                [
                    *begin,
                    ("home", "accept", {}),
                    ("home", "suspend", stop),
                    ("home", "resume", {}),
                    ("home", "refuse", {"reason": "不符合条件", "remedies": "可申请行政复议"}),
                    *end,
                ],
                [*begin, ("home", "return_case", {"reason": "填写有误"})],
                [*begin, ("home", "accept", {})],
            ]
        )

    def _take(self, case: Acknowledged, way: list[tuple[str, str, dict[str, Any]]]) -> bool:
        for part, name, values in way:
            if self.is_over:
                return False
            line: Line = getattr(self, part)
            shown = line.send("GET", f"/api/v1/cases/{case.number}", fine=(200,)).json()
            if values.get("found"):
                sheets = shown["transfers"][-1]["sheets"]
                values = {"found": [{"key": s["key"], "finding": "ok", "originals": 0} for s in sheets]}
            body = {"revision": shown["revision"], **values}
            done = self.write(line, "POST", f"/cases/{case.number}/steps/{name}", body)
            case.steps.append(name)
            if done.get("notice"):
                case.notices.append(done["notice"]["serial"])
        return True


class Person(Clerk):
    """Works on the pages, as a browser without script would: signs in, posts forms, follows where they lead."""

    def begin(self) -> None:
        self.receiver, self.home = self.line(), self.line()
        for line, account in ((self.receiver, self.account), (self.home, HOME)):
            page = line.send("GET", "/desk/sign-in/", fine=(200,)).text
            form = {"username": account, "password": PASSWORD, **_hidden(page)}
            line.send("POST", "/desk/sign-in/", fine=(302,), data=form)

    def lead(self) -> bool:
        page = self.receiver.send("GET", "/desk/receive/", fine=(200,)).text
        answer = self.receiver.send("POST", "/desk/receive/", fine=(302,), data=_hidden(page))
        case = Acknowledged(answer.headers["location"].rstrip("/").rsplit("/", 1)[1])
        self.cases.append(case)
        return self._enter(case) and self._receive(case) and self._decide(case)

    def _save(self, case: Acknowledged, data: Mapping[str, Any], **more: Any) -> str:
        """Post the form of the receive page once; gives where it leads."""
        path = f"/desk/receive/{case.number}/"
        secret = TOKEN.search(self.receiver.send("GET", path, fine=(200,)).text)
        assert secret, f"{path} has no form"
        form = {"csrfmiddlewaretoken": secret[1], "_key": str(uuid.uuid4()), **data}
        answer = self.receiver.send("POST", f"{path}save/", fine=(302,), data=form, **more)
        return str(answer.headers["location"])

    def _enter(self, case: Acknowledged) -> bool:
        self._save(case, {"do": f"procedure:{self.situation.procedure_id}"})
        place = {"province": "510000000000", "city": MANAGED, "county": HOME_CODE}
        self._save(case, {**place, "circumstance": CIRCUMSTANCE})
        self._save(case, {"circumstance": CIRCUMSTANCE})
        name = f"窗口录入{self.chance.randint(0, 999)}"
        self._save(case, {**APPLICANT, "contact_name": name})
        case.contact_name = name
        answers = {f"form.{key}": value for key, value in ANSWERS.items()}
        delivery = {"channel": "online", "delivery_way": "post", "delivery_address": ADDRESS}
        self._save(case, {"is_identity_checked": "true", **answers, **delivery})
        page = self.receiver.send("GET", f"/desk/receive/{case.number}/", fine=(200,)).text
        keys = sorted(set(re.findall(r'value="pass:([\w-]+)"', page)))
        assert keys, "the page asks for no material"
        for key in keys:
            if self.is_over:
                return False
            file, content, pixels = self.picture()
            self._save(case, {"do": f"pass:{key}"}, files={f"files.{key}": (file, content, "image/png")})
            case.scans[file] = pixels
        return True

    def _receive(self, case: Acknowledged) -> bool:
        where = self._save(case, {"do": "receipt"})
        serial = where.rstrip("/").rsplit("/", 1)[1]
        page = self.receiver.send("GET", where, fine=(200,)).text
        form = page[page.index("/issue/") :]
        self.receiver.send("POST", f"{where}issue/", fine=(302,), data=_hidden(form))
        case.steps.append("receive")
        case.notices.append(serial)
        return not self.is_over

    def _decide(self, case: Acknowledged) -> bool:
        way: list[tuple[Line, str, dict[str, Any]]] = [
            (self.receiver, "send", {}),
            (self.home, "confirm_arrival", {"found": True}),
            (self.home, "accept", {}),
            (self.home, "grant", {"result_name": "驾驶证"}),
            (self.home, "tell_result", {"told_by": "phone"}),
        ]
        for line, name, values in way[: self.chance.randint(1, len(way))]:
            if self.is_over:
                return False
            page = line.send("GET", f"/desk/cases/{case.number}/", fine=(200,)).text
            form = page[page.index(f'data-step="{name}"') :]
            form = form[: form.index("</form>")]
            revision = re.search(r'name="revision" value="(\d+)"', form)
            assert revision
            data: dict[str, Any] = {**_hidden(form), "revision": revision[1], **values}
            if data.pop("found", None):
                sheets = re.findall(r'name="sheet" value="([^"]+)"', form)
                data |= {"sheet": sheets, **{f"finding.{key}": "ok" for key in sheets}}
            line.send("POST", f"/desk/cases/{case.number}/steps/{name}/", fine=(302,), data=data)
            case.steps.append(name)
        return True


class Manager(Clerk):
    """Changes the working days of a city again and again, so that clocks are moved by jobs."""

    def begin(self) -> None:
        self.manager = self.line(MANAGER)
        self.days_set = 0

    def lead(self) -> bool:
        on = datetime.date.today() + datetime.timedelta(days=self.chance.randint(1, 25))
        body = {"is_working": self.chance.random() < 0.5, "reason": "停班", "source": "市政府通告"}
        path = f"/api/v1/calendars/{MANAGED}/days/{on.isoformat()}"
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        self.manager.send("PUT", path, fine=(200,), json=body, headers=headers)
        self.days_set += 1
        self.situation.is_over.wait(self.chance.uniform(1, 3))
        return True


def _hidden(page: str) -> dict[str, str]:
    """Read the hidden fields that a form sends along."""
    found = {"csrfmiddlewaretoken": TOKEN.search(page), "_key": KEY.search(page)}
    return {name: match[1] for name, match in found.items() if match}
