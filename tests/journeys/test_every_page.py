"""Every page behind each door: no accessibility violation that axe knows, in both languages, and never wider than its window.

Which pages there are says `web.kit.access`: a page that nobody here has looked at fails the test of its door. The
tests of the doors are apart so that two processes can share them.
"""

import base64
import datetime
import re
from collections.abc import Callable, Iterator

import pytest
from django_otp.oath import TOTP
from playwright.sync_api import Browser, Page, expect

from tests.journeys import desk, walking
from tests.journeys.desk import MATERIALS, Receiving
from tests.journeys.product import PASSWORD, Product
from tests.journeys.walking import Walk, send
from tongban.web.kit import access

ITEM = "/items/15/?here=520103000000&home=510107000000"
PROVINCE = "520000000000"
# Not a matter of the other journeys, whose standards must stay what they are.
PROCEDURE = "/overview/standards/of/014-1/"
PageAs = Callable[[str], Page]


@pytest.fixture
def stranger(product: Product, browser: Browser) -> Iterator[Page]:
    """A page of somebody who has not signed in."""
    context = browser.new_context(base_url=product.address, locale="zh-CN")
    yield context.new_page()
    context.close()


def received(page_as: PageAs) -> str:
    """Receive a case of the applicant here; gives its number."""
    return (
        Receiving(page_as("clerk.520103")).fill_all(county="锦江区").pass_papers(*MATERIALS).receive().number
    )


def rated_badly(page: Page, number: str) -> str:
    """Rate the receiving leg of a case by its number; gives the address where its legs are rated."""
    page.goto("/rate/")
    address = send(page, "/rate/", number=number, four=desk.IDENTITY[-4:])
    send(page, address, leg="receiving", level="1", words="等了很久", may_publish="yes")
    return address


def complained(page: Page, number: str) -> str:
    """Complain about a case by its number; gives the address where the complaint is followed."""
    said = {"kind": "complaint", "words": "两地互相推诿", "about": "both", "four": "1234", "_key": number}
    page.goto("/complain/")
    return send(page, "/complain/", number=number, case_four=desk.IDENTITY[-4:], **said)


def draft_of(applicant: Page) -> str:
    """Begin an application online; gives the address of its draft."""
    applicant.goto(ITEM)
    applicant.get_by_role("link", name=re.compile("在线申请")).click()
    applicant.get_by_role("button", name="开始填写").click()
    return "/apply/" + applicant.url.split("/apply/")[1].split("/")[0] + "/"


def assert_complete(walk: Walk) -> None:
    """Refuse a page with a fault, and a page that nobody has looked at."""
    unseen = [
        f"{name}: nobody has looked at it; lead the walk there, or say in NO_PAGE why not"
        for name in walk.left()
    ]
    assert not walk.wrong + unseen, "\n".join(walk.wrong + unseen)


