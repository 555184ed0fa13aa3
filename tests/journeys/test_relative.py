"""An old person appoints a child, who applies online in their name until the mandate ends."""

import datetime
import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys import desk
from tests.journeys.person import act_for, answer_all, check, enter
from tests.journeys.product import Product

PRINCIPAL, AGENT, HOME = "测试己", "测试庚", "510107000000"


@pytest.mark.article("A6", "F2", "F8", "P22", "C8", "S1")
def test_an_agent_applies_for_a_relative_until_the_mandate_ends(product: Product, browser: Browser) -> None:
    def stranger() -> Page:
        context = browser.new_context(base_url=product.address, locale="zh-CN", timezone_id="Asia/Shanghai")
        context.set_default_timeout(10_000)
        return context.new_page()

    old = check(enter(stranger(), "13755557771"), PRINCIPAL, "110105194912310054")
    old.get_by_role("link", name="企业、授权与代理").click()
    old.get_by_label("代理人姓名").fill(AGENT)
    old.get_by_label("代理人手机号").fill("13755557772")
    old.get_by_label("与我的关系").fill("子女")
    until = desk.today(product) + datetime.timedelta(days=30)
    old.get_by_label("授权到哪一天").fill(until.isoformat())
    old.get_by_text("只限部分事项").click()
    old.locator("input[name=items][value='15']").check()
    old.get_by_role("button", name="授权", exact=True).click()
    expect(old.get_by_text("等对方接受", exact=True)).to_be_visible()

    young = check(enter(stranger(), "13755557772"), AGENT, "110105194912310062")
    young.goto("/my/")
    young.get_by_role("link", name="去看看").click()
    offer = young.locator(".my-case-waits")
    expect(offer).to_contain_text("子女")
    desk.axe(young)
    offer.get_by_role("button", name="接受", exact=True).click()
    act_for(young, PRINCIPAL)
    young.goto(f"/items/15/?home={HOME}&here=520103000000")
    young.get_by_role("link", name=re.compile("在线申请")).click()
    young.get_by_role("button", name="开始填写").click()
    number = young.url.split("/apply/")[1].split("/")[0]
    answer_all(young)
    young.get_by_role("button", name="提交申请").click()
    expect(young.get_by_role("link", name=re.compile("电子收件回执"))).to_be_visible()

    for page in (old, young):
        page.goto("/my/")
        expect(page.locator(".my-case", has_text=number)).to_be_visible()
    old.goto("/my/mandates/")
    old.get_by_role("button", name="终止授权").click()
    expect(old.get_by_text("已终止", exact=True)).to_be_visible()
    young.goto("/my/")
    expect(young.get_by_text(number)).to_have_count(0)
    expect(young.get_by_text(f"以“{PRINCIPAL}”的名义")).to_have_count(0)
    for address in (f"/apply/{number}/", f"/my/cases/{number}/"):
        answer = young.goto(address)
        assert answer is not None and answer.status == 404, address
    old.goto("/my/")
    expect(old.locator(".my-case", has_text=number)).to_be_visible()
    for page in (old, young):
        page.context.close()
