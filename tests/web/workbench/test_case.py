"""The case page through the whole life of a case: what is shown, what is offered, what is said."""

import datetime
import re
import uuid
from collections.abc import Callable
from typing import Any, cast

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests import pictures
from tests.stories import IDENTITY, WAYBILL, WAYS, Story
from tongban.cases import queries
from tongban.cases.models import Case, Transfer
from tongban.cases.operations import intake
from tongban.cases.states import State
from tongban.directory import queries as directory
from tongban.journal.models import Entry, Look

RECEIVER, HOME, APPROVER = "clerk.520103", "clerk.510100", "approver.510100"
SignIn = Callable[[str], Client]
SEEN_BY_BOTH = sorted(
    set(WAYS) - {State.DRAFTING, State.CORRECTION, State.LAPSED, State.WITHDRAWN, State.EXPLAINED}
)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_the_story(monkeypatch: pytest.MonkeyPatch, at: datetime.datetime) -> None:
    """Let the pages' clock show an afternoon two days after the story begins."""
    moment = at + datetime.timedelta(days=2, hours=4)
    monkeypatch.setattr(directory, "now", lambda: moment)


def path_of(case: Case) -> str:
    return f"/desk/cases/{case.number}/"


def read(client: Client, case: Case) -> str:
    answer = client.get(path_of(case))
    assert answer.status_code == 200
    return answer.content.decode()


def take(
    client: Client, case: Case, step: str, *, revision: int | None = None, key: str = "", **data: Any
) -> Any:
    """Send a step's form as the page does."""
    current = Case.objects.get(id=case.id).revision if revision is None else revision
    body = {"revision": current, "_key": key or str(uuid.uuid4()), **data}
    return client.post(f"{path_of(case)}steps/{step}/", body)


def found(case: Case, **wrong: str) -> dict[str, Any]:
    """What the home window enters when everything is there, but for the sheets named."""
    sheets = [t for t in queries.transfers_of(case.id) if t.arrived_at is None][-1].sheets
    data: dict[str, Any] = {"sheet": [s["key"] for s in sheets]}
    for index, sheet in enumerate(sheets):
        key = sheet["key"]
        data[f"finding.{key}"] = wrong.get(f"sheet_{index}", "ok")
        data[f"originals.{key}"], data[f"copies.{key}"] = sheet["originals"], sheet["copies"]
    return data


def steps_offered(html: str) -> set[str]:
    return set(re.findall(r'data-step="(\w+)"', html))


def state_of(case: Case) -> str:
    return str(Case.objects.get(id=case.id).state)


