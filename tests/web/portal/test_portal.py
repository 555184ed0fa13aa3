"""The public's pages: open to everybody, and silent about persons."""

from collections.abc import Callable

import pytest
from django.test import Client

from tests.stories import IDENTITY, Story
from tongban.kernel import ids, keyring
from tongban.notices import operations as notices
from tongban.notices.models import Notice


@pytest.fixture
def receipt(story: Story) -> Notice:
    """A receipt that was issued."""
    story.open().fill().pass_all()
    prepared = notices.prepare(story.id, kind="receipt", by=story.receiver, at=story.at)
    return notices.issue(prepared.id, by=story.receiver, at=story.at)


class TestHome:
    def test_is_open_and_leads_to_verification_and_to_the_desk(self, client: Client, db: None) -> None:
        text = client.get("/").content.decode()
        assert 'href="/verify/"' in text
        assert 'href="/desk/"' in text


class TestVerify:
    def test_says_that_a_receipt_is_genuine_and_current(self, client: Client, receipt: Notice) -> None:
        text = client.get("/verify/", {"n": receipt.serial}).content.decode()
        assert "真实，现在有效" in text
        assert "收件通知书" in text
        assert receipt.case.receiving_window.name in text

    @pytest.mark.article("P26(4)")
    def test_reveals_nothing_personal(self, client: Client, receipt: Notice) -> None:
        text = client.get("/verify/", {"n": receipt.serial}).content.decode()
        assert not [word for word in ("测试甲", IDENTITY, "13800000000", "示例路") if word in text]

    def test_says_that_a_form_which_was_only_previewed_is_not_genuine(
        self, client: Client, story: Story
    ) -> None:
        story.open().fill().pass_all()
        prepared = notices.prepare(story.id, kind="receipt", by=story.receiver, at=story.at)
        text = client.get("/verify/", {"n": prepared.serial}).content.decode()
        assert "没有通过验证" in text

    def test_says_that_a_forged_code_is_not_genuine(self, client: Client, db: None) -> None:
        assert "没有通过验证" in client.get("/verify/", {"s": "A" * 300}).content.decode()

    def test_says_when_a_serial_number_was_mistyped(self, client: Client, db: None) -> None:
        response = client.get("/verify/", {"n": "2EPR-W3M0-DWPG"})
        assert response.status_code == 404
        assert "可能抄错了一位" in response.content.decode()

    def test_does_not_know_a_number_that_was_never_given(
        self, client: Client, db: None, at: object, make_case: Callable[..., object]
    ) -> None:
        assert "没有通过验证" in client.get("/verify/", {"n": ids.number_of(ids.new_id(at))}).content.decode()  # type: ignore[arg-type]

    def test_gives_the_public_key_for_checks_without_us(self, client: Client, db: None) -> None:
        response = client.get("/verify/key.pem")
        assert response.content.decode() == keyring.current().public_pem
        assert "PRIVATE" not in response.content.decode()


class TestMissingPage:
    def test_says_what_to_do(self, client: Client, db: None) -> None:
        response = client.get("/no/such/page")
        assert response.status_code == 404
        text = response.content.decode()
        assert (
            "没有这一页" in text and "回到今日" not in text
        )  # the workbench is not where the public goes on
