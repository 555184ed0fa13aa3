"""What the web server runs."""

import os
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tongban.config.settings")


class Whole:
    """The body of a request, which must be as long as it said: a line that dropped leaves no half a write.

    The web server hands over what came before a line dropped, or nothing, as if that were the whole body. A form
    cut behind its key would then be written with the rest of its fields missing, under the key of the whole one.
    """

    def __init__(self, body: Any, length: int) -> None:
        self._body = body
        self._left = length

    def read(self, size: int = -1) -> bytes:
        """Read as a file does: all that was asked for, unless the body ends before.

        Raises:
            OSError: the line dropped before the body was whole.
        """
        wanted = self._left if size is None or size < 0 else min(size, self._left)
        parts = []
        while wanted:
            part: bytes = self._body.read(wanted)
            self._note(part)
            wanted -= len(part)
            parts.append(part)
        return b"".join(parts)

    def readline(self, size: int = -1) -> bytes:
        """Read a line, as `read` does."""
        if not self._left or not size:
            return b""
        line: bytes = self._body.readline(size)
        self._note(line)
        if not line.endswith(b"\n") and self._left and not 0 < size <= len(line):
            self._note(b"")
        return line

    def _note(self, part: bytes) -> None:
        self._left -= len(part)
        if not part:
            raise OSError(f"the line dropped with {self._left} bytes to come")


_django = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Any) -> Any:
    """Answer a request; one whose body is cut short is never taken for a shorter one."""
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isdecimal():
        environ["wsgi.input"] = Whole(environ["wsgi.input"], int(length))
    return _django(environ, start_response)


from tongban.config import subscriptions  # noqa: E402 (settings first)
from tongban.kernel import logs  # noqa: E402

logs.guard()
subscriptions.connect()
