"""The contact list for everybody; authorities, halls and windows for those who keep them; staff and presence."""

import datetime
from typing import Any, Literal

from django.conf import settings
from ninja import Router, Schema
from ninja.params.functions import Path, Query
from pydantic import Field

from tongban.cases.operations import windows as closing
from tongban.directory import contacts, rules
from tongban.directory.models import Authority, Equipment, Hall
from tongban.kernel import worktime
from tongban.people import keeping, staff
from tongban.people.models import Post
from tongban.web.api.bodies import Input
from tongban.web.api.contact_shapes import ChangeOut, ContactListOut, ContactListVersionOut
from tongban.web.api.shapes import DivisionCode, Done
from tongban.web.api.writing import counts_once
from tongban.web.kit import requests
from tongban.web.kit.requests import TongbanRequest

router = Router(tags=["地方和联络清单"])
Id = Path(ge=1, le=2**62, description="编号")


class EquipmentOut(Schema):
    kind: str
    name: str
    is_present: bool
    checked_on: datetime.date | None


class KeptWindow(Schema):
    """A window with what those who run it see."""

    id: int
    name: str
    kind: str
    division_code: str
    authority_id: int
    hall_id: int
    supervisor_id: int | None
    contact_name: str
    phone: str
    email: str
    address: str
    postcode: str
    opens_at: str
    break_from_at: str
    break_until_at: str
    closes_at: str
    latitude: float | None
    longitude: float | None
    is_listed: bool = Field(description="在已发布的联络清单内")
    is_closed: bool
    successor_id: int | None = Field(description="正在移交或者已经移交给的窗口")
    open_cases: int = Field(description="没有办结的办件")
    equipment: list[EquipmentOut]


class AuthorityIn(Input):
    name: str | None = Field(None, max_length=120)
    phone: str | None = Field(None, max_length=30, examples=["0851-86891234"])


class HallIn(Input):
    name: str | None = Field(None, max_length=120)
    address: str | None = Field(None, max_length=200)


class WindowIn(Input):
    """What is not given stays as it is; hours as 09:00."""

    name: str | None = None
    contact_name: str | None = None
    phone: str | None = Field(None, examples=["0851-86891234"])
    email: str | None = Field(
        None, description="电子邮箱，随联络清单公布；空字符串去掉", examples=["window@example.gov.cn"]
    )
    address: str | None = None
    postcode: str | None = Field(None, examples=["550001"])
    opens_at: str | None = Field(None, examples=["09:00"])
    break_from_at: str | None = Field(None, examples=["12:00"])
    break_until_at: str | None = Field(None, examples=["13:00"])
    closes_at: str | None = Field(None, examples=["17:00"])
    latitude: float | None = Field(None, ge=18, le=54, description="纬度（WGS 84）", examples=[26.64702])
    longitude: float | None = Field(None, ge=73, le=136, description="经度（WGS 84）", examples=[106.63024])


class NewWindowIn(WindowIn):
    host: str = Field("", description="网点依托：township、village、post、bank、broadcaster；大厅窗口不填")
    supervisor_id: int | None = Field(None, description="网点的指导监督窗口")
    division_code: DivisionCode | None = Field(None, description="网点所在区划；不填为机构所在区划")


class EquipmentIn(Input):
    found: dict[str, bool] = Field(examples=[{"camera": True, "headset": False}])
    bandwidth: int | None = Field(None, ge=0, le=1_000_000, description="电子政务外网带宽，M；100 以上为达标")


class WindowDayIn(Input):
    opens_at: str = Field("", description="不填：全天不办公")
    closes_at: str = ""
    reason: str = Field(examples=["停电检修"])


class CloseIn(Input):
    reason: str = Field(max_length=200)
    successor_id: int | None = Field(None, description="承接窗口；还有未办结的办件时必填，全部移交过去")


class PublishIn(Input):
    note: str = Field("", max_length=300)


class PostIn(Input):
    account: str = Field(examples=["wang.li"])
    name: str = Field(examples=["王丽"])
    phone: str = ""
    role: Literal["clerk", "lead"]
    from_on: datetime.date


class EndIn(Input):
    until_on: datetime.date


class TrainingIn(Input):
    title: str = Field(examples=["跨省通办操作规程"])
    passed_on: datetime.date


class StaffOut(Schema):
    """A post at a window and who holds it."""

    post_id: int
    account: str
    name: str
    role: str
    window_id: int | None
    from_on: datetime.date
    until_on: datetime.date | None


