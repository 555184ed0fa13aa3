"""Two windows in two provinces, one matter, and a paper case that is ready for either form."""

import datetime
from typing import Any

from tests.notices.conftest import AT
from tongban.cases.models import Case
from tongban.cases.operations import intake
from tongban.catalogue.models import AcceptanceStandard, Item, Procedure
from tongban.directory import queries as directory
from tongban.directory.models import Authority, CalendarYear, Division, Hall, Window
from tongban.people.actors import Actor, HeldPost
from tongban.people.roles import Role

RECEIVING, HOME = "520102000000", "510107000000"
_NAMES = {
    "520000000000": ("贵州省", "province"),
    "520100000000": ("贵阳市", "prefecture"),
    RECEIVING: ("南明区", "county"),
    "510000000000": ("四川省", "province"),
    "510100000000": ("成都市", "prefecture"),
    HOME: ("武侯区", "county"),
}
_CONTENT = {
    "material": [
        {"key": "id", "name": "居民身份证", "originals": 1, "copies": 0, "returned": True},
        {"key": "licence", "name": "机动车驾驶证", "originals": 1, "copies": 0},
        {"key": "health", "name": "身体条件证明", "originals": 1, "copies": 1},
    ]
}


def clerk_at(window: Window, *, id_: int = 101, name: str = "李四") -> Actor:
    """Give a clerk who holds a post at the window and nowhere else."""
    post = HeldPost(Role.CLERK, window_id=window.id, place=window.name, division_code=window.division_id)
    return Actor(id=id_, name=name, posts=(post,))


def windows() -> tuple[Window, Window]:
    """Give the receiving and the home window, making both with all that stands above them."""
    first = datetime.date(2000, 1, 1)
    above: dict[int, Division] = {}
    for code, (name, level) in _NAMES.items():
        depth = {"province": 2, "prefecture": 4, "county": 6}[level]
        parent = above.get(depth - 2)
        full = (parent.full_name if parent else "") + name
        said = {"name": name, "full_name": full, "level": level, "parent": parent, "valid_from_on": first}
        above[depth], _ = Division.objects.get_or_create(code=code, defaults=said)
    for year in (2026, 2027):
        CalendarYear.objects.get_or_create(year=year, defaults={"source": "示例"})
    directory.forget()
    return _window(RECEIVING), _window(HOME)


def _window(code: str) -> Window:
    known = directory.window_of(code)
    if known is not None:
        return known
    division = Division.objects.get(code=code)
    authority = Authority.objects.create(
        kind="management", name=f"{division.full_name}政务服务中心", division=division
    )
    hall = Hall.objects.create(
        authority=authority, name=f"{division.full_name}政务服务大厅", address="示例路1号"
    )
    return Window.objects.create(
        hall=hall,
        division=division,
        name=f"{division.full_name}政务服务大厅“跨省通办”窗口",
        phone="0851-85810000",
        address="示例路1号",
        opens_at=datetime.time(9),
        closes_at=datetime.time(17),
    )


def case_under_review(*, by: Actor, phone: str = "13812345678") -> Case:
    """Give a case whose every material has passed, ready to be received."""
    case = intake.open_case(by=by, at=AT)
    intake.choose(case.id, procedure_id=_procedure().id, home_code=HOME, by=by, at=AT)
    changes: dict[str, Any] = {
        "name": "张三",
        "identity": "11010519491231002X",
        "contact_name": "王五",
        "phone": phone,
        "channel": "online",
        "delivery_way": "pick_up_receiving",
    }
    intake.save(case.id, changes, by=by, at=AT)
    intake.save(case.id, {"is_identity_checked": True}, by=by, at=AT)
    for key in ("id", "licence", "health"):
        intake.mark_material(case.id, key=key, verdict="passed", by=by, at=AT)
    case.refresh_from_db()
    return case


def _procedure() -> Procedure:
    item, _ = Item.objects.get_or_create(
        seq=15, defaults={"name": "机动车驾驶证换证", "lead_department": "公安部门", "source": "示例"}
    )
    procedure = Procedure.objects.create(
        item=item,
        key="notice-test",
        name="机动车驾驶证期满换证",
        statutory_name="机动车驾驶证核发、审验",
        kind="行政许可",
        levels=["county"],
        applicants=["person"],
        modes=["collected"],
        fee="",
        delivery=["pick_up_receiving"],
    )
    AcceptanceStandard.objects.create(
        procedure=procedure,
        stage=3,
        version=1,
        effective_from_on=datetime.date(2020, 1, 1),
        legal_limit=20,
        promised_limit=5,
        content=_CONTENT,
        digest=b"notice-test".ljust(32),
        is_sample=True,
    )
    return procedure
