"""The life of a standard: whose it is, who reviews, from when it holds, and that it is never changed."""

import datetime

import pytest
from django.db import IntegrityError, transaction

from tests import stories
from tests.catalogue import drafting
from tests.catalogue.drafting import GUIZHOU, PROCEDURE, SICHUAN, publish
from tests.stories import Story
from tongban.cases.operations import intake
from tongban.catalogue import permissions, queries, rules, soundness
from tongban.catalogue.models import AcceptanceStandard, Draft, Procedure, Stage, Withdrawal
from tongban.catalogue.operations import publishing
from tongban.journal import operations as journal

pytestmark = pytest.mark.django_db
TODAY, TOMORROW = datetime.date(2026, 3, 2), datetime.date(2026, 3, 3)
CHENGDU, GUIYANG = "510100000000", "520100000000"
HOUR = datetime.timedelta(hours=1)


def in_force(code: str, on: datetime.date) -> AcceptanceStandard:
    return queries.standard_in_force(Procedure.objects.get(key=PROCEDURE), code, on=on)


def begun(at: datetime.datetime, province: str | None = SICHUAN) -> Draft:
    """A draft of a sound standard that has not been submitted."""
    stage = Stage.PROVINCE if province else Stage.FIVE_PROVINCES
    writer, _reviewer = drafting.people(province)
    row = Procedure.objects.get(key=PROCEDURE)
    draft = publishing.begin(row, province=province, stage=stage, by=writer, at=at)
    return publishing.save(draft.id, drafting.content(), revision=draft.revision, by=writer, at=at)


class TestWhose:
    @pytest.mark.article("B4", "P8")
    @pytest.mark.parametrize(
        ("account", "province", "may"),
        [
            ("manager.510000", SICHUAN, True),
            ("manager.520000", SICHUAN, False),
            ("manager.510100", SICHUAN, False),
            ("manager.510107", SICHUAN, False),
            ("clerk.510100", SICHUAN, False),
            ("lead.510100", SICHUAN, False),
            ("approver.510000", SICHUAN, False),
            ("sysadmin", SICHUAN, False),
            ("group.1", SICHUAN, False),
            ("group.1", None, True),
            ("manager.510000", None, False),
        ],
    )
    def test_a_standard_is_written_by_whose_it_is(
        self, account: str, province: str | None, may: bool, at: datetime.datetime
    ) -> None:
        by = stories.actor(account)
        stage = Stage.PROVINCE if province else Stage.FIVE_PROVINCES
        procedure = Procedure.objects.get(key=PROCEDURE)
        if may:
            assert publishing.begin(procedure, province=province, stage=stage, by=by, at=at).id
            return
        with pytest.raises(permissions.NotYourStandard):
            publishing.begin(procedure, province=province, stage=stage, by=by, at=at)
        draft = begun(at, province)
        with pytest.raises(permissions.NotYourStandard):
            publishing.save(draft.id, {}, revision=draft.revision, by=by, at=at)
        with pytest.raises(permissions.NotYourStandard):
            publishing.submit(draft.id, by=by, at=at)
        with pytest.raises(permissions.NotYourStandard):
            publishing.discard(draft.id, by=by, at=at)
        row = publish(province, at=at, procedure="001-1")
        with pytest.raises(permissions.NotYourStandard):
            publishing.withdraw(row.id, reason="不再适用", by=by, at=at)

    def test_a_province_publishes_no_five_province_standard(self, at: datetime.datetime) -> None:
        by, procedure = stories.actor("manager.510000"), Procedure.objects.get(key=PROCEDURE)
        with pytest.raises(publishing.WrongStage):
            publishing.begin(procedure, province=SICHUAN, stage=3, by=by, at=at)


