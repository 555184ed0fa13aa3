"""The receive page: saved as it is typed, refused at the field, finished with a form that was previewed."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from tests.stories import IDENTITY, Story
from tongban.cases import queries
from tongban.cases.models import Case, CaseApplicant, CaseMaterial, CorrectionNotice
from tongban.catalogue.models import Procedure
from tongban.journal.models import Look
from tongban.kernel import ids
from tongban.notices.models import Notice
from tongban.people.actors import Actor

CLERK = "clerk.520103"
CHENGDU = {"province": "510000000000", "city": "510100000000", "county": "510107000000"}
AS_HTMX: Any = {"HX-Request": "true"}

SignIn = Callable[[str], Client]


@pytest.fixture
def client(signed_in: SignIn) -> Client:
    return signed_in(CLERK)


@pytest.fixture
def case(client: Client, settings: Any, tmp_path: Any) -> Case:
    """A case just begun at the desk."""
    settings.TONGBAN_FILES = tmp_path / "files"
    answer = client.post("/desk/receive/", {"_key": "begin"})
    return Case.objects.get(id=ids.id_of(answer["Location"].split("/")[3]))


def _save(client: Client, case: Case, *, htmx: Any = True, **values: Any) -> Any:
    data = {name.replace("__", "."): value for name, value in values.items()}
    return client.post(f"/desk/receive/{case.number}/save/", data, headers=AS_HTMX if htmx else {})


def _choose(client: Client, case: Case) -> None:
    procedure = Procedure.objects.get(key="015-1")
    _save(client, case, do=f"procedure:{procedure.id}")
    _save(client, case, **CHENGDU)
    _save(client, case, circumstance="expired")


def _fill(client: Client, case: Case) -> None:
    """Enter everything that a receipt needs, the way a clerk would."""
    _choose(client, case)
    who = {"name": "张三", "identity": IDENTITY, "phone": "13812345678"}
    for name, value in who.items():
        _save(client, case, **{name: value})
    _save(client, case, is_identity_checked=["", "true"])
    _save(client, case, form__vehicle_class="C1")
    _save(client, case, form__expires_on="2027-01-15")
    for material in queries.materials_of(case.id):
        _save(client, case, do=f"pass:{material.key}")
    _save(client, case, delivery_way="post")
    _save(client, case, delivery_address="贵州省贵阳市云岩区示例路1号")


def _picture(name: str = "页.jpg") -> SimpleUploadedFile:
    data = io.BytesIO()
    Image.new("RGB", (64, 48), "white").save(data, "JPEG")
    return SimpleUploadedFile(name, data.getvalue(), "image/jpeg")


def _text(answer: Any) -> str:
    return str(answer.content.decode())


def _applicant(case: Case) -> CaseApplicant:
    return CaseApplicant.objects.get(case=case)


class TestBegin:
    def test_sent_twice_makes_one_case(self, client: Client) -> None:
        before = Case.objects.count()
        places = {client.post("/desk/receive/", {"_key": "twice"})["Location"] for _ in range(2)}
        assert len(places) == 1
        assert Case.objects.count() == before + 1

    def test_offers_what_is_half_entered(self, client: Client, case: Case) -> None:
        assert case.number in _text(client.get("/desk/receive/"))

    def test_is_not_for_people_without_window(self, signed_in: SignIn) -> None:
        assert signed_in("approver.510100").post("/desk/receive/").status_code == 403


class TestPage:
    def test_shows_an_empty_case_with_what_is_missing(self, client: Client, case: Case) -> None:
        text = _text(client.get(f"/desk/receive/{case.number}/"))
        assert "请填写申请人名称" in text
        assert 'href="#f-procedure"' in text

    def test_is_hidden_from_other_windows(self, signed_in: SignIn, case: Case) -> None:
        assert signed_in("clerk.510100").get(f"/desk/receive/{case.number}/").status_code == 404

    def test_sends_on_to_the_case_page_once_received(self, client: Client, make_case: Any) -> None:
        moved = make_case("received")
        answer = client.get(f"/desk/receive/{moved.number}/")
        assert answer["Location"] == f"/desk/cases/{moved.number}/"

    def test_every_missing_thing_links_to_something_on_the_page(self, client: Client, case: Case) -> None:
        _choose(client, case)
        text = _text(client.get(f"/desk/receive/{case.number}/"))
        anchors = {part.split('"')[0] for part in text.split('href="#f-')[1:]}
        assert len(anchors) > 6
        assert all(f'id="f-{anchor}"' in text for anchor in anchors)

    def test_says_why_the_home_window_sent_a_case_back(self, client: Client, make_case: Any) -> None:
        returned = make_case("returned")
        assert "申请表填写有误" in _text(client.get(f"/desk/receive/{returned.number}/"))


class TestSave:
    def test_keeps_a_name_at_once(self, client: Client, case: Case) -> None:
        answer = _save(client, case, name="张三")
        assert answer.status_code == 200
        assert _applicant(case).name == "张三"
        assert "已保存" in _text(answer)
        assert "请填写申请人名称" not in _text(answer)

    @pytest.mark.article("A6")
    def test_says_at_the_field_what_is_wrong_with_a_number(self, client: Client, case: Case) -> None:
        answer = _save(client, case, identity="110105194912310021")
        assert answer.status_code == 422
        assert 'id="msg-f-identity"' in _text(answer)
        assert "校验码不符" in _text(answer)

    @pytest.mark.article("P27(4)")
    def test_never_writes_a_number_back(self, client: Client, case: Case) -> None:
        answers = [_save(client, case, identity=IDENTITY), _save(client, case, phone="13812345678")]
        answers += [_save(client, case, identity="110105194912310021")]
        answers += [client.get(f"/desk/receive/{case.number}/{query}") for query in ("", "?change=identity")]
        text = "".join(_text(answer) for answer in answers)
        assert "110***********002X" in text
        assert "138****5678" in text
        assert not any(n in text for n in (IDENTITY, "13812345678", "110105194912310021"))

    def test_one_wrong_field_loses_no_other(self, client: Client, case: Case) -> None:
        answer = _save(client, case, htmx=False, name="张三", phone="1", contact_name="王五")
        assert answer.status_code == 422
        assert (_applicant(case).name, _applicant(case).contact_name) == ("张三", "王五")
        assert "电话号码不正确" in _text(answer)

    def test_shows_again_what_was_refused_where_it_is_no_secret(self, client: Client, case: Case) -> None:
        answer = _save(client, case, htmx=False, name="长" * 130)
        assert "长" * 130 in _text(answer)

    def test_an_empty_number_leaves_the_stored_one(self, client: Client, case: Case) -> None:
        _save(client, case, identity=IDENTITY)
        _save(client, case, htmx=False, identity="", name="张三")
        assert _applicant(case).identity_masked

    def test_the_whole_form_sent_again_changes_nothing(self, client: Client, case: Case) -> None:
        _save(client, case, identity=IDENTITY)
        _save(client, case, is_identity_checked=["", "true"])
        _save(
            client,
            case,
            htmx=False,
            kind="person",
            identity_kind="resident",
            is_identity_checked=["", "true"],
        )
        assert _applicant(case).is_identity_checked
        assert _applicant(case).identity_masked

    def test_a_tick_taken_away_is_saved(self, client: Client, case: Case) -> None:
        _save(client, case, has_agent=["", "true"])
        _save(client, case, has_agent="")
        assert not _applicant(case).has_agent

    def test_an_organisation_has_a_credit_code_and_a_legal_representative(
        self, client: Client, case: Case
    ) -> None:
        answer = _save(client, case, htmx=True, kind="organisation", identity_kind="resident")
        assert "统一社会信用代码" in _text(answer)
        assert 'name="legal_representative"' in _text(answer)
        assert _applicant(case).identity_kind == "credit_code"

    def test_tells_who_did_what_when_the_case_has_moved_on(self, client: Client, make_case: Any) -> None:
        moved = make_case("received")
        answer = _save(client, moved, name="李四")
        assert answer.status_code == 409
        assert "收件并出具收件通知书" in _text(answer)
        whole = _save(client, moved, htmx=False, name="李四", identity=IDENTITY)
        assert "李四" in _text(whole)
        assert IDENTITY not in _text(whole)

    def test_is_refused_to_the_home_window(self, signed_in: SignIn, make_case: Any) -> None:
        returned = make_case("returned")
        answer = _save(signed_in("clerk.510100"), returned, name="李四")
        assert answer.status_code in (403, 404)
        assert _applicant(returned).name != "李四"


class TestMatterAndPlace:
    @pytest.mark.parametrize("words", ["换驾照", "jszhz", "驾驶证"])
    @pytest.mark.article("B1")
    def test_finds_an_item_by_everyday_words(self, client: Client, case: Case, words: str) -> None:
        answer = client.get(f"/desk/receive/{case.number}/items/", {"q": words})
        assert "机动车驾驶证" in _text(answer)

    def test_finds_an_item_without_script(self, client: Client, case: Case) -> None:
        answer = _save(client, case, htmx=False, q="换驾照", do="save")
        assert "机动车驾驶证换证" in _text(client.get(answer["Location"].split("#")[0]))

    @pytest.mark.article("P23")
    def test_lists_the_papers_of_the_home_place(self, client: Client, case: Case) -> None:
        _save(client, case, do=f"procedure:{Procedure.objects.get(key='015-1').id}")
        answer = _save(client, case, **CHENGDU)
        text = _text(answer)
        assert "机动车驾驶人身份证明" in text
        assert "西南五省统一标准" in text
        assert "示例" in text
        assert "成都市“跨省通办”窗口" in text

    def test_a_province_alone_asks_for_the_city(self, client: Client, case: Case) -> None:
        _save(client, case, do=f"procedure:{Procedure.objects.get(key='015-1').id}")
        answer = _save(client, case, province="510000000000")
        text = _text(answer)
        assert '<option value="510100000000"' in text
        assert 'value="510000000000" selected' in text
        assert "请选择属地" in text

    def test_a_leftover_city_of_another_province_does_not_count(self, client: Client, case: Case) -> None:
        _choose(client, case)
        _save(client, case, **{**CHENGDU, "province": "530000000000"})
        case.refresh_from_db()
        assert case.home_window is None

    @pytest.mark.article("P7")
    def test_the_highest_level_decides_when_it_is_not_clear(self, client: Client, case: Case) -> None:
        procedure = Procedure.objects.filter(levels=["prefecture", "county"]).first()
        assert procedure is not None
        _save(client, case, do=f"procedure:{procedure.id}")
        answer = _save(client, case, **CHENGDU)
        case.refresh_from_db()
        assert case.home_window and case.home_window.division_id == "510100000000"
        assert "不能确定" in _text(answer)
        _save(client, case, level="county")
        case.refresh_from_db()
        assert case.home_window and case.home_window.division_id == "510107000000"

    def test_a_circumstance_changes_the_papers(self, client: Client, case: Case) -> None:
        _choose(client, case)
        answer = _save(client, case, circumstance="damaged")
        assert "损毁的机动车驾驶证" in _text(answer)
        assert "身体条件证明" not in _text(answer)


class TestPapers:
    @pytest.fixture(autouse=True)
    def chosen(self, client: Client, case: Case) -> None:
        _choose(client, case)

    def _row(self, case: Case, key: str = "id_card") -> CaseMaterial:
        return CaseMaterial.objects.get(case=case, key=key)

    def test_one_press_passes_a_paper_with_the_counts_asked(self, client: Client, case: Case) -> None:
        answer = _save(client, case, do="pass:id_card")
        row = self._row(case)
        assert (row.verdict, row.originals, row.copies) == ("passed", 1, 1)
        assert row.points == [0, 1, 2, 3]
        assert 'id="f-material-id_card"' in _text(answer)
        assert 'id="f-material-form"' not in _text(answer)  # nothing else moves

    def test_ticking_every_point_passes_and_taking_one_away_reopens(self, client: Client, case: Case) -> None:
        _save(client, case, points__id_card=["", "0", "1", "2"])
        assert self._row(case).verdict == ""
        _save(client, case, points__id_card=["", "0", "1", "2", "3"])
        assert self._row(case).verdict == "passed"
        _save(client, case, points__id_card=["", "0", "1", "3"])
        assert self._row(case).verdict == ""

    def test_a_changed_count_keeps_the_other_as_shown(self, client: Client, case: Case) -> None:
        _save(client, case, copies__id_card="2")
        _save(client, case, do="pass:id_card")
        assert (self._row(case).originals, self._row(case).copies) == (1, 2)

    def test_refuses_a_count_that_is_none(self, client: Client, case: Case) -> None:
        answer = _save(client, case, copies__id_card="一份")
        assert answer.status_code == 422
        assert "请填写 0 到 999 之间的份数" in _text(answer)

    def test_a_phrase_writes_the_advice(self, client: Client, case: Case) -> None:
        _save(client, case, do="correct:id_card")
        answer = _save(client, case, do="phrase:id_card:2")
        row = self._row(case)
        assert row.verdict == "to_correct"
        assert "不清晰" in row.advice
        assert row.advice in _text(answer)
        assert (row.originals, row.copies) == (1, 1)  # it is there, only not good enough

    def test_what_is_lacking_counts_as_not_handed_in(self, client: Client, case: Case) -> None:
        _save(client, case, do="correct:id_card")
        _save(client, case, do="phrase:id_card:0")
        assert (self._row(case).originals, self._row(case).copies) == (0, 0)

    def test_adds_a_paper_that_the_standard_does_not_list(self, client: Client, case: Case) -> None:
        answer = _save(client, case, do="add", new_material="居住证")
        assert "居住证" in _text(answer)
        assert CaseMaterial.objects.filter(case=case, name="居住证").exists()

    def test_a_bad_file_is_named_and_the_rest_survives(self, client: Client, case: Case) -> None:
        bad = SimpleUploadedFile("坏.jpg", b"\xff\xd8\xff no picture")
        answer = _save(client, case, name="张三", files__id_card=[bad, _picture("好.jpg")])
        assert answer.status_code == 422
        assert "坏.jpg" in _text(answer)
        assert [s.name for s in queries.scans_of(case.id)] == ["好.jpg"]
        assert _applicant(case).name == "张三"

    def test_shows_a_scan_and_records_the_look_once(self, client: Client, case: Case) -> None:
        _save(client, case, files__id_card=_picture())
        scan = queries.scans_of(case.id)[0]
        for _ in range(2):
            answer = client.get(f"/desk/cases/{case.number}/files/{scan.id}/")
        assert answer["Content-Type"] == "image/jpeg"
        assert "no-store" in answer["Cache-Control"] and "private" in answer["Cache-Control"]
        assert answer["Content-Disposition"].startswith("inline")
        assert Look.objects.filter(case_id=case.id, about_id=scan.id).count() == 1

    def test_a_scan_is_not_for_other_windows(self, client: Client, signed_in: SignIn, case: Case) -> None:
        _save(client, case, files__id_card=_picture())
        scan = queries.scans_of(case.id)[0]
        other = signed_in("clerk.510100").get(f"/desk/cases/{case.number}/files/{scan.id}/")
        assert other.status_code == 404
        assert not Look.objects.filter(case_id=case.id, about_id=scan.id).exists()

    def test_removes_a_scan(self, client: Client, case: Case) -> None:
        _save(client, case, files__id_card=_picture())
        answer = _save(client, case, do=f"unscan:{queries.scans_of(case.id)[0].id}")
        assert 'id="scans-id_card"' in _text(answer)
        assert queries.scans_of(case.id) == []

    def test_suggests_the_channel_by_what_is_scanned(self, client: Client, case: Case) -> None:
        text = _text(_save(client, case, name="张三"))
        assert 'value="post" checked' in text
        for material in queries.materials_of(case.id):
            answer = _save(client, case, **{f"files__{material.key}": _picture()})
        assert 'value="online" checked' in _text(answer)


class TestFinish:
    def _finish(self, client: Client, case: Case, do: str, **values: Any) -> Any:
        return _save(client, case, do=do, **values)

    def test_names_everything_that_is_missing_at_its_field(self, client: Client, case: Case) -> None:
        _choose(client, case)
        answer = self._finish(client, case, "receipt", channel="post")
        assert answer.status_code == 422
        assert '<p class="wrong" id="msg-f-name" hx-swap-oob="true">请填写申请人名称</p>' in _text(answer)
        assert 'id="msg-f-material-id_card" hx-swap-oob="true">“' in _text(answer)

    def test_a_suggested_channel_is_chosen_only_with_the_receipt(self, client: Client, case: Case) -> None:
        _choose(client, case)
        self._finish(client, case, "receipt", channel="post", suggested="post")
        case.refresh_from_db()
        assert case.channel == ""
        _fill(client, case)
        self._finish(client, case, "receipt", channel="post", suggested="post")
        case.refresh_from_db()
        assert case.channel == "post"

    @pytest.mark.article("P21(1)")
    def test_a_receipt_is_previewed_issued_and_printed(self, client: Client, case: Case) -> None:
        _fill(client, case)
        answer = self._finish(client, case, "receipt", channel="post")
        assert answer.status_code == 204, _text(answer)
        where = answer["HX-Redirect"]
        notice = Notice.objects.get(case=case)
        assert notice.issued_at is None
        assert "确认出具" in _text(client.get(where))
        issued = client.post(where + "issue/", {"_key": "issue"}, follow=True)
        assert "打印三份" in _text(issued)
        case.refresh_from_db()
        assert (case.state, case.channel) == ("received", "post")
        again = client.post(where + "issue/", {"_key": "issue"})
        assert again.status_code == 302
        assert Notice.objects.filter(case=case, issued_at__isnull=False).count() == 1

    @pytest.mark.article("P21(1)")
    def test_everything_missing_is_told_once_with_its_day(self, client: Client, case: Case) -> None:
        _fill(client, case)
        _save(client, case, do="phrase:photo:0")
        answer = self._finish(client, case, "correction", days="15")
        where = answer["HX-Redirect"]
        assert "近期免冠照片" in _text(client.get(where))
        client.post(where + "issue/", {"_key": "told"})
        assert CorrectionNotice.objects.get(case=case).days == 15

    @pytest.mark.parametrize("days", ["0", "61", "十", ""])
    def test_refuses_a_time_for_correction_that_is_none(self, client: Client, case: Case, days: str) -> None:
        _fill(client, case)
        _save(client, case, do="phrase:photo:0")
        answer = self._finish(client, case, "correction", days=days)
        assert answer.status_code == 422
        assert 'id="msg-f-days"' in _text(answer)

    def test_a_change_after_the_preview_asks_for_a_new_one(self, client: Client, case: Case) -> None:
        _fill(client, case)
        where = self._finish(client, case, "receipt", channel="post")["HX-Redirect"]
        _save(client, case, name="李四")
        answer = client.post(where + "issue/", {"_key": "old"})
        assert answer.status_code == 409
        assert "预览之后，办件内容有改动" in _text(answer)
        case.refresh_from_db()
        assert case.state == "drafting"

    def test_works_without_script(self, client: Client, case: Case) -> None:
        _fill(client, case)
        answer = _save(client, case, htmx=False, do="receipt", channel="post")
        assert answer.status_code == 302
        assert "确认出具" in _text(client.get(answer["Location"]))

    def test_a_withdrawal_needs_its_reason(self, client: Client, case: Case) -> None:
        assert self._finish(client, case, "withdraw", reason=" ").status_code == 422
        answer = self._finish(client, case, "withdraw", reason="材料不齐，改日再办")
        assert answer["HX-Redirect"] == f"/desk/cases/{case.number}/"
        case.refresh_from_db()
        assert case.state == "withdrawn"

    def test_the_notice_of_another_window_is_not_there(
        self, signed_in: SignIn, client: Client, case: Case
    ) -> None:
        _fill(client, case)
        where = self._finish(client, case, "receipt", channel="post")["HX-Redirect"]
        assert signed_in("clerk.510100").get(where).status_code == 404


class TestParts:
    """What an answer swaps in is what the whole page would show."""

    @pytest.mark.parametrize("part", ["missing", "sending", "papers", "what", "coming"])
    def test_a_swapped_part_equals_the_page(self, client: Client, case: Case, part: str) -> None:
        _choose(client, case)
        answer = _text(_save(client, case, circumstance="damaged"))
        page = _text(client.get(f"/desk/receive/{case.number}/"))
        assert _part(answer, part).replace(' hx-swap-oob="true"', "") == _part(page, part)


def _part(text: str, id_: str) -> str:
    start = text.index(f'id="{id_}"')
    return text[text.rindex("<section", 0, start) : text.index("</section>", start)]


class TestPresses:
    @pytest.mark.article("C2")
    def test_four_papers_take_at_most_thirty(self, client: Client, case: Case) -> None:
        """Beyond the applicant's own data; each entry is one press or fill with the effect it must have."""
        presses = 1  # 收件
        presses += 2  # search filled, item pressed
        _save(client, case, do=f"procedure:{Procedure.objects.get(key='015-1').id}")
        for count in (1, 2, 3):  # province, city, county
            presses += 1
            _save(client, case, **dict(list(CHENGDU.items())[:count]))
        presses += 1
        _save(client, case, circumstance="expired")
        _save(client, case, name="张三")
        _save(client, case, identity=IDENTITY)
        _save(client, case, phone="13812345678")
        for field in ({"form__vehicle_class": "C1"}, {"form__expires_on": "2027-01-15"}):
            _save(client, case, **field)
        presses += 1
        _save(client, case, is_identity_checked=["", "true"])
        materials = queries.materials_of(case.id)
        assert len(materials) == 4
        for material in materials:
            presses += 2  # scan chosen, 合格 pressed
            _save(client, case, **{f"files__{material.key}": _picture()})
            _save(client, case, do=f"pass:{material.key}")
        presses += 1
        _save(client, case, delivery_way="pick_up_receiving")
        presses += 2  # 收件, 确认出具
        where = _save(client, case, do="receipt", channel="online")["HX-Redirect"]
        client.post(where + "issue/", {"_key": "presses"})
        case.refresh_from_db()
        assert case.state == "received"
        assert presses <= 30


def test_a_story_case_is_editable(story: Story, guiyang: Actor, client: Client) -> None:
    story.do("open")
    assert client.get(f"/desk/receive/{story.case.number}/").status_code == 200
