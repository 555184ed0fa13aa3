"""A search gives what somebody sees, newest first, whichever way it goes to find it."""

from typing import Any

import pytest

from tests import stories
from tongban.cases import queries, search

pytestmark = pytest.mark.django_db


@pytest.mark.article("C12", "S1")
class TestFind:
    @pytest.mark.parametrize("account", ["clerk.520103", "manager.520103", "manager.520000", "clerk.530102"])
    @pytest.mark.parametrize("few", [0, 8])
    def test_gives_the_same_by_windows_and_by_places(
        self, account: str, few: int, at: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for _ in range(3):
            stories.Story(at=at).lead_to("received")
        monkeypatch.setattr(search, "FEW_WINDOWS", few)
        person = stories.actor(account)
        seen = queries.visible_to(person).order_by("-opened_at", "-id").values_list("id", flat=True)
        assert [case.id for case in search.find(person, "")] == list(seen[: queries.PAGE])
        assert len(seen) == (0 if account == "clerk.530102" else 3)

    @pytest.mark.parametrize("most", [0, 1, 5000])
    def test_gives_the_same_for_a_rare_name_and_a_frequent_one(
        self, most: int, at: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        named = [stories.Story(at=at).open().fill(name=name) for name in ("欧阳甲", "欧阳乙", "王丙")]
        monkeypatch.setattr(search, "NAMED_AT_MOST", most)
        person, other = stories.actor("clerk.520103"), stories.actor("clerk.530102")
        found = {case.id for case in search.find(person, "欧阳")}
        assert found == {named[0].id, named[1].id}
        assert search.find(other, "欧阳") == []
        assert search.find(person, "阳") == []

    def test_goes_on_after_a_page(self, at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        for _ in range(3):
            stories.Story(at=at).lead_to("received")
        monkeypatch.setattr(queries, "PAGE", 2)
        person = stories.actor("clerk.520103")
        first = search.find(person, "")
        rest = search.find(person, "", after=first[-1].id)
        assert len(first) == 2
        assert len({case.id for case in [*first, *rest]}) == 3
