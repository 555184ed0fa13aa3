"""The county corrects its telephone, the province publishes, everybody reads it; the old version stays."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import desk
from tests.journeys.product import Product


@pytest.mark.article("A4", "P13")
def test_county_edits_province_publishes_everybody_reads(
    product: Product, page_as: Callable[[str], Page]
) -> None:
    county = page_as("manager.520103")
    county.goto("/overview/places/?q=云岩")
    desk.axe(county)
    county.get_by_role("link", name="贵阳市云岩区“跨省通办”窗口").click()
    county.locator("#save-phone").fill("0851-86891234")
    county.get_by_role("button", name="保存", exact=True).click()
    expect(county.get_by_text("省级发布新版联络清单之后")).to_be_visible()
    desk.axe(county)

    county.goto("/contacts/?q=云岩")
    expect(county.get_by_text("0851-86891234")).to_have_count(0)

    province = page_as("manager.520000")
    province.goto("/overview/contact-list/")
    expect(province.get_by_text("0851-86891234")).to_be_visible()
    desk.axe(province)
    province.get_by_label("说明（随版本公布）").fill("电话变更")
    province.get_by_role("button", name="发布新版本").click()
    expect(province.get_by_text(re.compile(r"第 \d+ 版联络清单已发布"))).to_be_visible()

    county.goto("/contacts/?q=云岩")
    expect(county.get_by_text("0851-86891234")).to_be_visible()
    desk.axe(county)
    county.goto("/contacts/5/?q=云岩")
    expect(county.get_by_text("这是旧版本")).to_be_visible()
    expect(county.get_by_text("0851-86891234")).to_have_count(0)
