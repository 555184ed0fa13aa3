"""Pictures for tests that hand in scans."""

import functools
import io

from PIL import Image


@functools.cache
def sheet() -> bytes:
    """Give a small picture that passes as a scan."""
    out = io.BytesIO()
    Image.new("RGB", (40, 56), "white").save(out, "PNG")
    return out.getvalue()
