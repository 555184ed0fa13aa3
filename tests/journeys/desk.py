"""What people do at the workbench, in a real browser, and how often they press or fill for it."""

import datetime
import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests import pictures
from tests.journeys.product import PASSWORD, Product

expect.set_options(timeout=15_000)  # a busy machine is slow, not wrong
AXE = Path(__file__).resolve().parents[2] / "node_modules/axe-core/axe.min.js"
IDENTITY = "11010519491231002X"
NAME = "测试甲"
PHONE = "13800000000"
ADDRESS = "贵州省贵阳市云岩区示例路1号"
MATERIALS = ("form", "id_card", "photo", "medical")
WAYBILL = "1234567890123"


def axe(page: Page) -> None:
    """Refuse a page with an accessibility violation that axe knows."""
    page.evaluate(AXE.read_text())  # not as a script element: the page's CSP would refuse it
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    lines = [
        f"{v['id']} ({v['impact']}): {v['help']}: {[n['html'][:160] for n in v['nodes'][:3]]}"
        for v in found["violations"]
    ]
    assert not lines, "\n".join([page.url, *lines])


def sign_in(page: Page, account: str) -> None:
    """Sign in on the sign-in page and arrive at Today, an administrator at the part that is theirs."""
    page.goto("/desk/sign-in/")
    page.get_by_role("textbox", name="账号").fill(account)
    page.locator("#id_password").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    first = {"sysadmin": "账号和岗位", "secadmin": "安全事件", "auditadmin": "审计链"}.get(account, "今日")
    expect(page.get_by_role("heading", level=1, name=first)).to_be_visible()


class Receiving:
    """A clerk at the receive page; `effort` counts presses and fills beyond the applicant's own data."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.effort = 0
        self.number = ""

    def press(self, selector: str) -> None:
        self.effort += 1
        self.page.locator(selector).click()

    def choose(self, selector: str, label: str) -> None:
        self.effort += 1
        self.page.locator(selector).select_option(label=label)

    def begin(self) -> "Receiving":
        """Start from Today."""
        self.page.goto("/desk/")
        self.press("header .topbar-end form button.btn-primary")
        self.page.wait_for_url(re.compile(r"/desk/receive/[^/]+/$"))
        self.number = self.page.url.rstrip("/").rsplit("/", 1)[1]
        return self

    def choose_matter(self, *, county: str = "武侯区") -> "Receiving":
        """Find the matter in everyday words, and pick the place that decides."""
        page = self.page
        self.effort += 1
        page.locator("#f-procedure").fill("换驾照")
        self.effort += 1
        page.locator("#found").get_by_role("button", name="机动车驾驶证换证").first.click()
        expect(page.locator("div#f-procedure")).to_contain_text("机动车驾驶证换证")
        for level, label in (("province", "四川省"), ("prefecture", "成都市"), ("county", county)):
            select = page.locator(
                f"#f-home select >> nth={('province', 'prefecture', 'county').index(level)}"
            )
            expect(select.locator("option", has_text=label)).to_have_count(1)
            self.effort += 1
            select.select_option(label=label)
        self.press("#f-circumstance-expired")
        expect(page.locator("#pass-medical")).to_be_visible()
        return self

    def enter_applicant(self) -> "Receiving":
        """Type what the applicant says; only the identity check is the clerk's own."""
        page = self.page
        page.locator("#f-identity").fill(IDENTITY)
        page.locator("#f-name").fill(NAME)
        page.locator("#f-phone").fill(PHONE)
        page.locator("#f-contact_name").fill(NAME)
        page.locator("#f-contact_name").press("Tab")
        expect(page.locator("#f-identity.masked")).to_be_visible()
        expect(page.locator("#f-phone.masked")).to_be_visible()
        self.press("#f-is_identity_checked")
        return self

    def enter_answers(self) -> "Receiving":
        """Type the applicant's answers, and say how papers and result travel."""
        page = self.page
        page.locator("[name='form.vehicle_class']").select_option("C1")
        page.locator("[name='form.expires_on']").fill("2026-12-31")
        self.press("#f-channel-online")
        self.press("#f-way-post")
        page.locator("#f-delivery_address").fill(ADDRESS)
        page.locator("#f-delivery_address").press("Tab")
        return self

    def pass_papers(self, *keys: str) -> "Receiving":
        for key in keys:
            self.press(f"#pass-{key}")
            expect(self.page.locator(f"#pass-{key}")).to_have_attribute("value", f"reopen:{key}")
        return self

    def scan(self, *keys: str) -> "Receiving":
        """Bring a scan of each paper by file; two presses in a file dialogue that belongs to the browser."""
        for key in keys:
            picture = {"name": f"{key}.png", "mimeType": "image/png", "buffer": pictures.sheet()}
            self.page.locator(f"#files-{key}").set_input_files(picture)
            expect(self.page.locator(f"#scans-{key} .rc-scan")).to_have_count(1)
        return self

    def fault(self, key: str) -> "Receiving":
        self.press(f"#correct-{key}")
        advice = self.page.locator(f"#advice-{key}")
        expect(advice).to_be_visible()
        self.effort += 1
        advice.fill("照片不符合要求，请补交近期白底照片")
        advice.press("Tab")
        return self

    def fill_all(self, *, county: str = "武侯区") -> "Receiving":
        return self.begin().enter_applicant().choose_matter(county=county).enter_answers()

    def preview(self, button: str, title: str) -> "Receiving":
        self.press(button)
        self.page.wait_for_url(re.compile(r"/notices/[^/]+/$"))
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(f"预览{title}")
        return self

    def issue(self) -> "Receiving":
        self.effort += 1
        self.page.get_by_role("button", name="确认出具").click()
        expect(self.page.get_by_role("link", name="打印三份")).to_be_visible()
        return self

    def receive(self) -> "Receiving":
        """Finish with form 2."""
        return self.preview("#do-receipt", "收件通知书").issue()

    def ask_correction(self) -> "Receiving":
        """Finish with form 1."""
        return self.preview("#do-correction", "一次性告知书").issue()


