"""What a PDF's streams carry besides what is drawn: notes in pictures, comments in pages, bytes behind the end.

Each function gives the stream's content without that, drawn exactly as before, or None where it has nothing to
take off. Fonts and colour profiles stay as they are: pages need them.
"""

import zlib
from typing import Any

import pikepdf

MEGABYTE = 1024 * 1024
MOST_PARSED = 4 * MEGABYTE  # of a page's program: larger drawings would take a minute to read
_MOST_UNPACKED = 64 * MEGABYTE
_MOST_LOOKED_THROUGH = 1024 * MEGABYTE  # unpacked bytes of one document, some three seconds
_PIECE = MEGABYTE
_JPEG_END = b"\xff\xd9"
_ALONE = {0x01, *range(0xD0, 0xD9)}  # JPEG markers without a length
_NOTES_IN_JPEG2000 = (b"xml ", b"uuid", b"uinf", b"free", b"skip")


class Unreadable(ValueError):
    """A picture's file does not follow its own format."""


def bare(stream: pikepdf.Stream) -> bytes | None:
    """Give the raw content that a picture should have instead of its own; None: it is bare already.

    Raises:
        Unreadable: it is no picture of the kind that it says.
    """
    filters = _filters(stream)
    strip = _STRIPS.get(filters[0]) if len(filters) == 1 else None
    if strip is None:
        return None
    content = stream.read_raw_bytes()
    stripped = strip(content)
    return stripped if stripped != content else None


def rewrite(stream: pikepdf.Stream, raw: bytes) -> None:
    """Put another packed content into a stream; how it is packed stays as it is."""
    parameters: Any = stream.get("/DecodeParms")
    stream.write(raw, filter=[pikepdf.Name(name) for name in _filters(stream)], decode_parms=parameters)


def unwrap(stream: pikepdf.Stream) -> None:
    """Take the packing off a JPEG that was packed again, so that `bare` can look into it.

    Raises:
        Unreadable: it does not unpack, or to far too much.
    """
    if _filters(stream) != ["/FlateDecode", "/DCTDecode"]:
        return
    reader = zlib.decompressobj()
    try:
        content = reader.decompress(stream.read_raw_bytes(), _MOST_UNPACKED)
    except zlib.error as error:
        raise Unreadable("packed JPEG") from error
    if reader.unconsumed_tail:
        raise Unreadable("packed JPEG is too large")
    if "/DecodeParms" in stream:
        del stream["/DecodeParms"]
    stream.write(content, filter=pikepdf.Name.DCTDecode)


def _filters(stream: pikepdf.Stream) -> list[str]:
    named = stream.get("/Filter")
    if isinstance(named, pikepdf.Array):
        return [str(one) for one in named]
    return [str(named)] if named is not None else []


class Tail:
    """Cuts off what stands behind the end of packed streams, until a document has cost enough unpacking."""

    def __init__(self) -> None:
        self._left = _MOST_LOOKED_THROUGH

    def cut(self, stream: pikepdf.Stream) -> None:
        """Shorten a stream to its packed data. One that does not unpack is left to the reader to refuse."""
        filters = _filters(stream)
        if not filters or filters[0] != "/FlateDecode" or self._left <= 0:
            return
        content = stream.read_raw_bytes()
        tail = self._behind(content)
        if tail:
            rewrite(stream, content[:-tail])

    def _behind(self, content: bytes) -> int:
        reader, rest = zlib.decompressobj(), content
        try:
            while rest and not reader.eof and self._left > 0:
                self._left -= len(reader.decompress(rest, _PIECE))
                rest = reader.unconsumed_tail
        except zlib.error:
            return 0
        return len(reader.unused_data) if reader.eof else 0


