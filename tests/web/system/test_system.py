"""The door of the three administrators: each has their own part, nobody helps themselves, all is on record."""

import datetime
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from procrastinate.contrib.django import app

from tests.stories import IDENTITY, Story
from tongban.cases import queries as cases
from tongban.directory import queries as directory
from tongban.journal import operations as journal
from tongban.journal.models import Entry, Verification
from tongban.people import accounts, factors, gate, operations, policy, queries, security
from tongban.people.models import Lockout, Person, Post, Token

pytestmark = pytest.mark.django_db
SignedIn = Callable[[str], Client]
NOW = datetime.datetime.now(datetime.UTC)


@pytest.fixture(autouse=True)
def _quick_hashes(settings: Any) -> None:
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    ]


def person_of(account: str) -> Person:
    return Person.objects.get(account=account)


def send(client: Client, address: str, **data: Any) -> Any:
    return client.post(address, {"_key": str(uuid.uuid4()), **data})


def events(code: str) -> list[Entry]:
    return list(Entry.objects.filter(chain_id=security.CHAIN, code=f"security.{code}").order_by("seq"))


class TestDoor:
    @pytest.mark.article("A5", "S2")
    @pytest.mark.parametrize(
        ("account", "first", "others"),
        [
            ("sysadmin", "/system/accounts/", ["events/", "sessions/", "policy/", "audit/", "journal/"]),
            ("secadmin", "/system/events/", ["accounts/", "queue/", "health/", "audit/", "journal/"]),
            ("auditadmin", "/system/audit/", ["accounts/", "queue/", "events/", "sessions/", "policy/"]),
        ],
    )
    def test_gives_each_administrator_their_own_part(
        self, signed_in: SignedIn, account: str, first: str, others: list[str]
    ) -> None:
        client = signed_in(account)
        assert client.get("/system/").headers["Location"] == first
        assert client.get(first).status_code == 200
        for other in others:
            answer = client.get(f"/system/{other}")
            assert answer.status_code == 403
            assert "各管理员只能使用自己的部分" in answer.content.decode()

    @pytest.mark.article("S2")
    def test_puts_a_refusal_on_record_once(self, signed_in: SignedIn) -> None:
        client = signed_in("clerk.520103")
        for _time in range(3):
            assert client.get("/system/accounts/").status_code == 403
        assert [(e.actor, e.payload["page"]) for e in events("refused")] == [
            ("clerk.520103", "system_accounts")
        ]


class TestAccounts:
    @pytest.mark.article("A5", "S2")
    def test_are_made_with_a_password_that_is_shown_once_and_must_be_changed(
        self, signed_in: SignedIn
    ) -> None:
        client = signed_in("sysadmin")
        page = client.post("/system/accounts/", {"account": "wang.1", "name": "王测试"}).content.decode()
        found = re.search(r'class="first-password">([^<]+)<', page)
        assert found
        made = person_of("wang.1")
        assert found[1] not in client.get(f"/system/accounts/{made.pk}/").content.decode()
        theirs = Client()
        theirs.post("/desk/sign-in/", {"username": "wang.1", "password": found[1]})
        assert theirs.get("/desk/").headers["Location"] == "/desk/account/password/"
        assert events("account_created")[0].actor == "sysadmin"

    def test_say_in_place_what_is_wrong_and_keep_what_was_typed(self, signed_in: SignedIn) -> None:
        answer = signed_in("sysadmin").post(
            "/system/accounts/", {"account": "clerk.520103", "name": "王测试"}
        )
        assert answer.status_code == 409
        assert 'id="account-wrong"' in answer.content.decode()
        assert 'value="王测试"' in answer.content.decode()

    def test_are_found_by_a_part_of_account_or_name_page_by_page(self, signed_in: SignedIn) -> None:
        client = signed_in("sysadmin")
        assert "lead.520103" in client.get("/system/accounts/?q=lead.5201").content.decode()
        first = client.get("/system/accounts/").content.decode()
        following = re.search(r'href="(\?q=&amp;after=[^"]+)"', first)
        assert following
        second = client.get("/system/accounts/" + following[1].replace("&amp;", "&")).content.decode()
        assert not set(re.findall(r"/system/accounts/\d+/", first)) & set(
            re.findall(r"/system/accounts/\d+/", second)
        )

    @pytest.mark.article("S2")
    def test_are_shut_with_sessions_and_tokens(self, signed_in: SignedIn) -> None:
        person, theirs = person_of("clerk.520103"), signed_in("clerk.520103")
        secret = operations.issue_token(person, at=directory.now())
        assert send(signed_in("sysadmin"), f"/system/accounts/{person.pk}/off/").status_code == 302
        assert theirs.get("/desk/").status_code == 302
        assert queries.of_token(secret, at=directory.now()) is None
        assert [e.payload["account"] for e in events("account_off")] == ["clerk.520103"]

    @pytest.mark.article("S2")
    def test_mass_assignment_gives_nothing(self, signed_in: SignedIn) -> None:
        signed_in("sysadmin").post(
            "/system/accounts/",
            {"account": "wang.2", "name": "王", "is_active": "", "is_practice": "1", "session_epoch": "9"},
        )
        made = person_of("wang.2")
        assert (made.is_active, made.is_practice, made.session_epoch) == (True, False, 0)


