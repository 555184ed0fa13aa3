"""Make what people hand in harmless: draw images again, copy PDFs page by page into a new file.

Nothing of the upload survives but pixels, or page contents with what they need to be drawn. Scripts, forms,
attachments, links, metadata and whatever was appended for another program stay behind. The same upload always
gives the same bytes.
"""

import io
import threading
import warnings
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import pikepdf
from PIL import Image, JpegImagePlugin

from tongban.documents import streams
from tongban.documents.models import MediaType
from tongban.documents.rules import Hostile, UnfitFile

MAX_PIXELS = 60_000_000
MAX_PAGES = 200
MAX_SCANS = 64
JPEG_QUALITY = 88
PNG_LEVEL = 4
MEGABYTE = 1024 * 1024

# Pillow's own check is a second one behind ours, and a warning that nobody reads is no check.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)
# What qpdf may unpack of one stream. It unpacks only the tables of a PDF here, never pictures.
pikepdf.settings.set_qpdf_limits(
    parser_max_nesting=100,
    parser_max_container_size=200_000,
    max_stream_filters=4,
    flate_max_memory=64 * MEGABYTE,
    run_length_max_memory=64 * MEGABYTE,
    png_max_memory=64 * MEGABYTE,
    tiff_max_memory=64 * MEGABYTE,
)

# One large picture at a time in a process: unpacked, 60 million pixels fill 240 MB.
_LARGE_PIXELS = 16_000_000
_large = threading.Semaphore(1)

_ORIENTATION = 0x0112  # the EXIF tag
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_BROKEN_IMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    OverflowError,
    ArithmeticError,
)
_BROKEN_PDF = (
    pikepdf.PdfError,
    RuntimeError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
)

_PAGE_KEYS = {
    "/Type",
    "/Parent",
    "/Resources",
    "/Contents",
    "/MediaBox",
    "/CropBox",
    "/BleedBox",
    "/TrimBox",
    "/ArtBox",
    "/Rotate",
    "/Group",
    "/UserUnit",
}
# What hangs on pictures and forms inside a page without being needed to draw them.
_STREAM_EXTRAS = (
    "/Metadata",
    "/PieceInfo",
    "/AF",
    "/OPI",
    "/Ref",
    "/Alternates",
    "/StructParent",
    "/StructParents",
)
_HIDDEN_FLAGS = 0b100011  # invisible, hidden, no view


class Broken(UnfitFile):
    """“{name}”不完整或已损坏，打不开。请确认文件在电脑上能正常打开，或者重新扫描、拍照后上传。"""


class Encrypted(UnfitFile):
    """“{name}”设有打开密码，系统读不到内容。请先去掉密码，或者打印后扫描，再上传。"""


class TooManyPixels(UnfitFile):
    """“{name}”的像素太多，超过 6000 万像素的上限。请把扫描分辨率调到 300 dpi，或者调低相机像素后重新上传。"""


class TooManyPages(UnfitFile):
    """“{name}”超过每个文件 {limit} 页的上限。请拆成几个文件分别上传。"""


class StillAForm(UnfitFile):
    """“{name}”是还可以填写的电子表单，内容没有固定在页面上。请用“打印为 PDF”另存，或者打印后扫描再上传。"""


@dataclass(frozen=True)
class Cleaned:
    """What is left of an upload. Width and height are pixels of an image, points of a PDF's first page."""

    content: bytes
    media_type: MediaType
    pages: int
    width: int
    height: int


def clean(data: bytes, *, name: str, media_type: MediaType) -> Cleaned:
    """Give a harmless copy of the upload.

    Raises:
        Broken, Encrypted, StillAForm, TooManyPixels, TooManyPages, Hostile.
    """
    if media_type == MediaType.PDF:
        return _clean_pdf(data, name=name)
    return _clean_image(data, name=name, media_type=media_type)


