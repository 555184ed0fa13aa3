"""Sign-in, today, search, window: what staff see of their own, and nothing of others'."""

import datetime
import html
import re
from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests import stories
from tests.stories import IDENTITY, Online, Story
from tongban.cases import queries
from tongban.directory import queries as directory
from tongban.directory.models import Equipment
from tongban.duties.models import Duty
from tongban.messages.operations import writing
from tongban.people.models import Person, Post, Training
from tongban.web.kit import requests

SignedIn = Callable[[str], Client]
RECEIVER, HOME = "clerk.520103", "clerk.510100"


def page(client: Client, address: str, **headers: str) -> str:
    """Give the text of a page that must be there."""
    response = client.get(address, headers=headers)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, at: datetime.datetime) -> Callable[[datetime.timedelta], None]:
    """Set what time it is for the product, counted from the story's beginning."""

    def advance(by: datetime.timedelta) -> None:
        monkeypatch.setattr(directory, "now", lambda: at + by)

    advance(datetime.timedelta())
    return advance


class TestMode:
    @pytest.mark.article("C1", "C8")
    def test_is_told_in_words_on_today_and_incoming(
        self, story: Story, signed_in: SignedIn, clock: object
    ) -> None:
        story.lead_to("arrived")
        online = Online(at=story.at).lead_to("arrived")
        home = signed_in(HOME)
        for address in ("/desk/", "/desk/incoming/"):
            rows = re.split(r"<tr>|<li class=\"case-row", page(home, address))
            (mine,) = [row for row in rows if online.case.number in row]
            (theirs,) = [row for row in rows if story.case.number in row]
            assert "全程网办" in mine and "申请人在线" in mine and "异地代收代办" not in mine
            assert "异地代收代办" in theirs and "全程网办" not in theirs


class TestNoted:
    @pytest.mark.article("P21(4)", "C7")
    def test_shows_at_once_what_came_of_a_case_received_here_until_somebody_notes_it(
        self, story: Story, signed_in: SignedIn, clock: object
    ) -> None:
        story.lead_to("approval").do("refuse")
        writing.tell(story.id, seq=story.case.journal_seq, at=story.at)
        receiver, home = signed_in(RECEIVER), signed_in(HOME)
        today = page(receiver, "/desk/")
        assert "本窗口收的办件有结果了" in today and "不予许可" in today and story.case.number in today
        assert "本窗口收的办件有结果了" not in page(home, "/desk/")
        found = re.search(r'name="message" value="([^"]+)"', today)
        assert found
        assert home.post("/desk/noted/", {"message": found[1]}).status_code == 404
        for _ in range(2):
            assert receiver.post("/desk/noted/", {"message": found[1]}).status_code == 302
        assert "本窗口收的办件有结果了" not in page(receiver, "/desk/")