class TestPosts:
    @pytest.mark.article("A5", "S2")
    def test_are_given_and_taken_on_record_and_end_sessions_and_tokens(self, signed_in: SignedIn) -> None:
        client, person = signed_in("sysadmin"), person_of("clerk.520103")
        window = Post.objects.get(person__account="clerk.530102").window_id
        for act, data in (("give", {"role": "lead", "place": window}), ("take", {})):
            theirs = signed_in("clerk.520103")
            assert theirs.get("/desk/").status_code == 200
            secret = operations.issue_token(person, at=directory.now())
            if act == "take":
                data = {"post": Post.objects.get(person=person, role="lead").pk}
            assert send(client, f"/system/accounts/{person.pk}/{act}/", **data).status_code == 302
            assert theirs.get("/desk/").status_code == 302
            assert queries.of_token(secret, at=directory.now()) is None
        page = client.get(f"/system/accounts/{person.pk}/").content.decode()
        assert "授予岗位" in page[page.index("账号变动") :]
        assert "收回岗位" in page[page.index("账号变动") :]

    @pytest.mark.article("S2")
    def test_can_be_given_again_after_they_were_taken(self) -> None:
        by, on = person_of("sysadmin"), datetime.date.today()
        post = Post.objects.get(person__account="clerk.520103")
        accounts.take_post(post.pk, on=on, by=by, at=NOW)
        accounts.give_post(post.person_id, role="clerk", window_id=post.window_id, on=on, by=by, at=NOW)

    @pytest.mark.article("A5", "S2")
    @pytest.mark.parametrize("role", ["secadmin", "auditadmin"])
    def test_of_two_administrators_exclude_each_other_in_a_sentence(
        self, signed_in: SignedIn, role: str
    ) -> None:
        other, _password = accounts.create(
            account="sys.2", name="第二人", phone="", by=person_of("sysadmin"), at=NOW
        )
        client = signed_in("sysadmin")
        send(client, f"/system/accounts/{other.pk}/give/", role="sysadmin")
        answer = send(client, f"/system/accounts/{other.pk}/give/", role=role)
        assert answer.status_code == 403
        assert "一个人只能担任其中一种" in answer.content.decode()
        with pytest.raises(IntegrityError, match="exclude_each_other"), transaction.atomic():
            Post.objects.create(person=other, role=role, valid_from_on=datetime.date.today())

    @pytest.mark.article("S1", "S2")
    def test_of_administrators_do_not_go_with_posts_that_see_cases(self, signed_in: SignedIn) -> None:
        client, clerk = signed_in("sysadmin"), person_of("clerk.520103")
        answer = send(client, f"/system/accounts/{clerk.pk}/give/", role="auditadmin")
        assert answer.status_code == 403
        window = Post.objects.get(person=clerk).window_id
        secadmin = person_of("secadmin")
        answer = send(client, f"/system/accounts/{secadmin.pk}/give/", role="clerk", place=window)
        assert "管理员不接触办件" in answer.content.decode()

    @pytest.mark.article("S2")
    @pytest.mark.parametrize("act", ["give", "take", "off", "password"])
    def test_are_nothing_one_gives_oneself(self, signed_in: SignedIn, act: str) -> None:
        me = person_of("sysadmin")
        post = Post.objects.get(person=me)
        answer = send(signed_in("sysadmin"), f"/system/accounts/{me.pk}/{act}/", role="group", post=post.pk)
        assert answer.status_code == 403
        assert "不能给自己授予" in answer.content.decode()
        assert list(Post.objects.filter(person=me, valid_until_on=None)) == [post]

    def test_are_offered_where_a_role_belongs(self, signed_in: SignedIn) -> None:
        client, clerk = signed_in("sysadmin"), person_of("clerk.520103")
        page = client.get(f"/system/accounts/{clerk.pk}/?role=lead&q=观山湖").content.decode()
        assert re.search(r'type="radio" name="place" value="\d+"', page)
        answer = send(client, f"/system/accounts/{clerk.pk}/give/", role="lead", place="")
        assert answer.status_code == 422


