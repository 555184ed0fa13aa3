"""A terminal in a hall: registered, used by finger and scanner, printed from, counted down, and wiped of everybody."""

import io
import re
from collections.abc import Callable, Iterator

import pypdf
import pytest
from playwright.sync_api import Browser, Error, Page, expect

from tests.journeys import desk, person
from tests.journeys.desk import MATERIALS, Receiving
from tests.journeys.product import Product

FINGER = 44  # px, the least that a finger meets
# What is pressed or typed into, and lower than a finger wants it.
SMALL = f"""() => [...document.querySelectorAll("button, .btn, input, select, textarea, nav a, .kiosk-doors a")]
  .filter(e => e.type !== "hidden" && e.checkVisibility() && e.getBoundingClientRect().height < {FINGER})
  .map(e => e.outerHTML.slice(0, 120))"""
TYPE = "parseFloat(getComputedStyle(document.documentElement).fontSize)"


@pytest.fixture
def terminal(product: Product, browser: Browser, page_as: Callable[[str], Page]) -> Iterator[Page]:
    """A device that its window's authority has registered, with a clock that the test moves."""
    manager = page_as("manager.520103")
    manager.goto("/overview/places/?q=云岩")
    manager.get_by_role("link", name="贵阳市云岩区“跨省通办”窗口").click()
    manager.locator("#kiosk-kiosk_name").fill("一楼大厅 1 号机")
    manager.get_by_role("button", name="登记自助终端").click()
    code = re.search(r"登记码 ([0-9A-Z]{4}-[0-9A-Z]{4})", manager.locator("main").inner_text())
    assert code
    context = browser.new_context(
        base_url=product.address, locale="zh-CN", viewport={"width": 1080, "height": 1920}, has_touch=True
    )
    context.add_init_script("window.printed = 0; window.print = () => { window.printed += 1; }")
    context.clock.install()
    page = context.new_page()
    page.goto("/kiosk/")
    page.get_by_label("登记码").fill(code[1])
    page.get_by_role("button", name="启用").tap()
    expect(page.get_by_role("heading", level=1, name="请选择")).to_be_visible()
    yield page
    context.close()


def scan(page: Page, text: str) -> None:
    """Let the scanner type, as a keyboard does, wherever the page has put the cursor."""
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def look_up(page: Page, number: str) -> None:
    page.goto("/kiosk/")
    page.get_by_role("link", name="查进度").first.tap()
    expect(page.locator("#number")).to_be_focused()
    scan(page, number)
    expect(page.locator("#tail")).to_be_focused()
    scan(page, desk.IDENTITY[-4:])
    expect(page.locator(".verdict")).to_contain_text(number)


def assert_nothing_left(page: Page, *secrets: str) -> None:
    """Refuse whatever of somebody cookies, fields or the browser's own buttons still lead to."""
    expect(page.get_by_role("heading", level=1, name="请选择")).to_be_visible()
    kept = {cookie["name"] for cookie in page.context.cookies()}
    assert kept <= {"tongban-kiosk", "tongban-form"}, kept
    for _back in range(12):
        try:
            if page.go_back() is None:
                break
        except Error:
            continue  # the browser has nothing to show for it any more
        shown = page.content()
        assert not [secret for secret in secrets if secret in shown], page.url
        fields = page.locator("input:not([type=hidden]), textarea").evaluate_all(
            "all => all.map(e => e.value)"
        )
        assert not any(fields), (page.url, fields)
    other = page.context.new_page()  # the browser may still be busy with a page that it cannot show
    other.goto("/my/")
    expect(other.get_by_label("手机号")).to_have_value("")
    other.close()
    page.goto("about:blank")


@pytest.mark.article("F3", "F7")
class TestKiosk:
    def test_is_made_for_fingers_and_large_to_read(self, terminal: Page) -> None:
        for address in ("/kiosk/", "/items/", "/items/15/", "/progress/", "/verify/", "/windows/", "/rate/"):
            terminal.goto(address)
            assert terminal.evaluate(SMALL) == [], address
            assert terminal.evaluate(TYPE) >= 22
            desk.axe(terminal)

    def test_takes_a_scan_shows_progress_and_prints_it(
        self, terminal: Page, page_as: Callable[[str], Page]
    ) -> None:
        number = Receiving(page_as("clerk.520103")).fill_all().pass_papers(*MATERIALS).receive().number
        look_up(terminal, number)
        desk.axe(terminal)
        terminal.get_by_role("button", name="打印").tap()
        assert terminal.evaluate("window.printed") == 1
        sheet = pypdf.PdfReader(io.BytesIO(terminal.pdf())).pages[0].extract_text()
        assert number in sheet
        assert "结束并清除" not in sheet and "查进度" not in sheet

    def test_counts_down_and_leaves_nothing_of_anybody(
        self, terminal: Page, page_as: Callable[[str], Page]
    ) -> None:
        number = Receiving(page_as("clerk.520103")).fill_all().pass_papers(*MATERIALS).receive().number
        terminal.get_by_role("button", name="English").tap()
        terminal.get_by_role("button", name="中文").tap()
        expect(terminal.get_by_role("heading", level=1, name="请选择")).to_be_visible()
        person.enter(terminal, "13755556670")
        look_up(terminal, number)
        terminal.goto("/progress/")
        terminal.locator("#number").fill(number)

        ask = terminal.locator("dialog#kiosk-ask")
        terminal.clock.run_for(89_000)
        expect(ask).not_to_be_visible()
        terminal.clock.run_for(5_000)
        expect(ask).to_be_visible()
        expect(ask.locator("#kiosk-count")).to_have_text(re.compile(r"^2\d$"))
        desk.axe(terminal)
        ask.get_by_role("button", name="继续使用").tap()
        expect(ask).not_to_be_visible()
        terminal.clock.run_for(121_000)
        terminal.wait_for_url("**/kiosk/")
        assert_nothing_left(terminal, number, "13755556670", "1375555")

        # The button does the same at once.
        look_up(terminal, number)
        terminal.get_by_role("button", name="结束并清除").tap()
        assert_nothing_left(terminal, number)
