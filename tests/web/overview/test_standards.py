"""Writing, reviewing, publishing and withdrawing standards in the browser's own forms."""

import datetime
import re
import uuid
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.catalogue import drafting
from tests.catalogue.drafting import SICHUAN
from tongban.catalogue.models import AcceptanceStandard, Draft, Procedure
from tongban.directory import queries as directory

SignedIn = Callable[[str], Client]


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch, at: datetime.datetime) -> None:
    monkeypatch.setattr(directory, "now", lambda: at)


class Form(HTMLParser):
    """The fields of the editing page, as a browser without script would post them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.values: dict[str, list[str]] = {}
        self.area = self.select = ""
        self.inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = {k: v or "" for k, v in attrs}
        if tag == "form":
            self.inside = "os-form" in a.get("class", "")
        name = a.get("name", "")
        if not self.inside:
            return
        if tag == "input" and name and (a.get("type") != "checkbox" or "checked" in a):
            self.values.setdefault(name, []).append(a.get("value", "on"))
        elif tag == "textarea":
            self.area = name
            self.values[name] = [""]
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select and "selected" in a:
            self.values[self.select] = [a.get("value", "")]

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.area = ""

    def handle_data(self, data: str) -> None:
        if self.area:
            self.values[self.area][0] += data


def write(client: Client, draft: Draft, do: str = "save", **changes: Any) -> Any:
    """Open the editing page, change inputs (`_` stands for the dot), and press a button."""
    form = Form(client.get(f"/overview/standards/drafts/{draft.id}/").content.decode()).values
    for name, value in changes.items():
        form[name.replace("__", ".")] = value if isinstance(value, list) else [value]
    form.pop("csrfmiddlewaretoken", None)
    return client.post(f"/overview/standards/drafts/{draft.id}/", {**form, "do": do})


def begin(client: Client, *, stage: int = 2, province: str = SICHUAN, procedure: str = "015-1") -> Draft:
    data = {"stage": stage, "province": province, "_key": str(uuid.uuid4())}
    response = client.post(f"/overview/standards/of/{procedure}/begin/", data)
    assert response.status_code == 302, response.content.decode()
    return Draft.objects.get(id=int(re.findall(r"drafts/(\d+)/", response["Location"])[0]))


class TestEditing:
    @pytest.mark.article("B2", "P8")
    def test_keeps_everything_a_standard_says_when_nothing_is_changed(self, signed_in: SignedIn) -> None:
        client = signed_in("manager.510000")
        for key in ("015-1", "001-1", "100-1"):
            draft = begin(client, procedure=key)
            before = dict(draft.content)
            assert write(client, draft).status_code == 302
            draft.refresh_from_db()
            for part in ("circumstance", "material", "field", "legal_basis"):
                for was, now in zip(before.get(part, []), draft.content.get(part, []), strict=True):
                    assert was.items() <= now.items(), part

    @pytest.mark.article("B2")
    def test_adds_reorders_and_removes_rows(self, signed_in: SignedIn) -> None:
        client = signed_in("manager.510000")
        draft = begin(client)
        names = [m["name"] for m in draft.content["material"]]
        write(client, draft, "down:material:0")
        draft.refresh_from_db()
        assert [m["name"] for m in draft.content["material"]][:2] == [names[1], names[0]]
        write(client, draft, "add:material")
        response = write(client, draft, **{f"material__{len(names)}__name": "居住证"})
        assert response.status_code == 302
        draft.refresh_from_db()
        assert draft.content["material"][-1]["name"] == "居住证"
        write(client, draft, f"remove:material:{len(names)}")
        draft.refresh_from_db()
        assert len(draft.content["material"]) == len(names)
        write(client, draft, "add:question")
        write(client, draft, "add:question:0:answers")
        draft.refresh_from_db()
        assert len(draft.content["question"][0]["answers"]) == 3

    @pytest.mark.parametrize(
        "do", ["up:material:0", "down:x:1", "remove:material:999", "add:question:7:answers", "up:"]
    )
    def test_a_button_that_fits_nothing_changes_nothing(self, signed_in: SignedIn, do: str) -> None:
        client = signed_in("manager.510000")
        draft = begin(client)
        write(client, draft)
        before = Draft.objects.get(id=draft.id).content
        assert write(client, draft, do).status_code == 302
        assert Draft.objects.get(id=draft.id).content == before

    @pytest.mark.article("B2", "B4")
    def test_keeps_what_is_wrong_and_says_so_in_place(self, signed_in: SignedIn) -> None:
        client = signed_in("manager.510000")
        draft = begin(client)
        response = write(
            client, draft, "submit", promised_limit="99", legal_limit="20", material__0__copies="两份"
        )
        assert response.status_code == 302
        text = client.get(response["Location"].partition("#")[0]).content.decode()
        assert "内容已保存，但还不能送审" in text
        assert "承诺期限（99个工作日）不能长于法定时限（20个工作日）" in text
        assert 'value="两份"' in text
        assert Draft.objects.get(id=draft.id).state == "draft"

    def test_keeps_a_removed_circumstance_from_meaning_all(self, signed_in: SignedIn) -> None:
        client = signed_in("manager.510000")
        draft = begin(client, procedure="001-1")
        key = draft.content["circumstance"][1]["key"]
        write(client, draft, "remove:circumstance:1")
        write(client, draft)
        draft.refresh_from_db()
        assert any(key in m.get("only_for", []) for m in draft.content["material"])
        assert "适用的情形已经删除" in client.get(f"/overview/standards/drafts/{draft.id}/").content.decode()

    def test_shows_both_writers_text_when_two_write_at_once(self, signed_in: SignedIn) -> None:
        client = signed_in("manager.510000")
        draft = begin(client)
        form = Form(client.get(f"/overview/standards/drafts/{draft.id}/").content.decode()).values
        write(signed_in("reviewer.510000"), draft, fee="先写的")
        response = client.post(f"/overview/standards/drafts/{draft.id}/", {**form, "fee": "后写的"})
        text = response.content.decode()
        assert response.status_code == 409
        assert "修改了这份草案" in text and 'value="后写的"' in text

    def test_the_question_list_is_shown_where_papers_are_received(
        self, signed_in: SignedIn, at: datetime.datetime
    ) -> None:
        from tests.stories import Story

        said = drafting.content(
            circumstance=[{"key": "a", "name": "本人办理"}, {"key": "b", "name": "委托办理"}],
            question=[
                {
                    "key": "q",
                    "text": "本人到场吗？",
                    "answers": [
                        {"text": "到场", "to": "circumstance:a"},
                        {"text": "不到场", "to": "circumstance:b"},
                    ],
                }
            ],
            guide={"url": "https://example.gov.cn/guide", "note": "先查系统"},
            fee="工本费10元",
        )
        drafting.publish(SICHUAN, at=at, said=said)
        story = Story(at=at).open().fill()
        text = signed_in("clerk.520103").get(f"/desk/receive/{story.case.number}/").content.decode()
        for words in ("本人到场吗？", "不到场", "https://example.gov.cn/guide", "先查系统", "工本费10元"):
            assert words in text
        assert "属地省份统一标准" in text
        assert re.search(r'name="circumstance"[^>]*value="a" checked', text)


class TestLife:
    @pytest.mark.article("B4", "P23")
    def test_goes_from_draft_to_published_by_two_people_and_is_taken_back(
        self, signed_in: SignedIn, at: datetime.datetime
    ) -> None:
        writer, reviewer = signed_in("manager.510000"), signed_in("reviewer.510000")
        draft = begin(writer)
        assert write(writer, draft, "submit", legal_limit="9", promised_limit="3").status_code == 302
        page = f"/overview/standards/drafts/{draft.id}/"
        assert "您参与了起草，不能审核" in writer.get(page).content.decode()
        on = {"effective_from_on": "2026-03-05"}
        assert writer.post(f"{page}publish/", on).status_code == 403
        assert reviewer.post(f"{page}publish/", {"effective_from_on": "2026-02-01"}).status_code == 422
        assert reviewer.post(f"{page}publish/", {"effective_from_on": "soon"}).status_code == 422
        response = reviewer.post(f"{page}publish/", on)
        assert response.status_code == 302
        row = AcceptanceStandard.objects.get(is_sample=False)
        text = reviewer.get(response["Location"]).content.decode()
        assert "已发布，未生效" in text and row.drafted_by_name in text and row.published_by_name in text
        assert writer.get(page).status_code == 404
        withdraw = f"/overview/standards/versions/{row.id}/withdraw/"
        assert writer.post(withdraw, {"reason": ""}).status_code == 422
        assert writer.post(withdraw, {"reason": "写错了"}).status_code == 302
        text = writer.get(f"/overview/standards/of/{row.procedure.key}/").content.decode()
        assert "已撤销" in text and "审核发布" in text and "退回" not in text.partition("留痕")[2]

    def test_sends_back_and_throws_away(self, signed_in: SignedIn) -> None:
        writer, reviewer = signed_in("manager.510000"), signed_in("reviewer.510000")
        draft = begin(writer)
        page = f"/overview/standards/drafts/{draft.id}/"
        assert write(writer, draft, "submit").status_code == 302
        assert "待您审核" in reviewer.get("/overview/standards/").content.decode()
        assert reviewer.post(f"{page}send-back/", {"remark": ""}).status_code == 422
        assert reviewer.post(f"{page}send-back/", {"remark": "写清尺寸"}).status_code == 302
        assert "写清尺寸" in writer.get(page).content.decode()
        assert writer.post(f"{page}discard/").status_code == 302
        assert writer.get(page).status_code == 404

    @pytest.mark.article("S1")
    @pytest.mark.parametrize("account", ["manager.520000", "manager.510100", "group.1"])
    def test_a_draft_is_not_there_for_others(self, signed_in: SignedIn, account: str) -> None:
        draft = begin(signed_in("manager.510000"))
        client = signed_in(account)
        page = f"/overview/standards/drafts/{draft.id}/"
        nowhere = client.get("/overview/standards/drafts/999999/")
        assert client.get(page).status_code == nowhere.status_code == 404
        for path in ("", "publish/", "send-back/", "discard/"):
            assert client.post(page + path, {"remark": "x"}).status_code == 404
        assert client.get(f"{page}preview/").status_code == 404
        assert str(draft.id) not in re.findall(
            r"drafts/(\d+)/", client.get("/overview/standards/").content.decode()
        )

    @pytest.mark.parametrize("account", ["clerk.510100", "lead.510100", "approver.510000", "sysadmin"])
    def test_others_have_no_such_door(self, signed_in: SignedIn, account: str) -> None:
        client = signed_in(account)
        row = AcceptanceStandard.objects.filter(procedure__key="015-1").first()
        assert row
        for path in ("", "of/015-1/", f"versions/{row.id}/"):
            assert client.get(f"/overview/standards/{path}").status_code == 403
        assert client.post("/overview/standards/of/015-1/begin/", {"stage": 2}).status_code == 403


class TestList:
    def test_finds_by_everyday_words_and_pages_by_key(
        self,
        signed_in: SignedIn,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        client = signed_in("manager.510100")
        assert "机动车驾驶证" in client.get("/overview/standards/", {"q": "换驾照"}).content.decode()
        text = client.get("/overview/standards/").content.decode()
        after = re.findall(r"after=([\w-]+)", text)[0]
        with django_assert_num_queries(6):
            assert client.get("/overview/standards/", {"after": after}).status_code == 200
        with django_assert_num_queries(6):
            assert client.get("/overview/standards/", {"after": "148-0"}).status_code == 200
        assert client.get("/overview/standards/of/no-such/").status_code == 404
        assert Procedure.objects.count() > 40