class PresenceIn(Input):
    is_present: bool
    window_id: int | None = Field(None, description="在几个窗口有岗位的，说明在哪个窗口")


class Made(Schema):
    id: int


@router.get(
    "/contact-list",
    response=ContactListOut,
    auth=None,
    operation_id="contactList",
    summary="窗口联络清单",
    description="现行的联络清单，或者某一旧版；公开，不需要令牌（第十三条）。",
)
def contact_list(
    request: TongbanRequest,
    version: int | None = Query(None, ge=1, le=2**31 - 1, description="版本；不填为现行版本"),
) -> dict[str, Any]:
    """Give the contact list."""
    whole = contacts.whole(version)
    if whole is None:
        raise rules.UnknownList(number=1)
    return {
        "number": whole.number,
        "published_at": whole.published_at,
        "is_sample": any(part.is_sample for part in whole.parts),
        "provinces": [part.province_id for part in whole.parts],
        "authorities": whole.authorities,
        "windows": whole.windows,
    }


@router.get(
    "/contact-list/versions",
    response=list[ContactListVersionOut],
    auth=None,
    operation_id="contactListVersions",
    summary="联络清单的版本",
    description="历次版本，新的在前，每页 50 个；公开。",
)
def contact_versions(
    request: TongbanRequest,
    before: int | None = Query(None, ge=1, le=2**31 - 1, description="上一页最后一个版本"),
) -> list[dict[str, Any]]:
    """List the versions of the contact list."""
    return [_version(v) for v in contacts.versions(before=before)]


def _version(row: Any) -> dict[str, Any]:
    by = " ".join(filter(None, [row.published_by_place, row.published_by_name]))
    return {
        "number": row.number,
        "province": row.province_id,
        "published_at": row.published_at,
        "published_by": by,
        "note": row.note,
        "is_sample": row.is_sample,
    }


@router.get(
    "/contact-list/versions/{number}/changes",
    response=list[ChangeOut],
    auth=None,
    operation_id="contactListChanges",
    summary="某一版改了什么",
    description="与该省上一次发布的相比；公开。",
)
def contact_changes(
    request: TongbanRequest, number: int = Path(ge=1, le=2**31 - 1, description="版本")
) -> list[dict[str, Any]]:
    """Say what a version changed."""
    return [_change(c) for c in contacts.changes_of(number)]


def _change(change: contacts.Change) -> dict[str, Any]:
    fields = [{"label": label, "before": before, "after": after} for label, before, after in change.fields]
    return {
        "what": change.what,
        "kind": change.kind,
        "name": change.name,
        "place": change.place,
        "fields": fields,
    }


@router.post(
    "/contact-list/provinces/{code}",
    response=ContactListVersionOut,
    operation_id="publishContactList",
    summary="发布本省的联络清单",
    description="把本省各机构维护的内容发布为新版本（第十三条），省级管理机构办理。",
)
@counts_once
def publish(
    request: TongbanRequest, payload: PublishIn, code: str = Path(pattern=r"^\d{12}$", description="省份代码")
) -> dict[str, Any]:
    """Publish a province's part."""
    row = keeping.publish(
        code,
        note=payload.note,
        with_samples=settings.TONGBAN_PRACTICE,
        by=request.actor,
        at=requests.time_of(request),
    )
    return _version(row)


@router.patch(
    "/authorities/{authority_id}",
    response=Made,
    operation_id="saveAuthority",
    summary="修改本机构",
    description="机构名称和电话；只有本机构的管理人员可以改。",
)
@counts_once
def save_authority(request: TongbanRequest, payload: AuthorityIn, authority_id: int = Id) -> Authority:
    """Change one's own authority."""
    values = payload.model_dump(exclude_none=True)
    return keeping.save_authority(authority_id, values, by=request.actor, at=requests.time_of(request))


@router.post(
    "/authorities/{authority_id}/halls",
    response=Made,
    operation_id="openHall",
    summary="增加大厅",
    description="为本机构增加一个政务服务大厅。",
)
@counts_once
def open_hall(request: TongbanRequest, payload: HallIn, authority_id: int = Id) -> Hall:
    """Add a hall."""
    values = payload.model_dump(exclude_none=True)
    return keeping.open_hall(authority_id, values, by=request.actor, at=requests.time_of(request))


@router.patch(
    "/halls/{hall_id}",
    response=Made,
    operation_id="saveHall",
    summary="修改大厅",
    description="大厅名称和地址。",
)
@counts_once
def save_hall(request: TongbanRequest, payload: HallIn, hall_id: int = Id) -> Hall:
    """Change a hall."""
    values = payload.model_dump(exclude_none=True)
    return keeping.save_hall(hall_id, values, by=request.actor, at=requests.time_of(request))


