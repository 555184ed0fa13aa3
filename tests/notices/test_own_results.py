"""The office's own PDF as the result of an online case: cleaned, signed with the grant, proven by anybody."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests import pictures
from tests.stories import Online, Story
from tongban.cases import permissions, queries
from tongban.cases import rules as case_rules
from tongban.command import main
from tongban.directory import queries as directory
from tongban.documents import rules as file_rules
from tongban.kernel import crypto, keyring
from tongban.notices import online, own, rules, signature
from tongban.notices import queries as notices
from tongban.notices.models import OwnResult

pytestmark = [pytest.mark.django_db, pytest.mark.article("E4", "P22", "P21(4)")]


@pytest.fixture
def story(settings: Any, tmp_path: Any) -> Online:
    settings.TONGBAN_FILES = tmp_path / "files"
    return Online(at=directory.now()).lead_to("approval")


def bring(story: Story, data: bytes | None = None, name: str = "营业执照.pdf") -> OwnResult:
    return own.bring(story.id, data=data or pictures.pdf(), name=name, by=story.home, at=story.at)


class TestOwnResult:
    def test_is_what_the_applicant_downloads_and_everybody_can_prove(
        self, story: Online, client: Client, tmp_path: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        brought = bring(story)
        story.do("grant").do("offer_online").do("download")
        document = notices.result_of(story.id)
        assert document is not None and document.id == queries.result_document(story.id)
        content = notices.content(document)
        assert content.startswith(own.content(brought).rstrip()) and content != own.content(brought)
        said = signature.verify_file(content, keyring.current().public_pem)
        assert (said.kind, said.serial, said.number) == ("result", document.id, story.case.number)
        with pytest.raises(signature.NotGenuine):
            signature.verify_file(content.replace(b"/Page", b"/Pagf", 1), keyring.current().public_pem)
        assert "营业执照" not in client.get(f"/verify/?n={document.serial}").content.decode()
        assert notices.verify(document.serial).genuine
        kept, key = tmp_path / "result.pdf", tmp_path / "public.pem"
        kept.write_bytes(content)
        key.write_text(keyring.current().public_pem)
        assert main.main(["verify", str(kept), "--key", str(key)]) == 0
        assert document.serial in capsys.readouterr().out

    def test_is_drawn_by_the_product_where_the_office_has_none_or_took_it_off(self, story: Online) -> None:
        brought = bring(story)
        own.remove(story.id, by=story.home, at=story.at)
        own.remove(story.id, by=story.home, at=story.at)
        story.do("grant")
        document = notices.result_of(story.id)
        assert document and bytes(document.data_digest) != bytes(brought.digest)

    def test_is_the_last_one_that_was_brought(self, story: Online) -> None:
        bring(story)
        last = bring(story, name="食品经营许可证.pdf")
        assert own.standing(story.id) == last

    def test_is_not_granted_when_another_one_came_while_it_was_signed(
        self, story: Online, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bring(story)
        sign = online._signed

        def slowly(*args: Any, **more: Any) -> Any:
            signed = sign(*args, **more)
            bring(story, name="另一份.pdf")
            return signed

        monkeypatch.setattr(online, "_signed", slowly)
        with pytest.raises(case_rules.ChangedMeanwhile):
            story.do("grant")
        assert story.case.state == "approval" and notices.result_of(story.id) is None

    def test_of_a_refusal_is_always_the_decision_with_its_remedies(self, story: Online) -> None:
        brought = bring(story)
        story.do("refuse")
        document = notices.result_of(story.id)
        assert document and bytes(document.data_digest) != bytes(brought.digest)

    @pytest.mark.article("S1")
    def test_is_brought_only_by_who_decides_while_they_decide(self, story: Online) -> None:
        for by, refusal in (
            (story.approver, case_rules.UnknownCase),  # to whom it was not handed
            (story.applicant, permissions.NotYourPart),
        ):
            with pytest.raises(refusal):
                own.bring(story.id, data=pictures.pdf(), name="a.pdf", by=by, at=story.at)
        story.do("grant")
        with pytest.raises(permissions.NotThisState):
            bring(story)

    @pytest.mark.article("P21(4)")
    def test_is_for_online_cases_alone(self, story: Online) -> None:
        with pytest.raises(rules.OnlyOnline):
            bring(Story(at=story.at).lead_to("approval"))

    @pytest.mark.parametrize(
        ("data", "name", "refusal"),
        [
            (pictures.sheet(), "营业执照.png", rules.OnlyPdf),
            (b"%PDF-1.7 nothing", "营业执照.pdf", file_rules.UnfitFile),
        ],
    )
    def test_is_refused_when_it_is_no_sound_pdf(
        self, story: Online, data: bytes, name: str, refusal: type[Exception]
    ) -> None:
        with pytest.raises(refusal):
            bring(story, data, name)
        assert own.standing(story.id) is None


def test_is_brought_shown_and_taken_off_on_the_case_page(story: Online, signed_in: Any) -> None:
    desk = signed_in("clerk.510100")
    address = f"/desk/cases/{story.case.number}/"
    assert "本机关出具的电子结果" in desk.get(address).content.decode()
    file = SimpleUploadedFile("许可证.pdf", pictures.pdf(), "application/pdf")
    assert desk.post(f"{address}result-file/", {"file": file}).status_code == 302
    assert "许可证.pdf" in desk.get(address).content.decode()
    shown = desk.get(f"{address}result-file/")
    row = own.standing(story.id)
    assert row is not None and crypto.sm3(shown.content) == bytes(row.digest)
    assert desk.post(f"{address}result-file/", {}).status_code == 422
    assert desk.post(f"{address}result-file/", {"do": "remove"}).status_code == 302
    assert own.standing(story.id) is None and desk.get(f"{address}result-file/").status_code == 404