class TestSignIn:
    def sign_in(self, client: Client, password: str, **more: str) -> object:
        person = Person.objects.get(account=RECEIVER)
        person.set_password("a-good-password-7")
        person.save()
        return client.post("/desk/sign-in/", {"username": RECEIVER, "password": password, **more})

    def test_lets_in_and_goes_to_today(self, client: Client, db: None) -> None:
        response = self.sign_in(client, "a-good-password-7")
        assert response.headers["Location"] == "/desk/"  # type: ignore[attr-defined]
        assert "今日" in page(client, "/desk/")

    def test_says_what_to_do_when_the_password_is_wrong_and_keeps_the_account(
        self, client: Client, db: None
    ) -> None:
        text = self.sign_in(client, "wrong").content.decode()  # type: ignore[attr-defined]
        assert "账号或者密码不正确" in text
        assert f'value="{RECEIVER}"' in text
        assert 'value="wrong"' not in text

    def test_goes_on_to_the_page_that_was_asked_for(self, client: Client, db: None) -> None:
        response = self.sign_in(client, "a-good-password-7", next="/desk/calendar/")
        assert response.headers["Location"] == "/desk/calendar/"  # type: ignore[attr-defined]

    @pytest.mark.parametrize("away", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
    def test_does_not_lead_away_from_the_product(self, client: Client, db: None, away: str) -> None:
        response = self.sign_in(client, "a-good-password-7", next=away)
        assert response.headers["Location"] == "/desk/"  # type: ignore[attr-defined]

    def test_names_practice_accounts_in_practice_mode_only(
        self, client: Client, db: None, settings: pytest.FixtureRequest
    ) -> None:
        assert "approver.510100" in page(client, "/desk/sign-in/")
        settings.TONGBAN_PRACTICE = False  # type: ignore[attr-defined]
        text = page(client, "/desk/sign-in/")
        assert "approver.510100" not in text
        assert "练习" not in text

    @pytest.mark.parametrize("address", ["/desk/", "/desk/search/", "/desk/window/", "/desk/calendar/"])
    def test_is_asked_for_before_anything_is_shown(self, client: Client, db: None, address: str) -> None:
        assert client.get(address).headers["Location"] == f"/desk/sign-in/?next={address}"

    def test_ends_by_a_post_alone(self, signed_in: SignedIn) -> None:
        client = signed_in(RECEIVER)
        assert client.get("/desk/sign-out/").status_code == 405
        client.post("/desk/sign-out/")
        assert client.get("/desk/").status_code == 302


class TestLanguage:
    def test_can_be_chosen_before_signing_in(self, client: Client, db: None) -> None:
        response = client.post("/language/setlang/", {"language": "en", "next": "/desk/sign-in/"})
        assert response.headers["Location"] == "/desk/sign-in/"
        assert '<html lang="en">' in page(client, "/desk/sign-in/")

    def test_does_not_lead_away_from_the_product(self, client: Client, db: None) -> None:
        response = client.post("/language/setlang/", {"language": "en", "next": "https://evil.example/"})
        assert response.headers["Location"] == "/"


@pytest.mark.usefixtures("clock")
class TestToday:
    @pytest.mark.article("G1")
    def test_shows_what_the_window_owes_with_article_and_reasoned_date(
        self, story: Story, signed_in: SignedIn
    ) -> None:
        number = story.lead_to("received").case.number
        text = page(signed_in(RECEIVER), "/desk/")
        assert number in text
        assert "流转材料" in text
        assert "工作规程第二十一条（二）" in text
        assert "开始当日不计入" in text

    def test_does_not_show_it_to_a_window_whose_turn_it_is_not(
        self, story: Story, signed_in: SignedIn
    ) -> None:
        number = story.lead_to("received").case.number
        assert number not in page(signed_in(HOME), "/desk/")
        assert number not in page(signed_in("clerk.510107"), "/desk/")

    @pytest.mark.article("G1")
    @pytest.mark.parametrize(("days", "group"), [(0, "rest"), (1.27, "soon"), (3, "late")])
    def test_groups_by_how_the_clock_stands(
        self,
        story: Story,
        signed_in: SignedIn,
        clock: Callable[[datetime.timedelta], None],
        days: float,
        group: str,
    ) -> None:
        number = story.lead_to("received").case.number
        clock(datetime.timedelta(days=days))
        text = page(signed_in(RECEIVER), "/desk/")
        start = text.index(f'<section class="panel panel-{group}"')
        assert number in text[start : text.index("</section>", start)]

    def test_shows_one_line_a_case_with_its_other_duties_as_tags(
        self, story: Story, signed_in: SignedIn
    ) -> None:
        number = story.lead_to("approval").case.number
        text = page(signed_in(HOME), "/desk/")
        assert text.count(f'id="case-{number}"') == 1
        assert "法定时限" in text

    def test_leads_a_draft_back_to_its_receive_page(self, story: Story, signed_in: SignedIn) -> None:
        number = story.lead_to("drafting").case.number
        assert f'href="/desk/receive/{number}/"' in page(signed_in(RECEIVER), "/desk/")

    @pytest.mark.article("P21(1)")
    def test_shows_corrections_that_applicants_owe_apart(self, story: Story, signed_in: SignedIn) -> None:
        number = story.lead_to("correction").case.number
        text = page(signed_in(RECEIVER), "/desk/")
        assert number in text[text.index('id="waiting"') :]
        assert number not in text[: text.index('id="waiting"')]

    def test_gives_htmx_the_very_part_that_the_page_includes(self, story: Story, signed_in: SignedIn) -> None:
        story.lead_to("received")
        client = signed_in(RECEIVER)
        part = page(client, "/desk/", HX_Request="true")
        assert part.lstrip().startswith('<div id="today"')
        assert "<html" not in part

    @pytest.mark.usefixtures("nothing_read_anew")
    def test_needs_no_more_queries_for_more_cases(
        self, story: Story, at: datetime.datetime, signed_in: SignedIn
    ) -> None:
        client = signed_in(RECEIVER)
        story.lead_to("received")
        page(client, "/desk/")
        one = _queries(client, "/desk/")
        for _number in range(3):
            Story(at=at).lead_to("received")
        assert _queries(client, "/desk/") == one

    @pytest.mark.article("S4", "G1")
    def test_goes_on_page_after_page_and_counts_the_whole(
        self, at: datetime.datetime, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(queries.today, "__kwdefaults__", {"after": None, "limit": 2})
        numbers = {Story(at=at).lead_to("received").case.number for _each in range(5)}
        client, address, found = signed_in(RECEIVER), "/desk/", list[str]()
        for _page in range(3):
            text = page(client, address)
            found += re.findall(r'id="case-([^"]+)"', text)
            assert "<strong>5</strong> 其余" in text
            more = re.search(r'href="(/desk/\?after=[^"]+)"', text)
            address = html.unescape(more[1]) if more else ""
        assert address == "" and sorted(found) == sorted(numbers)

    @pytest.mark.article("G1")
    def test_shows_clocks_that_stand_last_and_once(self, at: datetime.datetime, signed_in: SignedIn) -> None:
        for _each in range(3):
            Story(at=at).lead_to("suspended")
        actor, after, seen = stories.actor(HOME), None, []
        while True:
            rows, last = queries.today(actor, after=after, limit=2)
            seen += [d.id for d, _case in rows]
            if last is None:
                break
            after = requests.due_of(requests.due_text(last.due_at, last.id))
        assert len(seen) == len(set(seen)) == Duty.objects.filter(done_at=None).count()

    def test_begins_at_the_first_page_with_an_address_that_says_nothing(self, signed_in: SignedIn) -> None:
        for after in ("stands-", "stands-x", "1-2", "x"):
            assert page(signed_in(RECEIVER), f"/desk/?after={after}")

    def test_tells_those_without_a_window_that_nothing_will_come(self, signed_in: SignedIn) -> None:
        assert "您的岗位不直接办理办件" in page(signed_in("sysadmin"), "/desk/")


def _queries(client: Client, address: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        page(client, address)
    return len(captured)


class TestSearch:
    def test_finds_by_number_however_it_is_typed(self, story: Story, signed_in: SignedIn) -> None:
        number = story.lead_to("received").case.number
        client = signed_in(RECEIVER)
        for typed in (number, number.lower().replace("-", ""), f" {number.replace('-', ' ')} "):
            response = client.post("/desk/search/", {"q": typed}, follow=True)
            assert f"/desk/cases/{number}/" in response.content.decode()

    def test_finds_by_the_beginning_of_a_name(self, story: Story, signed_in: SignedIn) -> None:
        number = story.lead_to("received").case.number
        assert number in page(signed_in(RECEIVER), "/desk/search/?q=测试")

    def test_lists_the_newest_first_also_within_a_day_and_over_pages(
        self, at: datetime.datetime, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(queries, "PAGE", 3)
        opened = [Story(at=at + datetime.timedelta(minutes=n)).open().case.number for n in range(7)]
        client, address, seen = signed_in(RECEIVER), "/desk/search/", []
        while address:
            text = page(client, address)
            seen += re.findall(r"/desk/cases/([0-9A-Z-]{14})/", text)
            following = re.search(r'href="([^"]+)" rel="next"', text)
            address = "/desk/search/" + following[1].replace("&amp;", "&") if following else ""
        assert seen == opened[::-1]

    @pytest.mark.article("P26(4)")
    def test_finds_by_identity_number_without_ever_echoing_it(
        self, story: Story, signed_in: SignedIn
    ) -> None:
        number = story.lead_to("received").case.number
        response = signed_in(RECEIVER).post("/desk/search/", {"q": IDENTITY.lower()})
        text = response.content.decode()
        assert response.status_code == 200
        assert number in text
        assert IDENTITY not in text.upper()
        assert "110***********002X" in text

    @pytest.mark.article("P26(4)")
    def test_neither_searches_nor_echoes_an_identity_number_in_an_address(
        self, story: Story, signed_in: SignedIn
    ) -> None:
        number = story.lead_to("received").case.number
        client = signed_in("clerk.530100")
        response = client.get(f"/desk/search/?q={IDENTITY}")
        assert response.headers["Location"] == "/desk/search/"
        text = page(client, "/desk/search/")
        assert "证件号码不能写在网址里" in text
        assert IDENTITY not in text
        assert number not in text

    def test_does_not_find_what_belongs_to_other_windows(self, story: Story, signed_in: SignedIn) -> None:
        number = story.lead_to("received").case.number
        client = signed_in("clerk.530100")
        assert f"/desk/cases/{number}/" not in page(client, f"/desk/search/?q={number}")
        posted = client.post("/desk/search/", {"q": IDENTITY}).content.decode()
        assert f"/desk/cases/{number}/" not in posted

    def test_says_when_a_number_was_mistyped(self, signed_in: SignedIn) -> None:
        text = page(signed_in(RECEIVER), "/desk/search/?q=2EPR-W3M0-DWPG")
        assert "可能抄错了一位" in text

    def test_lists_the_windows_cases_page_by_page(
        self, at: datetime.datetime, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        numbers = {Story(at=at).open().case.number for _number in range(3)}
        monkeypatch.setattr("tongban.cases.queries.PAGE", 2)
        client, seen, address = signed_in(RECEIVER), "", "/desk/search/"
        for _turn in range(3):
            text = page(client, address)
            seen += text
            if 'rel="next"' not in text:
                break
            address = "/desk/search/" + text.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[
                0
            ].replace("&amp;", "&")
        assert all(seen.count(f'href="/desk/cases/{number}/"') == 1 for number in numbers)


class TestWindow:
    @pytest.mark.article("A2")
    def test_shows_what_equipment_is_missing(self, guiyang: object, signed_in: SignedIn) -> None:
        window_id = Post.objects.get(person__account=RECEIVER).window_id
        assert window_id is not None
        Equipment.objects.filter(window_id=window_id).delete()
        Equipment.objects.create(window_id=window_id, kind="camera", is_present=True)
        Equipment.objects.create(window_id=window_id, kind="headset", is_present=False)
        text = page(signed_in(RECEIVER), "/desk/window/")
        assert text.count("已配备") == 1
        assert text.count("未登记") >= 4
        assert "办公时间" in text

    @pytest.mark.article("A5", "P25(4)")
    def test_shows_staff_with_posts_and_trainings(
        self, signed_in: SignedIn, db: None, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        lead = Person.objects.get(account="lead.520103")
        Training.objects.create(person=lead, title="跨省通办业务培训", passed_on=datetime.date(2026, 1, 9))
        client = signed_in(RECEIVER)
        with django_assert_max_num_queries(12):
            text = page(client, "/desk/window/")
        assert lead.name in text
        assert "窗口负责人" in text
        assert "跨省通办业务培训" in text

    def test_shows_an_authority_the_window_of_its_division(self, signed_in: SignedIn) -> None:
        assert "联络信息" in page(signed_in("manager.520103"), "/desk/window/")

    def test_shows_no_window_to_those_without_one(self, signed_in: SignedIn) -> None:
        assert "不属于任何窗口" in page(signed_in("sysadmin"), "/desk/window/")