@pytest.mark.article("F7")
class TestEveryPage:
    def test_that_is_none_has_a_line_of_its_own(self) -> None:
        assert set(walking.NO_PAGE) <= set(access.PAGES)

    def test_of_the_public_and_of_applicants(self, page_as: PageAs, applicant: Page, stranger: Page) -> None:
        number = received(page_as)
        manager = page_as("manager.520000")
        manager.goto("/overview/announcements/")
        today = datetime.date.today()
        publish = {"title": "窗口搬迁", "body": "窗口已经搬到新址。", "place": PROVINCE, "_key": number}
        until = (today + datetime.timedelta(days=9)).isoformat()
        send(
            manager, "/overview/announcements/publish/", **publish, from_on=today.isoformat(), until_on=until
        )
        walk = Walk(("",), large=True)
        legs, complaint = rated_badly(stranger, number), complained(stranger, number)
        walk.through(stranger, "/", "/kiosk/", "/practice/outbox/", legs, complaint)
        walk.through(stranger, "/ratings/", "/nothing-here/")
        applicant.goto("/complain/")
        send(applicant, "/complain/", kind="report", words="多收费", number=number, _key=f"own {number}")
        draft = draft_of(applicant)
        applicant.goto(draft)
        questions = applicant.locator("a[href*='/questions/']").evaluate_all("all => all.map(a => a.href)")
        walk.through(applicant, "/my/", "/my/identity/", ITEM, draft, f"{draft}check/", *questions)
        assert_complete(walk)

    def test_of_the_workbench(
        self, product: Product, browser: Browser, page_as: PageAs, applicant: Page
    ) -> None:
        walk = Walk(("desk/",))
        clerk = page_as("clerk.520103")
        number = received(page_as)
        begun = Receiving(clerk).fill_all().fault("form").pass_papers(*MATERIALS[1:])
        drafted = f"/desk/receive/{begun.number}/"
        begun.preview("#do-correction", "一次性告知书")
        preview = clerk.url
        off_list = Receiving(clerk).begin()
        clerk.goto(f"/desk/receive/{off_list.number}/off-list/")
        asked = {"matter": "补办独生子女父母光荣证", "why": "在外务工", "do": "ask", "_key": off_list.number}
        place = {"province": "510000000000", "prefecture": "510100000000", "county": ""}
        request = send(clerk, f"/desk/receive/{off_list.number}/off-list/", **asked, **place)
        helped = self._helped(clerk, draft_of(applicant), applicant)
        case = f"/desk/cases/{number}/"
        walk.through(clerk, "/desk/", "/desk/receive/", drafted, f"{drafted}off-list/", preview, request)
        walk.through(clerk, case, f"{case}rate/", helped, "/desk/help/", "/desk/account/")
        walk.through(page_as("clerk.510100"), "/desk/", "/desk/incoming/", request)
        walk.through(page_as("approver.510100"), "/desk/")
        nobody = browser.new_context(base_url=product.address, locale="zh-CN").new_page()
        walk.through(nobody, "/desk/sign-in/")
        self._second_factor(walk, page_as("clerk.520113"), nobody)
        nobody.context.close()
        assert_complete(walk)

    def _helped(self, clerk: Page, draft: str, applicant: Page) -> str:
        """Have the clerk begin to help with an application; gives the address where they do."""
        applicant.goto(draft)
        applicant.get_by_role("button", name="生成协助码").click()
        clerk.goto("/desk/help/")
        code = applicant.locator(".apply-code").inner_text()
        return send(clerk, "/desk/help/", code=code, purpose="申请人不会上传照片")

    def _second_factor(self, walk: Walk, page: Page, elsewhere: Page) -> None:
        """Set up a second factor, look at its codes, and at the page that asks for a code on signing in."""
        page.goto("/desk/account/")
        page.goto(send(page, "/desk/account/factor/begin/"))
        walk.look(page, "account_factor with its secret")
        secret = base64.b32decode((page.locator("code.secret").text_content() or "").replace(" ", ""))
        page.locator("input[name=code]").fill(f"{TOTP(secret).token():06d}")
        page.locator("input[name=code]").press("Enter")
        expect(page.locator("main")).to_contain_text("恢复码")
        desk.axe(page)
        elsewhere.goto("/desk/sign-in/")
        elsewhere.get_by_role("textbox", name="账号").fill("clerk.520113")
        elsewhere.locator("#id_password").fill(PASSWORD)
        elsewhere.get_by_role("button", name="登录").click()
        elsewhere.wait_for_url("**/code/")
        walk.through(elsewhere, elsewhere.url)

    def test_of_the_overview_and_of_the_administrators(self, page_as: PageAs, stranger: Page) -> None:
        walk, number = Walk(("overview/", "system/")), received(page_as)
        rated_badly(stranger, number)
        complained(stranger, number)
        county, city, group = page_as("manager.520103"), page_as("manager.520100"), page_as("group.1")
        province = page_as("manager.520000")
        province.goto("/overview/standards/")
        draft = send(province, f"{PROCEDURE}begin/", stage="2", province=PROVINCE, _key=number)
        walk.through(province, "/overview/", PROCEDURE, draft, f"{draft}preview/")
        city.goto("/overview/pilots/")
        walk.through(city, send(city, "/overview/pilots/propose/", **pilot(), _key=number))
        walk.through(
            county, "/overview/", "/overview/rectifications/", "/overview/complaints/", workbook_of(county)
        )
        walk.through(group, "/overview/", "/overview/lists/")
        for account, own in (("sysadmin", "accounts"), ("secadmin", "events"), ("auditadmin", "audit")):
            walk.through(page_as(account), "/system/", f"/system/{own}/")
        assert_complete(walk)


def pilot() -> dict[str, str]:
    """What a city proposes to another one."""
    today = datetime.date.today()
    return {
        "first": "520100000000",
        "second": "510100000000",
        "name": "示例证明补发",
        "lead_department": "民政部门",
        "why": "群众需要",
        "materials": "身份证，原件1份",
        "legal_limit": "20",
        "promised_limit": "10",
        "begin_on": today.isoformat(),
        "end_on": (today + datetime.timedelta(days=200)).isoformat(),
    }


def workbook_of(page: Page) -> str:
    """Hand a workbook in as it was given out; gives the address of its import."""
    page.goto("/overview/workbooks/")
    link = page.locator("a[href$='/export.xlsx']").first
    data = page.request.get(link.get_attribute("href") or "").body()
    kept = {"name": "名单.xlsx", "mimeType": "application/vnd.ms-excel", "buffer": data}
    page.locator("input[type=file]").first.set_input_files(kept)
    page.get_by_role("button", name="上传并检查").first.click()
    page.wait_for_url("**/imports/**")
    return page.url
