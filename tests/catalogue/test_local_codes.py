"""A province's own number of a procedure is that procedure's alone in the province (B2)."""

import datetime
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tests import stories
from tests.catalogue import drafting
from tests.catalogue.drafting import GUIZHOU, SICHUAN
from tests.catalogue.test_elements import said
from tests.catalogue.test_imports import edited, go, put
from tests.web.api.program import Api
from tongban.catalogue import imports, local_codes, soundness
from tongban.catalogue.models import AcceptanceStandard, Draft, Procedure, Stage
from tongban.catalogue.operations import procedures, publishing
from tongban.directory import queries as directory

pytestmark = [pytest.mark.django_db, pytest.mark.article("B2", "P7")]
CODE, FIRST, OTHER = "GZ-1", "015-1", "001-1"
SENTENCE = "地方编码“GZ-1”在贵州省已经用于“机动车驾驶证换证”（015-1），同一省内不能重复，请核对。"
TODAY, NEXT_WEEK = datetime.date(2026, 3, 2), datetime.date(2026, 3, 9)


def with_code(code: str = CODE) -> dict[str, Any]:
    return drafting.content(codes={"local": code})


def publish(
    at: datetime.datetime, procedure: str = FIRST, code: str = CODE, **more: Any
) -> AcceptanceStandard:
    province = more.pop("province", GUIZHOU)
    return drafting.publish(province, at=at, procedure=procedure, said=with_code(code), **more)


def refused(at: datetime.datetime, procedure: str = OTHER, code: str = CODE, **more: Any) -> str:
    """Give why a code is refused when a draft that says it is submitted."""
    with pytest.raises(soundness.Unsound) as refusal:
        publish(at, procedure, code, **more)
    Draft.objects.all().delete()
    assert list(refusal.value.fields) == ["codes.local"]
    return refusal.value.fields["codes.local"]


class TestLocalCode:
    def test_is_of_one_procedure_in_a_province(self, at: datetime.datetime) -> None:
        publish(at)
        assert refused(at) == SENTENCE
        for same in (" gz-1 ", "ＧＺ－１", "GZ-\u200b1"):
            assert refused(at, code=same) == SENTENCE
        publish(at, OTHER, "GZ-2")

    def test_is_kept_without_what_nobody_sees(self, at: datetime.datetime) -> None:
        assert publish(at, code=" ＧＺ-1\u200b").content["codes"] == {"local": "GZ-1"}
        assert refused(at) == SENTENCE

    def test_is_shared_by_the_versions_and_stages_of_a_procedure(self, at: datetime.datetime) -> None:
        for stage in (Stage.PROVINCE, Stage.PROVINCE):
            publish(at, stage=stage)
        guide = {**with_code(), "guide": {"url": "https://www.example.gov.cn/1"}}
        drafting.publish(GUIZHOU, at=at, said=guide, stage=Stage.GUIDE)

    def test_may_be_another_procedures_in_another_province(self, at: datetime.datetime) -> None:
        publish(at)
        publish(at, OTHER, province=SICHUAN)

    def test_of_what_all_five_share_counts_in_every_province(self, at: datetime.datetime) -> None:
        publish(at, province=None)
        assert "五省共用的内容里" in refused(at)

    def test_is_free_once_withdrawn_and_once_the_version_without_it_holds(
        self, at: datetime.datetime
    ) -> None:
        row = publish(at)
        publishing.withdraw(row.id, reason="写错了", by=stories.actor("manager.520000"), at=at)
        publish(at, OTHER)
        publish(at, OTHER, "GZ-9", effective_from_on=NEXT_WEEK)
        assert "001-1" in refused(at, "002-1")  # until next week the version that says it holds
        assert "001-1" in refused(at, "002-1", "GZ-9")  # and the coming one has its own already
        publish(at + datetime.timedelta(days=7), "002-1")

    def test_of_a_provinces_own_procedure_is_taken_for_its_standards(self, at: datetime.datetime) -> None:
        writer, reviewer = drafting.people(SICHUAN)
        wanted: dict[str, Any] = {"name": "蜀道通行证换发", "kind": "公共服务", "item_seq": 15}
        draft = procedures.make(**wanted, province=SICHUAN, by=writer, at=at)
        content = said(codes={"local": "SC-1"})
        publishing.save(draft.id, content, revision=draft.revision, by=writer, at=at)
        publishing.submit(draft.id, by=writer, at=at)
        publishing.publish(draft.id, effective_from_on=TODAY, by=reviewer, at=at)
        assert "蜀道通行证换发" in refused(at, FIRST, "SC-1", province=SICHUAN)
        publish(at, draft.procedure.key, "SC-1", province=SICHUAN)

    def test_is_asked_again_at_publication(self, at: datetime.datetime) -> None:
        writer, reviewer = drafting.people(GUIZHOU)
        drafts = []
        for key in (FIRST, OTHER):
            procedure = Procedure.objects.get(key=key)
            draft = publishing.begin(procedure, province=GUIZHOU, stage=Stage.PROVINCE, by=writer, at=at)
            publishing.save(draft.id, with_code(), revision=draft.revision, by=writer, at=at)
            drafts.append(publishing.submit(draft.id, by=writer, at=at))
        publishing.publish(drafts[0].id, effective_from_on=TODAY, by=reviewer, at=at)
        with pytest.raises(soundness.Unsound, match="机动车驾驶证换证"):
            publishing.publish(drafts[1].id, effective_from_on=TODAY, by=reviewer, at=at)