class TestPage:
    @pytest.mark.article("C10")
    @pytest.mark.parametrize("state", SEEN_BY_BOTH)
    def test_tells_both_windows_the_same_sentence_in_every_state(
        self, state: State, make_case: Callable[..., Case], signed_in: SignIn
    ) -> None:
        case = make_case(state)
        sentence = queries.progress_of(queries.get(case.id, for_=Story(at=case.opened_at).home))
        for account in (RECEIVER, HOME):
            html = read(signed_in(account), case)
            assert case.number in html
            assert sentence in html
            assert str(State(state).label) in html

    @pytest.mark.article("S1")
    def test_shows_no_identity_number_and_no_phone_in_full(
        self, make_case: Callable[..., Case], signed_in: SignIn
    ) -> None:
        html = read(signed_in(HOME), make_case("arrived"))
        assert IDENTITY not in html
        assert "13800000000" not in html
        assert "110***********002X" in html

    @pytest.mark.article("G1")
    def test_explains_when_every_clock_ends_and_which_days_do_not_count(
        self, make_case: Callable[..., Case], signed_in: SignIn
    ) -> None:
        html = read(signed_in(HOME), make_case("approval"))
        assert (
            html.count("开始当日不计入，自次日起算。") == 3
        )  # the decision, the promised and the legal limit
        assert "不计入，周末" in html or "不计入，" in html
        for label in ("作出审批决定", "承诺期限", "法定时限"):
            assert label in html

    def test_says_late_in_a_word(
        self, make_case: Callable[..., Case], signed_in: SignIn, monkeypatch: pytest.MonkeyPatch, at: Any
    ) -> None:
        case = make_case("arrived")
        monkeypatch.setattr(directory, "now", lambda: at + datetime.timedelta(days=30))
        html = read(signed_in(HOME), case)
        assert "clock-late" in html
        assert "已逾期" in html
        assert re.search(r"已超过 \d+ 天", html)

    def test_is_not_there_for_another_window(self, make_case: Callable[..., Case], signed_in: SignIn) -> None:
        case = make_case("arrived")
        answer = signed_in("clerk.530102").get(path_of(case))
        assert answer.status_code == 404
        assert "测试甲" not in answer.content.decode()

    def test_is_not_there_for_the_home_window_before_receipt(
        self, make_case: Callable[..., Case], signed_in: SignIn
    ) -> None:
        assert signed_in(HOME).get(path_of(make_case("drafting"))).status_code == 404

    def test_asks_for_sign_in(self, make_case: Callable[..., Case], client: Client) -> None:
        answer = client.get(path_of(make_case("arrived")))
        assert answer.status_code == 302
        assert "sign-in" in answer["Location"]

    def test_sends_a_draft_to_the_receive_page(
        self, make_case: Callable[..., Case], signed_in: SignIn
    ) -> None:
        case = make_case("drafting")
        html = read(signed_in(RECEIVER), case)
        assert f"/desk/receive/{case.number}/" in html
        assert steps_offered(html) == {"withdraw_early"}

    def test_says_why_a_case_was_returned(self, make_case: Callable[..., Case], signed_in: SignIn) -> None:
        html = read(signed_in(RECEIVER), make_case("returned"))
        assert "退回理由：申请表填写有误" in html

    def test_lets_a_manager_read_and_take_no_step(
        self, make_case: Callable[..., Case], signed_in: SignIn
    ) -> None:
        case = make_case("arrived")
        client = signed_in("manager.510100")
        html = read(client, case)
        assert steps_offered(html) == set()
        assert "现在不用您办理" in html
        assert take(client, case, "accept").status_code == 403
        assert state_of(case) == "arrived"

    def test_takes_no_more_queries_for_a_long_life_than_for_a_short_one(
        self, story: Story, signed_in: SignIn, django_assert_max_num_queries: Any
    ) -> None:
        story.lead_to("arrived")
        client = signed_in(HOME)
        read(client, story.case)  # sessions, calendars
        for _round in range(8):
            for step in ("ask_home_correction", "bring_to_home"):
                story.do(step)
        story.do("accept")
        for _round in range(8):
            for step in ("suspend", "resume", "hand_off", "give_opinion"):
                story.do(step)
        with django_assert_max_num_queries(28):
            read(client, story.case)
        assert Entry.objects.filter(chain_id=story.id).count() > 45

    @pytest.mark.article("C10")
    def test_tells_each_step_with_who_where_when_and_article(
        self, make_case: Callable[..., Case], signed_in: SignIn
    ) -> None:
        html = read(signed_in(HOME), make_case("approval"))
        timeline = html[html.index("办理经过") :]
        labels = ["受理", "核对到达材料", "发出材料", "收件并出具收件通知书", "登记"]
        places = [timeline.index(f"<strong>{label}</strong>") for label in labels]
        assert places == sorted(places)  # the newest first
        assert "第二十一条（三）" in timeline
        assert "材料流转中 → 已到达待受理" in timeline


