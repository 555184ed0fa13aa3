"""The second part of `tongban demo`: one case wholly online (P22), from the portal to the download of the result.

The applicant uses the pages as a browser would: signs in by the code that practice shows, answers, sends, downloads.
The window that decides uses the API, and brings its own PDF as the result.
"""

import re
from collections.abc import Mapping
from typing import Any

import httpx

from tongban.cases.states import STARTING, STEPS, Step
from tongban.command.playing import CIRCUMSTANCE, HOME_PLACE, Person, Play, answer_to, drawn
from tongban.command.problems import Problem
from tongban.people import applicants

RECEIVER = "clerk.520103"  # only looks up what is asked
PROCEDURE = "015-1"
WHO = applicants.SAMPLES[0]
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_DIGITS = re.compile(r'id="practice-digits">(\d{6})<')
_DOCUMENT = re.compile(r"/apply/[0-9A-Z-]+/documents/[0-9A-Z-]+\.pdf")


class Visitor:
    """An applicant at the portal, who keeps cookies and sends forms as a browser does."""

    place = "西南五省专区"

    def __init__(self, address: str) -> None:
        self._http = httpx.Client(base_url=address, timeout=60, trust_env=False)
        self._token = ""

    def __enter__(self) -> "Visitor":
        self.sign_in()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._http.close()

    def sign_in(self) -> None:
        """Sign in by the code that the page shows in practice."""
        self.get("/sign-in/")
        shown = self.post("/sign-in/", {"step": "send", "phone": WHO.phone})
        digits = _DIGITS.search(shown.text)
        if digits is None:
            raise Problem(f"The portal sent no code to {WHO.phone}: the demo plays in practice mode only.")
        self.post("/sign-in/", {"step": "check", "phone": WHO.phone, "code": digits[1]})
        if "/my/identity/" in self.get("/my/account/").text:  # nobody has checked yet who they are
            self.post("/my/identity/", {"name": WHO.name, "identity": WHO.number})
            self.get("/my/account/")

    def get(self, path: str) -> httpx.Response:
        return self._seen(self._http.get(path), path)

    def post(
        self, path: str, data: Mapping[str, str], files: Mapping[str, Any] | None = None
    ) -> httpx.Response:
        headers = {"Referer": str(self._http.base_url.join(path))}
        sent = {"csrfmiddlewaretoken": self._token, **data}
        return self._seen(self._http.post(path, data=sent, files=files, headers=headers), path)

    def _seen(self, answer: httpx.Response, path: str) -> httpx.Response:
        if answer.is_error:
            raise Problem(f"{WHO.name} was refused at {path}: status {answer.status_code}")
        token = _TOKEN.search(answer.text) if "html" in answer.headers.get("content-type", "") else None
        self._token = token[1] if token else self._token
        return answer


class Online(Play):
    """A case without any way to a window: applied for, accepted, granted, downloaded."""

    def all(self) -> None:
        """Play everything, in order."""
        print("\n全程网办（P22）：")
        standard = self.look_up(Person(self.http, RECEIVER))
        self.home = Person(self.http, f"clerk.{standard['deciding_code'][:6]}")
        address = str(self.http.base_url).removesuffix("/").removesuffix("/api/v1")
        with Visitor(address) as self.visitor:
            self.apply(standard)
            self.step(self.home, "accept")
            licence = ("licence.pdf", drawn(self.number, "LICENCE", "PDF"), "application/pdf")
            self.home.send("POST", self.path("/result-file"), files={"file": licence})
            self.step(self.home, "grant", result_name="机动车驾驶证")
            self.step(self.home, "offer_online")
            self.fetch()
        self.step(self.home, "close")

    def apply(self, standard: Mapping[str, Any]) -> None:
        """Begin, answer what is asked, hand in each paper, send; keep the acknowledgement."""
        begun = self.visitor.post("/apply/", {"procedure": PROCEDURE, "home": HOME_PLACE})
        self.number = begun.headers["location"].split("/apply/")[1].split("/")[0]
        self.said(STARTING)
        questions = f"/apply/{self.number}/questions"
        self.visitor.post(f"{questions}/circumstance/", {"circumstance": CIRCUMSTANCE})
        for row in standard["fields"]:
            if not row["only_for"] or CIRCUMSTANCE in row["only_for"]:
                self.visitor.post(f"{questions}/form.{row['key']}/", {f"form.{row['key']}": answer_to(row)})
        for row in standard["materials"]:
            if not row["only_for"] or CIRCUMSTANCE in row["only_for"]:
                sheet = (f"{row['key']}.png", drawn(self.number, row["key"]), "image/png")
                self.visitor.post(f"{questions}/paper.{row['key']}/", {"do": "upload"}, {"files": sheet})
        self.visitor.post(f"/apply/{self.number}/send/", {})
        self.said(STEPS["submit"])
        self.keep("submission")

    def fetch(self) -> None:
        """Download the result: that is the proof of delivery."""
        self.visitor.post(f"/apply/{self.number}/download/", {})
        self.said(STEPS["download"])
        self.keep("result")

    def said(self, step: Step) -> None:
        """Print what the applicant did; what is due next is told once a window may see the case."""
        if step is STARTING:
            self.count += 1
            print(f"{self.count:>4}. {step.label}（{step.article}）  {Visitor.place}")
        else:
            self.tell(str(step.label), step.article, Visitor.place, self.home.get(self.path("")))

    def keep(self, kind: str) -> None:
        """Leave the document that the applicant's page offers first: the result once there is one."""
        found = _DOCUMENT.findall(self.visitor.get(f"/apply/{self.number}/").text)
        if not found:
            raise Problem(f"The page of {self.number} offers no document.")
        place = self.folder / f"{self.number}-{kind}.pdf"
        place.write_bytes(self.visitor.get(found[0]).content)
        self.pdfs.append(place)
        print(f"      {found[0].rsplit('/', 1)[1]} → {place}")