class TestSecurity:
    @pytest.mark.article("S2")
    def test_events_are_shown_filtered_and_paged(self, signed_in: SignedIn) -> None:
        for number in range(60):
            security.record("token_issued" if number % 2 else "sign_in", at=NOW, by=person_of("clerk.520103"))
        client = signed_in("secadmin")
        page = client.get("/system/events/?code=token_issued").content.decode()
        assert page.count('<th scope="row" class="when">') == 30
        page = client.get("/system/events/").content.decode()
        following = re.search(r'href="(\?code=[^"]+)"', page)
        assert following
        older = client.get("/system/events/" + following[1].replace("&amp;", "&")).content.decode()
        assert older.count('<th scope="row" class="when">') == 10

    @pytest.mark.article("S2")
    def test_unlocks(self, signed_in: SignedIn) -> None:
        for _time in range(6):
            Client().post("/desk/sign-in/", {"username": "clerk.520103", "password": "wrong"})
        client = signed_in("secadmin")
        assert "解锁" in client.get("/system/events/").content.decode()
        lock = Lockout.objects.get()
        assert send(client, f"/system/events/locks/{lock.pk}/unlock/").status_code == 302
        assert gate.lockouts(at=datetime.datetime.now(datetime.UTC)) == []

    @pytest.mark.article("S2")
    def test_ends_sessions_and_takes_away_a_lost_second_factor(self, signed_in: SignedIn) -> None:
        from tests.web.account.test_sign_in import phone_of

        person, theirs, client = person_of("clerk.520103"), signed_in("clerk.520103"), signed_in("secadmin")
        theirs.get("/desk/")
        phone_of(person)
        page = client.get("/system/sessions/?account=clerk.520103").content.decode()
        handle = re.search(r'name="handle" value="(\w+)"', page)
        assert handle
        send(client, f"/system/sessions/{person.pk}/one/", handle=handle[1])
        assert theirs.get("/desk/").status_code == 302
        send(client, f"/system/sessions/{person.pk}/factor/")
        assert not factors.is_on(person)
        assert events("factor_off")[0].actor == "secadmin"

    @pytest.mark.article("S2")
    def test_sets_the_rules_of_sign_in_within_bounds(self, signed_in: SignedIn) -> None:
        client = signed_in("secadmin")
        now = {n.name: policy.value(n) for n in policy.NUMBERS}
        answer = send(client, "/system/policy/", **now | {policy.IDLE_MINUTES.name: "1"})
        assert answer.status_code == 422
        assert "5 到 240" in answer.content.decode()
        more = {policy.IDLE_MINUTES.name: "15", "second_factor": ["520000000000"]}
        assert send(client, "/system/policy/", **now | more).status_code == 302
        directory.forget()
        assert policy.value(policy.IDLE_MINUTES) == 15
        assert policy.needs_factor(queries.actor_of(person_of("clerk.520103"), on=NOW.date()).posts)
        assert not policy.needs_factor(queries.actor_of(person_of("clerk.510100"), on=NOW.date()).posts)
        assert len(events("policy_set")) == 2

    @pytest.mark.article("S2", "N3")
    def test_asks_a_second_factor_of_a_place_with_all_below_and_lifts_it(self, signed_in: SignedIn) -> None:
        def needs(account: str) -> bool:
            directory.forget()
            return policy.needs_factor(queries.actor_of(person_of(account), on=NOW.date()).posts)

        client = signed_in("secadmin")
        now = {n.name: policy.value(n) for n in policy.NUMBERS}
        wrong = send(client, "/system/policy/", **now | {"factor_place": "没有这个市"})
        assert wrong.status_code == 422 and "没有这个市" in wrong.content.decode()
        assert send(client, "/system/policy/", **now | {"factor_place": "贵州省贵阳市"}).status_code == 302
        assert needs("clerk.520103") and needs("manager.520100")
        assert not needs("manager.520000") and not needs("clerk.510100")
        assert "贵州省贵阳市" in client.get("/system/policy/").content.decode()
        # What a place within says of itself does not take it out of what was asked of the whole.
        seen = {"seen_factor": ["520100000000"]}
        kept = {**seen, "second_factor": ["520100000000"]}
        assert send(client, "/system/policy/", **now | kept).status_code == 302 and needs("clerk.520103")
        assert send(client, "/system/policy/", **now | seen).status_code == 302
        assert not needs("clerk.520103")
        assert [e.payload["division"] for e in events("policy_set")] == ["520100000000"] * 2

    @pytest.mark.article("S2", "A5")
    def test_two_administrators_at_once_keep_what_each_of_them_did(self, signed_in: SignedIn) -> None:
        first, second = signed_in("secadmin"), signed_in("secadmin")
        address, idle, tries = "/system/policy/", policy.IDLE_MINUTES, policy.TRIES

        def form(client: Client) -> dict[str, Any]:
            """Give what the page would send as it is shown: every input, hidden ones and ticks too."""
            page = client.get(address).content.decode()
            inputs = [
                dict(re.findall(r'([\w-]+)="([^"]*)"', tag)) for tag in re.findall(r"<input[^>]*>", page)
            ]
            sent: dict[str, Any] = {}
            for one, tag in zip(inputs, re.findall(r"<input[^>]*>", page), strict=True):
                if one.get("type") == "checkbox" and " checked" not in tag:
                    continue
                sent.setdefault(one.get("name", ""), []).append(one.get("value", ""))
            return {name: values for name, values in sent.items() if name not in ("", "_key")}

        asked = form(first) | {"factor_place": "贵州省贵阳市"}
        assert send(first, address, **asked).status_code == 302
        mine, theirs = form(first), form(second)
        more = {"factor_place": "四川省成都市", idle.name: "45"}
        assert send(first, address, **mine | more).status_code == 302
        lifted = {name: value for name, value in theirs.items() if name != "second_factor"}
        assert send(second, address, **lifted | {tries.name: "6"}).status_code == 302
        directory.forget()
        assert policy.asks_factor("510100000000") and not policy.asks_factor("520100000000")
        assert (policy.value(idle), policy.value(tries)) == (45, 6)
        # Both change one number: the second is told, keeps what was typed, and decides.
        answer = send(second, address, **theirs | {idle.name: "60"})
        page = answer.content.decode()
        assert answer.status_code == 422 and "另一位管理员刚刚改成了 45" in page and 'value="60"' in page
        assert policy.value(idle) == 45


