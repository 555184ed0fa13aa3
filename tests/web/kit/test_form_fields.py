"""Fields of an application form on a page: the selects of an address without script, files, and the same by API."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.cases.test_form_fields import YUNYAN, begun, form
from tests.pictures import sheet as png
from tests.stories import Story
from tests.web.api.program import Api
from tongban.cases.models import Scan

pytestmark = [pytest.mark.django_db, pytest.mark.article("B2", "P7")]
HTMX: Any = {"HX-Request": "true"}


@pytest.fixture
def story(at: datetime.datetime, settings: Any, tmp_path: Any) -> Story:
    settings.TONGBAN_FILES = tmp_path / "files"
    return begun(at)


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
