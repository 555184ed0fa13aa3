"""A person follows a case that a window received; an enterprise appoints an agent, who acts in its name."""

import datetime
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys import desk
from tests.journeys.desk import MATERIALS, Receiving
from tests.journeys.person import act_for, check, enter
from tests.journeys.product import Product


@pytest.mark.article("F2", "F8", "A6", "P15")
def test_a_person_and_an_enterprise_with_an_agent(
    product: Product, browser: Browser, page_as: Callable[[str], Page], applicant: Page
) -> None:
    number = Receiving(page_as("clerk.520103")).fill_all().pass_papers(*MATERIALS).receive().number

    def stranger() -> Page:
        return browser.new_context(base_url=product.address, locale="zh-CN").new_page()

    person = applicant
    person.goto("/my/")
    card = person.locator(".my-case", has_text=number)
    expect(card).to_contain_text("您现在不用做什么")
    card.get_by_role("link").click()
    desk.axe(person)
    notice = person.get_by_role("link", name=re.compile("收件通知书")).get_attribute("href")
    assert notice and person.request.get(notice).body().startswith(b"%PDF")
    person.goto("/my/looks/")
    expect(person.get_by_role("row", name=re.compile(number)).first).to_contain_text("窗口人员")
    desk.axe(person)

    boss, enterprise = (
        check(enter(stranger(), "13755556667"), "测试乙", "110105194912310038"),
        "测试商贸有限公司",
    )
    boss.get_by_role("link", name="企业、授权与代理").click()
    boss.get_by_label("统一社会信用代码").fill("91520103MA6DEM0022")
    boss.get_by_label("企业名称").fill(enterprise)
    boss.get_by_role("button", name="登记（模拟核验）").click()
    expect(boss.get_by_text(f"已登记{enterprise}")).to_be_visible()
    act_for(boss, enterprise)
    boss.get_by_role("link", name="企业、授权与代理").click()
    boss.get_by_label("代理人姓名").fill("测试丙")
    boss.get_by_label("代理人手机号").fill("13755556668")
    until = desk.today(product) + datetime.timedelta(days=30)
    boss.get_by_label("授权到哪一天").fill(until.isoformat())
    desk.axe(boss)
    boss.get_by_role("button", name="授权", exact=True).click()
    expect(boss.get_by_text("等对方接受", exact=True)).to_be_visible()

    agent = check(enter(stranger(), "13755556668"), "测试丙", "110105194912310046")
    agent.goto("/my/")
    agent.get_by_role("link", name="去看看").click()
    agent.get_by_role("button", name="接受", exact=True).click()
    expect(agent.get_by_text("已接受授权。")).to_be_visible()
    act_for(agent, enterprise)
    boss.reload()
    expect(boss.get_by_text("有效", exact=True)).to_be_visible()
    for page in (boss, agent):
        page.context.close()
