"""A request whose line dropped in its body is never taken for a whole one."""

import io
from typing import Any

import pytest

from tongban.config import wsgi
from tongban.people.models import Submission


class Dropped:
    """What the web server hands over when the line dropped: as if the body were empty."""

    def __init__(self, part: bytes = b"") -> None:
        self._part = io.BytesIO(part)

    def read(self, size: int = -1) -> bytes:
        return self._part.read(size)

    def readline(self, size: int = -1) -> bytes:
        return self._part.readline(size)


@pytest.mark.article("S3")
class TestWhole:
    @pytest.mark.parametrize("size", [-1, 4, 100])
    def test_gives_a_whole_body_as_it_came(self, size: int) -> None:
        body, got = wsgi.Whole(Dropped(b"a=1&b=22"), 8), b""
        while part := body.read(size):
            got += part
        assert got == b"a=1&b=22" and body.read() == b""

    @pytest.mark.parametrize("part", [b"", b"a=1"])
    def test_fails_where_a_body_ends_too_early(self, part: bytes) -> None:
        body = wsgi.Whole(Dropped(part), 8)
        with pytest.raises(OSError, match="dropped"):
            while body.read(3):
                pass

    @pytest.mark.parametrize("size", [-1, 8])
    def test_fails_at_once_when_one_read_gives_less_than_was_asked(self, size: int) -> None:
        """A form is read in one piece; cut behind its key it would still look like a form."""
        with pytest.raises(OSError, match="dropped"):
            wsgi.Whole(Dropped(b"a=1"), 8).read(size)

    def test_gives_lines_and_fails_where_the_last_is_cut(self) -> None:
        body = wsgi.Whole(Dropped(b"one\ntwo"), 12)
        assert body.readline() == b"one\n"
        with pytest.raises(OSError, match="dropped"):
            body.readline()


@pytest.mark.usefixtures("committed")
@pytest.mark.article("S3", "C2")
class TestDroppedWrite:
    def test_has_no_effect_and_leaves_its_key_free(self) -> None:
        """An empty body would open a case: every field of that write may be left out."""
        from tests.web.api.program import Api
        from tongban.cases.models import Case

        api, before, seen = Api("clerk.520103"), Case.objects.count(), dict[str, Any]()
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/api/v1/cases",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": "20",
            "HTTP_HOST": "localhost",
            "HTTP_AUTHORIZATION": f"Bearer {api.token}",
            "HTTP_IDEMPOTENCY_KEY": "dropped",
            "wsgi.input": Dropped(),
        }
        answer = wsgi.application(environ, lambda status, headers: seen.update(status=status))
        list(answer)
        assert seen["status"].startswith("4")
        assert Case.objects.count() == before
        assert not Submission.objects.filter(key="dropped").exists()
        assert api.send("POST", "/cases", {}, key="dropped").status_code == 201