class TestAudit:
    @pytest.mark.article("A6", "S2")
    def test_shows_what_was_verified_and_found(self, signed_in: SignedIn, story: Story) -> None:
        story.lead_to("received")
        assert journal.check(heads=cases.heads).faults == 0
        heads = [(i, s + 1, d) for i, s, d in cases.heads()]  # as if the last entry had been removed
        done = journal.check(heads=lambda: heads, by="auditadmin")
        assert done.faults >= 1
        page = signed_in("auditadmin").get("/system/audit/").content.decode()
        assert "定时" in page
        assert "处问题" in page
        assert "完整" in page

    @pytest.mark.article("A6", "S2")
    def test_verifies_on_demand_by_the_worker_one_at_a_time(self, signed_in: SignedIn) -> None:
        client = signed_in("auditadmin")
        for _time in range(2):
            assert send(client, "/system/audit/verify/").status_code == 302
        page = client.get("/system/audit/").content.decode()
        assert "正在核验" in page
        assert "已经有一次核验在进行" in page
        assert len(events("audit_checked")) == 1

    @pytest.mark.article("A6", "S2")
    def test_runs_by_schedule(self) -> None:
        from tongban.cases import tasks

        periodic = app.periodic_registry.periodic_tasks
        assert any(
            t.task.name == tasks.verify_journal.name and t.cron == "10 3 * * *" for t in periodic.values()
        )
        tasks.verify_journal.func(timestamp=0)
        assert Verification.objects.latest("id").by == ""

    @pytest.mark.article("S1", "S2")
    def test_reads_every_journal_without_the_contents_of_a_case(
        self, signed_in: SignedIn, story: Story
    ) -> None:
        story.lead_to("returned")
        client = signed_in("auditadmin")
        for address in ("/system/journal/", f"/system/journal/?number={story.case.number}"):
            page = client.get(address).content.decode()
            assert story.case.number in page
            assert "退回" in page
            assert not any(word in page for word in ("申请表填写有误", "测试甲", IDENTITY, "13800000000"))

    @pytest.mark.article("S2")
    def test_cannot_change_anything(self, signed_in: SignedIn) -> None:
        client = signed_in("auditadmin")
        for address in (
            "accounts/",
            "events/locks/1/unlock/",
            "policy/",
            "queue/1/replay/",
            "accounts/1/off/",
        ):
            assert send(client, f"/system/{address}").status_code == 403


