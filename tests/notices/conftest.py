import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from tongban.kernel import ids
from tongban.notices.wording import FormData, Kind, Material

AT = datetime.datetime(2026, 11, 23, 1, 12, tzinfo=datetime.UTC)

MakeForm = Callable[..., FormData]


@pytest.fixture(autouse=True)
def own_keys(settings: Settings, tmp_path: Path) -> None:
    """Give every test files and keys of its own, and an address that no machine has."""
    settings.TONGBAN_FILES = tmp_path / "files"
    settings.TONGBAN_KEYS = tmp_path / "keys"
    settings.TONGBAN_ADDRESS = "https://tongban.example"


@pytest.fixture
def make_form() -> MakeForm:
    """Give a function that makes a receipt (or, with `kind`, a correction notice) that says what is given."""

    def make(kind: str = Kind.RECEIPT, **changes: Any) -> FormData:
        case_id = ids.new_id(AT)
        said: dict[str, Any] = {
            "kind": kind,
            "serial": ids.new_id(AT),
            "case_id": case_id,
            "number": ids.number_of(case_id),
            "opened_at": AT,
            "receiving_window": "贵阳市南明区政务服务大厅“跨省通办”窗口",
            "home_window": "成都市武侯区政务服务大厅“跨省通办”窗口",
            "applicant": "张三",
            "item": "机动车驾驶证换证",
            "statutory_item": "机动车驾驶证核发、审验",
            "contact": "王五",
            "phone": "13800000000",
            "legal_limit": 20,
            "promised_limit": 1,
            "materials": (
                Material("居民身份证", 1, 0),
                Material("机动车驾驶证", 0, 1),
                Material("照片", 1, 1),
            ),
            "clerk": "李四",
            "issued_at": AT,
            "window_phone": "0851-85810000",
        }
        if kind == Kind.CORRECTION:
            said |= {"days": 10, "due_on": datetime.date(2026, 12, 3)}
            said["materials"] = (
                Material("居民身份证", 1, 0),
                Material("身体条件证明", 0, 1, advice="请补交原件", passed=False),
            )
        return FormData(**(said | changes))

    return make
