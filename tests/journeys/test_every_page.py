"""Every page that a link leads to: without an accessibility violation that axe knows, at full and at phone width."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from django.urls import Resolver404, resolve
from playwright.sync_api import Page

from tests.journeys.desk import MATERIALS, Receiving, axe

PEOPLE = ("clerk.520103", "clerk.510100", "manager.520000", "group.1", "sysadmin", "secadmin", "auditadmin")
BEGINNINGS = ("/", "/kiosk/", "/desk/", "/desk/account/", "/overview/", "/system/", "/nothing-here/")
# Reached by a write or by a code in the hand, or no page: files, fragments, addresses for programs.
NOT_BY_LINK = {
    *("sign_in_code", "account_factor_codes", "receive_begin", "case_windows", "receive_items"),
    *("my_notice", "my_scan", "apply_document"),
    *("account_alive", "health_live", "health_ready", "health_detail", "metrics", "public_key"),
}
# From an item between two places, where applying online begins.
OWN = ("/my/", "/items/15/?here=520103000000&home=510107000000")
LINKS = "e => [...e.querySelectorAll('a[href]')].map(a => a.href)"


class Walk:
    """Follows links of a person, and looks once at one page of each name."""

    def __init__(self) -> None:
        self.seen: dict[str, str] = {}
        self.wrong: list[str] = []

    def through(self, page: Page, beginnings: tuple[str, ...]) -> None:
        waiting, done = list(beginnings), set[str]()
        while waiting:
            path = waiting.pop(0)
            name = _name(path)
            if name in self.seen and path not in beginnings:
                continue
            if name in NOT_BY_LINK or name.endswith(("_pdf", "_xlsx", "_export", "_template", "_file")):
                continue
            answer = page.goto(path)
            if answer is None or "text/html" not in (answer.header_value("content-type") or ""):
                continue
            name = _name(page.url) if answer.status == 200 else f"refused with {answer.status}"
            if name not in self.seen:
                self.seen[name] = path
                self._look(page, name)
            if answer.status == 200 and path not in done:
                done.add(path)
                waiting += [link for link in page.locator("body").evaluate(LINKS) if _is_ours(link, page.url)]

    def _look(self, page: Page, name: str) -> None:
        try:
            axe(page)
            page.set_viewport_size({"width": 375, "height": 800})
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > 375:
                self.wrong.append(f"{name} {page.url}: {wide} px wide on a phone of 375")
            axe(page)
        except AssertionError as error:
            self.wrong.append(f"{name} {error}")
        finally:
            page.set_viewport_size({"width": 1440, "height": 900})


def _name(address: str) -> str:
    try:
        return str(resolve(urlsplit(address).path).url_name)
    except Resolver404:
        return "nothing"


def _is_ours(link: str, here: str) -> bool:
    return urlsplit(link).netloc == urlsplit(here).netloc and not urlsplit(link).path.startswith("/api/")


@pytest.mark.article("F7")
class TestEveryPage:
    def test_is_free_of_violations_and_fits_a_phone(
        self, page_as: Callable[[str], Page], applicant: Page
    ) -> None:
        clerk = page_as("clerk.520103")
        begun = Receiving(clerk).fill_all().fault("form").pass_papers(*MATERIALS[1:])
        drafted = f"/desk/receive/{begun.number}/"
        received = Receiving(clerk).fill_all(county="锦江区").pass_papers(*MATERIALS).receive()
        walk = Walk()
        own = (drafted, f"{drafted}off-list/", f"/desk/cases/{received.number}/")
        walk.through(clerk, (*BEGINNINGS, *own))
        for account in PEOPLE[1:]:
            walk.through(page_as(account), BEGINNINGS)
        walk.through(applicant, OWN)
        own_pages = {name for name in walk.seen if name.startswith(("my", "apply"))}
        assert own_pages >= {"my", "my_case", "my_looks", "my_mandates", "my_account", "my_ratings", "apply"}
        nobody = clerk.context.browser.new_page(base_url=_origin(clerk.url), locale="zh-CN")  # type: ignore[union-attr]
        walk.through(nobody, ("/desk/sign-in/",))
        nobody.context.close()
        assert walk.wrong == []
        # Links lead nearly everywhere: a page that none leads to any more is one that nobody finds.
        assert len(walk.seen) >= 40, sorted(walk.seen)


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
