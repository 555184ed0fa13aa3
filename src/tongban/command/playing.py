"""What every play of `tongban demo` needs: people with tokens, steps told as they are taken, sheets to hand in."""

import datetime
import io
import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from PIL import Image, ImageDraw

from tongban.command import token
from tongban.command.problems import Problem
from tongban.directory import queries as directory
from tongban.kernel import worktime

HOME_PLACE = "510107000000"  # 成都市武侯区; the matter's level makes it Chengdu's window
MATTER, PROCEDURE, CIRCUMSTANCE = "换驾照", "机动车驾驶证换证", "expired"
APPLICANT, IDENTITY, PHONE = "测试甲", "11010519491231002X", "13800000000"
_ANSWERS = {"number": "1", "date": "2026-01-15", "identity_number": IDENTITY, "phone": PHONE}
_ANSWERS |= {"address": "520103000000 示例路1号"}


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
class Play(ABC):
    """A case as it goes: which one, how many steps so far, where the PDFs are."""

    http: httpx.Client
    folder: Path
    pdfs: list[Path] = field(default_factory=list)
    number: str = ""
    count: int = 0

    @abstractmethod
    def all(self) -> None:
        """Play everything, in order."""

    def look_up(self, by: Person) -> dict[str, Any]:
        """Find the matter in everyday words, and the standard of the place that decides."""
        items = by.get("/items", q=MATTER)
        procedures = [p for item in items for p in item["procedures"] if p["name"] == PROCEDURE]
        if not procedures:
            raise Problem(f"The catalogue does not offer {PROCEDURE}: run `tongban seed`.")
        self.procedure = procedures[0]["id"]
        standard: dict[str, Any] = by.get(f"/procedures/{self.procedure}/standard", home=HOME_PLACE)
        print(f"“{MATTER}” → {PROCEDURE}；由{standard['window']['name']}办理（P7），")
        print(f"法定时限 {standard['legal_limit']} 个工作日，承诺 {standard['promised_limit']} 个工作日。")
        return standard

    def path(self, rest: str) -> str:
        return f"/cases/{self.number}{rest}"

    def step(self, by: Person, name: str, **values: Any) -> None:
        """Take a step with the revision that was just seen."""
        case = by.get(self.path(""))
        steps = {s["name"]: s for s in case["steps"]}
        if name not in steps:
            raise Problem(f"{name} is not among the steps open to {by.name} now: {', '.join(steps)}.")
        done = by.send("POST", self.path(f"/steps/{name}"), {"revision": case["revision"], **values})
        self.tell(steps[name]["label"], steps[name]["article"], by.place, done)

    def tell(self, label: str, article: str, place: str, case: Mapping[str, Any]) -> None:
        """Print what was done, by whom, under which article, and what is due next until when."""
        self.count += 1
        print(f"{self.count:>4}. {label}（{article}）  {place}")
        print(f"      {case['progress']}")
        clock = case["clock"]
        if clock:
            due = "依法暂停计时"
            if clock["due_at"]:
                at = datetime.datetime.fromisoformat(clock["due_at"]).astimezone(worktime.BEIJING)
                due = f"{at:%Y-%m-%d %H:%M} 前"
            print(f"      下一步：{clock['bearer']} {clock['label']}（{clock['article']}），{due}")


def answer_to(row: Mapping[str, Any]) -> str:
    if row["type"] == "choice":
        return str(row["choices"][0])
    return _ANSWERS.get(row["type"], "示例内容")


def drawn(number: str, key: str, kind: str = "PNG") -> bytes:
    """Draw a sheet that looks scanned: lines of text, plainly a sample; as a picture or as a PDF."""
    sheet = Image.new("RGB", (1240, 1754), "#fbfaf6")
    pen = ImageDraw.Draw(sheet)
    pen.rectangle((60, 60, 1180, 1694), outline="#9aa4ad", width=3)
    for line in range(16):
        y = 320 + line * 78
        pen.line((140, y, 1100 - (line * 53) % 260, y), fill="#c3c9cf", width=4)
    pen.text((140, 140), f"SAMPLE  {number}\n{key}", fill="#33404d", font_size=56)
    out = io.BytesIO()
    sheet.save(out, kind)
    return out.getvalue()
