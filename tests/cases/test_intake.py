"""At the receiving window: what is applied for, where it goes, what was handed in."""

import pytest

from tests import stories
from tongban.cases import queries, rules
from tongban.cases.operations import intake
from tongban.catalogue.models import Procedure
from tongban.directory import rules as directory_rules
from tongban.directory.models import Level, Window
from tongban.kernel import ids

pytestmark = pytest.mark.django_db


@pytest.fixture
def several_levels() -> Procedure:
    """A procedure that more than one level decides, the county among them."""
    found = next(
        p for p in Procedure.objects.order_by("key") if {Level.PREFECTURE, Level.COUNTY} <= set(p.levels)
    )
    return found


class TestChoose:
    @pytest.mark.article("P7", "B3")
    def test_sends_to_the_highest_level_when_it_is_not_clear(
        self, story: stories.Story, several_levels: Procedure
    ) -> None:
        story.open()
        story.procedure = several_levels.key
        case = intake.choose(
            story.id, procedure_id=several_levels.id, home_code=stories.HOME, by=story.receiver, at=story.at
        )
        assert case.home_window is not None
        highest = Level.PROVINCE if Level.PROVINCE in several_levels.levels else Level.PREFECTURE
        assert case.home_window.division.level == highest

    @pytest.mark.article("P7", "B3")
    def test_sends_to_the_level_that_was_named(self, story: stories.Story, several_levels: Procedure) -> None:
        story.open()
        case = intake.choose(
            story.id,
            procedure_id=several_levels.id,
            home_code=stories.HOME,
            level=Level.COUNTY,
            by=story.receiver,
            at=story.at,
        )
        assert case.home_window is not None and case.home_window.division_id == stories.HOME

    @pytest.mark.article("P7")
    def test_finds_the_county_where_a_municipality_has_no_prefectures(self, story: stories.Story) -> None:
        story.open()
        procedure = Procedure.objects.get(key=stories.PROCEDURE)
        case = intake.choose(
            story.id, procedure_id=procedure.id, home_code="500103000000", by=story.receiver, at=story.at
        )
        assert case.home_window is not None and case.home_window.division_id == "500103000000"

    @pytest.mark.article("P13")
    def test_refuses_a_place_that_is_not_on_the_contact_list(self, story: stories.Story) -> None:
        story.open()
        Window.objects.filter(division_id="510100000000").update(is_open=False)
        procedure = Procedure.objects.get(key=stories.PROCEDURE)
        with pytest.raises(directory_rules.NotListed, match="联络清单"):
            intake.choose(
                story.id, procedure_id=procedure.id, home_code=stories.HOME, by=story.receiver, at=story.at
            )

    @pytest.mark.article("B4", "P23", "C2")
    def test_lists_the_materials_of_the_circumstance_and_keeps_what_was_marked(
        self, story: stories.Story
    ) -> None:
        story.open().fill()
        assert len(queries.materials_of(story.id)) == 4
        story.pass_all()
        by, at = story.receiver, story.at
        intake.choose(story.id, circumstance="damaged", by=by, at=at)
        intake.choose(story.id, circumstance="expired", by=by, at=at)
        identity = next(m for m in queries.materials_of(story.id) if "身份证" in m.name)
        assert identity.verdict == "passed"

    @pytest.mark.article("P23")
    def test_lets_a_material_be_added_that_the_guide_asks_for(self, story: stories.Story) -> None:
        story.open().fill()
        added = intake.add_material(story.id, name="居住证", by=story.receiver, at=story.at)
        intake.choose(story.id, circumstance="damaged", by=story.receiver, at=story.at)
        assert added.key in {m.key for m in queries.materials_of(story.id)}


class TestReceive:
    @pytest.mark.article("P21(1)", "C3", "C4")
    def test_names_everything_that_is_missing_at_once(self, story: stories.Story) -> None:
        story.open()
        with pytest.raises(rules.NotReady) as caught:
            intake.receive(story.id, by=story.receiver, at=story.at)
        assert {"name", "identity", "phone", "procedure", "channel", "delivery_way"} <= set(
            caught.value.fields
        )

    @pytest.mark.article("P21(1)", "C2")
    def test_refuses_while_a_paper_is_to_be_corrected(self, story: stories.Story) -> None:
        story.open().fill().fault()
        with pytest.raises(rules.NotReady, match="需补正"):
            intake.receive(story.id, by=story.receiver, at=story.at)

    @pytest.mark.article("P21(1)", "C3")
    def test_a_notification_must_name_every_paper(self, story: stories.Story) -> None:
        story.open().fill()
        first = queries.materials_of(story.id)[0]
        by, at = story.receiver, story.at
        intake.mark_material(story.id, key=first.key, verdict="to_correct", advice="缺少", by=by, at=at)
        with pytest.raises(rules.NotReady, match="一次性告知"):
            intake.ask_correction(story.id, days=10, by=by, at=at)

    @pytest.mark.article("A6", "S1")
    def test_keeps_identity_and_phone_sealed_and_masked(self, story: stories.Story) -> None:
        story.lead_to("received")
        applicant = story.case.applicant
        assert stories.IDENTITY.encode() not in bytes(applicant.identity_sealed)
        assert stories.IDENTITY[3:14] not in applicant.identity_masked
        assert queries.identity_of(applicant) == stories.IDENTITY
        assert queries.phone_of(applicant) == "13800000000"


class TestNumber:
    def test_turns_back_into_the_id_without_a_look_up(self, story: stories.Story) -> None:
        story.open()
        assert ids.id_of(story.case.number.lower().replace("-", " ")) == story.id
