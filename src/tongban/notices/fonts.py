"""Which characters the fonts of the forms can draw, read from the fonts themselves."""

import functools
import struct
from pathlib import Path

from django.conf import settings

FOLDERS = (
    "noto-serif-sc/400Regular",
    "noto-sans-sc/400Regular",
    "noto-sans-sc/700Bold",
    "noto-serif-jp/400Regular",  # for names such as 𠮷 that the Chinese cut leaves out
)


def folders() -> list[Path]:
    """Give the folders that the forms' fonts lie in."""
    return [Path(settings.TONGBAN_FONTS) / name for name in FOLDERS]


@functools.cache
def drawable() -> frozenset[int]:
    """Give the code points that at least one of the fonts has a glyph for."""
    files = [file for folder in folders() for file in sorted(folder.glob("*.ttf"))]
    return frozenset().union(*(_code_points(file.read_bytes()) for file in files))


def _code_points(font: bytes) -> set[int]:
    """Read the character map of a TrueType font: its table of format 12, which covers all of Unicode."""
    (tables,) = struct.unpack_from(">H", font, 4)
    records = [struct.unpack_from(">4sIII", font, 12 + 16 * n) for n in range(tables)]
    cmap = next(start for tag, _sum, start, _length in records if tag == b"cmap")
    (maps,) = struct.unpack_from(">H", font, cmap + 2)
    for n in range(maps):
        start = cmap + struct.unpack_from(">HHI", font, cmap + 4 + 8 * n)[2]
        if struct.unpack_from(">H", font, start)[0] == 12:
            return _groups(font, start)
    raise ValueError("the font has no full character map")


def _groups(font: bytes, start: int) -> set[int]:
    (count,) = struct.unpack_from(">I", font, start + 12)
    found: set[int] = set()
    for n in range(count):
        first, last, _glyph = struct.unpack_from(">III", font, start + 16 + 12 * n)
        found.update(range(first, last + 1))
    return found
