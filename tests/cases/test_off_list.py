"""Matters off the list: explained and recorded, or consented by the home window and handled like any other (P24)."""

import datetime
from collections.abc import Callable

import pytest

from tests import stories
from tests.catalogue import piloting
from tongban.cases import doctor, off_list, permissions, queries, rules
from tongban.cases.models import Case, OffListRequest
from tongban.cases.operations import intake
from tongban.cases.operations import off_list as operations
from tongban.catalogue import queries as catalogue
from tongban.catalogue import rules as catalogue_rules
from tongban.catalogue.models import Item
from tongban.directory import rules as directory_rules
from tongban.directory.models import Parameter, Window
from tongban.duties.models import Duty
from tongban.kernel import refusals
from tongban.people.actors import Actor

pytestmark = [pytest.mark.django_db, pytest.mark.article("P24", "B6")]
ByAccount = Callable[[str], Actor]
YEAR = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


@pytest.fixture
def asked(story: stories.Story) -> stories.Story:
    """A case from 云岩区 whose clerk has asked 成都市 about a matter off the list, without a listed one chosen."""
    story.open()
    for name, value in {
        "name": "测试甲",
        "identity": stories.IDENTITY,
        "phone": "13800000000",
        "contact_name": "测试甲",
        "is_identity_checked": True,
        "delivery_way": "post",
        "delivery_address": "贵州省贵阳市云岩区示例路1号",
    }.items():
        intake.save(story.id, {name: value}, by=story.receiver, at=story.at)
    return story.do("ask_off_list")


class TestAsk:
    def test_makes_the_home_window_owe_an_answer_within_a_working_day(self, asked: stories.Story) -> None:
        duty = Duty.objects.get(case_id=asked.id, kind="off_list_consent", done_at=None)
        assert duty.bearer_id in asked.home.window_ids
        assert duty.calendar_code == stories.DECIDING
        assert duty.due_at == datetime.datetime(2026, 3, 3, 9, 0, tzinfo=datetime.UTC)
        assert [r.matter for _d, r in off_list.to_answer(asked.home)] == [stories.OFF_LIST]

    def test_takes_its_time_from_the_parameter_of_the_owing_place(self, story: stories.Story) -> None:
        Parameter.objects.create(name="duty.off_list_consent", division_id="510000000000", value=3)
        story.open().do("ask_off_list")
        duty = Duty.objects.get(case_id=story.id, kind="off_list_consent")
        assert duty.amount == 3

    def test_shows_the_home_window_the_question_and_not_the_case(self, asked: stories.Story) -> None:
        assert off_list.get(asked.id, for_=asked.home).matter == stories.OFF_LIST
        assert not queries.visible_to(asked.home).filter(id=asked.id).exists()
        with pytest.raises(rules.UnknownCase):
            off_list.get(asked.id, for_=stories.actor("clerk.530102"))

    def test_reports_to_the_next_level(self, asked: stories.Story) -> None:
        row = off_list.latest(asked.id)
        assert row.reported_to is not None
        assert row.reported_to.division_id == "520100000000"

    def test_is_seen_as_late_by_the_authority_of_the_home_place_only(
        self, asked: stories.Story, actor: ByAccount
    ) -> None:
        late = asked.at + datetime.timedelta(days=3)
        for account, n in {
            "manager.510100": 1,
            "manager.510000": 1,
            "manager.520103": 0,
            "group.1": 0,
        }.items():
            assert len(off_list.late_answers(actor(account).managed_prefixes, at=late)) == n
        assert off_list.late_answers(actor("manager.510100").managed_prefixes, at=asked.at) == []

    def test_keeps_the_matter_until_it_is_answered_or_taken_back(self, asked: stories.Story) -> None:
        procedure = catalogue.procedure(stories.PROCEDURE)
        with pytest.raises(rules.AwaitingConsent):
            intake.choose(asked.id, procedure_id=procedure.id, by=asked.receiver, at=asked.at)
        with pytest.raises(operations.AskedAlready):
            asked.do("ask_off_list")
        asked.do("drop_off_list")
        intake.choose(
            asked.id, procedure_id=procedure.id, home_code=stories.HOME, by=asked.receiver, at=asked.at
        )
        assert asked.case.procedure == procedure
        assert not Duty.objects.filter(case_id=asked.id, kind="off_list_consent", done_at=None).exists()

    def test_is_refused_for_a_place_off_the_contact_list(self, story: stories.Story) -> None:
        Window.objects.filter(division_id=stories.DECIDING).update(is_open=False)
        with pytest.raises(directory_rules.NotListed):
            story.open().do("ask_off_list")

    @pytest.mark.parametrize("matter", ["", "  ——", "长" * 121])
    def test_asks_what_for(self, story: stories.Story, matter: str) -> None:
        story.open()
        with pytest.raises(operations.NoMatter):
            operations.ask(
                story.id, matter=matter, home_code=stories.DECIDING, by=story.receiver, at=story.at
            )


