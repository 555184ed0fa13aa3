"""An applicant who does not bring what was asked for: the case lapses by itself."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.desk import MATERIALS, Receiving, axe, open_case
from tests.journeys.product import Product

_LAPSE = "import django; django.setup(); from tongban.cases import tasks; tasks.lapse_all()"


@pytest.mark.article("P21(1)")
class TestLapse:
    def test_a_correction_that_is_never_brought_lapses(
        self, page_as: Callable[[str], Page], product: Product
    ) -> None:
        page = page_as("clerk.520103")
        clerk = Receiving(page).fill_all().pass_papers(*MATERIALS[1:]).fault("form").ask_correction()
        open_case(page, clerk.number)
        expect(page.locator("main")).to_contain_text("待申请人补正")
        product.command("practice", "advance", "15d")
        try:
            subprocess.run([sys.executable, "-c", _LAPSE], env=product.environment, check=True, timeout=60)
            page.reload()
            expect(page.locator("main")).to_contain_text("逾期未补正")
            expect(page.locator("form[data-step]")).to_have_count(0)
            axe(page)
        finally:
            product.command("practice", "reset")
