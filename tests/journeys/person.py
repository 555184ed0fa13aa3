"""What applicants do in their own space, in a real browser."""

from playwright.sync_api import Page, expect

from tests.journeys import desk


def enter(page: Page, phone: str) -> Page:
    """Sign in by the code that practice shows."""
    page.goto("/my/")
    page.get_by_label("手机号").fill(phone)
    page.get_by_role("button", name="获取验证码").click()
    desk.axe(page)
    page.get_by_label("六位验证码").fill(page.locator("#practice-digits").inner_text())
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="我的空间")).to_be_visible()
    return page


def check(page: Page, name: str, number: str) -> Page:
    """Prove who one is, to the simulator that practice has."""
    page.get_by_role("link", name="实名核验（模拟）").click()
    page.get_by_label("姓名").fill(name)
    page.get_by_label("居民身份证号码").fill(number)
    page.get_by_role("button", name="模拟核验").click()
    expect(page.get_by_role("link", name="实名核验（模拟）")).to_have_count(0)
    return page
