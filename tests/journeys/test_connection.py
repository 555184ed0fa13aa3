"""A form sent twice, and a line that drops: nothing typed is lost, nothing is doubled."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import desk
from tests.journeys.desk import MATERIALS, Receiving, open_case


@pytest.mark.article("S3")
class TestDoubleSubmission:
    def test_a_form_sent_twice_makes_one_case(self, page_as: Callable[[str], Page]) -> None:
        page = page_as("clerk.520103")
        sent = """async () => {
            const form = document.querySelector("header .topbar-end form");
            const send = () => fetch(form.action, {method: "POST", body: new FormData(form)});
            return (await Promise.all([send(), send(), send()])).map(answer => answer.url);
        }"""
        addresses = page.evaluate(sent)
        assert len(addresses) == 3
        assert len(set(addresses)) == 1
        assert "/desk/receive/" in addresses[0]

    def test_a_button_pressed_twice_takes_one_step(self, page_as: Callable[[str], Page]) -> None:
        page = page_as("clerk.520103")
        clerk = Receiving(page).fill_all().scan(*MATERIALS).pass_papers(*MATERIALS).receive()
        open_case(page, clerk.number)
        page.locator("form[data-step=send] .case-form-buttons button").first.dblclick()
        expect(page.locator("main")).to_contain_text("材料流转中")
        open_case(page, clerk.number)
        expect(page.get_by_text("清单 4 项")).to_have_count(1)


@pytest.mark.article("S3")
class TestDroppedConnection:
    def test_what_is_typed_offline_arrives_once_the_line_is_back(
        self, page_as: Callable[[str], Page]
    ) -> None:
        page = page_as("clerk.520103")
        clerk = Receiving(page).begin()
        page.context.set_offline(True)
        page.locator("#f-name").fill(desk.NAME)
        page.locator("#f-name").press("Tab")
        expect(page.locator("#offline")).to_be_visible()
        page.locator("#f-contact_name").fill("测试乙")
        page.context.set_offline(False)
        expect(page.locator("#offline")).to_be_hidden()
        expect(page.locator("#status")).to_contain_text("已保存")
        other = page_as("clerk.520103")
        other.goto(f"/desk/receive/{clerk.number}/")
        expect(other.locator("#f-name")).to_have_value(desk.NAME)
        expect(other.locator("#f-contact_name")).to_have_value("测试乙")
