import datetime
import io

import pypdf
import pytest

from tests.notices import place
from tests.notices.conftest import AT
from tongban.cases import permissions
from tongban.cases import rules as case_rules
from tongban.cases.models import Case, CorrectionNotice
from tongban.cases.operations import intake
from tongban.cases.states import State
from tongban.documents.models import StoredFile
from tongban.journal.models import Look
from tongban.kernel import crypto, ids, keyring
from tongban.notices import operations, pdf, queries, rules, signature
from tongban.notices.models import Notice
from tongban.notices.wording import Kind
from tongban.people.actors import Actor

pytestmark = pytest.mark.django_db

MINUTE = datetime.timedelta(minutes=1)
LATER = AT + 5 * MINUTE


@pytest.fixture
def clerk() -> Actor:
    receiving, _home = place.windows()
    return place.clerk_at(receiving)


@pytest.fixture
def case(clerk: Actor) -> Case:
    return place.case_under_review(by=clerk)


@pytest.fixture
def receipt(case: Case, clerk: Actor) -> Notice:
    return operations.prepare(case.id, kind=Kind.RECEIPT, by=clerk, at=AT)


@pytest.fixture
def correction(case: Case, clerk: Actor) -> Notice:
    intake.mark_material(case.id, key="health", verdict="to_correct", advice="请补交原件", by=clerk, at=AT)
    return operations.prepare(case.id, kind=Kind.CORRECTION, by=clerk, at=AT, days=10)


def _text(notice: Notice) -> str:
    reader = pypdf.PdfReader(io.BytesIO(queries.content(notice)))
    return "".join("".join(page.extract_text().split()) for page in reader.pages)


@pytest.mark.article("C4", "P21(1)")
class TestPrepare:
    def test_stores_the_signed_bytes_and_changes_nothing_else(self, receipt: Notice, case: Case) -> None:
        content = queries.content(receipt)
        said = signature.verify_file(content, keyring.current().public_pem)
        assert (said.serial, said.number) == (receipt.id, case.number)
        assert crypto.sm3(content) == bytes(receipt.digest)
        assert StoredFile.objects.get(id=receipt.file_id).case_id == case.id
        assert receipt.issued_at is None
        assert Case.objects.get(id=case.id).state == State.DRAFTING

    def test_lists_what_was_taken(self, receipt: Notice) -> None:
        text = _text(receipt)
        assert "收到您申请材料3件" in text
        assert "1.居民身份证：原件1份（核验后退还）。" in text
        assert "3.身体条件证明：原件1份，复印件1份。" in text
        assert "王五13812345678" in text
        assert "法定时限20个工作日承诺期限5个工作日" in text

    @pytest.mark.article("C3")
    def test_names_everything_that_is_missing_and_the_last_day(self, correction: Notice) -> None:
        text = _text(correction)
        assert "2.机动车驾驶证：原件1份，合格。" in text
        assert "3.身体条件证明：原件1份，复印件1份，不合格。补正意见：请补交原件。" in text
        assert "在10日内即2026年12月3日前" in text

    def test_refuses_a_receipt_while_something_is_missing(self, case: Case, clerk: Actor) -> None:
        intake.mark_material(case.id, key="health", verdict="to_correct", advice="请补交", by=clerk, at=AT)
        with pytest.raises(case_rules.NotReady) as refused:
            operations.prepare(case.id, kind=Kind.RECEIPT, by=clerk, at=AT)
        assert "material.health" in refused.value.fields
        assert not Notice.objects.exists()

    def test_refuses_a_correction_notice_with_nothing_to_correct(self, case: Case, clerk: Actor) -> None:
        with pytest.raises(case_rules.NothingToCorrect):
            operations.prepare(case.id, kind=Kind.CORRECTION, by=clerk, at=AT, days=10)

    @pytest.mark.parametrize("days", [None, 0, 61])
    def test_refuses_a_correction_notice_without_a_proper_time(
        self, case: Case, clerk: Actor, days: int | None
    ) -> None:
        intake.mark_material(case.id, key="health", verdict="to_correct", advice="请补交", by=clerk, at=AT)
        with pytest.raises(case_rules.DueDateTooSoon):
            operations.prepare(case.id, kind=Kind.CORRECTION, by=clerk, at=AT, days=days)

    def test_refuses_an_empty_case(self, clerk: Actor) -> None:
        empty = intake.open_case(by=clerk, at=AT)
        with pytest.raises(case_rules.NotReady):
            operations.prepare(empty.id, kind=Kind.RECEIPT, by=clerk, at=AT)

    def test_refuses_another_window(self, case: Case) -> None:
        _receiving, home = place.windows()
        with pytest.raises(case_rules.UnknownCase):
            operations.prepare(case.id, kind=Kind.RECEIPT, by=place.clerk_at(home, id_=202), at=AT)

    @pytest.mark.article("P26(4)")
    def test_records_that_the_telephone_number_was_shown(self, receipt: Notice, clerk: Actor) -> None:
        look = Look.objects.get(case_id=receipt.case_id)
        assert (look.what, look.about_id, look.person_id) == ("phone", receipt.id, clerk.id)


