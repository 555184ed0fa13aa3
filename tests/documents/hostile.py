"""More than two hundred uploads that mean harm or are broken, made anew by each run: name → (bytes, file name).

Each carries a MARKER wherever something can hide. None may be stored as it came, and nothing stored may hold one.
"""

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream, String
from PIL import Image, PngImagePlugin

from tests.documents.test_uploads import (
    ACTIVE,
    EICAR,
    encrypted,
    gif,
    jpeg,
    other_image,
    packed_tables,
    page_tree_in_a_circle,
    pages_of_numbers,
    pdf,
    pdf_fetching_from_elsewhere,
    pdf_with_huge_picture,
    png,
    png_chunk,
    png_claiming,
    scans_without_end,
    text_bomb,
    waiting_for_a_reader,
    without_pages,
    zip_file,
)

MARKER = b"PLANTED-evil-7f3a"
SCRIPT = b"<script>/*" + MARKER + b"*/alert(1)</script>"
Sample = tuple[bytes, str]

TAILS = {
    "a script": SCRIPT,
    "a page": b"<!doctype html><html><body onload=alert(1)>" + MARKER,
    "an archive": zip_file() + MARKER,
    "a program": b"MZ\x90\x00" + MARKER + bytes(200),
    "a shell script": b"\n#!/bin/sh\n: " + MARKER,
    "PHP": b"<?php /*" + MARKER + b"*/ system($_GET[0]); ?>",
    "another picture": gif() + MARKER,
    "an e-mail": b"MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n" + MARKER,
    "a packed bomb": gzip.compress(bytes(2_000_000)) + MARKER,
    "zeros": bytes(50_000) + MARKER,
    "a virus's test": EICAR,
}
WHOLE: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: jpeg(64, 48),
    "png": lambda: png(64, 48),
    "pdf": lambda: pdf(pages=2),
}
EXTENSION = {"jpeg": ".jpg", "png": ".png", "pdf": ".pdf"}


def samples() -> dict[str, Sample]:
    """Give all of them."""
    found: dict[str, Sample] = {}
    for make in (_polyglots, _cut, _misnamed, _other_kinds, _pictures, _pdfs, _names, _tampered):
        for name, sample in make():
            assert name not in found, name
            found[name] = sample
    return found


def _polyglots() -> Iterator[tuple[str, Sample]]:
    for kind, make in WHOLE.items():
        for what, tail in TAILS.items():
            yield f"{kind} followed by {what}", (make() + tail, "材料" + EXTENSION[kind])
            yield f"{what} followed by {kind}", (tail + make(), "材料" + EXTENSION[kind])
    yield "jpeg with a script as comment", (jpeg(comment=SCRIPT), "a.jpg")
    yield "jpeg that is a script too", (b"\xff\xd8\xff\xe0\x2f\x2a" + SCRIPT + jpeg()[2:], "a.jpg")
    yield "zip with a picture in front", (png() + zip_file(), "a.png")
    yield "pdf in a comment of a jpeg", (jpeg(comment=pdf()[:60_000]), "a.jpg")
    yield "gif header before a script", (b"GIF89a/*" + SCRIPT + b"*/=0", "a.jpg")


