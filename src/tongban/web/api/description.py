"""The OpenAPI description, completed with what the framework cannot know: keys, refusals, bodies of steps."""

from typing import Any

from django.utils.translation import gettext as _

from tongban.cases.states import STEPS
from tongban.web.api import shapes
from tongban.web.api.writing import KEY_PARAMETER
from tongban.web.kit import verbs

TITLE = "通办接口"
VERSION = "1"
ABOUT = (
    "西南五省“跨省通办”窗口业务接口。窗口人员在页面上能办的，都可以通过接口办理，用的是同样的业务规则。\n"
    "每个请求带 Authorization: Bearer 令牌；令牌由 tongban token 账号 签发，权限与账号的岗位相同。\n"
    "每个写请求带 Idempotency-Key：同一个键同样的内容只办一次，"
    "重发得到同样的答复，并带 Idempotent-Replay 响应头；"
    "同一个键不同的内容被拒绝（409）。被拒绝的请求什么都没有改，可以用同一个键重试。\n"
    "拒绝一律是 JSON：code 供程序判断，message 是给人看的一句话，fields 是各栏的问题。\n"
    "时间是 ISO 8601 格式的北京时间；业务编号的每一位都可校验，抄错会被指出。"
)
_WRITES = ("post", "put", "patch", "delete")
_WITHOUT_KEY = (
    "findCases",
    "revealIdentity",
    "reportMessage",
    "getProgress",
    "rateCase",
    "followComplaint",
    "judgeComplaint",
)
_REFUSALS = {
    "400": "请求读不出来：不是 UTF-8 编码的 JSON，或者传输中残缺",
    "401": "没有有效的令牌",
    "403": "岗位不能办理",
    "404": "没有，或者看不到",
    "409": "轮不到这一步、别人已经办过，或者幂等键已用于别的请求",
    "422": "内容不完整或者不对，见 fields",
}
_FAILURES = {
    "500": "系统出错，没有办成",
    "503": "文件没有保存成功，稍后用同一个 Idempotency-Key 重试",
    "507": "存储空间已满，文件没有保存成功",
}
_KEEP_FILES = ("addScan", "addFormFile", "addHelpFile", "prepareNotice", "issueNotice", "takeStep")
_LIMITED = ("getProgress", "rateCase", "fileComplaint", "followComplaint", "judgeComplaint", "beginHelp")
_PARTS = {
    "number": "业务编号",
    "seq": "清单序号",
    "procedure_id": "办理项编号",
    "key": "材料编号",
    "field": "申请表的栏名",
    "scan": "扫描件编号",
    "serial": "文书编号",
    "step": "步骤代码，见 GET /steps",
    "on": "日期",
}
_SHAPES: dict[str, dict[str, Any]] = {
    "date": {"type": "string", "format": "date", "examples": ["2026-11-23"]},
    "days": {"type": "integer", "minimum": 0, "examples": [10]},
    "division": {"type": "string", "pattern": r"^\d{12}$", "examples": ["510107000000"]},
    "keys": {"type": "array", "items": {"type": "string"}, "examples": [["id_card"]]},
    "advice": {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["key", "advice"],
            "properties": {"key": {"type": "string"}, "advice": {"type": "string"}},
        },
        "examples": [[{"key": "id_card", "advice": "请补交清晰的复印件"}]],
    },
    "found": {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["key", "finding"],
            "properties": {
                "key": {"type": "string"},
                "finding": {"type": "string", "enum": ["ok", "missing", "damaged", "extra"]},
                "originals": {"type": "integer"},
                "copies": {"type": "integer"},
                "name": {"type": "string", "description": "多出的材料写名称"},
                "note": {"type": "string"},
            },
        },
        "examples": [[{"key": "id_card", "finding": "ok", "originals": 1, "copies": 1}]],
    },
}


def complete(schema: dict[str, Any]) -> dict[str, Any]:
    """Add keys, refusals and the steps' bodies to the framework's description, and give it."""
    schemas = schema["components"]["schemas"]
    schemas["Problem"] = _problem()
    for operations in schema["paths"].values():
        for method, operation in operations.items():
            _complete_operation(operation, writes=method in _WRITES)
            if operation["operationId"] == "takeStep":
                operation["requestBody"] = _step_bodies(schemas)
    return schema


def _problem() -> dict[str, Any]:
    return shapes.Problem.json_schema()


def _complete_operation(operation: dict[str, Any], *, writes: bool) -> None:
    for parameter in operation["parameters"]:
        examples = parameter.pop("examples", None)  # a list is right in a schema and wrong here
        if isinstance(examples, list) and examples:
            parameter["example"] = examples[0]
        if parameter["name"] == "step":
            parameter["schema"]["enum"] = list(verbs.VERBS)
        if parameter["in"] == "path":
            parameter.setdefault("description", _PARTS.get(parameter["name"], ""))
    known = {p["name"] for p in operation["parameters"]}
    if writes and operation["operationId"] not in _WITHOUT_KEY and "Idempotency-Key" not in known:
        operation["parameters"].append(KEY_PARAMETER)
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    failures = _FAILURES if operation["operationId"] in _KEEP_FILES else {"500": _FAILURES["500"]}
    if operation["operationId"] in _LIMITED:
        failures = {"429": "次数过多，稍后再试", **failures}
    for status, sentence in {**_REFUSALS, **failures}.items():
        operation["responses"].setdefault(status, {"description": sentence, "content": content})


def _step_bodies(schemas: dict[str, Any]) -> dict[str, Any]:
    """Describe the body of every step as a schema of its own: Step_<name>."""
    for name in verbs.VERBS:
        schemas[f"Step_{name}"] = _step_body(name)
    any_of = [{"$ref": f"#/components/schemas/Step_{name}"} for name in verbs.VERBS]
    return {"required": True, "content": {"application/json": {"schema": {"anyOf": any_of}}}}


def _step_body(name: str) -> dict[str, Any]:
    revision = {"type": "integer", "description": _("看到的 revision"), "examples": [3]}
    asks = verbs.VERBS[name].asks
    return {
        "type": "object",
        "title": f"{STEPS[name].label}（{name}）",
        "additionalProperties": False,
        "required": ["revision", *(ask.name for ask in asks if ask.required)],
        "properties": {"revision": revision, **{ask.name: _asked(ask) for ask in asks}},
    }


def _asked(ask: verbs.Ask) -> dict[str, Any]:
    shape = dict(_SHAPES.get(ask.type, {"type": "string"}))
    if ask.name.endswith("_id"):
        shape = {"type": "integer", "description": _("可选的见办件的 steps")}
    elif ask.choices:
        shape["enum"] = [value for value, _label in ask.choices(None)]  # type: ignore[arg-type]
    words = [str(ask.label), str(ask.help)]
    return {**shape, "description": "；".join(w for w in [*words, shape.get("description", "")] if w)}