@pytest.mark.article("C4", "P21(1)")
class TestIssue:
    def test_receives_the_case_and_makes_the_receipt_count(self, receipt: Notice, clerk: Actor) -> None:
        before = queries.content(receipt)
        issued = operations.issue(receipt.id, by=clerk, at=LATER)
        assert issued.issued_at == LATER
        assert Case.objects.get(id=receipt.case_id).state == State.RECEIVED
        assert queries.current_of(receipt.case_id) == issued
        assert queries.content(issued) == before

    @pytest.mark.article("C3")
    def test_asks_for_correction_by_the_day_that_is_printed(self, correction: Notice, clerk: Actor) -> None:
        operations.issue(correction.id, by=clerk, at=LATER)
        assert Case.objects.get(id=correction.case_id).state == State.CORRECTION
        assert CorrectionNotice.objects.get(case_id=correction.case_id).due_on == datetime.date(2026, 12, 3)

    def test_refuses_a_second_time(self, receipt: Notice, clerk: Actor) -> None:
        operations.issue(receipt.id, by=clerk, at=LATER)
        with pytest.raises(rules.AlreadyIssued):
            operations.issue(receipt.id, by=clerk, at=LATER)

    def test_refuses_when_what_was_typed_has_changed_since(self, receipt: Notice, clerk: Actor) -> None:
        intake.mark_material(receipt.case_id, key="licence", originals=2, by=clerk, at=AT)
        with pytest.raises(rules.ChangedSincePreview):
            operations.issue(receipt.id, by=clerk, at=LATER)
        assert Case.objects.get(id=receipt.case_id).state == State.DRAFTING
        assert queries.current_of(receipt.case_id) is None

    def test_refuses_when_a_step_was_taken_since(self, receipt: Notice, clerk: Actor) -> None:
        intake.receive(receipt.case_id, by=clerk, at=AT)
        with pytest.raises(case_rules.ChangedMeanwhile):
            operations.issue(receipt.id, by=clerk, at=LATER)

    def test_refuses_a_colleague_whose_name_is_not_on_the_form(self, receipt: Notice, clerk: Actor) -> None:
        colleague = Actor(id=102, name="赵六", posts=clerk.posts)
        with pytest.raises(rules.ChangedSincePreview):
            operations.issue(receipt.id, by=colleague, at=LATER)

    def test_refuses_a_preview_of_more_than_an_hour_ago(self, receipt: Notice, clerk: Actor) -> None:
        with pytest.raises(rules.PreviewTooOld):
            operations.issue(receipt.id, by=clerk, at=AT + 61 * MINUTE)

    def test_refuses_a_preview_of_yesterday(self, case: Case, clerk: Actor) -> None:
        before_midnight = datetime.datetime(2026, 11, 23, 15, 50, tzinfo=datetime.UTC)
        notice = operations.prepare(case.id, kind=Kind.RECEIPT, by=clerk, at=before_midnight)
        with pytest.raises(rules.PreviewTooOld):
            operations.issue(notice.id, by=clerk, at=before_midnight + 15 * MINUTE)

    def test_refuses_somebody_who_may_not_see_the_case(self, receipt: Notice) -> None:
        _receiving, home = place.windows()
        with pytest.raises(rules.UnknownNotice):
            operations.issue(receipt.id, by=place.clerk_at(home, id_=202), at=LATER)

    def test_replaces_the_notice_before(self, correction: Notice, clerk: Actor) -> None:
        operations.issue(correction.id, by=clerk, at=LATER)
        case_id = correction.case_id
        intake.bring_correction(case_id, by=clerk, at=LATER)
        intake.mark_material(case_id, key="health", verdict="passed", by=clerk, at=LATER)
        receipt = operations.prepare(case_id, kind=Kind.RECEIPT, by=clerk, at=LATER)
        operations.issue(receipt.id, by=clerk, at=LATER + MINUTE)
        assert queries.current_of(case_id) == receipt
        assert Notice.objects.get(id=correction.id).superseded_at == LATER + MINUTE
        assert [n.id for n in queries.issued_of(case_id)] == [receipt.id, correction.id]

    def test_is_not_for_a_case_that_has_moved_on(self, receipt: Notice, clerk: Actor) -> None:
        operations.issue(receipt.id, by=clerk, at=LATER)
        with pytest.raises(permissions.NotThisState):
            operations.prepare(receipt.case_id, kind=Kind.RECEIPT, by=clerk, at=LATER)


