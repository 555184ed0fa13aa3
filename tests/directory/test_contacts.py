"""The contact list: each province publishes its part, all parts are the list, no version ever changes."""

import datetime

import pytest
from django.db import ProgrammingError, connection, transaction

from tests.stories import actor
from tongban.cases.operations import intake
from tongban.directory import contacts, places, queries, rules
from tongban.directory.models import ContactList, Division, Window
from tongban.people import permissions

GUIZHOU, YUNYAN = "520000000000", "520103000000"
WHO = places.Who(1, "测试", "贵州省政务服务中心")
pytestmark = pytest.mark.django_db


@pytest.fixture
def yunyan(db: None) -> Window:
    return Window.objects.select_related("hall__authority").get(division_id=YUNYAN)


def publish(at: datetime.datetime, **more: str) -> ContactList:
    return contacts.publish(GUIZHOU, with_samples=True, who=WHO, at=at, **more)


class TestPublish:
    @pytest.mark.article("A4", "P13")
    def test_makes_a_version_that_says_what_it_changed(self, yunyan: Window, at: datetime.datetime) -> None:
        places.save_window(yunyan.id, {"phone": "0851-86891234"}, who=WHO, at=at)
        row = publish(at, note="电话变更")
        changes = contacts.changes_of(row.number)
        assert [(c.what, c.kind, c.name) for c in changes] == [("window", "changed", yunyan.name)]
        assert changes[0].fields == [("电话", yunyan.phone, "0851-86891234")]

    @pytest.mark.article("A4")
    def test_leaves_every_old_version_as_it_was(self, yunyan: Window, at: datetime.datetime) -> None:
        before = contacts.whole()
        assert before is not None
        places.save_window(yunyan.id, {"address": "贵阳市云岩区新址1号"}, who=WHO, at=at)
        now = publish(at)
        old, new = contacts.whole(before.number), contacts.whole()
        assert old is not None and new is not None and new.number == now.number == before.number + 1
        assert old.windows == before.windows
        assert {w["address"] for w in new.windows} - {w["address"] for w in old.windows} == {
            "贵阳市云岩区新址1号"
        }
        assert len(old.parts) == len(new.parts) == 5

    @pytest.mark.article("A4")
    def test_cannot_be_changed_or_deleted_by_the_application(self) -> None:
        for statement in ("UPDATE directory_contactlist SET note = 'x'", "DELETE FROM directory_contactlist"):
            with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)

    @pytest.mark.article("P13")
    def test_decides_who_may_receive(self, yunyan: Window, at: datetime.datetime) -> None:
        made = places.open_window(
            yunyan.hall,
            {
                "name": "云岩区二号窗口",
                "phone": "0851-86891235",
                "address": "贵阳市云岩区",
                "opens_at": "9:00",
                "closes_at": "17:00",
            },
            who=WHO,
            at=at,
        )
        with pytest.raises(rules.NotListed):
            queries.open_window(made.id)
        publish(at)
        assert queries.open_window(made.id).id == made.id

    def test_is_refused_when_nothing_has_changed(self, at: datetime.datetime) -> None:
        with pytest.raises(rules.NothingToPublish):
            publish(at)

    def test_is_refused_when_more_was_saved_than_was_seen(
        self, yunyan: Window, at: datetime.datetime
    ) -> None:
        province = Division.objects.get(code=GUIZHOU)
        seen = contacts.digest_of(contacts.part_of(province, on=at.date(), with_samples=True)).hex()
        places.save_window(yunyan.id, {"phone": "0851-86891234"}, who=WHO, at=at)
        with pytest.raises(rules.ChangedSinceSeen):
            publish(at, seen=seen)

    def test_names_the_row_that_lacks_a_contact(self, yunyan: Window, at: datetime.datetime) -> None:
        Window.objects.filter(id=yunyan.id).update(phone="")
        with pytest.raises(rules.ListIncomplete, match=f"{yunyan.name}没有电话"):
            publish(at)

    def test_leaves_samples_out_in_earnest(self, at: datetime.datetime) -> None:
        province = Division.objects.get(code=GUIZHOU)
        assert contacts.part_of(province, on=at.date(), with_samples=False) == {
            "authorities": [],
            "windows": [],
        }


class TestNotOnTheList:
    @pytest.mark.article("A4", "P13")
    def test_a_place_can_neither_receive_nor_be_sent_a_case_and_the_clerk_has_the_words(
        self, yunyan: Window, at: datetime.datetime
    ) -> None:
        case = intake.open_case(by=actor("clerk.510100"), at=at)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM catalogue_procedure WHERE key = '120-1' OR levels::text LIKE '%county%' LIMIT 1"
            )
            (procedure_id,) = cursor.fetchone()
        Window.objects.filter(division__code__startswith="5201").update(is_open=False)
        with pytest.raises(rules.NotListed, match=r"不适用工作规程（第十三条）.*请向申请人解释说明"):
            intake.choose(
                case.id,
                procedure_id=procedure_id,
                home_code=YUNYAN,
                level="county",
                by=actor("clerk.510100"),
                at=at,
            )
        with pytest.raises(rules.NotListed):
            intake.open_case(by=actor("clerk.520103"), at=at)


class TestWho:
    @pytest.mark.article("P13")
    @pytest.mark.parametrize(
        ("account", "edits", "sees", "publishes"),
        [
            ("manager.520103", True, True, False),
            ("manager.520100", False, True, False),
            ("manager.520000", False, True, True),
            ("manager.520102", False, False, False),
            ("manager.510000", False, False, False),
            ("lead.520103", False, True, False),
            ("clerk.520103", False, True, False),
            ("clerk.520102", False, False, False),
            ("approver.520103", False, False, False),
            ("group.1", False, True, False),
            ("sysadmin", False, False, False),
        ],
    )
    def test_county_edits_city_sees_the_province_publishes(
        self, yunyan: Window, account: str, edits: bool, sees: bool, publishes: bool
    ) -> None:
        by = actor(account)
        authority = yunyan.hall.authority
        assert permissions.may_edit(by, authority.id) == edits
        assert permissions.windows_seen_by(by).filter(id=yunyan.id).exists() == sees
        assert permissions.authorities_seen_by(by).filter(id=authority.id).exists() == sees
        assert permissions.may_publish(by, GUIZHOU) == publishes
        if not edits:
            with pytest.raises(permissions.NotYourPart):
                permissions.require_edit(by, authority)
        if not publishes:
            with pytest.raises(permissions.NotTheProvince):
                permissions.require_publish(by, GUIZHOU)
