"""Addresses by division and files as answers of the application form: checked, kept, shown alike everywhere."""

import datetime
from typing import Any

import pytest

from tests.catalogue import drafting
from tests.catalogue.drafting import SICHUAN
from tests.pictures import sheet as png
from tests.stories import Story
from tests.web.api.program import Api
from tongban.cases import permissions, queries, rules
from tongban.cases.models import Case, Scan, Transfer
from tongban.cases.operations import answers, intake, transfer
from tongban.catalogue import addresses
from tongban.catalogue import rules as catalogue_rules
from tongban.directory.models import Division
from tongban.documents import rules as document_rules
from tongban.notices import operations as notices

pytestmark = [pytest.mark.django_db, pytest.mark.article("B2", "P7")]
FIELDS = [
    {"key": "home", "label": "户籍地址", "type": "address"},
    {"key": "proof", "label": "房产证", "type": "file"},
]
YUNYAN = "520103000000"


@pytest.fixture
def story(at: datetime.datetime, settings: Any, tmp_path: Any) -> Story:
    settings.TONGBAN_FILES = tmp_path / "files"
    return begun(at)


def begun(at: datetime.datetime) -> Story:
    """Give a case whose form lacks an address and a file."""
    drafting.publish(SICHUAN, at=at, said=drafting.content(field=FIELDS))
    return Story(at=at).open().fill(**{"form.home": ""})


def form(story: Story) -> dict[str, Any]:
    return dict(Case.objects.values_list("form", flat=True).get(id=story.id))


def missing(story: Story) -> dict[str, str]:
    applicant, fields, materials = queries.for_review(story.case)
    return rules.missing_before_receipt(story.case, applicant, fields, materials)


def say(story: Story, **values: str) -> None:
    intake.save(story.id, {f"form.{k}": v for k, v in values.items()}, by=story.receiver, at=story.at)


class TestAddress:
    def test_is_kept_as_code_and_text(self, story: Story) -> None:
        say(story, home=f"{YUNYAN}  中华北路1号 ")
        kept = form(story)["home"]
        assert kept["code"] == YUNYAN and kept["street"] == "中华北路1号"
        assert kept["text"] == "贵州省贵阳市云岩区中华北路1号"
        assert (
            queries.shown_answers(story.case)["home"] == kept["text"] == queries.answer_of(story.case, "home")
        )

    @pytest.mark.parametrize("halfway", ["520000000000 中华北路1号", YUNYAN, "中华北路1号"])
    def test_is_asked_for_until_it_has_county_and_street(self, story: Story, halfway: str) -> None:
        say(story, home=halfway)
        assert "form.home" in missing(story)
        say(story, home=f"{YUNYAN} 中华北路1号")
        assert "form.home" not in missing(story)

    def test_of_a_program_without_a_place_is_refused_with_how_to_write_it(self, story: Story) -> None:
        program, path = Api("clerk.520103"), f"/cases/{story.case.number}"
        answer = program.send("PATCH", path, {"form": {"home": "贵阳市云岩区中华北路1号"}})
        assert (answer.status_code, answer.json()["code"]) == (422, "no_place")
        assert "520103000000 中山东路1号" in answer.json()["fields"]["form.home"]
        assert not form(story)["home"]
        said = {"form": {"home": f"{YUNYAN} 中华北路1号"}}
        assert program.send("PATCH", path, said).status_code == 200
        assert form(story)["home"]["is_whole"]

    def test_may_be_at_a_place_outside(self, story: Story) -> None:
        say(story, home=f"{addresses.OUTSIDE} 广东省广州市越秀区示例路1号")
        assert "form.home" not in missing(story)
        assert queries.shown_answers(story.case)["home"].startswith("广东省")

    def test_refuses_a_place_that_there_is_not(self, story: Story) -> None:
        with pytest.raises(addresses.NoSuchPlace) as refusal:
            say(story, home="999999000000 路1号")
        assert "form.home" in refusal.value.fields
        with pytest.raises(addresses.StreetTooLong):
            say(story, home=f"{YUNYAN} {'长' * 201}")

    @pytest.mark.article("A1")
    def test_refuses_a_place_that_has_ended_and_names_the_successor(self, story: Story) -> None:
        nanming = Division.objects.get(code="520102000000")
        Division.objects.filter(code=YUNYAN).update(
            valid_until_on=story.at.date() + datetime.timedelta(days=20), successor=nanming
        )
        say(story, home=f"{YUNYAN} 中华北路1号")
        story.at += datetime.timedelta(days=21)
        with pytest.raises(addresses.PlaceEnded) as refusal:
            say(story, home=f"{YUNYAN} 中华北路2号")
        assert "南明区" in refusal.value.message
        # What was written while the place existed stays readable and counts.
        assert queries.shown_answers(story.case)["home"] == "贵州省贵阳市云岩区中华北路1号"
        assert "form.home" not in missing(story)