def bare_jpeg(content: bytes) -> bytes:
    """Give a JPEG with its pixels and what their colours need, and nothing else; no pixel is touched.

    Raises:
        Unreadable: the segments do not follow each other.
    """
    if not content.startswith(b"\xff\xd8"):
        raise Unreadable("JPEG without a start")
    kept, place = [content[:2]], 2
    while True:
        segment = content[place : place + 4]
        if len(segment) < 2 or segment[0] != 0xFF:
            raise Unreadable("JPEG without its pixels")
        marker = segment[1]
        if marker == 0xFF:  # a filling byte
            place += 1
            continue
        if marker in _ALONE or marker == 0xD9:
            raise Unreadable("JPEG without its pixels")
        end = place + 2 + int.from_bytes(segment[2:4], "big")
        if end > len(content) or end < place + 4:
            raise Unreadable("JPEG cut short")
        if marker == 0xDA:  # from here on pixels, tables between passes, and the end
            return b"".join([*kept, _scans(content, place)])
        if _is_needed(marker, content[place + 4 : end]):
            kept.append(content[place:end])
        place = end


def _is_needed(marker: int, body: bytes) -> bool:
    if marker == 0xE0:  # the plain JFIF header, without a thumbnail
        return body[:5] == b"JFIF\x00" and len(body) == 14
    if marker == 0xEE:  # which colours four channels mean
        return body[:5] == b"Adobe" and len(body) == 12
    return not (0xE0 <= marker <= 0xEF or marker == 0xFE or 0xF0 <= marker <= 0xFD)


def _scans(content: bytes, place: int) -> bytes:
    """Give everything from the first pass to the end mark; notes between passes are taken out."""
    kept: list[bytes] = []
    while True:
        header = place + 2 + int.from_bytes(content[place + 2 : place + 4], "big")
        mark = header
        while True:  # the end of this pass: a marker that is neither a stuffed byte nor a restart
            mark = content.find(b"\xff", mark)
            if mark < 0 or mark + 1 >= len(content):
                kept.append(content[place:])  # cut short: a reader shows what there is
                return b"".join(kept)
            if content[mark + 1] not in (0x00, 0xFF, *_ALONE):
                break
            mark += 1
        kept.append(content[place:mark])
        place = mark
        while content[place + 1] not in (0xDA, 0xD9):
            end = place + 2 + int.from_bytes(content[place + 2 : place + 4], "big")
            if content[place] != 0xFF or end <= place + 3 or end + 1 >= len(content):
                raise Unreadable("JPEG cut short between passes")
            if _is_needed(content[place + 1], content[place + 4 : end]):
                kept.append(content[place:end])
            place = end
        if content[place + 1] == 0xD9:
            return b"".join([*kept, _JPEG_END])


def bare_jpeg2000(content: bytes) -> bytes:
    """Give a JPEG 2000 file without its boxes of notes; a naked code stream comes back as it is.

    Raises:
        Unreadable: the boxes do not follow each other.
    """
    if content.startswith(b"\xff\x4f\xff\x51"):
        return content
    if content[4:8] != b"jP  ":
        raise Unreadable("JPEG 2000 without a start")
    kept, place = [], 0
    while place < len(content):
        size, kind = int.from_bytes(content[place : place + 4], "big"), content[place + 4 : place + 8]
        if size == 1:
            size = int.from_bytes(content[place + 8 : place + 16], "big")
        end = len(content) if size == 0 else place + size
        if end > len(content) or end < place + 8:
            raise Unreadable("JPEG 2000 cut short")
        if kind not in _NOTES_IN_JPEG2000:
            kept.append(content[place:end])
        place = end
    return b"".join(kept)


def without_comments(owner: pikepdf.Object, *, content: bytes) -> bytes | None:
    """Give a page's or form's program without comments; None when it has none, or is too large to be read."""
    if b"%" not in content or len(content) > MOST_PARSED:
        return None
    return pikepdf.unparse_content_stream(pikepdf.parse_content_stream(owner))


_STRIPS = {"/DCTDecode": bare_jpeg, "/JPXDecode": bare_jpeg2000}
