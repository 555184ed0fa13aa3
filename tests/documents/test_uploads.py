"""What a counter hands in on good days and bad: each upload is made harmless or refused with a sentence."""

import datetime
import io
import random
import re
import struct
import time
import zipfile
import zlib

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Stream, String
from PIL import Image, PngImagePlugin

from tongban.documents import cleaning, operations, queries, rules
from tongban.documents.models import NAME_LENGTH

AT = datetime.datetime(2026, 11, 23, 9, 30, tzinfo=datetime.UTC)
SCRIPT = b"<script>alert(document.cookie)</script>"
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def take(data: bytes, name: str = "身份证.jpg"):
    return operations.prepare_scan(data, name=name, case_id=1, by_id=2, at=AT)


def kept(data: bytes, name: str = "身份证.jpg") -> bytes:
    return queries.content_of(take(data, name))


def picture(width: int = 320, height: int = 200, mode: str = "RGB") -> Image.Image:
    """Draw the same grainy picture every time."""
    small = width // 8, height // 8
    grain = random.Random(1).randbytes(small[0] * small[1] * 3)
    return Image.frombytes("RGB", small, grain).resize((width, height)).convert(mode)


def jpeg(width: int = 320, height: int = 200, mode: str = "RGB", quality: int = 90, **options) -> bytes:
    out = io.BytesIO()
    picture(width, height, mode).save(out, "JPEG", quality=quality, **options)
    return out.getvalue()


