"""Looking at every page of a door: which there are, by the table of who may use what, and whether each can be read."""

import functools
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve
from playwright.sync_api import Page

from tests.journeys.desk import axe
from tongban.web.kit import access

WIDE, ZOOMED, PHONE = 1440, 720, 375  # zoomed: what a window of 1440 px has left at 200 %
LINKS = "e => [...e.querySelectorAll('a[href]')].map(a => a.href)"
# How far the page is wider than its window, and by what.
OVER = """() => { const w = document.documentElement;
  if (w.scrollWidth <= w.clientWidth) return "";
  const wide = [...document.body.querySelectorAll("*")]
    .filter(e => e.checkVisibility() && e.getBoundingClientRect().right > w.clientWidth + 1);
  return `${w.scrollWidth} px wide in ${w.clientWidth}: ` + wide.slice(-3).map(e => e.outerHTML.slice(0, 120)).join(" ‖ ");
}"""

# What answers a GET and is no page that somebody reads. Writes are not listed: they take no GET (`takes_get`).
FILE, FRAGMENT, ONWARD = "a file", "a part of a page", "leads on at once"
PROGRAM = "for programs and those who write them"
NO_PAGE: dict[str, str] = {
    **dict.fromkeys(("public_key", "contacts_xlsx", "contacts_pdf", "my_notice", "my_scan"), FILE),
    **dict.fromkeys(("apply_document", "apply_file", "help_file", "case_file", "case_notice"), FILE),
    **dict.fromkeys(("case_result_file", "workbook_export", "workbook_template"), FILE),
    **dict.fromkeys(("receive_items", "case_windows"), FRAGMENT),
    **dict.fromkeys(("kiosk_end", "enter_oidc_back", "set_language", "system"), ONWARD),
    **dict.fromkeys(("health_live", "health_ready", "health_detail", "metrics", "account_alive"), PROGRAM),
    **dict.fromkeys(("api:api-docs", "api:api-docs-style", "api:openapi-json"), PROGRAM),
}


def takes_get(view: Any) -> bool:
    """Tell whether a view answers a GET, by the decorators that it wears or the verbs of its class."""
    made_of = getattr(view, "view_class", None)
    if made_of is not None:
        return "get" in made_of.http_method_names and hasattr(made_of, "get")
    while view is not None:
        methods = inspect.getclosurevars(view).nonlocals.get("request_method_list")
        if methods is not None:
            return "GET" in methods
        view = getattr(view, "__wrapped__", None)
    return True


@functools.cache
def pages(door: str) -> set[str]:
    """Give the names of all pages behind a door, by the beginning of their addresses; "" is the public's."""
    doors = ("desk/", "overview/", "system/")
    named = [row for row in _patterns() if row[0] in access.PAGES and row[0] not in NO_PAGE]
    own = [row for row in named if next((d for d in doors if row[1].startswith(d)), "") == door]
    return {name for name, _route, view in own if takes_get(view)}


def _patterns(
    resolver: URLResolver | None = None, prefix: str = "", space: str = ""
) -> Iterator[tuple[str, str, Any]]:
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            inside = f"{entry.namespace}:" if entry.namespace else space
            yield from _patterns(entry, prefix + str(entry.pattern), inside)
        elif isinstance(entry, URLPattern):
            yield f"{space}{entry.name}", prefix + str(entry.pattern), entry.callback


@dataclass
class Walk:
    """Follows links of a person behind some doors: looks once at one page of each name, and at each that is asked for."""

    doors: tuple[str, ...]
    large: bool = False  # whether pages are read in large type, too
    seen: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    tried: set[str] = field(default_factory=set)

    def through(self, page: Page, *beginnings: str) -> None:
        waiting, done = list(beginnings), set[str]()
        while waiting:
            path = waiting.pop(0)
            name, is_asked = name_of(path), path in beginnings
            if path in done or not (is_asked or name in NO_PAGE or name in self.left()):
                continue
            done.add(path)
            if name in NO_PAGE:
                self._try(page, name, path)
                continue
            answer = page.goto(path)
            assert answer is not None, path
            name = name_of(page.url) if answer.status == 200 else f"refused with {answer.status}"
            if name not in self.seen or is_asked:
                self.seen.setdefault(name, path)
                self.look(page, name)
            if answer.status == 200:
                waiting += [link for link in page.locator("body").evaluate(LINKS) if _is_ours(link, page.url)]

    def left(self) -> set[str]:
        """Give the names of the pages that nobody has looked at."""
        return {name for door in self.doors for name in pages(door)} - set(self.seen)

    def look(self, page: Page, name: str) -> None:
        """Look at the page that is open: wide, zoomed, on a phone, in large type, and in English.

        Axe looks twice, since it takes by far the longest: wide in Chinese, on a phone in English.
        """
        page.set_viewport_size({"width": WIDE, "height": 900})
        if not page.locator("aside.practice").is_visible():
            self.wrong.append(f"{name} {page.url}: does not say that this is practice")
        self._axe(page, name)
        self._width(page, f"{name} zoomed", ZOOMED)
        self._narrow(page, name)
        page.context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": "en", "url": page.url}])
        page.reload()
        if page.locator("html").get_attribute("lang") != "en":
            self.wrong.append(f"{name} {page.url}: is not in English")
        self._narrow(page, f"{name} in English")
        self._axe(page, f"{name} in English")
        page.context.clear_cookies(name=settings.LANGUAGE_COOKIE_NAME)
        page.set_viewport_size({"width": WIDE, "height": 900})

    def _narrow(self, page: Page, name: str) -> None:
        if self.large:
            page.evaluate("document.documentElement.classList.add('large-type')")
            self._width(page, f"{name} in large type", PHONE)
            page.evaluate("document.documentElement.classList.remove('large-type')")
        self._width(page, f"{name} on a phone", PHONE)

    def _width(self, page: Page, name: str, width: int) -> None:
        page.set_viewport_size({"width": width, "height": 800})
        over = page.evaluate(OVER)
        if over:
            self.wrong.append(f"{name} {page.url}: {over}")

    def _axe(self, page: Page, name: str) -> None:
        try:
            axe(page)
        except AssertionError as error:
            self.wrong.append(f"{name} {error}")

    def _try(self, page: Page, name: str, path: str) -> None:
        """Make sure that what the table calls no page is none."""
        if name in self.tried or NO_PAGE[name] == PROGRAM:
            return
        self.tried.add(name)
        answer = page.request.get(path, max_redirects=0)
        is_text = "text/html" in answer.headers.get("content-type", "")
        if is_text and re.search(r"<html\b", answer.text()):
            self.wrong.append(f"{name} {path}: is a page, and NO_PAGE says it is {NO_PAGE[name]}")


def name_of(address: str) -> str:
    """Give the name of an address; "nothing" where there is none."""
    try:
        return resolve(urlsplit(address).path).view_name
    except Resolver404:
        return "nothing"


def _is_ours(link: str, here: str) -> bool:
    return urlsplit(link).netloc == urlsplit(here).netloc


def send(page: Page, path: str, **said: str) -> str:
    """Send a form as a button of the page would; gives the address that it leads to."""
    token = page.locator("[name=csrfmiddlewaretoken]").first.get_attribute("value") or ""
    answer = page.request.post(
        path, form={**said, "csrfmiddlewaretoken": token}, headers={"Referer": page.url}
    )
    assert answer.ok, (path, answer.status, answer.text()[:2000])
    return answer.url