@router.post(
    "/halls/{hall_id}/windows",
    response=KeptWindow,
    operation_id="openWindow",
    summary="增加窗口或者网点",
    description="增加大厅窗口，或者由窗口指导监督的网点（第九条、第十四条）；省级发布后列入联络清单。",
)
@counts_once
def open_window(request: TongbanRequest, payload: NewWindowIn, hall_id: int = Id) -> dict[str, Any]:
    """Add a window or an outlet."""
    values = payload.model_dump(exclude_none=True)
    more = {
        "host": values.pop("host", ""),
        "supervisor_id": values.pop("supervisor_id", None),
        "division_code": values.pop("division_code", ""),
    }
    row = keeping.open_window(hall_id, values, **more, by=request.actor, at=requests.time_of(request))
    return _kept(row.id, request)


@router.get(
    "/windows/{window_id}",
    response=KeptWindow,
    operation_id="getWindow",
    summary="窗口的全部情况",
    description="本地和上级管理机构、协调小组、本窗口人员可以看。",
)
def get_window(request: TongbanRequest, window_id: int = Id) -> dict[str, Any]:
    """Give a window with what is not public."""
    return _kept(window_id, request)


@router.patch(
    "/windows/{window_id}",
    response=KeptWindow,
    operation_id="saveWindow",
    summary="修改窗口",
    description="联系方式、办公时间和位置；办公时间改了，正在计时的期限随之重算。位置要么两个都填，要么都为空（去掉位置）。",
)
@counts_once
def save_window(request: TongbanRequest, payload: WindowIn, window_id: int = Id) -> dict[str, Any]:
    """Change a window."""
    values = payload.model_dump(exclude_none=True)
    # Named and empty: the position is taken away.
    values |= {n: "" for n in ("latitude", "longitude") if n in payload.model_fields_set - values.keys()}
    keeping.save_window(window_id, values, by=request.actor, at=requests.time_of(request))
    return _kept(window_id, request)


def _kept(window_id: int, request: TongbanRequest) -> dict[str, Any]:
    row = keeping.window_seen(window_id, by=request.actor)
    there = {e.kind: e for e in row.equipment.all()}
    hours = {
        n: f"{v:%H:%M}" if (v := getattr(row, n)) else ""
        for n in ("opens_at", "break_from_at", "break_until_at", "closes_at")
    }
    return {
        **{n: getattr(row, n) for n in ("id", "name", "kind", "contact_name", "phone")},
        **{n: getattr(row, n) for n in ("email", "address", "postcode")},
        **hours,
        "latitude": row.latitude,
        "longitude": row.longitude,
        "division_code": row.division_id,
        "authority_id": row.hall.authority_id,
        "hall_id": row.hall_id,
        "supervisor_id": row.supervisor_id,
        "is_listed": row.is_open,
        "is_closed": row.closed_at is not None,
        "successor_id": row.successor_id,
        "open_cases": closing.open_cases_of(row.id),
        "equipment": [
            {
                "kind": kind,
                "name": str(name),
                "is_present": kind in there and there[kind].is_present,
                "checked_on": there[kind].checked_on if kind in there else None,
            }
            for kind, name in Equipment.KINDS
        ],
    }


@router.put(
    "/windows/{window_id}/equipment",
    response=KeptWindow,
    operation_id="checkEquipment",
    summary="登记设备配备",
    description="按检查清单登记（第九条、第十九条）；没有提到的保持原样。",
)
@counts_once
def check_equipment(request: TongbanRequest, payload: EquipmentIn, window_id: int = Id) -> dict[str, Any]:
    """Note the equipment of a window."""
    at = requests.time_of(request)
    on = at.astimezone(worktime.BEIJING).date()
    keeping.check_equipment(
        window_id, payload.found, bandwidth=payload.bandwidth, on=on, by=request.actor, at=at
    )
    return _kept(window_id, request)


@router.put(
    "/windows/{window_id}/days/{on}",
    response=Done,
    operation_id="setWindowDay",
    summary="窗口某日停办或者改变时间",
    description="只告知公众，不影响法定期限的计算。",
)
@counts_once
def set_window_day(
    request: TongbanRequest, payload: WindowDayIn, on: datetime.date, window_id: int = Id
) -> dict[str, Any]:
    """Say that a window is closed on a day, or keeps other hours."""
    keeping.set_window_day(
        window_id, on=on, **payload.model_dump(), by=request.actor, at=requests.time_of(request)
    )
    return {"done": True}


