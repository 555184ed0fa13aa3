"""The city looks after the windows of its counties: plans their duty, which the clerks there see; edits nothing of theirs."""

import datetime
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import desk


@pytest.mark.article("A2", "A5", "P13", "W4")
def test_city_plans_the_duty_of_a_county_window_and_its_clerk_reads_it(
    page_as: Callable[[str], Page],
) -> None:
    city = page_as("manager.520100")
    city.goto("/overview/places/?q=云岩")
    city.get_by_role("link", name="贵阳市云岩区“跨省通办”窗口").click()
    expect(city.get_by_text("内容由管理这个窗口的机构自己维护")).to_be_visible()
    expect(city.locator("#save-phone")).to_have_count(0)

    city.get_by_text("安排值班", exact=True).click()
    first = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=1)
    city.get_by_label("从", exact=True).fill(first.isoformat())
    city.get_by_label("到", exact=True).fill((first + datetime.timedelta(days=9)).isoformat())
    city.get_by_label("示例经办人·云岩区").check()
    city.get_by_role("button", name="保存值班安排").click()
    expect(city.get_by_text("个工作日的值班")).to_be_visible()
    desk.axe(city)

    clerk = page_as("clerk.520103")
    clerk.goto("/desk/window/")
    roster = clerk.get_by_role("region", name="值班安排")
    assert roster.get_by_role("row").count() >= 5
    expect(roster.get_by_text("示例经办人·云岩区").first).to_be_visible()
    expect(clerk.get_by_text("安排值班", exact=True)).to_have_count(0)
    desk.axe(clerk)