class TestReview:
    @pytest.mark.article("B4")
    def test_is_done_by_somebody_who_did_not_write(self, at: datetime.datetime) -> None:
        draft = begun(at)
        writer, reviewer = drafting.people(SICHUAN)
        publishing.submit(draft.id, by=writer, at=at)
        with pytest.raises(permissions.OwnWork):
            publishing.publish(draft.id, effective_from_on=TODAY, by=writer, at=at)
        row = publishing.publish(draft.id, effective_from_on=TODAY, by=reviewer, at=at)
        assert (row.drafted_by_name, row.published_by_name) == (writer.name, reviewer.name)
        assert row.published_at == at

    def test_is_not_done_by_somebody_who_changed_one_word(self, at: datetime.datetime) -> None:
        draft = begun(at)
        writer, reviewer = drafting.people(SICHUAN)
        said = drafting.content(fee="不收费")
        publishing.save(draft.id, said, revision=draft.revision, by=reviewer, at=at)
        publishing.submit(draft.id, by=writer, at=at)
        for by in (writer, reviewer):
            with pytest.raises(permissions.OwnWork):
                publishing.publish(draft.id, effective_from_on=TODAY, by=by, at=at)

    def test_the_database_refuses_one_person_as_both(self, at: datetime.datetime) -> None:
        row = publish(SICHUAN, at=at)
        row.pk, row.version, row.published_by_id = None, 2, row.drafted_by_id
        with (
            pytest.raises(IntegrityError, match="a_standard_is_reviewed_by_another_person"),
            transaction.atomic(),
        ):
            row.save()

    def test_sends_back_with_a_remark_and_stops_writing_meanwhile(self, at: datetime.datetime) -> None:
        draft = begun(at)
        writer, reviewer = drafting.people(SICHUAN)
        with pytest.raises(publishing.NotInReview):
            publishing.publish(draft.id, effective_from_on=TODAY, by=reviewer, at=at)
        publishing.submit(draft.id, by=writer, at=at)
        with pytest.raises(publishing.InReview):
            publishing.save(draft.id, {}, revision=draft.revision, by=writer, at=at)
        with pytest.raises(publishing.NoRemark):
            publishing.send_back(draft.id, remark=" ", by=reviewer, at=at)
        publishing.send_back(draft.id, remark="照片要求写清尺寸", by=reviewer, at=at)
        assert queries.draft(draft.id, for_=writer).remark == "照片要求写清尺寸"
        publishing.submit(draft.id, by=writer, at=at)

    @pytest.mark.article("B4")
    def test_writes_each_act_with_who_and_when_into_an_unbroken_chain(self, at: datetime.datetime) -> None:
        row = publish(SICHUAN, at=at)
        publishing.withdraw(row.id, reason="不再适用", by=drafting.people(SICHUAN)[0], at=at)
        entries = queries.history_of(row.procedure_id)
        acts = [e.code for e in reversed(entries)]
        assert acts == [f"standard.{a}" for a in ("begin", "submit", "publish", "withdraw")]
        assert all(e.actor and e.at == at for e in entries)
        assert all(journal.digest_of(e) == bytes(e.digest) for e in entries)

    def test_tells_the_second_of_two_writers_what_the_first_did(self, at: datetime.datetime) -> None:
        draft = begun(at)
        writer, reviewer = drafting.people(SICHUAN)
        publishing.save(draft.id, drafting.content(fee="10元"), revision=draft.revision, by=reviewer, at=at)
        with pytest.raises(publishing.DraftChanged, match=reviewer.name):
            publishing.save(draft.id, drafting.content(fee="20元"), revision=draft.revision, by=writer, at=at)

    def test_refuses_what_does_not_hold_together(self, at: datetime.datetime) -> None:
        draft = begun(at)
        writer, _reviewer = drafting.people(SICHUAN)
        said = drafting.content(promised_limit=30)
        draft = publishing.save(draft.id, said, revision=draft.revision, by=writer, at=at)
        with pytest.raises(soundness.Unsound, match="承诺期限（30个工作日）不能长于法定时限（20个工作日）"):
            publishing.submit(draft.id, by=writer, at=at)


