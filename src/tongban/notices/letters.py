"""What the documents of an online case say: the acknowledgement of what was sent, and the decision (P22, E4).

Like the two forms they read the same whatever language a screen is in, so they are not marked for translation.
"""

import dataclasses
import datetime
import functools
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typst
from django.conf import settings

from tongban.kernel import crypto, ids, keyring
from tongban.notices import fonts, pdf, signature, wording
from tongban.notices.pdf import Rendered
from tongban.notices.wording import Kind

_TEMPLATE = Path(__file__).parent / "typst" / "letter.typ"
_lock = threading.Lock()
RESULT_TITLES = {"grant": "准予决定书", "refuse": "不予许可决定书", "decline": "不予受理通知书"}


@dataclass(frozen=True)
class Letter:
    """Everything that one document says. `rows` are pairs of label and value; `entries` are numbered."""

    kind: str
    serial: int
    case_id: int
    number: str
    title: str
    rows: tuple[tuple[str, str], ...]
    sentences: tuple[str, ...]
    entries: tuple[str, ...]
    closing: tuple[str, ...]
    window: str
    issued_at: datetime.datetime
    is_practice: bool = False


def acknowledgement(
    *, facts: "Facts", files: Sequence[tuple[str, int]], serial: int, at: datetime.datetime
) -> Letter:
    """Write what the home window has received online, with the number of files of each material."""
    return Letter(
        kind=Kind.SUBMISSION,
        serial=serial,
        case_id=facts.case_id,
        number=facts.number,
        title="西南五省政务服务“跨省通办”电子收件回执",
        rows=(*facts.rows, ("提交时间", wording.hour(at))),
        sentences=(f"您通过全程网办提交的申请已经收到，申请材料{len(files)}件如下：",),
        entries=tuple(f"{name}：电子文件 {count} 个。" for name, count in files),
        closing=(
            f"{facts.window}将依法作出受理决定，并在线告知您。需要补正的，会一次告知全部内容。",
            "本回执表示收件，不代表受理。",
        ),
        window=facts.window,
        issued_at=at,
        is_practice=settings.TONGBAN_PRACTICE,
    )


@dataclass(frozen=True)
class Said:
    """A decision to be written: its kind, and what it rests on or grants."""

    kind: str
    result_name: str = ""
    result_number: str = ""
    reason: str = ""
    remedies: str = ""


def decision(*, facts: "Facts", said: Said, serial: int, at: datetime.datetime) -> Letter:
    """Write the decision of an online case: what is granted, or what is refused, why, and the remedies."""
    if said.kind == "grant":
        sentences = [f"经审查，您申请的“{facts.item}”符合规定，准予办理。", f"结果名称：{said.result_name}。"]
        sentences += [f"结果编号：{said.result_number}。"] if said.result_number else []
    else:
        verdict = "不予许可" if said.kind == "refuse" else "不予受理"
        sentences = [f"经审查，您申请的“{facts.item}”，决定{verdict}。", f"理由：{said.reason}"]
        sentences += [f"救济途径：{said.remedies}"] if said.remedies else []
    return Letter(
        kind=Kind.RESULT,
        serial=serial,
        case_id=facts.case_id,
        number=facts.number,
        title=RESULT_TITLES[said.kind],
        rows=facts.rows,
        sentences=tuple(sentences),
        entries=(),
        closing=("本电子文书经数字签名，与纸质文书具有同等用途；以核验结果为准。",),
        window=facts.window,
        issued_at=at,
        is_practice=settings.TONGBAN_PRACTICE,
    )


@dataclass(frozen=True)
class Facts:
    """What every document of a case names."""

    case_id: int
    number: str
    window: str
    item: str
    rows: tuple[tuple[str, str], ...]


def draw(letter: Letter) -> Rendered:
    """Give the signed PDF of a document with the statement in its QR code."""
    keys = keyring.current()
    about = signature.Statement(
        letter.kind, letter.serial, letter.case_id, letter.issued_at, digest_of(letter)
    )
    statement = signature.write_statement(about, sign=keys.sign)
    serial = ids.number_of(letter.serial)
    inputs = {
        "title": letter.title,
        "number": letter.number,
        "number_line": f"业务编号：{letter.number}",
        "rows": [[label, pdf.printable(value)] for label, value in letter.rows],
        "sentences": [pdf.printable(text) for text in letter.sentences],
        "entries": [pdf.printable(text) for text in letter.entries],
        "closing": [pdf.printable(text) for text in letter.closing],
        "signed": [pdf.printable(letter.window), wording.day(_local(letter.issued_at))],
        "notes": [
            f"文书编号：{serial}",
            f"核验真伪：扫描二维码，或打开 {settings.TONGBAN_ADDRESS}/verify/ 输入文书编号。",
        ],
        "page": "第{page}页 共{pages}页",
        "practice": "练习数据" if letter.is_practice else "",
        "qr": pdf.qr(pdf.address_of(statement)),
        "qr_alt": "核验二维码",
    }
    said = json.dumps(inputs, ensure_ascii=False)
    with _lock:
        made = _compiler().compile(format="pdf", sys_inputs={"data": said})
    assert isinstance(made, bytes)
    signed = signature.sign_file(made, about=about, sign=keys.sign)
    return Rendered(signed, statement, about.data_digest)


def _local(at: datetime.datetime) -> datetime.date:
    return at.astimezone(wording.OFFICE_TIME).date()


def digest_of(letter: Letter) -> bytes:
    """Give the SM3 digest of everything that a document says: JSON, keys sorted, times in seconds since 1970."""
    said = dataclasses.asdict(letter) | {"issued_at": int(letter.issued_at.timestamp())}
    text = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return crypto.sm3(text.encode())


@functools.cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(
        str(_TEMPLATE), font_paths=[str(f) for f in fonts.folders()], ignore_system_fonts=True
    )
