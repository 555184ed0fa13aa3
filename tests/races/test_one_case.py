"""Two to sixteen people at one case: one wins each turn, the others are told, nothing is lost or doubled."""

import datetime
import functools
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests import stories
from tests.races.together import codes, is_whole, refused_as, together
from tongban.cases import queries
from tongban.cases.operations import acceptance, approval, intake, transfer
from tongban.cases.states import STEPS
from tongban.kernel import refusals
from tongban.notices import operations as notices
from tongban.notices.models import Notice

pytestmark = pytest.mark.usefixtures("committed")
# One verb, two steps: which of them it is is found out from the case.
SAME = {"withdraw_at_home": "withdraw", "send_with_paper": "send"}


@pytest.mark.article("S3", "C12")
class TestOneStep:
    @pytest.mark.parametrize("count", [2, 4, 16])
    def test_pressed_by_several_is_taken_once(self, count: int, at: Any) -> None:
        story = stories.Story(at=at).lead_to("arrived")
        seen = story.case.revision
        accept = lambda: acceptance.accept(story.id, by=story.home, at=at, revision=seen)  # noqa: E731
        outcome = together(*[accept] * count)
        assert (len(outcome.won), len(outcome.told)) == (1, count - 1)
        assert refused_as(outcome.told) == {"changed_meanwhile"}
        assert all(story.home.name in told.message for told in outcome.told), "not told who was faster"
        assert codes(story.id).count("accept") == 1
        is_whole(story.id)

    @pytest.mark.parametrize("count", [2, 8, 16])
    def test_of_several_different_ones_exactly_one_is_taken(self, count: int, at: Any) -> None:
        story = stories.Story(at=at).lead_to("approval")
        seen, home = story.case.revision, story.home
        department = min(story.approver.department_ids)
        until_on = at.date().replace(day=9)
        ways: list[Callable[[], Any]] = [
            lambda: approval.grant(story.id, result_name="驾驶证", by=home, at=at, revision=seen),
            lambda: approval.refuse(
                story.id, reason="不符合", remedies="可复议", by=home, at=at, revision=seen
            ),
            lambda: approval.hand_off(
                story.id, department_id=department, until_on=until_on, by=home, at=at, revision=seen
            ),
            lambda: approval.suspend(
                story.id,
                reason="hearing",
                note="听证",
                expected_on=until_on,
                by=home,
                at=at,
                revision=seen,
            ),
        ]
        outcome = together(*[ways[n % len(ways)] for n in range(count)])
        assert (len(outcome.won), len(outcome.told)) == (1, count - 1)
        taken = codes(story.id)[-1]
        expected = {
            "grant": "decided",
            "refuse": "decided",
            "hand_off": "with_department",
            "suspend": "suspended",
        }
        assert story.case.state == expected[taken]
        assert story.case.revision == seen + 1
        is_whole(story.id)

    def test_the_two_windows_and_the_clock_of_the_system_can_collide_on_nothing(self, at: Any) -> None:
        story = stories.Story(at=at).lead_to("in_transfer")
        seen = story.case.revision
        found = story.found()
        outcome = together(
            lambda: transfer.confirm_arrival(story.id, found=found, by=story.home, at=at, revision=seen),
            lambda: transfer.return_case(story.id, reason="填写有误", by=story.home, at=at, revision=seen),
            lambda: transfer.forward(
                story.id, home_code="510700000000", reason="不属本地", by=story.home, at=at, revision=seen
            ),
        )
        assert (len(outcome.won), len(outcome.told)) == (1, 2)
        is_whole(story.id)


