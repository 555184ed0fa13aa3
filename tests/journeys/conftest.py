"""One running product and one browser for all journeys; everybody signs in once."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, sync_playwright

from tests.conftest import new_database
from tests.journeys import desk, person
from tests.journeys.product import Product


@pytest.fixture(scope="session")
def product() -> Iterator[Product]:
    """The product over a seeded database of its own."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")  # each process that runs journeys has a product
    made = Product(database=new_database(f"tongban_journeys_{worker}"))
    try:
        made.start()
        yield made
    finally:
        made.end()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for one file: while it is there this process has a running event loop, and Django minds that."""
    path = os.environ.get("TONGBAN_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        yield running
        running.close()


@pytest.fixture(scope="session")
def _sessions() -> dict[str, StorageState]:
    return {}


@pytest.fixture
def applicant(product: Product, browser: Browser, _sessions: dict[str, StorageState]) -> Iterator[Page]:
    """A page of the one whose cases clerks take in here: signed in, and who they are is checked."""
    context = browser.new_context(
        base_url=product.address,
        locale="zh-CN",
        viewport={"width": 1440, "height": 900},
        storage_state=_sessions.get("applicant"),
    )
    page = context.new_page()
    if "applicant" not in _sessions:
        person.check(person.enter(page, "13755556666"), desk.NAME, desk.IDENTITY)
        _sessions["applicant"] = context.storage_state()
    yield page
    context.close()


@pytest.fixture
def page_as(
    product: Product, browser: Browser, _sessions: dict[str, StorageState]
) -> Iterator[Callable[[str], Page]]:
    """Give a page of a browser in which somebody is signed in: `page_as("clerk.520103")`."""
    contexts: list[BrowserContext] = []
    broken: list[str] = []

    def open_page(account: str) -> Page:
        context = browser.new_context(
            base_url=product.address,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            viewport={"width": 1440, "height": 900},
            storage_state=_sessions.get(account),
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("pageerror", lambda error: broken.append(f"{page.url}: {error}"))
        if account in _sessions:
            page.goto("/desk/")
        else:
            desk.sign_in(page, account)
            _sessions[account] = context.storage_state()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not broken, "scripts failed: " + "; ".join(broken)