def _clean_image(data: bytes, *, name: str, media_type: MediaType) -> Cleaned:
    # Every scan of a progressive JPEG passes over all pixels: thousands of empty ones are an attack.
    if media_type == MediaType.JPEG and data.count(b"\xff\xda") > MAX_SCANS:
        raise Hostile(name=name)
    try:
        with Image.open(io.BytesIO(data), formats=[media_type.name]) as image:
            pixels = image.width * image.height
            if pixels > MAX_PIXELS:
                raise TooManyPixels(name=name)
            with _large if pixels > _LARGE_PIXELS else nullcontext():
                return _drawn_again(image, media_type=media_type)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise TooManyPixels(name=name) from None
    except _BROKEN_IMAGE as error:
        raise Broken(name=name) from error


def _drawn_again(image: Image.Image, *, media_type: MediaType) -> Cleaned:
    options = _jpeg_options(image) if media_type == MediaType.JPEG else {"compress_level": PNG_LEVEL}
    image.load()  # of an animation, the first picture
    upright = _upright(image)
    drawn = _in_jpeg_colours(upright) if media_type == MediaType.JPEG else _in_png_colours(upright)
    # Comments, profiles and positions are kept in `info`, and some would be written out again.
    drawn.info = {key: value for key, value in drawn.info.items() if key == "transparency"}
    out = io.BytesIO()
    drawn.save(out, format=media_type.name, **options)
    return Cleaned(out.getvalue(), media_type, pages=1, width=drawn.width, height=drawn.height)


def _jpeg_options(image: Image.Image) -> dict[str, Any]:
    """Give our quality, or the picture's own where that is coarser: finer would only make it larger."""
    tables = getattr(image, "quantization", {})
    if image.mode == "RGB" and sorted(tables) == [0, 1] and sum(tables[0]) > _OUR_COARSENESS:
        return {"qtables": tables, "subsampling": JpegImagePlugin.get_sampling(image)}
    return {"quality": JPEG_QUALITY}


def _coarseness(quality: int) -> int:
    sample = io.BytesIO()
    Image.new("RGB", (8, 8)).save(sample, format="JPEG", quality=quality)
    with Image.open(sample) as image:
        return sum(image.quantization[0])  # type: ignore[attr-defined]  # of JPEG only


_OUR_COARSENESS = _coarseness(JPEG_QUALITY)


def _upright(image: Image.Image) -> Image.Image:
    """Turn the picture the way its camera was held; an unreadable note about that is no note."""
    try:
        turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    except _BROKEN_IMAGE:
        return image
    return image if turn is None else image.transpose(turn)


def _in_jpeg_colours(image: Image.Image) -> Image.Image:
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def _in_png_colours(image: Image.Image) -> Image.Image:
    if image.mode in ("1", "L", "LA", "P", "RGB", "RGBA"):
        return image
    if image.mode.startswith("I"):  # 16 bits of grey: a screen shows 8
        return image.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    return image.convert("RGBA")


def _clean_pdf(data: bytes, *, name: str) -> Cleaned:
    end = data.rfind(b"%%EOF")
    if end < 0:
        raise Broken(name=name)
    try:
        # No recovery: what qpdf cannot find it would leave out, and nobody would see that pages are empty.
        with (
            pikepdf.open(io.BytesIO(data[: end + 5]), attempt_recovery=False) as source,
            pikepdf.new() as target,
        ):
            return _copied(source, target, name=name)
    except pikepdf.PasswordError:
        raise Encrypted(name=name) from None
    except _BROKEN_PDF as error:
        raise Broken(name=name) from error