def png(width: int = 320, height: int = 200, mode: str = "RGB", **options) -> bytes:
    out = io.BytesIO()
    picture(width, height).convert(mode).save(out, "PNG", **options)
    return out.getvalue()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_claiming(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    pixels = zlib.compress(bytes((width // 8 + 1) * 2000))
    chunks = (png_chunk(b"IHDR", header), png_chunk(b"IDAT", pixels), png_chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def pdf(change=None, *, pages: int = 1, **options) -> bytes:
    """Make a PDF with a line of drawing on each page; `change` may do anything to it before it is saved."""
    document = pikepdf.new()
    for number in range(pages):
        page = document.add_blank_page(page_size=(595, 842))
        page.Contents = document.make_stream(b"0 0 m %d 300 l S" % (200 + number))
    if change:
        change(document)
    out = io.BytesIO()
    document.save(out, **options)
    return out.getvalue()


def plain(data: bytes) -> bytes:
    """Write a PDF without any compression, so that what is in it can be seen."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as document:
        document.save(
            out,
            qdf=True,
            compress_streams=False,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            stream_decode_level=pikepdf.StreamDecodeLevel.generalized,
        )
    return out.getvalue()


def script(document) -> Dictionary:
    return document.make_indirect(Dictionary(S=Name.JavaScript, JS=String("app.alert('evil')")))


def with_script_at_opening(document) -> None:
    document.Root.OpenAction = script(document)


def with_named_script(document) -> None:
    names = Dictionary(Names=Array([String("a"), script(document)]))
    document.Root.Names = Dictionary(JavaScript=document.make_indirect(names))


def with_script_on_page(document) -> None:
    document.pages[0].AA = Dictionary(O=script(document))


def with_script_in_chain(document) -> None:
    harmless = Dictionary(S=Name.Named, N=Name.NextPage, Next=script(document))
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=harmless)
    document.pages[0].Annots = Array([document.make_indirect(link)])


def with_program_to_start(document) -> None:
    document.Root.OpenAction = Dictionary(S=Name.Launch, F=String("cmd.exe"))


def with_link_out(document) -> None:
    action = Dictionary(S=Name.URI, URI=String("http://evil.example/"))
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=action)
    document.pages[0].Annots = Array([document.make_indirect(link)])


def with_form_sent_away(document) -> None:
    action = Dictionary(S=Name.SubmitForm, F=String("http://evil.example/"))
    button = Dictionary(
        Type=Name.Annot, Subtype=Name.Widget, FT=Name.Btn, T=String("b"), Rect=Array([0, 0, 9, 9]), A=action
    )
    button = document.make_indirect(button)
    document.pages[0].Annots = Array([button])
    document.Root.AcroForm = Dictionary(Fields=Array([button]))


def with_attachment(document) -> None:
    document.attachments["evil.exe"] = b"MZ evil program"


def with_associated_file(document) -> None:
    content = document.make_stream(b"MZ evil program")
    spec = Dictionary(Type=Name.Filespec, F=String("evil.exe"), EF=Dictionary(F=content))
    document.pages[0].AF = Array([document.make_indirect(spec)])


def with_film(document) -> None:
    film = Dictionary(Type=Name.Annot, Subtype=Name.RichMedia, Rect=Array([0, 0, 9, 9]))
    film.RichMediaContent = Dictionary(Assets=Dictionary(Names=Array([document.make_stream(b"evil FWS")])))
    document.pages[0].Annots = Array([document.make_indirect(film)])


def with_xfa(document) -> None:
    template = document.make_stream(b"<template>evil</template>")
    document.Root.AcroForm = Dictionary(Fields=Array(), XFA=Array([String("template"), template]))


def with_thread_of_metadata(document) -> None:
    document.docinfo["/Author"] = "evil author"
    document.Root.Metadata = document.make_stream(b"<x>evil</x>")
    document.pages[0].PieceInfo = Dictionary(App=Dictionary(Private=String("evil")))


ACTIVE = {
    "script at opening": with_script_at_opening,
    "named script": with_named_script,
    "script on a page": with_script_on_page,
    "script at the end of a chain": with_script_in_chain,
    "a program to start": with_program_to_start,
    "a link out": with_link_out,
    "a form sent away": with_form_sent_away,
    "an attachment": with_attachment,
    "an associated file": with_associated_file,
    "a film": with_film,
    "XFA": with_xfa,
    "metadata": with_thread_of_metadata,
}
ACTING = (
    *(b"evil", b"cmd.exe", b"/JavaScript", b"/JS", b"/OpenAction", b"/AA", b"/Launch", b"/URI"),
    *(b"/EmbeddedFile", b"/XFA", b"/RichMedia", b"/AcroForm", b"/Annots", b"/Metadata", b"/Info"),
)


def filled_form(document, *, picture: bool, stale: bool = False) -> None:
    field = Dictionary(
        Type=Name.Annot,
        Subtype=Name.Widget,
        FT=Name.Tx,
        T=String("姓名"),
        V=String("张三"),
        Rect=Array([50, 700, 250, 720]),
        F=4,
    )
    if picture:
        drawn = document.make_stream(b"0 0 m 77 77 l S")
        drawn.Type, drawn.Subtype, drawn.BBox = Name.XObject, Name.Form, Array([0, 0, 200, 20])
        field.AP = Dictionary(N=drawn)
    field = document.make_indirect(field)
    document.pages[0].Annots = Array([field])
    document.Root.AcroForm = Dictionary(Fields=Array([field]), NeedAppearances=stale)


def packed_tables(padding: int) -> bytes:
    """Make a PDF whose page tree lies in an object stream that unpacks to so many million bytes more."""
    good = pdf(object_stream_mode=pikepdf.ObjectStreamMode.generate)
    start = good.index(b"stream", good.index(b"/ObjStm")) + 7
    end = good.index(b"endstream", start)
    head = good.rindex(b"<<", 0, start)
    packer = zlib.compressobj(9)
    body = packer.compress(zlib.decompress(good[start:end]))
    body += b"".join(packer.compress(b" " * 1_000_000) for _ in range(padding)) + packer.flush()
    dictionary = re.sub(rb"/Length \d+", b"/Length %d" % len(body), good[head : start - 7])
    grown = good[:head] + dictionary + b"stream\n" + body + good[end:]
    moved = int(good.split(b"startxref")[1].split()[0]) + len(grown) - len(good)
    return grown[: grown.rindex(b"startxref")] + b"startxref\n%d\n%%%%EOF\n" % moved


def encrypted(**passwords) -> bytes:
    return pdf(encryption=pikepdf.Encryption(R=6, **passwords))


def zip_file() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "content")
    return out.getvalue()


def gif() -> bytes:
    out = io.BytesIO()
    picture(8, 8).convert("P").save(out, "GIF")
    return out.getvalue()


def other_image(kind: str) -> bytes:
    out = io.BytesIO()
    picture(64, 64).save(out, kind)
    return out.getvalue()


def scans_without_end() -> bytes:
    data = jpeg(64, 64, progressive=True)
    start = data.rindex(b"\xff\xda")
    return data[:start] + data[start:-2] * 500 + b"\xff\xd9"


def pdf_with_huge_picture() -> bytes:
    def change(document) -> None:
        image = Stream(document, zlib.compress(bytes(1000)))
        image.Type, image.Subtype, image.Filter = Name.XObject, Name.Image, Name.FlateDecode
        image.Width, image.Height, image.BitsPerComponent = 60_000, 60_000, 1
        image.ColorSpace = Name.DeviceGray
        document.pages[0].Resources = Dictionary(XObject=Dictionary(Im0=image))

    return pdf(change)


def pdf_fetching_from_elsewhere() -> bytes:
    def change(document) -> None:
        form = document.make_stream(b"")
        form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array([0, 0, 9, 9])
        form.F = Dictionary(FS=Name.URL, F=String("http://evil.example/"))
        document.pages[0].Resources = Dictionary(XObject=Dictionary(Fm0=form))

    return pdf(change)


def page_tree_in_a_circle() -> bytes:
    def change(document) -> None:
        document.Root.Pages.Kids.append(document.Root.Pages)

    return pdf(change)


def without_pages() -> bytes:
    def change(document) -> None:
        document.Root.Pages.Kids = Array()
        document.Root.Pages.Count = 0

    return pdf(change)


def pages_of_numbers() -> bytes:
    def change(document) -> None:
        document.Root.Pages = document.make_indirect(Array([1, 2, 3]))

    return pdf(change)


def waiting_for_a_reader() -> bytes:
    def change(document) -> None:
        document.Root.NeedsRendering = True
        with_xfa(document)

    return pdf(change)


def text_bomb() -> bytes:
    body = b"comment\x00\x00" + zlib.compress(bytes(80_000_000), 9)
    good = png(16, 16)
    return good[:33] + png_chunk(b"zTXt", body) + good[33:]


REFUSED = {
    "nothing": (lambda: b"", "空.jpg", rules.EmptyFile),
    "a byte more than 20 MB": (lambda: jpeg() + bytes(20 * 1024 * 1024), "大.jpg", rules.TooLarge),
    "21 MB of PDF": (lambda: b"%PDF-1.7\n" + bytes(21 * 1024 * 1024), "大.pdf", rules.TooLarge),
    "one byte": (lambda: b"\xff", "a.jpg", rules.WrongType),
    "zip named pdf": (zip_file, "材料.pdf", rules.WrongType),
    "docx": (zip_file, "材料.docx", rules.WrongType),
    "html named jpg": (lambda: b"<!doctype html>" + SCRIPT, "照片.jpg", rules.WrongType),
    "svg": (lambda: b"<svg>" + SCRIPT + b"</svg>", "图.svg", rules.WrongType),
    "svg named png": (lambda: b"<svg>" + SCRIPT + b"</svg>", "图.png", rules.WrongType),
    "gif with script": (lambda: gif() + SCRIPT, "动图.gif", rules.WrongType),
    "gif with script named jpg": (lambda: gif() + SCRIPT, "动图.jpg", rules.WrongType),
    "tiff": (lambda: other_image("TIFF"), "扫描.tif", rules.WrongType),
    "webp named jpg": (lambda: other_image("WEBP"), "照片.jpg", rules.WrongType),
    "bmp": (lambda: other_image("BMP"), "图.bmp", rules.WrongType),
    "heic": (lambda: b"\x00\x00\x00\x18ftypheic" + bytes(400), "IMG_0001.HEIC", rules.WrongType),
    "program": (lambda: b"MZ" + bytes(400), "身份证.jpg", rules.WrongType),
    "script before a PDF": (lambda: SCRIPT + b" " * 40 + pdf(), "材料.pdf", rules.WrongType),
    "jpeg named exe": (jpeg, "身份证.jpg.exe", rules.WrongExtension),
    "png named jpg": (png, "身份证.jpg", rules.WrongExtension),
    "pdf named png": (pdf, "材料.png", rules.WrongExtension),
    "jpeg named html": (jpeg, "a.html", rules.WrongExtension),
    "virus test string": (lambda: EICAR, "a.jpg", rules.WrongType),
    "virus test string in a comment": (lambda: jpeg(comment=EICAR), "a.jpg", rules.Hostile),
    "virus test string after a PDF": (lambda: pdf() + EICAR, "a.pdf", rules.Hostile),
    "jpeg cut in half": (lambda: jpeg()[: len(jpeg()) // 2], "a.jpg", cleaning.Broken),
    "jpeg of three bytes": (lambda: b"\xff\xd8\xff", "a.jpg", cleaning.Broken),
    "jpeg followed by noise": (lambda: b"\xff\xd8\xff" + bytes(range(256)) * 9, "a.jpg", cleaning.Broken),
    "jpeg with scans without end": (scans_without_end, "a.jpg", rules.Hostile),
    "png cut in half": (lambda: png()[: len(png()) // 2], "a.png", cleaning.Broken),
    "png with a wrong sum": (lambda: png().replace(b"\x00\xc8", b"\x09\x09", 1), "a.png", cleaning.Broken),
    "png bomb": (lambda: png_claiming(50_000, 50_000), "a.png", cleaning.TooManyPixels),
    "png just above the limit": (lambda: png_claiming(10_000, 6_001), "a.png", cleaning.TooManyPixels),
    "png with a text bomb": (text_bomb, "a.png", cleaning.Broken),
    "pdf cut in half": (lambda: pdf(pages=9)[: len(pdf(pages=9)) // 2], "a.pdf", cleaning.Broken),
    "pdf with a hole": (lambda: pdf(pages=9)[:300] + pdf(pages=9)[600:], "a.pdf", cleaning.Broken),
    "pdf of a head and an end": (lambda: b"%PDF-1.7\n%%EOF", "a.pdf", cleaning.Broken),
    "pdf without pages": (without_pages, "a.pdf", cleaning.Broken),
    "pdf whose pages are numbers": (pages_of_numbers, "a.pdf", cleaning.Broken),
    "pdf whose pages run in a circle": (page_tree_in_a_circle, "a.pdf", cleaning.Broken),
    "pdf with a password": (lambda: encrypted(user="secret", owner="o"), "a.pdf", cleaning.Encrypted),
    "pdf of 201 pages": (lambda: pdf(pages=201), "a.pdf", cleaning.TooManyPages),
    "pdf with a huge picture": (pdf_with_huge_picture, "a.pdf", cleaning.TooManyPixels),
    "pdf with packed tables of 400 MB": (lambda: packed_tables(100), "a.pdf", cleaning.Broken),
    "pdf fetching from elsewhere": (pdf_fetching_from_elsewhere, "a.pdf", rules.Hostile),
    "pdf that only says please wait": (waiting_for_a_reader, "a.pdf", cleaning.StillAForm),
    "form whose text has no picture": (
        lambda: pdf(lambda d: filled_form(d, picture=False)), "a.pdf", cleaning.StillAForm
    ),
    "form whose pictures are stale": (
        lambda: pdf(lambda d: filled_form(d, picture=True, stale=True)), "a.pdf", cleaning.StillAForm
    ),
}  # fmt: skip


class TestRefusals:
    @pytest.mark.parametrize("case", REFUSED)
    def test_says_what_is_wrong_and_keeps_nothing(self, case: str, own_store) -> None:
        make, name, refusal = REFUSED[case]
        data = make()
        with pytest.raises(rules.UnfitFile) as caught:
            take(data, name)
        assert type(caught.value) is refusal
        assert name in caught.value.message
        assert "请" in caught.value.message
        assert "{" not in caught.value.message
        assert not own_store.exists() or not [p for p in own_store.rglob("*") if p.is_file()]

    def test_costs_little_memory_for_a_bomb(self) -> None:
        import resource

        assert take(packed_tables(1), "a.pdf").pages == 1
        data = packed_tables(100)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(cleaning.Broken):
            take(data, "a.pdf")
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150 * 1024  # KiB

    def test_never_answers_noise_with_anything_but_a_sentence(self) -> None:
        chance = random.Random(20261123)
        whole = {"a.jpg": jpeg(), "a.png": png(64, 64), "a.pdf": pdf(pages=3)}
        for round_ in range(300):
            name = chance.choice(sorted(whole))
            data = bytearray(whole[name])
            for _ in range(chance.randint(1, 30)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            try:
                take(bytes(data), name)
            except rules.UnfitFile as refusal:
                assert refusal.message, round_


class TestImages:
    @pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
    def test_keeps_a_jpeg_as_it_looks(self, mode: str) -> None:
        stored = take(jpeg(mode=mode))
        assert (stored.media_type, stored.pages, stored.width, stored.height) == ("image/jpeg", 1, 320, 200)
        assert stored.is_image
        after = Image.open(io.BytesIO(queries.content_of(stored)))
        before = Image.open(io.BytesIO(jpeg(mode=mode)))
        pairs = zip(before.convert("L").tobytes(), after.convert("L").tobytes(), strict=True)
        assert max(abs(a - b) for a, b in pairs) < 24

    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
    def test_keeps_a_png_pixel_by_pixel(self, mode: str) -> None:
        before = Image.open(io.BytesIO(png(mode=mode)))
        after = Image.open(io.BytesIO(kept(png(mode=mode), "a.png")))
        assert after.size == before.size
        if mode != "I;16":
            assert after.convert("RGBA").tobytes() == before.convert("RGBA").tobytes()

    def test_shows_sixteen_bits_of_grey_in_eight(self) -> None:
        out = io.BytesIO()
        Image.new("I;16", (4, 4), 0x8080).save(out, "PNG")
        after = Image.open(io.BytesIO(kept(out.getvalue(), "a.png")))
        assert after.mode == "L"
        assert after.getpixel((0, 0)) == 0x80

    def test_keeps_transparency_of_a_palette(self) -> None:
        out = io.BytesIO()
        picture(16, 16).convert("P").save(out, "PNG", transparency=3)
        assert Image.open(io.BytesIO(kept(out.getvalue(), "a.png"))).info["transparency"]

    @pytest.mark.parametrize(
        ("orientation", "corner"),
        [(1, "tl"), (2, "tr"), (3, "br"), (4, "bl"), (5, "tl"), (6, "tr"), (7, "br"), (8, "bl")],
    )
    def test_turns_a_photo_the_way_the_camera_was_held(self, orientation: int, corner: str) -> None:
        photo = Image.new("RGB", (320, 160), "white")
        photo.paste("black", (0, 0, 32, 32))
        exif = Image.Exif()
        exif[0x0112] = orientation
        out = io.BytesIO()
        photo.save(out, "JPEG", exif=exif, quality=95)
        stored = take(out.getvalue())
        assert (stored.width, stored.height) == ((320, 160) if orientation < 5 else (160, 320))
        shown = Image.open(io.BytesIO(queries.content_of(stored))).convert("L")
        x = 8 if corner[1] == "l" else shown.width - 8
        y = 8 if corner[0] == "t" else shown.height - 8
        brightness = shown.getpixel((x, y))
        assert isinstance(brightness, int) and brightness < 64

    def test_drops_position_comment_and_profile(self) -> None:
        exif = Image.Exif()
        exif[0x010F] = "evil maker"
        exif.get_ifd(0x8825)[2] = (26.0, 35.0, 0.0)
        data = jpeg(exif=exif, comment=b"evil comment", icc_profile=b"evil profile" * 20, dpi=(300, 300))
        assert data.count(b"evil") >= 3
        content = kept(data)
        assert b"evil" not in content
        assert b"Exif" not in content

    def test_drops_texts_of_a_png(self) -> None:
        texts = PngImagePlugin.PngInfo()
        texts.add_text("Author", "evil author")
        texts.add_itxt("XML:com.adobe.xmp", "evil position")
        assert b"evil" not in kept(png(pnginfo=texts), "a.png")

    @pytest.mark.filterwarnings("ignore:Corrupt EXIF")
    def test_reads_a_photo_whose_notes_are_damaged(self) -> None:
        assert take(jpeg(exif=b"Exif\x00\x00II*\x00\xff\xff\xff\x7f" + bytes(40))).width == 320

    def test_keeps_the_first_picture_of_an_animation(self) -> None:
        out = io.BytesIO()
        frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
        frames[0].save(out, "PNG", save_all=True, append_images=frames[1:])
        shown = Image.open(io.BytesIO(kept(out.getvalue(), "a.png")))
        assert getattr(shown, "n_frames", 1) == 1
        assert shown.convert("RGB").getpixel((5, 5)) == (255, 0, 0)

    @pytest.mark.parametrize("tail", [SCRIPT, zip_file(), pdf()], ids=["script", "zip", "pdf"])
    @pytest.mark.parametrize(("make", "name"), [(jpeg, "a.jpg"), (png, "a.png")])
    def test_loses_what_was_appended_for_another_program(self, tail: bytes, make, name: str) -> None:
        assert kept(make() + tail, name) == kept(make(), name)

    def test_gives_the_same_bytes_for_the_same_upload(self) -> None:
        assert take(jpeg()).digest == take(jpeg()).digest

    def test_does_not_blow_up_a_coarse_photo(self) -> None:
        data = jpeg(1600, 1200, quality=40)
        assert len(kept(data)) < 1.1 * len(data)

    def test_takes_no_more_than_40_ms_of_cpu_for_a_photo_of_300_kb(self) -> None:
        photo = picture(1280, 960)
        photo = Image.blend(photo, Image.effect_noise(photo.size, 60).convert("RGB"), 0.4)
        out = io.BytesIO()
        photo.save(out, "JPEG", quality=60)
        data = out.getvalue()
        assert 250_000 < len(data) < 450_000
        times = []
        for _ in range(7):
            begun = time.process_time()
            take(data)
            times.append(time.process_time() - begun)
        assert min(times) < 0.040


class TestPdfs:
    @pytest.mark.parametrize("what", ACTIVE)
    def test_drops_what_acts_by_itself(self, what: str) -> None:
        data = pdf(ACTIVE[what], pages=2)
        assert any(word in plain(data) for word in (b"evil", b"cmd.exe"))
        stored = take(data, "材料.pdf")
        assert stored.pages == 2
        content = plain(queries.content_of(stored))
        assert not [word for word in ACTING if word in content]

    def test_keeps_every_page_as_drawn(self) -> None:
        stored = take(pdf(pages=3), "材料.pdf")
        assert (stored.media_type, stored.pages, stored.width, stored.height) == (
            "application/pdf",
            3,
            595,
            842,
        )
        with pikepdf.open(io.BytesIO(queries.content_of(stored))) as document:
            drawn = [page.Contents.read_bytes() for page in document.pages]
        assert drawn == [b"0 0 m %d 300 l S" % (200 + number) for number in range(3)]

    def test_keeps_what_pages_inherit(self) -> None:
        def change(document) -> None:
            tree = document.Root.Pages
            tree.MediaBox = Array([0, 0, 420, 595])
            tree.Rotate = 90
            del document.pages[0].obj.MediaBox

        stored = take(pdf(change), "材料.pdf")
        assert (stored.width, stored.height) == (420, 595)
        with pikepdf.open(io.BytesIO(queries.content_of(stored))) as document:
            assert document.pages[0].rotation == 90

    def test_draws_a_filled_in_form_onto_its_page(self) -> None:
        content = plain(kept(pdf(lambda d: filled_form(d, picture=True)), "材料.pdf"))
        assert b"0 0 m 77 77 l S" in content
        assert b"/Widget" not in content

    def test_keeps_hidden_layers_hidden(self) -> None:
        def change(document) -> None:
            layer = document.make_indirect(Dictionary(Type=Name.OCG, Name=String("底图")))
            document.pages[0].Resources = Dictionary(Properties=Dictionary(MC0=layer))
            document.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=Dictionary(OFF=Array([layer])))

        with pikepdf.open(io.BytesIO(kept(pdf(change), "材料.pdf"))) as document:
            off = document.Root.OCProperties.D.OFF[0]
            assert off.objgen == document.pages[0].Resources.Properties.MC0.objgen

    def test_keeps_pictures_byte_for_byte(self) -> None:
        photo = jpeg()

        def change(document) -> None:
            image = Stream(document, photo)
            image.Type, image.Subtype, image.Filter = Name.XObject, Name.Image, Name.DCTDecode
            image.Width, image.Height, image.BitsPerComponent = 320, 200, 8
            image.ColorSpace, image.Metadata = Name.DeviceRGB, document.make_stream(b"evil")
            document.pages[0].Resources = Dictionary(XObject=Dictionary(Im0=image))

        content = kept(pdf(change), "材料.pdf")
        assert photo in content
        assert b"evil" not in plain(content)

    def test_opens_one_that_only_forbids_printing(self) -> None:
        with pikepdf.open(io.BytesIO(kept(encrypted(user="", owner="secret"), "材料.pdf"))) as document:
            assert not document.is_encrypted

    @pytest.mark.parametrize("tail", [SCRIPT, zip_file(), bytes(5000)], ids=["script", "zip", "zeros"])
    def test_loses_what_was_appended_for_another_program(self, tail: bytes) -> None:
        assert kept(pdf() + tail, "a.pdf") == kept(pdf(), "a.pdf")

    def test_takes_200_pages(self) -> None:
        assert take(pdf(pages=200), "a.pdf").pages == 200

    def test_gives_the_same_bytes_for_the_same_upload(self) -> None:
        data = pdf(with_named_script, pages=4)
        assert take(data, "a.pdf").digest == take(data, "b.pdf").digest


class TestNames:
    @pytest.mark.parametrize(
        ("given", "shown"),
        [
            ("身份证正面.jpg", "身份证正面.jpg"),
            ("C:\\Users\\张三\\身份证.jpg", "身份证.jpg"),
            ("../../etc/passwd.jpg", "passwd.jpg"),
            ("a\x00b\r\nc.jpg", "abc.jpg"),
            ("gpj.\u202egpj.jpg", "gpj.gpj.jpg"),
            ("..隐藏 \t 文件.JPG", "隐藏 文件.JPG"),
            ("𡈽\ue000㵘.jpg", "𡈽\ue000㵘.jpg"),
            ("", "扫描件"),
            ("/", "扫描件"),
        ],
    )
    def test_shows_no_folders_and_nothing_invisible(self, given: str, shown: str) -> None:
        assert take(jpeg(), given).name == shown

    def test_shortens_a_long_name_but_not_its_extension(self) -> None:
        name = take(jpeg(), "长" * 500 + ".jpg").name
        assert len(name) == NAME_LENGTH
        assert name.endswith("长.jpg")

    def test_takes_a_camera_picture_without_an_extension(self) -> None:
        assert take(jpeg(), "blob").media_type == "image/jpeg"
