"""`tongban demo`: two cases over HTTP against the running product, one collected at a window, one wholly online.

This one does what two windows and a department would do with programs of their own: a bearer token for each, and an
idempotency key on every write. Only the tokens are made in the database. `demo_online` plays the other.
"""

import argparse
import datetime
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings

from tongban.cases.states import OPENING, STEPS
from tongban.command import demo_online, running
from tongban.command.playing import (
    APPLICANT,
    CIRCUMSTANCE,
    HOME_PLACE,
    IDENTITY,
    PHONE,
    Person,
    Play,
    answer_to,
    drawn,
)
from tongban.command.problems import Problem
from tongban.kernel import keyring
from tongban.notices import signature
from tongban.notices.operations import STEP_OF
from tongban.notices.wording import Kind

RECEIVER = "clerk.520103"  # 贵阳市云岩区
ADDRESS = "贵州省贵阳市云岩区示例路1号"
PAPER_WAYBILL, RESULT_WAYBILL = "1234567890123", "1234567890124"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what `tongban demo` understands."""
    parser.add_argument(
        "--address", metavar="URL", help="where the product answers; default: the one that runs here"
    )
    parser.add_argument(
        "--folder", metavar="DIR", default="demo", help="where the PDFs are left; default %(default)s"
    )
    parser.add_argument(
        "--online", action="store_true", help="play only the case that is handled wholly online"
    )


def run(options: argparse.Namespace) -> int:
    """Play the cases, print each step, leave the PDFs, and verify them with the public key alone."""
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
        plays: list[Play] = [] if options.online else [Collected(http, folder)]
        plays.append(demo_online.Online(http, folder))
        for play in plays:
            play.all()
    return _verify([place for play in plays for place in play.pdfs])


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


@dataclass
class Collected(Play):
    """A case collected at one place for another: from the counter to the letter box."""

    def all(self) -> None:
        """Play everything, in order."""
        self.receiver = Person(self.http, RECEIVER)
        standard = self.look_up(self.receiver)
        six = standard["deciding_code"][:6]
        self.home = Person(self.http, f"clerk.{six}")
        self.department = Person(self.http, f"approver.{six}")
        self.take_in(standard)
        self.correct()
        self.transfer()
        self.decide()
        self.deliver()

    def take_in(self, standard: Mapping[str, Any]) -> None:
        """Open the case and enter everything; one paper is not in order."""
        case = self.receiver.send("POST", "/cases", {})
        self.number = case["number"]
        self.tell("登记", OPENING.article, self.receiver.place, case)
        matter = {"procedure_id": self.procedure, "home_code": HOME_PLACE, "circumstance": CIRCUMSTANCE}
        self.receiver.send("POST", self.path("/choose"), matter)
        fields = [f for f in standard["fields"] if not f["only_for"] or CIRCUMSTANCE in f["only_for"]]
        entered = {
            "name": APPLICANT,
            "identity": IDENTITY,
            "is_identity_checked": True,
            "contact_name": APPLICANT,
            "phone": PHONE,
            "form": {f["key"]: answer_to(f) for f in fields},
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
        file = {"file": (f"{material['key']}.png", drawn(self.number, material["key"]), "image/png")}
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
        self.tell(str(row.label), row.article, self.receiver.place, case)
        print(f"      {case['notice']['kind_name']} {preview['serial']} → {place}")

    def _file(self, notice: Mapping[str, Any]) -> bytes:
        return self.receiver.fetch(notice["pdf_url"].removeprefix("/api/v1"))


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
