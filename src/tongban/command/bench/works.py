"""The pieces of work that are measured: what programs and people do over HTTP, and two that need no HTTP."""

import functools
import io
import time
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from PIL import Image, ImageDraw

from tongban.command import demo, playing
from tongban.command.bench import clients, copies, findings, lives
from tongban.command.bench.products import Product
from tongban.documents import operations as documents
from tongban.kernel import ids
from tongban.notices import pdf
from tongban.notices.wording import FormData, Kind, Material

CLIENTS = findings.CLIENTS
SCAN_BYTES = 300_000
RECEIVED = """
    SELECT c.id, w.division_id, c.revision, c.channel FROM cases_case c
      JOIN directory_window w ON w.id = c.receiving_window_id
     WHERE c.state = 'received' ORDER BY c.id DESC LIMIT %s
"""


def opening(product: Product) -> list[clients.Work]:
    """Give work that opens a case, for each client at a window of its own."""
    programs = [product.program(f"clerk.{six}") for six in _windows(product)]
    return [functools.partial(_open, program) for program in programs]


def _open(program: clients.Program) -> None:
    program.send("POST", "/cases", {})


def _windows(product: Product) -> list[str]:
    rows = product.rows(
        "SELECT left(division_id, 6) FROM directory_window WHERE is_open ORDER BY division_id LIMIT %s",
        [CLIENTS],
    )
    return [str(six) for (six,) in rows]


class Stepping:
    """A client that takes a step again and again on a case of its own: how the papers travel is changed."""

    def __init__(self, product: Product, row: Sequence[Any]) -> None:
        case_id, code, self.revision, channel = row
        self.case_id = int(case_id)
        self._path = f"/cases/{ids.number_of(self.case_id)}/steps/choose_channel"
        self._program = product.program(f"clerk.{str(code)[:6]}")
        self._ways = ("online", "post") if channel == "post" else ("post", "online")
        self._taken = 0

    def __call__(self) -> None:
        """Take the step once more."""
        body = {"revision": self.revision, "channel": self._ways[self._taken % 2]}
        self.revision = self._program.send("POST", self._path, body)["revision"]
        self._taken += 1


def stepping(product: Product) -> list[Stepping]:
    """Give work that takes a step, for each client on a case of its own."""
    return [Stepping(product, row) for row in product.rows(RECEIVED, [CLIENTS])]


class Journey:
    """One applicant at the counter, through the API: opened, entered, three scans, papers found in order, received."""

    def __init__(self, product: Product, six: str, scans: Sequence[bytes]) -> None:
        self._program = product.program(f"clerk.{six}")
        self._scans = scans
        self._procedure = product.rows(
            "SELECT id FROM catalogue_procedure WHERE name = %s", [playing.PROCEDURE]
        )[0][0]
        path = f"/procedures/{self._procedure}/standard?home={playing.HOME_PLACE}"
        self._fields = [
            f
            for f in self._program.read(path)["fields"]
            if not f["only_for"] or playing.CIRCUMSTANCE in f["only_for"]
        ]

    def __call__(self) -> None:
        """Take one applicant in, from nothing to the receipt as a signed PDF."""
        program = self._program
        case = program.send("POST", "/cases", {})
        path = f"/cases/{case['number']}"
        chosen = {"home_code": playing.HOME_PLACE, "circumstance": playing.CIRCUMSTANCE}
        program.send("POST", f"{path}/choose", {"procedure_id": self._procedure, **chosen})
        case = program.send("PATCH", path, self._entered())
        materials = program.read(path)["materials"]
        for material, scan in zip(materials, self._scans, strict=False):
            program.send("POST", f"{path}/materials/{material['key']}/scans", None, file=("scan.jpg", scan))
        for material in materials:
            program.send("PATCH", f"{path}/materials/{material['key']}", {"verdict": "passed"})
        program.send("POST", f"{path}/steps/receive", {"revision": case["revision"]})

    def _entered(self) -> Mapping[str, Any]:
        answers = {
            f["key"]: f["choices"][0] if f["type"] == "choice" else lives.answer(f["type"])
            for f in self._fields
        }
        return {
            "name": lives.NAME,
            "identity": lives.IDENTITY,
            "is_identity_checked": True,
            "contact_name": lives.NAME,
            "phone": lives.PHONE,
            "form": answers,
            "channel": "online",
            "delivery_way": "post",
            "delivery_address": demo.ADDRESS,
        }


def journeys(product: Product) -> list[clients.Work]:
    """Give whole journeys, one for each client."""
    scans = [scan_of(n) for n in range(3)]
    return [Journey(product, six, scans) for six in _windows(product)]


def scan_of(number: int) -> bytes:
    """Draw a page of paper as a scanner gives it, a JPEG of about 300 KB: grain, lines of text, a stamp."""
    chance = Random(number)
    page = Image.effect_noise((1240, 1754), 22).convert("RGB")
    pen = ImageDraw.Draw(page)
    for line in range(60):
        for word in range(12):
            left = 90 + word * 88 + chance.randrange(18)
            pen.rectangle(
                (left, 90 + line * 26, left + chance.randrange(20, 70), 100 + line * 26), fill=(40, 40, 45)
            )
    pen.ellipse((820, 1380, 1080, 1640), outline=(200, 30, 30), width=9)
    best = b""
    for quality in range(90, 20, -6):
        out = io.BytesIO()
        page.save(out, format="JPEG", quality=quality)
        best = out.getvalue()
        if len(best) <= SCAN_BYTES:
            break
    return best


def scan_cost(number: int) -> float:
    """Take in a scan that was never seen, and give the milliseconds of processor time."""
    data = scan_of(1000 + number)
    at = lives.FIRST_MONDAY
    begin = time.process_time()
    documents.prepare_scan(data, name="scan.jpg", case_id=None, by_id=None, at=at)
    return (time.process_time() - begin) * 1000


