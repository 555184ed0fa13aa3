"""What the web server runs."""

import os
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tongban.config.settings")


class Whole:
    """The body of a request, which must be as long as it said: a line that dropped leaves no half a write.

    The web server hands over what dropped in the middle as if its body were empty.
    """

    def __init__(self, body: Any, length: int) -> None:
        self._body = body
        self._left = length

    def read(self, size: int = -1) -> bytes:
        """Read as a file does.

        Raises:
            OSError: the line dropped before the body was whole.
        """
        part: bytes = self._body.read() if size is None or size < 0 else self._body.read(size)
        return self._counted(part, asked=size != 0)

    def readline(self, size: int = -1) -> bytes:
        """Read a line, as `read` does."""
        return self._counted(self._body.readline(size), asked=size != 0)

    def _counted(self, part: bytes, *, asked: bool) -> bytes:
        self._left -= len(part)
        if asked and not part and self._left > 0:
            raise OSError(f"the line dropped with {self._left} bytes to come")
        return part


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
