"""Two cities agree on a pilot, a case runs under it, and it goes into the next batch of the list."""

import datetime
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.desk import Receiving, axe
from tongban.kernel import worktime

NAME = "试点示例证明开具"


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click()
    page.wait_for_load_state()


@pytest.mark.article("B5", "P6", "W16")
class TestPilot:
    def test_goes_from_proposal_through_a_case_to_the_next_batch(
        self, page_as: Callable[[str], Page]
    ) -> None:
        today = datetime.datetime.now(worktime.BEIJING).date()
        proposer = page_as("manager.520100")
        proposer.goto("/overview/pilots/")
        axe(proposer)
        proposer.locator("#f-second").select_option(label="四川省成都市")
        typed = {
            "name": NAME,
            "lead_department": "民政部门",
            "why": "群众需要",
            "materials": "身份证，原件1份\n申请书",
            "legal_limit": "20",
            "promised_limit": "10",
            "begin_on": today.isoformat(),
            "end_on": (today + datetime.timedelta(days=200)).isoformat(),
        }
        for name, value in typed.items():
            proposer.locator(f"#f-{name}").fill(value)
        press(proposer, "提出试点")
        expect(proposer.get_by_role("status")).to_contain_text("等待成都市答复")
        address = proposer.url

        other = page_as("manager.510100")
        other.goto(address)
        press(other, "同意试点")
        axe(other)

        clerk = Receiving(page_as("clerk.520100")).begin()
        page = clerk.page
        page.locator("#f-procedure").fill(NAME)
        expect(page.locator("#found button").first).to_contain_text("试点")
        page.locator("#found button").first.click()
        expect(page.locator("div#f-procedure")).to_contain_text(NAME)
        for n, label in enumerate(("四川省", "成都市")):
            page.locator(f"#f-home select >> nth={n}").select_option(label=label)
            expect(page.locator(f"#f-home select >> nth={n}")).not_to_have_value("")
        clerk.enter_applicant().press("#f-way-pick_up_receiving")
        clerk.pass_papers("off-1", "off-2").receive()

        proposer.goto(address)
        expect(proposer.locator("#figures tbody tr").first).to_contain_text("贵阳市 → 成都市")
        expect(proposer.locator("#figures tbody tr").first.locator("td").first).to_have_text("1")
        proposer.get_by_label("推荐理由").fill("收件多，办得快")
        press(proposer, "推荐")

        group = page_as("group.1")
        group.goto("/overview/lists/")
        expect(group.locator("main")).to_contain_text(NAME)
        press(group, "开始编制")
        group.goto(address)
        press(group, "列入这一批")
        group.get_by_role("link", name="第1批").click()
        expect(group.locator("tbody")).to_contain_text(NAME)
        axe(group)
