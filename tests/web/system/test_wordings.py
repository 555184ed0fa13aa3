"""`/system/messages/`: the system administrator reads and publishes wordings, and sends failed messages again."""

import html
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.stories import Story
from tongban.journal.models import Entry
from tongban.messages import queries
from tongban.messages.models import Message
from tongban.messages.operations import sending, writing
from tongban.messages.states import Kind, MessageState
from tongban.people import security

pytestmark = [pytest.mark.django_db, pytest.mark.article("C7")]
HERE = "/system/messages/receipt/sms/zh-hans/"


@pytest.fixture
def admin(signed_in: Callable[[str], Client]) -> Client:
    return signed_in("sysadmin")


def hidden(page: str) -> dict[str, str]:
    """Give what the form under a preview sends."""
    form = page[page.index("preview-title") :]
    form = form[: form.index("</form>")]
    found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    text = re.search(r"<textarea[^>]*>(.*?)</textarea>", form, re.DOTALL)
    assert text
    return {name: html.unescape(value) for name, value in {**found, "text": text[1]}.items()}


def events(code: str) -> list[dict[str, Any]]:
    rows = Entry.objects.filter(chain_id=security.CHAIN, code=f"security.{code}")
    return [row.payload for row in rows.order_by("seq")]


class TestWording:
    def test_is_listed_for_every_moment(self, admin: Client) -> None:
        page = admin.get("/system/messages/").content.decode()
        assert all(f"/system/messages/{kind}/sms/zh-hans/" in page for kind in Kind)
        assert "模拟通道，不会真的发出" in page

    def test_is_shown_with_sample_values_before_it_is_published(self, admin: Client) -> None:
        new = {"title": "已收件", "text": "“{item}”已收件，编号{number}。"}
        page = admin.post(HERE, {**new, "do": "preview"}).content.decode()
        assert "“社会保险参保缴费记录查询”已收件，编号2EPR-W3M0-DWPF。" in page
        assert queries.newest("receipt", "sms", "zh-hans").version == 1
        sent = hidden(page)
        assert admin.post(HERE, {**sent, "do": "publish"}).status_code == 302
        row = queries.newest("receipt", "sms", "zh-hans")
        assert (row.version, row.text) == (2, new["text"])
        assert admin.post(HERE, {**sent, "do": "publish"}).status_code == 302  # pressed twice: one version
        assert queries.newest("receipt", "sms", "zh-hans").version == 2
        page = admin.get(HERE).content.decode()
        assert new["text"] in page and "是否受理由属地窗口依法决定" in page
        (event,) = events("wording_published")
        assert (event["account"], event["value"]) == ("sysadmin", 2)

    def test_that_is_wrong_is_refused_at_its_field_and_stays_as_typed(self, admin: Client) -> None:
        answer = admin.post(HERE, {"title": "已收件", "text": "您好{name}，已收件", "do": "preview"})
        page = answer.content.decode()
        assert answer.status_code == 422
        assert "“name”不是可以使用的字段" in page and "您好{name}，已收件</textarea>" in page
        assert 'aria-invalid="true"' in page and "preview-title" not in page

    def test_of_a_moment_that_there_is_not_is_not_there(self, admin: Client) -> None:
        assert admin.get("/system/messages/birthday/sms/zh-hans/").status_code == 404
        assert admin.get("/system/messages/receipt/sms/fr/").status_code == 404


class TestTrouble:
    @pytest.fixture
    def failed(self, story: Story, settings: Any) -> Message:
        story.lead_to("received")
        writing.tell(story.id, seq=story.case.journal_seq, at=story.at)
        message = Message.objects.get(case_id=story.id, channel="sms")
        settings.TONGBAN_PRACTICE = False
        sending.send(message.case_id, message.id, at=story.at)
        settings.TONGBAN_PRACTICE = True
        return message

    def test_is_shown_without_words_and_phone_and_sent_again(self, admin: Client, failed: Message) -> None:
        page = admin.get("/system/messages/").content.decode()
        assert failed.number in page and "138****0000" in page and "no gateway" in page
        assert "13800000000" not in page and queries.text_of(failed) not in page
        address = f"/system/messages/replay/{failed.case_id}/{failed.id}/"
        assert admin.post(address, {"_key": str(uuid.uuid4())}).status_code == 302
        failed.refresh_from_db()
        assert failed.state == MessageState.QUEUED
        assert admin.post(address, {"_key": str(uuid.uuid4())}).status_code == 404
        assert [e["name"] for e in events("message_replayed")] == [failed.key]

    @pytest.mark.article("S1", "A5")
    @pytest.mark.parametrize("account", ["secadmin", "auditadmin", "clerk.520103", "group.1"])
    def test_is_the_system_administrators_alone(
        self, account: str, failed: Message, signed_in: Callable[[str], Client]
    ) -> None:
        client = signed_in(account)
        assert client.get("/system/messages/").status_code == 403
        address = f"/system/messages/replay/{failed.case_id}/{failed.id}/"
        assert client.post(address, {"_key": str(uuid.uuid4())}).status_code == 403
