"""A driving licence renewed from Guiyang in Chengdu, from the counter to the letter box."""

import datetime
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import desk
from tests.journeys.desk import WAYBILL, Receiving, axe, open_case, step
from tests.journeys.product import Product


@pytest.mark.article("P21(1)")
@pytest.mark.article("P21(2)")
@pytest.mark.article("P21(3)")
@pytest.mark.article("P21(4)")
@pytest.mark.article("C2")
@pytest.mark.article("C7")
class TestWholeLife:
    def test_from_counter_to_letter_box_with_a_correction(
        self, page_as: Callable[[str], Page], product: Product
    ) -> None:
        guiyang = page_as("clerk.520103")
        axe(guiyang)
        clerk = Receiving(guiyang).begin()
        clerk.enter_applicant().choose_matter().enter_answers()
        clerk.scan("form", "id_card", "medical").pass_papers("form", "id_card", "medical").fault("photo")
        clerk.ask_correction()
        axe(guiyang)

        open_case(guiyang, clerk.number)
        expect(guiyang.locator("main")).to_contain_text("待申请人补正")
        axe(guiyang)
        step(guiyang, "bring_correction")
        guiyang.wait_for_url(f"**/desk/receive/{clerk.number}/")
        clerk.pass_papers("photo").receive()
        axe(guiyang)

        open_case(guiyang, clerk.number)
        expect(guiyang.locator("form[data-step=send]")).to_contain_text("还没有扫描的材料：近期免冠照片")
        axe(guiyang)
        desk.scan_received(guiyang, "photo")
        step(guiyang, "send")
        expect(guiyang.locator("main")).to_contain_text("材料流转中")

        chengdu = page_as("clerk.510100")
        chengdu.goto("/desk/incoming/")
        axe(chengdu)
        chengdu.get_by_role("link", name=clerk.number).click()
        axe(chengdu)
        step(chengdu, "confirm_arrival")
        step(chengdu, "accept")
        until = desk.today(product) + datetime.timedelta(days=1)
        axe(chengdu)
        step(chengdu, "hand_off", department_id="", until_on=until.isoformat())

        department = page_as("approver.510100")
        axe(department)
        open_case(department, clerk.number)
        axe(department)
        step(department, "give_opinion", opinion="符合规定条件")

        open_case(chengdu, clerk.number)
        step(chengdu, "grant", result_name="机动车驾驶证")
        step(chengdu, "tell_result", told_by="phone")
        step(chengdu, "post_result", waybill=WAYBILL)
        step(chengdu, "confirm_delivery", received_by=desk.NAME)
        axe(chengdu)
        step(chengdu, "close")
        expect(chengdu.locator("main")).to_contain_text("已办结")

        open_case(guiyang, clerk.number)
        expect(guiyang.locator("main")).to_contain_text("已办结")
        axe(guiyang)
        assert "Healthy" in product.command("doctor")
