"""Standards by program: the same acts by the same people as in the overview, each counted once."""

import pytest

from tests.catalogue.drafting import SICHUAN, content
from tests.web.api.program import Api
from tongban.catalogue.models import AcceptanceStandard, Draft

pytestmark = pytest.mark.django_db


class TestStandards:
    @pytest.mark.article("B4", "H3")
    def test_goes_from_draft_to_withdrawn(self) -> None:
        writer, reviewer = Api("manager.510000"), Api("reviewer.510000")
        asked = {"procedure": "015-1", "stage": 2, "province": SICHUAN}
        begun = writer.send("POST", "/standard-drafts", asked, key="one")
        assert begun.status_code == 201
        again = writer.send("POST", "/standard-drafts", asked, key="one")
        assert again.json()["id"] == begun.json()["id"] and Draft.objects.count() == 1
        path = f"/standard-drafts/{begun.json()['id']}"
        bad = writer.send("PUT", path, {"revision": 1, "content": content(promised_limit=30)})
        assert "不能长于法定时限" in bad.json()["faults"]["promised_limit"]
        assert writer.send("POST", f"{path}/submit").status_code == 422
        assert writer.send("PUT", path, {"revision": 1, "content": content()}).status_code == 409
        assert writer.send("PUT", path, {"revision": 2, "content": content()}).json()["faults"] == {}
        assert writer.send("PUT", path, {"revision": 3, "content": {"legal_limit": "x"}}).status_code == 422
        assert writer.send("POST", f"{path}/submit").json()["state"] == "review"
        on = {"effective_from_on": "2099-01-05"}
        assert writer.send("POST", f"{path}/publish", on).status_code == 403
        published = reviewer.send("POST", f"{path}/publish", on)
        assert (published.status_code, published.json()["standing"]) == (200, "coming")
        row = AcceptanceStandard.objects.get(id=published.json()["id"])
        assert row.content["material"][0]["name"] == "身份证"
        withdrawn = f"/standard-versions/{row.id}/withdraw"
        assert Api("manager.520000").send("POST", withdrawn, {"reason": "x"}).status_code == 403
        assert writer.send("POST", withdrawn, {"reason": "写错了"}).status_code == 200
        listed = writer.get("/standards/015-1/versions").json()
        assert "withdrawn" in {v["standing"] for v in listed}

    @pytest.mark.article("S1")
    def test_hides_a_draft_from_others(self) -> None:
        asked = {"procedure": "015-1", "stage": 2, "province": SICHUAN}
        draft = Api("manager.510000").send("POST", "/standard-drafts", asked).json()["id"]
        for account in ("manager.520000", "group.1"):
            assert Api(account).get(f"/standard-drafts/{draft}").status_code == 404
        assert Api("clerk.510100").get(f"/standard-drafts/{draft}").status_code == 403
        assert Api("clerk.510100").send("POST", "/standard-drafts", asked).status_code == 403

    @pytest.mark.article("B7")
    def test_compares_and_settles(self) -> None:
        from tests.catalogue.drafting import GUIZHOU, publish
        from tongban.directory import queries as directory

        at = directory.now()
        publish(GUIZHOU, at=at)
        publish(SICHUAN, at=at, said=content(legal_limit=15))
        group, province = Api("group.1"), Api("manager.520000")
        lines = group.get("/standards/015-1/comparison").json()["lines"]
        assert [x["key"] for x in lines if x["differs"]] == ["legal_limit"]
        asked = {"line": "legal_limit", "question": "多久？"}
        opened = group.send("POST", "/standards/015-1/differences", asked)
        assert opened.status_code == 201
        path = f"/differences/{opened.json()['id']}"
        answer = province.send("POST", f"{path}/answer", {"words": "同意", "province": SICHUAN})
        assert answer.json()["answers"][0]["province"] == GUIZHOU
        base = {"base": GUIZHOU}
        assert group.send("POST", "/standards/015-1/compose", base).status_code == 409
        settled = group.send("POST", f"{path}/settle", {"words": "15个工作日", "province": SICHUAN})
        assert settled.json()["follows"] == SICHUAN
        draft = group.send("POST", "/standards/015-1/compose", base)
        assert draft.json()["content"]["legal_limit"] == 15
        assert group.get("/figures/asked-for-more").json() == []