class TestQueue:
    def failed_job(self) -> int:
        job_id = app.configure_task("tongban.cases.tasks.lapse").defer(timestamp=0)
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("UPDATE procrastinate_jobs SET status = 'failed' WHERE id = %s", [job_id])
        return job_id

    @pytest.mark.article("S4")
    def test_shows_failed_jobs_without_what_they_are_about_and_runs_them_again(
        self, signed_in: SignedIn
    ) -> None:
        client, job_id = signed_in("sysadmin"), self.failed_job()
        page = client.get("/system/queue/").content.decode()
        assert "tongban.cases.tasks.lapse" in page
        assert "timestamp" not in page
        assert send(client, f"/system/queue/{job_id}/replay/").status_code == 302
        assert send(client, f"/system/queue/{job_id}/replay/").status_code == 404
        assert [e.payload["job"] for e in events("job_replayed")] == [job_id]

    @pytest.mark.article("S4")
    def test_health_names_every_part(self, signed_in: SignedIn) -> None:
        page = signed_in("sysadmin").get("/system/health/").content.decode()
        assert all(word in page for word in ("数据库", "后台任务进程", "文件存储", "最近核验"))


class TestTokens:
    @pytest.mark.article("S2")
    def test_are_revoked_and_on_record(self, signed_in: SignedIn) -> None:
        person = person_of("clerk.520103")
        operations.issue_token(person, at=directory.now())
        send(signed_in("sysadmin"), f"/system/accounts/{person.pk}/tokens/")
        assert not Token.objects.filter(person=person, revoked_at=None).exists()
        assert events("token_issued")
        assert events("tokens_revoked")[0].actor == "sysadmin"