class TestSent:
    @pytest.mark.article("C13", "P21(2)", "P21(3)")
    def test_files_of_the_form_are_on_the_signed_list_and_found_on_arrival(self, story: Story) -> None:
        say(story, home=f"{YUNYAN} 中华北路1号")
        answers.add_file(story.id, key="proof", data=png(), name="证.png", by=story.receiver, at=story.at)
        (scan,) = Scan.objects.filter(case=story.id, field_key="proof")
        story.pass_all().scan_all().do("receive").do("send")
        (sent,) = queries.transfers_of(story.id)
        sheet = sent.sheets[-1]
        assert (sheet["key"], sheet["name"], sheet["originals"]) == ("form.proof", "房产证", 0)
        assert sheet["scans"] == [bytes(scan.digest).hex()]
        found = story.found()
        with pytest.raises(rules.SheetsMissing) as refusal:
            confirm(story, found[:-1])
        assert set(refusal.value.fields) == {"found.form.proof"}
        assert confirm(story, found).is_complete

    @pytest.mark.article("C13")
    def test_files_of_the_form_are_on_no_list_of_paper(self, story: Story) -> None:
        say(story, home=f"{YUNYAN} 中华北路1号")
        answers.add_file(story.id, key="proof", data=png(), name="证.png", by=story.receiver, at=story.at)
        assert not [s for s in transfer.sheets_of(story.case, on_paper=True) if s["key"].startswith("form.")]


def confirm(story: Story, found: list[dict[str, Any]]) -> Transfer:
    return transfer.confirm_arrival(story.id, found=found, by=story.home, at=story.at)


class TestFile:
    def test_answers_its_field_and_stays_with_the_case(self, story: Story) -> None:
        assert missing(story)["form.proof"] == "请上传房产证"
        scan = answers.add_file(
            story.id, key="proof", data=png(), name="证.png", by=story.receiver, at=story.at
        )
        assert "form.proof" not in missing(story)
        assert (scan.material_id, scan.field_key) == (None, "proof")
        assert queries.shown_answers(story.case)["proof"] == "证.png"
        intake.remove_scan(story.id, scan_id=scan.id, by=story.receiver, at=story.at)
        assert "form.proof" in missing(story) and Scan.objects.get(id=scan.id).removed_at

    def test_goes_through_the_checks_of_every_upload(self, story: Story) -> None:
        with pytest.raises(document_rules.UnfitFile):
            answers.add_file(
                story.id, key="proof", data=b"MZ\0\0", name="a.exe", by=story.receiver, at=story.at
            )
        assert not Scan.objects.exists()

    def test_is_refused_where_none_is_asked_and_beyond_ten(
        self, story: Story, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(answers, "MOST_FILES", 1)

        def add(key: str) -> None:
            answers.add_file(story.id, key=key, data=png(), name="a.png", by=story.receiver, at=story.at)

        with pytest.raises(catalogue_rules.NoFileAsked):
            add("home")
        add("proof")
        with pytest.raises(catalogue_rules.TooManyFiles):
            add("proof")
        with pytest.raises(catalogue_rules.NotAFile):
            say(story, proof="没有上传，只写了字")

    def test_is_the_receiving_windows_alone_and_fixed_with_the_receipt(self, story: Story) -> None:
        scan = answers.add_file(
            story.id, key="proof", data=png(), name="a.png", by=story.receiver, at=story.at
        )
        with pytest.raises((permissions.NotYourPart, rules.UnknownCase)):
            answers.add_file(story.id, key="proof", data=png(), name="a.png", by=story.home, at=story.at)
        say(story, home=f"{YUNYAN} 路1号")
        story.pass_all()
        notice = notices.prepare(story.id, kind="receipt", by=story.receiver, at=story.at)
        notices.issue(notice.id, by=story.receiver, at=story.at)
        with pytest.raises(permissions.NotThisState):
            intake.remove_scan(story.id, scan_id=scan.id, by=story.receiver, at=story.at)