def _cut() -> Iterator[tuple[str, Sample]]:
    for kind, make in WHOLE.items():
        whole = make()
        for part in range(1, 16):
            yield f"{kind} cut at {part}/16", (whole[: len(whole) * part // 16], "a" + EXTENSION[kind])
        for size in (1, 2, 3, 4, 8, 16, 24):
            yield f"{kind} of {size} bytes", (whole[:size], "a" + EXTENSION[kind])


def _misnamed() -> Iterator[tuple[str, Sample]]:
    wrong = (".exe", ".html", ".svg", ".js", ".php", ".zip", ".docx", ".jpg.exe", ".pdf.lnk", ".htm")
    for kind, make in WHOLE.items():
        for extension in wrong:
            yield f"{kind} named {extension}", (make(), "身份证" + extension)


def _other_kinds() -> Iterator[tuple[str, Sample]]:
    svg = (
        b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'>"
        + SCRIPT
        + b"</svg>"
    )
    kinds = {
        "svg": svg,
        "html": b"<!doctype html>" + SCRIPT,
        "xml that reads files": b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>" + MARKER,
        "a billion laughs": b"<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'>]><l>&b;</l>" + MARKER,
        "tiff": other_image("TIFF"),
        "webp": other_image("WEBP"),
        "bmp": other_image("BMP"),
        "ppm": other_image("PPM"),
        "ico": other_image("ICO"),
        "psd": b"8BPS\x00\x01" + bytes(6) + struct.pack(">HIIHH", 3, 9, 9, 8, 3) + MARKER,
        "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n(" + MARKER + b") run",
        "an elf": b"\x7fELF" + bytes(60) + MARKER,
        "rtf": b"{\\rtf1 " + MARKER + b"}",
        "an old office file": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + MARKER + bytes(600),
        "a zip bomb": _zip_bomb(),
        "a document with macros": _docm(),
        "an archive that climbs": _climbing_zip(),
        "rar": b"Rar!\x1a\x07\x01\x00" + MARKER,
        "7z": b"7z\xbc\xaf\x27\x1c" + MARKER,
        "a web archive": b"MIME-Version: 1.0\r\nContent-Location: http://evil.example\r\n\r\n" + MARKER,
        "text": "普通文字".encode() + MARKER,
        "nothing but marks": b"\xef\xbb\xbf\r\n\t " + MARKER,
        "heic": b"\x00\x00\x00\x18ftypheic" + MARKER + bytes(200),
        "mp4": b"\x00\x00\x00\x18ftypmp42" + MARKER,
        "jpeg 2000": b"\x00\x00\x00\x0cjP  \r\n\x87\n" + MARKER,
        "virus's test": EICAR,
    }
    for name, content in kinds.items():
        for extension in (".jpg", ".pdf"):
            yield f"{name} named {extension}", (content, "材料" + extension)


def _zip_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(5):
            archive.writestr(f"{number}.bin", bytes(20_000_000))
    return out.getvalue()


def _docm() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", b"<Types/>")
        archive.writestr("word/vbaProject.bin", MARKER)
    return out.getvalue()


def _climbing_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("../../../../etc/cron.d/evil", MARKER)
    return out.getvalue()


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


_NOTES_IN_A_CIRCLE = (
    b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x69\x87\x04\x00\x01\x00\x00\x00\x08\x00\x00\x00"
)


def _claiming(width: int, height: int) -> bytes:
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + png_chunk(b"IDAT", zlib.compress(MARKER)) + png_chunk(b"IEND", b"")


def _pictures() -> Iterator[tuple[str, Sample]]:
    exif = Image.Exif()
    exif[0x010E] = MARKER.decode()
    exif.get_ifd(0x8825)[2] = (26.0, 35.0, 0.0)
    small = Image.new("RGB", (40, 30), "white")
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", MARKER.decode())
    texts.add_itxt("XML:com.adobe.xmp", MARKER.decode(), zip=True)
    frames = [Image.new("RGB", (20, 20), c) for c in ("red", "blue")]
    header, end = png(8, 8)[:33], png_chunk(b"IEND", b"")
    jpegs = {
        "with position and description": _saved(small, "JPEG", exif=exif),
        "with a profile": _saved(small, "JPEG", icc_profile=MARKER * 30),
        "in four colours": _saved(small.convert("CMYK"), "JPEG", comment=MARKER),
        "in grey": _saved(small.convert("L"), "JPEG", comment=MARKER),
        "in passes": _saved(small, "JPEG", progressive=True, comment=MARKER),
        "with scans without end": scans_without_end(),
        "of no size": jpeg(16, 16).replace(b"\x00\x10\x00\x10", bytes(4), 1),
        "of 65535 times 65535": jpeg(16, 16).replace(b"\x00\x10\x00\x10", b"\xff\xff\xff\xff", 1),
        "with a thumbnail inside": _saved(small, "JPEG", exif=b"Exif\x00\x00II*\x00\x08\x00\x00\x00" + MARKER * 40),
        "whose notes point in a circle": _saved(small, "JPEG", exif=_NOTES_IN_A_CIRCLE + MARKER),
        "with a length of one": b"\xff\xd8\xff\xe0\x00\x01" + MARKER,
    }  # fmt: skip
    for name, content in jpegs.items():
        yield f"jpeg {name}", (content, "照片.jpg")
    pngs = {
        "with texts": _saved(small, "PNG", pnginfo=texts),
        "with a profile": _saved(small, "PNG", icc_profile=MARKER * 30),
        "with notes": _saved(small, "PNG", exif=exif),
        "of one bit": _saved(small.convert("1"), "PNG", pnginfo=texts),
        "with a palette": _saved(small.convert("P"), "PNG", pnginfo=texts),
        "that moves": _saved(frames[0], "PNG", save_all=True, append_images=frames[1:], pnginfo=texts),
        "of no size": png_claiming(0, 0),
        "of no height": png_claiming(100, 0),
        "of 50000 times 50000": png_claiming(50_000, 50_000),
        "of two thousand million columns": _claiming(2**31 - 1, 1),
        "with a text bomb": text_bomb(),
        "with a chunk of its own": png()[:33] + png_chunk(b"evIl", MARKER) + png()[33:],
        "with two heads": header + header[8:] + png(8, 8)[33:],
        "without pixels": header + end,
        "whose pixels never end": header + png_chunk(b"IDAT", zlib.compress(bytes(50_000_000))) + end,
        "whose chunk is longer than it": header + b"\x7f\xff\xff\xffIDAT" + MARKER,
    }
    for name, content in pngs.items():
        yield f"png {name}", (content, "扫描.png")


def _on_page(**keys: object) -> Callable[[pikepdf.Pdf], None]:
    def change(document: pikepdf.Pdf) -> None:
        for key, value in keys.items():
            document.pages[0].obj[f"/{key}"] = value

    return change


def _with_picture(content: bytes, *filters: str, **keys: object) -> Callable[[pikepdf.Pdf], None]:
    def change(document: pikepdf.Pdf) -> None:
        stream = Stream(document, content)
        stream.Type, stream.Subtype = Name.XObject, Name.Image
        stream.Width, stream.Height, stream.BitsPerComponent = 64, 48, 8
        stream.ColorSpace = Name.DeviceRGB
        stream.Filter = Array([Name(f"/{f}") for f in filters])
        for key, value in keys.items():
            stream[f"/{key}"] = value
        document.pages[0].Resources = Dictionary(XObject=Dictionary(Im0=stream))

    return change


def _with_program(content: bytes, **keys: object) -> Callable[[pikepdf.Pdf], None]:
    def change(document: pikepdf.Pdf) -> None:
        stream = document.make_stream(content)
        for key, value in keys.items():
            stream[f"/{key}"] = value
        document.pages[0].Contents = stream

    return change


def _with_form_object(document: pikepdf.Pdf) -> None:
    form = document.make_stream(b"% " + MARKER + b"\n0 0 m 9 9 l S")
    form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array([0, 0, 9, 9])
    form.Metadata = document.make_stream(MARKER)
    document.pages[0].Resources = Dictionary(XObject=Dictionary(Fm0=form))


def _nested(depth: int) -> bytes:
    body = b"[" * depth + MARKER + b"]" * depth
    return b"%PDF-1.4\n1 0 obj\n" + body + b"\nendobj\ntrailer<</Root 1 0 R>>\n%%EOF"


def _pdfs() -> Iterator[tuple[str, Sample]]:
    for what, change in ACTIVE.items():
        yield f"pdf with {what}", (pdf(change, pages=2), "材料.pdf")
        yield f"packed pdf with {what}", (
            pdf(change, object_stream_mode=pikepdf.ObjectStreamMode.generate), "材料.pdf"
        )  # fmt: skip
    photo = jpeg(64, 48, comment=MARKER)
    packed = zlib.compress(bytes(64 * 48 * 3))
    changes: dict[str, Callable[[pikepdf.Pdf], None]] = {
        "a comment in its program": _with_program(b"% " + SCRIPT + b"\n0 0 m 9 9 l S"),
        "a page inside the program's comment": _with_program(b"q Q %<html>" + MARKER + b"\n"),
        "notes in a picture": _with_picture(photo, "DCTDecode"),
        "bytes behind a picture": _with_picture(jpeg(64, 48) + SCRIPT, "DCTDecode"),
        "bytes behind packed pixels": _with_picture(packed + SCRIPT, "FlateDecode"),
        "a picture packed twice": _with_picture(zlib.compress(photo), "FlateDecode", "DCTDecode"),
        "no picture where one should be": _with_picture(MARKER, "DCTDecode"),
        "a picture of another kind": _with_picture(SCRIPT + bytes(99), "JPXDecode", Metadata=String("evil")),
        "a form drawn with comments": _with_form_object,
        "a thread of its own": _on_page(B=Array([String(MARKER)])),
        "a thumbnail": _on_page(Thumb=String(MARKER)),
        "a page's own label": _on_page(Evil=Dictionary(JS=String(MARKER))),
        "a transition": _on_page(Trans=Dictionary(S=Name.Evil, M=String(MARKER))),
        "user properties": _on_page(Metadata=String(MARKER), LastModified=String(MARKER)),
        "a web capture": _on_page(ID=String(MARKER), PZ=1.0),
        "a viewport": _on_page(VP=Array([Dictionary(Name=String(MARKER))])),
        "a chain of actions at printing": lambda d: d.Root.__setitem__(
            "/AA", Dictionary(WP=Dictionary(S=Name.JavaScript, JS=String(MARKER)))
        ),
        "extensions": lambda d: d.Root.__setitem__("/Extensions", Dictionary(EVIL=String(MARKER))),
        "a collection": lambda d: d.Root.__setitem__("/Collection", Dictionary(D=String(MARKER))),
        "legal words": lambda d: d.Root.__setitem__("/Legal", Dictionary(Attestation=String(MARKER))),
        "a language": lambda d: d.Root.__setitem__("/Lang", String(MARKER)),
        "outlines": lambda d: d.Root.__setitem__("/Outlines", Dictionary(Title=String(MARKER))),
        "a structure": lambda d: d.Root.__setitem__("/StructTreeRoot", Dictionary(K=String(MARKER))),
        "permissions": lambda d: d.Root.__setitem__(
            "/Perms", Dictionary(DocMDP=Dictionary(C=String(MARKER)))
        ),
    }
    for what, alter in changes.items():
        yield f"pdf with {what}", (pdf(alter), "材料.pdf")
    others = {
        "with a password": encrypted(user="secret", owner="o"),
        "that forbids printing": encrypted(user="", owner="secret"),
        "without pages": without_pages(),
        "whose pages are numbers": pages_of_numbers(),
        "whose pages run in a circle": page_tree_in_a_circle(),
        "with a huge picture": pdf_with_huge_picture(),
        "with packed tables of 400 MB": packed_tables(100),
        "fetching from elsewhere": pdf_fetching_from_elsewhere(),
        "that only says please wait": waiting_for_a_reader(),
        "of 201 pages": pdf(pages=201),
        "nested a thousand deep": _nested(1000),
        "nested fifty thousand deep": _nested(50_000),
        "of a head and an end": b"%PDF-1.7\n%%EOF" + MARKER,
        "whose end points into the void": b"%PDF-1.7\n" + MARKER + b"\nstartxref\n99999999\n%%EOF",
        "whose table points at itself": b"%PDF-1.4\nxref\n0 1\n0000000009 00000 n\ntrailer<</Prev 9/Size 1>>"
        b"\nstartxref\n9\n%%EOF",
        "that says it has a million objects": b"%PDF-1.4\nxref\n0 1000000000\ntrailer<</Size 1000000000>>"
        b"\nstartxref\n9\n%%EOF",
        "of an unknown version": pdf().replace(b"%PDF-1.", b"%PDF-9.", 1) + MARKER,
        "whose program unpacks to 300 MB": pdf(_program_bomb),
    }  # fmt: skip
    for name, content in others.items():
        yield f"pdf {name}", (content, "材料.pdf")


def _program_bomb(document: pikepdf.Pdf) -> None:
    packer = zlib.compressobj()
    content = b"".join(packer.compress(b" " * 1_000_000) for _ in range(300)) + packer.flush()
    stream = document.make_stream(b"")
    stream.write(content, filter=Name.FlateDecode)
    document.pages[0].Contents = stream


def _names() -> Iterator[tuple[str, Sample]]:
    marker = MARKER.decode()
    for n, name in enumerate(
        [
            f"../../../../etc/{marker}/a.jpg", f"C:\\{marker}\\a.jpg", "a\x00.exe\x00.jpg", "gpj.\u202egpj.jpg",
            "\u200b\u200c.jpg", "..jpg.jpg", "CON.jpg", "a" * 5000 + ".jpg", "a\r\nSet-Cookie: x=1.jpg",
            "'; DROP TABLE x; --.jpg", "<img src=x onerror=alert(1)>.jpg", "%2e%2e%2f.jpg", "\ud800.jpg",
            "|rm -rf ~.jpg", "$(id).jpg", "`id`.jpg", ".jpg", "....//....//a.jpg", "a.jpg:evil.exe.jpg",
            "\u2028\u2029.jpg",
        ]
    ):  # fmt: skip
        yield f"name {n}", (jpeg(32, 32, comment=MARKER), name)


def _tampered() -> Iterator[tuple[str, Sample]]:
    for kind, make in WHOLE.items():
        whole = bytearray(make())
        for n in range(8):
            broken = bytearray(whole)
            at = len(whole) * (n + 1) // 10
            broken[at : at + len(MARKER)] = MARKER
            yield f"{kind} overwritten at {n + 1}/10", (bytes(broken), "a" + EXTENSION[kind])
