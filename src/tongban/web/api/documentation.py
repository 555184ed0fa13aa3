"""The API's documentation as a page that reads without a script: rendered here from the description."""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.template import Context, Engine
from django.utils import translation
from django.views.decorators.http import require_safe

HERE = Path(__file__).resolve().parent
_ENGINE = Engine(dirs=[str(HERE / "templates")], autoescape=True)


def page_of(describe: Callable[[], Mapping[str, Any]]) -> Callable[[HttpRequest], HttpResponse]:
    """Give the view that shows a description to people; it is rendered once for each language."""
    rendered = functools.lru_cache(maxsize=4)(lambda language: _rendered(describe()))

    @login_not_required
    @require_safe
    def page(request: HttpRequest) -> HttpResponse:
        return HttpResponse(rendered(translation.get_language()))

    return page


@login_not_required
@require_safe
def style(request: HttpRequest) -> HttpResponse:
    """Give the page's own style sheet."""
    response = HttpResponse(
        (HERE / "templates/api/docs.css").read_bytes(), content_type="text/css; charset=utf-8"
    )
    response["Cache-Control"] = "public, max-age=3600"
    return response


def _rendered(schema: Mapping[str, Any]) -> str:
    context = {
        "title": schema["info"]["title"],
        "about": schema["info"]["description"].split("\n"),
        "groups": _groups(schema),
        "steps": [
            _object(name, schema) for name in schema["components"]["schemas"] if name.startswith("Step_")
        ],
        "shapes": [
            _object(name, schema)
            for name in sorted(schema["components"]["schemas"])
            if not name.startswith("Step_")
        ],
    }
    return _ENGINE.get_template("api/docs.html").render(Context(context))


def _groups(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            tag = operation.get("tags", ["其他"])[0]
            groups.setdefault(tag, []).append(_operation(path, method, operation, schema))
    return [{"name": name, "operations": operations} for name, operations in groups.items()]


def _operation(
    path: str, method: str, operation: dict[str, Any], schema: Mapping[str, Any]
) -> dict[str, Any]:
    answers = []
    for status, answer in operation["responses"].items():
        content: Mapping[str, Any] = next(iter(answer.get("content", {}).values()), {})
        answers.append(
            {
                "status": status,
                "said": _ANSWERS.get(str(status)) or answer.get("description", ""),
                **_type(content.get("schema", {})),
            }
        )
    body = operation.get("requestBody", {}).get("content", {})
    kind = next(iter(body), "")
    shape = body[kind].get("schema", {}) if kind else {}
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation["summary"],
        "description": operation.get("description", ""),
        "parameters": [
            {**p, **_type(p["schema"]), "place": _PLACES[p["in"]]} for p in operation["parameters"]
        ],
        "body_kind": kind,
        "body": None if "anyOf" in shape else _type(shape),
        "is_step": "anyOf" in shape,
        "answers": answers,
    }


_PLACES = {"path": "路径", "query": "查询", "header": "请求头"}
_ANSWERS = {"200": "成功", "201": "已建立"}


def _object(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    shape = schema["components"]["schemas"][name]
    required = shape.get("required", [])
    rows = [
        {
            "name": key,
            "required": key in required,
            "description": row.get("description", ""),
            "example": _example(row),
            **_type(row),
        }
        for key, row in shape.get("properties", {}).items()
    ]
    return {"name": name, "title": shape.get("title", name), "rows": rows}


def _example(row: dict[str, Any]) -> str:
    examples = row.get("examples") or ([row["example"]] if "example" in row else [])
    return str(examples[0]) if examples else ""


def _type(row: dict[str, Any]) -> dict[str, str]:
    """Give the type of a value in words, and the name of the shape it links to, if any."""
    if "$ref" in row:
        return {"type": "", "link": row["$ref"].rsplit("/", 1)[-1]}
    if "allOf" in row:
        return _type(row["allOf"][0])
    if "anyOf" in row:
        known = [r for r in row["anyOf"] if r.get("type") != "null"]
        inner = _type(known[0]) if known else {"type": "", "link": ""}
        return {**inner, "type": f"{inner['type']} 或空".strip()} if len(known) < len(row["anyOf"]) else inner
    if row.get("type") == "array":
        inner = _type(row.get("items", {}))
        return {**inner, "type": f"列表 {inner['type']}".strip()}
    words = {"string": "文字", "integer": "整数", "boolean": "是否", "object": "对象", "number": "数"}
    word = words.get(str(row.get("type")), "")
    word = {"date": "日期", "date-time": "时间", "binary": "文件"}.get(str(row.get("format")), word)
    if "enum" in row:
        word += "：" + "、".join(str(v) or "（空）" for v in row["enum"])
    return {"type": word, "link": ""}