@pytest.mark.article("S3", "C12")
class TestStorm:
    @settings(
        max_examples=4,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(seed=st.integers(0, 2**32), count=st.integers(2, 16))
    def test_whatever_several_try_at_once_each_step_taken_is_in_the_chain_once(
        self, seed: int, count: int
    ) -> None:
        """Everybody tries steps at random for several rounds, without looking first."""
        start = datetime.datetime(2026, 3, 2, 2, 0, tzinfo=datetime.UTC)
        story = stories.Story(at=start).lead_to("received")
        before = story.case.revision

        def storm(chance: random.Random) -> Callable[[], list[str]]:
            def act() -> list[str]:
                mine, taken = stories.Story(at=start), []
                mine.id, mine.at = story.id, story.at
                for _round in range(5):
                    name = chance.choice([n for n in STEPS if not n.startswith("lapse")])
                    if chance.random() < 0.7:
                        state = mine.case.state
                        name = chance.choice([n for n, s in STEPS.items() if state in s.from_] or [name])
                    try:
                        mine.do(name)
                    except refusals.Refusal:
                        continue
                    taken.append(name)
                return taken

            return act

        outcome = together(*[storm(random.Random(f"{seed}.{n}")) for n in range(count)])
        taken = sorted(SAME.get(name, name) for one in outcome.won for name in one)
        assert sorted(SAME.get(name, name) for name in codes(story.id)[before:]) == taken
        assert story.case.revision == before + len(taken)
        is_whole(story.id)


@pytest.mark.article("S3", "C2")
class TestEntering:
    FIELDS = (
        ("name", "测试乙"),
        ("contact_name", "测试丙"),
        ("phone", "13900000000"),
        ("delivery_address", "四川省成都市示例路2号"),
        ("channel", "post"),
        ("form.vehicle_class", "C2"),
        ("legal_representative", "测试丁"),
        ("agent_name", "测试戊"),
    )

    def test_of_different_fields_by_several_loses_none(self, at: Any) -> None:
        story = stories.Story(at=at).do("open")
        by = story.receiver
        saves = [lambda f=f: intake.save(story.id, {f[0]: f[1]}, by=by, at=at) for f in self.FIELDS]
        marks = [
            lambda k=m.key: intake.mark_material(story.id, key=k, verdict="passed", by=by, at=at)
            for m in queries.materials_of(story.id)
        ]
        outcome = together(*saves, *marks)
        assert len(outcome.won) == len(saves) + len(marks)
        case, applicant = story.case, story.case.applicant
        assert (applicant.name, applicant.contact_name, applicant.agent_name) == (
            "测试乙",
            "测试丙",
            "测试戊",
        )
        assert queries.phone_of(applicant) == "13900000000"
        assert (case.channel, case.form["vehicle_class"]) == ("post", "C2")
        assert case.delivery_address == "四川省成都市示例路2号"
        assert {m.verdict for m in queries.materials_of(story.id)} == {"passed"}

    def test_ends_with_the_receipt_and_what_was_acknowledged_before_is_in_it(self, at: Any) -> None:
        story = stories.Story(at=at).do("open").pass_all()
        by = story.receiver
        acts: list[Callable[[], Any]] = [
            functools.partial(intake.save, story.id, {"contact_name": f"联系人{n}"}, by=by, at=at)
            for n in range(8)
        ]
        outcome = together(*acts, lambda: intake.receive(story.id, by=by, at=at) and "receive")
        assert "receive" in outcome.won
        assert refused_as(outcome.told) <= {"not_this_state"}
        assert len(outcome.won) + len(outcome.told) == 9
        saves = len(outcome.won) - 1
        expected = {f"联系人{n}" for n in range(8)} if saves else {"测试甲"}
        assert story.case.applicant.contact_name in expected
        is_whole(story.id)


@pytest.mark.article("S3", "F1")
class TestOneForm:
    @pytest.mark.parametrize("count", [2, 16])
    def test_issued_by_several_counts_once(self, count: int, at: Any) -> None:
        story = stories.Story(at=at).do("open").pass_all()
        notice = notices.prepare(story.id, kind="receipt", by=story.receiver, at=at)
        outcome = together(*[lambda: notices.issue(notice.id, by=story.receiver, at=at)] * count)
        assert (len(outcome.won), len(outcome.told)) == (1, count - 1)
        assert refused_as(outcome.told) <= {"already_issued", "changed_meanwhile"}
        assert Notice.objects.filter(case_id=story.id, issued_at__isnull=False).count() == 1
        assert codes(story.id).count("receive") == 1
        is_whole(story.id)

    def test_of_two_forms_previewed_one_counts(self, at: Any) -> None:
        story = stories.Story(at=at).do("open").pass_all()
        made = [notices.prepare(story.id, kind="receipt", by=story.receiver, at=at) for _ in range(4)]
        outcome = together(*[lambda n=n: notices.issue(n.id, by=story.receiver, at=at) for n in made])
        assert (len(outcome.won), len(outcome.told)) == (1, 3)
        current = Notice.objects.filter(case_id=story.id, issued_at__isnull=False, superseded_at=None)
        assert [n.id for n in current] == [outcome.won[0].id]
        is_whole(story.id)