def open_case(page: Page, number: str) -> None:
    page.goto(f"/desk/cases/{number}/")
    expect(page.locator(".case-number")).to_have_text(number)


def scan_received(page: Page, key: str) -> None:
    """Upload the scan of a received paper on the case page that is open."""
    picture = {"name": f"{key}.png", "mimeType": "image/png", "buffer": pictures.sheet()}
    page.locator(f"#scan-{key}").set_input_files(picture)
    page.locator(".case-scan-here", has=page.locator(f"#scan-{key}")).locator("button").click()
    expect(page.get_by_role("status").filter(has_text="已上传")).to_be_visible()


def step(page: Page, name: str, **typed: str) -> None:
    """Take a step on the case page that is open; what has to be typed is named as the fields are."""
    form = page.locator(f"form[data-step={name}]")
    expect(form).to_have_count(1)
    if not form.is_visible():
        page.locator("details.case-other", has=form).locator("summary").first.click()
    if form.locator("[data-all-ok]").count():
        form.locator("[data-all-ok]").click()
    for field, value in typed.items():
        fill(form.locator(f"[name='{field}']"), value)
    form.locator(".case-form-buttons button").first.click()
    expect(page.get_by_role("status").filter(has_text="已办理")).to_be_visible()


def fill(field, value: str) -> None:  # type: ignore[no-untyped-def]
    """Fill a text, pick from a list, or press the radio button of a value."""
    kind = field.first.evaluate("e => e.tagName === 'SELECT' ? 'select' : e.type")
    if kind == "select":
        field.select_option(value) if value else field.select_option(index=1)
    elif kind == "radio":
        (field.and_(field.page.locator(f"[value='{value}']")) if value else field.first).check()
    else:
        field.fill(value)


def today(product: Product) -> datetime.date:
    """Give the day that it is for the product."""
    said = product.command("practice", "show")
    found = re.search(r"\d{4}-\d\d-\d\d", said)
    assert found, said
    return datetime.date.fromisoformat(found[0])
