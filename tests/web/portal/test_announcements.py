"""Announcements: who publishes them for whom, what the public sees, and that nothing is deleted."""

import datetime
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tongban.directory import announcements, rules
from tongban.directory.models import Announcement
from tongban.journal.models import Entry
from tongban.kernel import worktime
from tongban.people import keeping, permissions
from tongban.people.actors import Actor

pytestmark = [pytest.mark.django_db, pytest.mark.article("F1", "P15")]
GUIZHOU, SICHUAN = "520000000000", "510000000000"
GUIYANG, YUNYAN = "520100000000", "520103000000"
TEXT = {"title": "国庆办公安排", "body": "10月1日至7日不办公。\n\n急事请打电话。"}


@pytest.fixture
def publish(actor: Callable[[str], Actor], at: datetime.datetime) -> Callable[..., Announcement]:
    def done(account: str = "manager.520000", place: str | None = GUIZHOU, **more: str) -> Announcement:
        return keeping.publish_announcement(TEXT | more, place=place, by=actor(account), at=at)

    return done


class TestPublish:
    def test_is_for_the_place_s_own_managers_and_the_group(self, publish: Callable[..., Any]) -> None:
        assert publish().place_id == GUIZHOU
        assert publish("group.1", None).place_id is None
        assert publish("group.1", SICHUAN).place_id == SICHUAN
        assert publish("manager.520100", GUIYANG).place_id == GUIYANG
        assert publish("manager.520103", YUNYAN).place_id == YUNYAN
        for account, place in (
            ("manager.520000", SICHUAN),
            ("manager.520000", None),
            ("manager.520000", GUIYANG),
            ("manager.520100", GUIZHOU),
            ("manager.520100", YUNYAN),
            ("manager.520103", GUIYANG),
            ("manager.510100", GUIYANG),
            ("manager.520103", None),
            ("clerk.520103", GUIZHOU),
            ("clerk.520103", YUNYAN),
            ("lead.520103", YUNYAN),
            ("approver.520103", YUNYAN),
            ("sysadmin", YUNYAN),
        ):
            with pytest.raises(permissions.NotYourAnnouncement):
                publish(account, place)

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"title": " "}, "title"),
            ({"body": ""}, "body"),
            ({"from_on": "2026-03-01"}, "from_on"),
            ({"from_on": "soon"}, "from_on"),
            ({"from_on": "2026-04-02", "until_on": "2026-04-01"}, "until_on"),
        ],
    )
    def test_says_what_is_wrong_at_its_field(
        self, publish: Callable[..., Any], wrong: dict[str, str], field: str
    ) -> None:
        with pytest.raises(rules.NotFilled) as refused:
            publish(**wrong)
        assert list(refused.value.fields) == [field]

    def test_is_journalled(self, publish: Callable[..., Any]) -> None:
        row = publish()
        entry = Entry.objects.filter(code="announcement_published").latest("seq")
        assert entry.payload["announcement"] == row.id


