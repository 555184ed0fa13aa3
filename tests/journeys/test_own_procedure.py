"""A province makes a procedure of its own below a listed item; a second person publishes it, and the public finds it."""

import datetime
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import desk

NAME = "蜀道通行证换发"


@pytest.mark.article("B2", "P7", "W7")
def test_province_makes_its_own_procedure_and_the_public_finds_it(page_as: Callable[[str], Page]) -> None:
    writer = page_as("manager.510000")
    writer.goto("/overview/items/?q=换驾照")
    form = writer.get_by_role("region", name="新建本省办理项")
    form.get_by_label("事项序号").fill("15")
    form.get_by_label("办理项名称").fill(NAME)
    form.get_by_label("事项类型").select_option("公共服务")
    desk.axe(writer)
    form.get_by_role("button", name="新建并填写要素").click()
    expect(writer.get_by_role("heading", level=1)).to_contain_text(NAME)
    expect(writer.get_by_role("heading", level=1)).to_contain_text("四川省")
    writer.get_by_label("县级").uncheck()
    writer.get_by_label("市级").check()
    writer.get_by_label("地方编码").fill("SC-2026-01")
    writer.get_by_label("法定依据").fill("四川省示例条例 | 第一条")
    desk.axe(writer)
    writer.get_by_role("button", name="保存并送审").click()
    expect(writer.get_by_text("已送审")).to_be_visible()
    draft = writer.url

    # Nobody of another province sees it, and the writer does not review it.
    assert page_as("manager.520000").goto(draft).status == 404  # type: ignore[union-attr]
    expect(writer.get_by_role("button", name="审核通过并发布")).to_have_count(0)

    reviewer = page_as("reviewer.510000")
    reviewer.goto(draft)
    expect(reviewer.get_by_text("SC-2026-01")).to_be_visible()
    today = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=8)).date()
    reviewer.get_by_label("生效日期").fill(today.isoformat())
    reviewer.get_by_role("button", name="审核通过并发布").click()
    expect(reviewer.get_by_text("第1版已发布")).to_be_visible()
    desk.axe(reviewer)

    # The public's own page of the item.
    reviewer.goto("/items/?q=蜀道通行证")
    reviewer.get_by_role("link", name="机动车驾驶证换证").first.click()
    expect(reviewer.locator("#procedure")).to_contain_text(f"{NAME}（四川省）")
    desk.axe(reviewer)