def notice_cost(number: int) -> float:
    """Draw and sign a receipt, and give the milliseconds of processor time."""
    data = _form(number)
    begin = time.process_time()
    pdf.draw(data)
    return (time.process_time() - begin) * 1000


def _form(number: int) -> FormData:
    at = lives.FIRST_MONDAY
    return FormData(
        kind=Kind.RECEIPT,
        serial=ids.new_id(at),
        case_id=ids.new_id(at),
        number=ids.number_of(ids.new_id(at)),
        opened_at=at,
        receiving_window="贵阳市南明区政务服务大厅“跨省通办”窗口",
        home_window="成都市武侯区政务服务大厅“跨省通办”窗口",
        applicant=f"测试{number}",
        item="机动车驾驶证换证",
        statutory_item="机动车驾驶证核发、审验",
        contact="测试乙",
        phone=lives.PHONE,
        legal_limit=20,
        promised_limit=1,
        materials=(Material("居民身份证", 1, 0), Material("机动车驾驶证", 0, 1), Material("照片", 1, 1)),
        clerk="测试丙",
        issued_at=at,
        window_phone="0851-85810000",
    )


# So many that none is asked for as often as a number's own limit allows. Who asks has the identity number in hand; here
# its end is read off the masked one.
PUBLIC_NUMBERS = """
    SELECT case_id, right(identity_masked, 4) FROM cases_caseapplicant
     WHERE length(identity_masked) = 18 ORDER BY case_id DESC LIMIT 4000
"""
ITEM_PAGE = f"/items/15/?here=520103000000&home={playing.HOME_PLACE}"


class Visitor:
    """One of the public at the portal, who comes from another address each time; the next one has other numbers.

    The product counts what it is asked by address and by number. A bench has one address, so it stands where the
    proxy of an installation stands and says whom it brings; the product's limits hold as they are.
    """

    def __init__(self, product: Product, place: int) -> None:
        self._client, self._place, self._asked = clients.Client(product.port), place, 0
        rows = product.rows(PUBLIC_NUMBERS)[place::CLIENTS]
        self._numbers = [(ids.number_of(case_id), tail) for case_id, tail in rows]
        self._form, self._cookie = self._client.form("/progress/")

    def page(self, path: str) -> clients.Work:
        """Give the work of opening a page."""
        return lambda: _none(self._client.get(path))

    def ask(self) -> None:
        """Ask for the progress of a case, as with the receipt in hand."""
        number, tail = self._numbers[self._asked % len(self._numbers)]
        self._asked += 1
        said = {"csrfmiddlewaretoken": self._form, "number": number, "tail": tail}
        address = f"10.{self._place}.{self._asked // 250 % 250}.{self._asked % 250}"
        self._client.post("/progress/", said, Cookie=self._cookie, X_Forwarded_For=address)


class Reading:
    """What one clerk reads, and what one of the public does: each page and query as work."""

    def __init__(self, product: Product, six: str, *, place: int) -> None:
        person, visitor = 17 * place, Visitor(product, place)
        self._person, self._program = product.person(f"clerk.{six}"), product.program(f"clerk.{six}")
        window = product.rows("SELECT id FROM directory_window WHERE division_id = %s", [f"{six}000000"])[0][
            0
        ]
        newest = product.rows(
            "SELECT id FROM cases_case WHERE receiving_window_id = %s ORDER BY id DESC LIMIT 40", [window]
        )
        number = ids.number_of(newest[len(newest) // 2][0])
        identity = copies.identity_of(person)
        self.works: dict[str, clients.Work] = {
            "today page": self._page("/desk/"),
            "window queue (API)": self._query("/incoming"),
            "newest cases": self._page("/desk/search/"),
            "search by name": self._page("/desk/search/?q=%E7%8E%8B"),
            "search by number": self._page(f"/desk/search/?q={number}"),
            "search by identity (API)": functools.partial(self._search, identity),
            "progress of a case (API)": self._query(f"/cases/{number}"),
            "case page": self._page(f"/desk/cases/{number}/"),
            "window page": self._page("/desk/window/"),
            "calendar page": self._page("/desk/calendar/"),
            "public: home page": visitor.page("/"),
            "public: item between two places": visitor.page(ITEM_PAGE),
            "public: progress by number": visitor.ask,
        }

    def _page(self, path: str) -> clients.Work:
        return lambda: _none(self._person.get(path))

    def _search(self, words: str) -> None:
        self._program.send("POST", "/cases/search", {"q": words})

    def _query(self, path: str) -> clients.Work:
        return lambda: _none(self._program.read(path))


def _none(_answer: object) -> None:
    return None


QUEUES = """
    SELECT left(w.division_id, 6) FROM directory_window w
      JOIN (SELECT bearer_id, count(*) AS owed FROM duties_duty
             WHERE bearer_kind = 'window' AND done_at IS NULL GROUP BY bearer_id) d ON d.bearer_id = w.id
     WHERE EXISTS (SELECT 1 FROM cases_case c WHERE c.receiving_window_id = w.id)
       AND right(w.division_id, 6) = '000000'
"""


def readers(product: Product, *, owed: int | None) -> list[Reading]:
    """Give clerks of windows that owe about so many duties; None: those that owe most."""
    order = "ORDER BY owed DESC, w.id" if owed is None else f"ORDER BY abs(owed - {int(owed)}), w.id"
    rows = product.rows(f"{QUEUES} {order} LIMIT {CLIENTS}")
    return [Reading(product, str(six), place=n) for n, (six,) in enumerate(rows)]
