"""The windows near somebody: the browser says where they are when they press the button, or it does not."""

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys import desk
from tests.journeys.product import Product

GUIYANG = {"latitude": 26.6470, "longitude": 106.6302}


@pytest.mark.article("F1", "P15")
def test_come_nearest_first_once_the_browser_gives_a_position(product: Product, browser: Browser) -> None:
    context = browser.new_context(
        base_url=product.address, locale="zh-CN", geolocation=GUIYANG, permissions=["geolocation"]
    )
    page = context.new_page()
    page.goto("/windows/")
    page.get_by_role("button", name="用我的位置").click()
    rows = page.get_by_role("table").get_by_role("row")
    expect(rows.nth(1)).to_contain_text("贵州省")
    assert "at=26.647,106.630" in page.url  # some hundred metres: no more than is needed
    far = [float(text.split()[0]) for text in page.locator("td .number", has_text="km").all_inner_texts()]
    assert len(far) > 1 and far == sorted(far)
    desk.axe(page)
    context.close()


@pytest.mark.article("F1")
def test_are_found_by_place_where_the_browser_refuses(product: Product, browser: Browser) -> None:
    context = browser.new_context(base_url=product.address, locale="zh-CN")
    page = context.new_page()
    page.goto("/windows/")
    page.get_by_role("button", name="用我的位置").click()
    expect(page.get_by_text("没有取得位置，请选择地方查找。")).to_be_visible()
    context.close()
