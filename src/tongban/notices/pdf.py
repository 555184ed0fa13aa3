"""Draws the two forms: A4, three copies in one PDF, by typst.

A render takes some twenty milliseconds once the fonts are loaded. What people typed reaches typst as JSON
and is set as text, so that nothing in it is ever markup.
"""

import dataclasses
import functools
import io
import json
import re
import threading
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import segno
import typst
from django.conf import settings

from tongban.kernel import crypto, ids, keyring
from tongban.notices import fonts, signature, wording
from tongban.notices.wording import FormData

_TEMPLATE = Path(__file__).parent / "typst" / "form.typ"
# Latin letters and digits without a space in between do not break by themselves.
_UNBREAKABLE = re.compile(r"[!-~]{17,}")
_MAY_BREAK_EVERY = 8
_MAY_BREAK = "\u200b"
# A list is given room for so many lines of so many characters, as on the printed form.
_LINES = 8
_LINE_LENGTH = 36


@dataclass(frozen=True)
class Rendered:
    """A finished form: its bytes with the signed trailer, and what they were made from."""

    content: bytes
    statement: str
    data_digest: bytes


def render(data: FormData) -> bytes:
    """Give the signed PDF of a form: three copies, each naming its holder."""
    return draw(data).content


def draw(data: FormData) -> Rendered:
    """Give the signed PDF of a form with the statement in its QR code."""
    keys = keyring.current()
    about = signature.Statement(data.kind, data.serial, data.case_id, data.issued_at, digest_of(data))
    statement = signature.write_statement(about, sign=keys.sign)
    pdf = _compiler().compile(_inputs(data, statement))
    signed = signature.sign_file(pdf, about=about, sign=keys.sign)
    return Rendered(signed, statement, about.data_digest)


def digest_of(data: FormData) -> bytes:
    """Give the SM3 digest of everything that a form says: JSON, keys sorted, times in seconds since 1970."""
    said = dataclasses.asdict(data)
    for name in ("opened_at", "issued_at"):
        said[name] = int(said[name].timestamp())
    said["due_on"] = data.due_on.isoformat() if data.due_on else None
    text = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return crypto.sm3(text.encode())


def address_of(statement: str) -> str:
    """Give the address that the QR code of a form opens."""
    return f"{settings.TONGBAN_ADDRESS}/verify/?s={statement}"


class _Compiler:
    """One warm typst compiler; it holds some forty megabytes of fonts, so threads take turns."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._typst = typst.Compiler(
            str(_TEMPLATE), font_paths=[str(f) for f in fonts.folders()], ignore_system_fonts=True
        )

    def compile(self, inputs: dict[str, Any]) -> bytes:
        said = json.dumps(inputs, ensure_ascii=False)
        with self._lock:
            pdf = self._typst.compile(format="pdf", sys_inputs={"data": said})
        assert isinstance(pdf, bytes)
        return pdf


@functools.cache
def _compiler() -> _Compiler:
    return _Compiler()


def _inputs(data: FormData, statement: str) -> dict[str, Any]:
    serial = ids.number_of(data.serial)
    materials = [wording.material_line(n, m, kind=data.kind) for n, m in enumerate(data.materials, start=1)]
    typed: dict[str, str | list[str]] = {
        "number": data.number,
        "receiving_window": data.receiving_window,
        "home_window": data.home_window,
        "applicant": data.applicant,
        "item": data.item,
        "statutory_item": data.statutory_item,
        "contact": data.contact,
        "phone": data.phone,
        "opening": wording.opening(data),
        "materials": materials,
        "closing": wording.closing(data),
        "clerk": f"经办人：{data.clerk}",
        "window_phone": f"窗口电话：{data.window_phone}",
        "notes": wording.notes(data, serial=serial, address=settings.TONGBAN_ADDRESS),
    }
    fixed = {
        "title": wording.TITLES[wording.Kind(data.kind)],
        "copies": wording.COPIES,
        "holders": wording.HOLDERS,
        "labels": wording.LABELS,
        "number_line": f"业务编号：{data.number}",
        "opened_line": f"申请时间：{wording.hour(data.opened_at)}",
        "legal_limit": wording.limit(data.legal_limit),
        "promised_limit": wording.limit(data.promised_limit),
        "spare_lines": max(0, _LINES - sum(len(text) // _LINE_LENGTH + 1 for text in materials)),
        "seal": wording.SEAL,
        "signed_on": wording.hour(data.issued_at),
        "signature": "申请人签名：",
        "signature_on": "　　年　　月　　日　　时",
        "page": "第{page}页 共{pages}页",
        "practice": "练习数据" if data.is_practice else "",
        "qr": qr(address_of(statement)),
        "qr_alt": "核验二维码",
    }
    return {name: _printable_all(value) for name, value in typed.items()} | fixed


def qr(address: str) -> str:
    """Give the QR code of an address as SVG."""
    drawing = io.BytesIO()
    # Signed bytes look random, so that any mask is as good: weighing all eight would take 20 ms.
    segno.make_qr(address, error="m", mask=4).save(drawing, kind="svg", border=2, xmldecl=False)
    return drawing.getvalue().decode()


def _printable_all(value: str | list[str]) -> str | list[str]:
    return printable(value) if isinstance(value, str) else [printable(text) for text in value]


def printable(text: str) -> str:
    """Make a text printable without losing any of it: a character that no font has shows its number."""
    known = fonts.drawable()
    normal = unicodedata.normalize("NFC", " ".join(text.split()))
    shown = "".join(c if ord(c) in known else _stand_in(c) for c in normal)
    return _UNBREAKABLE.sub(_let_break, shown)


def _stand_in(character: str) -> str:
    if unicodedata.category(character) in ("Cc", "Cf", "Mn"):
        return ""
    return f"〔U+{ord(character):04X}〕"


def _let_break(found: re.Match[str]) -> str:
    run = found[0]
    return _MAY_BREAK.join(run[n : n + _MAY_BREAK_EVERY] for n in range(0, len(run), _MAY_BREAK_EVERY))
