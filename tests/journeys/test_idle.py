"""A session that is about to end, and one that has: the page warns, and what was typed stays."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.journeys import desk


@pytest.mark.article("S2", "S3")
def test_warns_and_keeps_what_was_typed(page_as: Callable[[str], Page]) -> None:
    page = page_as("clerk.520111")
    left, token = 1800, ""

    def alive(route: Route) -> None:
        nonlocal left
        if route.request.method == "POST":
            left = 1800
        said = {"left": left, "account": "clerk.520111", "token": token or "t" * 64}
        route.fulfill(status=200, content_type="application/json", body=json.dumps(said))

    page.route("**/desk/account/alive/", alive)
    left = 50
    page.goto("/desk/search/")
    page.locator("#main input[name=q]").fill("正在输入的内容")
    dialog = page.locator("dialog#idle")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_text("系统将自动退出")).to_be_visible()
    desk.axe(page)
    dialog.get_by_role("button", name="继续").click()
    expect(dialog).not_to_be_visible()
    assert page.locator("#main input[name=q]").input_value() == "正在输入的内容"

    left = 0
    page.goto("/desk/search/")
    page.locator("#main input[name=q]").fill("正在输入的内容")
    expect(dialog.get_by_role("link", name="在新标签页登录")).to_be_visible()
    left = 1800
    dialog.get_by_role("button", name="我已登录").click()
    expect(dialog).not_to_be_visible()
    assert page.locator("#main input[name=q]").input_value() == "正在输入的内容"
    assert page.locator("#main input[name=csrfmiddlewaretoken]").first.input_value() == "t" * 64
