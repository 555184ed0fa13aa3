"""A bad rating by the link of a message: put right by the authority and answered in public; and one at the window."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys import desk
from tests.journeys.desk import MATERIALS, Receiving
from tests.journeys.product import Product
from tongban.command import processes

WORDS, REPLY = "问了三遍都没有人答复", "已增开一个窗口，并向您道歉。"


@pytest.fixture
def open_phone(product: Product, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Give a page of a device on which nobody has signed in."""
    contexts = []

    def open_page(width: int = 375, **more: Any) -> Page:
        viewport = {"width": width, "height": 800}
        contexts.append(
            browser.new_context(base_url=product.address, locale="zh-CN", viewport=viewport, **more)
        )
        return contexts[-1].new_page()

    yield open_page
    for context in contexts:
        context.close()


def link_sent(page: Page, number: str) -> str:
    """Wait for the message about a case in the practice outbox; gives the address to rate that it names."""

    def found() -> str:
        page.goto("/practice/outbox/")
        text = " ".join(page.locator("li", has_text=number).locator(".outbox-text").all_inner_texts())
        link = re.search(r"http\S+/rate/[\w-]+/", text)
        return urlsplit(link[0]).path if link else ""

    assert processes.wait_until(lambda: bool(found()), 30.0), "no message with a link to rate"
    return found()


def rate(page: Page, level: str, words: str = "", *, publish: bool = False) -> None:
    leg = page.locator("section.panel", has_text="收件").first
    leg.get_by_label(level, exact=True).check()
    leg.get_by_label("想说的话").fill(words)
    leg.get_by_label("同意公开").set_checked(publish)
    leg.get_by_role("button", name="提交评价").click()
    expect(page.get_by_role("status").filter(has_text="感谢您的评价")).to_be_visible()


def take(page: Page, button: str, **typed: str) -> None:
    """Take the next step on a rectification that is open."""
    for name, words in typed.items():
        page.locator(f"main [name={name}]:visible").fill(words)
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.get_by_role("status").filter(has_text="已登记")).to_be_visible()


@pytest.mark.article("F4", "P11", "W9")
class TestRating:
    def test_that_is_bad_is_put_right_called_back_and_answered_in_public(
        self, page_as: Callable[[str], Page], open_phone: Callable[..., Page]
    ) -> None:
        clerk = page_as("clerk.520103")
        number = Receiving(clerk).fill_all().pass_papers(*MATERIALS).receive().number
        rater = open_phone()
        rater.goto(link_sent(rater, number))
        desk.axe(rater)
        rate(rater, "非常不满意", WORDS, publish=True)
        expect(rater.get_by_role("status")).to_contain_text("一个工作日内联系您")
        expect(rater.get_by_text("您的评价：非常不满意")).to_be_visible()

        authority = page_as("manager.520103")
        authority.goto("/overview/rectifications/")
        line = authority.locator("tbody tr").first
        expect(line).to_contain_text("非常不满意")
        expect(line.locator(".clock")).to_be_visible()
        line.get_by_role("link").click()
        address = urlsplit(authority.url).path
        main = authority.locator("main")
        expect(main).to_contain_text(WORDS)
        expect(main.locator("dl .clock")).to_have_count(2)
        assert desk.NAME not in main.inner_text() and desk.PHONE not in main.inner_text()
        authority.get_by_role("button", name=re.compile("查看联系电话")).click()
        expect(main.get_by_role("status")).to_contain_text(desk.PHONE)
        take(authority, "已联系评价人", note="已电话致歉")
        desk.axe(authority)
        take(authority, "整改完成", measures="增开窗口", reply=REPLY)
        authority.get_by_label("满意", exact=True).check()
        take(authority, "回访完成", note="对整改满意")
        expect(main.locator(".clock")).to_have_count(0)
        desk.axe(authority)

        everybody = open_phone()
        everybody.goto("/ratings/")
        reply = everybody.locator("article", has_text=WORDS)
        expect(reply).to_contain_text(REPLY)
        desk.axe(everybody)
        told = everybody.locator("main").inner_text()
        assert not [part for part in (desk.NAME, desk.PHONE, number) if part in told]

        for staff in (clerk, page_as("clerk.510100")):
            refused = staff.goto(address)
            assert refused is not None and refused.status in (403, 404)
            for place in ("/desk/ratings/", f"/desk/cases/{number}/"):
                staff.goto(place)
                assert WORDS not in staff.locator("main").inner_text()

    def test_at_the_window_is_asked_for_by_a_ticket(
        self, page_as: Callable[[str], Page], open_phone: Callable[..., Page]
    ) -> None:
        clerk = page_as("clerk.520103")
        number = Receiving(clerk).fill_all().pass_papers(*MATERIALS).receive().number
        clerk.goto("/desk/ratings/")
        row = clerk.locator("tbody tr").first
        before = int(row.get_by_role("cell").nth(1).inner_text())
        desk.open_case(clerk, number)
        clerk.get_by_role("link", name="请群众评价").click()
        expect(clerk.get_by_role("img", name=re.compile("二维码"))).to_be_visible()
        address = clerk.get_by_role("link", name="在这台设备上评价").get_attribute("href") or ""
        tablet = open_phone(1024, has_touch=True)
        tablet.goto(address)
        expect(tablet.locator("main")).not_to_contain_text(desk.NAME)
        rate(tablet, "满意")
        clerk.goto("/desk/ratings/")
        expect(row.get_by_role("cell").nth(1)).to_have_text(str(before + 1))
        clerk.goto(f"/desk/cases/{number}/")
        assert "您的评价" not in clerk.locator("main").inner_text()
