"""The contact list as programs read it: authorities and windows, versions, and what each version changed."""

from ninja import Schema
from pydantic import Field

from tongban.web.api.shapes import DivisionCode, Moment


class ListedWindow(Schema):
    """A window on the published contact list."""

    id: int
    name: str
    kind: str = Field(description="hall 大厅窗口，outlet 网点")
    host: str = Field(description="网点依托：township、village、post、bank、broadcaster")
    code: DivisionCode
    place: str
    authority: str
    hall: str
    hall_address: str
    supervisor: str = Field(description="指导监督窗口（网点）")
    contact_name: str
    phone: str
    email: str = Field("", description="电子邮箱；没有登记的为空")
    address: str
    postcode: str
    hours: str = Field(examples=["09:00–12:00，13:00–17:00"])
    latitude: float | None = Field(None, description="纬度（WGS 84）；没有登记位置的为空")
    longitude: float | None = Field(None, description="经度（WGS 84）")


class ListedAuthority(Schema):
    """An authority on the published contact list."""

    id: int
    name: str
    code: DivisionCode
    place: str
    phone: str


class ContactListOut(Schema):
    """The contact list of all provinces as of a version (P13)."""

    number: int = Field(description="版本")
    published_at: Moment
    is_sample: bool
    provinces: list[str] = Field(description="列入的省份代码")
    authorities: list[ListedAuthority]
    windows: list[ListedWindow]


class ContactListVersionOut(Schema):
    """A version of the contact list."""

    number: int
    province: str
    published_at: Moment
    published_by: str
    note: str
    is_sample: bool


class FieldChange(Schema):
    label: str
    before: str
    after: str


class ChangeOut(Schema):
    """One row that differs from the version before."""

    what: str = Field(description="authority 或者 window")
    kind: str = Field(description="added、removed 或者 changed")
    name: str
    place: str
    fields: list[FieldChange]