def _copied(source: pikepdf.Pdf, target: pikepdf.Pdf, *, name: str) -> Cleaned:
    count = len(source.pages)
    if count > MAX_PAGES:
        raise TooManyPages(name=name, limit=MAX_PAGES)
    if not count:
        raise Broken(name=name)
    _flatten(source, name=name)
    for page in source.pages:
        for key in set(page.obj.keys()) - _PAGE_KEYS:
            del page.obj[key]
    target.pages.extend(source.pages)
    layers = source.Root.get("/OCProperties")
    if isinstance(layers, pikepdf.Dictionary):  # without it every layer would be visible
        target.Root.OCProperties = target.copy_foreign(source.make_indirect(layers))
    _strip_streams(target, name=name)
    out = io.BytesIO()
    target.save(
        out,
        min_version=source.pdf_version,
        deterministic_id=True,
        compress_streams=False,
        stream_decode_level=pikepdf.StreamDecodeLevel.none,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
    )
    left, bottom, right, top = (float(edge) for edge in target.pages[0].cropbox)
    return Cleaned(
        out.getvalue(),
        MediaType.PDF,
        pages=count,
        width=round(abs(right - left)),
        height=round(abs(top - bottom)),
    )


def _flatten(pdf: pikepdf.Pdf, *, name: str) -> None:
    """Draw stamps, notes and filled-in fields onto the pages, so that nothing seen is lost with the form.

    Raises:
        StillAForm: when a value that someone filled in has no picture of its own.
    """
    if pdf.Root.get("/NeedsRendering"):  # a form in XFA; its pages only say "please wait"
        raise StillAForm(name=name)
    form = pdf.Root.get("/AcroForm")
    pictures_are_stale = form is not None and bool(form.get("/NeedAppearances"))
    for page in pdf.pages:
        for note in page.obj.get("/Annots", []):
            if _is_filled_in(note) and (pictures_are_stale or "/N" not in note.get("/AP", {})):
                raise StillAForm(name=name)
    if form is not None:
        form.NeedAppearances = False  # else qpdf would leave the fields alone
    pdf.flatten_annotations("screen")


def _is_filled_in(note: pikepdf.Object) -> bool:
    """Tell whether an annotation is a visible field with a text in it; a field inherits from its parents."""
    if note.get("/Subtype") != "/Widget" or int(note.get("/F", 0)) & _HIDDEN_FLAGS:
        return False
    field: pikepdf.Object | None = note
    for _ in range(16):
        if field is None:
            break
        value = field.get("/V")
        if value is not None:
            return isinstance(value, pikepdf.String) and bool(bytes(value))
        field = field.get("/Parent")
    return False


def _strip_streams(pdf: pikepdf.Pdf, *, name: str) -> None:
    """Take off what pictures and forms carry besides themselves.

    Raises:
        Hostile: when content is to be fetched from elsewhere or is a program.
        TooManyPixels: when a picture would fill a reader's memory.
    """
    tail = streams.Tail()
    for stream in pdf.objects:
        if not isinstance(stream, pikepdf.Stream):
            continue
        if "/F" in stream or stream.get("/Subtype") == "/PS" or stream.get("/Subtype2") == "/PS":
            raise Hostile(name=name)
        if int(stream.get("/Width", 0)) * int(stream.get("/Height", 0)) > MAX_PIXELS:
            raise TooManyPixels(name=name)
        for key in _STREAM_EXTRAS:
            if key in stream:
                del stream[key]
        _bare(stream)
        tail.cut(stream)
    for page in pdf.pages:
        _without_comments(page, pdf=pdf)


def _bare(stream: pikepdf.Stream) -> None:
    """Take notes and appended bytes out of a picture, and comments out of a form's drawing."""
    if stream.get("/Subtype") == "/Image":
        streams.unwrap(stream)
        bare = streams.bare(stream)
        if bare is not None:
            streams.rewrite(stream, bare)
    elif stream.get("/Subtype") == "/Form":
        program = streams.without_comments(stream, content=stream.read_bytes())
        if program is not None:
            stream.write(program)


def _without_comments(page: pikepdf.Page, *, pdf: pikepdf.Pdf) -> None:
    contents = page.obj.get("/Contents")
    parts = contents if isinstance(contents, pikepdf.Array) else [contents]
    content = b"\n".join(part.read_bytes() for part in parts if isinstance(part, pikepdf.Stream))
    program = streams.without_comments(page.obj, content=content)
    if program is not None:
        page.obj.Contents = pdf.make_stream(program)