@pytest.mark.article("C4")
class TestVerify:
    def test_tells_by_the_serial_number_what_was_issued_where(self, receipt: Notice, clerk: Actor) -> None:
        operations.issue(receipt.id, by=clerk, at=LATER)
        answer = queries.verify(receipt.serial.lower().replace("-", " "))
        assert answer.genuine and answer.current
        assert (answer.kind, answer.issued_at) == (Kind.RECEIPT, LATER)
        assert answer.receiving_window == receipt.case.receiving_window.name

    def test_reveals_nothing_of_the_applicant(self, receipt: Notice, clerk: Actor) -> None:
        operations.issue(receipt.id, by=clerk, at=LATER)
        said = repr(queries.verify(receipt.serial))
        assert not [word for word in ("张三", "王五", "138", "驾驶", "李四") if word in said]

    def test_knows_what_the_code_on_paper_states(
        self, case: Case, clerk: Actor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shown: list[str] = []
        draw = pdf.draw
        monkeypatch.setattr(pdf, "draw", lambda data: shown.append(draw(data).statement) or draw(data))  # type: ignore[func-returns-value]
        notice = operations.prepare(case.id, kind=Kind.RECEIPT, by=clerk, at=AT)
        assert not queries.verify(shown[0]).genuine
        operations.issue(notice.id, by=clerk, at=LATER)
        assert queries.verify(f"https://tongban.example/verify/?s={shown[0]}").genuine

    def test_calls_a_preview_that_was_never_issued_not_genuine(self, receipt: Notice) -> None:
        assert queries.verify(receipt.serial) == queries.NOT_GENUINE

    def test_calls_a_statement_of_other_content_not_genuine(self, receipt: Notice, clerk: Actor) -> None:
        operations.issue(receipt.id, by=clerk, at=LATER)
        other = signature.Statement(Kind.RECEIPT, receipt.id, receipt.case_id, AT, crypto.sm3(b"other"))
        text = signature.write_statement(other, sign=keyring.current().sign)
        assert not queries.verify(text).genuine

    def test_says_that_a_replaced_notice_is_genuine_but_not_current(
        self, receipt: Notice, clerk: Actor
    ) -> None:
        operations.issue(receipt.id, by=clerk, at=LATER)
        Notice.objects.filter(id=receipt.id).update(superseded_at=LATER)
        answer = queries.verify(receipt.serial)
        assert answer.genuine and not answer.current

    def test_refuses_a_number_that_was_typed_wrongly(self) -> None:
        with pytest.raises(ids.BadNumber):
            queries.verify("2EPQ-0000-0000")

    def test_does_not_know_a_number_that_was_never_given(self) -> None:
        assert not queries.verify(ids.number_of(ids.new_id(AT))).genuine