@router.delete(
    "/windows/{window_id}/days/{on}",
    response=Done,
    operation_id="clearWindowDay",
    summary="撤销窗口某日的安排",
    description="恢复平常的办公时间。",
)
@counts_once
def clear_window_day(request: TongbanRequest, on: datetime.date, window_id: int = Id) -> dict[str, Any]:
    """Take a day of a window back."""
    keeping.clear_window_day(window_id, on=on, by=request.actor, at=requests.time_of(request))
    return {"done": True}


@router.post(
    "/windows/{window_id}/closing",
    response=KeptWindow,
    operation_id="closeWindow",
    summary="撤销窗口",
    description="没有未办结办件的直接撤销；有的，必须指定承接窗口，全部办件逐件移交，状态和期限不变。",
)
@counts_once
def close_window(request: TongbanRequest, payload: CloseIn, window_id: int = Id) -> dict[str, Any]:
    """Close a window, or hand its cases over and close it."""
    by, at = request.actor, requests.time_of(request)
    keeping.window_seen(window_id, by=by)
    if payload.successor_id is None:
        closing.close(window_id, reason=payload.reason, by=by, at=at)
    else:
        closing.hand_over(window_id, successor_id=payload.successor_id, reason=payload.reason, by=by, at=at)
    return _kept(window_id, request)


@router.post(
    "/windows/{window_id}/posts",
    response=StaffOut,
    operation_id="givePost",
    summary="安排窗口岗位",
    description="辖区内窗口的窗口人员和负责人，由当地或者上级管理机构安排。",
)
@counts_once
def give_post(request: TongbanRequest, payload: PostIn, window_id: int = Id) -> dict[str, Any]:
    """Put somebody on a post."""
    keeping.window_seen(window_id, by=request.actor)
    post = staff.give_post(window_id, **payload.model_dump(), by=request.actor, at=requests.time_of(request))
    return _post(post)


def _post(post: Post) -> dict[str, Any]:
    return {
        "post_id": post.pk,
        "account": post.person.account,
        "name": post.person.name,
        "role": post.role,
        "window_id": post.window_id,
        "from_on": post.valid_from_on,
        "until_on": post.valid_until_on,
    }


@router.post(
    "/posts/{post_id}/end",
    response=StaffOut,
    operation_id="endPost",
    summary="结束岗位",
    description="从所填日期起不再任职。",
)
@counts_once
def end_post(request: TongbanRequest, payload: EndIn, post_id: int = Id) -> dict[str, Any]:
    """End a post."""
    return _post(
        staff.end_post(post_id, until_on=payload.until_on, by=request.actor, at=requests.time_of(request))
    )


@router.post(
    "/posts/{post_id}/trainings",
    response=Made,
    operation_id="addTraining",
    summary="登记培训",
    description="岗位上的人完成的培训。",
)
@counts_once
def add_training(request: TongbanRequest, payload: TrainingIn, post_id: int = Id) -> Any:
    """Record a training."""
    return staff.add_training(post_id, **payload.model_dump(), by=request.actor, at=requests.time_of(request))


@router.get(
    "/staff",
    response=list[StaffOut],
    operation_id="listStaff",
    summary="辖区窗口人员",
    description="按地方排列，每页 50 人。",
)
def list_staff(
    request: TongbanRequest,
    q: str = Query("", max_length=60, description="姓名、账号或者窗口名称"),
    after: str = Query("", pattern=r"^(\d{12}-\d{1,18})?$", description="上一页最后一行：区划代码-岗位编号"),
) -> list[dict[str, Any]]:
    """List the staff of the person's area."""
    on = requests.time_of(request).astimezone(worktime.BEIJING).date()
    code, _dash, id_ = after.partition("-")
    rows = staff.page_of(
        staff.under(request.actor, on=on), words=q.strip(), after=(code, int(id_)) if after else None
    )
    return [_post(post) for post in rows[: staff.PAGE]]


@router.put(
    "/presence",
    response=Done,
    operation_id="markPresence",
    summary="登记在岗、离岗",
    description="窗口人员自己登记；当天结束自动失效。",
)
@counts_once
def mark_presence(request: TongbanRequest, payload: PresenceIn) -> dict[str, Any]:
    """Mark oneself as on duty, or no longer."""
    at = requests.time_of(request)
    if payload.is_present:
        staff.mark_present(window_id=payload.window_id, by=request.actor, at=at)
        return {"done": True}
    return {"done": staff.mark_away(by=request.actor, at=at)}
