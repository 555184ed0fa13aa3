"""What applicants do in their own space, in a real browser."""

import re

from playwright.sync_api import Page, expect

from tests import pictures
from tests.journeys import desk

PICTURE = {"name": "材料.png", "mimeType": "image/png", "buffer": pictures.sheet()}


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


def act_for(page: Page, name: str) -> None:
    """Go on in the name of somebody else."""
    page.locator("header details.menu > summary").click()
    page.get_by_role("button", name=f"换成：{name}").click()
    expect(page.get_by_text(f"以“{name}”的名义")).to_be_visible()


def answer(page: Page) -> None:
    """Answer the one question that the page asks, and go on."""
    form = page.locator("form.apply-question")
    if form.locator("#files").count():
        form.locator("#files").set_input_files(PICTURE)
        form.get_by_role("button", name="上传").click()
        expect(form.locator(".form-attached li")).to_have_count(1)
    radios = form.locator("input[type=radio]")
    if radios.count() and not form.locator("input[type=radio]:checked").count():
        radios.first.check()
    for select in form.locator("select").all():
        if not select.input_value():
            select.select_option(index=1)
    for text in form.locator("input[type=text], input:not([type]), input[type=date], textarea").all():
        if text.is_visible() and not text.input_value():
            is_date = text.get_attribute("type") == "date" or "date" in (text.get_attribute("class") or "")
            text.fill("2027-12-31" if is_date else "示例")
    before = page.url
    form.get_by_role("button", name=re.compile("^保存")).click()
    page.wait_for_url(lambda url: url != before)


def answer_all(page: Page, *, most: int = 30) -> None:
    """Answer question after question until everything is there to be checked."""
    for _each in range(most):
        if page.url.endswith("/check/"):
            return
        answer(page)
    raise AssertionError(page.url)