class TestDoors:
    def test_page_keeps_it_and_says_whose_it_is(self, signed_in: Callable[[str], Client]) -> None:
        at = directory.now()
        publish(at)
        by, procedure = stories.actor("manager.520000"), Procedure.objects.get(key=OTHER)
        draft = publishing.begin(procedure, province=GUIZHOU, stage=Stage.PROVINCE, by=by, at=at)
        publishing.save(draft.id, with_code("GZ-3"), revision=draft.revision, by=by, at=at)
        draft.refresh_from_db()
        path = f"/overview/standards/drafts/{draft.id}/"
        client = signed_in("manager.520000")
        assert SENTENCE not in client.get(path).content.decode()
        form = client.get(path).context
        typed = {i.name: i.value for i in [*form["codes"], *form["guide"]] if i.value}
        sent = {**typed, "codes.local": CODE, "revision": draft.revision, "do": "submit"}
        answer = client.post(path, {"_key": str(uuid.uuid4()), **sent}, follow=True)
        text = answer.content.decode()
        assert SENTENCE in text and 'value="GZ-1"' in text
        draft.refresh_from_db()
        assert (draft.state, draft.content["codes"]["local"]) == ("draft", CODE)

    def test_api_names_it_among_the_faults_and_refuses_to_submit(self) -> None:
        at = directory.now()
        publish(at)
        program = Api("manager.520000")
        begun = program.send(
            "POST", "/standard-drafts", {"procedure": OTHER, "province": GUIZHOU, "stage": 2}
        ).json()
        sent = {"revision": begun["revision"], "content": with_code()}
        told = program.send("PUT", f"/standard-drafts/{begun['id']}", sent)
        assert told.json()["faults"] == {"codes.local": SENTENCE}, told.json()
        answer = program.send("POST", f"/standard-drafts/{begun['id']}/submit")
        assert answer.status_code == 422 and SENTENCE in answer.json()["message"]

    @pytest.mark.article("B8")
    def test_workbook_names_sheet_row_and_column(self, at: datetime.datetime) -> None:
        publish(at)
        by = "manager.520000"
        rows: dict[str, int] = {}

        def change(book: Any) -> None:
            page = book["标准"]
            rows.update({str(page.cell(n, 1).value): n for n in range(2, page.max_row + 1)})
            for key, code in ((OTHER, "gz-1"), ("002-1", "GZ-7"), ("003-1", "GZ-7"), ("004-1", "GZ-8")):
                put(page, rows[key], "地方编码", code)

        data = edited(imports.export("standards", by=stories.actor(by), at=at), change)
        row = go(data, at, kind="standards", by=by)
        found = {f["row"]: f["what"] for f in row.faults if f["column"] == "地方编码"}
        assert {f["sheet"] for f in row.faults} == {"标准"}
        assert set(found) == {rows[OTHER], rows["002-1"], rows["003-1"]}
        assert found[rows[OTHER]] == SENTENCE and "003-1" in found[rows["002-1"]]
        assert not Draft.objects.exists()


def test_holders_are_given_by_code(at: datetime.datetime) -> None:
    publish(at)
    found = local_codes.holders(["GZ-1", "GZ-2", ""], on=TODAY)
    assert {code: [row.procedure.key for row in rows] for code, rows in found.items()} == {"GZ-1": [FIRST]}
