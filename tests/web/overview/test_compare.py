"""The comparison in the browser's own forms."""

import datetime
import re
from collections.abc import Callable

import pytest
from django.test import Client

from tests.catalogue.drafting import GUIZHOU, SICHUAN, content, material, publish
from tongban.catalogue.models import Difference
from tongban.directory import queries as directory

SignedIn = Callable[[str], Client]
PAGE = "/overview/standards/compare/015-1/"


@pytest.fixture(autouse=True)
def _two(db: None, monkeypatch: pytest.MonkeyPatch, at: datetime.datetime) -> None:
    monkeypatch.setattr(directory, "now", lambda: at)
    publish(GUIZHOU, at=at)
    publish(
        SICHUAN,
        at=at,
        said=content(material=[material("id_card", "身份证", copies=1), material("photo", "照片")]),
    )


class TestCompare:
    @pytest.mark.article("B7", "W7")
    def test_shows_differences_and_on_wish_everything(self, signed_in: SignedIn) -> None:
        text = signed_in("manager.530100").get(PAGE).content.decode()
        assert "1 处不同" in text and "与多数不同" in text and "复印件1" in text
        assert "照片：份数" not in text and "云南省" in text
        assert "照片：份数" in signed_in("manager.530100").get(PAGE, {"all": "1"}).content.decode()
        assert "提出差异事项" not in text

    @pytest.mark.article("B7", "P8")
    def test_leads_from_a_difference_to_the_five_province_draft(self, signed_in: SignedIn) -> None:
        group, province = signed_in("group.1"), signed_in("manager.520000")
        opened = {"line": "material:id_card:sheets", "question": "身份证要复印件吗？"}
        assert province.post(f"{PAGE}open/", opened).status_code == 403
        assert group.post(f"{PAGE}open/", {**opened, "question": ""}).status_code == 422
        assert group.post(f"{PAGE}open/", opened).status_code == 302
        row = Difference.objects.get()
        act = f"/overview/standards/differences/{row.id}/"
        assert province.post(act, {"do": "answer"}).status_code == 422
        assert province.post(act, {"do": "answer", "words": "同意交", "province": SICHUAN}).status_code == 302
        assert province.post(act, {"do": "settle", "decision": "要"}).status_code == 403
        assert group.post(f"{PAGE}compose/", {"base": GUIZHOU}).status_code == 409
        assert group.post(act, {"do": "settle", "decision": "", "province": SICHUAN}).status_code == 422
        assert group.post(act, {"do": "settle", "decision": "要一份", "province": SICHUAN}).status_code == 302
        text = group.get(PAGE).content.decode()
        assert "要一份" in text and "采用四川省的写法" in text and "同意交" in text
        assert group.post(f"{PAGE}compose/", {"base": "530000000000"}).status_code == 422
        response = group.post(f"{PAGE}compose/", {"base": GUIZHOU})
        page = group.get(response["Location"]).content.decode()
        assert re.search(r'name="material\.0\.copies"[^>]*value="1"', page)
        assert group.post("/overview/standards/differences/999999/", {"do": "settle"}).status_code == 404

    @pytest.mark.parametrize("account", ["clerk.520103", "approver.520000", "sysadmin"])
    def test_is_closed_to_others(self, signed_in: SignedIn, account: str) -> None:
        assert signed_in(account).get(PAGE).status_code == 403
