"""The page of items and procedures: a new one is made and its elements written, reviewed and published there (B2)."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests.catalogue.test_elements import said
from tests.web.api.program import Api
from tongban.catalogue.models import AcceptanceStandard, Draft, Procedure, Stage
from tongban.directory import queries as directory

SignedIn = Callable[[str], Client]
pytestmark = [pytest.mark.django_db, pytest.mark.article("B2", "P7")]
TYPED: dict[str, Any] = {
    "lead_department": "民政部门",
    "fee": "不收费",
    "codes.base": "",
    "levels": ["county"],
    "applicants": ["person"],
    "modes": ["collected", "online"],
    "delivery": ["post"],
    "results": "证明",
    "words": "开个证明",
    "legal_basis": "示例条例 | 第一条 | 示例〔2026〕1号",
}


def post(client: Client, path: str, **data: Any) -> tuple[int, str]:
    response = client.post(path, {"_key": str(uuid.uuid4()), **data}, follow=True)
    return response.status_code, response.content.decode()


class TestPage:
    def test_makes_a_procedure_and_publishes_its_elements(self, signed_in: SignedIn) -> None:
        writer, reviewer = signed_in("group.1"), signed_in("group.2")
        sent = {"item_name": "示例新事项", "kind": "公共服务", "name": "示例办理项"}
        status, text = post(writer, "/overview/items/make/", **sent)
        assert status == 422
        assert 'value="示例新事项"' in text
        assert post(writer, "/overview/items/make/", **sent, lead_department="民政部门")[0] == 200
        draft = Draft.objects.get(stage=Stage.ELEMENTS)
        path = f"/overview/standards/drafts/{draft.id}/"
        status, text = post(writer, path, revision=draft.revision, do="submit", **{**TYPED, "levels": []})
        assert "请至少选择一项" in text
        assert "示例条例 | 第一条 | 示例〔2026〕1号" in text
        draft.refresh_from_db()
        assert "已送审" in post(writer, path, revision=draft.revision, do="submit", **TYPED)[1]
        assert "示例条例" in reviewer.get(path).content.decode()
        on = directory.now().date().isoformat()
        assert post(writer, f"{path}publish/", effective_from_on=on)[0] == 403
        assert post(reviewer, f"{path}publish/", effective_from_on="2099-01-01")[0] == 200
        row = AcceptanceStandard.objects.get(stage=Stage.ELEMENTS)
        assert row.content["legal_basis"] == [
            {"title": "示例条例", "article": "第一条", "document_number": "示例〔2026〕1号"}
        ]
        assert "开个证明" in writer.get(f"/overview/standards/versions/{row.id}/").content.decode()
        page = writer.get(f"/overview/standards/of/{draft.procedure.key}/").content.decode()
        assert "办理项要素" in page
        assert "示例新事项" in writer.get("/overview/items/", {"after": 140}).content.decode()

    @pytest.mark.article("W7")
    def test_lets_a_province_make_its_own_and_the_public_see_whose_it_is(self, signed_in: SignedIn) -> None:
        writer, reviewer = signed_in("manager.510000"), signed_in("reviewer.510000")
        page = writer.get("/overview/items/").content.decode()
        assert "新建本省办理项" in page and 'name="item_name"' not in page
        sent = {"item_seq": "15", "kind": "公共服务", "name": "蜀道通行证换发", "province": "510000000000"}
        assert post(writer, "/overview/items/make/", **sent)[0] == 200
        draft = Draft.objects.get(stage=Stage.ELEMENTS)
        path = f"/overview/standards/drafts/{draft.id}/"
        typed = {**TYPED, "codes.local": "SC-2026-01"}
        assert "已送审" in post(writer, path, revision=draft.revision, do="submit", **typed)[1]
        assert signed_in("manager.520000").get(path).status_code == 404
        on = directory.now().date().isoformat()
        assert post(reviewer, f"{path}publish/", effective_from_on=on)[0] == 200
        assert "四川省自设" in writer.get("/overview/items/", {"q": "蜀道通行证"}).content.decode()
        shown = writer.get(f"/overview/standards/of/{draft.procedure.key}/").content.decode()
        assert "只由四川省办理" in shown and "SC-2026-01" in shown and "起草五省统一标准" not in shown
        found = Client().get("/api/v1/items", {"q": "蜀道通行证"}).json()
        made = next(p for p in found[0]["procedures"] if p["name"] == "蜀道通行证换发")
        assert made["province"] == "510000000000"
        assert "蜀道通行证换发（四川省）" in Client().get("/items/15/").content.decode()

    @pytest.mark.parametrize("account", ["manager.510000", "manager.520103"])
    def test_is_read_by_provinces_and_written_by_the_group(self, signed_in: SignedIn, account: str) -> None:
        client = signed_in(account)
        assert "机动车驾驶证换证" in client.get("/overview/items/", {"q": "换驾照"}).content.decode()
        sent = {"item_seq": "15", "kind": "公共服务", "name": "示例办理项"}
        assert post(client, "/overview/items/make/", **sent)[0] == 403
        assert not Procedure.objects.filter(name="示例办理项").exists()


class TestByProgram:
    @pytest.mark.article("H3")
    def test_goes_from_draft_to_withdrawn(self) -> None:
        writer, reviewer = Api("group.1"), Api("group.2")
        assert Api("manager.510000").send("POST", "/procedures/015-1/elements").status_code == 403
        begun = writer.send("POST", "/procedures/015-1/elements")
        assert begun.status_code == 201
        path = f"/standard-drafts/{begun.json()['id']}"
        content = {n: v for n, v in said().items() if not n.endswith("_limit")}
        sent = {"revision": begun.json()["revision"], "content": {**content, "codes": {"base": "1"}}}
        wrong = writer.send("PUT", f"/element-drafts/{begun.json()['id']}", sent)
        assert list(wrong.json()["faults"]) == ["codes.base"]
        sent = {"revision": wrong.json()["revision"], "content": {**content, "codes": {}}}
        assert writer.send("PUT", f"/element-drafts/{begun.json()['id']}", sent).json()["faults"] == {}
        assert writer.send("POST", f"{path}/submit").json()["state"] == "review"
        shown = reviewer.send("POST", f"{path}/publish", {"effective_from_on": "2099-01-05"})
        assert shown.json()["standing"] == "coming"
        row = shown.json()["id"]
        assert (
            Api("manager.520000")
            .send("POST", f"/standard-versions/{row}/withdraw", {"reason": "x"})
            .status_code
            == 403
        )
        assert (
            writer.send("POST", f"/standard-versions/{row}/withdraw", {"reason": "写错了"}).status_code == 200
        )

    def test_makes_a_procedure(self) -> None:
        sent = {"name": "示例办理项", "kind": "公共服务", "item_seq": 15}
        assert Api("manager.510000").send("POST", "/procedures", sent).status_code == 403
        assert Api("group.1").send("POST", "/procedures", {**sent, "kind": "x"}).status_code == 422
        made = Api("group.1").send("POST", "/procedures", sent)
        assert (made.status_code, made.json()["procedure"][:4]) == (201, "015-")
        own = Api("manager.510000").send("POST", "/procedures", {**sent, "province": "510000000000"})
        assert (own.status_code, own.json()["province"]) == (201, "510000000000")
