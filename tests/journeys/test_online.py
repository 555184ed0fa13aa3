"""A matter wholly online: applied for in two browsers with a clerk's help, corrected, granted, fetched and verified."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys import desk
from tests.journeys.person import PICTURE, answer, answer_all
from tests.journeys.product import Product

IDENTITY, NAME, HOME = "500103199912120018", "测试戊", "510107000000"


def enter(page: Page, phone: str) -> None:
    """Sign in by the code that practice shows, and be checked by the simulator."""
    page.goto("/my/")
    page.get_by_label("手机号").fill(phone)
    page.get_by_role("button", name="获取验证码").click()
    page.get_by_label("六位验证码").fill(page.locator("#practice-digits").inner_text())
    page.get_by_role("button", name="登录", exact=True).click()
    page.goto("/my/identity/")
    page.get_by_label("姓名").fill(NAME)
    page.get_by_label("居民身份证号码").fill(IDENTITY)
    page.get_by_role("button", name="模拟核验").click()
    expect(page.get_by_role("heading", level=1, name="我的空间")).to_be_visible()


@pytest.mark.article("P22", "C1", "C8", "E4", "W4", "W15", "F2")
def test_is_applied_for_helped_corrected_granted_and_fetched(
    product: Product, browser: Browser, page_as: Callable[[str], Page]
) -> None:
    def somewhere() -> Page:
        context = browser.new_context(base_url=product.address, locale="zh-CN", timezone_id="Asia/Shanghai")
        context.set_default_timeout(10_000)
        return context.new_page()

    mine = somewhere()
    enter(mine, "13766667777")
    mine.goto(f"/items/15/?home={HOME}&here=520103000000")
    mine.get_by_role("link", name=re.compile("在线申请")).click()
    desk.axe(mine)
    mine.get_by_role("button", name="开始填写").click()
    number = mine.url.split("/apply/")[1].split("/")[0]
    desk.axe(mine)
    for _question in range(3):
        answer(mine)

    # On another device it goes on where it was left.
    other = browser.new_context(
        base_url=product.address,
        locale="zh-CN",
        storage_state=mine.context.storage_state(),
        viewport={"width": 375, "height": 800},
    ).new_page()
    other.goto("/my/")
    other.locator(f"a[href*='/apply/{number}/']").first.click()
    expect(other.get_by_role("link", name="继续填写")).to_be_visible()
    desk.axe(other)

    # A clerk helps by the code, and is seen doing it.
    other.get_by_role("button", name="生成协助码").click()
    code = other.locator(".apply-code").inner_text()
    clerk = page_as("clerk.520103")
    clerk.goto("/desk/help/")
    clerk.get_by_label("协助码").fill(code)
    clerk.get_by_label("协助的事由").fill("申请人不会用手机上传")
    clerk.get_by_role("button", name="开始协助").click()
    clerk.wait_for_url(f"**/desk/help/{number}/")
    desk.axe(clerk)
    other.reload()
    expect(other.get_by_text("正在协助您填写")).to_be_visible()
    other.get_by_role("button", name="结束协助").click()

    mine.goto(f"/apply/{number}/")
    mine.get_by_role("link", name="继续填写").click()
    answer_all(mine)
    desk.axe(mine)
    mine.get_by_role("button", name="提交申请").click()
    receipt = mine.get_by_role("link", name=re.compile("电子收件回执")).get_attribute("href")
    assert receipt and mine.request.get(receipt).body().startswith(b"%PDF")

    # The home window asks for everything at once; the applicant brings it from home.
    home = page_as("clerk.510100")
    desk.open_case(home, number)
    desk.axe(home)
    form = home.locator("form[data-step=ask_online_correction]")
    home.locator("details.case-other", has=form).locator("summary").first.click()
    form.locator("input[type=checkbox]").first.check()
    form.locator("textarea, input[type=text]").first.fill("照片不清晰，请重新上传")
    form.locator(".case-form-buttons button").first.click()
    expect(home.get_by_role("status").filter(has_text="已办理")).to_be_visible()
    mine.goto(f"/apply/{number}/")
    expect(mine.get_by_text("照片不清晰，请重新上传")).to_be_visible()
    mine.locator("ol.apply-list a").first.click()
    mine.locator("#files").set_input_files(PICTURE)
    mine.get_by_role("button", name="上传").click()
    mine.goto(f"/apply/{number}/check/")
    mine.get_by_role("button", name="提交补正").click()

    desk.open_case(home, number)
    desk.step(home, "accept")
    desk.step(home, "grant", result_name="机动车驾驶证")
    desk.step(home, "offer_online")
    mine.goto(f"/apply/{number}/")
    mine.get_by_role("button", name="下载并签收").click()
    mine.goto(f"/apply/{number}/")
    result = mine.get_by_role("link", name=re.compile("电子决定文书")).get_attribute("href")
    assert result and mine.request.get(result).body().startswith(b"%PDF")
    mine.get_by_role("link", name="核验", exact=True).last.click()
    expect(mine.get_by_text("有效").first).to_be_visible()
    assert NAME not in mine.locator("main").inner_text()
    for page in (mine, other):
        page.context.close()
