"""What goes into the API, described for whoever writes a program against it."""

from typing import Any, Literal, get_args

from ninja import Schema
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from tongban.web.api.shapes import DivisionCode


class Input(Schema):
    """What a program sends: a field that we do not know is refused, never dropped."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _what_the_description_says(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse a truth value or digits in quotes for a number, and a number or a word for a truth value."""
        wanted = cls.model_fields[info.field_name or ""].annotation
        kinds = {wanted, *get_args(wanted)}
        if isinstance(value, bool | int | str) and type(value) not in kinds:
            if int in kinds:
                raise PydanticCustomError("int_type", "not a number")
            if bool in kinds:
                raise PydanticCustomError("bool_type", "not a truth value")
        return value


class OpenIn(Input):
    window_id: int | None = Field(None, description="收件窗口；只有一个窗口岗位的可以不填")


class SearchIn(Input):
    q: str = Field(
        "",
        max_length=120,
        description="业务编号、完整的证件号码或者姓名开头；不填：全部",
        examples=["11010519491231002X"],
    )
    after: str = Field("", max_length=20, description="上一页给出的 after")


class WordIn(Input):
    word: str = Field(max_length=100, description="日常说法，2 至 30 个字", examples=["驾照"])
    means: str = Field(max_length=200, description="清单用语，至多 60 个字", examples=["驾驶证"])


class ChoiceIn(Input):
    """What is applied for and where; what is not given stays as it is."""

    procedure_id: int | None = Field(None, examples=[21])
    home_code: DivisionCode | None = None
    level: Literal["province", "prefecture", "county"] | None = Field(
        None, description="实施层级；不清楚的不填，由最高层级办理（第七条）"
    )
    circumstance: str | None = Field(None, examples=["expired"])


class ChangesIn(Input):
    """What was typed; what is not given stays as it is, an empty text clears a field."""

    kind: Literal["person", "organisation"] = Field("person", description="申请人类别；改动会清空证件号码")
    name: str = Field("", examples=["测试甲"])
    identity_kind: str = Field(
        "", description="resident、passport、hk_macao、taiwan、residence_permit 或者 credit_code"
    )
    identity: str = Field(
        "", description="证件号码，加密保存，之后只显示遮盖的", examples=["11010519491231002X"]
    )
    is_identity_checked: bool = Field(False, description="已核验身份")
    contact_name: str = ""
    phone: str = Field("", examples=["13800000000"])
    legal_representative: str = ""
    has_agent: bool = False
    agent_name: str = ""
    agent_identity: str = ""
    has_agent_letter: bool = False
    form: dict[str, str] = Field(
        {},
        description=(
            "申请表各栏：编号 → 内容。地址（address）写作“12 位区划代码 空格 门牌”，选到县（市、区）；"
            "五省以外的写 12 个 0。文件（file）另行上传"
        ),
        examples=[{"licence_class": "C1"}],
    )
    channel: str = Field("", description="online、post 或者 online_paper", examples=["online_paper"])
    delivery_way: str = Field(
        "",
        description="post、pick_up_home 或者 pick_up_receiving；全程网办的另有 electronic",
        examples=["post"],
    )
    delivery_address: str = ""


class MarkIn(Input):
    """What was handed in for a material and what was found; what is not given stays as it is."""

    originals: int | None = Field(None, ge=0, le=999)
    copies: int | None = Field(None, ge=0, le=999)
    verdict: Literal["", "passed", "to_correct", "not_needed"] | None = Field(None, examples=["passed"])
    advice: str | None = Field(None, description="补正意见", examples=["复印件不清晰，请重新复印"])
    points: list[int] | None = None


class MaterialIn(Input):
    name: str = Field(
        min_length=1, max_length=200, description="属地要求而标准未列的材料", examples=["居住证明"]
    )


class NoticeIn(Input):
    kind: Literal["receipt", "correction"] = Field(description="receipt 收件通知书，correction 一次性告知书")
    days: int | None = Field(None, description="补正期限（日），一次性告知书必填", examples=[10])
    beyond_reason: str = Field(
        "", max_length=300, description="要求首次告知以外的材料的理由，只有窗口负责人可以填写"
    )


class StepIn(BaseModel):
    """The revision that was seen, and beside it whatever the step asks for (a `Schema` would drop that)."""

    model_config = ConfigDict(extra="allow")
    revision: int = Field(description="看到的 revision；别人已经办过的，会被拒绝并说明", examples=[3])


class RevealIn(Input):
    what: str = Field(
        "identity",
        description="identity 申请人证件号码，agent_identity 代理人证件号码，phone 联系电话，或者 form.栏名",
    )
    purpose: str = Field(
        min_length=2, max_length=200, description="查看目的，记入留痕", examples=["与原件核对"]
    )


class DayIn(Input):
    is_working: bool
    reason: str = Field(min_length=1, max_length=60, examples=["暴雪停班"])
    source: str = Field(min_length=1, max_length=200, description="依据", examples=["市政府通告"])
