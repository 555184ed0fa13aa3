"""The public's door without a script: find a matter, see what it needs, find a window, look progress up."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys import desk
from tests.journeys.desk import MATERIALS, Receiving
from tests.journeys.product import Product


@pytest.fixture
def plain(product: Product, browser: Browser) -> Iterator[Page]:
    """A page of a browser that runs no script."""
    context = browser.new_context(base_url=product.address, locale="zh-CN", java_script_enabled=False)
    yield context.new_page()
    context.close()


def pick(page: Page, which: int, *places: str) -> None:
    """Pick a place from the province down, sending the form after each choice to be offered the next."""
    for level, name in enumerate(places):
        page.locator(".place-line").nth(which).locator("select").nth(level).select_option(label=name)
        page.locator("form.pair .buttons .btn-primary").click()


@pytest.mark.article("F1", "F7")
class TestWithoutScript:
    def test_a_matter_is_found_and_tells_what_it_needs(self, plain: Page) -> None:
        plain.goto("/")
        plain.get_by_role("searchbox").fill("换驾照")
        plain.get_by_role("button", name="查找").click()
        plain.get_by_role("link", name="机动车驾驶证换证").first.click()
        pick(plain, 0, "贵州省", "贵阳市", "云岩区")
        pick(plain, 1, "四川省", "成都市", "武侯区")
        expect(plain.locator("#answer")).to_contain_text("可以：在")
        plain.get_by_label("属于哪种情形").select_option(index=1)
        plain.get_by_role("button", name="更新").click()
        expect(plain.get_by_role("region", name="要交的材料").locator("tbody tr").first).to_be_visible()

    def test_windows_of_a_place_are_found(self, plain: Page) -> None:
        plain.goto("/")
        plain.get_by_role("link", name="找窗口").first.click()
        pick(plain, 0, "贵州省", "贵阳市", "云岩区")
        expect(plain.get_by_role("row", name="贵阳市云岩区“跨省通办”窗口").first).to_be_visible()
        expect(plain.get_by_role("button", name="用我的位置")).to_have_count(0)

    def test_progress_is_shown(self, plain: Page, page_as: Callable[[str], Page]) -> None:
        number = Receiving(page_as("clerk.520103")).fill_all().pass_papers(*MATERIALS).receive().number
        plain.goto("/")
        plain.get_by_label("业务编号").fill(number)
        plain.get_by_label("证件号码最后四位").fill(desk.IDENTITY[-4:])
        plain.get_by_role("button", name="查进度").click()
        expect(plain.locator(".verdict")).to_contain_text(number)
