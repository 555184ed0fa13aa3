"""`tongban demo`: one case from receipt to delivery, over HTTP against the running product.

It does what two windows and a department would do with programs of their own: a bearer token for each, and an
idempotency key on every write. Only the tokens are made in the database.
"""

import argparse
import datetime
import io
import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from PIL import Image, ImageDraw

from tongban.cases.states import OPENING, STEPS
from tongban.command import running, token
from tongban.command.problems import Problem
from tongban.directory import queries as directory
from tongban.kernel import keyring, worktime
from tongban.notices import signature
from tongban.notices.operations import STEP_OF
from tongban.notices.wording import Kind

RECEIVER = "clerk.520103"  # 贵阳市云岩区
HOME_PLACE = "510107000000"  # 成都市武侯区; the matter's level makes it Chengdu's window
MATTER, PROCEDURE, CIRCUMSTANCE = "换驾照", "机动车驾驶证换证", "expired"
APPLICANT, IDENTITY, PHONE = "测试甲", "11010519491231002X", "13800000000"
ADDRESS = "贵州省贵阳市云岩区示例路1号"
PAPER_WAYBILL, RESULT_WAYBILL = "1234567890123", "1234567890124"
_ANSWERS = {"number": "1", "date": "2026-01-15", "identity_number": IDENTITY, "phone": PHONE}
_ANSWERS |= {"address": "520103000000 示例路1号"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what `tongban demo` understands."""
    parser.add_argument(
        "--address", metavar="URL", help="where the product answers; default: the one that runs here"
    )
    parser.add_argument(
        "--folder", metavar="DIR", default="demo", help="where the PDFs are left; default %(default)s"
    )


def run(options: argparse.Namespace) -> int:
    """Play the case, print each step, leave the PDFs, and verify them with the public key alone."""
    state = running.state()
    address = (options.address or (state.address if state else settings.TONGBAN_ADDRESS)).rstrip("/")
    folder = Path(options.folder)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    with httpx.Client(base_url=f"{address}/api/v1", timeout=60, trust_env=False) as http:
        _check_it_answers(http, address)
        if not settings.TONGBAN_PRACTICE:
            raise Problem(
                "The demo makes up an applicant: it plays in practice mode only (TONGBAN_PRACTICE=1)."
            )
        folder.mkdir(parents=True, exist_ok=True)
        play = Play(http, folder)
        play.all()
    return _verify(play.pdfs)


def _check_it_answers(http: httpx.Client, address: str) -> None:
    try:
        answer = http.get(f"{address}/health/live")
    except httpx.HTTPError as error:
        raise Problem(
            f"Nothing answers at {address}: start the product with `make run`, or name --address."
        ) from error
    if answer.status_code != 200:
        raise Problem(
            f"What answers at {address} is not Tongban (status {answer.status_code}): name --address."
        )


class Person:
    """Somebody with a token of their own."""

    def __init__(self, http: httpx.Client, account: str) -> None:
        self._http = http
        secret = token.issued(account, at=directory.now(), days=1)
        self._headers = {"Authorization": f"Bearer {secret}"}
        self.name = account
        self.place = str(self.get("/me")["posts"][0]["place"])

    def get(self, path: str, **parameters: Any) -> Any:
        return self._said(self._http.get(path, params=parameters, headers=self._headers), path).json()

    def fetch(self, path: str) -> bytes:
        """Give a file, by the address that the API gave."""
        return self._said(self._http.get(httpx.URL(path).path, headers=self._headers), path).content

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None, **more: Any) -> Any:
        """Write, with a key of its own so that a repeat would change nothing."""
        headers = {**self._headers, "Idempotency-Key": str(uuid.uuid4())}
        answer = self._http.request(method, path, headers=headers, json=body, **more)
        return self._said(answer, path).json()

    def _said(self, answer: httpx.Response, path: str) -> httpx.Response:
        if answer.is_success:
            return answer
        try:
            said = answer.json()
            words = "；".join(dict.fromkeys([said["message"], *said["fields"].values()]))
        except (ValueError, KeyError):
            words = f"status {answer.status_code}"
        raise Problem(f"{self.name} was refused at {path}: {words}")


@dataclass
class Play:
    """The case as it goes: who acts, where the PDFs are."""

    http: httpx.Client
    folder: Path
    pdfs: list[Path] = field(default_factory=list)
    number: str = ""
    count: int = 0

    def all(self) -> None:
        """Play everything, in order."""
        self.receiver = Person(self.http, RECEIVER)
        standard = self.look_up()
        six = standard["deciding_code"][:6]
        self.home = Person(self.http, f"clerk.{six}")
        self.department = Person(self.http, f"approver.{six}")
        self.take_in(standard)
        self.correct()
        self.transfer()
        self.decide()
        self.deliver()

    def look_up(self) -> dict[str, Any]:
        """Find the matter in everyday words, and the standard of the place that decides."""
        items = self.receiver.get("/items", q=MATTER)
        procedures = [p for item in items for p in item["procedures"] if p["name"] == PROCEDURE]
        if not procedures:
            raise Problem(f"The catalogue does not offer {PROCEDURE}: run `tongban seed`.")
        self.procedure = procedures[0]["id"]
        standard: dict[str, Any] = self.receiver.get(
            f"/procedures/{self.procedure}/standard", home=HOME_PLACE
        )
        print(f"“{MATTER}” → {PROCEDURE}；由{standard['window']['name']}办理（P7），")
        print(f"法定时限 {standard['legal_limit']} 个工作日，承诺 {standard['promised_limit']} 个工作日。")
        return standard

    def take_in(self, standard: Mapping[str, Any]) -> None:
        """Open the case and enter everything; one paper is not in order."""
        case = self.receiver.send("POST", "/cases", {})
        self.number = case["number"]
        self.tell("登记", OPENING.article, self.receiver, case)
        matter = {"procedure_id": self.procedure, "home_code": HOME_PLACE, "circumstance": CIRCUMSTANCE}
        self.receiver.send("POST", self.path("/choose"), matter)
        fields = [f for f in standard["fields"] if not f["only_for"] or CIRCUMSTANCE in f["only_for"]]
        entered = {
            "name": APPLICANT,
            "identity": IDENTITY,
            "is_identity_checked": True,
            "contact_name": APPLICANT,
            "phone": PHONE,
            "form": {f["key"]: _answer(f) for f in fields},
            "channel": "online_paper",
            "delivery_way": "post",
            "delivery_address": ADDRESS,
        }
        self.receiver.send("PATCH", self.path(""), entered)
        self.materials = self.receiver.get(self.path(""))["materials"]
        for material in self.materials[1:]:
            self.scan(material)
            self.mark(material, {"verdict": "passed"})
        fault = {"verdict": "to_correct", "originals": 0, "advice": "申请表没有签名，请补签后交来"}
        self.mark(self.materials[0], fault)

    def correct(self) -> None:
        """Ask once for what is missing (form 1), take it, and receive the papers (form 2)."""
        self.form(Kind.CORRECTION, days=10)
        self.step(self.receiver, "bring_correction")
        self.scan(self.materials[0])
        self.mark(self.materials[0], {"verdict": "passed", "originals": 1})
        self.form(Kind.RECEIPT)

    def transfer(self) -> None:
        """Send the scans at once and the paper after them; the home window holds both against the list."""
        self.step(self.receiver, "send_with_paper")
        self.step(self.home, "confirm_arrival", found=self.found())
        self.step(self.receiver, "post_paper", waybill=PAPER_WAYBILL, carrier="邮政速递")
        self.step(self.home, "confirm_paper", found=self.found())

    def decide(self) -> None:
        """Accept, ask a department, stop the clock lawfully and let it run on, grant."""
        self.step(self.home, "accept")
        department = self.choices("hand_off", "department_id")[0][0]
        until = (self.today() + datetime.timedelta(days=7)).isoformat()
        self.step(
            self.home, "hand_off", department_id=int(department), until_on=until, request="请核验身体条件"
        )
        self.step(self.department, "give_opinion", opinion="符合规定条件")
        self.step(self.home, "suspend", reason="inspection", note="身体条件需复核", expected_on=until)
        self.step(self.home, "resume")
        self.step(self.home, "grant", result_name="机动车驾驶证")

    def deliver(self) -> None:
        """Tell the result, post it, prove that it arrived, close."""
        self.step(self.home, "tell_result", told_by="phone")
        self.step(self.home, "post_result", waybill=RESULT_WAYBILL, carrier="邮政速递")
        self.step(self.home, "confirm_delivery", received_by=APPLICANT)
        self.step(self.home, "close")

    def path(self, rest: str) -> str:
        return f"/cases/{self.number}{rest}"

    def today(self) -> datetime.date:
        """Give the day that it is for the product."""
        return datetime.datetime.fromisoformat(self.home.get("/me")["now"]).date()

    def choices(self, step: str, name: str) -> list[list[str]]:
        """Give what a step lets one choose from for one of its fields."""
        steps = {s["name"]: s for s in self.home.get(self.path(""))["steps"]}
        rows: list[list[str]] = next(a for a in steps[step]["asks"] if a["name"] == name)["choices"]
        return rows

    def found(self) -> list[dict[str, Any]]:
        """Find every sheet of what is under way as the list says."""
        under_way = [t for t in self.home.get(self.path(""))["transfers"] if not t["arrived_at"]]
        names = ("key", "originals", "copies")
        return [{**{n: sheet[n] for n in names}, "finding": "ok"} for sheet in under_way[-1]["sheets"]]

    def mark(self, material: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        self.receiver.send("PATCH", self.path(f"/materials/{material['key']}"), found)

    def scan(self, material: Mapping[str, Any]) -> None:
        """Bring a scan of a material, drawn for the occasion."""
        file = {"file": (f"{material['key']}.png", _drawn(self.number, material["key"]), "image/png")}
        self.receiver.send("POST", self.path(f"/materials/{material['key']}/scans"), files=file)

    def form(self, kind: Kind, **wanted: int) -> None:
        """Preview a form, issue it with its step, and leave its PDF; the two are the same bytes."""
        row = STEPS[STEP_OF[kind]]
        preview = self.receiver.send("POST", self.path("/notices"), {"kind": kind, **wanted})
        seen = self._file(preview)
        case = self.receiver.send("POST", self.path(f"/notices/{preview['serial']}/issue"))
        if self._file(case["notice"]) != seen:
            raise Problem("The form that was issued is not the one that was previewed.")
        place = self.folder / f"{self.number}-{kind}.pdf"
        place.write_bytes(seen)
        self.pdfs.append(place)
        self.tell(str(row.label), row.article, self.receiver, case)
        print(f"      {case['notice']['kind_name']} {preview['serial']} → {place}")

    def _file(self, notice: Mapping[str, Any]) -> bytes:
        return self.receiver.fetch(notice["pdf_url"].removeprefix("/api/v1"))

    def step(self, by: Person, name: str, **values: Any) -> None:
        """Take a step with the revision that was just seen."""
        case = by.get(self.path(""))
        steps = {s["name"]: s for s in case["steps"]}
        if name not in steps:
            raise Problem(f"{name} is not among the steps open to {by.name} now: {', '.join(steps)}.")
        done = by.send("POST", self.path(f"/steps/{name}"), {"revision": case["revision"], **values})
        self.tell(steps[name]["label"], steps[name]["article"], by, done)

    def tell(self, label: str, article: str, by: Person, case: Mapping[str, Any]) -> None:
        """Print what was done, by whom, under which article, and what is due next until when."""
        self.count += 1
        print(f"{self.count:>4}. {label}（{article}）  {by.place}")
        print(f"      {case['progress']}")
        clock = case["clock"]
        if clock:
            due = "依法暂停计时"
            if clock["due_at"]:
                at = datetime.datetime.fromisoformat(clock["due_at"]).astimezone(worktime.BEIJING)
                due = f"{at:%Y-%m-%d %H:%M} 前"
            print(f"      下一步：{clock['bearer']} {clock['label']}（{clock['article']}），{due}")


def _answer(row: Mapping[str, Any]) -> str:
    if row["type"] == "choice":
        return str(row["choices"][0])
    return _ANSWERS.get(row["type"], "示例内容")


def _drawn(number: str, key: str) -> bytes:
    """Draw a sheet that looks scanned: lines of text, plainly a sample."""
    sheet = Image.new("RGB", (1240, 1754), "#fbfaf6")
    pen = ImageDraw.Draw(sheet)
    pen.rectangle((60, 60, 1180, 1694), outline="#9aa4ad", width=3)
    for line in range(16):
        y = 320 + line * 78
        pen.line((140, y, 1100 - (line * 53) % 260, y), fill="#c3c9cf", width=4)
    pen.text((140, 140), f"SAMPLE  {number}\n{key}", fill="#33404d", font_size=56)
    out = io.BytesIO()
    sheet.save(out, "PNG")
    return out.getvalue()


def _verify(pdfs: list[Path]) -> int:
    """Verify the forms as anybody could who has the files and the published key."""
    public = keyring.current().public_pem
    for place in pdfs:
        try:
            said = signature.verify_file(place.read_bytes(), public)
        except signature.NotGenuine:
            print(f"NOT GENUINE: {place}")
            return 1
        print(f"离线核验为真：{place}（{said.kind}，{said.issued_at:%Y-%m-%d %H:%M}）")
    return 0
