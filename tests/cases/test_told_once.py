"""What may be asked for is told once: by whichever window asks first, and for both (C11, P8)."""

import datetime
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from tests import stories
from tests.stories import Story
from tongban.cases import figures, queries, rules
from tongban.cases.models import CorrectionNotice
from tongban.cases.operations import acceptance, intake
from tongban.directory import queries as directory
from tongban.journal.models import Entry

pytestmark = pytest.mark.django_db
HOUR = datetime.timedelta(hours=1)


def items(story: Story, *positions: int) -> list[dict[str, str]]:
    rows = queries.materials_of(story.id)
    return [{"key": rows[n].key, "advice": "请补交"} for n in positions]


def ask_home(story: Story, *positions: int, by: Any = None, reason: str = "") -> CorrectionNotice:
    return acceptance.ask_correction(
        story.id,
        items=items(story, *positions),
        days=10,
        through_receiving=False,
        beyond_reason=reason,
        by=by or story.home,
        at=story.at + HOUR,
    )


def after_first_notice(at: datetime.datetime) -> Story:
    """A case that has arrived after its receiving window had told of the first paper."""
    story = Story(at=at).lead_to("correction")
    for step in ("bring_correction", "receive", "send", "confirm_arrival"):
        story.do(step)
    return story


class TestToldOnce:
    @pytest.mark.article("C11", "P8")
    def test_the_home_window_may_ask_again_for_what_the_receiving_window_named(
        self, at: datetime.datetime
    ) -> None:
        notice = ask_home(after_first_notice(at), 0)
        assert (notice.beyond, notice.beyond_reason) == ([], "")

    @pytest.mark.article("C11", "P8")
    def test_the_home_window_may_not_ask_for_what_the_receiving_window_did_not_name(
        self, at: datetime.datetime
    ) -> None:
        story = after_first_notice(at)
        name = queries.materials_of(story.id)[1].name
        with pytest.raises(rules.BeyondFirstNotice, match=name):
            ask_home(story, 0, 1)
        with pytest.raises(rules.OnlyTheLead):
            ask_home(story, 0, 1, reason="标准有变")
        assert story.case.state == "arrived"

    @pytest.mark.article("C11")
    def test_the_lead_may_with_a_reason_which_is_journalled_and_counted(self, at: datetime.datetime) -> None:
        story = after_first_notice(at)
        lead = stories.actor("lead.510100")
        other = stories.actor("lead.520103")
        with pytest.raises(rules.BeyondFirstNotice):
            ask_home(story, 1, by=lead)
        notice = ask_home(story, 0, 1, by=lead, reason="来件照片与本人不符")
        assert notice.beyond == [queries.materials_of(story.id)[1].key]
        entry = Entry.objects.filter(chain_id=story.id).order_by("-seq")[0]
        assert entry.payload["beyond_reason"] == "来件照片与本人不符"
        counted = figures.asked_for_more(since=at, until=at + 100 * HOUR)
        assert [(w.id, n) for w, n in counted] == [(story.case.home_window_id, 1)]
        assert figures.asked_for_more(since=at, until=at + 100 * HOUR, prefixes=["52"]) == []
        assert figures.asked_for_more(since=at, until=at + 100 * HOUR, prefixes=["5101"]) == counted
        assert other.lead_window_ids.isdisjoint({w.id for w, _n in counted})

    @pytest.mark.article("C11")
    def test_the_receiving_window_is_bound_by_the_home_window_s_first_notice(
        self, at: datetime.datetime
    ) -> None:
        story = Story(at=at).lead_to("home_correction").do("bring_to_home").do("return_case")
        rows = queries.materials_of(story.id)

        def fault(key: str) -> None:
            intake.mark_material(
                story.id, key=key, verdict="to_correct", advice="不清晰", by=story.receiver, at=story.at
            )

        fault(rows[1].key)
        with pytest.raises(rules.BeyondFirstNotice, match=rows[1].name):
            intake.ask_correction(story.id, days=10, by=story.receiver, at=story.at)
        intake.mark_material(story.id, key=rows[1].key, verdict="passed", by=story.receiver, at=story.at)
        fault(rows[0].key)
        assert intake.ask_correction(story.id, days=10, by=story.receiver, at=story.at).beyond == []

    @pytest.mark.article("C11")
    def test_a_second_notice_of_the_same_window_is_bound_too(self, at: datetime.datetime) -> None:
        story = Story(at=at).lead_to("correction").do("bring_correction")
        second = queries.materials_of(story.id)[1]
        intake.mark_material(
            story.id, key=second.key, verdict="to_correct", advice="不清晰", by=story.receiver, at=story.at
        )
        with pytest.raises(rules.BeyondFirstNotice):
            intake.ask_correction(story.id, days=10, by=story.receiver, at=story.at)
        lead = stories.actor("lead.520103")
        notice = intake.ask_correction(story.id, days=10, beyond_reason="首次漏看", by=lead, at=story.at)
        assert notice.beyond == [second.key]

    def test_another_matter_begins_anew(self, at: datetime.datetime) -> None:
        story = Story(at=at).lead_to("correction").do("bring_correction")
        intake.choose(story.id, home_code="530100000000", by=story.receiver, at=story.at)
        assert queries.first_notice(story.case) is not None  # the same standard for all five provinces
        other = Story(at=at, procedure="001-1").open().fill()
        assert queries.first_notice(other.case) is None

    def test_the_database_wants_a_reason_for_more(self, at: datetime.datetime) -> None:
        story = Story(at=at).lead_to("correction")
        rows = CorrectionNotice.objects.filter(case_id=story.id)
        with pytest.raises(IntegrityError, match="who_asks_for_more_gives_a_reason"), transaction.atomic():
            rows.update(beyond=["x"])