class TestConsent:
    def test_lets_the_case_run_to_its_end_with_the_home_windows_materials(self, asked: stories.Story) -> None:
        asked.do("consent_off_list")
        materials = queries.materials_of(asked.id)
        assert [(m.name, m.originals_asked, m.copies_asked) for m in materials] == [
            ("身份证", 1, 1),
            ("申请书", 1, 0),
        ]
        for step in ("receive", "send", "confirm_arrival", "accept", "grant", "tell_result"):
            if step == "receive":
                intake.save(asked.id, {"channel": "online"}, by=asked.receiver, at=asked.at)
            asked.do(step)
        asked.do("post_result").do("confirm_delivery").do("close")
        case = asked.case
        assert (case.state, case.outcome, case.legal_limit, case.promised_limit) == (
            "closed",
            "granted",
            20,
            5,
        )
        assert case.procedure is not None and case.procedure.name == stories.OFF_LIST
        assert list(doctor.examine(at=asked.at)) == []

    def test_opens_the_matter_for_this_case_alone(self, asked: stories.Story) -> None:
        asked.do("consent_off_list")
        found = [*catalogue.find_items(stories.OFF_LIST), *catalogue.find_items("", limit=200)]
        assert Item.OFF_LIST not in {item.seq for item in found}
        other = stories.Story(at=asked.at).open()
        with pytest.raises(catalogue_rules.NotOpen):
            intake.choose(other.id, procedure_id=asked.case.procedure_id, by=other.receiver, at=other.at)
        with pytest.raises(rules.OnlyWhereConsented):
            intake.choose(asked.id, home_code="530100000000", by=asked.receiver, at=asked.at)

    def test_is_the_home_windows_alone(self, asked: stories.Story, actor: ByAccount) -> None:
        for account in ("clerk.520103", "clerk.510107", "clerk.530102", "manager.510100", "group.1"):
            with pytest.raises(permissions.NotYourPart):
                operations.decline(asked.id, words="不办", by=actor(account), at=asked.at)

    @pytest.mark.parametrize(
        ("materials", "limits", "wrong"),
        [
            ("", (20, 5), operations.NoMaterials),
            ("身份证", (0, 0), operations.BadLimits),
            ("身份证", (5, 6), operations.BadLimits),
        ],
    )
    def test_asks_for_materials_and_limits(
        self, asked: stories.Story, materials: str, limits: tuple[int, int], wrong: type[refusals.Refusal]
    ) -> None:
        with pytest.raises(wrong):
            operations.consent(
                asked.id,
                materials=materials,
                legal_limit=limits[0],
                promised_limit=limits[1],
                by=asked.home,
                at=asked.at,
            )

    def test_is_not_given_twice(self, asked: stories.Story) -> None:
        asked.do("decline_off_list")
        with pytest.raises(refusals.Refusal):
            asked.do("consent_off_list")


class TestExplain:
    def test_ends_the_case_with_the_words_on_record(self, story: stories.Story) -> None:
        story.lead_to("explained")
        row = OffListRequest.objects.get(case_id=story.id)
        assert (row.outcome, row.told) == ("explained", "不在清单内，请到属地办理")
        assert story.case.outcome == "off_list"

    def test_counts_once_after_the_home_window_has_declined(
        self, asked: stories.Story, actor: ByAccount
    ) -> None:
        asked.do("decline_off_list").do("explain_off_list")
        row = OffListRequest.objects.get(case_id=asked.id)
        assert (row.outcome, row.answer, row.told) == (
            "declined",
            "须本人到场办理",
            "不在清单内，请到属地办理",
        )
        lines = off_list.demand(
            actor("group.1"), since=YEAR, until=YEAR + datetime.timedelta(days=365), limit=9
        )
        assert [(d.matter, d.n) for d in lines] == [(stories.OFF_LIST, 1)]


