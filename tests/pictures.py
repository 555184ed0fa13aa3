"""Pictures for tests that hand in scans."""

import functools
import io

from PIL import Image


def pdf() -> bytes:
    """Give a small PDF of one page, such as an office has of its own."""
    out = io.BytesIO()
    Image.new("RGB", (120, 170), "white").save(out, "PDF")
    return out.getvalue()


@functools.cache
def sheet() -> bytes:
    """Give a small picture that passes as a scan."""
    out = io.BytesIO()
    Image.new("RGB", (40, 56), "white").save(out, "PNG")
    return out.getvalue()