class TestWhatThePublicSees:
    def test_begins_and_ends_on_its_days(self, publish: Callable[..., Any], at: datetime.datetime) -> None:
        row = publish(from_on="2026-03-05", until_on="2026-03-06")
        seen = [day for day in range(3, 9) if row in announcements.shown_on(datetime.date(2026, 3, day))]
        assert seen == [5, 6]

    def test_of_a_province_comes_with_what_is_for_all_five(self, publish: Callable[..., Any]) -> None:
        own, whole, other = publish(), publish("group.1", None), publish("manager.510000", SICHUAN)
        on = datetime.date(2026, 3, 2)
        assert set(announcements.page(on=on, place=GUIZHOU, limit=9)) == {own, whole}
        first = announcements.page(on=on, limit=2)
        assert announcements.page(on=on, after=(on, first[-1].id), limit=9) == [own]
        assert first == [other, whole]

    def test_of_a_city_or_county_is_shown_on_the_pages_of_its_place(
        self, publish: Callable[..., Any], client: Client
    ) -> None:
        county = publish("manager.520103", YUNYAN, title="云岩窗口搬家")
        city = publish("manager.520100", GUIYANG, title="贵阳大厅装修")
        province, whole = publish(), publish("group.1", None, title="五省的事")
        on = datetime.date(2026, 3, 2)

        def shown(place: str) -> set[Announcement]:
            return set(announcements.page(on=on, place=place, limit=9))

        assert shown("") == shown(GUIZHOU) == shown(YUNYAN) == {county, city, province, whole}
        assert shown("520102000000") == {city, province, whole}
        assert shown(SICHUAN) == {whole}
        assert set(announcements.of_everybody(on=on, limit=9)) == {province, whole}
        assert announcements.of_place(YUNYAN, on=on, limit=9) == [province, city, county]
        assert announcements.of_place(GUIYANG, on=on, limit=9) == [province, city]
        home = client.get("/").content.decode()
        assert "国庆办公安排" in home and "云岩窗口搬家" not in home
        here, there = (
            client.get("/windows/", {"place": code}).content.decode() for code in (YUNYAN, "510107000000")
        )
        assert "云岩窗口搬家" in here and "贵阳大厅装修" in here
        assert "云岩窗口搬家" not in there
        assert "云岩窗口搬家" in client.get("/announcements/", {"place": YUNYAN}).content.decode()
        [listed] = [a for a in client.get("/api/v1/announcements").json() if a["id"] == county.id]
        assert (listed["place"], listed["province"]) == (YUNYAN, GUIZHOU)

    def test_is_taken_back_and_kept(
        self, publish: Callable[..., Any], actor: Callable[[str], Actor], at: datetime.datetime
    ) -> None:
        row = publish()
        for account in ("manager.510000", "manager.520100", "manager.520103"):
            with pytest.raises(permissions.NotYourAnnouncement):
                keeping.withdraw_announcement(row.id, reason="写错了", by=actor(account), at=at)
        by = actor("manager.520000")
        with pytest.raises(rules.NotFilled):
            keeping.withdraw_announcement(row.id, reason=" ", by=by, at=at)
        keeping.withdraw_announcement(row.id, reason="日期写错", by=by, at=at)
        with pytest.raises(announcements.UnknownAnnouncement):
            announcements.get(row.id, on=datetime.date(2026, 3, 2))
        assert Announcement.objects.get(id=row.id).withdrawn_reason == "日期写错"
        with pytest.raises(announcements.AlreadyWithdrawn):
            keeping.withdraw_announcement(row.id, reason="再撤", by=by, at=at)


class TestPages:
    def test_lead_from_the_overview_to_the_public(
        self, signed_in: Callable[[str], Client], client: Client
    ) -> None:
        manager = signed_in("manager.520000")
        sent = {**TEXT, "body": "<b>不办公</b>", "place": GUIZHOU}
        answer = manager.post("/overview/announcements/publish/", sent, follow=True)
        assert "已发布：国庆办公安排。" in answer.content.decode()
        assert "国庆办公安排" in client.get("/").content.decode()
        assert "国庆办公安排" in client.get("/announcements/", {"province": GUIZHOU}).content.decode()
        row = Announcement.objects.get()
        text = client.get(f"/announcements/{row.id}/").content.decode()
        assert "&lt;b&gt;不办公&lt;/b&gt;" in text
        [listed] = client.get("/api/v1/announcements").json()
        assert listed["title"] == "国庆办公安排"
        withdraw = f"/overview/announcements/{row.id}/withdraw/"
        assert "请写明撤回的原因" in manager.post(withdraw, {"reason": ""}).content.decode()
        assert manager.post(withdraw, {"reason": "写错"}).status_code == 302
        assert client.get(f"/announcements/{row.id}/").status_code == 404
        assert client.get("/api/v1/announcements").json() == []

    def test_keep_what_was_typed_when_it_is_refused(self, signed_in: Callable[[str], Client]) -> None:
        yesterday = datetime.datetime.now(worktime.BEIJING).date() - datetime.timedelta(days=1)
        sent = {**TEXT, "place": "all", "from_on": yesterday.isoformat()}
        answer = signed_in("group.1").post("/overview/announcements/publish/", sent)
        assert answer.status_code == 422
        assert "急事请打电话" in answer.content.decode()
        assert "公布日期不能早于今天" in answer.content.decode()

    def test_offer_no_form_to_who_may_not_publish(self, signed_in: Callable[[str], Client]) -> None:
        text = signed_in("approver.520103").get("/overview/announcements/").content.decode()
        assert 'name="title"' not in text

    def test_let_a_county_write_for_itself_alone(self, signed_in: Callable[[str], Client]) -> None:
        manager = signed_in("manager.520103")
        page = manager.get("/overview/announcements/").content.decode()
        assert re.findall(r'<option value="(\w+)"', page) == [YUNYAN]
        sent = {**TEXT, "place": YUNYAN}
        assert manager.post("/overview/announcements/publish/", sent).status_code == 302
        assert manager.post("/overview/announcements/publish/", {**sent, "place": GUIYANG}).status_code == 403
        assert Announcement.objects.get().place_id == YUNYAN
