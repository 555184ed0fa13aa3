"""Two people at one case: one wins, the other is told so and loses nothing typed."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.desk import MATERIALS, Receiving, open_case, step

REASON = "审查意见写了很久，不能丢"


@pytest.mark.article("S3")
class TestTwoClerksAtOnce:
    def test_one_wins_and_the_other_loses_nothing_typed(self, page_as: Callable[[str], Page]) -> None:
        first = page_as("clerk.520103")
        clerk = Receiving(first).fill_all().scan(*MATERIALS).pass_papers(*MATERIALS).receive()
        open_case(first, clerk.number)
        second = page_as("clerk.520103")
        open_case(second, clerk.number)
        form = second.locator("form[data-step=withdraw]")
        second.locator("details.case-other", has=form).locator("summary").first.click()
        form.locator("[name=reason]").fill(REASON)

        step(first, "send")
        form.locator(".case-form-buttons button").first.click()

        expect(second.get_by_role("alert").first).to_contain_text("材料流转中")
        kept = second.locator("form[data-step=withdraw] [name=reason]")
        assert REASON in (kept.input_value() if kept.count() else second.locator("main").inner_text())
        open_case(first, clerk.number)
        expect(first.locator("main")).to_contain_text("材料流转中")
