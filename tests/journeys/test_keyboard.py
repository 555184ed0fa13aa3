"""A case from the first page to the receipt without a mouse, as a clerk works who types all day."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.desk import ADDRESS, IDENTITY, MATERIALS, NAME, PHONE, open_case

FARTHEST = 250  # presses of Tab from one end of a page to the other


class Keyboard:
    """Only keys: Tab and Shift+Tab to get somewhere, Enter, Space and arrows to do something there."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def reach(self, selector: str) -> None:
        """Go on with Tab until something has the focus, and see that the focus can be seen."""
        target = self.page.locator(selector).first
        expect(target).to_be_attached()
        for _press in range(FARTHEST):
            if target.evaluate("e => e === document.activeElement"):
                shown = target.evaluate(
                    "e => { const s = getComputedStyle(e);"
                    " return s.outlineStyle !== 'none' || s.boxShadow !== 'none' }"
                )
                assert shown, f"{selector} has the focus and does not show it"
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{selector} cannot be reached with Tab")

    def press(self, selector: str, key: str = "Enter") -> None:
        self.reach(selector)
        self.page.keyboard.press(key)

    def type(self, selector: str, text: str) -> None:
        self.reach(selector)
        self.page.keyboard.type(text)

    def pick(self, selector: str, label: str) -> None:
        """Go down a list until it stands at a label."""
        self.reach(selector)
        target = self.page.locator(selector).first
        labels = target.evaluate("e => [...e.options].map(o => o.text.trim())")
        at = target.evaluate("e => e.selectedIndex")
        self.page.keyboard.press("Alt+ArrowDown")
        for _step in range(labels.index(label) - max(at, 0)):
            self.page.keyboard.press("ArrowDown")
        self.page.keyboard.press("Enter")
        expect(self.page.locator(f"{selector} >> nth=0").locator("option:checked")).to_have_text(label)


@pytest.mark.article("C2", "F7")
class TestKeyboard:
    def test_alone_takes_a_case_from_today_to_the_receipt(self, page_as: Callable[[str], Page]) -> None:
        page = page_as("clerk.520103")
        page.goto("/desk/")
        keys = Keyboard(page)
        keys.press("header .topbar-end form button.btn-primary")
        page.wait_for_url(re.compile(r"/desk/receive/[^/]+/$"))
        number = page.url.rstrip("/").rsplit("/", 1)[1]

        for field, text in (("identity", IDENTITY), ("name", NAME), ("phone", PHONE), ("contact_name", NAME)):
            keys.type(f"#f-{field}", text)
        page.keyboard.press("Tab")
        expect(page.locator("#f-identity.masked")).to_be_visible()
        keys.press("#f-is_identity_checked", "Space")

        keys.type("#f-procedure", "换驾照")
        expect(page.locator("#found button").first).to_be_visible()
        keys.press("#found button:has-text('机动车驾驶证换证')")
        expect(page.locator("div#f-procedure")).to_contain_text("机动车驾驶证换证")
        for place, label in enumerate(("四川省", "成都市", "武侯区")):
            expect(
                page.locator(f"#f-home select >> nth={place}").locator("option", has_text=label)
            ).to_have_count(1)
            keys.pick(f"#f-home select >> nth={place}", label)
        keys.press("#f-circumstance-expired", "Space")
        expect(page.locator("#pass-medical")).to_be_visible()

        keys.pick("[name='form.vehicle_class']", "C1")
        keys.type("[name='form.expires_on']", "12312026")
        keys.press("#f-channel-post", "Space")
        keys.press("#f-way-post", "Space")
        keys.type("#f-delivery_address", ADDRESS)
        for key in MATERIALS:
            keys.press(f"#pass-{key}")
            expect(page.locator(f"#pass-{key}")).to_have_attribute("value", f"reopen:{key}")
        keys.press("#do-receipt")
        page.wait_for_url(re.compile(r"/notices/[^/]+/$"))
        keys.press("button:has-text('确认出具')")
        expect(page.get_by_role("link", name="打印三份")).to_be_visible()

        open_case(page, number)
        keys.type("form[data-step=send] [name=waybill]", "1234567890123")
        keys.press("form[data-step=send] .case-form-buttons button")
        expect(page.locator("main")).to_contain_text("材料流转中")