class TestSteps:
    def test_offers_the_main_step_first_and_only_what_is_allowed(
        self, make_case: Callable[..., Case], signed_in: SignIn
    ) -> None:
        case = make_case("arrived")
        html = read(signed_in(HOME), case)
        assert re.search(r'data-step="(\w+)"', html)[1] == "accept"  # type: ignore[index]
        assert {"decline", "forward", "return_case", "ask_relayed_correction"} <= steps_offered(html)
        assert (
            f"{path_of(case)}steps/ask_home_correction/" in html
        )  # the second button of the correction form
        assert "accept" not in steps_offered(read(signed_in(RECEIVER), case))

    def test_asks_for_a_waybill_only_where_papers_are_posted(self, story: Story, signed_in: SignIn) -> None:
        story.lead_to("received")
        client = signed_in(RECEIVER)
        assert 'name="waybill"' not in read(client, story.case)
        story.do("choose_channel")
        assert 'name="waybill"' in read(client, story.case)

    def test_offers_the_way_of_delivery_that_the_applicant_chose(self, at: Any, signed_in: SignIn) -> None:
        story = Story(at=at)
        story.open().fill(delivery_way="pick_up_receiving", delivery_address="")
        for step in ("receive", "send", "confirm_arrival", "accept", "grant"):
            story.do(step)
        html = read(signed_in(HOME), story.case)
        assert re.search(r'data-step="(\w+)"', html)[1] == "send_result"  # type: ignore[index]
        assert "还欠这一项" in html  # the applicant has not been told

    def test_goes_through_a_whole_life(self, story: Story, signed_in: SignIn) -> None:
        story.lead_to("received")
        case, receiver, home = story.case, signed_in(RECEIVER), signed_in(HOME)
        department = str(min(story.approver.department_ids))
        soon = (directory.now() + datetime.timedelta(days=5)).date().isoformat()
        first = queries.materials_of(case.id)[0].key
        opinion = "经审查，建议准予"
        for client, step, data in [
            (receiver, "send", {}),
            (home, "confirm_arrival", found),
            (
                home,
                "ask_relayed_correction",
                {"advice_keys": [first], f"advice.{first}": "请补交", "days": "10"},
            ),
            (receiver, "relay_correction", {"told_by": "电话告知本人"}),
            (receiver, "bring_to_receiving", {"keys": [first], "channel": "post"}),
            (receiver, "send", {"waybill": WAYBILL}),
            (home, "confirm_arrival", found),
            (home, "accept", {}),
            (home, "hand_off", {"department_id": department, "until_on": soon}),
            (signed_in(APPROVER), "give_opinion", {"opinion": opinion}),
            (home, "suspend", {"reason": "hearing", "note": "依法听证", "expected_on": soon}),
            (home, "resume", {}),
            (home, "grant", {"result_name": "机动车驾驶证"}),
            (home, "tell_result", {"told_by": "phone"}),
            (home, "post_result", {"waybill": WAYBILL}),
            (home, "fail_delivery", {"reason": "无人签收"}),
            (home, "offer_pickup", {}),
            (home, "hand_over", {"received_by": "测试甲", "proof": "signature"}),
            (home, "close", {}),
        ]:
            answer = take(client, case, step, **cast(dict[str, Any], data(case) if callable(data) else data))
            assert answer.status_code == 302, (step, answer.content.decode())
        html = read(receiver, case)
        for words in (
            opinion,
            "依法暂停计时：听证",
            "第 2 次",
            "由测试甲签收",
            "无人签收",
            WAYBILL,
            "本件已办结",
        ):
            assert words in html
        assert state_of(case) == "closed"

    @pytest.mark.article("P21(3)")
    def test_lets_the_department_give_its_opinion_and_nothing_else(
        self, make_case: Callable[..., Case], signed_in: SignIn
    ) -> None:
        case = make_case("with_department")
        assert steps_offered(read(signed_in(APPROVER), case)) == {"give_opinion"}
        assert "give_opinion" not in steps_offered(read(signed_in(HOME), case))

    def test_says_what_was_done_and_what_comes_next_by_when(
        self, make_case: Callable[..., Case], signed_in: SignIn
    ) -> None:
        case, client = make_case("arrived"), signed_in(HOME)
        answer = take(client, case, "accept")
        assert answer["Location"] == path_of(case)
        html = read(client, case)
        assert re.search(r"已办理“受理”。下一步由.+办理“作出审批决定”，2026年\d+月\d+日 \d\d:\d\d前。", html)

    def test_goes_on_with_the_papers_when_a_correction_is_brought(
        self, make_case: Callable[..., Case], signed_in: SignIn
    ) -> None:
        case = make_case("correction")
        answer = take(signed_in(RECEIVER), case, "bring_correction")
        assert answer["Location"] == f"/desk/receive/{case.number}/"

    def test_goes_to_today_when_the_case_has_left(
        self, make_case: Callable[..., Case], signed_in: SignIn
    ) -> None:
        case = make_case("with_department")
        answer = take(signed_in(APPROVER), case, "give_opinion", opinion="同意")
        assert answer["Location"] == "/desk/"

    def test_leaves_receipt_and_notice_to_the_receive_page(
        self, make_case: Callable[..., Case], signed_in: SignIn
    ) -> None:
        case = make_case("drafting")
        answer = take(signed_in(RECEIVER), case, "receive")
        assert answer.status_code == 409
        assert "须先预览再出具" in answer.content.decode()
        assert state_of(case) == "drafting"

    def test_forwards_to_the_only_window_that_the_words_mean(
        self, make_case: Callable[..., Case], signed_in: SignIn
    ) -> None:
        case, client = make_case("arrived"), signed_in(HOME)
        several = take(client, case, "forward", home_code_words="绵阳", reason="不属本地管辖")
        html = several.content.decode()
        assert several.status_code == 422
        assert "不属本地管辖" in html
        assert 'name="home_code"' in html
        once = take(client, case, "forward", home_code_words="四川省绵阳市", reason="不属本地管辖")
        assert once.status_code == 302
        assert once["Location"] == "/desk/"
        assert Case.objects.get(id=case.id).home_code == "510700000000"

    def test_finds_windows_by_a_part_of_the_name(
        self, make_case: Callable[..., Case], signed_in: SignIn
    ) -> None:
        case = make_case("arrived")
        html = signed_in(HOME).get(f"{path_of(case)}windows/", {"home_code_words": "绵阳"}).content.decode()
        assert 'value="510700000000"' in html
        assert "<html" not in html