class TestDemand:
    def test_gathers_what_from_where_to_where_how_often_for_each_level(
        self, actor: ByAccount, at: datetime.datetime
    ) -> None:
        for receiver, matter in [
            ("clerk.520103", "补办光荣证"),
            ("clerk.520103", "补办 光荣证。"),  # the same matter in other writing
            ("clerk.520102", "补办光荣证"),
            ("clerk.530102", "开具旧档案"),
        ]:
            story = stories.Story(at=at, receiver=receiver).open()
            operations.explain(
                story.id, matter=matter, home_code=stories.DECIDING, told="说明", by=story.receiver, at=at
            )

        def lines(account: str) -> list[tuple[str, str, int]]:
            rows = off_list.demand(
                actor(account), since=YEAR, until=YEAR + datetime.timedelta(days=365), limit=50
            )
            assert {r.to_code for r in rows} <= {stories.DECIDING}
            return [(r.matter, r.from_code[:6], r.n) for r in rows]

        assert [n for _m, _c, n in lines("group.1")] == [2, 1, 1]
        assert [n for _m, _c, n in lines("manager.510100")] == [2, 1, 1]
        assert [(c, n) for _m, c, n in lines("manager.520100")] == [("520103", 2), ("520102", 1)]
        assert lines("manager.520103") == [("补办 光荣证。", "520103", 2)]
        assert lines("manager.500000") == []
        first = off_list.demand(actor("group.1"), since=YEAR, until=at + datetime.timedelta(days=1), limit=1)[
            0
        ]
        rest = off_list.demand(
            actor("group.1"),
            since=YEAR,
            until=at + datetime.timedelta(days=1),
            after=(first.n, first.first_id),
            limit=9,
        )
        assert [r.n for r in rest] == [1, 1]


class TestTheCaseEnds:
    def test_closes_the_question_that_is_open(self, asked: stories.Story) -> None:
        intake.withdraw_early(asked.id, reason="申请人改变主意", by=asked.receiver, at=asked.at)
        row = OffListRequest.objects.get(case_id=asked.id)
        assert row.outcome == "closed"
        assert asked.case.off_list_asked_at is None
        assert not Duty.objects.filter(case_id=asked.id, done_at=None).exists()
        assert off_list.to_answer(asked.home) == []
        with pytest.raises(refusals.Refusal):
            operations.decline(asked.id, words="不办", by=asked.home, at=asked.at)

    def test_tells_nobody_what_is_missing_before_the_answer(self, asked: stories.Story) -> None:
        # So no clock of a correction runs out while the home window still owes its answer.
        with pytest.raises(refusals.Refusal):
            intake.ask_correction(asked.id, days=5, by=asked.receiver, at=asked.at)
        assert asked.case.state == "drafting" and asked.case.off_list_asked_at

    def test_closes_the_question_when_it_lapses_too(self, asked: stories.Story) -> None:
        other = stories.Story(at=asked.at).lead_to("correction")
        # By no step can a lapse meet an open question (see above); were there one, it would not stay open.
        OffListRequest.objects.filter(case_id=asked.id).update(case_id=other.id)
        Case.objects.filter(id=other.id).update(off_list_asked_at=asked.at)
        other.too_late()
        other.do("lapse")
        assert OffListRequest.objects.get(case_id=other.id).outcome == "closed"
        assert (other.case.state, other.case.off_list_asked_at) == ("lapsed", None)
        assert not Duty.objects.filter(case_id=other.id, done_at=None).exists()

    def test_leaves_what_was_asked_for_in_the_demand(self, asked: stories.Story, actor: ByAccount) -> None:
        intake.withdraw_early(asked.id, reason="申请人改变主意", by=asked.receiver, at=asked.at)
        rows = off_list.demand(
            actor("group.1"), since=YEAR, until=YEAR + datetime.timedelta(days=365), limit=5
        )
        assert [(r.matter, r.n) for r in rows] == [(stories.OFF_LIST, 1)]

    def test_forgets_what_the_matter_before_began_under(self, at: datetime.datetime) -> None:
        row = piloting.agreed(at)
        story = piloting.story(at, row).fill()
        operations.ask(story.id, matter="另一件事", home_code=piloting.SECOND, by=story.receiver, at=story.at)
        assert (story.case.procedure, story.case.pilot, story.case.elements) == (None, None, None)