class TestPublished:
    @pytest.mark.article("B4", "P23")
    def test_takes_effect_at_midnight_in_beijing(self, at: datetime.datetime) -> None:
        late = datetime.datetime(2026, 3, 2, 15, 59, 59, tzinfo=datetime.UTC)  # 23:59:59 in Beijing
        row = publish(SICHUAN, at=late, effective_from_on=TOMORROW)
        story = Story(at=late).open().fill()
        assert story.case.standard_id != row.id
        story = Story(at=late + datetime.timedelta(seconds=1)).open().fill()
        assert story.case.standard_id == row.id

    @pytest.mark.article("B4", "C11")
    def test_leaves_a_case_opened_the_day_before_with_its_version(self, at: datetime.datetime) -> None:
        story = Story(at=at).open().fill()
        before = story.case.standard_id
        row = publish(SICHUAN, at=at, effective_from_on=TOMORROW)
        intake.choose(story.id, circumstance="", by=story.receiver, at=at + 24 * HOUR)
        intake.choose(story.id, home_code="510700000000", by=story.receiver, at=at + 24 * HOUR)
        assert story.case.standard_id == before != row.id
        intake.choose(story.id, home_code="520100000000", by=story.receiver, at=at + 24 * HOUR)
        intake.choose(story.id, home_code="510100000000", by=story.receiver, at=at + 24 * HOUR)
        assert story.case.standard_id == row.id

    def test_counts_from_today_at_the_earliest(self, at: datetime.datetime) -> None:
        yesterday = TODAY - datetime.timedelta(days=1)
        with pytest.raises(publishing.TooEarly, match="2026-03-02"):
            publish(SICHUAN, at=at, effective_from_on=yesterday)

    def test_holds_until_the_next_version_does(self, at: datetime.datetime) -> None:
        first = publish(SICHUAN, at=at, effective_from_on=TODAY)
        second = publish(SICHUAN, at=at, effective_from_on=TOMORROW)
        assert (first.version, second.version) == (1, 2)
        assert in_force(CHENGDU, TODAY) == first
        assert in_force(CHENGDU, TOMORROW) == second
        assert in_force(GUIYANG, TOMORROW).is_sample
        with pytest.raises(publishing.TooEarly, match="2026-03-03"), transaction.atomic():
            publish(SICHUAN, at=at, effective_from_on=TODAY)
        third = publish(SICHUAN, at=at, effective_from_on=TOMORROW)
        assert in_force(CHENGDU, TOMORROW) == third

    @pytest.mark.article("P23")
    def test_the_five_province_standard_takes_over_when_it_takes_effect(self, at: datetime.datetime) -> None:
        guide = publish(
            SICHUAN,
            at=at,
            stage=Stage.GUIDE,
            said=drafting.content(guide={"url": "https://example.gov.cn/1"}),
        )
        assert in_force(CHENGDU, TODAY) == guide
        own = publish(SICHUAN, at=at)
        assert in_force(CHENGDU, TODAY) == own
        common = publish(None, at=at, effective_from_on=TOMORROW)
        assert in_force(CHENGDU, TODAY) == own
        assert in_force(CHENGDU, TOMORROW) == in_force(GUIYANG, TOMORROW) == common

    @pytest.mark.article("B4")
    def test_withdrawn_falls_back_a_stage_and_not_to_an_old_version(self, at: datetime.datetime) -> None:
        own = publish(GUIZHOU, at=at)
        publish(None, at=at)
        second = publish(None, at=at)
        by, _ = drafting.people(None)
        publishing.withdraw(second.id, reason="有误", by=by, at=at)
        assert in_force(GUIYANG, TODAY) == own
        assert in_force(CHENGDU, TODAY).is_sample
        with pytest.raises(publishing.AlreadyWithdrawn):
            publishing.withdraw(second.id, reason="有误", by=by, at=at)
        with pytest.raises(publishing.NoReasonGiven):
            publishing.withdraw(own.id, reason="", by=drafting.people(GUIZHOU)[0], at=at)

    @pytest.mark.article("B4")
    def test_is_never_changed_nor_deleted_by_the_application(self, at: datetime.datetime) -> None:
        row = publish(SICHUAN, at=at)
        mine = AcceptanceStandard.objects.filter(id=row.id)
        assert mine.update(promised_limit=1, content={}) == 0
        assert mine.delete()[0] == 0
        mine.get().refresh_from_db()
        assert mine.get().promised_limit == 5
        with (
            pytest.raises(Exception, match=r"row-level security|did not affect any rows"),
            transaction.atomic(),
        ):
            row.is_sample = True
            row.save(force_update=True)
        sample = AcceptanceStandard.objects.filter(is_sample=True).first()
        assert sample
        with pytest.raises(Exception, match="row-level security"), transaction.atomic():
            AcceptanceStandard.objects.filter(id=sample.id).update(is_sample=False, **_reviewed())
        publishing.withdraw(row.id, reason="有误", by=drafting.people(SICHUAN)[0], at=at)
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            Withdrawal.objects.filter(standard=row).update(reason="没有")

    def test_a_received_case_keeps_a_withdrawn_version(self, at: datetime.datetime) -> None:
        row = publish(SICHUAN, at=at)
        story = Story(at=at).lead_to("received")
        publishing.withdraw(row.id, reason="有误", by=drafting.people(SICHUAN)[0], at=at)
        assert story.case.standard_id == row.id

    def test_an_unknown_draft_or_version_is_not_there(self, at: datetime.datetime) -> None:
        by, _ = drafting.people(SICHUAN)
        with pytest.raises(rules.UnknownDraft):
            publishing.submit(0, by=by, at=at)
        with pytest.raises(rules.UnknownStandard):
            publishing.withdraw(0, reason="x", by=by, at=at)


def _reviewed() -> dict[str, object]:
    at = datetime.datetime(2026, 3, 2, tzinfo=datetime.UTC)
    return {"drafted_by_id": 1, "published_by_id": 2, "published_at": at, "province_id": SICHUAN, "stage": 2}