class TestRefusals:
    def test_shows_the_form_again_with_what_was_typed_and_a_sentence_at_the_field(
        self, make_case: Callable[..., Case], signed_in: SignIn
    ) -> None:
        case = make_case("approval")
        answer = take(signed_in(HOME), case, "refuse", reason="经核查，不符合规定的条件", remedies="")
        html = answer.content.decode()
        assert answer.status_code == 422
        assert "经核查，不符合规定的条件" in html
        assert "请填写救济途径" in html
        assert re.search(r"<details class=\"case-other case-other-no\"[^>]* open>", html)
        assert state_of(case) == "approval"

    def test_keeps_every_finding_when_one_sheet_was_left_out(
        self, make_case: Callable[..., Case], signed_in: SignIn
    ) -> None:
        case = make_case("in_transfer")
        data = found(case, sheet_0="damaged")
        first, last = data["sheet"][0], data["sheet"][-1]
        data |= {
            f"finding.{last}": "",
            f"note.{first}": "封面缺角",
            "extra_name": ["多余的照片"],
            "extra_copies": ["2"],
        }
        data |= {"extra_originals": [""], "extra_note": [""]}
        answer = take(signed_in(HOME), case, "confirm_arrival", **data)
        html = answer.content.decode()
        assert answer.status_code == 422
        assert re.search(rf'name="finding.{first}" value="damaged" checked', html)
        assert "封面缺角" in html
        assert "多余的照片" in html
        assert "请填写核对结果" in html

    def test_refuses_a_count_that_is_no_number(
        self, make_case: Callable[..., Case], signed_in: SignIn
    ) -> None:
        case = make_case("in_transfer", channel="post")
        data = found(case)
        data[f"originals.{data['sheet'][0]}"] = "两份"
        answer = take(signed_in(HOME), case, "confirm_arrival", **data)
        assert answer.status_code == 422
        assert "份数请填写 0 到 999 之间的数字" in answer.content.decode()
        assert "两份" in answer.content.decode()

    @pytest.mark.article("P21(3)")
    def test_shows_the_correction_again_whichever_of_its_two_buttons_was_pressed(
        self, make_case: Callable[..., Case], signed_in: SignIn
    ) -> None:
        case = make_case("arrived")
        first, second = [m.key for m in queries.materials_of(case.id)][:2]
        data = {
            "advice_keys": [first, second],
            f"advice.{first}": "缺第二页",
            f"advice.{second}": "",
            "days": "15",
        }
        for step in ("ask_home_correction", "ask_relayed_correction"):
            answer = take(signed_in(HOME), case, step, **data)
            html = answer.content.decode()
            assert answer.status_code == 422
            assert "缺第二页" in html
            assert 'value="15"' in html
            assert f'id="ask_relayed_correction-items-{second}-error"' in html

    def test_does_not_take_none_ticked_for_all_brought(
        self, make_case: Callable[..., Case], signed_in: SignIn
    ) -> None:
        case = make_case("home_correction")
        answer = take(signed_in(RECEIVER), case, "bring_to_receiving", channel="online")
        assert answer.status_code == 422
        assert state_of(case) == "home_correction"

    @pytest.mark.article("S3")
    def test_tells_who_was_faster_and_keeps_what_was_typed(
        self, make_case: Callable[..., Case], signed_in: SignIn
    ) -> None:
        case, client = make_case("approval"), signed_in(HOME)
        seen = Case.objects.get(id=case.id).revision
        assert take(signed_in("lead.510100"), case, "demand_paper").status_code == 302
        answer = take(
            client, case, "refuse", revision=seen, reason="写了很久的理由", remedies="可申请行政复议"
        )
        html = answer.content.decode()
        assert answer.status_code == 409
        assert "在您操作期间" in html
        assert "要求补寄纸质材料" in html
        assert "写了很久的理由" in html
        assert f'name="revision" value="{seen + 1}"' in html  # so that it can be sent again
        again = take(
            client, case, "refuse", revision=seen + 1, reason="写了很久的理由", remedies="可申请行政复议"
        )
        assert again.status_code == 302

    @pytest.mark.article("S3")
    def test_gives_back_what_was_typed_when_the_step_is_no_longer_open(
        self, make_case: Callable[..., Case], signed_in: SignIn
    ) -> None:
        case, client = make_case("arrived"), signed_in(HOME)
        seen = Case.objects.get(id=case.id).revision
        take(signed_in("lead.510100"), case, "accept")
        answer = take(client, case, "decline", revision=seen, reason="不属于本机关职权范围，请向住建部门申请")
        html = answer.content.decode()
        assert answer.status_code == 409
        assert "现在的状态：" in html
        assert "审批中" in html
        assert "不属于本机关职权范围，请向住建部门申请" in html
        assert state_of(case) == "approval"

    @pytest.mark.article("S3")
    def test_gives_back_what_was_typed_when_the_case_is_out_of_sight(
        self, make_case: Callable[..., Case], signed_in: SignIn
    ) -> None:
        case, client = make_case("with_department"), signed_in(APPROVER)
        seen = Case.objects.get(id=case.id).revision
        take(signed_in(HOME), case, "recall", reason="改由窗口自行办理")
        answer = take(client, case, "give_opinion", revision=seen, opinion="写了半小时的意见")
        assert answer.status_code == 404
        assert "写了半小时的意见" in answer.content.decode()

    @pytest.mark.article("S3")
    def test_counts_a_form_sent_twice_once(self, make_case: Callable[..., Case], signed_in: SignIn) -> None:
        case, client, key = make_case("arrived"), signed_in(HOME), str(uuid.uuid4())
        seen = Case.objects.get(id=case.id).revision
        first, second = (take(client, case, "accept", revision=seen, key=key) for _time in range(2))
        assert (first.status_code, second.status_code) == (302, 302)
        assert first["Location"] == second["Location"]
        assert Case.objects.get(id=case.id).revision == seen + 1
        assert Entry.objects.filter(chain_id=case.id, code="case.accept").count() == 1


