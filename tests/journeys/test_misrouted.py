"""A case that came to the wrong window goes on to the right one, and nothing is lost."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import desk
from tests.journeys.desk import MATERIALS, Receiving, axe, open_case, step


@pytest.mark.article("P21(3)")
class TestMisrouted:
    def test_goes_on_to_the_right_window_with_everything(self, page_as: Callable[[str], Page]) -> None:
        guiyang = page_as("clerk.520103")
        clerk = Receiving(guiyang).fill_all().scan(*MATERIALS).pass_papers(*MATERIALS).receive()
        open_case(guiyang, clerk.number)
        step(guiyang, "send")

        chengdu = page_as("clerk.510100")
        open_case(chengdu, clerk.number)
        form = chengdu.locator("form[data-step=forward]")
        chengdu.locator("details.case-other", has=form).locator("summary").first.click()
        form.locator("[name=home_code_words]").press_sequentially("绵阳市")
        form.locator("[name=home_code][value='510700000000']").check()
        form.locator("[name=reason]").fill("户籍在绵阳市，不属本地办理")
        form.locator(".case-form-buttons button").first.click()
        expect(chengdu.get_by_role("status").filter(has_text="已办理")).to_be_visible()
        axe(chengdu)

        mianyang = page_as("clerk.510700")
        mianyang.goto("/desk/incoming/")
        axe(mianyang)
        mianyang.get_by_role("link", name=clerk.number).click()
        expect(mianyang.locator("main")).to_contain_text(desk.NAME)
        step(mianyang, "confirm_arrival")
        step(mianyang, "accept")
        open_case(guiyang, clerk.number)
        expect(guiyang.locator("main")).to_contain_text("审批中")
        expect(guiyang.locator("main")).to_contain_text("绵阳市")