class TestFollowed:
    @pytest.mark.article("C11", "B4")
    def test_a_clerk_who_ticked_every_point_is_recorded_with_the_version(self, at: datetime.datetime) -> None:
        story = Story(at=at).open().fill().pass_all()
        for paper, asked in zip(queries.materials_of(story.id), _asked(story), strict=True):
            points = list(range(len(asked.review_points)))
            intake.mark_material(story.id, key=paper.key, points=points, by=story.receiver, at=at)
        story.case.refresh_from_db()
        intake.receive(story.id, by=story.receiver, at=at)
        case = story.case
        assert case.followed_standard is True
        entry = Entry.objects.get(chain_id=story.id, code="case.receive")
        assert entry.payload["followed"] is True
        assert entry.payload["standard"]["id"] == case.standard_id
        assert case.standard
        assert entry.payload["standard"]["digest"] == bytes(case.standard.digest).hex()
        assert entry.actor == story.receiver.name

    @pytest.mark.article("C11")
    def test_a_clerk_who_left_a_point_out_is_not(self, at: datetime.datetime) -> None:
        assert Story(at=at).lead_to("received").case.followed_standard is False

    @pytest.mark.article("C11")
    @pytest.mark.parametrize("account", ["clerk.520103", "clerk.510100", "manager.510000"])
    def test_the_case_page_says_so(
        self, at: datetime.datetime, account: str, signed_in: Callable[[str], Client]
    ) -> None:
        story = Story(at=at).lead_to("received")
        text = signed_in(account).get(f"/desk/cases/{story.case.number}/").content.decode()
        assert "收件时有审查要点未勾选" in text and "西南五省统一标准" in text


class TestPages:
    @pytest.mark.article("C11")
    def test_the_receive_page_refuses_in_place_and_takes_the_lead_s_reason(
        self, at: datetime.datetime, signed_in: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        story = Story(at=at).lead_to("correction").do("bring_correction")
        monkeypatch.setattr(directory, "now", lambda: story.at)
        second = queries.materials_of(story.id)[1]
        intake.mark_material(
            story.id, key=second.key, verdict="to_correct", advice="不清晰", by=story.receiver, at=story.at
        )
        save = f"/desk/receive/{story.case.number}/save/"
        asked = {"do": "correction", "days": "10"}

        def press(account: str, **more: str) -> Any:
            return signed_in(account).post(save, {**asked, "_key": str(uuid.uuid4()), **more})

        response = press("clerk.520103")
        text = response.content.decode()
        assert response.status_code == 422 and "首次告知没有提到" in text and second.name in text
        response = press("clerk.520103", beyond_reason="漏看了")
        assert response.status_code == 422 and "漏看了" in response.content.decode()
        response = press("lead.520103", beyond_reason="漏看了")
        assert response.status_code == 302 and "/notices/" in response["Location"]
        issued = signed_in("lead.520103").post(response["Location"] + "issue/", {"_key": str(uuid.uuid4())})
        assert issued.status_code == 302
        assert CorrectionNotice.objects.order_by("-asked_at")[0].beyond_reason == "漏看了"
        page = signed_in("manager.520103").get("/overview/").content.decode()
        assert "要求了首次告知以外的材料" in page and story.case.receiving_window.name in page


def _asked(story: Story) -> Any:
    from tongban.catalogue import standards

    return standards.of(story.case.standard).materials_for(story.case.circumstance)
