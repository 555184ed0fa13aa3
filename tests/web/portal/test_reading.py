"""How the public's pages are read: small first view, large type, without a script."""

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

LIMIT = 100_000  # bytes of the first view, compressed, without fonts


def first_view(html: str) -> int:
    """Measure what a browser fetches to draw a page: HTML, style sheets, scripts, each compressed."""
    links = re.findall(r'<link rel="stylesheet" href="/static/([^"]+)"|<script src="/static/([^"]+)"', html)
    names = [re.sub(r"\.[0-9a-f]{12}(?=\.\w+$)", "", style or script) for style, script in links]
    assert names
    files = [Path(str(finders.find(name))).read_bytes() for name in names]
    return sum(len(gzip.compress(part)) for part in (html.encode(), *files))


@pytest.mark.article("F7")
@pytest.mark.django_db
class TestTheFirstView:
    def test_of_the_home_page_stays_below_100_kilobytes(self, client: Client) -> None:
        assert first_view(client.get("/").content.decode()) < LIMIT


@pytest.mark.article("F7")
@pytest.mark.django_db
class TestLargeType:
    def test_stays_on_until_it_is_turned_off(self, client: Client) -> None:
        answer = client.post("/reading/", {"type": "large", "next": "/verify/?n=1"})
        assert answer.headers["Location"] == "/verify/?n=1"
        assert '<html lang="zh-hans" class="large-type">' in client.get("/").content.decode()
        client.post("/reading/", {"type": "usual", "next": "/"})
        assert "large-type" not in client.get("/").content.decode()

    def test_never_leads_to_another_site(self, client: Client) -> None:
        answer = client.post("/reading/", {"type": "large", "next": "https://elsewhere.example/"})
        assert answer.headers["Location"] == "/"
