"""Another province joins by loading a file: Guangxi; a case goes from Guiyang to Nanning and is accepted there."""

import datetime

import pytest

from tests.stories import Story, actor
from tongban.cases.states import State
from tongban.command import places as command
from tongban.command.problems import Problem
from tongban.directory import book_sheets, contacts, queries
from tongban.directory.models import Division, Window
from tongban.kernel import sheets
from tongban.people import staff
from tongban.people.actors import Actor, HeldPost
from tongban.people.roles import Role

pytestmark = pytest.mark.django_db
GUANGXI, NANNING, QINGXIU = "450000000000", "450100000000", "450103000000"
PLACES = {
    GUANGXI: ("广西壮族自治区", "province", "", "广西壮族自治区"),
    NANNING: ("南宁市", "prefecture", GUANGXI, "南宁市"),
    QINGXIU: ("青秀区", "county", NANNING, "南宁市青秀区"),
}


def workbook(**wrong: str) -> bytes:
    """The file that Guangxi hands in."""
    divisions = [
        {"code": code, "name": name, "level": level, "parent": parent}
        for code, (name, level, parent, _short) in PLACES.items()
    ]
    authorities = [
        {"code": code, "name": f"{short}政务服务中心", "phone": "0771-5595000"}
        for code, (_n, _l, _p, short) in PLACES.items()
    ]
    halls = [
        {"code": code, "name": f"{short}政务服务大厅", "address": f"{short}政务服务大厅"}
        for code, (_n, _l, _p, short) in PLACES.items()
    ]
    windows = [
        {
            "code": code,
            "hall": f"{short}政务服务大厅",
            "kind": "hall",
            "name": f"{short}“跨省通办”窗口",
            "phone": "0771-5595001",
            "address": f"{short}政务服务大厅一楼",
            "postcode": "530000",
            "opens_at": "09:00",
            "closes_at": "17:00",
            **wrong,
        }
        for code, (_n, _l, _p, short) in PLACES.items()
    ]
    days: list[dict[str, str]] = []  # on which a window keeps other hours: none
    rows = [divisions, authorities, halls, windows, days]
    return sheets.write(
        list(zip(book_sheets.SHEETS, rows, strict=True)), title="广西", about=book_sheets.ABOUT
    )


def manager_of(code: str) -> Actor:
    window = Window.objects.select_related("hall__authority__division").get(division_id=code)
    authority = window.hall.authority
    post = HeldPost(Role.MANAGER, None, authority.id, authority.name, code, authority.division.prefix)
    return Actor(id=10**9, name="管理员", posts=(post,))


class TestGuangxi:
    @pytest.mark.article("A1", "P29", "W16")
    def test_joins_by_a_file_and_decides_a_case_from_guiyang(self, at: datetime.datetime) -> None:
        said = command.load(workbook(), publish=True)
        assert said[-1] == f"{Division.objects.count()} divisions, 572 windows"
        queries.forget()
        whole = contacts.whole()
        assert whole is not None
        assert [part.province_id for part in whole.parts][-1] != whole.parts[0].province_id
        assert GUANGXI in {part.province_id for part in whole.parts}
        window = Window.objects.get(division_id=NANNING)
        staff.give_post(
            window.id,
            account="nanning.1",
            name="覃某",
            role="clerk",
            from_on=at.date(),
            by=manager_of(NANNING),
            at=at,
        )
        story = Story(at=at, home="nanning.1", home_code=QINGXIU).lead_to("arrived")
        assert story.case.home_window_id == window.id
        story.do("accept")
        assert story.case.state == State.APPROVAL

    @pytest.mark.article("A1")
    def test_receives_for_others_too(self, at: datetime.datetime) -> None:
        command.load(workbook(), publish=True)
        window = Window.objects.get(division_id=QINGXIU)
        staff.give_post(
            window.id,
            account="qingxiu.1",
            name="韦某",
            role="clerk",
            from_on=at.date(),
            by=manager_of(QINGXIU),
            at=at,
        )
        story = Story(at=at, receiver="qingxiu.1").lead_to("approval")
        assert story.case.receiving_window_id == window.id

    def test_loaded_again_changes_nothing(self) -> None:
        command.load(workbook(), publish=True)
        assert command.load(workbook(), publish=True) == ["0 added, 0 changed, 0 taken back, 12 as they were"]

    def test_is_loaded_whole_or_not_at_all(self) -> None:
        with pytest.raises(Problem, match="窗口 3 电话"):
            command.load(workbook(phone="?"), publish=True)
        assert not Window.objects.filter(division__code__startswith="45").exists()
        assert actor("clerk.520103").id
