"""Item lists and pilots by program: the same acts by the same people as in the overview."""

import datetime

import pytest

from tests.catalogue import piloting
from tests.web.api.program import Api
from tongban.directory import queries as directory

pytestmark = [pytest.mark.django_db, pytest.mark.article("B5", "P6", "W16", "H3")]


class TestPilotsAndLists:
    def test_go_from_proposal_to_the_list(self) -> None:
        at = directory.now()
        sent = {n: str(v) if isinstance(v, datetime.date) else v for n, v in piloting.proposal(at).items()}
        first, second, group = Api(piloting.PROPOSER), Api(piloting.ANSWERER), Api("group.1")
        assert Api("manager.530100").send("POST", "/pilots", sent).status_code == 403
        wrong = first.send("POST", "/pilots", {**sent, "legal_limit": 0})
        assert (wrong.status_code, list(wrong.json()["fields"])) == (422, ["legal_limit"])
        begun = first.send("POST", "/pilots", sent)
        assert (begun.status_code, begun.json()["standing"]) == (201, "proposed")
        path = f"/pilots/{begun.json()['id']}"
        assert first.send("POST", f"{path}/answer", {"agrees": True}).status_code == 403
        agreed = second.send("POST", f"{path}/answer", {"agrees": True}).json()
        assert (agreed["standing"], len(agreed["figures"])) == ("running", 2)
        assert first.send("POST", f"{path}/recommend", {"words": "办得好"}).status_code == 200
        batch = group.send("POST", "/item-lists", {"year": 2026}).json()["id"]
        assert first.send("POST", f"{path}/take-up", {"item_list_id": batch}).status_code == 403
        assert group.send("POST", f"{path}/take-up", {"item_list_id": batch}).json()["item_list_id"] == batch
        lines = group.get(f"/item-lists/{batch}").json()["lines"]
        assert [line["name"] for line in lines] == [piloting.NAME]
        line = {"seq": 15, "kind": "withdrawn", "reason": "法律修改"}
        assert len(group.send("PUT", f"/item-lists/{batch}/lines", line).json()["lines"]) == 2
        assert len(group.send("DELETE", f"/item-lists/{batch}/lines/15").json()["lines"]) == 1
        on = {"effective_from_on": (at + datetime.timedelta(hours=8)).date().isoformat()}
        assert first.send("POST", f"/item-lists/{batch}/publish", on).status_code == 403
        assert group.send("POST", f"/item-lists/{batch}/publish", on).json()["published_at"]
        assert group.send("DELETE", f"/item-lists/{batch}").status_code == 409
        assert [p["standing"] for p in first.get("/pilots").json()] == ["running"]
        assert second.send("POST", f"{path}/end").json()["standing"] == "over"
        assert group.get("/item-lists").json()[0]["number"] == 1