class TestScanning:
    """Papers that go online are made electronic before they are sent, also after receipt (P21(2))."""

    @pytest.fixture
    def unscanned(self, story: Story) -> Case:
        story.open().fill().pass_all()
        intake.receive(story.id, by=story.receiver, at=story.at)
        return story.case

    @pytest.mark.article("P21(2)")
    def test_nothing_is_sent_online_until_every_paper_is_scanned(
        self, unscanned: Case, signed_in: SignIn
    ) -> None:
        client = signed_in(RECEIVER)
        names = [m.name for m in queries.materials_of(unscanned.id)]
        assert "还没有扫描的材料：" + "、".join(names) in read(client, unscanned)
        answer = take(client, unscanned, "send")
        assert answer.status_code == 422
        assert all(name in answer.content.decode() for name in names)
        assert not Transfer.objects.filter(case=unscanned).exists()
        for material in queries.materials_of(unscanned.id):
            assert self._upload(client, unscanned, material.key, pictures.sheet()).status_code == 302
        assert "还没有扫描的材料" not in read(client, unscanned)
        assert take(client, unscanned, "send").status_code == 302
        sheets = Transfer.objects.get(case=unscanned).sheets
        assert [(s["originals"], s["copies"], len(s["scans"])) for s in sheets] == [(0, 0, 1)] * len(names)
        html = read(signed_in(HOME), unscanned)
        assert "发出：电子件 1" in html and 'name="originals.' not in html

    def test_a_file_that_is_none_gets_a_sentence_and_changes_nothing(
        self, unscanned: Case, signed_in: SignIn
    ) -> None:
        client, key = signed_in(RECEIVER), queries.materials_of(unscanned.id)[0].key
        answer = self._upload(client, unscanned, key, b"no picture")
        assert answer.status_code == 422 and 'role="alert"' in answer.content.decode()
        assert not queries.scans_of(unscanned.id)

    def test_is_open_to_the_receiving_window_only_and_until_the_papers_are_sent(
        self, unscanned: Case, story: Story, signed_in: SignIn
    ) -> None:
        key = queries.materials_of(unscanned.id)[0].key
        assert self._upload(signed_in(HOME), unscanned, key, pictures.sheet()).status_code == 403
        story.do("send")
        assert "case-scan-here" not in read(signed_in(RECEIVER), story.case)
        assert self._upload(signed_in(RECEIVER), unscanned, key, pictures.sheet()).status_code == 409

    def _upload(self, client: Client, case: Case, key: str, content: bytes) -> Any:
        file = SimpleUploadedFile("扫描.png", content, "image/png")
        return client.post(f"{path_of(case)}materials/{key}/scans/", {"files": file})


