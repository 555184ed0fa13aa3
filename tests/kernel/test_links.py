"""Links to send to people: for one purpose, until a moment, and not to be made up."""

import datetime

import pytest

from tongban.kernel import links

AT = datetime.datetime(2026, 3, 2, 2, 0, tzinfo=datetime.UTC)
UNTIL = AT + datetime.timedelta(days=30)


@pytest.fixture
def token() -> str:
    return links.make(purpose="rating", subject="2EPR-W3M0-DWPF", until=UNTIL)


@pytest.mark.article("F4", "C7")
class TestRead:
    def test_gives_the_subject_until_the_link_ends(self, token: str) -> None:
        assert links.read(token, purpose="rating", at=AT) == "2EPR-W3M0-DWPF"
        assert links.read(token, purpose="rating", at=UNTIL) == "2EPR-W3M0-DWPF"

    def test_refuses_a_link_that_has_ended(self, token: str) -> None:
        with pytest.raises(links.LinkExpired):
            links.read(token, purpose="rating", at=UNTIL + datetime.timedelta(minutes=1))

    def test_refuses_a_link_made_for_something_else(self, token: str) -> None:
        with pytest.raises(links.LinkWrong):
            links.read(token, purpose="progress", at=AT)

    def test_refuses_every_change_of_a_sign(self, token: str) -> None:
        for position, sign in enumerate(token):
            other = token[:position] + ("A" if sign != "A" else "B") + token[position + 1 :]
            with pytest.raises(links.LinkWrong):
                links.read(other, purpose="rating", at=AT)

    @pytest.mark.parametrize("broken", ["", "x", "测试", "=" * 30, "A" * 500, "../../etc"])
    def test_refuses_what_is_no_link(self, broken: str) -> None:
        with pytest.raises(links.LinkWrong):
            links.read(broken, purpose="rating", at=AT)

    def test_is_short_and_safe_in_an_address(self, token: str) -> None:
        assert len(token) < 60
        assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
