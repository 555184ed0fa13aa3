"""The API's documentation as a page that reads without a script: rendered here from the description.

The description is written in Chinese beside each operation. Its texts are in the English catalogue as those of pages
are (`texts`), and the page shows them in the reader's language.
"""

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.template import Context, Engine
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

HERE = Path(__file__).resolve().parent
_ENGINE = Engine(
    dirs=[str(HERE / "templates")], autoescape=True, libraries={"i18n": "django.templatetags.i18n"}
)
_STEP = "Step_"  # shapes that are made of words which are in the reader's language already
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


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


def texts(schema: Mapping[str, Any]) -> Iterator[str]:
    """Give every Chinese text of a description that the page shows: what must be in the catalogue."""
    yield from filter(_CHINESE.search, _all_texts(schema))


def _all_texts(schema: Mapping[str, Any]) -> Iterator[str]:
    yield from (schema["info"]["title"], *schema["info"]["description"].split("\n"))
    for operations in schema["paths"].values():
        for operation in operations.values():
            yield from (*operation["tags"], operation["summary"], operation.get("description", ""))
            yield from (p.get("description", "") for p in operation["parameters"])
            yield from (a.get("description", "") for a in operation["responses"].values())
    for name, shape in schema["components"]["schemas"].items():
        if not name.startswith(_STEP):
            yield from (row.get("description", "") for row in shape.get("properties", {}).values())


def _said(text: str) -> str:
    return _(text) if text else ""


def _rendered(schema: Mapping[str, Any]) -> str:
    shapes = schema["components"]["schemas"]
    context = {
        "language": translation.get_language(),
        "title": _said(schema["info"]["title"]),
        "about": [_said(line) for line in schema["info"]["description"].split("\n")],
        "groups": _groups(schema),
        "steps": [_object(name, schema) for name in shapes if name.startswith(_STEP)],
        "shapes": [_object(name, schema) for name in sorted(shapes) if not name.startswith(_STEP)],
    }
    return _ENGINE.get_template("api/docs.html").render(Context(context))


def _groups(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            groups.setdefault(operation["tags"][0], []).append(_operation(path, method, operation, schema))
    return [{"name": _said(name), "operations": operations} for name, operations in groups.items()]


def _operation(
    path: str, method: str, operation: dict[str, Any], schema: Mapping[str, Any]
) -> dict[str, Any]:
    answers = []
    for status, answer in operation["responses"].items():
        content: Mapping[str, Any] = next(iter(answer.get("content", {}).values()), {})
        answers.append(
            {
                "status": status,
                "said": _ANSWERS.get(str(status)) or _said(answer.get("description", "")),
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
        "summary": _said(operation["summary"]),
        "description": _said(operation.get("description", "")),
        "parameters": [_parameter(p) for p in operation["parameters"]],
        "body_kind": kind,
        "body": None if "anyOf" in shape else _type(shape),
        "is_step": "anyOf" in shape,
        "answers": answers,
    }


def _parameter(row: Mapping[str, Any]) -> dict[str, Any]:
    about = {"description": _said(row.get("description", "")), "place": _PLACES[row["in"]]}
    return {**row, **_type(row["schema"]), **about}


_PLACES = {
    "path": gettext_lazy("路径"),
    "query": gettext_lazy("查询参数"),
    "header": gettext_lazy("请求头"),
}
_ANSWERS = {"200": gettext_lazy("成功"), "201": gettext_lazy("已建立")}
_WORDS: dict[str, str | Promise] = {
    "string": gettext_lazy("文字"),
    "integer": gettext_lazy("整数"),
    "boolean": gettext_lazy("是否"),
    "object": gettext_lazy("对象"),
    "number": gettext_lazy("数"),
    "date": gettext_lazy("日期"),
    "date-time": gettext_lazy("时刻"),
    "binary": gettext_lazy("文件"),
}


def _object(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    shape = schema["components"]["schemas"][name]
    required = shape.get("required", [])
    rows = [
        {
            "name": key,
            "required": key in required,
            "description": _said(row.get("description", "")),
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
        if len(known) == len(row["anyOf"]):
            return inner
        return {**inner, "type": _("{kind} 或空").format(kind=inner["type"]).strip()}
    if row.get("type") == "array":
        inner = _type(row.get("items", {}))
        return {**inner, "type": _("列表 {kind}").format(kind=inner["type"]).strip()}
    word = str(_WORDS.get(str(row.get("format"))) or _WORDS.get(str(row.get("type")), ""))
    if "enum" in row:
        word += _("：") + _("、").join(str(v) or _("（空）") for v in row["enum"])
    return {"type": word, "link": ""}