class TestArrival:
    @pytest.mark.article("P21(3)")
    def test_begins_with_nothing_chosen(self, make_case: Callable[..., Case], signed_in: SignIn) -> None:
        html = read(signed_in(HOME), make_case("in_transfer"))
        radios = re.findall(r'<input type="radio" name="finding\.[^>]+>', html)
        assert radios
        assert not [radio for radio in radios if "checked" in radio]

    @pytest.mark.article("P21(2)")
    def test_records_what_is_missing_and_extra_and_makes_it_the_senders_task(
        self, make_case: Callable[..., Case], signed_in: SignIn
    ) -> None:
        case = make_case("in_transfer")
        data = found(case, sheet_0="missing")
        data |= {"extra_name": ["户口簿复印件", ""], "extra_originals": ["0", ""], "extra_copies": ["3", ""]}
        data |= {"extra_note": ["夹在申请表里", ""], f"note.{data['sheet'][0]}": "信封内没有"}
        assert take(signed_in(HOME), case, "confirm_arrival", **data).status_code == 302
        rows = Transfer.objects.get(case=case).found
        assert rows is not None
        assert [r["finding"] for r in rows] == ["missing", *["ok"] * (len(rows) - 2), "extra"]
        assert rows[-1]["name"] == "户口簿复印件"
        assert rows[-1]["copies"] == 3
        html = read(signed_in(RECEIVER), case)
        assert "answer_discrepancy" in steps_offered(html)
        assert "还欠这一项" in html
        assert "信封内没有" in html
        assert take(signed_in(RECEIVER), case, "answer_discrepancy", answer="已重新寄出").status_code == 302
        assert "已重新寄出" in read(signed_in(HOME), case)


