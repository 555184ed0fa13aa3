"""Provinces write and publish their standards, the group settles what differs, and papers are received by it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.desk import Receiving, axe

# Not the matter of the other journeys, whose standard must stay what it is.
KEY = "012-1"
PROCEDURE = f"/overview/standards/of/{KEY}/"


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()
    page.wait_for_load_state()


def chosen(page: Page) -> Page:
    """Begin a case of the matter for Chengdu on the receive page."""
    Receiving(page).begin()
    page.locator("#f-procedure").fill("机动车号牌补发")
    page.locator("#found button").first.click()
    expect(page.locator("div#f-procedure")).to_contain_text("机动车号牌补发、换发")
    for n, label in enumerate(("四川省", "成都市")):
        page.locator(f"#f-home select >> nth={n}").select_option(label=label)
        expect(page.locator(f"#f-home select >> nth={n}")).not_to_have_value("")
    return page


def published(page_as: Callable[[str], Page], code: str, *, promised: str) -> None:
    """Have a province's writer draft and submit its standard, and its reviewer publish it from today."""
    writer = page_as(f"manager.{code}")
    writer.goto(PROCEDURE)
    press(writer, "起草本省统一标准")
    axe(writer)
    writer.get_by_label("法定时限（工作日）").fill("20")
    writer.get_by_label("承诺期限（工作日）").fill("30")
    press(writer, "保存并送审")
    expect(writer.locator("#faults")).to_contain_text("不能长于法定时限")
    writer.get_by_label("承诺期限（工作日）").fill(promised)
    press(writer, "保存并送审")
    expect(writer.get_by_role("status").filter(has_text="已送审")).to_be_visible()
    publish(page_as(f"reviewer.{code}"), "属地省份统一标准")


def publish(reviewer: Page, stage: str) -> None:
    reviewer.goto(PROCEDURE)
    reviewer.get_by_role("link", name=stage).filter(has=reviewer.locator("strong")).click()
    axe(reviewer)
    press(reviewer, "审核通过并发布")
    expect(reviewer.get_by_role("status").filter(has_text="已发布")).to_be_visible()
    axe(reviewer)


@pytest.mark.article("P8", "P23", "B4", "B7")
class TestStandards:
    def test_of_provinces_become_one_and_the_receive_page_shows_it(
        self, page_as: Callable[[str], Page]
    ) -> None:
        published(page_as, "510000", promised="6")
        clerk = chosen(page_as("clerk.520103"))
        expect(clerk.locator("#what")).to_contain_text("属地省份统一标准")
        expect(clerk.locator("#what")).to_contain_text("承诺6个工作日")
        published(page_as, "520000", promised="8")

        group = page_as("group.1")
        group.goto(PROCEDURE)
        group.get_by_role("link", name="五省比对").click()
        axe(group)
        line = group.locator("tr.os-differs").filter(has_text="承诺期限")
        line.locator("summary").click()
        line.get_by_label("需要各省统一的问题").fill("承诺几个工作日？")
        line.get_by_role("button", name="提出差异事项").click()
        expect(group.get_by_role("status").filter(has_text="已提出")).to_be_visible()

        province = page_as("manager.520000")
        province.goto(f"/overview/standards/compare/{KEY}/")
        province.get_by_label("同意哪个省的写法").select_option(label="四川省")
        press(province, "答复")
        expect(province.locator("main")).to_contain_text("同意四川省的写法")

        group.reload()
        expect(group.locator("main")).to_contain_text("还没有答复的：四川省")
        group.get_by_label("采用哪个省的写法").select_option(label="四川省")
        group.get_by_label("决定", exact=True).fill("统一承诺6个工作日")
        press(group, "作出决定")
        group.get_by_label("以哪个省的标准为基础").select_option(label="贵州省")
        press(group, "按比对结果起草")
        expect(group.get_by_label("承诺期限（工作日）")).to_have_value("6")
        press(group, "保存并送审")
        publish(page_as("group.2"), "西南五省统一标准")

        clerk = chosen(page_as("clerk.530102"))
        expect(clerk.locator("#what")).to_contain_text("西南五省统一标准（第2版")
        axe(clerk)
        group.goto(f"/overview/standards/compare/{KEY}/?all=1")
        axe(group)
