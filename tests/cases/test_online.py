"""Wholly online: the applicant writes, sends, corrects, takes back and downloads; nobody else sees a draft (P22)."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest

from tests import pictures, stories
from tongban.cases import doctor, permissions, queries, rules, tasks
from tongban.cases.models import CaseMaterial, Delivery, Help, Scan
from tongban.cases.operations import acceptance, approval, entering, helping, intake, online, result
from tongban.catalogue import standards
from tongban.catalogue.models import Procedure
from tongban.directory import queries as directory
from tongban.duties.models import Duty
from tongban.journal.models import Entry
from tongban.kernel import refusals
from tongban.notices import online as papers
from tongban.notices import queries as notices
from tongban.people import queries as people
from tongban.people.actors import SYSTEM
from tongban.people.models import Applicant, Mandate, Person

pytestmark = [pytest.mark.django_db, pytest.mark.article("C8", "P22", "W4")]


@pytest.fixture
def story(at: datetime.datetime) -> stories.Online:
    return stories.Online(at=at)


class TestStart:
    def test_fills_in_what_is_known_and_asks_nothing_twice(self, story: stories.Online) -> None:
        case = story.start().case
        assert (case.applicant.name, case.applicant.is_identity_checked) == ("示例申请人甲", True)
        assert queries.identity_of(case.applicant) == "520103199003071232"
        assert queries.phone_of(case.applicant) == "13900000001"
        assert case.receiving_window_id == case.home_window_id
        assert [d.kind for d in queries.duties_of(case.id)] == ["finish_application"]

    @pytest.mark.article("A6")
    def test_fills_in_the_enterprise_and_who_stands_in_for_it(self, story: stories.Online) -> None:
        owner, agent = stories.applicant(), stories.applicant("applicant.2")
        enterprise = next(p for p in owner.standing.parties if p.kind == "enterprise")  # type: ignore[union-attr]
        Mandate.objects.create(
            enterprise_id=enterprise.id,
            agent_id=agent.id,
            agent_name=agent.name,
            agent_phone_digest=b"",
            offered_by=Person.objects.get(pk=owner.id or 0),
            offered_at=story.at,
            accepted_at=story.at,
            valid_until_on=datetime.date(2027, 1, 1),
        )
        story.applicant = stories.applicant("applicant.2", party=enterprise.key)
        applicant = story.start().case.applicant
        assert (applicant.kind, applicant.name) == ("organisation", "示例黔川商贸有限公司")
        assert (applicant.legal_representative, applicant.agent_name) == ("示例申请人甲", "示例申请人乙")
        assert queries.visible_to(owner.acting_for(enterprise.key)).filter(id=story.id).exists()
        assert not queries.visible_to(owner).filter(id=story.id).exists()

    def test_refuses_somebody_whose_number_nobody_has_checked(self, story: stories.Online) -> None:
        Applicant.objects.filter(person_id=story.applicant.id or 0).update(level="phone")
        person = Person.objects.get(pk=story.applicant.id or 0)
        story.applicant = people.actor_of(person, on=story.at.date())
        with pytest.raises(permissions.NotChecked):
            story.start()

    def test_refuses_staff(self, story: stories.Online) -> None:
        story.applicant = story.home
        with pytest.raises(permissions.NotYourPart):
            story.start()

    @pytest.mark.article("C1")
    def test_refuses_a_matter_that_is_not_handled_online(self, story: stories.Online) -> None:
        procedure = Procedure.objects.exclude(modes__contains=["online"]).filter(is_open=True)
        story.procedure = procedure.exclude(item_id=0).order_by("key").first().key  # type: ignore[union-attr]
        with pytest.raises((rules.NotOnline, refusals.NotAllowed)):
            story.start()

    def test_refuses_a_place_that_is_left_out(self, story: stories.Online) -> None:
        story.home_code = ""
        with pytest.raises(rules.NoHome):
            story.start()


class TestDraft:
    @pytest.mark.article("S1", "P26(4)")
    def test_is_seen_by_its_applicant_alone(self, story: stories.Online) -> None:
        story.do("start")
        assert queries.visible_to(story.applicant).filter(id=story.id).exists()
        others = [stories.actor(a) for a in ("clerk.510100", "lead.510100", "manager.510000", "clerk.520103")]
        for other in (*others, stories.applicant("applicant.2")):
            assert not queries.visible_to(other).filter(id=story.id).exists()
            assert not permissions.parts_of(other, story.case)

    @pytest.mark.article("S1")
    @pytest.mark.parametrize("account", ["applicant.2", "clerk.510100"])
    def test_is_written_by_nobody_else(self, story: stories.Online, account: str) -> None:
        story.do("start")
        other = (stories.applicant if account.startswith("applicant") else stories.actor)(account)
        at, material = story.at, queries.materials_of(story.id)[0]
        scan = queries.scans_of(story.id)[0]
        for attempt in (
            lambda: online.save(story.id, {"contact_name": "别人"}, by=other, at=at),
            lambda: online.choose(story.id, circumstance="", by=other, at=at),
            lambda: online.add_scan(
                story.id, key=material.key, data=pictures.sheet(), name="a.png", by=other, at=at
            ),
            lambda: online.remove_scan(story.id, scan_id=scan.id, by=other, at=at),
            lambda: helping.make_code(story.id, by=other, at=at),
            lambda: papers.submit(story.id, by=other, at=at),
            lambda: online.submit(story.id, by=other, at=at),
            lambda: online.take_back(story.id, by=other, at=at),
            lambda: intake.save(story.id, {"name": "别人"}, by=other, at=at),
        ):
            with pytest.raises((refusals.NotAllowed, refusals.NotFound)):
                attempt()
        assert story.case.state == "filling" and len(queries.scans_of(story.id)) > 0

    @pytest.mark.parametrize("name", ["name", "identity", "is_identity_checked", "kind", "has_agent"])
    def test_never_lets_the_applicant_become_somebody_else(self, story: stories.Online, name: str) -> None:
        story.do("start")
        with pytest.raises(entering.UnknownField):
            online.save(story.id, {name: stories.IDENTITY}, by=story.applicant, at=story.at)
        with pytest.raises(permissions.NotYourPart):
            intake.save(story.id, {name: stories.IDENTITY}, by=story.applicant, at=story.at)

    def test_keeps_answers_and_files_when_another_place_is_chosen(self, story: stories.Online) -> None:
        story.do("start")
        before, scans = story.case, len(queries.scans_of(story.id))
        online.choose(story.id, home_code="510700000000", by=story.applicant, at=story.at)
        after = story.case
        assert after.receiving_window_id == after.home_window_id != before.home_window_id
        assert after.form == before.form and len(queries.scans_of(story.id)) == scans

    def test_takes_no_way_of_delivery_that_online_cases_have_not(self, story: stories.Online) -> None:
        story.do("start")
        with pytest.raises(entering.BadChoice):
            online.save(story.id, {"delivery_way": "pick_up_receiving"}, by=story.applicant, at=story.at)

    def test_lapses_after_thirty_days_and_not_before(
        self, story: stories.Online, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        story.do("start")
        duty = Duty.objects.get(case_id=story.id, kind="finish_application")
        assert duty.due_at is not None and (duty.due_at - story.at).days >= 30
        with pytest.raises(rules.TimeStillRuns):
            online.lapse_draft(story.id, by=SYSTEM, at=story.at)
        monkeypatch.setattr(directory, "now", lambda: duty.due_at + datetime.timedelta(minutes=1))
        assert tasks.lapse_all() >= 1
        assert (story.case.state, story.case.outcome) == ("unsent", "unsent")


class TestSubmit:
    def test_arrives_at_the_home_window_at_once(self, story: stories.Online) -> None:
        case = story.do("start").do("submit").case
        assert case.state == "arrived" and case.received_at == story.at
        duty = Duty.objects.get(case_id=case.id, is_turn=True, done_at=None)
        assert (duty.kind, duty.bearer_id) == ("decide_acceptance", case.home_window_id)
        assert [c.id for _d, c in queries.owed(story.home, kinds=["decide_acceptance"])] == [case.id]

    def test_names_everything_that_is_missing(self, story: stories.Online) -> None:
        story.start()
        with pytest.raises(rules.NotReady) as caught:
            papers.submit(story.id, by=story.applicant, at=story.at)
        assert "circumstance" in caught.value.fields
        assert any(name.startswith("material.") for name in caught.value.fields)
        assert any(name.startswith("form.") for name in caught.value.fields)
        assert story.case.state == "filling"

    @pytest.mark.article("F2", "E4")
    def test_freezes_a_receipt_that_anybody_can_verify(self, story: stories.Online) -> None:
        story.do("start").do("submit")
        receipt = notices.current_of(story.id)
        assert receipt is not None and receipt.kind == "submission"
        answer = notices.verify(receipt.serial)
        assert (answer.genuine, answer.current, answer.number) == (True, True, story.case.number)
        assert notices.content(receipt).startswith(b"%PDF")

    def test_leaves_nothing_to_write(self, story: stories.Online) -> None:
        story.do("start").do("submit")
        with pytest.raises(permissions.NotThisState):
            online.save(story.id, {"contact_name": "改名"}, by=story.applicant, at=story.at)
        with pytest.raises(permissions.NotThisState):
            papers.submit(story.id, by=story.applicant, at=story.at)


class TestCorrection:
    def ask(self, story: stories.Online, *keys: str) -> None:
        items = [{"key": key, "advice": "请更正"} for key in keys]
        acceptance.ask_online_correction(story.id, items=items, days=10, by=story.home, at=story.at)

    def test_opens_only_what_the_notice_names(self, story: stories.Online) -> None:
        story.do("start").do("submit")
        first, second = queries.materials_of(story.id)[:2]
        field = next(iter(queries.answers_to_correct(story.case)))
        self.ask(story, first.key, field)
        by, at = story.applicant, story.at + datetime.timedelta(hours=1)
        picture: dict[str, Any] = {"data": pictures.sheet(), "name": "a.png", "by": by, "at": at}
        with pytest.raises(rules.NotNamed):
            online.add_scan(story.id, key=second.key, **picture)
        with pytest.raises(rules.NotNamed):
            online.save(story.id, {"delivery_way": "post"}, by=by, at=at)
        with pytest.raises(rules.NotReady) as caught:
            online.send_correction(story.id, by=by, at=at)
        assert set(caught.value.fields) == {f"material.{first.key}"}
        online.save(story.id, {field: stories._answer(_field(story, field))}, by=by, at=at)
        online.add_scan(story.id, key=first.key, **picture)
        assert online.send_correction(story.id, by=by, at=at).state == "arrived"
        assert CaseMaterial.objects.get(case=story.id, key=first.key).verdict == ""

    def test_keeps_what_was_received_when_it_is_replaced(self, story: stories.Online) -> None:
        story.do("start").do("submit")
        material = queries.materials_of(story.id)[0]
        self.ask(story, material.key)
        old = Scan.objects.get(case=story.id, material=material)
        online.remove_scan(story.id, scan_id=old.id, by=story.applicant, at=story.at)
        old.refresh_from_db()
        assert old.removed_at is None

    @pytest.mark.article("P21(1)")
    def test_lapses_when_it_is_not_sent_in_time(self, story: stories.Online) -> None:
        story.lead_to("lapsed")
        assert story.case.outcome == "lapsed" and story.case.closed_at
        assert list(doctor.examine(at=story.at)) == []

    def test_is_not_to_be_relayed_or_carried_to_a_counter(self, story: stories.Online) -> None:
        story.lead_to("arrived")
        for step in ("ask_relayed_correction", "ask_home_correction", "demand_paper", "return_case"):
            with pytest.raises(permissions.NotThisMode):
                story.do(step)
        story.do("ask_online_correction")
        for step in ("bring_to_home", "bring_to_receiving"):
            with pytest.raises(refusals.Refusal):
                story.do(step)


def _field(story: stories.Online, name: str) -> Any:
    return standards.of(story.case.standard).field(name.removeprefix("form."))


@pytest.mark.article("E4", "W15", "P21(4)", "C7")
class TestResult:
    @pytest.mark.parametrize(
        ("step", "title"), [("grant", "准予"), ("refuse", "不予许可"), ("decline_online", "不予受理")]
    )
    def test_is_frozen_as_a_signed_document_with_the_decision(
        self, story: stories.Online, step: str, title: str
    ) -> None:
        story.lead_to("arrived" if step == "decline_online" else "approval").do(step)
        document = notices.result_of(story.id)
        assert document is not None and document.id == queries.result_document(story.id)
        answer = notices.verify(document.serial)
        assert (answer.genuine, answer.current, answer.kind) == (True, True, "result")
        receipt = notices.current_of(story.id)
        assert receipt is not None and receipt.kind == "submission"
        assert Entry.objects.filter(chain_id=story.id, code=f"case.{step}").count() == 1

    def test_is_delivered_by_the_download_with_proof(self, story: stories.Online) -> None:
        story.lead_to("downloadable")
        with pytest.raises(permissions.NotYourPart):
            online.download(story.id, by=story.home, at=story.at)
        story.do("download")
        delivery = Delivery.objects.get(case=story.id)
        assert (delivery.proof, delivery.received_by, delivery.way) == (
            "download",
            "示例申请人甲",
            "electronic",
        )
        assert not Duty.objects.filter(case_id=story.id, kind="tell_result", done_at=None).exists()

    def test_makes_the_home_window_reach_who_does_not_download(
        self, story: stories.Online, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        story.lead_to("downloadable")
        late = story.too_late()
        monkeypatch.setattr(directory, "now", lambda: late)
        assert tasks.lapse_all() >= 1
        duty = Duty.objects.get(case_id=story.id, is_turn=True, done_at=None)
        assert (duty.kind, duty.bearer_id) == ("retry_delivery", story.case.home_window_id)
        story.do("offer_online").do("download")
        assert story.case.state == "delivered"

    def test_is_not_offered_where_no_document_was_made(self, story: stories.Online) -> None:
        story.lead_to("approval")
        approval.grant(story.id, result_name="证", by=story.home, at=story.at)
        with pytest.raises(rules.NoElectronicResult):
            result.offer_online(story.id, by=story.home, at=story.at)


class TestForward:
    @pytest.mark.article("P7")
    def test_gives_the_case_to_the_right_window_at_once(self, story: stories.Online) -> None:
        story.lead_to("arrived").do("forward_online")
        case = story.case
        assert (
            case.home_window_id == case.receiving_window_id == min(stories.actor("clerk.510700").window_ids)
        )
        assert not queries.visible_to(story.home).filter(id=case.id).exists()


class TestHelp:
    def begun(self, story: stories.Online) -> stories.Online:
        return story.do("start").do("begin_help")  # type: ignore[return-value]

    def test_lets_one_clerk_see_and_write_the_draft(self, story: stories.Online) -> None:
        self.begun(story)
        helper = story.receiver
        assert queries.visible_to(helper).filter(id=story.id).exists()
        online.save(story.id, {"contact_name": "协助改名"}, by=helper, at=story.at)
        assert story.case.applicant.contact_name == "协助改名"
        colleague = stories.actor("lead.520103")
        assert not queries.visible_to(colleague).filter(id=story.id).exists()
        with pytest.raises(permissions.NotYourPart):
            online.save(story.id, {"contact_name": "别人"}, by=colleague, at=story.at)

    def test_never_lets_the_clerk_send_or_take_back(self, story: stories.Online) -> None:
        self.begun(story)
        for attempt in (papers.submit, online.take_back, helping.make_code):
            with pytest.raises(permissions.NotYourPart):
                attempt(story.id, by=story.receiver, at=story.at)

    @pytest.mark.article("P26(4)", "F8", "F6")
    def test_is_on_record_and_shown(self, story: stories.Online) -> None:
        self.begun(story)
        entry = Entry.objects.get(chain_id=story.id, code="case.begin_help")
        assert (entry.actor_id, entry.payload["purpose"]) == (story.receiver.id, "不会上传照片")
        shown = queries.helps_of(story.id)
        assert [(h.person_name, h.purpose) for h in shown] == [(story.receiver.name, "不会上传照片")]

    def test_ends_when_either_ends_it_and_when_it_is_sent(self, story: stories.Online) -> None:
        self.begun(story)
        helping.end(story.id, by=story.receiver, at=story.at)
        assert not queries.visible_to(story.receiver).filter(id=story.id).exists()
        with pytest.raises(permissions.NotYourPart):
            online.save(story.id, {"contact_name": "晚了"}, by=story.receiver, at=story.at)
        story.do("begin_help").do("end_help").do("begin_help").do("submit")
        assert story.case.helper_id is None
        assert not Help.objects.filter(case=story.id, ended_at=None).exists()

    def test_takes_a_code_once_and_in_time(self, story: stories.Online) -> None:
        story.do("start")
        by, at = story.receiver, story.at
        code = helping.make_code(story.id, by=story.applicant, at=at)
        later = at + helping.CODE_LASTS + datetime.timedelta(seconds=1)
        for wrong, when in ((code, later), ("ABCDEFGH", at), ("", at)):
            with pytest.raises(rules.WrongHelpCode):
                helping.begin(wrong, purpose="帮助", by=by, at=when)
        newer = helping.make_code(story.id, by=story.applicant, at=at)
        with pytest.raises(rules.WrongHelpCode):
            helping.begin(code, purpose="帮助", by=by, at=at)  # a newer one has replaced it
        with pytest.raises(rules.NoReason):
            helping.begin(newer, purpose=" ", by=by, at=at)
        helping.begin(f" {newer[:4].lower()}-{newer[4:]} ", purpose="帮助", by=by, at=at)
        with pytest.raises(rules.WrongHelpCode):
            helping.begin(newer, purpose="帮助", by=stories.actor("clerk.510100"), at=at)
        with pytest.raises(rules.HelpedAlready):
            helping.make_code(story.id, by=story.applicant, at=at)

    def test_is_for_clerks_only(self, story: stories.Online, actor: Callable[[str], Any]) -> None:
        story.do("start")
        code = helping.make_code(story.id, by=story.applicant, at=story.at)
        for account in ("approver.510100", "manager.520000", "sysadmin"):
            with pytest.raises(permissions.NoWindow):
                helping.begin(code, purpose="帮助", by=actor(account), at=story.at)
        with pytest.raises(permissions.NoWindow):
            helping.begin(code, purpose="帮助", by=stories.applicant("applicant.2"), at=story.at)