class TestLooks:
    @pytest.mark.article("P26(4)")
    def test_shows_a_number_in_full_only_for_a_purpose_and_records_it(
        self, make_case: Callable[..., Case], signed_in: SignIn
    ) -> None:
        case, client = make_case("arrived"), signed_in(HOME)
        address = f"{path_of(case)}looks/"
        assert client.post(address, {"what": "identity"}).status_code == 422
        assert client.post(address, {"what": "identity", "purpose": "other"}).status_code == 422
        assert not Look.objects.filter(case_id=case.id).exists()
        answer = client.post(
            address,
            {"what": "identity", "purpose": "enter", "purpose_words": "车管系统"},
            headers={"HX-Request": "true"},
        )
        assert IDENTITY in answer.content.decode()
        assert "<html" not in answer.content.decode()
        assert "no-store" in answer["Cache-Control"]
        row = Look.objects.get(case_id=case.id)
        assert (row.what, row.purpose) == ("identity", "录入本地业务系统：车管系统")
        assert IDENTITY not in read(client, case)

    @pytest.mark.article("P26(4)")
    def test_shows_a_phone_number_without_javascript_too(
        self, make_case: Callable[..., Case], signed_in: SignIn
    ) -> None:
        case = make_case("arrived")
        answer = signed_in(HOME).post(f"{path_of(case)}looks/", {"what": "phone", "purpose": "contact"})
        assert "13800000000" in answer.content.decode()
        assert "回到办件" in answer.content.decode()

    @pytest.mark.article("S1")
    def test_shows_nothing_hidden_to_a_manager(
        self, make_case: Callable[..., Case], signed_in: SignIn
    ) -> None:
        case, client = make_case("arrived"), signed_in("manager.510100")
        answer = client.post(f"{path_of(case)}looks/", {"what": "identity", "purpose": "verify"})
        assert answer.status_code == 403
        assert IDENTITY not in answer.content.decode()
        assert "查看目的" not in read(client, case)

    def test_lists_who_looked_to_the_lead_and_not_to_a_clerk(
        self, make_case: Callable[..., Case], signed_in: SignIn
    ) -> None:
        case = make_case("arrived")
        signed_in(HOME).post(f"{path_of(case)}looks/", {"what": "identity", "purpose": "verify"})
        assert "谁查看过" not in read(signed_in(HOME), case)
        html = read(signed_in("lead.510100"), case)
        assert "谁查看过" in html
        assert "核对申请人身份" in html[html.index("谁查看过") :]


class TestNotice:
    @pytest.fixture
    def received(self, story: Story) -> Case:
        from tongban.notices import operations as notices

        story.open().fill().pass_all()
        form = notices.prepare(story.id, kind="receipt", by=story.receiver, at=story.at)
        notices.issue(form.id, by=story.receiver, at=story.at)
        return story.case

    @pytest.mark.article("P21(1)")
    def test_is_shown_in_the_page_as_issued_and_the_look_is_recorded(
        self, received: Case, signed_in: SignIn
    ) -> None:
        client = signed_in(HOME)
        address = re.search(r'href="(/desk/cases/[^"]+\.pdf)"', read(client, received))
        assert address
        before = Look.objects.filter(case_id=received.id).count()
        answer = client.get(address[1])
        assert answer["Content-Type"] == "application/pdf"
        assert answer["Content-Disposition"].startswith("inline")
        assert answer.content.startswith(b"%PDF")
        assert Look.objects.filter(case_id=received.id).count() == before + 1

    def test_is_not_there_for_another_window(self, received: Case, signed_in: SignIn) -> None:
        address = re.search(r'href="(/desk/cases/[^"]+\.pdf)"', read(signed_in(HOME), received))
        assert address
        assert signed_in("clerk.530102").get(address[1]).status_code == 404


class TestIncoming:
    def test_lists_what_is_on_its_way_and_what_waits_for_acceptance(self, at: Any, signed_in: SignIn) -> None:
        cases = {
            state: Story(at=at).lead_to(state).case
            for state in ("in_transfer", "arrived", "approval", "received")
        }
        html = signed_in(HOME).get("/desk/incoming/").content.decode()
        assert cases["in_transfer"].number in html
        assert cases["arrived"].number in html
        assert cases["approval"].number not in html
        assert cases["received"].number not in html
        assert (
            html.index(cases["in_transfer"].number)
            < html.index("已到达，待受理")
            < html.index(cases["arrived"].number)
        )

    def test_says_so_when_nothing_comes(self, signed_in: SignIn) -> None:
        assert "没有正在寄往您窗口的材料" in signed_in("clerk.530102").get("/desk/incoming/").content.decode()

    def test_takes_no_more_queries_for_30_rows_than_for_one(
        self, at: Any, signed_in: SignIn, django_assert_max_num_queries: Any
    ) -> None:
        Story(at=at, channel="post").lead_to("in_transfer")
        client = signed_in(HOME)
        client.get("/desk/incoming/")
        with django_assert_max_num_queries(10) as one:
            client.get("/desk/incoming/")
        for _more in range(29):
            Story(at=at, channel="post").lead_to("in_transfer")
        with django_assert_max_num_queries(len(one)):
            html = client.get("/desk/incoming/").content.decode()
        assert html.count('class="case-row ') == 30
