"""Fields of an application form on a page: the selects of an address without script, files, and the same by API."""

import datetime
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.cases.test_form_fields import YUNYAN, begun, form
from tests.catalogue import drafting
from tests.pictures import sheet as png
from tests.stories import Story
from tests.web.api.program import Api
from tongban.cases.models import Scan
from tongban.cases.operations import intake
from tongban.catalogue.models import Procedure

pytestmark = [pytest.mark.django_db, pytest.mark.article("B2", "P7")]
HTMX: Any = {"HX-Request": "true"}


@pytest.fixture
def story(at: datetime.datetime, settings: Any, tmp_path: Any) -> Story:
    settings.TONGBAN_FILES = tmp_path / "files"
    return begun(at)


class TestTwoDoors:
    """A form is data: the receive page and the portal draw one and the same (B2)."""

    KINDS = ("text", "number", "date", "choice", "identity_number", "credit_code", "phone", "address", "file")

    def test_draw_every_kind_of_field_alike(
        self, signed_in: Callable[[str], Client], at: datetime.datetime
    ) -> None:
        fields: list[dict[str, Any]] = [
            {
                "key": f"f_{kind}",
                "label": f"栏目{kind}",
                "type": kind,
                "required": n % 2 == 0,
                "help": f"提示{n}",
                "choices": ["甲", "乙"] if kind == "choice" else [],
            }
            for n, kind in enumerate(self.KINDS)
        ]
        drafting.publish(drafting.SICHUAN, at=at, said=drafting.content(field=fields, modes=["online"]))
        clerk, citizen = signed_in("clerk.520103"), signed_in("applicant.1")
        story = Story(at=at, home_code="510107000000").open()
        row = Procedure.objects.get(key=story.procedure)
        intake.choose(
            story.id, procedure_id=row.id, home_code=story.home_code, by=story.receiver, at=story.at
        )
        at_desk = clerk.get(f"/desk/receive/{story.case.number}/").content.decode()
        online = {"procedure": story.procedure, "home": story.home_code, "_key": "one"}
        begun_at = citizen.post("/apply/", online)["Location"]
        number = re.findall(r"/apply/([^/]+)/", begun_at)[0]
        for kind in self.KINDS:
            question = citizen.get(f"/apply/{number}/questions/form.f_{kind}/").content.decode()
            drawn = self._drawn(question, f"form.f_{kind}")
            assert drawn == self._drawn(at_desk, f"form.f_{kind}") and drawn, kind
            for page in (question, at_desk):
                assert f"栏目{kind}" in page and f"提示{self.KINDS.index(kind)}" in page

    @staticmethod
    def _drawn(page: str, name: str) -> list[dict[str, str]]:
        """Give every input of a field with what it asks for, and the words of its choices."""
        found = []
        for tag in re.findall(r"<(?:input|select|textarea)\b[^>]*>", page):
            said = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
            if name in said.get("name", "") and said.get("type") != "hidden":
                kept = (
                    "name",
                    "type",
                    "maxlength",
                    "inputmode",
                    "aria-required",
                    "accept",
                    "aria-describedby",
                )
                found.append({key: said[key] for key in kept if key in said})
                if tag.startswith("<select"):
                    body = page.split(tag, 1)[1].split("</select>", 1)[0]
                    found[-1]["choices"] = "|".join(re.findall(r"<option[^>]*>([^<]*)", body))
        return found


class TestPage:
    """What the receive page shows and reads; the portal shows and reads the same through `kit.form_fields`."""

    def test_goes_down_to_the_county_without_script(
        self, story: Story, signed_in: Callable[[str], Client]
    ) -> None:
        client, page = signed_in("clerk.520103"), f"/desk/receive/{story.case.number}/"
        assert 'name="form.home.province"' in client.get(page).content.decode()
        parts = {"form.home.province": "520000000000", "form.home.street": "中华北路1号"}
        assert client.post(f"{page}save/", parts).status_code == 302
        text = client.get(page).content.decode()
        assert 'name="form.home.city"' in text and 'value="中华北路1号"' in text
        parts |= {"form.home.city": "520100000000", "form.home.county": YUNYAN}
        client.post(f"{page}save/", parts)
        assert form(story)["home"]["is_whole"]
        # Another province: city and county of the first are leftovers.
        client.post(f"{page}save/", parts | {"form.home.province": "510000000000"})
        assert form(story)["home"]["code"] == "510000000000"

    def test_draws_an_address_anew_when_its_province_is_picked(
        self, story: Story, signed_in: Callable[[str], Client]
    ) -> None:
        client = signed_in("clerk.520103")
        answer = client.post(
            f"/desk/receive/{story.case.number}/save/",
            {"form.home.province": "520000000000", "form.home.street": ""},
            headers=HTMX,
        )
        assert 'id="field-f-form-home"' in answer.content.decode()
        assert 'name="form.home.city"' in answer.content.decode()

    def test_takes_files_and_shows_them_on_both_pages(
        self, story: Story, signed_in: Callable[[str], Client]
    ) -> None:
        client, page = signed_in("clerk.520103"), f"/desk/receive/{story.case.number}/"
        good = SimpleUploadedFile("房产证.png", png(), "image/png")
        bad = SimpleUploadedFile("坏.exe", b"MZ\0\0", "image/png")
        answer = client.post(f"{page}save/", {"files.form.proof": [good, bad]}, headers=HTMX)
        text = answer.content.decode()
        assert answer.status_code == 422 and "坏.exe" in text and "房产证.png" in text
        scan = Scan.objects.get(case_id=story.id)
        address = f"/desk/cases/{story.case.number}/files/{scan.id}/"
        for shown in (client.get(page), client.get(f"/desk/cases/{story.case.number}/")):
            assert address in shown.content.decode()
        assert client.get(address)["Content-Type"] == "image/png"
        client.post(f"{page}save/", {"do": f"unscan:{scan.id}"})
        assert address not in client.get(page).content.decode()

    def test_api_takes_and_gives_both(self, story: Story) -> None:
        number = story.case.number
        clerk = Api("clerk.520103")
        assert (
            clerk.send("PATCH", f"/cases/{number}", {"form": {"home": f"{YUNYAN} 路1号"}}).status_code == 200
        )
        sent = clerk.upload(f"/cases/{number}/form/proof/files", SimpleUploadedFile("a.png", png()))
        assert sent.status_code == 201
        got = clerk.get(f"/cases/{number}").json()
        assert got["form"]["home"].endswith("云岩区路1号") and got["form_files"][0]["field"] == "proof"
